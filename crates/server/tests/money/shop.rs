//! A shop: an engine on a store of its own, with the peer as its provider.

use crate::peer::{Card, Peer, SECRET_KEY, WEBHOOK_SECRET, sign};
use coulomb_server::{
    clock,
    config::Pack,
    engine::{Engine, EngineError, Limits, Receipt},
    memos::Memos,
    outbox,
    payments::{
        cashier::{Cashier, Till, Wanted},
        inbox::NOBODYS,
        price::Price,
        provider::Provider,
        recharge,
        stripe::{Secret, Settings, Stripe},
    },
};
use ledger::{
    Credits, Duration, Policy,
    command::{Command, Request},
    event::Actor,
    id::OrganizationId,
    policy::Plan,
    status::Balance,
    subscription::Cadence,
};
use serde_json::Value;
use std::{collections::BTreeMap, path::Path, sync::Arc};
use store::{Store, sqlite::Sqlite, verify::verify};

pub const HOST: &str = "https://host.example/billing";

pub struct Shop {
    pub engine: Engine,
    pub cashier: Cashier,
    pub store: Arc<dyn Store>,
    pub acme: OrganizationId,
}

pub fn credits(whole: i64) -> Credits {
    Credits::whole(whole).unwrap()
}

/// A plan of 10,000 credits for 10.00 a month, and one of 50,000 for 49.00; a year for ten months.
pub fn policy() -> Policy {
    let sold = |label: &str, tier, allowance, price: i64| Plan {
        label: label.into(),
        tier,
        monthly_allowance: credits(allowance),
        monthly_price: price,
        annual_price: price * 10,
        currency: "USD".into(),
    };
    let plans = BTreeMap::from([
        ("starter".parse().unwrap(), sold("Starter", 1, 10_000, 1_000)),
        ("team".parse().unwrap(), sold("Team", 2, 50_000, 4_900)),
    ]);
    Policy { plans, ..Policy::default() }
}

/// A pack of 10,000 credits for 10.00; single ones at 1.00 for 1,000.
pub fn till() -> Till {
    let pack = Pack {
        key: "small".into(),
        label: "10,000 credits".into(),
        credits: credits(10_000),
        price: 1_000,
        currency: "USD".into(),
    };
    Till {
        packs: vec![pack],
        price: Some(Price::default()),
        return_urls: vec!["https://host.example".into()],
        ..Till::default()
    }
}

pub fn ask(command: Command) -> Request {
    Request::new(command, Actor::default(), None)
}

impl Shop {
    /// Opens a shop on this store that sells through this peer.
    pub fn open(peer: &Peer, store: Arc<dyn Store>) -> Shop {
        let settings = Settings {
            secret_key: Secret::new(SECRET_KEY),
            webhook_secrets: vec![Secret::new(WEBHOOK_SECRET)],
            base_url: peer.url.clone(),
            timeout: std::time::Duration::from_secs(20),
            tolerance: Duration::seconds(300).unwrap(),
            prices: BTreeMap::new(),
        };
        let memos = Memos::new(Arc::clone(&store));
        let stripe = Stripe::new(settings, Arc::new(policy()), memos).unwrap();
        let outbox = outbox::of_sales(till().price);
        let engine = Engine::start_with(Arc::clone(&store), policy(), Limits::default(), outbox);
        let cashier = Cashier::new(Provider::Stripe(stripe), engine.clone(), till());
        Shop { engine, cashier, store, acme: "acme".parse().unwrap() }
    }

    /// On a directory.
    pub fn at(peer: &Peer, directory: &Path) -> Shop {
        Shop::open(peer, Arc::new(Sqlite::open(directory).unwrap()))
    }

    /// Ends it as cleanly as its store lets it.
    pub async fn close(self) {
        let _ = self.engine.shut_down().await;
    }

    pub async fn asks(&self, command: Command) -> Result<Receipt, EngineError> {
        self.engine.execute(self.acme.clone(), ask(command)).await
    }

