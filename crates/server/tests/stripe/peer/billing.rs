//! Prices, subscriptions, schedules and invoices: what is paid again and again.

use super::{Peer, Problem, Stripe, number, only_known, refused, text};
use ledger::Timestamp;
use serde_json::{Value, json};

impl Peer {
    /// Time passes to the end of a subscription's period: what was planned happens, and it is renewed, or is over.
    pub fn renew(&self, subscription: &str) {
        let mut stripe = self.stripe();
        let end =
            stripe.get(subscription).unwrap().pointer("/items/data/0/current_period_end").unwrap().as_i64();
        stripe.ahead += (end.unwrap() - stripe.now()).max(0);
        stripe.renew(subscription);
    }

    /// A person takes another price on Stripe's own pages, and pays the difference.
    pub fn upgrade_by_hand(&self, subscription: &str, lookup_key: &str) {
        let mut stripe = self.stripe();
        let price =
            stripe.objects.iter().find(|object| object["lookup_key"] == lookup_key).unwrap()["id"].clone();
        stripe.change_price(subscription, &json!({ "items": { "0": { "price": price } } })).unwrap();
    }

    /// A person pays an open invoice after all.
    pub fn pay_invoice(&self, invoice: &str, card: super::Card) {
        let mut stripe = self.stripe();
        let customer = stripe.get(invoice).unwrap()["customer"].as_str().unwrap().to_owned();
        stripe.attach(&customer, card);
        stripe.collect(invoice);
    }
}

fn months(price: &Value) -> u32 {
    if price["recurring"]["interval"] == "year" { 12 } else { 1 }
}

fn after(start: i64, months: u32) -> i64 {
    Timestamp::from_micros(start * 1_000_000).plus_months(months).micros() / 1_000_000
}

impl Stripe {
    pub fn new_price(&mut self, form: &Value) -> Result<String, Problem> {
        only_known(
            form,
            &["currency", "unit_amount", "recurring", "lookup_key", "product_data", "metadata"],
        )?;
        let key = text(form, "/lookup_key")?;
        if self.objects.iter().any(|object| object["lookup_key"] == key.as_str()) {
            return Err(refused("resource_already_exists", format!("A price uses the lookup key {key}")));
        }
        let fields = json!({
            "currency": text(form, "/currency")?, "unit_amount": number(form, "/unit_amount")?, "active": true,
            "recurring": { "interval": text(form, "/recurring/interval")?, "interval_count": 1 },
            "lookup_key": key, "metadata": form["metadata"],
        });
        Ok(self.make("price", "price", fields))
    }

    /// Begins a subscription and pays its first period.
    pub fn subscribe(&mut self, customer: &str, price: &str, metadata: &Value) -> String {
        let price = self.get(price).unwrap().clone();
        let (start, end) = (self.now(), after(self.now(), months(&price)));
        let item =
            json!({ "id": "si_1", "price": price, "current_period_start": start, "current_period_end": end });
        let fields = json!({
            "customer": customer, "status": "active", "metadata": metadata, "items": { "data": [item], "has_more": false },
            "cancel_at": null, "cancel_at_period_end": false, "schedule": null, "latest_invoice": null, "pending_update": null,
        });
        let subscription = self.make("sub", "subscription", fields);
        self.tell("customer.subscription.created", &subscription, Value::Null);
        let line = line(&price, start, end, price["unit_amount"].as_i64().unwrap(), false);
        let invoice = self.invoice(&subscription, vec![line]);
        self.collect(&invoice);
        subscription
    }

    fn renew(&mut self, id: &str) {
        let subscription = self.get(id).unwrap().clone();
        if subscription["cancel_at_period_end"] == true {
            self.change(id).insert("status".into(), "canceled".into());
            return self.tell("customer.subscription.deleted", id, Value::Null);
        }
        if let Some(schedule) = subscription["schedule"].as_str() {
            self.next_phase(id, schedule);
        }
        let subscription = self.get(id).unwrap().clone();
        let item = &subscription["items"]["data"][0];
        let price = item["price"].clone();
        let start = item["current_period_end"].as_i64().unwrap();
        let end = after(start, months(&price));
        self.set_item(id, json!({ "current_period_start": start, "current_period_end": end }));
        let line = line(&price, start, end, price["unit_amount"].as_i64().unwrap(), false);
        let invoice = self.invoice(id, vec![line]);
        let status = if self.collect(&invoice) { "active" } else { "past_due" };
        self.change(id).insert("status".into(), status.into());
        self.tell("customer.subscription.updated", id, Value::Null);
    }

