//! Run ids for ever (R2.4): whether this id was ever used, without touching scattered pages of a long history.
//!
//! Each run's id is kept as a keyed hash. The newest keys are in memory and in a table that is only appended to. When
//! there are enough they become a *segment*: sorted into chunks of a page each, with a Bloom filter that stays in memory.
//! A filter that does not say no sends the question to one chunk, and only the id in the run's own row is the proof.
//! A run gets its key with its first row.

use super::{bytes, statements};
use crate::{
    Fault,
    column::{from_json, id, int, number},
};
use ledger::{id::RunId, run::Run};
use rusqlite::{Connection, Statement, params};
use siphasher::sip::SipHasher24;
use std::{
    collections::HashMap,
    hash::{BuildHasherDefault, Hasher},
    sync::RwLock,
};

/// How many runs a segment holds: sorting them stops commits for some 30 ms, their filter takes half a megabyte.
pub(super) const SEGMENT_RUNS: usize = 1 << 18;

/// The tables that are the list: which key is where depends on when a run's first row was written.
pub(super) const TABLES: &[&str] = &["run_key", "run_segment", "run_chunk"];

/// How many keys a chunk has on average, so that practically every one fits a page.
const CHUNK_KEYS: usize = 128;

/// A run's hash, its organization's number, and the place of its row.
type Key = (u64, i64, i64);

/// What is known of run ids in memory.
pub(super) struct RunIds {
    secret: (u64, u64),
    segment_runs: usize,
    closed: Vec<Segment>,
    /// The keys that are in no segment yet.
    newest: Newest,
    /// Beside a server: somebody else adds keys, and this is the last that was seen.
    follows: Option<i64>,
}

/// Keys by their hash. That two have the same one is not to be expected and has to be right all the same.
#[derive(Default)]
struct Newest {
    keys: HashMap<u64, Key, BuildHasherDefault<AsItIs>>,
    collided: Vec<Key>,
}

/// What is a keyed hash already is not hashed again.
#[derive(Default)]
struct AsItIs(u64);

/// What one commit added.
#[derive(Default)]
pub(super) struct NewIds {
    keys: Vec<Key>,
    closed: Option<Segment>,
}

/// Keys that were sorted for good.
struct Segment {
    number: i64,
    chunks: u64,
    filter: Bloom,
}

impl RunIds {
    /// Reads filters and the newest keys. `follows`: another process adds to them.
    pub(super) fn open(conn: &Connection, segment_runs: usize, follows: bool) -> Result<RunIds, Fault> {
        let secret: Vec<u8> = super::meta(conn, "run_id_key")?;
        let half = |range: std::ops::Range<usize>| {
            let half = secret.get(range).and_then(|half| half.try_into().ok()).map(u64::from_le_bytes);
            half.ok_or_else(|| Fault::Damaged("the key of run ids is not 16 bytes long".into()))
        };
        let secret = (half(0..8)?, half(8..16)?);
        let mut select = conn.prepare(statements::SEGMENTS)?;
        let mut rows = select.query([])?;
        let mut closed = Vec::new();
        while let Some(row) = rows.next()? {
            let filter = Bloom { bits: row.get(2)? };
            closed.push(Segment { number: row.get(0)?, chunks: number(row.get(1)?)?, filter });
        }
        let mut ids = RunIds { secret, segment_runs, closed, newest: Newest::default(), follows: None };
        let last = ids.read_newest(conn, 0)?;
        ids.follows = follows.then_some(last);
        Ok(ids)
    }

    /// Takes in the keys that were added after this one; says which is the last.
    fn read_newest(&mut self, conn: &Connection, after: i64) -> Result<i64, Fault> {
        let mut select = conn.prepare_cached(statements::RUN_KEYS_AFTER)?;
        let mut rows = select.query([after])?;
        let mut last = after;
        while let Some(row) = rows.next()? {
            last = row.get(0)?;
            self.newest.insert((row.get::<_, i64>(1)?.cast_unsigned(), row.get(2)?, row.get(3)?));
        }
        Ok(last)
    }

