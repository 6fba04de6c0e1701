//! Who takes the money. A provider sells (checkout), charges without a person (auto-recharge), changes subscriptions, shows
//! its own pages (portal, invoices), and says what happened: as [`Fact`]s, in the words of the rules.
//!
//! Nothing that a provider's page or answer says is believed twice: whatever moves credits is a fact that goes through the
//! inbox or the recharge job into the ledger, which knows every payment, refund and dispute by its id (R10.7).
//!
//! In reading order: `fact`, `price`, `provider`, `cashier`, `inbox`, `recharge`, `orders`, `reconcile`, then the providers.

pub mod cashier;
pub mod fact;
pub mod inbox;
pub mod orders;
pub mod price;
pub mod provider;
pub mod recharge;
pub mod reconcile;
pub mod sandbox;
pub mod stripe;

use crate::engine::EngineError;
use fact::Fact;
use ledger::{
    Credits, Timestamp,
    id::{PaymentId, PlanKey, RechargeId},
    subscription::{Cadence, ChangePreview},
};
use serde::{Deserialize, Serialize};
use store::Fault;

/// What a person is about to pay for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Purchase {
    /// What it brings.
    pub bought: Bought,
    /// What it costs, in minor units.
    pub price: i64,
    /// ISO 4217.
    pub currency: String,
    /// What people call it.
    pub label: String,
}

/// What a purchase brings.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Bought {
    /// Credits.
    Credits(Credits),
    /// Credits that pay open debt first (R7.7).
    Repayment(Credits),
    /// A subscription.
    Plan {
        /// To which plan.
        plan: PlanKey,
        /// How often it renews.
        cadence: Cadence,
        /// Included credits of one period.
        allowance: Credits,
    },
}

/// An automatic purchase to carry out (R10.6).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recharge {
    /// Its id, the provider's idempotency key: however often it is asked for, a card is charged once.
    pub id: RechargeId,
    /// What it brings.
    pub credits: Credits,
    /// What it costs, in minor units.
    pub price: i64,
    /// ISO 4217.
    pub currency: String,
    /// When it was requested.
    pub requested_at: Timestamp,
    /// It was asked for before, and whether it was done is not known: look first.
    pub again: bool,
}

/// What came of an automatic purchase.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Charged {
    /// It was paid, or declined: the fact says so.
    Settled(Fact),
    /// The provider is still at it; a later fact will say.
    Pending,
}

/// What is to become of a subscription.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SubscriptionOrder {
    /// Another plan or cadence, as it was previewed and planned.
    Change(ChangePreview),
    /// The planned change is withdrawn.
    Withdraw,
    /// It ends with its period.
    Cancel,
    /// It does not end after all.
    Resume,
}

/// Where in the billing portal somebody wants to be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PortalStep {
    /// At its beginning.
    #[default]
    Home,
    /// Where a payment method is added or changed.
    PaymentMethod,
    /// Where the subscription is cancelled.
    Cancel,
    /// Where the subscription is changed or resumed.
    Update,
}

/// Where an invoice stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InvoiceStatus {
    /// Being written.
    Draft,
    /// To be paid.
    Open,
    /// Paid.
    Paid,
    /// It does not count any more.
    Void,
    /// Nobody expects it to be paid.
    Uncollectible,
}

/// An invoice, as the provider has it. Money in minor units.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invoice {
    /// The provider's id.
    pub id: String,
    /// The number on it, once it has one.
    pub number: Option<String>,
    /// Where it stands.
    pub status: InvoiceStatus,
    /// When it was made.
    pub created_at: Timestamp,
    /// What is to be paid.
    pub total: i64,
    /// ISO 4217.
    pub currency: String,
    /// Its lines: what for, how much.
    pub lines: Vec<(String, i64)>,
    /// The payment that paid it, as the ledger knows it.
    pub payment: Option<PaymentId>,
    /// Where people see it.
    pub url: Option<String>,
    /// Where it is as a file.
    pub pdf: Option<String>,
}

/// A page of invoices, newest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Invoices {
    /// The invoices.
    pub invoices: Vec<Invoice>,
    /// Hand it back to get the next page.
    pub next: Option<String>,
}

/// Why a provider did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum ProviderError {
    /// It cannot be reached, or is not itself: whether it was done is not known, and asking again later may help.
    #[error("the payment provider is not available: {0}")]
    Unavailable(String),
    /// It says no. The sentence is for whoever asked.
    #[error("{0}")]
    Refused(String),
    /// What it says makes no sense to us: somebody has to look.
    #[error("the payment provider said something that is not understood: {0}")]
    Unexpected(String),
    /// A field of what was asked is not what it may be.
    #[error("{0}: {1}")]
    Invalid(&'static str, &'static str),
    /// This provider does not do that.
    #[error("{0}")]
    Unsupported(&'static str),
    /// The store has a fault.
    #[error(transparent)]
    Store(#[from] Fault),
    /// The engine would not.
    #[error(transparent)]
    Engine(#[from] EngineError),
}
