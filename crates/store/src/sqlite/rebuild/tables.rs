//! The tables of a database, as it describes them itself: copied where they do not follow from events, and compared where
//! they do.

use super::super::{
    run_ids::{self, RunIds, SEGMENT_RUNS},
    statements,
};
use crate::{
    Fault,
    rebuild::{self, Cell, Shape, Table, Verdict},
};
use ledger::id::RunId;
use rusqlite::{
    Connection, params, params_from_iter,
    types::{ToSqlOutput, ValueRef},
};

/// What does not follow from events. Of `meta` only what all tables have in common does.
pub(super) const KEPT: &[&str] = &["event", "meta", "api_key", "memo"];

/// Those of them that are in the new database before anything is folded.
pub(super) const HERE_ALREADY: &[&str] = &["event", "meta"];

/// Every table of the new database against that of the old one.
pub(super) fn compare(source: &Connection, target: &Connection, events: u64) -> Result<Vec<Table>, Fault> {
    let mut tables = Vec::new();
    for shape in shapes(target)? {
        let name = shape.name.clone();
        if run_ids::TABLES.contains(&name.as_str()) {
            continue;
        }
        tables.push(match KEPT.contains(&name.as_str()) {
            true => {
                let rows = if name == "event" { events } else { count(source, &name)? };
                Table { name, rows, verdict: Verdict::Kept }
            }
            false => rows(source, target, shape)?,
        });
    }
    tables.push(run_ids(source, target)?);
    Ok(tables)
}

/// Copies a table as it is.
pub(super) fn copy(source: &Connection, target: &Connection, table: &str) -> Result<(), Fault> {
    let all = shapes(target)?;
    let Some(shape) = all.iter().find(|shape| shape.name == table) else { return Ok(()) };
    let marks = vec!["?"; shape.columns.len()].join(", ");
    let insert = format!("INSERT OR REPLACE INTO {table} ({}) VALUES ({marks})", shape.columns.join(", "));
    let transaction = target.unchecked_transaction()?;
    {
        let mut insert = target.prepare(&insert)?;
        let mut select = source.prepare(&format!("SELECT {} FROM {table}", shape.columns.join(", ")))?;
        let mut rows = select.query([])?;
        while let Some(row) = rows.next()? {
            let values =
                (0..shape.columns.len()).map(|column| Ok(ToSqlOutput::Borrowed(row.get_ref(column)?)));
            let values = values.collect::<Result<Vec<_>, rusqlite::Error>>()?;
            insert.execute(params_from_iter(values))?;
        }
    }
    Ok(transaction.commit()?)
}

/// The tables there are, in the order in which they were made.
fn shapes(conn: &Connection) -> Result<Vec<Shape>, Fault> {
    let mut names = conn.prepare(
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY rowid",
    )?;
    let names = names.query_map([], |row| row.get::<_, String>(0))?;
    let mut shapes = Vec::new();
    for name in names {
        let name = name?;
        let mut columns = conn.prepare("SELECT name, pk FROM pragma_table_info(?1) ORDER BY cid")?;
        let columns = columns.query_map([&name], |row| Ok((row.get(0)?, row.get(1)?)))?;
        let columns: Vec<(String, i64)> = columns.collect::<Result<_, _>>()?;
        let (columns, places): (Vec<_>, Vec<_>) = columns.into_iter().unzip();
        let mut key: Vec<usize> = (0..columns.len()).filter(|column| places[*column] > 0).collect();
        key.sort_by_key(|column| places[*column]);
        shapes.push(Shape { name, columns, key });
    }
    Ok(shapes)
}

/// What a column says, or nothing where it is only the place of a row. Where the row of a run lies depends on when it was
/// written, and does not follow from events; a place is compared by the number of the run that is there.
fn meaning(table: &str, column: &str) -> Option<String> {
    let run_at = |place, org| format!("(SELECT p.seq FROM run p WHERE p.n = t.{place} AND p.org = t.{org})");
    match (table, column) {
        ("run", "n") => None,
        ("run", "prev") => Some(run_at("prev", "org")),
        ("run_landmark", "n") => Some(run_at("n", "org")),
        ("organization", "last_run") => Some(run_at("last_run", "n")),
        // Its sums are compared with those in their table.
        ("organization", "tally") => None,
        _ => Some(format!("t.{column}")),
    }
}

/// All sums: those that have moved to their table when rows were written, and those that have not.
const TALLIES: &str = "SELECT org, hour, kind, member, task, sum(credits), sum(runs), sum(refused) FROM (
      SELECT org, hour, kind, member, task, credits, runs, refused FROM tally
      UNION ALL SELECT n, t.value ->> 0, t.value ->> 1, t.value ->> 2, t.value ->> 3, t.value ->> 4, t.value ->> 5, t.value ->> 6
      FROM organization, json_each(tally) t
    ) GROUP BY org, hour, kind, member, task ORDER BY org, hour, kind, member, task";

