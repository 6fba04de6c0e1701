//! A real PostgreSQL for tests: a server of its own that ends with whoever started it, that can be killed, started again
//! and followed by a standby, and an empty database for every test that asks. Everything is done with PostgreSQL's own
//! programs, so that no driver is needed here. What is in the databases is not known here.

mod backup;

pub use backup::{ARCHIVING, BaseBackup, dump};

use std::fs;
use std::hash::{BuildHasher, RandomState};
use std::io::{ErrorKind, Write};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use crate::leash::{Leash, end_of};
use crate::shell::{is_root, quietly};

/// The environment variable that names a server for tests: a URL of a database on it, as a user who may create others.
pub const SERVER_FOR_TESTS: &str = "COULOMB_TEST_POSTGRES";

/// How long a server may take to be ready, or to end. Generous, because the machine may be busy and nothing waits longer
/// than it has to.
const PATIENCE: Duration = Duration::from_secs(60);

/// How often a starting server is looked at.
const GLANCE: Duration = Duration::from_millis(10);

/// The superuser of every cluster.
const USER: &str = "coulomb";

/// PostgreSQL refuses to run as root, and Debian's package makes this user for it.
const USER_INSTEAD_OF_ROOT: &str = "postgres";

/// Where Debian puts the programs, each version in a folder of its own with `bin` inside.
const DEBIAN: &str = "/usr/lib/postgresql";

/// For tests that nobody will cut the power to. A server process that is killed loses nothing without `fsync`, only a
/// machine does. Many tests share one server, hence so many connections.
const FOR_TESTS: &[(&str, &str)] = &[
    ("listen_addresses", "127.0.0.1"),
    // The path of a socket may not be longer than about a hundred bytes, and the place for temporary files may be.
    ("unix_socket_directories", ""),
    ("max_connections", "400"),
    ("shared_buffers", "128MB"),
    ("fsync", "off"),
    ("full_page_writes", "off"),
];

/// As an operator would run it, where what a commit costs is what the test is about.
const DURABLE: &[(&str, &str)] = &[("fsync", "on"), ("full_page_writes", "on")];

/// One PostgreSQL server with a folder and a port of its own, reachable on loopback only, by whoever asks. It ends, and its
/// folder is removed, when this goes out of scope or the process that started it ends, however that happens.
#[derive(Debug)]
pub struct Cluster {
    programs: PathBuf,
    folder: PathBuf,
    port: u16,
    leash: Leash,
}

impl Cluster {
    /// Starts a server with settings for tests, and with these on top; of two with one name the later wins.
    pub fn start(settings: &[(&str, &str)]) -> Result<Self, String> {
        let programs = folder_with("initdb")?;
        let folder = new_folder()?;
        let mut initdb = as_its_user(&programs.join("initdb"), &folder);
        initdb.args(["--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync", "--username", USER]);
        initdb.arg("--pgdata").arg(folder.join("data"));
        make(&initdb, &folder)?;
        add_settings(&folder.join("data/postgresql.conf"), &[FOR_TESTS, settings].concat())?;
        Self::serve_on_a_free_port(programs, folder)
    }

    /// Starts a server that lets nobody in whose connection is not encrypted, but for this machine's own `query`. It shows
    /// this certificate, whose key is this; both are PEM.
    pub fn encrypted(certificate: &str, key: &str) -> Result<Self, String> {
        let cluster = Self::start(&[])?;
        let data = cluster.folder.join("data");
        for (name, text) in [("server.crt", certificate), ("server.key", key)] {
            // The server takes a key only from a file that is its user's and nobody else's.
            let file = data.join(name);
            let mut create = as_its_user(Path::new("install"), &cluster.folder);
            quietly(create.args(["-m", "600", "/dev/null"]).arg(&file))?;
            fs::write(&file, text).map_err(|error| format!("cannot write {}: {error}", file.display()))?;
        }
        let access = data.join("pg_hba.conf");
        let rules = format!("hostssl all all 127.0.0.1/32 trust\nhost all {USER} 127.0.0.1/32 trust\n");
        fs::write(&access, rules).map_err(|error| format!("cannot write {}: {error}", access.display()))?;
        cluster.set("ssl", "on")?;
        Ok(cluster)
    }

