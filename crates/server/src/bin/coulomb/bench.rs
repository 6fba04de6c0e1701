//! `coulomb bench`: the load tool. It asks a running server over real HTTP, as a host would, with organizations of its
//! own, and says how many starts and settles per second were answered and how long a caller waited. `load` is who asks
//! and counts, `beside` the same questions on a PostgreSQL database, beside the design that teams write by hand.
#![allow(clippy::print_stdout, reason = "the figures are what the command is for")]

mod load;

mod beside;

use crate::{
    Failure,
    client::{Connection, Target},
};
use clap::Args;
use coulomb_server::clock::stopwatch;
use load::{Figures, Line, Load, Subject, Tally};
use std::{
    num::NonZeroUsize,
    process::ExitCode,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};
use tokio::{runtime::Runtime, task::JoinSet};

const AFTER: &str = "\
The question: how many starts and settles per second does this server answer, each durable, and how long does a caller
wait? Half of the operations start a run, half settle it; organizations are drawn at random, runs have new ids. The tool
opens its own organizations (bench-hot, bench-1, bench-2, …), gives them a billion credits each, and opens them only once.

It is a closed loop: a connection asks again when it has its answer, so waiting times at full load are mostly queueing.
The paced line asks at half of the best rate, whether or not answers have come, and measures from when it should have asked.
Share the figures together with the machine: the tool needs cores too.

With --database it starts a server of its own on that PostgreSQL database, and asks the same beside the design that teams
write by hand: one transaction for each start and each settle, which locks the organization's row, looks at the balance,
writes the hold or the usage, and updates the balance. That one is called through the database's driver, without HTTP, on
as many connections as there are clients, at most 64, which favours it. Both are measured in turns, round by round, and
medians are shown. The design by hand has a schema of its own, coulomb_bench_usual, which is dropped in the end. The
organizations of the bench stay, because events are never deleted: give it an empty database, and drop that afterwards.

Examples:
  coulomb bench --url http://127.0.0.1:8988 --key $(coulomb keys create --scope admin)
  coulomb bench --url http://127.0.0.1:8988 --key $KEY --seconds 30 --connections 64
  coulomb bench --url http://127.0.0.1:8988 --key $KEY --only batch
  coulomb bench --database postgres://coulomb@127.0.0.1/empty
  coulomb bench --database postgres://coulomb@127.0.0.1/empty --rounds 5 --only single";

const USAGE: &str = "\
coulomb bench [OPTIONS] --url <URL> --key <KEY>
       coulomb bench [OPTIONS] --database <URL>";

/// Measure a running server, or a database: starts and settles per second, and how long callers wait
#[derive(Args)]
#[command(after_help = AFTER, override_usage = USAGE)]
pub struct Bench {
    /// Where the server is, such as http://127.0.0.1:8988
    #[arg(long, required_unless_present = "database")]
    url: Option<String>,

    /// An API key with scope admin, which opening organizations takes
    #[arg(long, env = "COULOMB_KEY", hide_env_values = true, required_unless_present = "database")]
    key: Option<String>,

    /// Instead of a server: an empty PostgreSQL database, such as postgres://coulomb@127.0.0.1/empty
    #[arg(long, value_name = "URL", conflicts_with = "url")]
    database: Option<String>,

    /// How often each line is measured on a database, for its median
    #[arg(long, value_name = "N", default_value = "3", requires = "database")]
    rounds: NonZeroUsize,

    /// Measure on a database that has organizations of others, and leave those of the bench among them
    #[arg(long, requires = "database")]
    yes: bool,

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

/// Connections that open organizations.
const OPENING: usize = 32;

impl Bench {
    /// Measures line by line.
    pub fn run(self) -> Result<ExitCode, Failure> {
        match &self.database {
            Some(url) => beside::run(&self, url),
            None => one_thread()?.block_on(self.measure()),
        }
    }

    async fn measure(&self) -> Result<ExitCode, Failure> {
        println!(
            "How many starts and settles per second does this server answer, each durable, and how long does a caller wait?"
        );
        let url = self.url.as_deref().unwrap_or_default();
        let target = Target::new(url, self.key.as_deref().unwrap_or_default())?;
        let began = stopwatch();
        self.open_organizations(&target).await?;
        println!(
            "{url} with {} organizations (ready after {:.1} s), {} s per line\n",
            self.organizations,
            began.elapsed().as_secs_f64(),
            self.seconds
        );
        println!("{HEADER}");
        let load = self.load();
        let mut best = 0.0_f64;
        let mut troubled = false;
        for line in self.lines() {
            let rate = if line.paced { Some(best / 2.0) } else { None };
            if line.paced && best == 0.0 {
                println!("{:36} {SKIPPED}", line.name());
                continue;
            }
            let tally = ask_server(&load, &target, &line, rate).await?;
            let figures = load.figures(&tally);
            println!("{}", row(&line, &figures, &tally));
            if line.is_single() && !line.hot {
                best = best.max(figures.rate);
            }
            troubled |= say_what_failed(&tally);
        }
        Ok(if troubled { ExitCode::FAILURE } else { ExitCode::SUCCESS })
    }

    fn load(&self) -> Load {
        Load {
            organizations: self.organizations,
            kind: self.kind.clone(),
            time: Duration::from_secs_f64(self.seconds),
        }
    }

    /// The most that single calls are made on at once.
    fn most_connections(&self) -> usize {
        self.connections.iter().map(|connections| connections.get()).max().unwrap_or(1)
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

    /// Opens the organizations and gives them credits. Everything has an id of its own, so that a second time changes
    /// nothing.
    async fn open_organizations(&self, target: &Target) -> Result<(), Failure> {
        // The hot one alone: a server that cannot be reached, or a key that does not work, is said once.
        open(&mut Connection::new(target.clone()), HOT).await?;
        let count = self.organizations.get();
        let next = Arc::new(AtomicUsize::new(1));
        let mut openers = JoinSet::new();
        for _ in 0..OPENING {
            let (next, mut connection) = (Arc::clone(&next), Connection::new(target.clone()));
            openers.spawn(async move {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
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

const HEADER: &str =
    "                                     operations/s    pairs/s    p50 ms    p99 ms    max ms    failed";

/// In place of the paced line's figures.
const SKIPPED: &str = "skipped: it is half of the rate of lines that were left out";

fn row(line: &Line, figures: &Figures, tally: &Tally) -> String {
    let Figures { rate, p50, p99, max } = figures;
    let failed: u64 = tally.failed.values().sum();
    format!("{:36} {rate:12.0} {:10.0} {p50:9.2} {p99:9.2} {max:9.2} {failed:9}", line.name(), rate / 2.0)
}

/// Whether anything has failed.
fn say_what_failed(tally: &Tally) -> bool {
    for (what, count) in &tally.failed {
        println!("  {count} × {what}");
    }
    !tally.failed.is_empty()
}

/// Measures a line on a server. On the hot organization every start and settle that was answered is one event, so there
/// the ledger counts with us.
async fn ask_server(load: &Load, target: &Target, line: &Line, rate: Option<f64>) -> Result<Tally, Failure> {
    let before = if line.hot { Some(version(target, HOT).await?) } else { None };
    let mut tally = load.measure(&Subject::Server(target.clone()), line, rate).await;
    if let Some(before) = before {
        let grew = version(target, HOT).await? - before;
        let answered = tally.done_in_all;
        if grew != answered {
            tally.fail(format!("the ledger grew by {grew} events, but {answered} operations were answered"));
        }
    }
    Ok(tally)
}

/// The load tool has one thread: the server under test has a use for the others.
fn one_thread() -> std::io::Result<Runtime> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()
}
