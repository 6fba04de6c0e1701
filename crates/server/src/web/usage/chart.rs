//! The burn-down as a drawing: x in per cent and text at its own size, so that it can be read at any width; areas lie in an
//! inner drawing that stretches. Whole numbers only. What is drawn is in `series` and `forecast`; the words and the table
//! beside it are in `burndown`.

use super::{
    forecast::{Course, Forecast},
    series::{Corner, Series},
};
use crate::{
    copy::say,
    web::{figures::usable, visit::Visit},
};
use ledger::{Credits, Duration, Timestamp};
use maud::{Markup, html};
use std::fmt::Write;

/// Units of the inner drawing, both ways; of the width, hundredths of a per cent.
const UNITS: i64 = 10_000;

/// Where the inner drawing lies in the outer one, in pixels, and where the dates under it are.
const TOP: i64 = 36;
const HEIGHT: i64 = 264;
const DATES: i64 = 318;

/// Marks are drawn apart by this many units at least, so that their numbers can be read on a phone.
pub const MARK_UNITS: i64 = 720;

/// Everything that is drawn.
pub struct Chart<'a> {
    /// The past.
    pub series: &'a Series,
    /// What may come.
    pub forecast: Option<&'a Forecast>,
    /// Where the drawing ends.
    pub to: Timestamp,
    /// Instants with a number, oldest first.
    pub marks: &'a [Timestamp],
    /// Below what the balance is low, and what is said of it.
    pub threshold: (Credits, String),
    /// What it is called, and what it says, for those who do not see it.
    pub title: String,
    /// The same in a sentence or two.
    pub says: &'a str,
}

/// Where things are.
struct Scale {
    from: Timestamp,
    to: Timestamp,
    /// The line at the top, the lines' distance, and how far it goes below nothing; micro-credits.
    top: i64,
    step: i64,
    below: i64,
}

/// Units from the left, of an instant between these two.
pub fn across(at: Timestamp, from: Timestamp, to: Timestamp) -> i64 {
    let whole = i128::from(to.since(from).micros().max(1));
    let part = i128::from(at.since(from).micros()) * i128::from(UNITS) / whole;
    i64::try_from(part).unwrap_or(UNITS).clamp(0, UNITS)
}

impl Scale {
    fn of(chart: &Chart<'_>) -> Scale {
        let most = |of: fn(&Corner) -> Credits| {
            chart.series.corners.iter().map(of).max().unwrap_or(Credits::ZERO).micros()
        };
        let (had, owed) = (most(|corner| corner.stand.had()), most(|corner| corner.debt_most));
        let step = step(had.max(owed / 2));
        let top = ceiling(had.max(1), step);
        let below = if owed > 0 { owed.max(top / 8) } else { 0 };
        Scale { from: chart.series.from, to: chart.to, top, step, below }
    }

    fn x(&self, at: Timestamp) -> i64 {
        across(at, self.from, self.to)
    }

    fn y(&self, credits: Credits) -> i64 {
        let whole = i128::from(self.top.saturating_add(self.below).max(1));
        let down = i128::from(self.top) - i128::from(credits.micros());
        i64::try_from(down * i128::from(UNITS) / whole).unwrap_or(UNITS).clamp(0, UNITS)
    }

    fn pixel(&self, credits: Credits) -> i64 {
        TOP + self.y(credits) * HEIGHT / UNITS
    }

    /// Amounts that have a line.
    fn lines(&self) -> impl Iterator<Item = Credits> {
        let (step, top) = (self.step, self.top);
        (1..)
            .map(move |times| step.saturating_mul(times))
            .take_while(move |at| *at <= top)
            .map(Credits::from_micros)
    }
}

/// 1, 2 or 5 and noughts: so many credits that four of them or fewer reach this far.
fn step(most: i64) -> i64 {
    let mut unit = 1_000_000_i64;
    loop {
        for times in [1, 2, 5] {
            let step = unit.saturating_mul(times);
            if step.saturating_mul(4) >= most {
                return step;
            }
        }
        unit = unit.saturating_mul(10);
    }
}

fn ceiling(most: i64, step: i64) -> i64 {
    let steps = most.saturating_add(step - 1) / step;
    steps.max(1).saturating_mul(step)
}

fn percent(units: i64) -> String {
    format!("{}.{:02}%", units / 100, units % 100)
}

