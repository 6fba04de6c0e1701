//! The whole life of a customer told through Stripe's events: in all orders, twice, with crashes in between (T6, T7, T10).

use crate::{
    peer::{Card, Peer},
    shop::{Chance, Shop},
};
use coulomb_server::payments::cashier::Wanted;
use serde_json::Value;
use std::sync::Arc;
use store::{
    Store,
    faulty::{Failure, Faulty},
    postgres::{Options, Postgres},
    sqlite::Sqlite,
};
use tempfile::TempDir;
use xtask::postgres::fresh_database;

/// Everything that happens to a customer: subscribed, topped up three times, 4.00 of 10.00 refunded, one payment disputed and
/// lost, another disputed and won, a refund that failed, an inquiry, and the subscription renewed.
async fn life(peer: &Peer) -> Vec<Value> {
    let directory = TempDir::new().unwrap();
    let shop = Shop::at(peer, directory.path());
    shop.opens().await;
    shop.subscribes(peer).await;
    let subscription = peer.newest("subscription")["id"].as_str().unwrap().to_owned();
    let mut intents = Vec::new();
    for _ in 0..3 {
        shop.buys(peer, Wanted::Pack("small".into()), Card::Pays).await;
        intents.push(peer.newest("payment_intent")["id"].as_str().unwrap().to_owned());
    }
    peer.refund(&intents[0], 400);
    let failing = peer.refund(&intents[0], 100);
    peer.fail_refund(&failing);
    let lost = peer.dispute(&intents[1], 1_000, "needs_response");
    peer.set_dispute(&lost, "lost");
    let won = peer.dispute(&intents[2], 1_000, "needs_response");
    peer.set_dispute(&won, "won");
    let inquiry = peer.dispute(&intents[2], 1_000, "warning_needs_response");
    peer.set_dispute(&inquiry, "warning_closed");
    peer.renew(&subscription);
    shop.close().await;
    peer.events()
}

/// What is left at the end: 10,000 of a month, and 10,000 more when the next begins; of three packs 6,000, nothing and
/// 10,000; less the 3,000 that were used before any of it was paid.
async fn ends_well(shop: &Shop, peer: &Peer, told: &str) {
    let paid: Vec<Value> = peer.all("invoice").into_iter().chain(peer.all("payment_intent")).collect();
    let mut paid: Vec<String> = paid
        .iter()
        .filter(|paid| paid["status"] == "paid" || !paid["metadata"]["coulomb_purpose"].is_null())
        .map(|paid| paid["id"].as_str().unwrap().to_owned())
        .collect();
    paid.sort();
    assert_eq!(shop.bought().await, paid, "{told}: each payment is granted once");
    let balance = shop.balance().await;
    assert_eq!(balance.available.to_string(), "23000", "{told}: {balance:?}");
    let next = balance.next_grant.as_ref().map(|next| next.amount.to_string());
    assert_eq!(next.as_deref(), Some("10000"), "{told}: {balance:?}");
    assert_eq!(
        (balance.debt_total().to_string(), balance.frozen.to_string()),
        ("0".into(), "0".into()),
        "{told}"
    );
}

#[tokio::test]
async fn a_life_that_is_told_in_its_order_ends_well() {
    let peer = Peer::start().await;
    let events = life(&peer).await;
    let directory = TempDir::new().unwrap();
    let shop = Shop::at(&peer, directory.path());
    shop.opens().await;
    shop.uses("before", 3_000).await;
    shop.hears(&events).await;
    ends_well(&shop, &peer, "in order").await;
    shop.is_sound();
}

/// The events that move credits, for whom the order could matter.
fn that_matter(events: &[Value]) -> (Vec<Value>, Vec<Value>) {
    let matters = |event: &&Value| {
        matches!(
            event["type"].as_str().unwrap(),
            "payment_intent.succeeded"
                | "refund.created"
                | "charge.dispute.created"
                | "charge.dispute.closed"
        )
    };
    let (first, rest): (Vec<_>, Vec<_>) = events.iter().partition(matters);
    (first.into_iter().cloned().collect(), rest.into_iter().cloned().collect())
}

