//! Charging a card without a person: once, whatever goes wrong.

use crate::{
    peer::{Card, Fault},
    world::{World, credits, is_unavailable, recharge},
};
use coulomb_server::payments::{Charged, ProviderError, Recharge, fact::Fact};
use ledger::payment::PaymentPurpose;
use std::time::Duration;

const INTENTS: &str = "POST /v1/payment_intents";

/// A world in which acme has a card that behaves so; the customer was made by buying once.
async fn with(card: Card) -> World {
    let world = World::new().await;
    world.buys(1_000, 100, Card::Pays).await;
    world.peer.attach(&world.customer(), card);
    world.news().await;
    world
}

fn is_paid(charged: &Result<Charged, ProviderError>, wanted: &Recharge) -> bool {
    let Ok(Charged::Settled(Fact::Payment { purpose, paid, credits, recharge, .. })) = charged else {
        return false;
    };
    *purpose == PaymentPurpose::Recharge
        && (*paid, *credits, recharge.as_ref()) == (wanted.price, Some(wanted.credits), Some(&wanted.id))
}

fn declined(charged: Result<Charged, ProviderError>) -> String {
    match charged {
        Ok(Charged::Settled(Fact::RechargeDeclined { reason, .. })) => reason,
        other => panic!("{other:?} is no decline"),
    }
}

#[tokio::test]
async fn a_card_is_charged_once_however_often_it_is_asked_for() {
    let world = with(Card::Pays).await;
    let first = recharge("recharge_1", false);
    let charged = world.stripe.charge(&world.acme, &first).await;
    assert!(is_paid(&charged, &first), "{charged:?}");
    for again in [false, true, true] {
        let repeat = Recharge { again, ..first.clone() };
        let charged_again = world.stripe.charge(&world.acme, &repeat).await;
        assert_eq!(charged_again.unwrap(), *charged.as_ref().unwrap());
    }
    assert_eq!(world.peer.charged(), [100, 2_000]);
    let Ok(Charged::Settled(fact)) = charged else { panic!("it was paid") };
    assert_eq!(world.news().await, [fact], "the webhook tells the very same fact");
}

#[tokio::test]
async fn an_answer_that_is_lost_loses_no_charge_and_makes_no_second_one() {
    for fault in [Fault::LoseAnswer, Fault::Silence] {
        for keys_are_forgotten in [false, true] {
            let world = with(Card::Pays).await;
            let impatient = world.impatient(Duration::from_millis(300));
            world.peer.fail(INTENTS, fault);
            let first = recharge("recharge_1", false);
            assert!(is_unavailable(&impatient.charge(&world.acme, &first).await), "{fault:?}");
            if keys_are_forgotten {
                world.peer.forget_keys();
            }
            let again = Recharge { again: true, ..first };
            assert!(is_paid(&world.stripe.charge(&world.acme, &again).await, &again), "{fault:?}");
            assert_eq!(world.peer.charged(), [100, 2_000]);
        }
    }
}

#[tokio::test]
async fn while_stripe_is_not_well_nothing_is_settled_and_the_charge_follows() {
    for status in [409, 429, 500, 503] {
        let world = with(Card::Pays).await;
        world.peer.fail(INTENTS, Fault::Refuse(status));
        let first = recharge("recharge_1", false);
        assert!(is_unavailable(&world.stripe.charge(&world.acme, &first).await), "{status}");
        let again = Recharge { again: true, ..first };
        assert!(is_paid(&world.stripe.charge(&world.acme, &again).await, &again));
        assert_eq!(world.peer.charged(), [100, 2_000]);
    }
}

#[tokio::test]
async fn another_card_in_between_is_not_charged_too() {
    let world = with(Card::Pays).await;
    world.peer.fail(INTENTS, Fault::LoseAnswer);
    let first = recharge("recharge_1", false);
    assert!(is_unavailable(&world.stripe.charge(&world.acme, &first).await));
    world.peer.attach(&world.customer(), Card::Pays);
    // Not even by somebody who forgot that it was asked for before.
    assert!(is_paid(&world.stripe.charge(&world.acme, &first).await, &first));
    assert_eq!(world.peer.charged(), [100, 2_000]);
}

