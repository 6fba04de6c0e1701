//! A grant is a lot of credits (R3): its parts, its state at an instant, and the order in which grants are spent.

use crate::{
    Credits,
    id::{GrantId, PaymentId},
    time::Timestamp,
};
use serde::{Deserialize, Serialize};
use std::cmp::Ordering;

/// What kind of credits a grant holds (R3.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GrantKind {
    /// The plan's allowance for one period.
    Included,
    /// Bought.
    Purchased,
    /// Given by the operator.
    Promotional,
}

/// Where a grant came from (R3.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GrantSource {
    /// A period of the subscription that was paid.
    Subscription,
    /// A purchase by a person, also what a repayment brought beyond the debt.
    TopUp,
    /// A purchase by auto-recharge.
    AutoRecharge,
    /// What had settled or repaid a debt that turned out not to be owed (R8.4, R8.5).
    Restitution,
    /// The operator.
    Operator,
}

/// Where a grant is at an instant (R3.4), the first that fits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GrantState {
    /// Not effective yet.
    Pending,
    /// Over.
    Expired,
    /// Purchased, while the organization is not entitled.
    Locked,
    /// Spendable.
    Usable,
}

/// Where a grant is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Written {
    /// Nowhere yet.
    #[default]
    Nowhere,
    /// Among those that come with the account's core ([`crate::Account::next_grants`]).
    WithCore,
    /// In a row of its own.
    Alone,
}

/// A lot of credits and what has become of it (R3.1, R3.3). Amounts in credits; the parts always add up to `amount`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grant {
    /// Its id.
    pub id: GrantId,
    /// The number of the event that granted it: the order of arrival.
    pub seq: u64,
    /// The kind of credits.
    pub kind: GrantKind,
    /// Where they came from.
    pub source: GrantSource,
    /// How many there were.
    pub amount: Credits,
    /// The first instant at which they can be spent.
    pub effective_at: Timestamp,
    /// The first instant at which they cannot be spent any more; none: never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
    /// Lowest is spent first (R3.6).
    pub priority: u32,
    /// The payment that bought it, where money did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payment: Option<PaymentId>,
    /// What was asked, where the operator gave it an id (R2.4).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asked: Option<crate::event::Digest>,
    /// Its first instant has not been noted yet.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub pending: bool,
    /// When it was granted.
    pub granted_at: Timestamp,
    /// Neither spent nor earmarked.
    #[serde(default, skip_serializing_if = "Credits::is_zero_ref")]
    pub free: Credits,
    /// Earmarked for open runs.
    #[serde(default, skip_serializing_if = "Credits::is_zero_ref")]
    pub held: Credits,
    /// Spent on work.
    #[serde(default, skip_serializing_if = "Credits::is_zero_ref")]
    pub used: Credits,
    /// Taken by debt.
    #[serde(default, skip_serializing_if = "Credits::is_zero_ref")]
    pub settled: Credits,
    /// Out of reach while a dispute is open.
    #[serde(default, skip_serializing_if = "Credits::is_zero_ref")]
    pub frozen: Credits,
    /// Never spent in time.
    #[serde(default, skip_serializing_if = "Credits::is_zero_ref")]
    pub expired: Credits,
    /// Taken back with the money that bought it.
    #[serde(default, skip_serializing_if = "Credits::is_zero_ref")]
    pub revoked: Credits,
    /// Changed since it was written.
    #[serde(skip)]
    pub touched: bool,
    /// Where it was written last.
    #[serde(skip)]
    pub written: Written,
}

impl Grant {
    /// Its state at this instant (R3.4).
    pub fn state(&self, entitled: bool, now: Timestamp) -> GrantState {
        if now < self.effective_at {
            GrantState::Pending
        } else if self.has_expired(now) {
            GrantState::Expired
        } else if self.kind == GrantKind::Purchased && !entitled {
            GrantState::Locked
        } else {
            GrantState::Usable
        }
    }

    /// Whether its last instant has passed (R3.4: from `expires_at` on).
    pub fn has_expired(&self, now: Timestamp) -> bool {
        self.expires_at.is_some_and(|end| end <= now)
    }

    /// The sum of its parts, which equals its amount (R3.3).
    pub fn parts(&self) -> Credits {
        [self.free, self.held, self.used, self.settled, self.frozen, self.expired, self.revoked]
            .into_iter()
            .sum()
    }

    /// Whether nothing of it can move any more by itself: all its credits are spent, settled, expired or revoked.
    pub fn is_spent(&self) -> bool {
        self.free.is_zero() && self.held.is_zero() && self.frozen.is_zero()
    }

    /// The grant without what is only known of it while it is at hand.
    #[must_use]
    pub fn unmarked(&self) -> Grant {
        Grant { touched: false, written: Written::Nowhere, ..self.clone() }
    }

    /// The order in which grants are spent (R3.6), stated here and nowhere else.
    pub fn consumption_order(&self, other: &Grant) -> Ordering {
        let end = |grant: &Grant| grant.expires_at.unwrap_or(Timestamp::from_micros(i64::MAX));
        self.priority
            .cmp(&other.priority)
            .then_with(|| end(self).cmp(&end(other)))
            .then_with(|| self.effective_at.cmp(&other.effective_at))
            .then_with(|| self.seq.cmp(&other.seq))
    }
}

/// So many credits of a named grant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Take {
    /// The grant.
    pub grant: GrantId,
    /// How many of its credits.
    pub amount: Credits,
}

/// What the takes add up to.
pub fn total(takes: &[Take]) -> Credits {
    takes.iter().map(|take| take.amount).sum()
}
