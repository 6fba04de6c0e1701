//! A Stripe-shaped peer for tests: a process-local server that answers like Stripe as far as Coulomb asks it, remembers
//! idempotency keys, moves no money and can be told to misbehave. It is not Stripe and knows only what these tests need;
//! what it refuses, Stripe refuses too.
//!
//! `wire` is HTTP, keys and faults; `cards` charges; `billing` renews; `pages` is where persons pay; `hooks` tells.

#![allow(dead_code, reason = "several test targets have the peer, and each uses a part of it")]

mod billing;
mod cards;
mod hooks;
mod pages;
mod wire;

pub use cards::Card;
pub use hooks::{http, sign};
pub use wire::Fault;

use coulomb_server::clock;
use serde_json::{Map, Value, json};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard},
};

/// The secret key that the peer knows.
pub const SECRET_KEY: &str = "sk_test_peer";
/// What it signs its webhooks with.
pub const WEBHOOK_SECRET: &str = "whsec_peer";

/// A running peer. Cheap to clone; it ends with its runtime.
#[derive(Clone)]
pub struct Peer {
    pub url: String,
    state: Arc<Mutex<Stripe>>,
}

/// What it keeps.
#[derive(Default)]
struct Stripe {
    /// Every object, in the order in which they were made.
    objects: Vec<Value>,
    /// The clock is the machine's, and so much ahead, in seconds.
    ahead: i64,
    cards: HashMap<String, Card>,
    keys: HashMap<String, wire::Remembered>,
    faults: Vec<wire::Planned>,
    /// Which calls were made: method and path, and what was sent.
    calls: Vec<(String, Value)>,
    /// How many events were delivered.
    delivered: usize,
}

/// Why something is refused.
#[derive(Debug)]
struct Problem {
    status: u16,
    error: Value,
}

type Answer = Result<Value, Problem>;

fn refused(code: &str, message: impl Into<String>) -> Problem {
    let message = message.into();
    Problem {
        status: 400,
        error: json!({ "type": "invalid_request_error", "code": code, "message": message }),
    }
}

impl Peer {
    /// Starts one on a free port.
    pub async fn start() -> Peer {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let peer = Peer { url, state: Arc::default() };
        let service = wire::service(peer.clone());
        tokio::spawn(async move { axum::serve(listener, service).await });
        peer
    }

    fn stripe(&self) -> MutexGuard<'_, Stripe> {
        self.state.lock().unwrap()
    }

    /// It knows these objects from now on, as they are.
    pub fn know(&self, objects: &[Value]) {
        self.stripe().objects.extend_from_slice(objects);
    }

    /// The newest object of a kind.
    pub fn newest(&self, kind: &str) -> Value {
        self.all(kind).pop().unwrap_or_default()
    }

    /// All objects of a kind, oldest first.
    pub fn all(&self, kind: &str) -> Vec<Value> {
        self.stripe().objects.iter().filter(|object| object["object"] == kind).cloned().collect()
    }

    /// What was really charged, in minor units, charge by charge.
    pub fn charged(&self) -> Vec<i64> {
        self.all("charge").iter().map(|charge| charge["amount"].as_i64().unwrap()).collect()
    }

    /// How often this was asked: method and path.
    pub fn asked(&self, call: &str) -> usize {
        self.stripe().calls.iter().filter(|(made, _)| made == call).count()
    }

    /// Everything that was asked: method and path, and what was sent.
    pub fn calls(&self) -> Vec<(String, Value)> {
        self.stripe().calls.clone()
    }

    /// Lets so many seconds pass.
    pub fn pass(&self, seconds: i64) {
        self.stripe().ahead += seconds;
    }

    /// Its clock, in seconds.
    pub fn now(&self) -> i64 {
        self.stripe().now()
    }
}

impl Stripe {
    fn now(&self) -> i64 {
        clock::now().micros() / 1_000_000 + self.ahead
    }

    fn get(&self, id: &str) -> Result<&Value, Problem> {
        let missing = || Problem {
            status: 404,
            error: json!({
                "type": "invalid_request_error", "code": "resource_missing", "message": format!("No such object: '{id}'"),
            }),
        };
        self.objects.iter().find(|object| object["id"] == id).ok_or_else(missing)
    }

    fn change(&mut self, id: &str) -> &mut Map<String, Value> {
        let object = self.objects.iter_mut().find(|object| object["id"] == id).unwrap();
        object.as_object_mut().unwrap()
    }

    /// Makes an object of this kind and gives its id.
    fn make(&mut self, prefix: &str, kind: &str, fields: Value) -> String {
        let id = format!("{prefix}_{:05}", self.objects.len() + 1);
        let mut object =
            json!({ "id": id, "object": kind, "created": self.now(), "livemode": false, "metadata": {} });
        object.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        self.objects.push(object);
        id
    }

    /// Says that something happened to an object.
    fn tell(&mut self, kind: &str, id: &str, before: Value) {
        let object = self.get(id).unwrap().clone();
        let data = json!({ "object": object, "previous_attributes": before });
        self.make(
            "evt",
            "event",
            json!({ "type": kind, "api_version": coulomb_server::payments::stripe::VERSION, "data": data }),
        );
    }
}

/// Refuses what Stripe would not know.
fn only_known(form: &Value, known: &[&str]) -> Result<(), Problem> {
    let strange = form.as_object().into_iter().flatten().find(|(name, _)| !known.contains(&name.as_str()));
    match strange {
        Some((name, _)) => Err(refused("parameter_unknown", format!("Received unknown parameter: {name}"))),
        None => Ok(()),
    }
}

/// A field that must be there.
fn text(form: &Value, pointer: &str) -> Result<String, Problem> {
    let missing = || refused("parameter_missing", format!("Missing required param: {pointer}"));
    form.pointer(pointer).and_then(Value::as_str).map(str::to_owned).ok_or_else(missing)
}

/// A number in a field that must be there.
fn number(form: &Value, pointer: &str) -> Result<i64, Problem> {
    let wrong = |_| refused("parameter_invalid_integer", format!("Invalid integer: {pointer}"));
    text(form, pointer)?.parse().map_err(wrong)
}
