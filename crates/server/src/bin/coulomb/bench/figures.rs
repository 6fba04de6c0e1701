//! What lines come to: figures of one round, medians over rounds, and how both are written.

use super::driver::Outcome;

/// What one round of a line comes to. What a machine does not say is NaN, and is written as a dash.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Figures {
    /// Operations per second.
    pub rate: f64,
    /// Milliseconds that half of the calls did not exceed; and so on.
    pub p50: f64,
    /// See [`Figures::p50`].
    pub p99: f64,
    /// See [`Figures::p50`].
    pub p999: f64,
    /// The longest wait in milliseconds.
    pub max: f64,
    /// Microseconds of CPU time for each operation: of the server.
    pub server_us: f64,
    /// The same of this tool.
    pub tool_us: f64,
    /// Cores that were busy with something else.
    pub others: f64,
    /// Bytes sent to disks for each operation.
    pub written: f64,
    /// Operations for each commit.
    pub per_commit: f64,
}

impl From<&Outcome> for Figures {
    fn from(outcome: &Outcome) -> Figures {
        let seconds = outcome.measured.as_secs_f64();
        let (done, spent, waits) = (outcome.done as f64, outcome.spent, &outcome.waits);
        let share =
            |time: Option<std::time::Duration>, of: f64| time.map_or(f64::NAN, |t| t.as_secs_f64() / of);
        Figures {
            rate: done / seconds,
            p50: waits.at(0.5),
            p99: waits.at(0.99),
            p999: waits.at(0.999),
            max: waits.longest_ms(),
            server_us: share(spent.server, done / 1e6),
            tool_us: share(spent.tool, done / 1e6),
            others: share(spent.others(), seconds),
            written: spent.written.map_or(f64::NAN, |bytes| bytes as f64 / done),
            per_commit: outcome.commits.map_or(f64::NAN, |all| outcome.done_in_all as f64 / all as f64),
        }
    }
}

/// A line, round by round.
#[derive(Clone, Debug, Default)]
pub struct Rounds(pub Vec<Figures>);

impl Rounds {
    /// The median over the rounds.
    pub fn median(&self, of: impl Fn(&Figures) -> f64) -> f64 {
        middle(&self.sorted(of))
    }

    /// The operations per second of the middle round.
    pub fn rate(&self) -> f64 {
        self.median(|figures| figures.rate)
    }

    fn sorted(&self, of: impl Fn(&Figures) -> f64) -> Vec<f64> {
        let mut values: Vec<f64> = self.0.iter().map(of).collect();
        values.sort_unstable_by(f64::total_cmp);
        values
    }

    /// How often this is the other's rate, round by round: what disturbs the machine for a minute disturbs both. The median,
    /// the least and the most.
    pub fn times(&self, other: &Rounds) -> (f64, f64, f64) {
        let mut ratios: Vec<f64> = self.0.iter().zip(&other.0).map(|(a, b)| a.rate / b.rate).collect();
        ratios.sort_unstable_by(f64::total_cmp);
        let at = |value: Option<&f64>| value.copied().unwrap_or_default();
        (middle(&ratios), at(ratios.first()), at(ratios.last()))
    }

    /// The same, as the end of a row.
    pub fn times_shown(&self, other: &Rounds) -> String {
        let (median, least, most) = self.times(other);
        format!("{median:.2}× ({least:.2}–{most:.2})")
    }

    /// A row of the table under [`header`].
    pub fn row(&self, name: &str, ratio: &str) -> String {
        let rates = self.sorted(|figures| figures.rate);
        let (least, most) = (rates.first().unwrap_or(&0.0), rates.last().unwrap_or(&0.0));
        let waits = [
            self.median(|figures| figures.p50),
            self.median(|figures| figures.p99),
            self.median(|figures| figures.p999),
        ];
        // The worst of all rounds: a median would hide just what it is shown for.
        let max = self.sorted(|figures| figures.max).last().copied().unwrap_or_default();
        let row = format!(
            "{name:NAME$} {:>9.0} {:>15} {:>7.2} {:>7.2} {:>8.2} {max:>8.2} {:>9} {:>7} {:>6} {:>6} {:>6}  {ratio}",
            middle(&rates),
            format!("{least:.0}–{most:.0}"),
            waits[0],
            waits[1],
            waits[2],
            shown(self.median(|figures| figures.server_us), 1),
            shown(self.median(|figures| figures.tool_us), 1),
            shown(self.median(|figures| figures.others), 1),
            shown(self.median(|figures| figures.written), 0),
            shown(self.median(|figures| figures.per_commit), 1),
        );
        row.trim_end().to_owned()
    }
}

