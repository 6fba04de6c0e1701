//! The HTTP interface as a stranger meets it: a real server on loopback, a real store in a directory of its own.
#![allow(missing_docs, reason = "a test says what it shows by its name")]
#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "a test that meets the unexpected stops")]

mod client;
mod document;

mod access;
mod conventions;
mod members;
mod routes;
mod wrong;
