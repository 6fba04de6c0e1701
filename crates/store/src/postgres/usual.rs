//! The design that teams write by hand instead of using coulomb, so that `coulomb bench` can measure both on one database.
//! Nothing else uses it.
//!
//! A balance is a number in a row. Whoever starts work locks that row, looks whether the credits are there, inserts a
//! hold and takes them off; whoever settles locks it again, deletes the hold, gives back what was not used and inserts a
//! row of usage. Each is one transaction of prepared statements, sent one after the other by a pool of connections.
//!
//! It is built the way its friends would build it, so where there was a choice it is the quicker one: no foreign keys, no
//! index beyond the primary keys, room in the pages for updates. It keeps no history of the balance, knows one kind of
//! credits that never expire, has no debt, and answers a repeat with an error.

use super::{Options, Trouble, tls};
use crate::Fault;
use deadpool_postgres::{
    ClientWrapper, Hook, HookError, Manager, ManagerConfig, Object, Pool, RecyclingMethod, Runtime as Timers,
    Transaction,
};
use tokio_postgres::{Row, error::SqlState, types::ToSql};

/// Everything is in a schema of its own, which goes when the bench is done.
const CREATE: &str = "
    DROP SCHEMA IF EXISTS coulomb_bench_usual CASCADE;
    CREATE SCHEMA coulomb_bench_usual;
    CREATE TABLE coulomb_bench_usual.organization (
      id text PRIMARY KEY,
      available bigint NOT NULL CHECK (available >= 0)
    ) WITH (fillfactor = 70);
    CREATE TABLE coulomb_bench_usual.hold (
      organization text NOT NULL,
      run text NOT NULL,
      amount bigint NOT NULL,
      at timestamptz NOT NULL DEFAULT now(),
      PRIMARY KEY (organization, run)
    );
    CREATE TABLE coulomb_bench_usual.usage (
      organization text NOT NULL,
      run text NOT NULL,
      used bigint NOT NULL,
      at timestamptz NOT NULL DEFAULT now(),
      PRIMARY KEY (organization, run)
    );
    CREATE TABLE coulomb_bench_usual.one_row (at timestamptz NOT NULL DEFAULT now())";

const DROP: &str = "DROP SCHEMA IF EXISTS coulomb_bench_usual CASCADE";

const FILL: &str = "INSERT INTO coulomb_bench_usual.organization (id, available) SELECT id, $2::bigint FROM unnest($1::text[]) AS id";

const LOCK: &str = "SELECT available FROM coulomb_bench_usual.organization WHERE id = $1 FOR UPDATE";

const INSERT_HOLD: &str =
    "INSERT INTO coulomb_bench_usual.hold (organization, run, amount) VALUES ($1, $2, $3)";

const DELETE_HOLD: &str =
    "DELETE FROM coulomb_bench_usual.hold WHERE organization = $1 AND run = $2 RETURNING amount";

const TAKE: &str = "UPDATE coulomb_bench_usual.organization SET available = available - $2 WHERE id = $1";

const INSERT_USAGE: &str =
    "INSERT INTO coulomb_bench_usual.usage (organization, run, used) VALUES ($1, $2, $3)";

const INSERT_ONE_ROW: &str = "INSERT INTO coulomb_bench_usual.one_row DEFAULT VALUES";

const STORED: &str = "SELECT (SELECT count(*) FROM coulomb_bench_usual.hold)
                           + 2 * (SELECT count(*) FROM coulomb_bench_usual.usage)";

const SETTINGS: &str =
    "SELECT current_setting(name, true) FROM unnest($1::text[]) WITH ORDINALITY AS asked (name, place)
                         ORDER BY place";

const HAS_COULOMB: &str = "SELECT to_regclass('coulomb.organization') IS NOT NULL";

const STRANGER: &str = "SELECT org FROM coulomb.organization WHERE org !~ $1 LIMIT 1";

/// What is answered is durable, whatever the database's default is: the same as for the store.
const DURABLE: &str = "SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'";

/// The design by hand, on a pool of its own. Its connections belong to the runtime that first asks for them.
pub struct Usual {
    pool: Pool,
}

