//! Customers, cards and what is charged to them, refunds and disputes.

use super::{Peer, Problem, Stripe, number, only_known, refused, text};
use serde_json::{Value, json};

/// How a card behaves when it is charged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Card {
    /// It pays.
    Pays,
    /// The bank declines with this code.
    Declines(&'static str),
    /// The bank wants the cardholder, and says so by an error.
    WantsCardholder,
    /// The bank wants the cardholder, and the payment waits.
    Waits,
    /// The bank takes its time.
    TakesTime,
}

impl Peer {
    /// Gives a customer a card.
    pub fn attach(&self, customer: &str, card: Card) -> String {
        self.stripe().attach(customer, card)
    }

    /// Takes a card away.
    pub fn detach(&self, card: &str) {
        let mut stripe = self.stripe();
        let customer = stripe.change(card).insert("customer".into(), Value::Null);
        stripe.tell("payment_method.detached", card, json!({ "customer": customer }));
    }

    /// A customer's card that is charged first.
    pub fn make_default(&self, customer: &str, card: &str) {
        self.set_default(customer, card.into());
    }

    /// No card is charged first any more.
    pub fn forget_default(&self, customer: &str) {
        self.set_default(customer, Value::Null);
    }

    fn set_default(&self, customer: &str, card: Value) {
        let mut stripe = self.stripe();
        let settings = json!({ "default_payment_method": card });
        let before = stripe.change(customer).insert("invoice_settings".into(), settings);
        stripe.tell("customer.updated", customer, json!({ "invoice_settings": before }));
    }

    /// Somebody else, who has nothing to do with Coulomb, pays on the same account.
    pub fn stranger_pays(&self, amount: i64) -> String {
        let mut stripe = self.stripe();
        let customer = stripe.make("cus", "customer", json!({ "invoice_settings": {} }));
        let card = stripe.attach(&customer, Card::Pays);
        let intent = stripe.intend(&customer, amount, "usd", &json!({ "order": "7" }));
        stripe.confirm(&intent, &card).unwrap();
        intent
    }

    /// A bank that took its time has decided.
    pub fn decide(&self, intent: &str, pays: bool) {
        let mut stripe = self.stripe();
        match pays {
            true => stripe.succeed(intent),
            false => drop(stripe.decline(intent, "card_declined", "generic_decline")),
        }
    }

    /// Gives money back.
    pub fn refund(&self, intent: &str, amount: i64) -> String {
        let mut stripe = self.stripe();
        let charge = stripe.get(intent).unwrap()["latest_charge"].clone();
        let fields = json!({
            "amount": amount, "currency": "usd", "status": "succeeded", "payment_intent": intent, "charge": charge,
        });
        let refund = stripe.make("re", "refund", fields);
        stripe.tell("refund.created", &refund, Value::Null);
        stripe.tell("charge.refunded", charge.as_str().unwrap(), Value::Null);
        refund
    }

    /// The money did not arrive.
    pub fn fail_refund(&self, refund: &str) {
        let mut stripe = self.stripe();
        stripe.change(refund).insert("status".into(), "failed".into());
        stripe.tell("refund.updated", refund, json!({ "status": "succeeded" }));
        stripe.tell("refund.failed", refund, Value::Null);
    }

    /// Somebody disputes a payment.
    pub fn dispute(&self, intent: &str, amount: i64, status: &str) -> String {
        let mut stripe = self.stripe();
        let charge = stripe.get(intent).unwrap()["latest_charge"].clone();
        let fields = json!({
            "amount": amount, "currency": "usd", "status": status, "payment_intent": intent, "charge": charge,
        });
        let dispute = stripe.make("du", "dispute", fields);
        stripe.tell("charge.dispute.created", &dispute, Value::Null);
        dispute
    }

    /// A dispute goes on, or ends.
    pub fn set_dispute(&self, dispute: &str, status: &str) {
        let mut stripe = self.stripe();
        stripe.change(dispute).insert("status".into(), status.into());
        let over = ["won", "lost", "warning_closed"].contains(&status);
        stripe.tell(
            if over { "charge.dispute.closed" } else { "charge.dispute.updated" },
            dispute,
            Value::Null,
        );
    }
}

impl Stripe {
    pub fn new_customer(&mut self, form: &Value) -> Result<String, Problem> {
        only_known(form, &["metadata", "name", "email"])?;
        let settings = json!({ "default_payment_method": null });
        let fields = json!({ "metadata": form["metadata"], "invoice_settings": settings });
        Ok(self.make("cus", "customer", fields))
    }

