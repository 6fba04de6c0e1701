//! A real server with the peer as its provider: killed at any moment, it charges once and loses nothing that was paid.

use crate::{
    peer::{Card, Peer, SECRET_KEY, WEBHOOK_SECRET, http},
    shop::Chance,
};
use serde_json::{Value, json};
use std::{
    path::Path,
    process::{Command, Output, Stdio},
    time::Duration,
};
use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::Child,
};

const COULOMB: &str = env!("CARGO_BIN_EXE_coulomb");

/// How long anything may take.
const PATIENCE: Duration = Duration::from_secs(60);

pub struct Server {
    child: Child,
    pub url: String,
    pub key: String,
    pub http: reqwest::Client,
}

/// What the operator has written: the catalogue, and where Stripe is.
pub fn configure(directory: &Path, stripe: &str) {
    let text = format!(
        r#"
[provider]
kind = "stripe"
[server]
return_urls = ["https://host.example"]
[stripe]
base_url = "{stripe}"
[price]
credits = 1000
price = 100
currency = "USD"
minimum = 50
[plans.starter]
label = "Starter"
tier = 1
monthly_allowance = 10000
monthly_price = 1000
annual_price = 10000
currency = "USD"
"#
    );
    std::fs::write(directory.join("coulomb.toml"), text).unwrap();
}

fn coulomb(directory: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(COULOMB);
    command
        .args(arguments)
        .args(["--config", directory.join("coulomb.toml").to_str().unwrap()])
        .args(["--data", directory.join("data").to_str().unwrap()])
        .env("COULOMB_STRIPE_SECRET_KEY", SECRET_KEY)
        .env("COULOMB_STRIPE_WEBHOOK_SECRETS", WEBHOOK_SECRET)
        .stdin(Stdio::null());
    command
}

/// What a command has come to; the peer goes on meanwhile.
pub async fn finished(directory: &Path, command: &str) -> Output {
    tokio::process::Command::from(coulomb(directory, &[command])).output().await.unwrap()
}

impl Server {
    pub async fn start(directory: &Path) -> Server {
        let mut command =
            tokio::process::Command::from(coulomb(directory, &["serve", "--listen", "127.0.0.1:0"]));
        let mut child =
            command.stdout(Stdio::piped()).stderr(Stdio::null()).kill_on_drop(true).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).await.unwrap();
        let url = format!("http://{}", line.trim().rsplit("http://").next().unwrap());
        let made = coulomb(directory, &["keys", "create", "--scope", "admin"]).output().unwrap();
        let key = String::from_utf8(made.stdout).unwrap().trim().to_owned();
        Server { child, url, key, http: http() }
    }

    pub async fn kill(mut self) {
        self.child.kill().await.unwrap();
    }

    pub async fn asks(&self, method: &str, path: &str, body: &Value) -> reqwest::Result<Value> {
        let url = format!("{}/v1/organizations/acme{path}", self.url);
        let call = self.http.request(method.parse().unwrap(), url).bearer_auth(&self.key);
        let call = if body.is_null() { call } else { call.json(body) };
        let answer = call.timeout(PATIENCE).send().await?;
        let status = answer.status();
        let json: Value = answer.json().await?;
        assert!(status.is_success(), "{method} {path}: {json}");
        Ok(json)
    }

    /// Follows the balance until it is as it should be, as a page does.
    pub async fn follows(&self, wanted: impl Fn(&Value) -> bool) -> Value {
        let url = format!("{}/v1/organizations/acme/stream", self.url);
        let mut stream = self.http.get(url).bearer_auth(&self.key).send().await.unwrap();
        let mut text = String::new();
        let follow = async {
            while let Some(bytes) = stream.chunk().await.unwrap() {
                text += std::str::from_utf8(&bytes).unwrap();
                while let Some((event, rest)) = text.split_once("\n\n") {
                    let data = event.lines().find_map(|line| line.strip_prefix("data: "));
                    let balance: Value = data.map_or(Value::Null, |data| serde_json::from_str(data).unwrap());
                    if wanted(&balance) {
                        return balance;
                    }
                    text = rest.to_owned();
                }
            }
            panic!("the stream ended");
        };
        tokio::time::timeout(PATIENCE, follow).await.expect("the balance becomes what it should be")
    }
}

/// A server on which acme is subscribed, has 10,000 credits and a card, and wants 5,000 whenever it has less.
async fn subscribed(directory: &Path, peer: &Peer) -> Server {
    configure(directory, &peer.url);
    let server = Server::start(directory).await;
    server.asks("PUT", "", &json!({ "name": "Acme" })).await.unwrap();
    let wanted = json!({ "plan": "starter", "return_url": "https://host.example/billing" });
    let sold = server.asks("POST", "/checkout", &wanted).await.unwrap();
    assert!(peer.pay(sold["url"].as_str().unwrap(), Card::Pays));
    let webhook = format!("{}/v1/webhooks/stripe", server.url);
    let statuses = peer.deliver(&webhook, &peer.news()).await;
    assert!(statuses.iter().all(|status| *status == 200), "{statuses:?}");
    server.follows(|balance| balance["available"] == "10000").await;
    let settings = json!({ "enabled": true, "threshold": 10000, "amount": 5000, "monthly_limit": 500_000 });
    server.asks("PUT", "/auto_recharge", &settings).await.unwrap();
    server
}

