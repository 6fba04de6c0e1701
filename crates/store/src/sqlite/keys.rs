//! API keys: the one table that is not written from events. Also whoever opens the database beside a server writes it.

use super::statements;
use crate::{ApiKey, Fault, column};
use ledger::{Timestamp, id::KeyId};
use rusqlite::{Connection, params};

pub(super) fn create(conn: &Connection, key: &ApiKey) -> Result<(), Fault> {
    conn.execute(
        statements::CREATE_KEY,
        params![
            key.id.as_str(),
            key.name,
            column::scope(key.scope),
            key.hash,
            key.created_at.micros(),
            key.revoked_at.map(Timestamp::micros)
        ],
    )?;
    Ok(())
}

pub(super) fn all(conn: &Connection) -> Result<Vec<ApiKey>, Fault> {
    let mut select = conn.prepare_cached(statements::KEYS)?;
    let mut rows = select.query([])?;
    let mut keys = Vec::new();
    while let Some(row) = rows.next()? {
        keys.push(ApiKey {
            id: column::id(&row.get::<_, String>(0)?)?,
            name: row.get(1)?,
            scope: column::read_scope(&row.get::<_, String>(2)?)?,
            hash: column::hash(super::bytes(row, 3)?)?,
            created_at: Timestamp::from_micros(row.get(4)?),
            revoked_at: row.get::<_, Option<i64>>(5)?.map(Timestamp::from_micros),
        });
    }
    Ok(keys)
}

pub(super) fn revoke(conn: &Connection, id: &KeyId, at: Timestamp) -> Result<bool, Fault> {
    Ok(conn.execute(statements::REVOKE_KEY, params![id.as_str(), at.micros()])? == 1)
}
