//! Explanations (R9.4): for each reason the events that caused it, what has been settled since, and what would clear it.
//! Figures and references, computed from the account; sentences are made of them elsewhere, and stored nowhere.

use crate::{
    Account, Credits, Policy, Timestamp,
    debt::{Debt, DebtChange, DebtKind, DebtOrigin},
    event::Actor,
    id::*,
    status::{NextStep, Reason, ReasonCode},
};

/// Why an account is as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// The status (R9.2); none is `ok`.
    pub status: Option<ReasonCode>,
    /// Each reason, explained, most important first.
    pub reasons: Vec<Explained>,
}

/// One reason with what caused it and what would clear it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explained {
    /// The reason.
    pub reason: Reason,
    /// What caused it, oldest first.
    pub causes: Vec<Cause>,
    /// What would clear it, for someone with billing access.
    pub clears: Vec<NextStep>,
}

/// Something that happened and led to a reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cause {
    /// The number of the event; 0 where it is no event but the passing of time.
    pub seq: u64,
    /// When.
    pub at: Timestamp,
    /// What happened.
    pub what: CauseKind,
}

/// What can lead to a reason. Amounts in credits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CauseKind {
    /// A run used more than was available.
    RunOverran {
        /// Which.
        run: RunId,
        /// How much of it was more than there was.
        beyond: Credits,
        /// What of that is still owed, and how it shrank.
        owed: Owed,
    },
    /// A refund took back credits that had been used.
    RefundTookBack {
        /// Which.
        refund: RefundId,
        /// Of which payment.
        payment: PaymentId,
        /// What the payment has given back in all.
        recovered: Credits,
        /// How much of it had been used.
        used: Credits,
        /// What of that is still owed, and how it shrank.
        owed: Owed,
    },
    /// A dispute did.
    DisputeTookBack {
        /// Which.
        dispute: DisputeId,
        /// Over which payment.
        payment: PaymentId,
        /// What the payment has given back in all.
        recovered: Credits,
        /// How much of it had been used.
        used: Credits,
        /// What of that is still owed, and how it shrank.
        owed: Owed,
    },
    /// The operator suspended the organization.
    Suspended {
        /// Why.
        reason: String,
    },
    /// Entitlement ended.
    EntitlementEnded,
    /// A payment for the subscription failed.
    PaymentFailed {
        /// Until when everything still works.
        grace_ends: Option<Timestamp>,
    },
    /// There never was a subscription.
    NeverSubscribed,
    /// The last available credit was held or spent.
    RanOut,
    /// Available credits fell below the threshold.
    FellBelow {
        /// The threshold.
        threshold: Credits,
    },
    /// Credits of a grant expire.
    Expires {
        /// Which.
        grant: GrantId,
        /// How many.
        amount: Credits,
    },
    /// An automatic purchase was declined.
    RechargeDeclined {
        /// What the provider said.
        reason: String,
        /// How many in a row.
        declines: u32,
    },
    /// A cancellation is scheduled.
    CancellationScheduled,
    /// A dispute keeps credits out of reach.
    Frozen {
        /// Which.
        dispute: DisputeId,
        /// Over which payment.
        payment: PaymentId,
    },
}

/// What is left of a debt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owed {
    /// The debt.
    pub debt: DebtId,
    /// What it was.
    pub amount: Credits,
    /// What is open.
    pub open: Credits,
    /// How it shrank, oldest first.
    pub since: Vec<DebtChange>,
}

impl From<&Debt> for Owed {
    fn from(debt: &Debt) -> Owed {
        Owed { debt: debt.id.clone(), amount: debt.amount, open: debt.open, since: debt.changes.clone() }
    }
}

impl Account {
    /// Why the account is as it is at this instant (R9.4). Nothing may be due on it any more.
    pub fn explain(&self, policy: &Policy, now: Timestamp) -> Explanation {
        let balance = self.balance(policy, now, &Actor::default());
        let explained = balance.reasons.iter().map(|reason| Explained {
            causes: self.causes(policy, now, reason.code),
            clears: self.next_steps(policy, now, std::slice::from_ref(reason), true, None),
            reason: reason.clone(),
        });
        Explanation { status: balance.status(), reasons: explained.collect() }
    }

