//! Stripe's pages: what is bought on them arrives with the payment, never with the page.

use crate::{
    peer::{Card, Fault},
    world::{World, credits, is_unavailable, ours, payments, plan, plans, purchase, refusal, settings},
};
use coulomb_server::{
    clock,
    payments::{
        Bought, PortalStep,
        fact::Fact,
        stripe::{Secret, Settings, Stripe},
    },
};
use ledger::{Timestamp, payment::PaymentPurpose, subscription::Cadence};

#[tokio::test]
async fn credits_that_are_bought_arrive_with_the_payment() {
    for (bought, purpose) in [
        (Bought::Credits(credits(10_000)), PaymentPurpose::TopUp),
        (Bought::Repayment(credits(10_000)), PaymentPurpose::Repayment),
    ] {
        let world = World::new().await;
        let wanted = purchase(bought, 1_000);
        let url =
            world.stripe.checkout(&world.acme, &wanted, "https://host.example/billing?tab=2").await.unwrap();
        let page = world.peer.newest("checkout.session");
        assert_eq!(page["success_url"], "https://host.example/billing?tab=2&checkout=done");
        assert_eq!(page["cancel_url"], "https://host.example/billing?tab=2&checkout=cancelled");
        assert_eq!(world.news().await, [], "nothing is bought by opening a page");
        assert!(world.peer.pay(&url, Card::Pays));
        let payment = world.peer.newest("payment_intent")["id"].as_str().unwrap().to_owned();
        let paid = Fact::Payment {
            payment: payment.parse().unwrap(),
            purpose,
            paid: 1_000,
            currency: "USD".into(),
            credits: Some(credits(10_000)),
            period: None,
            recharge: None,
        };
        assert_eq!(world.news().await, [Fact::PaymentMethod { present: true }, paid]);
    }
}

#[tokio::test]
async fn an_organization_has_one_customer_whoever_makes_it() {
    let world = World::new().await;
    let call = "POST /v1/customers";
    world.peer.fail(call, Fault::LoseAnswer);
    let wanted = purchase(Bought::Credits(credits(1)), 100);
    assert!(is_unavailable(&world.stripe.checkout(&world.acme, &wanted, "https://a.example").await));
    for _ in 0..3 {
        world.stripe.checkout(&world.acme, &wanted, "https://a.example").await.unwrap();
    }
    assert_eq!(world.peer.all("customer").len(), 1);
    assert_eq!(world.peer.asked(call), 2, "what is known is not asked for again");
}

#[tokio::test]
async fn of_two_servers_that_make_a_customer_at_once_both_use_the_one_that_is_remembered() {
    let world = World::new().await;
    let other = world.impatient(std::time::Duration::from_secs(20));
    let wanted = purchase(Bought::Credits(credits(1)), 100);
    let (first, second) = tokio::join!(
        world.stripe.checkout(&world.acme, &wanted, "https://a.example"),
        other.checkout(&world.acme, &wanted, "https://a.example"),
    );
    for page in [first, second] {
        page.unwrap();
    }
    let customers: Vec<_> =
        world.peer.all("checkout.session").iter().map(|page| page["customer"].clone()).collect();
    assert_eq!(customers[0], customers[1]);
}

#[tokio::test]
async fn a_plan_is_sold_at_its_price_which_is_made_once() {
    let world = World::new().await;
    world.subscribes("team", Cadence::Annual).await;
    let price = world.peer.newest("price");
    assert_eq!(price["lookup_key"], "coulomb:team:annual:49000:usd");
    assert_eq!((&price["unit_amount"], &price["recurring"]["interval"]), (&49_000.into(), &"year".into()));
    let bought = Bought::Plan { plan: plan("team"), cadence: Cadence::Annual, allowance: credits(600_000) };
    let globex = "globex".parse().unwrap();
    world.stripe.checkout(&globex, &purchase(bought, 0), "https://a.example").await.unwrap();
    assert_eq!(world.peer.all("price").len(), 1);
}

#[tokio::test]
async fn who_has_a_subscription_changes_it_and_buys_no_second_one() {
    let world = World::new().await;
    world.subscribes("starter", Cadence::Monthly).await;
    let bought = Bought::Plan { plan: plan("team"), cadence: Cadence::Monthly, allowance: credits(50_000) };
    let refused = world.stripe.checkout(&world.acme, &purchase(bought, 0), "https://a.example").await;
    assert_eq!(refusal(refused), "there is a subscription already: change it instead of buying a second one");
}

#[tokio::test]
async fn the_portal_opens_where_somebody_wants_to_be() {
    let world = World::new().await;
    let back = "https://host.example/billing";
    for step in [PortalStep::Cancel, PortalStep::Update] {
        let refused = world.stripe.portal(&world.acme, step, back).await;
        assert_eq!(refusal(refused), "there is no subscription: start one first");
    }
    let subscription = world.subscribes("starter", Cadence::Monthly).await;
    for (step, flow) in [
        (PortalStep::Home, None),
        (PortalStep::PaymentMethod, Some("payment_method_update")),
        (PortalStep::Cancel, Some("subscription_cancel")),
        (PortalStep::Update, Some("subscription_update")),
    ] {
        world.stripe.portal(&world.acme, step, back).await.unwrap();
        let page = world.peer.newest("billing_portal.session");
        assert_eq!(page["return_url"], back);
        assert_eq!(page["flow_data"]["type"].as_str(), flow);
        if let Some(flow @ ("subscription_cancel" | "subscription_update")) = flow {
            assert_eq!(page["flow_data"][flow]["subscription"], subscription.as_str());
        }
    }
}

