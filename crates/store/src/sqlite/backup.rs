//! A backup: the database as it is at one instant, copied page by page into a new directory, beside the server that goes
//! on writing. Why in this way: `docs/decisions/0021-a-backup-is-one-read.md`.
//!
//! The copy is in one read transaction, so that it is of one instant and nobody's writing makes it begin again. Meanwhile
//! the log can be moved into the database but not begun anew, so it grows; where it grows too far, the backup gives up.

use super::{
    journal, open,
    unfinished::{Unfinished, at, settle},
};
use crate::Fault;
use rusqlite::{
    Connection, OpenFlags,
    backup::{Backup, StepResult},
};
use std::{
    fs::{self, File},
    os::unix::fs::OpenOptionsExt,
    path::Path,
    thread,
    time::Instant,
};

/// How many pages are copied at once, and then made durable: while the disk writes them, commits of the server wait.
const PAGES_PER_STEP: i32 = 256;

/// How far the server's log may grow during a backup, unless the database is larger than this: then as far as that.
const LOG_BYTES_MAX: u64 = 1 << 30;

/// What was copied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Copied {
    /// How many events are in it: all whose commit was answered before the copy began, and no later one.
    pub events: u64,
    /// How large it is.
    pub bytes: u64,
}

/// Copies the database of a data directory into a directory that is not there yet, which is then a data directory itself.
/// It is on the disk when this returns, and has its name only from then on; nobody but its owner can read it.
///
/// # Errors
/// [`Fault::Unavailable`] where something is in the way: no database, a name that is taken, no room, a log that grows too
/// far. Nothing is left behind then.
pub fn backup(from: &Path, to: &Path) -> Result<Copied, Fault> {
    let source = open::any_version(from)?;
    let name = to.file_name().ok_or_else(|| {
        Fault::Unavailable(format!("{} does not say how the backup is to be called", to.display()))
    })?;
    if fs::symlink_metadata(to).is_ok() {
        let text = format!("{} is there already: a backup gets a name of its own", to.display());
        return Err(Fault::Unavailable(text));
    }
    let unfinished = Unfinished::create(&to.with_file_name(name))?;
    let file = open::database(unfinished.dir());
    let copied = copy(&source, &open::log(from), &file)?;
    settle(&file)?;
    unfinished.finish(to)?;
    Ok(copied)
}

/// Copies everything at the instant of its first look.
fn copy(source: &Connection, log: &Path, to: &Path) -> Result<Copied, Fault> {
    let made = File::options().write(true).create_new(true).mode(0o600).open(to);
    let made = made.map_err(|error| at(to, &error))?;
    let mut target =
        Connection::open_with_flags(to, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    // Nobody reads it before it is whole, and it is made durable here.
    target.execute_batch("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF")?;
    let instant = source.unchecked_transaction()?;
    let events = journal::last(&instant)?;
    let backup = Backup::new(source, &mut target)?;
    loop {
        #[expect(clippy::disallowed_methods, reason = "it decides how long to pause and nothing else")]
        let began = Instant::now();
        let done = match backup.step(PAGES_PER_STEP)? {
            StepResult::Done => true,
            StepResult::More => false,
            // Both are about the source, of which a transaction is open, or the target, which nobody else knows.
            _ => return Err(Fault::Unavailable(format!("{} is in use by somebody else", to.display()))),
        };
        made.sync_data().map_err(|error| at(to, &error))?;
        if done {
            break;
        }
        stay_bounded(log, &backup)?;
        // The server gets the disk for as long as it was not its own: however slow it is, half of it stays the server's.
        thread::sleep(began.elapsed());
    }
    drop(backup);
    drop(instant);
    let bytes = made.metadata().map_err(|error| at(to, &error))?.len();
    Ok(Copied { events: crate::column::number(events)?, bytes })
}

/// The log of a server that writes a lot must not fill the disk because somebody takes a backup.
fn stay_bounded(log: &Path, backup: &Backup<'_, '_>) -> Result<(), Fault> {
    let pages = u64::try_from(backup.progress().pagecount).unwrap_or(0);
    let most = LOG_BYTES_MAX.max(pages * u64::from(open::PAGE_BYTES));
    let bytes = fs::metadata(log).map_or(0, |log| log.len());
    if bytes <= most {
        return Ok(());
    }
    Err(Fault::Unavailable(format!(
        "the log of the running server has grown to {} MiB while the backup was made, more than there is to back up: \
         begin again when less is written, or write to a faster disk",
        bytes >> 20
    )))
}
