//! The embedded store: one SQLite database in a data directory, written by one server, journal first.
//!
//! What a commit costs is its flush and the pages it touches. So it appends events, which fill pages one after the other,
//! and is durable; rows lie scattered, and are written when the caller hands them over, later and in slices, all of one
//! account at one version: what is true is its rows and the events after them, at any instant that a crash leaves behind.
//!
//! In reading order: `open` (lock, settings, schema), `fault` (SQLite's words in ours), `statements` (all of them), `journal`
//! (events), `account` (rows to accounts), `rows` (accounts to rows), `run_ids` (every run id for ever), `ends` (where
//! histories end), `commit`, `recovery` (start-up after a crash), `lists`, `memos`, `keys`, `checkpoint`, `backup` (a copy beside the
//! server), `rebuild` (all rows anew, from events), `unfinished` (directories in the making).

mod account;
mod backup;
mod checkpoint;
mod commit;
mod ends;
mod fault;
mod journal;
mod keys;
mod lists;
mod memos;
mod open;
mod rebuild;
mod recovery;
mod rows;
mod run_ids;
mod statements;
mod unfinished;

pub use backup::{Copied, backup};
pub use rebuild::{Replaced, prove, replace};

use crate::{
    ApiKey, Appended, Batch, Fault, Given, Loaded, Need, OrganizationRow, Page, RunFilter, Store,
    StoredEvent, Tables,
    memo::{Change, Listed, Memo, Owned},
    tally::TallyRow,
};
use checkpoint::Checkpoints;
use ends::{End, Ends};
use journal::Tail;
use ledger::{
    Timestamp,
    account::Part,
    command::PartKey,
    debt::Debt,
    grant::Grant,
    id::{KeyId, OrganizationId, RunId},
    payment::Payment,
    run::{RefusedStart, Run},
};
use run_ids::RunIds;
use rusqlite::{Connection, ToSql, types::FromSql};
use std::{
    fs::File,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard},
};

/// How many idle connections for reading are kept.
const READERS_MAX: usize = 8;

/// The embedded store.
pub struct Sqlite {
    /// Moves the log; none beside a server, whose thread does. Stops before the connections close.
    checkpoints: Option<Checkpoints>,
    writer: Mutex<Connection>,
    readers: Mutex<Vec<Connection>>,
    ends: RwLock<Ends>,
    tail: Mutex<Tail>,
    run_ids: RwLock<RunIds>,
    path: PathBuf,
    /// Holds the data directory; none beside a server. Let go last.
    lock: Option<File>,
    /// The database, for flushing it. Closed after all connections to it.
    _database: Option<Arc<File>>,
}

/// Sizes that tests make small. Everybody else takes the default.
#[derive(Clone, Copy, Debug)]
pub struct Sizes {
    /// How many runs a segment of run ids holds.
    pub segment_runs: usize,
}

impl Default for Sizes {
    fn default() -> Sizes {
        Sizes { segment_runs: run_ids::SEGMENT_RUNS }
    }
}

impl Sqlite {
    /// Opens a data directory for a server: creates what is missing, takes the directory for this process, brings the
    /// schema up to this version, and writes the rows of accounts whose last events had none yet.
    pub fn open(dir: &Path) -> Result<Sqlite, Fault> {
        Sqlite::open_sized(dir, Sizes::default())
    }

    /// As [`Sqlite::open`], with other sizes.
    pub fn open_sized(dir: &Path, sizes: Sizes) -> Result<Sqlite, Fault> {
        let lock = open::lock(dir)?;
        let path = open::database(dir);
        let mut writer = open::writer(&path)?;
        let run_ids = RwLock::new(RunIds::open(&writer, sizes.segment_runs, false)?);
        let last = recovery::recover(&mut writer, &run_ids)?;
        let database = Arc::new(open::file(&path)?);
        let checkpoints = Checkpoints::start(open::reader(&path)?, Arc::clone(&database))
            .map_err(|error| Fault::Unavailable(format!("no thread can be started: {error}")))?;
        Ok(Sqlite {
            checkpoints: Some(checkpoints),
            writer: Mutex::new(writer),
            readers: Mutex::default(),
            ends: RwLock::new(Ends::new(last)),
            tail: Mutex::default(),
            run_ids,
            path,
            lock: Some(lock),
            _database: Some(database),
        })
    }

