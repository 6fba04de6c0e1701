//! Whether somebody wants the process to end. Then a line that is under way is given up, and there is still clearing up to
//! do: a server to stop, a schema to drop, a directory to remove.

use crate::serve::stop_asked;
use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

/// What was asked, for whoever looks.
#[derive(Clone)]
pub struct Stop(Arc<AtomicBool>);

impl Stop {
    /// Listens from now on, on a thread of its own.
    pub fn listen() -> std::io::Result<Stop> {
        let stop = Stop(Arc::default());
        let asked = stop.clone();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let listening = runtime.block_on(async { stop_asked() })?;
        std::thread::Builder::new().name("coulomb-bench-stop".into()).spawn(move || {
            runtime.block_on(listening);
            asked.0.store(true, Ordering::Relaxed);
        })?;
        Ok(stop)
    }

    /// What is said then.
    pub const SAID: &str = "It was stopped before it was done.";

    /// Whether the process should end.
    pub fn was_asked(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    /// The same as an error, between two steps of work.
    pub fn check(&self) -> Result<(), String> {
        if self.was_asked() { Err(Stop::SAID.into()) } else { Ok(()) }
    }
}
