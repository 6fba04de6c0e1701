//! What the server says about itself: log messages on standard error, and figures for Prometheus. Nothing here decides
//! anything, and nothing here listens: `/metrics` is served with the rest of HTTP.

use crate::config::{Log, LogFormat};
use metrics_exporter_prometheus::{BuildError, PrometheusBuilder, PrometheusHandle};
use std::{io::IsTerminal, time::Duration};
use tracing_subscriber::EnvFilter;

/// How often figures that are still in hand are folded together.
const UPKEEP: Duration = Duration::from_secs(5);

/// Seconds, from what a read in memory takes to what a caller waits for at most.
const SECONDS: [f64; 16] =
    [0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0];

/// Sends log messages to standard error. The first call counts; the configuration has checked the level.
pub fn log(log: &Log) {
    let filter = EnvFilter::try_new(&log.level).unwrap_or_default();
    // The pool complains of each connection that ends, also of those that we end; what matters reaches us as an error.
    let quiet = "deadpool.postgres=off".parse();
    let filter = quiet.into_iter().fold(filter, |filter: EnvFilter, quiet| filter.add_directive(quiet));
    let plain = match log.format {
        LogFormat::Plain => true,
        LogFormat::Json => false,
        LogFormat::Auto => std::io::stderr().is_terminal(),
    };
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    // A second subscriber is refused; whoever came first keeps the messages.
    let _ = if plain {
        lines.with_ansi(std::io::stderr().is_terminal()).with_target(false).try_init()
    } else {
        lines.json().flatten_event(true).try_init()
    };
}

/// Collects every figure of this process, once. The handle renders them.
pub fn metrics() -> Result<PrometheusHandle, BuildError> {
    PrometheusBuilder::new().set_buckets(&SECONDS)?.install_recorder()
}

/// Folds figures together for as long as the process lives; without it histograms grow.
pub async fn upkeep(metrics: PrometheusHandle) {
    let mut tick = tokio::time::interval(UPKEEP);
    loop {
        tick.tick().await;
        metrics.run_upkeep();
    }
}
