//! localstripe as a process of its own, with what persons and Stripe's operators do there. What is made of it, the stories
//! say.

use crate::peer::{SECRET_KEY, WEBHOOK_SECRET, http};
use coulomb_server::payments::stripe::EVENT_TYPES;
use serde_json::{Value, json};
use std::{path::Path, process::Command, time::Duration};
use xtask::leash::{Leash, end_of};

/// Starts it on a free port. Given as text, because Python would take a file of this name for localstripe itself.
const LAUNCHER: &str = include_str!("../localstripe.py");

/// How long it may take to start, or to tell what happened, which it does after a second.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// A test card of Stripe's that pays.
pub const PAYS: &str = "pm_card_visa";

/// A running localstripe. It ends with this.
pub struct Localstripe {
    pub url: String,
    http: reqwest::Client,
    _process: Leash,
}

impl Localstripe {
    /// Starts it; what it complains about is kept in this folder.
    pub fn start(directory: &Path) -> Localstripe {
        let log = directory.join("localstripe.log");
        let mut command = Command::new(xtask::python::tool("python"));
        command.args(["-I", "-c", LAUNCHER]);
        let process = Leash::start(&command, &log, "KILL", None).unwrap();
        let address = process.next_line(PATIENCE);
        let url = address.unwrap_or_else(|_| {
            panic!("localstripe does not start; `cargo xtask ci` installs it. {}", end_of(&log))
        });
        Localstripe { url, http: http(), _process: process }
    }

    /// Tells what happens to this address from now on, signed, as far as Coulomb wants to know of it.
    pub async fn delivers_to(&self, webhook: &str) {
        let endpoint = json!({ "url": webhook, "secret": WEBHOOK_SECRET, "events": EVENT_TYPES });
        let call = self.http.post(format!("{}/_config/webhooks/coulomb", self.url)).json(&endpoint);
        assert!(call.send().await.unwrap().status().is_success());
    }

    pub async fn get(&self, path: &str) -> Value {
        self.answers(path, self.http.get(format!("{}{path}", self.url))).await
    }

    pub async fn post(&self, path: &str, form: &[(&str, &str)]) -> Value {
        self.answers(path, self.http.post(format!("{}{path}", self.url)).form(form)).await
    }

    async fn answers(&self, path: &str, call: reqwest::RequestBuilder) -> Value {
        let answer: Value = call.bearer_auth(SECRET_KEY).send().await.unwrap().json().await.unwrap();
        assert!(answer.get("error").is_none(), "{path}: {answer}");
        answer
    }

    /// The only customer.
    pub async fn customer(&self) -> String {
        let customers = self.get("/v1/customers").await;
        assert_eq!(customers["total_count"], 1, "{customers}");
        customers["data"][0]["id"].as_str().unwrap().into()
    }

    /// The customer saves a payment method for later.
    pub async fn saves(&self, customer: &str, method: &str) {
        self.post(&format!("/v1/payment_methods/{method}/attach"), &[("customer", customer)]).await;
    }

    /// The customer saves one and makes it the first to be charged.
    pub async fn prefers(&self, customer: &str, method: &str) {
        self.saves(customer, method).await;
        let preferred = [("invoice_settings[default_payment_method]", method)];
        self.post(&format!("/v1/customers/{customer}"), &preferred).await;
    }

    /// The customer subscribes, as older versions of the API had it, to "starter" at 10.00 a month, with a card that pays.
    pub async fn subscribes(&self, customer: &str) -> Value {
        let card = self.get(&format!("/v1/payment_methods/{PAYS}")).await;
        self.prefers(customer, card["id"].as_str().unwrap()).await;
        let monthly = [
            ("id", "starter"),
            ("amount", "1000"),
            ("currency", "usd"),
            ("interval", "month"),
            ("product[name]", "Starter"),
        ];
        self.post("/v1/plans", &monthly).await;
        // Stripe copies what is written on a subscription to its invoice's lines; localstripe copies what is on its items.
        let sold = [
            ("customer", customer),
            ("metadata[coulomb_organization]", "acme"),
            ("metadata[coulomb_plan]", "starter"),
            ("metadata[coulomb_cadence]", "monthly"),
            ("items[0][plan]", "starter"),
            ("items[0][metadata][coulomb_plan]", "starter"),
            ("items[0][metadata][coulomb_cadence]", "monthly"),
        ];
        self.post("/v1/subscriptions", &sold).await
    }

    /// What was really charged, in minor units.
    pub async fn charged(&self) -> Vec<i64> {
        let charges = self.get("/v1/charges?limit=100").await;
        let paid = charges["data"].as_array().unwrap().iter().filter(|charge| charge["paid"] == true);
        paid.map(|charge| charge["amount"].as_i64().unwrap()).collect()
    }
}
