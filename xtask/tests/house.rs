//! What holds for the repository as a whole and no compiler checks: the arrows between the crates, what the rules may
//! depend on, where the clock is read, what files are called and how they begin. Each test is one rule of the house and
//! lists everything that breaks it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::ErrorKind;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

/// Which crate of ours may name which. A new arrow, like a new crate, is a decision: draw it here and say why.
const ARROWS: &[(&str, &[&str])] = &[
    ("coulomb-ledger", &[]),
    ("coulomb-store", &["coulomb-ledger"]),
    ("coulomb-api", &[]),
    ("coulomb-server", &["coulomb-store", "coulomb-ledger", "coulomb-api"]),
    ("xtask", &[]),
];

/// No runtime, no database, no clock, no randomness: what is not here cannot make the rules depend on the machine.
const WHAT_RULES_NEED: &[&str] = &["jiff", "serde", "serde_json", "sha2", "thiserror"];

/// Only for the feature that tells stories in tests.
const WHAT_STORIES_NEED: &str = "serde-saphyr";

/// The one file that reads the clock; the load tool, which measures from outside what a stranger would wait; and a backup, which
/// pauses for as long as it has worked.
const MAY_READ_THE_CLOCK: &[&str] = &[
    "crates/server/src/clock.rs",
    "crates/server/src/bin/coulomb/bench.rs",
    "crates/store/src/sqlite/backup.rs",
];

/// The statements of each store, all of which a test prepares, and what is done before there is a schema to prepare them on.
/// Those of the design that the load tool compares with are no store's, and a test of their own sends each of them. What
/// rebuilding sends is about tables as the catalogue lists them, and its tests send all of that.
const MAY_SPEAK_SQL: &[&str] = &[
    "crates/store/src/sqlite/statements.rs",
    "crates/store/src/sqlite/open.rs",
    "crates/store/src/postgres/statements.rs",
    "crates/store/src/postgres/open.rs",
    "crates/store/src/postgres/distribute.rs",
    "crates/store/src/postgres/usual.rs",
    "crates/store/src/sqlite/rebuild/tables.rs",
    "crates/store/src/postgres/rebuild.rs",
];

#[test]
fn the_crates_depend_on_each_other_as_drawn_and_no_other_way() {
    let drawn: BTreeMap<&str, BTreeSet<&str>> =
        ARROWS.iter().map(|(from, to)| (*from, to.iter().copied().collect())).collect();
    let packages = packages();
    // Every kind counts: a test that reaches around an arrow is where the arrow begins to bend. What tests of the store and
    // of the server take from the ledger's stories runs along arrows that are drawn. A crate that names itself, to have
    // one of its own features in its tests, draws nothing; nor do tests that have xtask start what they need.
    let found: BTreeMap<&str, BTreeSet<&str>> = packages
        .iter()
        .map(|package| {
            let name = text(package, "name");
            // A crate without any dependency is not written yet, and its arrows are only drawn.
            if dependencies(package).next().is_none() {
                return (name, drawn.get(name).cloned().unwrap_or_default());
            }
            let starts_what_tests_need =
                |dependency: &&Value| text(dependency, "name") == "xtask" && dependency["kind"] == "dev";
            let ours = dependencies(package)
                .filter(|dependency| !starts_what_tests_need(dependency))
                .map(|dependency| text(dependency, "name"));
            (name, ours.filter(|other| *other != name && drawn.contains_key(other)).collect())
        })
        .collect();
    assert_eq!(found, drawn, "left: the arrows in the manifests; right: the arrows of the house");
}

#[test]
fn the_rules_need_neither_runtime_nor_database_nor_clock_nor_chance() {
    let packages = packages();
    let ledger =
        packages.iter().find(|package| text(package, "name") == "coulomb-ledger").expect("the ledger");
    let strangers: Vec<&str> = dependencies(ledger)
        .filter(|dependency| dependency["kind"] != "dev")
        .filter(|dependency| {
            let name = text(dependency, "name");
            let for_stories = name == WHAT_STORIES_NEED && dependency["optional"] == true;
            !WHAT_RULES_NEED.contains(&name) && !for_stories
        })
        .map(|dependency| text(dependency, "name"))
        .collect();
    assert_none("a dependency that the rules must not have", &strangers);
}

#[test]
fn stories_are_told_in_tests_and_do_not_ship() {
    let packages = packages();
    let shipped: Vec<&str> = packages
        .iter()
        .filter(|package| {
            dependencies(package).any(|dependency| {
                let features = dependency["features"].as_array().expect("a list of features");
                text(dependency, "name") == "coulomb-ledger"
                    && dependency["kind"] != "dev"
                    && features.iter().any(|feature| feature == "scenario")
            })
        })
        .map(|package| text(package, "name"))
        .collect();
    assert_none("a crate that takes the ledger's feature `scenario` outside its tests", &shipped);
}

#[test]
fn every_scenario_has_a_name_and_shows_rules() {
    let is_scenario = |path: &str| path.starts_with("scenarios/") && path.ends_with(".yaml");
    let scenarios: Vec<String> = files().into_iter().filter(|path| is_scenario(path)).collect();
    assert!(!scenarios.is_empty(), "there is no scenario at all");
    let faulty: Vec<String> = scenarios
        .iter()
        .filter_map(|path| {
            let content = content(path)?;
            let fault = match serde_saphyr::from_str::<Value>(&content) {
                Err(error) => error.to_string(),
                Ok(story) if story["scenario"].as_str().is_none_or(str::is_empty) => {
                    "has no `scenario`, its name".into()
                }
                Ok(story) if story["rules"].as_array().is_none_or(Vec::is_empty) => {
                    "has no `rules` that it shows".into()
                }
                Ok(_) => return None,
            };
            Some(format!("{path}: {fault}"))
        })
        .collect();
    assert_none("a scenario that is not well-formed", &faulty);
}

