//! Instants and lengths of time as they travel: RFC 3339 in UTC, and ISO 8601 durations or seconds.

use crate::amount::integral;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use std::{fmt, str::FromStr};

/// An instant in microseconds since 1970-01-01T00:00:00Z. Travels as RFC 3339, and is answered in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Instant(i64);

impl Instant {
    /// The first instant that may be named: of year 1970.
    pub const MIN: Instant = Instant(0);
    /// The last instant that may be named: of year 9999.
    pub const MAX: Instant = Instant(253_402_300_799_999_999);

    /// The instant this many microseconds after 1970-01-01T00:00:00Z.
    pub const fn from_micros(micros: i64) -> Instant {
        Instant(micros)
    }

    /// This instant in microseconds.
    pub const fn micros(self) -> i64 {
        self.0
    }

    fn jiff(self) -> jiff::Timestamp {
        jiff::Timestamp::from_microsecond(self.0.clamp(Instant::MIN.0, Instant::MAX.0))
            .unwrap_or(jiff::Timestamp::UNIX_EPOCH)
    }
}

/// Why a text is not an instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotInstant;

impl fmt::Display for NotInstant {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(
            "an instant is RFC 3339 between 1970 and 9999, such as \"2026-01-31T00:00:00Z\", with at most 6 decimals of a second",
        )
    }
}

impl FromStr for Instant {
    type Err = NotInstant;

    fn from_str(text: &str) -> Result<Instant, NotInstant> {
        let instant: jiff::Timestamp = text.parse().map_err(|_| NotInstant)?;
        let micros = Instant(instant.as_microsecond());
        // Finer than a microsecond cannot be kept, and rounding an instant silently moves an expiry.
        let exact = instant.subsec_nanosecond() % 1_000 == 0;
        if exact && (Instant::MIN..=Instant::MAX).contains(&micros) { Ok(micros) } else { Err(NotInstant) }
    }
}

/// The longest instant: `9999-12-31T23:59:59.999999Z`.
const LONGEST: usize = 27;

/// Writes an instant without trailing zeros of its second. An answer has up to ten of them, and a formatter that knows all
/// formats would take longer for them than the rest of the answer.
fn write_rfc_3339(instant: Instant, text: &mut [u8; LONGEST]) -> &str {
    let at = jiff::tz::Offset::UTC.to_datetime(instant.jiff());
    *text = *b"0000-00-00T00:00:00.000000Z";
    let mut digits = |end: usize, count: usize, number: u32| {
        let mut rest = number;
        for place in text[end - count..end].iter_mut().rev() {
            *place = b'0' + u8::try_from(rest % 10).unwrap_or(0);
            rest /= 10;
        }
    };
    digits(4, 4, at.year().unsigned_abs().into());
    for (end, part) in
        [(7, at.month()), (10, at.day()), (13, at.hour()), (16, at.minute()), (19, at.second())]
    {
        digits(end, 2, part.unsigned_abs().into());
    }
    let micros = at.subsec_nanosecond().unsigned_abs() / 1_000;
    digits(26, 6, micros);
    let end = match micros {
        0 => 19,
        _ => 26 - text[20..26].iter().rev().take_while(|digit| **digit == b'0').count(),
    };
    text[end] = b'Z';
    std::str::from_utf8(&text[..=end]).expect("digits are text")
}

impl fmt::Display for Instant {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(write_rfc_3339(*self, &mut [0; LONGEST]))
    }
}

impl Serialize for Instant {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        out.serialize_str(write_rfc_3339(*self, &mut [0; LONGEST]))
    }
}

impl<'de> Deserialize<'de> for Instant {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Instant, D::Error> {
        struct InstantVisitor;

        impl de::Visitor<'_> for InstantVisitor {
            type Value = Instant;

            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("an instant: a string of RFC 3339")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Instant, E> {
                text.parse().map_err(E::custom)
            }
        }

        from.deserialize_str(InstantVisitor)
    }
}

/// A length of time: calendar months, and microseconds beside them. Travels as an ISO 8601 duration (`"P1M"`, `"PT90M"`)
/// or as an integer of seconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Interval {
    /// Calendar months.
    pub months: u32,
    /// Microseconds; a day has 24 hours.
    pub micros: i64,
}

/// Why something is not a length of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotInterval;

impl fmt::Display for NotInterval {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a length of time is an ISO 8601 duration such as \"PT90M\" or \"P1D\", or an integer of seconds; not negative")
    }
}

impl Interval {
    fn seconds(seconds: i64) -> Option<Interval> {
        let micros = seconds.checked_mul(1_000_000).filter(|micros| *micros >= 0)?;
        Some(Interval { months: 0, micros })
    }
}

impl FromStr for Interval {
    type Err = NotInterval;

    fn from_str(text: &str) -> Result<Interval, NotInterval> {
        // jiff also reads what people write ("2 hours ago"); the wire has one way.
        if !text.starts_with('P') {
            return Err(NotInterval);
        }
        let span: jiff::Span = text.parse().map_err(|_| NotInterval)?;
        if span.is_negative() || span.get_nanoseconds() % 1_000 != 0 {
            return Err(NotInterval);
        }
        let months = i64::from(span.get_years()) * 12 + i64::from(span.get_months());
        let parts = [
            (i64::from(span.get_weeks()), 604_800_000_000),
            (i64::from(span.get_days()), 86_400_000_000),
            (i64::from(span.get_hours()), 3_600_000_000),
            (span.get_minutes(), 60_000_000),
            (span.get_seconds(), 1_000_000),
            (span.get_milliseconds(), 1_000),
            (span.get_microseconds(), 1),
            (span.get_nanoseconds() / 1_000, 1),
        ];
        let sum =
            parts.into_iter().try_fold(0i64, |sum, (count, unit)| sum.checked_add(count.checked_mul(unit)?));
        let months = u32::try_from(months).map_err(|_| NotInterval)?;
        sum.map(|micros| Interval { months, micros }).ok_or(NotInterval)
    }
}

