//! When something that did not work is tried again: soon, then more and more rarely, each time a little later than said so
//! that many that failed together do not come back together. And for how long a server may keep something to itself.

use ledger::{Duration, Timestamp};

/// How long to wait after the first failure, the second, and so on; the last one ever after.
const WAITS: [Duration; 9] = [
    Duration::from_micros(5_000_000),
    Duration::from_micros(300_000_000),
    Duration::from_micros(1_800_000_000),
    Duration::hours(2),
    Duration::hours(5),
    Duration::hours(10),
    Duration::hours(14),
    Duration::hours(20),
    Duration::hours(24),
];

/// A wait grows by at most this part of itself.
const JITTER: i64 = 10;

/// For how many times as long as it may take something is claimed.
const CLAIM_TIMEOUTS: u32 = 4;

/// When to try again after so many failures, the last of them now; `random` is any number.
pub fn after(failures: u32, now: Timestamp, random: u64) -> Timestamp {
    let place = usize::try_from(failures.saturating_sub(1)).unwrap_or(usize::MAX);
    let wait = WAITS[place.min(WAITS.len() - 1)].micros();
    let most = u64::try_from(wait / JITTER).unwrap_or(1).max(1);
    let extra = i64::try_from(random % most).unwrap_or(0);
    now.after(Duration::from_micros(wait.saturating_add(extra)))
}

/// As [`after`], by chance, and not after `end` where that is still ahead.
pub fn by_chance(failures: u32, now: Timestamp, end: Timestamp) -> Timestamp {
    // Without randomness nothing is wrong but that some may come together.
    let next = after(failures, now, getrandom::u64().unwrap_or(0));
    if end > now { next.min(end) } else { next }
}

/// Until when something that may take so long is claimed. After that another server takes it up, so it is several times as
/// long: clocks of servers differ, and what was done has to be remembered in that time too.
pub fn claimed_until(now: Timestamp, timeout: std::time::Duration) -> Timestamp {
    now.after(length(timeout.saturating_mul(CLAIM_TIMEOUTS)))
}

/// A length of time of the configuration as the rules count it.
pub fn length(of: std::time::Duration) -> Duration {
    Duration::from_micros(i64::try_from(of.as_micros()).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_to_a_day_and_are_never_shorter_than_said() {
        let now = Timestamp::from_micros(1_800_000_000_000_000);
        let seconds = [5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400, 86_400];
        for (failures, wait) in (1..).zip(seconds) {
            for random in [0, 7, u64::MAX] {
                let waited = after(failures, now, random).since(now).micros();
                assert!((wait * 1_000_000..=wait * 1_100_000).contains(&waited), "{failures}: {waited}");
            }
        }
    }
}
