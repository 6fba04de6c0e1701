//! Run ids for ever (R2.4): whether this id was ever used, without touching scattered pages of a long history.
//!
//! Each run's id is kept as a keyed hash. The newest keys are in memory and in a table that is only appended to. When
//! there are enough they become a *segment*: sorted into chunks of a page each, with a Bloom filter that stays in memory.
//! A filter that does not say no sends the question to one chunk, and only the id in the run's own row is the proof.
//! A run gets its key with its first row. Segments are written a few chunks at a commit, so that no commit is a long one.

use super::{bytes, statements};
use crate::{
    Fault,
    column::{from_json, id, int, number},
};
use ledger::{id::RunId, run::Run};
use rusqlite::{Connection, OptionalExtension, params};
use siphasher::sip::SipHasher24;
use std::{
    collections::{BTreeSet, VecDeque},
    hash::Hasher,
    sync::RwLock,
};

/// How many runs a segment holds. Its filter takes half a megabyte of memory for ever, its keys 10 until it is closed.
pub(super) const SEGMENT_RUNS: usize = 1 << 18;

/// The tables that are the list: which key is where depends on when a run's first row was written.
pub(super) const TABLES: &[&str] = &["run_key", "run_segment", "run_chunk"];

/// How many keys a chunk has on average, so that practically every one fits a page.
const CHUNK_KEYS: usize = 128;

/// How many keys one commit at least sorts into a segment, or removes from where they were before.
const SORTED_PER_COMMIT: usize = 2_048;

/// How many it sorts or removes for each that it adds, so that they do not pile up.
const SORTED_PER_NEW: usize = 3;

/// A run's hash, its organization's number, and the place of its row.
type Key = (u64, i64, i64);

/// What is known of run ids in memory.
pub(super) struct RunIds {
    secret: (u64, u64),
    segment_runs: usize,
    closed: Vec<Segment>,
    /// Keys that are enough for a segment each, oldest first: the first is being written.
    full: VecDeque<Keys>,
    /// How many chunks of it are.
    chunks: u64,
    /// The keys that came after them.
    newest: Keys,
    /// The number of the last key.
    last: i64,
    /// Up to which number keys are in segments only.
    forgotten: i64,
    /// Whether somebody else adds keys, because this is beside a server.
    follows: bool,
}

/// Keys that are in no segment yet, sorted.
struct Keys {
    sorted: BTreeSet<Key>,
    filter: Bloom,
    /// The number of the last of them.
    through: i64,
}

/// What one commit did.
#[derive(Default)]
pub(super) struct NewIds {
    keys: Vec<Key>,
    /// How many chunks of the first full keys are written now.
    chunks: Option<u64>,
    forgotten: Option<i64>,
}

