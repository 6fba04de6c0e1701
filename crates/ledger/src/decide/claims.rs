//! Refunds and disputes as the provider reports them: late, twice, and out of order (R8.6). What follows from them is
//! in `recovery`.

use super::{
    Decider, Done,
    check::{conflict, money, same, within},
};
use crate::{
    debt::OffsetReason,
    event::{Digest, Event},
    id::{DisputeId, PaymentId, RefundId},
    payment::DisputeOutcome,
    recovery::Attribution,
    refusal::Refusal,
};

impl Decider<'_> {
    pub(super) fn record_refund(
        &mut self,
        asked: &Digest,
        refund: RefundId,
        payment: PaymentId,
        amount: i64,
    ) -> Result<Done, Refusal> {
        if let Some(known) = self.account.refund(&refund) {
            return same(known.asked.as_ref(), asked, known.seq, "this refund was reported");
        }
        money("amount", amount)?;
        self.may_wait(self.account.payments.contains_key(&payment))?;
        self.emit(Event::RefundRecorded { refund, payment: payment.clone(), amount });
        Ok(self.recover_if_known(&payment, Attribution::Refund, OffsetReason::Reassigned))
    }

    pub(super) fn fail_refund(&mut self, refund: RefundId) -> Result<Done, Refusal> {
        let waiting =
            self.account.core.waiting.failures.iter().find(|(id, _)| *id == refund).map(|(_, seq)| *seq);
        let known = self.account.refund(&refund).map(|known| (known.payment.clone(), known.failed_seq));
        if let Some(seq) = waiting.or(known.as_ref().and_then(|(_, failed)| *failed)) {
            return Ok(Done::Replayed { seq });
        }
        self.may_wait(known.is_some())?;
        self.emit(Event::RefundFailed { refund });
        Ok(known.map_or(Done::Waiting, |(payment, _)| {
            self.recover_if_known(&payment, Attribution::Anew, OffsetReason::RefundFailed)
        }))
    }

    pub(super) fn open_dispute(
        &mut self,
        asked: &Digest,
        dispute: DisputeId,
        payment: PaymentId,
        amount: i64,
    ) -> Result<Done, Refusal> {
        if let Some(known) = self.account.dispute(&dispute) {
            return same(known.asked.as_ref(), asked, known.seq, "this dispute was reported");
        }
        money("amount", amount)?;
        self.may_wait(self.account.payments.contains_key(&payment))?;
        self.emit(Event::DisputeOpened { dispute, payment: payment.clone(), amount });
        Ok(self.recover_if_known(&payment, Attribution::Dispute, OffsetReason::Reassigned))
    }

    pub(super) fn close_dispute(
        &mut self,
        dispute: DisputeId,
        outcome: DisputeOutcome,
    ) -> Result<Done, Refusal> {
        let known = self.account.dispute(&dispute).map(|known| (known.payment.clone(), known.closed.clone()));
        let waiting =
            self.account.core.waiting.closings.iter().find(|closing| closing.dispute == dispute).cloned();
        if let Some(closing) = waiting.or(known.as_ref().and_then(|(_, closed)| closed.clone())) {
            let same = closing.outcome == outcome;
            return if same {
                Ok(Done::Replayed { seq: closing.seq })
            } else {
                Err(conflict("this dispute was closed with the other outcome".into()))
            };
        }
        self.may_wait(known.is_some())?;
        self.emit(Event::DisputeClosed { dispute: dispute.clone(), outcome });
        let Some((payment, _)) = known else { return Ok(Done::Waiting) };
        self.extend(&dispute);
        let (attribution, why) = match outcome {
            DisputeOutcome::Won => (Attribution::Anew, OffsetReason::DisputeWon),
            DisputeOutcome::Lost => (Attribution::Dispute, OffsetReason::Reassigned),
        };
        Ok(self.recover_if_known(&payment, attribution, why))
    }

    pub(super) fn recover_if_known(
        &mut self,
        payment: &PaymentId,
        attribution: Attribution,
        why: OffsetReason,
    ) -> Done {
        if self.account.payments.contains_key(payment) {
            self.recover(payment, attribution, why);
            Done::Applied
        } else {
            Done::Waiting
        }
    }

    /// Held credits of a grant that has expired come back unused: nothing is owed for them (R8.2), whatever debt a refund
    /// or dispute opened while they were held.
    pub(super) fn forgive_unused(&mut self, expired: &[crate::grant::Take]) {
        let payments = expired.iter().filter_map(|take| self.account.grant(&take.grant)?.payment.clone());
        for payment in payments.collect::<Vec<_>>() {
            self.recover_if_known(&payment, Attribution::Dispute, OffsetReason::Reassigned);
        }
    }

    pub(super) fn may_wait(&self, known: bool) -> Result<(), Refusal> {
        if known {
            return Ok(());
        }
        let advice = "report the payments they are about first";
        within("waiting_max", self.account.core.waiting.len(), self.policy.limits.waiting_max, advice)
    }
}