#[tokio::test]
async fn a_new_card_is_told_of_and_the_removal_of_one_of_two_is_not() {
    let world = World::new().await;
    world.buys(1_000, 100, Card::Pays).await;
    world.news().await;
    let customer = world.customer();
    let second = world.peer.attach(&customer, Card::Pays);
    assert_eq!(world.news().await, [Fact::PaymentMethod { present: true }]);
    world.peer.make_default(&customer, &second);
    assert_eq!(world.news().await, [Fact::PaymentMethod { present: true }]);
    let first = world.peer.all("payment_method")[0]["id"].as_str().unwrap().to_owned();
    world.peer.detach(&first);
    assert_eq!(world.news().await, [], "it would lift waits (R10.5)");
    world.peer.forget_default(&customer);
    assert_eq!(world.news().await, []);
    assert!(world.stripe.has_payment_method(&world.acme).await.unwrap());
    world.peer.detach(&second);
    assert_eq!(world.news().await, [Fact::PaymentMethod { present: false }]);
    assert!(!world.stripe.has_payment_method(&world.acme).await.unwrap());
}

#[tokio::test]
async fn whatever_was_missed_is_found_again() {
    let world = World::new().await;
    let before = clock::now();
    world.subscribes("starter", Cadence::Monthly).await;
    let payment = world.buys(10_000, 1_000, Card::Pays).await;
    world.peer.refund(&payment, 200);
    let dispute = world.peer.dispute(&payment, 300, "needs_response");
    world.peer.set_dispute(&dispute, "lost");
    // As Stripe does for anybody else's business on the same account.
    let stranger = world.peer.stranger_pays(700);

    let mut heard = world.news().await;
    heard.retain(|fact| !matches!(fact, Fact::PaymentMethod { .. }));
    heard.dedup();
    let key = |fact: &Fact| serde_json::to_string(fact).unwrap();
    let sorted = |mut facts: Vec<Fact>| {
        facts.sort_by_key(key);
        facts.dedup();
        facts
    };
    let heard = sorted(heard);
    assert_eq!(heard.len(), 6, "{heard:#?}");
    assert_eq!(sorted(world.stripe.facts_of(&world.acme).await.unwrap()), heard);
    let since = world.stripe.told_since(before).await.unwrap();
    assert_eq!(sorted(ours(&world.acme, since.clone())), heard);
    assert!(since.iter().all(|told| !key(&told.fact).contains(&stranger)));
    assert_eq!(world.stripe.facts_of(&"globex".parse().unwrap()).await.unwrap(), []);
}

#[tokio::test]
async fn what_happened_to_older_payments_is_found_too() {
    let world = World::new().await;
    let payment = world.buys(10_000, 1_000, Card::Pays).await;
    let refund = world.peer.refund(&payment, 200);
    world.peer.pass(86_400);
    let since = Timestamp::from_micros(world.peer.now() * 1_000_000);
    assert_eq!(world.stripe.told_since(since).await.unwrap(), []);
    world.peer.fail_refund(&refund);
    let told = ours(&world.acme, world.stripe.told_since(since).await.unwrap());
    assert!(told.contains(&Fact::RefundFailed { refund: refund.parse().unwrap() }), "{told:?}");
}

#[tokio::test]
async fn what_nobody_understands_does_not_keep_the_rest_from_being_found() {
    let world = World::new().await;
    let before = clock::now();
    world.buys(10_000, 1_000, Card::Pays).await;
    let odd = serde_json::json!({
        "id": "pi_odd", "object": "payment_intent", "created": world.peer.now(), "status": "succeeded", "amount": 5,
        "currency": "usd", "customer": world.customer(),
        "metadata": { "coulomb_organization": "acme", "coulomb_purpose": "top_up", "coulomb_credits": "many" },
    });
    world.peer.know(&[odd]);
    assert_eq!(world.stripe.told_since(before).await.unwrap().len(), 1);
    assert_eq!(world.stripe.facts_of(&world.acme).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_price_that_the_operator_made_is_sold_and_recognised() {
    let world = World::new().await;
    let made = serde_json::json!({
        "id": "price_made", "object": "price", "unit_amount": 900, "currency": "usd", "metadata": {},
        "recurring": { "interval": "month" }, "lookup_key": null, "active": true,
    });
    world.peer.know(&[made]);
    let prices = [((plan("starter"), Cadence::Monthly), "price_made".to_owned())].into();
    let settings = Settings { prices, ..settings(&world.peer.url) };
    let world =
        World { stripe: Stripe::new(settings, plans().into(), world.memos.clone()).unwrap(), ..world };
    world.subscribes("starter", Cadence::Monthly).await;
    assert_eq!(world.peer.all("price").len(), 1);
    let told = world.news().await;
    let Fact::Payment { paid, credits: brought, .. } = payments(&told)[0] else { panic!("{told:?}") };
    assert_eq!((*paid, *brought), (900, Some(credits(10_000))));
}

#[tokio::test]
async fn a_list_is_read_to_its_end() {
    let world = World::new().await;
    for _ in 0..101 {
        world.buys(10, 100, Card::Pays).await;
    }
    assert_eq!(world.stripe.facts_of(&world.acme).await.unwrap().len(), 101);
}

#[test]
fn a_secret_is_never_shown() {
    let secret = Secret::new("sk_live_1");
    assert_eq!(format!("{secret} {secret:?}"), "(secret) (secret)");
    let settings = format!("{:?}", settings("http://127.0.0.1:1"));
    assert!(!settings.contains("peer"), "{settings}");
}
