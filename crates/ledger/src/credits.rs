//! Credits: an exact, signed count of micro-credits (R1.1), the only number that the rules calculate with.
//!
//! Arithmetic that may not fit returns nothing, and the caller says what that means. Inside the rules, sums are known
//! to fit because the door checks every amount that enters an account against the account's lifetime totals; there
//! `plus` and `minus` assert it, so that a mistake stops instead of wrapping around.

use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// How many micro-credits one credit has.
pub const MICROS_PER_CREDIT: i64 = 1_000_000;

/// An exact amount of credits, in micro-credits (R1.1). Stored as that integer, shown as a decimal string.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Credits(i64);

impl Credits {
    /// No credits.
    pub const ZERO: Credits = Credits(0);

    /// The largest amount one command may carry: 1,000,000,000 credits (R1.1, TRUST T12).
    pub const MAX_AMOUNT: Credits = Credits(1_000_000_000 * MICROS_PER_CREDIT);

    /// The amount of this many micro-credits.
    pub const fn from_micros(micros: i64) -> Credits {
        Credits(micros)
    }

    /// The amount of this many whole credits, if it fits.
    pub const fn whole(credits: i64) -> Option<Credits> {
        match credits.checked_mul(MICROS_PER_CREDIT) {
            Some(micros) => Some(Credits(micros)),
            None => None,
        }
    }

    /// This amount in micro-credits.
    pub const fn micros(self) -> i64 {
        self.0
    }

    /// The sum, or nothing where it does not fit.
    pub const fn checked_plus(self, other: Credits) -> Option<Credits> {
        match self.0.checked_add(other.0) {
            Some(micros) => Some(Credits(micros)),
            None => None,
        }
    }

    /// The sum of two amounts that are known to fit.
    ///
    /// # Panics
    /// Where they do not: that is a broken invariant, not a refusal.
    #[must_use]
    pub const fn plus(self, other: Credits) -> Credits {
        match self.0.checked_add(other.0) {
            Some(micros) => Credits(micros),
            None => panic!("credits that were checked at the door overflow"),
        }
    }

    /// The difference of two amounts that are known to fit.
    ///
    /// # Panics
    /// Where they do not.
    #[must_use]
    pub const fn minus(self, other: Credits) -> Credits {
        match self.0.checked_sub(other.0) {
            Some(micros) => Credits(micros),
            None => panic!("credits that were checked at the door overflow"),
        }
    }

    /// The same amount on the other side of a posting.
    #[must_use]
    pub const fn negated(self) -> Credits {
        Credits::ZERO.minus(self)
    }

    /// The difference, or zero where it would be negative.
    #[must_use]
    pub fn minus_or_zero(self, other: Credits) -> Credits {
        if other.0 >= self.0 { Credits::ZERO } else { self.minus(other) }
    }

    /// Whether anything is there.
    pub const fn is_positive(self) -> bool {
        self.0 > 0
    }

    /// [`Credits::is_zero`] as serde wants to call it.
    #[allow(clippy::trivially_copy_pass_by_ref, reason = "serde hands skip_serializing_if a reference")]
    pub(crate) const fn is_zero_ref(&self) -> bool {
        self.0 == 0
    }

    /// Whether nothing is there.
    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }

    /// floor(self × part / whole), for the share of a payment that was taken back (R8.1). Both must be ≥ 0 and `part ≤ whole`.
    #[must_use]
    pub fn share(self, part: i64, whole: i64) -> Credits {
        assert!(self.0 >= 0 && 0 <= part && part <= whole, "a share is between nothing and everything");
        if part == whole {
            return self;
        }
        let product =
            i128::from(self.0).checked_mul(i128::from(part)).expect("two 64-bit numbers fit 128 bits");
        let floor = product
            .checked_div(i128::from(whole))
            .expect("the whole is larger than a part that is not negative");
        Credits(i64::try_from(floor).expect("a share is at most the amount"))
    }
}

impl std::iter::Sum for Credits {
    fn sum<I: Iterator<Item = Credits>>(amounts: I) -> Credits {
        amounts.fold(Credits::ZERO, Credits::plus)
    }
}

