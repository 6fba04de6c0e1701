//! Rebuilding a database: all its tables are made again, from its events, in an empty database beside it, by the code that
//! copies a store, and the two are compared table by table. Only what differs is replaced, and only where that is asked for.

use super::{
    Deployment, Options, Postgres, Trouble,
    import::{self, Copied, Manner},
    open, query, slot_of, statements,
};
use crate::{
    Fault, Store,
    column::{id, number},
    rebuild::{self, Cell, Rebuilt, Shape, Table, Verdict},
};
use deadpool_postgres::Object;
use futures_util::{SinkExt, TryStreamExt};
use ledger::{Account, Policy, Timestamp, id::OrganizationId};
use std::{collections::BTreeMap, pin::pin};
use tokio::sync::Mutex;
use tokio_postgres::{Client, RowStream, types::ToSql};

/// How many organizations are looked for at once.
const PAGE: usize = 200;

/// What does not follow from events.
const KEPT: &[&str] = &["api_key", "memo", "meta"];

/// No server may be writing: it would wait for this lock for as long as everything takes.
const LOCK: &str = "BEGIN; SET LOCAL lock_timeout = '5s'; SET LOCAL statement_timeout = 0;
    SET LOCAL idle_in_transaction_session_timeout = 0; LOCK TABLE coulomb.event, coulomb.organization IN SHARE ROW EXCLUSIVE MODE";

/// The tables with their columns in order, how each is read so that it is one of few types, and its place in the key.
const SHAPES: &str = "SELECT c.relname::text AS table, a.attname::text AS column,
      CASE WHEN t.typname = 'bytea' THEN 'bytea' WHEN t.typname IN ('int2', 'int4', 'int8') THEN 'bigint'
           WHEN t.typname = 'bool' THEN 'int::bigint' ELSE 'text' END AS read_as,
      array_position(i.indkey::int2[], a.attnum) AS place
    FROM pg_class c JOIN pg_namespace s ON s.oid = c.relnamespace AND s.nspname = 'coulomb'
      JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
      JOIN pg_type t ON t.oid = a.atttypid
      LEFT JOIN pg_index i ON i.indrelid = c.oid AND i.indisprimary
    WHERE c.relkind = 'r' ORDER BY c.relname, a.attnum";

/// All sums: those that had moved to their table when rows were written, and those that had not.
const TALLIES: &str = r#"SELECT slot::bigint, org, hour, kind, member, task, sum(credits)::bigint, sum(runs)::bigint, sum(refused)::bigint
    FROM (
      SELECT slot, org::text COLLATE "C" AS org, hour, kind::text COLLATE "C" AS kind, member::text COLLATE "C" AS member,
        task::text COLLATE "C" AS task, credits, runs, refused FROM coulomb.tally
      UNION ALL SELECT slot, org::text COLLATE "C", (t ->> 0)::bigint, (t ->> 1) COLLATE "C", (t ->> 2) COLLATE "C",
        (t ->> 3) COLLATE "C", (t ->> 4)::bigint, (t ->> 5)::bigint, (t ->> 6)::bigint
      FROM coulomb.organization, json_array_elements(tally::json) t
    ) AS sums GROUP BY slot, org, hour, kind, member, task ORDER BY slot, org, hour, kind, member, task"#;

/// Where all sums are: what replaces one has to replace the other.
const WITH_TALLIES: [&str; 2] = ["organization", "tally"];

/// A table, and how to read it.
struct Readable {
    /// What is compared.
    shape: Shape,
    /// The statement that reads it in the order of its key.
    select: String,
    /// All its columns.
    columns: Vec<String>,
}

/// Makes all tables again from the events in an empty database, and says what differs. The database itself stays as it is;
/// it is read at one instant, also beside running servers. What was made is left to whoever gave the empty database.
///
/// # Errors
/// [`Fault::Damaged`] names the first event that is not as it was recorded.
pub fn prove(stored: &Postgres, scratch: Options, policy: &Policy) -> Result<Rebuilt, Fault> {
    let scratch = empty(scratch)?;
    let instant = stored.at_one_instant()?;
    Ok(build(&instant, &scratch, policy)?.0)
}

/// As [`prove`]; and what differs is replaced in one transaction, during which nobody can write.
pub fn replace(stored: &Postgres, scratch: Options, policy: &Policy) -> Result<Rebuilt, Fault> {
    if stored.deployment == Deployment::Sharded {
        let text =
            "tables that are spread over machines are not replaced: move the rebuilt database to its place";
        return Err(Fault::Unavailable(text.into()));
    }
    let scratch = empty(scratch)?;
    let client = stored.wait(open::connect(&stored.options))?;
    stored.wait(client.batch_execute(LOCK)).map_err(in_the_way)?;
    // It reads what was there when the lock was given, and ends before anything is replaced.
    let instant = stored.at_one_instant()?;
    let (rebuilt, tables) = build(&instant, &scratch, policy)?;
    drop(instant);
    let differs = |name: &str| {
        let with = if WITH_TALLIES.contains(&name) { &WITH_TALLIES[..] } else { &[name] };
        let mut tables = rebuilt.tables.iter().filter(|table| with.contains(&table.name.as_str()));
        tables.any(|table| matches!(table.verdict, Verdict::Differs { .. }))
    };
    stored.wait(async {
        let from = open::connect(&scratch.options).await?;
        for table in tables.iter().filter(|table| differs(&table.shape.name)) {
            put(&from, &client, table).await?;
        }
        Ok::<_, Trouble>(client.batch_execute("COMMIT").await?)
    })?;
    Ok(rebuilt)
}

