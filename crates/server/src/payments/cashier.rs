//! The cashier: what HTTP, the jobs and the command line ask where money is concerned, with the provider on one side and the
//! engine on the other. This file sells and shows; what providers say is worked off in `inbox`, purchases without a person in
//! `recharge`, changes of subscriptions in `orders`.

use super::{
    Bought, Invoices, PortalStep, ProviderError, Purchase, inbox, orders, price::Price, provider::Provider,
    recharge, sandbox,
};
use crate::{clock, config::Pack, engine::Engine, jobs::due, memos::Memos};
use ledger::{
    Duration, Timestamp,
    id::{OrganizationId, PlanKey},
    subscription::{Cadence, SubscriptionStatus},
};
use std::sync::Arc;
use store::{
    Fault, Tables,
    memo::{Change, Memo, Owned},
};

/// What the cashier is told by the configuration.
#[derive(Clone, Debug)]
pub struct Till {
    /// Packs of credits on sale.
    pub packs: Vec<Pack>,
    /// What credits cost by themselves; none: neither automatic purchases nor paying a debt.
    pub price: Option<Price>,
    /// Addresses that a return URL begins with.
    pub return_urls: Vec<String>,
    /// For how long what a provider said is tried again.
    pub give_up: Duration,
}

impl Default for Till {
    fn default() -> Till {
        Till { packs: Vec::new(), price: None, return_urls: Vec::new(), give_up: Duration::days(3) }
    }
}

/// What somebody wants to buy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// A pack, by its key.
    Pack(String),
    /// A subscription.
    Plan(PlanKey, Cadence),
    /// What clears the debt (R7.7).
    Shortfall,
}

/// The cashier. Cheap to clone.
#[derive(Clone)]
pub struct Cashier {
    pub(super) provider: Provider,
    pub(super) engine: Engine,
    pub(super) memos: Memos,
    pub(super) till: Arc<Till>,
}

impl Cashier {
    /// One for this provider.
    pub fn new(provider: Provider, engine: Engine, till: Till) -> Cashier {
        let memos = Memos::new(Arc::clone(engine.store()));
        Cashier { provider, engine, memos, till: Arc::new(till) }
    }

    /// Who takes the money.
    pub fn provider(&self) -> &Provider {
        &self.provider
    }

    /// Packs on sale.
    pub fn packs(&self) -> &[Pack] {
        &self.till.packs
    }

    /// Works off what providers say and what has to be asked of them, until the server stops.
    pub async fn run(self) {
        if let Err(error) = self.take_up().await {
            tracing::warn!(%error, "what another server had begun is taken up when its claim is over");
        }
        let changes = self.engine.changes();
        let due = |kind| (changes.clone(), self.memos.clone(), kind);
        let (told, memos, kind) = due(inbox::KIND);
        let inbox = due::run(told, memos, kind, AT_ONCE, |organization, memos| {
            let cashier = self.clone();
            async move { cashier.work_inbox(organization, memos).await }
        });
        let (told, memos, kind) = due(recharge::KIND);
        let recharges = due::run(told, memos, kind, AT_ONCE, |organization, memos| {
            let cashier = self.clone();
            async move { cashier.work_recharges(organization, memos).await }
        });
        let (told, memos, kind) = due(orders::KIND);
        let orders = due::run(told, memos, kind, AT_ONCE, |organization, memos| {
            let cashier = self.clone();
            async move { cashier.work_orders(organization, memos).await }
        });
        let (told, memos, kind) = due(sandbox::RENEWAL.0);
        let renewals = due::run(told, memos, kind, AT_ONCE, |organization, _| {
            let cashier = self.clone();
            async move { cashier.work_renewals(&organization).await }
        });
        tokio::join!(inbox, recharges, orders, renewals);
    }

