//! Where an engine keeps its accounts, and how one is started there, ends and crashes.

use coulomb_server::engine::{Engine, Limits};
use ledger::Policy;
use std::{
    fs,
    sync::{Arc, OnceLock},
};
use store::{
    Store,
    postgres::{Options, Postgres},
    sqlite::Sqlite,
};
use tempfile::TempDir;
use xtask::postgres::{Database, fresh_database, query};

/// A place of its own for one test, empty at first, which goes with the test.
pub enum Place {
    /// SQLite, for one server at a time.
    Directory(TempDir),
    /// PostgreSQL, for as many servers as wanted.
    Database(Shared),
}

/// A database, and whether it has a schema.
pub struct Shared {
    database: Database,
    migrated: OnceLock<()>,
}

impl Place {
    /// One on each store there is.
    pub fn on_every_store() -> [Place; 2] {
        [Place::directory(), Place::database()]
    }

    pub fn directory() -> Place {
        Place::Directory(TempDir::new().unwrap())
    }

    pub fn database() -> Place {
        Place::Database(Shared { database: fresh_database(), migrated: OnceLock::new() })
    }

    /// A server's own way to what is stored.
    pub fn store(&self) -> Arc<dyn Store> {
        match self {
            Place::Directory(directory) => Arc::new(Sqlite::open(directory.path()).unwrap()),
            Place::Database(shared) => {
                // Opening waits on a runtime of its own, which a thread of the test's runtime may not.
                std::thread::scope(|scope| scope.spawn(|| Arc::new(shared.open())).join().unwrap())
            }
        }
    }

    pub fn engine(&self) -> Engine {
        self.engine_with(Policy::default(), Limits::default())
    }

    pub fn engine_with(&self, policy: Policy, limits: Limits) -> Engine {
        Engine::start(self.store(), policy, limits)
    }

    /// Ends an engine as a kill does: what it had in memory is gone, and what was durable is all there is.
    pub fn crash(&mut self, engine: Engine) {
        match self {
            Place::Directory(_) => {
                let _old = self.leave_behind();
                // The one that goes on working has only the old files.
                let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
                runtime.block_on(engine.shut_down()).unwrap();
            }
            // Nobody tells it to stop, and nobody can reach it any more.
            Place::Database(_) => std::mem::forget(engine),
        }
    }

    /// Moves on to a copy of the files as they are at this moment, where the place is files; whoever has the old ones can do
    /// no harm any more. Nobody may commit meanwhile.
    pub fn leave_behind(&mut self) -> Option<TempDir> {
        let Place::Directory(directory) = self else { return None };
        let copy = TempDir::new().unwrap();
        // The database before the log: what is moved meanwhile is in the log still, as nobody commits.
        for file in ["coulomb.db", "coulomb.db-wal"] {
            let from = directory.path().join(file);
            if from.exists() {
                fs::copy(from, copy.path().join(file)).unwrap();
            }
        }
        Some(std::mem::replace(directory, copy))
    }

    /// Cuts the connections of engines that crashed, as the end of a process does.
    pub fn bury(&self) {
        if let Place::Database(Shared { database, .. }) = self {
            let everybody = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity \
                             WHERE datname = current_database() AND pid <> pg_backend_pid()";
            query(&database.url, everybody).unwrap();
        }
    }
}

impl Shared {
    fn open(&self) -> Postgres {
        self.migrated.get_or_init(|| drop(Postgres::open(Options::new(&self.database.url)).unwrap()));
        Postgres::connect(Options::new(&self.database.url)).unwrap()
    }
}
