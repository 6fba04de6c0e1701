//! A second opinion: what Coulomb asks and understands, against localstripe, a Stripe of other people's making that runs as
//! a process of its own; `localstripe.py` says what it was taught for that. Left to our own peer, because localstripe has
//! none of it, or not as Stripe has it:
//!
//! - Checkout and the billing portal: it has no such pages;
//! - prices, changes of plan and invoices by period: it knows the plans of older versions of the API only;
//! - disputes, and refunds that fail: it has none;
//! - what an idempotency key is good for: it ignores them;
//! - removed payment methods and other defaults: it does not say what changed.

pub mod process;

use crate::{
    peer::WEBHOOK_SECRET,
    world::{credits, ours, plan, plans, purchase, recharge, refusal, settings},
};
use axum::{Router, body::Bytes, http::HeaderMap, routing::post};
use coulomb_server::{
    clock,
    memos::Memos,
    payments::{
        Bought, Charged, PortalStep, Recharge,
        fact::Fact,
        stripe::{NotGenuine, Secret, Settings, Stripe},
    },
};
use ledger::{
    Duration, Timestamp,
    id::OrganizationId,
    payment::PaymentPurpose,
    subscription::{Cadence, Period, Subscription, SubscriptionStatus},
};
use process::{Localstripe, PATIENCE, PAYS};
use serde_json::{Value, json};
use std::{collections::BTreeMap, slice, sync::Arc};
use store::sqlite::Sqlite;
use tempfile::TempDir;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

/// A test card of Stripe's that can be saved, and is declined whenever it is charged.
const DECLINES: &str = "pm_card_chargeCustomerFail";
/// The number of a card whose bank always wants the cardholder to confirm.
const WANTS_CARDHOLDER: &str = "4000002500003155";
/// A bank account that says half a second later that there is no money.
const DECLINES_LATER: &str = "DE62370400440532013001";

const HOST: &str = "https://host.example";

/// What was delivered to the webhook.
struct Message {
    signature: String,
    body: Bytes,
}

/// An organization that sells through localstripe.
struct World {
    local: Localstripe,
    messages: UnboundedReceiver<Message>,
    stripe: Stripe,
    memos: Memos,
    acme: OrganizationId,
    /// Where it remembers things; it goes with the world.
    _directory: TempDir,
}

/// A webhook endpoint: its address, and what is delivered to it.
async fn listen() -> (String, UnboundedReceiver<Message>) {
    let (tell, messages) = unbounded_channel();
    let take = move |headers: HeaderMap, body: Bytes| {
        let signature = headers["stripe-signature"].to_str().unwrap().to_owned();
        // A test that has seen enough is over.
        let _ = tell.send(Message { signature, body });
        async {}
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, Router::new().route("/", post(take))).await });
    (url, messages)
}

impl World {
    async fn new() -> World {
        let directory = TempDir::new().unwrap();
        let local = Localstripe::start(directory.path());
        let (webhook, messages) = listen().await;
        local.delivers_to(&webhook).await;
        let memos = Memos::new(Arc::new(Sqlite::open(directory.path()).unwrap()));
        let stripe = Stripe::new(settings(&local.url), Arc::new(plans()), memos.clone()).unwrap();
        World { local, messages, stripe, memos, acme: "acme".parse().unwrap(), _directory: directory }
    }

    /// Makes the organization a customer, on the way to a page that localstripe does not have, and gives its id.
    async fn becomes_a_customer(&self) -> String {
        refusal(self.stripe.portal(&self.acme, PortalStep::Home, HOST).await);
        self.local.customer().await
    }

    /// A customer that has saved this payment method and told so.
    async fn with(method: &str) -> World {
        let mut world = World::new().await;
        let customer = world.becomes_a_customer().await;
        world.local.saves(&customer, method).await;
        assert_eq!(world.hears(1).await["payment_method.attached"], [Fact::PaymentMethod { present: true }]);
        world
    }

    /// Charges this purchase and gives what came of it, and the id of the payment.
    async fn charges(&self, wanted: &Recharge) -> (Charged, String) {
        let charged = self.stripe.charge(&self.acme, wanted).await.unwrap();
        let intents = self.local.get("/v1/payment_intents").await;
        (charged, intents["data"][0]["id"].as_str().unwrap().into())
    }

    async fn next_message(&mut self) -> Message {
        let message = tokio::time::timeout(PATIENCE, self.messages.recv()).await;
        message.expect("localstripe tells what happened").expect("the endpoint listens")
    }

    /// What the next so many messages say, by the types of their events.
    async fn hears(&mut self, count: usize) -> BTreeMap<String, Vec<Fact>> {
        let mut heard = BTreeMap::<String, Vec<Fact>>::new();
        for _ in 0..count {
            let Message { signature, body } = self.next_message().await;
            let received = self.stripe.receive(clock::now(), Some(&signature), &body).unwrap();
            let told = self.stripe.translate(received.organization.as_ref(), &received.event).await.unwrap();
            heard.entry(received.kind).or_default().extend(ours(&self.acme, told));
        }
        heard
    }

