//! The burn-down, for people with billing access: how the credits came to be what they are and for how long they last, said
//! in a sentence, drawn, listed, and as a table with the same numbers. The drawing itself is in `chart`.

use super::{
    chart::{Chart, MARK_UNITS, across},
    forecast::Forecast,
    happenings::{Happening, What},
    past::Stand,
    series::{Day, Halt, MINUTE, Series},
};
use crate::{
    copy::say,
    web::{
        figures::{owed, time, usable},
        icons::icon,
        visit::Visit,
    },
};
use ledger::{Credits, Duration, Timestamp, debt::DebtKind, grant::GrantSource, status::Upcoming};
use maud::{Markup, html};

/// How far beyond now is drawn at most: this long, and three times as long as the past that is drawn.
const AHEAD_MAX: Duration = Duration::days(35);
const AHEAD_TIMES: i64 = 3;

/// Happenings that one mark tells about at most.
const TOLD_MAX: usize = 8;

/// Happenings around one place, which have one number.
struct Mark<'a> {
    at: Timestamp,
    past: Vec<&'a Happening>,
    next: Option<Upcoming>,
}

/// The whole card.
pub fn card(visit: &Visit, series: &Series, forecast: Option<&Forecast>) -> Markup {
    if series.corners.iter().all(|corner| corner.stand == Stand::default()) {
        return empty(visit);
    }
    let to = ends(visit, series, forecast);
    let marks = marks(visit, series, to);
    let places: Vec<Timestamp> = marks.iter().map(|mark| mark.at).collect();
    let says = says(visit, forecast);
    let recharge = &visit.balance.auto_recharge;
    let low = usable(visit.balance.low_threshold);
    let threshold = match recharge.enabled {
        true => say!(visit, "usage-chart-recharge", amount = low),
        false => say!(visit, "usage-chart-low", amount = low),
    };
    let chart = Chart {
        series,
        forecast,
        to,
        marks: &places,
        threshold: (visit.balance.low_threshold, threshold),
        title: say!(visit, "usage-burndown"),
        says: &says,
    };
    html! {
        section.card #burndown data-live aria-labelledby="burndown-h" {
            div.card-head {
                h2 id="burndown-h" { (say!(visit, "usage-burndown")) }
                a.btn.bare href=(visit.path("export.csv?what=events")) { (icon("down")) (say!(visit, "usage-export")) }
            }
            p.quiet { (says) }
            @if series.cut { p.small.quiet { (say!(visit, "usage-cut", date = visit.copy.date_time(series.from))) } }
            div { (chart.draw(visit)) }
            (legend(visit, series, forecast))
            @if !marks.is_empty() {
                ol.events.small.quiet {
                    @for (place, mark) in marks.iter().enumerate() { li { b.ink { (place + 1) } " " span { (told(visit, mark)) } } }
                }
            }
            (table(visit, series))
            (halts(visit, series))
        }
    }
}

/// Before the first credits.
fn empty(visit: &Visit) -> Markup {
    html! {
        section.card #burndown data-live aria-labelledby="burndown-h" {
            div.card-head { h2 id="burndown-h" { (say!(visit, "usage-burndown")) } }
            div { div.empty { h3 { (say!(visit, "usage-burndown-empty")) } p.quiet.small { (say!(visit, "usage-burndown-empty-teach")) } } }
        }
    }
}

/// Where the drawing ends: at the next refill if that is near, and a little after now where nothing can be foreseen.
fn ends(visit: &Visit, series: &Series, forecast: Option<&Forecast>) -> Timestamp {
    let now = series.now;
    let past = now.since(series.from).micros();
    if forecast.is_none() {
        return now.after(Duration::from_micros((past / 12).max(MINUTE.micros())));
    }
    let ahead = past.saturating_mul(AHEAD_TIMES).min(AHEAD_MAX.micros()).max(Duration::hours(1).micros());
    let most = now.after(Duration::from_micros(ahead));
    visit.balance.next_grant.map_or(most, |next| next.at.min(most))
}

