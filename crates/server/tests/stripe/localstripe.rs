//! A second opinion: what Coulomb asks and understands, against localstripe, a Stripe of other people's making that runs as
//! a process of its own; `localstripe.py` says what it was taught for that. Left to our own peer, because localstripe has
//! none of it, or not as Stripe has it:
//!
//! - Checkout and the billing portal: it has no such pages;
//! - prices, changes of plan and invoices by period: it knows the plans of older versions of the API only;
//! - disputes, and refunds that fail: it has none;
//! - what an idempotency key is good for: it ignores them;
//! - new and removed payment methods: it says nothing of them, and of a customer that changed not what changed;
//! - the end of a payment that was given up: it says nothing of that either.

use crate::{
    peer::{SECRET_KEY, WEBHOOK_SECRET, http},
    world::{credits, ours, plan, plans, purchase, recharge, refusal, settings},
};
use axum::{Router, body::Bytes, http::HeaderMap, routing::post};
use coulomb_server::{
    clock,
    memos::Memos,
    payments::{
        Bought, Charged, PortalStep, Recharge,
        fact::Fact,
        stripe::{EVENT_TYPES, NotGenuine, Stripe},
    },
};
use ledger::{
    Duration, Timestamp,
    id::OrganizationId,
    payment::PaymentPurpose,
    subscription::{Cadence, Period, Subscription, SubscriptionStatus},
};
use serde_json::{Value, json};
use std::{collections::BTreeMap, path::Path, process::Command, sync::Arc};
use store::sqlite::Sqlite;
use tempfile::TempDir;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use xtask::leash::{Leash, end_of};

/// Starts it on a free port. Given as text, because Python would take a file of this name for localstripe itself.
const LAUNCHER: &str = include_str!("localstripe.py");

/// How long it may take to start, or to tell what happened, which it does after a second.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(60);

/// A test card of Stripe's that pays.
const PAYS: &str = "pm_card_visa";
/// One that can be saved, and is declined whenever it is charged.
const DECLINES: &str = "pm_card_chargeCustomerFail";
/// The number of a card whose bank always wants the cardholder to confirm.
const WANTS_CARDHOLDER: &str = "4000002500003155";
/// A bank account that says half a second later that there is no money.
const DECLINES_LATER: &str = "DE62370400440532013001";

/// What was delivered to the webhook.
struct Message {
    signature: String,
    body: Bytes,
}

/// An organization that sells through localstripe.
struct World {
    url: String,
    http: reqwest::Client,
    messages: UnboundedReceiver<Message>,
    stripe: Stripe,
    memos: Memos,
    acme: OrganizationId,
    /// It ends with the world, and then the folder goes.
    _process: Leash,
    _directory: TempDir,
}

