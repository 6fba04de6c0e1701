//! Lets what is due happen on idle accounts: holds end, credits expire, entitlement ends, so that pages and exports of
//! an account that nobody touches are fresh. A hold ends at the latest 60 s after its limit.

use crate::engine::{Engine, EngineError};
use std::time::Duration;
use tokio::time::{MissedTickBehavior, interval};

/// How often it looks.
const PAUSE: Duration = Duration::from_secs(1);

/// Accounts looked at in one go, so that callers are not kept waiting behind a long sweep.
const ACCOUNTS: usize = 1_000;

/// Sweeps until the engine shuts down.
pub async fn run(engine: Engine) {
    let mut tick = interval(PAUSE);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut failing = false;
    loop {
        tick.tick().await;
        match sweep(&engine).await {
            Ok(()) => failing = false,
            Err(EngineError::ShuttingDown) => return,
            // Said once when it begins, not every second; what is due waits and loses nothing.
            Err(error) if !failing => {
                failing = true;
                tracing::warn!(%error, "idle accounts cannot be swept; it is tried again every second");
            }
            Err(_) => {}
        }
    }
}

async fn sweep(engine: &Engine) -> Result<(), EngineError> {
    loop {
        let swept = engine.sweep(ACCOUNTS).await?;
        metrics::counter!("coulomb_swept_accounts_total").increment(swept.try_into().unwrap_or(u64::MAX));
        if swept < ACCOUNTS {
            return Ok(());
        }
    }
}
