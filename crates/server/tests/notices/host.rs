//! A host of a test: what its organizations do over HTTP, whichever server is there, and what it expects to be told because
//! of it, by what the ledger says happened.

use crate::post_office::Letter;
use coulomb_server::clock;
use ledger::Duration;
use rustls::{ClientConfig, RootCertStore, crypto::ring};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::{
    collections::BTreeSet,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};
use tokio::sync::watch;

/// The owner, and the billing admin, who does not want to hear of disputes before they are over.
pub const OLGA: &str = "olga";
pub const BILL: &str = "bill";

/// How many answers a host gets at least while it works once, see [`Host::works`].
pub const ANSWERS_MIN: usize = 10;

/// Where a random test begins: anew each time, unless `COULOMB_SEED` says where.
pub fn seed() -> u64 {
    let given = std::env::var("COULOMB_SEED").ok().and_then(|seed| seed.parse().ok());
    given.unwrap_or_else(|| getrandom::u64().unwrap())
}

/// Numbers that look random and are the same for the same seed.
pub struct Chance(pub u64);

impl Chance {
    pub fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % bound
    }
}

/// A client for servers on this machine, which trusts nobody else's.
fn in_the_clear() -> reqwest::Client {
    let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()));
    let builder = builder.with_safe_default_protocol_versions().unwrap();
    let nobody = builder.with_root_certificates(RootCertStore::empty()).with_no_client_auth();
    reqwest::Client::builder().no_proxy().tls_backend_preconfigured(nobody).build().unwrap()
}

/// One organization's host.
pub struct Host {
    organization: &'static str,
    key: String,
    urls: watch::Sender<Vec<String>>,
    http: reqwest::Client,
    /// How often it was answered.
    answers: watch::Sender<usize>,
    rounds: AtomicUsize,
}

impl Host {
    pub fn new(organization: &'static str, key: &str, urls: Vec<String>) -> Host {
        Host {
            organization,
            key: key.into(),
            urls: watch::channel(urls).0,
            http: in_the_clear(),
            answers: watch::channel(0).0,
            rounds: AtomicUsize::new(0),
        }
    }

    /// The servers are there now.
    pub fn reaches(&self, urls: Vec<String>) {
        self.urls.send_replace(urls);
    }

    /// Waits for so many more answers.
    pub async fn has_answers(&self, count: usize) {
        let wanted = *self.answers.borrow() + count;
        self.answers.subscribe().wait_for(|answers| *answers >= wanted).await.unwrap();
    }

    /// Asks until it is answered: of a server that is gone, another one, or the one that comes after it.
    async fn asks(&self, method: &str, path: &str, body: &Value) -> Value {
        let mut known = self.urls.subscribe();
        loop {
            let mut urls = known.borrow_and_update().clone();
            let turn = *self.answers.borrow() % urls.len();
            urls.rotate_left(turn);
            let mut is_busy = false;
            for url in &urls {
                let Some((status, said)) = self.asks_one(url, method, path, body).await else { continue };
                // 402 is what a start is answered that is refused.
                assert!(matches!(status, 200..300 | 402 | 503), "{method} {path}: {status} {said}");
                if status != 503 {
                    self.answers.send_modify(|answers| *answers += 1);
                    return said;
                }
                is_busy = true;
            }
            if !is_busy {
                known.changed().await.unwrap();
            }
        }
    }

    /// Nothing where the connection breaks before the whole answer is there.
    async fn asks_one(&self, url: &str, method: &str, path: &str, body: &Value) -> Option<(u16, Value)> {
        let url = format!("{url}/v1/organizations/{}{path}", self.organization);
        let call = self.http.request(method.parse().unwrap(), url).bearer_auth(&self.key);
        let call = if body.is_null() { call } else { call.json(body) };
        let answer = call.send().await.ok()?;
        let status = answer.status().as_u16();
        Some((status, answer.json().await.ok()?))
    }

    async fn tells(&self, path: &str, body: Value) {
        self.asks("POST", path, &body).await;
    }

    /// The organization is there, with its people and its subscription.
    pub async fn opens(&self) {
        self.asks("PUT", "", &json!({ "name": self.organization })).await;
        for (who, role, billing_admin) in
            [(OLGA, "owner", false), (BILL, "member", true), ("adam", "admin", false)]
        {
            let email = format!("{who}@{}.test", self.organization);
            let mut member = json!({ "name": who, "email": email, "role": role });
            if role != "owner" {
                member["billing_admin"] = billing_admin.into();
            }
            self.asks("PUT", &format!("/members/{who}"), &member).await;
        }
        let no_disputes = json!({ "email": { "dispute.opened": false } });
        self.asks("PUT", &format!("/members/{BILL}/notices"), &no_disputes).await;
        let now = clock::now();
        let subscription = json!({
            "status": "active", "plan": "team", "cadence": "monthly",
            "period_start": now.before(Duration::days(1)).to_string(),
            "period_end": now.after(Duration::days(29)).to_string(),
        });
        self.asks("PUT", "/subscription", &subscription).await;
    }