impl fmt::Display for Credits {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let micros = self.0.unsigned_abs();
        let per_credit = MICROS_PER_CREDIT.unsigned_abs();
        let (whole, rest) = (micros.div_euclid(per_credit), micros.rem_euclid(per_credit));
        if self.0 < 0 {
            out.write_str("-")?;
        }
        write!(out, "{whole}")?;
        if rest != 0 {
            let digits = format!("{rest:06}");
            write!(out, ".{}", digits.trim_end_matches('0'))?;
        }
        Ok(())
    }
}

/// Why a text is not an amount of credits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotCredits {
    /// Not digits with at most one point.
    #[error("an amount is decimal digits with at most one point, such as \"1200.5\"")]
    NotDecimal,
    /// More than six decimals.
    #[error("an amount has at most 6 decimals")]
    TooFine,
    /// Negative.
    #[error("an amount is not negative")]
    Negative,
    /// More than [`Credits::MAX_AMOUNT`].
    #[error("an amount is at most 1000000000 credits")]
    TooLarge,
}

/// Parses what a caller may give: ≥ 0, at most 6 decimals, at most [`Credits::MAX_AMOUNT`] (R1.1).
impl FromStr for Credits {
    type Err = NotCredits;

    fn from_str(text: &str) -> Result<Credits, NotCredits> {
        if let Some(rest) = text.strip_prefix('-') {
            // "-0" is refused too: a caller that computes signs has made a mistake somewhere.
            return Err(if rest.parse::<Credits>().is_ok() {
                NotCredits::Negative
            } else {
                NotCredits::NotDecimal
            });
        }
        let (whole, fraction) = match text.split_once('.') {
            Some((_, "")) => return Err(NotCredits::NotDecimal),
            Some((whole, fraction)) => (whole, fraction),
            None => (text, ""),
        };
        let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty() || !digits(whole) || !digits(fraction) {
            return Err(NotCredits::NotDecimal);
        }
        if fraction.len() > 6 {
            return Err(NotCredits::TooFine);
        }
        let whole: i64 = whole.parse().map_err(|_| NotCredits::TooLarge)?;
        let fraction: i64 = format!("{fraction:0<6}").parse().expect("six digits fit");
        Credits::whole(whole)
            .and_then(|amount| amount.checked_plus(Credits(fraction)))
            .filter(|amount| *amount <= Credits::MAX_AMOUNT)
            .ok_or(NotCredits::TooLarge)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shown_is_read_back_and_nothing_else_is_read() {
        for (text, micros) in
            [("0", 0), ("1200.5", 1_200_500_000), ("0.000001", 1), ("1000000000", Credits::MAX_AMOUNT.0)]
        {
            assert_eq!(text.parse(), Ok(Credits(micros)));
            assert_eq!(Credits(micros).to_string(), text);
        }
        assert_eq!(Credits(-1_500_000).to_string(), "-1.5");
        for (text, why) in [
            ("", NotCredits::NotDecimal),
            ("-1", NotCredits::Negative),
            ("+1", NotCredits::NotDecimal),
            ("1e3", NotCredits::NotDecimal),
            ("NaN", NotCredits::NotDecimal),
            ("1.", NotCredits::NotDecimal),
            (".5", NotCredits::NotDecimal),
            ("1.2.3", NotCredits::NotDecimal),
            ("٣", NotCredits::NotDecimal),
            ("0.0000001", NotCredits::TooFine),
            ("1000000000.000001", NotCredits::TooLarge),
            ("99999999999999999999", NotCredits::TooLarge),
        ] {
            assert_eq!(text.parse::<Credits>(), Err(why), "{text}");
        }
    }

    #[test]
    fn a_share_rounds_down_and_the_whole_is_whole() {
        let hundred = Credits(100_000_000);
        assert_eq!(hundred.share(1, 3), Credits(33_333_333));
        assert_eq!(hundred.share(2, 3), Credits(66_666_666));
        assert_eq!(hundred.share(3, 3), hundred);
        assert_eq!(Credits(i64::MAX).share(i64::MAX - 1, i64::MAX), Credits(i64::MAX - 1));
    }
}