    /// Like `start`, but what is committed is on the disk.
    pub fn durable(settings: &[(&str, &str)]) -> Result<Self, String> {
        Self::start(&[DURABLE, settings].concat())
    }

    /// The URL of a database on this server, whether it exists or not. `postgres` always does.
    pub fn url(&self, database: &str) -> String {
        format!("postgres://{USER}@127.0.0.1:{}/{database}", self.port)
    }

    /// Creates an empty database and returns its URL.
    pub fn create_database(&self, name: &str) -> Result<String, String> {
        create_database(&self.url("postgres"), name)
    }

    /// Changes a setting that a running server can change. When this returns, whatever the server does next goes by it.
    ///
    /// With `synchronous_standby_names` as `*`, a commit is acknowledged only when a standby has it too.
    pub fn set(&self, name: &str, value: &str) -> Result<(), String> {
        let server = self.url("postgres");
        let loaded = || query(&server, "SELECT pg_conf_load_time()");
        let before = loaded()?;
        query(&server, &format!("ALTER SYSTEM SET {name} = '{}'", value.replace('\'', "''")))?;
        query(&server, "SELECT pg_reload_conf()")?;
        // Only a new session tells what the server has read. There is nothing to wait for in between: starting `psql` takes
        // longer than reading a file.
        let glances = 1000;
        if !(0..glances).any(|_| loaded().is_ok_and(|now| now != before)) {
            return Err(format!("The server did not take the setting {name}.\n{}", end_of(&self.log())));
        }
        // Whether commits wait for a standby is told to the sessions by the process that makes the checkpoints. It may have
        // begun the first of these before it looked at its settings, but not the second.
        query(&server, "CHECKPOINT")?;
        query(&server, "CHECKPOINT").map(drop)
    }

    /// Kills the server the hard way, as `kill -9` does, and waits until its children have noticed and ended too.
    pub fn kill(&mut self) -> Result<(), String> {
        self.end("KILL")?;
        self.clear_up_after_the_dead()
    }

    /// Stops the server at once, without asking its clients; it will have to recover like one that crashed.
    pub fn stop_immediate(&mut self) -> Result<(), String> {
        self.end("QUIT")
    }

    /// Starts the server again on its folder and port, and waits until it has recovered.
    pub fn start_again(&mut self) -> Result<(), String> {
        self.stop_immediate()?;
        let leash = serve(&self.programs, &self.folder, self.port)?;
        // The old one guards the folder until the new one does.
        std::mem::replace(&mut self.leash, leash).release().map(drop)
    }

    /// Starts a second server that follows this one. It has this one's settings, with these on top, and waits for no standby
    /// of its own: it can commit after it is promoted.
    pub fn standby(&self, settings: &[(&str, &str)]) -> Result<Self, String> {
        // What `set` has changed is in the copy's own file, so only there can it be changed back.
        let settings = [&[("synchronous_standby_names", "")], settings].concat();
        self.copied(&["--write-recovery-conf"])?.restore(&settings)
    }

    /// Makes a standby a server in its own right, and waits until it is.
    pub fn promote(&self) -> Result<(), String> {
        let mut promote = as_its_user(&self.programs.join("pg_ctl"), &self.folder);
        promote.args(["promote", "--wait", "--silent", "--timeout", &PATIENCE.as_secs().to_string()]);
        promote.arg("--pgdata").arg(self.folder.join("data"));
        quietly(&mut promote).map(drop).map_err(|reason| format!("{reason}\n{}", end_of(&self.log())))
    }