impl fmt::Display for Interval {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (seconds, micros) = (self.micros / 1_000_000, self.micros % 1_000_000);
        write!(out, "P{}MT{seconds}.{micros:06}S", self.months)
    }
}

impl Serialize for Interval {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        out.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Interval {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Interval, D::Error> {
        struct IntervalVisitor;

        impl de::Visitor<'_> for IntervalVisitor {
            type Value = Interval;

            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(out, "{NotInterval}")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Interval, E> {
                text.parse().map_err(E::custom)
            }

            fn visit_i64<E: de::Error>(self, seconds: i64) -> Result<Interval, E> {
                Interval::seconds(seconds).ok_or_else(|| E::custom(NotInterval))
            }

            fn visit_u64<E: de::Error>(self, seconds: u64) -> Result<Interval, E> {
                self.visit_i64(i64::try_from(seconds).unwrap_or(i64::MAX))
            }

            fn visit_f64<E: de::Error>(self, seconds: f64) -> Result<Interval, E> {
                self.visit_i64(integral(seconds).unwrap_or(i64::MAX))
            }
        }

        from.deserialize_any(IntervalVisitor)
    }
}

#[cfg(feature = "openapi")]
mod schema {
    use super::{Instant, Interval};
    use std::borrow::Cow;
    use utoipa::openapi::{KnownFormat, ObjectBuilder, OneOfBuilder, RefOr, Schema, SchemaFormat, Type};

    impl utoipa::ToSchema for Instant {
        fn name() -> Cow<'static, str> {
            "Instant".into()
        }
    }

    impl utoipa::PartialSchema for Instant {
        fn schema() -> RefOr<Schema> {
            ObjectBuilder::new()
                .schema_type(Type::String)
                .format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)))
                .description(Some("An instant of the years 1970 to 9999 in RFC 3339, with at most 6 decimals of a second; answered in UTC."))
                .into()
        }
    }

    impl utoipa::ToSchema for Interval {
        fn name() -> Cow<'static, str> {
            "Interval".into()
        }
    }

    impl utoipa::PartialSchema for Interval {
        fn schema() -> RefOr<Schema> {
            let text = ObjectBuilder::new()
                .schema_type(Type::String)
                .pattern(Some(r"^P([0-9]{1,3}Y)?([0-9]{1,4}M)?([0-9]{1,4}W)?([0-9]{1,4}D)?(T([0-9]{1,5}H)?([0-9]{1,6}M)?([0-9]{1,8}S)?)?$"));
            let seconds = ObjectBuilder::new()
                .schema_type(Type::Integer)
                .minimum(Some(0))
                .maximum(Some(100_000_000_000i64));
            OneOfBuilder::new()
                .description(Some("A length of time: an ISO 8601 duration such as \"PT90M\" or \"P1D\", or an integer of seconds."))
                .item(text)
                .item(seconds)
                .into()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instant_is_written_as_a_library_for_time_writes_it() {
        let days = (0..2_932_896).step_by(997).map(|day| day * 86_400_000_000);
        let parts = [0, 1, 10, 500_000, 999_999, 86_399_999_999, 3_600_000_000, 43_261_120_000];
        for micros in days.flat_map(|day| parts.map(|part| day + part)).chain([Instant::MAX.0]) {
            let instant = Instant(micros);
            assert_eq!(instant.to_string(), instant.jiff().to_string());
        }
    }

    #[test]
    fn lengths_of_time_are_iso_8601_or_seconds() {
        for (json, months, micros) in [
            ("\"PT1H\"", 0, 3_600_000_000),
            ("\"P1D\"", 0, 86_400_000_000),
            ("\"P1W\"", 0, 604_800_000_000),
            ("\"P1Y2M\"", 14, 0),
            ("\"PT0.5S\"", 0, 500_000),
            ("90", 0, 90_000_000),
            ("90.0", 0, 90_000_000),
        ] {
            assert_eq!(
                serde_json::from_str::<Interval>(json).expect(json),
                Interval { months, micros },
                "{json}"
            );
        }
        for json in
            ["\"1 hour\"", "\"-PT1H\"", "\"P\"", "-1", "1.5", "\"\"", "9223372036854775807", "1e300", "null"]
        {
            assert!(serde_json::from_str::<Interval>(json).is_err(), "{json}");
        }
    }

    #[test]
    fn instants_are_rfc_3339_to_the_microsecond() {
        let instant: Instant = "2026-01-10T10:00:00.5+01:00".parse().expect("an instant");
        assert_eq!(instant.to_string(), "2026-01-10T09:00:00.5Z");
        for wrong in ["2026-01-10", "2026-01-10T09:00:00.0000001Z", "1969-12-31T23:59:59Z", "never", ""] {
            assert_eq!(wrong.parse::<Instant>(), Err(NotInstant), "{wrong}");
        }
    }
}
