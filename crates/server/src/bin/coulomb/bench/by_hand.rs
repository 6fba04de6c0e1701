//! The design that teams write by hand (`store::postgres::usual`) on the database under test, asked as often as coulomb is.
//! It is called through the database's driver, without HTTP, and keeps no history: this favours it.

use super::{
    Bench,
    asks::{HOLD, USED},
    driver::{Outcome, Span},
    stop::Stop,
    whom::{HOT, Numbers, Whom, name},
};
use crate::{Failure, runtime, serve::stop_asked};
use coulomb_server::clock::{self, stopwatch};
use std::{
    future::Future,
    num::NonZeroUsize,
    sync::Arc,
    time::{Duration, Instant},
};
use store::postgres::{Options, usual::Usual};
use tokio::{runtime::Runtime, task::JoinSet};

/// Connections to the database, at most: more than that, teams put a pool in front.
const CONNECTIONS_MAX: usize = 64;

/// The ids of the bench's own organizations.
const OURS: &str = "^bench-(hot|[0-9]+)$";

/// What each organization has: the billion credits that it has in coulomb.
const AVAILABLE_MICROS: i64 = 1_000_000_000_000_000;

/// What of the database's settings bears on the figures.
const SETTINGS: [&str; 9] = [
    "server_version",
    "fsync",
    "synchronous_commit",
    "synchronous_standby_names",
    "wal_sync_method",
    "full_page_writes",
    "shared_buffers",
    "max_wal_size",
    "max_connections",
];

/// The design by hand, and the database itself.
pub struct ByHand {
    /// Where it runs: in its callers, which therefore may have every core.
    clients: Runtime,
    usual: Arc<Usual>,
}

/// What one call does.
#[derive(Clone, Copy)]
pub enum Work {
    /// Starts and settles in turns.
    Runs,
    /// One row and a commit: the least that anything durable can cost here.
    OneRow,
}

impl ByHand {
    /// Fails where the database has organizations of others, unless that is meant.
    pub fn open(bench: &Bench, options: &Options) -> Result<ByHand, Failure> {
        let clients = runtime(std::thread::available_parallelism().map_or(1, NonZeroUsize::get))?;
        let connections_max = bench.most_connections().min(CONNECTIONS_MAX);
        let usual = Arc::new(Usual::new(&Options { connections_max, ..options.clone() })?);
        if let Some(stranger) = clients.block_on(usual.stranger(OURS))?
            && !bench.yes
        {
            return Err(format!(
                "This database has organizations that are not of the bench, such as {stranger}. Those of the bench would stay among \
                 them for ever, so give it an empty database; --yes measures here all the same."
            )
            .into());
        }
        Ok(ByHand { clients, usual })
    }

    /// Organizations with credits, and a database that has come to rest.
    pub fn prepare(&self, organizations: NonZeroUsize) -> Result<(), Failure> {
        let names: Vec<String> =
            std::iter::once(HOT.into()).chain((1..=organizations.get()).map(name)).collect();
        self.unless_stopped(async { Ok(self.usual.create(&names, AVAILABLE_MICROS).await?) })?;
        self.settle_down()
    }

    /// Has what was written brought to its place: it would slow the commits of the next seconds.
    pub fn settle_down(&self) -> Result<(), Failure> {
        self.unless_stopped(async { Ok(self.usual.settle_down().await?) })
    }

    /// Removes its schema.
    pub fn drop_schema(&self) -> Result<(), Failure> {
        Ok(self.clients.block_on(self.usual.drop_schema())?)
    }

    /// How many starts and settles its tables tell of.
    pub fn stored(&self) -> Result<u64, Failure> {
        Ok(self.clients.block_on(self.usual.stored())?)
    }

    /// Says which database it is and how it keeps its promises.
    pub fn introduce(&self) -> Result<(), Failure> {
        let values = self.clients.block_on(self.usual.settings(&SETTINGS))?;
        let mut said: Vec<String> = Vec::new();
        for (name, value) in SETTINGS.iter().zip(&values) {
            match value.as_deref() {
                None | Some("") => {}
                Some(value) => said.push(format!("{name} {value}")),
            }
        }
        let (identity, sizes) = said.split_at(said.len().min(5));
        println!("Database: {}", [identity.join(", "), sizes.join(", ")].join("\n          "));
        if values.get(1).is_some_and(|fsync| fsync.as_deref() == Some("off")) {
            println!(
                "fsync is off: NOTHING HERE IS DURABLE, so these figures answer no question that matters."
            );
        }
        println!(
            "By hand:  one transaction for each start and each settle: lock the organization's row, look at the balance,\n          \
             write the hold or the usage, update the balance. It is called through the driver, without HTTP, on as\n          \
             many connections as clients, at most {CONNECTIONS_MAX}, and keeps no history: this favours it"
        );
        Ok(())
    }