    /// A server that has its store to itself need not wait until the claims of the one before are over.
    async fn take_up(&self) -> Result<(), Fault> {
        if self.engine.store().tables() != Tables::Late {
            return Ok(());
        }
        let now = clock::now();
        for kind in [inbox::KIND, recharge::KIND, orders::KIND] {
            for Owned { organization, memo } in
                self.memos.due(kind, now.after(CLAIM_MAX), TAKEN_UP_MAX).await?
            {
                if memo.due.is_some_and(|due| due > now) {
                    let due = Change::Write(Memo { due: Some(now), ..memo });
                    self.memos.keep(&organization, vec![due]).await?;
                }
            }
        }
        Ok(())
    }

    /// Lets happen what the sandbox would do by itself by now. A clock of the organization's own may be behind everyone's.
    async fn work_renewals(&self, organization: &OrganizationId) {
        let advanced = async { self.advance(organization, self.now(organization).await?).await };
        if let Err(error) = advanced.await {
            tracing::warn!(%organization, %error, "a renewal in the sandbox waits");
        }
    }

    /// Lets happen what is due at the sandbox by this instant, and has the ledger told; whether anything was due.
    pub async fn advance(
        &self,
        organization: &OrganizationId,
        now: Timestamp,
    ) -> Result<bool, ProviderError> {
        let Some(sandbox) = self.provider.sandbox() else { return Ok(false) };
        if sandbox.next_due(organization).await?.is_none_or(|due| due > now) {
            return Ok(false);
        }
        sandbox.advance(organization, now).await?;
        self.settle_down(organization).await?;
        Ok(true)
    }

    /// The organization's own now.
    pub(super) async fn now(&self, organization: &OrganizationId) -> Result<Timestamp, ProviderError> {
        Ok(self.engine.view(organization.clone(), |view| view.now).await?)
    }

    /// Where a person pays for this, and comes back from.
    pub async fn checkout(
        &self,
        organization: &OrganizationId,
        wanted: &Wanted,
        return_url: &str,
    ) -> Result<String, ProviderError> {
        self.may_return_to(return_url)?;
        let purchase = self.purchase(organization, wanted).await?;
        self.sell(organization, &purchase, return_url).await
    }

    /// Where a person pays for a purchase that is priced already, so that nothing else is paid than what was read.
    pub async fn sell(
        &self,
        organization: &OrganizationId,
        purchase: &Purchase,
        return_url: &str,
    ) -> Result<String, ProviderError> {
        self.may_return_to(return_url)?;
        let now = self.now(organization).await?;
        self.provider.checkout(organization, now, purchase, return_url).await
    }

    /// Where a person sees invoices, changes payment methods, and cancels.
    pub async fn portal(
        &self,
        organization: &OrganizationId,
        step: PortalStep,
        return_url: &str,
    ) -> Result<String, ProviderError> {
        self.may_return_to(return_url)?;
        let now = self.now(organization).await?;
        self.provider.portal(organization, now, step, return_url).await
    }

