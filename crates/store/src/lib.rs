//! Durable accounts (R2, R13). Events are the truth and are committed; the tables that people query are written from
//! them, all rows of one account together with the `seq` they stand for: truth = rows + events after their `seq`.
//!
//! [`Store`] is the whole surface. It is synchronous: whoever commits is a thread of its own ("group committer"), and
//! readers call it from threads that may block.
//!
//! - [`memo`]: what is remembered beside the ledger
//! - [`record`]: events to bytes and back; [`replay`]: folding them into an account without its closed parts; [`tally`]: sums
//!   of usage; [`slot`]: what a store that shards puts together
//! - [`sqlite`]: the embedded store; [`postgres`]: the one that several servers share
//! - [`verify`](mod@verify): proving that events and rows agree; [`rebuild`]: all rows anew, from events; [`faulty`]: a store that fails on schedule

mod column;
pub mod faulty;
pub mod memo;
pub mod postgres;
pub mod rebuild;
pub mod record;
pub mod replay;
pub mod slot;
pub mod sqlite;
pub mod tally;
pub mod verify;

use ledger::{
    Account, Timestamp,
    account::Part,
    chain::Hash,
    command::PartKey,
    debt::Debt,
    event::Recorded,
    grant::Grant,
    id::{KeyId, OrganizationId, RunId, TaskId},
    payment::Payment,
    run::{RefusedStart, Run, RunStatus},
};
use memo::{Change, Listed, Memo, Owned};
use tally::{Tally, TallyRow};

/// Where an account's history ends in the store: what the next append is chained to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// The number of the last event, 0 for none.
    pub seq: u64,
    /// The chain's hash after it ([`ledger::chain`]).
    pub hash: Hash,
    /// Its place in the store's journal, where the store has one; 0 for none. Callers keep it and hand it back.
    pub pos: i64,
}

/// An account as it was loaded: its live parts, and where its history ends.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// The account, on which everything stored has been folded in.
    pub account: Account,
    /// The end of its history.
    pub head: Head,
    /// Usage and refused starts that have not moved to the table of sums: to be written with its next rows.
    pub tally: Tally,
    /// Whether there are such events.
    pub lags: bool,
}

/// The events of one or more decisions on one account.
#[derive(Clone, Copy, Debug)]
pub struct Append<'a> {
    /// Whose.
    pub organization: &'a OrganizationId,
    /// The end of the history they were decided on.
    pub head: Head,
    /// What happened, in order: `head.seq + 1` and on.
    pub events: &'a [Recorded],
}

/// An account whose rows are to be written so that they stand for its version.
#[derive(Clone, Copy, Debug)]
pub struct Rows<'a> {
    /// The account; [`Account::changes`] says what changed. Once this is committed, the caller calls [`Account::written`] and
    /// [`Tally::written`].
    pub account: &'a Account,
    /// The end of its history, after the events of the same commit.
    pub head: Head,
    /// When something happens next by itself; none for an account with a test clock.
    pub next_due: Option<Timestamp>,
    /// Usage and refused starts that have not moved to the table of sums.
    pub tally: &'a Tally,
}

impl Rows<'_> {
    /// Whether its sums move to the table of sums now.
    pub fn tally_is_over(&self) -> bool {
        self.tally.is_over(self.account.core().last)
    }
}

/// Events and rows, all or nothing.
#[derive(Clone, Debug, Default)]
pub struct Batch<'a> {
    /// At most one append per organization.
    pub appends: Vec<Append<'a>>,
    /// Accounts to write, after the appends of the same batch. `Rows::head` of an account that is also appended to is
    /// its head *before* the append: the store knows what it appends.
    pub rows: Vec<Rows<'a>>,
    /// Refused starts that are no events (R5.6), to be added to what is counted already, whatever the account's version.
    pub counts: Vec<(&'a OrganizationId, &'a Tally)>,
    /// What has to be done because of the appended events: written where its organization's append is stored, whatever
    /// stood there before.
    pub memos: Vec<(&'a OrganizationId, &'a Memo)>,
    /// What was decided on without asking, where several servers write: accounts at hand, each once, with where they are
    /// believed to end, and runs and answers that are believed not to exist.
    pub assumed: Vec<Need<'a>>,
}

/// What whoever decides needs of one account.
#[derive(Clone, Debug)]
pub struct Need<'a> {
    /// Whose.
    pub organization: &'a OrganizationId,
    /// The end of the history of the account that is at hand; none: it is not at hand.
    pub at_hand: Option<Head>,
    /// Closed parts that may exist and are not at hand.
    pub parts: Vec<PartKey>,
}

