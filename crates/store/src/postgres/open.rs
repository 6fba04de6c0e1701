//! Connections and the schema, which only moves forward.

use super::{Options, Patience, Trouble, tls};
use crate::Fault;
use deadpool_postgres::{Hook, HookError, Manager, ManagerConfig, Pool, RecyclingMethod, Runtime as Timers};
use std::time::Duration;
use tokio::runtime::Runtime;
use tokio_postgres::{Client, Config, GenericClient, config::TargetSessionAttrs};

/// Every schema change ever, in order: `schema` in the table `meta` counts those that were applied.
const MIGRATIONS: &[&str] = &[
    include_str!("../../migrations/postgres/0001_accounts.sql"),
    include_str!("../../migrations/postgres/0002_memos.sql"),
    include_str!("../../migrations/postgres/0003_open_runs.sql"),
    include_str!("../../migrations/postgres/0004_one_row.sql"),
    include_str!("../../migrations/postgres/0005_payments_apart.sql"),
];

/// What one commit is, as a function in the database. Its name ends with a number, so that servers of two versions can
/// run beside each other.
const COMMIT: &str = include_str!("commit.sql");

/// How memos change.
const KEEP: &str = include_str!("keep.sql");

/// Who migrates holds this lock: "coulomb" in bytes.
pub(super) const MIGRATING: i64 = 0x0063_6f75_6c6f_6d62;

/// How long a connection may take to be made.
const CONNECT_MAX: Duration = Duration::from_secs(5);

/// How the database is laid out, decided once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deployment {
    /// One server holds everything: a commit takes organizations of any slots.
    Whole,
    /// Slots lie on several machines: a commit takes organizations of one slot.
    Sharded,
}

/// The thread that moves bytes.
pub(super) fn runtime() -> Result<Runtime, Fault> {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    let builder = builder.worker_threads(1).thread_name("coulomb-postgres").enable_all();
    builder.build().map_err(|error| Fault::Unavailable(format!("no thread can be started: {error}")))
}

fn with_limits(mut config: Config) -> Config {
    if config.get_connect_timeout().is_none() {
        config.connect_timeout(CONNECT_MAX);
    }
    // A standby would answer with what was true a moment ago.
    if config.get_target_session_attrs() == TargetSessionAttrs::Any {
        config.target_session_attrs(TargetSessionAttrs::ReadWrite);
    }
    // A machine that is gone says nothing: ask it, and do not wait for minutes.
    config.keepalives_idle(Duration::from_secs(15)).keepalives_interval(Duration::from_secs(5));
    config
}

/// Connections, made when they are needed.
pub(super) fn pool(options: &Options, deployment: Deployment) -> Result<Pool, Fault> {
    let (config, tls) = tls::configure(options)?;
    let recycling_method = RecyclingMethod::Fast;
    let manager = Manager::from_config(with_limits(config), tls, ManagerConfig { recycling_method });
    let settings = settings(deployment);
    let set_up = Hook::async_fn(move |client: &mut deadpool_postgres::ClientWrapper, _| {
        Box::pin(async move { client.batch_execute(settings).await.map_err(HookError::Backend) })
    });
    Pool::builder(manager)
        .max_size(options.connections_max)
        .runtime(Timers::Tokio1)
        .wait_timeout(Some(options.call_timeout))
        .create_timeout(Some(options.call_timeout.min(CONNECT_MAX)))
        .post_create(set_up)
        .build()
        .map_err(|error| Fault::Unavailable(error.to_string()))
}

/// What is answered is durable, whatever the database's default is. On one server, where each statement looks up rows by
/// their keys, statistics of tables that were empty a moment ago must not lead anyone through whole tables or build a bitmap for
/// one row, and a statement is planned once.
fn settings(deployment: Deployment) -> &'static str {
    match deployment {
        Deployment::Whole => {
            "SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit', true) = 'off';
             SET enable_seqscan = off; SET enable_bitmapscan = off; SET enable_hashjoin = off; SET enable_mergejoin = off;
             SET plan_cache_mode = force_generic_plan; SET jit = off"
        }
        Deployment::Sharded => {
            "SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit', true) = 'off'"
        }
    }
}

/// One connection, outside the pool. It ends when the client is dropped. A database that is starting, or failing over, is
/// waited for.
pub(super) async fn connect(options: &Options) -> Result<Client, Trouble> {
    let (config, tls) = tls::configure(options)?;
    let config = with_limits(config);
    let mut patience = Patience::new(options.retry);
    loop {
        let connected = tokio::time::timeout(CONNECT_MAX, config.connect(tls.clone())).await;
        let why = match connected.map(|connected| connected.map_err(Trouble::from)) {
            Ok(Ok((client, connection))) => {
                // An error of the connection reaches whoever uses the client.
                tokio::spawn(async move { drop(connection.await) });
                return Ok(client);
            }
            Ok(Err(Trouble::NotDone(why) | Trouble::Unknown(why))) => why,
            Ok(Err(other)) => return Err(other),
            Err(_) => format!("the database has not answered within {} s", CONNECT_MAX.as_secs()),
        };
        if !patience.pause().await {
            return Err(Trouble::NotDone(why));
        }
    }
}

