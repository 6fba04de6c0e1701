//! Whatever order a story's events arrive in, and however often, the ledger ends up the same (R8.6, TRUST T7).

use crate::{
    peer::{Card, sign},
    world::{World, plans},
};
use axum::{Router, body::Bytes, http::HeaderMap, routing::post};
use coulomb_server::{clock, payments::fact::Fact};
use ledger::{
    Account, Timestamp,
    command::{Command, Request},
    event::Actor,
    subscription::Cadence,
};
use std::sync::{Arc, Mutex};

/// What counts in the end.
fn end_state(world: &World, told: &[&Vec<Fact>], now: Timestamp) -> String {
    let (policy, mut account) = (plans(), Account::new(world.acme.clone()));
    let opening = Command::NameOrganization { name: "Acme".into() };
    account.execute(&policy, &Request::new(opening, Actor::default(), None), now).result.unwrap();
    for (place, fact) in told.iter().flat_map(|facts| facts.iter()).enumerate() {
        let request = fact.request("stripe", &format!("telling.{place}"));
        let answer = account.execute(&policy, &request, now);
        assert!(answer.result.is_ok(), "{fact:?}: {answer:?}");
    }
    ledger::invariant::check(&account).unwrap();
    let payments: Vec<String> = account.payments().map(|payment| format!("{}", payment.id)).collect();
    let parts: Vec<String> = {
        let mut parts: Vec<String> = account
            .grants()
            .iter()
            .map(|grant| {
                format!(
                    "{:?}: {} {} {} {}",
                    grant.payment, grant.amount, grant.free, grant.revoked, grant.frozen
                )
            })
            .collect();
        parts.sort();
        parts
    };
    let debts = account.debt_total();
    format!("{} {debts} {payments:?} {parts:?} {:?}", account.available(now), account.core().subscription)
}

/// Every order of so many things.
fn orders(of: usize) -> Vec<Vec<usize>> {
    let Some(last) = of.checked_sub(1) else { return vec![vec![]] };
    let mut all = Vec::new();
    for shorter in orders(last) {
        for place in 0..of {
            let mut order = shorter.clone();
            order.insert(place, last);
            all.push(order);
        }
    }
    all
}

#[tokio::test]
async fn every_order_of_seven_events_leads_to_the_same_account() {
    let world = World::new().await;
    world.subscribes("team", Cadence::Monthly).await;
    let payment = world.buys(10_000, 1_000, Card::Pays).await;
    let refund = world.peer.refund(&payment, 300);
    world.peer.fail_refund(&refund);
    world.peer.refund(&payment, 200);
    let dispute = world.peer.dispute(&payment, 500, "needs_response");
    world.peer.set_dispute(&dispute, "lost");
    let mut told = Vec::new();
    for event in world.peer.news() {
        let facts = world.hears(&[event]).await;
        if !facts.is_empty() && !facts.iter().any(|fact| matches!(fact, Fact::PaymentMethod { .. })) {
            told.push(facts);
        }
    }
    told.dedup();
    assert!(told.len() >= 7, "{told:#?}");
    // The first of them, and the last six.
    told.drain(1..told.len() - 6);
    let now = clock::now();
    let straight: Vec<&Vec<Fact>> = told.iter().collect();
    let wanted = end_state(&world, &straight, now);
    for order in orders(told.len()) {
        let mut shuffled: Vec<&Vec<Fact>> = order.iter().map(|place| &told[*place]).collect();
        // And one of them again.
        shuffled.push(shuffled[0]);
        assert_eq!(end_state(&world, &shuffled, now), wanted, "in the order {order:?}");
    }
}

#[tokio::test]
async fn what_the_peer_delivers_is_what_arrives() {
    let heard: Arc<Mutex<Vec<String>>> = Arc::default();
    let keep = Arc::clone(&heard);
    let listen = |headers: HeaderMap, body: Bytes| async move {
        let body = String::from_utf8(body.to_vec()).unwrap();
        let header = headers["stripe-signature"].to_str().unwrap();
        let at = header.split(['=', ',']).nth(1).unwrap().parse().unwrap();
        assert_eq!(header, sign(at, &body));
        keep.lock()
            .unwrap()
            .push(serde_json::from_str::<serde_json::Value>(&body).unwrap()["id"].to_string());
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/hook", listener.local_addr().unwrap());
    let service = Router::new().route("/hook", post(listen));
    tokio::spawn(async move { axum::serve(listener, service).await });

    let world = World::new().await;
    world.buys(10_000, 1_000, Card::Pays).await;
    let mut events = world.peer.news();
    events.reverse();
    events.push(events[0].clone());
    assert_eq!(world.peer.deliver(&url, &events).await, vec![200; events.len()]);
    let sent: Vec<String> = events.iter().map(|event| event["id"].to_string()).collect();
    assert_eq!(*heard.lock().unwrap(), sent);
}
