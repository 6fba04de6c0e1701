//! The engine: the one door to accounts, for HTTP, jobs and the command line.
//!
//! It is a group committer. Commands that wait are decided one after the other on accounts held in memory; all their
//! events go to the store in one transaction with one flush, and only then is anyone answered (R2.3). A store whose slots
//! lie on several machines has one for each slot.

mod cache;
mod capture;
mod changes;
mod committer;
mod queue;
mod replay;

pub use capture::{Object, Shown};
pub use changes::{Changes, Watch};

use crate::clock;
use futures_util::future::{join_all, try_join_all};
use ledger::{
    Account, Policy, Timestamp, command::Request, event::Recorded, id::OrganizationId, refusal::Refusal,
};
use queue::Shared;
use std::{collections::BTreeMap, sync::Arc};
use store::{Fault, Store, memo::Memo, slot::slot};
use tokio::sync::Semaphore;

/// First answers are rebuilt from history a few at a time.
const REBUILDING_MAX: usize = 2;

/// How the engine is sized. Every limit has a name and a default in the configuration.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Commands that may wait for a commit; beyond it callers get [`EngineError::Busy`].
    pub queue_commands_max: usize,
    /// Commands decided in one commit.
    pub commit_commands_max: usize,
    /// Accounts kept in memory.
    pub accounts_max: usize,
    /// Events after which the tables of changed accounts are written, where they are late.
    pub table_events: usize,
    /// How many changed accounts are enough for that, however few the events: a start after a crash takes the longer the more
    /// they are, and so does the memory that they take meanwhile.
    pub table_accounts: usize,
    /// Slices in which they are written, spread evenly over as many events.
    pub table_slices: usize,
    /// Runs of one account after which its rows are written in the next commit, because all of them have to go in one; four
    /// times what a commit brings, where that is more (decision 24).
    pub table_runs: usize,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            queue_commands_max: 20_000,
            commit_commands_max: 4_000,
            accounts_max: 35_000,
            table_events: 50_000,
            table_accounts: 10_000,
            table_slices: 200,
            table_runs: 2_000,
        }
    }
}

/// What a command did, as it is told to whoever asked.
#[derive(Clone, Debug)]
pub struct Receipt {
    /// It came before with the same content; this is the first answer again (R2.4).
    pub replayed: bool,
    /// It is recorded and waits for another fact (R8.6): 202.
    pub waiting: bool,
    /// What it was about, and the balance, both as they were right after it.
    pub shown: Box<Shown>,
}

/// Why there is no receipt.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The rules say no.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// Too many commands wait: 503 with Retry-After.
    #[error("too many commands are waiting")]
    Busy,
    /// The store cannot be reached: 503 with Retry-After.
    #[error(transparent)]
    Store(Arc<Fault>),
    /// A broken invariant was met while deciding; the account was dropped and nothing of the command stored: 500.
    #[error("an invariant of organization {0} is broken")]
    Broken(OrganizationId),
    /// The engine is shutting down: 503.
    #[error("the server is shutting down")]
    ShuttingDown,
}

/// A decision, right after it was made.
pub struct Happened<'a> {
    /// The account, with the events folded in.
    pub account: &'a Account,
    /// The policy it was made under.
    pub policy: &'a Policy,
    /// What happened.
    pub events: &'a [Recorded],
    /// What was so right before it.
    pub before: Before,
}

/// What an account was like right before a decision, as far as the decision's events do not say it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Before {
    /// When the subscription was to end, where a cancellation was scheduled.
    pub ends: Option<Timestamp>,
    /// Whether it had been told that nothing starts (R9.1).
    pub blocked: bool,
}

impl Before {
    /// As this account is now.
    pub fn of(account: &Account) -> Before {
        let subscription = account.core().subscription.as_ref();
        Before {
            ends: subscription.filter(|subscription| subscription.is_running()).and_then(|it| it.cancel_at),
            blocked: account.core().blocked.is_some(),
        }
    }
}

/// What has to be done because of what happened: memos that are stored in the same commit as the events. Called for every
/// decision, so it looks at the events' names first and does nothing for most.
pub type Outbox = Arc<dyn Fn(&Happened<'_>) -> Vec<Memo> + Send + Sync>;

/// What a committer has to do beside deciding and committing.
struct After {
    outbox: Outbox,
    changes: Changes,
}

/// The one door to accounts. Cheap to clone.
#[derive(Clone)]
pub struct Engine {
    /// At least one; an organization's is the one of its slot.
    committers: Arc<[Arc<Shared>]>,
}

/// An account to read, on which nothing is due any more.
pub struct View<'a> {
    /// The account.
    pub account: &'a Account,
    /// The policy everything is decided under.
    pub policy: &'a Policy,
    /// The organization's now: the wall clock's, or its own test clock's.
    pub now: Timestamp,
}

impl Engine {
    /// Starts as many committers as the store says, each on a thread of its own.
    pub fn start(store: Arc<dyn Store>, policy: Policy, limits: Limits) -> Engine {
        Engine::start_with(store, policy, limits, Arc::new(|_| Vec::new()))
    }

