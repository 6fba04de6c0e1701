//! How long to wait before something is tried again: twice as long each time up to a limit, and never at the same instant
//! as everybody else.

use ledger::{Duration, Timestamp};

/// When to try again after so many failures in a row.
pub fn retry_at(now: Timestamp, failures: u32, most: Duration) -> Timestamp {
    let doubled = 1_000_000_i64.checked_shl(failures.min(40)).unwrap_or(i64::MAX).min(most.micros()).max(1);
    // Without randomness everybody comes back at once, which is worse and not wrong.
    let chance = getrandom::u32().unwrap_or(u32::MAX / 2);
    let spread = i128::from(doubled) * i128::from(chance) / i128::from(u32::MAX) / 2;
    let half = doubled / 2;
    now.after(Duration::from_micros(half.saturating_add(i64::try_from(spread).unwrap_or(half))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wait_grows_to_its_limit_and_never_is_nothing() {
        let (now, most) = (Timestamp::from_micros(0), Duration::hours(1));
        for (failures, at_most) in [(0, 1), (3, 8), (11, 2_048), (12, 3_600), (4_000_000_000, 3_600)] {
            let wait = retry_at(now, failures, most).micros();
            assert!((at_most * 500_000..=at_most * 1_000_000).contains(&wait), "{failures}: {wait}");
        }
    }
}
