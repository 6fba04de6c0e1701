//! HTTP: who may ask, idempotency keys, pages of lists, and what goes wrong on purpose.

use super::{Answer, Peer, Problem, SECRET_KEY, Stripe, refused};
use axum::{
    Router,
    body::{Body, to_bytes},
    extract::{Request, State},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use coulomb_server::payments::stripe::VERSION;
use futures_util::stream;
use serde_json::{Value, json};
use std::io;

/// What goes wrong with one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It is answered with this status, and not done.
    Refuse(u16),
    /// It is done, and the connection breaks before the answer is told.
    LoseAnswer,
    /// It is done, and nothing is answered for as long as anybody waits.
    Silence,
}

/// A fault that waits for its request.
pub struct Planned {
    call: String,
    /// After so many that go well.
    after: usize,
    fault: Fault,
}

/// What was answered to a key.
#[derive(Clone)]
pub struct Remembered {
    asked: String,
    status: u16,
    body: Value,
}

impl Peer {
    /// The next such request goes wrong in this way. Several are met in their order.
    pub fn fail(&self, call: &str, fault: Fault) {
        self.fail_later(call, 0, fault);
    }

    /// One such request goes wrong in this way, after so many that go well.
    pub fn fail_later(&self, call: &str, after: usize, fault: Fault) {
        self.stripe().faults.push(Planned { call: call.into(), after, fault });
    }

    /// Keys are forgotten, as after a day.
    pub fn forget_keys(&self) {
        self.stripe().keys.clear();
    }
}

pub fn service(peer: Peer) -> Router {
    Router::new().fallback(answer).with_state(peer)
}

async fn answer(State(peer): State<Peer>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let body = String::from_utf8(to_bytes(body, usize::MAX).await.unwrap().to_vec()).unwrap();
    let header =
        |name: &str| head.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let call = format!("{} {}", head.method, head.uri.path());
    let sent = nested(if body.is_empty() { head.uri.query().unwrap_or_default() } else { &body });
    peer.stripe().calls.push((call.clone(), sent));
    if header("authorization") != format!("Bearer {SECRET_KEY}") {
        return told(
            401,
            &json!({ "error": { "type": "invalid_request_error", "message": "Invalid API Key" } }),
        );
    }
    if header("stripe-version") != VERSION {
        return told(
            400,
            &json!({ "error": { "type": "invalid_request_error", "message": "Invalid version" } }),
        );
    }
    let fault = peer.stripe().take_fault(&call);
    if let Some(Fault::Refuse(status)) = fault {
        return told(status, &json!({ "error": { "type": "api_error", "message": "it is not our day" } }));
    }
    let (status, body) = match head.method.as_str() {
        "GET" => settle(peer.stripe().read(head.uri.path(), head.uri.query().unwrap_or_default())),
        _ => peer.stripe().write(&peer.url, head.uri.path(), header("idempotency-key"), &body),
    };
    match fault {
        Some(Fault::LoseAnswer) => broken(),
        Some(Fault::Silence) => std::future::pending().await,
        _ => told(status, &body),
    }
}

fn told(status: u16, body: &Value) -> Response {
    let json = [(header::CONTENT_TYPE, "application/json")];
    (StatusCode::from_u16(status).unwrap(), json, body.to_string()).into_response()
}

fn broken() -> Response {
    let cut: Result<Vec<u8>, _> = Err(io::Error::from(io::ErrorKind::ConnectionReset));
    Body::from_stream(stream::iter([cut])).into_response()
}

fn settle(answer: Answer) -> (u16, Value) {
    match answer {
        Ok(object) => (200, object),
        Err(Problem { status, error }) => (status, json!({ "error": error })),
    }
}

impl Stripe {
    fn take_fault(&mut self, call: &str) -> Option<Fault> {
        let place = self.faults.iter().position(|planned| planned.call == call)?;
        if self.faults[place].after > 0 {
            self.faults[place].after -= 1;
            return None;
        }
        Some(self.faults.remove(place).fault)
    }

    fn write(&mut self, url: &str, path: &str, key: &str, body: &str) -> (u16, Value) {
        let asked = format!("{path}?{body}");
        match self.keys.get(key) {
            _ if key.is_empty() || key.len() > 255 => {
                return settle(Err(refused("key", "this peer wants an Idempotency-Key with every POST")));
            }
            Some(known) if known.asked == asked => return (known.status, known.body.clone()),
            Some(_) => {
                let message = "Keys for idempotent requests can only be used with the same parameters";
                return (400, json!({ "error": { "type": "idempotency_error", "message": message } }));
            }
            None => {}
        }
        let (status, answer) = settle(self.post(url, path, &nested(body)));
        self.keys.insert(key.into(), Remembered { asked, status, body: answer.clone() });
        (status, answer)
    }

