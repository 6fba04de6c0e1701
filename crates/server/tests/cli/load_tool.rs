//! `coulomb bench`.

use super::program::*;
use std::{fs, process::Command};
use xtask::postgres::{fresh_database, query};

/// The load tool with sizes that take a moment, and whatever of it is meant for the figures left out.
fn small_bench<const N: usize>(arguments: [&str; N]) -> Command {
    let sizes =
        ["--organizations", "3", "--connections", "2", "--batch-connections", "1", "--batch-sizes", "10"];
    let times = ["--rounds", "1", "--seconds", "0.2", "--warm-up", "0.05", "--paced-seconds", "0.5"];
    let growth = ["--growth", "3,5", "--growth-runs", "2,4", "--yes"];
    let mut bench = coulomb(["bench"]);
    bench.args(arguments).args(sizes).args(times).args(growth);
    bench
}

/// The questions of the load tool that one server can be asked, and those that need directories of their own.
const QUESTIONS: [&str; 7] = ["work", "batch", "reads", "latency", "paced", "start", "growth"];

/// What a question must print between itself and the next one: its lines under a head, its reference, its goal.
#[track_caller]
fn answers(shown: &str, question: &str, parts: &[&str]) {
    let begin = format!("\n{question}: ");
    let answer = shown.split_once(&begin).unwrap_or_else(|| panic!("{question} was not asked: {shown}")).1;
    let others = QUESTIONS.into_iter().filter(|other| *other != question);
    let end = others.filter_map(|other| answer.find(&format!("\n{other}: "))).min();
    let answer = answer.get(..end.unwrap_or(answer.len())).expect("a line's end");
    for part in parts.iter().chain(&["op/s"]) {
        assert!(answer.contains(part), "{part} is not in the answer to {question}: {shown}");
    }
}

#[test]
fn the_load_tool_counts_what_the_ledger_counts() {
    let scratch = scratch();
    let server = Server::start(scratch.path());
    let key = new_key(scratch.path(), "admin");
    let shown = printed(&mut small_bench(["work", "batch", "--url", &server.url(), "--key", &key]));
    // Operations that the ledger did not have would make it fail.
    answers(
        &shown,
        "work",
        &["bare echo     2 conn.", "hot           2 conn.", "spread        2 conn.", "of the echo", "Goal: "],
    );
    answers(&shown, "batch", &["batch of 10"]);
    printed(&mut coulomb(["verify", "--data", path(scratch.path())]));
}

#[test]
fn every_question_of_the_load_tool_is_answered_on_a_directory_and_nothing_is_left_there() {
    let scratch = scratch();
    let dir = path(scratch.path());
    let shown = printed(small_bench(["--dir", dir]).args(QUESTIONS));
    for part in ["Machine:", "Durable:  SQLite with journal_mode WAL and synchronous FULL", "Asked:"] {
        assert!(shown.contains(part), "{part} is not in: {shown}");
    }
    answers(&shown, "work", &["fdatasync", "bare echo", "hot", "spread", "Goal: "]);
    answers(&shown, "batch", &["fdatasync", "batch of 10"]);
    answers(&shown, "reads", &["bare echo", "of the echo", "Goal: "]);
    answers(&shown, "latency", &["fdatasync", "1 conn.", "Goal: "]);
    answers(&shown, "paced", &["calls per second", "window", "Goal: "]);
    answers(&shown, "start", &["after it was stopped", "after it was killed under load", "memory", "Goal: "]);
    answers(&shown, "growth", &["drawn alike", "80 % on 1 %", "4 closed runs", "memory", "Goal: "]);
    assert_eq!(fs::read_dir(scratch.path()).expect("the directory").count(), 0);
}

#[test]
fn what_the_load_tool_has_filled_can_be_kept() {
    let scratch = scratch();
    let bench = || printed(&mut small_bench(["start", "--keep", "--dir", path(scratch.path())]));
    assert!(bench().contains("5 organizations: filled in this process"));
    assert!(bench().contains("5 organizations: kept from an earlier bench"));
    let kept = scratch.path().join("coulomb-bench/organizations-5");
    printed(&mut coulomb(["verify", "--data", path(&kept)]));
}

#[test]
fn the_load_tool_measures_a_database_beside_the_design_by_hand() {
    let database = fresh_database();
    let questions = QUESTIONS.iter().take(5);
    let shown = printed(small_bench(["--database", &database.url]).args(questions));
    assert!(shown.contains("fsync"), "{shown}");
    answers(&shown, "work", &["one row inserted and committed", "by hand", "coulomb is ", "Goal: "]);
    answers(&shown, "batch", &["batch of 10"]);
    answers(&shown, "reads", &["of the echo"]);
    answers(&shown, "latency", &["by hand"]);
    answers(&shown, "paced", &["by hand", "window"]);
    // Operations that the ledger or the tables by hand did not have would make it fail.
    let schemas = "SELECT count(*) FROM pg_namespace WHERE nspname = 'coulomb_bench_usual'";
    assert_eq!(query(&database.url, schemas).expect("the schemas"), "0");
}

#[test]
fn the_load_tool_leaves_a_database_of_others_alone_unless_it_is_told() {
    let database = fresh_database();
    printed(&mut small_bench(["latency", "--database", &database.url]));
    let stranger = "INSERT INTO coulomb.organization (slot, org, version, hash, name, body, grants, tally)
                    VALUES (0, 'acme', 1, '', '', '', '[]', '[]')";
    query(&database.url, stranger).expect("an organization of somebody else");
    let said = complaint(&mut coulomb(["bench", "latency", "--database", &database.url]));
    assert!(said.contains("acme") && said.contains("--yes"), "{said}");
}
