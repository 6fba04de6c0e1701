//! Stripe's objects as far as they are needed. Tolerant on purpose: Stripe adds, moves and drops fields from version to
//! version, and webhooks come in the version of their endpoint, so whatever may be absent is optional, and where a field
//! has moved both places are read.

use ledger::{Timestamp, subscription::Period};
use serde::{Deserialize, Deserializer};
use std::collections::BTreeMap;

/// What we wrote on an object.
pub type Metadata = BTreeMap<String, String>;

/// A page of a list.
#[derive(Clone, Debug, Deserialize)]
pub struct List<T> {
    #[serde(default = "Vec::new")]
    pub data: Vec<T>,
    #[serde(default)]
    pub has_more: bool,
}

impl<T> Default for List<T> {
    fn default() -> List<T> {
        List { data: Vec::new(), has_more: false }
    }
}

/// What a list can be read on after.
pub trait Identified {
    /// The object's id.
    fn id(&self) -> &str;
}

/// The id of another object, which is sometimes given whole.
#[derive(Clone, Debug, Deserialize)]
#[serde(from = "Named")]
pub struct Id(pub String);

#[derive(Deserialize)]
#[serde(untagged)]
enum Named {
    Bare(String),
    Whole { id: String },
}

impl From<Named> for Id {
    fn from(named: Named) -> Id {
        match named {
            Named::Bare(id) | Named::Whole { id } => Id(id),
        }
    }
}

/// An absent field and one that is null are the same.
fn or_default<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(from: D) -> Result<T, D::Error> {
    Ok(Option::deserialize(from)?.unwrap_or_default())
}

/// An instant of Stripe's, in whole seconds.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, PartialOrd, Ord)]
pub struct Seconds(pub i64);

impl Seconds {
    /// The same instant.
    pub fn instant(self) -> Timestamp {
        Timestamp::from_micros(self.0.saturating_mul(1_000_000)).clamp(Timestamp::MIN, Timestamp::MAX)
    }
}

/// Whom Stripe knows as what.
#[derive(Clone, Debug, Deserialize)]
pub struct Customer {
    pub id: String,
    #[serde(default)]
    pub deleted: bool,
    #[serde(default, deserialize_with = "or_default")]
    pub metadata: Metadata,
    #[serde(default, deserialize_with = "or_default")]
    pub invoice_settings: InvoiceSettings,
}

#[derive(Clone, Debug, Default, Deserialize)]
pub struct InvoiceSettings {
    pub default_payment_method: Option<Id>,
}

#[derive(Clone, Debug, Deserialize)]
pub struct PaymentMethod {
    pub id: String,
    pub created: Option<Seconds>,
}

#[derive(Clone, Debug, Deserialize)]
pub struct PaymentIntent {
    pub id: String,
    pub status: String,
    pub amount: i64,
    pub amount_received: Option<i64>,
    pub currency: String,
    #[serde(default, deserialize_with = "or_default")]
    pub metadata: Metadata,
    /// In older versions.
    pub invoice: Option<Id>,
    pub last_payment_error: Option<PaymentError>,
}

#[derive(Clone, Debug, Deserialize)]
pub struct PaymentError {
    pub code: Option<String>,
    pub decline_code: Option<String>,
    pub message: Option<String>,
}

#[derive(Clone, Debug, Deserialize)]
pub struct Charge {
    pub payment_intent: Option<Id>,
    /// In older versions.
    pub invoice: Option<Id>,
}

#[derive(Clone, Debug, Deserialize)]
pub struct Refund {
    pub id: String,
    pub amount: i64,
    pub status: Option<String>,
    pub payment_intent: Option<Id>,
    pub charge: Option<Id>,
}

#[derive(Clone, Debug, Deserialize)]
pub struct Dispute {
    pub id: String,
    pub amount: i64,
    pub status: String,
    pub payment_intent: Option<Id>,
    pub charge: Option<Id>,
}

/// Which invoice a payment paid, in newer versions.
#[derive(Clone, Debug, Deserialize)]
pub struct InvoicePayment {
    pub id: String,
    pub invoice: Option<Id>,
}