fn in_the_way(error: tokio_postgres::Error) -> Fault {
    match Fault::from(Trouble::from(error)) {
        Fault::Unavailable(text) => {
            Fault::Locked(format!("servers are running on this database, stop them first: {text}"))
        }
        other => other,
    }
}

/// A database that has the tables and nothing in them.
fn empty(options: Options) -> Result<Postgres, Fault> {
    let scratch = Postgres::open(options)?;
    let taken = !scratch.organizations(None, 1)?.is_empty() || !scratch.keys()?.is_empty();
    if taken || !scratch.all_memos(None, 1)?.is_empty() {
        let text = "the database to rebuild in is not empty: create one for it, and drop it afterwards";
        return Err(Fault::Unavailable(text.into()));
    }
    Ok(scratch)
}

/// Writes all rows from events, and compares them.
fn build(stored: &Postgres, scratch: &Postgres, policy: &Policy) -> Result<(Rebuilt, Vec<Readable>), Fault> {
    has_every_history(stored)?;
    let due = |account: &Account| match account.core().test_clock {
        Some(_) => None,
        None => account.next_due(policy),
    };
    let manner = Manner {
        organizations: &|after| next_histories(stored, after),
        counted: &|organization| match stored.usage(organization, Timestamp::MIN, Timestamp::MAX) {
            // Sums that cannot be read are not as their events say, and that is what comparing will find.
            Err(Fault::Damaged(_)) => Ok(Vec::new()),
            counted => counted,
        },
        due: &due,
    };
    let mut copied = Copied::default();
    import::copy_accounts(stored, scratch, &manner, &mut copied, &mut |_| {})?;
    let client = scratch.wait(open::connect(&scratch.options))?;
    let tables = scratch.wait(shapes(&client))?;
    let compared =
        tables.iter().map(|table| compare(stored, &client, table)).collect::<Result<Vec<_>, _>>()?;
    let rebuilt = Rebuilt { organizations: copied.organizations, events: copied.events, tables: compared };
    Ok((rebuilt, tables))
}

/// Nobody deletes events, so an organization without any has lost them. It takes as long as there are organizations.
fn has_every_history(stored: &Postgres) -> Result<(), Fault> {
    let conn = stored.wait(instant(stored).lock());
    let lost = stored.wait(query(&conn, &statements::NO_HISTORY, &[]))?;
    match lost.first() {
        None => Ok(()),
        Some(row) => {
            let organization: &str = row.try_get("org").map_err(Trouble::from)?;
            Err(Fault::Damaged(format!("the events of organization {organization} are missing")))
        }
    }
}

/// The connection that sees one instant, to be read from for longer than one call may take.
fn instant(stored: &Postgres) -> &Mutex<Object> {
    stored.instant.as_ref().expect("what is rebuilt is read at one instant")
}

/// The organizations after this one, by their events: their rows may be what is damaged.
fn next_histories(stored: &Postgres, after: Option<&OrganizationId>) -> Result<Vec<OrganizationId>, Fault> {
    let mut found: Vec<OrganizationId> = Vec::new();
    while found.len() < PAGE {
        let after = found.last().or(after);
        let Some(next) = stored.read(async |conn| next_history(conn, after).await)? else { break };
        found.push(next);
    }
    Ok(found)
}

async fn next_history(
    conn: &Object,
    after: Option<&OrganizationId>,
) -> Result<Option<OrganizationId>, Trouble> {
    let (slot, org) = after.map_or((-1, ""), |after| (slot_of(after), after.as_str()));
    let found = query(conn, &statements::NEXT_HISTORY, &[&slot, &org]).await?;
    let Some(row) = found.first() else { return Ok(None) };
    let organization: OrganizationId = id(row.try_get("org")?)?;
    let damaged = |what: &str| {
        Trouble::Fault(Fault::Damaged(format!("the events of organization {organization} {what}")))
    };
    if slot_of(&organization) != row.try_get::<_, i16>("slot")? {
        return Err(damaged("are not where they belong: their slot was changed"));
    }
    let params: [&(dyn ToSql + Sync); 2] = [&slot_of(&organization), &organization.as_str()];
    if let Some(row) = query(conn, &statements::SHORT_HISTORY, &params).await?.first() {
        let (end, version) = (number(row.try_get(0)?)?, number(row.try_get(1)?)?);
        return Err(damaged(&format!(
            "end with {end}, and its rows have seen event {version}: it is missing"
        )));
    }
    Ok(Some(organization))
}

