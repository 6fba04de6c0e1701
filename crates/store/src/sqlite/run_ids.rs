//! Run ids for ever (R2.4): whether this id was ever used, without touching scattered pages of a long history.
//!
//! Each run's id is kept as a keyed hash in the current *segment*, whose keys are in memory too. A full segment is closed
//! and leaves a Bloom filter in memory and in the database; a filter that does not say no sends the question to that
//! segment's keys, and only the id in the run's own row is the proof. A run gets its key with its first row.

use super::column::int;
use crate::Fault;
use ledger::{id::RunId, run::Run};
use rusqlite::{Connection, OptionalExtension, params};
use siphasher::sip::SipHasher24;
use std::{collections::HashSet, hash::Hasher, sync::RwLock};

/// How many runs a segment holds: few enough that its pages stay cached while it is filled.
pub(super) const SEGMENT_RUNS: usize = 1 << 18;

/// What is known of run ids in memory.
pub(super) struct RunIds {
    key: (u64, u64),
    segment_runs: usize,
    filters: Vec<(i64, Bloom)>,
    current: i64,
    /// The keys of the current segment; none beside a server, whose keys move on unseen.
    keys: Option<HashSet<u64>>,
}

/// What one commit added.
#[derive(Default)]
pub(super) struct NewIds {
    keys: Vec<u64>,
    closed: Option<Bloom>,
}

impl RunIds {
    /// Reads filters, and where this process writes, the current segment's keys.
    pub(super) fn open(conn: &Connection, segment_runs: usize, writes: bool) -> Result<RunIds, Fault> {
        let key: Vec<u8> = super::meta(conn, "run_id_key")?;
        let half = |range: std::ops::Range<usize>| {
            let half = key.get(range).and_then(|half| half.try_into().ok()).map(u64::from_le_bytes);
            half.ok_or_else(|| Fault::Damaged("the key of run ids is not 16 bytes long".into()))
        };
        let key = (half(0..8)?, half(8..16)?);
        let filters = conn
            .prepare("SELECT segment, bits FROM run_filter ORDER BY segment")?
            .query_map([], |row| Ok((row.get(0)?, Bloom { bits: row.get(1)? })))?
            .collect::<Result<Vec<(i64, Bloom)>, _>>()?;
        let current = filters.last().map_or(1, |(segment, _)| segment + 1);
        let mut ids = RunIds { key, segment_runs, filters, current, keys: None };
        if writes {
            let mut select = conn.prepare("SELECT h FROM run_key WHERE segment = ?1")?;
            let keys = select.query_map([current], |row| row.get(0).map(i64::cast_unsigned))?;
            ids.keys = Some(keys.collect::<Result<_, _>>()?);
        }
        Ok(ids)
    }

    fn hash(&self, n: i64, run: &RunId) -> u64 {
        let mut hasher = SipHasher24::new_with_keys(self.key.0, self.key.1);
        hasher.write(&n.to_le_bytes());
        hasher.write(run.as_str().as_bytes());
        hasher.finish()
    }

    /// The segments that may hold this key, newest first, as far as memory can tell.
    fn segments(&self, hash: u64) -> Vec<i64> {
        let current = self.keys.as_ref().is_some_and(|keys| keys.contains(&hash)).then_some(self.current);
        let closed = self.filters.iter().rev().filter(|(_, filter)| filter.may_hold(hash));
        current.into_iter().chain(closed.map(|(segment, _)| *segment)).collect()
    }

    /// Notes a run whose first row is being written.
    pub(super) fn add(&self, conn: &Connection, new: &mut NewIds, n: i64, run: &Run) -> Result<(), Fault> {
        let hash = self.hash(n, &run.id);
        conn.prepare_cached("INSERT INTO run_key (segment, h, org, seq) VALUES (?1, ?2, ?3, ?4)")?
            .execute(params![self.current, hash.cast_signed(), n, int(run.start_seq)])?;
        new.keys.push(hash);
        Ok(())
    }

