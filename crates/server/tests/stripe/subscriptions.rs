//! Subscriptions: how they begin, renew, change and end, and what is told of it.

use crate::{
    peer::{Card, Fault},
    world::{World, credits, is_unavailable, payments, plan, refusal},
};
use coulomb_server::{
    clock,
    payments::{InvoiceStatus, SubscriptionOrder, fact::Fact},
};
use ledger::{
    Timestamp,
    payment::PaymentPurpose,
    subscription::{Cadence, ChangePreview, Period, Subscription, SubscriptionStatus},
};

/// A change as the rules previewed it.
fn change(key: &str, cadence: Cadence, effective_at: Timestamp, whole: i64) -> SubscriptionOrder {
    SubscriptionOrder::Change(ChangePreview {
        plan: plan(key),
        cadence,
        effective_at,
        charge: 0,
        currency: "USD".into(),
        new_allowance: credits(whole),
        preserved: credits(0),
        debt_takes: credits(0),
        next_renewal: effective_at,
    })
}

/// How the subscription stands, by the last fact that says so.
fn standing(facts: &[Fact]) -> Subscription {
    let last = facts.iter().rev().find_map(|fact| match fact {
        Fact::Subscription { subscription } => Some(subscription.clone()),
        _ => None,
    });
    last.unwrap()
}

/// What was paid for: purpose, minor units and credits.
fn bought(facts: &[Fact]) -> Vec<(PaymentPurpose, i64, i64)> {
    let told = facts.iter().filter_map(|fact| match fact {
        Fact::Payment { purpose, paid, credits, .. } => {
            Some((*purpose, *paid, credits.unwrap().micros() / 1_000_000))
        }
        _ => None,
    });
    told.collect()
}

fn period_of(fact: &Fact) -> Period {
    match fact {
        Fact::Payment { period: Some(period), .. } => *period,
        other => panic!("{other:?} has no period"),
    }
}

async fn period(world: &World) -> Period {
    standing(&world.stripe.facts_of(&world.acme).await.unwrap()).period.unwrap()
}

#[tokio::test]
async fn each_period_that_is_paid_is_told_once_with_its_allowance() {
    let world = World::new().await;
    let subscription = world.subscribes("starter", Cadence::Monthly).await;
    let begun = world.news().await;
    assert_eq!(bought(&begun), [(PaymentPurpose::Renewal, 1_000, 10_000)]);
    let now = standing(&begun);
    assert_eq!(
        (now.status, now.plan, now.cadence),
        (SubscriptionStatus::Active, Some(plan("starter")), Cadence::Monthly)
    );
    assert_eq!(now.period.unwrap(), period_of(payments(&begun)[0]));
    world.peer.renew(&subscription);
    let renewed = world.news().await;
    assert_eq!(bought(&renewed), [(PaymentPurpose::Renewal, 1_000, 10_000)]);
    assert_eq!(period_of(payments(&renewed)[0]).start, now.period.unwrap().end);
    assert_eq!(standing(&renewed).period.unwrap(), period_of(payments(&renewed)[0]));
}

#[tokio::test]
async fn an_annual_period_brings_twelve_allowances() {
    let world = World::new().await;
    world.subscribes("team", Cadence::Annual).await;
    assert_eq!(bought(&world.news().await), [(PaymentPurpose::Renewal, 49_000, 600_000)]);
}

#[tokio::test]
async fn a_renewal_that_is_not_paid_grants_nothing_and_says_since_when() {
    let world = World::new().await;
    let subscription = world.subscribes("starter", Cadence::Monthly).await;
    world.news().await;
    world.peer.attach(&world.customer(), Card::Declines("expired_card"));
    world.peer.renew(&subscription);
    let failed = world.news().await;
    assert_eq!(bought(&failed), []);
    let now = standing(&failed);
    assert_eq!(now.status, SubscriptionStatus::PastDue);
    let invoice = world.peer.newest("invoice");
    let since = Timestamp::from_micros(invoice["created"].as_i64().unwrap() * 1_000_000);
    assert_eq!(now.past_due_since, Some(since));
    world.peer.pass(86_400);
    assert_eq!(
        standing(&world.stripe.facts_of(&world.acme).await.unwrap()),
        now,
        "the same whenever it is asked"
    );
    world.peer.pay_invoice(invoice["id"].as_str().unwrap(), Card::Pays);
    let paid = world.news().await;
    assert_eq!(bought(&paid), [(PaymentPurpose::Renewal, 1_000, 10_000)]);
    assert_eq!(standing(&paid).status, SubscriptionStatus::Active);
}

