//! The engine: the one door to accounts, for HTTP, jobs and the command line.
//!
//! It is a group committer. Commands that wait are decided one after the other on accounts held in memory; all their
//! events go to the store in one transaction with one flush, and only then is anyone answered (R2.3).

mod cache;
mod capture;
mod committer;
mod replay;

pub use capture::{Object, Shown};

use crate::clock;
use ledger::{Account, Policy, Timestamp, command::Request, id::OrganizationId, refusal::Refusal};
use std::sync::Arc;
use store::{Fault, Store};

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
    /// Commits over which that writing is spread.
    pub table_slices: usize,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            queue_commands_max: 20_000,
            commit_commands_max: 4_000,
            accounts_max: 100_000,
            table_events: 20_000,
            table_slices: 200,
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
    pub shown: Shown,
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

/// The one door to accounts. Cheap to clone.
#[derive(Clone)]
pub struct Engine {
    inner: Arc<committer::Shared>,
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
    /// Starts the committer on a thread of its own.
    pub fn start(store: Arc<dyn Store>, policy: Policy, limits: Limits) -> Engine {
        Engine { inner: committer::start(store, policy, limits) }
    }

    /// The policy everything is decided under.
    pub fn policy(&self) -> &Arc<Policy> {
        self.inner.policy()
    }

    /// The store, to read pages from. Call [`Engine::written`] first where the page must be current.
    pub fn store(&self) -> &Arc<dyn Store> {
        self.inner.store()
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
        self.inner.execute(requests).await
    }

    /// Reads an account after letting what is due happen.
    pub async fn view<T: Send + 'static>(
        &self,
        organization: OrganizationId,
        read: impl FnOnce(View<'_>) -> T + Send + 'static,
    ) -> Result<T, EngineError> {
        self.inner.view(organization, read).await
    }

    /// Decides a command on a copy of the account and reads what would come of it, changing nothing (R9.5).
    pub async fn preview(
        &self,
        organization: OrganizationId,
        request: Request,
    ) -> Result<Receipt, EngineError> {
        self.inner.preview(organization, request).await
    }

    /// Lets what is due happen and writes the organization's rows, so that pages of the store are current.
    pub async fn written(&self, organization: OrganizationId) -> Result<(), EngineError> {
        self.inner.written(organization).await
    }

    /// Lets what is due happen on idle accounts, up to `limit` of them; how many were looked at. Each is written
    /// afterwards, so that its row says when something is due next.
    pub async fn sweep(&self, limit: usize) -> Result<usize, EngineError> {
        let store = Arc::clone(self.store());
        let due = tokio::task::spawn_blocking(move || store.due(clock::now(), limit)).await;
        let due = due.map_err(|_| EngineError::ShuttingDown)?.map_err(committer::fault)?;
        let looked_at = due.len();
        if looked_at > 0 {
            self.inner.sweep(due).await?;
        }
        Ok(looked_at)
    }

    /// Commits what waits, writes all rows, and ends the committer. Later calls get [`EngineError::ShuttingDown`].
    pub async fn shut_down(&self) -> Result<(), EngineError> {
        self.inner.shut_down().await
    }
}