    /// Runs a line; at a rate, all connections share it.
    pub fn run(
        &self,
        work: Work,
        whom: &Whom,
        connections: usize,
        rate: Option<f64>,
        span: Span,
    ) -> Result<Outcome, Failure> {
        self.unless_stopped(async {
            let from = stopwatch() + span.warm_up;
            let until = from + span.measured;
            let tag = clock::now().micros().unsigned_abs();
            let mut workers = JoinSet::new();
            for number in 0..connections {
                let worker = Worker {
                    usual: Arc::clone(&self.usual),
                    whom: whom.clone(),
                    numbers: Numbers::new(tag + number as u64),
                    pace: rate.map(|rate| Duration::from_secs_f64(connections as f64 / rate)),
                    from,
                    until,
                    outcome: Outcome::default(),
                };
                workers.spawn(worker.run(work));
            }
            let mut outcome = Outcome { measured: span.measured, ..Outcome::default() };
            while let Some(done) = workers.join_next().await {
                match done {
                    Ok(part) => take_in(&mut outcome, part),
                    Err(error) => outcome.fail(format!("connection ended: {error}"), 1),
                }
            }
            Ok(outcome)
        })
    }

    /// Does the work unless somebody wants the process to end: then there is still clearing up to do.
    fn unless_stopped<T>(&self, work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
        self.clients.block_on(async {
            let stop = stop_asked()?;
            tokio::select! {
                done = work => done,
                () = stop => Err(Stop::SAID.into()),
            }
        })
    }
}

fn take_in(outcome: &mut Outcome, part: Outcome) {
    outcome.waits.add(&part.waits);
    outcome.done += part.done;
    outcome.done_in_all += part.done_in_all;
    for (what, count) in part.failed {
        outcome.fail(what, count);
    }
}

/// One connection and what it asks.
struct Worker {
    usual: Arc<Usual>,
    whom: Whom,
    numbers: Numbers,
    pace: Option<Duration>,
    from: Instant,
    until: Instant,
    outcome: Outcome,
}

impl Worker {
    /// Starts a run, settles it, starts the next. At a pace, calls are due at fixed instants and measured from there.
    async fn run(mut self, work: Work) -> Outcome {
        let mut due = stopwatch();
        if let Some(pace) = self.pace {
            // Connections that all ask at the same instant would measure their own queue.
            due += pace.mul_f64(self.numbers.chance());
        }
        let usual = Arc::clone(&self.usual);
        while stopwatch() < self.until {
            let asked = self.turn(&mut due).await;
            match work {
                Work::OneRow => {
                    let done = usual.insert_one_row().await.map(|()| true);
                    self.answered(asked, done);
                }
                Work::Runs => {
                    let organization = self.numbers.organization_name(&self.whom);
                    let run = String::from_utf8_lossy(&self.numbers.run()).into_owned();
                    let started = usual.start(&organization, &run, HOLD.1).await;
                    if self.answered(asked, started) {
                        let asked = self.turn(&mut due).await;
                        let settled = usual.settle(&organization, &run, USED.1).await;
                        self.answered(asked, settled);
                    }
                }
            }
        }
        self.outcome
    }

    /// Waits for the next call's turn, and says from when its wait is measured.
    async fn turn(&self, due: &mut Instant) -> Instant {
        let Some(pace) = self.pace else { return stopwatch() };
        tokio::time::sleep_until((*due).into()).await;
        let asked = *due;
        *due += pace;
        asked
    }

    /// Counts what came of a call; whether it was done.
    fn answered(&mut self, asked: Instant, done: Result<bool, store::Fault>) -> bool {
        match done {
            Ok(true) => {}
            Ok(false) => {
                self.outcome.fail("refused by hand".into(), 1);
                return false;
            }
            Err(fault) => {
                self.outcome.fail(fault.to_string(), 1);
                return false;
            }
        }
        self.outcome.done_in_all += 1;
        let now = stopwatch();
        if now >= self.from && now <= self.until {
            self.outcome.done += 1;
            if asked >= self.from {
                self.outcome.waits.count(now - asked);
            }
        }
        true
    }
}
