//! Memos.

use super::{Patience, Postgres, Trouble, query, slot_of, statements};
use crate::{
    Fault,
    column::{id, int, number},
    memo::{Change, Listed, Memo, Owned},
    slot::slot,
};
use deadpool_postgres::Object;
use ledger::{Timestamp, id::OrganizationId};
use tokio_postgres::{Row, types::ToSql};

/// One call. Where its answer is lost nobody knows whether it was done: whoever asked reads before asking again.
pub(super) async fn keep(
    store: &Postgres,
    organization: &OrganizationId,
    changes: &[Change],
) -> Result<bool, Fault> {
    let memos = || changes.iter().map(Change::memo);
    let how: Vec<i16> = changes
        .iter()
        .map(|change| match change {
            Change::Write(memo) if memo.version == 0 => 0,
            Change::Write(_) => 1,
            Change::Forget(_) => 2,
        })
        .collect();
    let kinds: Vec<&str> = memos().map(|memo| memo.kind.as_str()).collect();
    let ids: Vec<&str> = memos().map(|memo| memo.id.as_str()).collect();
    let versions: Vec<i64> = memos().map(|memo| int(memo.version)).collect();
    let dues: Vec<Option<i64>> = memos().map(|memo| memo.due.map(Timestamp::micros)).collect();
    let bodies: Vec<&str> = memos().map(|memo| memo.body.as_str()).collect();
    let (slot, org) = (slot_of(organization), organization.as_str());
    let params: [&(dyn ToSql + Sync); 8] = [&slot, &org, &how, &kinds, &ids, &versions, &dues, &bodies];
    let mut patience = Patience::new(store.options.retry);
    loop {
        match store.attempt(async |conn| query(conn, &statements::KEEP, &params).await).await {
            Ok(_) => return Ok(true),
            Err(Trouble::Stale(_)) => return Ok(false),
            Err(Trouble::NotDone(_)) if patience.pause().await => {}
            Err(trouble) => return Err(trouble.into()),
        }
    }
}

pub(super) async fn one(
    conn: &Object,
    organization: &OrganizationId,
    kind: &str,
    id: &str,
) -> Result<Option<Memo>, Trouble> {
    let params: [&(dyn ToSql + Sync); 4] = [&slot_of(organization), &organization.as_str(), &kind, &id];
    let rows = query(conn, &statements::MEMO, &params).await?;
    rows.first().map(|row| read(row, kind.into())).transpose()
}

pub(super) async fn list(
    conn: &Object,
    organization: &OrganizationId,
    listed: &Listed<'_>,
    limit: usize,
) -> Result<Vec<Memo>, Trouble> {
    let (statement, after) = match listed.backwards {
        false => (&statements::MEMOS, Some(listed.after.unwrap_or_default())),
        true => (&statements::MEMOS_BACKWARDS, listed.after),
    };
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let params: [&(dyn ToSql + Sync); 5] =
        [&slot_of(organization), &organization.as_str(), &listed.kind, &after, &limit];
    query(conn, statement, &params).await?.iter().map(|row| read(row, listed.kind.into())).collect()
}

pub(super) async fn due(
    conn: &Object,
    kind: &str,
    by: Timestamp,
    limit: usize,
) -> Result<Vec<Owned>, Trouble> {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let params: [&(dyn ToSql + Sync); 3] = [&kind, &by.micros(), &limit];
    query(conn, &statements::DUE_MEMOS, &params).await?.iter().map(owned).collect()
}

pub(super) async fn all(conn: &Object, after: Option<&Owned>, limit: usize) -> Result<Vec<Owned>, Trouble> {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let start = ("", "", "");
    let (org, kind, id) = after.map_or(start, |owned| {
        (owned.organization.as_str(), owned.memo.kind.as_str(), owned.memo.id.as_str())
    });
    let place = after.map_or(-1, |owned| i16::from(slot(&owned.organization)));
    let params: [&(dyn ToSql + Sync); 5] = [&place, &org, &kind, &id, &limit];
    query(conn, &statements::ALL_MEMOS, &params).await?.iter().map(owned).collect()
}

fn owned(row: &Row) -> Result<Owned, Trouble> {
    Ok(Owned { organization: id(row.try_get("org")?)?, memo: read(row, row.try_get("kind")?)? })
}

fn read(row: &Row, kind: String) -> Result<Memo, Trouble> {
    Ok(Memo {
        kind,
        id: row.try_get("id")?,
        version: number(row.try_get("version")?)?,
        due: row.try_get::<_, Option<i64>>("due")?.map(Timestamp::from_micros),
        body: row.try_get("body")?,
    })
}
