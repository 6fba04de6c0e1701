//! Memos. Also whoever opens the database beside a server writes them.

use super::statements;
use crate::{
    Fault, column,
    memo::{Change, Listed, Memo, Owned},
};
use ledger::{Timestamp, id::OrganizationId};
use rusqlite::{Connection, Row, TransactionBehavior, params};

/// Changes that hang together; false where one of them is not possible.
pub(super) fn keep(
    conn: &mut Connection,
    organization: &OrganizationId,
    changes: &[Change],
) -> Result<bool, Fault> {
    let transaction = conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
    for change in changes {
        if !apply(&transaction, organization, change)? {
            return Ok(false);
        }
    }
    transaction.commit()?;
    Ok(true)
}

fn apply(conn: &Connection, organization: &OrganizationId, change: &Change) -> Result<bool, Fault> {
    let (org, memo) = (organization.as_str(), change.memo());
    let Memo { kind, id, version, body, .. } = memo;
    let (due, version) = (memo.due.map(Timestamp::micros), column::int(*version));
    let changed = match change {
        Change::Write(_) if version == 0 => {
            conn.prepare_cached(statements::NEW_MEMO)?.execute(params![org, kind, id, due, body])?
        }
        Change::Write(_) => conn
            .prepare_cached(statements::CHANGE_MEMO)?
            .execute(params![org, kind, id, due, body, version])?,
        Change::Forget(_) => {
            conn.prepare_cached(statements::FORGET_MEMO)?.execute(params![org, kind, id, version])?
        }
    };
    Ok(changed == 1)
}

/// Writes one whatever stood there, inside a commit.
pub(super) fn write(conn: &Connection, organization: &OrganizationId, memo: &Memo) -> Result<(), Fault> {
    let due = memo.due.map(Timestamp::micros);
    conn.prepare_cached(statements::WRITE_MEMO)?.execute(params![
        organization.as_str(),
        memo.kind,
        memo.id,
        due,
        memo.body
    ])?;
    Ok(())
}

pub(super) fn one(
    conn: &Connection,
    organization: &OrganizationId,
    kind: &str,
    id: &str,
) -> Result<Option<Memo>, Fault> {
    let mut select = conn.prepare_cached(statements::MEMO)?;
    let mut rows = select.query(params![organization.as_str(), kind, id])?;
    rows.next()?.map(|row| read(row, kind.into(), 0)).transpose()
}

pub(super) fn list(
    conn: &Connection,
    organization: &OrganizationId,
    listed: Listed<'_>,
    limit: usize,
) -> Result<Vec<Memo>, Fault> {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let (statement, after) = match listed.backwards {
        false => (statements::MEMOS, Some(listed.after.unwrap_or_default())),
        true => (statements::MEMOS_BACKWARDS, listed.after),
    };
    let mut select = conn.prepare_cached(statement)?;
    let mut rows = select.query(params![organization.as_str(), listed.kind, after, limit])?;
    let mut memos = Vec::new();
    while let Some(row) = rows.next()? {
        memos.push(read(row, listed.kind.into(), 0)?);
    }
    Ok(memos)
}

pub(super) fn due(conn: &Connection, kind: &str, by: Timestamp, limit: usize) -> Result<Vec<Owned>, Fault> {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let mut select = conn.prepare_cached(statements::DUE_MEMOS)?;
    owned(select.query(params![kind, by.micros(), limit])?)
}

pub(super) fn all(conn: &Connection, after: Option<&Owned>, limit: usize) -> Result<Vec<Owned>, Fault> {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let (org, kind, id) = after.map_or(("", "", ""), |owned| {
        (owned.organization.as_str(), owned.memo.kind.as_str(), owned.memo.id.as_str())
    });
    let mut select = conn.prepare_cached(statements::ALL_MEMOS)?;
    owned(select.query(params![org, kind, id, limit])?)
}

fn owned(mut rows: rusqlite::Rows<'_>) -> Result<Vec<Owned>, Fault> {
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let organization = column::id(&row.get::<_, String>(0)?)?;
        found.push(Owned { organization, memo: read(row, row.get(1)?, 2)? });
    }
    Ok(found)
}

/// A memo whose id stands in this column, and the rest after it.
fn read(row: &Row<'_>, kind: String, first: usize) -> Result<Memo, Fault> {
    Ok(Memo {
        kind,
        id: row.get(first)?,
        version: column::number(row.get(first + 1)?)?,
        due: row.get::<_, Option<i64>>(first + 2)?.map(Timestamp::from_micros),
        body: row.get(first + 3)?,
    })
}
