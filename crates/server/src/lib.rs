//! The engine around the rules, and everything that reaches it: HTTP, jobs, configuration, the command line.

pub mod clock;
pub mod engine;