#[tokio::test]
async fn a_decline_is_told_in_plain_words_and_alike_by_answer_and_webhook() {
    for (card, words) in [
        (Card::Declines("insufficient_funds"), "there is not enough money on the card"),
        (Card::Declines("expired_card"), "the card has expired"),
        (Card::Declines("a_new_reason"), "the bank declined: a new reason"),
        (Card::WantsCardholder, "requires_action: the bank wants the cardholder to confirm the payment"),
        (Card::Waits, "requires_action: the bank wants the cardholder to confirm the payment"),
    ] {
        let world = with(card).await;
        let wanted = recharge("recharge_1", false);
        let charged = world.stripe.charge(&world.acme, &wanted).await;
        let Ok(Charged::Settled(fact)) = &charged else { panic!("{charged:?}") };
        let fact = fact.clone();
        assert_eq!(declined(charged), words);
        for told in world.news().await {
            assert_eq!(told, fact);
        }
        let again = Recharge { again: true, ..wanted };
        assert_eq!(declined(world.stripe.charge(&world.acme, &again).await), words);
        assert_eq!(world.peer.charged(), [100]);
    }
}

#[tokio::test]
async fn what_waits_for_the_cardholder_is_given_up_so_that_nobody_pays_it_later() {
    for card in [Card::WantsCardholder, Card::Waits] {
        let world = with(card).await;
        declined(world.stripe.charge(&world.acme, &recharge("recharge_1", false)).await);
        assert_eq!(world.peer.newest("payment_intent")["status"], "canceled");
    }
}

#[tokio::test]
async fn what_the_bank_takes_its_time_over_is_told_when_it_has_decided() {
    for pays in [true, false] {
        let world = with(Card::TakesTime).await;
        let wanted = recharge("recharge_1", false);
        for again in [false, true] {
            let charged = world.stripe.charge(&world.acme, &Recharge { again, ..wanted.clone() }).await;
            assert_eq!(charged.unwrap(), Charged::Pending);
        }
        let intent = world.peer.newest("payment_intent");
        world.peer.decide(intent["id"].as_str().unwrap(), pays);
        let told = world.news().await;
        assert_eq!(told.len(), 1);
        match &told[0] {
            Fact::Payment { .. } => assert!(is_paid(&Ok(Charged::Settled(told[0].clone())), &wanted)),
            fact => assert!(!pays && matches!(fact, Fact::RechargeDeclined { .. }), "{fact:?}"),
        }
        let again = Recharge { again: true, ..wanted };
        assert_eq!(
            world.stripe.charge(&world.acme, &again).await.unwrap(),
            Charged::Settled(told[0].clone())
        );
    }
}

#[tokio::test]
async fn without_a_card_and_below_what_stripe_charges_the_purchase_is_declined() {
    let world = World::new().await;
    let wanted = recharge("recharge_1", false);
    assert_eq!(
        declined(world.stripe.charge(&world.acme, &wanted).await),
        "there is no card that can be charged"
    );
    world.buys(1_000, 100, Card::Pays).await;
    let small = Recharge { price: 10, credits: credits(100), ..wanted };
    assert_eq!(
        declined(world.stripe.charge(&world.acme, &small).await),
        "Stripe says: Amount must be at least $0.50 usd"
    );
    assert_eq!(world.peer.charged(), [100]);
}

#[tokio::test]
async fn the_default_card_is_charged_before_a_newer_one() {
    let world = with(Card::Declines("lost_card")).await;
    let good = world.peer.attach(&world.customer(), Card::Pays);
    world.peer.attach(&world.customer(), Card::Declines("lost_card"));
    world.peer.make_default(&world.customer(), &good);
    let wanted = recharge("recharge_1", false);
    assert!(is_paid(&world.stripe.charge(&world.acme, &wanted).await, &wanted));
}

#[tokio::test]
async fn with_a_key_that_stripe_does_not_accept_nothing_is_settled() {
    for status in [401, 403] {
        let world = with(Card::Pays).await;
        world.peer.fail(INTENTS, Fault::Refuse(status));
        let charged = world.stripe.charge(&world.acme, &recharge("recharge_1", false)).await;
        let Err(ProviderError::Unavailable(why)) = charged else { panic!("{charged:?}") };
        assert!(why.contains("the secret key"), "{why}");
    }
}