    /// As [`Engine::start`], with what has to be done because of what happens.
    pub fn start_with(store: Arc<dyn Store>, policy: Policy, limits: Limits, outbox: Outbox) -> Engine {
        let count = store.committers().max(1);
        let limits = Limits { accounts_max: limits.accounts_max.div_ceil(count), ..limits };
        let (policy, waiting) = (Arc::new(policy), Arc::default());
        let rebuilding = Arc::new(Semaphore::new(REBUILDING_MAX));
        let changes = Changes::default();
        let committer = |_| {
            let (store, policy, limits) = (Arc::clone(&store), Arc::clone(&policy), limits.clone());
            let (waiting, rebuilding) = (Arc::clone(&waiting), Arc::clone(&rebuilding));
            let after = After { outbox: Arc::clone(&outbox), changes: changes.clone() };
            let shared = Arc::new(Shared::new(store, policy, limits, waiting, rebuilding, after));
            committer::start(Arc::clone(&shared));
            shared
        };
        Engine { committers: (0..count).map(committer).collect() }
    }

    /// Who wants to know when something changes.
    pub fn changes(&self) -> &Changes {
        &self.any().after.changes
    }

    fn any(&self) -> &Arc<Shared> {
        self.committers.first().expect("there is at least one")
    }

    fn place(&self, organization: &OrganizationId) -> usize {
        match self.committers.len() {
            1 => 0,
            count => usize::from(slot(organization)) % count,
        }
    }

    fn of(&self, organization: &OrganizationId) -> &Arc<Shared> {
        &self.committers[self.place(organization)]
    }

    /// The policy everything is decided under.
    pub fn policy(&self) -> &Arc<Policy> {
        self.any().policy()
    }

    /// The store, to read pages from. Call [`Engine::written`] first where the page must be current.
    pub fn store(&self) -> &Arc<dyn Store> {
        self.any().store()
    }

    /// Decides one command and answers when it is durable.
    pub async fn execute(
        &self,
        organization: OrganizationId,
        request: Request,
    ) -> Result<Receipt, EngineError> {
        let mut answers = self.execute_all(vec![(organization, request)]).await?;
        answers.pop().unwrap_or(Err(EngineError::ShuttingDown))
    }

    /// Decides several commands in order, each standing for itself, and answers when all are durable.
    pub async fn execute_all(
        &self,
        requests: Vec<(OrganizationId, Request)>,
    ) -> Result<Vec<Result<Receipt, EngineError>>, EngineError> {
        if let [only] = &*self.committers {
            return only.execute(requests).await;
        }
        let asked = requests.len();
        let mut parts: BTreeMap<usize, (Vec<usize>, Vec<_>)> = BTreeMap::new();
        for (place, request) in requests.into_iter().enumerate() {
            let (places, part) = parts.entry(self.place(&request.0)).or_default();
            places.push(place);
            part.push(request);
        }
        let parts = parts.into_iter().map(async |(committer, (places, part))| {
            Ok::<_, EngineError>((places, self.committers[committer].execute(part).await?))
        });
        let mut answers: Vec<_> = (0..asked).map(|_| Err(EngineError::Busy)).collect();
        let mut refused = None;
        for part in join_all(parts).await {
            match part {
                Ok((places, receipts)) => {
                    for (place, receipt) in places.into_iter().zip(receipts) {
                        answers[place] = receipt;
                    }
                }
                Err(error) => refused = Some(error),
            }
        }
        // Where nothing was let in, the call as a whole was not.
        match refused {
            Some(error) if answers.iter().all(|answer| matches!(answer, Err(EngineError::Busy))) => {
                Err(error)
            }
            _ => Ok(answers),
        }
    }

    /// Reads an account after letting what is due happen.
    pub async fn view<T: Send + 'static>(
        &self,
        organization: OrganizationId,
        read: impl FnOnce(View<'_>) -> T + Send + 'static,
    ) -> Result<T, EngineError> {
        self.of(&organization).view(organization.clone(), read).await
    }

    /// Decides a command on a copy of the account and reads what would come of it, changing nothing (R9.5).
    pub async fn preview(
        &self,
        organization: OrganizationId,
        request: Request,
    ) -> Result<Receipt, EngineError> {
        self.of(&organization).preview(organization.clone(), request).await
    }

    /// Lets what is due happen and writes the organization's rows, so that pages of the store are current.
    pub async fn written(&self, organization: OrganizationId) -> Result<(), EngineError> {
        self.of(&organization).written(organization.clone()).await
    }

    /// Lets what is due happen on idle accounts, up to `limit` of them; how many were looked at. Each is written
    /// afterwards, so that its row says when something is due next.
    pub async fn sweep(&self, limit: usize) -> Result<usize, EngineError> {
        let store = Arc::clone(self.store());
        let due = tokio::task::spawn_blocking(move || store.due(clock::now(), limit)).await;
        let due = due.map_err(|_| EngineError::ShuttingDown)?.map_err(fault)?;
        let looked_at = due.len();
        let mut parts: BTreeMap<usize, Vec<OrganizationId>> = BTreeMap::new();
        for organization in due {
            parts.entry(self.place(&organization)).or_default().push(organization);
        }
        let parts = parts.into_iter().map(|(committer, due)| self.committers[committer].sweep(due));
        try_join_all(parts).await?;
        Ok(looked_at)
    }

    /// Commits what waits, writes all rows, and ends the committers. Later calls get [`EngineError::ShuttingDown`].
    pub async fn shut_down(&self) -> Result<(), EngineError> {
        try_join_all(self.committers.iter().map(|committer| committer.shut_down())).await?;
        Ok(())
    }
}

fn fault(error: Fault) -> EngineError {
    EngineError::Store(Arc::new(error))
}
