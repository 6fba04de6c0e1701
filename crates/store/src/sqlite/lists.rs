//! Pages of lists, newest first, and what else is read across rows.

use super::bytes;
use crate::{
    Fault, OrganizationRow, Page, RunFilter,
    column::{from_json, id, int, number, status, tally_row},
    tally::TallyRow,
};
use ledger::{
    Timestamp,
    id::{OrganizationId, TaskId},
    run::{Run, RunStatus},
};
use rusqlite::{Connection, ToSql, params};
use serde::de::DeserializeOwned;

/// Selects a page of bodies by number: `filter` is a condition beside the organization's, its parameters from `?4` on.
fn page<T: DeserializeOwned>(
    conn: &Connection,
    table: &str,
    filter: &str,
    filtered: &[&dyn ToSql],
    n: i64,
    before: Option<u64>,
    limit: usize,
) -> Result<Page<T>, Fault> {
    let select = format!(
        "SELECT seq, body FROM {table} WHERE org = ?1 AND seq < ?2{filter} ORDER BY seq DESC LIMIT ?3"
    );
    let before = before.map_or(i64::MAX, int);
    // One more than asked says whether there is another page.
    let most = i64::try_from(limit).unwrap_or(i64::MAX).saturating_add(1);
    let mut all: Vec<&dyn ToSql> = vec![&n, &before, &most];
    all.extend(filtered);
    let mut statement = conn.prepare_cached(&select)?;
    let mut found = statement.query(all.as_slice())?;
    let (mut rows, mut next) = (Vec::new(), None);
    let mut last = None;
    while let Some(row) = found.next()? {
        if rows.len() == limit {
            next = last;
            break;
        }
        last = Some(number(row.get(0)?)?);
        rows.push(from_json(table, bytes(row, 1)?)?);
    }
    Ok(Page { rows, next })
}

/// Everything in a table of this organization.
pub(super) fn bodies<T: DeserializeOwned>(
    conn: &Connection,
    table: &str,
    n: i64,
    before: Option<u64>,
    limit: usize,
) -> Result<Page<T>, Fault> {
    page(conn, table, "", &[], n, before, limit)
}

pub(super) fn open_debts<T: DeserializeOwned>(
    conn: &Connection,
    n: i64,
    before: Option<u64>,
    limit: usize,
) -> Result<Page<T>, Fault> {
    page(conn, "debt", " AND live = 1", &[], n, before, limit)
}

/// The second condition on status lets SQLite use the index of runs that are not settled.
pub(super) fn runs(
    conn: &Connection,
    n: i64,
    filter: &RunFilter,
    before: Option<u64>,
    limit: usize,
) -> Result<Page<Run>, Fault> {
    let wanted = filter.status.map(status);
    let task = filter.task.as_ref().map(TaskId::as_str);
    let unsettled = if filter.status == Some(RunStatus::Settled) { "" } else { " AND status <> 'settled'" };
    match (&wanted, &task) {
        (None, None) => bodies(conn, "run", n, before, limit),
        (None, Some(task)) => page(conn, "run", " AND task = ?4", &[task], n, before, limit),
        (Some(status), None) => {
            page(conn, "run", &format!(" AND status = ?4{unsettled}"), &[status], n, before, limit)
        }
        (Some(status), Some(task)) => {
            let filter = format!(" AND task = ?5 AND status = ?4{unsettled}");
            page(conn, "run", &filter, &[status, task], n, before, limit)
        }
    }
}

pub(super) fn due(conn: &Connection, by: Timestamp, limit: usize) -> Result<Vec<OrganizationId>, Fault> {
    let select = "SELECT id FROM organization WHERE next_due <= ?1 ORDER BY next_due LIMIT ?2";
    let mut select = conn.prepare_cached(select)?;
    let mut rows = select.query(params![by.micros(), i64::try_from(limit).unwrap_or(i64::MAX)])?;
    let mut organizations = Vec::new();
    while let Some(row) = rows.next()? {
        organizations.push(id(&row.get::<_, String>(0)?)?);
    }
    Ok(organizations)
}

pub(super) fn organizations(
    conn: &Connection,
    after: Option<&OrganizationId>,
    limit: usize,
) -> Result<Vec<OrganizationRow>, Fault> {
    let after = after.map_or("", |after| after.as_str());
    let select = "SELECT id, name, version FROM organization WHERE id > ?1 ORDER BY id LIMIT ?2";
    let mut select = conn.prepare_cached(select)?;
    let mut rows = select.query(params![after, i64::try_from(limit).unwrap_or(i64::MAX)])?;
    let mut organizations = Vec::new();
    while let Some(row) = rows.next()? {
        let version = number(row.get(2)?)?;
        organizations.push(OrganizationRow {
            id: id(&row.get::<_, String>(0)?)?,
            name: row.get(1)?,
            version,
        });
    }
    Ok(organizations)
}

pub(super) fn usage(
    conn: &Connection,
    n: i64,
    from: Timestamp,
    to: Timestamp,
) -> Result<Vec<TallyRow>, Fault> {
    let mut select = conn.prepare_cached(
        "SELECT hour, kind, member, task, credits, runs, refused FROM tally
         WHERE org = ?1 AND hour >= ?2 AND hour < ?3 ORDER BY hour, kind, member, task",
    )?;
    let mut rows = select.query(params![n, from.micros(), to.micros()])?;
    let mut sums = Vec::new();
    while let Some(row) = rows.next()? {
        let words: [String; 3] = [row.get(1)?, row.get(2)?, row.get(3)?];
        let counts = [row.get(4)?, row.get(5)?, row.get(6)?];
        sums.push(tally_row(row.get(0)?, words.each_ref().map(String::as_str), counts)?);
    }
    Ok(sums)
}