/// How wide the names of lines are.
pub const NAME: usize = 33;

/// The head of a table whose last column has this name.
pub fn header(ratio: &str) -> String {
    let head = format!(
        "{:NAME$} {:>9} {:>15} {:>7} {:>7} {:>8} {:>8} {:>9} {:>7} {:>6} {:>6} {:>6}  {ratio}",
        "",
        "op/s",
        "of rounds",
        "p50 ms",
        "p99 ms",
        "p99.9 ms",
        "max ms",
        "server µs",
        "tool µs",
        "others",
        "B/op",
        "commit",
    );
    head.trim_end().to_owned()
}

/// A figure, or a dash where there is none.
pub fn shown(figure: f64, digits: usize) -> String {
    if figure.is_finite() { format!("{figure:.digits$}") } else { "–".into() }
}

/// The middle of values in order, or what lies between the two in the middle.
pub fn middle(sorted: &[f64]) -> f64 {
    let at = |place: usize| sorted.get(place).copied().unwrap_or_default();
    match sorted.len() % 2 {
        1 => at(sorted.len() / 2),
        _ => f64::midpoint(at((sorted.len() / 2).saturating_sub(1)), at(sorted.len() / 2)),
    }
}

/// What was wanted, beside what was found, with whether that is enough.
pub enum Goal {
    /// At least so much.
    AtLeast(f64),
    /// At most so much.
    AtMost(f64),
}

impl Goal {
    /// The sentence that ends a question. `found` is written with its unit.
    pub fn judged(&self, what: &str, found: f64, digits: usize, unit: &str) -> String {
        let (sign, goal, reached) = match self {
            Goal::AtLeast(goal) => ("≥", *goal, found >= *goal),
            Goal::AtMost(goal) => ("≤", *goal, found <= *goal),
        };
        let word = if reached { "reached" } else { "NOT reached" };
        let of = found / goal;
        format!("Goal: {what} {sign} {goal:.digits$}{unit}: {found:.digits$}{unit}, {of:.2} of it, {word}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rounds(rates: &[f64]) -> Rounds {
        let figures = |rate| Figures {
            rate,
            p50: 1.0,
            p99: 2.0,
            p999: 3.0,
            max: rate,
            server_us: f64::NAN,
            tool_us: 6.0,
            others: 0.0,
            written: f64::NAN,
            per_commit: 25.0,
        };
        Rounds(rates.iter().copied().map(figures).collect())
    }

    #[test]
    fn a_median_is_the_middle_or_between_the_two_there() {
        assert_eq!(middle(&[1.0, 2.0, 9.0]), 2.0);
        assert_eq!(middle(&[1.0, 2.0, 4.0, 9.0]), 3.0);
        assert_eq!(middle(&[5.0]), 5.0);
        assert_eq!(middle(&[]), 0.0);
    }

    #[test]
    fn rounds_are_compared_one_by_one() {
        let (ours, theirs) = (rounds(&[30.0, 10.0, 40.0]), rounds(&[10.0, 10.0, 20.0]));
        assert_eq!(ours.times(&theirs), (2.0, 1.0, 3.0));
        assert_eq!(ours.times_shown(&theirs), "2.00× (1.00–3.00)");
    }

    #[test]
    fn a_row_stands_under_its_header_and_a_figure_that_is_missing_is_a_dash() {
        let row = rounds(&[10.0, 30.0, 20.0]).row("hot", "");
        let places = |text: &str| text.chars().count();
        assert_eq!(places(&row), places(&header("")));
        assert!(
            row.contains(" 20 ") && row.contains("10–30") && row.contains("30.00") && row.contains(" – "),
            "{row}"
        );
    }

    #[test]
    fn a_goal_says_whether_it_is_reached() {
        let said = Goal::AtLeast(40_000.0).judged("single calls", 50_000.0, 0, " op/s");
        assert_eq!(said, "Goal: single calls ≥ 40000 op/s: 50000 op/s, 1.25 of it, reached");
        assert!(Goal::AtMost(10.0).judged("p99", 10.1, 1, " ms").ends_with("NOT reached"));
    }
}
