//! Money: what the provider reports, what people choose about paying, and what is on sale. Money is an integer of minor
//! units and a currency; credits are amounts.

use crate::{
    Amount, Id, Instant,
    balance::{Balance, Cadence, Period, SubscriptionStatus, words},
};
use serde::{Deserialize, Serialize};

words! {
    /// What a payment was for.
    Purpose {
        /// A person bought credits.
        TopUp,
        /// A period of the subscription.
        Renewal,
        /// The difference of an upgrade inside a period.
        Upgrade,
        /// Auto-recharge: answers the purchase in flight.
        Recharge,
        /// To pay debt; what is left becomes credits.
        Repayment,
    }
}

words! {
    /// How a dispute ended.
    DisputeOutcome {
        /// The money stays.
        Won,
        /// The money is gone.
        Lost,
    }
}

/// Money came in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct NewPayment<'a> {
    /// The provider's id: the identity of the request.
    #[serde(borrow)]
    pub id: Id<'a>,
    /// What for.
    pub purpose: Purpose,
    /// Minor units of the currency.
    #[serde(deserialize_with = "crate::amount::whole::deserialize")]
    #[cfg_attr(feature = "openapi", schema(minimum = 0, maximum = 1_000_000_000_000i64))]
    pub paid: i64,
    /// ISO 4217, in capital or small letters.
    #[cfg_attr(feature = "openapi", schema(pattern = "^[A-Za-z]{3}$"))]
    pub currency: String,
    /// The credits it bought; may be left out where the catalogue or the purchase in flight says.
    #[serde(default)]
    pub credits: Option<Amount>,
    /// When they expire; none: after 12 months, or with the period.
    #[serde(default)]
    pub expires_at: Option<Instant>,
    /// The first instant of the period it paid for; required for a renewal.
    #[serde(default)]
    pub period_start: Option<Instant>,
    /// The first instant after that period.
    #[serde(default)]
    pub period_end: Option<Instant>,
    /// The automatic purchase it answers; none: the one in flight.
    #[serde(default, borrow)]
    pub recharge: Option<Id<'a>>,
}

/// The provider reports a refund.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct NewRefund<'a> {
    /// The provider's id: the identity of the request.
    #[serde(borrow)]
    pub id: Id<'a>,
    /// Of which payment.
    #[serde(borrow)]
    pub payment: Id<'a>,
    /// Minor units of the payment's currency.
    #[serde(deserialize_with = "crate::amount::whole::deserialize")]
    #[cfg_attr(feature = "openapi", schema(minimum = 0, maximum = 1_000_000_000_000i64))]
    pub amount: i64,
}

/// The provider reports a dispute.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct NewDispute<'a> {
    /// The provider's id: the identity of the request.
    #[serde(borrow)]
    pub id: Id<'a>,
    /// Over which payment.
    #[serde(borrow)]
    pub payment: Id<'a>,
    /// Minor units of the payment's currency; 0 for an inquiry that moves no money.
    #[serde(deserialize_with = "crate::amount::whole::deserialize")]
    #[cfg_attr(feature = "openapi", schema(minimum = 0, maximum = 1_000_000_000_000i64))]
    pub amount: i64,
}

/// The end of a dispute.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DisputeClosing {
    /// Won or lost.
    pub outcome: DisputeOutcome,
}

/// The provider reports the subscription.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SubscriptionReport<'a> {
    /// Where it stands.
    pub status: SubscriptionStatus,
    /// The plan, where the provider names one.
    #[serde(default, borrow)]
    pub plan: Option<Id<'a>>,
    /// How often it renews; none: monthly.
    #[serde(default)]
    pub cadence: Option<Cadence>,
    /// The first instant of the current period.
    #[serde(default)]
    pub period_start: Option<Instant>,
    /// The first instant after it.
    #[serde(default)]
    pub period_end: Option<Instant>,
    /// When it ends, where a cancellation is scheduled.
    #[serde(default)]
    pub cancel_at: Option<Instant>,
    /// Since when a payment is due.
    #[serde(default)]
    pub past_due_since: Option<Instant>,
}

/// Whether the provider has a reusable payment method.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PaymentMethod {
    /// Whether it has.
    pub present: bool,
}

/// An automatic purchase failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Decline {
    /// Why, as the provider says.
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 500))]
    pub reason: String,
}

/// Auto-recharge settings; what is left out stays as it is, or takes the default.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RechargeSettings {
    /// Whether it buys.
    pub enabled: bool,
    /// Below what it buys: 5,000 to 50,000 credits in steps of 5,000, unless configured otherwise.
    #[serde(default)]
    pub threshold: Option<Amount>,
    /// How much it buys at once: 5,000 to 500,000 credits in steps of 5,000, unless configured otherwise.
    #[serde(default)]
    pub amount: Option<Amount>,
    /// How much in a UTC calendar month at most; at least one purchase.
    #[serde(default)]
    pub monthly_limit: Option<Amount>,
}

/// A change of plan or cadence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SubscriptionChange<'a> {
    /// The plan to be.
    #[serde(borrow)]
    pub plan: Id<'a>,
    /// The cadence to be.
    pub cadence: Cadence,
}

/// What a change would mean.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ChangePreview<'a> {
    /// The plan to be.
    pub plan: Id<'a>,
    /// The cadence to be.
    pub cadence: Cadence,
    /// When it takes effect.
    pub effective_at: Instant,
    /// What is charged then, in minor units.
    pub charge: i64,
    /// The currency of the charge.
    pub currency: &'a str,
    /// Included credits that the change grants when it is paid.
    pub new_allowance: Amount,
    /// Included credits of the running period that stay until its end.
    pub preserved: Amount,
    /// What open debt will take of the new allowance.
    pub debt_takes: Amount,
    /// When the subscription renews next, after the change.
    pub next_renewal: Instant,
}

