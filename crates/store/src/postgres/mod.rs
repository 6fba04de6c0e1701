//! The store that several servers share: PostgreSQL, or an engine that speaks its protocol and shards by a column.
//!
//! Rows are written with their events, in one commit. It names for every organization the version that it was decided on,
//! and of two servers that decided on the same version one is told so. Everything is one call of a function in the
//! database (`commit.sql`), which needs no isolation beyond READ COMMITTED and locks in one order everywhere.
//!
//! In reading order: `open` (connections, schema), `tls`, `fault` (PostgreSQL's words in ours), `statements` (all of them),
//! `account` (rows to accounts), `columns` (accounts to rows), `commit`, `lists`, `memos`, `keys`, `import` (a whole store copied), `rebuild` (all rows anew),
//! `distribute` (over several machines), `usual` (the design by hand that the load tool compares with).

mod account;
mod columns;
mod commit;
mod distribute;
mod fault;
mod import;
mod keys;
mod lists;
mod memos;
mod open;
mod rebuild;
mod statements;
mod tls;
pub mod usual;

pub use distribute::{Engine, distribute};
pub use import::{Copied, import};
pub use open::{Deployment, migrate};
pub use rebuild::{prove, replace};

use crate::{
    ApiKey, Appended, Batch, Fault, Given, Head, Loaded, Need, OrganizationRow, Page, RunFilter, Store,
    StoredEvent, Tables,
    memo::{Change, Listed, Memo, Owned},
    slot::{SLOTS, slot},
    tally::TallyRow,
};
use deadpool_postgres::{Object, Pool};
use fault::Trouble;
use ledger::{
    Timestamp,
    account::Part,
    chain,
    command::PartKey,
    debt::Debt,
    grant::Grant,
    id::{KeyId, OrganizationId, RunId},
    payment::Payment,
    run::{RefusedStart, Run},
};
use statements::Statement;
use std::{future::Future, pin::Pin, sync::Arc, time::Duration};
use tokio::{
    runtime::Runtime,
    sync::Mutex,
    time::{Sleep, sleep},
};
use tokio_postgres::{Row, types::ToSql};

/// The first wait between two attempts.
const PAUSE_MIN: Duration = Duration::from_millis(2);

/// The longest wait between two attempts.
const PAUSE_MAX: Duration = Duration::from_millis(500);

/// Where the database is and how it is used. Every limit has a name and a default in the configuration. It has a password in
/// it, so it is not shown.
#[derive(Clone)]
pub struct Options {
    /// Its address: `postgres://user:password@host:5432/name`, with several hosts where a standby may take over.
    pub url: String,
    /// Connections at once.
    pub connections_max: usize,
    /// How long one call may take before its connection is given up.
    pub call_timeout: Duration,
    /// For how long a call is tried again that a conflict, a lost connection or a failover has cut short.
    pub retry: Duration,
}

impl Options {
    /// The defaults, on this database.
    pub fn new(url: impl Into<String>) -> Options {
        Options {
            url: url.into(),
            connections_max: 16,
            call_timeout: Duration::from_secs(5),
            retry: Duration::from_millis(800),
        }
    }
}

/// The store that several servers share.
pub struct Postgres {
    pool: Pool,
    /// The connection with the transaction of a snapshot, which is only read from.
    instant: Option<Mutex<Object>>,
    options: Options,
    deployment: Deployment,
    /// Moves bytes; whoever calls the store waits on its own thread. None only while it is being dropped.
    runtime: Option<Arc<Runtime>>,
}

impl Postgres {
    /// Connects for a server, and brings the schema up to this version first.
    pub fn open(options: Options) -> Result<Postgres, Fault> {
        migrate(&options)?;
        Postgres::connect(options)
    }