/// For how long credits last, in a sentence or three.
pub fn says(visit: &Visit, forecast: Option<&Forecast>) -> String {
    let balance = &visit.balance;
    let Some(forecast) = forecast else { return say!(visit, "usage-forecast-none") };
    let now = visit.now();
    let day = |at| visit.copy.day(at, now);
    let mut said =
        say!(visit, "usage-forecast-pace", days = forecast.pace.days, amount = owed(forecast.pace.mid));
    let refill = balance.next_grant.map(|next| next.at);
    said += " ";
    said += &match (balance.available.is_positive(), forecast.until(), refill) {
        (false, ..) => say!(visit, "usage-forecast-empty"),
        (_, Some(until), Some(refill)) if refill <= until => {
            say!(visit, "usage-forecast-refill-first", refill = day(refill))
        }
        (_, Some(until), Some(refill)) => {
            say!(visit, "usage-forecast-until-refill", until = day(until), refill = day(refill))
        }
        (_, Some(until), None) => say!(visit, "usage-forecast-until", until = day(until)),
        (_, None, _) => say!(visit, "usage-forecast-long"),
    };
    if let Some((soonest, latest)) = forecast.range()
        && balance.available.is_positive()
        && day(soonest) != day(latest)
    {
        let more = match refill {
            Some(refill) if soonest >= refill => String::new(),
            Some(refill) if latest >= refill => {
                say!(visit, "usage-forecast-busier", from = day(soonest))
            }
            _ => say!(visit, "usage-forecast-range", from = day(soonest), to = day(latest)),
        };
        said = format!("{said} {more}").trim_end().to_owned();
    }
    if balance.auto_recharge.enabled {
        said += " ";
        said += &say!(
            visit,
            "usage-forecast-recharge",
            amount = usable(balance.auto_recharge.amount),
            threshold = usable(balance.auto_recharge.threshold)
        );
    }
    said
}

/// For how long low credits last, in a sentence, for the popover.
pub fn runway(visit: &Visit) -> Option<String> {
    let runway = visit.runway.as_ref()?;
    let (until, days) = (runway.until()?, runway.pace.days);
    let day = |at| visit.copy.day(at, visit.now());
    Some(match visit.balance.next_grant.filter(|next| next.at <= until) {
        Some(next) => say!(visit, "usage-forecast-runway-refill", days = days, refill = day(next.at)),
        None => say!(visit, "usage-forecast-runway", days = days, until = day(until)),
    })
}

fn legend(visit: &Visit, series: &Series, forecast: Option<&Forecast>) -> Markup {
    let some = |of: fn(&super::series::Corner) -> Credits| {
        series.corners.iter().any(|corner| of(corner).is_positive())
    };
    html! {
        ul.row.small.quiet.legend {
            li { svg.sw aria-hidden="true" { rect.line-k y="4" width="14" height="2" {} } (say!(visit, "usage-key-had")) }
            @if some(|corner| corner.held_most) {
                li { svg.sw aria-hidden="true" { rect width="14" height="10" fill="url(#hatch)" {} } (say!(visit, "usage-key-reserved")) }
            }
            @if some(|corner| corner.debt_most) {
                li { svg.sw aria-hidden="true" { rect.c-debt width="14" height="10" {} } (say!(visit, "usage-key-debt")) }
            }
            @if !series.halts.is_empty() {
                li { svg.sw.halted aria-hidden="true" { rect width="14" height="10" {} } (say!(visit, "usage-key-paused")) }
            }
            @if let Some(forecast) = forecast {
                li {
                    svg.sw aria-hidden="true" { rect.band width="14" height="10" {} }
                    (say!(visit, "usage-key-forecast", low = usable(forecast.pace.low), high = owed(forecast.pace.high)))
                }
            }
        }
    }
}

/// What happened and what is next, put together where it would not be told apart in the drawing.
fn marks<'a>(visit: &Visit, series: &'a Series, to: Timestamp) -> Vec<Mark<'a>> {
    let x = |at| across(at, series.from, to);
    let mut marks: Vec<Mark<'a>> = Vec::new();
    for happening in &series.happenings {
        match marks.last_mut().filter(|mark| x(happening.at) - x(mark.at) < MARK_UNITS) {
            Some(mark) => mark.past.push(happening),
            None => marks.push(Mark { at: happening.at, past: vec![happening], next: None }),
        }
    }
    let next = visit.balance.next_grant.filter(|next| series.now < next.at && next.at <= to);
    if let Some(next) = next {
        match marks.last_mut().filter(|mark| x(next.at) - x(mark.at) < MARK_UNITS) {
            Some(mark) => mark.next = Some(next),
            None => marks.push(Mark { at: next.at, past: Vec::new(), next: Some(next) }),
        }
    }
    marks
}

fn told(visit: &Visit, mark: &Mark<'_>) -> Markup {
    let now = visit.now();
    let more = mark.past.len().saturating_sub(TOLD_MAX);
    let mut days: Vec<(Timestamp, String, Vec<String>)> = Vec::new();
    for happening in mark.past.iter().take(TOLD_MAX) {
        let (day, said) = (visit.copy.day(happening.at, now), happened(visit, happening));
        match days.last_mut().filter(|(_, last, _)| *last == day) {
            Some((.., told)) => told.push(said),
            None => days.push((happening.at, day, vec![said])),
        }
    }
    html! {
        @for (at, day, told) in &days { (time(*at, day)) ": " (told.join(" ")) " " }
        @if more > 0 { (say!(visit, "usage-mark-more", count = more)) " " }
        @if let Some(next) = mark.next {
            (time(next.at, visit.copy.day(next.at, now))) ": " (say!(visit, "usage-mark-next", amount = usable(next.amount)))
        }
    }
}

