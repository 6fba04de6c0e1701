//! The HTTP interface as a stranger meets it: a real server on loopback for each real store, and
//! every test on all of them.
#![allow(missing_docs, reason = "a test says what it shows by its name")]
#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "a test that meets the unexpected stops")]

mod client;
mod document;
mod visitor;

mod access;
mod billing;
mod console;
mod conventions;
mod help;
mod members;
mod notices;
mod operator;
mod pages;
mod routes;
mod sandbox;
mod settings;
mod usage;
mod wrong;