    /// Whoever asks for everything, of the organization or since then, is told exactly this, in whatever order.
    async fn reconciles(&self, since: Timestamp, facts: &[Fact]) {
        for told in [
            self.stripe.facts_of(&self.acme).await.unwrap(),
            ours(&self.acme, self.stripe.told_since(since).await.unwrap()),
        ] {
            let all = facts.iter().all(|fact| told.contains(fact));
            assert!(all && told.len() == facts.len(), "{told:#?} is not {facts:#?}");
        }
    }
}

fn payment(id: &str, wanted: &Recharge) -> Fact {
    Fact::Payment {
        payment: id.parse().unwrap(),
        purpose: PaymentPurpose::Recharge,
        paid: wanted.price,
        currency: wanted.currency.clone(),
        credits: Some(wanted.credits),
        period: None,
        recharge: Some(wanted.id.clone()),
    }
}

fn declined(wanted: &Recharge, reason: &str) -> Fact {
    Fact::RechargeDeclined { recharge: wanted.id.clone(), reason: reason.into() }
}

fn refund(made: &Value, payment: &str) -> Fact {
    Fact::Refund {
        refund: made["id"].as_str().unwrap().parse().unwrap(),
        payment: payment.parse().unwrap(),
        amount: made["amount"].as_i64().unwrap(),
    }
}

#[tokio::test]
async fn an_organization_stays_one_customer_though_no_idempotency_key_protects_it() {
    let world = World::new().await;
    let customer = world.becomes_a_customer().await;
    let neighbour = Stripe::new(settings(&world.local.url), Arc::new(plans()), world.memos.clone()).unwrap();
    for stripe in [&world.stripe, &neighbour] {
        let bought = purchase(Bought::Credits(credits(1_000)), 100);
        refusal(stripe.checkout(&world.acme, &bought, HOST).await);
        assert!(!stripe.has_payment_method(&world.acme).await.unwrap());
    }
    assert_eq!(world.local.customer().await, customer);
    let made = world.local.get(&format!("/v1/customers/{customer}")).await;
    assert_eq!(made["metadata"], json!({ "coulomb_organization": "acme" }));
    world.local.saves(&customer, PAYS).await;
    assert!(neighbour.has_payment_method(&world.acme).await.unwrap());
}

#[tokio::test]
async fn a_saved_card_is_charged_once_and_the_webhook_tells_the_very_same() {
    let since = clock::now();
    let mut world = World::with(PAYS).await;
    let wanted = recharge("recharge_1", false);
    let (charged, id) = world.charges(&wanted).await;
    let fact = payment(&id, &wanted);
    assert_eq!(charged, Charged::Settled(fact.clone()));
    assert_eq!(world.hears(1).await["payment_intent.succeeded"], slice::from_ref(&fact));
    let again = Recharge { again: true, ..wanted };
    assert_eq!(world.charges(&again).await.0, Charged::Settled(fact.clone()));
    assert_eq!(world.local.charged().await, [2_000]);
    world.reconciles(since, &[fact]).await;
}

#[tokio::test]
async fn a_decline_is_told_in_the_same_words_by_answer_and_webhook() {
    let since = clock::now();
    let mut world = World::with(DECLINES).await;
    let wanted = recharge("recharge_1", false);
    let fact = declined(&wanted, "the bank declined");
    assert_eq!(world.charges(&wanted).await.0, Charged::Settled(fact.clone()));
    assert_eq!(world.hears(1).await["payment_intent.payment_failed"], slice::from_ref(&fact));
    let again = Recharge { again: true, ..wanted };
    assert_eq!(world.charges(&again).await.0, Charged::Settled(fact.clone()));
    assert!(world.local.charged().await.is_empty());
    world.reconciles(since, &[fact]).await;
}

#[tokio::test]
async fn what_waits_for_the_cardholder_is_given_up_so_that_nobody_pays_it_later() {
    let mut world = World::new().await;
    let card = [
        ("type", "card"),
        ("card[number]", WANTS_CARDHOLDER),
        ("card[exp_month]", "12"),
        ("card[exp_year]", "2040"),
        ("card[cvc]", "123"),
    ];
    let card = world.local.post("/v1/payment_methods", &card).await;
    let customer = world.becomes_a_customer().await;
    world.local.saves(&customer, card["id"].as_str().unwrap()).await;
    world.hears(1).await;
    let wanted = recharge("recharge_1", false);
    let (charged, id) = world.charges(&wanted).await;
    let fact = declined(&wanted, "requires_action: the bank wants the cardholder to confirm the payment");
    assert_eq!(charged, Charged::Settled(fact.clone()));
    assert_eq!(world.hears(1).await["payment_intent.canceled"], [fact]);
    assert_eq!(world.local.get(&format!("/v1/payment_intents/{id}")).await["status"], "canceled");
    assert!(world.local.charged().await.is_empty());
}

