//! One organization folded from its first event, and the parts that its account let go of on the way, as they were then:
//! the stored ones are from the future and could not be folded on.

use super::{Counts, Stop, beginning};
use crate::{
    Fault, Head, Store,
    replay::{self, Stored},
    tally::Tally,
};
use ledger::{
    Account,
    account::Part,
    command::PartKey,
    debt::Debt,
    grant::{Grant, Written},
    id::{DebtId, DisputeId, GrantId, OrganizationId, PaymentId, RefundId, RunId},
    payment::Payment,
    run::{Run, RunStatus},
};
use std::collections::BTreeMap;

/// An organization in the making.
pub(super) struct Fold<'a> {
    store: &'a dyn Store,
    pub(super) organization: OrganizationId,
    pub(super) account: Account,
    pub(super) head: Head,
    /// Whether the last event completes its decision; before that nothing has to be true.
    pub(super) whole: bool,
    pub(super) tally: Tally,
    pub(super) kept: Kept,
    /// Runs that were closed for good, compared, and let go.
    pub(super) closed_runs: usize,
    pub(super) counts: Counts,
}

/// What the account let go of and may need again.
#[derive(Default)]
pub(super) struct Kept {
    pub(super) grants: BTreeMap<GrantId, Grant>,
    pub(super) debts: BTreeMap<DebtId, Debt>,
    pub(super) payments: BTreeMap<PaymentId, Payment>,
    /// A lapsed run can still be settled; one that is settled or released stays as it is.
    pub(super) lapsed: BTreeMap<RunId, Run>,
    refunds: BTreeMap<RefundId, PaymentId>,
    disputes: BTreeMap<DisputeId, PaymentId>,
}

impl<'a> Fold<'a> {
    pub(super) fn new(store: &'a dyn Store, organization: &OrganizationId) -> Fold<'a> {
        Fold {
            store,
            organization: organization.clone(),
            account: Account::new(organization.clone()),
            head: beginning(organization),
            whole: true,
            tally: Tally::default(),
            kept: Kept::default(),
            closed_runs: 0,
            counts: Counts::default(),
        }
    }

    /// Folds in the next event.
    pub(super) fn next(&mut self, stored: Stored<'_>) -> Result<(), Fault> {
        let kept = &mut self.kept;
        let mut recall = |keys: &[PartKey]| Ok(keys.iter().flat_map(|key| kept.recall(key)).collect());
        let (account, tally) = (&mut self.account, &mut self.tally);
        let recorded = replay::fold_stored(account, tally, &mut self.head, stored, &mut recall)?;
        self.whole = recorded.left == 0;
        self.counts.events += 1;
        Ok(())
    }

    /// Keeps what changed and may be needed again, compares what will not change any more with what is stored, and lets
    /// the account go of what is closed.
    pub(super) fn shed(&mut self) -> Result<(), Stop> {
        let changes = self.account.changes();
        for grant in changes.grants() {
            self.kept.grants.insert(grant.id.clone(), grant.unmarked());
        }
        for debt in changes.debts() {
            self.kept.debts.insert(debt.id.clone(), Debt { touched: false, ..debt.clone() });
        }
        for payment in changes.payments() {
            self.kept.keep_payment(payment);
        }
        for run in changes.runs() {
            match run.status {
                RunStatus::Running => {}
                RunStatus::Lapsed => {
                    self.kept.lapsed.insert(run.id.clone(), run.clone());
                }
                RunStatus::Settled | RunStatus::Released => {
                    self.compare_run(run)?;
                    self.closed_runs += 1;
                }
            }
        }
        for (key, answered) in changes.answers() {
            let stored = self.store.recall(&self.organization, &[PartKey::Idempotency(key.clone())])?;
            if stored != [Part::Answered(key.clone(), answered.clone())] {
                return Err(self.violation(format!("the stored answer to {key} is not what its event says")));
            }
        }
        for refused in changes.refusals() {
            let page = self.store.refusals(&self.organization, Some(refused.seq + 1), 1)?;
            if page.rows.first() != Some(refused) {
                return Err(
                    self.violation(format!("the stored refusal {} is not what its event says", refused.seq))
                );
            }
        }
        self.account.written();
        Ok(())
    }

    /// Compares a run with the stored one.
    pub(super) fn compare_run(&self, run: &Run) -> Result<(), Stop> {
        let expected = Run { touched: false, ..run.clone() };
        if self.store.run(&self.organization, &run.id)?.as_ref() == Some(&expected) {
            return Ok(());
        }
        Err(self.violation(format!("the stored run {} is not what its events say", run.id)))
    }

    fn violation(&self, what: String) -> Stop {
        Stop::Violation(self.head.seq, what)
    }
}

impl Kept {
    fn keep_payment(&mut self, payment: &Payment) {
        for refund in &payment.refunds {
            self.refunds.insert(refund.id.clone(), payment.id.clone());
        }
        for dispute in &payment.disputes {
            self.disputes.insert(dispute.id.clone(), payment.id.clone());
        }
        self.payments.insert(payment.id.clone(), Payment { touched: false, ..payment.clone() });
    }

    /// Refunds and disputes, and the payment that each is about.
    pub(super) fn facts(&self) -> impl Iterator<Item = (PartKey, &PaymentId)> {
        let refunds = self.refunds.iter().map(|(id, payment)| (PartKey::Refund(id.clone()), payment));
        refunds.chain(self.disputes.iter().map(|(id, payment)| (PartKey::Dispute(id.clone()), payment)))
    }

    /// A part with its family, as it was let go of.
    fn recall(&mut self, key: &PartKey) -> Vec<Part> {
        match key {
            PartKey::Run(run) => self.lapsed.remove(run).map(Part::Run).into_iter().collect(),
            PartKey::Payment(payment) => self.family(Some(payment)),
            PartKey::Refund(refund) => self.family(self.refunds.get(refund)),
            PartKey::Dispute(dispute) => self.family(self.disputes.get(dispute)),
            PartKey::Grant(grant) => match self.grants.get(grant) {
                Some(Grant { payment: Some(payment), .. }) => self.family(Some(payment)),
                grant => grant.cloned().map(never_written).into_iter().collect(),
            },
            PartKey::Debt(debt) => match self.debts.get(debt) {
                Some(debt) if debt.origin.payment().is_some() => self.family(debt.origin.payment()),
                debt => debt.cloned().map(Part::Debt).into_iter().collect(),
            },
            PartKey::Idempotency(_) => Vec::new(),
        }
    }

    fn family(&self, payment: Option<&PaymentId>) -> Vec<Part> {
        let Some(payment) = payment.and_then(|payment| self.payments.get(payment)) else { return Vec::new() };
        let grant = payment.grant.as_ref().and_then(|grant| self.grants.get(grant)).cloned();
        let debts = self.debts.values().filter(|debt| debt.origin.payment() == Some(&payment.id)).cloned();
        let grant = grant.map(never_written).into_iter();
        grant.chain(debts.map(Part::Debt)).chain([Part::Payment(payment.clone())]).collect()
    }
}

/// A grant of an account that is folded and never written.
fn never_written(grant: Grant) -> Part {
    Part::Grant(grant, Written::Nowhere)
}
