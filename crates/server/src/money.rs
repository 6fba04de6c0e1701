//! How pages say money, and read what people type. Integers all the way.

/// Currencies without minor units, and those with a thousand of them; all others have a hundred.
const WHOLE: &[&str] = &[
    "BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "VND", "VUV", "XAF", "XOF",
    "XPF",
];
const THOUSANDTHS: &[&str] = &["BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"];

/// Digits after the point.
fn digits(currency: &str) -> usize {
    match currency {
        _ if WHOLE.contains(&currency) => 0,
        _ if THOUSANDTHS.contains(&currency) => 3,
        _ => 2,
    }
}

/// "$1,250.00", "CHF 12.50".
pub fn money(amount: i64, currency: &str) -> String {
    let symbol = match currency {
        "USD" => "$".into(),
        "EUR" => "€".into(),
        "GBP" => "£".into(),
        other => format!("{other} "),
    };
    let minus = if amount < 0 { "−" } else { "" };
    format!("{minus}{symbol}{}", plain(amount, currency, true))
}

/// "1250.00": as it is typed.
pub fn typed(amount: i64, currency: &str) -> String {
    plain(amount, currency, false)
}

fn plain(amount: i64, currency: &str, grouped: bool) -> String {
    let digits = digits(currency);
    let text = format!("{:0>width$}", amount.unsigned_abs(), width = digits.saturating_add(1));
    let (whole, minor) = text.split_at(text.len().saturating_sub(digits));
    let mut said = String::with_capacity(text.len().saturating_mul(2));
    for (place, digit) in whole.chars().enumerate() {
        let left = whole.len().saturating_sub(place);
        if grouped && place > 0 && left.checked_rem(3) == Some(0) {
            said.push(',');
        }
        said.push(digit);
    }
    if digits > 0 {
        said.push('.');
        said.push_str(minor);
    }
    said
}

/// What somebody typed, in minor units; none: it is no amount of this currency.
pub fn parse(text: &str, currency: &str) -> Option<i64> {
    let digits = digits(currency);
    let (whole, minor) = text.split_once('.').unwrap_or((text, ""));
    let are_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || minor.len() > digits || !are_digits(whole) || !are_digits(minor) {
        return None;
    }
    format!("{whole}{minor:0<digits$}").parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_has_its_currency_and_as_many_digits_as_that_has() {
        for (amount, currency, said, typed_so) in [
            (0, "USD", "$0.00", "0.00"),
            (5, "USD", "$0.05", "0.05"),
            (123_456_789, "EUR", "€1,234,567.89", "1234567.89"),
            (1_000, "JPY", "JPY 1,000", "1000"),
            (12_345, "KWD", "KWD 12.345", "12.345"),
        ] {
            assert_eq!(money(amount, currency), said);
            assert_eq!(typed(amount, currency), typed_so);
            assert_eq!(parse(typed_so, currency), Some(amount));
        }
        assert_eq!((parse("7", "USD"), parse("7.5", "USD")), (Some(700), Some(750)));
        for wrong in ["", ".5", "-1", "1,00", "1.005", "one", "99999999999999999999"] {
            assert_eq!(parse(wrong, "USD"), None, "{wrong}");
        }
    }
}