    /// Connects to a database that has this version's schema, beside the servers that may be running on it.
    pub fn connect(options: Options) -> Result<Postgres, Fault> {
        let runtime = open::runtime()?;
        let (deployment, pool) = {
            let _entered = runtime.enter();
            let deployment = futures_executor::block_on(open::deployment(&options))?;
            (deployment, open::pool(&options, deployment)?)
        };
        let runtime = Some(Arc::new(runtime));
        let store = Postgres { pool, instant: None, options, deployment, runtime };
        // What the engine does not understand is said now and not when it is needed.
        store.prepare_all()?;
        Ok(store)
    }

    /// How the database is laid out.
    pub fn deployment(&self) -> Deployment {
        self.deployment
    }

    /// Prepares every statement there is; how many.
    pub fn prepare_all(&self) -> Result<usize, Fault> {
        self.read(async |conn| {
            for (_, statement) in statements::ALL {
                conn.prepare_cached(statement.0).await?;
            }
            Ok(statements::ALL.len())
        })
    }

    /// Waits on this thread for what happens on the runtime's. May be called from anywhere that may block.
    fn wait<T>(&self, work: impl Future<Output = T>) -> T {
        let runtime = self.runtime.as_ref().expect("it is there until the store is dropped");
        let _entered = runtime.enter();
        // Inside a task, tokio would hold it back after some steps until the task gives way, which it never does here.
        futures_executor::block_on(tokio::task::unconstrained(work))
    }

    /// Reads, again after a lost connection or a failover.
    fn read<T>(&self, read: impl AsyncFn(&Object) -> Result<T, Trouble>) -> Result<T, Fault> {
        self.wait(self.reading(read))
    }

    async fn reading<T>(&self, read: impl AsyncFn(&Object) -> Result<T, Trouble>) -> Result<T, Fault> {
        let mut patience = Patience::new(self.options.retry);
        loop {
            let trouble = match self.attempt(&read).await {
                Ok(value) => return Ok(value),
                Err(trouble) => trouble,
            };
            match trouble {
                Trouble::NotDone(text) | Trouble::Unknown(text) => {
                    // What a snapshot saw ends with its connection.
                    if self.instant.is_some() || !patience.pause().await {
                        return Err(Fault::Unavailable(text));
                    }
                }
                other => return Err(other.into()),
            }
        }
    }

    /// One attempt, on a connection that is not used again if it failed in a way that may be its own.
    async fn attempt<T>(&self, work: impl AsyncFn(&Object) -> Result<T, Trouble>) -> Result<T, Trouble> {
        if let Some(instant) = &self.instant {
            return self.in_time(work(&*instant.lock().await)).await;
        }
        let conn = self.pool.get().await?;
        let done = self.in_time(work(&conn)).await;
        if matches!(done, Err(Trouble::NotDone(_) | Trouble::Unknown(_))) {
            drop(Object::take(conn));
        }
        done
    }

    async fn in_time<T>(&self, work: impl Future<Output = Result<T, Trouble>>) -> Result<T, Trouble> {
        let most = self.options.call_timeout;
        tokio::time::timeout(most, work).await.unwrap_or_else(|_| {
            Err(Trouble::Unknown(format!("the database has not answered within {} s", most.as_secs())))
        })
    }

    async fn begin_snapshot(&self) -> Result<Object, Trouble> {
        let conn = self.pool.get().await?;
        conn.batch_execute(statements::BEGIN_SNAPSHOT).await?;
        Ok(conn)
    }

    /// The store as it is now, to be read from.
    fn at_one_instant(&self) -> Result<Postgres, Fault> {
        let instant = self.wait(self.begin_snapshot())?;
        Ok(Postgres {
            pool: self.pool.clone(),
            instant: Some(Mutex::new(instant)),
            options: self.options.clone(),
            deployment: self.deployment,
            runtime: self.runtime.clone(),
        })
    }

    fn must_not_be_a_snapshot(&self) -> Result<(), Fault> {
        match self.instant {
            None => Ok(()),
            Some(_) => Err(Fault::Locked("a snapshot is only read".into())),
        }
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        if let Some(instant) = self.instant.take() {
            let conn = instant.into_inner();
            let end = async { Ok(conn.batch_execute(statements::END_SNAPSHOT).await?) };
            if self.wait(self.in_time(end)).is_err() {
                drop(Object::take(conn));
            }
        }
        // The last one to go ends the thread, from wherever it is dropped.
        if let Some(runtime) = self.runtime.take().and_then(Arc::into_inner) {
            self.pool.close();
            runtime.shutdown_background();
        }
    }
}