    /// Beside a server: takes in what it added.
    fn catch_up(&mut self, conn: &Connection) -> Result<(), Fault> {
        let Some(seen) = self.follows else { return Ok(()) };
        let newest: Option<i64> =
            conn.prepare_cached(statements::LAST_SEGMENT)?.query_row([], |row| row.get(0))?;
        if newest == self.closed.last().map(|segment| segment.number) {
            self.follows = Some(self.read_newest(conn, seen)?);
        } else {
            *self = RunIds::open(conn, self.segment_runs, true)?;
        }
        Ok(())
    }

    fn hash(&self, org: i64, run: &RunId) -> u64 {
        let mut hasher = SipHasher24::new_with_keys(self.secret.0, self.secret.1);
        hasher.write(&org.to_le_bytes());
        hasher.write(run.as_str().as_bytes());
        hasher.finish()
    }

    /// The places of the runs that may have this id, of an organization.
    pub(super) fn candidates(&self, conn: &Connection, org: i64, run: &RunId) -> Result<Vec<i64>, Fault> {
        let hash = self.hash(org, run);
        let newest = self.newest.of(hash).filter(|key| key.1 == org);
        let mut found: Vec<i64> = newest.map(|(_, _, place)| *place).collect();
        for segment in self.closed.iter().rev().filter(|segment| segment.filter.may_hold(hash)) {
            let mut select = conn.prepare_cached(statements::CHUNK)?;
            let mut rows = select.query([segment.place(segment.chunk(hash))])?;
            match rows.next()? {
                Some(row) => {
                    let keys = bytes(row, 0)?.as_chunks::<24>().0.iter().map(decode);
                    found.extend(keys.filter(|key| (key.0, key.1) == (hash, org)).map(|(_, _, place)| place));
                }
                // The segment was closed after the instant that is read at: its keys are where they were before.
                None => found.extend(unsorted(conn, hash, org)?),
            }
        }
        Ok(found)
    }

    /// Whether memory alone knows that no run of the organization ever had a row with this id: so it is with nearly every
    /// start.
    pub(super) fn is_new(&self, org: i64, run: &RunId) -> bool {
        let hash = self.hash(org, run);
        self.newest.of(hash).next().is_none()
            && !self.closed.iter().any(|segment| segment.filter.may_hold(hash))
    }

    /// Notes a run whose first row is being written, at this place. `insert` is [`statements::NEW_RUN_KEY`].
    pub(super) fn add(
        &self,
        insert: &mut Statement<'_>,
        new: &mut NewIds,
        org: i64,
        run: &RunId,
        place: i64,
    ) -> Result<(), Fault> {
        let key = (self.hash(org, run), org, place);
        insert.execute(params![key.0.cast_signed(), key.1, key.2])?;
        new.keys.push(key);
        Ok(())
    }

    /// Sorts the newest keys into a segment if this commit makes them enough.
    pub(super) fn close_if_full(&self, conn: &Connection, new: &mut NewIds) -> Result<(), Fault> {
        let count = self.newest.len() + new.keys.len();
        if count < self.segment_runs || new.keys.is_empty() {
            return Ok(());
        }
        let mut keys: Vec<Key> = self.newest.iter().chain(&new.keys).copied().collect();
        keys.sort_unstable();
        let segment = Segment {
            number: self.closed.last().map_or(1, |segment| segment.number + 1),
            chunks: (count / CHUNK_KEYS).max(1) as u64,
            filter: Bloom::of(count, keys.iter().map(|(hash, _, _)| *hash)),
        };
        let mut insert = conn.prepare_cached(statements::WRITE_CHUNK)?;
        for chunk in keys.chunk_by(|one, next| segment.chunk(one.0) == segment.chunk(next.0)) {
            let encoded: Vec<u8> = chunk.iter().flat_map(encode).collect();
            insert.execute(params![segment.place(segment.chunk(chunk[0].0)), encoded])?;
        }
        conn.execute(
            statements::CLOSE_SEGMENT,
            params![segment.number, int(segment.chunks), segment.filter.bits],
        )?;
        conn.execute(statements::FORGET_RUN_KEYS, [])?;
        new.closed = Some(segment);
        Ok(())
    }

