//! The one place that reads the wall clock; everything else is handed the time.

use ledger::Timestamp;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// The current instant, UTC, in whole microseconds.
#[allow(clippy::disallowed_methods, reason = "this is the one place that reads the clock")]
pub fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_micros(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
}

/// A reading of the clock that only moves forward, to measure how long something takes.
#[allow(clippy::disallowed_methods, reason = "this is the one place that reads the clock")]
pub fn stopwatch() -> Instant {
    Instant::now()
}
