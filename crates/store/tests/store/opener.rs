//! How a store is opened, restarted and crashed.

use store::{
    Store,
    postgres::{Engine, Options, Postgres, distribute},
    sqlite::{Sizes, Sqlite},
};
use tempfile::TempDir;
use xtask::postgres::{Database, fresh_database};

/// One store of its own, empty at first.
pub trait Opener {
    /// The store as it is open now.
    fn store(&self) -> &dyn Store;

    /// Closes and opens it again.
    fn restart(&mut self);

    /// Opens what a power cut would leave behind: what was durable, and nothing that was only in memory.
    fn crash(&mut self);
}

/// Runs a story on every store there is.
pub fn on_every_store(story: impl Fn(&mut dyn Opener)) {
    story(&mut SqliteOpener::new());
    story(&mut PostgresOpener::new());
    story(&mut PostgresOpener::sharded());
}

/// PostgreSQL, in a database that goes with the test.
pub struct PostgresOpener {
    store: Postgres,
    pub database: Database,
}

impl PostgresOpener {
    pub fn new() -> PostgresOpener {
        let database = fresh_database();
        let store = Postgres::open(Options::new(&database.url)).expect("a new store opens");
        PostgresOpener { store, database }
    }

    pub fn postgres(&self) -> &Postgres {
        &self.store
    }
}

impl PostgresOpener {
    /// As on an engine that shards by the slot: each commit is a call for one slot.
    pub fn sharded() -> PostgresOpener {
        let mut opener = PostgresOpener::new();
        distribute(&Options::new(&opener.database.url), Engine::Keyed).expect("it is sharded");
        opener.restart();
        opener
    }
}

impl Opener for PostgresOpener {
    fn store(&self) -> &dyn Store {
        &self.store
    }

    fn restart(&mut self) {
        self.store = Postgres::open(Options::new(&self.database.url)).expect("the store opens again");
    }

    /// A power cut of the database itself is told with whole servers; here, nothing of this process is left.
    fn crash(&mut self) {
        self.restart();
    }
}

/// SQLite in a directory that goes with the test.
pub struct SqliteOpener {
    store: Option<Sqlite>,
    pub dir: TempDir,
    sizes: Sizes,
}

impl SqliteOpener {
    pub fn new() -> SqliteOpener {
        SqliteOpener::sized(Sizes::default())
    }

    pub fn sized(sizes: Sizes) -> SqliteOpener {
        let dir = TempDir::new().expect("a directory");
        let store = Some(Sqlite::open_sized(dir.path(), sizes).expect("a new store opens"));
        SqliteOpener { store, dir, sizes }
    }

    pub fn close(&mut self) {
        self.store = None;
    }
}

impl Opener for SqliteOpener {
    fn store(&self) -> &dyn Store {
        self.store.as_ref().expect("the store is open")
    }

    fn restart(&mut self) {
        self.close();
        self.store = Some(Sqlite::open_sized(self.dir.path(), self.sizes).expect("the store opens again"));
    }

    fn crash(&mut self) {
        let left = TempDir::new().expect("a directory");
        // The database before the log: what is moved meanwhile is in the log still, as nobody commits.
        for file in ["coulomb.db", "coulomb.db-wal"] {
            std::fs::copy(self.dir.path().join(file), left.path().join(file)).expect("the file is there");
        }
        self.close();
        self.dir = left;
        self.restart();
    }
}
