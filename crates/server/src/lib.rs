//! The engine around the rules, and everything that reaches it: HTTP, jobs, configuration, the command line.

pub mod clock;
pub mod engine;
pub mod config;
pub mod telemetry;
pub mod jobs;