/// Points of a line, as SVG takes them.
fn points(points: impl IntoIterator<Item = (i64, i64)>) -> String {
    let mut text = String::new();
    for (x, y) in points {
        // Writing to a string cannot fail.
        let _ = write!(text, "{}{x},{y}", if text.is_empty() { "" } else { " " });
    }
    text
}

/// What is left at a pace, until the drawing ends.
fn until(course: &Course, end: Timestamp) -> Vec<(Timestamp, Credits)> {
    let mut seen: Vec<(Timestamp, Credits)> = Vec::new();
    for &(at, left) in &course.corners {
        if at > end {
            if let Some(&(last, before)) = seen.last() {
                let whole = i128::from(at.since(last).micros().max(1));
                let part = i128::from(end.since(last).micros());
                let lost = i128::from(before.minus(left).micros()) * part / whole;
                seen.push((end, before.minus(Credits::from_micros(i64::try_from(lost).unwrap_or(0)))));
            }
            return seen;
        }
        seen.push((at, left));
    }
    seen
}

impl Chart<'_> {
    /// The drawing.
    pub fn draw(&self, visit: &Visit) -> Markup {
        let scale = Scale::of(self);
        let now = scale.x(self.series.now);
        let (zero, bottom) = (scale.pixel(Credits::ZERO), TOP + HEIGHT);
        html! {
            svg.chart role="img" aria-labelledby="burn-title" aria-describedby="burn-desc" {
                title id="burn-title" { (self.title) }
                desc id="burn-desc" { (self.says) }
                (self.hatched(&scale))
                @for line in scale.lines() {
                    @let y = scale.pixel(line);
                    line.grid x1="0" x2="100%" y1=(y) y2=(y) {}
                }
                line.zero x1="0" x2="100%" y1=(zero) y2=(zero) {}
                @for halt in &self.series.halts {
                    @let (from, to) = (halt.from.map_or(0, |at| scale.x(at)), halt.to.map_or(now, |at| scale.x(at)));
                    @if to >= from {
                        rect.halt x=(percent(from)) width=(percent((to - from).max(20))) y=(TOP) height=(HEIGHT) {}
                    }
                }
                (self.areas(&scale))
                @if self.has_held() { rect width="100%" height=(bottom) fill="url(#hatch)" mask="url(#held-mask)" {} }
                @if self.threshold.0.micros() < scale.top && now < UNITS * 7 / 10 {
                    @let y = scale.pixel(self.threshold.0);
                    line.mark x1=(percent(now)) x2="100%" y1=(y) y2=(y) {}
                    text.wide x=(percent(now)) dx="8" y=(y - 6) { (self.threshold.1) }
                }
                line.zero x1=(percent(now)) x2=(percent(now)) y1=(TOP - 6) y2=(bottom) {}
                @let anchor = if now > UNITS * 4 / 5 { ("end", "-6") } else { ("start", "6") };
                text x=(percent(now)) y=(TOP + 8) dx=(anchor.1) text-anchor=(anchor.0) { (say!(visit, "usage-chart-now")) }
                @for line in scale.lines() {
                    text x="100%" dx="-6" y=(scale.pixel(line) - 5) text-anchor="end" { (usable(line)) }
                }
                @if scale.below > 0 {
                    text x="2" y=(zero + 14) { (say!(visit, "usage-chart-debt")) }
                }
                @for (place, at) in self.marks.iter().enumerate() {
                    (mark(place + 1, scale.x(*at), zero))
                }
                (self.dates(visit, &scale))
            }
        }
    }

    fn has_held(&self) -> bool {
        self.series.corners.iter().any(|corner| corner.held_most.is_positive())
    }

    /// The pattern of what is reserved, and where it lies.
    fn hatched(&self, scale: &Scale) -> Markup {
        let corners = &self.series.corners;
        let over = corners.iter().map(|corner| (scale.x(corner.at), scale.y(corner.stand.had())));
        let under = corners.iter().rev().map(|corner| (scale.x(corner.at), scale.y(not_held(corner))));
        html! {
            defs {
                pattern #hatch width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)" {
                    line.hatch x1="0" y1="0" x2="0" y2="6" {}
                }
                @if self.has_held() {
                    mask #held-mask {
                        svg viewBox="0 0 10000 10000" preserveAspectRatio="none" y=(TOP) height=(HEIGHT) width="100%" {
                            polygon fill="#fff" points=(points(over.chain(under))) {}
                        }
                    }
                }
            }
        }
    }

    fn areas(&self, scale: &Scale) -> Markup {
        let (corners, zero) = (&self.series.corners, scale.y(Credits::ZERO));
        let (first, last) = (scale.x(self.series.from), scale.x(self.series.now));
        let line = |of: fn(&Corner) -> Credits| {
            corners.iter().map(move |corner| (scale.x(corner.at), scale.y(of(corner))))
        };
        let ground = [(last, zero), (first, zero)];
        let owed = corners.iter().any(|corner| corner.debt_most.is_positive());
        let area = points(line(not_held).chain(ground));
        let debt = owed.then(|| points(line(|corner| corner.debt_most.negated()).chain(ground)));
        html! {
            svg viewBox="0 0 10000 10000" preserveAspectRatio="none" y=(TOP) height=(HEIGHT) width="100%" {
                polygon.area points=(area) {}
                @if let Some(forecast) = self.forecast {
                    @let [low, mid, high] = forecast.courses.each_ref().map(|course| until(course, self.to));
                    @let seen = |course: Vec<(Timestamp, Credits)>| course.into_iter().map(|(at, left)| (scale.x(at), scale.y(left)));
                    polygon.band points=(points(seen(low).chain(seen(high).rev()))) {}
                    polyline.mid points=(points(seen(mid))) {}
                }
                @if let Some(debt) = debt { polygon.c-debt points=(debt) {} }
                polyline.edge points=(points(line(|corner| corner.stand.had()))) {}
            }
        }
    }

    /// Days under the drawing: its ends, its middle, and on wide screens its quarters. Where it is only hours, their time.
    fn dates(&self, visit: &Visit, scale: &Scale) -> Markup {
        let span = scale.to.since(scale.from);
        let hours = span < Duration::days(2);
        let quarter = |times: i64| {
            let at = scale.from.after(Duration::from_micros(span.micros() / 4 * times));
            (times, if hours { at } else { at.day_start() })
        };
        let said = |at| if hours { visit.copy.time_of_day(at) } else { visit.copy.day(at, self.series.now) };
        html! {
            text x="0" y=(DATES) { (said(scale.from)) }
            @for (times, at) in (1..4).map(quarter) {
                text.wide[times != 2] x=(percent(scale.x(at))) y=(DATES) text-anchor="middle" { (said(at)) }
            }
            text x="100%" y=(DATES) text-anchor="end" { (said(scale.to)) }
        }
    }
}