#[test]
fn a_file_is_named_after_the_idea_in_it() {
    let no_idea = ["common", "util", "utils", "helper", "helpers", "misc"];
    let nameless: Vec<String> = files()
        .into_iter()
        .filter(|path| {
            let names = path.split('/').map(|part| part.split('.').next().unwrap_or_default());
            names.into_iter().any(|name| no_idea.contains(&name.to_lowercase().as_str()))
        })
        .collect();
    assert_none("a file or folder whose name says nothing", &nameless);
}

#[test]
fn one_file_reads_the_clock() {
    let clocks = ["SystemTime::now", "Instant::now", "Timestamp::now", "Zoned::now"];
    let readers = lines(
        |path| is_source_of_a_crate(path) && !MAY_READ_THE_CLOCK.contains(&path),
        |line| {
            // A comment may say what must not be done.
            !line.trim_start().starts_with("//") && clocks.iter().any(|clock| line.contains(clock))
        },
    );
    assert_none("a line that reads the clock outside clock.rs", &readers);
}

#[test]
fn every_statement_stands_in_the_list_of_its_store() {
    // Words that begin or hold together whatever a server sends to a database, and are nowhere else written so.
    let words = ["SELECT", "INSERT", "UPDATE", "FROM", "WHERE", "VALUES", "PRAGMA"];
    let loose = lines(
        |path| is_source_of_a_crate(path) && !MAY_SPEAK_SQL.contains(&path),
        |line| {
            let mut said = line.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
            !line.trim_start().starts_with("//") && said.any(|word| words.contains(&word))
        },
    );
    assert_none("a line of SQL that no test has prepared", &loose);
}

#[test]
fn what_is_published_is_finished() {
    // Put together here, or this file would find itself.
    let marks = [["TO", "DO"].concat(), ["FIX", "ME"].concat()];
    let unfinished = lines(
        |_| true,
        |line| {
            let mut words = line.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
            words.any(|word| marks.iter().any(|mark| mark == word))
        },
    );
    assert_none("a line that was left for later", &unfinished);
}

#[test]
fn a_file_says_first_what_lives_in_it() {
    let is_ours =
        |path: &str| is_source_of_a_crate(path) || path.starts_with("xtask/") && path.ends_with(".rs");
    let silent: Vec<String> = files()
        .into_iter()
        .filter(|path| is_ours(path))
        .filter(|path| content(path).is_some_and(|content| !content.starts_with("//!")))
        .collect();
    assert_none("a file that does not begin with `//!`", &silent);
}

fn is_source_of_a_crate(path: &str) -> bool {
    let mut parts = path.split('/');
    parts.next() == Some("crates") && parts.nth(1) == Some("src") && path.ends_with(".rs")
}

#[track_caller]
fn assert_none(what: &str, found: &[impl AsRef<str>]) {
    let list: Vec<&str> = found.iter().map(AsRef::as_ref).collect();
    assert!(list.is_empty(), "{what}:\n  {}", list.join("\n  "));
}

/// The crates of the workspace as cargo sees them, without looking further.
fn packages() -> Vec<Value> {
    let arguments = ["metadata", "--no-deps", "--format-version", "1"];
    let metadata = output_of(Command::new(env!("CARGO")).args(arguments));
    let metadata: Value = serde_json::from_str(&metadata).expect("cargo metadata prints JSON");
    metadata["packages"].as_array().expect("a list of packages").clone()
}

fn dependencies(package: &Value) -> impl Iterator<Item = &Value> {
    package["dependencies"].as_array().expect("a list of dependencies").iter()
}

fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    value[field].as_str().expect("a text")
}

/// Every file that is in the repository or would be with the next commit, by its path from the root.
fn files() -> Vec<String> {
    // A clone that belongs to another user, as in a container, is still the one we are asked about.
    let arguments =
        ["-c", "safe.directory=*", "ls-files", "-z", "--cached", "--others", "--exclude-standard"];
    let listed = output_of(Command::new("git").args(arguments));
    let files: Vec<String> = listed.split('\0').filter(|path| !path.is_empty()).map(str::to_owned).collect();
    assert!(files.iter().any(|path| path == "Cargo.toml"), "git does not list the files of this repository");
    files
}

/// What a file says; nothing for one that is not text, or that is deleted but not yet committed so.
fn content(path: &str) -> Option<String> {
    let bytes = match fs::read(root().join(path)) {
        Err(error) if error.kind() == ErrorKind::NotFound => return None,
        read => read.unwrap_or_else(|error| panic!("cannot read {path}: {error}")),
    };
    String::from_utf8(bytes).ok()
}

/// The lines that match, as `path:number: line`.
fn lines(in_file: impl Fn(&str) -> bool, matches: impl Fn(&str) -> bool) -> Vec<String> {
    let mut found = Vec::new();
    for path in files().into_iter().filter(|path| in_file(path)) {
        for (index, line) in content(&path).unwrap_or_default().lines().enumerate() {
            if matches(line) {
                found.push(format!("{path}:{}: {}", index + 1, line.trim()));
            }
        }
    }
    found
}

fn output_of(command: &mut Command) -> String {
    let output = command.current_dir(root()).output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(output.status.success(), "{command:?} failed: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("paths and metadata are UTF-8")
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask is a folder of the repository")
}
