//! Amounts of credits as they travel: exact decimal strings, and integers where a caller finds that easier. Never a
//! fraction in floating point, because a client's number type may not hold it.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use std::{fmt, str::FromStr};

/// How many micro-credits one credit has.
const MICROS_PER_CREDIT: i64 = 1_000_000;

/// An amount of credits ≥ 0 with at most 6 decimals, in micro-credits.
///
/// Written as a decimal string (`"1200.5"`). Read from such a string or from an integer number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Amount(i64);

impl Amount {
    /// The amount of this many micro-credits, which must not be negative.
    ///
    /// # Panics
    /// Where it is: no figure of an answer is, so that is a mistake of ours.
    pub const fn from_micros(micros: i64) -> Amount {
        assert!(micros >= 0, "an amount on the wire is not negative");
        Amount(micros)
    }

    /// This amount in micro-credits.
    pub const fn micros(self) -> i64 {
        self.0
    }
}

/// An amount of credits that may be negative: one side of a posting. Written as a decimal string.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct SignedAmount(i64);

impl SignedAmount {
    /// The amount of this many micro-credits.
    pub const fn from_micros(micros: i64) -> SignedAmount {
        SignedAmount(micros)
    }
}

/// Why something is not an amount, said to whoever sent it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotAmount {
    /// Not digits with at most one point, or a number with a fraction.
    NotDecimal,
    /// Below zero.
    Negative,
    /// More than 6 decimals.
    TooFine,
    /// More than can be counted.
    TooLarge,
}

impl fmt::Display for NotAmount {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            NotAmount::NotDecimal => "an amount is a decimal string such as \"1200.5\", or an integer",
            NotAmount::Negative => "an amount is not negative",
            NotAmount::TooFine => "an amount has at most 6 decimals",
            NotAmount::TooLarge => "an amount is at most 1000000000 credits",
        })
    }
}

impl std::error::Error for NotAmount {}

impl FromStr for Amount {
    type Err = NotAmount;

    fn from_str(text: &str) -> Result<Amount, NotAmount> {
        if let Some(rest) = text.strip_prefix('-') {
            let negative = rest.parse::<Amount>().is_ok();
            return Err(if negative { NotAmount::Negative } else { NotAmount::NotDecimal });
        }
        let (whole, fraction) = match text.split_once('.') {
            Some((_, "")) => return Err(NotAmount::NotDecimal),
            Some((whole, fraction)) => (whole, fraction),
            None => (text, ""),
        };
        let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty() || !digits(whole) || !digits(fraction) {
            return Err(NotAmount::NotDecimal);
        }
        if fraction.len() > 6 {
            return Err(NotAmount::TooFine);
        }
        if whole.len() > 13 {
            return Err(NotAmount::TooLarge);
        }
        let number =
            |part: &str| part.bytes().fold(0i64, |value, digit| value * 10 + i64::from(digit - b'0'));
        let scale = 10i64.pow(6 - u32::try_from(fraction.len()).unwrap_or(6));
        let micros = number(whole).checked_mul(MICROS_PER_CREDIT);
        micros
            .and_then(|micros| micros.checked_add(number(fraction) * scale))
            .map(Amount)
            .ok_or(NotAmount::TooLarge)
    }
}

impl TryFrom<i64> for Amount {
    type Error = NotAmount;

    fn try_from(credits: i64) -> Result<Amount, NotAmount> {
        if credits < 0 {
            return Err(NotAmount::Negative);
        }
        credits.checked_mul(MICROS_PER_CREDIT).map(Amount).ok_or(NotAmount::TooLarge)
    }
}

/// The longest amount: a sign, 13 digits, a point and 6 digits.
const LONGEST: usize = 21;

