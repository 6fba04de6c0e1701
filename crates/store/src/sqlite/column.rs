//! What stands in a column, to Rust and back. What cannot be read back is damage.

use crate::Fault;
use serde::de::DeserializeOwned;

/// A stored body.
pub(super) fn from_json<T: DeserializeOwned>(what: &str, body: &[u8]) -> Result<T, Fault> {
    serde_json::from_slice(body)
        .map_err(|error| Fault::Damaged(format!("a stored {what} cannot be read: {error}")))
}

/// A body to store.
pub(super) fn to_json(value: &impl serde::Serialize) -> String {
    serde_json::to_string(value).expect("what is stored is plain data")
}

/// A number as SQLite holds it.
pub(super) fn int(number: u64) -> i64 {
    i64::try_from(number).expect("event numbers and counts stay below 2^63")
}

/// A number that was stored with [`int`].
pub(super) fn number(stored: i64) -> Result<u64, Fault> {
    u64::try_from(stored).map_err(|_| Fault::Damaged(format!("{stored} stands where a count belongs")))
}

/// A chain hash.
pub(super) fn hash(stored: &[u8]) -> Result<ledger::chain::Hash, Fault> {
    stored
        .try_into()
        .map_err(|_| Fault::Damaged(format!("a chain hash has {} bytes instead of 32", stored.len())))
}

/// An id that was valid when it was stored.
pub(super) fn id<T: std::str::FromStr>(stored: &str) -> Result<T, Fault> {
    stored.parse().map_err(|_| Fault::Damaged(format!("{stored:?} stands where an id belongs")))
}

/// The bytes of a column of text or bytes, without copying them.
pub(super) fn bytes<'a>(row: &'a rusqlite::Row<'_>, column: usize) -> Result<&'a [u8], Fault> {
    row.get_ref(column)?.as_bytes().map_err(|error| Fault::Damaged(error.to_string()))
}