    fn serve_on_a_free_port(programs: PathBuf, folder: PathBuf) -> Result<Self, String> {
        let mut attempts_left = 5;
        loop {
            attempts_left -= 1;
            let port = free_port()?;
            match serve(&programs, &folder, port) {
                Ok(leash) => return Ok(Self { programs, folder, port, leash }),
                // Somebody else was quicker.
                Err(_) if !is_free(port) && attempts_left > 0 => {}
                Err(reason) => {
                    remove(&folder);
                    return Err(reason);
                }
            }
        }
    }

    fn end(&mut self, signal: &str) -> Result<(), String> {
        self.leash.signal(signal)?;
        if self.leash.ends_within(PATIENCE) {
            return Ok(());
        }
        Err(format!("The server did not end within {PATIENCE:?} of {signal}.\n{}", end_of(&self.log())))
    }

    /// A server that was killed leaves a file that says it is ready, and a bit of shared memory that would stay until the
    /// machine is started again.
    fn clear_up_after_the_dead(&self) -> Result<(), String> {
        let note = self.folder.join("data/postmaster.pid");
        let text = match fs::read_to_string(&note) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(format!("cannot read {}: {error}", note.display())),
        };
        let shared_memory = text.lines().nth(6).and_then(|line| line.split_whitespace().last());
        if let Some(id) = shared_memory {
            // A start of the server removes it as well, so it may be gone.
            let _ = quietly(Command::new("ipcrm").args(["-m", id]));
        }
        fs::remove_file(&note).map_err(|error| format!("cannot remove {}: {error}", note.display()))
    }

    fn log(&self) -> PathBuf {
        self.folder.join("log")
    }
}

/// An empty database of one test. It is dropped when this goes out of scope, whoever is still connected.
#[derive(Debug)]
pub struct Database {
    /// Where it is, as `postgres://user@host:port/name`.
    pub url: String,
    name: String,
    server: String,
}

/// An empty database that nobody else uses: on the server that `COULOMB_TEST_POSTGRES` names, or else on one that is
/// started for this process and ends with it. Panics with the reason when there is none to be had.
#[track_caller]
pub fn fresh_database() -> Database {
    static CREATED: AtomicU32 = AtomicU32::new(0);

    let server = server_for_tests();
    // Process ids come again, and on a server that stays so would the names; hence some chance.
    let (process, count) = (std::process::id(), CREATED.fetch_add(1, Ordering::Relaxed));
    let name = format!("test_{process}_{count}_{:08x}", chance() as u32);
    let url = create_database(&server, &name).unwrap_or_else(|reason| panic!("{reason}"));
    Database { url, name, server }
}

impl Drop for Database {
    fn drop(&mut self) {
        // The server may be gone already, and the database with it.
        let _ = query(&self.server, &format!("DROP DATABASE {} WITH (FORCE)", self.name));
    }
}

/// Creates an empty database on the server that has the database `server_url`, and returns its URL. The name is of small
/// letters, digits and underscores.
pub fn create_database(server_url: &str, name: &str) -> Result<String, String> {
    let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    if name.is_empty() || !name.chars().all(is_plain) {
        return Err(format!(
            "`{name}` is no name for a database of a test: small letters, digits and underscores are."
        ));
    }
    let url = with_database(server_url, name)?;
    // Logging the few changes costs less than the checkpoints around a copy of the files.
    let create =
        format!("CREATE DATABASE \"{name}\" TEMPLATE template0 STRATEGY wal_log ENCODING 'UTF8' LOCALE 'C'");
    query(server_url, &create).map(|_| url)
}

/// Runs one statement and returns its rows: one a line, fields separated by `|`.
pub fn query(url: &str, statement: &str) -> Result<String, String> {
    let psql = folder_with("psql")?.join("psql");
    let rows = quietly(
        Command::new(psql)
            .args(["--no-psqlrc", "--no-password", "--quiet", "--tuples-only", "--no-align"])
            .args(["--set", "ON_ERROR_STOP=1", "--dbname", url, "--command", statement])
            .env("PGCONNECT_TIMEOUT", PATIENCE.as_secs().to_string()),
    )?;
    Ok(rows.trim_end().to_owned())
}

