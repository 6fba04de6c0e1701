//! Pages of lists, newest first, and what else is read across rows.

use super::{bytes, statements};
use crate::{
    Fault, OrganizationRow, Page, RunFilter,
    column::{from_json, id, int, number, read_tally, status, tally_row},
    tally::TallyRow,
};
use ledger::{
    Timestamp,
    id::{OrganizationId, TaskId},
    run::{Run, RunStatus},
};
use rusqlite::{Connection, OptionalExtension, ToSql, params};
use serde::de::DeserializeOwned;

/// Which page of an organization's list.
#[derive(Clone, Copy)]
pub(super) struct Asked {
    /// The organization's number.
    pub(super) n: i64,
    pub(super) before: Option<u64>,
    pub(super) limit: usize,
}

/// A page of bodies by number; `filtered` are the statement's parameters from `?4` on.
pub(super) fn page<T: DeserializeOwned>(
    conn: &Connection,
    what: &str,
    select: &str,
    asked: Asked,
    filtered: &[&dyn ToSql],
) -> Result<Page<T>, Fault> {
    let before = asked.before.map_or(i64::MAX, int);
    // One more than asked says whether there is another page.
    let most = i64::try_from(asked.limit).unwrap_or(i64::MAX).saturating_add(1);
    let mut all: Vec<&dyn ToSql> = vec![&asked.n, &before, &most];
    all.extend(filtered);
    let mut statement = conn.prepare_cached(select)?;
    let mut found = statement.query(all.as_slice())?;
    let (mut rows, mut next) = (Vec::new(), None);
    let mut last = None;
    while let Some(row) = found.next()? {
        if rows.len() == asked.limit {
            next = last;
            break;
        }
        last = Some(number(row.get(0)?)?);
        rows.push(from_json(what, bytes(row, 1)?)?);
    }
    Ok(Page { rows, next })
}

pub(super) fn runs(conn: &Connection, filter: &RunFilter, asked: Asked) -> Result<Page<Run>, Fault> {
    let page = |select, filtered: &[&dyn ToSql]| page(conn, "run", select, asked, filtered);
    let task = filter.task.as_ref().map(TaskId::as_str);
    match (filter.status, &task) {
        (None, None) => walk(conn, asked, None),
        (None, Some(task)) => page(statements::RUNS_OF_TASK, &[task]),
        (Some(RunStatus::Settled), None) => walk(conn, asked, Some("settled")),
        (Some(RunStatus::Settled), Some(task)) => page(statements::SETTLED_RUNS_OF_TASK, &[task]),
        (Some(other), None) => page(statements::UNSETTLED_RUNS, &[&status(other)]),
        (Some(other), Some(task)) => page(statements::UNSETTLED_RUNS_OF_TASK, &[task, &status(other)]),
    }
}

/// How many runs one page looks through. Where fewer than were asked for are found among so many, the page is short and
/// says where to go on.
const STEPS_MAX: usize = 10_000;

/// A page of an organization's runs, walking back from its last one.
fn walk(conn: &Connection, asked: Asked, wanted: Option<&str>) -> Result<Page<Run>, Fault> {
    let before = asked.before.map_or(i64::MAX, int);
    let landmark =
        conn.prepare_cached(statements::RUN_LANDMARK)?.query_row(params![asked.n, before], |row| row.get(0));
    let mut place: i64 = match landmark.optional()? {
        Some(place) => place,
        None => conn.prepare_cached(statements::LAST_RUN)?.query_row([asked.n], |row| row.get(0))?,
    };
    let mut select = conn.prepare_cached(statements::RUN_AT)?;
    let (mut rows, mut last, mut seen) = (Vec::new(), None, None);
    for _ in 0..STEPS_MAX {
        if place == 0 {
            return Ok(Page { rows, next: None });
        }
        let mut found = select.query([place])?;
        let row =
            found.next()?.ok_or_else(|| Fault::Damaged(format!("the run at place {place} is missing")))?;
        let (org, seq): (i64, i64) = (row.get(0)?, row.get(1)?);
        if org != asked.n {
            return Err(Fault::Damaged(format!("the run at place {place} is another organization's")));
        }
        place = row.get(2)?;
        if seq < before
            && wanted.is_none_or(|wanted| bytes(row, 3).is_ok_and(|status| status == wanted.as_bytes()))
        {
            if rows.len() == asked.limit {
                return Ok(Page { rows, next: last });
            }
            last = Some(number(seq)?);
            rows.push(from_json("run", bytes(row, 4)?)?);
        }
        seen = Some(number(seq)?);
    }
    Ok(Page { rows, next: seen })
}

pub(super) fn due(conn: &Connection, by: Timestamp, limit: usize) -> Result<Vec<OrganizationId>, Fault> {
    let mut select = conn.prepare_cached(statements::DUE)?;
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
    let mut select = conn.prepare_cached(statements::ORGANIZATIONS)?;
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
    let stored = |row: &rusqlite::Row<'_>| read_tally(bytes(row, 0)?);
    let tally = conn.prepare_cached(statements::TALLY)?.query_row([n], |row| Ok(stored(row)))??;
    let mut sums = tally.between(from, to);
    let mut select = conn.prepare_cached(statements::USAGE)?;
    let mut rows = select.query(params![n, from.micros(), to.micros()])?;
    while let Some(row) = rows.next()? {
        let words: [String; 3] = [row.get(1)?, row.get(2)?, row.get(3)?];
        let counts = [row.get(4)?, row.get(5)?, row.get(6)?];
        sums.include(tally_row(row.get(0)?, words.each_ref().map(String::as_str), counts)?);
    }
    Ok(sums.into_rows())
}
