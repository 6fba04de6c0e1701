//! The question `growth`: whether an operation stays as cheap when there are more organizations, asked alike or unevenly,
//! and when one of them has more closed runs. The servers run side by side and are asked in turns, so that what disturbs
//! the machine for a minute disturbs all of them.

use super::{
    Bench,
    asks::What,
    disk,
    driver::Span,
    figures::{Figures, Rounds, header},
    fill,
    places::Scratch,
    processes::Memory,
    served::{Access, Place, Server},
    site::{Line, Site},
    start::memory,
    stop::Stop,
    whom::Whom,
};
use crate::Failure;
use coulomb_server::config::Config;
use std::{num::NonZeroUsize, time::Duration};

/// How far the rate may be from that of the smallest.
const FLAT: f64 = 0.15;

/// Operations of one line on a history: few beside the shortest that matters, enough to tell CPU time.
const OPERATIONS: u64 = 20_000;

/// Fills directories and asks the servers on them in turns.
pub fn ask(bench: &Bench, config: &Config, stop: &Stop, scratch: &Scratch) -> Result<bool, Failure> {
    let mut troubled = false;
    if !bench.growth.is_empty() {
        troubled |= organizations(bench, config, stop, scratch)?;
    }
    if !bench.growth_runs.is_empty() {
        troubled |= histories(bench, config, stop, scratch)?;
    }
    Ok(troubled)
}

/// How organizations are drawn from so many, and what that is called.
type Mix = (&'static str, fn(NonZeroUsize) -> Whom);

/// Both are asked about.
const MIXES: [Mix; 2] = [("drawn alike", Whom::Spread), ("80 % on 1 %", Whom::Skewed)];

/// One server, and what came of its lines: for each mix.
struct Sized<'a> {
    count: NonZeroUsize,
    access: Access,
    server: Server,
    site: Site<'a>,
    mixes: [Rounds; MIXES.len()],
}

fn organizations(bench: &Bench, config: &Config, stop: &Stop, scratch: &Scratch) -> Result<bool, Failure> {
    println!("\ngrowth: Does an operation stay as cheap when there are more organizations?");
    let mut all = Vec::new();
    for count in bench.growth.iter().copied() {
        let access = Access::new(&Place::Directory(scratch.filled(config, count.get(), stop)?))?;
        let server = Server::start(&access, bench.config.as_deref())?;
        let mut site = Site::new(bench, config, stop, server.target().clone());
        site.process = Some(server.process());
        all.push(Sized { count, access, server, site, mixes: Default::default() });
    }
    println!("{} rounds, in each of which every server is asked in turn", bench.rounds);
    for _ in 0..bench.rounds.get() {
        for Sized { count, site, mixes, .. } in &mut all {
            for ((_, whom), rounds) in MIXES.iter().zip(mixes) {
                let line = site.line(whom(*count), What::Runs, bench.usual_connections());
                site.measure(&line, rounds)?;
            }
        }
    }
    println!("\n{}", header("of the smallest"));
    for (mix, (name, _)) in MIXES.iter().enumerate() {
        for Sized { count, site, mixes, .. } in &all {
            let ratio =
                all.first().map(|first| mixes[mix].times_shown(&first.mixes[mix])).unwrap_or_default();
            site.print(&mixes[mix].row(&format!("{name}, {count:>8} organizations"), &ratio));
        }
    }
    for Sized { count, server, .. } in &all {
        memory(&format!("with {count} organizations"), Memory::of(server.process()));
    }
    if let (Some(first), Some(last)) = (all.first(), all.last()) {
        for (mix, (name, _)) in MIXES.iter().enumerate() {
            let (ratio, ..) = last.mixes[mix].times(&first.mixes[mix]);
            println!("{}", flat(&format!("{name}, the largest beside the smallest"), ratio));
        }
    }
    let mut troubled = false;
    for Sized { access, server, site, .. } in all {
        troubled |= site.is_troubled();
        server.stop()?;
        access.end()?;
    }
    Ok(troubled)
}

/// The organization that the server is warmed up on.
const WARM_UP: &str = "bench-runs-warm-up";

/// One server for all histories. What is measured makes a short one longer, so each round has an organization of its own;
/// beside a very long one it does not matter, and all rounds share it.
fn histories(bench: &Bench, config: &Config, stop: &Stop, scratch: &Scratch) -> Result<bool, Failure> {
    println!(
        "\ngrowth: Does an operation stay as cheap when one organization has had more runs, all closed?"
    );
    let rounds = bench.rounds.get();
    let lines: Vec<(usize, Vec<String>)> = bench
        .growth_runs
        .iter()
        .map(|runs| {
            let own = if *runs as u64 > 10 * OPERATIONS { 1 } else { rounds };
            (*runs, (0..own).map(|round| format!("bench-runs-{runs}-{round}")).collect())
        })
        .collect();
    let longest = bench.growth_runs.iter().max().unwrap_or(&0);
    let dir = scratch.fresh(&format!("runs-{longest}"))?;
    let place = Place::Directory(dir.clone());
    let wanted = lines.iter().flat_map(|(runs, names)| names.iter().map(|name| (name.clone(), *runs)));
    let wanted: Vec<(String, usize)> = wanted.chain([(WARM_UP.to_owned(), 0)]).collect();
    fill::closed_runs(place.open()?, config, &wanted, &bench.kind, stop)?;
    disk::settle_down(&dir)?;
    println!("Each line is {OPERATIONS} operations, which themselves close {} runs", OPERATIONS / 2);

    let access = Access::new(&place)?;
    let server = Server::start(&access, bench.config.as_deref())?;
    let mut site = Site::new(bench, config, stop, server.target().clone());
    site.process = Some(server.process());
    let ask = |name: &str| {
        // Nothing before it counts either: a short history would not stay short.
        let span = Span { warm_up: Duration::ZERO, operations_max: Some(OPERATIONS), ..site.span() };
        let whom = Whom::One(name.to_owned());
        site.ask(&Line { span, ..site.line(whom, What::Runs, bench.usual_connections()) })
    };
    // So it is the server that is warmed up, on one that nobody asks afterwards.
    ask(WARM_UP)?;
    let mut measured: Vec<Rounds> = vec![Rounds::default(); lines.len()];
    for round in 0..rounds {
        let mut turns: Vec<_> = lines.iter().zip(&mut measured).collect();
        // Whoever comes second in one round comes first in the next.
        if round % 2 == 1 {
            turns.reverse();
        }
        for ((_, names), figures) in turns {
            let Some(name) = names.get(round % names.len()) else { continue };
            figures.0.push(Figures::from(&ask(name)?));
        }
    }
    println!("\n{}", header("of the first"));
    for ((runs, _), rounds) in lines.iter().zip(&measured) {
        let ratio = measured.first().map(|first| rounds.times_shown(first)).unwrap_or_default();
        site.print(&rounds.row(&format!("{runs:>9} closed runs"), &ratio));
    }
    memory("after that", Memory::of(server.process()));
    if let (Some(first), Some(last)) = (measured.first(), measured.last()) {
        println!("{}", flat("the longest history beside the shortest", last.times(first).0));
    }
    server.stop()?;
    access.end()?;
    Ok(site.is_troubled())
}

/// Whether a rate is as it was.
fn flat(what: &str, ratio: f64) -> String {
    let word = if (ratio - 1.0).abs() <= FLAT { "reached" } else { "NOT reached" };
    format!("Goal: {what} within ±{:.0} %: {ratio:.2}×, {word}", FLAT * 100.0)
}
