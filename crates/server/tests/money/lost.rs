//! Webhooks that never come, events that nobody can place, and debts that money clears.

use crate::{
    peer::{Card, Peer},
    shop::{HOST, Shop},
};
use coulomb_server::payments::{ProviderError, cashier::Wanted, fact::Fact, inbox, reconcile};
use ledger::{Duration, Timestamp};
use tempfile::TempDir;

fn a_day_ago() -> Timestamp {
    coulomb_server::clock::now().before(Duration::days(1))
}

#[tokio::test]
async fn what_was_paid_and_never_told_is_granted_by_reconciling_once() {
    let (peer, directory) = (Peer::start().await, TempDir::new().unwrap());
    let shop = Shop::at(&peer, directory.path());
    shop.opens().await;
    shop.subscribes(&peer).await;
    shop.buys(&peer, Wanted::Pack("small".into()), Card::Pays).await;
    let intent = peer.newest("payment_intent")["id"].as_str().unwrap().to_owned();
    peer.refund(&intent, 250);
    assert!(shop.bought().await.is_empty());

    let found = shop.cashier.reconcile(a_day_ago()).await.unwrap();
    assert!(found.missing() >= 4 && found.open.is_empty(), "{found:?}");
    assert_eq!(shop.bought().await.len(), 2);
    assert_eq!(shop.figures().await[0], "17500");
    let again = shop.cashier.reconcile(a_day_ago()).await.unwrap();
    assert_eq!((again.missing(), again.open.len()), (0, 0), "{again:?}");
    // The webhooks come after all.
    shop.hears(&peer.events()).await;
    assert_eq!(shop.figures().await[0], "17500");
    shop.is_sound();
}

#[tokio::test]
async fn what_contradicts_the_ledger_is_listed_and_not_changed() {
    let (peer, directory) = (Peer::start().await, TempDir::new().unwrap());
    let shop = Shop::at(&peer, directory.path());
    shop.opens().await;
    shop.buys(&peer, Wanted::Pack("small".into()), Card::Pays).await;
    let intent = peer.newest("payment_intent")["id"].as_str().unwrap().to_owned();
    // Somebody has told the ledger something else, and something that the provider knows nothing of.
    for (payment, paid) in [(intent.as_str(), 900), ("pi_unknown", 100)] {
        let payment = ledger::command::Command::RecordPayment {
            payment: payment.parse().unwrap(),
            purpose: ledger::payment::PaymentPurpose::TopUp,
            paid,
            currency: "USD".into(),
            credits: Some(crate::shop::credits(10)),
            expires_at: None,
            period: None,
            recharge: None,
        };
        shop.asks(payment).await.unwrap();
    }
    shop.engine.written(shop.acme.clone()).await.unwrap();
    let before = shop.figures().await;
    let found = shop.cashier.reconcile(coulomb_server::clock::now().before(Duration::days(3))).await.unwrap();
    let said: Vec<String> = found.open.iter().map(ToString::to_string).collect();
    assert_eq!(said.len(), 2, "{said:?}");
    assert!(said[0].contains(&intent) && said[0].contains("900"), "{said:?}");
    assert!(said[1].contains("pi_unknown") && said[1].contains("unknown to the provider"), "{said:?}");
    assert_eq!(shop.figures().await, before);

    // The event itself is given up, and somebody is told of that too.
    shop.hears(&peer.events()).await;
    let waiting = reconcile::waiting(&shop.store, coulomb_server::clock::now()).await.unwrap();
    assert!(waiting.iter().any(|open| open.what.contains("was given up")), "{waiting:?}");
}

#[tokio::test]
async fn an_event_that_does_not_say_whose_it_is_finds_its_organization() {
    let (peer, directory) = (Peer::start().await, TempDir::new().unwrap());
    let shop = Shop::at(&peer, directory.path());
    shop.opens().await;
    shop.buys(&peer, Wanted::Pack("small".into()), Card::Pays).await;
    let intent = peer.newest("payment_intent")["id"].as_str().unwrap().to_owned();
    shop.hears(&peer.news()).await;
    peer.dispute(&intent, 1_000, "needs_response");
    shop.hears(&peer.news()).await;
    assert_eq!(shop.figures().await[3], "10000", "frozen");
    // Somebody else's money at the same Stripe account, and a type that did not exist yesterday.
    peer.stranger_pays(700);
    let mut strange = peer.news();
    strange.push(
        serde_json::json!({ "id": "evt_new", "object": "event", "type": "moon.phase_changed", "created": 1,
        "livemode": false, "data": { "object": { "object": "moon" } } }),
    );
    shop.hears(&strange).await;
    let waiting = reconcile::waiting(&shop.store, coulomb_server::clock::now()).await.unwrap();
    assert_eq!(waiting, [], "nobody has to look at what is not about us");
}

#[tokio::test]
async fn a_debt_is_cleared_by_exactly_what_it_costs() {
    let (peer, directory) = (Peer::start().await, TempDir::new().unwrap());
    let shop = Shop::at(&peer, directory.path());
    shop.opens().await;
    let nothing = shop.cashier.checkout(&shop.acme, &Wanted::Shortfall, HOST).await;
    assert!(matches!(nothing, Err(ProviderError::Refused(_))), "{nothing:?}");
    shop.uses("work", 3_201).await;
    shop.buys(&peer, Wanted::Shortfall, Card::Pays).await;
    shop.hears(&peer.news()).await;
    // 3.21 pay for 3,210 credits; without a subscription the nine that are left are locked.
    assert_eq!(peer.charged(), [321]);
    let balance = shop.balance().await;
    let figures = [balance.debt_total(), balance.available, balance.locked].map(|amount| amount.to_string());
    assert_eq!(figures, ["0", "0", "9"]);
    shop.is_sound();
}

#[tokio::test]
async fn nobody_is_sent_where_the_operator_has_not_said() {
    let (peer, directory) = (Peer::start().await, TempDir::new().unwrap());
    let shop = Shop::at(&peer, directory.path());
    shop.opens().await;
    for url in [
        "https://evil.example",
        "https://host.example.evil.example/",
        "https://host.example@evil.example/",
        "//host.example",
        "javascript:alert(1)",
        "",
    ] {
        let sold = shop.cashier.checkout(&shop.acme, &Wanted::Pack("small".into()), url).await;
        assert!(matches!(sold, Err(ProviderError::Invalid("return_url", _))), "{url}: {sold:?}");
    }
}

#[tokio::test]
async fn an_organization_that_is_opened_late_loses_nothing() {
    let (peer, directory) = (Peer::start().await, TempDir::new().unwrap());
    let shop = Shop::at(&peer, directory.path());
    let payment = Fact::Payment {
        payment: "pi_early".parse().unwrap(),
        purpose: ledger::payment::PaymentPurpose::TopUp,
        paid: 1_000,
        currency: "USD".into(),
        credits: Some(crate::shop::credits(10_000)),
        period: None,
        recharge: None,
    };
    let now = coulomb_server::clock::now();
    let early = inbox::memo("early", now, inbox::Message::Facts { facts: vec![payment] });
    assert!(shop.cashier.keep(&shop.acme, early.clone()).await.unwrap());
    assert!(!shop.cashier.keep(&shop.acme, early).await.unwrap(), "the same again is known");
    shop.settles_down().await;
    shop.opens().await;
    shop.cashier.work_off(&shop.acme, now.after(Duration::hours(2))).await.unwrap();
    assert_eq!(shop.bought().await, ["pi_early"]);
}