/// A column as the catalogue describes it.
struct Column {
    name: String,
    /// The type that it is read as.
    read_as: String,
    /// Its place in the key.
    place: Option<i32>,
}

async fn shapes(client: &Client) -> Result<Vec<Readable>, Trouble> {
    let mut tables: BTreeMap<String, Vec<Column>> = BTreeMap::new();
    for row in client.query(SHAPES, &[]).await? {
        let (name, read_as, place) = (row.try_get("column")?, row.try_get("read_as")?, row.try_get("place")?);
        tables.entry(row.try_get("table")?).or_default().push(Column { name, read_as, place });
    }
    Ok(tables.into_iter().map(|(name, columns)| readable(name, columns)).collect())
}

fn readable(name: String, columns: Vec<Column>) -> Readable {
    let mut key: Vec<usize> = (0..columns.len()).filter(|column| columns[*column].place.is_some()).collect();
    key.sort_by_key(|column| columns[*column].place);
    let compared = |column: &&Column| (name.as_str(), column.name.as_str()) != ("organization", "tally");
    let read = columns.iter().filter(compared);
    let read = read.map(|Column { name, read_as, .. }| format!("t.{name}::{read_as}"));
    let read = read.collect::<Vec<_>>().join(", ");
    let order = key.iter().map(|column| format!("t.{}", columns[*column].name));
    let order = order.collect::<Vec<_>>().join(", ");
    let select = match name.as_str() {
        "tally" => TALLIES.into(),
        _ => format!("SELECT {read} FROM coulomb.{name} t ORDER BY {order}"),
    };
    let all: Vec<String> = columns.iter().map(|column| column.name.clone()).collect();
    let columns = columns.iter().filter(compared).map(|column| column.name.clone()).collect();
    Readable { shape: Shape { name: name.clone(), columns, key }, select, columns: all }
}

/// One table of the database against the one that was made.
fn compare(stored: &Postgres, scratch: &Client, table: &Readable) -> Result<Table, Fault> {
    let name = table.shape.name.clone();
    let conn = stored.wait(instant(stored).lock());
    if KEPT.contains(&name.as_str()) {
        let count = format!("SELECT count(*) FROM coulomb.{name}");
        let count = stored.wait(conn.query_one(&count, &[])).and_then(|row| row.try_get(0));
        let rows = number(count.map_err(Trouble::from)?)?;
        return Ok(Table { name, rows, verdict: Verdict::Kept });
    }
    let none = || std::iter::empty::<&(dyn ToSql + Sync)>();
    let mut one = pin!(stored.wait(conn.query_raw(&table.select, none())).map_err(Trouble::from)?);
    let mut other = pin!(stored.wait(scratch.query_raw(&table.select, none())).map_err(Trouble::from)?);
    let next = |rows: &mut std::pin::Pin<&mut RowStream>| stored.wait(cells(rows)).map_err(Fault::from);
    let whose = |n: i64| format!("organization number {n}");
    let compared = rebuild::compare(&table.shape, &whose, &mut || next(&mut one), &mut || next(&mut other))?;
    match (name.as_str(), &compared.verdict) {
        ("event", Verdict::Equal) => Ok(Table { verdict: Verdict::Kept, ..compared }),
        ("event", Verdict::Differs { first, .. }) => {
            Err(Fault::Damaged(format!("the events are damaged: {first}")))
        }
        _ => Ok(compared),
    }
}

/// The next row, whose columns come as few types.
async fn cells(rows: &mut std::pin::Pin<&mut RowStream>) -> Result<Option<Vec<Cell>>, Trouble> {
    let Some(row) = rows.try_next().await? else { return Ok(None) };
    let cell = |column: usize| {
        Ok(match row.columns()[column].type_().name() {
            "bytea" => row.try_get::<_, Option<Vec<u8>>>(column)?.map_or(Cell::Null, Cell::Bytes),
            "int8" => row.try_get::<_, Option<i64>>(column)?.map_or(Cell::Null, Cell::Number),
            _ => row.try_get::<_, Option<String>>(column)?.map_or(Cell::Null, Cell::Text),
        })
    };
    (0..row.len()).map(cell).collect::<Result<_, tokio_postgres::Error>>().map(Some).map_err(Trouble::from)
}

/// Makes a table what the same table of another database is.
async fn put(from: &Client, to: &Client, table: &Readable) -> Result<(), Trouble> {
    to.batch_execute(&format!("TRUNCATE coulomb.{}", table.shape.name)).await?;
    let table = format!("coulomb.{} ({})", table.shape.name, table.columns.join(", "));
    let mut rows = pin!(from.copy_out(&format!("COPY {table} TO STDOUT (FORMAT binary)")).await?);
    let mut sink = pin!(to.copy_in(&format!("COPY {table} FROM STDIN (FORMAT binary)")).await?);
    sink.send_all(&mut rows).await?;
    sink.finish().await?;
    Ok(())
}