#[derive(Clone, Debug, Deserialize)]
pub struct Invoice {
    pub id: String,
    pub status: Option<String>,
    pub number: Option<String>,
    pub created: Option<Seconds>,
    pub due_date: Option<Seconds>,
    pub customer: Option<Id>,
    pub currency: String,
    #[serde(default)]
    pub total: i64,
    #[serde(default)]
    pub amount_paid: i64,
    #[serde(default, deserialize_with = "or_default")]
    pub lines: List<Line>,
    pub hosted_invoice_url: Option<String>,
    pub invoice_pdf: Option<String>,
    parent: Option<InvoiceParent>,
    /// In older versions.
    subscription: Option<Id>,
    /// In older versions.
    subscription_details: Option<SubscriptionDetails>,
    #[serde(default, deserialize_with = "or_default")]
    status_transitions: StatusTransitions,
}

#[derive(Clone, Debug, Deserialize)]
struct InvoiceParent {
    subscription_details: Option<SubscriptionDetails>,
}

#[derive(Clone, Debug, Deserialize)]
struct SubscriptionDetails {
    subscription: Option<Id>,
    #[serde(default, deserialize_with = "or_default")]
    metadata: Metadata,
}

#[derive(Clone, Debug, Default, Deserialize)]
struct StatusTransitions {
    finalized_at: Option<Seconds>,
}

impl Invoice {
    fn details(&self) -> Option<&SubscriptionDetails> {
        let newer = self.parent.as_ref().and_then(|parent| parent.subscription_details.as_ref());
        newer.or(self.subscription_details.as_ref())
    }

    /// The subscription it is about.
    pub fn subscription(&self) -> Option<&str> {
        let newer = self.details().and_then(|details| details.subscription.as_ref());
        let lines = || self.lines.data.iter().find_map(Line::subscription);
        newer.or(self.subscription.as_ref()).map(|id| id.0.as_str()).or_else(lines)
    }

    /// What was written on the subscription when the invoice was made, else on the newest of its lines.
    pub fn subscription_metadata(&self, name: &str) -> Option<&str> {
        let snapshot = self.details().and_then(|details| details.metadata.get(name));
        let lines = || self.lines.data.iter().rev().find_map(|line| line.metadata.get(name));
        snapshot.or_else(lines).map(String::as_str)
    }

    /// Since when it is to be paid.
    pub fn due_since(&self) -> Option<Timestamp> {
        let since = self.due_date.or(self.status_transitions.finalized_at).or(self.created);
        since.map(Seconds::instant)
    }
}

#[derive(Clone, Debug, Deserialize)]
pub struct Line {
    pub id: String,
    pub description: Option<String>,
    #[serde(default)]
    pub amount: i64,
    period: Option<Span>,
    #[serde(default, deserialize_with = "or_default")]
    pub metadata: Metadata,
    parent: Option<LineParent>,
    pricing: Option<Pricing>,
    /// In older versions.
    price: Option<Price>,
    /// In older versions.
    #[serde(rename = "type")]
    kind: Option<String>,
    /// In older versions.
    #[serde(default)]
    proration: bool,
    /// In older versions.
    subscription: Option<Id>,
}

#[derive(Clone, Copy, Debug, Deserialize)]
struct Span {
    start: Seconds,
    end: Seconds,
}

#[derive(Clone, Debug, Deserialize)]
struct LineParent {
    subscription_item_details: Option<LineDetails>,
    invoice_item_details: Option<LineDetails>,
}

#[derive(Clone, Debug, Deserialize)]
struct LineDetails {
    #[serde(default)]
    proration: bool,
    subscription: Option<Id>,
}

#[derive(Clone, Debug, Deserialize)]
struct Pricing {
    price_details: Option<PriceDetails>,
}

#[derive(Clone, Debug, Deserialize)]
struct PriceDetails {
    price: Option<Id>,
}

impl Line {
    fn details(&self) -> Option<&LineDetails> {
        let parent = self.parent.as_ref()?;
        parent.subscription_item_details.as_ref().or(parent.invoice_item_details.as_ref())
    }

    fn subscription(&self) -> Option<&str> {
        let newer = self.details().and_then(|details| details.subscription.as_ref());
        newer.or(self.subscription.as_ref()).map(|id| id.0.as_str())
    }

    /// Whether it is for a part of a period, because something changed inside it.
    pub fn is_proration(&self) -> bool {
        self.proration || self.details().is_some_and(|details| details.proration)
    }

