//! Why: what led to each reason, and what would clear it.

use crate::{
    Amount, Id, Instant,
    balance::{NextStep, Reason, Status},
    books::DebtChange,
};
use serde::Serialize;

/// What is left of a debt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Owed<'a> {
    /// The debt.
    pub debt: Id<'a>,
    /// What it was.
    pub amount: Amount,
    /// What is open.
    pub open: Amount,
    /// How it shrank, oldest first.
    pub since: Vec<DebtChange<'a>>,
}

/// What happened. What the reader may not see is absent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum CauseKind<'a> {
    /// A run used more than was available.
    RunOverran {
        /// Which.
        run: Id<'a>,
        /// How much of it was more than there was. Billing access only.
        #[serde(skip_serializing_if = "Option::is_none")]
        beyond: Option<Amount>,
        /// What of that is still owed. Billing access only.
        #[serde(skip_serializing_if = "Option::is_none")]
        owed: Option<Owed<'a>>,
    },
    /// A refund took back credits that had been used.
    RefundTookBack {
        /// Which. Billing access only, like all of this.
        #[serde(skip_serializing_if = "Option::is_none")]
        refund: Option<Id<'a>>,
        /// Of which payment.
        #[serde(skip_serializing_if = "Option::is_none")]
        payment: Option<Id<'a>>,
        /// What the payment has given back in all.
        #[serde(skip_serializing_if = "Option::is_none")]
        recovered: Option<Amount>,
        /// How much of it had been used.
        #[serde(skip_serializing_if = "Option::is_none")]
        used: Option<Amount>,
        /// What of that is still owed.
        #[serde(skip_serializing_if = "Option::is_none")]
        owed: Option<Owed<'a>>,
    },
    /// A dispute did.
    DisputeTookBack {
        /// Which. Billing access only, like all of this.
        #[serde(skip_serializing_if = "Option::is_none")]
        dispute: Option<Id<'a>>,
        /// Over which payment.
        #[serde(skip_serializing_if = "Option::is_none")]
        payment: Option<Id<'a>>,
        /// What the payment has given back in all.
        #[serde(skip_serializing_if = "Option::is_none")]
        recovered: Option<Amount>,
        /// How much of it had been used.
        #[serde(skip_serializing_if = "Option::is_none")]
        used: Option<Amount>,
        /// What of that is still owed.
        #[serde(skip_serializing_if = "Option::is_none")]
        owed: Option<Owed<'a>>,
    },
    /// The operator suspended the organization.
    Suspended {
        /// Why.
        reason: &'a str,
    },
    /// Entitlement ended.
    EntitlementEnded,
    /// A payment for the subscription failed.
    PaymentFailed {
        /// Until when everything still works.
        #[serde(skip_serializing_if = "Option::is_none")]
        grace_ends: Option<Instant>,
    },
    /// There never was a subscription.
    NeverSubscribed,
    /// The last available credit was held or spent.
    RanOut,
    /// Available credits fell below the threshold.
    FellBelow {
        /// The threshold.
        threshold: Amount,
    },
    /// Credits of a grant expire.
    Expires {
        /// Which. Billing access only.
        #[serde(skip_serializing_if = "Option::is_none")]
        grant: Option<Id<'a>>,
        /// How many. Billing access only.
        #[serde(skip_serializing_if = "Option::is_none")]
        amount: Option<Amount>,
    },
    /// An automatic purchase was declined.
    RechargeDeclined {
        /// What the provider said. Billing access only.
        #[serde(skip_serializing_if = "Option::is_none")]
        reason: Option<&'a str>,
        /// How many in a row.
        declines: u32,
    },
    /// A cancellation is scheduled.
    CancellationScheduled,
    /// A dispute keeps credits out of reach.
    Frozen {
        /// Which. Billing access only.
        #[serde(skip_serializing_if = "Option::is_none")]
        dispute: Option<Id<'a>>,
        /// Over which payment. Billing access only.
        #[serde(skip_serializing_if = "Option::is_none")]
        payment: Option<Id<'a>>,
    },
}

/// Something that happened and led to a reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Cause<'a> {
    /// The number of the event; absent where it is no event but the passing of time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seq: Option<u64>,
    /// When; absent where it was so from the beginning.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<Instant>,
    /// What happened.
    pub what: CauseKind<'a>,
}

/// One reason, what caused it, and what would clear it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Explained<'a> {
    /// The reason.
    pub reason: Reason<'a>,
    /// The reason and its causes, in sentences.
    pub text: String,
    /// The events that caused it, oldest first.
    pub causes: Vec<Cause<'a>>,
    /// What would clear it. Billing access only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clears: Option<Vec<NextStep>>,
}

/// Why an account is as it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Explanation<'a> {
    /// Whose.
    pub organization: Id<'a>,
    /// The status in one word.
    pub status: Status,
    /// Each reason, most important first.
    pub reasons: Vec<Explained<'a>>,
    /// The number of the account's last event.
    pub version: u64,
    /// The instant this is true at.
    pub as_of: Instant,
}