    /// This is committed.
    pub(super) fn apply(&mut self, new: NewIds) {
        match new.closed {
            Some(segment) => {
                self.newest = Newest::default();
                self.closed.push(segment);
            }
            None => new.keys.into_iter().for_each(|key| self.newest.insert(key)),
        }
    }
}

/// Fills in the keys of all runs there are, where there are none.
pub(super) fn fill(conn: &Connection) -> Result<(), Fault> {
    let mut ids = RunIds::open(conn, SEGMENT_RUNS, false)?;
    let mut insert = conn.prepare_cached(statements::NEW_RUN_KEY)?;
    let mut select = conn.prepare(statements::RUN_IDS)?;
    let mut rows = select.query([])?;
    let mut new = NewIds::default();
    while let Some(row) = rows.next()? {
        let run: RunId = id(&row.get::<_, String>(2)?)?;
        ids.add(&mut insert, &mut new, row.get(1)?, &run, row.get(0)?)?;
        if new.keys.len() >= SEGMENT_RUNS {
            ids.close_if_full(conn, &mut new)?;
            ids.apply(std::mem::take(&mut new));
        }
    }
    Ok(())
}

/// Looks through keys that are in no segment: slow, and hardly ever needed.
fn unsorted(conn: &Connection, hash: u64, org: i64) -> Result<Vec<i64>, Fault> {
    let mut select = conn.prepare_cached(statements::RUN_KEYS_OF_HASH)?;
    let found = select.query_map(params![hash.cast_signed(), org], |row| row.get(0))?;
    Ok(found.collect::<Result<_, _>>()?)
}

/// The run with this id, if it ever had a row.
pub(super) fn find(
    conn: &Connection,
    ids: &RwLock<RunIds>,
    org: i64,
    run: &RunId,
) -> Result<Option<Run>, Fault> {
    if super::read_lock(ids).follows.is_some() {
        super::write_lock(ids).catch_up(conn)?;
    }
    let candidates = super::read_lock(ids).candidates(conn, org, run)?;
    for place in candidates {
        let mut select = conn.prepare_cached(statements::RUN)?;
        let mut rows = select.query(params![org, place, run.as_str()])?;
        if let Some(row) = rows.next()? {
            return from_json("run", bytes(row, 0)?).map(Some);
        }
    }
    Ok(None)
}

impl Newest {
    fn len(&self) -> usize {
        self.keys.len() + self.collided.len()
    }

    fn insert(&mut self, key: Key) {
        if let Some(before) = self.keys.insert(key.0, key).filter(|before| *before != key) {
            self.collided.push(before);
        }
    }

    fn iter(&self) -> impl Iterator<Item = &Key> {
        self.keys.values().chain(&self.collided)
    }

    fn of(&self, hash: u64) -> impl Iterator<Item = &Key> {
        self.keys.get(&hash).into_iter().chain(self.collided.iter().filter(move |key| key.0 == hash))
    }
}

impl Hasher for AsItIs {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|byte| self.0 = self.0.rotate_left(8) ^ u64::from(*byte));
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }
}

impl Segment {
    /// The chunk that a hash belongs to; hashes are spread evenly, and so are keys.
    fn chunk(&self, hash: u64) -> u64 {
        ((u128::from(hash) * u128::from(self.chunks)) >> 64) as u64
    }

    fn place(&self, chunk: u64) -> i64 {
        (self.number << 32) | int(chunk)
    }
}

fn encode(key: &Key) -> [u8; 24] {
    let mut bytes = [0; 24];
    bytes[..8].copy_from_slice(&key.0.to_le_bytes());
    bytes[8..16].copy_from_slice(&key.1.to_le_bytes());
    bytes[16..].copy_from_slice(&key.2.to_le_bytes());
    bytes
}

fn decode(bytes: &[u8; 24]) -> Key {
    let (words, _) = bytes.as_chunks::<8>();
    (u64::from_le_bytes(words[0]), i64::from_le_bytes(words[1]), i64::from_le_bytes(words[2]))
}

/// A Bloom filter over keys that are hashes already: 16 bits and 8 probes for each give one false hit in 1,700.
struct Bloom {
    bits: Vec<u8>,
}