#[tokio::test]
async fn an_upgrade_is_paid_and_brings_what_was_previewed() {
    let world = World::new().await;
    world.subscribes("starter", Cadence::Monthly).await;
    let before = period(&world).await;
    world.news().await;
    let order = change("team", Cadence::Monthly, clock::now(), 40_000);
    for _ in 0..3 {
        world.stripe.order(&world.acme, &order).await.unwrap();
    }
    let told = world.news().await;
    assert_eq!(
        bought(&told),
        [(PaymentPurpose::Upgrade, 3_900, 40_000)],
        "once, however often it is ordered"
    );
    assert_eq!(period_of(payments(&told)[0]).end, before.end);
    let now = standing(&told);
    assert_eq!((now.plan, now.period), (Some(plan("team")), Some(before)));
    assert_eq!(bought(&world.stripe.facts_of(&world.acme).await.unwrap()).len(), 2);
}

#[tokio::test]
async fn a_change_whose_answer_was_lost_is_charged_once_whichever_answer_it_was() {
    for (key, cadence, paid, requests) in
        [("team", Cadence::Monthly, 3_900, 2), ("starter", Cadence::Annual, 10_000, 1)]
    {
        for lost in 0..requests {
            for fault in [Fault::LoseAnswer, Fault::Refuse(500)] {
                let world = World::new().await;
                let subscription = world.subscribes("starter", Cadence::Monthly).await;
                let call = format!("POST /v1/subscriptions/{subscription}");
                world.peer.fail_later(&call, lost, fault);
                let first = change(key, cadence, clock::now(), 40_000);
                assert!(is_unavailable(&world.stripe.order(&world.acme, &first).await));
                // Tried again later, it is another instant.
                let again = change(key, cadence, clock::now(), 40_000);
                world.stripe.order(&world.acme, &again).await.unwrap();
                assert_eq!(world.peer.charged(), [1_000, paid], "request {lost}, {fault:?}");
            }
        }
    }
}

#[tokio::test]
async fn an_upgrade_that_is_not_paid_changes_nothing_and_can_be_asked_for_anew() {
    for card in [Card::Declines("insufficient_funds"), Card::WantsCardholder] {
        let world = World::new().await;
        world.subscribes("starter", Cadence::Monthly).await;
        world.news().await;
        world.peer.attach(&world.customer(), card);
        let order = change("team", Cadence::Monthly, clock::now(), 40_000);
        for _ in 0..2 {
            let refused = refusal(world.stripe.order(&world.acme, &order).await);
            assert!(refused.starts_with("the card was not charged, so nothing has changed:"), "{refused}");
            assert_eq!(world.peer.newest("invoice")["status"], "void", "nobody pays it later");
            assert!(world.peer.newest("subscription")["pending_update"].is_null());
        }
        let told = world.news().await;
        assert_eq!((bought(&told), standing(&told).plan), (vec![], Some(plan("starter"))));
        world.peer.attach(&world.customer(), Card::Pays);
        world.stripe.order(&world.acme, &order).await.unwrap();
        let told = world.news().await;
        assert_eq!(bought(&told), [(PaymentPurpose::Upgrade, 3_900, 40_000)]);
        assert_eq!(standing(&told).plan, Some(plan("team")));
    }
}

#[tokio::test]
async fn an_upgrade_that_waits_for_its_payment_can_be_withdrawn() {
    let world = World::new().await;
    let subscription = world.subscribes("starter", Cadence::Monthly).await;
    world.peer.attach(&world.customer(), Card::Declines("insufficient_funds"));
    // Written down, and then the answer to the change itself is lost.
    let call = format!("POST /v1/subscriptions/{subscription}");
    world.peer.fail_later(&call, 1, Fault::LoseAnswer);
    let order = change("team", Cadence::Monthly, clock::now(), 40_000);
    assert!(is_unavailable(&world.stripe.order(&world.acme, &order).await));
    assert!(!world.peer.newest("subscription")["pending_update"].is_null());
    world.stripe.order(&world.acme, &SubscriptionOrder::Withdraw).await.unwrap();
    assert_eq!(world.peer.newest("invoice")["status"], "void");
    assert!(world.peer.newest("subscription")["pending_update"].is_null());
}