/// What was there and not reserved at the most.
fn not_held(corner: &Corner) -> Credits {
    corner.stand.had().minus_or_zero(corner.held_most)
}

/// A number over the line, a little inside where it stands at an edge.
fn mark(number: usize, x: i64, zero: i64) -> Markup {
    let aside = match x {
        ..200 => 9,
        9_800.. => -9,
        _ => 0,
    };
    html! {
        svg.ev x=(percent(x)) {
            line.mark x1="0" x2="0" y1="24" y2=(zero) {}
            circle.dot cx=(aside) cy="14" r="8.5" {}
            text x=(aside) y="18" { (number) }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_stand_at_round_figures_and_reach_over_everything() {
        let credits = |whole: i64| whole * 1_000_000;
        for (most, step_is, top) in
            [(0, 1, 1), (3, 1, 3), (4_900, 2_000, 6_000), (41_000, 20_000, 60_000), (50_000, 20_000, 60_000)]
        {
            assert_eq!(
                (step(credits(most)), ceiling(credits(most).max(1), step(credits(most)))),
                (credits(step_is), credits(top)),
                "{most}"
            );
        }
        assert!(step(i64::MAX) > 0);
    }

    #[test]
    fn a_course_ends_where_the_drawing_does() {
        let at = |micros| Timestamp::from_micros(micros);
        let credits = Credits::from_micros;
        let course =
            Course { corners: vec![(at(0), credits(100)), (at(10), credits(0))], empty_at: Some(at(10)) };
        assert_eq!(until(&course, at(4)), [(at(0), credits(100)), (at(4), credits(60))]);
        assert_eq!(until(&course, at(10)), course.corners);
    }
}
