//! Instants: UTC, whole microseconds (R1.3). The rules are handed `now`; nothing here reads a clock (R1.4).

use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// An instant in microseconds since 1970-01-01T00:00:00Z (R1.3). Stored as that integer, shown as RFC 3339 UTC.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(i64);

/// A length of time in microseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Duration(i64);

impl Duration {
    /// This many microseconds.
    pub const fn from_micros(micros: i64) -> Duration {
        Duration(micros)
    }

    /// This many seconds, if they fit.
    pub const fn seconds(seconds: i64) -> Option<Duration> {
        match seconds.checked_mul(1_000_000) {
            Some(micros) => Some(Duration(micros)),
            None => None,
        }
    }

    /// This many hours; for the constants of the policy.
    ///
    /// # Panics
    /// Where they do not fit.
    pub const fn hours(hours: i64) -> Duration {
        match hours.checked_mul(3_600_000_000) {
            Some(micros) => Duration(micros),
            None => panic!("a policy of more than 292,000 years"),
        }
    }

    /// This many days of 24 hours.
    ///
    /// # Panics
    /// Where they do not fit.
    pub const fn days(days: i64) -> Duration {
        match days.checked_mul(24) {
            Some(hours) => Duration::hours(hours),
            None => panic!("a policy of more than 292,000 years"),
        }
    }

    /// This length in microseconds.
    pub const fn micros(self) -> i64 {
        self.0
    }
}

impl Timestamp {
    /// The first instant of year 1970, the earliest that a caller may name.
    pub const MIN: Timestamp = Timestamp(0);
    /// 9999-12-30T22:00:00Z, the latest that a caller may name and where additions stop: later ones are in the year 10000
    /// somewhere on Earth.
    pub const MAX: Timestamp = Timestamp(253_402_207_200_000_000);

    /// The instant this many microseconds after 1970-01-01T00:00:00Z.
    pub const fn from_micros(micros: i64) -> Timestamp {
        Timestamp(micros)
    }

    /// This instant in microseconds.
    pub const fn micros(self) -> i64 {
        self.0
    }

    /// The instant that much earlier, at least [`Timestamp::MIN`].
    pub fn before(self, by: Duration) -> Timestamp {
        Timestamp(self.0.saturating_sub(by.0)).clamp(Timestamp::MIN, Timestamp::MAX)
    }

    /// The instant that much later, at most [`Timestamp::MAX`].
    #[must_use]
    pub fn after(self, by: Duration) -> Timestamp {
        Timestamp(self.0.saturating_add(by.0)).clamp(Timestamp::MIN, Timestamp::MAX)
    }

    /// The time from `earlier` to this instant, zero where it is not earlier.
    #[must_use]
    pub fn since(self, earlier: Timestamp) -> Duration {
        Duration(self.0.saturating_sub(earlier.0).max(0))
    }

    /// The same time of day that many calendar months later, in UTC; a day that the month lacks becomes its last (R3.5).
    #[must_use]
    pub fn plus_months(self, months: u32) -> Timestamp {
        let later = self.civil().checked_add(jiff::Span::new().months(i64::from(months).min(240_000)));
        later.map_or(Timestamp::MAX, Timestamp::from_civil).min(Timestamp::MAX)
    }

    /// The instant later by an ISO 8601 duration such as `P1M`, `P5D` or `PT59M`, by the UTC calendar; nothing where the
    /// text is none, or leads out of the years that are known.
    #[must_use]
    pub fn plus_iso(self, duration: &str) -> Option<Timestamp> {
        let span: jiff::Span = duration.parse().ok()?;
        let later = Timestamp::from_civil(self.civil().checked_add(span).ok()?);
        Some(later).filter(|later| (Timestamp::MIN..=Timestamp::MAX).contains(later))
    }

    /// The first instant of this instant's UTC calendar month, for the monthly limit (R10.4).
    #[must_use]
    pub fn month_start(self) -> Timestamp {
        Timestamp::from_civil(self.civil().first_of_month().start_of_day())
    }

    /// The first instant of this instant's UTC day.
    #[must_use]
    pub fn day_start(self) -> Timestamp {
        Timestamp(self.0.div_euclid(86_400_000_000).saturating_mul(86_400_000_000))
    }

    /// The first instant of this instant's hour.
    #[must_use]
    pub fn hour_start(self) -> Timestamp {
        Timestamp(self.0.div_euclid(3_600_000_000).saturating_mul(3_600_000_000))
    }

    fn jiff(self) -> jiff::Timestamp {
        jiff::Timestamp::from_microsecond(self.0.clamp(Timestamp::MIN.0, Timestamp::MAX.0))
            .expect("jiff knows these years")
    }

    fn civil(self) -> jiff::civil::DateTime {
        jiff::tz::Offset::UTC.to_datetime(self.jiff())
    }

    fn from_civil(civil: jiff::civil::DateTime) -> Timestamp {
        jiff::tz::Offset::UTC
            .to_timestamp(civil)
            .map_or(Timestamp::MAX, |instant| Timestamp(instant.as_microsecond()))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.jiff(), out)
    }
}

/// Why a text is not an instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "an instant is RFC 3339 from 1970 to 9999, such as \"2026-01-31T00:00:00Z\", with at most 6 decimals of a second"
)]
pub struct NotTimestamp;

impl FromStr for Timestamp {
    type Err = NotTimestamp;

    fn from_str(text: &str) -> Result<Timestamp, NotTimestamp> {
        let instant: jiff::Timestamp = text.parse().map_err(|_| NotTimestamp)?;
        let micros = Timestamp(instant.as_microsecond());
        // Finer than a microsecond cannot be kept, and rounding an instant silently moves an expiry.
        let exact = jiff::Timestamp::from_microsecond(micros.0).is_ok_and(|kept| kept == instant);
        if exact && (Timestamp::MIN..=Timestamp::MAX).contains(&micros) {
            Ok(micros)
        } else {
            Err(NotTimestamp)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().expect("an instant")
    }

    #[test]
    fn a_month_later_is_the_same_day_or_the_last_one() {
        for (from, months, to) in [
            ("2026-01-31T10:00:00Z", 1, "2026-02-28T10:00:00Z"),
            ("2028-02-29T00:00:00Z", 12, "2029-02-28T00:00:00Z"),
            ("2026-01-31T00:00:00.000001Z", 12, "2027-01-31T00:00:00.000001Z"),
        ] {
            assert_eq!(at(from).plus_months(months), at(to));
        }
        assert_eq!(at("2026-02-17T13:00:00Z").month_start(), at("2026-02-01T00:00:00Z"));
        assert_eq!(Timestamp::MAX.plus_months(12), Timestamp::MAX);
    }

    #[test]
    fn an_instant_reads_back_as_it_was_shown() {
        assert_eq!(at("2026-01-10T09:00:00Z").to_string(), "2026-01-10T09:00:00Z");
        assert_eq!(at("2026-01-10T10:00:00.5+01:00").to_string(), "2026-01-10T09:00:00.5Z");
        for wrong in [
            "2026-01-10",
            "2026-01-10T09:00:00.0000001Z",
            "1969-12-31T23:59:59Z",
            "never",
            "-009999-01-01T00:00:00Z",
        ] {
            assert_eq!(wrong.parse::<Timestamp>(), Err(NotTimestamp), "{wrong}");
        }
    }
}
