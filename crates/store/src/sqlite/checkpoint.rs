//! A thread that moves what was committed from the log into the database file, so that no commit has to.

use super::statements;
use rusqlite::Connection;
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc::{self, RecvTimeoutError, SyncSender},
    },
    thread::JoinHandle,
    time::Duration,
};

/// How often the log is looked at.
const EVERY: Duration = Duration::from_millis(100);

/// Pages in the log from which on it is begun anew. While somebody always writes, it never comes to its end by itself: what
/// is moved is behind what was written meanwhile. Everybody waits for the last of it to be flushed, which is to be rare; but a
/// start after a crash reads the whole log.
const ANEW_FROM: i64 = 100_000;

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
    /// Starts the thread on a connection of its own.
    pub(super) fn start(conn: Connection) -> std::io::Result<Checkpoints> {
        // A connection that cannot be told is as patient as others, which only costs time.
        let _ = conn.busy_timeout(BUSY);
        let wrote = Arc::new(AtomicBool::new(true));
        let (running, over) = mpsc::sync_channel::<()>(0);
        let seen = Arc::clone(&wrote);
        let work = move || {
            while over.recv_timeout(EVERY) == Err(RecvTimeoutError::Timeout) {
                if seen.swap(false, Ordering::Relaxed) {
                    checkpoint(&conn);
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
fn checkpoint(conn: &Connection) {
    let pages = conn.query_row(statements::CHECKPOINT, [], |row| row.get::<_, i64>(1)).unwrap_or(0);
    if pages >= ANEW_FROM {
        // Once more what came meanwhile; then the little that is left while nobody writes. A commit that had to do all of it
        // would be one that everybody waits for.
        for statement in [statements::CHECKPOINT, statements::CHECKPOINT_ALL] {
            let _ = conn.query_row(statement, [], |_| Ok(()));
        }
    }
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
