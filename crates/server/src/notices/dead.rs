//! Notices that were given up: kept until somebody sends them again. Listed and replayed over HTTP and by the command line,
//! also beside a running server: all of it is memos.

use super::{
    kind::Kind,
    webhooks::{self, Waiting, endpoint_of},
};
use crate::memos::{self, Memos};
use ledger::{Timestamp, id::OrganizationId};
use serde::Deserialize;
use store::{
    Fault,
    memo::{Change, Memo, Owned},
};

/// The kind of their memos. They are due since they were given up, which nobody works off: it is how they are listed.
pub const KIND: &str = "webhook_dead";

/// The most that are listed; whoever has more replays some first.
pub const LISTED_MAX: usize = 10_000;

/// The id of a notice within its organization, for one endpoint.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct NoticeId(String);

impl NoticeId {
    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for NoticeId {
    type Error = ledger::id::NotAnId;

    fn try_from(text: String) -> Result<NoticeId, Self::Error> {
        // Made of what ids are made of.
        text.parse::<OrganizationId>().map(|_| NoticeId(text))
    }
}

/// A notice that was given up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dead {
    /// Its id within the organization: the endpoint, and its place in the ledger.
    pub id: String,
    /// Whose.
    pub organization: OrganizationId,
    /// To which endpoint it was sent.
    pub endpoint: String,
    /// What it is about.
    pub kind: Kind,
    /// Its `webhook-id`.
    pub webhook_id: String,
    /// How often it was sent.
    pub attempts: u32,
    /// Why it was not delivered, the last time.
    pub error: String,
    /// Since when it waited.
    pub created_at: Timestamp,
    /// When it was given up.
    pub died_at: Timestamp,
}

/// The memo of one that is given up now.
pub fn memo(id: &str, waiting: &Waiting, now: Timestamp) -> Memo {
    Memo::new(KIND, id, Some(now), memos::body(waiting))
}

impl Dead {
    fn of(organization: OrganizationId, memo: &Memo) -> Result<Dead, Fault> {
        let waiting: Waiting = memos::read(memo)?;
        Ok(Dead {
            id: memo.id.clone(),
            organization,
            endpoint: endpoint_of(&memo.id).to_owned(),
            kind: waiting.kind,
            webhook_id: waiting.webhook_id,
            attempts: waiting.attempts,
            error: waiting.error.unwrap_or_default(),
            created_at: waiting.created_at,
            died_at: memo.due.unwrap_or(waiting.created_at),
        })
    }
}

/// All of them, of one organization or of every one, those given up first first.
pub async fn list(memos: &Memos, organization: Option<&OrganizationId>) -> Result<Vec<Dead>, Fault> {
    let mut owned = memos.due(KIND, Timestamp::MAX, LISTED_MAX).await?;
    if let Some(organization) = organization {
        owned = memos
            .list(organization, KIND, None, LISTED_MAX)
            .await?
            .into_iter()
            .map(|memo| Owned { organization: organization.clone(), memo })
            .collect();
    }
    let mut dead: Vec<Dead> = owned
        .into_iter()
        .map(|Owned { organization, memo }| Dead::of(organization, &memo))
        .collect::<Result<_, _>>()?;
    dead.sort_by(|one, other| {
        (one.died_at, &one.organization, &one.id).cmp(&(other.died_at, &other.organization, &other.id))
    });
    Ok(dead)
}

/// Sends one again, as if it had just happened; its `webhook-id` stays. None: there is no such notice that was given up.
pub async fn replay(
    memos: &Memos,
    organization: &OrganizationId,
    id: &str,
    now: Timestamp,
) -> Result<Option<Dead>, Fault> {
    let Some(memo) = memos.one(organization, KIND, id).await? else { return Ok(None) };
    let dead = Dead::of(organization.clone(), &memo)?;
    let waiting: Waiting = memos::read(&memo)?;
    let again = Waiting { created_at: now, attempts: 0, sending: false, error: None, ..waiting };
    let waits = Memo::new(webhooks::KIND, id, Some(now), memos::body(&again));
    let kept = memos.keep(organization, vec![Change::Forget(memo), Change::Write(waits)]).await?;
    // Where somebody else was faster it waits already.
    Ok(kept.then_some(dead))
}
