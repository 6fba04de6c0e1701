//! How single values are written: amounts, lengths of time, addresses; and the checks that several sections share.

use ledger::{Credits, Duration};
use serde::{Deserialize, Deserializer, de};
use std::fmt;

pub(super) fn check_level(name: &str, level: &str) -> Result<(), String> {
    // An unknown word alone would be taken for a module's name, and everything else would fall silent.
    let levels = ["off", "error", "warn", "info", "debug", "trace"];
    let known = |part: &str| part.contains('=') || levels.contains(&part.trim().to_lowercase().as_str());
    let readable = tracing_subscriber::EnvFilter::try_new(level).is_ok();
    if readable && level.split(',').all(known) {
        return Ok(());
    }
    Err(format!(
        "{name} is \"{level}\"; it is one of error, warn, info, debug and trace, also per module as in \"info,coulomb_server=debug\""
    ))
}

pub(super) fn at_least_one(name: &str, value: usize) -> Result<(), String> {
    if value == 0 { Err(format!("{name} is 0; it is at least 1")) } else { Ok(()) }
}

pub(super) fn price(name: &str, field: &str, value: i64) -> Result<(), String> {
    if value < 0 { Err(format!("{name}: {field} is {value}; a price is not negative")) } else { Ok(()) }
}

pub(super) fn currency(name: &str, code: &str) -> Result<(), String> {
    let fits = code.len() == 3 && code.bytes().all(|byte| byte.is_ascii_uppercase());
    if fits {
        return Ok(());
    }
    Err(format!("{name}: currency is \"{code}\"; it is three capital letters of ISO 4217, such as \"USD\""))
}

/// An amount of credits: a whole number or a decimal string, never a floating-point number (R1.1).
#[derive(Clone, Copy, Default)]
pub(super) struct Amount(pub(super) Credits);

impl<'de> Deserialize<'de> for Amount {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Amount, D::Error> {
        struct Read;
        impl de::Visitor<'_> for Read {
            type Value = Amount;
            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("credits as a whole number, or as a decimal string such as \"0.5\"")
            }
            fn visit_i64<E: de::Error>(self, number: i64) -> Result<Amount, E> {
                self.visit_str(&number.to_string())
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Amount, E> {
                text.parse().map(Amount).map_err(|error| E::custom(format!("\"{text}\": {error}")))
            }
        }
        deserializer.deserialize_any(Read)
    }
}

/// A length of time without calendar months (R1.3).
#[derive(Clone, Copy)]
pub(super) struct Length(pub(super) Duration);

impl<'de> Deserialize<'de> for Length {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Length, D::Error> {
        let text = String::deserialize(deserializer)?;
        length(&text).map(Length).ok_or_else(|| {
            de::Error::custom(format!(
                "\"{text}\" is not a length of time in weeks, days, hours, minutes and seconds, such as \"P7D\" or \"PT1H30M\""
            ))
        })
    }
}

fn length(text: &str) -> Option<Duration> {
    let span = span(text)?;
    if span.get_years() != 0 || span.get_months() != 0 {
        return None;
    }
    let days = i64::from(span.get_weeks()).checked_mul(7)?.checked_add(i64::from(span.get_days()))?;
    let minutes = i64::from(span.get_hours()).checked_mul(60)?.checked_add(span.get_minutes())?;
    let seconds =
        days.checked_mul(86_400)?.checked_add(minutes.checked_mul(60)?)?.checked_add(span.get_seconds())?;
    let micros = seconds
        .checked_mul(1_000_000)?
        .checked_add(span.get_milliseconds().checked_mul(1_000)?)?
        .checked_add(span.get_microseconds())?;
    Some(Duration::from_micros(micros))
}

/// ISO 8601, as strictly as jiff reads it; other forms that jiff knows are not ours.
fn span(text: &str) -> Option<jiff::Span> {
    let span: jiff::Span = text.strip_prefix('P').and_then(|_| text.parse().ok())?;
    if span.is_negative() { None } else { Some(span) }
}

/// A number of calendar months.
#[derive(Clone, Copy)]
pub(super) struct Months(pub(super) u32);

impl<'de> Deserialize<'de> for Months {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Months, D::Error> {
        let text = String::deserialize(deserializer)?;
        let months = span(&text).and_then(|span| {
            let months = i32::from(span.get_years()).checked_mul(12)?.checked_add(span.get_months())?;
            let nothing_else =
                span.fieldwise() == jiff::Span::new().years(span.get_years()).months(span.get_months());
            u32::try_from(months).ok().filter(|months| *months > 0 && nothing_else)
        });
        months.map(Months).ok_or_else(|| {
            de::Error::custom(format!(
                "\"{text}\" is not a number of calendar months or years, such as \"P12M\" or \"P1Y\""
            ))
        })
    }
}

/// A length of time that the server waits: not zero.
pub(crate) fn wait<'de, D: Deserializer<'de>>(deserializer: D) -> Result<std::time::Duration, D::Error> {
    let length = Length::deserialize(deserializer)?.0;
    match u64::try_from(length.micros()) {
        Ok(micros) if micros > 0 => Ok(std::time::Duration::from_micros(micros)),
        _ => Err(de::Error::custom("a time to wait is longer than nothing")),
    }
}

pub(super) fn public_url<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    let text = String::deserialize(deserializer)?;
    parse_public_url(&text).map(Some).map_err(de::Error::custom)
}

/// Where people and hosts reach the server: `http://` or `https://`, without a slash at the end.
pub fn parse_public_url(text: &str) -> Result<String, String> {
    let host = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    let plain = |host: &&str| {
        !host.is_empty() && !host.contains(|c: char| c.is_whitespace() || matches!(c, '?' | '#' | '"'))
    };
    match host.filter(plain) {
        Some(_) => Ok(text.trim_end_matches('/').to_owned()),
        None => Err(format!("\"{text}\" is not a URL such as \"https://credits.example.com\"")),
    }
}

pub(super) fn return_urls<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    let urls = Vec::<String>::deserialize(deserializer)?;
    urls.iter().map(|url| parse_public_url(url)).collect::<Result<_, _>>().map_err(de::Error::custom)
}
