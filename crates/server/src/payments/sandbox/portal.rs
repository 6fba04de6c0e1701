//! The billing portal's sessions, and everything a person can do there: the card, the subscription, the open invoice, and
//! for trying things out refunds, disputes and a renewal that fails.

use super::{
    super::{PortalStep, ProviderError},
    Notice, Sandbox,
    desk::{Decided, PAYMENT, PORTAL, token},
    record::Payment,
    state::{Account, Brought, Card, Refused},
};
use crate::{clock, memos};
use ledger::{Timestamp, id::OrganizationId, payment::DisputeOutcome, time::Duration};
use serde::{Deserialize, Serialize};
use store::memo::{Change, Memo};

/// How long an address of the portal works.
const LIFETIME: Duration = Duration::hours(1);

/// Sessions that are over and forgotten when another begins.
const FORGOTTEN_MAX: usize = 20;

/// A session of the portal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    /// Where the person comes from and goes back to.
    pub return_url: String,
    /// Until when the address works, by the server's clock.
    pub expires_at: Timestamp,
    /// What came of the last thing that was done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notice: Option<Notice>,
}

/// What somebody does in the portal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Act {
    /// Puts a card on file, or takes it away.
    Card {
        /// How it behaves.
        card: Card,
        /// Whether it may be charged for automatic purchases.
        automatic: bool,
    },
    /// Cancels the subscription with its period.
    Cancel,
    /// Resumes it.
    Resume,
    /// Pays the open invoice.
    PayInvoice,
    /// Lets the next renewal fail, or not.
    RenewalFails(bool),
    /// Does something about a payment.
    Payment {
        /// Its id.
        payment: String,
        /// What.
        act: PaymentAct,
    },
}

/// What somebody does about a payment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PaymentAct {
    /// Gives money back: so many minor units, or all that is left.
    Refund(Option<i64>),
    /// A refund does not arrive.
    FailRefund(String),
    /// Its holder disputes it.
    Dispute,
    /// A dispute ends.
    CloseDispute(String, DisputeOutcome),
}

impl Act {
    fn done(&self) -> &'static str {
        match self {
            Act::Card { card: Card::None, .. } => "The card was removed.",
            Act::Card { .. } => "The card was saved.",
            Act::Cancel => "The subscription is cancelled.",
            Act::Resume => "The subscription goes on.",
            Act::PayInvoice => "The invoice is paid.",
            Act::RenewalFails(true) => "The next renewal will fail.",
            Act::RenewalFails(false) => "The next renewal is tried as usual.",
            Act::Payment { act: PaymentAct::Refund(_), .. } => "The money was refunded.",
            Act::Payment { act: PaymentAct::FailRefund(_), .. } => "The refund has failed.",
            Act::Payment { act: PaymentAct::Dispute, .. } => "The dispute is open.",
            Act::Payment { act: PaymentAct::CloseDispute(_, DisputeOutcome::Won), .. } => {
                "The dispute was won."
            }
            Act::Payment { act: PaymentAct::CloseDispute(_, DisputeOutcome::Lost), .. } => {
                "The dispute was lost."
            }
        }
    }

    fn take(
        &self,
        account: &mut Account,
        payment: Option<Payment>,
        now: Timestamp,
    ) -> Result<Brought, Refused> {
        match self {
            Act::Card { card, automatic } => Ok(account.set_card(now, *card, *automatic)),
            Act::Cancel => account.cancel(now),
            Act::Resume => account.resume(now),
            Act::PayInvoice => account.pay_open_invoice(now),
            Act::RenewalFails(fails) => {
                account.renewal_fails = *fails;
                Ok(Brought::default())
            }
            Act::Payment { act, .. } => {
                let mut payment = payment.ok_or_else(|| Refused::new("There is no such payment."))?;
                act.take(account, &mut payment, now)
            }
        }
    }
}