    /// Invoices, newest first.
    pub async fn invoices(
        &self,
        organization: &OrganizationId,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Invoices, ProviderError> {
        self.provider.invoices(organization, after, limit).await
    }

    /// Nobody is sent to a place that the operator has not named.
    pub fn may_return_to(&self, url: &str) -> Result<(), ProviderError> {
        let begins = |allowed: &String| {
            url.strip_prefix(allowed.as_str())
                .is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '?', '#']))
        };
        if url.len() <= RETURN_URL_MAX
            && url::Url::parse(url).is_ok()
            && self.till.return_urls.iter().any(begins)
        {
            return Ok(());
        }
        Err(ProviderError::Invalid(
            "return_url",
            "it begins with none of the addresses in server.return_urls, nor with this server's own",
        ))
    }

    /// What credits cost by themselves, where they are sold so.
    pub fn price(&self) -> Option<&Price> {
        self.till.price.as_ref()
    }

    /// What this is, and what it costs now.
    pub async fn purchase(
        &self,
        organization: &OrganizationId,
        wanted: &Wanted,
    ) -> Result<Purchase, ProviderError> {
        match wanted {
            Wanted::Pack(key) => {
                let pack = self.till.packs.iter().find(|pack| pack.key == *key);
                let pack = pack.ok_or(ProviderError::Invalid("pack", "the catalogue has no such pack"))?;
                Ok(Purchase {
                    bought: Bought::Credits(pack.credits),
                    price: pack.price,
                    currency: pack.currency.clone(),
                    label: pack.label.clone(),
                })
            }
            Wanted::Plan(key, cadence) => self.subscription(organization, key, *cadence).await,
            Wanted::Shortfall => self.shortfall(organization).await,
        }
    }

    async fn subscription(
        &self,
        organization: &OrganizationId,
        key: &PlanKey,
        cadence: Cadence,
    ) -> Result<Purchase, ProviderError> {
        let running = self.engine.view(organization.clone(), |view| {
            let subscription = view.account.core().subscription.as_ref();
            subscription.is_some_and(|known| {
                !matches!(
                    known.status,
                    SubscriptionStatus::None | SubscriptionStatus::Canceled | SubscriptionStatus::Incomplete
                )
            })
        });
        if running.await? {
            return Err(ProviderError::Refused(
                "there is a subscription already: change its plan or cadence, or resume it, instead of buying another".into(),
            ));
        }
        let plan = self.engine.policy().plans.get(key);
        let plan = plan.ok_or(ProviderError::Invalid("plan", "the catalogue has no such plan"))?;
        let allowance = plan.allowance(cadence);
        let allowance = allowance.ok_or(ProviderError::Invalid("plan", "its allowance does not fit"))?;
        Ok(Purchase {
            bought: Bought::Plan { plan: key.clone(), cadence, allowance },
            price: plan.price(cadence),
            currency: plan.currency.clone(),
            label: plan.label.clone(),
        })
    }

    /// Exactly what clears the debt, rounded up to what can be charged; what that pays for beyond it is granted (R7.7).
    async fn shortfall(&self, organization: &OrganizationId) -> Result<Purchase, ProviderError> {
        let owed = self.engine.view(organization.clone(), |view| view.account.debt_total()).await?;
        if !owed.is_positive() {
            return Err(ProviderError::Refused("nothing is owed: there is no shortfall to pay".into()));
        }
        let price = self.till.price.as_ref();
        let price = price.ok_or(ProviderError::Refused(
            "this server has no price for single credits: buy a pack, or set [price] in its configuration"
                .into(),
        ))?;
        let (cost, credits) = price
            .at_least(owed)
            .ok_or(ProviderError::Refused("this debt is larger than can be charged at once".into()))?;
        Ok(Purchase {
            bought: Bought::Repayment(credits),
            price: cost,
            currency: price.currency.clone(),
            label: "Outstanding credits".into(),
        })
    }

    /// Does now what else would be done in a moment: what the provider has said, and purchases that were requested.
    pub async fn settle_down(&self, organization: &OrganizationId) -> Result<(), ProviderError> {
        for _ in 0..ROUNDS_MAX {
            let by = clock::now();
            let inbox = self.work_off(organization, by).await?;
            let recharges = self.recharge_due(organization, by).await?;
            if inbox + recharges == 0 {
                return Ok(());
            }
        }
        Ok(())
    }
}

/// Organizations that are worked for at once, of each kind of work.
const AT_ONCE: usize = 16;

/// The longest that anything is claimed.
const CLAIM_MAX: Duration = Duration::from_micros(90_000_000);

/// Claims that are taken up at a start, of each kind; the others are over soon.
const TAKEN_UP_MAX: usize = 10_000;

/// The longest return URL.
const RETURN_URL_MAX: usize = 2_000;

/// How often one thing may follow from another before the rest is left to the jobs.
const ROUNDS_MAX: usize = 100;
