//! `coulomb verify`: R13 on the whole store, beside the server or on a restored backup.
#![allow(clippy::print_stdout, reason = "the result is what the command is for")]

use crate::{
    Failure,
    settings::{Settings, beside},
};
use clap::Args;
use coulomb_server::config::Config;
use std::process::ExitCode;

const AFTER: &str = "\
It replays every event, checks the chain of hashes, and compares the result with the tables. It prints what it looked at,
then the first violation, and exits with 1; without one it exits with 0. A server may be running beside it, and a restored
backup is verified the same way. Give it the configuration that the server has.

Examples:
  coulomb verify --data /var/lib/coulomb
  coulomb verify --database postgres://coulomb@db/coulomb";

/// Check that every stored balance follows from its events, and that no event was changed
#[derive(Args)]
#[command(after_help = AFTER)]
pub struct Verify {
    #[command(flatten)]
    settings: Settings,
}

impl Verify {
    /// Checks.
    pub fn run(self) -> Result<ExitCode, Failure> {
        verify(&self.settings.load()?)
    }
}

/// Checks the store of a configuration, and prints what was found.
pub fn verify(config: &Config) -> Result<ExitCode, Failure> {
    let verified = store::verify::verify(beside(&config.data)?.as_ref(), &config.policy)?;
    let counts = verified.counts;
    for (what, count) in [
        ("organization", counts.organizations),
        ("event", counts.events),
        ("grant", counts.grants),
        ("run", counts.runs),
        ("debt", counts.debts),
        ("payment", counts.payments),
    ] {
        println!("{count:>12} {}", plural(count, what));
    }
    Ok(match verified.violation {
        None => {
            println!("All of them are as their events say.");
            ExitCode::SUCCESS
        }
        Some(violation) => {
            println!("The first violation: {violation}");
            ExitCode::FAILURE
        }
    })
}

/// So many of something.
pub fn counted(count: u64, what: &str) -> String {
    format!("{count} {}", plural(count, what))
}

fn plural(count: u64, what: &str) -> String {
    format!("{what}{}", if count == 1 { "" } else { "s" })
}
