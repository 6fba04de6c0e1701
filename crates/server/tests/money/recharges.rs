//! Automatic purchases (R10, T9, T11): no card is charged twice, no charge is lost, and a dead card is left in peace.

use crate::{
    peer::{Card, Fault, Peer},
    shop::{Shop, ask, credits, start},
};
use coulomb_server::payments::cashier::Wanted;
use ledger::{Duration, command::Command, refusal::Refusal};
use std::sync::Arc;
use store::{
    Store,
    faulty::{Failure, Faulty},
    postgres::{Options, Postgres},
    sqlite::Sqlite,
};
use tempfile::TempDir;
use xtask::postgres::fresh_database;

/// Acme is subscribed, has a card, and wants 20,000 credits whenever it has less than 10,000.
async fn ready(peer: &Peer, shop: &Shop) {
    shop.opens().await;
    shop.subscribes(peer).await;
    shop.hears(&peer.events()).await;
    let settings = Command::SetAutoRecharge {
        enabled: true,
        threshold: Some(credits(10_000)),
        amount: Some(credits(20_000)),
        monthly_limit: Some(credits(500_000)),
    };
    shop.asks(settings).await.unwrap();
}

#[tokio::test]
async fn a_balance_that_falls_is_filled_up_once() {
    let (peer, directory) = (Peer::start().await, TempDir::new().unwrap());
    let shop = Shop::at(&peer, directory.path());
    ready(&peer, &shop).await;
    shop.uses("work", 1).await;
    shop.settles_down().await;
    assert_eq!(peer.charged(), [1_000, 2_000]);
    assert_eq!(shop.figures().await[0], "29999");
    // The webhook tells of the same purchase.
    shop.hears(&peer.events()).await;
    shop.hears(&peer.events()).await;
    assert_eq!(shop.figures().await[0], "29999");
    assert!(shop.balance().await.auto_recharge.in_flight.is_none());
    shop.is_sound();
}

#[tokio::test]
async fn a_crash_at_any_point_around_a_charge_neither_charges_twice_nor_loses_it() {
    let mut crashes = 0;
    for number in 1.. {
        let mut met = false;
        for failure in [Failure::BeforeCommit(number), Failure::AfterCommit(number)] {
            let (peer, directory) = (Peer::start().await, TempDir::new().unwrap());
            let shop = Shop::at(&peer, directory.path());
            ready(&peer, &shop).await;
            shop.close().await;

            let store = Arc::new(Faulty::new(Sqlite::open(directory.path()).unwrap(), [failure]));
            let shop = Shop::open(&peer, Arc::clone(&store) as Arc<dyn Store>);
            let charge = Command::Charge {
                run: "work".parse().unwrap(),
                kind: "background".parse().unwrap(),
                used: credits(1),
                member: None,
                metadata: None,
            };
            let _ = shop.asks(charge.clone()).await;
            let _ = shop.cashier.settle_down(&shop.acme).await;
            met |= store.commits() >= number;
            shop.close().await;
            drop(store);

            let shop = Shop::at(&peer, directory.path());
            // Whoever got no answer asks again.
            shop.asks(charge).await.unwrap();
            shop.tries_again().await;
            assert_eq!(peer.charged(), [1_000, 2_000], "{failure:?}: charged once");
            assert_eq!(shop.figures().await[0], "29999", "{failure:?}: and granted once");
            shop.hears(&peer.events()).await;
            assert_eq!(shop.figures().await[0], "29999", "{failure:?}");
            shop.is_sound();
            shop.close().await;
            crashes += 1;
        }
        if !met {
            break;
        }
    }
    assert!(crashes > 8, "only {crashes}");
}

#[tokio::test]
async fn a_provider_that_is_away_stops_no_work_and_charges_once_when_it_is_back() {
    for fault in [Fault::Refuse(500), Fault::Refuse(429), Fault::LoseAnswer] {
        let (peer, directory) = (Peer::start().await, TempDir::new().unwrap());
        let shop = Shop::at(&peer, directory.path());
        ready(&peer, &shop).await;
        peer.fail("POST /v1/payment_intents", fault);
        shop.uses("work", 1).await;
        shop.settles_down().await;
        shop.start("goes-on", 500).await.unwrap();
        assert!(shop.balance().await.auto_recharge.in_flight.is_some(), "{fault:?}");
        shop.tries_again().await;
        assert_eq!(peer.charged(), [1_000, 2_000], "{fault:?}");
        assert_eq!(shop.figures().await[0], "29499", "{fault:?}");
        shop.is_sound();
    }
}