#[tokio::test]
async fn every_order_of_what_is_told_ends_the_same() {
    let peer = Peer::start().await;
    let directory = TempDir::new().unwrap();
    let shop = Shop::at(&peer, directory.path());
    shop.opens().await;
    shop.buys(&peer, Wanted::Pack("small".into()), Card::Pays).await;
    let intent = peer.newest("payment_intent")["id"].as_str().unwrap().to_owned();
    peer.refund(&intent, 250);
    let dispute = peer.dispute(&intent, 500, "needs_response");
    peer.set_dispute(&dispute, "lost");
    shop.close().await;
    let (events, _) = that_matter(&peer.events());
    assert_eq!(events.len(), 4, "a payment, a refund, a dispute and its end");
    let mut ends = Vec::new();
    for order in orders(events.len()) {
        let directory = TempDir::new().unwrap();
        let shop = Shop::at(&peer, directory.path());
        shop.opens().await;
        shop.uses("before", 3_000).await;
        for place in &order {
            // Each comes twice.
            shop.hears(&[events[*place].clone(), events[*place].clone()]).await;
        }
        assert_eq!(shop.bought().await, std::slice::from_ref(&intent), "{order:?}");
        ends.push(shop.figures().await);
        shop.is_sound();
        shop.close().await;
    }
    assert_eq!(ends.len(), 24);
    // 7,500 of 10,000 are taken back and 3,000 were used: 500 are owed.
    assert!(ends.iter().all(|end| *end == ["0", "0", "0", "0", "500"]), "{ends:?}");
}

/// All orders of so many things.
fn orders(count: usize) -> Vec<Vec<usize>> {
    if count == 0 {
        return vec![Vec::new()];
    }
    let shorter = orders(count - 1);
    let with = |order: &Vec<usize>| {
        let order = order.clone();
        (0..=order.len()).map(move |place| {
            let mut longer = order.clone();
            longer.insert(place, count - 1);
            longer
        })
    };
    shorter.iter().flat_map(with).collect()
}

#[tokio::test]
async fn whatever_comes_late_twice_and_shuffled_ends_the_same_on_every_store() {
    let peer = Peer::start().await;
    let events = life(&peer).await;
    for seed in 1..=6 {
        let (directory, database) = (TempDir::new().unwrap(), fresh_database());
        let store: Arc<dyn Store> = match seed % 3 {
            0 => {
                let options = Options::new(&database.url);
                let opened = tokio::task::spawn_blocking(|| Postgres::open(options)).await;
                Arc::new(opened.unwrap().unwrap())
            }
            _ => Arc::new(Sqlite::open(directory.path()).unwrap()),
        };
        let shop = Shop::open(&peer, store);
        shop.opens().await;
        shop.uses("before", 3_000).await;
        let mut told: Vec<Value> = events.iter().chain(&events).cloned().collect();
        Chance(seed).shuffle(&mut told);
        for some in told.chunks(7) {
            shop.hears(some).await;
        }
        ends_well(&shop, &peer, &format!("seed {seed}")).await;
        shop.is_sound();
        shop.close().await;
    }
}

#[tokio::test]
async fn a_crash_at_any_step_of_taking_in_an_event_grants_once() {
    let peer = Peer::start().await;
    let directory = TempDir::new().unwrap();
    let shop = Shop::at(&peer, directory.path());
    shop.opens().await;
    shop.buys(&peer, Wanted::Pack("small".into()), Card::Pays).await;
    shop.close().await;
    let (events, _) = that_matter(&peer.events());
    let mut crashes = 0;
    for number in 1.. {
        let mut met = false;
        for failure in [Failure::BeforeCommit(number), Failure::AfterCommit(number)] {
            let directory = TempDir::new().unwrap();
            let opened = Shop::at(&peer, directory.path());
            opened.opens().await;
            opened.close().await;

            let store = Faulty::new(Sqlite::open(directory.path()).unwrap(), [failure]);
            let store = Arc::new(store);
            let shop = Shop::open(&peer, Arc::clone(&store) as Arc<dyn Store>);
            let body = events[0].to_string();
            let now = coulomb_server::clock::now();
            let header = crate::peer::sign(now.micros() / 1_000_000, &body);
            let taken = shop.cashier.receive(now, Some(&header), body.as_bytes()).await;
            let _ = shop.cashier.settle_down(&shop.acme).await;
            met |= store.commits() >= number;
            shop.close().await;
            drop(store);

            // What is not taken is sent again; what is taken is worked off by whoever comes next, when its claim is over.
            let shop = Shop::at(&peer, directory.path());
            if taken.is_err() {
                shop.hears(&events).await;
            }
            let later = coulomb_server::clock::now().after(ledger::Duration::days(1));
            shop.cashier.work_off(&shop.acme, later).await.unwrap();
            assert_eq!(shop.bought().await.len(), 1, "{failure:?}");
            assert_eq!(shop.figures().await[0], "0", "not entitled, so it is locked");
            shop.is_sound();
            shop.close().await;
            crashes += 1;
        }
        if !met {
            break;
        }
    }
    assert!(crashes > 6, "only {crashes}");
}