impl Usual {
    /// A pool of at most `connections_max`; connects when it is asked for something.
    pub fn new(options: &Options) -> Result<Usual, Fault> {
        let (config, tls) = tls::configure(options)?;
        let recycling_method = RecyclingMethod::Fast;
        let manager = Manager::from_config(config, tls, ManagerConfig { recycling_method });
        let set_up = Hook::async_fn(|client: &mut ClientWrapper, _| {
            Box::pin(async move { client.batch_execute(DURABLE).await.map_err(HookError::Backend) })
        });
        let pool = Pool::builder(manager)
            .max_size(options.connections_max)
            .runtime(Timers::Tokio1)
            .wait_timeout(Some(options.call_timeout))
            .create_timeout(Some(options.call_timeout))
            .post_create(set_up)
            .build()
            .map_err(|error| Fault::Unavailable(error.to_string()))?;
        Ok(Usual { pool })
    }

    /// What the database's settings are, in the order of their names, as one of our sessions has them; none for one that
    /// it does not know.
    pub async fn settings(&self, names: &[&str]) -> Result<Vec<Option<String>>, Fault> {
        let rows = self.rows(SETTINGS, &[&names]).await?;
        Ok(rows.iter().map(|row| row.try_get(0)).collect::<Result<_, _>>().map_err(Trouble::from)?)
    }

    /// An organization of coulomb's in this database whose id does not match the regular expression.
    pub async fn stranger(&self, ours: &str) -> Result<Option<String>, Fault> {
        let has_coulomb = self.rows(HAS_COULOMB, &[]).await?;
        if !has_coulomb.first().is_some_and(|row| row.get(0)) {
            return Ok(None);
        }
        let strangers = self.rows(STRANGER, &[&ours]).await?;
        Ok(strangers.first().map(|row| row.try_get(0)).transpose().map_err(Trouble::from)?)
    }

    /// Makes the schema anew, with these organizations and so many micro-credits for each.
    pub async fn create(&self, organizations: &[String], available: i64) -> Result<(), Fault> {
        let client = self.client().await?;
        let created = async {
            client.batch_execute(CREATE).await?;
            client.execute(FILL, &[&organizations, &available]).await?;
            // Statistics of a table that was empty a moment ago would lead to poor plans.
            client.batch_execute("VACUUM ANALYZE coulomb_bench_usual.organization").await
        };
        Ok(created.await.map_err(Trouble::from)?)
    }

    /// Removes the schema, if there is one.
    pub async fn drop_schema(&self) -> Result<(), Fault> {
        Ok(self.client().await?.batch_execute(DROP).await.map_err(Trouble::from)?)
    }

    /// Has what was written so far brought to its place: it would slow the commits of the next seconds. Not every user may
    /// ask for that; whoever may not measures with it.
    pub async fn settle_down(&self) -> Result<(), Fault> {
        match self.client().await?.batch_execute("CHECKPOINT").await {
            Err(error) if error.code() == Some(&SqlState::INSUFFICIENT_PRIVILEGE) => Ok(()),
            done => Ok(done.map_err(Trouble::from)?),
        }
    }

    /// Holds credits for a run; false if they are not there.
    pub async fn start(&self, organization: &str, run: &str, amount: i64) -> Result<bool, Fault> {
        let mut client = self.client().await?;
        let started = async {
            let transaction = client.transaction().await?;
            let balance = ask(&transaction, LOCK, &[&organization]).await?;
            let available: i64 = balance.first().map(|row| row.try_get(0)).transpose()?.unwrap_or_default();
            if available < amount {
                transaction.rollback().await?;
                return Ok(false);
            }
            ask(&transaction, INSERT_HOLD, &[&organization, &run, &amount]).await?;
            ask(&transaction, TAKE, &[&organization, &amount]).await?;
            transaction.commit().await?;
            Ok(true)
        };
        Ok(started.await.map_err(|error: tokio_postgres::Error| Trouble::from(error))?)
    }

