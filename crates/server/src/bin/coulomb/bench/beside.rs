//! `coulomb bench --database`: a server of our own on a PostgreSQL database, and on the same database the design that
//! teams write by hand (`store::postgres::usual`), measured in turns. What is left behind is coulomb's organizations.

use super::{
    Bench, SKIPPED, ask_server,
    load::{Figures, Line, Load, Subject, Tally},
    one_thread, say_what_failed,
};
use crate::{
    Failure,
    client::Target,
    runtime,
    serve::{Running, stop_asked},
};
use coulomb_server::{
    auth,
    clock::{self, stopwatch},
    config::Config,
    telemetry,
};
use ledger::id::KeyId;
use std::{future::Future, num::NonZeroUsize, process::ExitCode, sync::Arc};
use store::{
    Scope, Store,
    postgres::{Options, Postgres, usual::Usual},
};
use tokio::runtime::Runtime;

/// Connections of the design by hand, at most: more than that, teams put a pool in front of.
const BY_HAND_MAX: usize = 64;

/// The ids of the bench's own organizations.
const OURS: &str = "^bench-(hot|[0-9]+)$";

/// What each organization has by hand: the billion credits that it has in coulomb.
const AVAILABLE_MICROS: i64 = 1_000_000_000_000_000;

/// What differs from the defaults: nobody else asks this server, and its messages are not what the command is for.
const CONFIG: &str = "server.listen = \"127.0.0.1:0\"\nlog.level = \"warn\"\n";

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

/// Measures, and clears up however that ended.
pub fn run(bench: &Bench, url: &str) -> Result<ExitCode, Failure> {
    // The design by hand runs in its callers, which therefore may have every core.
    let clients = runtime(std::thread::available_parallelism().map_or(1, NonZeroUsize::get))?;
    let config = Config::parse("of the bench", CONFIG)?;
    let database = url.parse().map_err(|why| format!("--database {why}."))?;
    let options = config.data.options(&database);
    let by_hand = Arc::new(Usual::new(&Options {
        connections_max: bench.most_connections().min(BY_HAND_MAX),
        ..options.clone()
    })?);
    if let Some(stranger) = clients.block_on(by_hand.stranger(OURS))?
        && !bench.yes
    {
        return Err(format!(
            "This database has organizations that are not of the bench, such as {stranger}. Those of the bench would stay among \
             them for ever, so give it an empty database; --yes measures here all the same."
        )
        .into());
    }
    let server = Server::start(&config, options)?;
    let comparison = Comparison { bench, load: bench.load(), tool: one_thread()?, clients, by_hand, server };
    let measured = comparison.measure();
    let dropped = comparison.clients.block_on(comparison.by_hand.drop_schema());
    let stopped = comparison.server.stop();
    let code = measured?;
    dropped?;
    stopped?;
    Ok(code)
}

/// A server for the time of the measurement.
struct Server {
    runtime: Runtime,
    running: Running,
    store: Arc<Postgres>,
    key: KeyId,
    target: Target,
    connections_max: usize,
}

impl Server {
    fn start(config: &Config, options: Options) -> Result<Server, Failure> {
        telemetry::log(&config.log);
        let connections_max = options.connections_max;
        let store = Arc::new(Postgres::open(options)?);
        let key = auth::new_key("bench", Scope::Admin, clock::now())?;
        store.create_key(&key.stored)?;
        let runtime = runtime(config.server.http_threads.get())?;
        let shared: Arc<dyn Store> = Arc::clone(&store) as _;
        let running = runtime.block_on(Running::start(config, shared, false))?;
        let target = Target::new(&format!("http://{}", running.address()), &key.key)?;
        Ok(Server { runtime, running, store, key: key.stored.id, target, connections_max })
    }

    fn stop(self) -> Result<(), Failure> {
        self.runtime.block_on(self.running.stop())?;
        self.store.revoke_key(&self.key, clock::now())?;
        Ok(())
    }
}

/// Both designs on one database.
struct Comparison<'a> {
    bench: &'a Bench,
    load: Load,
    /// Where the server is asked.
    tool: Runtime,
    /// Where the design by hand runs.
    clients: Runtime,
    by_hand: Arc<Usual>,
    server: Server,
}

/// What both came to, round by round.
#[derive(Default)]
struct Rounds {
    ours: Vec<Figures>,
    by_hand: Vec<Figures>,
}