/// A refund of a payment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Refund<'a> {
    /// The provider's id.
    pub id: Id<'a>,
    /// Minor units.
    pub amount: i64,
    /// When it was reported.
    pub at: Instant,
    /// Whether the provider said later that it failed.
    pub failed: bool,
}

/// A dispute over a payment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Dispute<'a> {
    /// The provider's id.
    pub id: Id<'a>,
    /// Minor units.
    pub amount: i64,
    /// When it was reported.
    pub opened_at: Instant,
    /// How it ended, where it did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outcome: Option<DisputeOutcome>,
    /// When it ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub closed_at: Option<Instant>,
}

/// Money that came in, and what it bought.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Payment<'a> {
    /// The provider's id.
    pub id: Id<'a>,
    /// What for.
    pub purpose: Purpose,
    /// Minor units.
    pub paid: i64,
    /// ISO 4217.
    pub currency: &'a str,
    /// The credits it bought.
    pub credits: Amount,
    /// The grant it funds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub grant: Option<Id<'a>>,
    /// The period it paid for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub period: Option<Period>,
    /// The automatic purchase it answers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recharge: Option<Id<'a>>,
    /// When it was reported.
    pub at: Instant,
    /// Its refunds, as they were reported.
    pub refunds: Vec<Refund<'a>>,
    /// Its disputes, as they were reported.
    pub disputes: Vec<Dispute<'a>>,
    /// Credits recovered for refunds and disputes so far.
    pub recovered: Amount,
}

/// A payment that something was reported of, and the balance right after it. Without the payment where that is not known
/// yet: what was reported is recorded and waits for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PaymentAnswer<'a> {
    /// The payment.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub payment: Option<Payment<'a>>,
    /// The grant it funds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub grant: Option<crate::books::Grant<'a>>,
    /// The balance.
    pub balance: Balance<'a>,
}

words! {
    /// Where an invoice stands.
    InvoiceStatus {
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
}

words! {
    /// Where in the billing portal somebody wants to be.
    PortalStep {
        /// At its beginning.
        Home,
        /// Where a payment method is added or changed.
        PaymentMethod,
        /// Where the subscription is cancelled.
        Cancel,
        /// Where the subscription is changed or resumed.
        Update,
    }
}

/// Asks for a page where a person pays: for a pack, a plan, or exactly what is owed. One of the three.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct NewCheckout<'a> {
    /// A pack of the catalogue.
    #[serde(default)]
    pub pack: Option<String>,
    /// A plan of the catalogue.
    #[serde(default, borrow)]
    pub plan: Option<Id<'a>>,
    /// How often the plan renews; none: monthly.
    #[serde(default)]
    pub cadence: Option<Cadence>,
    /// Exactly what clears the debt, rounded up to what can be charged; what is left of it becomes credits.
    #[serde(default)]
    pub shortfall: Option<bool>,
    /// Where the person comes back to: begins with an address that the server is configured to allow.
    pub return_url: String,
}

/// Asks for the billing portal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct NewPortal {
    /// Where in it the person wants to be; none: at its beginning.
    #[serde(default)]
    pub step: Option<PortalStep>,
    /// Where the person comes back to: begins with an address that the server is configured to allow.
    pub return_url: String,
}

/// Where to send a person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Address<'a> {
    /// The page, for this once.
    pub url: &'a str,
}

/// What an invoice is for, and how much.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct InvoiceLine<'a> {
    /// What for.
    pub description: &'a str,
    /// Minor units.
    pub amount: i64,
}

/// An invoice, as the provider has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Invoice<'a> {
    /// The provider's id.
    pub id: &'a str,
    /// The number on it, once it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub number: Option<&'a str>,
    /// Where it stands.
    pub status: InvoiceStatus,
    /// When it was made.
    pub created_at: Instant,
    /// What is to be paid, in minor units.
    pub total: i64,
    /// ISO 4217.
    pub currency: &'a str,
    /// What for.
    pub lines: Vec<InvoiceLine<'a>>,
    /// The payment that paid it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub payment: Option<Id<'a>>,
    /// Where people see it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<&'a str>,
    /// Where it is as a file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pdf: Option<&'a str>,
}

/// A plan on sale.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Plan<'a> {
    /// Its key.
    pub key: Id<'a>,
    /// What people call it.
    pub label: &'a str,
    /// Which plan is more.
    pub tier: u32,
    /// Included credits of one month.
    pub monthly_allowance: Amount,
    /// What a month costs, in minor units.
    pub monthly_price: i64,
    /// What a year costs, in minor units.
    pub annual_price: i64,
    /// ISO 4217.
    pub currency: &'a str,
}

/// A pack of credits on sale.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Pack<'a> {
    /// Its key.
    pub key: &'a str,
    /// What people call it.
    pub label: &'a str,
    /// How many credits.
    pub credits: Amount,
    /// What it costs, in minor units.
    pub price: i64,
    /// ISO 4217.
    pub currency: &'a str,
}

/// A kind of billable work.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Kind<'a> {
    /// Its key.
    pub key: Id<'a>,
    /// What people call it.
    pub label: &'a str,
    /// What it is grouped under.
    pub category: &'a str,
    /// What one of it is counted in.
    pub unit: &'a str,
    /// What a start holds that does not say.
    pub default_hold: Amount,
    /// Credits of this work that are free in each period.
    pub allowance: Amount,
}

/// What is on sale, and the kinds of work there are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Catalog<'a> {
    /// Plans.
    pub plans: Vec<Plan<'a>>,
    /// Packs of credits.
    pub packs: Vec<Pack<'a>>,
    /// Kinds of work.
    pub kinds: Vec<Kind<'a>>,
}
