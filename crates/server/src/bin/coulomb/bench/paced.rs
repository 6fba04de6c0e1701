//! The question `paced`: how long a caller waits at half of the most, judged over minutes and told apart by windows of ten
//! seconds, because what stalls seldom does not fall into a short run.

use super::{
    asks::What,
    driver::Span,
    figures::{Figures, Goal, Rounds, header, shown},
    site::{Line, Site},
    waits::Waits,
    work::by_hand,
};
use crate::Failure;
use std::time::Duration;

/// Milliseconds that one call in a hundred may exceed.
const P99_MS: f64 = 10.0;

/// How long the windows are.
const WINDOW: Duration = Duration::from_secs(10);

/// Calls at a fixed rate, whether or not answers have come.
pub fn ask(site: &Site<'_>) -> Result<(), Failure> {
    println!(
        "\npaced: How long does a caller wait at half of the most, over {} s? A call waits from when it is due.",
        site.bench.paced_seconds
    );
    let connections = site.bench.usual_connections();
    let full = site.line(site.spread(), What::Runs, connections);
    let rate = match site.bench.paced_rate {
        Some(rate) => rate,
        None => half(site, &full)?,
    };
    println!(
        "Reference: {rate:.0} calls per second on {connections} connections, drawn from {} organizations",
        site.bench.organizations
    );
    let measured = Duration::from_secs_f64(site.bench.paced_seconds);
    let span = Span { measured, window: Some(WINDOW.min(measured)), ..site.span() };
    let line = Line { rate: Some(rate), span, ..full };
    let outcome = site.ask(&line)?;
    let ours = Rounds(vec![Figures::from(&outcome)]);
    println!("\n{}", header(""));
    site.print(&ours.row(&format!("spread   {connections:6} conn."), ""));
    let mut theirs = Rounds::default();
    by_hand(site, &line, &mut theirs)?;
    if !theirs.0.is_empty() {
        site.print(&theirs.row(&format!("spread   {connections:6} conn., by hand"), ""));
    }
    windows(&outcome.windows, span.window.unwrap_or(WINDOW));
    let p99 = ours.median(|figures| figures.p99);
    println!("{}", Goal::AtMost(P99_MS).judged("p99", p99, 2, " ms"));
    Ok(())
}

/// Half of what single calls come to: as measured before, or by looking now. Where both designs are asked, of the slower,
/// or waiting times would not tell them apart.
fn half(site: &Site<'_>, full: &Line) -> Result<f64, Failure> {
    let (mut ours, mut theirs) = (Rounds::default(), Rounds::default());
    by_hand(site, full, &mut theirs)?;
    let most = match site.most.get() {
        Some(most) => most,
        None => {
            site.measure(full, &mut ours)?;
            ours.rate()
        }
    };
    let most = if theirs.0.is_empty() { most } else { most.min(theirs.rate()) };
    Ok((most / 2.0).max(1.0))
}

fn windows(windows: &[Waits], window: Duration) {
    let mut seconds = 0.0;
    println!(
        "\n{:>16} {:>9} {:>7} {:>7} {:>8} {:>8}",
        "window", "calls", "p50 ms", "p99 ms", "p99.9 ms", "max ms"
    );
    for waits in windows.iter().filter(|waits| waits.total() > 0) {
        let end = seconds + window.as_secs_f64();
        println!(
            "{:>16} {:>9} {:>7} {:>7} {:>8} {:>8}",
            format!("{seconds:.1}–{end:.1} s"),
            waits.total(),
            shown(waits.at(0.5), 2),
            shown(waits.at(0.99), 2),
            shown(waits.at(0.999), 2),
            shown(waits.longest_ms(), 2)
        );
        seconds = end;
    }
}
