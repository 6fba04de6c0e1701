//! The engine with everyone who has something to do because of what happens: the cashier, and whoever tells the host and
//! people. A server has them all; so has a command that decides something itself.

use crate::Failure;
use coulomb_server::{
    config::{Config, ProviderKind},
    engine::{Engine, Happened, Outbox},
    memos::Memos,
    notices::Notices,
    outbox,
    payments::{
        cashier::{Cashier, Till},
        provider::Provider,
    },
};
use std::sync::Arc;
use store::Store;

/// Who works on one store.
pub struct Staff {
    /// The one door to accounts.
    pub engine: Engine,
    /// Where money is concerned.
    pub cashier: Cashier,
    /// Who tells the host and people.
    pub notices: Notices,
}

impl Staff {
    /// As the configuration says; `public_url` is where people reach this server, without a slash at the end.
    pub fn new(config: &Config, store: Arc<dyn Store>, public_url: &str) -> Result<Staff, Failure> {
        let memos = Memos::new(Arc::clone(&store));
        let notices = Notices::new(config.webhooks.clone(), config.mail.clone(), memos, public_url)?;
        let provider = Provider::open(config, &store, public_url)?;
        let till = till(config, public_url);
        let told = notices.clone();
        let mut outboxes: Vec<Outbox> = vec![Arc::new(move |happened: &Happened<'_>| told.outbox(happened))];
        if provider.sells() {
            outboxes.push(outbox::of_sales(till.price.clone()));
        }
        let engine =
            Engine::start_with(store, config.policy.clone(), config.engine.clone(), outbox::all(outboxes));
        let cashier = Cashier::new(provider, engine.clone(), till);
        Ok(Staff { engine, cashier, notices })
    }
}

/// What is for sale, and where people may be sent back to: this server's own pages always.
fn till(config: &Config, public_url: &str) -> Till {
    let mut return_urls = config.server.return_urls.clone();
    return_urls.push(public_url.into());
    let price = match config.provider.kind {
        ProviderKind::Sandbox => Some(config.price.clone().unwrap_or_default()),
        ProviderKind::External | ProviderKind::Stripe => config.price.clone(),
    };
    Till { packs: config.packs.clone(), price, return_urls, give_up: config.provider.give_up }
}