    /// Whether it is for a whole period of a subscription.
    pub fn is_renewal(&self) -> bool {
        let parent = self.parent.as_ref();
        let newer = parent.is_some_and(|parent| parent.subscription_item_details.is_some());
        (newer || self.kind.as_deref() == Some("subscription")) && !self.is_proration()
    }

    /// The period it is for.
    pub fn period(&self) -> Option<Period> {
        self.period.map(|span| Period { start: span.start.instant(), end: span.end.instant() })
    }

    /// The id of the price it is at, as newer versions say.
    pub fn price_id(&self) -> Option<&str> {
        let details = self.pricing.as_ref()?.price_details.as_ref()?;
        details.price.as_ref().map(|id| id.0.as_str())
    }

    /// The whole price it is at, as older versions say.
    pub fn price(&self) -> Option<&Price> {
        self.price.as_ref()
    }
}

#[derive(Clone, Debug, Deserialize)]
pub struct Price {
    pub id: String,
    pub lookup_key: Option<String>,
    #[serde(default, deserialize_with = "or_default")]
    pub metadata: Metadata,
    pub recurring: Option<Recurring>,
}

#[derive(Clone, Debug, Deserialize)]
pub struct Recurring {
    pub interval: String,
}

#[derive(Clone, Debug, Deserialize)]
pub struct Subscription {
    pub id: String,
    pub status: String,
    pub created: Option<Seconds>,
    #[serde(default, deserialize_with = "or_default")]
    pub metadata: Metadata,
    #[serde(default, deserialize_with = "or_default")]
    pub items: List<Item>,
    pub cancel_at: Option<Seconds>,
    #[serde(default)]
    pub cancel_at_period_end: bool,
    pub schedule: Option<Id>,
    pub latest_invoice: Option<Id>,
    pub pending_update: Option<serde_json::Value>,
    /// In older versions.
    current_period_start: Option<Seconds>,
    /// In older versions.
    current_period_end: Option<Seconds>,
}

impl Subscription {
    /// What it is billed for.
    pub fn item(&self) -> Option<&Item> {
        self.items.data.first()
    }

    /// The current period.
    pub fn period(&self) -> Option<Period> {
        let item = self.item();
        let start = item.and_then(|item| item.current_period_start).or(self.current_period_start)?;
        let end = item.and_then(|item| item.current_period_end).or(self.current_period_end)?;
        Some(Period { start: start.instant(), end: end.instant() })
    }

    /// When it ends, where that is known.
    pub fn ends_at(&self) -> Option<Timestamp> {
        let with_period = || self.cancel_at_period_end.then(|| self.period()).flatten();
        self.cancel_at.map(Seconds::instant).or_else(|| with_period().map(|period| period.end))
    }

    /// Whether it is over, or was never begun.
    pub fn is_over(&self) -> bool {
        matches!(self.status.as_str(), "canceled" | "incomplete_expired")
    }
}

#[derive(Clone, Debug, Deserialize)]
pub struct Item {
    pub id: String,
    pub price: Option<Price>,
    current_period_start: Option<Seconds>,
    current_period_end: Option<Seconds>,
}

/// A schedule, or a page: made, and nothing else of it is needed.
#[derive(Clone, Debug, Deserialize)]
pub struct Made {
    pub id: String,
    /// Where to go, of a page.
    pub url: Option<String>,
}

#[derive(Clone, Debug, Deserialize)]
pub struct Event {
    pub id: String,
    #[serde(rename = "type")]
    pub kind: String,
    pub created: Seconds,
    #[serde(default)]
    pub livemode: bool,
    pub data: EventData,
}

#[derive(Clone, Debug, Deserialize)]
pub struct EventData {
    pub object: serde_json::Value,
    #[serde(default)]
    pub previous_attributes: serde_json::Value,
}

macro_rules! identified {
    ($($name:ident),*) => {$(
        impl Identified for $name {
            fn id(&self) -> &str {
                &self.id
            }
        }
    )*};
}

identified!(
    PaymentMethod,
    PaymentIntent,
    Refund,
    Dispute,
    InvoicePayment,
    Invoice,
    Line,
    Subscription,
    Event
);
