//! What is asked, of whom, and what came of it: the connections of one line, each of which asks, waits and counts.

use super::name;
use crate::client::{Connection, Target};
use coulomb_server::clock::{self, stopwatch};
use std::{
    collections::BTreeMap,
    fmt::Write as _,
    num::NonZeroUsize,
    sync::Arc,
    time::{Duration, Instant},
};
use store::postgres::usual::Usual;
use tokio::task::JoinSet;

/// How long every line runs before it counts.
const WARM_UP: Duration = Duration::from_secs(1);

/// What a run holds and what it uses: credits as the API has them, micro-credits as tables have them.
const HOLD: (&str, i64) = ("0.01", 10_000);
const USED: (&str, i64) = ("0.009", 9_000);

/// One line of the result.
#[derive(Clone)]
pub struct Line {
    /// Everything on one organization, or spread over many.
    pub hot: bool,
    /// How many ask at once.
    pub connections: usize,
    /// How many commands go in one call; none: calls of one command.
    pub batch: Option<usize>,
    /// Whether calls are made at a rate that is given.
    pub paced: bool,
}

impl Line {
    /// Calls of one command, each as soon as the one before is answered.
    pub fn is_single(&self) -> bool {
        self.batch.is_none() && !self.paced
    }

    /// What the line is called, and what `--only` looks into.
    pub fn name(&self) -> String {
        let whom = if self.hot { "hot   " } else { "spread" };
        let what = match self.batch {
            Some(size) => format!("batch of {size}"),
            None if self.paced => "paced, half rate".into(),
            None => "single calls".into(),
        };
        format!("{whom} {what:17}{:4} conn.", self.connections)
    }
}

/// Who is asked.
pub enum Subject {
    /// A coulomb server, over HTTP.
    Server(Target),
    /// The design by hand, through the database's driver.
    ByHand(Arc<Usual>),
    /// The database alone: each operation inserts one row and commits it.
    OneRow(Arc<Usual>),
}

/// What all lines have in common.
pub struct Load {
    /// How many organizations there are beside the hot one.
    pub organizations: NonZeroUsize,
    /// The kind of work, from the server's catalogue.
    pub kind: String,
    /// How long a line is measured.
    pub time: Duration,
}

impl Load {
    /// Runs a line on all its connections. At a rate, in operations per second, they share it.
    pub async fn measure(&self, subject: &Subject, line: &Line, rate: Option<f64>) -> Tally {
        let from = stopwatch() + WARM_UP;
        let until = from + self.time;
        // Runs of this process, line and connection have ids that no other has.
        let tag = format!("{:x}", clock::now().micros());
        let mut workers = JoinSet::new();
        for number in 0..line.connections {
            let worker = Worker {
                peer: match subject {
                    Subject::Server(target) => Peer::Server(Connection::new(target.clone())),
                    Subject::ByHand(usual) => Peer::ByHand(Arc::clone(usual)),
                    Subject::OneRow(usual) => Peer::OneRow(Arc::clone(usual)),
                },
                organizations: if line.hot { None } else { Some(self.organizations) },
                kind: self.kind.clone(),
                run_prefix: format!("{tag}-{number}"),
                runs: 0,
                dice: 0x9e37_79b9_7f4a_7c15 ^ ((number as u64 + 1) << 17),
                from,
                until,
                tally: Tally::default(),
            };
            let pace = rate.map(|rate| Duration::from_secs_f64(line.connections as f64 / rate));
            match line.batch {
                Some(size) => workers.spawn(worker.batches(size)),
                None => workers.spawn(worker.singles(pace)),
            };
        }
        let mut tally = Tally::default();
        while let Some(done) = workers.join_next().await {
            match done {
                Ok(part) => tally.add(part),
                Err(error) => tally.fail(format!("connection ended: {error}")),
            }
        }
        tally
    }

    /// What the tally comes to.
    pub fn figures(&self, tally: &Tally) -> Figures {
        let mut waits = tally.waits.clone();
        waits.sort_unstable();
        let at = |share: f64| {
            let place = ((waits.len() as f64 * share) as usize).min(waits.len().saturating_sub(1));
            f64::from(waits.get(place).copied().unwrap_or_default()) / 1_000.0
        };
        let rate = tally.done as f64 / self.time.as_secs_f64();
        Figures { rate, p50: at(0.5), p99: at(0.99), max: at(1.0) }
    }
}

/// What one connection, or all of a line, did.
#[derive(Default)]
pub struct Tally {
    /// Microseconds of each call that was measured.
    pub waits: Vec<u32>,
    /// Operations that were measured.
    pub done: u64,
    /// Operations that were answered, those of the warm-up too.
    pub done_in_all: u64,
    /// What was not done, by what was said.
    pub failed: BTreeMap<String, u64>,
}

