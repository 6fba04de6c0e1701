//! Folding stored events into an account that holds only its live parts: what an event names and is not at hand is
//! recalled first. Loading, recovery and verifying all fold through here.

use crate::{Fault, Head, record, tally::Tally};
use ledger::{
    Account,
    account::Part,
    chain::link,
    command::PartKey,
    event::{Event, Recorded},
    id::OrganizationId,
};

/// Where parts come from that are not at hand.
pub type Recall<'a> = dyn FnMut(&[PartKey]) -> Result<Vec<Part>, Fault> + 'a;

/// Folds in one event.
pub fn fold(account: &mut Account, recorded: &Recorded, recall: &mut Recall<'_>) -> Result<(), Fault> {
    let mut missing = event_parts(&recorded.event);
    missing.retain(|key| !account.has(key));
    if !missing.is_empty() {
        recall(&missing)?.into_iter().for_each(|part| account.recall(part));
    }
    account.apply(recorded);
    Ok(())
}

/// Folds in one stored event after checking that it follows this head, and counts it.
pub fn fold_stored(
    account: &mut Account,
    tally: &mut Tally,
    head: &mut Head,
    stored: Stored<'_>,
    recall: &mut Recall<'_>,
) -> Result<Recorded, Fault> {
    let recorded = check(account.organization(), head, stored)?;
    fold(account, &recorded, recall)?;
    tally.absorb(&recorded, account);
    *head = stored.head();
    Ok(recorded)
}

/// An event as a store holds it.
#[derive(Clone, Copy, Debug)]
pub struct Stored<'a> {
    /// Its number.
    pub seq: u64,
    /// Its place in the journal, 0 where the store has none.
    pub pos: i64,
    /// Its bytes.
    pub bytes: &'a [u8],
    /// The chain's hash after it, as stored.
    pub hash: &'a ledger::chain::Hash,
}

impl Stored<'_> {
    /// The end of a history that ends with it.
    pub fn head(&self) -> Head {
        Head { seq: self.seq, hash: *self.hash, pos: self.pos }
    }
}

/// The event, if it is the next one after this head and the chain holds (R2.2).
pub fn check(organization: &OrganizationId, head: &Head, stored: Stored<'_>) -> Result<Recorded, Fault> {
    let damaged =
        |what: &str| Fault::Damaged(format!("event {} of organization {} {what}", stored.seq, organization));
    if stored.seq != head.seq.saturating_add(1) {
        return Err(damaged(&format!("does not follow event {}", head.seq)));
    }
    if link(&head.hash, stored.bytes) != *stored.hash {
        return Err(damaged("is not what was recorded: its bytes and the hash chain disagree"));
    }
    let recorded = record::decode(stored.bytes)?;
    if recorded.seq != stored.seq {
        return Err(damaged(&format!("says that it is event {}", recorded.seq)));
    }
    Ok(recorded)
}

/// What must be at hand when this event is folded in, as far as it may have been written away. Grants that are charged,
/// held or used to settle, and debts that shrink, are live by what the event says; those that may not be are listed.
pub fn event_parts(event: &Event) -> Vec<PartKey> {
    match event {
        Event::UsageRecorded { run, .. }
        | Event::RunSettled { run, .. }
        | Event::RunReleased { run, .. }
        | Event::RunLapsed { run, .. } => vec![PartKey::Run(run.clone())],

        Event::Granted { payment, restores, .. } => {
            let payment = payment.iter().cloned().map(PartKey::Payment);
            payment.chain(restores.iter().cloned().map(PartKey::Debt)).collect()
        }
        Event::GrantBecameEffective { grant }
        | Event::GrantExpired { grant, .. }
        | Event::GrantExtended { grant, .. }
        | Event::CreditsRevoked { grant, .. }
        | Event::CreditsFrozen { grant, .. }
        | Event::CreditsRestored { grant, .. } => vec![PartKey::Grant(grant.clone())],

        Event::DebtOpened { origin, .. } => {
            origin.payment().cloned().map(PartKey::Payment).into_iter().collect()
        }
        Event::DebtSettled { debt, .. } | Event::DebtRepaid { debt, .. } | Event::DebtOffset { debt, .. } => {
            vec![PartKey::Debt(debt.clone())]
        }

        Event::RefundRecorded { payment, .. }
        | Event::DisputeOpened { payment, .. }
        | Event::RecoveryAssessed { payment, .. } => vec![PartKey::Payment(payment.clone())],
        Event::RefundFailed { refund } => vec![PartKey::Refund(refund.clone())],
        Event::DisputeClosed { dispute, .. } => vec![PartKey::Dispute(dispute.clone())],

        // They touch the core, or make what they name. All are listed, so that a new event is thought about here.
        Event::OrganizationNamed { .. }
        | Event::MemberSet { .. }
        | Event::MemberRemoved { .. }
        | Event::OwnershipTransferred { .. }
        | Event::OrganizationSuspended { .. }
        | Event::SuspensionLifted {}
        | Event::TestClockSet { .. }
        | Event::Unchanged {}
        | Event::SubscriptionReported { .. }
        | Event::EntitlementBegan { .. }
        | Event::EntitlementEnded { .. }
        | Event::ChangePlanned { .. }
        | Event::ChangeWithdrawn {}
        | Event::ChangeCompleted {}
        | Event::PaymentRecorded { .. }
        | Event::RunStarted { .. }
        | Event::StartRefused { .. }
        | Event::UsageCharged { .. }
        | Event::PaymentMethodSet { .. }
        | Event::AutoRechargeSet { .. }
        | Event::RechargeRequested { .. }
        | Event::RechargeDeclined { .. }
        | Event::TaskPaused { .. }
        | Event::TaskResumed { .. }
        | Event::TaskNeedsAttention { .. }
        | Event::TaskSet { .. }
        | Event::BalanceBlocked { .. }
        | Event::BalanceUnblocked {}
        | Event::BalanceLow { .. }
        | Event::BalanceRecovered { .. } => Vec::new(),
    }
}
