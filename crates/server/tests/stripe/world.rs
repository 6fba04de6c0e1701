//! An organization that sells through the peer: what tests do, and what they look at.

use crate::peer::{Card, Peer, SECRET_KEY, WEBHOOK_SECRET, sign};
use coulomb_server::{
    clock,
    memos::Memos,
    payments::{
        Bought, ProviderError, Purchase, Recharge,
        fact::{Fact, Told},
        stripe::{Secret, Settings, Stripe},
    },
};
use ledger::{
    Credits, Duration, Policy,
    id::{OrganizationId, PlanKey},
    policy::Plan,
    subscription::Cadence,
};
use serde_json::Value;
use std::{collections::BTreeMap, sync::Arc};
use store::sqlite::Sqlite;
use tempfile::TempDir;

pub struct World {
    pub peer: Peer,
    pub stripe: Stripe,
    pub memos: Memos,
    pub acme: OrganizationId,
    /// Where it remembers things; it goes with the world.
    pub _directory: TempDir,
}

pub fn credits(whole: i64) -> Credits {
    Credits::whole(whole).unwrap()
}

pub fn plan(key: &str) -> PlanKey {
    key.parse().unwrap()
}

/// Two plans: starter (10,000 credits for 10.00) and team (50,000 for 49.00), a year for ten months.
pub fn plans() -> Policy {
    let sold = |label: &str, tier, allowance, price: i64| Plan {
        label: label.into(),
        tier,
        monthly_allowance: credits(allowance),
        monthly_price: price,
        annual_price: price * 10,
        currency: "USD".into(),
    };
    let plans = BTreeMap::from([
        (plan("starter"), sold("Starter", 1, 10_000, 1_000)),
        (plan("team"), sold("Team", 2, 50_000, 4_900)),
    ]);
    Policy { plans, ..Policy::default() }
}

pub fn settings(base_url: &str) -> Settings {
    Settings {
        secret_key: Secret::new(SECRET_KEY),
        webhook_secrets: vec![Secret::new(WEBHOOK_SECRET)],
        base_url: base_url.into(),
        timeout: std::time::Duration::from_secs(20),
        tolerance: Duration::seconds(300).unwrap(),
        prices: BTreeMap::new(),
    }
}

impl World {
    pub async fn new() -> World {
        let directory = TempDir::new().unwrap();
        let memos = Memos::new(Arc::new(Sqlite::open(directory.path()).unwrap()));
        let peer = Peer::start().await;
        let stripe = Stripe::new(settings(&peer.url), Arc::new(plans()), memos.clone()).unwrap();
        World { peer, stripe, memos, acme: "acme".parse().unwrap(), _directory: directory }
    }

    /// Another server of the same organization, which waits only so long for an answer.
    pub fn impatient(&self, timeout: std::time::Duration) -> Stripe {
        let settings = Settings { timeout, ..settings(&self.peer.url) };
        Stripe::new(settings, Arc::new(plans()), self.memos.clone()).unwrap()
    }

    /// Buys credits on a Checkout page, paid with this card, and gives the id of the payment.
    pub async fn buys(&self, whole: i64, price: i64, card: Card) -> String {
        let bought = Bought::Credits(credits(whole));
        let url = self.stripe.checkout(&self.acme, &purchase(bought, price), "https://host.example").await;
        self.peer.pay(&url.unwrap(), card);
        self.peer.newest("payment_intent")["id"].as_str().unwrap().into()
    }

    /// Subscribes on a Checkout page and gives the id of the subscription.
    pub async fn subscribes(&self, key: &str, cadence: Cadence) -> String {
        let allowance = plans().plans[key].allowance(cadence).unwrap();
        let bought = Bought::Plan { plan: plan(key), cadence, allowance };
        let url = self.stripe.checkout(&self.acme, &purchase(bought, 0), "https://host.example").await;
        assert!(self.peer.pay(&url.unwrap(), Card::Pays));
        self.peer.newest("subscription")["id"].as_str().unwrap().into()
    }

    /// The organization's customer.
    pub fn customer(&self) -> String {
        self.peer.newest("customer")["id"].as_str().unwrap().into()
    }

    /// What events say, as they come in over the webhook.
    pub async fn hears(&self, events: &[Value]) -> Vec<Fact> {
        let mut facts = Vec::new();
        for event in events {
            let body = event.to_string();
            let now = clock::now();
            let header = sign(now.micros() / 1_000_000, &body);
            let received = self.stripe.receive(now, Some(&header), body.as_bytes()).unwrap();
            let told = self.stripe.translate(received.organization.as_ref(), &received.event).await.unwrap();
            facts.extend(ours(&self.acme, told));
        }
        facts
    }

    /// What the events say that nobody has heard of yet.
    pub async fn news(&self) -> Vec<Fact> {
        self.hears(&self.peer.news()).await
    }
}

/// The facts, all of which are this organization's.
pub fn ours(organization: &OrganizationId, told: Vec<Told>) -> Vec<Fact> {
    told.into_iter()
        .map(|told| {
            assert_eq!(told.organization, *organization);
            told.fact
        })
        .collect()
}

pub fn purchase(bought: Bought, price: i64) -> Purchase {
    Purchase { bought, price, currency: "USD".into(), label: "Credits".into() }
}

/// An automatic purchase of 20,000 credits for 20.00.
pub fn recharge(id: &str, again: bool) -> Recharge {
    Recharge {
        id: id.parse().unwrap(),
        credits: credits(20_000),
        price: 2_000,
        currency: "USD".into(),
        requested_at: clock::now(),
        again,
    }
}

/// Payments among facts.
pub fn payments(facts: &[Fact]) -> Vec<&Fact> {
    facts.iter().filter(|fact| matches!(fact, Fact::Payment { .. })).collect()
}

pub fn is_unavailable<T>(answer: &Result<T, ProviderError>) -> bool {
    matches!(answer, Err(ProviderError::Unavailable(_)))
}

/// What was refused, in words.
pub fn refusal<T: std::fmt::Debug>(answer: Result<T, ProviderError>) -> String {
    match answer {
        Err(ProviderError::Refused(why)) => why,
        other => panic!("{other:?} is no refusal"),
    }
}
