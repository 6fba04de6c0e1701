//! `coulomb explain`: why an organization's account is as it is, in words, read beside the server.
#![allow(clippy::print_stdout, reason = "the explanation is what the command is for")]

use crate::{
    Failure,
    settings::{Settings, beside},
};
use clap::Args;
use coulomb_server::{clock, words};
use ledger::{command::Request, event::Actor, id::OrganizationId};
use std::process::ExitCode;

const AFTER: &str = "\
Examples:
  coulomb explain acme --data /var/lib/coulomb
  coulomb explain acme --database postgres://coulomb@db/coulomb";

/// Say in words why an organization's account is as it is, and what would clear it
#[derive(Args)]
#[command(after_help = AFTER)]
pub struct Explain {
    /// The organization's id
    #[arg(value_name = "ORG")]
    organization: OrganizationId,

    #[command(flatten)]
    settings: Settings,
}

impl Explain {
    /// Says it.
    pub fn run(self) -> Result<ExitCode, Failure> {
        let config = self.settings.load()?;
        let mut account = beside(&config.data)?.load(&self.organization)?.account;
        if !account.exists() {
            let (organization, data) = (self.organization, config.data);
            return Err(format!("There is no organization {organization} in {data}.").into());
        }
        // On this copy everything that is due happens; the server does the same when it is asked next.
        let now = account.core().test_clock.unwrap_or_else(clock::now);
        let now = account.execute(&config.policy, &Request::observe(), now).at;
        let balance = account.balance(&config.policy, now, &Actor::default());
        let status = balance.status().map_or("ok", |code| code.as_str());
        println!("{} ({}): {status}, as of {}", self.organization, account.core().name, words::date(now));
        for (what, amount) in [
            ("available", balance.available),
            ("held for running work", balance.held),
            ("locked", balance.locked),
            ("frozen", balance.frozen),
            ("owed", balance.debt_total()),
        ] {
            if what == "available" || !amount.is_zero() {
                println!("  {what}: {}", words::credits(amount));
            }
        }
        let explanation = account.explain(&config.policy, now);
        if explanation.reasons.is_empty() {
            println!("\nNothing stands in the way of new work.");
        }
        for explained in &explanation.reasons {
            println!("\n{}\n  {}", explained.reason.code.as_str(), words::sentence(explained));
            for step in &explained.clears {
                println!("  - {}", words::step(step));
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}
