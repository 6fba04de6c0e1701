//! The questions `work`, `batch` and `reads`: how many operations per second, at which waits, beside the bare echo of the
//! same server stack or the design by hand on the same database, measured in turns.

use super::{
    asks::What,
    by_hand::{ByHand, Work},
    disk,
    figures::{Figures, Goal, Rounds, header},
    served::Echo,
    site::{Line, Site},
    whom::{HOT, Whom},
};
use crate::Failure;
use std::{num::NonZeroUsize, time::Duration};

/// Operations per second of single calls on SQLite.
const SINGLES: f64 = 40_000.0;

/// Times the design by hand, on one hot organization and on many.
const TIMES_BY_HAND: [(bool, f64); 2] = [(true, 10.0), (false, 3.0)];

/// Operations per second in batches of a size: on SQLite, and on PostgreSQL.
const BATCHES: [(usize, f64, f64); 2] = [(100, 150_000.0, 40_000.0), (1_000, 200_000.0, 60_000.0)];

/// Of the echo's rate, for reads.
const READS: f64 = 0.5;

/// Single calls.
pub fn singles(site: &Site<'_>) -> Result<(), Failure> {
    println!(
        "\nwork: How many starts and settles per second are answered, each durable, and how long does a caller wait?"
    );
    flushes(site)?;
    let echo = Echo::start(site.answer_bytes(What::Runs)?, threads(site))?;
    println!("Reference: {}", about_echo(site));
    println!("\n{}", header("beside its reference"));
    let mut best = Best::default();
    for connections in &site.bench.connections {
        let connections = connections.get();
        let (mut bare, mut hot, mut spread) = (Rounds::default(), Rounds::default(), Rounds::default());
        let (mut hot_by_hand, mut spread_by_hand) = (Rounds::default(), Rounds::default());
        let lines = [
            (site.line(Whom::One(HOT.into()), What::Runs, connections), &mut hot, &mut hot_by_hand),
            (site.line(site.spread(), What::Runs, connections), &mut spread, &mut spread_by_hand),
        ];
        let [(hot_line, ..), (spread_line, ..)] = &lines;
        let (hot_line, spread_line) = (hot_line.clone(), spread_line.clone());
        for _ in 0..site.bench.rounds.get() {
            bare.0.push(site.ask_echo(&spread_line, &echo)?);
            site.measure(&hot_line, &mut hot)?;
            by_hand(site, &hot_line, &mut hot_by_hand)?;
            site.measure(&spread_line, &mut spread)?;
            by_hand(site, &spread_line, &mut spread_by_hand)?;
        }
        site.print(&bare.row(&format!("bare echo{connections:6} conn."), ""));
        for (whom, ours, theirs) in [("hot", &hot, &hot_by_hand), ("spread", &spread, &spread_by_hand)] {
            let ratio = format!("{} of the echo", ours.times_shown(&bare));
            site.print(&ours.row(&format!("{whom:9}{connections:6} conn."), &ratio));
            if !theirs.0.is_empty() {
                let ratio = format!("coulomb is {} of it", ours.times_shown(theirs));
                site.print(&theirs.row(&format!("{whom:9}{connections:6} conn., by hand"), &ratio));
            }
        }
        best.see(&hot, &spread, &hot_by_hand, &spread_by_hand);
    }
    site.most.set(Some(best.ours[1]));
    best.judge(site);
    Ok(())
}

/// The best rates over all numbers of connections: on the hot organization, and on many.
#[derive(Default)]
struct Best {
    ours: [f64; 2],
    by_hand: [f64; 2],
}

impl Best {
    fn see(&mut self, hot: &Rounds, spread: &Rounds, hot_by_hand: &Rounds, spread_by_hand: &Rounds) {
        let see = |best: &mut f64, rounds: &Rounds| *best = best.max(rounds.rate());
        see(&mut self.ours[0], hot);
        see(&mut self.ours[1], spread);
        see(&mut self.by_hand[0], hot_by_hand);
        see(&mut self.by_hand[1], spread_by_hand);
    }

    fn judge(&self, site: &Site<'_>) {
        for (place, (hot, times)) in TIMES_BY_HAND.into_iter().enumerate() {
            let whom = if hot { "one hot organization" } else { "many organizations" };
            let ours = self.ours[place];
            match site.by_hand {
                Some(_) => {
                    let what = format!("on {whom}, best beside the best by hand");
                    println!("{}", Goal::AtLeast(times).judged(&what, ours / self.by_hand[place], 2, "×"));
                }
                None => {
                    let what = format!("single calls on {whom}");
                    println!("{}", Goal::AtLeast(SINGLES).judged(&what, ours, 0, " op/s"));
                }
            }
        }
    }
}

/// Batches, hot and spread.
pub fn batches(site: &Site<'_>) -> Result<(), Failure> {
    println!(
        "\nbatch: How many durable starts and settles per second when a host sends batches? Waits are of a whole batch."
    );
    if site.by_hand.is_some() {
        println!(
            "Reference: by hand there are no batches; beside are single transactions of {} clients",
            site.bench.most_connections()
        );
    } else {
        flushes(site)?;
    }
    println!("\n{}", header(if site.by_hand.is_some() { "beside single ones by hand" } else { "" }));
    for size in &site.bench.batch_sizes {
        let mut best = 0.0_f64;
        for whom in [Whom::One(HOT.into()), site.spread()] {
            for connections in &site.bench.batch_connections {
                let rounds = batch(site, &whom, *size, *connections)?;
                best = best.max(rounds.rate());
            }
        }
        let goal = BATCHES.iter().find(|(of, ..)| of == size);
        if let Some((_, sqlite, postgres)) = goal {
            let goal = if site.by_hand.is_some() { *postgres } else { *sqlite };
            println!("{}", Goal::AtLeast(goal).judged(&format!("batches of {size}"), best, 0, " op/s"));
        }
    }
    Ok(())
}

