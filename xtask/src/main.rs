//! The repository's own commands. `ci` is a plain list of steps, kept here; how a step is done lives in `tools` (what the
//! machine needs) and `blackbox` (the program seen from outside); `bench` measures, `soak` goes on for hours, and `planted` breaks the
//! program on purpose. What tests use as well is in the library. Nothing here ships.

mod bench;
mod blackbox;
mod browser;
mod planted;
mod soak;
mod tools;

use std::io::{Read, Write};
use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

use xtask::postgres::{Cluster, SERVER_FOR_TESTS};
use xtask::rules;
use xtask::shell::{cargo, repository, run};

const HELP: &str = "\
The repository's own commands.

Usage: cargo xtask <COMMAND>

Commands:
  ci                 Everything CI runs, in the same order, stopping at the first failure: tools, formatting, lints,
                     documentation, tests. When it passes here, it passes there
  test [ARGS]        The tests, with a PostgreSQL server that is started for them. ARGS are passed on to `cargo nextest run`
  golden [FILTER]    Write the golden files again from what the code does now, then read `git diff`: every changed line
                     is something that users or stored data will notice. FILTER is passed on to `cargo nextest run`
  blackbox           Only the checks that need a running `coulomb`: its HTTP API against the OpenAPI document it publishes
                     (schemathesis), and its export against an accounting program (hledger)
  rules [DAY]        Whether help articles rest on the rules as the standard states them, where that is at hand. With a DAY,
                     take over what it states as of then; the tests name the articles to read again
  browser            Only the checks of pages in a real browser (Chromium, driven by Node)
  postgres           Only the PostgreSQL server for tests, until standard input ends or Ctrl-C. With the variable that it
                     prints, tests that are run in other ways, again and again, need not start one each
  bench [QUESTION…] [OPTIONS]
                     How fast is coulomb, built as it ships? All questions of `coulomb bench` or those that are named, on SQLite
                     and on a durable PostgreSQL server that is started for it. OPTIONS go to both; `coulomb bench --help` says
                     what there is. What is printed is also written to target/bench. Nothing else should run meanwhile
  soak [--minutes N] [--seed S] [--store sqlite|postgres|both]
                     The simulation with ever new seeds, and kills of real servers and of PostgreSQL under load, for N minutes
                     (10). Says what was done, and last whether anything was wrong and how to see it again
  planted            Only the check that bugs which are planted on purpose in a copy of the sources are all caught
  help, --help       This text

Examples:
  cargo xtask ci                                     Before every push
  cargo xtask test -p coulomb-store                  While working on one crate
  cargo xtask golden                                 After a change of JSON, pages, messages or stored events
  cargo xtask golden -E 'package(coulomb-ledger)'    Only the golden files of one crate
  cargo xtask bench work batch --rounds 5            Two questions, thoroughly
  cargo xtask soak --minutes 60 --store sqlite       An hour of everything that can go wrong

Where COULOMB_TEST_POSTGRES is set already, to the URL of a database of a user who may create others, its server is used.
The tools that `ci` needs are installed when it runs as root on Debian; elsewhere it says what to install and stops.
";

/// A step's name and what it does; the error is a sentence for whoever reads the log.
type Step = (&'static str, fn() -> Result<(), String>);

/// What CI runs, cheap steps first. Rules about the repository itself (arrows between crates and the like) are ordinary
/// tests, in `tests/house.rs`.
const CI: &[Step] = &[
    ("tools", tools::set_up),
    ("formatting", formatting),
    ("lints", lints),
    ("documentation", documentation),
    ("help rests on the rules", rules::compare),
    ("tests", tests),
    ("documentation tests", documentation_tests),
    ("planted bugs are caught", planted::all_are_caught),
    ("HTTP API keeps to its document", blackbox::http_api_keeps_to_its_document),
    ("export balances", blackbox::export_balances),
    ("browser", browser::pages),
];

/// Needs a `coulomb` that serves, so these come last wherever they run.
const BLACKBOX: &[Step] = &[
    ("tools", tools::set_up),
    ("HTTP API keeps to its document", blackbox::http_api_keeps_to_its_document),
    ("export balances", blackbox::export_balances),
];

/// Needs a browser as well.
const BROWSER: &[Step] = &[("tools", tools::set_up), ("browser", browser::pages)];

fn main() -> ExitCode {
    if let Err(error) = std::env::set_current_dir(repository()) {
        eprintln!("cannot enter {}: {error}", repository().display());
        return ExitCode::FAILURE;
    }
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["help" | "--help" | "-h"] | [_, "--help" | "-h"] => {
            // Nobody to tell when standard output is gone.
            let _ = std::io::stdout().write_all(HELP.as_bytes());
            ExitCode::SUCCESS
        }
        ["ci"] => run_steps(CI),
        ["blackbox"] => run_steps(BLACKBOX),
        ["browser"] => run_steps(BROWSER),
        ["rules"] => exit_code(rules::compare()),
        ["rules", day] => exit_code(rules::write(day)),
        ["test", arguments @ ..] => exit_code(test(arguments)),
        ["postgres"] => exit_code(postgres()),
        ["bench", arguments @ ..] => exit_code(bench::ask(arguments)),
        ["soak", arguments @ ..] => exit_code(soak::run_for(arguments)),
        ["planted"] => exit_code(planted::all_are_caught()),
        ["golden", filter @ ..] => exit_code(golden(filter)),
        [] => {
            eprint!("{HELP}");
            ExitCode::from(2)
        }
        _ => {
            eprint!("cargo xtask does not know `{}`.\n\n{HELP}", words.join(" "));
            ExitCode::from(2)
        }
    }
}