    fn next_phase(&mut self, id: &str, schedule: &str) {
        let phase = self.get(schedule).unwrap()["phases"]["1"].clone();
        let price = phase["items"]["0"]["price"].as_str().unwrap();
        let price = self.get(price).unwrap().clone();
        self.set_item(id, json!({ "price": price }));
        self.merge_metadata(id, &phase["metadata"]);
        self.change(id).insert("schedule".into(), Value::Null);
        self.change(schedule).insert("status".into(), "released".into());
    }

    fn set_item(&mut self, id: &str, changes: Value) {
        let item = &mut self.change(id)["items"]["data"][0];
        item.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
    }

    fn merge_metadata(&mut self, id: &str, metadata: &Value) {
        let known = self.change(id)["metadata"].as_object_mut().unwrap();
        known.extend(metadata.as_object().cloned().unwrap_or_default());
    }

    fn invoice(&mut self, subscription: &str, lines: Vec<Value>) -> String {
        let about = self.get(subscription).unwrap().clone();
        let total: i64 = lines.iter().map(|line| line["amount"].as_i64().unwrap()).sum();
        let details = json!({ "subscription": subscription, "metadata": about["metadata"] });
        let fields = json!({
            "customer": about["customer"], "currency": "usd", "status": "open", "total": total, "amount_paid": 0,
            "number": format!("PEER-{}", self.objects.len()), "due_date": null,
            "status_transitions": { "finalized_at": self.now() },
            "lines": { "object": "list", "data": lines, "has_more": false },
            "parent": { "type": "subscription_details", "subscription_details": details },
        });
        let invoice = self.make("in", "invoice", fields);
        let url = format!("https://invoice.example/{invoice}");
        self.change(&invoice).insert("invoice_pdf".into(), format!("{url}.pdf").into());
        self.change(&invoice).insert("hosted_invoice_url".into(), url.into());
        self.change(subscription).insert("latest_invoice".into(), invoice.clone().into());
        invoice
    }

    /// Charges an invoice to the customer's newest card, and does what waited for that.
    fn collect(&mut self, invoice: &str) -> bool {
        let about = self.get(invoice).unwrap().clone();
        let (customer, total) = (about["customer"].as_str().unwrap(), about["total"].as_i64().unwrap());
        if total > 0 {
            let intent = self.intend(customer, total, "usd", &json!({}));
            let card = self.card_of(customer).unwrap_or_default();
            if self.confirm(&intent, &card).is_err() {
                self.tell("invoice.payment_failed", invoice, Value::Null);
                return false;
            }
            let payment = json!({ "type": "payment_intent", "payment_intent": intent });
            let fields = json!({ "invoice": invoice, "status": "paid", "payment": payment });
            self.make("inpay", "invoice_payment", fields);
        }
        self.change(invoice).insert("status".into(), "paid".into());
        self.change(invoice).insert("amount_paid".into(), total.max(0).into());
        self.tell("invoice.paid", invoice, Value::Null);
        let subscription = about["parent"]["subscription_details"]["subscription"].as_str().unwrap();
        self.apply_pending(subscription);
        self.change(subscription).insert("status".into(), "active".into());
        self.tell("customer.subscription.updated", subscription, Value::Null);
        true
    }

    fn apply_pending(&mut self, subscription: &str) {
        let pending =
            self.change(subscription).insert("pending_update".into(), Value::Null).unwrap_or_default();
        if !pending["subscription_items"].is_null() {
            self.set_item(subscription, pending["subscription_items"][0].clone());
        }
    }

    pub fn void_invoice(&mut self, id: &str) -> Result<String, Problem> {
        let invoice = self.get(id)?.clone();
        if invoice["status"] != "open" {
            return Err(refused("invoice_not_editable", "You can only void open invoices"));
        }
        self.change(id).insert("status".into(), "void".into());
        let subscription = invoice["parent"]["subscription_details"]["subscription"].as_str().unwrap();
        self.change(subscription).insert("pending_update".into(), Value::Null);
        Ok(id.into())
    }

