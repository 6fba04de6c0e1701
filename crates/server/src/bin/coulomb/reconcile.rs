//! `coulomb reconcile`: the provider compared with the ledger, beside a server or without one.
#![allow(clippy::print_stdout, reason = "the result is what the command is for")]

use crate::{
    Failure, runtime,
    settings::{Settings, beside, open},
    staff::Staff,
};
use clap::Args;
use coulomb_server::{
    clock,
    config::Config,
    memos::Memos,
    payments::{
        provider::Provider,
        reconcile::{self, Found},
    },
};
use ledger::Duration;
use std::{process::ExitCode, sync::Arc};
use store::{Fault, Store, memo::Change};

const AFTER: &str = "\
It asks the payment provider for its payments, refunds, disputes and subscriptions, and compares them with the ledger. What
the ledger was never told is told now: a running server works it off within a second, and without one it is done at once.
What contradicts the ledger, what was given up, and purchases without an outcome are listed for a person.

It exits with 0 where nothing is left for a person, and with 1 otherwise: let your monitoring run it. Servers do the same by
themselves (provider.reconcile_every).

Examples:
  coulomb reconcile --config /etc/coulomb.toml
  coulomb reconcile --config /etc/coulomb.toml --days 90";

/// Compare the payment provider with the ledger, heal what is safe, list the rest
#[derive(Args)]
#[command(after_help = AFTER)]
pub struct Reconcile {
    #[command(flatten)]
    settings: Settings,

    /// How far back [default: provider.reconcile_window, 35 days]
    #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(u16).range(1..=3_650))]
    days: Option<u16>,
}

impl Reconcile {
    /// Compares.
    pub fn run(self) -> Result<ExitCode, Failure> {
        let config = self.settings.load()?.complete()?;
        let window = self.days.map_or(config.provider.reconcile_window, |days| Duration::days(days.into()));
        let since = clock::now().before(window);
        let found = match open(&config.data) {
            Ok(store) => runtime(1)?.block_on(alone(&config, store, since))?,
            // A server has the directory.
            Err(Fault::Locked(_)) => {
                let store = beside(&config.data)?;
                runtime(1)?.block_on(with_a_server(&config, store, since))?
            }
            Err(fault) => return Err(fault.into()),
        };
        println!(
            "{} facts of {} organizations were compared with the ledger.",
            found.compared, found.organizations
        );
        for (organization, facts) in &found.healed {
            println!("{organization}: {} the ledger did not know, told now", facts.len());
        }
        for open in &found.open {
            println!("{open}");
        }
        Ok(match found.open.len() {
            0 => {
                println!("Nothing is left for a person.");
                ExitCode::SUCCESS
            }
            _ => {
                println!("Somebody has to look at {}.", found.open.len());
                ExitCode::FAILURE
            }
        })
    }
}

/// Nobody else has the store, or everybody may have it.
async fn alone(config: &Config, store: Arc<dyn Store>, since: ledger::Timestamp) -> Result<Found, Failure> {
    let url = config.server.public_url.clone().unwrap_or_else(|| format!("http://{}", config.server.listen));
    let Staff { engine, cashier, .. } = Staff::new(config, store, &url)?;
    let found = cashier.reconcile(since).await;
    engine.shut_down().await?;
    Ok(found?)
}

/// What the ledger is to be told is put into the inbox of the server.
async fn with_a_server(
    config: &Config,
    store: Arc<dyn Store>,
    since: ledger::Timestamp,
) -> Result<Found, Failure> {
    let url = config.server.public_url.clone().unwrap_or_else(|| format!("http://{}", config.server.listen));
    let provider = Provider::open(config, &store, &url)?;
    let mut found = reconcile::compare(&provider, &store, since).await?;
    let memos = Memos::new(Arc::clone(&store));
    for (organization, facts) in &found.healed {
        let message = reconcile::healing(clock::now(), facts.clone());
        memos.keep(organization, vec![Change::Write(message)]).await?;
    }
    found.open.extend(reconcile::waiting(&store, clock::now()).await?);
    Ok(found)
}