fn formatting() -> Result<(), String> {
    run(cargo().args(["fmt", "--all", "--check"]))
}

fn lints() -> Result<(), String> {
    run(cargo().args([
        "clippy",
        "--workspace",
        "--all-targets",
        "--all-features",
        "--locked",
        "--",
        "-D",
        "warnings",
    ]))
}

fn documentation() -> Result<(), String> {
    run(cargo().args(["doc", "--workspace", "--no-deps", "--locked"]).env("RUSTDOCFLAGS", "-D warnings"))
}

fn tests() -> Result<(), String> {
    run_with_postgres(cargo().args(["nextest", "run", "--workspace", "--all-features", "--locked"]))
}

/// nextest does not run the examples in documentation.
fn documentation_tests() -> Result<(), String> {
    run_with_postgres(cargo().args(["test", "--doc", "--workspace", "--all-features", "--locked"]))
}

/// Every test, or those of the packages that are named.
fn test(arguments: &[&str]) -> Result<(), String> {
    let names_a_package = |argument: &&str| argument.starts_with("-p") || argument.starts_with("--package");
    let all: &[&str] = if arguments.iter().any(names_a_package) { &[] } else { &["--workspace"] };
    run_with_postgres(cargo().args(["nextest", "run", "--all-features"]).args(all).args(arguments))
}

/// Runs tests that need a server with the one there is, or with one that is gone when they are done.
fn run_with_postgres(command: &mut Command) -> Result<(), String> {
    if std::env::var_os(SERVER_FOR_TESTS).is_some() {
        return run(command);
    }
    let cluster = Cluster::start(&[])?;
    run(command.env(SERVER_FOR_TESTS, cluster.url("postgres")))
}

fn postgres() -> Result<(), String> {
    let cluster = Cluster::start(&[])?;
    let mut output = std::io::stdout();
    writeln!(output, "export {SERVER_FOR_TESTS}={}", cluster.url("postgres"))
        .and_then(|()| std::io::stdin().read_to_end(&mut Vec::new()))
        .map(drop)
        .map_err(|error| format!("cannot talk to whoever started this: {error}"))
}

/// A test that has a golden file writes it, instead of comparing with it, when `GOLDEN` is `write`. All tests run to the
/// end, because one file that could not be written says nothing about the others.
fn golden(filter: &[&str]) -> Result<(), String> {
    let everything = ["nextest", "run", "--workspace", "--all-features", "--no-fail-fast"];
    run_with_postgres(cargo().args(everything).args(filter).env("GOLDEN", "write"))?;
    run(Command::new("git").args(["status", "--short"]))
}

/// Runs the steps in order and says how long each took; stops at the first that fails.
fn run_steps(steps: &[Step]) -> ExitCode {
    let mut finished = String::new();
    let mut total = Duration::ZERO;
    for (position, (name, step)) in steps.iter().enumerate() {
        eprintln!("\n=== {}/{} {name}", position + 1, steps.len());
        let (took, result) = timed(step);
        total += took;
        if let Err(reason) = result {
            eprintln!("=== {name}: FAILED after {:.1} s\n{reason}", took.as_secs_f64());
            return ExitCode::FAILURE;
        }
        eprintln!("=== {name}: passed in {:.1} s", took.as_secs_f64());
        finished += &format!("{:>8.1} s  {name}\n", took.as_secs_f64());
    }
    eprint!("\n{finished}{:>8.1} s  all {} steps passed\n", total.as_secs_f64(), steps.len());
    ExitCode::SUCCESS
}

#[expect(
    clippy::disallowed_methods,
    reason = "how long a step took is only printed; no decision depends on it"
)]
fn timed<T>(work: impl FnOnce() -> T) -> (Duration, T) {
    let started = Instant::now();
    let result = work();
    (started.elapsed(), result)
}

fn exit_code(result: Result<(), String>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => {
            eprintln!("{reason}");
            ExitCode::FAILURE
        }
    }
}