    /// Ends a run: what was held and not used is available again. False if there is no such hold.
    pub async fn settle(&self, organization: &str, run: &str, used: i64) -> Result<bool, Fault> {
        let mut client = self.client().await?;
        let settled = async {
            let transaction = client.transaction().await?;
            ask(&transaction, LOCK, &[&organization]).await?;
            let hold = ask(&transaction, DELETE_HOLD, &[&organization, &run]).await?;
            let Some(held) = hold.first().map(|row| row.try_get::<_, i64>(0)).transpose()? else {
                transaction.rollback().await?;
                return Ok(false);
            };
            ask(&transaction, TAKE, &[&organization, &(used - held)]).await?;
            ask(&transaction, INSERT_USAGE, &[&organization, &run, &used]).await?;
            transaction.commit().await?;
            Ok(true)
        };
        Ok(settled.await.map_err(|error: tokio_postgres::Error| Trouble::from(error))?)
    }

    /// How many starts and settles the tables tell of: a hold is one, a row of usage is two.
    pub async fn stored(&self) -> Result<u64, Fault> {
        let stored = self.rows(STORED, &[]).await?;
        let count: i64 =
            stored.first().map(|row| row.try_get(0)).transpose().map_err(Trouble::from)?.unwrap_or_default();
        crate::column::number(count)
    }

    /// Inserts one row and commits it: the least that anything durable can cost here.
    pub async fn insert_one_row(&self) -> Result<(), Fault> {
        self.rows(INSERT_ONE_ROW, &[]).await.map(drop)
    }

    async fn client(&self) -> Result<Object, Fault> {
        Ok(self.pool.get().await.map_err(Trouble::from)?)
    }

    async fn rows(&self, statement: &str, params: &[&(dyn ToSql + Sync)]) -> Result<Vec<Row>, Fault> {
        let client = self.client().await?;
        let prepared = client.prepare_cached(statement).await.map_err(Trouble::from)?;
        Ok(client.query(&prepared, params).await.map_err(Trouble::from)?)
    }
}

/// One statement, prepared the first time its connection sees it.
async fn ask(
    transaction: &Transaction<'_>,
    statement: &str,
    params: &[&(dyn ToSql + Sync)],
) -> Result<Vec<Row>, tokio_postgres::Error> {
    let prepared = transaction.prepare_cached(statement).await?;
    transaction.query(&prepared, params).await
}

#[cfg(test)]
mod tests {
    use super::{Options, Usual};
    use xtask::postgres::fresh_database;

    #[test]
    fn a_hold_is_taken_once_and_what_was_not_used_comes_back() {
        let database = fresh_database();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async {
            let usual = Usual::new(&Options::new(&database.url)).expect("a pool");
            usual.create(&["a".to_owned()], 100).await.expect("the schema");
            assert!(usual.start("a", "r1", 60).await.expect("an answer"));
            assert!(!usual.start("a", "r2", 41).await.expect("an answer"), "only 40 are left");
            assert!(usual.settle("a", "r1", 10).await.expect("an answer"));
            assert!(!usual.settle("a", "r1", 10).await.expect("an answer"), "its hold is gone");
            assert!(usual.start("a", "r2", 90).await.expect("an answer"), "50 came back");
            assert!(!usual.start("b", "r1", 1).await.expect("an answer"), "nobody has heard of b");
            assert_eq!(usual.stored().await.expect("a count"), 3);
            usual.insert_one_row().await.expect("a row");
            usual.settle_down().await.expect("a checkpoint");
            let settings = usual.settings(&["synchronous_commit", "nobody_knows"]).await.expect("settings");
            assert_eq!(settings, [Some("on".to_owned()), None]);
            usual.drop_schema().await.expect("the schema goes");
            usual.stored().await.expect_err("there are no tables any more");
        });
    }

    #[test]
    fn organizations_of_others_are_found() {
        let database = fresh_database();
        let options = Options::new(&database.url);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let usual = Usual::new(&options).expect("a pool");
        let stranger = || runtime.block_on(usual.stranger("^bench-")).expect("an answer");
        assert_eq!(stranger(), None, "a database that coulomb has not seen");
        super::super::migrate(&options).expect("coulomb's schema");
        assert_eq!(stranger(), None);
        let insert = |id: &str| {
            let row = "INSERT INTO coulomb.organization (slot, org, version, hash, name, body, grants, tally)
                       VALUES (0, $1, 1, '', '', '', '[]', '[]')";
            runtime.block_on(usual.rows(row, &[&id])).expect("a row");
        };
        insert("bench-1");
        assert_eq!(stranger(), None);
        insert("acme");
        assert_eq!(stranger().as_deref(), Some("acme"));
    }
}
