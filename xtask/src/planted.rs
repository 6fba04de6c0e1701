//! Bugs that are planted on purpose, to see that the simulation finds them. Nothing of them is in the sources that ship: a copy
//! of the sources gets them, each asleep until an environment variable wakes it, so that one build serves all. Asleep, all must
//! be well; awake, each has to be caught by a check that is named here.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use xtask::postgres::{Cluster, SERVER_FOR_TESTS};
use xtask::shell::{cargo, quietly, repository, run};

/// The environment variable that names the bug that is awake.
const AWAKE: &str = "COULOMB_PLANTED";

/// Stands, in what is planted, for whether the bug is awake.
const IF_AWAKE: &str = "{awake}";

/// Where the simulation is.
const SIMULATION: [&str; 5] = ["--package", "coulomb-server", "--all-features", "--test", "engine"];

const ON_SQLITE: &str = "simulation::on_sqlite_whatever_happens_the_books_are_right";
const ON_POSTGRES: &str = "simulation::on_postgresql_with_three_servers_whatever_happens_the_books_are_right";

/// The copy says that it is another version. Cargo names what it builds by version and place in the workspace, so that otherwise
/// it could take one for the other.
const ANOTHER_VERSION: Change = Change {
    file: "Cargo.toml",
    find: "[workspace.package]\nversion = \"",
    plant: "[workspace.package]\nversion = \"0.0.0-planted.",
};

/// A bug.
struct Bug {
    name: &'static str,
    /// The test that has to catch it.
    test: &'static str,
    /// The checks that may: each sees the bug itself, not only that something is odd.
    checks: &'static [&'static str],
    changes: &'static [Change],
}

/// A text that is in a file exactly once, and what stands there instead.
struct Change {
    file: &'static str,
    find: &'static str,
    plant: &'static str,
}

const WORK: &str = "crates/ledger/src/decide/work.rs";
const CONSUME: &str = "crates/ledger/src/consume.rs";
const COMMITTER: &str = "crates/server/src/engine/committer.rs";

