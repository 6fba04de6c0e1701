//! Checkout and the portal, and the person who sits in front of them.

use super::{Card, Peer, Problem, Stripe, number, only_known, refused, text};
use serde_json::{Value, json};

impl Peer {
    /// The person on this Checkout page pays with this card. Whether that worked.
    pub fn pay(&self, url: &str, card: Card) -> bool {
        let id = url.rsplit('/').next().unwrap();
        let mut stripe = self.stripe();
        let session = stripe.get(id).unwrap().clone();
        assert_eq!(session["status"], "open", "a page is paid once");
        let customer = session["customer"].as_str().unwrap();
        let paid = match session["mode"].as_str() {
            Some("payment") => stripe.pay_once(&session, customer, card),
            _ => {
                stripe.attach(customer, card);
                let price = session["line_items"]["0"]["price"].as_str().unwrap();
                stripe.subscribe(customer, price, &session["subscription_data"]["metadata"]);
                true
            }
        };
        if paid {
            stripe.change(id).insert("status".into(), "complete".into());
            stripe.tell("checkout.session.completed", id, Value::Null);
        }
        paid
    }
}

impl Stripe {
    fn pay_once(&mut self, session: &Value, customer: &str, card: Card) -> bool {
        let bought = &session["line_items"]["0"];
        let amount =
            number(bought, "/price_data/unit_amount").unwrap() * number(bought, "/quantity").unwrap();
        let intention = &session["payment_intent_data"];
        let currency = bought["price_data"]["currency"].as_str().unwrap();
        let intent = self.intend(customer, amount, currency, &intention["metadata"]);
        let method = self.attach(customer, card);
        if intention["setup_future_usage"] != "off_session" {
            self.change(&method).insert("customer".into(), Value::Null);
        }
        self.confirm(&intent, &method).is_ok()
    }

    pub fn new_checkout(&mut self, url: &str, form: &Value) -> Result<String, Problem> {
        let known = [
            "mode",
            "customer",
            "client_reference_id",
            "metadata",
            "success_url",
            "cancel_url",
            "line_items",
            "payment_intent_data",
            "subscription_data",
        ];
        only_known(form, &known)?;
        for needed in ["/success_url", "/cancel_url", "/line_items/0/quantity"] {
            text(form, needed)?;
        }
        self.get(&text(form, "/customer")?)?;
        let other = match text(form, "/mode")?.as_str() {
            "payment" => "subscription_data",
            "subscription" => "payment_intent_data",
            _ => return Err(refused("mode", "Invalid mode")),
        };
        if !form[other].is_null() {
            return Err(refused("mode", format!("You can not pass `{other}` in this mode")));
        }
        Ok(self.open("cs", "checkout.session", url, form))
    }

    pub fn new_portal(&mut self, url: &str, form: &Value) -> Result<String, Problem> {
        only_known(form, &["customer", "return_url", "flow_data"])?;
        self.get(&text(form, "/customer")?)?;
        if let Some(kind @ ("subscription_cancel" | "subscription_update")) =
            form["flow_data"]["type"].as_str()
        {
            self.get(&text(form, &format!("/flow_data/{kind}/subscription"))?)?;
        }
        Ok(self.open("bps", "billing_portal.session", url, form))
    }

    fn open(&mut self, prefix: &str, kind: &str, url: &str, form: &Value) -> String {
        let id = self.make(prefix, kind, form.clone());
        self.change(&id).insert("status".into(), "open".into());
        let page = json!(format!("{url}/pages/{id}"));
        self.change(&id).insert("url".into(), page);
        id
    }
}