    /// Ups and downs: low, owed, refused, clear again, bought, disputed.
    pub async fn works(&self, mut chance: Chance) {
        let n = self.rounds.fetch_add(1, Ordering::SeqCst);
        let grant =
            |id: &str, credits: usize| json!({ "id": format!("{id}{n}"), "credits": credits.to_string() });
        let charge = |id: &str, used: usize| json!({ "id": format!("{id}{n}"), "kind": "background", "used": used.to_string() });
        self.tells("/grants", grant("a", 12_000)).await;
        self.tells("/charges", charge("b", 5_000 + chance.below(7_000))).await;
        let much = 200_000 + chance.below(1_000);
        self.tells("/charges", charge("c", much)).await;
        for number in 0..1 + chance.below(3) {
            let task = format!("t{}", chance.below(4));
            let start =
                json!({ "id": format!("r{n}-{number}"), "kind": "tool_run", "hold": "10", "task": task });
            self.tells("/runs", start).await;
        }
        self.tells("/grants", grant("d", much + chance.below(3_000))).await;
        let payment = format!("p{n}");
        let bought = json!({
            "id": payment, "purpose": "top_up", "paid": 1_000, "currency": "USD", "credits": "10000"
        });
        self.tells("/payments", bought).await;
        self.tells("/charges", charge("e", chance.below(15_000))).await;
        let amount = 100 + chance.below(900);
        self.tells("/disputes", json!({ "id": format!("dp{n}"), "payment": payment, "amount": amount }))
            .await;
        let outcome = if chance.below(2) == 0 { "won" } else { "lost" };
        self.tells(&format!("/disputes/dp{n}/close"), json!({ "outcome": outcome })).await;
        self.tells("/grants", grant("f", 1 + chance.below(100))).await;
    }

    /// The end of it: a dispute that stays open, and a balance that is low, or below nothing.
    pub async fn ends(&self, is_low: bool) {
        let much = 1_000_000;
        self.tells("/grants", json!({ "id": "last", "credits": much.to_string() })).await;
        let bought =
            json!({ "id": "p", "purpose": "top_up", "paid": 100, "currency": "USD", "credits": "1000" });
        self.tells("/payments", bought).await;
        self.tells("/disputes", json!({ "id": "dp", "payment": "p", "amount": 100 })).await;
        let balance = self.asks("GET", "/balance", &Value::Null).await;
        let available: i64 = whole(&balance["available"]);
        let used = if is_low { available - 5_000 } else { available + 5_000 };
        self.tells("/charges", json!({ "id": "last", "kind": "background", "used": used.to_string() })).await;
    }

    /// The whole ledger, a page at a time.
    pub async fn events(&self) -> Vec<Value> {
        let (mut events, mut cursor) = (Vec::new(), String::new());
        loop {
            let mut page = self.asks("GET", &format!("/events?limit=100{cursor}"), &Value::Null).await;
            events.append(page["data"].as_array_mut().unwrap());
            let Some(next) = page["next_cursor"].as_str() else { return events };
            cursor = format!("&cursor={next}");
        }
    }

    /// What may have been mailed because of these events, and what must have been.
    pub fn mails(&self, events: &[Value], is_low: bool) -> Mails {
        let mut mails = Mails::default();
        let last = if is_low { "balance.low" } else { "balance.blocked" };
        let mut crossing = None;
        for (event, kind, id) in notices(self.organization, events) {
            let is_certain = kind == "dispute.closed" || event["data"]["dispute"] == "dp";
            for who in [OLGA, BILL] {
                if !MAILED.contains(&kind) || (who == BILL && kind == "dispute.opened") {
                    continue;
                }
                let message = message_id(&id, who);
                if is_certain {
                    mails.must.push((message.clone(), format!("{who}: {kind} {id}")));
                }
                mails.possible.insert(message.clone());
                if kind == last {
                    mails.crossings.push((format!("{who}@{}.test", self.organization), message));
                    crossing = event["at"].as_str().map(str::to_owned);
                }
            }
        }
        mails.crossed_at = crossing.unwrap();
        mails
    }
}

/// Kinds that people are mailed, of those that happen here.
const MAILED: [&str; 5] =
    ["balance.low", "balance.blocked", "balance.unblocked", "dispute.opened", "dispute.closed"];

