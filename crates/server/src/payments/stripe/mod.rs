//! Stripe. In three parts: a thin client (`client`, `objects`), the check of what claims to come from Stripe
//! (`signature`), and the translation of what it says into facts (`translate` and what it needs); beside them one file
//! for each thing that Stripe is asked to do.
//!
//! Everything made here carries the organization in its metadata, and one-time payments also what they are for, so that
//! the same payment gives the same fact on whatever way it is learnt: by webhook, by an answer, by reconciling.

mod charge;
mod checkout;
mod client;
mod customer;
mod invoices;
mod objects;
mod orders;
mod paid;
mod prices;
mod reconcile;
mod reversals;
mod signature;
mod subscriptions;
mod translate;

pub use client::VERSION;
pub use signature::NotGenuine;
pub use translate::TYPES as EVENT_TYPES;

use crate::{memos::Memos, payments::ProviderError};
use client::Client;
use ledger::{
    Duration, Policy, Timestamp,
    id::{OrganizationId, PlanKey},
    subscription::Cadence,
};
use objects::{Event, Metadata};
use prices::Known;
use serde_json::Value;
use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, Mutex},
};

/// The metadata that everything we make carries: whose it is.
const ORGANIZATION: &str = "coulomb_organization";
/// What a one-time payment is for: `top_up`, `repayment` or `recharge`.
const PURPOSE: &str = "coulomb_purpose";
/// How many credits it brings, in decimals.
const CREDITS: &str = "coulomb_credits";
/// The automatic purchase it answers.
const RECHARGE: &str = "coulomb_recharge";
/// The plan of a price or subscription.
const PLAN: &str = "coulomb_plan";
/// The cadence of a price or subscription.
const CADENCE: &str = "coulomb_cadence";
/// How many included credits the upgrade that was last asked for brings.
const UPGRADE_CREDITS: &str = "coulomb_upgrade_credits";
/// To which plan that upgrade is.
const UPGRADE_PLAN: &str = "coulomb_upgrade_plan";
/// The end of the period that upgrade is inside.
const UPGRADE_UNTIL: &str = "coulomb_upgrade_until";

/// Something that nobody may read: it is never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Keeps this text secret.
    pub fn new(text: impl Into<String>) -> Secret {
        Secret(text.into())
    }

    /// The text, for those who send it where it belongs.
    fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("(secret)")
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("(secret)")
    }
}

/// How Stripe is reached, and what is agreed with it.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The account's secret or restricted key; its prefix says whether real money moves.
    pub secret_key: Secret,
    /// The signing secrets of the webhook endpoint: two while one is rotated.
    pub webhook_secrets: Vec<Secret>,
    /// Where Stripe's API is.
    pub base_url: String,
    /// The longest that one request may take.
    pub timeout: std::time::Duration,
    /// How far the clock of a signature may be from ours.
    pub tolerance: Duration,
    /// The ids of prices that the operator made; the others are found by their lookup key, and made where there are none.
    pub prices: BTreeMap<(PlanKey, Cadence), String>,
}

/// Stripe, as a payment provider. Cheap to clone.
#[derive(Clone)]
pub struct Stripe {
    inner: Arc<Inner>,
}

struct Inner {
    client: Client,
    webhook_secrets: Vec<Secret>,
    tolerance: Duration,
    live: bool,
    prices: BTreeMap<(PlanKey, Cadence), String>,
    plans: Arc<Policy>,
    memos: Memos,
    /// Prices that were looked up: which plan they are of never changes.
    known_prices: Mutex<Known>,
}

/// An event that Stripe certainly sent.
#[derive(Clone, Debug, PartialEq)]
pub struct Received {
    /// Its id: an event that is delivered twice has the same.
    pub id: String,
    /// When it happened.
    pub created: Timestamp,
    /// What happened, in Stripe's words.
    pub kind: String,
    /// Whose it is, where the event itself says.
    pub organization: Option<OrganizationId>,
    /// The whole of it, to be translated.
    pub event: Value,
}

impl Stripe {
    /// Stripe with these settings; nothing is asked of it yet.
    pub fn new(settings: Settings, plans: Arc<Policy>, memos: Memos) -> Result<Stripe, ProviderError> {
        let Settings { secret_key, webhook_secrets, base_url, timeout, tolerance, prices } = settings;
        let live = ["sk_live_", "rk_live_"].iter().any(|prefix| secret_key.expose().starts_with(prefix));
        let client = Client::new(&base_url, secret_key, timeout)?;
        let known_prices = Mutex::default();
        let inner = Inner { client, webhook_secrets, tolerance, live, prices, plans, memos, known_prices };
        Ok(Stripe { inner: Arc::new(inner) })
    }

    /// Reads what was delivered to the webhook, from its raw body: it is Stripe's, fresh, and of this key's mode.
    pub fn receive(
        &self,
        now: Timestamp,
        signature: Option<&str>,
        body: &[u8],
    ) -> Result<Received, NotGenuine> {
        let Inner { webhook_secrets, tolerance, live, .. } = &*self.inner;
        signature::check(webhook_secrets, *tolerance, now, signature, body)?;
        let event: Value = serde_json::from_slice(body).map_err(|_| NotGenuine::NotAnEvent)?;
        let read: Event = serde_json::from_value(event.clone()).map_err(|_| NotGenuine::NotAnEvent)?;
        match (read.livemode, live) {
            (true, false) => return Err(NotGenuine::OfLiveMode),
            (false, true) => return Err(NotGenuine::OfTestMode),
            _ => {}
        }
        let organization = translate::organization_in(&read.data.object);
        Ok(Received { id: read.id, created: read.created.instant(), kind: read.kind, organization, event })
    }

    fn client(&self) -> &Client {
        &self.inner.client
    }
}

/// Whose an object is, by its metadata.
fn organization_of(metadata: &Metadata) -> Option<OrganizationId> {
    metadata.get(ORGANIZATION)?.parse().ok()
}

/// A key for what may be asked again and does the same again: it only protects one sending of it.
fn key_for_once() -> Result<String, ProviderError> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(|error| {
        ProviderError::Unavailable(format!("the machine gives no random numbers: {error}"))
    })?;
    Ok(format!("coulomb-once-{:032x}", u128::from_be_bytes(bytes)))
}