fn start(directory: &Path) -> (Leash, String) {
    let log = directory.join("localstripe.log");
    let mut command = Command::new(xtask::python::tool("python"));
    command.args(["-I", "-c", LAUNCHER]);
    let process = Leash::start(&command, &log, "KILL", None).unwrap();
    let address = process.next_line(PATIENCE);
    let url = address.unwrap_or_else(|_| {
        panic!("localstripe does not start; `cargo xtask ci` installs it. {}", end_of(&log))
    });
    (process, url)
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
        let (process, url) = start(directory.path());
        let (webhook, messages) = listen().await;
        let http = http();
        let endpoint = json!({ "url": webhook, "secret": WEBHOOK_SECRET, "events": EVENT_TYPES });
        let registered = http.post(format!("{url}/_config/webhooks/coulomb")).json(&endpoint).send().await;
        assert!(registered.unwrap().status().is_success());
        let memos = Memos::new(Arc::new(Sqlite::open(directory.path()).unwrap()));
        let stripe = Stripe::new(settings(&url), Arc::new(plans()), memos.clone()).unwrap();
        let acme = "acme".parse().unwrap();
        World { url, http, messages, stripe, memos, acme, _process: process, _directory: directory }
    }

    async fn get(&self, path: &str) -> Value {
        let asked = self.http.get(format!("{}{path}", self.url)).bearer_auth(SECRET_KEY).send().await;
        let answer: Value = asked.unwrap().json().await.unwrap();
        assert!(answer.get("error").is_none(), "{path}: {answer}");
        answer
    }

    async fn post(&self, path: &str, form: &[(&str, &str)]) -> Value {
        let call = self.http.post(format!("{}{path}", self.url)).bearer_auth(SECRET_KEY).form(form);
        let answer: Value = call.send().await.unwrap().json().await.unwrap();
        assert!(answer.get("error").is_none(), "{path}: {answer}");
        answer
    }

    /// Makes the organization a customer, by the way to a page that localstripe does not have, and gives its id.
    async fn becomes_a_customer(&self) -> String {
        refusal(self.stripe.portal(&self.acme, PortalStep::Home, "https://host.example").await);
        let customers = self.get("/v1/customers").await;
        customers["data"][0]["id"].as_str().unwrap().into()
    }

    /// Saves this payment method for later and gives the customer's id.
    async fn saves(&self, method: &str) -> String {
        let customer = self.becomes_a_customer().await;
        self.post(&format!("/v1/payment_methods/{method}/attach"), &[("customer", &customer)]).await;
        customer
    }

    /// Makes it the first to be charged.
    async fn prefers(&self, customer: &str, method: &str) {
        let preferred = [("invoice_settings[default_payment_method]", method)];
        self.post(&format!("/v1/customers/{customer}"), &preferred).await;
    }

    /// Charges this purchase and gives what came of it, and the id of the payment.
    async fn charged(&self, wanted: &Recharge) -> (Charged, String) {
        let charged = self.stripe.charge(&self.acme, wanted).await.unwrap();
        let intents = self.get("/v1/payment_intents").await;
        (charged, intents["data"][0]["id"].as_str().unwrap().into())
    }

    /// What was really charged, in minor units.
    async fn money(&self) -> Vec<i64> {
        let charges = self.get("/v1/charges?limit=100").await;
        let paid = charges["data"].as_array().unwrap().iter().filter(|charge| charge["paid"] == true);
        paid.map(|charge| charge["amount"].as_i64().unwrap()).collect()
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

    /// What is told of everything since then equals this, in whatever order.
    async fn reconciles(&self, since: Timestamp, facts: &[Fact]) {
        for told in [
            self.stripe.facts_of(&self.acme).await.unwrap(),
            ours(&self.acme, self.stripe.told_since(since).await.unwrap()),
        ] {
            let strange: Vec<&Fact> = told.iter().filter(|fact| !facts.contains(fact)).collect();
            assert!(strange.is_empty() && told.len() == facts.len(), "{told:#?} is not {facts:#?}");
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
    let neighbour = Stripe::new(settings(&world.url), Arc::new(plans()), world.memos.clone()).unwrap();
    for stripe in [&world.stripe, &neighbour] {
        let bought = purchase(Bought::Credits(credits(1_000)), 100);
        refusal(stripe.checkout(&world.acme, &bought, "https://host.example").await);
        assert!(!stripe.has_payment_method(&world.acme).await.unwrap());
    }
    let customers = world.get("/v1/customers").await;
    assert_eq!(customers["total_count"], 1);
    assert_eq!(customers["data"][0]["metadata"], json!({ "coulomb_organization": "acme" }));
    world.saves(PAYS).await;
    assert!(neighbour.has_payment_method(&world.acme).await.unwrap());
    assert_eq!(world.becomes_a_customer().await, customer);
}

#[tokio::test]
async fn a_saved_card_is_charged_once_and_the_webhook_tells_the_very_same() {
    let mut world = World::new().await;
    let since = clock::now();
    world.saves(PAYS).await;
    let wanted = recharge("recharge_1", false);
    let (charged, id) = world.charged(&wanted).await;
    let fact = payment(&id, &wanted);
    assert_eq!(charged, Charged::Settled(fact.clone()));
    assert_eq!(world.hears(1).await["payment_intent.succeeded"], std::slice::from_ref(&fact));
    let again = Recharge { again: true, ..wanted };
    assert_eq!(world.charged(&again).await.0, Charged::Settled(fact.clone()));
    assert_eq!(world.money().await, [2_000]);
    world.reconciles(since, &[fact]).await;
}

#[tokio::test]
async fn a_decline_is_told_in_the_same_words_by_answer_and_webhook() {
    let mut world = World::new().await;
    let since = clock::now();
    world.saves(DECLINES).await;
    let wanted = recharge("recharge_1", false);
    let fact = declined(&wanted, "the bank declined");
    assert_eq!(world.charged(&wanted).await.0, Charged::Settled(fact.clone()));
    assert_eq!(world.hears(1).await["payment_intent.payment_failed"], std::slice::from_ref(&fact));
    let again = Recharge { again: true, ..wanted };
    assert_eq!(world.charged(&again).await.0, Charged::Settled(fact.clone()));
    assert!(world.money().await.is_empty());
    world.reconciles(since, &[fact]).await;
}

#[tokio::test]
async fn what_waits_for_the_cardholder_is_given_up_so_that_nobody_pays_it_later() {
    let world = World::new().await;
    let card = [
        ("type", "card"),
        ("card[number]", WANTS_CARDHOLDER),
        ("card[exp_month]", "12"),
        ("card[exp_year]", "2040"),
        ("card[cvc]", "123"),
    ];
    let card = world.post("/v1/payment_methods", &card).await;
    world.saves(card["id"].as_str().unwrap()).await;
    let wanted = recharge("recharge_1", false);
    let (charged, id) = world.charged(&wanted).await;
    let reason = "requires_action: the bank wants the cardholder to confirm the payment";
    assert_eq!(charged, Charged::Settled(declined(&wanted, reason)));
    assert_eq!(world.get(&format!("/v1/payment_intents/{id}")).await["status"], "canceled");
    assert!(world.money().await.is_empty());
}

#[tokio::test]
async fn a_bank_that_takes_its_time_to_decline_is_waited_for() {
    let mut world = World::new().await;
    let account = [("type", "sepa_debit"), ("sepa_debit[iban]", DECLINES_LATER)];
    let account = world.post("/v1/payment_methods", &account).await["id"].as_str().unwrap().to_owned();
    let customer = world.saves(&account).await;
    world.prefers(&customer, &account).await;
    let wanted = recharge("recharge_1", false);
    assert_eq!(world.charged(&wanted).await.0, Charged::Pending);
    let heard = world.hears(2).await;
    let fact = declined(&wanted, "the bank declined");
    assert_eq!(heard["payment_intent.payment_failed"], std::slice::from_ref(&fact));
    assert_eq!(heard["customer.updated"], [], "localstripe does not say what changed");
    let again = Recharge { again: true, ..wanted };
    assert_eq!(world.charged(&again).await.0, Charged::Settled(fact));
}

#[tokio::test]
async fn money_that_goes_back_is_told_of_its_payment_whatever_it_was_asked_by() {
    let mut world = World::new().await;
    let since = clock::now();
    world.saves(PAYS).await;
    let wanted = recharge("recharge_1", false);
    let (_, id) = world.charged(&wanted).await;
    let mut facts = vec![payment(&id, &wanted)];
    world.hears(1).await;
    let charge = world.get("/v1/charges").await["data"][0]["id"].as_str().unwrap().to_owned();
    for asked in [("payment_intent", id.as_str()), ("charge", charge.as_str())] {
        let made = world.post("/v1/refunds", &[asked, ("amount", "700")]).await;
        let fact = refund(&made, &id);
        assert_eq!(world.hears(1).await["refund.created"], std::slice::from_ref(&fact));
        facts.push(fact);
    }
    world.reconciles(since, &facts).await;
}

#[tokio::test]
async fn a_subscription_of_older_shape_is_told_with_what_was_paid_for_it_and_what_went_back() {
    let mut world = World::new().await;
    let since = clock::now();
    let card = world.get(&format!("/v1/payment_methods/{PAYS}")).await["id"].as_str().unwrap().to_owned();
    let customer = world.saves(&card).await;
    world.prefers(&customer, &card).await;
    let monthly = [
        ("id", "starter"),
        ("amount", "1000"),
        ("currency", "usd"),
        ("interval", "month"),
        ("product[name]", "Starter"),
    ];
    world.post("/v1/plans", &monthly).await;
    // Stripe copies what is written on a subscription to its invoice's lines; localstripe copies what is on its items.
    let sold = [
        ("customer", customer.as_str()),
        ("metadata[coulomb_organization]", "acme"),
        ("metadata[coulomb_plan]", "starter"),
        ("metadata[coulomb_cadence]", "monthly"),
        ("items[0][plan]", "starter"),
        ("items[0][metadata][coulomb_plan]", "starter"),
        ("items[0][metadata][coulomb_cadence]", "monthly"),
    ];
    let made = world.post("/v1/subscriptions", &sold).await;
    let invoice = world.get("/v1/invoices").await["data"][0].clone();
    let at = |seconds: &Value| Timestamp::from_micros(seconds.as_i64().unwrap() * 1_000_000);
    let period = Period { start: at(&made["current_period_start"]), end: at(&made["current_period_end"]) };
    let renewed = Fact::Payment {
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
    let heard = world.hears(4).await;
    assert_eq!(heard["invoice.payment_succeeded"], std::slice::from_ref(&renewed));
    assert_eq!(heard["customer.subscription.created"], std::slice::from_ref(&stands));
    assert_eq!(heard["payment_intent.succeeded"], [], "its invoice is the payment");

    let intent = invoice["payment_intent"].as_str().unwrap();
    let back = world.post("/v1/refunds", &[("payment_intent", intent)]).await;
    let back = refund(&back, invoice["id"].as_str().unwrap());
    assert_eq!(world.hears(1).await["refund.created"], std::slice::from_ref(&back));
    world.reconciles(since, &[stands, renewed, back]).await;
}

#[tokio::test]
async fn what_others_sign_like_stripe_is_genuine_unless_it_is_changed_or_old() {
    let mut world = World::new().await;
    world.saves(DECLINES).await;
    world.charged(&recharge("recharge_1", false)).await;
    let Message { signature, body } = world.next_message().await;
    let receive = |now, body: &[u8]| world.stripe.receive(now, Some(&signature), body);
    let now = clock::now();
    assert_eq!(receive(now, &body).unwrap().organization, Some(world.acme.clone()));
    let changed = String::from_utf8(body.to_vec()).unwrap().replace("acme", "evil");
    assert_eq!(receive(now, changed.as_bytes()), Err(NotGenuine::Wrong));
    assert_eq!(receive(now.after(Duration::hours(1)), &body), Err(NotGenuine::TooOld));
}
