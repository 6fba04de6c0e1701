//! Opening: the lock, the connections' settings, and the schema, which only moves forward.

use crate::Fault;
use rusqlite::{Connection, ErrorCode, OpenFlags, TransactionBehavior};
use std::{
    fs::{File, TryLockError},
    io::{Read, Seek, Write},
    path::{Path, PathBuf},
    time::Duration,
};

/// Every schema change ever, in order: `user_version` counts those that were applied.
const MIGRATIONS: &[&str] = &[
    include_str!("../../migrations/sqlite/0001_accounts.sql"),
    include_str!("../../migrations/sqlite/0002_memos.sql"),
    include_str!("../../migrations/sqlite/0003_runs_as_they_came.sql"),
    include_str!("../../migrations/sqlite/0004_segments_beside_commits.sql"),
    include_str!("../../migrations/sqlite/0005_one_row.sql"),
    include_str!("../../migrations/sqlite/0006_payments_apart.sql"),
];

/// The last step after which run ids have to be filled in again.
const SEGMENTS_BESIDE_COMMITS: usize = 3;

/// Written into the header of our databases, so that another program's is not taken for one: "coul".
const APPLICATION_ID: i64 = 0x636f_756c;

/// How long a connection waits for another process, which only ever writes an API key or a memo.
const BUSY: Duration = Duration::from_secs(5);

/// Pages in the log after which a commit moves them itself, should the checkpoint thread not keep up.
const LOG_PAGES_MAX: u32 = 128_000;

/// How large a page of the database is.
pub(super) const PAGE_BYTES: u32 = 4096;

/// The database in a data directory.
pub(super) fn database(dir: &Path) -> PathBuf {
    dir.join("coulomb.db")
}

/// The log of that database, while somebody has it open.
pub(super) fn log(dir: &Path) -> PathBuf {
    dir.join("coulomb.db-wal")
}

/// Takes the data directory for this process. The lock goes with the file that is returned.
pub(super) fn lock(dir: &Path) -> Result<File, Fault> {
    let unavailable = |error: std::io::Error| Fault::Unavailable(format!("{}: {error}", dir.display()));
    std::fs::create_dir_all(dir).map_err(unavailable)?;
    let path = dir.join("coulomb.lock");
    let mut file = File::options()
        .create(true)
        .truncate(false)
        .read(true)
        .write(true)
        .open(path)
        .map_err(unavailable)?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Err(Fault::Locked(taken(dir, &mut file))),
        Err(TryLockError::Error(error)) => return Err(unavailable(error)),
    }
    let write = |file: &mut File| {
        file.set_len(0)?;
        file.write_all(format!("{}\n", std::process::id()).as_bytes())
    };
    write(&mut file).map_err(unavailable)?;
    Ok(file)
}

fn taken(dir: &Path, file: &mut File) -> String {
    let mut process = String::new();
    let read = file.rewind().and_then(|()| file.read_to_string(&mut process));
    let who = match read {
        Ok(_) if !process.trim().is_empty() => format!("process {}", process.trim()),
        _ => "another process".into(),
    };
    format!(
        "{} is in use by {who}: stop it first, or give this server a data directory of its own",
        dir.display()
    )
}

/// The connection that writes, on a database brought up to this version. It is created if it is not there.
pub(super) fn writer(path: &Path) -> Result<Connection, Fault> {
    let flags =
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut conn = connect(path, flags, 64)?;
    // A step may sort everything there is, which need not fit into memory.
    conn.execute_batch(&format!("PRAGMA page_size = {PAGE_BYTES}; PRAGMA temp_store = FILE"))
        .map_err(|error| describe(path, error))?;
    migrate(path, &mut conn)?;
    conn.execute_batch("PRAGMA temp_store = MEMORY")?;
    let mode: String = conn.query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0))?;
    if mode != "wal" {
        let text = format!("{} cannot keep a write-ahead log: is it on a network drive?", path.display());
        return Err(Fault::Unavailable(text));
    }
    let bound = i64::from(LOG_PAGES_MAX) * i64::from(PAGE_BYTES);
    conn.execute_batch(&format!(
        "PRAGMA wal_autocheckpoint = {LOG_PAGES_MAX}; PRAGMA journal_size_limit = {bound}"
    ))?;
    Ok(conn)
}

/// A connection to a database that is there and has this version's schema.
pub(super) fn reader(path: &Path) -> Result<Connection, Fault> {
    // Also a reader writes into the log's index, so it is not opened read-only.
    let conn = connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX, 16)?;
    // Moving the log is left to the thread that has it as its task.
    conn.execute_batch("PRAGMA wal_autocheckpoint = 0").map_err(|error| describe(path, error))?;
    let version = applied(path, &conn)?;
    if version < MIGRATIONS.len() {
        let text = format!("{} was written by an older coulomb: start the server once", path.display());
        return Err(Fault::Unavailable(text));
    }
    Ok(conn)
}

