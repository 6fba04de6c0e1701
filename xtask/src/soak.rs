//! Survival for as long as somebody likes: the simulation with ever new seeds, and kills of real servers and of the database
//! under load. What is asked and what must be true is in the tests of `coulomb-server`; here is only for how long, on which
//! store, and whether anything was wrong.

use std::time::{Duration, Instant};

use xtask::postgres::{Cluster, SERVER_FOR_TESTS};
use xtask::shell::{cargo, run};

/// What is tested, as it is built for tests: overflow is checked there and where it ships.
const TESTS: [&str; 7] =
    ["--package", "coulomb-server", "--all-features", "--test", "engine", "--test", "served"];

/// How long it takes unless somebody says otherwise, in minutes.
const MINUTES: u64 = 10;

/// How many kills make one test, after which all that was answered is asked for again.
const KILLS: u64 = 20;

/// Something that is done again and again until the time is over.
struct Part {
    what: &'static str,
    test: &'static str,
    store: Store,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Store {
    Sqlite,
    Postgres,
}

const SIMULATIONS: [Part; 2] = [
    Part {
        what: "the simulation on SQLite",
        test: "simulation::on_sqlite_whatever_happens_the_books_are_right",
        store: Store::Sqlite,
    },
    Part {
        what: "the simulation on PostgreSQL",
        test: "simulation::on_postgresql_with_three_servers_whatever_happens_the_books_are_right",
        store: Store::Postgres,
    },
];

const KILLINGS: [Part; 3] = [
    Part {
        what: "kills of a server on SQLite",
        test: "kills::whatever_was_answered_is_there_after_any_kill",
        store: Store::Sqlite,
    },
    Part {
        what: "kills of three servers on one PostgreSQL",
        test: "servers::whatever_any_server_answered_is_there_on_all_of_them_after_any_kill",
        store: Store::Postgres,
    },
    Part {
        what: "kills of the PostgreSQL server",
        test: "database::whatever_was_answered_is_there_after_any_kill_of_the_database",
        store: Store::Postgres,
    },
];

/// What somebody wants.
struct Wanted {
    minutes: u64,
    seed: Option<u64>,
    stores: Vec<Store>,
}

/// Runs until the time is over or something is wrong, which is the error.
pub fn run_for(arguments: &[&str]) -> Result<(), String> {
    let wanted = Wanted::read(arguments)?;
    run(cargo().args(["nextest", "run", "--no-run"]).args(TESTS))?;
    let cluster = wanted.stores.contains(&Store::Postgres).then(|| Cluster::start(&[])).transpose()?;
    let url = cluster.as_ref().map(|cluster| cluster.url("postgres"));
    let done = wanted.soak(url.as_deref());
    match &done {
        Ok(kills) => eprintln!("\n{kills}\nNothing was wrong."),
        Err(_) => eprintln!("\nSOMETHING WAS WRONG; above is what, and the command that tells it again."),
    }
    done.map(drop)
}

impl Wanted {
    fn read(arguments: &[&str]) -> Result<Wanted, String> {
        let mut wanted =
            Wanted { minutes: MINUTES, seed: None, stores: vec![Store::Sqlite, Store::Postgres] };
        let number = |text: &str| text.parse().map_err(|_| format!("`{text}` is no number."));
        for pair in arguments.chunks(2) {
            match pair {
                ["--minutes", minutes] => wanted.minutes = number(minutes)?,
                ["--seed", seed] => wanted.seed = Some(number(seed)?),
                ["--store", "sqlite"] => wanted.stores = vec![Store::Sqlite],
                ["--store", "postgres"] => wanted.stores = vec![Store::Postgres],
                ["--store", "both"] => {}
                other => {
                    return Err(format!(
                        "`soak` does not know `{}`; see `cargo xtask help`.",
                        other.join(" ")
                    ));
                }
            }
        }
        Ok(wanted)
    }

    /// The simulation for half of the time, then kills; says how many.
    fn soak(&self, postgres: Option<&str>) -> Result<String, String> {
        let of = |parts: &'static [Part]| -> Vec<&Part> {
            parts.iter().filter(|part| self.stores.contains(&part.store)).collect()
        };
        let (simulations, killings) = (of(&SIMULATIONS), of(&KILLINGS));
        let time = Duration::from_secs(self.minutes.saturating_mul(60));
        let began = stopwatch();
        let share = time.as_secs() / 2 / simulations.len() as u64;
        for part in simulations {
            let seed = self.seed.map(|seed| ("COULOMB_SEED", seed));
            let seconds = Some(("COULOMB_SECONDS", share.max(1)));
            part.run(postgres, seconds.into_iter().chain(seed))?;
        }
        let mut rounds = vec![0; killings.len()];
        while began.elapsed() < time || rounds.contains(&0) {
            for (part, rounds) in killings.iter().zip(&mut rounds) {
                part.run(postgres, [("COULOMB_KILLS", KILLS)])?;
                *rounds += 1;
            }
        }
        let counted =
            killings.iter().zip(&rounds).map(|(part, rounds)| format!("{} {}", rounds * KILLS, part.what));
        Ok(counted.collect::<Vec<_>>().join(", "))
    }
}

impl Part {
    fn run(
        &self,
        postgres: Option<&str>,
        variables: impl IntoIterator<Item = (&'static str, u64)>,
    ) -> Result<(), String> {
        let mut command = cargo();
        command
            .args(["nextest", "run", "--no-capture", "--no-fail-fast"])
            .args(TESTS)
            .args(["--", "--exact", self.test]);
        command.envs(variables.into_iter().map(|(name, value)| (name, value.to_string())));
        command.envs(postgres.map(|url| (SERVER_FOR_TESTS, url)));
        eprintln!("\n=== {}", self.what);
        run(&mut command)
    }
}

#[expect(clippy::disallowed_methods, reason = "somebody has said how long it is to take")]
fn stopwatch() -> Instant {
    Instant::now()
}
