//! The simulation (TRUST T1–T7, T10, T13, T19, T24): a seed gives a workload of everything that may happen, and an auditor
//! who keeps books of their own finds whether anything of it was lost, done twice, or told wrongly.
//!
//! - `workload`: what a seed asks for; `world`: carrying it out; `auditor`: the books and what must be true; `report`: what
//!   was done, counted
//!
//! `COULOMB_SEED=…` tells one seed again. With `COULOMB_SECONDS=…` new seeds follow one another for so long, from the one
//! that is named, if one is: `cargo xtask soak` does that.

mod auditor;
mod report;
mod workload;
mod world;

use crate::place::Place;
use coulomb_server::clock;
use report::Report;
use std::time::Duration;
use workload::Step;
use world::World;

/// How many steps a seed makes.
const STEPS: usize = 300;

/// Seeds that are always told.
const ALWAYS: [u64; 3] = [1, 2, 40_095];

/// How many seeds are told that nobody has seen yet.
const FRESH: u64 = 2;

/// A store to run the simulation on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum On {
    Sqlite,
    Postgres,
}

impl On {
    fn world(self, seed: u64) -> World {
        match self {
            On::Sqlite => World::new(Place::directory(), 1, seed),
            On::Postgres => World::new(Place::database(), 3, seed),
        }
    }

    /// What tells a seed again.
    fn replay(self, seed: u64) -> String {
        let test = match self {
            On::Sqlite => "on_sqlite",
            On::Postgres => "on_postgresql",
        };
        format!("COULOMB_SEED={seed} cargo xtask test -p coulomb-server --test engine simulation::{test}")
    }
}

/// What whoever runs the tests asks for, as a number.
fn wanted(variable: &str) -> Option<u64> {
    std::env::var(variable).ok()?.parse().ok()
}

#[expect(
    clippy::print_stderr,
    reason = "whoever sees it fail, or runs it for hours, wants to know what was done"
)]
fn say(text: &str) {
    eprintln!("{text}");
}

/// Tells these steps; panics with everything that is known where something is wrong.
fn tell(on: On, seed: u64, steps: &[Step]) -> (Report, Vec<[u8; 32]>) {
    let mut world = on.world(seed);
    for (number, step) in steps.iter().enumerate() {
        if let Err(wrong) = world.take(step) {
            let (last, again) = (world.report.last_steps(), on.replay(seed));
            panic!(
                "caught by {wrong}\n\nseed {seed}, step {}, {step:?}\n\n{last}\nagain: {again}",
                number + 1
            );
        }
    }
    let histories = world.histories();
    let mut report = world.close();
    report.seeds = 1;
    (report, histories)
}

/// Tells the seeds that are wanted, and says what was done.
fn tell_all(on: On) {
    let fresh = u64::try_from(clock::now().micros()).unwrap();
    let first = wanted("COULOMB_SEED");
    let mut done = Report::default();
    let mut tell_one = |seed| {
        say(&format!("seed {seed}"));
        done.add(tell(on, seed, &workload::steps(seed, STEPS)).0);
    };
    match (first, wanted("COULOMB_SECONDS")) {
        (first, Some(seconds)) => {
            let (since, enough) = (clock::stopwatch(), Duration::from_secs(seconds));
            let mut seed = first.unwrap_or(fresh);
            while since.elapsed() < enough {
                tell_one(seed);
                seed += 1;
            }
        }
        (Some(seed), None) => tell_one(seed),
        (None, None) => ALWAYS.into_iter().chain((0..FRESH).map(|number| fresh + number)).for_each(tell_one),
    }
    say(&format!("{on:?}: {done}"));
}

#[test]
fn on_sqlite_whatever_happens_the_books_are_right() {
    tell_all(On::Sqlite);
}

#[test]
fn on_postgresql_with_three_servers_whatever_happens_the_books_are_right() {
    tell_all(On::Postgres);
}

#[test]
fn one_seed_is_one_story() {
    let steps = |seed| format!("{:#?}", workload::steps(seed, STEPS));
    assert_eq!(steps(7), steps(7));
    assert_ne!(steps(7), steps(8));
    // With one server nothing depends on who was faster, so that also every byte that is stored is the same.
    let seed = wanted("COULOMB_SEED").unwrap_or(7);
    let [(_, one), (_, other)] = [(), ()].map(|()| tell(On::Sqlite, seed, &workload::steps(seed, STEPS)));
    assert_eq!(one, other);
}