/// Pauses between attempts, longer each time, until the time is up.
struct Patience {
    end: Pin<Box<Sleep>>,
    pause: Duration,
}

impl Patience {
    fn new(retry: Duration) -> Patience {
        Patience { end: Box::pin(sleep(retry)), pause: PAUSE_MIN }
    }

    /// Waits a little; false when the time is up.
    async fn pause(&mut self) -> bool {
        // Two servers in conflict must not try again at the same instant.
        let mut random = [0; 1];
        let spread = getrandom::fill(&mut random).map_or(0, |()| u32::from(random[0]));
        let pause = self.pause + self.pause * spread / 255;
        self.pause = (self.pause * 2).min(PAUSE_MAX);
        tokio::select! {
            biased;
            () = &mut self.end => false,
            () = sleep(pause) => true,
        }
    }
}

/// Sends one statement.
async fn query(
    conn: &Object,
    statement: &Statement,
    params: &[&(dyn ToSql + Sync)],
) -> Result<Vec<Row>, Trouble> {
    let prepared = conn.prepare_cached(statement.0).await?;
    Ok(conn.query(&prepared, params).await?)
}

/// The slot as the database has it.
fn slot_of(organization: &OrganizationId) -> i16 {
    i16::from(slot(organization))
}

/// Where a history begins that has no events.
fn beginning(organization: &OrganizationId) -> Head {
    Head { seq: 0, hash: chain::origin(organization), pos: 0 }
}

impl Store for Postgres {
    fn tables(&self) -> Tables {
        Tables::EachCommit
    }

    fn committers(&self) -> usize {
        match self.deployment {
            // One decides while the other's commit is on its way; more make the batches small.
            Deployment::Whole => 2,
            Deployment::Sharded => usize::from(SLOTS),
        }
    }

    fn snapshot(&self) -> Result<Option<Box<dyn Store>>, Fault> {
        Ok(Some(Box::new(self.at_one_instant()?)))
    }

    fn load(&self, organization: &OrganizationId) -> Result<Loaded, Fault> {
        self.read(async |conn| account::load(conn, organization).await)
    }

    fn recall(&self, organization: &OrganizationId, keys: &[PartKey]) -> Result<Vec<Part>, Fault> {
        let need = Need { organization, at_hand: None, parts: keys.to_vec() };
        let Some(given) = self.fetch(std::slice::from_ref(&need))?.pop() else { return Ok(Vec::new()) };
        let mut parts = given.parts;
        // Runs that run are nowhere but in the account.
        if let Some(Loaded { account, .. }) = &given.loaded {
            let open = keys.iter().filter_map(|key| match key {
                PartKey::Run(id) => account.run(id).cloned().map(Part::Run),
                _ => None,
            });
            parts.extend(open);
        }
        Ok(parts)
    }

