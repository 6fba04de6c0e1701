//! What stands in a column, to Rust and back. What cannot be read back is damage.

use crate::{
    Fault, Rows, Scope,
    tally::{Sums, Tally, TallyKey, TallyRow},
};
use ledger::{Credits, Timestamp, run::RunStatus};
use serde::de::DeserializeOwned;

/// A stored body.
pub(crate) fn from_json<T: DeserializeOwned>(what: &str, body: &[u8]) -> Result<T, Fault> {
    serde_json::from_slice(body)
        .map_err(|error| Fault::Damaged(format!("a stored {what} cannot be read: {error}")))
}

/// How long a body is, more or less: growing step by step would cost more than what is too much.
const BODY_BYTES: usize = 1_024;

/// A body to store.
pub(crate) fn to_json(value: &impl serde::Serialize) -> String {
    String::from_utf8(json(value)).expect("JSON is UTF-8")
}

/// The bytes of a body to store.
pub(crate) fn json(value: &impl serde::Serialize) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(BODY_BYTES);
    serde_json::to_writer(&mut bytes, value).expect("what is stored is plain data");
    bytes
}

/// A number as databases hold it: signed.
pub(crate) fn int(number: u64) -> i64 {
    i64::try_from(number).expect("event numbers and counts stay below 2^63")
}

/// A number that was stored with [`int`].
pub(crate) fn number(stored: i64) -> Result<u64, Fault> {
    u64::try_from(stored).map_err(|_| Fault::Damaged(format!("{stored} stands where a count belongs")))
}

/// A chain hash.
pub(crate) fn hash(stored: &[u8]) -> Result<ledger::chain::Hash, Fault> {
    stored
        .try_into()
        .map_err(|_| Fault::Damaged(format!("a chain hash has {} bytes instead of 32", stored.len())))
}

/// An id that was valid when it was stored.
pub(crate) fn id<T: std::str::FromStr>(stored: &str) -> Result<T, Fault> {
    stored.parse().map_err(|_| Fault::Damaged(format!("{stored:?} stands where an id belongs")))
}

/// How a run's status is written.
pub(crate) fn status(status: RunStatus) -> &'static str {
    match status {
        RunStatus::Running => "running",
        RunStatus::Settled => "settled",
        RunStatus::Released => "released",
        RunStatus::Lapsed => "lapsed",
    }
}

/// How a scope is written.
pub(crate) fn scope(scope: Scope) -> &'static str {
    match scope {
        Scope::Admin => "admin",
        Scope::Runtime => "runtime",
        Scope::Read => "read",
    }
}

/// A scope that was stored with [`scope`].
pub(crate) fn read_scope(stored: &str) -> Result<Scope, Fault> {
    match stored {
        "admin" => Ok(Scope::Admin),
        "runtime" => Ok(Scope::Runtime),
        "read" => Ok(Scope::Read),
        other => Err(Fault::Damaged(format!("{other:?} stands where a scope belongs"))),
    }
}

/// Sums as they stand in an organization's row, without those that move to their table now: each is an array of what a row of
/// that table has (decision 26).
pub(crate) fn tally_json(rows: &Rows<'_>) -> String {
    if rows.tally_is_over() {
        return "[]".into();
    }
    let rows = rows.tally.rows().map(|(key, sums)| {
        let [kind, member, task] = tally_words(key);
        (key.hour.micros(), kind, member, task, sums.credits.micros(), sums.runs, sums.refused)
    });
    to_json(&rows.collect::<Vec<_>>())
}

/// Sums that were stored with [`tally_json`].
pub(crate) fn read_tally(stored: &[u8]) -> Result<Tally, Fault> {
    let mut tally = Tally::default();
    // Most have none.
    if stored == b"[]" {
        return Ok(tally);
    }
    let rows: Vec<(i64, String, String, String, i64, i64, i64)> = from_json("sum", stored)?;
    for (hour, kind, member, task, credits, runs, refused) in rows {
        tally.include(tally_row(hour, [&kind, &member, &task], [credits, runs, refused])?);
    }
    Ok(tally)
}

/// Kind, member and task as they are stored. An id is never empty, so an empty text can stand for none; SQL's NULL would not be
/// one key.
pub(crate) fn tally_words(key: &TallyKey) -> [&str; 3] {
    let member = key.member.as_ref().map_or("", |member| member.as_str());
    let task = key.task.as_ref().map_or("", |task| task.as_str());
    [key.kind.as_str(), member, task]
}

/// Sums as they were stored.
pub(crate) fn tally_row(
    hour: i64,
    [kind, member, task]: [&str; 3],
    [credits, runs, refused]: [i64; 3],
) -> Result<TallyRow, Fault> {
    let hour = Timestamp::from_micros(hour);
    let member = if member.is_empty() { None } else { Some(id(member)?) };
    let task = if task.is_empty() { None } else { Some(id(task)?) };
    let credits = Credits::from_micros(credits);
    Ok(TallyRow {
        key: TallyKey { hour, kind: id(kind)?, member, task },
        sums: Sums { credits, runs: number(runs)?, refused: number(refused)? },
    })
}
