//! What is asked of Stripe, judged by the types of Stripe's own library for the version that is spoken: the peer alone could
//! share our mistakes.

use crate::{
    peer::Card,
    world::{World, credits, plan, purchase, recharge},
};
use coulomb_server::{
    clock,
    payments::{Bought, PortalStep, Recharge, SubscriptionOrder, stripe::VERSION},
};
use ledger::subscription::{Cadence, ChangePreview};
use std::{
    io::Write,
    process::{Command, Stdio},
};

/// Knows the library's types and complains about whatever does not fit them.
const JUDGE: &str = include_str!("parameters.py");

fn change(key: &str, cadence: Cadence) -> SubscriptionOrder {
    SubscriptionOrder::Change(ChangePreview {
        plan: plan(key),
        cadence,
        effective_at: clock::now(),
        charge: 0,
        currency: "USD".into(),
        new_allowance: credits(1),
        preserved: credits(0),
        debt_takes: credits(0),
        next_renewal: clock::now(),
    })
}

/// A world in which everything was asked once.
async fn everything_asked() -> World {
    let world = World::new().await;
    let (stripe, acme) = (&world.stripe, &world.acme);
    let payment = world.buys(1_000, 100, Card::Pays).await;
    let subscription = world.subscribes("starter", Cadence::Monthly).await;
    for step in [PortalStep::Home, PortalStep::PaymentMethod, PortalStep::Cancel, PortalStep::Update] {
        stripe.portal(acme, step, "https://host.example").await.unwrap();
    }
    stripe.order(acme, &change("team", Cadence::Monthly)).await.unwrap();
    stripe.order(acme, &change("team", Cadence::Annual)).await.unwrap();
    stripe.order(acme, &change("starter", Cadence::Monthly)).await.unwrap();
    stripe.order(acme, &SubscriptionOrder::Withdraw).await.unwrap();
    stripe.order(acme, &SubscriptionOrder::Cancel).await.unwrap();
    stripe.order(acme, &SubscriptionOrder::Resume).await.unwrap();
    let automatic = recharge("recharge_1", false);
    stripe.charge(acme, &automatic).await.unwrap();
    stripe.charge(acme, &Recharge { again: true, ..automatic }).await.unwrap();
    world.peer.attach(&world.customer(), Card::Waits);
    stripe.charge(acme, &recharge("recharge_2", false)).await.unwrap();
    world.peer.attach(&world.customer(), Card::Declines("generic_decline"));
    world.peer.renew(&subscription);
    world.peer.refund(&payment, 10);
    world.peer.dispute(&payment, 10, "needs_response");
    stripe.invoices(acme, None, 1).await.unwrap();
    stripe.facts_of(acme).await.unwrap();
    stripe.told_since(clock::now()).await.unwrap();
    world.news().await;
    let bought = Bought::Repayment(credits(1));
    stripe.checkout(acme, &purchase(bought, 100), "https://host.example").await.unwrap();
    world
}

#[tokio::test]
async fn what_is_asked_is_what_stripes_own_library_would_ask() {
    let world = everything_asked().await;
    let python = xtask::python::tool("python");
    let mut judge = Command::new(&python)
        .args(["-c", JUDGE, VERSION])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("{}: {error}; `cargo xtask ci` installs it", python.display()));
    let calls = serde_json::to_string(&world.peer.calls()).unwrap();
    judge.stdin.take().unwrap().write_all(calls.as_bytes()).unwrap();
    let judged = judge.wait_with_output().unwrap();
    let said = String::from_utf8(judged.stdout).unwrap();
    assert!(judged.status.success(), "Stripe's library did not judge; `cargo xtask ci` installs it: {said}");
    assert_eq!(said, "", "what is asked of Stripe does not fit its library");
}
