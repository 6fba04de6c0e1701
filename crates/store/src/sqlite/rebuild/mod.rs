//! Rebuilding the database of a data directory: a new one is made beside it, from the events of the old one, and compared
//! with it. It takes the place of the old one only where the two differ and that is asked for, by getting its name.
//!
//! In reading order: `journal` (the events by their place: nothing may be missing), `fold` (rows from the events of one
//! organization after the other), `tables` (which there are, and what they say).

mod fold;
mod journal;
mod tables;

use super::{
    open, recovery,
    run_ids::{RunIds, SEGMENT_RUNS},
    set_meta,
    unfinished::{Unfinished, at, settle, sync},
};
use crate::{Fault, rebuild::Rebuilt};
use journal::Journal;
use ledger::Policy;
use rusqlite::{Connection, OptionalExtension};
use std::{
    fs,
    path::{Path, PathBuf},
    sync::RwLock,
};

/// What became of a database that was rebuilt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replaced {
    /// What was found.
    pub rebuilt: Rebuilt,
    /// Where the old database is now; none: it was as it should be, and nothing was changed.
    pub before: Option<PathBuf>,
}

/// Makes all tables again from the events and says what differs. The data directory stays as it is; what is made lies in
/// `scratch` meanwhile. Reads one instant: beside a running server its log cannot begin anew until this is done.
///
/// # Errors
/// [`Fault::Damaged`] names the first event that is not as it was recorded.
pub fn prove(dir: &Path, scratch: &Path, policy: &Policy) -> Result<Rebuilt, Fault> {
    let source = open::reader(&open::there(dir)?)?;
    // Runs lie as they came, and are compared in order.
    open::sort_on_disk(&source)?;
    let scratch = Unfinished::create(&scratch.join("rebuild"))?;
    let instant = source.unchecked_transaction()?;
    let (rebuilt, _) = build(&instant, &open::database(scratch.dir()), policy, Events::StayBehind)?;
    Ok(rebuilt)
}

/// As [`prove`], of a directory that nobody else uses; and where something differs, the new database gets the old one's
/// name. The old one is kept as `coulomb.db.before-rebuild`.
pub fn replace(dir: &Path, policy: &Policy) -> Result<Replaced, Fault> {
    let path = open::there(dir)?;
    let _lock = open::lock(dir)?;
    let before = dir.join("coulomb.db.before-rebuild");
    if fs::symlink_metadata(&before).is_ok() {
        let text = format!("{} is there, from an earlier rebuild: move it away first", before.display());
        return Err(Fault::Unavailable(text));
    }
    let source = open::alone(&path)?;
    // Runs lie as they came, and are compared in order.
    open::sort_on_disk(&source)?;
    let scratch = Unfinished::create(&dir.join("rebuild"))?;
    let file = open::database(scratch.dir());
    let instant = source.unchecked_transaction()?;
    let (rebuilt, mut target) = build(&instant, &file, policy, Events::ComeAlong)?;
    if rebuilt.is_equal() {
        return Ok(Replaced { rebuilt, before: None });
    }
    // Rows may stand for less than all events. A server would write them when it starts, and it is not known to start next.
    let ids = RwLock::new(RunIds::open(&target, SEGMENT_RUNS, false)?);
    recovery::recover(&mut target, &ids)?;
    target.close().map_err(|(_, error)| error)?;
    settle(&file)?;
    // Under both names until the new one takes the first: at no instant is there no database.
    fs::hard_link(&path, &before).map_err(|error| at(&before, &error))?;
    sync(dir)?;
    fs::rename(&file, &path).map_err(|error| at(&path, &error))?;
    sync(dir)?;
    Ok(Replaced { rebuilt, before: Some(before) })
}

/// Whether the new database is to stand alone.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Events {
    /// It is made to be compared.
    StayBehind,
    /// It has everything that does not follow from events, too.
    ComeAlong,
}

/// Makes a database from the events of another, whose rows may stand for less than all of them, and compares the two as
/// far as the stored rows go.
fn build(
    source: &Connection,
    path: &Path,
    policy: &Policy,
    events: Events,
) -> Result<(Rebuilt, Connection), Fault> {
    let target = open::scratch(path)?;
    tables::copy(source, &target, "meta")?;
    let through = written_through(source)?;
    let journal = journal::read(source, &target, through, events == Events::ComeAlong)?;
    if through.is_none() {
        set_meta(&target, "written_through", journal.last)?;
    }
    let ids = RwLock::new(RunIds::open(&target, SEGMENT_RUNS, false)?);
    let fold = fold::Fold { source, target: &target, ids: &ids, policy };
    fold.organizations(&journal)?;
    let Journal { ends, last, .. } = journal;
    let counted = crate::column::number(last)?;
    let tables = tables::compare(source, &target, counted)?;
    if events == Events::ComeAlong {
        for kept in tables::KEPT.iter().filter(|name| !tables::HERE_ALREADY.contains(name)) {
            tables::copy(source, &target, kept)?;
        }
    }
    let rebuilt = Rebuilt { organizations: ends.len() as u64, events: counted, tables };
    Ok((rebuilt, target))
}

/// Up to which place of the journal the rows are said to be written, where that is said.
fn written_through(source: &Connection) -> Result<Option<i64>, Fault> {
    let select = super::statements::META;
    Ok(source.query_row(select, ["written_through"], |row| row.get(0)).optional()?)
}
