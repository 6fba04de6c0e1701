//! The program seen from outside, the way strangers meet it: a real `coulomb` process on loopback with a data folder of
//! its own, judged by programs that other people wrote. What it answers inside is for the ordinary tests.

use std::ffi::OsStr;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::time::Duration;

use crate::shell::{Scratch, cargo, command_line, output_of, repository, run};
use crate::tools::python_tool;

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
    let checked = run(Command::new(python_tool("schemathesis"))
        .arg("--config-file")
        .arg(repository().join("schemathesis.toml"))
        .args(["--no-color", "run", "--origin", &origin, &format!("{origin}/v1/openapi.json")])
        // In the environment, not on the command line: the command line is printed.
        .env("COULOMB_KEY", key.trim())
        // It keeps notes where it runs, and the working tree is not the place for them.
        .current_dir(scratch.path()));
    // The log is worth reading when the server answered wrongly, and also when it did not stop as it should.
    let log = server.log.clone();
    checked.and_then(|()| server.stop()).map_err(|reason| format!("{reason}\n{}", end_of(&log)))
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
fn build() -> Result<PathBuf, String> {
    run(cargo().args(["build", "--workspace", "--all-features", "--locked", "--bin", "coulomb"]))?;
    let ourselves =
        std::env::current_exe().map_err(|error| format!("cannot tell where xtask is: {error}"))?;
    Ok(ourselves.with_file_name(format!("coulomb{}", std::env::consts::EXE_SUFFIX)))
}

/// A running server, stopped when it goes out of scope.
struct Server {
    shell: Child,
    lines: Receiver<String>,
    address: SocketAddr,
    log: PathBuf,
}

/// The shell between us and the server. A line on its standard input asks the server to stop, and the end of that input
/// ends it for good, which happens also when we are killed: it never outlives us. The shell closes its own standard output,
/// so that the end of that stream means the end of the server, and nobody has to poll for it.
const STOPPED_BY_INPUT: &str = r#"
    "$@" & server=$!
    exec >&-
    read -r _; kill -TERM "$server" 2>/dev/null
    read -r _; kill -KILL "$server" 2>/dev/null
    wait "$server"
"#;

impl Server {
    /// Starts it and waits for the line that says it is ready, with its address. What it logs goes to a file.
    fn start(command: &Command, log: &Path) -> Result<Self, String> {
        let line = command_line(command);
        eprintln!("$ {line} &");
        let log_file =
            fs::File::create(log).map_err(|error| format!("cannot create {}: {error}", log.display()))?;
        let variables = command.get_envs().filter_map(|(name, value): (&OsStr, _)| Some((name, value?)));
        let mut shell = Command::new("sh")
            .args(["-c", STOPPED_BY_INPUT, "sh"])
            .arg(command.get_program())
            .args(command.get_args())
            .envs(variables)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(log_file)
            .spawn()
            .map_err(|error| format!("cannot start `{line}`: {error}"))?;

        // Read to the end, also after the line we wait for, or the server would block on a full pipe.
        let output = BufReader::new(shell.stdout.take().expect("standard output is piped"));
        let (sender, lines) = mpsc::channel();
        std::thread::spawn(move || {
            for line in output.lines().map_while(Result::ok) {
                eprintln!("  {line}");
                // Nobody listens any more once the address is known; reading goes on.
                let _ = sender.send(line);
            }
        });

        let unknown = SocketAddr::from(([127, 0, 0, 1], 0));
        let mut server = Self { shell, lines, address: unknown, log: log.to_owned() };
        loop {
            match server.lines.recv_timeout(PATIENCE) {
                Ok(line) => {
                    if let Some(address) = address_in(&line) {
                        server.address = address;
                        return Ok(server);
                    }
                }
                Err(RecvTimeoutError::Timeout) => {
                    return Err(format!(
                        "`{line}` did not say its address in {PATIENCE:?}.\n{}",
                        end_of(log)
                    ));
                }
                Err(RecvTimeoutError::Disconnected) => {
                    return Err(format!("`{line}` ended before it was ready.\n{}", end_of(log)));
                }
            }
        }
    }

    /// Stops it as an operator would, with SIGTERM, after which it has to end by itself and without complaint.
    fn stop(mut self) -> Result<(), String> {
        let mut input = self.shell.stdin.take().expect("standard input is piped");
        input.write_all(b"stop\n").map_err(|error| format!("cannot ask the server to stop: {error}"))?;
        loop {
            match self.lines.recv_timeout(PATIENCE) {
                Ok(_) => {}
                Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => {
                    return Err(format!("The server did not stop within {PATIENCE:?} of SIGTERM."));
                }
            }
        }
        drop(input);
        let status = self.shell.wait().map_err(|error| format!("cannot wait for the server: {error}"))?;
        if status.success() { Ok(()) } else { Err(format!("The server did not stop cleanly: {status}")) }
    }
}

impl Drop for Server {
    /// After a failure nobody called `stop`, or it was in vain: the end of the input ends the server.
    fn drop(&mut self) {
        drop(self.shell.stdin.take());
        let _ = self.shell.wait();
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

/// The last lines of a log, for the report of a failure.
fn end_of(log: &Path) -> String {
    let text = fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    let shown = &lines[lines.len().saturating_sub(50)..];
    format!("The end of the server's log:\n{}", shown.join("\n"))
}