/// A table without the places of its rows, and how to read it.
fn to_compare(mut shape: Shape) -> (Shape, String) {
    if shape.name == "run" {
        shape.columns.retain(|column| column != "n");
        let of = |name| shape.columns.iter().position(|column| column == name);
        shape.key = [of("org"), of("seq")].into_iter().flatten().collect();
    }
    if shape.name == "tally" {
        return (shape, TALLIES.into());
    }
    if shape.name == "organization" {
        shape.columns.retain(|column| column != "tally");
    }
    let said: Vec<String> = shape.columns.iter().filter_map(|column| meaning(&shape.name, column)).collect();
    let key: Vec<String> = shape.key.iter().map(|column| format!("t.{}", shape.columns[*column])).collect();
    let select = format!("SELECT {} FROM {} t ORDER BY {}", said.join(", "), shape.name, key.join(", "));
    (shape, select)
}

fn count(conn: &Connection, table: &str) -> Result<u64, Fault> {
    let count = conn.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0))?;
    crate::column::number(count)
}

/// A table that follows from events. One that cannot even be read is not as they say.
fn rows(source: &Connection, target: &Connection, shape: Shape) -> Result<Table, Fault> {
    let (shape, select) = to_compare(shape);
    let whose = |n: i64| {
        let id = target.query_row(statements::ORGANIZATION_ID, [n], |row| row.get::<_, String>(0));
        id.map_or_else(|_| format!("organization number {n}"), |id| format!("organization {id}"))
    };
    let compared = || {
        let (mut one, mut other) = (source.prepare(&select)?, target.prepare(&select)?);
        let (mut one, mut other) = (one.query([])?, other.query([])?);
        rebuild::compare(&shape, &whose, &mut || next(&mut one, &shape), &mut || next(&mut other, &shape))
    };
    match compared() {
        Err(Fault::Damaged(what)) => unreadable(&shape.name, count(target, &shape.name)?, &what),
        compared => compared,
    }
}

fn unreadable(name: &str, rows: u64, what: &str) -> Result<Table, Fault> {
    let verdict = Verdict::Differs { rows: 1, first: format!("it cannot be read: {what}") };
    Ok(Table { name: name.into(), rows, verdict })
}

fn next(rows: &mut rusqlite::Rows<'_>, shape: &Shape) -> Result<Option<Vec<Cell>>, Fault> {
    let Some(row) = rows.next()? else { return Ok(None) };
    let cell = |column| {
        Ok::<_, rusqlite::Error>(match row.get_ref(column)? {
            ValueRef::Null => Cell::Null,
            ValueRef::Integer(number) => Cell::Number(number),
            ValueRef::Real(number) => Cell::Text(number.to_string()),
            ValueRef::Text(text) => Cell::Text(String::from_utf8_lossy(text).into_owned()),
            ValueRef::Blob(bytes) => Cell::Bytes(bytes.to_vec()),
        })
    };
    Ok(Some((0..shape.columns.len()).map(cell).collect::<Result<_, _>>()?))
}

/// The list of all run ids, by what it is there for: every run has to be found by its id.
fn run_ids(source: &Connection, target: &Connection) -> Result<Table, Fault> {
    let name = run_ids::TABLES.join(", ");
    match lost_runs(source, target) {
        Ok((rows, verdict)) => Ok(Table { name, rows, verdict }),
        Err(Fault::Damaged(what)) => unreadable(&name, count(target, "run")?, &what),
        Err(fault) => Err(fault),
    }
}

fn lost_runs(source: &Connection, target: &Connection) -> Result<(u64, Verdict), Fault> {
    let ids = RunIds::open(source, SEGMENT_RUNS, false)?;
    let mut row_of = source.prepare(statements::RUN)?;
    let mut select = target.prepare(statements::RUN_IDS)?;
    let mut runs = select.query([])?;
    let (mut rows, mut lost, mut first) = (0, 0, None);
    while let Some(row) = runs.next()? {
        let (n, id): (i64, RunId) = (row.get(1)?, crate::column::id(&row.get::<_, String>(2)?)?);
        rows += 1;
        let mut found = false;
        for place in ids.candidates(source, n, &id)? {
            found |= row_of.exists(params![n, place, id.as_str()])?;
        }
        if !found {
            lost += 1;
            first.get_or_insert_with(|| format!("run {id} is not found by its id"));
        }
    }
    let verdict = first.map_or(Verdict::Equal, |first| Verdict::Differs { rows: lost, first });
    Ok((rows, verdict))
}
