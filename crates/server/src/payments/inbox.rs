//! The inbox: what providers say, kept before it is answered and worked off afterwards, in order for each organization. A
//! message that comes twice is there once; one that cannot be worked off now is tried again, and those after it go on:
//! the ledger takes facts in any order (R8.6).

use super::{
    ProviderError,
    cashier::Cashier,
    fact::{Fact, Told},
    provider::NotTaken,
};
use crate::{clock, engine::EngineError, error::ApiError, jobs::patience::retry_at, memos};
use axum::http::StatusCode;
use ledger::{Duration, Timestamp, id::OrganizationId, refusal::Refusal};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use store::{
    Fault,
    memo::{Change, Memo},
};

/// The kind of its memos.
pub const KIND: &str = "inbox";

/// The kind of those that were given up: somebody has to look.
pub const GIVEN_UP: &str = "inbox_given_up";

/// Whose messages are that do not say about whom they are. No account is touched under this name.
pub const NOBODYS: &str = "coulomb:inbox";

/// How long a message is one server's to work off.
const CLAIM: Duration = Duration::from_micros(60_000_000);

/// The longest wait before a message is tried again.
const WAIT_MAX: Duration = Duration::hours(1);

/// How long a message is known after it was worked off, so that it is recognised when it comes again.
const KEPT: Duration = Duration::days(30);

/// How long one that was given up is kept.
const KEPT_GIVEN_UP: Duration = Duration::days(365);

/// How long to leave a message to whoever is working it off.
const LOOK_AGAIN: std::time::Duration = std::time::Duration::from_millis(10);

/// Messages of one organization that are worked off in one go.
const AT_ONCE: usize = 200;

/// What a provider said.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "message", rename_all = "snake_case")]
pub enum Message {
    /// Facts, in the words of the rules.
    Facts {
        /// In order.
        facts: Vec<Fact>,
    },
    /// An event as the provider sent it, to be translated.
    Event {
        /// The whole of it.
        event: Value,
    },
}

/// What waits in the inbox, or has been worked off.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Waiting {
    /// What was said.
    #[serde(flatten)]
    pub message: Message,
    /// When it came.
    pub received_at: Timestamp,
    /// How often it was tried in vain.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub failures: u32,
    /// Why it did not work, the last time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// Since when it is worked off, or given up where there is an error.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub done_at: Option<Timestamp>,
}

fn is_zero(count: &u32) -> bool {
    *count == 0
}

/// A message to keep, due at once. Messages of one organization are worked off in the order of their ids.
pub fn memo(id: impl Into<String>, now: Timestamp, message: Message) -> Memo {
    let waiting = Waiting { message, received_at: now, failures: 0, error: None, done_at: None };
    Memo::new(KIND, id, Some(now), memos::body(&waiting))
}

/// Whether somebody else is working it off for the first time.
fn is_taken(memo: &Memo) -> bool {
    memos::read::<Waiting>(memo).is_ok_and(|waiting| waiting.done_at.is_none() && waiting.failures == 0)
}

/// What became of a message.
#[derive(Debug)]
enum Outcome {
    /// It is in the ledger.
    Done,
    /// Not now.
    Later(String),
    /// Never: somebody has to look.
    Never(String),
}

impl Cashier {
    /// Keeps a message. Whether it is new; one that came before is not worked off again.
    pub async fn keep(&self, organization: &OrganizationId, memo: Memo) -> Result<bool, Fault> {
        let new = self.memos.keep(organization, vec![Change::Write(memo)]).await?;
        self.engine.changes().tell_memos();
        Ok(new)
    }

    /// Takes an event that a provider sends: it is kept when this returns. One that came before is taken as well.
    pub async fn receive(
        &self,
        now: Timestamp,
        signature: Option<&str>,
        body: &[u8],
    ) -> Result<(), ApiError> {
        let (organization, memo) = self.provider.receive(now, signature, body).map_err(|no| match no {
            NotTaken::Nowhere => {
                let detail = "This server takes no events of this provider: provider.kind is another.";
                ApiError::new(StatusCode::NOT_FOUND, "not_found", detail)
            }
            NotTaken::NotGenuine(why) => {
                metrics::counter!("coulomb_webhooks_refused_total").increment(1);
                ApiError::new(StatusCode::BAD_REQUEST, "not_genuine", why)
            }
        })?;
        self.keep(&organization, memo).await?;
        Ok(())
    }

    /// Works off these messages of one organization, in the order of their ids.
    pub async fn work_inbox(&self, organization: OrganizationId, mut due: Vec<Memo>) {
        due.sort_by(|one, other| one.id.cmp(&other.id));
        for memo in due {
            if let Err(fault) = self.work(&organization, memo).await {
                // It is claimed for a while, and tried again after that.
                tracing::warn!(%organization, error = %fault, "a message of the provider waits");
            }
        }
    }

    /// Works off what is due for one organization by this instant; how many messages, those included that somebody else
    /// is working off right now: whoever wants to see everything done asks until there are none.
    pub async fn work_off(
        &self,
        organization: &OrganizationId,
        by: Timestamp,
    ) -> Result<usize, ProviderError> {
        // The latest: those that were worked off are known for a while, and there may be many of them.
        let listed = self.memos.list_backwards(organization, KIND, None, AT_ONCE).await?;
        let (due, others): (Vec<Memo>, Vec<Memo>) =
            listed.into_iter().partition(|memo| memo.due.is_some_and(|at| at <= by));
        if due.is_empty() {
            let taken = others.iter().filter(|memo| is_taken(memo)).count();
            if taken > 0 {
                tokio::time::sleep(LOOK_AGAIN).await;
            }
            return Ok(taken);
        }
        let found = due.len();
        self.work_inbox(organization.clone(), due).await;
        Ok(found)
    }

