//! Checkouts: something to buy at a price, for whoever has the address, until it is paid or a day is over. However often
//! and from however many tabs it is paid, it is paid once.

use super::{
    super::{Bought, ProviderError, Purchase},
    Notice, Sandbox,
    desk::{CHECKOUT, Decided, token},
    state::{Brought, Card},
};
use crate::{clock, memos};
use ledger::{Timestamp, id::OrganizationId, time::Duration};
use serde::{Deserialize, Serialize};
use store::memo::{Change, Memo};

/// How long a checkout can be paid.
const LIFETIME: Duration = Duration::hours(24);

/// Checkouts that are over and forgotten when another begins.
const FORGOTTEN_MAX: usize = 20;

/// A checkout.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checkout {
    /// What is bought.
    pub purchase: Purchase,
    /// Where the person comes from and goes back to.
    pub return_url: String,
    /// Until when it can be paid, by the server's clock.
    pub expires_at: Timestamp,
    /// How far it is.
    pub progress: Progress,
    /// What came of the last try.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notice: Option<Notice>,
}

/// How far a checkout is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "progress", rename_all = "snake_case")]
pub enum Progress {
    /// To be paid.
    Open,
    /// The card's holder has to confirm.
    Confirming {
        /// Whether the card is kept for automatic purchases.
        automatic: bool,
    },
    /// Paid.
    Paid,
}

/// What somebody does about a checkout.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Pays with such a card.
    Pay {
        /// How the card behaves.
        card: Card,
        /// Whether it is kept for automatic purchases.
        automatic: bool,
    },
    /// Confirms the payment to the bank.
    Confirm,
    /// Does not confirm it.
    Fail,
}

impl Sandbox {
    /// Begins a checkout: the address of its page.
    pub async fn checkout(
        &self,
        organization: &OrganizationId,
        _now: Timestamp,
        purchase: &Purchase,
        return_url: &str,
    ) -> Result<String, ProviderError> {
        if matches!(purchase.bought, Bought::Plan { .. }) {
            self.desk.account(organization).await?.may_subscribe()?;
        }
        let wall = clock::now();
        self.forget_checkouts(organization, wall).await?;
        let checkout = Checkout {
            purchase: purchase.clone(),
            return_url: return_url.to_owned(),
            expires_at: wall.after(LIFETIME),
            progress: Progress::Open,
            notice: None,
        };
        let token = token()?;
        let memo = Memo::new(CHECKOUT, &*token, None, memos::body(&checkout));
        self.desk.memos.keep(organization, vec![Change::Write(memo)]).await?;
        Ok(format!("{}/sandbox/checkout/{organization}/{token}", self.public_url))
    }

    /// Forgets some that are over. Nobody needs them, so whoever is faster may have it.
    async fn forget_checkouts(
        &self,
        organization: &OrganizationId,
        wall: Timestamp,
    ) -> Result<(), ProviderError> {
        for memo in self.desk.memos.list(organization, CHECKOUT, None, FORGOTTEN_MAX).await? {
            if memos::read::<Checkout>(&memo)?.expires_at < wall {
                self.desk.memos.keep(organization, vec![Change::Forget(memo)]).await?;
            }
        }
        Ok(())
    }

    /// A checkout by its token; none: there is none, or it is over.
    pub async fn checkout_of(
        &self,
        organization: &OrganizationId,
        token: &str,
    ) -> Result<Option<Checkout>, ProviderError> {
        let checkout: Option<Checkout> = self.desk.one(organization, CHECKOUT, token).await?;
        Ok(checkout.filter(|checkout| clock::now() < checkout.expires_at))
    }

    /// Takes a step of a checkout, and says how it is now; none: there is none, or it is over.
    pub async fn step(
        &self,
        organization: &OrganizationId,
        now: Timestamp,
        token: &str,
        step: Step,
    ) -> Result<Option<Checkout>, ProviderError> {
        let wall = clock::now();
        let beside = Some((CHECKOUT, token));
        self.desk
            .change(organization, beside, |account, memo| {
                let Some(memo) = memo else { return Ok((None, Decided::default())) };
                let mut checkout: Checkout = memos::read(memo)?;
                if checkout.expires_at <= wall {
                    return Ok((None, Decided::default()));
                }
                let before = checkout.clone();
                let brought = checkout
                    .take(step, |purchase, card, automatic| account.buy(now, purchase, card, automatic));
                let written =
                    (checkout != before).then(|| Memo { body: memos::body(&checkout), ..memo.clone() });
                let decided = Decided { brought, memos: written.into_iter().collect() };
                Ok((Some(checkout), decided))
            })
            .await
    }
}

impl Checkout {
    /// What a step makes of it; `buy` takes the money.
    fn take(
        &mut self,
        step: Step,
        buy: impl FnOnce(&Purchase, Card, bool) -> Result<Brought, super::state::Refused>,
    ) -> Brought {
        let (card, automatic) = match (self.progress, step) {
            // Paid once, however often.
            (Progress::Paid, _) => return Brought::default(),
            (Progress::Open, Step::Confirm | Step::Fail) => return Brought::default(),
            (Progress::Confirming { automatic }, Step::Confirm) => (Card::RequiresAction, automatic),
            (Progress::Confirming { .. }, Step::Fail) => {
                self.progress = Progress::Open;
                self.notice = Some(Notice::bad("The payment was not confirmed. Nothing was charged."));
                return Brought::default();
            }
            (_, Step::Pay { card: Card::RequiresAction, automatic }) => {
                self.progress = Progress::Confirming { automatic };
                self.notice = None;
                return Brought::default();
            }
            (_, Step::Pay { card, automatic }) => match card.charge() {
                Ok(()) => (card, automatic),
                Err(refused) => {
                    self.progress = Progress::Open;
                    self.notice = Some(Notice::bad(format!("{refused} Nothing was charged.")));
                    return Brought::default();
                }
            },
        };
        match buy(&self.purchase, card, automatic) {
            Ok(brought) => {
                (self.progress, self.notice) = (Progress::Paid, None);
                brought
            }
            Err(refused) => {
                self.progress = Progress::Open;
                self.notice = Some(Notice::bad(format!("{refused} Nothing was charged.")));
                Brought::default()
            }
        }
    }
}