/// Keys that were sorted for good.
struct Segment {
    number: i64,
    chunks: u64,
    filter: Bloom,
    /// The number of the last of its keys.
    through: i64,
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
            let (number, chunks, through) = (row.get(0)?, number(row.get(1)?)?, row.get(3)?);
            closed.push(Segment { number, chunks, filter: Bloom { bits: row.get(2)? }, through });
        }
        let last = closed.last().map_or(0, |segment| segment.through);
        let first = conn.query_row(statements::FIRST_RUN_KEY, [], |row| row.get::<_, i64>(0)).optional()?;
        let mut ids = RunIds {
            secret,
            segment_runs,
            closed,
            full: VecDeque::new(),
            chunks: 0,
            newest: Keys::none(segment_runs),
            last,
            forgotten: first.map_or(last, |before| last.min(before)),
            follows,
        };
        ids.read_newest(conn)?;
        Ok(ids)
    }

    /// Takes in the keys that were added since.
    fn read_newest(&mut self, conn: &Connection) -> Result<(), Fault> {
        let mut select = conn.prepare_cached(statements::RUN_KEYS_AFTER)?;
        let mut rows = select.query([self.last])?;
        while let Some(row) = rows.next()? {
            let keys = decoded(bytes(row, 1)?);
            let before = row.get::<_, i64>(0)? - int(keys.len() as u64);
            // The first of them may be in a segment already.
            let seen = usize::try_from(self.last - before).unwrap_or(0);
            self.last = self.last.max(before);
            keys.skip(seen).for_each(|key| self.take(key));
        }
        Ok(())
    }

    /// Takes in the next key.
    fn take(&mut self, key: Key) {
        self.last += 1;
        self.newest.sorted.insert(key);
        self.newest.filter.add(key.0);
        self.newest.through = self.last;
        if self.newest.sorted.len() >= self.segment_runs {
            self.full.push_back(std::mem::replace(&mut self.newest, Keys::none(self.segment_runs)));
        }
    }

    /// Beside a server: takes in what it added.
    fn catch_up(&mut self, conn: &Connection) -> Result<(), Fault> {
        let newest: Option<i64> =
            conn.prepare_cached(statements::LAST_SEGMENT)?.query_row([], |row| row.get(0))?;
        if newest == self.closed.last().map(|segment| segment.number) {
            self.read_newest(conn)?;
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
        let unsorted_yet = self.full.iter().chain([&self.newest]);
        let mut found: Vec<i64> = unsorted_yet.flat_map(|keys| keys.places(hash, org)).collect();
        for segment in self.closed.iter().rev().filter(|segment| segment.filter.may_hold(hash)) {
            let mut select = conn.prepare_cached(statements::CHUNK)?;
            let mut rows = select.query([place(segment.number, chunk_of(hash, segment.chunks))])?;
            match rows.next()? {
                Some(row) => found.extend(places(decoded(bytes(row, 0)?), hash, org)),
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
        let closed = self.closed.iter().map(|segment| &segment.filter);
        let full = self.full.iter().map(|keys| &keys.filter);
        !closed.chain(full).chain([&self.newest.filter]).any(|filter| filter.may_hold(hash))
    }

    /// Notes a run whose first row is being written, at this place.
    pub(super) fn add(&self, new: &mut NewIds, org: i64, run: &RunId, place: i64) {
        new.keys.push((self.hash(org, run), org, place));
    }

    /// Writes what was noted, and goes on with the segment that is being written, or with removing the keys that are in one.
    pub(super) fn write(&self, conn: &Connection, new: &mut NewIds) -> Result<(), Fault> {
        if !new.keys.is_empty() {
            let last = self.last + int(new.keys.len() as u64);
            conn.prepare_cached(statements::NEW_RUN_KEYS)?.execute(params![last, encoded(&new.keys)])?;
        }
        let sorted = self.closed.last().map_or(0, |segment| segment.through);
        let most = SORTED_PER_COMMIT.max(new.keys.len() * SORTED_PER_NEW);
        if self.forgotten < sorted {
            let to = sorted.min(self.forgotten + int(most as u64));
            conn.prepare_cached(statements::FORGET_RUN_KEYS)?.execute([to])?;
            new.forgotten = Some(to);
        } else if let Some(keys) = self.full.front() {
            let (all, number) = (keys.chunks(), self.next_segment());
            let to = all.min(self.chunks + (most / CHUNK_KEYS) as u64);
            let mut insert = conn.prepare_cached(statements::WRITE_CHUNK)?;
            for chunk in self.chunks..to {
                insert.execute(params![place(number, chunk), encoded(keys.of_chunk(chunk))])?;
            }
            if to == all {
                let closed = params![number, int(all), keys.filter.bits, keys.through];
                conn.prepare_cached(statements::CLOSE_SEGMENT)?.execute(closed)?;
            }
            new.chunks = Some(to);
        }
        Ok(())
    }

    fn next_segment(&self) -> i64 {
        self.closed.last().map_or(1, |segment| segment.number + 1)
    }

    /// This is committed.
    pub(super) fn apply(&mut self, new: NewIds) {
        if let Some(forgotten) = new.forgotten {
            self.forgotten = forgotten;
        }
        if let Some(written) = new.chunks {
            self.chunks = written;
            if let Some(keys) = self.full.pop_front_if(|keys| keys.chunks() == written) {
                let (number, through) = (self.next_segment(), keys.through);
                self.closed.push(Segment { number, chunks: written, filter: keys.filter, through });
                self.chunks = 0;
            }
        }
        new.keys.into_iter().for_each(|key| self.take(key));
    }
}

/// Fills in the keys of all runs there are, where there are none.
pub(super) fn fill(conn: &Connection) -> Result<(), Fault> {
    let mut ids = RunIds::open(conn, SEGMENT_RUNS, false)?;
    let mut select = conn.prepare(statements::RUN_IDS)?;
    let mut rows = select.query([])?;
    let mut new = NewIds::default();
    while let Some(row) = rows.next()? {
        let run: RunId = id(&row.get::<_, String>(2)?)?;
        ids.add(&mut new, row.get(1)?, &run, row.get(0)?);
        if new.keys.len() >= SORTED_PER_COMMIT {
            ids.write(conn, &mut new)?;
            ids.apply(std::mem::take(&mut new));
        }
    }
    ids.write(conn, &mut new)
}

/// Looks through keys that are in no segment: slow, and hardly ever needed.
fn unsorted(conn: &Connection, hash: u64, org: i64) -> Result<Vec<i64>, Fault> {
    let mut select = conn.prepare_cached(statements::RUN_KEYS)?;
    let mut rows = select.query([])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.extend(places(decoded(bytes(row, 0)?), hash, org));
    }
    Ok(found)
}

/// The run with this id, if it ever had a row.
pub(super) fn find(
    conn: &Connection,
    ids: &RwLock<RunIds>,
    org: i64,
    run: &RunId,
) -> Result<Option<Run>, Fault> {
    if super::read_lock(ids).follows {
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

impl Keys {
    /// None yet; there will be as many as make a segment.
    fn none(segment_runs: usize) -> Keys {
        Keys { sorted: BTreeSet::new(), filter: Bloom::of(segment_runs), through: 0 }
    }

    /// The places of the runs of an organization whose id has this hash. That two have the same one is not to be expected and
    /// has to be right all the same.
    fn places(&self, hash: u64, org: i64) -> impl Iterator<Item = i64> + use<'_> {
        let may_hold = self.filter.may_hold(hash);
        let keys = may_hold.then(|| self.sorted.range((hash, org, i64::MIN)..=(hash, org, i64::MAX)));
        keys.into_iter().flatten().map(|(_, _, place)| *place)
    }

    /// How many chunks they make.
    fn chunks(&self) -> u64 {
        (self.sorted.len() / CHUNK_KEYS).max(1) as u64
    }

    fn of_chunk(&self, chunk: u64) -> impl Iterator<Item = &Key> {
        let chunks = self.chunks();
        let first = (u128::from(chunk) << 64).div_ceil(u128::from(chunks)) as u64;
        let keys = self.sorted.range((first, i64::MIN, i64::MIN)..);
        keys.take_while(move |(hash, _, _)| chunk_of(*hash, chunks) == chunk)
    }
}

/// The chunk that a hash belongs to; hashes are spread evenly, and so are keys.
fn chunk_of(hash: u64, chunks: u64) -> u64 {
    ((u128::from(hash) * u128::from(chunks)) >> 64) as u64
}

/// The number of a chunk among those of all segments.
fn place(segment: i64, chunk: u64) -> i64 {
    (segment << 32) | int(chunk)
}

fn encoded<'a>(keys: impl IntoIterator<Item = &'a Key>) -> Vec<u8> {
    let words = |(hash, org, place): &Key| [*hash, org.cast_unsigned(), place.cast_unsigned()];
    keys.into_iter().flat_map(words).flat_map(u64::to_le_bytes).collect()
}

fn decoded(bytes: &[u8]) -> impl ExactSizeIterator<Item = Key> {
    bytes.as_chunks::<24>().0.iter().map(|key| {
        let [hash, org, place] = [0, 1, 2].map(|word| u64::from_le_bytes(key.as_chunks().0[word]));
        (hash, org.cast_signed(), place.cast_signed())
    })
}

/// The places of those with this hash, of this organization.
fn places(keys: impl Iterator<Item = Key>, hash: u64, org: i64) -> impl Iterator<Item = i64> {
    keys.filter(move |key| (key.0, key.1) == (hash, org)).map(|(_, _, place)| place)
}

/// A Bloom filter over keys that are hashes already: 16 bits and 8 probes for each give one false hit in 1,700.
struct Bloom {
    bits: Vec<u8>,
}

impl Bloom {
    const BYTES_PER_KEY: usize = 2;
    const PROBES: u64 = 8;

    /// For so many keys.
    fn of(count: usize) -> Bloom {
        Bloom { bits: vec![0; count.max(1) * Self::BYTES_PER_KEY] }
    }

    fn add(&mut self, hash: u64) {
        for (byte, bit) in self.probes(hash) {
            self.bits[byte] |= bit;
        }
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

    /// A commit that adds these runs of organization 7, whose places are their numbers.
    fn commit(ids: &mut RunIds, conn: &Connection, runs: std::ops::Range<i64>) {
        let mut new = NewIds::default();
        runs.for_each(|number| ids.add(&mut new, 7, &run(number), number));
        ids.write(conn, &mut new).expect("it is written");
        ids.apply(new);
    }

    /// How many keys there are outside segments.
    fn stored_keys(conn: &Connection) -> i64 {
        let mut select = conn.prepare(statements::RUN_KEYS).expect("it is SQL");
        let keys = select.query_map([], |row| row.get::<_, Vec<u8>>(0)).expect("it reads");
        keys.map(|keys| int(decoded(&keys.expect("it reads")).len() as u64)).sum()
    }

    fn assert_all_found(ids: &RunIds, conn: &Connection, runs: i64) {
        for number in 0..runs {
            assert_eq!(ids.candidates(conn, 7, &run(number)).expect("it reads"), [number]);
            assert!(ids.candidates(conn, 8, &run(number)).expect("it reads").is_empty());
            assert!(!ids.is_new(7, &run(number)));
        }
        assert!(ids.candidates(conn, 7, &run(runs)).expect("it reads").is_empty());
    }

    #[test]
    fn a_filter_forgets_nothing_and_is_seldom_wrong_about_the_rest() {
        let mut bloom = Bloom::of(10_000);
        (0..10_000).for_each(|n| bloom.add(hash(n)));
        assert!((0..10_000).all(|n| bloom.may_hold(hash(n))));
        let wrong = (10_000..110_000).filter(|n| bloom.may_hold(hash(*n))).count();
        assert!(wrong < 150, "{wrong} of 100,000");
    }

    #[test]
    fn a_key_is_found_while_its_segment_is_written_and_after_a_start_in_the_middle_of_it() {
        let conn = super::super::open::in_memory().expect("it opens");
        let segment = 40 * CHUNK_KEYS;
        let mut ids = RunIds::open(&conn, segment, false).expect("it opens");
        let mut stages = BTreeSet::new();
        for commits in 1..=27 {
            commit(&mut ids, &conn, (commits - 1) * 700..commits * 700);
            assert_eq!(ids.last, commits * 700);
            let surplus = stored_keys(&conn) - (ids.last - ids.forgotten);
            assert!((0..700).contains(&surplus), "what is sorted is removed, by whole commits");
            stages.insert((ids.closed.len(), ids.chunks));
            if commits % 4 == 0 {
                assert_all_found(&ids, &conn, ids.last);
                let beside = RunIds::open(&conn, segment, true).expect("it opens");
                assert_all_found(&beside, &conn, ids.last);
                ids = RunIds::open(&conn, segment, false).expect("it opens again");
            }
        }
        for _ in 0..8 {
            commit(&mut ids, &conn, 0..0);
        }
        assert_eq!((ids.closed.len(), ids.full.len()), (27 * 700 / segment, 0));
        assert!(stages.len() > ids.closed.len() + 1, "segments were seen half written: {stages:?}");
    }

    #[test]
    fn a_key_is_found_by_whoever_reads_at_an_instant_before_its_segment_was_closed() {
        let conn = super::super::open::in_memory().expect("it opens");
        let mut ids = RunIds::open(&conn, 10, false).expect("it opens");
        commit(&mut ids, &conn, 0..10);
        // Closed, and put back in the database as it was, while memory has moved on.
        conn.execute_batch("SAVEPOINT before").expect("it is SQL");
        commit(&mut ids, &conn, 10..11);
        assert_eq!(ids.closed.len(), 1);
        conn.execute_batch("ROLLBACK TO before").expect("it is SQL");
        assert_eq!(ids.candidates(&conn, 7, &run(3)).expect("it reads"), [3]);
    }
}
