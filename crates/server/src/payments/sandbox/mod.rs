//! The sandbox: a payment provider of our own, for whoever tries Coulomb, for demonstrations and for tests. It behaves
//! like any other: it keeps its own books, sells on pages of its own, charges without a person, renews subscriptions,
//! and says what happened. It never touches the ledger; what it tells goes into the inbox with its own change, in one
//! write, and no money moves anywhere.
//!
//! In reading order: `state` and `subscription` (how it behaves), `record` (what it writes down), `desk` (where it keeps
//! that), `checkout` and `portal` (what people do).

mod checkout;
mod desk;
mod portal;
mod record;
mod state;
mod subscription;

#[cfg(test)]
mod stories;

pub use checkout::{Checkout, Progress, Step};
pub use desk::RENEWAL;
pub use portal::{Act, PaymentAct, Session};
pub use record::{Dispute, Due, Invoice as WrittenInvoice, Payment, Refund};
pub use state::{Account, Brought, Card, Refused};
pub use subscription::{RETRIES, Stands, Subscribed, Terms};

use super::{
    Charged, Invoice, InvoiceStatus, Invoices, ProviderError, Recharge, SubscriptionOrder, fact::Fact,
};
use crate::memos::{self, Memos};
use desk::{Decided, Desk, RECHARGE};
use hmac::{Hmac, KeyInit, Mac};
use ledger::{Policy, Timestamp, id::OrganizationId, subscription::ChangePreview};
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use std::sync::Arc;
use store::memo::Memo;
use subtle::ConstantTimeEq;

/// Steps of one organization in one call: a clock that jumps further is moved on by the next call.
const STEPS_MAX: usize = 1_200;

/// The sandbox. Cheap to clone.
#[derive(Clone)]
pub struct Sandbox {
    desk: Desk,
    policy: Arc<Policy>,
    public_url: String,
}

/// What a page says first: what came of the last thing that was done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    /// In a sentence.
    pub text: String,
    /// It worked.
    pub good: bool,
}

impl Notice {
    fn good(text: impl Into<String>) -> Notice {
        Notice { text: text.into(), good: true }
    }

    fn bad(text: impl Into<String>) -> Notice {
        Notice { text: text.into(), good: false }
    }
}

impl Sandbox {
    /// One that keeps its books in these memos, and whose pages are under this address (no slash at its end).
    pub fn new(memos: Memos, policy: Arc<Policy>, public_url: String) -> Sandbox {
        Sandbox { desk: Desk { memos }, policy, public_url }
    }

    /// Charges the card on file for an automatic purchase, once for each id: asked again it gives the same answer.
    pub async fn charge(
        &self,
        organization: &OrganizationId,
        now: Timestamp,
        recharge: &Recharge,
    ) -> Result<Charged, ProviderError> {
        let beside = Some((RECHARGE, recharge.id.as_str()));
        let fact = self.desk.change(organization, beside, |account, answered| {
            if let Some(answered) = answered {
                return Ok((memos::read::<Fact>(answered)?, Decided::default()));
            }
            let (fact, brought) = account.recharge(now, recharge);
            let answer = Memo::new(RECHARGE, recharge.id.as_str(), None, memos::body(&fact));
            Ok((fact, Decided { brought, memos: vec![answer] }))
        });
        Ok(Charged::Settled(fact.await?))
    }

    /// Changes, cancels or resumes the subscription. Asking again for what is so changes nothing.
    pub async fn order(
        &self,
        organization: &OrganizationId,
        now: Timestamp,
        order: &SubscriptionOrder,
    ) -> Result<(), ProviderError> {
        self.desk
            .change(organization, None, |account, _| {
                let brought = match order {
                    SubscriptionOrder::Change(preview) => {
                        account.change(now, preview, self.terms(preview)?)?
                    }
                    SubscriptionOrder::Withdraw => account.withdraw(now)?,
                    SubscriptionOrder::Cancel => account.cancel(now)?,
                    SubscriptionOrder::Resume => account.resume(now)?,
                };
                Ok(((), brought.into()))
            })
            .await
    }

    /// What a change agrees on for whole periods.
    fn terms(&self, preview: &ChangePreview) -> Result<Terms, ProviderError> {
        let ChangePreview { plan: key, cadence, .. } = preview;
        let unknown = || ProviderError::Refused(format!("The catalogue has no plan {key}."));
        let plan = self.policy.plans.get(key).ok_or_else(unknown)?;
        Ok(Terms {
            plan: key.clone(),
            label: plan.label.clone(),
            cadence: *cadence,
            price: plan.price(*cadence),
            currency: plan.currency.clone(),
            allowance: plan.allowance(*cadence).ok_or_else(unknown)?,
        })
    }