    /// Opens a data directory beside the server that may be running on it: everything can be read, API keys and memos
    /// can be written, and nothing else.
    pub fn open_beside(dir: &Path) -> Result<Sqlite, Fault> {
        let path = open::there(dir)?;
        let writer = open::reader(&path)?;
        let run_ids = RwLock::new(RunIds::open(&writer, run_ids::SEGMENT_RUNS, true)?);
        Ok(Sqlite {
            checkpoints: None,
            writer: Mutex::new(writer),
            readers: Mutex::default(),
            ends: RwLock::default(),
            tail: Mutex::default(),
            run_ids,
            path,
            lock: None,
            _database: None,
        })
    }

    /// What the migrations add up to: `schema/sqlite.sql`.
    pub fn schema() -> Result<String, Fault> {
        open::schema()
    }

    /// A transaction that a panic cut short was rolled back, and memory follows only what was committed: a poisoned lock
    /// protects nothing that is half done. The same holds for the other locks.
    fn writer(&self) -> MutexGuard<'_, Connection> {
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether nothing of this is stored, as memory alone knows: accounts that are at hand, and runs that are new.
    fn is_nothing(&self, needs: &[Need<'_>], known: &[Option<End>]) -> bool {
        let ids = read_lock(&self.run_ids);
        needs.iter().zip(known).all(|(need, known)| {
            let at_hand = need.at_hand.is_some() && self.lock.is_some();
            let is_new = |part: &PartKey| match (part, known) {
                (PartKey::Run(run), Some(end)) => ids.is_new(end.n, run),
                _ => false,
            };
            at_hand && need.parts.iter().all(is_new)
        })
    }

    fn must_own(&self) -> Result<(), Fault> {
        match self.lock {
            Some(_) => Ok(()),
            None => Err(Fault::Locked(
                "accounts are changed by the server only; this was opened beside it".into(),
            )),
        }
    }

    fn wrote(&self) {
        self.checkpoints.iter().for_each(Checkpoints::wrote);
    }

    /// Reads at one instant of the database, on a connection of its own.
    fn read<T>(&self, read: impl FnOnce(&Connection) -> Result<T, Fault>) -> Result<T, Fault> {
        let idle = || self.readers.lock().unwrap_or_else(PoisonError::into_inner);
        let spare = idle().pop();
        let conn = match spare {
            Some(conn) => conn,
            None => open::reader(&self.path)?,
        };
        let found = {
            let instant = conn.unchecked_transaction()?;
            read(&instant)?
        };
        let mut idle = idle();
        if idle.len() < READERS_MAX {
            idle.push(conn);
        }
        Ok(found)
    }

    /// Reads something of an organization; what is said of one that has no rows is `T::default()`.
    fn read_of<T: Default>(
        &self,
        organization: &OrganizationId,
        read: impl FnOnce(&Connection, i64) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        self.read(|conn| match account::row(conn, organization)? {
            Some(row) => read(conn, row.n),
            None => Ok(T::default()),
        })
    }

    /// Where an organization's history ends, as this process knows it. To be asked before the instant that is read at: an
    /// end that is known is in the database, a later one may be missed.
    fn known_end(&self, organization: &OrganizationId) -> Option<i64> {
        read_lock(&self.ends).get(organization).map(|end| end.head.pos)
    }

    /// Where it ends in the database at this instant.
    fn end(&self, conn: &Connection, n: i64, known: Option<i64>) -> Result<Option<i64>, Fault> {
        if self.lock.is_some() {
            return Ok(known);
        }
        self.tail.lock().unwrap_or_else(PoisonError::into_inner).end(conn, n)
    }
}

impl Store for Sqlite {
    fn tables(&self) -> Tables {
        Tables::Late
    }