impl Need<'_> {
    /// Whether there is anything to fetch.
    pub fn is_anything(&self) -> bool {
        self.at_hand.is_none() || !self.parts.is_empty()
    }
}

/// What a store gives for a [`Need`].
#[derive(Clone, Debug, Default)]
pub struct Given {
    /// The account, where it was not at hand or somebody else has moved it on since. What was at hand is worth nothing
    /// then: also the parts that were not asked for have to be asked for.
    pub loaded: Option<Loaded>,
    /// Those of the parts that exist, as they are at the account's version.
    pub parts: Vec<Part>,
}

/// What became of one append.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Appended {
    /// Durable; the history ends here now.
    At(Head),
    /// Somebody else was faster: nothing of this append was stored. Load the account and decide again.
    Stale,
}

/// When the tables are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tables {
    /// With the events, in the same commit, because several servers write: each append comes with its account's rows.
    EachCommit,
    /// Later, in slices: this server alone writes.
    Late,
}

/// Why the store cannot do what it is asked. Never a refusal: the rules had no say.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// Nothing was committed; trying again later may help.
    #[error("the store is not available: {0}")]
    Unavailable(String),
    /// Whether it was committed is not known: ask by reading.
    #[error("the store did not answer; what was asked may have been done: {0}")]
    Unknown(String),
    /// What is stored cannot be true.
    #[error("the store is damaged: {0}")]
    Damaged(String),
    /// Another server has the data directory.
    #[error("{0}")]
    Locked(String),
    /// The data was written by a newer version.
    #[error("{0}")]
    TooNew(String),
}

/// One stored event as bytes, for verifying and exporting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredEvent {
    /// Its number.
    pub seq: u64,
    /// The bytes that the chain runs over: JSON of [`Recorded`].
    pub bytes: Vec<u8>,
    /// The chain's hash after it.
    pub hash: Hash,
}

/// An organization in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrganizationRow {
    /// Its id.
    pub id: OrganizationId,
    /// Its name.
    pub name: String,
    /// The version its rows stand for.
    pub version: u64,
}

/// A page of a list, newest first, and where to go on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page<T> {
    /// The rows.
    pub rows: Vec<T>,
    /// Hand it back to get the next page; none: this is the last.
    pub next: Option<u64>,
}

impl<T> Default for Page<T> {
    fn default() -> Page<T> {
        Page { rows: Vec::new(), next: None }
    }
}

/// Which runs to list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RunFilter {
    /// Only those that are there.
    pub status: Option<RunStatus>,
    /// Only those of this task.
    pub task: Option<TaskId>,
}

/// What a key may do (API: scopes).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Everything.
    Admin,
    /// Starts and metering of any organization, and reading what they answer.
    Runtime,
    /// Reading.
    Read,
}

/// An API key as it is stored: never the key itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiKey {
    /// What the ledger calls it.
    pub id: KeyId,
    /// What people call it.
    pub name: String,
    /// What it may do.
    pub scope: Scope,
    /// SHA-256 of the key.
    pub hash: Hash,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it stopped working.
    pub revoked_at: Option<Timestamp>,
}