impl Bloom {
    const BYTES_PER_KEY: usize = 2;
    const PROBES: u64 = 8;

    fn of(count: usize, hashes: impl Iterator<Item = u64>) -> Bloom {
        let mut bloom = Bloom { bits: vec![0; count.max(1) * Self::BYTES_PER_KEY] };
        for hash in hashes {
            for (byte, bit) in bloom.probes(hash) {
                bloom.bits[byte] |= bit;
            }
        }
        bloom
    }

    fn may_hold(&self, hash: u64) -> bool {
        !self.bits.is_empty() && self.probes(hash).all(|(byte, bit)| self.bits[byte] & bit != 0)
    }

    /// The places of a hash: byte and bit. Its two halves give any number of probes.
    fn probes(&self, hash: u64) -> impl Iterator<Item = (usize, u8)> + use<> {
        let bits = self.bits.len() as u64 * 8;
        let (start, step) = (hash >> 32, (hash & 0xffff_ffff) | 1);
        (0..Self::PROBES).map(move |probe| {
            let place = (start + probe * step) % bits;
            ((place / 8) as usize, 1 << (place % 8))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hash(n: u64) -> u64 {
        let mut hasher = SipHasher24::new_with_keys(1, 2);
        hasher.write_u64(n);
        hasher.finish()
    }

    fn run(number: i64) -> RunId {
        format!("run_{number}").parse().expect("an id")
    }

    /// Adds a run of organization 7, whose place is its number.
    fn add(ids: &RunIds, conn: &Connection, new: &mut NewIds, number: i64) {
        let mut insert = conn.prepare_cached(statements::NEW_RUN_KEY).expect("it is SQL");
        ids.add(&mut insert, new, 7, &run(number), number).expect("it is added");
    }

    #[test]
    fn a_filter_forgets_nothing_and_is_seldom_wrong_about_the_rest() {
        let bloom = Bloom::of(10_000, (0..10_000).map(hash));
        assert!((0..10_000).all(|n| bloom.may_hold(hash(n))));
        let wrong = (10_000..110_000).filter(|n| bloom.may_hold(hash(*n))).count();
        assert!(wrong < 150, "{wrong} of 100,000");
    }

    #[test]
    fn a_key_is_found_in_its_chunk_of_its_segment_and_under_no_other_organization() {
        let conn = super::super::open::in_memory().expect("it opens");
        let mut ids = RunIds::open(&conn, 1_000, false).expect("it opens");
        for some in [0..700, 700..1_400, 1_400..2_100] {
            let mut new = NewIds::default();
            for seq in some {
                add(&ids, &conn, &mut new, seq);
            }
            ids.close_if_full(&conn, &mut new).expect("it is closed");
            ids.apply(new);
        }
        let chunks: Vec<u64> = ids.closed.iter().map(|segment| segment.chunks).collect();
        assert_eq!((chunks.as_slice(), ids.newest.len()), ([10].as_slice(), 700));
        for ids in [&ids, &RunIds::open(&conn, 1_000, false).expect("it opens again")] {
            for seq in 0..2_100 {
                assert_eq!(ids.candidates(&conn, 7, &run(seq)).expect("it reads"), [seq]);
                assert!(ids.candidates(&conn, 8, &run(seq)).expect("it reads").is_empty());
            }
            assert!(ids.candidates(&conn, 7, &run(2_100)).expect("it reads").is_empty());
        }
    }

    #[test]
    fn a_key_is_found_by_whoever_reads_at_an_instant_before_its_segment_was_closed() {
        let conn = super::super::open::in_memory().expect("it opens");
        let mut ids = RunIds::open(&conn, 10, false).expect("it opens");
        let mut new = NewIds::default();
        for seq in 0..10 {
            add(&ids, &conn, &mut new, seq);
        }
        // Closed, and put back in the database as it was, while memory has moved on.
        conn.execute_batch("SAVEPOINT before").expect("it is SQL");
        ids.close_if_full(&conn, &mut new).expect("it is closed");
        ids.apply(new);
        conn.execute_batch("ROLLBACK TO before").expect("it is SQL");
        assert_eq!(ids.candidates(&conn, 7, &run(3)).expect("it reads"), [3]);
    }
}
