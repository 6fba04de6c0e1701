//! The engine around the rules, and everything that reaches it: HTTP, jobs, configuration, the command line.

pub mod auth;
pub mod brand;
pub mod clock;
pub mod config;
pub mod connections;
pub mod copy;
pub mod engine;
pub mod error;
pub mod export;
pub mod http;
pub mod jobs;
pub mod links;
pub mod memos;
pub mod money;
pub mod notices;
pub mod outbox;
pub mod payments;
pub mod sessions;
pub mod telemetry;
mod tls;
pub mod web;
pub mod words;