/// What is planted. The first five are the ones that every ledger has had at some time.
const BUGS: &[Bug] = &[
    Bug {
        name: "skip_version_check_on_sqlite",
        test: ON_SQLITE,
        checks: &["a_late_append_is_refused"],
        changes: &[
            Change {
            file: "crates/store/src/sqlite/commit.rs",
            find: "if (before.seq, before.hash) != (append.head.seq, append.head.hash) {",
            plant: "if (before.seq, before.hash) != (append.head.seq, append.head.hash) && !{awake} {",
            },
            // The journal would notice by itself.
            Change {
                file: "crates/store/src/sqlite/journal.rs",
                find: "assert_eq!(recorded.seq, head.seq + 1,",
                plant: "assert!({awake} || recorded.seq == head.seq + 1,",
            },
        ],
    },
    Bug {
        name: "skip_version_check_on_postgresql",
        test: ON_POSTGRES,
        checks: &["a_late_append_is_refused", "what_was_answered_is_there", "a_repeat_is_the_first_answer"],
        changes: &[Change {
            file: "crates/store/src/postgres/open.rs",
            find: ".replace(\"{name}\", name)",
            plant: ".replace(\"{name}\", name)
                .replace(
                    if {awake} { \" AND version = o_prev[i] AND hash = o_prev_hash[i];\\n    END IF;\" } else { \"\\0\" },
                    \";\\n    END IF;\",
                )
                .replace(
                    if {awake} { \" AS u (o, seq, at, hash, body);\" } else { \"\\0\" },
                    \" AS u (o, seq, at, hash, body) ON CONFLICT DO NOTHING;\",
                )",
        }],
    },
    Bug {
        name: "settle_twice",
        test: ON_SQLITE,
        checks: &["use_is_charged_once"],
        changes: &[
            Change {
                file: WORK,
                find: "if run.status == RunStatus::Settled && !run.unstarted {",
                plant: "if run.status == RunStatus::Settled && !run.unstarted && !{awake} {",
            },
            Change {
                file: WORK,
                find: "used.checked_plus(run.used.negated())",
                plant: "used.checked_plus(if {awake} { Credits::ZERO } else { run.used.negated() })",
            },
        ],
    },
    Bug {
        name: "forget_release",
        test: ON_SQLITE,
        checks: &["a_hold_ends_once"],
        changes: &[
            Change {
                file: CONSUME,
                find: "left.partition(|take|",
                plant: "left.filter(|_| !{awake}).partition(|take|",
            },
            // The ledger would notice by itself.
            Change {
                file: "crates/ledger/src/fold.rs",
                find: "assert_eq!(run.still_held(), given_back,",
                plant: "assert!({awake} || run.still_held() == given_back,",
            },
        ],
    },
    Bug {
        name: "ignore_expiry",
        test: ON_SQLITE,
        checks: &["what_is_due_has_happened", "credits_are_spent_in_turn"],
        changes: &[
            Change {
                file: "crates/ledger/src/grant.rs",
                find: "self.expires_at.is_some_and(|end| end <= now)",
                plant: "!{awake} && self.expires_at.is_some_and(|end| end <= now)",
            },
            Change {
                file: "crates/ledger/src/decide.rs",
                find: "grant.expires_at.filter(|_| grant.free.is_positive())",
                plant: "grant.expires_at.filter(|_| grant.free.is_positive() && !{awake})",
            },
        ],
    },
    Bug {
        name: "drop_the_chain",
        test: ON_POSTGRES,
        checks: &["events_form_one_chain", "what_is_stored_can_be_read"],
        changes: &[Change {
            file: "crates/store/src/record.rs",
            find: "link(previous, &bytes)",
            plant: "link(if {awake} { &[0; 32] } else { previous }, &bytes)",
        }],
    },
    Bug {
        name: "answer_what_is_not_stored",
        test: ON_SQLITE,
        checks: &["what_was_answered_is_there", "the_balance_told_is_true"],
        changes: &[Change {
            file: COMMITTER,
            find: ".for_each(|item| round.fail(item, &fault));",
            plant: ".filter(|_| !{awake}).for_each(|item| round.fail(item, &fault));",
        }],
    },
    Bug {
        name: "answer_from_memory",
        test: ON_POSTGRES,
        checks: &["nobody_is_told_of_a_past"],
        changes: &[Change {
            file: COMMITTER,
            find: "let shared = self.shared.store.tables() == Tables::EachCommit;",
            plant: "let shared = self.shared.store.tables() == Tables::EachCommit && !{awake};",
        }],
    },
    Bug {
        name: "lose_the_overrun",
        test: ON_SQLITE,
        checks: &["use_is_charged_once"],
        changes: &[Change {
            file: CONSUME,
            find: "if missing.is_positive() {",
            plant: "if missing.is_positive() && !{awake} {",
        }],
    },
    Bug {
        name: "recover_again",
        test: ON_SQLITE,
        checks: &["money_taken_back_is_recovered_once"],
        changes: &[Change {
            file: "crates/ledger/src/recovery.rs",
            find: "let more = target.total.minus(now_recovered);",
            plant: "let more = if {awake} { target.total } else { target.total.minus(now_recovered) };",
        }],
    },
    Bug {
        name: "leave_rows_out",
        test: ON_SQLITE,
        // A payment that was let go of, and is in no row, is not found when its money is asked back.
        checks: &["rows_are_the_fold", "verify_is_clean", "money_taken_back_is_recovered_once"],
        changes: &[Change {
            file: "crates/store/src/sqlite/commit.rs",
            find: "if all.is_empty() {",
            plant: "if all.is_empty() || {awake} {",
        }],
    },
];

/// Plants all bugs in a copy of the sources, and sees that each is caught and none is seen that is asleep.
pub fn all_are_caught() -> Result<(), String> {
    let sources = target().join("planted");
    copy(&sources)?;
    let manifest = sources.join("Cargo.toml");
    run(nextest(&manifest).arg("--no-run").args(SIMULATION))?;
    let cluster = Cluster::start(&[])?;
    let url = cluster.url("postgres");
    let simulate = |test: &str, awake: Option<&str>| {
        let mut command = nextest(&manifest);
        command.args(SIMULATION).args(["--no-fail-fast", "--", "--exact", test]);
        command.env(SERVER_FOR_TESTS, &url).env_remove(AWAKE);
        command.envs(awake.map(|bug| (AWAKE, bug)));
        said(&mut command)
    };
    for test in [ON_SQLITE, ON_POSTGRES] {
        let (passed, said) = simulate(test, None)?;
        if !passed {
            return Err(format!("With every bug asleep something is wrong already.\n{said}"));
        }
    }
    let mut missed = Vec::new();
    for bug in BUGS {
        let (passed, said) = simulate(bug.test, Some(bug.name))?;
        let check = said.lines().find_map(|line| line.split_once("caught by ")?.1.split(':').next());
        match check {
            Some(check) if bug.checks.contains(&check) => eprintln!("{:>20}  caught by {check}", bug.name),
            Some(check) => {
                missed.push(format!("{} was caught by {check}, which is not what it breaks", bug.name))
            }
            None if passed => missed.push(format!("{} was not caught", bug.name)),
            None => missed.push(format!("{} made the simulation fail in another way:\n{said}", bug.name)),
        }
    }
    match missed.len() {
        0 => Ok(()),
        _ => Err(missed.join("\n")),
    }
}

/// Where cargo builds, so that what others have made is not built again.
fn target() -> PathBuf {
    let chosen = std::env::var_os("CARGO_TARGET_DIR").map(PathBuf::from);
    repository().join(chosen.unwrap_or_else(|| "target".into()))
}

fn nextest(manifest: &Path) -> Command {
    let mut command = cargo();
    command
        .args(["nextest", "run", "--offline", "--manifest-path"])
        .arg(manifest)
        .env("CARGO_TARGET_DIR", target());
    command
}

/// Runs it and gives whether it succeeded, and all that it said.
fn said(command: &mut Command) -> Result<(bool, String), String> {
    let output = command
        .stdin(Stdio::null())
        .output()
        .map_err(|error| format!("cannot run the simulation: {error}"))?;
    let text = [output.stdout, output.stderr].concat();
    Ok((output.status.success(), String::from_utf8_lossy(&text).into_owned()))
}

/// Every file of the repository, with the bugs in it. What has not changed since the last time is not touched, so that it
/// is not built again.
fn copy(to: &Path) -> Result<(), String> {
    let list = ["-c", "safe.directory=*", "ls-files", "-z", "--cached", "--others", "--exclude-standard"];
    let files = quietly(Command::new("git").args(list).current_dir(repository()))?;
    let names: BTreeSet<&str> = files.split('\0').filter(|name| !name.is_empty()).collect();
    let mut planted = 0;
    for &name in &names {
        // One that is deleted and not committed so is not there.
        let Ok(mut bytes) = fs::read(repository().join(name)) else { continue };
        for (bug, change) in changes().filter(|(_, change)| change.file == name) {
            bytes = change.make(bug, &bytes)?;
            planted += 1;
        }
        let file = to.join(name);
        if fs::read(&file).is_ok_and(|there| there == bytes) {
            continue;
        }
        let folder = file.parent().expect("a file is in a folder");
        fs::create_dir_all(folder)
            .and_then(|()| fs::write(&file, bytes))
            .map_err(|error| format!("cannot write {}: {error}", file.display()))?;
    }
    forget_others(to, to, &names).map_err(|error| format!("cannot clear {}: {error}", to.display()))?;
    let wanted = changes().count();
    if planted == wanted {
        return Ok(());
    }
    Err(format!("Of {wanted} changes {planted} were made: a file that xtask/src/planted.rs names is gone."))
}

/// Takes out of the copy what an earlier one left there and the sources do not have any more.
fn forget_others(copy: &Path, folder: &Path, names: &BTreeSet<&str>) -> std::io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.strip_prefix(copy).ok().and_then(Path::to_str);
        if path.is_dir() {
            forget_others(copy, &path, names)?;
        } else if !name.is_some_and(|name| names.contains(name) && repository().join(name).exists()) {
            fs::remove_file(&path)?;
        }
    }
    Ok(())
}

/// Everything that is different in the copy, and the name of the bug that it is for.
fn changes() -> impl Iterator<Item = (&'static str, &'static Change)> {
    let of_bugs = BUGS.iter().flat_map(|bug| bug.changes.iter().map(move |change| (bug.name, change)));
    of_bugs.chain([("none", &ANOTHER_VERSION)])
}

impl Change {
    fn make(&self, bug: &str, bytes: &[u8]) -> Result<Vec<u8>, String> {
        let text = String::from_utf8_lossy(bytes);
        match text.matches(self.find).count() {
            1 => {}
            times => {
                return Err(format!(
                    "What belongs to the bug {bug} cannot be planted: this text is {times} times in {}, and has to be there once.\n{}\n\
                     Find where the program does it now, and change xtask/src/planted.rs.",
                    self.file, self.find
                ));
            }
        }
        let awake = format!("std::env::var_os(\"{AWAKE}\").is_some_and(|bug| bug == \"{bug}\")");
        Ok(text.replace(self.find, &self.plant.replace(IF_AWAKE, &awake)).into_bytes())
    }
}
