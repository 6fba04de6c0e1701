//! Debt: what is owed for work beyond the balance, and for credits that were used and then refunded or disputed (R7).

use crate::{
    Credits,
    grant::Take,
    id::{DebtId, DisputeId, PaymentId, RefundId, RunId},
    time::Timestamp,
};
use serde::{Deserialize, Serialize};

/// The kinds of debt, in the order in which they are settled (R7.1, R7.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DebtKind {
    /// Admitted work used more than there was.
    OutstandingUsage,
    /// A refund took back credits that were used.
    Refund,
    /// A dispute did.
    Dispute,
}

impl DebtKind {
    /// All of them, in the order of settlement (R7.4).
    pub const ALL: [DebtKind; 3] = [DebtKind::OutstandingUsage, DebtKind::Refund, DebtKind::Dispute];
}

/// What gave rise to a debt (R7.1).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum DebtOrigin {
    /// A run, or a charge that needed no start.
    Run {
        /// Which.
        run: RunId,
    },
    /// A refund of a payment.
    Refund {
        /// Which.
        refund: RefundId,
        /// Of which payment.
        payment: PaymentId,
    },
    /// A dispute over a payment.
    Dispute {
        /// Which.
        dispute: DisputeId,
        /// Over which payment.
        payment: PaymentId,
    },
}

impl DebtOrigin {
    /// The payment that gave rise to it, where one did: its grant's own credits settle it (R7.5).
    pub fn payment(&self) -> Option<&PaymentId> {
        match self {
            DebtOrigin::Run { .. } => None,
            DebtOrigin::Refund { payment, .. } | DebtOrigin::Dispute { payment, .. } => Some(payment),
        }
    }
}

/// How a debt shrank once (R7.2).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DebtChange {
    /// The number of the event.
    pub seq: u64,
    /// When.
    pub at: Timestamp,
    /// How much.
    pub amount: Credits,
    /// By what.
    pub how: DebtChangeKind,
}

/// By what a debt shrinks (R7.2).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum DebtChangeKind {
    /// By credits of grants.
    Settled {
        /// Which.
        takes: Vec<Take>,
    },
    /// By a payment.
    Repaid {
        /// Which.
        payment: PaymentId,
    },
    /// By an adjustment.
    Offset {
        /// Which kind of adjustment.
        why: OffsetReason,
    },
}

/// Why a debt was adjusted (R7.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OffsetReason {
    /// The operator gave it up.
    WriteOff,
    /// The dispute was won, so nothing was owed (R8.4).
    DisputeWon,
    /// The refund failed, so nothing was owed (R8.5).
    RefundFailed,
    /// Another refund or dispute of the same payment stands for it now (R8.1: nothing is recovered twice).
    Reassigned,
}

/// What is owed for one cause. Amounts in credits: `amount = open + settled + repaid + offset` (R13).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Debt {
    /// Its id.
    pub id: DebtId,
    /// The number of the event that opened it: the oldest is settled first.
    pub seq: u64,
    /// Its kind.
    pub kind: DebtKind,
    /// What it was, in all.
    pub amount: Credits,
    /// What is still owed.
    pub open: Credits,
    /// Paid by credits.
    pub settled: Credits,
    /// Paid by money.
    pub repaid: Credits,
    /// Adjusted away.
    pub offset: Credits,
    /// How much of the amount turned out not to be owed: offset for that reason, or given back as restitution.
    pub restored: Credits,
    /// How much of what was settled or repaid came back as restitution (R8.4, R8.5).
    pub restituted: Credits,
    /// What gave rise to it.
    pub origin: DebtOrigin,
    /// When it was opened.
    pub opened_at: Timestamp,
    /// When it was last open.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closed_at: Option<Timestamp>,
    /// How it shrank, oldest first; the last [`Debt::CHANGES_KEPT`] of it, all of it is in the events.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<DebtChange>,
    /// Changed since its row was written.
    #[serde(skip)]
    pub touched: bool,
}

impl Debt {
    /// How many changes a debt keeps beside its sums.
    pub const CHANGES_KEPT: usize = 100;

    /// Whether something is owed.
    pub fn is_open(&self) -> bool {
        self.open.is_positive()
    }

    /// How much of it still stands, paid or not: its amount less what was restored.
    pub fn standing(&self) -> Credits {
        self.amount.minus(self.restored)
    }
}
