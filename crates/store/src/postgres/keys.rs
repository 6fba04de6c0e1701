//! API keys: the one table that is not written from events.

use super::{Postgres, Trouble, query, statements};
use crate::{
    ApiKey, Fault,
    column::{hash, id, read_scope, scope},
};
use deadpool_postgres::Object;
use ledger::{Timestamp, id::KeyId};
use tokio_postgres::types::ToSql;

/// Not tried again: whoever makes keys sees the list of them.
pub(super) async fn create(store: &Postgres, key: &ApiKey) -> Result<(), Fault> {
    let revoked = key.revoked_at.map(Timestamp::micros);
    let hash = key.hash.as_slice();
    let params: [&(dyn ToSql + Sync); 6] =
        [&key.id.as_str(), &key.name, &scope(key.scope), &hash, &key.created_at.micros(), &revoked];
    store.attempt(async |conn| query(conn, &statements::CREATE_KEY, &params).await).await?;
    Ok(())
}

pub(super) async fn all(conn: &Object) -> Result<Vec<ApiKey>, Trouble> {
    let mut keys = Vec::new();
    for row in &query(conn, &statements::KEYS, &[]).await? {
        keys.push(ApiKey {
            id: id(row.try_get("id")?)?,
            name: row.try_get("name")?,
            scope: read_scope(row.try_get("scope")?)?,
            hash: hash(row.try_get("hash")?)?,
            created_at: Timestamp::from_micros(row.try_get("created_at")?),
            revoked_at: row.try_get::<_, Option<i64>>("revoked_at")?.map(Timestamp::from_micros),
        });
    }
    Ok(keys)
}

pub(super) async fn revoke(store: &Postgres, id: &KeyId, at: Timestamp) -> Result<bool, Fault> {
    let revoke = async |conn: &Object| {
        let prepared = conn.prepare_cached(statements::REVOKE_KEY.0).await?;
        Ok(conn.execute(&prepared, &[&id.as_str(), &at.micros()]).await?)
    };
    Ok(store.attempt(revoke).await? == 1)
}
