//! Where the server under test keeps its credits: in a fresh directory, on a database beside the design by hand, or
//! somewhere of its own. Each place is prepared, asked the questions, and cleared up however that ended.

use super::{
    Bench, Question,
    by_hand::ByHand,
    disk::{self, Disk},
    fill, growth, latency, machine, paced,
    served::{Access, Place, Server},
    site::Site,
    start,
    stop::Stop,
    whom::HOT,
    work,
};
use crate::{Failure, client::Target};
use coulomb_server::{clock::stopwatch, config::Config, telemetry};
use std::{
    fs,
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Arc,
};

/// Questions that fill directories of their own.
const OF_DIRECTORIES: [Question; 2] = [Question::Start, Question::Growth];

/// Asks what was asked for where it was asked for.
pub fn measure(bench: &Bench) -> Result<ExitCode, Failure> {
    let config = Config::load(bench.config.as_deref())?;
    telemetry::log(&config.log);
    let stop = Stop::listen()?;
    let troubled = match (&bench.url, &bench.database) {
        (Some(url), _) => of_others(bench, &config, &stop, url)?,
        (None, Some(url)) => on_database(bench, &config, &stop, url)?,
        (None, None) => in_directory(bench, &config, &stop)?,
    };
    Ok(if troubled { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// A server that runs already.
fn of_others(bench: &Bench, config: &Config, stop: &Stop, url: &str) -> Result<bool, Failure> {
    only_in_a_directory(bench)?;
    let target = Target::new(url, bench.key.as_deref().unwrap_or_default())?;
    println!("{}\nServer:   {url}, whose settings and memory are not known here", machine::line(None));
    let begun = stopwatch();
    let opening = fill::over_http(&target, bench.organizations);
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(opening)?;
    ready(bench, begun.elapsed().as_secs_f64(), "opened over HTTP");
    let site = Site::new(bench, config, stop, target);
    ask(&site)
}

/// A server of our own on a database.
fn on_database(bench: &Bench, config: &Config, stop: &Stop, url: &str) -> Result<bool, Failure> {
    only_in_a_directory(bench)?;
    let database = url.parse().map_err(|why| format!("--database {why}."))?;
    let options = config.data.options(&database);
    let by_hand = ByHand::open(bench, &options)?;
    let place = Place::Database { url: url.to_owned(), options: options.clone() };
    println!("{}", machine::line(None));
    by_hand.introduce()?;
    println!("          coulomb's server has {} connections to the database", options.connections_max);
    let measured = (|| {
        let begun = stopwatch();
        by_hand.prepare(bench.organizations)?;
        fill::organizations(place.open()?, config, bench.organizations.get(), stop)?;
        by_hand.settle_down()?;
        ready(bench, begun.elapsed().as_secs_f64(), "filled in this process");
        let access = Access::new(&place)?;
        let server = Server::start(&access, bench.config.as_deref())?;
        let mut site = Site::new(bench, config, stop, server.target().clone());
        (site.process, site.by_hand) = (Some(server.process()), Some(&by_hand));
        let asked = ask(&site);
        server.stop()?;
        access.end()?;
        let mut troubled = asked?;
        let (stored, done) = (by_hand.stored()?, site.done_by_hand.get());
        if stored != done {
            troubled = true;
            println!("by hand, {stored} operations are in the tables, but {done} were done");
        }
        Ok(troubled)
    })();
    by_hand.drop_schema()?;
    measured
}

fn only_in_a_directory(bench: &Bench) -> Result<(), Failure> {
    if bench.asks_any(&OF_DIRECTORIES) {
        return Err(
            "start and growth are asked of servers on directories: leave out --url and --database.".into()
        );
    }
    Ok(())
}

/// Servers of our own on directories.
fn in_directory(bench: &Bench, config: &Config, stop: &Stop) -> Result<bool, Failure> {
    let scratch = Scratch::new(bench)?;
    println!("{}\n{}", machine::line(Some(scratch.path())), durability());
    let mut troubled = false;
    let others: Vec<Question> =
        bench.questions.iter().copied().filter(|question| !OF_DIRECTORIES.contains(question)).collect();
    if !others.is_empty() {
        let dir = scratch.fresh("organizations")?;
        let place = Place::Directory(dir.clone());
        let begun = stopwatch();
        fill::organizations(place.open()?, config, bench.organizations.get(), stop)?;
        disk::settle_down(&dir)?;
        ready(bench, begun.elapsed().as_secs_f64(), "filled in this process");
        let access = Access::new(&place)?;
        let server = Server::start(&access, bench.config.as_deref())?;
        let mut site = Site::new(bench, config, stop, server.target().clone());
        (site.process, site.dir) = (Some(server.process()), Some(dir));
        let asked = ask(&site);
        server.stop()?;
        troubled |= asked?;
    }
    if bench.questions.contains(&Question::Start) {
        troubled |= start::ask(bench, config, stop, &scratch)?;
    }
    if bench.questions.contains(&Question::Growth) {
        troubled |= growth::ask(bench, config, stop, &scratch)?;
    }
    Ok(troubled)
}

/// What the store sets on every connection; that it is so shows in the latency of one client, which is never below a flush.
fn durability() -> &'static str {
    "Durable:  SQLite with journal_mode WAL and synchronous FULL: a flush before every answer"
}

/// Asks one server those questions that one server can answer; whether anything went wrong.
fn ask(site: &Site<'_>) -> Result<bool, Failure> {
    for question in &site.bench.questions {
        site.stop.check()?;
        match question {
            Question::Work => work::singles(site)?,
            Question::Batch => work::batches(site)?,
            Question::Reads => work::reads(site)?,
            Question::Latency => latency::ask(site)?,
            Question::Paced => paced::ask(site)?,
            Question::Start | Question::Growth => {}
        }
    }
    Ok(site.is_troubled())
}

fn ready(bench: &Bench, seconds: f64, how: &str) {
    let Bench { organizations, rounds, seconds: line, warm_up, .. } = bench;
    println!(
        "Asked:    {HOT} and {organizations} organizations ({how}, ready after {seconds:.1} s); medians of {rounds} rounds of \
         {line} s,\n          each after {warm_up} s that do not count"
    );
}

/// The directory that everything of the bench is in.
pub struct Scratch {
    path: PathBuf,
    kept: bool,
}

impl Scratch {
    /// Refuses what is no disk, unless that is meant.
    fn new(bench: &Bench) -> Result<Scratch, Failure> {
        let dir = &bench.dir;
        if let Some(disk) = Disk::of(dir).filter(Disk::is_memory)
            && !bench.yes
        {
            let text = format!(
                "{} is in memory ({}), where nothing is durable: name a directory on a disk with --dir; --yes measures here all \
                 the same.",
                dir.display(),
                disk.kind
            );
            return Err(text.into());
        }
        let path = match bench.keep {
            true => dir.join("coulomb-bench"),
            false => dir.join(format!("coulomb-bench-{}", std::process::id())),
        };
        fs::create_dir_all(&path).map_err(|error| format!("{} cannot be used: {error}.", dir.display()))?;
        Ok(Scratch { path, kept: bench.keep })
    }

    /// Where it is.
    fn path(&self) -> &Path {
        &self.path
    }

    /// A directory in it that is empty.
    pub fn fresh(&self, name: &str) -> Result<PathBuf, Failure> {
        let dir = self.path.join(name);
        if dir.exists() {
            fs::remove_dir_all(&dir)?;
        }
        fs::create_dir(&dir)?;
        Ok(dir)
    }

    /// A directory in it with so many organizations, filled now or kept from an earlier time; says which.
    pub fn filled(&self, config: &Config, count: usize, stop: &Stop) -> Result<PathBuf, Failure> {
        let dir = self.path.join(format!("organizations-{count}"));
        let begun = stopwatch();
        let store = Place::Directory(dir.clone()).open()?;
        let kept = fill::organizations(Arc::clone(&store), config, count, stop)?;
        drop(store);
        disk::settle_down(&dir)?;
        let mib = disk::size(&dir)? >> 20;
        let how = match kept {
            true => "kept from an earlier bench".to_owned(),
            false => format!("filled in this process in {:.1} s", begun.elapsed().as_secs_f64()),
        };
        println!("{count} organizations: {how}, {mib} MiB on disk");
        Ok(dir)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if self.kept {
            // What served single questions is of no use to anyone; it may not be there.
            let _ = fs::remove_dir_all(self.path.join("organizations"));
        } else if let Err(error) = fs::remove_dir_all(&self.path) {
            eprintln!("{} could not be removed: {error}", self.path.display());
        }
    }
}