    fn causes(&self, policy: &Policy, now: Timestamp, code: ReasonCode) -> Vec<Cause> {
        let core = &self.core;
        let one = |seq, at, what| vec![Cause { seq, at, what }];
        match code {
            ReasonCode::DisputeDebt => self.debt_causes(DebtKind::Dispute),
            ReasonCode::RefundDebt => self.debt_causes(DebtKind::Refund),
            ReasonCode::OutstandingUsage => self.debt_causes(DebtKind::OutstandingUsage),
            ReasonCode::OrganizationSuspended => core
                .suspension
                .iter()
                .flat_map(|suspension| {
                    one(
                        suspension.since.seq,
                        suspension.since.at,
                        CauseKind::Suspended { reason: suspension.reason.clone() },
                    )
                })
                .collect(),
            ReasonCode::PaymentPastDue | ReasonCode::PaymentFailing => {
                let since = core.subscription.as_ref().and_then(|subscription| subscription.past_due_since);
                let grace_ends = since.map(|since| since.after(policy.past_due_grace));
                one(0, since.unwrap_or(now), CauseKind::PaymentFailed { grace_ends })
            }
            ReasonCode::CreditsLocked | ReasonCode::SubscriptionRequired => match core.entitlement_ended {
                Some(ended) => one(ended.seq, ended.at, CauseKind::EntitlementEnded),
                None => one(0, now, CauseKind::NeverSubscribed),
            },
            ReasonCode::CreditsDepleted | ReasonCode::InsufficientCredits => {
                let since = core.blocked.map(|(_, since)| since);
                one(
                    since.map_or(0, |since| since.seq),
                    since.map_or(now, |since| since.at),
                    CauseKind::RanOut,
                )
            }
            ReasonCode::BalanceLow => {
                let since = core.low;
                let below = CauseKind::FellBelow { threshold: self.low_threshold(policy) };
                one(since.map_or(0, |since| since.seq), since.map_or(now, |since| since.at), below)
            }
            ReasonCode::CreditsExpiring => {
                let soon = now.after(policy.expiring_notice);
                let expiring = self.grants.iter().filter(|grant| {
                    grant.kind != crate::grant::GrantKind::Included
                        && grant.free.is_positive()
                        && grant.expires_at.is_some_and(|end| now < end && end <= soon)
                });
                expiring
                    .map(|grant| Cause {
                        seq: grant.seq,
                        at: grant.expires_at.unwrap_or(now),
                        what: CauseKind::Expires { grant: grant.id.clone(), amount: grant.free },
                    })
                    .collect()
            }
            ReasonCode::AutoRechargeSuspended => core
                .recharge
                .last_decline
                .iter()
                .flat_map(|decline| {
                    let declines = core.recharge.declines;
                    one(
                        decline.seq,
                        decline.at,
                        CauseKind::RechargeDeclined { reason: decline.reason.clone(), declines },
                    )
                })
                .collect(),
            ReasonCode::SubscriptionEnding => {
                let ends = core.subscription.as_ref().and_then(|subscription| subscription.cancel_at);
                one(0, ends.unwrap_or(now), CauseKind::CancellationScheduled)
            }
            ReasonCode::CreditsFrozen => {
                let open = self
                    .payments
                    .values()
                    .flat_map(|payment| &payment.disputes)
                    .filter(|dispute| dispute.closed.is_none());
                open.map(|dispute| Cause {
                    seq: dispute.seq,
                    at: dispute.opened_at,
                    what: CauseKind::Frozen { dispute: dispute.id.clone(), payment: dispute.payment.clone() },
                })
                .collect()
            }
            ReasonCode::TaskPaused => Vec::new(),
        }
    }

    fn debt_causes(&self, kind: DebtKind) -> Vec<Cause> {
        let open = self.open_debts().into_iter().filter(|debt| debt.kind == kind);
        open.map(|debt| Cause { seq: debt.seq, at: debt.opened_at, what: self.debt_cause(debt) }).collect()
    }

    fn debt_cause(&self, debt: &Debt) -> CauseKind {
        let recovered = |payment| self.payment(payment).map_or(debt.amount, |payment| payment.recovered);
        let (used, owed) = (debt.amount, Owed::from(debt));
        match debt.origin.clone() {
            DebtOrigin::Run { run } => CauseKind::RunOverran { run, beyond: used, owed },
            DebtOrigin::Refund { refund, payment } => {
                CauseKind::RefundTookBack { recovered: recovered(&payment), refund, payment, used, owed }
            }
            DebtOrigin::Dispute { dispute, payment } => {
                CauseKind::DisputeTookBack { recovered: recovered(&payment), dispute, payment, used, owed }
            }
        }
    }
}
