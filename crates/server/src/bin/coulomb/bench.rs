//! `coulomb bench`: the load tool. It asks a running server over real HTTP, as a host would, with organizations of its
//! own, and says how many starts and settles per second were answered and how long a caller waited.
#![allow(clippy::print_stdout, reason = "the figures are what the command is for")]

use crate::{
    Failure,
    client::{Connection, Target},
};
use clap::Args;
use coulomb_server::clock::{self, stopwatch};
use std::{
    collections::BTreeMap,
    fmt::Write as _,
    num::NonZeroUsize,
    process::ExitCode,
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::task::JoinSet;

const AFTER: &str = "\
The question: how many starts and settles per second does this server answer, each durable, and how long does a caller
wait? Half of the operations start a run, half settle it; organizations are drawn at random, runs have new ids. The tool
opens its own organizations (bench-hot, bench-1, bench-2, …), gives them a billion credits each, and opens them only once.

It is a closed loop: a connection asks again when it has its answer, so waiting times at full load are mostly queueing.
The paced line asks at half of the best rate, whether or not answers have come, and measures from when it should have asked.
Share the figures together with the machine: the tool needs cores too.

Examples:
  coulomb bench --url http://127.0.0.1:8988 --key $(coulomb keys create --scope admin)
  coulomb bench --url http://127.0.0.1:8988 --key $KEY --seconds 30 --connections 64
  coulomb bench --url http://127.0.0.1:8988 --key $KEY --only batch";

/// Measure a running server: starts and settles per second, and how long callers wait
#[derive(Args)]
#[command(after_help = AFTER)]
pub struct Bench {
    /// Where the server is, such as http://127.0.0.1:8988
    #[arg(long)]
    url: String,

    /// An API key with scope admin, which opening organizations takes
    #[arg(long, env = "COULOMB_KEY", hide_env_values = true)]
    key: String,

    /// How long each line is measured, after a second of warming up
    #[arg(long, value_name = "SECONDS", default_value_t = 5.0, value_parser = seconds)]
    seconds: f64,

    /// Connections of single calls, one line for each
    #[arg(long, value_name = "N,…", value_delimiter = ',', default_value = "1,32,64,128")]
    connections: Vec<NonZeroUsize>,

    /// Connections of batches, one line for each and each size
    #[arg(long, value_name = "N,…", value_delimiter = ',', default_value = "2,8")]
    batch_connections: Vec<NonZeroUsize>,

    /// Commands in a batch, one line for each; even numbers
    #[arg(long, value_name = "N,…", value_delimiter = ',', default_value = "100,1000", value_parser = even)]
    batch_sizes: Vec<usize>,

    /// Organizations that operations are spread over
    #[arg(long, value_name = "N", default_value = "10000")]
    organizations: NonZeroUsize,

    /// The kind of work, from the server's catalogue
    #[arg(long, value_name = "KIND", default_value = "chat_message")]
    kind: String,

    /// Only lines whose name has this in it: "hot", "spread", "single", "paced", "batch"
    #[arg(long, value_name = "TEXT", default_value = "")]
    only: String,
}

fn seconds(text: &str) -> Result<f64, String> {
    let seconds: f64 = text.parse().map_err(|_| "it is a number of seconds".to_owned())?;
    if (0.1..=86_400.0).contains(&seconds) { Ok(seconds) } else { Err("it is between 0.1 and 86400".into()) }
}

fn even(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(size) if (2..=1_000).contains(&size) && size % 2 == 0 => Ok(size),
        _ => Err("a batch has an even number of commands, 2 to 1000: half start, half settle".into()),
    }
}

/// How long every line runs before it counts.
const WARM_UP: Duration = Duration::from_secs(1);

/// Connections that open organizations.
const OPENING: usize = 32;

impl Bench {
    /// Measures line by line.
    pub fn run(self) -> Result<ExitCode, Failure> {
        // One thread: the server under test has a use for the others.
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(self.measure())
    }