/// The file of a database that a connection has open already, for flushing it.
pub(super) fn file(path: &Path) -> Result<File, Fault> {
    File::open(path).map_err(|error| Fault::Unavailable(format!("{}: {error}", path.display())))
}

/// A connection to a database that nobody else has open, which is one file from then on.
pub(super) fn alone(path: &Path) -> Result<Connection, Fault> {
    let conn = reader(path)?;
    match conn.query_row("PRAGMA journal_mode = DELETE", [], |row| row.get::<_, String>(0)) {
        Ok(mode) if mode == "delete" => Ok(conn),
        Err(error) if error.sqlite_error_code() != Some(ErrorCode::DatabaseBusy) => {
            Err(describe(path, error))
        }
        _ => Err(Fault::Locked(format!(
            "{} is being read by another program: end it first, so that nothing it does is lost",
            path.display()
        ))),
    }
}

/// A new database in the making, with this version's schema. A crash leaves nothing that anybody
/// would use, so nothing waits for the disk until [`one_file`].
pub(super) fn scratch(path: &Path) -> Result<Connection, Fault> {
    let conn = writer(path)?;
    conn.execute_batch("PRAGMA synchronous = OFF")?;
    sort_on_disk(&conn)?;
    Ok(conn)
}

/// The same, of a file that is there and empty, to be filled page by page.
pub(super) fn copy(path: &Path) -> Result<Connection, Fault> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let conn = Connection::open_with_flags(path, flags)?;
    conn.execute_batch("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF")?;
    Ok(conn)
}

/// Makes a database one file: without this, its header says that a log belongs to it.
pub(super) fn one_file(path: &Path) -> Result<(), Fault> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let conn = Connection::open_with_flags(path, flags)?;
    conn.query_row("PRAGMA journal_mode = DELETE", [], |_| Ok(()))?;
    Ok(conn.close().map_err(|(_, error)| error)?)
}

/// Whoever sorts more than fits into memory does it where temporary files are.
pub(super) fn sort_on_disk(conn: &Connection) -> Result<(), Fault> {
    Ok(conn.execute_batch("PRAGMA temp_store = FILE")?)
}

/// A connection to whatever version of the schema a data directory has, for copying it as it is.
pub(super) fn any_version(dir: &Path) -> Result<Connection, Fault> {
    let path = there(dir)?;
    let conn = connect(&path, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX, 16)?;
    conn.execute_batch("PRAGMA wal_autocheckpoint = 0").map_err(|error| describe(&path, error))?;
    applied(&path, &conn)?;
    Ok(conn)
}

/// The database of a data directory that has one.
pub(super) fn there(dir: &Path) -> Result<PathBuf, Fault> {
    let path = database(dir);
    if path.is_file() {
        return Ok(path);
    }
    Err(Fault::Unavailable(format!(
        "there is no database of coulomb's in {}: is this the data directory?",
        dir.display()
    )))
}

fn connect(path: &Path, flags: OpenFlags, cache_mib: i64) -> Result<Connection, Fault> {
    let open = || {
        let conn = Connection::open_with_flags(path, flags)?;
        conn.busy_timeout(BUSY)?;
        conn.set_prepared_statement_cache_capacity(64);
        let cache = cache_mib * 1024;
        conn.execute_batch(&format!(
            "PRAGMA synchronous = FULL; PRAGMA cache_size = -{cache}; PRAGMA mmap_size = 0;
             PRAGMA temp_store = MEMORY; PRAGMA trusted_schema = OFF"
        ))?;
        Ok(conn)
    };
    open().map_err(|error| describe(path, error))
}

/// An error on the way to a database, naming it.
fn describe(path: &Path, error: rusqlite::Error) -> Fault {
    match Fault::from(error) {
        Fault::Damaged(text) => Fault::Damaged(format!(
            "{} is not a database of coulomb's, or it is damaged ({text}): restore it from a backup",
            path.display()
        )),
        Fault::Unavailable(text) => Fault::Unavailable(format!("{}: {text}", path.display())),
        other => other,
    }
}

/// How many migrations were applied, if this program can work with them.
fn applied(path: &Path, conn: &Connection) -> Result<usize, Fault> {
    let pragma = |name: &str| {
        let value = conn.query_row(&format!("PRAGMA {name}"), [], |row| row.get::<_, i64>(0));
        value.map_err(|error| describe(path, error))
    };
    let tables = conn.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get::<_, i64>(0));
    let tables = tables.map_err(|error| describe(path, error))?;
    if tables > 0 && pragma("application_id")? != APPLICATION_ID {
        return Err(Fault::Damaged(format!("{} is another program's database", path.display())));
    }
    let version = usize::try_from(pragma("user_version")?).unwrap_or(usize::MAX);
    if version > MIGRATIONS.len() {
        return Err(Fault::TooNew(format!(
            "{} was written by a newer coulomb (schema {version}, this one knows {}): use that version or a backup",
            path.display(),
            MIGRATIONS.len()
        )));
    }
    Ok(version)
}

