//! The load tool on what ships, on SQLite and on a PostgreSQL server that is started for it, so that published figures can be
//! had again with one command. What is asked and how it is counted is the business of `coulomb bench`.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use xtask::postgres::Cluster;
use xtask::shell::{cargo, command_line, run};

/// What is handed out, rather than what is tested.
const COULOMB: [&str; 7] =
    ["--profile", "dist", "--locked", "--package", "coulomb-server", "--bin", "coulomb"];

/// Questions that both stores are asked, in this order.
const OF_BOTH: [&str; 5] = ["work", "batch", "reads", "latency", "paced"];

/// Questions that only SQLite is asked.
const OF_SQLITE: [&str; 2] = ["start", "growth"];

/// Asks these questions, or all where none is named; what follows the first option goes to both.
pub fn ask(arguments: &[&str]) -> Result<(), String> {
    let options_at = arguments.iter().position(|argument| argument.starts_with('-'));
    let (questions, options) = arguments.split_at(options_at.unwrap_or(arguments.len()));
    let known = || OF_BOTH.into_iter().chain(OF_SQLITE);
    if let Some(unknown) = questions.iter().find(|question| !known().any(|known| known == **question)) {
        let known: Vec<&str> = known().collect();
        return Err(format!("`{unknown}` is no question of the bench; there are {}.", known.join(", ")));
    }
    let asked = |question: &&str| questions.is_empty() || questions.contains(question);
    let of_both: Vec<&str> = OF_BOTH.into_iter().filter(asked).collect();
    let of_sqlite: Vec<&str> = known().filter(asked).collect();

    // First, because a machine that builds is busy for a while after.
    run(cargo().arg("build").args(COULOMB))?;
    let folder = target().join("bench");
    fs::create_dir_all(&folder).map_err(|error| format!("cannot create {}: {error}", folder.display()))?;
    let bench = || {
        let mut command = Command::new(target().join("dist/coulomb"));
        command.arg("bench");
        command
    };
    kept(bench().args(of_sqlite).arg("--dir").arg(&folder).args(options), &folder.join("sqlite.txt"))?;
    if of_both.is_empty() {
        return Ok(());
    }
    let cluster = Cluster::durable(&[])?;
    let database = cluster.create_database("bench")?;
    kept(bench().args(of_both).args(["--database", &database]).args(options), &folder.join("postgres.txt"))
}

/// Where cargo builds.
fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| "target".into(), PathBuf::from)
}

/// Runs a program to its end, showing what it prints and writing it to a file too.
fn kept(command: &mut Command, path: &Path) -> Result<(), String> {
    let line = command_line(command);
    eprintln!("$ {line}");
    let cannot = |what: &str, error: &dyn std::fmt::Display| format!("cannot {what} `{line}`: {error}");
    let mut file = File::create(path).map_err(|error| format!("cannot write {}: {error}", path.display()))?;
    let started = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn();
    let mut child = started.map_err(|error| cannot("start", &error))?;
    let output = child.stdout.take().ok_or_else(|| cannot("read", &"it has no output"))?;
    for line in BufReader::new(output).lines() {
        let line = line.map_err(|error| cannot("read", &error))?;
        // Whoever closes our output still gets the file.
        let _ = writeln!(std::io::stdout(), "{line}");
        writeln!(file, "{line}").map_err(|error| format!("cannot write {}: {error}", path.display()))?;
    }
    let status = child.wait().map_err(|error| cannot("wait for", &error))?;
    eprintln!("What it printed is in {}.", path.display());
    if status.success() { Ok(()) } else { Err(format!("`{line}` failed: {status}")) }
}
