//! Changes of subscriptions: planned in the ledger first, which leaves a memo in the same commit, and then made with the
//! provider until it has either done or refused it. What came of it is a fact like any other.

use super::{ProviderError, SubscriptionOrder, cashier::Cashier};
use crate::{clock, engine::Happened, jobs::patience::retry_at, memos};
use ledger::{
    Duration,
    command::{Command, Request},
    event::{Actor, Event},
    id::OrganizationId,
};
use serde::{Deserialize, Serialize};
use store::memo::{Change, Memo};

/// The kind of its memos. An organization has at most one: the last change counts.
pub const KIND: &str = "order";

/// Its id.
const ID: &str = "subscription";

/// How long it is one server's.
const CLAIM: Duration = Duration::from_micros(90_000_000);

/// The longest wait before it is tried again.
const WAIT_MAX: Duration = Duration::from_micros(300_000_000);

/// What the provider is to make true: what the ledger has planned, or that nothing is planned any more.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Ordered {
    #[serde(default)]
    failures: u32,
}

/// What has to be done because of a decision: the change that it planned or withdrew.
pub fn outbox(happened: &Happened<'_>) -> Option<Memo> {
    let changes = |event: &Event| matches!(event, Event::ChangePlanned { .. } | Event::ChangeWithdrawn {});
    let any = happened.events.iter().any(|recorded| changes(&recorded.event));
    any.then(|| Memo::new(KIND, ID, Some(clock::now()), memos::body(&Ordered::default())))
}

/// What became of a change that was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Carried {
    /// The provider has it.
    Out,
    /// The provider refuses it, for this reason; it is withdrawn.
    Refused(String),
    /// The provider does not answer: it is tried again.
    Waiting,
}

impl Cashier {
    /// Makes the provider's subscription what the ledger has planned.
    pub async fn work_orders(&self, organization: OrganizationId, _: Vec<Memo>) {
        if let Err(error) = self.carry_out_change(&organization).await {
            tracing::warn!(%organization, %error, "a change of subscription waits");
        }
    }

    /// As above, and says what became of it.
    pub async fn carry_out_change(&self, organization: &OrganizationId) -> Result<Carried, ProviderError> {
        if !self.provider.sells() {
            // The host does it with its own provider, and reports what came of it.
            return Ok(Carried::Out);
        }
        let Some(memo) = self.memos.one(organization, KIND, ID).await? else { return Ok(Carried::Out) };
        let mut ordered: Ordered = memos::read(&memo)?;
        let until = clock::now().after(CLAIM);
        let Some(claimed) = self.memos.claim(organization, &memo, until).await? else {
            return Ok(Carried::Waiting);
        };
        let (preview, now) = {
            let look = self.engine.view(organization.clone(), |view| {
                (view.account.planned_preview(view.policy, view.now), view.now)
            });
            look.await?
        };
        let planned = preview.is_some();
        let order = preview.map_or(SubscriptionOrder::Withdraw, SubscriptionOrder::Change);
        let carried = match self.provider.order(organization, now, &order).await {
            Ok(()) => Carried::Out,
            Err(ProviderError::Refused(reason)) => Carried::Refused(reason),
            Err(error) => {
                tracing::warn!(%organization, %error, "a change of subscription waits");
                let due = Some(retry_at(clock::now(), ordered.failures, WAIT_MAX));
                ordered.failures = ordered.failures.saturating_add(1);
                let body = memos::body(&ordered);
                self.memos.keep(organization, vec![Change::Write(Memo { due, body, ..claimed })]).await?;
                return Ok(Carried::Waiting);
            }
        };
        // Where somebody has asked for another change meanwhile, its memo is a later version and stays.
        self.memos.keep(organization, vec![Change::Forget(claimed)]).await?;
        if planned && matches!(carried, Carried::Refused(_)) {
            let by = Actor { key: self.provider.name().parse().ok(), member: None };
            let withdraw = Request::new(Command::WithdrawChange, by, None);
            self.engine.execute(organization.clone(), withdraw).await?;
        }
        self.sync(organization).await?;
        Ok(carried)
    }

    /// Ends the subscription with its period, or lets it go on after all.
    pub async fn order(
        &self,
        organization: &OrganizationId,
        order: &SubscriptionOrder,
    ) -> Result<(), ProviderError> {
        let now = self.now(organization).await?;
        self.provider.order(organization, now, order).await?;
        self.sync(organization).await
    }

    /// Tells the ledger how the subscription stands, without waiting to be told. The order is done, so a provider that does
    /// not answer now is no failure: it tells later.
    async fn sync(&self, organization: &OrganizationId) -> Result<(), ProviderError> {
        if let Ok(Some(fact)) = self.provider.standing(organization).await {
            self.tell_now(organization, &fact, ID).await?;
        }
        self.settle_down(organization).await
    }
}
