//! Events: what happened, and telling it to whoever listens, in whatever order a test wants.

use super::{Peer, WEBHOOK_SECRET};
use coulomb_server::clock;
use hmac::{Hmac, KeyInit, Mac};
use rustls::{ClientConfig, RootCertStore, crypto::ring};
use serde_json::Value;
use sha2::Sha256;
use std::sync::Arc;

impl Peer {
    /// All events, oldest first.
    pub fn events(&self) -> Vec<Value> {
        self.all("event")
    }

    /// The events that were not handed out yet, oldest first.
    pub fn news(&self) -> Vec<Value> {
        let all = self.events();
        let delivered = std::mem::replace(&mut self.stripe().delivered, all.len());
        all[delivered..].to_vec()
    }

    /// Sends events to a webhook, signed, in this order: the statuses of the answers.
    pub async fn deliver(&self, url: &str, events: &[Value]) -> Vec<u16> {
        let http = http();
        let mut statuses = Vec::new();
        for event in events {
            let body = event.to_string();
            let header = sign(clock::now().micros() / 1_000_000, &body);
            let sent = http.post(url).header("stripe-signature", header).body(body).send().await.unwrap();
            statuses.push(sent.status().as_u16());
        }
        statuses
    }
}

/// A client for plain HTTP on this machine, which wants to know all the same whom it would trust.
pub fn http() -> reqwest::Client {
    reqwest::Client::builder().tls_backend_preconfigured(nobody_trusted()).build().unwrap()
}

fn nobody_trusted() -> ClientConfig {
    let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()));
    let builder = builder.with_safe_default_protocol_versions().unwrap();
    builder.with_root_certificates(RootCertStore::empty()).with_no_client_auth()
}

/// The header that signs a body at this instant.
pub fn sign(at: i64, body: &str) -> String {
    let mac = Hmac::<Sha256>::new_from_slice(WEBHOOK_SECRET.as_bytes()).unwrap();
    let digest = mac.chain_update(format!("{at}.{body}")).finalize().into_bytes();
    let hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("t={at},v1={hex}")
}