impl Tally {
    /// Counts something that was not done.
    pub fn fail(&mut self, what: String) {
        *self.failed.entry(what).or_default() += 1;
    }

    /// Takes in what another has counted.
    pub fn add(&mut self, other: Tally) {
        self.waits.extend(other.waits);
        self.done += other.done;
        self.done_in_all += other.done_in_all;
        for (what, count) in other.failed {
            *self.failed.entry(what).or_default() += count;
        }
    }
}

/// What a line comes to: operations per second, and milliseconds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Figures {
    /// Operations per second.
    pub rate: f64,
    /// Half of the calls waited no longer.
    pub p50: f64,
    /// Of a hundred calls, one waited longer.
    pub p99: f64,
    /// The longest wait.
    pub max: f64,
}

/// Who one worker asks.
enum Peer {
    Server(Connection),
    ByHand(Arc<Usual>),
    OneRow(Arc<Usual>),
}

/// What a worker asks for.
#[derive(Clone, Copy)]
enum Operation {
    Start,
    Settle,
}

impl Peer {
    /// Asks, and says why it was not done.
    async fn ask(
        &mut self,
        operation: Operation,
        organization: &str,
        run: &str,
        kind: &str,
    ) -> Result<(), String> {
        match self {
            Peer::Server(connection) => {
                let runs = format!("/v1/organizations/{organization}/runs");
                let (path, body) = match operation {
                    Operation::Start => {
                        (runs, format!(r#"{{"id":"{run}","kind":"{kind}","hold":"{}"}}"#, HOLD.0))
                    }
                    Operation::Settle => {
                        (format!("{runs}/{run}/settle"), format!(r#"{{"used":"{}"}}"#, USED.0))
                    }
                };
                match connection.call("POST", &path, body.as_bytes()).await {
                    Ok(answer) if answer.is_success() => Ok(()),
                    Ok(answer) => Err(format!("answered {}", answer.status)),
                    Err(error) => Err(error.to_string()),
                }
            }
            Peer::ByHand(usual) => {
                let done = match operation {
                    Operation::Start => usual.start(organization, run, HOLD.1).await,
                    Operation::Settle => usual.settle(organization, run, USED.1).await,
                };
                match done {
                    Ok(true) => Ok(()),
                    Ok(false) => Err("refused by hand".into()),
                    Err(fault) => Err(fault.to_string()),
                }
            }
            Peer::OneRow(usual) => usual.insert_one_row().await.map_err(|fault| fault.to_string()),
        }
    }

    /// How many commands of the batch were done.
    async fn ask_batch(&mut self, body: &str) -> Result<usize, String> {
        let Peer::Server(connection) = self else { return Err("only a server takes batches".into()) };
        match connection.call("POST", "/v1/batch", body.as_bytes()).await {
            Ok(answer) if answer.is_success() => Ok(count_done(answer.body)),
            Ok(answer) => Err(format!("batch answered {}", answer.status)),
            Err(error) => Err(error.to_string()),
        }
    }
}

/// One connection and what it asks.
struct Worker {
    peer: Peer,
    organizations: Option<NonZeroUsize>,
    kind: String,
    run_prefix: String,
    runs: u64,
    dice: u64,
    from: Instant,
    until: Instant,
    tally: Tally,
}

impl Worker {
    /// Starts a run, settles it, starts the next. At a pace, calls are due at fixed instants and measured from there.
    async fn singles(mut self, pace: Option<Duration>) -> Tally {
        let mut due = stopwatch();
        if let Some(pace) = pace {
            // Connections that all ask at the same instant would measure their own queue.
            due += pace.mul_f64(self.chance());
        }
        while stopwatch() < self.until {
            let organization = self.organization();
            let run = self.run();
            if self.ask(&mut due, pace, Operation::Start, &organization, &run).await {
                self.ask(&mut due, pace, Operation::Settle, &organization, &run).await;
            }
        }
        self.tally
    }

    async fn ask(
        &mut self,
        due: &mut Instant,
        pace: Option<Duration>,
        operation: Operation,
        organization: &str,
        run: &str,
    ) -> bool {
        let asked = match pace {
            Some(pace) => {
                tokio::time::sleep_until((*due).into()).await;
                let asked = *due;
                *due += pace;
                asked
            }
            None => stopwatch(),
        };
        match self.peer.ask(operation, organization, run, &self.kind).await {
            Ok(()) => {
                self.answered(asked, 1);
                true
            }
            Err(what) => {
                self.tally.fail(what);
                false
            }
        }
    }

    /// Each batch settles what the one before has started, and starts as much again, so that every batch is full.
    async fn batches(mut self, size: usize) -> Tally {
        let mut open = Vec::new();
        let mut body = String::new();
        while stopwatch() < self.until {
            let settled = std::mem::take(&mut open);
            open = (0..size / 2).map(|_| (self.organization(), self.run())).collect();
            write_batch(&mut body, &self.kind, &settled, &open);
            self.ask_batch(&body, settled.len() + open.len()).await;
        }
        write_batch(&mut body, &self.kind, &open, &[]);
        self.ask_batch(&body, open.len()).await;
        self.tally
    }

    async fn ask_batch(&mut self, body: &str, commands: usize) {
        let asked = stopwatch();
        match self.peer.ask_batch(body).await {
            Ok(done) => {
                for _ in done..commands {
                    self.tally.fail("not done in a batch".into());
                }
                self.answered(asked, done as u64);
            }
            Err(what) => self.tally.fail(what),
        }
    }

    /// Counts what was asked and answered inside the measured time.
    fn answered(&mut self, asked: Instant, operations: u64) {
        self.tally.done_in_all += operations;
        let answered = stopwatch();
        if asked >= self.from && answered <= self.until {
            let micros = (answered - asked).as_micros();
            self.tally.waits.push(u32::try_from(micros).unwrap_or(u32::MAX));
            self.tally.done += operations;
        }
    }

    fn run(&mut self) -> String {
        self.runs += 1;
        format!("{}-{}", self.run_prefix, self.runs)
    }

    fn organization(&mut self) -> String {
        let number = self.organizations.map(|count| 1 + (self.chance() * count.get() as f64) as usize);
        name(number.unwrap_or_default())
    }

    /// A number in [0, 1), from xorshift: load needs spread, not secrecy.
    fn chance(&mut self) -> f64 {
        self.dice ^= self.dice << 13;
        self.dice ^= self.dice >> 7;
        self.dice ^= self.dice << 17;
        (self.dice >> 11) as f64 / (1_u64 << 53) as f64
    }
}

fn write_batch(body: &mut String, kind: &str, settled: &[(String, String)], started: &[(String, String)]) {
    let (hold, used) = (HOLD.0, USED.0);
    body.clear();
    body.push_str(r#"{"commands":["#);
    for (organization, run) in settled {
        let _ = write!(
            body,
            r#"{{"op":"settle","organization":"{organization}","run":"{run}","used":"{used}"}},"#
        );
    }
    for (organization, run) in started {
        let _ = write!(
            body,
            r#"{{"op":"start","organization":"{organization}","id":"{run}","kind":"{kind}","hold":"{hold}"}},"#
        );
    }
    if body.ends_with(',') {
        body.pop();
    }
    body.push_str("]}");
}

/// How many answers of a batch have a status of 2xx. Reading the JSON would cost more than the server's share, so this
/// looks for the bytes, skipping as far as the last one of each place allows (Horspool).
fn count_done(body: &[u8]) -> usize {
    const DONE: &[u8] = br#""status":2"#;
    let mut skip = [DONE.len(); 256];
    for (place, byte) in DONE.iter().enumerate().take(DONE.len() - 1) {
        skip[usize::from(*byte)] = DONE.len() - 1 - place;
    }
    let (mut place, mut found) = (0, 0);
    while let Some(window) = body.get(place..place + DONE.len()) {
        found += usize::from(window == DONE);
        place += skip[usize::from(window[DONE.len() - 1])];
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_done_in_a_batch_is_counted_and_nothing_else() {
        let body = br#"{"results":[{"status":201,"run":{"status":"running"}},{"status":402},{"status":200,"used":"2"}]}"#;
        assert_eq!(count_done(body), 2);
        assert_eq!(count_done(b""), 0);
    }

    #[test]
    fn a_batch_is_full_and_is_json() {
        let runs = [("a".to_owned(), "r1".to_owned()), ("b".to_owned(), "r2".to_owned())];
        let mut body = String::new();
        write_batch(&mut body, "chat_message", &runs, &runs);
        let read: serde_json::Value = serde_json::from_str(&body).expect("JSON");
        assert_eq!(read["commands"].as_array().map(Vec::len), Some(4));
    }

    #[test]
    fn both_designs_hold_and_use_the_same() {
        for (credits, micros) in [HOLD, USED] {
            assert_eq!(credits.parse::<ledger::Credits>().expect("credits").micros(), micros);
        }
    }
}