/// What happened, in a sentence.
fn happened(visit: &Visit, happening: &Happening) -> String {
    let (came, went) = (usable(happening.credits), owed(happening.credits));
    match happening.what {
        What::Granted(GrantSource::Subscription) => say!(visit, "usage-mark-refill", amount = came),
        What::Granted(GrantSource::TopUp) => say!(visit, "usage-mark-bought", amount = came),
        What::Granted(GrantSource::AutoRecharge) => say!(visit, "usage-mark-recharge", amount = came),
        What::Granted(GrantSource::Restitution) => say!(visit, "usage-mark-restitution", amount = came),
        What::Granted(GrantSource::Operator) => say!(visit, "usage-mark-promotional", amount = came),
        What::Expired => say!(visit, "usage-mark-expired", amount = went),
        What::TakenBack => say!(visit, "usage-mark-taken-back", amount = went),
        What::Disputed => say!(visit, "usage-mark-disputed", amount = went),
        What::Restored => say!(visit, "usage-mark-restored", amount = came),
        What::Locked => say!(visit, "usage-mark-locked", amount = went),
        What::Unlocked => say!(visit, "usage-mark-unlocked", amount = came),
        What::Owed(DebtKind::OutstandingUsage) => say!(visit, "usage-mark-owed-usage", amount = went),
        What::Owed(DebtKind::Refund) => say!(visit, "usage-mark-owed-refund", amount = went),
        What::Owed(DebtKind::Dispute) => say!(visit, "usage-mark-owed-dispute", amount = went),
        What::Settled => say!(visit, "usage-mark-settled", amount = went),
        What::Cleared => say!(visit, "usage-mark-cleared", amount = went),
        What::Paused(_) => say!(visit, "usage-mark-paused"),
        What::Resumed => say!(visit, "usage-mark-resumed"),
    }
}

/// The same numbers day by day, newest first.
fn table(visit: &Visit, series: &Series) -> Markup {
    let names = ["day", "added", "used", "other", "end", "peak", "debt"];
    let name = |name: &str| visit.copy.text(&format!("usage-day-{name}"), &[]);
    let before = series.before;
    html! {
        details {
            summary { (say!(visit, "usage-table")) }
            div.scroll role="region" aria-label=(say!(visit, "usage-table-label")) tabindex="0" {
                table {
                    thead { tr { @for (place, column) in names.iter().enumerate() { th.n[place > 0] scope="col" { (name(column)) } } th scope="col" { (name("what")) } } }
                    tbody { @for day in series.days.iter().rev() { (row(visit, series, day)) } }
                }
            }
            p.small.quiet { (say!(visit, "usage-table-sum", before = usable(before.had()), from = visit.copy.date(series.from), end = usable(visit.balance.available.plus(visit.balance.held)), reserved = usable(visit.balance.held), available = usable(visit.balance.available))) }
        }
    }
}

fn row(visit: &Visit, series: &Series, day: &Day) -> Markup {
    let end = day.day.after(Duration::days(1));
    let of_day = series.happenings.iter().filter(|happening| (day.day..end).contains(&happening.at));
    let what: Vec<String> = of_day.take(TOLD_MAX).map(|happening| happened(visit, happening)).collect();
    let cell = |credits: Credits| html! { td.n { @if credits.is_zero() { span.quiet { "–" } } @else { (usable(credits)) } } };
    html! {
        tr {
            th scope="row" { (time(day.day, visit.copy.day(day.day, series.now))) }
            (cell(day.added)) (cell(day.used)) (cell(day.other))
            td.n { (usable(day.end.had())) }
            (cell(day.held_most)) (cell(day.end.debt))
            td { (what.join(" ")) }
        }
    }
}

/// When nothing could start, newest first.
fn halts(visit: &Visit, series: &Series) -> Markup {
    if series.halts.is_empty() {
        return html! {};
    }
    html! {
        h3 id="pauses" { (say!(visit, "usage-pauses")) }
        ul.list.small {
            @for halt in series.halts.iter().rev() { li { (paused(visit, halt)) } }
        }
    }
}

fn paused(visit: &Visit, halt: &Halt) -> Markup {
    let when = |at: Timestamp| time(at, visit.copy.date_time(at));
    let why = halt.reason.map(|reason| visit.copy.text(&format!("usage-paused-{}", reason.as_str()), &[]));
    html! {
        span.grow {
            @match halt.from { Some(at) => (when(at)), None => (say!(visit, "usage-pause-before")) }
            " – "
            @match halt.to { Some(at) => (when(at)), None => (say!(visit, "usage-pause-goes-on")) }
        }
        @if let Some(why) = why { span.quiet { (why) } }
    }
}
