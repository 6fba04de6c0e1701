//! Servers under test, each a process of its own, so that its memory, its CPU time and its start are its own: the real one,
//! started as an operator would, and the bare echo. They end with whoever holds them.

use super::echo;
use crate::{Failure, client::Target};
use coulomb_server::{auth, clock};
use ledger::id::KeyId;
use std::{
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, ChildStdout, Command, Stdio},
    sync::Arc,
};
use store::{Scope, Store, postgres::Postgres, sqlite::Sqlite};

/// What the server prints before its address.
const READY: &str = "coulomb listening on http://";

/// Where a server keeps its credits.
#[derive(Clone)]
pub enum Place {
    /// In a data directory.
    Directory(PathBuf),
    /// In a PostgreSQL database.
    Database {
        /// Its URL.
        url: String,
        /// How it is reached.
        options: store::postgres::Options,
    },
}

impl Place {
    /// The store, which nobody else may have open where it is a directory.
    pub fn open(&self) -> Result<Arc<dyn Store>, Failure> {
        Ok(match self {
            Place::Directory(dir) => Arc::new(Sqlite::open(dir)?),
            Place::Database { options, .. } => Arc::new(Postgres::open(options.clone())?),
        })
    }

    fn beside(&self) -> Result<Arc<dyn Store>, Failure> {
        Ok(match self {
            Place::Directory(dir) => Arc::new(Sqlite::open_beside(dir)?),
            Place::Database { options, .. } => Arc::new(Postgres::connect(options.clone())?),
        })
    }
}

/// A process that was started and has said where it listens.
struct Process {
    child: Child,
    /// Kept open, or the process would fail when it says something more.
    _lines: BufReader<ChildStdout>,
    url: String,
}

impl Process {
    fn start(mut command: Command, ready: &str) -> Result<Process, Failure> {
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let output = child.stdout.take().ok_or("A process was started without its output.")?;
        let mut lines = BufReader::new(output);
        let mut line = String::new();
        let read = lines.read_line(&mut line);
        match (read, line.trim_end().strip_prefix(ready)) {
            (Ok(_), Some(address)) => Ok(Process { child, _lines: lines, url: format!("http://{address}") }),
            (read, _) => {
                let _ = child.kill();
                let status = child.wait()?;
                read?;
                Err(format!(
                    "The server of the bench did not start: it said {line:?} and ended with {status}."
                )
                .into())
            }
        }
    }

    fn terminate(mut self) -> Result<(), Failure> {
        let asked = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status()?;
        if !asked.success() {
            return Err(format!("The server could not be asked to stop: {asked}.").into());
        }
        let status = self.child.wait()?;
        if status.success() { Ok(()) } else { Err(format!("The server ended with {status}.").into()) }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // One that has ended already needs neither.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// This program, without whatever the person at the terminal has configured for servers.
fn ourselves() -> Result<Command, Failure> {
    let mut command = Command::new(std::env::current_exe()?);
    let ours = std::env::vars_os().map(|(name, _)| name);
    for name in ours.filter(|name| name.to_string_lossy().starts_with("COULOMB_")) {
        command.env_remove(name);
    }
    Ok(command)
}

/// A key to a place's servers. It is made before they start and outlasts them.
pub struct Access {
    place: Place,
    id: KeyId,
    key: String,
}

impl Access {
    /// Makes a key. Nobody else may have the place open.
    pub fn new(place: &Place) -> Result<Access, Failure> {
        let key = auth::new_key("bench", Scope::Admin, clock::now())?;
        place.open()?.create_key(&key.stored)?;
        Ok(Access { place: place.clone(), id: key.stored.id, key: key.key })
    }

    /// Takes the key back.
    pub fn end(self) -> Result<(), Failure> {
        self.place.beside()?.revoke_key(&self.id, clock::now())?;
        Ok(())
    }
}

/// A server.
pub struct Server {
    process: Process,
    target: Target,
}

impl Server {
    /// Starts one and waits until it listens. `config` is a file with what differs from the defaults.
    pub fn start(access: &Access, config: Option<&Path>) -> Result<Server, Failure> {
        let mut command = ourselves()?;
        command.args(["serve", "--listen", "127.0.0.1:0", "--log", "warn"]);
        if let Some(config) = config {
            command.arg("--config").arg(config);
        }
        match &access.place {
            Place::Directory(dir) => command.arg("--data").arg(dir),
            // Not on the command line, which others can read: it may have a password.
            Place::Database { url, .. } => command.env("COULOMB_DATABASE", url),
        };
        let process = Process::start(command, READY)?;
        let target = Target::new(&process.url, &access.key)?;
        Ok(Server { process, target })
    }

    /// Where and with which key it is asked.
    pub fn target(&self) -> &Target {
        &self.target
    }

    /// Its process.
    pub fn process(&self) -> u32 {
        self.process.child.id()
    }

    /// Stops it as an operator would; fails where it does not end well.
    pub fn stop(self) -> Result<(), Failure> {
        self.process.terminate()
    }

    /// Ends it at once, as a crash would.
    pub fn kill(self) {
        drop(self.process);
    }
}

/// The bare echo.
pub struct Echo {
    process: Process,
    target: Target,
}

impl Echo {
    /// One that answers so many bytes.
    pub fn start(answer_bytes: usize, threads: usize) -> Result<Echo, Failure> {
        let mut command = ourselves()?;
        command.args(["bench", "--echo-bytes", &answer_bytes.to_string()]);
        command.args(["--echo-threads", &threads.to_string()]);
        let process = Process::start(command, echo::READY)?;
        let target = Target::new(
            &process.url,
            "coulomb_admin_0000000000000000000000000000000000000000000000000000_000000",
        )?;
        Ok(Echo { process, target })
    }

    /// Where it is asked; its key is as long as a real one.
    pub fn target(&self) -> &Target {
        &self.target
    }

    /// Its process.
    pub fn process(&self) -> u32 {
        self.process.child.id()
    }
}