/// Applies what is missing, each step in a transaction of its own.
fn migrate(path: &Path, conn: &mut Connection) -> Result<(), Fault> {
    let applied = applied(path, conn)?;
    for (step, sql) in MIGRATIONS.iter().enumerate().skip(applied) {
        let transaction = conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
        transaction.execute_batch(sql)?;
        match step {
            0 => first(&transaction)?,
            SEGMENTS_BESIDE_COMMITS => super::run_ids::fill(&transaction)?,
            _ => {}
        }
        transaction.execute_batch(&format!("PRAGMA user_version = {}", step + 1))?;
        transaction.commit()?;
    }
    Ok(())
}

/// What a new database is born with.
fn first(conn: &Connection) -> Result<(), Fault> {
    conn.execute_batch(&format!("PRAGMA application_id = {APPLICATION_ID}"))?;
    let mut key = [0; 16];
    getrandom::fill(&mut key)
        .map_err(|error| Fault::Unavailable(format!("this machine gives no random numbers: {error}")))?;
    super::set_meta(conn, "run_id_key", key)?;
    super::set_meta(conn, "written_through", 0)
}

/// A new database that leaves nothing behind.
pub(super) fn in_memory() -> Result<Connection, Fault> {
    let mut conn = Connection::open_in_memory()?;
    migrate(Path::new("memory"), &mut conn)?;
    Ok(conn)
}

/// What the migrations add up to, as SQLite remembers it: a golden file.
pub(super) fn schema() -> Result<String, Fault> {
    let conn = in_memory()?;
    let mut select = conn.prepare("SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY rowid")?;
    let statements = select.query_map([], |row| row.get::<_, String>(0))?;
    let mut schema = String::new();
    for statement in statements {
        schema.push_str(&statement?);
        schema.push_str(";\n");
    }
    Ok(schema)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sqlite::{lists, run_ids, run_ids::RunIds};
    use std::sync::RwLock;

    /// A run with its first row, as an older version wrote it.
    fn run(org: i64, seq: i64) -> String {
        let (id, at) = (format!("run_{org}_{seq}"), 1_800_000_000_000_000_i64);
        format!(
            r#"{{"id":"{id}","kind":"chat_message","status":"settled","hold":0,"used":0,"started_at":{at},"start_seq":{seq}}}"#
        )
    }

    #[test]
    fn runs_of_an_older_version_are_listed_and_found_by_their_ids_as_before() {
        let mut conn = Connection::open_in_memory().expect("it opens");
        conn.execute_batch(MIGRATIONS[0]).expect("it is SQL");
        first(&conn).expect("it is set");
        conn.execute_batch(MIGRATIONS[1]).expect("it is SQL");
        conn.execute_batch("PRAGMA user_version = 2").expect("it is SQL");
        for org in [7, 3] {
            conn.execute(
                "INSERT INTO organization (n, id, slot) VALUES (?1, ?2, 0)",
                (org, format!("org_{org}")),
            )
            .expect("it is inserted");
            for seq in 1..=600 {
                let insert =
                    "INSERT INTO run (org, seq, id, status, body) VALUES (?1, ?2, ?3, 'settled', ?4)";
                let row = (org, seq, format!("run_{org}_{seq}"), run(org, seq));
                conn.execute(insert, row).expect("it is inserted");
            }
        }
        migrate(Path::new("memory"), &mut conn).expect("it is brought up to this version");

        let ids = RwLock::new(RunIds::open(&conn, run_ids::SEGMENT_RUNS, false).expect("it opens"));
        for org in [3, 7] {
            let mut before = None;
            let mut listed = Vec::new();
            loop {
                let asked = lists::Asked { n: org, before, limit: 130 };
                let page = lists::runs(&conn, &crate::RunFilter::default(), asked).expect("it reads");
                listed.extend(page.rows.iter().map(|run| run.id.to_string()));
                before = page.next;
                if before.is_none() {
                    break;
                }
            }
            let expected: Vec<String> = (1..=600).rev().map(|seq| format!("run_{org}_{seq}")).collect();
            assert_eq!(listed, expected);
            for seq in [1, 256, 257, 600] {
                let id = format!("run_{org}_{seq}").parse().expect("an id");
                let found = run_ids::find(&conn, &ids, org, &id).expect("it reads").expect("it is found");
                assert_eq!(found.start_seq, seq);
                assert!(run_ids::find(&conn, &ids, 10 - org, &id).expect("it reads").is_none());
            }
        }
    }
}