    fn arrange(&self, organizations: &mut [OrganizationId]) {
        let ends = read_lock(&self.ends);
        organizations.sort_by_cached_key(|organization| ends.get(organization).map(|end| end.n));
    }

    fn load(&self, organization: &OrganizationId) -> Result<Loaded, Fault> {
        let known = self.known_end(organization);
        self.read(|conn| account::load(self, conn, organization, known).map(|(loaded, _)| loaded))
    }

    fn fetch(&self, needs: &[Need<'_>]) -> Result<Vec<Given>, Fault> {
        let known: Vec<Option<End>> = {
            let ends = read_lock(&self.ends);
            needs.iter().map(|need| ends.get(need.organization)).collect()
        };
        if self.is_nothing(needs, &known) {
            return Ok(needs.iter().map(|_| Given::default()).collect());
        }
        let mut found = known.clone();
        let given: Vec<Given> = self.read(|conn| {
            let needs = needs.iter().zip(&mut found);
            needs.map(|(need, known)| account::give(self, conn, need, known)).collect()
        })?;
        // This is called by whoever commits, so nothing was committed meanwhile: what was found is still so, and its
        // commit need not look for it again.
        let mut ends = write_lock(&self.ends);
        for ((need, known), found) in needs.iter().zip(known).zip(found) {
            if let (None, Some(end)) = (known, found) {
                ends.learn(need.organization, end);
            }
        }
        Ok(given)
    }

    fn recall(&self, organization: &OrganizationId, keys: &[PartKey]) -> Result<Vec<Part>, Fault> {
        self.read_of(organization, |conn, n| account::recall(conn, &self.run_ids, n, keys))
    }

    fn commit(&self, batch: &Batch<'_>) -> Result<Vec<Appended>, Fault> {
        commit::commit(self, batch)
    }

    fn due(&self, by: Timestamp, limit: usize) -> Result<Vec<OrganizationId>, Fault> {
        self.read(|conn| lists::due(conn, by, limit))
    }

    fn organizations(
        &self,
        after: Option<&OrganizationId>,
        limit: usize,
    ) -> Result<Vec<OrganizationRow>, Fault> {
        self.read(|conn| lists::organizations(conn, after, limit))
    }

    fn events(
        &self,
        organization: &OrganizationId,
        after: u64,
        limit: usize,
    ) -> Result<Vec<StoredEvent>, Fault> {
        let known = self.known_end(organization);
        self.read(|conn| match account::row(conn, organization)? {
            Some(row) => {
                let end = self.end(conn, row.n, known)?.unwrap_or(0).max(row.head.pos);
                journal::page(conn, organization, row.n, end, after, limit)
            }
            None => Ok(Vec::new()),
        })
    }

    fn grants(
        &self,
        organization: &OrganizationId,
        before: Option<u64>,
        limit: usize,
    ) -> Result<Page<Grant>, Fault> {
        self.read_of(organization, |conn, n| {
            lists::page(conn, "grant", statements::GRANTS, lists::Asked { n, before, limit }, &[])
        })
    }

    fn runs(
        &self,
        organization: &OrganizationId,
        filter: &RunFilter,
        before: Option<u64>,
        limit: usize,
    ) -> Result<Page<Run>, Fault> {
        self.read_of(organization, |conn, n| lists::runs(conn, filter, lists::Asked { n, before, limit }))
    }

    fn run(&self, organization: &OrganizationId, id: &RunId) -> Result<Option<Run>, Fault> {
        self.read_of(organization, |conn, n| run_ids::find(conn, &self.run_ids, n, id))
    }

    fn refusals(
        &self,
        organization: &OrganizationId,
        before: Option<u64>,
        limit: usize,
    ) -> Result<Page<RefusedStart>, Fault> {
        self.read_of(organization, |conn, n| {
            lists::page(conn, "refusal", statements::REFUSALS, lists::Asked { n, before, limit }, &[])
        })
    }

    fn debts(
        &self,
        organization: &OrganizationId,
        open_only: bool,
        before: Option<u64>,
        limit: usize,
    ) -> Result<Page<Debt>, Fault> {
        let select = if open_only { statements::OPEN_DEBTS } else { statements::DEBTS };
        self.read_of(organization, |conn, n| {
            lists::page(conn, "debt", select, lists::Asked { n, before, limit }, &[])
        })
    }

    fn payments(
        &self,
        organization: &OrganizationId,
        before: Option<u64>,
        limit: usize,
    ) -> Result<Page<Payment>, Fault> {
        self.read_of(organization, |conn, n| {
            lists::page(conn, "payment", statements::PAYMENTS, lists::Asked { n, before, limit }, &[])
        })
    }

    fn usage(
        &self,
        organization: &OrganizationId,
        from: Timestamp,
        to: Timestamp,
    ) -> Result<Vec<TallyRow>, Fault> {
        self.read_of(organization, |conn, n| lists::usage(conn, n, from, to))
    }

    fn keep(&self, organization: &OrganizationId, changes: &[Change]) -> Result<bool, Fault> {
        let kept = memos::keep(&mut self.writer(), organization, changes)?;
        self.wrote();
        Ok(kept)
    }

    fn memo(&self, organization: &OrganizationId, kind: &str, id: &str) -> Result<Option<Memo>, Fault> {
        self.read(|conn| memos::one(conn, organization, kind, id))
    }

    fn memos(
        &self,
        organization: &OrganizationId,
        listed: Listed<'_>,
        limit: usize,
    ) -> Result<Vec<Memo>, Fault> {
        self.read(|conn| memos::list(conn, organization, listed, limit))
    }

    fn due_memos(&self, kind: &str, by: Timestamp, limit: usize) -> Result<Vec<Owned>, Fault> {
        self.read(|conn| memos::due(conn, kind, by, limit))
    }

    fn all_memos(&self, after: Option<&Owned>, limit: usize) -> Result<Vec<Owned>, Fault> {
        self.read(|conn| memos::all(conn, after, limit))
    }

    fn create_key(&self, key: &ApiKey) -> Result<(), Fault> {
        keys::create(&self.writer(), key)
    }

    fn keys(&self) -> Result<Vec<ApiKey>, Fault> {
        self.read(keys::all)
    }

    fn revoke_key(&self, id: &KeyId, at: Timestamp) -> Result<bool, Fault> {
        keys::revoke(&self.writer(), id, at)
    }
}

fn read_lock<T>(lock: &RwLock<T>) -> RwLockReadGuard<'_, T> {
    lock.read().unwrap_or_else(PoisonError::into_inner)
}

fn write_lock<T>(lock: &RwLock<T>) -> RwLockWriteGuard<'_, T> {
    lock.write().unwrap_or_else(PoisonError::into_inner)
}

/// The bytes of a column of text or bytes, without copying them.
fn bytes<'a>(row: &'a rusqlite::Row<'_>, column: usize) -> Result<&'a [u8], Fault> {
    row.get_ref(column)?.as_bytes().map_err(|error| Fault::Damaged(error.to_string()))
}

/// A value that belongs to the database as a whole.
fn meta<T: FromSql>(conn: &Connection, key: &str) -> Result<T, Fault> {
    Ok(conn.prepare_cached(statements::META)?.query_row([key], |row| row.get(0))?)
}

fn set_meta(conn: &Connection, key: &str, value: impl ToSql) -> Result<(), Fault> {
    conn.prepare_cached(statements::SET_META)?.execute((key, value))?;
    Ok(())
}