/// Durable accounts. All methods may block; all are safe to call from several threads.
///
/// Reads of tables see what was written: a caller whose tables are late writes the account's rows first.
pub trait Store: Send + Sync + 'static {
    /// When the tables are written.
    fn tables(&self) -> Tables;

    /// How many may commit at a time, each for the slots of its own, without getting into each other's way.
    fn committers(&self) -> usize {
        1
    }

    /// Puts organizations in the order in which their rows are best written: those that lie next to each other together.
    fn arrange(&self, organizations: &mut [OrganizationId]) {
        organizations.sort_unstable();
    }

    /// The store as it is at one instant, for whoever reads more than one call gives; none, where what was read does not
    /// move on as long as nothing else is written to the account.
    fn snapshot(&self) -> Result<Option<Box<dyn Store>>, Fault> {
        Ok(None)
    }

    /// Loads an account: its core and live parts, and the events after them folded in. A new account where there is none.
    fn load(&self, organization: &OrganizationId) -> Result<Loaded, Fault>;

    /// Brings back parts that are written and not live. What does not exist is left out. A payment comes with its grant
    /// and its debts.
    fn recall(&self, organization: &OrganizationId, keys: &[PartKey]) -> Result<Vec<Part>, Fault>;

    /// What a round of decisions needs, all at once: what it answers is true at one instant for each account, after the
    /// call began. A store that several servers write looks whether the accounts at hand still are as they are stored.
    /// Asked by whoever commits to these accounts, and not while doing so.
    fn fetch(&self, needs: &[Need<'_>]) -> Result<Vec<Given>, Fault> {
        let give = |need: &Need<'_>| {
            let loaded = need.at_hand.is_none().then(|| self.load(need.organization)).transpose()?;
            let known = need.at_hand.or(loaded.as_ref().map(|loaded| loaded.head));
            let parts = match known {
                Some(head) if head.seq > 0 && !need.parts.is_empty() => {
                    self.recall(need.organization, &need.parts)?
                }
                _ => Vec::new(),
            };
            Ok(Given { loaded, parts })
        };
        needs.iter().map(give).collect()
    }

    /// Makes a batch durable: one transaction, one flush. The answers are in the order of the appends, and after them those
    /// to what was assumed: where one is stale the others are stored, and what was assumed elsewhere holds at an instant after
    /// the call began. An append is also stale where what was assumed of its account is not so. Rows of an account that
    /// somebody else has moved on are left out.
    ///
    /// # Panics
    /// Where several servers write: on an append without its account's rows. Where this one alone writes: on rows of an
    /// account that is not at the end of its history and not stale; its caller would take changes for written that are not.
    fn commit(&self, batch: &Batch<'_>) -> Result<Vec<Appended>, Fault>;

    /// Organizations with something due at or before this instant, soonest first. One may be named too early, after a
    /// crash or a change of policy: whoever finds nothing due writes its rows, which say when something is.
    fn due(&self, by: Timestamp, limit: usize) -> Result<Vec<OrganizationId>, Fault>;

    /// Organizations by id, after the one named; one whose rows are still to be written has version 0 and no name.
    fn organizations(
        &self,
        after: Option<&OrganizationId>,
        limit: usize,
    ) -> Result<Vec<OrganizationRow>, Fault>;

    /// Events after this number, oldest first.
    fn events(
        &self,
        organization: &OrganizationId,
        after: u64,
        limit: usize,
    ) -> Result<Vec<StoredEvent>, Fault>;

    /// Grants, newest first, before this number.
    fn grants(
        &self,
        organization: &OrganizationId,
        before: Option<u64>,
        limit: usize,
    ) -> Result<Page<Grant>, Fault>;

    /// Runs, newest first, before this number.
    fn runs(
        &self,
        organization: &OrganizationId,
        filter: &RunFilter,
        before: Option<u64>,
        limit: usize,
    ) -> Result<Page<Run>, Fault>;

    /// One run, by id, open or closed.
    fn run(&self, organization: &OrganizationId, id: &RunId) -> Result<Option<Run>, Fault>;

    /// Refused starts that are told about (R5.6), newest first, before this number.
    fn refusals(
        &self,
        organization: &OrganizationId,
        before: Option<u64>,
        limit: usize,
    ) -> Result<Page<RefusedStart>, Fault>;

    /// Debts, newest first, before this number.
    fn debts(
        &self,
        organization: &OrganizationId,
        open_only: bool,
        before: Option<u64>,
        limit: usize,
    ) -> Result<Page<Debt>, Fault>;

    /// Payments, newest first, before this number.
    fn payments(
        &self,
        organization: &OrganizationId,
        before: Option<u64>,
        limit: usize,
    ) -> Result<Page<Payment>, Fault>;

    /// Usage and refused starts by hour, kind, member and task, on [from, to).
    fn usage(
        &self,
        organization: &OrganizationId,
        from: Timestamp,
        to: Timestamp,
    ) -> Result<Vec<TallyRow>, Fault>;

    /// Changes memos of one organization, all or none. False: one of them is not at the version that its change names, and
    /// nothing was changed.
    fn keep(&self, organization: &OrganizationId, changes: &[Change]) -> Result<bool, Fault>;

    /// One memo.
    fn memo(&self, organization: &OrganizationId, kind: &str, id: &str) -> Result<Option<Memo>, Fault>;

    /// Memos of one kind, by id.
    fn memos(
        &self,
        organization: &OrganizationId,
        listed: Listed<'_>,
        limit: usize,
    ) -> Result<Vec<Memo>, Fault>;

    /// Memos of one kind that are due at or before this instant, of all organizations, soonest first.
    fn due_memos(&self, kind: &str, by: Timestamp, limit: usize) -> Result<Vec<Owned>, Fault>;

    /// All memos there are, after this one, in an order of the store's own: for copying.
    fn all_memos(&self, after: Option<&Owned>, limit: usize) -> Result<Vec<Owned>, Fault>;

    /// Stores a key.
    fn create_key(&self, key: &ApiKey) -> Result<(), Fault>;

    /// All keys, oldest first.
    fn keys(&self) -> Result<Vec<ApiKey>, Fault>;

    /// Revokes a key; false where there is no such key that works.
    fn revoke_key(&self, id: &KeyId, at: Timestamp) -> Result<bool, Fault>;
}
