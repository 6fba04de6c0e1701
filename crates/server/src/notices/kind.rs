//! The kinds of notices there are, under the names that hosts and people choose them by. What each says is in `notice`.

use serde::{Deserialize, Serialize};
use std::fmt;

/// What a notice is about. Its name is part of the contract and never changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Kind {
    /// Available credits fell below the threshold (R10.1).
    #[serde(rename = "balance.low")]
    BalanceLow,
    /// Nothing starts any more, or for another reason first (R9.1).
    #[serde(rename = "balance.blocked")]
    BalanceBlocked,
    /// Work may start again.
    #[serde(rename = "balance.unblocked")]
    BalanceUnblocked,
    /// Credits were granted (R3).
    #[serde(rename = "credits.granted")]
    CreditsGranted,
    /// Credits expire in some days.
    #[serde(rename = "credits.expiring")]
    CreditsExpiring,
    /// Credits expired unused (R3.7).
    #[serde(rename = "credits.expired")]
    CreditsExpired,
    /// Purchased credits are locked, because entitlement ended (R4.3).
    #[serde(rename = "credits.locked")]
    CreditsLocked,
    /// They are not any more.
    #[serde(rename = "credits.unlocked")]
    CreditsUnlocked,
    /// Something is owed (R7.1).
    #[serde(rename = "debt.opened")]
    DebtOpened,
    /// Nothing is owed any more.
    #[serde(rename = "debt.cleared")]
    DebtCleared,
    /// A start was refused: the first since the block began, or one that pauses a task (R5.6).
    #[serde(rename = "run.refused")]
    RunRefused,
    /// A hold's time was over (R5.4).
    #[serde(rename = "run.lapsed")]
    RunLapsed,
    /// A refused start paused its task (R11.1).
    #[serde(rename = "task.paused")]
    TaskPaused,
    /// A task failed too often in a row (R11.2).
    #[serde(rename = "task.needs_attention")]
    TaskNeedsAttention,
    /// An automatic purchase was paid (R10).
    #[serde(rename = "auto_recharge.succeeded")]
    AutoRechargeSucceeded,
    /// One was not.
    #[serde(rename = "auto_recharge.failed")]
    AutoRechargeFailed,
    /// None is tried any more (R10.5).
    #[serde(rename = "auto_recharge.suspended")]
    AutoRechargeSuspended,
    /// The end of the subscription was scheduled (R4.4).
    #[serde(rename = "subscription.ending")]
    SubscriptionEnding,
    /// A dispute took money away (R8.3).
    #[serde(rename = "dispute.opened")]
    DisputeOpened,
    /// It ended (R8.4).
    #[serde(rename = "dispute.closed")]
    DisputeClosed,
}

impl Kind {
    /// All of them.
    pub const ALL: [Kind; 20] = [
        Kind::BalanceLow,
        Kind::BalanceBlocked,
        Kind::BalanceUnblocked,
        Kind::CreditsGranted,
        Kind::CreditsExpiring,
        Kind::CreditsExpired,
        Kind::CreditsLocked,
        Kind::CreditsUnlocked,
        Kind::DebtOpened,
        Kind::DebtCleared,
        Kind::RunRefused,
        Kind::RunLapsed,
        Kind::TaskPaused,
        Kind::TaskNeedsAttention,
        Kind::AutoRechargeSucceeded,
        Kind::AutoRechargeFailed,
        Kind::AutoRechargeSuspended,
        Kind::SubscriptionEnding,
        Kind::DisputeOpened,
        Kind::DisputeClosed,
    ];

    /// Those that people are mailed.
    pub const MAILED: [Kind; 8] = [
        Kind::BalanceLow,
        Kind::BalanceBlocked,
        Kind::BalanceUnblocked,
        Kind::AutoRechargeFailed,
        Kind::AutoRechargeSuspended,
        Kind::CreditsExpiring,
        Kind::DisputeOpened,
        Kind::DisputeClosed,
    ];

    /// Its name.
    pub fn as_str(self) -> &'static str {
        match self {
            Kind::BalanceLow => "balance.low",
            Kind::BalanceBlocked => "balance.blocked",
            Kind::BalanceUnblocked => "balance.unblocked",
            Kind::CreditsGranted => "credits.granted",
            Kind::CreditsExpiring => "credits.expiring",
            Kind::CreditsExpired => "credits.expired",
            Kind::CreditsLocked => "credits.locked",
            Kind::CreditsUnlocked => "credits.unlocked",
            Kind::DebtOpened => "debt.opened",
            Kind::DebtCleared => "debt.cleared",
            Kind::RunRefused => "run.refused",
            Kind::RunLapsed => "run.lapsed",
            Kind::TaskPaused => "task.paused",
            Kind::TaskNeedsAttention => "task.needs_attention",
            Kind::AutoRechargeSucceeded => "auto_recharge.succeeded",
            Kind::AutoRechargeFailed => "auto_recharge.failed",
            Kind::AutoRechargeSuspended => "auto_recharge.suspended",
            Kind::SubscriptionEnding => "subscription.ending",
            Kind::DisputeOpened => "dispute.opened",
            Kind::DisputeClosed => "dispute.closed",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_has_one_name() {
        for kind in Kind::ALL {
            assert_eq!(serde_json::to_value(kind).expect("a name"), kind.as_str());
        }
    }
}