impl PaymentAct {
    fn take(&self, account: &mut Account, payment: &mut Payment, now: Timestamp) -> Result<Brought, Refused> {
        let fact = match self {
            PaymentAct::Refund(amount) => {
                return account.refund(now, payment, amount.unwrap_or_else(|| payment.left()));
            }
            PaymentAct::Dispute => return account.dispute(now, payment),
            PaymentAct::FailRefund(refund) => payment.fail_refund(refund)?,
            PaymentAct::CloseDispute(dispute, outcome) => payment.close_dispute(dispute, *outcome)?,
        };
        let Some(fact) = fact else { return Ok(Brought::default()) };
        Ok(Brought { facts: vec![fact], payments: vec![payment.clone()], ..Brought::default() })
    }
}

/// Which part of the page a step lands on.
fn fragment(step: PortalStep) -> &'static str {
    match step {
        PortalStep::Home => "",
        PortalStep::PaymentMethod => "#payment-method",
        PortalStep::Cancel | PortalStep::Update => "#subscription",
    }
}

impl Sandbox {
    /// Opens the portal: the address of its page, at the part that is wanted.
    pub async fn portal(
        &self,
        organization: &OrganizationId,
        _now: Timestamp,
        step: PortalStep,
        return_url: &str,
    ) -> Result<String, ProviderError> {
        let wall = clock::now();
        for memo in self.desk.memos.list(organization, PORTAL, None, FORGOTTEN_MAX).await? {
            if memos::read::<Session>(&memo)?.expires_at < wall {
                self.desk.memos.keep(organization, vec![Change::Forget(memo)]).await?;
            }
        }
        let session =
            Session { return_url: return_url.to_owned(), expires_at: wall.after(LIFETIME), notice: None };
        let token = token()?;
        let memo = Memo::new(PORTAL, &*token, None, memos::body(&session));
        self.desk.memos.keep(organization, vec![Change::Write(memo)]).await?;
        Ok(format!("{}/sandbox/portal/{organization}/{token}{}", self.public_url, fragment(step)))
    }

    /// A session by its token; none: there is none, or it is over.
    pub async fn session(
        &self,
        organization: &OrganizationId,
        token: &str,
    ) -> Result<Option<Session>, ProviderError> {
        let session: Option<Session> = self.desk.one(organization, PORTAL, token).await?;
        Ok(session.filter(|session| clock::now() < session.expires_at))
    }

    /// Does something in the name of whoever has the session, and says in the session what came of it; false: there is no
    /// such session, or it is over.
    pub async fn act(
        &self,
        organization: &OrganizationId,
        now: Timestamp,
        token: &str,
        act: &Act,
    ) -> Result<bool, ProviderError> {
        if self.session(organization, token).await?.is_none() {
            return Ok(false);
        }
        let notice = match self.acted(organization, now, act).await {
            Ok(()) => Notice::good(act.done()),
            Err(ProviderError::Refused(reason)) => Notice::bad(reason),
            Err(error) => return Err(error),
        };
        // Where another tab was faster its word stands: it is only words.
        if let Some(memo) = self.desk.memos.one(organization, PORTAL, token).await? {
            let session = Session { notice: Some(notice), ..memos::read(&memo)? };
            let memo = Memo { body: memos::body(&session), ..memo };
            self.desk.memos.keep(organization, vec![Change::Write(memo)]).await?;
        }
        Ok(true)
    }

    /// Does something that a person could do in the portal.
    pub async fn acted(
        &self,
        organization: &OrganizationId,
        now: Timestamp,
        act: &Act,
    ) -> Result<(), ProviderError> {
        let beside = match act {
            Act::Payment { payment, .. } => Some((PAYMENT, payment.as_str())),
            _ => None,
        };
        self.desk
            .change(organization, beside, |account, memo| {
                let payment: Option<Payment> = memo.map(memos::read).transpose()?;
                Ok(((), Decided::from(act.take(account, payment, now)?)))
            })
            .await
    }
}
