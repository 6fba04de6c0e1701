//! The journal: events are appended by place, and read by walking back from an organization's last one.

use super::{bytes, statements};
use crate::{
    Fault, Head, StoredEvent,
    column::{hash, int, number},
    record,
    replay::Stored,
};
use ledger::{chain::Hash, event::Recorded, id::OrganizationId};
use rusqlite::{CachedStatement, Connection, OptionalExtension, params};
use std::collections::HashMap;

/// Every so many events of an organization there is a landmark.
pub(super) const LANDMARK_EVERY: u64 = 256;

/// Appends events, each at the journal's next place.
pub(super) struct Appender<'a> {
    conn: &'a Connection,
    insert: CachedStatement<'a>,
    /// The place of the last event of the journal.
    pub(super) last: i64,
}

impl<'a> Appender<'a> {
    pub(super) fn new(conn: &'a Connection, last: i64) -> Result<Appender<'a>, Fault> {
        let insert = conn.prepare_cached(statements::APPEND)?;
        Ok(Appender { conn, insert, last })
    }

    /// Appends one event after this head.
    pub(super) fn append(&mut self, n: i64, head: &Head, recorded: &Recorded) -> Result<Head, Fault> {
        assert_eq!(recorded.seq, head.seq + 1, "what is appended follows the head it was decided on");
        let (bytes, hash) = record::encode(recorded, &head.hash);
        let body = std::str::from_utf8(&bytes).expect("JSON is UTF-8");
        let pos = self.last + 1;
        let (seq, at) = (int(recorded.seq), recorded.at.micros());
        self.insert.execute(params![pos, n, seq, at, head.pos, hash, body])?;
        if recorded.seq.is_multiple_of(LANDMARK_EVERY) {
            self.conn.prepare_cached(statements::MARK_LAND)?.execute(params![n, seq, pos])?;
        }
        self.last = pos;
        Ok(Head { seq: recorded.seq, hash, pos })
    }
}

/// An event with its place.
pub(super) struct Placed {
    pub(super) seq: u64,
    pub(super) pos: i64,
    pub(super) hash: Hash,
    pub(super) bytes: Vec<u8>,
}

impl Placed {
    pub(super) fn stored(&self) -> Stored<'_> {
        Stored { seq: self.seq, pos: self.pos, bytes: &self.bytes, hash: &self.hash }
    }
}

/// The events of an organization after number `after` up to number `to`, oldest first, walking back from `pos`; and the
/// hash before the first of them, where the walk came to it.
pub(super) fn back(
    conn: &Connection,
    n: i64,
    mut pos: i64,
    after: u64,
    to: u64,
) -> Result<(Vec<Placed>, Option<Hash>), Fault> {
    let mut select = conn.prepare_cached(statements::EVENT)?;
    let mut events = Vec::new();
    let mut newer = u64::MAX;
    while pos != 0 {
        let mut rows = select.query([pos])?;
        let row =
            rows.next()?.ok_or_else(|| Fault::Damaged(format!("the event at place {pos} is missing")))?;
        let (org, seq): (i64, u64) = (row.get(0)?, number(row.get(1)?)?);
        if org != n || seq >= newer {
            let text = format!("the event at place {pos} is not where the history of organization {n} leads");
            return Err(Fault::Damaged(text));
        }
        newer = seq;
        let hash = hash(bytes(row, 3)?)?;
        if seq <= after {
            events.reverse();
            return Ok((events, Some(hash)));
        }
        if seq <= to {
            events.push(Placed { seq, pos, hash, bytes: bytes(row, 4)?.to_vec() });
        }
        pos = row.get(2)?;
    }
    events.reverse();
    Ok((events, None))
}

/// A page of an organization's events, oldest first, its chain checked. `end` is the place of the last event.
pub(super) fn page(
    conn: &Connection,
    organization: &OrganizationId,
    n: i64,
    end: i64,
    after: u64,
    limit: usize,
) -> Result<Vec<StoredEvent>, Fault> {
    let to = after.saturating_add(limit as u64).min(int_max());
    let landmark: Option<i64> = conn
        .prepare_cached(statements::LANDMARK)?
        .query_row(params![n, int(to)], |row| row.get(0))
        .optional()?;
    let (events, before) = back(conn, n, landmark.unwrap_or(end), after, to)?;
    let hash = before.unwrap_or_else(|| ledger::chain::origin(organization));
    let mut head = Head { seq: after, hash, pos: 0 };
    for event in &events {
        crate::replay::check(organization, &head, event.stored())?;
        head = event.stored().head();
    }
    let stored = |event: Placed| StoredEvent { seq: event.seq, bytes: event.bytes, hash: event.hash };
    Ok(events.into_iter().map(stored).collect())
}

fn int_max() -> u64 {
    i64::MAX.cast_unsigned()
}

/// The place of the last event.
pub(super) fn last(conn: &Connection) -> Result<i64, Fault> {
    let last: Option<i64> = conn.query_row(statements::LAST_PLACE, [], |row| row.get(0))?;
    Ok(last.unwrap_or(0))
}

/// Beside a server: the last places of organizations whose rows may lag, as far as the journal was looked through.
#[derive(Debug, Default)]
pub(super) struct Tail {
    seen: i64,
    ends: HashMap<i64, i64>,
}

impl Tail {
    /// Looks through what was appended since and no row stands for, and says where this organization's history ends;
    /// none where its rows say it all.
    pub(super) fn end(&mut self, conn: &Connection, n: i64) -> Result<Option<i64>, Fault> {
        let from = self.seen.max(super::meta(conn, "written_through")?);
        let mut select = conn.prepare_cached(statements::PLACES_AFTER)?;
        let mut rows = select.query([from])?;
        while let Some(row) = rows.next()? {
            self.seen = row.get(0)?;
            self.ends.insert(row.get(1)?, self.seen);
        }
        Ok(self.ends.get(&n).copied())
    }
}
