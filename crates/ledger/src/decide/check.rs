//! The checks that commands share; each refuses with a sentence that says what to do.

use super::Done;
use crate::{Credits, event::Digest, refusal::Refusal};

/// A repeat with the same content is answered as it was, one with other content is refused (R2.4).
pub(super) fn same(first: Option<&Digest>, asked: &Digest, seq: u64, what: &str) -> Result<Done, Refusal> {
    if first == Some(asked) {
        Ok(Done::Replayed { seq })
    } else {
        Err(conflict(format!("{what} before with other content; use another id for another thing")))
    }
}

pub(super) fn conflict(detail: String) -> Refusal {
    Refusal::Conflict { detail }
}

pub(super) fn not_found(what: &'static str, id: &impl ToString) -> Refusal {
    Refusal::NotFound { what, id: id.to_string() }
}

pub(super) fn invalid(field: &'static str, detail: impl Into<String>) -> Refusal {
    Refusal::Invalid { field, detail: detail.into() }
}

pub(super) fn amount(field: &'static str, value: Credits) -> Result<(), Refusal> {
    if (Credits::ZERO..=Credits::MAX_AMOUNT).contains(&value) {
        return Ok(());
    }
    Err(invalid(field, format!("an amount is 0 to {} credits", Credits::MAX_AMOUNT)))
}

pub(super) fn positive(field: &'static str, value: Credits) -> Result<(), Refusal> {
    amount(field, value)?;
    if value.is_positive() { Ok(()) } else { Err(invalid(field, "must be more than 0")) }
}

pub(super) fn money(field: &'static str, minor_units: i64) -> Result<(), Refusal> {
    const MOST: i64 = 1_000_000_000_000;
    if (0..=MOST).contains(&minor_units) {
        Ok(())
    } else {
        Err(invalid(field, format!("minor units from 0 to {MOST}")))
    }
}

pub(super) fn currency(code: &str) -> Result<(), Refusal> {
    let fits = code.len() == 3 && code.bytes().all(|byte| byte.is_ascii_uppercase());
    if fits { Ok(()) } else { Err(invalid("currency", "three capital letters of ISO 4217, such as \"USD\"")) }
}

pub(super) fn text(field: &'static str, value: &str, most: usize) -> Result<(), Refusal> {
    let fits =
        !value.trim().is_empty() && value.chars().count() <= most && !value.chars().any(char::is_control);
    if fits { Ok(()) } else { Err(invalid(field, format!("1 to {most} characters of text"))) }
}

pub(super) fn within(
    limit: &'static str,
    have: usize,
    most: usize,
    advice: &'static str,
) -> Result<(), Refusal> {
    if have < most {
        return Ok(());
    }
    Err(Refusal::LimitReached { limit, max: u64::try_from(most).unwrap_or(u64::MAX), advice })
}
