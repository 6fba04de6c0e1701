//! The program seen from outside, the way strangers meet it: a real `coulomb` process on loopback with a data folder of
//! its own, judged by programs that other people wrote. What it answers inside is for the ordinary tests.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::mpsc::RecvTimeoutError;
use std::time::Duration;

use xtask::leash::{Leash, end_of};
use xtask::python;
use xtask::shell::{Scratch, cargo, command_line, output_of, repository, run};

/// How long a server may take to say that it is ready, or to stop when asked. Generous, because the machine may be busy
/// and nothing waits longer than it has to.
const PATIENCE: Duration = Duration::from_secs(60);

/// Sends what the published document allows and forbids, and compares the answers with it. `schemathesis.toml` says what
/// counts as a fault.
pub fn http_api_keeps_to_its_document() -> Result<(), String> {
    let coulomb = build()?;
    let scratch = Scratch::new("http-api")?;
    let data = scratch.path().join("data");
    let mut serve = Command::new(&coulomb);
    serve.args(["serve", "--sandbox", "--listen", "127.0.0.1:0", "--data"]).arg(&data);
    let server = Server::start(&serve, &scratch.path().join("server.log"))?;

    let key = output_of(
        Command::new(&coulomb)
            .args(["keys", "create", "--scope", "admin", "--name", "ci", "--data"])
            .arg(&data),
    )?;
    let origin = format!("http://{}", server.address);
    let checked = run(Command::new(python::tool("schemathesis"))
        .arg("--config-file")
        .arg(repository().join("schemathesis.toml"))
        .args(["--no-color", "run", "--origin", &origin, &format!("{origin}/v1/openapi.json")])
        // In the environment, not on the command line: the command line is printed.
        .env("COULOMB_KEY", key.trim())
        // It keeps notes where it runs, and the working tree is not the place for them.
        .current_dir(scratch.path()));
    with_log(server, checked)
}

/// Stops a server after it was judged. Its log is worth reading when it answered wrongly, and also when it did not stop as it
/// should.
pub fn with_log(server: Server, judged: Result<(), String>) -> Result<(), String> {
    let log = server.log.clone();
    judged.and_then(|()| server.stop()).map_err(|reason| format!("{reason}\n{}", end_of(&log)))
}

/// An accounting program that knows nothing of credits reads the export of the demonstration's organizations, and finds
/// that every entry balances and every balance assertion holds.
pub fn export_balances() -> Result<(), String> {
    let coulomb = build()?;
    let scratch = Scratch::new("export")?;
    // The demonstration chooses its own throw-away folder; with this as the place for such folders it can be found.
    let folders = scratch.path().join("demo");
    fs::create_dir(&folders).map_err(|error| format!("cannot create {}: {error}", folders.display()))?;
    let mut demo = Command::new(&coulomb);
    demo.args(["demo", "--listen", "127.0.0.1:0"]).env("TMPDIR", &folders);
    let server = Server::start(&demo, &scratch.path().join("demo.log"))?;

    let journal = output_of(
        Command::new(&coulomb)
            .args(["export", "--format", "hledger", "--data"])
            .arg(only_folder_in(&folders)?),
    )?;
    let log = server.log.clone();
    server.stop().map_err(|reason| format!("{reason}\n{}", end_of(&log)))?;

    let file = scratch.path().join("coulomb.journal");
    fs::write(&file, journal).map_err(|error| format!("cannot write {}: {error}", file.display()))?;
    let hledger = || {
        let mut command = Command::new("hledger");
        command.arg("--file").arg(&file);
        command
    };
    run(hledger().arg("check"))?;
    // An empty journal passes every check.
    match output_of(hledger().arg("accounts"))?.lines().count() {
        0 => Err("The export of the demonstration has no entries, so its check proves nothing.".into()),
        accounts => {
            eprintln!("hledger found {accounts} accounts, and all is well with them");
            Ok(())
        }
    }
}

/// Builds `coulomb` with the features the tests used, so that little is left to build, and says where it is: beside us,
/// since we were built by the same cargo into the same folder.
pub fn build() -> Result<PathBuf, String> {
    run(cargo().args(["build", "--workspace", "--all-features", "--locked", "--bin", "coulomb"]))?;
    let ourselves =
        std::env::current_exe().map_err(|error| format!("cannot tell where xtask is: {error}"))?;
    Ok(ourselves.with_file_name(format!("coulomb{}", std::env::consts::EXE_SUFFIX)))
}

/// A running server, stopped when it goes out of scope.
pub struct Server {
    leash: Leash,
    address: SocketAddr,
    log: PathBuf,
}

impl Server {
    /// Starts it and waits for the line that says it is ready, with its address. What it logs goes to a file.
    pub fn start(command: &Command, log: &Path) -> Result<Self, String> {
        let line = command_line(command);
        eprintln!("$ {line} &");
        let leash = Leash::start(command, log, "KILL", None)?;
        loop {
            let reason = match leash.next_line(PATIENCE) {
                Ok(said) => {
                    eprintln!("  {said}");
                    match address_in(&said) {
                        Some(address) => return Ok(Self { leash, address, log: log.to_owned() }),
                        None => continue,
                    }
                }
                Err(RecvTimeoutError::Timeout) => format!("did not say its address in {PATIENCE:?}"),
                Err(RecvTimeoutError::Disconnected) => "ended before it was ready".to_owned(),
            };
            return Err(format!("`{line}` {reason}.\n{}", end_of(log)));
        }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What it says after this mark, up to the next blank; not repeated, because it may be a secret.
    pub fn says(&self, mark: &str) -> Result<String, String> {
        loop {
            let said = self.leash.next_line(PATIENCE).map_err(|_| format!("The server never says {mark}"))?;
            if let Some((_, rest)) = said.split_once(mark) {
                return Ok(rest.split_whitespace().next().unwrap_or_default().to_owned());
            }
        }
    }

    /// Stops it as an operator would, with SIGTERM, after which it has to end by itself and without complaint.
    fn stop(mut self) -> Result<(), String> {
        self.leash.signal("TERM")?;
        if !self.leash.ends_within(PATIENCE) {
            return Err(format!("The server did not stop within {PATIENCE:?} of SIGTERM."));
        }
        let status = self.leash.release()?;
        if status.success() { Ok(()) } else { Err(format!("The server did not stop cleanly: {status}")) }
    }
}

/// The first word that is an address with a port, as in `listening on http://127.0.0.1:8123/`.
fn address_in(line: &str) -> Option<SocketAddr> {
    let words = line.split(|c: char| c.is_whitespace() || matches!(c, '/' | ',' | '"' | '(' | ')'));
    words.filter_map(|word| word.trim_end_matches('.').parse().ok()).next()
}

fn only_folder_in(folder: &Path) -> Result<PathBuf, String> {
    let entries =
        fs::read_dir(folder).map_err(|error| format!("cannot read {}: {error}", folder.display()))?;
    let folders: Vec<PathBuf> =
        entries.flatten().map(|entry| entry.path()).filter(|path| path.is_dir()).collect();
    match folders.as_slice() {
        [one] => Ok(one.clone()),
        others => {
            Err(format!("expected the demonstration's one folder in {}, found {others:?}", folder.display()))
        }
    }
}