    /// Puts a card on file that may be charged for automatic purchases, or takes it away.
    pub async fn set_card(
        &self,
        organization: &OrganizationId,
        now: Timestamp,
        card: Card,
    ) -> Result<(), ProviderError> {
        self.acted(organization, now, &Act::Card { card, automatic: card != Card::None }).await
    }

    /// When something happens by itself next: a renewal, another try of one that failed, the end of a subscription.
    pub async fn next_due(&self, organization: &OrganizationId) -> Result<Option<Timestamp>, ProviderError> {
        Ok(self.desk.account(organization).await?.next_due())
    }

    /// Does what is due at or before this instant, one thing after the other, each at its own.
    pub async fn advance(&self, organization: &OrganizationId, now: Timestamp) -> Result<(), ProviderError> {
        for _ in 0..STEPS_MAX {
            let stepped = self.desk.change(organization, None, |account, _| {
                let brought = account.advance(now);
                Ok((brought.is_some(), brought.unwrap_or_default().into()))
            });
            if !stepped.await? {
                break;
            }
        }
        Ok(())
    }

    /// Everything it has to tell of an organization: payments with their refunds and disputes, oldest first, and the
    /// subscription as it stands now.
    pub async fn facts_of(&self, organization: &OrganizationId) -> Result<Vec<Fact>, ProviderError> {
        let payments = self.desk.payments(organization).await?;
        let subscription = self.desk.account(organization).await?.subscription;
        let facts = payments.iter().flat_map(Payment::facts);
        Ok(facts.chain(subscription.map(|subscribed| subscribed.fact())).collect())
    }

    /// A page of invoices, newest first.
    pub async fn invoices(
        &self,
        organization: &OrganizationId,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Invoices, ProviderError> {
        let account = self.desk.account(organization).await?;
        let written = self.desk.invoices(organization, after, limit).await?;
        let next = written.last().filter(|_| written.len() == limit).map(|invoice| invoice.id.clone());
        let invoices = written.into_iter().map(|invoice| self.shown(organization, &account, invoice));
        Ok(Invoices { invoices: invoices.collect(), next })
    }

    fn shown(&self, organization: &OrganizationId, account: &Account, invoice: WrittenInvoice) -> Invoice {
        let url = self.invoice_url(organization, account, &invoice.id);
        Invoice {
            status: match invoice.due {
                Due::Open => InvoiceStatus::Open,
                Due::Paid => InvoiceStatus::Paid,
                Due::Void => InvoiceStatus::Void,
            },
            id: invoice.id,
            number: Some(invoice.number),
            created_at: invoice.created_at,
            total: invoice.total,
            currency: invoice.currency,
            lines: vec![(invoice.line, invoice.total)],
            payment: invoice.payment.map(|(payment, _)| payment),
            url: Some(url),
            pdf: None,
        }
    }

    /// The account as it is.
    pub async fn account(&self, organization: &OrganizationId) -> Result<Account, ProviderError> {
        self.desk.account(organization).await
    }

    /// The latest payments, newest first.
    pub async fn latest_payments(
        &self,
        organization: &OrganizationId,
        limit: usize,
    ) -> Result<Vec<Payment>, ProviderError> {
        self.desk.latest_payments(organization, limit).await
    }

    /// One payment.
    pub async fn payment(
        &self,
        organization: &OrganizationId,
        id: &str,
    ) -> Result<Option<Payment>, ProviderError> {
        self.desk.one(organization, desk::PAYMENT, id).await
    }

    /// An invoice, for whoever has its whole address; none: there is none, or the address is another.
    pub async fn invoice_of(
        &self,
        organization: &OrganizationId,
        token: &str,
        id: &str,
    ) -> Result<Option<WrittenInvoice>, ProviderError> {
        let account = self.desk.account(organization).await?;
        let right = invoice_token(&account, id);
        if !bool::from(right.as_bytes().ct_eq(token.as_bytes())) {
            return Ok(None);
        }
        self.desk.one(organization, desk::INVOICE, id).await
    }

    /// Where an invoice is seen.
    pub fn invoice_url(&self, organization: &OrganizationId, account: &Account, id: &str) -> String {
        let token = invoice_token(account, id);
        format!("{}/sandbox/invoices/{organization}/{token}/{id}", self.public_url)
    }
}

/// What nobody guesses in an invoice's address: it follows from the account's secret, so it is always the same.
fn invoice_token(account: &Account, id: &str) -> String {
    let mac = Hmac::<Sha256>::new_from_slice(account.secret.as_bytes());
    let mut mac = mac.expect("a key of any length will do");
    mac.update(id.as_bytes());
    mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect()
}