    pub fn update_subscription(&mut self, id: &str, form: &Value) -> Result<String, Problem> {
        let scheduled = !self.get(id)?["schedule"].is_null();
        if form["payment_behavior"] == "pending_if_incomplete" {
            // Stripe's own list of what such a request may say.
            only_known(form, &["items", "payment_behavior", "proration_behavior", "billing_cycle_anchor"])?;
            self.change_price(id, form)?;
        } else {
            only_known(form, &["metadata", "cancel_at_period_end", "cancel_at"])?;
            self.merge_metadata(id, &form["metadata"]);
        }
        if let Some(ends) = form["cancel_at_period_end"].as_str() {
            if scheduled {
                let message =
                    "The subscription is managed by a schedule, and its cancelation cannot be changed";
                return Err(refused("subscription_managed", message));
            }
            let end = self.get(id)?["items"]["data"][0]["current_period_end"].clone();
            let ends = ends == "true";
            self.change(id).insert("cancel_at_period_end".into(), ends.into());
            self.change(id).insert("cancel_at".into(), if ends { end } else { Value::Null });
        }
        if form["cancel_at"] == "" {
            self.change(id).insert("cancel_at".into(), Value::Null);
        }
        self.tell("customer.subscription.updated", id, Value::Null);
        Ok(id.into())
    }

    /// Another price, once its invoice is paid.
    fn change_price(&mut self, id: &str, form: &Value) -> Result<(), Problem> {
        let subscription = self.get(id)?.clone();
        let item = &subscription["items"]["data"][0];
        let price = self.get(&text(form, "/items/0/price")?)?.clone();
        let (old, now) = (item["price"].clone(), self.now());
        let (start, end) =
            (item["current_period_start"].as_i64().unwrap(), item["current_period_end"].as_i64().unwrap());
        let anew = form["billing_cycle_anchor"]["type"] == "now";
        if anew != (months(&old) != months(&price)) {
            return Err(refused("billing_cycle_anchor", "a period of another length begins now"));
        }
        let amount = |price: &Value| price["unit_amount"].as_i64().unwrap();
        let part = |price: &Value| amount(price) * (end - now) / (end - start);
        let (lines, period) = match anew {
            true => {
                let end = after(now, months(&price));
                (vec![line(&price, now, end, amount(&price), false)], (now, end))
            }
            false => {
                let (back, more) =
                    (line(&old, now, end, -part(&old), true), line(&price, now, end, part(&price), true));
                (vec![back, more], (start, end))
            }
        };
        let changed =
            json!({ "price": price, "current_period_start": period.0, "current_period_end": period.1 });
        let pending = json!({ "subscription_items": [changed], "expires_at": now + 82_800 });
        self.change(id).insert("pending_update".into(), pending);
        let invoice = self.invoice(id, lines);
        self.collect(&invoice);
        Ok(())
    }

    pub fn new_schedule(&mut self, form: &Value) -> Result<String, Problem> {
        only_known(form, &["from_subscription"])?;
        let id = text(form, "/from_subscription")?;
        if !self.get(&id)?["schedule"].is_null() {
            return Err(refused("subscription_scheduled", "This subscription has a schedule already"));
        }
        let schedule = self.make(
            "sub_sched",
            "subscription_schedule",
            json!({ "status": "active", "subscription": id }),
        );
        self.change(&id).insert("schedule".into(), schedule.clone().into());
        Ok(schedule)
    }

    pub fn update_schedule(&mut self, id: &str, form: &Value) -> Result<String, Problem> {
        only_known(form, &["phases", "end_behavior", "proration_behavior"])?;
        let schedule = self.get(id)?.clone();
        let subscription = self.get(schedule["subscription"].as_str().unwrap())?.clone();
        let item = &subscription["items"]["data"][0];
        if schedule["status"] != "active"
            || number(form, "/phases/0/start_date")? != item["current_period_start"].as_i64().unwrap()
            || number(form, "/phases/0/end_date")? != number(form, "/phases/1/start_date")?
            || form["phases"]["0"]["items"]["0"]["price"] != item["price"]["id"]
        {
            return Err(refused("schedule", "the first phase is the current one, and the next follows it"));
        }
        self.get(&text(form, "/phases/1/items/0/price")?)?;
        self.change(id).insert("phases".into(), form["phases"].clone());
        Ok(id.into())
    }

    pub fn release_schedule(&mut self, id: &str) -> Result<String, Problem> {
        let schedule = self.get(id)?.clone();
        if schedule["status"] != "active" {
            return Err(refused("schedule", "this schedule is released already"));
        }
        self.change(id).insert("status".into(), "released".into());
        self.change(schedule["subscription"].as_str().unwrap()).insert("schedule".into(), Value::Null);
        Ok(id.into())
    }
}

fn line(price: &Value, start: i64, end: i64, amount: i64, proration: bool) -> Value {
    json!({
        "id": format!("il_{start}_{amount}"), "object": "line_item", "amount": amount, "description": price["lookup_key"],
        "period": { "start": start, "end": end }, "metadata": {},
        "parent": {
            "type": "subscription_item_details", "subscription_item_details": { "proration": proration },
        },
        "pricing": { "type": "price_details", "price_details": { "price": price["id"] } },
    })
}