    fn fetch(&self, needs: &[Need<'_>]) -> Result<Vec<Given>, Fault> {
        self.wait(account::fetch(self, needs))
    }

    fn commit(&self, batch: &Batch<'_>) -> Result<Vec<Appended>, Fault> {
        self.must_not_be_a_snapshot()?;
        self.wait(commit::commit(self, batch))
    }

    fn due(&self, by: Timestamp, limit: usize) -> Result<Vec<OrganizationId>, Fault> {
        self.read(async |conn| lists::due(conn, by, limit).await)
    }

    fn organizations(
        &self,
        after: Option<&OrganizationId>,
        limit: usize,
    ) -> Result<Vec<OrganizationRow>, Fault> {
        self.read(async |conn| lists::organizations(conn, after, limit).await)
    }

    fn events(
        &self,
        organization: &OrganizationId,
        after: u64,
        limit: usize,
    ) -> Result<Vec<StoredEvent>, Fault> {
        self.read(async |conn| lists::events(conn, organization, after, limit).await)
    }

    fn grants(
        &self,
        organization: &OrganizationId,
        before: Option<u64>,
        limit: usize,
    ) -> Result<Page<Grant>, Fault> {
        let page = lists::Asked { organization, before, limit };
        self.read(async |conn| lists::page(conn, "grant", &statements::GRANTS, page, &[]).await)
    }

    fn runs(
        &self,
        organization: &OrganizationId,
        filter: &RunFilter,
        before: Option<u64>,
        limit: usize,
    ) -> Result<Page<Run>, Fault> {
        let page = lists::Asked { organization, before, limit };
        self.read(async |conn| lists::runs(conn, filter, page).await)
    }

    fn run(&self, organization: &OrganizationId, id: &RunId) -> Result<Option<Run>, Fault> {
        self.read(async |conn| lists::run(conn, organization, id).await)
    }

    fn refusals(
        &self,
        organization: &OrganizationId,
        before: Option<u64>,
        limit: usize,
    ) -> Result<Page<RefusedStart>, Fault> {
        let page = lists::Asked { organization, before, limit };
        self.read(async |conn| lists::page(conn, "refusal", &statements::REFUSALS, page, &[]).await)
    }

    fn debts(
        &self,
        organization: &OrganizationId,
        open_only: bool,
        before: Option<u64>,
        limit: usize,
    ) -> Result<Page<Debt>, Fault> {
        let page = lists::Asked { organization, before, limit };
        let statement = if open_only { statements::OPEN_DEBTS } else { statements::DEBTS };
        self.read(async |conn| lists::page(conn, "debt", &statement, page, &[]).await)
    }

    fn payments(
        &self,
        organization: &OrganizationId,
        before: Option<u64>,
        limit: usize,
    ) -> Result<Page<Payment>, Fault> {
        let page = lists::Asked { organization, before, limit };
        self.read(async |conn| lists::page(conn, "payment", &statements::PAYMENTS, page, &[]).await)
    }

    fn usage(
        &self,
        organization: &OrganizationId,
        from: Timestamp,
        to: Timestamp,
    ) -> Result<Vec<TallyRow>, Fault> {
        self.read(async |conn| lists::usage(conn, organization, from, to).await)
    }

    fn keep(&self, organization: &OrganizationId, changes: &[Change]) -> Result<bool, Fault> {
        self.must_not_be_a_snapshot()?;
        self.wait(memos::keep(self, organization, changes))
    }

    fn memo(&self, organization: &OrganizationId, kind: &str, id: &str) -> Result<Option<Memo>, Fault> {
        self.read(async |conn| memos::one(conn, organization, kind, id).await)
    }

    fn memos(
        &self,
        organization: &OrganizationId,
        listed: Listed<'_>,
        limit: usize,
    ) -> Result<Vec<Memo>, Fault> {
        self.read(async |conn| memos::list(conn, organization, &listed, limit).await)
    }

    fn due_memos(&self, kind: &str, by: Timestamp, limit: usize) -> Result<Vec<Owned>, Fault> {
        self.read(async |conn| memos::due(conn, kind, by, limit).await)
    }

    fn all_memos(&self, after: Option<&Owned>, limit: usize) -> Result<Vec<Owned>, Fault> {
        self.read(async |conn| memos::all(conn, after, limit).await)
    }

    fn create_key(&self, key: &ApiKey) -> Result<(), Fault> {
        self.must_not_be_a_snapshot()?;
        self.wait(keys::create(self, key))
    }

    fn keys(&self) -> Result<Vec<ApiKey>, Fault> {
        self.read(async |conn| keys::all(conn).await)
    }

    fn revoke_key(&self, id: &KeyId, at: Timestamp) -> Result<bool, Fault> {
        self.must_not_be_a_snapshot()?;
        self.wait(keys::revoke(self, id, at))
    }
}