    fn read(&self, path: &str, query: &str) -> Answer {
        let query = nested(query);
        let parts: Vec<&str> = path.trim_start_matches("/v1/").split('/').collect();
        let kind = match parts[..] {
            ["customers", customer, "payment_methods"] => {
                let mut query = query;
                query["customer"] = customer.into();
                return Ok(self.page("payment_method", &query));
            }
            ["checkout", "sessions", id] | [_, id] => return self.get(id).cloned(),
            ["payment_intents"] => "payment_intent",
            ["invoices"] => "invoice",
            ["invoice_payments"] => "invoice_payment",
            ["prices"] => "price",
            ["refunds"] => "refund",
            ["disputes"] => "dispute",
            ["subscriptions"] => "subscription",
            ["events"] => "event",
            _ => return Err(Problem { status: 404, error: json!({ "message": format!("GET {path}?") }) }),
        };
        Ok(self.page(kind, &query))
    }

    fn post(&mut self, url: &str, path: &str, form: &Value) -> Answer {
        let parts: Vec<&str> = path.trim_start_matches("/v1/").split('/').collect();
        let id = match parts[..] {
            ["customers"] => self.new_customer(form),
            ["payment_intents"] => self.new_intent(form),
            ["payment_intents", id, "cancel"] => self.cancel_intent(id, form),
            ["prices"] => self.new_price(form),
            ["subscriptions", id] => self.update_subscription(id, form),
            ["subscription_schedules"] => self.new_schedule(form),
            ["subscription_schedules", id] => self.update_schedule(id, form),
            ["subscription_schedules", id, "release"] => self.release_schedule(id),
            ["invoices", id, "void"] => self.void_invoice(id),
            ["checkout", "sessions"] => self.new_checkout(url, form),
            ["billing_portal", "sessions"] => self.new_portal(url, form),
            _ => return Err(Problem { status: 404, error: json!({ "message": format!("POST {path}?") }) }),
        };
        self.get(&id?).cloned()
    }

    /// A page of the objects that are asked for, newest first.
    fn page(&self, kind: &str, query: &Value) -> Value {
        let asked = |object: &&Value| object["object"] == kind && is_asked_for(object, query);
        let mut found: Vec<&Value> = self.objects.iter().rev().filter(asked).collect();
        if let Some(after) = query["starting_after"].as_str() {
            let place = found.iter().position(|object| object["id"] == after).map_or(0, |place| place + 1);
            found = found.split_off(place);
        }
        let limit = query["limit"].as_str().map_or(10, |limit| limit.parse().unwrap());
        let more = found.len() > limit;
        found.truncate(limit);
        json!({ "object": "list", "data": found, "has_more": more })
    }
}

fn is_asked_for(object: &Value, query: &Value) -> bool {
    query.as_object().unwrap().iter().all(|(name, wanted)| match name.as_str() {
        "limit" | "starting_after" => true,
        "status" if wanted == "all" => true,
        "created" => object["created"].as_i64() >= wanted["gte"].as_str().map(|since| since.parse().unwrap()),
        "types" => wanted.as_array().unwrap().contains(&object["type"]),
        "lookup_keys" => wanted.as_array().unwrap().contains(&object["lookup_key"]),
        "active" => object["active"] == (wanted == "true"),
        "payment" => object["payment"]["payment_intent"] == wanted["payment_intent"],
        "subscription" => object["parent"]["subscription_details"]["subscription"] == *wanted,
        plain => object[plain] == *wanted,
    })
}

/// `a[b][0][c]=d` as objects in objects, `a[]=b` as a list.
fn nested(form: &str) -> Value {
    let mut all = json!({});
    for (name, value) in url::form_urlencoded::parse(form.as_bytes()) {
        let mut place = &mut all;
        for part in name.split('[').map(|part| part.trim_end_matches(']')) {
            if part.is_empty() {
                if place.is_null() {
                    *place = json!([]);
                }
                let list = place.as_array_mut().unwrap();
                list.push(Value::Null);
                place = list.last_mut().unwrap();
            } else {
                if place.is_null() {
                    *place = json!({});
                }
                place = &mut place[part];
            }
        }
        *place = Value::String(value.into_owned());
    }
    all
}