    async fn measure(self) -> Result<ExitCode, Failure> {
        println!(
            "How many starts and settles per second does this server answer, each durable, and how long does a caller wait?"
        );
        let target = Target::new(&self.url, &self.key)?;
        let began = stopwatch();
        self.open_organizations(&target).await?;
        println!(
            "{} with {} organizations (ready after {:.1} s), {} s per line\n",
            self.url,
            self.organizations,
            began.elapsed().as_secs_f64(),
            self.seconds
        );
        println!("{HEADER}");
        let mut best = 0.0_f64;
        let mut troubled = false;
        for line in self.lines() {
            let rate = if line.paced { Some(best / 2.0) } else { None };
            if line.paced && best == 0.0 {
                println!("{:36} skipped: it is half of the rate of lines that were left out", line.name());
                continue;
            }
            let before = if line.hot { Some(version(&target, HOT).await?) } else { None };
            let (tally, took) = self.measure_line(&target, &line, rate).await;
            println!("{}", tally.row(&line.name(), took));
            if !line.hot && line.batch.is_none() && !line.paced {
                best = best.max(tally.rate(took));
            }
            if let Some(before) = before {
                // Every start and settle that was answered is one event: the ledger counts with us.
                let grew = version(&target, HOT).await? - before;
                if grew != tally.done_in_all {
                    troubled = true;
                    println!(
                        "  the ledger grew by {grew} events, but {} operations were answered",
                        tally.done_in_all
                    );
                }
            }
            for (what, count) in &tally.failed {
                troubled = true;
                println!("  {count} × {what}");
            }
        }
        Ok(if troubled { ExitCode::FAILURE } else { ExitCode::SUCCESS })
    }

    fn lines(&self) -> Vec<Line> {
        let line = |hot, connections: NonZeroUsize| Line {
            hot,
            connections: connections.get(),
            batch: None,
            paced: false,
        };
        let mut lines = Vec::new();
        for hot in [true, false] {
            lines.extend(self.connections.iter().map(|connections| line(hot, *connections)));
        }
        let most = self.connections.iter().max().map(|connections| (*connections).min(PACED));
        lines.extend(most.map(|connections| Line { paced: true, ..line(false, connections) }));
        for hot in [true, false] {
            for size in &self.batch_sizes {
                let of_size =
                    |connections: &NonZeroUsize| Line { batch: Some(*size), ..line(hot, *connections) };
                lines.extend(self.batch_connections.iter().map(of_size));
            }
        }
        lines.retain(|line| line.name().contains(&self.only));
        lines
    }

