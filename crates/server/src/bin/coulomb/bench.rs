//! `coulomb bench`: the load tool. It answers questions about speed over real HTTP, as a host would ask, each beside a
//! reference that is measured on the same machine in the same minutes: a flush of the disk, a bare HTTP server, the design
//! that teams write by hand. Here is what can be asked for; one file answers each question.
//!
//! In reading order: `whom` and `asks` (requests and what answers must say), `lane` and `driver` (the load), `waits` and `figures` (what
//! it comes to), `processes`, `machine` and `disk` (what it cost, and where), `echo`, `served` and `by_hand` (who is asked),
//! `fill` (organizations), `site` (one line put to one server), and the questions.
#![allow(clippy::print_stdout, reason = "the figures are what the command is for")]

mod asks;
mod by_hand;
mod disk;
mod driver;
mod echo;
mod figures;
mod fill;
mod growth;
mod lane;
mod latency;
mod machine;
mod paced;
mod places;
mod processes;
mod served;
mod site;
mod start;
mod stop;
mod waits;
mod whom;
mod work;

use crate::Failure;
use clap::{Args, ValueEnum};
use std::{num::NonZeroUsize, path::PathBuf, process::ExitCode};

const AFTER: &str = "\
Without --url or --database it starts a server of its own on a fresh data directory below --dir, asks it, and removes both.
The server is a process of its own. Half of the operations start a run, half settle it; organizations are drawn at random,
runs have new ids, and every answer is looked into. What was answered is compared with what the server has committed.

Questions:
  work     How many durable starts and settles per second, one by one, and how long does a caller wait?
  batch    How many in batches?
  reads    How many balances are read per second?
  latency  How long does one client wait that is alone?
  paced    How long does a caller wait at half of the most, judged over minutes?
  start    How soon does a server answer that has as many organizations as --growth ends with? What memory does it take?
  growth   Does an operation stay as cheap when there are more organizations, and more runs in one?
The first four are asked unless others are named. start and growth fill directories first, in this process, which takes
minutes and gigabytes; --keep leaves those below --dir for the next time.

op/s are operations per second: the median of the rounds, and the least and the most. A connection asks again when it has
its answer, so waiting times at full load are mostly queueing; paced asks at a rate, whether or not answers have come, and
measures from when it should have asked. server µs and tool µs are CPU time for each operation, B/op are bytes that the
server sent to disks for each, and commit is how many share one. others is how many cores were busy with something else,
which should be none. Share the figures together with the machine.

With --database the same is asked of the design that teams write by hand: one transaction for each start and each settle,
which locks the organization's row, looks at the balance, writes the hold or the usage, and updates the balance. It has a
schema of its own, coulomb_bench_usual, which is dropped in the end. The organizations of the bench (bench-hot,
bench-0000001, …) stay, because events are never deleted: give it an empty database, and drop that afterwards.

With --url it asks a server that runs already, and opens its organizations there over HTTP.

Examples:
  coulomb bench                                       On the disk of this directory
  coulomb bench work --dir /var/lib --connections 64
  coulomb bench paced --paced-seconds 600
  coulomb bench start growth --keep
  coulomb bench --database postgres://coulomb@127.0.0.1/empty work batch
  coulomb bench --url http://127.0.0.1:8988 --key $(coulomb keys create --scope admin)";

/// Measure: how many starts and settles per second, how long callers wait, beside a reference
#[derive(Args)]
#[command(after_help = AFTER)]
pub struct Bench {
    /// What to ask
    #[arg(value_enum, value_name = "QUESTION", default_values = ["work", "batch", "reads", "latency"])]
    questions: Vec<Question>,

    /// Where data directories are put for the time of the bench: their disk is what is measured
    #[arg(long, value_name = "DIR", default_value = ".")]
    dir: PathBuf,

    /// Leave the directories that were filled for start and growth, for the next time
    #[arg(long)]
    keep: bool,

    /// An empty PostgreSQL database, such as postgres://coulomb@127.0.0.1/empty
    #[arg(long, value_name = "URL", conflicts_with = "url")]
    database: Option<String>,

    /// A server that runs already, such as http://127.0.0.1:8988
    #[arg(long, requires = "key")]
    url: Option<String>,

    /// Its API key with scope admin, which opening organizations takes
    #[arg(long, env = "COULOMB_KEY", hide_env_values = true)]
    key: Option<String>,

    /// Configuration file (TOML) of the server that is started
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,

    /// How often each line is measured, for its median
    #[arg(long, value_name = "N", default_value = "3")]
    rounds: NonZeroUsize,