/// Writes micro-credits as a decimal without trailing zeros, from the right, and says where it begins.
fn write_decimal(micros: i64, text: &mut [u8; LONGEST]) -> &str {
    let (mut whole, mut rest) = (micros.unsigned_abs() / 1_000_000, micros.unsigned_abs() % 1_000_000);
    let mut start = LONGEST;
    let mut push = |byte: u8| {
        start -= 1;
        text[start] = byte;
    };
    if rest != 0 {
        let mut decimals = 6;
        while rest % 10 == 0 {
            rest /= 10;
            decimals -= 1;
        }
        for _ in 0..decimals {
            push(b'0' + u8::try_from(rest % 10).unwrap_or(0));
            rest /= 10;
        }
        push(b'.');
    }
    loop {
        push(b'0' + u8::try_from(whole % 10).unwrap_or(0));
        whole /= 10;
        if whole == 0 {
            break;
        }
    }
    if micros < 0 {
        push(b'-');
    }
    std::str::from_utf8(&text[start..]).expect("digits are text")
}

impl fmt::Display for Amount {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(write_decimal(self.0, &mut [0; LONGEST]))
    }
}

impl fmt::Display for SignedAmount {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(write_decimal(self.0, &mut [0; LONGEST]))
    }
}

impl Serialize for Amount {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        out.serialize_str(write_decimal(self.0, &mut [0; LONGEST]))
    }
}

impl Serialize for SignedAmount {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        out.serialize_str(write_decimal(self.0, &mut [0; LONGEST]))
    }
}

impl<'de> Deserialize<'de> for Amount {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Amount, D::Error> {
        from.deserialize_any(AmountVisitor)
    }
}

struct AmountVisitor;

impl de::Visitor<'_> for AmountVisitor {
    type Value = Amount;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("an amount of credits: a decimal string such as \"1200.5\", or an integer")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Amount, E> {
        text.parse().map_err(E::custom)
    }

    fn visit_u64<E: de::Error>(self, credits: u64) -> Result<Amount, E> {
        i64::try_from(credits).map_err(|_| NotAmount::TooLarge).and_then(Amount::try_from).map_err(E::custom)
    }

    fn visit_i64<E: de::Error>(self, credits: i64) -> Result<Amount, E> {
        Amount::try_from(credits).map_err(E::custom)
    }

    /// JSON Schema's `integer` admits `5.0`, so it is read as 5; a fraction has to be sent as a string.
    fn visit_f64<E: de::Error>(self, number: f64) -> Result<Amount, E> {
        integral(number).map_or(Err(NotAmount::NotDecimal), Amount::try_from).map_err(E::custom)
    }
}

/// A number without a fraction as the integer it is, where it is small enough for a float to be exact; larger ones
/// become the largest integer, which every limit refuses.
pub(crate) fn integral(number: f64) -> Option<i64> {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    if number.fract() != 0.0 || !number.is_finite() {
        return None;
    }
    // Every integral float up to 2^53 prints as that integer, so no cast has to be trusted.
    if number.abs() <= EXACT {
        format!("{number:.0}").parse().ok()
    } else {
        Some(if number < 0.0 { i64::MIN } else { i64::MAX })
    }
}

/// An integer of JSON that may be written `5.0`: money in minor units, seconds, counts.
pub(crate) mod whole {
    use super::integral;
    use serde::{Deserializer, de};
    use std::fmt;

    struct WholeVisitor;

    impl de::Visitor<'_> for WholeVisitor {
        type Value = i64;

        fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
            out.write_str("an integer")
        }

        fn visit_i64<E: de::Error>(self, number: i64) -> Result<i64, E> {
            Ok(number)
        }

        fn visit_u64<E: de::Error>(self, number: u64) -> Result<i64, E> {
            Ok(i64::try_from(number).unwrap_or(i64::MAX))
        }

        fn visit_f64<E: de::Error>(self, number: f64) -> Result<i64, E> {
            integral(number).ok_or_else(|| E::invalid_value(de::Unexpected::Float(number), &self))
        }
    }

    /// The integer.
    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<i64, D::Error> {
        from.deserialize_any(WholeVisitor)
    }

    /// The integer as a count, where it may be missing.
    pub(crate) fn count<'de, D: Deserializer<'de>>(from: D) -> Result<Option<u32>, D::Error> {
        struct Counted;

        impl<'de> de::Visitor<'de> for Counted {
            type Value = Option<u32>;

            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("an integer from 0 to 4294967295, or null")
            }

            fn visit_none<E: de::Error>(self) -> Result<Option<u32>, E> {
                Ok(None)
            }

            fn visit_unit<E: de::Error>(self) -> Result<Option<u32>, E> {
                Ok(None)
            }

            fn visit_some<D: Deserializer<'de>>(self, from: D) -> Result<Option<u32>, D::Error> {
                let number = from.deserialize_any(WholeVisitor)?;
                let wrong = || de::Error::invalid_value(de::Unexpected::Signed(number), &self);
                u32::try_from(number).map(Some).map_err(|_| wrong())
            }
        }

        from.deserialize_option(Counted)
    }
}

#[cfg(feature = "openapi")]
mod schema {
    use super::{Amount, SignedAmount};
    use std::borrow::Cow;
    use utoipa::openapi::{ObjectBuilder, OneOfBuilder, RefOr, Schema, Type};

    impl utoipa::ToSchema for Amount {
        fn name() -> Cow<'static, str> {
            "Amount".into()
        }
    }

    impl utoipa::PartialSchema for Amount {
        fn schema() -> RefOr<Schema> {
            let text =
                ObjectBuilder::new().schema_type(Type::String).pattern(Some(r"^[0-9]{1,13}(\.[0-9]{1,6})?$"));
            let whole =
                ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(0)).maximum(Some(1_000_000_000));
            OneOfBuilder::new()
                .description(Some(
                    "An amount of credits, at most 1000000000 in a request: a decimal string with at most 6 decimals, which is \
                     how answers always write it, or an integer.",
                ))
                .item(text)
                .item(whole)
                .into()
        }
    }

    impl utoipa::ToSchema for SignedAmount {
        fn name() -> Cow<'static, str> {
            "SignedAmount".into()
        }
    }

    impl utoipa::PartialSchema for SignedAmount {
        fn schema() -> RefOr<Schema> {
            ObjectBuilder::new()
                .schema_type(Type::String)
                .pattern(Some(r"^-?[0-9]{1,13}(\.[0-9]{1,6})?$"))
                .description(Some("An amount of credits that may be negative: one side of a posting."))
                .into()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_amount_is_an_exact_decimal_or_an_integer_and_nothing_else() {
        for (json, micros, shown) in [
            ("\"0\"", 0, "0"),
            ("\"1200.5\"", 1_200_500_000, "1200.5"),
            ("\"1200.500000\"", 1_200_500_000, "1200.5"),
            ("\"0.000001\"", 1, "0.000001"),
            ("7", 7_000_000, "7"),
            ("5.0", 5_000_000, "5"),
            ("1e3", 1_000_000_000, "1000"),
            ("\"9223372036854.775807\"", i64::MAX, "9223372036854.775807"),
        ] {
            let amount: Amount = serde_json::from_str(json).expect(json);
            assert_eq!((amount.micros(), amount.to_string().as_str()), (micros, shown), "{json}");
        }
        for json in [
            "\"\"",
            "\"-1\"",
            "-1",
            "-0.5",
            "0.5",
            "\"NaN\"",
            "\"1e3\"",
            "\"1.\"",
            "\".5\"",
            "\"1.2.3\"",
            "\"0.0000001\"",
            "\" 1\"",
            "\"+1\"",
            "\"٣\"",
            "1e300",
            "99999999999999999999",
            "\"9999999999999\"",
            "\"99999999999999\"",
            "true",
            "null",
            "[]",
            "{}",
        ] {
            assert!(serde_json::from_str::<Amount>(json).is_err(), "{json}");
        }
        assert_eq!(SignedAmount::from_micros(i64::MIN).to_string(), "-9223372036854.775808");
        assert_eq!(SignedAmount::from_micros(-1_500_000).to_string(), "-1.5");
    }
}
