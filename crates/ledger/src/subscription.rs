//! The subscription as the payment provider reports it, and what follows from it: entitlement (R4.2).

use crate::{
    Credits,
    id::PlanKey,
    policy::Policy,
    time::{Duration, Timestamp},
};
use serde::{Deserialize, Serialize};

/// Where a subscription stands with the provider (R4.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SubscriptionStatus {
    /// There is none.
    #[default]
    None,
    /// Its first payment is not confirmed.
    Incomplete,
    /// On trial.
    Trialing,
    /// Paid.
    Active,
    /// A renewal was not paid yet.
    PastDue,
    /// The provider has given up collecting.
    Unpaid,
    /// Paused.
    Paused,
    /// Over.
    Canceled,
}

/// How often a subscription renews (R4.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cadence {
    /// Every month.
    #[default]
    Monthly,
    /// Every year.
    Annual,
}

/// A billing period: valid on [start, end) (R1.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Period {
    /// Its first instant.
    pub start: Timestamp,
    /// The first instant after it.
    pub end: Timestamp,
}

/// What the provider says of the subscription (R4.1).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subscription {
    /// Where it stands.
    pub status: SubscriptionStatus,
    /// The plan, where the provider names one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan: Option<PlanKey>,
    /// How often it renews.
    pub cadence: Cadence,
    /// The current period, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub period: Option<Period>,
    /// When it ends, where a cancellation is scheduled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cancel_at: Option<Timestamp>,
    /// Since when a payment is due; the instant of the first report where the provider does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub past_due_since: Option<Timestamp>,
}

impl Subscription {
    /// Until when this subscription entitles if the provider reports nothing else: none is for ever, the past is not at all (R4.2).
    pub fn entitles_until(&self, grace: Duration) -> Option<Timestamp> {
        match self.status {
            SubscriptionStatus::Trialing | SubscriptionStatus::Active => self.cancel_at,
            SubscriptionStatus::PastDue => {
                let due = self.past_due_since.map_or(Timestamp::MIN, |since| since.after(grace));
                Some(self.cancel_at.map_or(due, |cancel| cancel.min(due)))
            }
            _ => Some(Timestamp::MIN),
        }
    }

    /// Whether the organization is entitled at this instant (R4.2).
    pub fn entitles(&self, policy: &Policy, now: Timestamp) -> bool {
        self.entitles_until(policy.past_due_grace).is_none_or(|end| now < end)
    }

    /// Whether it is `trialing` or `active`, whatever is scheduled.
    pub fn is_running(&self) -> bool {
        matches!(self.status, SubscriptionStatus::Trialing | SubscriptionStatus::Active)
    }

    /// Whether a payment for it has failed (R9.1).
    pub fn payment_failed(&self) -> bool {
        matches!(self.status, SubscriptionStatus::PastDue | SubscriptionStatus::Unpaid)
    }
}

/// A change of plan or cadence that was asked for and is not in effect yet (R4.6, R4.7).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedChange {
    /// The plan to be.
    pub plan: PlanKey,
    /// The cadence to be.
    pub cadence: Cadence,
    /// When it takes effect: now, with its payment, or at the renewal date.
    pub effective_at: Timestamp,
}

/// What a change would mean, before anything is decided (R4.6).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangePreview {
    /// The plan to be.
    pub plan: PlanKey,
    /// The cadence to be.
    pub cadence: Cadence,
    /// When it takes effect.
    pub effective_at: Timestamp,
    /// What is charged then, in minor units.
    pub charge: i64,
    /// The currency of the charge.
    pub currency: String,
    /// Included credits that the change grants when it is paid.
    pub new_allowance: Credits,
    /// Included credits of the running period that stay until its end.
    pub preserved: Credits,
    /// What open debt will take of the new allowance.
    pub debt_takes: Credits,
    /// When the subscription renews next, after the change.
    pub next_renewal: Timestamp,
}