fn batch(site: &Site<'_>, whom: &Whom, size: usize, connections: NonZeroUsize) -> Result<Rounds, Failure> {
    let (mut ours, mut theirs) = (Rounds::default(), Rounds::default());
    let line = site.line(whom.clone(), What::Batches(size), connections.get());
    let single = site.line(whom.clone(), What::Runs, site.bench.most_connections());
    for _ in 0..site.bench.rounds.get() {
        site.measure(&line, &mut ours)?;
        by_hand(site, &single, &mut theirs)?;
    }
    let ratio = if theirs.0.is_empty() { String::new() } else { ours.times_shown(&theirs) };
    let name = if matches!(whom, Whom::One(_)) { "hot" } else { "spread" };
    site.print(&ours.row(&format!("{name:7}batch of {size:<5}{connections:4} conn."), &ratio));
    Ok(ours)
}

/// Reads of the balance.
pub fn reads(site: &Site<'_>) -> Result<(), Failure> {
    println!(
        "\nreads: How many balances are read per second, beside a server that does nothing but answer as many bytes?"
    );
    let bytes = site.answer_bytes(What::Balances)?;
    let echo = Echo::start(bytes, threads(site))?;
    println!("Reference: {}", about_echo(site));
    println!("\n{}", header("beside its reference"));
    let mut best = (0.0_f64, 0.0_f64);
    for connections in &site.bench.connections {
        let connections = connections.get();
        let (mut bare, mut hot, mut spread) = (Rounds::default(), Rounds::default(), Rounds::default());
        let hot_line = site.line(Whom::One(HOT.into()), What::Balances, connections);
        let spread_line = site.line(site.spread(), What::Balances, connections);
        for _ in 0..site.bench.rounds.get() {
            bare.0.push(site.ask_echo(&spread_line, &echo)?);
            site.measure(&hot_line, &mut hot)?;
            site.measure(&spread_line, &mut spread)?;
        }
        site.print(&bare.row(&format!("bare echo{connections:6} conn."), ""));
        for (whom, ours) in [("hot", &hot), ("spread", &spread)] {
            let ratio = format!("{} of the echo", ours.times_shown(&bare));
            site.print(&ours.row(&format!("{whom:9}{connections:6} conn."), &ratio));
        }
        if bare.rate() > best.0 {
            best = (bare.rate(), spread.times(&bare).0);
        }
    }
    println!("{}", Goal::AtLeast(READS).judged("reads, of the echo where that is fastest,", best.1, 2, "×"));
    Ok(())
}

/// The same line by the design by hand, where there is one; it has no batches.
pub fn by_hand(site: &Site<'_>, line: &Line, rounds: &mut Rounds) -> Result<(), Failure> {
    let Some(by_hand) = site.by_hand else { return Ok(()) };
    let outcome = by_hand.run(Work::Runs, &line.whom, line.connections, line.rate, line.span)?;
    site.done_by_hand.set(site.done_by_hand.get() + outcome.done_in_all);
    site.note(&outcome);
    rounds.0.push(Figures::from(&outcome));
    Ok(())
}

/// How long the disk or the database takes for the least that is durable; says so, and gives the median and the 99th of a
/// hundred, in milliseconds.
pub fn flushes(site: &Site<'_>) -> Result<Option<(f64, f64)>, Failure> {
    let span = site.span();
    let (what, waits) = match (&site.dir, site.by_hand) {
        (Some(dir), _) => {
            let time = span.measured.min(FLUSHES);
            ("append 4 KiB and fdatasync, on the same disk", disk::flush(dir, time)?)
        }
        (None, Some(by_hand)) => {
            ("one row inserted and committed, on one connection", one_row(site, by_hand)?)
        }
        (None, None) => return Ok(None),
    };
    let (p50, p99) = (waits.at(0.5), waits.at(0.99));
    println!(
        "Reference: {what}: p50 {p50:.3} ms, p99 {p99:.3} ms, longest {:.1} ms, {} times",
        waits.longest_ms(),
        waits.total()
    );
    Ok(Some((p50, p99)))
}

/// How long flushes are measured, at most.
const FLUSHES: Duration = Duration::from_secs(2);

fn one_row(site: &Site<'_>, by_hand: &ByHand) -> Result<super::waits::Waits, Failure> {
    let outcome = by_hand.run(Work::OneRow, &Whom::One(HOT.into()), 1, None, site.span())?;
    site.note(&outcome);
    Ok(outcome.waits)
}

/// The threads of HTTP.
fn threads(site: &Site<'_>) -> usize {
    site.config.server.http_threads.get()
}

fn about_echo(site: &Site<'_>) -> String {
    let threads = threads(site);
    let plural = if threads == 1 { "" } else { "s" };
    format!(
        "bare echo: the same HTTP stack and listener on {threads} thread{plural}, which reads a request and answers as many bytes"
    )
}
