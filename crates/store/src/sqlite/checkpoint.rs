//! A thread that moves what was committed from the log into the database file, little and often, so that no commit has to
//! (decision 25).

use super::statements;
use rusqlite::Connection;
use std::{
    fs::File,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc::{self, RecvTimeoutError, SyncSender},
    },
    thread::JoinHandle,
    time::Duration,
};

/// How often the log is looked at. What was moved is flushed each time: little and often, because whoever commits waits
/// for the disk behind it.
const EVERY: Duration = Duration::from_millis(25);

/// Pages in the log from which on it is begun anew. While somebody always writes, it never comes to its end by itself: what
/// is moved is behind what was written meanwhile. Everybody waits for the last of it to be moved, which is little. A log
/// that is written over does not grow, and growing is a second write for each commit; nor has a start after a crash much to read.
const ANEW_FROM: i64 = 8_000;

/// Pages that whoever writes may have to wait for. More are left where a long reader still needs them, and nobody waits for that.
const LEFT_MAX: i64 = 1_000;

/// For how long this thread waits for whoever writes, and that one for this.
const BUSY: Duration = Duration::from_millis(10);

/// The thread; it ends when this is dropped.
pub(super) struct Checkpoints {
    wrote: Arc<AtomicBool>,
    /// Dropped first, which is how the thread hears that it is over.
    running: Option<SyncSender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Checkpoints {
    /// Starts the thread on a connection of its own. `database` is the file; it has to stay open for as long as there are
    /// connections, because closing it lets go of what this process has locked in it.
    pub(super) fn start(conn: Connection, database: Arc<File>) -> std::io::Result<Checkpoints> {
        // A connection that cannot be told is as patient as others, which only costs time.
        let _ = conn.busy_timeout(BUSY);
        let wrote = Arc::new(AtomicBool::new(true));
        let (running, over) = mpsc::sync_channel::<()>(0);
        let seen = Arc::clone(&wrote);
        let work = move || {
            while over.recv_timeout(EVERY) == Err(RecvTimeoutError::Timeout) {
                if seen.swap(false, Ordering::Relaxed) {
                    checkpoint(&conn, &database);
                }
            }
        };
        let thread = std::thread::Builder::new().name("coulomb-checkpoint".into()).spawn(work)?;
        Ok(Checkpoints { wrote, running: Some(running), thread: Some(thread) })
    }

    /// Something was committed.
    pub(super) fn wrote(&self) {
        self.wrote.store(true, Ordering::Relaxed);
    }
}

/// Whatever keeps it from moving everything (a reader, a full disk) is met again at the next commit or tick; what was
/// committed is durable in the log meanwhile.
fn checkpoint(conn: &Connection, database: &File) {
    let (pages, _) = moved(conn);
    // SQLite flushes the file only when it has come to the end of the log. All that piled up until then would be in the way
    // of commits at once.
    let _ = database.sync_data();
    // Once more what came meanwhile; then the little that is left while nobody writes. A commit that had to do all of it would
    // be one that everybody waits for.
    if pages >= ANEW_FROM && moved(conn).1 <= LEFT_MAX {
        let _ = conn.query_row(statements::CHECKPOINT_ALL, [], |_| Ok(()));
    }
}

/// Moves what can be moved without waiting for anybody. How many pages the log has, and how many of them are left.
fn moved(conn: &Connection) -> (i64, i64) {
    let pages = |row: &rusqlite::Row<'_>| Ok((row.get(1)?, row.get::<_, i64>(2)?));
    let (pages, moved) = conn.query_row(statements::CHECKPOINT, [], pages).unwrap_or_default();
    (pages, pages - moved)
}

impl Drop for Checkpoints {
    fn drop(&mut self) {
        drop(self.running.take());
        if let Some(thread) = self.thread.take() {
            // A thread that panicked has nothing left to do either.
            let _ = thread.join();
        }
    }
}
