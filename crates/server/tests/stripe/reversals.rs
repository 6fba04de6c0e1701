//! Refunds and disputes: each told as it stands, of the payment that the ledger knows.

use crate::{
    peer::Card,
    world::{World, recharge},
};
use coulomb_server::payments::fact::Fact;
use ledger::{payment::DisputeOutcome, subscription::Cadence};

fn refund(refund: &str, payment: &str, amount: i64) -> Fact {
    Fact::Refund { refund: refund.parse().unwrap(), payment: payment.parse().unwrap(), amount }
}

fn opened(dispute: &str, payment: &str, amount: i64) -> Fact {
    Fact::DisputeOpened { dispute: dispute.parse().unwrap(), payment: payment.parse().unwrap(), amount }
}

fn closed(dispute: &str, outcome: DisputeOutcome) -> Fact {
    Fact::DisputeClosed { dispute: dispute.parse().unwrap(), outcome }
}

#[tokio::test]
async fn a_refund_that_fails_is_a_refund_and_then_none() {
    let world = World::new().await;
    let payment = world.buys(10_000, 1_000, Card::Pays).await;
    world.news().await;
    let id = world.peer.refund(&payment, 400);
    let told = refund(&id, &payment, 400);
    assert_eq!(world.news().await, [told.clone(), told.clone()], "told by refund and by charge");
    world.peer.fail_refund(&id);
    let failed = Fact::RefundFailed { refund: id.parse().unwrap() };
    assert_eq!(world.news().await, [told.clone(), failed.clone(), told, failed]);
}

#[tokio::test]
async fn an_inquiry_is_no_fact_until_money_moves() {
    let world = World::new().await;
    let payment = world.buys(10_000, 1_000, Card::Pays).await;
    world.news().await;
    let id = world.peer.dispute(&payment, 1_000, "warning_needs_response");
    world.peer.set_dispute(&id, "warning_under_review");
    assert_eq!(world.news().await, []);
    world.peer.set_dispute(&id, "needs_response");
    assert_eq!(world.news().await, [opened(&id, &payment, 1_000)]);
    let inquiry = world.peer.dispute(&payment, 1_000, "warning_needs_response");
    world.peer.set_dispute(&inquiry, "warning_closed");
    assert_eq!(world.news().await, []);
}

#[tokio::test]
async fn a_dispute_that_ended_tells_its_whole_story_at_once() {
    for (status, outcome) in [("won", DisputeOutcome::Won), ("lost", DisputeOutcome::Lost)] {
        let world = World::new().await;
        let payment = world.buys(10_000, 1_000, Card::Pays).await;
        let id = world.peer.dispute(&payment, 1_000, "needs_response");
        world.news().await;
        world.peer.set_dispute(&id, status);
        assert_eq!(world.news().await, [opened(&id, &payment, 1_000), closed(&id, outcome)]);
    }
}

#[tokio::test]
async fn money_that_an_invoice_brought_goes_back_from_the_invoice() {
    let world = World::new().await;
    world.subscribes("starter", Cadence::Monthly).await;
    let invoice = world.peer.newest("invoice")["id"].as_str().unwrap().to_owned();
    let intent = world.peer.newest("payment_intent")["id"].as_str().unwrap().to_owned();
    world.news().await;
    let id = world.peer.refund(&intent, 1_000);
    assert_eq!(world.news().await[0], refund(&id, &invoice, 1_000));
    let id = world.peer.dispute(&intent, 1_000, "needs_response");
    assert_eq!(world.news().await, [opened(&id, &invoice, 1_000)]);
}

#[tokio::test]
async fn money_that_an_automatic_purchase_brought_goes_back_from_it() {
    let world = World::new().await;
    world.buys(1_000, 100, Card::Pays).await;
    world.stripe.charge(&world.acme, &recharge("recharge_1", false)).await.unwrap();
    let payment = world.peer.newest("payment_intent")["id"].as_str().unwrap().to_owned();
    world.news().await;
    let id = world.peer.refund(&payment, 2_000);
    assert_eq!(world.news().await[0], refund(&id, &payment, 2_000));
}

#[tokio::test]
async fn a_stranger_on_the_same_account_is_not_told_of() {
    let world = World::new().await;
    let intent = world.peer.stranger_pays(700);
    world.peer.refund(&intent, 700);
    world.peer.dispute(&intent, 700, "needs_response");
    assert_eq!(world.news().await, []);
}
