//! Refunds and disputes (R8): what money that went back takes along, and what comes back with money that stays.
//!
//! One function moves an account to where the facts of a payment say it must be ([`Payment::recoverable`]): more is
//! recovered, or less, or the same for another cause. How much is recovered never depends on the order of the reports
//! (R8.6). Where a refund and a dispute compete for the same credits, what each stands for follows their order, until one
//! of them turns out not to stand: then everything is attributed anew (`docs/decisions/0003-recovery-by-facts.md`).

use crate::{
    Credits,
    debt::{DebtKind, DebtOrigin, OffsetReason},
    decide::Decider,
    event::Event,
    grant::{GrantKind, GrantSource},
    id::{DebtId, DisputeId, GrantId, PaymentId},
    payment::{DisputeOutcome, Payment},
};

/// What newly recovered credits stand for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Attribution {
    /// The refund that was just reported.
    Refund,
    /// The dispute that was just reported, or lost.
    Dispute,
    /// Everything is attributed anew: refunds first, then lost, then open disputes.
    Anew,
}

impl Decider<'_> {
    /// Moves the account to what this payment's refunds and disputes say (R8.1–R8.5).
    pub(crate) fn recover(&mut self, id: &PaymentId, attribution: Attribution, why: OffsetReason) {
        let payment = self.payment(id);
        let target = payment.recoverable();
        let (recovered, claimed) = (payment.recovered, payment.from_expired);
        let grant = payment.grant.as_ref().and_then(|grant| self.account.grant(grant)).cloned();
        let part = |of: fn(&crate::grant::Grant) -> Credits| grant.as_ref().map_or(Credits::ZERO, of);
        let (revoked, frozen) = (part(|grant| grant.revoked), part(|grant| grant.frozen));
        let taken = revoked.plus(frozen);
        let refund_standing = self.standing(id, DebtKind::Refund);
        let owed = refund_standing.plus(self.standing(id, DebtKind::Dispute));

        // What was recovered lies in three layers: free, expired unused, and used, which is debt. More is taken from
        // the first that has any (R8.2), and given back to the last that took any.
        let now_recovered = taken.plus(claimed).plus(owed);
        let (taken_then, mut claimed_then) = if target.total >= now_recovered {
            let more = target.total.minus(now_recovered);
            let from_free = part(|grant| grant.free).min(more);
            let unclaimed = part(|grant| grant.expired).minus_or_zero(claimed);
            (taken.plus(from_free), claimed.plus(unclaimed.min(more.minus(from_free))))
        } else {
            let less = now_recovered.minus(target.total).minus_or_zero(owed);
            let from_expired = claimed.min(less);
            (taken.minus(less.minus(from_expired)), claimed.minus(from_expired))
        };

        // Credits that were held and have come back to an expired grant since were not used: open debt for them goes.
        let unclaimed = part(|grant| grant.expired).minus_or_zero(claimed_then);
        let owed_then = target.total.minus(taken_then).minus(claimed_then);
        claimed_then = claimed_then.plus(unclaimed.min(owed_then).min(self.open(id)));

        let owed_then = target.total.minus(taken_then).minus(claimed_then);
        let frozen_share = |frozen: Credits| frozen.min(target.total.minus(target.lost));
        let (revoked_then, refund_owed) = match attribution {
            Attribution::Anew => {
                (taken_then.min(target.lost), target.refunded.minus_or_zero(taken_then.plus(claimed_then)))
            }
            Attribution::Dispute => {
                (taken_then.minus(frozen_share(frozen.plus(taken_then.minus(taken)))), refund_standing)
            }
            Attribution::Refund => {
                (revoked.plus(taken_then.minus(taken)), refund_standing.plus(owed_then.minus_or_zero(owed)))
            }
        };
        let refund_owed = refund_owed.min(owed_then);
        let dispute_owed = owed_then.minus(refund_owed);
        for (kind, owed) in [(DebtKind::Refund, refund_owed), (DebtKind::Dispute, dispute_owed)] {
            let excess = self.standing(id, kind).minus_or_zero(owed);
            self.restore_debt(id, kind, excess, why);
        }
        if let Some(grant) = grant {
            self.move_credits(&grant.id, (revoked, revoked_then), (frozen, taken_then.minus(revoked_then)));
        }
        for (kind, owed) in [(DebtKind::Refund, refund_owed), (DebtKind::Dispute, dispute_owed)] {
            let missing = owed.minus_or_zero(self.standing(id, kind));
            self.open_recovery_debt(id, kind, missing);
        }
        if target.total != recovered || claimed_then != claimed {
            self.emit(Event::RecoveryAssessed {
                payment: id.clone(),
                recovered: target.total,
                from_expired: claimed_then,
            });
        }
    }

    /// A won dispute gives its grant the time back that it took (R8.4).
    pub(crate) fn extend(&mut self, dispute: &DisputeId) {
        let known = self.account.dispute(dispute).expect("the dispute is known");
        let Some(end) =
            known.closed.as_ref().filter(|end| end.outcome == DisputeOutcome::Won && known.amount > 0)
        else {
            return;
        };
        let (opened, lasted) = (known.opened_at, end.at.since(known.opened_at));
        let grant = self.account.payments.get(&known.payment).and_then(|payment| payment.grant.as_ref());
        let Some(grant) = grant.and_then(|grant| self.account.grant(grant)) else { return };
        if let Some(expires_at) =
            grant.expires_at.filter(|expires_at| opened < *expires_at && lasted.micros() > 0)
        {
            self.emit(Event::GrantExtended { grant: grant.id.clone(), expires_at: expires_at.after(lasted) });
        }
    }

    fn payment(&self, id: &PaymentId) -> &Payment {
        self.account.payments.get(id).expect("recovery is for a payment that is known")
    }

    /// What is open of the payment's debts.
    fn open(&self, payment: &PaymentId) -> Credits {
        self.account
            .debts
            .values()
            .filter(|debt| debt.origin.payment() == Some(payment))
            .map(|debt| debt.open)
            .sum()
    }

    /// What the payment's debts of this kind stand for, paid or not.
    fn standing(&self, payment: &PaymentId, kind: DebtKind) -> Credits {
        let of_payment =
            self.account.debts().filter(|debt| debt.kind == kind && debt.origin.payment() == Some(payment));
        of_payment.map(crate::debt::Debt::standing).sum()
    }

    /// Debt that is not owed after all: what is open is offset, what was settled or repaid comes back as credits (R8.4, R8.5).
    fn restore_debt(&mut self, payment: &PaymentId, kind: DebtKind, amount: Credits, why: OffsetReason) {
        let mut missing = amount;
        let mut debts: Vec<_> = self
            .account
            .debts
            .values()
            .filter(|debt| debt.kind == kind && debt.origin.payment() == Some(payment))
            .cloned()
            .collect();
        debts.sort_by_key(|debt| std::cmp::Reverse(debt.seq));
        for debt in debts {
            let restored = debt.standing().min(missing);
            if restored.is_zero() {
                continue;
            }
            missing = missing.minus(restored);
            let offset = debt.open.min(restored);
            let paid = debt.settled.plus(debt.repaid).minus(debt.restituted);
            let restituted = paid.min(restored.minus(offset));
            let written_off = restored.minus(offset).minus(restituted);
            if offset.is_positive() || written_off.is_positive() {
                self.emit(Event::DebtOffset {
                    debt: debt.id.clone(),
                    amount: offset,
                    why,
                    written_off,
                    reason: None,
                });
            }
            if restituted.is_positive() {
                self.emit(Event::Granted {
                    grant: GrantId::made(self.account.salt, self.now, self.next_seq()),
                    kind: GrantKind::Purchased,
                    source: GrantSource::Restitution,
                    amount: restituted,
                    effective_at: self.now,
                    expires_at: Some(self.now.plus_months(self.policy.purchased_lifetime_months)),
                    priority: self.policy.priorities.purchased,
                    payment: None,
                    restores: Some(debt.id),
                    reason: None,
                });
            }
        }
    }

    /// Moves a grant's credits between free, revoked and frozen; each pair is what is and what must be (R8.3).
    fn move_credits(&mut self, grant: &GrantId, revoked: (Credits, Credits), frozen: (Credits, Credits)) {
        let to_revoked = revoked.1.minus_or_zero(revoked.0);
        let to_frozen = frozen.1.minus_or_zero(frozen.0);
        let off_revoked = revoked.0.minus_or_zero(revoked.1);
        let off_frozen = frozen.0.minus_or_zero(frozen.1);
        let from_frozen = to_revoked.min(off_frozen);
        let from_revoked = to_frozen.min(off_revoked);
        let grant = grant.clone();
        if off_frozen > from_frozen || off_revoked > from_revoked {
            self.emit(Event::CreditsRestored {
                grant: grant.clone(),
                from_frozen: off_frozen.minus(from_frozen),
                from_revoked: off_revoked.minus(from_revoked),
            });
        }
        if to_revoked.is_positive() {
            self.emit(Event::CreditsRevoked {
                grant: grant.clone(),
                from_free: to_revoked.minus(from_frozen),
                from_frozen,
            });
        }
        if to_frozen.is_positive() {
            self.emit(Event::CreditsFrozen { grant, from_free: to_frozen.minus(from_revoked), from_revoked });
        }
    }

    fn open_recovery_debt(&mut self, id: &PaymentId, kind: DebtKind, amount: Credits) {
        if amount.is_zero() {
            return;
        }
        let payment = self.payment(id);
        let origin = match kind {
            DebtKind::Refund => {
                let refund = payment
                    .refunds
                    .iter()
                    .rev()
                    .find(|refund| refund.failed_seq.is_none() && refund.amount > 0);
                let refund = refund.expect("refund debt comes from a refund that stands");
                DebtOrigin::Refund { refund: refund.id.clone(), payment: id.clone() }
            }
            _ => {
                let won = |dispute: &crate::payment::Dispute| {
                    dispute.closed.as_ref().is_some_and(|end| end.outcome == DisputeOutcome::Won)
                };
                let dispute =
                    payment.disputes.iter().rev().find(|dispute| !won(dispute) && dispute.amount > 0);
                let dispute = dispute.expect("dispute debt comes from a dispute that stands");
                DebtOrigin::Dispute { dispute: dispute.id.clone(), payment: id.clone() }
            }
        };
        let debt = DebtId::made(self.account.salt, self.now, self.next_seq());
        self.emit(Event::DebtOpened { debt, kind, amount, origin });
    }
}
