//! A payment and what became of its money: refunds, disputes, and the credits to recover for them (R8.1).
//!
//! Which credits a payment has to give back is always computed from all its refunds and disputes together, never from
//! the order in which they were reported (R8.6); `recovery` moves the account there.

use crate::{
    Credits,
    event::Digest,
    id::{DisputeId, GrantId, PaymentId, RechargeId, RefundId},
    subscription::Period,
    time::Timestamp,
};
use serde::{Deserialize, Serialize};

/// What a payment was for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PaymentPurpose {
    /// A person bought credits.
    TopUp,
    /// A period of the subscription (R4.5).
    Renewal,
    /// The difference of an upgrade inside a period (R4.7).
    Upgrade,
    /// Auto-recharge (R10).
    Recharge,
    /// To pay debt; what is left becomes credits (R7.7).
    Repayment,
}

/// How a dispute ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DisputeOutcome {
    /// The money stays.
    Won,
    /// The money is gone.
    Lost,
}

/// A refund of a payment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refund {
    /// The provider's id.
    pub id: RefundId,
    /// Of which payment.
    pub payment: PaymentId,
    /// Money, in minor units of the payment's currency.
    pub amount: i64,
    /// When it was reported.
    pub at: Timestamp,
    /// The number of the event that reported it, and what was asked.
    pub seq: u64,
    /// What was asked then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asked: Option<Digest>,
    /// The number of the event that said it failed (R8.5).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failed_seq: Option<u64>,
}

/// A dispute over a payment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dispute {
    /// The provider's id.
    pub id: DisputeId,
    /// Over which payment.
    pub payment: PaymentId,
    /// Money, in minor units of the payment's currency; 0 for an inquiry that moves none (R8.3).
    pub amount: i64,
    /// When it was reported.
    pub opened_at: Timestamp,
    /// The number of the event that reported it, and what was asked.
    pub seq: u64,
    /// What was asked then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asked: Option<Digest>,
    /// How and when it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closed: Option<Closing>,
}

/// The end of a dispute.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Closing {
    /// Of which dispute.
    pub dispute: DisputeId,
    /// Won or lost.
    pub outcome: DisputeOutcome,
    /// When it was reported.
    pub at: Timestamp,
    /// The number of the event that reported it.
    pub seq: u64,
}

/// Money that came in, and what it bought.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Payment {
    /// The provider's id.
    pub id: PaymentId,
    /// The number of the event that recorded it.
    pub seq: u64,
    /// What was asked then (R2.4).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asked: Option<Digest>,
    /// What it was for.
    pub purpose: PaymentPurpose,
    /// Money, in minor units.
    pub paid: i64,
    /// ISO 4217.
    pub currency: String,
    /// The credits it bought, those that repaid debt at once included.
    pub credits: Credits,
    /// The grant it funds, where any credits were left to grant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grant: Option<GrantId>,
    /// The period it paid for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub period: Option<Period>,
    /// The automatic purchase it answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recharge: Option<RechargeId>,
    /// When it was recorded.
    pub at: Timestamp,
    /// Its refunds, as they were reported.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub refunds: Vec<Refund>,
    /// Its disputes, as they were reported.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub disputes: Vec<Dispute>,
    /// Credits recovered so far: from the grant's free and expired parts, and as debt (R8.2).
    pub recovered: Credits,
    /// Of these, credits that had expired unused: nothing is owed for them and nothing moves (R8.2).
    pub from_expired: Credits,
    /// Changed since its row was written.
    #[serde(skip)]
    pub touched: bool,
}

/// The credits to recover for a payment by cause (R8.1); later causes recover what earlier ones have not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Recoverable {
    /// For refunds.
    pub refunded: Credits,
    /// For refunds and lost disputes.
    pub lost: Credits,
    /// For refunds, lost and open disputes: everything.
    pub total: Credits,
}

impl Payment {
    /// Money refunded, at most what was paid.
    pub fn refunded(&self) -> i64 {
        self.capped(
            self.refunds.iter().filter(|refund| refund.failed_seq.is_none()).map(|refund| refund.amount),
        )
    }

    fn capped(&self, amounts: impl Iterator<Item = i64>) -> i64 {
        amounts.fold(0, |sum: i64, amount| sum.saturating_add(amount)).min(self.paid)
    }

    /// The credits to recover (R8.1): floor(credits × taken back / paid), cause by cause.
    ///
    /// Refunds come first, then lost, then open disputes, whatever was reported first (R8.6).
    pub fn recoverable(&self) -> Recoverable {
        let refunded = self.refunded();
        let disputed = |wanted: Option<DisputeOutcome>| {
            self.disputes
                .iter()
                .filter(move |dispute| dispute.closed.as_ref().map(|end| end.outcome) == wanted)
                .map(|dispute| dispute.amount)
        };
        let lost = self.capped(std::iter::once(refunded).chain(disputed(Some(DisputeOutcome::Lost))));
        let total = self.capped(std::iter::once(lost).chain(disputed(None)));
        let credits = |taken_back: i64| {
            if self.paid == 0 { Credits::ZERO } else { self.credits.share(taken_back, self.paid) }
        };
        Recoverable { refunded: credits(refunded), lost: credits(lost), total: credits(total) }
    }

    /// Whether any of its money was ever asked back, by a refund or a dispute, whatever became of that.
    pub fn is_asked_back(&self) -> bool {
        !self.refunds.is_empty() || !self.disputes.is_empty()
    }

    /// Whether a dispute over money is open (R10.4).
    pub fn is_disputed(&self) -> bool {
        self.disputes.iter().any(|dispute| dispute.closed.is_none() && dispute.amount > 0)
    }
}