/// Whether a server can be started on this machine.
pub fn is_installed() -> bool {
    folder_with("initdb").is_ok()
}

fn server_for_tests() -> String {
    static OURS: OnceLock<Cluster> = OnceLock::new();

    // Nothing drops what is static; its input ends with the process, and that ends the server.
    let ours = || OURS.get_or_init(|| Cluster::start(&[]).unwrap_or_else(|reason| panic!("{reason}")));
    std::env::var(SERVER_FOR_TESTS).unwrap_or_else(|_| ours().url("postgres"))
}

/// Starts the server and waits until it accepts connections.
fn serve(programs: &Path, folder: &Path, port: u16) -> Result<Leash, String> {
    let data = folder.join("data");
    let mut postgres = as_its_user(&programs.join("postgres"), folder);
    postgres.arg("-D").arg(&data).args(["-p", &port.to_string()]);
    let log = folder.join("log");
    // QUIT ends it at once like KILL, but it ends its children first and clears up.
    let leash = Leash::start(&postgres, &log, "QUIT", Some(folder))?;
    for _ in 0..PATIENCE.as_millis() / GLANCE.as_millis() {
        // The eighth line of the server's own note is there for who waits for it.
        let note = fs::read_to_string(data.join("postmaster.pid")).unwrap_or_default();
        if note.lines().nth(7).is_some_and(|status| status.trim() == "ready") {
            return Ok(leash);
        }
        if leash.ends_within(GLANCE) {
            let reason = format!("PostgreSQL ended before it was ready.\n{}", end_of(&log));
            leash.release()?;
            return Err(reason);
        }
    }
    Err(format!("PostgreSQL was not ready in {PATIENCE:?}.\n{}", end_of(&log)))
}

/// Runs the program that fills the folder.
fn make(command: &Command, folder: &Path) -> Result<(), String> {
    let log = folder.join("log");
    let leash = Leash::start(command, &log, "QUIT", Some(folder))?;
    if !leash.ends_within(PATIENCE) {
        return Err(format!("`{command:?}` did not end within {PATIENCE:?}.\n{}", end_of(&log)));
    }
    let status = leash.release()?;
    if status.success() {
        return Ok(());
    }
    let reason = format!("`{command:?}` failed: {status}\n{}", end_of(&log));
    remove(folder);
    Err(reason)
}

/// Adds lines to a file that the server's user owns already; where a setting is there twice, the last one counts.
fn add_settings(file: &Path, settings: &[(&str, &str)]) -> Result<(), String> {
    let line = |(name, value): &(&str, &str)| format!("{name} = '{}'\n", value.replace('\'', "''"));
    let lines: String = settings.iter().map(line).collect();
    let appended =
        fs::File::options().append(true).open(file).and_then(|mut file| file.write_all(lines.as_bytes()));
    appended.map_err(|error| format!("cannot write {}: {error}", file.display()))
}

/// An empty folder that belongs to the user the server runs as.
fn new_folder() -> Result<PathBuf, String> {
    let place = std::env::temp_dir();
    let mut mktemp = as_its_user(Path::new("mktemp"), &place);
    let made = quietly(mktemp.arg("-d").arg(place.join("coulomb-postgres-XXXXXXXX")))?;
    Ok(PathBuf::from(made.trim_end()))
}

fn remove(folder: &Path) {
    if let Err(error) = fs::remove_dir_all(folder)
        && error.kind() != ErrorKind::NotFound
    {
        eprintln!("could not remove {}: {error}", folder.display());
    }
}