    /// Closes the current segment if this commit fills it.
    pub(super) fn close_if_full(&self, conn: &Connection, new: &mut NewIds) -> Result<(), Fault> {
        let before = self.keys.as_ref().map_or(0, HashSet::len);
        if before + new.keys.len() < self.segment_runs || new.keys.is_empty() {
            return Ok(());
        }
        let keys = self.keys.iter().flatten().chain(&new.keys);
        let filter = Bloom::of(before + new.keys.len(), keys.copied());
        conn.execute(
            "INSERT INTO run_filter (segment, bits) VALUES (?1, ?2)",
            params![self.current, filter.bits],
        )?;
        new.closed = Some(filter);
        Ok(())
    }

    /// This is committed.
    pub(super) fn apply(&mut self, new: NewIds) {
        let keys = self.keys.get_or_insert_default();
        match new.closed {
            Some(filter) => {
                keys.clear();
                self.filters.push((self.current, filter));
                self.current += 1;
            }
            None => keys.extend(new.keys),
        }
    }
}

/// The run with this id, if it ever had a row.
pub(super) fn find(
    conn: &Connection,
    ids: &RwLock<RunIds>,
    n: i64,
    run: &RunId,
) -> Result<Option<Run>, Fault> {
    let (hash, mut segments, unseen) = {
        let ids = super::read_lock(ids);
        let hash = ids.hash(n, run);
        (hash, ids.segments(hash), ids.keys.is_none().then_some(ids.current))
    };
    if let Some(first) = unseen {
        let last: Option<i64> =
            conn.prepare_cached("SELECT max(segment) FROM run_key")?.query_row([], |row| row.get(0))?;
        segments.extend(first..=last.unwrap_or(0));
    }
    for segment in segments {
        let mut keys =
            conn.prepare_cached("SELECT seq FROM run_key WHERE segment = ?1 AND h = ?2 AND org = ?3")?;
        let mut rows = keys.query(params![segment, hash.cast_signed(), n])?;
        while let Some(row) = rows.next()? {
            let seq: i64 = row.get(0)?;
            if let Some(found) = with_id(conn, n, seq, run)? {
                return Ok(Some(found));
            }
        }
    }
    Ok(None)
}

/// The proof: the run at this place, if it has this id.
fn with_id(conn: &Connection, n: i64, seq: i64, run: &RunId) -> Result<Option<Run>, Fault> {
    let body: Option<String> = conn
        .prepare_cached("SELECT body FROM run WHERE org = ?1 AND seq = ?2 AND id = ?3")?
        .query_row(params![n, seq, run.as_str()], |row| row.get(0))
        .optional()?;
    body.map(|body| super::column::from_json("run", body.as_bytes())).transpose()
}

/// A Bloom filter over keys that are hashes already: 16 bits and 8 probes for each give one false hit in 1,700.
struct Bloom {
    bits: Vec<u8>,
}

impl Bloom {
    const BYTES_PER_KEY: usize = 2;
    const PROBES: u64 = 8;

    fn of(count: usize, keys: impl Iterator<Item = u64>) -> Bloom {
        let mut bloom = Bloom { bits: vec![0; count.max(1) * Self::BYTES_PER_KEY] };
        for key in keys {
            for (byte, bit) in bloom.probes(key) {
                bloom.bits[byte] |= bit;
            }
        }
        bloom
    }

    fn may_hold(&self, key: u64) -> bool {
        !self.bits.is_empty() && self.probes(key).all(|(byte, bit)| self.bits[byte] & bit != 0)
    }

    /// The places of a key: byte and bit. Two halves of one hash give any number of probes.
    fn probes(&self, key: u64) -> impl Iterator<Item = (usize, u8)> + use<> {
        let bits = self.bits.len() as u64 * 8;
        let (start, step) = (key >> 32, (key & 0xffff_ffff) | 1);
        (0..Self::PROBES).map(move |probe| {
            let place = (start + probe * step) % bits;
            ((place / 8) as usize, 1 << (place % 8))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(n: u64) -> u64 {
        let mut hasher = SipHasher24::new_with_keys(1, 2);
        hasher.write_u64(n);
        hasher.finish()
    }

    #[test]
    fn a_filter_forgets_nothing_and_is_seldom_wrong_about_the_rest() {
        let bloom = Bloom::of(10_000, (0..10_000).map(key));
        assert!((0..10_000).all(|n| bloom.may_hold(key(n))));
        let wrong = (10_000..110_000).filter(|n| bloom.may_hold(key(*n))).count();
        assert!(wrong < 150, "{wrong} of 100,000");
    }
}