    pub fn attach(&mut self, customer: &str, card: Card) -> String {
        let fields = json!({ "type": "card", "customer": customer });
        let method = self.make("pm", "payment_method", fields);
        self.cards.insert(method.clone(), card);
        self.tell("payment_method.attached", &method, Value::Null);
        method
    }

    pub fn new_intent(&mut self, form: &Value) -> Result<String, Problem> {
        let known = [
            "amount",
            "currency",
            "customer",
            "payment_method",
            "off_session",
            "confirm",
            "automatic_payment_methods",
            "description",
            "metadata",
        ];
        only_known(form, &known)?;
        let (amount, customer) = (number(form, "/amount")?, text(form, "/customer")?);
        if amount < 50 {
            return Err(refused("amount_too_small", "Amount must be at least $0.50 usd"));
        }
        let method = text(form, "/payment_method")?;
        if self.get(&method)?["customer"] != customer.as_str() {
            return Err(refused("payment_method_unattached", "The PaymentMethod is of another customer"));
        }
        let intent = self.intend(&customer, amount, &text(form, "/currency")?, &form["metadata"]);
        self.confirm(&intent, &method)?;
        Ok(intent)
    }

    pub fn intend(&mut self, customer: &str, amount: i64, currency: &str, metadata: &Value) -> String {
        let metadata = if metadata.is_null() { json!({}) } else { metadata.clone() };
        let fields = json!({
            "amount": amount, "amount_received": 0, "currency": currency, "customer": customer,
            "metadata": metadata, "status": "requires_confirmation", "last_payment_error": null, "latest_charge": null,
        });
        self.make("pi", "payment_intent", fields)
    }

    /// Charges a card, which behaves as it does.
    pub fn confirm(&mut self, intent: &str, method: &str) -> Result<(), Problem> {
        match self.cards.get(method).copied().unwrap_or(Card::Declines("generic_decline")) {
            Card::Pays => self.succeed(intent),
            Card::Declines(code) => return Err(self.decline(intent, "card_declined", code)),
            Card::WantsCardholder => {
                return Err(self.decline(intent, "authentication_required", "authentication_required"));
            }
            Card::Waits => drop(self.change(intent).insert("status".into(), "requires_action".into())),
            Card::TakesTime => drop(self.change(intent).insert("status".into(), "processing".into())),
        }
        Ok(())
    }

    fn succeed(&mut self, intent: &str) {
        let amount = self.get(intent).unwrap()["amount"].clone();
        let charge = json!({ "amount": amount, "payment_intent": intent, "status": "succeeded" });
        let charge = self.make("ch", "charge", charge);
        let changed = self.change(intent);
        changed.insert("status".into(), "succeeded".into());
        changed.insert("amount_received".into(), amount);
        changed.insert("latest_charge".into(), charge.into());
        changed.insert("last_payment_error".into(), Value::Null);
        self.tell("payment_intent.succeeded", intent, Value::Null);
    }

    fn decline(&mut self, intent: &str, code: &str, decline_code: &str) -> Problem {
        let error = json!({
            "type": "card_error", "code": code, "decline_code": decline_code, "message": "Your card was declined.",
        });
        let changed = self.change(intent);
        changed.insert("status".into(), "requires_payment_method".into());
        changed.insert("last_payment_error".into(), error.clone());
        self.tell("payment_intent.payment_failed", intent, Value::Null);
        let mut error = error;
        error["payment_intent"] = self.get(intent).unwrap().clone();
        Problem { status: 402, error }
    }

    pub fn cancel_intent(&mut self, id: &str, form: &Value) -> Result<String, Problem> {
        only_known(form, &["cancellation_reason"])?;
        if ["succeeded", "canceled", "processing"].contains(&self.get(id)?["status"].as_str().unwrap()) {
            let message = "You cannot cancel this PaymentIntent because of its status";
            return Err(refused("payment_intent_unexpected_state", message));
        }
        self.change(id).insert("status".into(), "canceled".into());
        self.change(id).insert("cancellation_reason".into(), form["cancellation_reason"].clone());
        self.tell("payment_intent.canceled", id, Value::Null);
        Ok(id.into())
    }

    /// A customer's newest card.
    pub fn card_of(&self, customer: &str) -> Option<String> {
        let is_card =
            |object: &&Value| object["object"] == "payment_method" && object["customer"] == customer;
        self.objects.iter().rev().find(is_card).map(|card| card["id"].as_str().unwrap().to_owned())
    }
}
