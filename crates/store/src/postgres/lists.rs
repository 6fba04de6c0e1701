//! Pages of lists, newest first, and what else is read across rows.

use super::{Statement, Trouble, account::body, query, slot_of, statements};
use crate::{
    OrganizationRow, Page, RunFilter, StoredEvent,
    column::{hash, id, int, number, read_tally, status, tally_row},
    tally::{Tally, TallyRow},
};
use deadpool_postgres::Object;
use ledger::{
    Timestamp,
    id::{OrganizationId, RunId, TaskId},
    run::{Run, RunStatus},
};
use serde::de::DeserializeOwned;
use tokio_postgres::types::ToSql;

/// Which page of an organization's list.
#[derive(Clone, Copy)]
pub(super) struct Asked<'a> {
    pub(super) organization: &'a OrganizationId,
    pub(super) before: Option<u64>,
    pub(super) limit: usize,
}

fn most(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}

/// A page of bodies by number; `filtered` are the statement's parameters from `$5` on.
pub(super) async fn page<T: DeserializeOwned>(
    conn: &Object,
    what: &str,
    statement: &Statement,
    asked: Asked<'_>,
    filtered: &[&(dyn ToSql + Sync)],
) -> Result<Page<T>, Trouble> {
    let (slot, organization) = (slot_of(asked.organization), asked.organization.as_str());
    let before = asked.before.map_or(i64::MAX, int);
    // One more than asked says whether there is another page.
    let limit = most(asked.limit).saturating_add(1);
    let mut params: Vec<&(dyn ToSql + Sync)> = vec![&slot, &organization, &before, &limit];
    params.extend(filtered);
    let found = query(conn, statement, &params).await?;
    let shown = &found[..found.len().min(asked.limit)];
    let next = match shown.last() {
        Some(last) if found.len() > shown.len() => Some(number(last.try_get("seq")?)?),
        _ => None,
    };
    let rows = shown.iter().map(|row| body(what, row)).collect::<Result<_, _>>()?;
    Ok(Page { rows, next })
}

pub(super) async fn runs(conn: &Object, filter: &RunFilter, asked: Asked<'_>) -> Result<Page<Run>, Trouble> {
    let task = filter.task.as_ref().map(TaskId::as_str);
    let wanted = filter.status.map(status);
    match (filter.status, &wanted, &task) {
        (Some(RunStatus::Running), _, None) => page(conn, "run", &statements::RUNNING_RUNS, asked, &[]).await,
        (Some(RunStatus::Running), _, Some(task)) => {
            page(conn, "run", &statements::RUNNING_RUNS_OF_TASK, asked, &[task]).await
        }
        (Some(RunStatus::Settled), _, None) => page(conn, "run", &statements::SETTLED_RUNS, asked, &[]).await,
        (_, Some(status), None) => page(conn, "run", &statements::UNSETTLED_RUNS, asked, &[status]).await,
        (_, Some(status), Some(task)) => {
            page(conn, "run", &statements::CLOSED_RUNS_OF_TASK, asked, &[task, status]).await
        }
        (_, None, Some(task)) => page(conn, "run", &statements::RUNS_OF_TASK, asked, &[task]).await,
        (_, None, None) => page(conn, "run", &statements::RUNS, asked, &[]).await,
    }
}

pub(super) async fn run(
    conn: &Object,
    organization: &OrganizationId,
    run: &RunId,
) -> Result<Option<Run>, Trouble> {
    let rows =
        query(conn, &statements::RUN, &[&slot_of(organization), &organization.as_str(), &run.as_str()])
            .await?;
    rows.first().map(|row| body("run", row)).transpose()
}

pub(super) async fn events(
    conn: &Object,
    organization: &OrganizationId,
    after: u64,
    limit: usize,
) -> Result<Vec<StoredEvent>, Trouble> {
    // A caller may ask for what is after the last number there can be.
    let after = i64::try_from(after).unwrap_or(i64::MAX);
    let params: [&(dyn ToSql + Sync); 4] =
        [&slot_of(organization), &organization.as_str(), &after, &most(limit)];
    let mut events = Vec::new();
    for row in &query(conn, &statements::EVENTS, &params).await? {
        let bytes: String = row.try_get("body")?;
        events.push(StoredEvent {
            seq: number(row.try_get("seq")?)?,
            bytes: bytes.into_bytes(),
            hash: hash(row.try_get("hash")?)?,
        });
    }
    Ok(events)
}

pub(super) async fn usage(
    conn: &Object,
    organization: &OrganizationId,
    from: Timestamp,
    to: Timestamp,
) -> Result<Vec<TallyRow>, Trouble> {
    let params: [&(dyn ToSql + Sync); 4] =
        [&slot_of(organization), &organization.as_str(), &from.micros(), &to.micros()];
    let mut sums = Tally::default();
    for row in &query(conn, &statements::USAGE, &params).await? {
        if let Some(tally) = row.try_get::<_, Option<&str>>("tally")? {
            sums.add(&read_tally(tally.as_bytes())?.between(from, to));
            continue;
        }
        let words = [row.try_get("kind")?, row.try_get("member")?, row.try_get("task")?];
        let counts = [row.try_get("credits")?, row.try_get("runs")?, row.try_get("refused")?];
        sums.include(tally_row(row.try_get("hour")?, words, counts)?);
    }
    Ok(sums.into_rows())
}

pub(super) async fn due(conn: &Object, by: Timestamp, limit: usize) -> Result<Vec<OrganizationId>, Trouble> {
    let rows = query(conn, &statements::DUE, &[&by.micros(), &most(limit)]).await?;
    rows.iter().map(|row| Ok(id(row.try_get("org")?)?)).collect()
}

pub(super) async fn organizations(
    conn: &Object,
    after: Option<&OrganizationId>,
    limit: usize,
) -> Result<Vec<OrganizationRow>, Trouble> {
    let after = after.map_or("", |after| after.as_str());
    let rows = query(conn, &statements::ORGANIZATIONS, &[&after, &most(limit)]).await?;
    let organization = |row: &tokio_postgres::Row| {
        Ok(OrganizationRow {
            id: id(row.try_get("org")?)?,
            name: row.try_get("name")?,
            version: number(row.try_get("version")?)?,
        })
    };
    rows.iter().map(organization).collect()
}
