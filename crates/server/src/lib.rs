//! The engine around the rules, and everything that reaches it: HTTP, jobs, configuration, the command line.

pub mod clock;
pub mod config;
pub mod engine;
pub mod export;
pub mod jobs;
pub mod telemetry;
pub mod words;
pub mod auth;
pub mod error;
pub mod http;
