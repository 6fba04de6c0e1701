//! Figures and instants as pages show them: usable credits rounded down, owed ones up, thousands apart, dates in UTC. The
//! full precision is what screen readers are told, and what the API answers.

use crate::copy::{Copy, Value};
use jiff::tz::TimeZone;
use ledger::{Credits, Timestamp};
use maud::{Markup, Render, html};
use std::fmt;

/// Micro-credits in a credit.
const MICROS: i64 = 1_000_000;

/// A figure in whole credits, and how exactly it is so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Amount {
    whole: i64,
    exact: Credits,
}

/// What can be used, had or bought: rounded down.
pub fn usable(credits: Credits) -> Amount {
    Amount { whole: credits.micros().div_euclid(MICROS), exact: credits }
}

/// What is owed, needed or was used: rounded up.
pub fn owed(credits: Credits) -> Amount {
    let micros = credits.micros();
    let over = i64::from(micros.rem_euclid(MICROS) > 0);
    Amount { whole: micros.div_euclid(MICROS).saturating_add(over), exact: credits }
}

impl Amount {
    /// "42.3k": for the badge alone. Rounded down; what is owed, which was rounded up, up.
    pub fn short(self) -> String {
        let up = self.whole.saturating_mul(MICROS) > self.exact.micros();
        let (unit, letter) = match self.whole {
            ..10_000 => return self.to_string(),
            10_000..1_000_000 => (1_000, "k"),
            1_000_000..1_000_000_000 => (1_000_000, "M"),
            _ => (1_000_000_000, "B"),
        };
        let tenth = unit / 10;
        let tenths = self.whole.div_euclid(tenth).saturating_add(i64::from(up && self.whole % tenth > 0));
        match (tenths / 10, tenths % 10) {
            (whole, 0) => format!("{whole}{letter}"),
            (whole, rest) => format!("{whole}.{rest}{letter}"),
        }
    }

    /// The whole credits.
    pub fn whole(self) -> i64 {
        self.whole
    }

    /// "42,326.5": with every digit there is.
    pub fn exact(self) -> String {
        crate::words::plain(self.exact)
    }

    /// Whether it is nothing at all.
    pub fn is_zero(self) -> bool {
        self.exact.micros() == 0
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&grouped(self.whole))
    }
}

/// As text; where it was rounded, with the exact figure for whoever does not see.
impl Render for Amount {
    fn render(&self) -> Markup {
        let exact = self.exact();
        let shown = self.to_string();
        html! { @if exact == shown { (shown) } @else { data value=(self.exact) title=(exact) { (shown) } } }
    }
}

impl From<Amount> for Value {
    fn from(amount: Amount) -> Value {
        // Only 1 is singular, and only where it is exact: 1.5 credits are several.
        let count = match amount.whole.unsigned_abs() {
            1 if amount.exact.micros().unsigned_abs() != MICROS.unsigned_abs() => 2,
            count => count,
        };
        Value::Figure(amount.to_string(), count)
    }
}

/// "1,234".
pub fn grouped(number: i64) -> String {
    let digits = number.unsigned_abs().to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3 + 3);
    if number < 0 {
        text.push('−');
    }
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Whole per cent of a whole, rounded half up; nothing of nothing is 0.
pub fn percent(part: Credits, whole: Credits) -> i64 {
    let (part, whole) = (i128::from(part.micros()), i128::from(whole.micros()));
    if whole <= 0 {
        return 0;
    }
    i64::try_from((part * 200 + whole) / (whole * 2)).unwrap_or(100)
}

/// Hundredths of a per cent of a whole, as SVG takes it: "51.73".
pub fn share(part: Credits, whole: Credits) -> String {
    let (part, whole) = (i128::from(part.micros().max(0)), i128::from(whole.micros()));
    let hundredths = if whole <= 0 { 0 } else { (part * 10_000 / whole).clamp(0, 10_000) };
    format!("{}.{:02}", hundredths / 100, hundredths % 100)
}

impl Copy {
    fn calendar(&self, at: Timestamp) -> (jiff::civil::DateTime, String) {
        let clamped = at.clamp(Timestamp::MIN, Timestamp::MAX).micros();
        let instant = jiff::Timestamp::from_microsecond(clamped).unwrap_or_default();
        let civil = instant.to_zoned(TimeZone::UTC).datetime();
        let month = self.text(&format!("month-{}", civil.month()), &[]);
        (civil, month)
    }