#[tokio::test]
async fn a_scheduled_start_waits_for_the_credits_that_are_bought_for_it() {
    let (directory, peer) = (TempDir::new().unwrap(), Peer::start().await);
    let server = subscribed(directory.path(), &peer).await;
    let nightly = json!({ "id": "nightly", "kind": "scheduled_run", "hold": 12000, "task": "report",
        "wait_for_recharge_ms": 60_000 });
    let started = server.asks("POST", "/runs", &nightly).await.unwrap();
    assert_eq!(
        (&started["run"]["held"], &started["balance"]["available"]),
        (&json!("12000"), &json!("3000"))
    );
    assert_eq!(peer.charged(), [1_000, 500]);
    let tasks = server.asks("GET", "/tasks", &Value::Null).await.unwrap();
    assert_ne!(tasks["data"][0]["status"], "paused_for_credits", "{tasks}");
}

#[tokio::test]
async fn a_server_that_is_killed_while_it_buys_charges_once_and_grants_once() {
    let (directory, peer) = (TempDir::new().unwrap(), Peer::start().await);
    let mut server = subscribed(directory.path(), &peer).await;
    let mut chance = Chance(7);
    for round in 1..=10 {
        // Takes it below the threshold, whatever was left.
        let balance = server.asks("GET", "/balance", &Value::Null).await.unwrap();
        let left: i64 = balance["available"].as_str().unwrap().parse().unwrap();
        let charge = json!({ "id": format!("work-{round}"), "kind": "background", "used": left - 9_999 });
        let charging = server.asks("POST", "/charges", &charge);
        let moment = Duration::from_micros(chance.below(12_000) as u64);
        let _ = tokio::time::timeout(moment, charging).await;
        server.kill().await;
        server = Server::start(directory.path()).await;
        // Whoever got no answer asks again.
        server.asks("POST", "/charges", &charge).await.unwrap();
        server
            .follows(|balance| {
                balance["auto_recharge"]["in_flight"].is_null() && balance["available"] == "14999"
            })
            .await;
        assert_eq!(peer.charged().len(), 1 + round, "round {round}: each purchase is charged once");
    }
    // The webhooks of all of it, late and to another process.
    let webhook = format!("{}/v1/webhooks/stripe", server.url);
    peer.deliver(&webhook, &peer.events()).await;
    server.kill().await;
    let reconciled = finished(directory.path(), "reconcile").await;
    let said = String::from_utf8_lossy(&reconciled.stdout);
    assert!(reconciled.status.success() && said.contains("Nothing is left for a person."), "{reconciled:?}");
    let verified = finished(directory.path(), "verify").await;
    assert!(verified.status.success(), "{verified:?}");
    let server = Server::start(directory.path()).await;
    let balance = server.asks("GET", "/balance", &Value::Null).await.unwrap();
    assert_eq!((&balance["available"], &balance["debt"]["total"]), (&json!("14999"), &json!("0")));
}

#[tokio::test]
async fn what_is_forged_or_meant_for_somebody_else_is_not_taken() {
    let (directory, peer) = (TempDir::new().unwrap(), Peer::start().await);
    configure(directory.path(), &peer.url);
    let server = Server::start(directory.path()).await;
    let webhook = format!("{}/v1/webhooks/stripe", server.url);
    let body =
        r#"{"id":"evt_1","object":"event","type":"x","created":1,"livemode":false,"data":{"object":{}}}"#;
    let now = coulomb_server::clock::now().micros() / 1_000_000;
    let live = body.replace("false", "true");
    for (what, header, body) in [
        ("no signature", None, body),
        ("a wrong one", Some(format!("t={now},v1={}", "0".repeat(64))), body),
        ("an old one", Some(crate::peer::sign(now - 400, body)), body),
        ("another body", Some(crate::peer::sign(now, "{}")), body),
        ("the other mode", Some(crate::peer::sign(now, &live)), live.as_str()),
    ] {
        let call = server.http.post(&webhook).body(body.to_owned());
        let call = header.into_iter().fold(call, |call, header| call.header("stripe-signature", header));
        let answer = call.send().await.unwrap();
        let status = answer.status().as_u16();
        let said: Value = answer.json().await.unwrap();
        assert_eq!((status, &said["code"]), (400, &json!("not_genuine")), "{what}: {said}");
    }
    let taken = server.http.post(&webhook).header("stripe-signature", crate::peer::sign(now, body));
    assert_eq!(taken.body(body).send().await.unwrap().status().as_u16(), 200);
}