    async fn work(&self, organization: &OrganizationId, memo: Memo) -> Result<(), Fault> {
        let mut waiting: Waiting = memos::read(&memo)?;
        let now = clock::now();
        if waiting.done_at.is_some() {
            self.memos.keep(organization, vec![Change::Forget(memo)]).await?;
            return Ok(());
        }
        let Some(claimed) = self.memos.claim(organization, &memo, now.after(CLAIM)).await? else {
            return Ok(());
        };
        let outcome = self.take_in(organization, &claimed.id, &waiting.message).await;
        let changes = match outcome {
            Outcome::Done => {
                (waiting.done_at, waiting.error) = (Some(now), None);
                let body = memos::body(&waiting);
                vec![Change::Write(Memo { due: Some(now.after(KEPT)), body, ..claimed })]
            }
            Outcome::Later(why) if now.since(waiting.received_at) < self.till.give_up => {
                tracing::info!(%organization, message = claimed.id, why, "a message of the provider waits");
                let due = Some(retry_at(now, waiting.failures, WAIT_MAX));
                waiting.failures = waiting.failures.saturating_add(1);
                waiting.error = Some(why);
                vec![Change::Write(Memo { due, body: memos::body(&waiting), ..claimed })]
            }
            Outcome::Later(why) | Outcome::Never(why) => {
                tracing::error!(%organization, message = claimed.id, why, "a message of the provider was given up");
                metrics::counter!("coulomb_inbox_given_up_total").increment(1);
                (waiting.done_at, waiting.error) = (Some(now), Some(why));
                let body = memos::body(&waiting);
                let given_up = Memo::new(GIVEN_UP, &claimed.id, Some(now.after(KEPT_GIVEN_UP)), &body);
                // It is still recognised when it comes again.
                let known = Memo { due: Some(now.after(KEPT)), body, ..claimed };
                let before = self.memos.one(organization, GIVEN_UP, &given_up.id).await?;
                let version = before.map_or(0, |memo| memo.version);
                vec![Change::Write(known), Change::Write(Memo { version, ..given_up })]
            }
        };
        self.memos.keep(organization, changes).await?;
        Ok(())
    }

    async fn take_in(&self, organization: &OrganizationId, id: &str, message: &Message) -> Outcome {
        let told = match message {
            Message::Facts { facts } => match self.as_of_now(organization, facts).await {
                Ok(told) => told,
                Err(error) => return Outcome::Later(error.to_string()),
            },
            Message::Event { event } => {
                let known = Some(organization).filter(|organization| organization.as_str() != NOBODYS);
                match self.provider.translate(known, event).await {
                    Ok(told) => told,
                    Err(error @ (ProviderError::Unexpected(_) | ProviderError::Refused(_))) => {
                        return Outcome::Never(error.to_string());
                    }
                    Err(error) => return Outcome::Later(error.to_string()),
                }
            }
        };
        for (place, Told { organization, fact }) in told.iter().enumerate() {
            match self.tell(organization, fact, &format!("{id}.{place}")).await {
                Outcome::Done => {}
                other => return other,
            }
        }
        Outcome::Done
    }

    /// These facts, with the subscription as it is now: what was said about it may have waited behind something later.
    async fn as_of_now(
        &self,
        organization: &OrganizationId,
        facts: &[Fact],
    ) -> Result<Vec<Told>, ProviderError> {
        let is_subscription = |fact: &Fact| matches!(fact, Fact::Subscription { .. });
        let mut told: Vec<Fact> = facts.iter().filter(|fact| !is_subscription(fact)).cloned().collect();
        if facts.iter().any(is_subscription) {
            told.extend(self.provider.standing(organization).await?);
        }
        Ok(told.into_iter().map(|fact| Told { organization: organization.clone(), fact }).collect())
    }

    /// Tells the ledger a fact. `told` names the telling ([`Fact::request`]).
    async fn tell(&self, organization: &OrganizationId, fact: &Fact, told: &str) -> Outcome {
        let request = fact.request(self.provider.name(), told);
        match self.engine.execute(organization.clone(), request).await {
            Ok(_) => Outcome::Done,
            Err(EngineError::Refused(refusal)) => match refusal {
                // The purchase was paid or declined before; there is nothing to decline.
                Refusal::NotFound { .. } if matches!(fact, Fact::RechargeDeclined { .. }) => Outcome::Done,
                // The same telling was cut short, and the payment method has changed meanwhile.
                Refusal::Conflict { .. } if matches!(fact, Fact::PaymentMethod { .. }) => Outcome::Done,
                Refusal::UnknownOrganization | Refusal::LimitReached { .. } => {
                    Outcome::Later(refusal.to_string())
                }
                refusal => Outcome::Never(refusal.to_string()),
            },
            Err(error) => Outcome::Later(error.to_string()),
        }
    }

    /// Tells the ledger a fact now; an error says why that is not possible.
    pub(super) async fn tell_now(
        &self,
        organization: &OrganizationId,
        fact: &Fact,
        told: &str,
    ) -> Result<(), ProviderError> {
        match self.tell(organization, fact, told).await {
            Outcome::Done => Ok(()),
            Outcome::Later(why) => Err(ProviderError::Unavailable(why)),
            Outcome::Never(why) => Err(ProviderError::Unexpected(why)),
        }
    }
}