/// What people are mailed.
#[derive(Default)]
pub struct Mails {
    /// The ids of mails that may have been sent: of each notice to each who wants it.
    pub possible: BTreeSet<String>,
    /// Those that must have been, and what they are.
    must: Vec<(String, String)>,
    /// To whom how the account stands in the end is mailed, as which mails.
    crossings: Vec<(String, String)>,
    /// Since when it stands so.
    crossed_at: String,
}

impl Mails {
    /// What nobody has been mailed yet.
    pub fn missing(&self, letters: &[Letter]) -> Vec<String> {
        let ids: BTreeSet<String> = letters.iter().map(|letter| letter.header("Message-ID")).collect();
        let absent = self.must.iter().filter(|(id, _)| !ids.contains(id));
        let mut missing: Vec<String> = absent.map(|(_, what)| what.clone()).collect();
        let people: BTreeSet<&String> = self.crossings.iter().map(|(who, _)| who).collect();
        for who in people {
            let own = |letter: &&Letter| {
                let id = letter.header("Message-ID");
                letter.to == *who && self.crossings.iter().any(|(_, crossing)| *crossing == id)
            };
            // A mail says what is so when it is sent: one about an earlier crossing says it as well.
            if !letters.iter().filter(own).any(|letter| sent_at(letter) >= instant(&self.crossed_at)) {
                missing.push(format!("{who}: how the account stands"));
            }
        }
        missing
    }
}

impl Mails {
    /// Since when it stands as it does in the end.
    pub fn since(&self) -> &str {
        &self.crossed_at
    }
}

fn sent_at(letter: &Letter) -> i64 {
    jiff::fmt::rfc2822::parse(&letter.header("Date")).unwrap().timestamp().as_second()
}

fn instant(text: &str) -> i64 {
    text.parse::<jiff::Timestamp>().unwrap().as_second()
}

/// As the program makes it, so that a mail that is sent twice is shown once.
fn message_id(notice: &str, member: &str) -> String {
    let hash = Sha256::digest(format!("{notice} {member}"));
    let name: String = hash.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    format!("<{name}@coulomb.test>")
}

/// What the host is told of these events, in their order: the id and what it is about, as [`crate::receiver::Post::about`] says it.
pub fn happened(organization: &str, events: &[Value]) -> Vec<String> {
    let notices = notices(organization, events);
    notices
        .into_iter()
        .map(|(event, kind, id)| format!("{id} {kind} {organization} {}", event["seq"]))
        .collect()
}

/// The notices of these events by the documentation, with their kinds and ids.
fn notices<'a>(organization: &str, events: &'a [Value]) -> Vec<(&'a Value, &'static str, String)> {
    let mut owed = 0;
    let mut notices = Vec::new();
    for event in events {
        let before = owed;
        owed += debt(event);
        let mut kinds = match event["type"].as_str().unwrap() {
            "granted" => vec!["credits.granted"],
            "balance_low" => vec!["balance.low"],
            "balance_blocked" => vec!["balance.blocked"],
            "balance_unblocked" => vec!["balance.unblocked"],
            "start_refused" => vec!["run.refused"],
            "task_paused" => vec!["task.paused"],
            "dispute_opened" => vec!["dispute.opened"],
            "dispute_closed" => vec!["dispute.closed"],
            _ if owed > before => vec!["debt.opened"],
            _ => Vec::new(),
        };
        if before > 0 && owed == 0 {
            kinds.push("debt.cleared");
        }
        for (part, kind) in kinds.into_iter().enumerate() {
            notices.push((event, kind, format!("msg_{organization}_{}_{part:03}", event["seq"])));
        }
    }
    assert_eq!(owed > 0, organization == "acme", "{owed}");
    notices
}

/// By how much an event makes the debt larger or smaller, in micro-credits.
fn debt(event: &Value) -> i64 {
    let data = &event["data"];
    let taken = || data["takes"].as_array().unwrap().iter().map(|take| micros(&take["amount"])).sum::<i64>();
    match event["type"].as_str().unwrap() {
        "debt_opened" => micros(&data["amount"]),
        "debt_settled" => -taken(),
        "debt_repaid" | "debt_offset" => -micros(&data["amount"]),
        _ if data["charge"]["outstanding"].is_object() => micros(&data["charge"]["outstanding"]["amount"]),
        _ => 0,
    }
}

fn micros(amount: &Value) -> i64 {
    let text = amount.as_str().unwrap();
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    format!("{whole}{fraction:0<6}").parse().unwrap()
}

fn whole(amount: &Value) -> i64 {
    micros(amount) / 1_000_000
}
