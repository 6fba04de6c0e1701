//! Auto-recharge (R10): its settings, and the one purchase that may be in flight.

use crate::{Credits, id::RechargeId, time::Timestamp};
use serde::{Deserialize, Serialize};

/// What billing people chose (R10.2). Amounts in credits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RechargeSettings {
    /// Whether it buys.
    pub enabled: bool,
    /// It buys when available less open debt falls below this.
    pub threshold: Credits,
    /// How much it buys at once.
    pub amount: Credits,
    /// How much it buys in a UTC calendar month at most.
    pub monthly_limit: Credits,
}

/// A purchase that was requested and neither confirmed nor declined (R10.6).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InFlight {
    /// Its id, the provider's idempotency key.
    pub id: RechargeId,
    /// How much it buys.
    pub credits: Credits,
    /// When it was requested.
    pub requested_at: Timestamp,
}

/// The last automatic purchase that failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Declined {
    /// Which purchase.
    pub id: RechargeId,
    /// Why, as the provider says.
    pub reason: String,
    /// When.
    pub at: Timestamp,
    /// The number of the event.
    pub seq: u64,
}

/// Auto-recharge of one account.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recharge {
    /// What was chosen, where anything was.
    pub settings: Option<RechargeSettings>,
    /// Whether the provider holds a payment method that can be charged without a person.
    pub payment_method: bool,
    /// The purchase in flight.
    pub in_flight: Option<InFlight>,
    /// Declines in a row (R10.5).
    pub declines: u32,
    /// Nothing is bought before this, after a decline.
    pub retry_at: Option<Timestamp>,
    /// Since when it is suspended.
    pub suspended_at: Option<Timestamp>,
    /// The last failure.
    pub last_decline: Option<Declined>,
    /// The month that `bought` counts, by its first instant.
    pub month: Timestamp,
    /// What was bought automatically in that month.
    pub bought: Credits,
}

impl Recharge {
    /// Whether nothing has happened to it yet.
    pub(crate) fn is_untouched(&self) -> bool {
        *self == Recharge::default()
    }

    /// What was bought in the month of this instant (R10.4), purchases in flight not included.
    pub fn bought_in_month_of(&self, now: Timestamp) -> Credits {
        if self.month == now.month_start() { self.bought } else { Credits::ZERO }
    }
}