    /// "1 Mar 2026".
    pub fn date(&self, at: Timestamp) -> String {
        let (civil, month) = self.calendar(at);
        let values = [("day", civil.day().to_string()), ("month", month), ("year", civil.year().to_string())];
        self.text("date", &values.map(|(name, value)| (name, Value::from(value))))
    }

    /// "1 Mar", in the year that `now` is in; else "1 Mar 2026".
    pub fn day(&self, at: Timestamp, now: Timestamp) -> String {
        let ((civil, month), (today, _)) = (self.calendar(at), self.calendar(now));
        if civil.year() != today.year() {
            return self.date(at);
        }
        let values = [("day", civil.day().to_string()), ("month", month)];
        self.text("date-this-year", &values.map(|(name, value)| (name, Value::from(value))))
    }

    /// "14:30".
    pub fn time_of_day(&self, at: Timestamp) -> String {
        let (civil, _) = self.calendar(at);
        format!("{:02}:{:02}", civil.hour(), civil.minute())
    }

    /// "1 Mar 2026, 00:00 UTC".
    pub fn date_time(&self, at: Timestamp) -> String {
        self.text("date-time", &[("date", self.date(at).into()), ("time", self.time_of_day(at).into())])
    }

    /// "1 Mar 2026, 00:00:07 UTC".
    pub fn date_time_exact(&self, at: Timestamp) -> String {
        let (civil, _) = self.calendar(at);
        let time = format!("{:02}:{:02}:{:02}", civil.hour(), civil.minute(), civil.second());
        self.text("date-time", &[("date", self.date(at).into()), ("time", time.into())])
    }
}

/// An instant in a page: what is shown, and the instant itself for machines.
pub fn time(at: Timestamp, shown: impl AsRef<str>) -> Markup {
    html! { time datetime=(at) { (shown.as_ref()) } }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::copy::Language;

    #[test]
    fn what_can_be_used_is_rounded_down_and_what_is_owed_up() {
        let odd = Credits::from_micros(1_234_500_001);
        assert_eq!((usable(odd).to_string(), owed(odd).to_string()), ("1,234".into(), "1,235".into()));
        assert_eq!(usable(odd).exact(), "1,234.500001");
        assert_eq!(owed(Credits::from_micros(2_000_000)).to_string(), "2");
    }

    #[test]
    fn the_short_form_never_promises_more_nor_hides_debt() {
        let whole = |credits: i64| Credits::whole(credits).expect("it fits");
        for (credits, short) in [
            (9_999, "9,999"),
            (42_399, "42.3k"),
            (20_000, "20k"),
            (999_999, "999.9k"),
            (1_000_000, "1M"),
            (12_340_000, "12.3M"),
        ] {
            assert_eq!(usable(whole(credits)).short(), short);
        }
        assert_eq!(owed(Credits::from_micros(42_300_000_001)).short(), "42.4k");
    }

    #[test]
    fn only_exactly_one_is_singular() {
        let counted = |amount: Amount| match Value::from(amount) {
            Value::Figure(_, count) => count,
            other => panic!("{other:?} is no figure"),
        };
        let micros = Credits::from_micros;
        assert_eq!((counted(usable(micros(1_000_000))), counted(owed(micros(1_000_000)))), (1, 1));
        assert_eq!((counted(usable(micros(1_500_000))), counted(owed(micros(500_000)))), (2, 2));
        assert_eq!((counted(usable(micros(0))), counted(usable(micros(7_500_000)))), (0, 7));
    }

    #[test]
    fn dates_are_the_readers_and_leave_out_the_year_they_are_in() {
        let copy = Copy::of(Language::English);
        let at = |text: &str| text.parse::<Timestamp>().expect("an instant");
        let day = at("2026-03-01T00:00:00Z");
        assert_eq!(copy.date_time(day), "1 Mar 2026, 00:00 UTC");
        assert_eq!(copy.day(day, at("2026-12-31T23:59:59Z")), "1 Mar");
        assert_eq!(copy.day(day, at("2027-01-01T00:00:00Z")), "1 Mar 2026");
    }

    #[test]
    fn shares_are_whole_or_to_the_hundredth() {
        let micros = Credits::from_micros;
        assert_eq!((percent(micros(1), micros(3)), percent(micros(2), micros(3))), (33, 67));
        assert_eq!((percent(micros(1), micros(0)), share(micros(1), micros(3))), (0, "33.33".into()));
    }
}
