//! Spreading a database over several machines by the slot, once. It may be done with data in it, and again after an
//! interruption; no server may be running on it meanwhile.

use super::{Deployment, Options, Trouble, open};
use crate::Fault;
use tokio_postgres::Client;

/// An engine that speaks PostgreSQL's protocol and shards by a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    /// Citus: tables are distributed by command, and a commit runs where its slot lies.
    Citus,
    /// An engine that shards by the first column of primary keys, which is the slot, by itself.
    Keyed,
}

/// The tables of organizations. The first is the one that the others lie beside.
const BY_SLOT: [&str; 12] = [
    "organization",
    "event",
    "grants",
    "open_run",
    "closed_run",
    "debt",
    "payment",
    "payment_fact",
    "answer",
    "refusal",
    "tally",
    "memo",
];

/// The tables that are the same for all.
const EVERYWHERE: [&str; 2] = ["api_key", "meta"];

/// From now on each commit is for one slot, and where the engine has to be told, tables and function are distributed.
pub fn distribute(options: &Options, engine: Engine) -> Result<Deployment, Fault> {
    open::migrate(options)?;
    let runtime = open::runtime()?;
    let done = runtime.block_on(async {
        let client = open::connect(options).await?;
        client.execute("SELECT pg_advisory_lock($1)", &[&open::MIGRATING]).await?;
        if engine == Engine::Citus {
            citus(&client).await?;
        }
        let now = "UPDATE coulomb.meta SET value = 'sharded' WHERE key = 'deployment'";
        client.execute(now, &[]).await?;
        client.execute("SELECT pg_advisory_unlock($1)", &[&open::MIGRATING]).await?;
        Ok::<_, Trouble>(())
    });
    done?;
    runtime.block_on(open::deployment(options))
}

/// Each step is a statement, and a transaction, of its own: Citus does not mix them well.
async fn citus(client: &Client) -> Result<(), Trouble> {
    let extension = "SELECT 1 FROM pg_extension WHERE extname = 'citus'";
    if client.query_opt(extension, &[]).await?.is_none() {
        let text = "the database has no Citus: run `CREATE EXTENSION citus` in it, and add its worker nodes";
        return Err(Trouble::Fault(Fault::Unavailable(text.into())));
    }
    for table in BY_SLOT {
        if !is_distributed(client, table).await? {
            let beside = if table == BY_SLOT[0] { "none" } else { "coulomb.organization" };
            let distribute = format!(
                "SELECT create_distributed_table('coulomb.{table}', 'slot', colocate_with => '{beside}')"
            );
            client.batch_execute(&distribute).await?;
        }
    }
    for table in EVERYWHERE {
        if !is_distributed(client, table).await? {
            client.batch_execute(&format!("SELECT create_reference_table('coulomb.{table}')")).await?;
        }
    }
    for function in ["commit_slot_5", "keep_2"] {
        let delegate = format!(
            "SELECT create_distributed_function('coulomb.{function}'::regproc::oid::regprocedure, 'p_slot',
                                                colocate_with => 'coulomb.organization')"
        );
        client.batch_execute(&delegate).await?;
    }
    Ok(())
}

async fn is_distributed(client: &Client, table: &str) -> Result<bool, Trouble> {
    let known = "SELECT 1 FROM pg_dist_partition WHERE logicalrel = $1::text::regclass";
    Ok(client.query_opt(known, &[&format!("coulomb.{table}")]).await?.is_some())
}
