//! The books: grants, debts, events and the postings that they are in double entry.

use crate::{
    Amount, Id, Instant, SignedAmount,
    balance::{Balance, Origin, words},
    run::Take,
};
use serde::{Deserialize, Serialize};

words! {
    /// What kind of credits a grant holds.
    GrantKind {
        /// The plan's allowance for one period.
        Included,
        /// Bought.
        Purchased,
        /// Given by the operator.
        Promotional,
    }
}

words! {
    /// The kind of credits an operator gives.
    OperatorGrantKind {
        /// The only one.
        Promotional,
    }
}

words! {
    /// Where a grant came from.
    GrantSource {
        /// A period of the subscription that was paid.
        Subscription,
        /// A purchase by a person.
        TopUp,
        /// A purchase by auto-recharge.
        AutoRecharge,
        /// What had settled or repaid a debt that turned out not to be owed.
        Restitution,
        /// The operator.
        Operator,
    }
}

words! {
    /// Where a grant is.
    GrantState {
        /// Not effective yet.
        Pending,
        /// Over.
        Expired,
        /// Purchased, while the organization is not entitled.
        Locked,
        /// Spendable.
        Usable,
    }
}

words! {
    /// The kinds of debt.
    DebtKind {
        /// Admitted work used more than there was.
        OutstandingUsage,
        /// A refund took back credits that were used.
        Refund,
        /// A dispute did.
        Dispute,
    }
}

words! {
    /// Why a debt was adjusted.
    OffsetReason {
        /// The operator gave it up.
        WriteOff,
        /// The dispute was won.
        DisputeWon,
        /// The refund failed.
        RefundFailed,
        /// Another refund or dispute of the same payment stands for it.
        Reassigned,
    }
}

/// The operator gives credits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct NewGrant<'a> {
    /// The operator's own id, the identity of the request where it is given; none: Coulomb makes one.
    #[serde(default, borrow, alias = "grant")]
    pub id: Option<Id<'a>>,
    /// How many.
    #[serde(alias = "amount")]
    pub credits: Amount,
    /// The kind of credits.
    #[serde(default)]
    pub kind: Option<OperatorGrantKind>,
    /// From when they can be spent; none: at once.
    #[serde(default)]
    pub effective_at: Option<Instant>,
    /// Until when; none: for ever.
    #[serde(default)]
    pub expires_at: Option<Instant>,
    /// Lowest is spent first; none: 20, unless configured otherwise.
    #[serde(default, deserialize_with = "crate::amount::whole::count")]
    #[cfg_attr(feature = "openapi", schema(minimum = 0, maximum = 4_294_967_295i64, value_type = Option<i64>))]
    pub priority: Option<u32>,
    /// Why.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 500))]
    pub reason: Option<String>,
}

/// A lot of credits and what has become of it. The parts always add up to `amount`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Grant<'a> {
    /// Its id.
    pub id: Id<'a>,
    /// The kind of credits.
    pub kind: GrantKind,
    /// Where they came from.
    pub source: GrantSource,
    /// Where it is.
    pub state: GrantState,
    /// How many there were.
    pub amount: Amount,
    /// Neither spent nor earmarked.
    pub free: Amount,
    /// Earmarked for open runs.
    pub held: Amount,
    /// Spent on work.
    pub used: Amount,
    /// Taken by debt.
    pub settled: Amount,
    /// Out of reach while a dispute is open.
    pub frozen: Amount,
    /// Never spent in time.
    pub expired: Amount,
    /// Taken back with the money that bought it.
    pub revoked: Amount,
    /// Lowest is spent first.
    pub priority: u32,
    /// The payment that bought it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub payment: Option<Id<'a>>,
    /// When it was granted.
    pub granted_at: Instant,
    /// The first instant at which it can be spent.
    pub effective_at: Instant,
    /// The first instant at which it cannot be spent any more, or null.
    pub expires_at: Option<Instant>,
}

/// A grant, and the balance right after it was made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct GrantAnswer<'a> {
    /// The grant.
    pub grant: Grant<'a>,
    /// The balance.
    pub balance: Balance<'a>,
}

/// How a debt shrank once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum DebtChange<'a> {
    /// By credits of grants.
    Settled {
        /// When.
        at: Instant,
        /// How much.
        amount: Amount,
        /// Which grants.
        takes: Vec<Take<'a>>,
    },
    /// By a payment.
    Repaid {
        /// When.
        at: Instant,
        /// How much.
        amount: Amount,
        /// Which.
        payment: Id<'a>,
    },
    /// By an adjustment.
    Offset {
        /// When.
        at: Instant,
        /// How much.
        amount: Amount,
        /// Which kind.
        why: OffsetReason,
    },
}

/// What is owed for one cause: `amount` = `open` + `settled` + `repaid` + `offset`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Debt<'a> {
    /// Its id.
    pub id: Id<'a>,
    /// Its kind.
    pub kind: DebtKind,
    /// What it was, in all.
    pub amount: Amount,
    /// What is still owed.
    pub open: Amount,
    /// Paid by credits.
    pub settled: Amount,
    /// Paid by money.
    pub repaid: Amount,
    /// Adjusted away.
    pub offset: Amount,
    /// What gave rise to it.
    pub origin: Origin<'a>,
    /// When it was opened.
    pub opened_at: Instant,
    /// When it was last open, where nothing is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub closed_at: Option<Instant>,
    /// How it shrank, oldest first; the last 100 times.
    pub changes: Vec<DebtChange<'a>>,
}

/// Gives up a debt, whole or in part.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct WriteOff {
    /// How much; none: what is open.
    #[serde(default)]
    pub amount: Option<Amount>,
    /// Why.
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 500))]
    pub reason: String,
}

/// A debt, and the balance right after the change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DebtAnswer<'a> {
    /// The debt.
    pub debt: Debt<'a>,
    /// The balance.
    pub balance: Balance<'a>,
}

/// One event of the ledger, as it is stored, in the wire's own units.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Event<'a> {
    /// Its number in the account, from 1, without gaps.
    pub seq: u64,
    /// When it happened.
    pub at: Instant,
    /// What happened.
    #[serde(rename = "type")]
    pub kind: &'a str,
    /// The key it came with; absent: Coulomb itself, because something was due.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub by: Option<Id<'a>>,
    /// The member on whose behalf.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub member: Option<Id<'a>>,
    /// The idempotency key it came with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub idempotency_key: Option<Id<'a>>,
    /// Its facts: credits as decimal strings, instants as RFC 3339, money as minor units.
    #[cfg_attr(feature = "openapi", schema(value_type = Object))]
    pub data: serde_json::Map<String, serde_json::Value>,
    /// The hash of this event and all before it, in hexadecimal.
    #[cfg_attr(feature = "openapi", schema(pattern = "^[0-9a-f]{64}$"))]
    pub hash: String,
}

/// One side of an entry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Posting<'a> {
    /// The account of the books.
    pub account: &'a str,
    /// How many credits: the postings of an entry add up to nothing.
    pub amount: SignedAmount,
    /// The grant it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub grant: Option<Id<'a>>,
    /// The debt it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub debt: Option<Id<'a>>,
    /// The run it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub run: Option<Id<'a>>,
}

/// The postings of one event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Entry<'a> {
    /// The event's number.
    pub seq: u64,
    /// When it happened.
    pub at: Instant,
    /// What happened.
    #[serde(rename = "type")]
    pub kind: &'a str,
    /// Its postings.
    pub postings: Vec<Posting<'a>>,
}