/// A command that runs in a folder, as the user a server may run as: ourselves, unless that is root.
fn as_its_user(program: &Path, folder: &Path) -> Command {
    let mut command = if is_root() {
        let mut setpriv = Command::new("setpriv");
        setpriv.arg(format!("--reuid={USER_INSTEAD_OF_ROOT}"));
        setpriv.arg(format!("--regid={USER_INSTEAD_OF_ROOT}"));
        setpriv.arg("--init-groups").arg(program);
        setpriv
    } else {
        Command::new(program)
    };
    // A machine may have a language that it has no messages or rules for.
    command.current_dir(folder).env("LC_ALL", "C");
    command
}

/// A port that nobody listens on now. Those that the system gives to outgoing connections begin above, so a server that is
/// started again finds its port as it left it.
fn free_port() -> Result<u16, String> {
    let candidates = (0..1000).map(|_| 16_384 + (chance() % 16_384) as u16);
    candidates.into_iter().find(|port| is_free(*port)).ok_or_else(|| "There is no free port.".to_owned())
}

fn is_free(port: u16) -> bool {
    TcpListener::bind(("127.0.0.1", port)).is_ok()
}

/// The standard library's only source of it: what keeps hash tables from being predictable.
fn chance() -> u64 {
    RandomState::new().hash_one(std::process::id())
}

/// Where a program of PostgreSQL is: in the newest version that Debian's packages brought, or where `pg_config` says, or
/// on the `PATH`.
fn folder_with(program: &str) -> Result<PathBuf, String> {
    let entries = fs::read_dir(DEBIAN).into_iter().flatten().flatten();
    let mut versions: Vec<(f64, PathBuf)> = entries
        .filter_map(|entry| Some((entry.file_name().to_str()?.parse().ok()?, entry.path().join("bin"))))
        .collect();
    versions.sort_by(|(one, _), (other, _)| other.total_cmp(one));
    let debian = versions.into_iter().map(|(_, folder)| folder);

    // Asked only when Debian's folders do not have it.
    let configured = std::iter::once_with(|| quietly(Command::new("pg_config").arg("--bindir")).ok());
    let configured = configured.flatten().map(|folder| PathBuf::from(folder.trim_end()));

    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut folders = debian.chain(configured).chain(std::env::split_paths(&path));
    folders.find(|folder| folder.join(program).is_file()).ok_or_else(|| {
        format!(
            "PostgreSQL is not installed: `{program}` is neither in {DEBIAN}/*/bin, nor where `pg_config --bindir` says, \
             nor on the PATH. On Debian: apt-get install postgresql"
        )
    })
}

/// The same server, another database: the path of the URL is the name of the database.
fn with_database(url: &str, database: &str) -> Result<String, String> {
    let (scheme, rest) = url.split_once("://").ok_or_else(|| {
        format!("{SERVER_FOR_TESTS} should be a URL like postgres://user@host/database, and is `{url}`.")
    })?;
    let (before_options, options) = match rest.split_once('?') {
        Some((before, options)) => (before, format!("?{options}")),
        None => (rest, String::new()),
    };
    let server = before_options.split('/').next().unwrap_or_default();
    Ok(format!("{scheme}://{server}/{database}{options}"))
}

#[cfg(test)]
mod tests {
    use super::with_database;

    #[test]
    fn a_url_names_another_database_of_the_same_server() {
        let cases = [
            ("postgres://coulomb@127.0.0.1:5432/postgres", "postgres://coulomb@127.0.0.1:5432/d"),
            ("postgres://coulomb@127.0.0.1:5432", "postgres://coulomb@127.0.0.1:5432/d"),
            ("postgresql://u:p@host/x?sslmode=require", "postgresql://u:p@host/d?sslmode=require"),
            ("postgres://u@host?sslmode=disable", "postgres://u@host/d?sslmode=disable"),
        ];
        for (url, expected) in cases {
            assert_eq!(with_database(url, "d").as_deref(), Ok(expected));
        }
        with_database("host=127.0.0.1 dbname=x", "d").expect_err("this is no URL");
    }
}