    /// Runs a line on all its connections, and gives the tally with how long it was measured.
    async fn measure_line(&self, target: &Target, line: &Line, rate: Option<f64>) -> (Tally, Duration) {
        let from = stopwatch() + WARM_UP;
        let until = from + Duration::from_secs_f64(self.seconds);
        // Runs of this process, line and connection have ids that no other has.
        let tag = format!("{:x}", clock::now().micros());
        let mut workers = JoinSet::new();
        for number in 0..line.connections {
            let worker = Worker {
                connection: Connection::new(target.clone()),
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
        (tally, until - from)
    }

    /// Opens the organizations and gives them credits. Everything has an id of its own, so that a second time changes
    /// nothing.
    async fn open_organizations(&self, target: &Target) -> Result<(), Failure> {
        // The hot one alone: a server that cannot be reached, or a key that does not work, is said once.
        open(&mut Connection::new(target.clone()), HOT).await?;
        let count = self.organizations.get();
        let next = Arc::new(std::sync::atomic::AtomicUsize::new(1));
        let mut openers = JoinSet::new();
        for _ in 0..OPENING {
            let (next, mut connection) = (Arc::clone(&next), Connection::new(target.clone()));
            openers.spawn(async move {
                loop {
                    let number = next.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                    if number > count {
                        return Ok(());
                    }
                    open(&mut connection, &name(number)).await?;
                }
            });
        }
        while let Some(opened) = openers.join_next().await {
            let opened: Result<(), String> = opened?;
            opened?;
        }
        Ok(())
    }
}

/// The organization that hot lines use.
const HOT: &str = "bench-hot";

/// The connections of the paced line, at most.
const PACED: NonZeroUsize = NonZeroUsize::new(64).expect("64 is not zero");

/// An organization by its number; 0 is the hot one.
fn name(number: usize) -> String {
    if number == 0 { HOT.into() } else { format!("bench-{number}") }
}

async fn open(connection: &mut Connection, organization: &str) -> Result<(), String> {
    // From an earlier run there may be everything already; repeating each fact would cost the server more than a look.
    let balance = format!("/v1/organizations/{organization}/balance");
    let known =
        connection.call("GET", &balance, b"").await.map_err(|error| unreachable_at(&balance, &error))?;
    if known.is_success() && String::from_utf8_lossy(known.body).contains(r#""can_start":true"#) {
        return Ok(());
    }
    let period = r#""period_start":"2026-01-01T00:00:00Z","period_end":"2099-01-01T00:00:00Z""#;
    let calls = [
        ("PUT", String::new(), format!(r#"{{"name":"Bench {organization}"}}"#)),
        ("PUT", "/subscription".into(), format!(r#"{{"status":"active","cadence":"monthly",{period}}}"#)),
        (
            "POST",
            "/payments".into(),
            format!(
                r#"{{"id":"{organization}-renewal","purpose":"renewal","paid":0,"currency":"USD","credits":"1000000000",{period}}}"#
            ),
        ),
        (
            "POST",
            "/payments".into(),
            format!(
                r#"{{"id":"{organization}-top-up","purpose":"top_up","paid":0,"currency":"USD","credits":"1000000000","expires_at":"2099-01-01T00:00:00Z"}}"#
            ),
        ),
    ];
    for (method, path, body) in calls {
        let path = format!("/v1/organizations/{organization}{path}");
        let answer = connection.call(method, &path, body.as_bytes()).await;
        let answer = answer.map_err(|error| unreachable_at(&path, &error))?;
        if !answer.is_success() {
            let said = String::from_utf8_lossy(answer.body);
            return Err(format!("{method} {path} was answered {}: {said}", answer.status));
        }
    }
    Ok(())
}

fn unreachable_at(path: &str, error: &std::io::Error) -> String {
    format!("{path} was not answered: {error}. Is the server running there?")
}

/// The number of the last event of an organization.
async fn version(target: &Target, organization: &str) -> Result<u64, Failure> {
    let path = format!("/v1/organizations/{organization}/balance");
    let mut connection = Connection::new(target.clone());
    let answer = connection.call("GET", &path, b"").await?;
    let balance: serde_json::Value = serde_json::from_slice(answer.body)?;
    balance["version"]
        .as_u64()
        .ok_or_else(|| format!("GET {path} was answered without a version: {balance}").into())
}

/// One line of the result.
struct Line {
    hot: bool,
    connections: usize,
    batch: Option<usize>,
    paced: bool,
}

const HEADER: &str =
    "                                     operations/s    pairs/s    p50 ms    p99 ms    max ms    failed";

impl Line {
    fn name(&self) -> String {
        let whom = if self.hot { "hot   " } else { "spread" };
        let what = match self.batch {
            Some(size) => format!("batch of {size}"),
            None if self.paced => "paced, half rate".into(),
            None => "single calls".into(),
        };
        format!("{whom} {what:17}{:4} conn.", self.connections)
    }
}

/// What one connection, or all of a line, did.
#[derive(Default)]
struct Tally {
    /// Microseconds of each call that was measured.
    waits: Vec<u32>,
    /// Operations that were measured.
    done: u64,
    /// Operations that were answered, those of the warm-up too.
    done_in_all: u64,
    /// What was not answered 2xx, by what it was.
    failed: BTreeMap<String, u64>,
}

impl Tally {
    fn fail(&mut self, what: String) {
        *self.failed.entry(what).or_default() += 1;
    }

    fn add(&mut self, other: Tally) {
        self.waits.extend(other.waits);
        self.done += other.done;
        self.done_in_all += other.done_in_all;
        for (what, count) in other.failed {
            *self.failed.entry(what).or_default() += count;
        }
    }

    fn rate(&self, took: Duration) -> f64 {
        self.done as f64 / took.as_secs_f64()
    }

    fn row(&self, name: &str, took: Duration) -> String {
        let mut waits = self.waits.clone();
        waits.sort_unstable();
        let at = |share: f64| {
            let place = ((waits.len() as f64 * share) as usize).min(waits.len().saturating_sub(1));
            f64::from(waits.get(place).copied().unwrap_or_default()) / 1_000.0
        };
        let failed: u64 = self.failed.values().sum();
        let rate = self.rate(took);
        let (p50, p99, max) = (at(0.5), at(0.99), at(1.0));
        format!("{name:36} {rate:12.0} {:10.0} {p50:9.2} {p99:9.2} {max:9.2} {failed:9}", rate / 2.0)
    }
}

/// One connection and what it asks.
struct Worker {
    connection: Connection,
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
        let start = format!(r#"","kind":"{}","hold":"0.01"}}"#, self.kind);
        let mut due = stopwatch();
        if let Some(pace) = pace {
            // Connections that all ask at the same instant would measure their own queue.
            due += pace.mul_f64(self.chance());
        }
        while stopwatch() < self.until {
            let organization = self.organization();
            let run = self.run();
            let path = format!("/v1/organizations/{organization}/runs");
            let body = format!(r#"{{"id":"{run}{start}"#);
            let started = self.ask(&mut due, pace, &path, &body).await;
            if started {
                let path = format!("{path}/{run}/settle");
                self.ask(&mut due, pace, &path, r#"{"used":"0.009"}"#).await;
            }
        }
        self.tally
    }

    async fn ask(&mut self, due: &mut Instant, pace: Option<Duration>, path: &str, body: &str) -> bool {
        let asked = match pace {
            Some(pace) => {
                tokio::time::sleep_until((*due).into()).await;
                let asked = *due;
                *due += pace;
                asked
            }
            None => stopwatch(),
        };
        match self.connection.call("POST", path, body.as_bytes()).await {
            Ok(answer) if answer.is_success() => {
                self.answered(asked, 1);
                true
            }
            Ok(answer) => {
                let what = format!("answered {}", answer.status);
                self.tally.fail(what);
                false
            }
            Err(error) => {
                self.tally.fail(error.to_string());
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
        match self.connection.call("POST", "/v1/batch", body.as_bytes()).await {
            Ok(answer) if answer.is_success() => {
                let done = count_done(answer.body);
                for _ in done..commands {
                    self.tally.fail("not done in a batch".into());
                }
                self.answered(asked, done as u64);
            }
            Ok(answer) => {
                let what = format!("batch answered {}", answer.status);
                self.tally.fail(what);
            }
            Err(error) => self.tally.fail(error.to_string()),
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
        match self.organizations {
            None => HOT.into(),
            Some(count) => name(1 + (self.chance() * count.get() as f64) as usize),
        }
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
    body.clear();
    body.push_str(r#"{"commands":["#);
    for (organization, run) in settled {
        let _ = write!(
            body,
            r#"{{"op":"settle","organization":"{organization}","run":"{run}","used":"0.009"}},"#
        );
    }
    for (organization, run) in started {
        let _ = write!(
            body,
            r#"{{"op":"start","organization":"{organization}","id":"{run}","kind":"{kind}","hold":"0.01"}},"#
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
}
