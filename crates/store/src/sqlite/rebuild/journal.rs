//! The journal from its first place to its last. Places are counted without gaps and each event names the place of its
//! organization's previous one, so an event that is missing, even a last one, leaves a trace.

use super::super::{bytes, journal::LANDMARK_EVERY, statements};
use crate::{Fault, column};
use ledger::id::OrganizationId;
use rusqlite::{Connection, params, types::ToSqlOutput};
use std::collections::BTreeMap;

/// What the journal has.
pub(super) struct Journal {
    /// Where each organization's history ends, by its number.
    pub(super) ends: BTreeMap<i64, End>,
    /// The last place; how many events there are.
    pub(super) last: i64,
}

/// Where a history ends.
#[derive(Clone, Copy)]
pub(super) struct End {
    pub(super) pos: i64,
    pub(super) seq: u64,
    /// The number of the last event that rows stand for for certain.
    pub(super) through: u64,
}

/// Goes through all events once, in their order on the disk, and writes landmarks, and the events themselves where they are
/// to come along. `through` is the place up to which all rows are written; none: it is not known, and all are expected to be.
pub(super) fn read(
    source: &Connection,
    target: &Connection,
    through: Option<i64>,
    with_events: bool,
) -> Result<Journal, Fault> {
    let mut ends: BTreeMap<i64, End> = BTreeMap::new();
    let mut last = 0;
    let through = through.unwrap_or(i64::MAX);
    let transaction = target.unchecked_transaction()?;
    {
        let mut append = target.prepare(statements::APPEND)?;
        let mut mark = target.prepare(statements::MARK_LAND)?;
        let mut select = source.prepare(statements::JOURNAL)?;
        let mut rows = select.query([])?;
        while let Some(row) = rows.next()? {
            let (pos, n, seq, prev): (i64, i64, i64, i64) =
                (row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?);
            if pos != last + 1 {
                return Err(Fault::Damaged(format!("the event at place {} is missing", last + 1)));
            }
            let end = ends.entry(n).or_insert(End { pos: 0, seq: 0, through: 0 });
            if prev != end.pos || seq != column::int(end.seq) + 1 {
                return Err(Fault::Damaged(format!(
                    "the event at place {pos} says that it is number {seq} of organization number {n} and follows place \
                     {prev}: what is before it is number {} at place {}",
                    end.seq, end.pos
                )));
            }
            *end = End { pos, seq: end.seq + 1, through: end.through };
            if pos <= through {
                end.through = end.seq;
            }
            if end.seq.is_multiple_of(LANDMARK_EVERY) {
                mark.execute(params![n, seq, pos])?;
            }
            if with_events {
                let at: i64 = row.get(4)?;
                let body = ToSqlOutput::Borrowed(row.get_ref(6)?);
                append.execute(params![pos, n, seq, at, prev, bytes(row, 5)?, body])?;
            }
            last = pos;
        }
    }
    transaction.commit()?;
    if through != i64::MAX && through > last {
        return Err(Fault::Damaged(format!(
            "the event at place {through} was there once, and now the last one is at place {last}"
        )));
    }
    Ok(Journal { ends, last })
}

/// An organization as its row names it.
pub(super) struct Named {
    pub(super) n: i64,
    pub(super) id: OrganizationId,
    /// The version that its rows are said to stand for.
    pub(super) version: u64,
}

/// Gives every organization its number in the new database. Which id has which number is in no event, so it has to be in
/// the rows; that it is the right one the chain of hashes tells, which begins with the id.
pub(super) fn name(source: &Connection, target: &Connection, journal: &Journal) -> Result<Vec<Named>, Fault> {
    let mut named = Vec::new();
    let mut select = source.prepare(statements::ORGANIZATION_NUMBERS)?;
    let mut rows = select.query([])?;
    let transaction = target.unchecked_transaction()?;
    while let Some(row) = rows.next()? {
        let (n, pos): (i64, i64) = (row.get(0)?, row.get(3)?);
        if pos > journal.last {
            let text = format!(
                "the rows of organization number {n} stand for the event at place {pos}, which is not there"
            );
            return Err(Fault::Damaged(text));
        }
        if !journal.ends.contains_key(&n) {
            continue;
        }
        let id: OrganizationId = column::id(&row.get::<_, String>(1)?)?;
        let slot = crate::slot::slot(&id);
        target.prepare_cached(statements::NUMBERED_ORGANIZATION)?.execute(params![n, id.as_str(), slot])?;
        let version = u64::try_from(row.get::<_, i64>(2)?).unwrap_or(0);
        named.push(Named { n, id, version });
    }
    transaction.commit()?;
    let mut known = named.iter().map(|named| named.n);
    match journal.ends.keys().find(|n| known.next() != Some(**n)) {
        None => Ok(named),
        Some(n) => Err(Fault::Damaged(format!(
            "the row of organization number {n} is gone, and no event says what it is called: restore a backup"
        ))),
    }
}