#[tokio::test]
async fn a_card_that_needs_action_grants_nothing_and_people_are_told_why() {
    for card in [Card::WantsCardholder, Card::Waits] {
        let (peer, directory) = (Peer::start().await, TempDir::new().unwrap());
        let shop = Shop::at(&peer, directory.path());
        ready(&peer, &shop).await;
        let customer = peer.newest("customer")["id"].as_str().unwrap().to_owned();
        let method = peer.attach(&customer, card);
        peer.make_default(&customer, &method);
        shop.uses("work", 1).await;
        shop.settles_down().await;
        assert_eq!((peer.charged(), shop.figures().await[0].as_str()), (vec![1_000], "9999"), "{card:?}");
        let reason = shop.engine.view(shop.acme.clone(), |view| {
            view.account.core().recharge.last_decline.as_ref().map(|decline| decline.reason.clone())
        });
        let reason = reason.await.unwrap().unwrap();
        assert!(reason.starts_with("requires_action"), "{reason}");
    }
}

/// akash-network/console#3760: 950 declines in a day.
#[tokio::test]
async fn a_dead_card_is_tried_three_times_in_thirty_days_of_work() {
    let (peer, directory) = (Peer::start().await, TempDir::new().unwrap());
    let shop = Shop::at(&peer, directory.path());
    ready(&peer, &shop).await;
    let customer = peer.newest("customer")["id"].as_str().unwrap().to_owned();
    let card = peer.attach(&customer, Card::Declines("card_declined"));
    peer.make_default(&customer, &card);
    let asked = peer.asked("POST /v1/payment_intents");
    let begin = shop.balance().await.as_of;
    // As long as the month is paid for, whatever that costs.
    for hour in 0..24 * 30 {
        let to = begin.after(Duration::hours(hour));
        shop.asks(Command::SetTestClock { to }).await.unwrap();
        for minute in 0..5 {
            shop.uses(&format!("work-{hour}-{minute}"), 1).await;
            let _ = shop.start(&format!("start-{hour}-{minute}"), 1_000_000).await;
        }
        shop.settles_down().await;
    }
    assert_eq!(peer.asked("POST /v1/payment_intents") - asked, 3);
    assert_eq!(peer.charged(), [1_000]);
    assert!(shop.balance().await.auto_recharge.suspended);
}

#[tokio::test]
async fn a_start_waits_for_the_purchase_that_lets_it_in() {
    let (peer, directory) = (Peer::start().await, TempDir::new().unwrap());
    let shop = Shop::at(&peer, directory.path());
    ready(&peer, &shop).await;
    // More than there is, so only its refusal would ask for a purchase.
    let big = start("nightly", 25_000);
    let refused = shop.engine.preview(shop.acme.clone(), ask(big.clone())).await;
    assert!(matches!(refused, Err(coulomb_server::engine::EngineError::Refused(Refusal::Start(_)))));
    let jobs = tokio::spawn(shop.cashier.clone().run());
    let patience = std::time::Duration::from_secs(60);
    shop.cashier.wait_for_recharge(&shop.acme, &ask(big.clone()), patience).await.unwrap();
    shop.asks(big).await.unwrap();
    assert_eq!(peer.charged(), [1_000, 2_000]);
    jobs.abort();
}

#[tokio::test]
async fn a_start_that_no_purchase_can_help_does_not_wait() {
    let (peer, directory) = (Peer::start().await, TempDir::new().unwrap());
    let shop = Shop::at(&peer, directory.path());
    shop.opens().await;
    shop.buys(&peer, Wanted::Pack("small".into()), Card::Pays).await;
    let forever = std::time::Duration::from_secs(3_600);
    shop.cashier.wait_for_recharge(&shop.acme, &ask(start("r1", 1)), forever).await.unwrap();
}

#[tokio::test]
async fn two_servers_on_one_database_buy_once() {
    let peer = Peer::start().await;
    let database = fresh_database();
    let open = async || {
        let options = Options::new(&database.url);
        let store = tokio::task::spawn_blocking(|| Postgres::open(options)).await.unwrap().unwrap();
        Shop::open(&peer, Arc::new(store))
    };
    let (one, other) = (open().await, open().await);
    ready(&peer, &one).await;
    let jobs = [&one, &other].map(|shop| tokio::spawn(shop.cashier.clone().run()));
    for round in 1..=5 {
        let mut watch = other.engine.changes().watch(&other.acme);
        let (shop, beside) = if round % 2 == 0 { (&one, &other) } else { (&other, &one) };
        let available = shop.balance().await.available;
        let used = available.minus(credits(9_999)).micros() / 1_000_000;
        let work = format!("work-{round}");
        tokio::join!(shop.uses(&work, used), beside.settles_down());
        let bought = async {
            while shop.balance().await.auto_recharge.in_flight.is_some() {
                let tick = std::time::Duration::from_millis(20);
                let _ = tokio::time::timeout(tick, watch.changed()).await;
            }
        };
        tokio::time::timeout(std::time::Duration::from_secs(30), bought).await.expect("it is bought");
        assert_eq!(peer.charged().len(), 1 + round, "round {round}");
        assert_eq!(one.figures().await[0], "29999", "round {round}");
        assert_eq!(one.figures().await, other.figures().await, "round {round}");
    }
    jobs.iter().for_each(tokio::task::JoinHandle::abort);
    one.is_sound();
}