impl Comparison<'_> {
    fn measure(&self) -> Result<ExitCode, Failure> {
        println!(
            "How many durable starts and settles per second does coulomb answer on this database, and how many does the\n\
             transaction that teams write by hand? How long does a caller wait?\n"
        );
        self.introduce()?;
        let began = stopwatch();
        self.prepare()?;
        println!(
            "{} organizations (ready after {:.1} s), medians of {} rounds of {} s, taken in turns",
            self.bench.organizations,
            began.elapsed().as_secs_f64(),
            self.bench.rounds,
            self.bench.seconds
        );

        println!(
            "\nHow many commits of one row does the database make, one after the other on one connection?"
        );
        println!("{:36} {:>12} {:>9} {:>9}", "", "commits/s", "p50 ms", "p99 ms");
        let mut troubled = self.floor("before everything else")?;

        let mut best = (0.0_f64, 0.0_f64);
        let mut asked = String::new();
        let mut done_by_hand = 0;
        for line in self.bench.lines() {
            let question = self.question(&line);
            if question != asked {
                println!("\n{question}\n{}", header());
                asked = question;
            }
            // A rate that both keep up with, or waiting times would not tell them apart.
            let rate = line.paced.then_some(best.0.min(best.1) / 2.0);
            if rate == Some(0.0) {
                println!("{:36} {SKIPPED}", line.name());
                continue;
            }
            let mut rounds = Rounds::default();
            let mut failed = Tally::default();
            for _ in 0..self.bench.rounds.get() {
                let ours = self.ask_ours(&line, rate)?;
                rounds.ours.push(self.load.figures(&ours));
                let by_hand = self.ask_by_hand(&line, rate)?;
                rounds.by_hand.push(self.load.figures(&by_hand));
                done_by_hand += by_hand.done_in_all;
                for tally in [ours, by_hand] {
                    failed.add(tally);
                }
            }
            println!("{}", rounds.row(&line));
            troubled |= say_what_failed(&failed);
            if line.is_single() && !line.hot {
                best.0 = best.0.max(median(&rounds.ours, |figures| figures.rate));
                best.1 = best.1.max(median(&rounds.by_hand, |figures| figures.rate));
            }
        }

        println!("\nAnd how many commits of one row does it make now?");
        println!("{:36} {:>12} {:>9} {:>9}", "", "commits/s", "p50 ms", "p99 ms");
        troubled |= self.floor("after everything else")?;
        let stored = self.clients.block_on(self.by_hand.stored())?;
        if stored != done_by_hand {
            troubled = true;
            println!("by hand, {stored} operations are in the tables, but {done_by_hand} were done");
        }
        Ok(if troubled { ExitCode::FAILURE } else { ExitCode::SUCCESS })
    }

    /// Says what is measured, and where.
    fn introduce(&self) -> Result<(), Failure> {
        let values = self.clients.block_on(self.by_hand.settings(&SETTINGS))?;
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
            "coulomb:  version {}, asked over HTTP; its server has {} connections to the database",
            env!("CARGO_PKG_VERSION"),
            self.server.connections_max
        );
        println!(
            "By hand:  one transaction for each start and each settle: lock the organization's row, look at the balance,\n          \
             write the hold or the usage, update the balance. It is called through the driver, without HTTP, on as\n          \
             many connections as clients, at most {BY_HAND_MAX}, and keeps no history: this favours it"
        );
        Ok(())
    }

    /// Organizations with credits in both, and a database that has come to rest.
    fn prepare(&self) -> Result<(), Failure> {
        on(&self.tool, self.bench.open_organizations(&self.server.target))?;
        let names: Vec<String> = (0..=self.bench.organizations.get()).map(super::name).collect();
        on(&self.clients, async { Ok(self.by_hand.create(&names, AVAILABLE_MICROS).await?) })?;
        on(&self.clients, async { Ok(self.by_hand.settle_down().await?) })
    }

    /// What the disk and the way to it cost at least; whether anything has failed.
    fn floor(&self, when: &str) -> Result<bool, Failure> {
        let line = Line { hot: true, connections: 1, batch: None, paced: false };
        let subject = Subject::OneRow(Arc::clone(&self.by_hand));
        let mut rounds = Vec::new();
        let mut failed = Tally::default();
        for _ in 0..self.bench.rounds.get() {
            let tally = on(&self.clients, async { Ok(self.load.measure(&subject, &line, None).await) })?;
            rounds.push(self.load.figures(&tally));
            failed.add(tally);
        }
        let Figures { rate, p50, p99, .. } = medians(&rounds);
        println!("{when:36} {rate:12.0} {p50:9.2} {p99:9.2}");
        Ok(say_what_failed(&failed))
    }

    fn ask_ours(&self, line: &Line, rate: Option<f64>) -> Result<Tally, Failure> {
        on(&self.tool, ask_server(&self.load, &self.server.target, line, rate))
    }

    fn ask_by_hand(&self, line: &Line, rate: Option<f64>) -> Result<Tally, Failure> {
        let line = match line.batch {
            Some(_) => Line { batch: None, connections: self.bench.most_connections(), ..line.clone() },
            None => line.clone(),
        };
        let subject = Subject::ByHand(Arc::clone(&self.by_hand));
        on(&self.clients, async { Ok(self.load.measure(&subject, &line, rate).await) })
    }

    /// What a line answers, which is the head of its table.
    fn question(&self, line: &Line) -> String {
        let whom = match line.hot {
            true => "one organization".to_owned(),
            false => format!("{} organizations", self.bench.organizations),
        };
        let beside = "beside the transaction that teams write by hand?";
        if line.paced {
            return format!(
                "On {whom}, how long does a caller wait at a rate that both keep up with, half of the slower one's best?"
            );
        }
        if line.batch.is_some() {
            return format!(
                "How many durable starts and settles per second on {whom} when a host sends batches, {beside}\n\
                 By hand there are none: beside are single transactions of {} clients. Waiting times are of a batch and of one\n\
                 transaction.",
                self.bench.most_connections()
            );
        }
        format!("How many durable starts and settles per second on {whom}, one by one, {beside}")
    }
}