#[tokio::test]
async fn an_upgrade_on_stripes_own_pages_brings_its_share_of_the_period() {
    let world = World::new().await;
    let subscription = world.subscribes("starter", Cadence::Monthly).await;
    // An earlier one was asked for here and came to nothing.
    let stale = format!("POST /v1/subscriptions/{subscription}");
    world.peer.fail(&stale, Fault::LoseAnswer);
    let order = change("team", Cadence::Monthly, clock::now(), 1);
    assert!(is_unavailable(&world.stripe.order(&world.acme, &order).await));
    world.peer.renew(&subscription);
    world.peer.pass(86_400);
    let left = period(&world).await.end.micros() / 1_000_000 - world.peer.now();
    let whole = (period(&world).await.end.micros() - period(&world).await.start.micros()) / 1_000_000;
    world.news().await;
    world.peer.upgrade_by_hand(&subscription, "coulomb:team:monthly:4900:usd");
    let told = world.news().await;
    let share = (40_000 * left + whole - 1) / whole;
    let [(PaymentPurpose::Upgrade, _, brought)] = bought(&told)[..] else { panic!("{told:?}") };
    assert!((brought - share).abs() <= 1, "{brought} of {share}: the clock goes on");
}

#[tokio::test]
async fn another_cadence_begins_a_period_of_its_own_in_full() {
    let world = World::new().await;
    world.subscribes("starter", Cadence::Monthly).await;
    world.news().await;
    let order = change("starter", Cadence::Annual, clock::now(), 120_000);
    world.stripe.order(&world.acme, &order).await.unwrap();
    let told = world.news().await;
    assert_eq!(bought(&told), [(PaymentPurpose::Renewal, 10_000, 120_000)]);
    let now = standing(&told);
    assert_eq!((now.cadence, now.period), (Cadence::Annual, Some(period_of(payments(&told)[0]))));
}

#[tokio::test]
async fn a_downgrade_waits_for_the_renewal_date() {
    let world = World::new().await;
    let subscription = world.subscribes("team", Cadence::Monthly).await;
    let order = change("starter", Cadence::Monthly, period(&world).await.end, 10_000);
    // Also where the ledger has not heard yet that the period before ended.
    let late = change("starter", Cadence::Monthly, clock::now(), 10_000);
    for order in [&order, &late] {
        world.stripe.order(&world.acme, order).await.unwrap();
    }
    assert_eq!(world.peer.all("subscription_schedule").len(), 1);
    let told = world.news().await;
    assert_eq!(standing(&told).plan, Some(plan("team")));
    world.peer.renew(&subscription);
    let told = world.news().await;
    assert_eq!(bought(&told), [(PaymentPurpose::Renewal, 1_000, 10_000)]);
    assert_eq!(standing(&told).plan, Some(plan("starter")));
}

#[tokio::test]
async fn a_planned_change_is_withdrawn_and_planned_again() {
    let world = World::new().await;
    let subscription = world.subscribes("team", Cadence::Annual).await;
    let order = change("team", Cadence::Monthly, period(&world).await.end, 50_000);
    for _ in 0..2 {
        world.stripe.order(&world.acme, &order).await.unwrap();
        world.stripe.order(&world.acme, &SubscriptionOrder::Withdraw).await.unwrap();
        world.stripe.order(&world.acme, &SubscriptionOrder::Withdraw).await.unwrap();
    }
    world.stripe.order(&world.acme, &order).await.unwrap();
    world.news().await;
    world.peer.renew(&subscription);
    assert_eq!(bought(&world.news().await), [(PaymentPurpose::Renewal, 4_900, 50_000)]);
}