    /// The organization is there.
    pub async fn opens(&self) {
        self.asks(Command::NameOrganization { name: "Acme".into() }).await.unwrap();
    }

    /// Work that needed no start uses so many credits.
    pub async fn uses(&self, id: &str, whole: i64) {
        let (run, kind) = (id.parse().unwrap(), "background".parse().unwrap());
        let command = Command::Charge { run, kind, used: credits(whole), member: None, metadata: None };
        self.asks(command).await.unwrap();
    }

    pub async fn start(&self, id: &str, hold: i64) -> Result<Receipt, EngineError> {
        self.asks(start(id, hold)).await
    }

    /// Somebody wants to buy this and pays with this card.
    pub async fn buys(&self, peer: &Peer, wanted: Wanted, card: Card) {
        let url = self.cashier.checkout(&self.acme, &wanted, HOST).await.unwrap();
        assert!(peer.pay(&url, card));
    }

    pub async fn subscribes(&self, peer: &Peer) {
        self.buys(peer, Wanted::Plan("starter".parse().unwrap(), Cadence::Monthly), Card::Pays).await;
    }

    /// These events come in over the webhook.
    pub async fn hears(&self, events: &[Value]) {
        for event in events {
            let body = event.to_string();
            let now = clock::now();
            let header = sign(now.micros() / 1_000_000, &body);
            self.cashier.receive(now, Some(&header), body.as_bytes()).await.unwrap();
        }
        self.settles_down().await;
    }

    /// What waits for the jobs is done.
    pub async fn settles_down(&self) {
        for organization in [&self.acme, &NOBODYS.parse().unwrap()] {
            self.cashier.settle_down(organization).await.unwrap();
        }
    }

    /// What waits to be tried again, or is another server's until its claim is over, is done.
    pub async fn tries_again(&self) {
        let by = clock::now().after(Duration::hours(2));
        self.cashier.work_off(&self.acme, by).await.unwrap();
        let memos = Memos::new(Arc::clone(&self.store));
        let waiting = memos.list(&self.acme, recharge::KIND, None, 10).await.unwrap();
        self.cashier.work_recharges(self.acme.clone(), waiting).await;
        self.settles_down().await;
    }

    pub async fn balance(&self) -> Balance {
        let read = |view: coulomb_server::engine::View<'_>| {
            view.account.balance(view.policy, view.now, &Actor::default())
        };
        self.engine.view(self.acme.clone(), read).await.unwrap()
    }

    /// What a person would call the state of the account: available, purchased, included, frozen, owed.
    pub async fn figures(&self) -> [String; 5] {
        let balance = self.balance().await;
        let Balance { available, purchased, included, frozen, .. } = &balance;
        [*available, *purchased, *included, *frozen, balance.debt_total()].map(|amount| amount.to_string())
    }

    /// Grants that money has bought, by their payments.
    pub async fn bought(&self) -> Vec<String> {
        self.engine.written(self.acme.clone()).await.unwrap();
        let grants = self.store.grants(&self.acme, None, 500).unwrap().rows;
        let mut bought: Vec<String> =
            grants.iter().filter_map(|grant| Some(grant.payment.as_ref()?.to_string())).collect();
        bought.sort();
        bought
    }

    /// R13 holds for everything that is stored.
    pub fn is_sound(&self) {
        let verified = verify(&*self.store, &policy()).unwrap();
        assert!(verified.violation.is_none(), "{:?}", verified.violation);
    }
}

pub fn start(id: &str, hold: i64) -> Command {
    Command::Start {
        run: id.parse().unwrap(),
        kind: "tool_run".parse().unwrap(),
        hold: Some(credits(hold)),
        task: None,
        member: None,
        hold_lifetime: None,
        metadata: None,
    }
}

/// Numbers that look random and are the same for the same seed.
pub struct Chance(pub u64);

impl Chance {
    pub fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % bound
    }

    pub fn shuffle<T>(&mut self, things: &mut [T]) {
        for place in (1..things.len()).rev() {
            things.swap(place, self.below(place + 1));
        }
    }
}