#[tokio::test]
async fn a_bank_that_takes_its_time_to_decline_is_waited_for() {
    let mut world = World::new().await;
    let account = [("type", "sepa_debit"), ("sepa_debit[iban]", DECLINES_LATER)];
    let account = world.local.post("/v1/payment_methods", &account).await;
    let customer = world.becomes_a_customer().await;
    world.local.prefers(&customer, account["id"].as_str().unwrap()).await;
    let heard = world.hears(2).await;
    assert_eq!(heard["payment_method.attached"], [Fact::PaymentMethod { present: true }]);
    assert_eq!(heard["customer.updated"], [], "localstripe does not say what changed");
    let wanted = recharge("recharge_1", false);
    assert_eq!(world.charges(&wanted).await.0, Charged::Pending);
    let fact = declined(&wanted, "the bank declined");
    assert_eq!(world.hears(1).await["payment_intent.payment_failed"], slice::from_ref(&fact));
    let again = Recharge { again: true, ..wanted };
    assert_eq!(world.charges(&again).await.0, Charged::Settled(fact));
}

#[tokio::test]
async fn money_that_goes_back_is_told_of_its_payment_whatever_it_was_asked_by() {
    let since = clock::now();
    let mut world = World::with(PAYS).await;
    let wanted = recharge("recharge_1", false);
    let (_, id) = world.charges(&wanted).await;
    let mut facts = vec![payment(&id, &wanted)];
    world.hears(1).await;
    let charges = world.local.get("/v1/charges").await;
    let charge = charges["data"][0]["id"].as_str().unwrap();
    for asked in [("payment_intent", id.as_str()), ("charge", charge)] {
        let made = world.local.post("/v1/refunds", &[asked, ("amount", "700")]).await;
        let fact = refund(&made, &id);
        assert_eq!(world.hears(1).await["refund.created"], slice::from_ref(&fact));
        facts.push(fact);
    }
    world.reconciles(since, &facts).await;
}

#[tokio::test]
async fn a_subscription_of_older_shape_is_told_with_what_was_paid_for_it_and_what_went_back() {
    let since = clock::now();
    let mut world = World::new().await;
    let customer = world.becomes_a_customer().await;
    let made = world.local.subscribes(&customer).await;
    let invoice = world.local.get("/v1/invoices").await["data"][0].clone();
    let at = |seconds: &Value| Timestamp::from_micros(seconds.as_i64().unwrap() * 1_000_000);
    let period = Period { start: at(&made["current_period_start"]), end: at(&made["current_period_end"]) };
    let paid = Fact::Payment {
        payment: invoice["id"].as_str().unwrap().parse().unwrap(),
        purpose: PaymentPurpose::Renewal,
        paid: 1_000,
        currency: "USD".into(),
        credits: Some(credits(10_000)),
        period: Some(period),
        recharge: None,
    };
    let stands = Fact::Subscription {
        subscription: Subscription {
            status: SubscriptionStatus::Active,
            plan: Some(plan("starter")),
            cadence: Cadence::Monthly,
            period: Some(period),
            cancel_at: None,
            past_due_since: None,
        },
    };
    let heard = world.hears(5).await;
    assert_eq!(heard["invoice.payment_succeeded"], slice::from_ref(&paid));
    assert_eq!(heard["customer.subscription.created"], slice::from_ref(&stands));
    assert_eq!(heard["payment_intent.succeeded"], [], "its invoice is the payment");

    let intent = invoice["payment_intent"].as_str().unwrap();
    let back = world.local.post("/v1/refunds", &[("payment_intent", intent)]).await;
    let back = refund(&back, invoice["id"].as_str().unwrap());
    assert_eq!(world.hears(1).await["refund.created"], slice::from_ref(&back));
    world.reconciles(since, &[stands, paid, back]).await;
}

#[tokio::test]
async fn what_others_sign_like_stripe_is_genuine_unless_it_is_changed_or_old_or_for_somebody_else() {
    let mut world = World::with(DECLINES).await;
    world.charges(&recharge("recharge_1", false)).await;
    let Message { signature, body } = world.next_message().await;
    let receive = |stripe: &Stripe, now, body: &[u8]| stripe.receive(now, Some(&signature), body);
    let now = clock::now();
    let received = receive(&world.stripe, now, &body).unwrap();
    assert_eq!(received.organization, Some(world.acme.clone()));
    let changed = String::from_utf8(body.to_vec()).unwrap().replace("acme", "evil");
    assert_eq!(receive(&world.stripe, now, changed.as_bytes()), Err(NotGenuine::Wrong));
    assert_eq!(receive(&world.stripe, now.after(Duration::hours(1)), &body), Err(NotGenuine::TooOld));
    let other = Secret::new(format!("{WEBHOOK_SECRET}_other"));
    let other = Settings { webhook_secrets: vec![other], ..settings(&world.local.url) };
    let other = Stripe::new(other, Arc::new(plans()), world.memos.clone()).unwrap();
    assert_eq!(receive(&other, now, &body), Err(NotGenuine::Wrong));
}
