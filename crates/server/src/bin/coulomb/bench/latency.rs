//! The question `latency`: how long one client waits that is alone, so that nothing is shared: neither a flush nor a core.

use super::{
    asks::What,
    figures::{Goal, Rounds, header},
    site::Site,
    whom::{HOT, Whom},
    work::{by_hand, flushes},
};
use crate::Failure;

/// How many flushes a start and its settle may take together, and how many milliseconds beside them.
const FLUSHES: f64 = 3.0;
const BESIDE_MS: f64 = 0.5;

/// Starts and settles on one connection.
pub fn ask(site: &Site<'_>) -> Result<(), Failure> {
    println!(
        "\nlatency: How long does one client wait for a start and its settle, both durable, when nobody else asks?"
    );
    let before = flushes(site)?;
    println!("\n{}", header("a pair: twice p50"));
    let mut best = f64::INFINITY;
    for (name, whom) in [("hot", Whom::One(HOT.into())), ("spread", site.spread())] {
        let line = site.line(whom, What::Runs, 1);
        let (mut ours, mut theirs) = (Rounds::default(), Rounds::default());
        for _ in 0..site.bench.rounds.get() {
            site.measure(&line, &mut ours)?;
            by_hand(site, &line, &mut theirs)?;
        }
        let pair = 2.0 * ours.median(|figures| figures.p50);
        best = best.min(pair);
        site.print(&ours.row(&format!("{name:9}     1 conn."), &format!("{pair:.2} ms")));
        if !theirs.0.is_empty() {
            let pair = 2.0 * theirs.median(|figures| figures.p50);
            site.print(&theirs.row(&format!("{name:9}     1 conn., by hand"), &format!("{pair:.2} ms")));
        }
    }
    // Again, because a disk has its minutes.
    let after = flushes(site)?;
    if let (Some((before, _)), Some((after, _))) = (before, after) {
        let flush = f64::midpoint(before, after);
        let goal = FLUSHES * flush + BESIDE_MS;
        let what = format!("start and settle in {FLUSHES} flushes of {flush:.3} ms and {BESIDE_MS} ms,");
        println!("{}", Goal::AtMost(goal).judged(&what, best, 2, " ms"));
    }
    Ok(())
}