/// How the database is laid out, if it has this version's schema.
pub(super) async fn deployment(options: &Options) -> Result<Deployment, Fault> {
    let client = connect(options).await?;
    match applied(&client).await? {
        version if version == MIGRATIONS.len() => {}
        0 => {
            let text = "there are no tables of coulomb's in this database: start a server on it, or run `coulomb migrate`";
            return Err(Fault::Unavailable(text.into()));
        }
        _ => {
            let text = "the database was written by an older coulomb: start a server on it, or run `coulomb migrate`";
            return Err(Fault::Unavailable(text.into()));
        }
    }
    match meta(&client, "deployment").await?.as_deref() {
        Some("whole") => Ok(Deployment::Whole),
        Some("sharded") => Ok(Deployment::Sharded),
        other => Err(Fault::Damaged(format!("{other:?} stands where the deployment belongs"))),
    }
}

/// Brings the schema up to this version. Several may try at once: one does it, the others wait.
pub fn migrate(options: &Options) -> Result<Deployment, Fault> {
    let runtime = runtime()?;
    let done = runtime.block_on(async {
        let mut client = connect(options).await?;
        // Nothing is locked and nothing written where there is nothing to do.
        if applied(&client).await? != MIGRATIONS.len() {
            client.execute("SELECT pg_advisory_lock($1)", &[&MIGRATING]).await?;
            apply(&mut client).await?;
            client.execute("SELECT pg_advisory_unlock($1)", &[&MIGRATING]).await?;
        }
        drop(client);
        deployment(options).await.map_err(Trouble::from)
    });
    done.map_err(Fault::from)
}

/// How many migrations were applied, if this program can work with them.
async fn applied(client: &Client) -> Result<usize, Trouble> {
    let exists = "SELECT to_regclass('coulomb.meta') IS NOT NULL";
    if !client.query_one(exists, &[]).await?.try_get::<_, bool>(0)? {
        return Ok(0);
    }
    let schema = meta(client, "schema").await?;
    let version: usize = schema.as_deref().unwrap_or("0").parse().unwrap_or(usize::MAX);
    if version > MIGRATIONS.len() {
        return Err(Trouble::Fault(Fault::TooNew(format!(
            "the database was written by a newer coulomb (schema {version}, this one knows {}): use that version or a backup",
            MIGRATIONS.len()
        ))));
    }
    Ok(version)
}

pub(super) async fn meta(client: &Client, key: &str) -> Result<Option<String>, Trouble> {
    let row = client.query_opt("SELECT value FROM coulomb.meta WHERE key = $1", &[&key]).await?;
    Ok(row.map(|row| row.try_get(0)).transpose()?)
}

/// Applies what is missing, each step in a transaction of its own, and makes the functions again.
async fn apply(client: &mut Client) -> Result<(), Trouble> {
    if applied(client).await? == 0 {
        let first = client.transaction().await?;
        first.batch_execute("CREATE SCHEMA IF NOT EXISTS coulomb").await?;
        first
            .batch_execute(
                "CREATE TABLE IF NOT EXISTS coulomb.meta (key text PRIMARY KEY, value text NOT NULL);
                 INSERT INTO coulomb.meta (key, value) VALUES ('schema', '0'), ('slots', '64'), ('deployment', 'whole')",
            )
            .await?;
        first.commit().await?;
    }
    let from = applied(client).await?;
    for (step, sql) in MIGRATIONS.iter().enumerate().skip(from) {
        let transaction = client.transaction().await?;
        transaction.batch_execute(sql).await?;
        // They need the tables of this version.
        if step + 1 == MIGRATIONS.len() {
            functions(&transaction).await?;
        }
        let version = (step + 1).to_string();
        transaction.execute("UPDATE coulomb.meta SET value = $1 WHERE key = 'schema'", &[&version]).await?;
        transaction.commit().await?;
    }
    Ok(())
}

/// How `commit.sql` says which organization a row is of: of the loop over them, of a row, of one that is taken by its key.
const PLACES: [(&str, &str); 6] =
    [("i", "i"), ("u", "u.o"), ("x", "x_o[i]"), ("r", "r_o[i]"), ("c", "c_o[i]"), ("m", "m_o[i]")];

/// Makes the functions of this version; both, because a database that is whole may be sharded later.
async fn functions(client: &impl GenericClient) -> Result<(), Trouble> {
    for (name, parameter, slot) in
        [("commit_5", "o_slot smallint[]", "o_slot[{place}]"), ("commit_slot_5", "p_slot smallint", "p_slot")]
    {
        let mut text = COMMIT.replace("{name}", name).replace("{slot_parameter}", parameter);
        for (letter, place) in PLACES {
            text = text.replace(&format!("{{slot_of_{letter}}}"), &slot.replace("{place}", place));
        }
        client.batch_execute(&text).await?;
    }
    client.batch_execute(KEEP).await?;
    Ok(())
}