fn header() -> String {
    let columns = format!("{:>12} {:>9} {:>9}", "operations/s", "p50 ms", "p99 ms");
    format!(
        "{:36} {:>32}   {:>32}\n{:36} {columns}   {columns}   {:>7}  of rounds",
        "", "coulomb, over HTTP", "by hand, without HTTP", "", "ratio"
    )
}

impl Rounds {
    fn row(&self, line: &Line) -> String {
        let columns = |rounds: &[Figures]| {
            let Figures { rate, p50, p99, .. } = medians(rounds);
            format!("{rate:12.0} {p50:9.2} {p99:9.2}")
        };
        // Of one round, because what disturbs the machine for a minute disturbs both.
        let ratios = self.ours.iter().zip(&self.by_hand).map(|(ours, by_hand)| ours.rate / by_hand.rate);
        let mut ratios: Vec<f64> = ratios.collect();
        ratios.sort_unstable_by(f64::total_cmp);
        let (least, most) = (ratios.first().unwrap_or(&0.0), ratios.last().unwrap_or(&0.0));
        format!(
            "{:36} {}   {}   {:6.2}×  {least:.2}–{most:.2}",
            line.name(),
            columns(&self.ours),
            columns(&self.by_hand),
            middle(&ratios)
        )
    }
}

fn medians(rounds: &[Figures]) -> Figures {
    Figures {
        rate: median(rounds, |figures| figures.rate),
        p50: median(rounds, |figures| figures.p50),
        p99: median(rounds, |figures| figures.p99),
        max: median(rounds, |figures| figures.max),
    }
}

fn median(rounds: &[Figures], of: impl Fn(&Figures) -> f64) -> f64 {
    let mut values: Vec<f64> = rounds.iter().map(of).collect();
    values.sort_unstable_by(f64::total_cmp);
    middle(&values)
}

/// The middle of values in order, or what lies between the two in the middle.
fn middle(sorted: &[f64]) -> f64 {
    let at = |place: usize| sorted.get(place).copied().unwrap_or_default();
    match sorted.len() % 2 {
        1 => at(sorted.len() / 2),
        _ => f64::midpoint(at((sorted.len() / 2).saturating_sub(1)), at(sorted.len() / 2)),
    }
}

/// Does the work unless somebody wants the process to end: then there is still clearing up to do.
fn on<T>(runtime: &Runtime, work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    runtime.block_on(async {
        let stop = stop_asked()?;
        tokio::select! {
            done = work => done,
            () = stop => Err("It was stopped before it was done.".into()),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_median_is_the_middle_or_between_the_two_there() {
        assert_eq!(middle(&[1.0, 2.0, 9.0]), 2.0);
        assert_eq!(middle(&[1.0, 2.0, 4.0, 9.0]), 3.0);
        assert_eq!(middle(&[5.0]), 5.0);
        assert_eq!(middle(&[]), 0.0);
    }
}