#[tokio::test]
async fn a_cancellation_ends_with_the_period_unless_it_is_taken_back() {
    let world = World::new().await;
    let subscription = world.subscribes("starter", Cadence::Monthly).await;
    let end = period(&world).await.end;
    // Back and forth: nothing that was answered before is taken for an answer to a later order.
    for _ in 0..2 {
        world.stripe.order(&world.acme, &SubscriptionOrder::Cancel).await.unwrap();
        let now = standing(&world.news().await);
        assert_eq!((now.status, now.cancel_at), (SubscriptionStatus::Active, Some(end)));
        world.stripe.order(&world.acme, &SubscriptionOrder::Resume).await.unwrap();
        assert_eq!(standing(&world.news().await).cancel_at, None);
    }
    world.stripe.order(&world.acme, &SubscriptionOrder::Cancel).await.unwrap();
    world.peer.renew(&subscription);
    let told = world.news().await;
    assert_eq!((standing(&told).status, bought(&told)), (SubscriptionStatus::Canceled, vec![]));
}

#[tokio::test]
async fn a_cancellation_withdraws_what_was_planned() {
    let world = World::new().await;
    world.subscribes("team", Cadence::Monthly).await;
    let order = change("starter", Cadence::Monthly, period(&world).await.end, 10_000);
    world.stripe.order(&world.acme, &order).await.unwrap();
    world.stripe.order(&world.acme, &SubscriptionOrder::Cancel).await.unwrap();
    assert_eq!(world.peer.newest("subscription_schedule")["status"], "released");
}

#[tokio::test]
async fn whatever_order_events_come_in_the_subscription_is_told_as_it_is_now() {
    let world = World::new().await;
    let subscription = world.subscribes("starter", Cadence::Monthly).await;
    world.stripe.order(&world.acme, &SubscriptionOrder::Cancel).await.unwrap();
    world.peer.renew(&subscription);
    world.subscribes("team", Cadence::Monthly).await;
    let mut events = world.peer.events();
    events.extend(events.clone());
    events.reverse();
    let told = world.hears(&events).await;
    let about = told.iter().filter(|fact| matches!(fact, Fact::Subscription { .. }));
    for fact in about {
        let now = standing(std::slice::from_ref(fact));
        assert_eq!((now.status, now.plan), (SubscriptionStatus::Active, Some(plan("team"))));
    }
}

#[tokio::test]
async fn there_is_nothing_to_order_without_a_subscription() {
    let world = World::new().await;
    for order in [SubscriptionOrder::Cancel, SubscriptionOrder::Withdraw] {
        let refused = world.stripe.order(&world.acme, &order).await;
        assert_eq!(refusal(refused), "there is no subscription: start one first");
    }
}

#[tokio::test]
async fn invoices_are_shown_newest_first_with_the_payment_that_the_ledger_knows() {
    let world = World::new().await;
    let subscription = world.subscribes("starter", Cadence::Monthly).await;
    world.peer.renew(&subscription);
    world.peer.attach(&world.customer(), Card::Declines("expired_card"));
    world.peer.renew(&subscription);
    let mut seen = Vec::new();
    let mut after = None;
    loop {
        let page = world.stripe.invoices(&world.acme, after.as_deref(), 2).await.unwrap();
        seen.extend(page.invoices);
        match page.next {
            Some(next) => after = Some(next),
            None => break,
        }
    }
    let shown: Vec<_> =
        seen.iter().map(|invoice| (invoice.status, invoice.total, invoice.currency.as_str())).collect();
    assert_eq!(
        shown,
        [
            (InvoiceStatus::Open, 1_000, "USD"),
            (InvoiceStatus::Paid, 1_000, "USD"),
            (InvoiceStatus::Paid, 1_000, "USD")
        ]
    );
    for invoice in &seen {
        let paid = invoice.status == InvoiceStatus::Paid;
        assert_eq!(
            invoice.payment.as_ref().map(|payment| payment.as_str()),
            paid.then_some(invoice.id.as_str())
        );
        assert_eq!(invoice.lines, [("coulomb:starter:monthly:1000:usd".to_owned(), 1_000)]);
        assert!(invoice.url.is_some() && invoice.pdf.is_some() && invoice.number.is_some());
    }
    let nobody = world.stripe.invoices(&"globex".parse().unwrap(), None, 10).await.unwrap();
    assert!(nobody.invoices.is_empty() && nobody.next.is_none());
}