    /// How long each line is measured
    #[arg(long, value_name = "SECONDS", default_value_t = 5.0, value_parser = seconds)]
    seconds: f64,

    /// How long each line runs before it counts
    #[arg(long, value_name = "SECONDS", default_value_t = 1.0, value_parser = seconds)]
    warm_up: f64,

    /// Connections of single calls and of reads, one line for each
    #[arg(long, value_name = "N,…", value_delimiter = ',', default_value = "1,32,64,128,256")]
    connections: Vec<NonZeroUsize>,

    /// Connections of batches, one line for each and each size
    #[arg(long, value_name = "N,…", value_delimiter = ',', default_value = "2,4,8,16")]
    batch_connections: Vec<NonZeroUsize>,

    /// Commands in a batch, one line for each; even numbers
    #[arg(long, value_name = "N,…", value_delimiter = ',', default_value = "100,1000", value_parser = even)]
    batch_sizes: Vec<usize>,

    /// Organizations that operations are spread over
    #[arg(long, value_name = "N", default_value = "10000", value_parser = organizations)]
    organizations: NonZeroUsize,

    /// How long the question paced takes
    #[arg(long, value_name = "SECONDS", default_value_t = 180.0, value_parser = seconds)]
    paced_seconds: f64,

    /// Calls per second of the question paced [default: half of what single calls come to]
    #[arg(long, value_name = "RATE", value_parser = rate)]
    paced_rate: Option<f64>,

    /// How many organizations there are, for growth; start takes the last
    #[arg(long, value_name = "N,…", value_delimiter = ',', default_value = "1000,10000,100000,1000000", value_parser = organizations)]
    growth: Vec<NonZeroUsize>,

    /// How many closed runs one organization has, for growth
    #[arg(long, value_name = "N,…", value_delimiter = ',', default_value = "100,1000000")]
    growth_runs: Vec<usize>,

    /// The kind of work, from the server's catalogue
    #[arg(long, value_name = "KIND", default_value = "chat_message")]
    kind: String,

    /// Measure where it says little or leaves something behind: in memory, in a database with organizations of others
    #[arg(long)]
    yes: bool,

    /// Be the bare server that is the reference, answering so many bytes
    #[arg(long, hide = true)]
    echo_bytes: Option<usize>,

    /// The threads of that server
    #[arg(long, hide = true, default_value = "1")]
    echo_threads: NonZeroUsize,
}

/// What can be asked. Help says it in full further down, so the names stand alone here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Question {
    Work,
    Batch,
    Reads,
    Latency,
    Paced,
    Start,
    Growth,
}

fn seconds(text: &str) -> Result<f64, String> {
    let seconds: f64 = text.parse().map_err(|_| "it is a number of seconds".to_owned())?;
    if (0.05..=86_400.0).contains(&seconds) {
        Ok(seconds)
    } else {
        Err("it is between 0.05 and 86400".into())
    }
}

fn rate(text: &str) -> Result<f64, String> {
    let rate: f64 = text.parse().map_err(|_| "it is a number of calls per second".to_owned())?;
    if (1.0..=1e6).contains(&rate) { Ok(rate) } else { Err("it is between 1 and 1000000".into()) }
}

fn even(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(size) if (2..=1_000).contains(&size) && size % 2 == 0 => Ok(size),
        _ => Err("a batch has an even number of commands, 2 to 1000: half start, half settle".into()),
    }
}

fn organizations(text: &str) -> Result<NonZeroUsize, String> {
    match text.parse::<NonZeroUsize>() {
        Ok(count) if count.get() <= whom::ORGANIZATIONS_MAX => Ok(count),
        _ => Err(format!("it is between 1 and {}", whom::ORGANIZATIONS_MAX)),
    }
}

impl Bench {
    /// Asks question by question.
    pub fn run(self) -> Result<ExitCode, Failure> {
        if let Some(bytes) = self.echo_bytes {
            return echo::serve(bytes, self.echo_threads.get());
        }
        places::measure(&self)
    }

    /// The most that single calls are made on at once.
    fn most_connections(&self) -> usize {
        self.connections.iter().map(|connections| connections.get()).max().unwrap_or(1)
    }

    /// The connections of those lines that have only one number of them: enough to fill commits, few enough to wait little.
    fn usual_connections(&self) -> usize {
        self.most_connections().min(USUAL)
    }

    fn asks_any(&self, questions: &[Question]) -> bool {
        self.questions.iter().any(|question| questions.contains(question))
    }
}

/// See [`Bench::usual_connections`].
const USUAL: usize = 64;
