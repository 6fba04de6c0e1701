//! The account: the fold of its events (R2.2). Folding cannot fail; what cannot be true stops it.
//!
//! Only live parts need to be at hand: open runs, unspent grants, open debts. What is closed may be *shed* once it is
//! written away, and is *recalled* when a command names it ([`crate::command::Request::parts`]). Nothing that is decided
//! depends on whether a closed part is at hand, unless the command names it.

use crate::{
    Credits,
    command::PartKey,
    debt::{Debt, DebtChange, DebtChangeKind, DebtKind, DebtOrigin, OffsetReason},
    event::{Digest, Event, Recorded},
    grant::{Grant, GrantSource, GrantState, Take},
    id::*,
    payment::{Closing, Dispute, Payment, Refund},
    people::{Member, Role},
    recharge::{Declined, InFlight, Recharge},
    run::{Charge, RefusedStart, Run, RunOutcome, RunStatus, Usage},
    status::ReasonCode,
    subscription::{Period, PlannedChange, Subscription, SubscriptionStatus},
    task::{Task, TaskStatus},
    time::Timestamp,
};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// One organization's credits and all that decides about them (R2.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    pub(crate) core: Core,
    /// In consumption order (R3.6).
    pub(crate) grants: Vec<Grant>,
    pub(crate) runs: BTreeMap<RunId, Run>,
    pub(crate) debts: BTreeMap<DebtId, Debt>,
    pub(crate) payments: BTreeMap<PaymentId, Payment>,
    pub(crate) keys: BTreeMap<IdempotencyKey, Answered>,
    pub(crate) refusals: Vec<RefusedStart>,
    /// When holds of running runs end, soonest first. Follows from `runs`.
    pub(crate) lapses: BTreeSet<(Timestamp, RunId)>,
    /// Runs changed since their rows were written, as they changed.
    pub(crate) touched_runs: Vec<RunId>,
    /// For the ids that Coulomb makes. Follows from the organization.
    pub(crate) salt: u64,
}

/// What was answered to a command with an idempotency key (R2.4).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answered {
    /// What was asked.
    pub asked: Digest,
    /// The number of the event that answered it.
    pub seq: u64,
}

/// Everything of an account that is not a lot, a run, a debt or a payment; small, and always at hand.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Core {
    /// Whose account.
    pub organization: OrganizationId,
    /// The number of the last event (R2.2); 0: not opened.
    pub version: u64,
    /// The last decided instant: the account's time never goes back before it (R1.4).
    pub last: Timestamp,
    /// The organization's name.
    pub name: String,
    /// The organization's own clock, where the sandbox set one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub test_clock: Option<Timestamp>,
    /// Its people.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub members: BTreeMap<MemberId, Member>,
    /// Why nothing starts, where the operator said so (R2.5).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suspension: Option<Suspension>,
    /// As the provider reports it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subscription: Option<Subscription>,
    /// Whether purchased credits may start work (R4.2).
    pub entitled: bool,
    /// When entitlement last ended, and the number of that event.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entitlement_ended: Option<Since>,
    /// A change of plan or cadence that waits (R4.6).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub planned_change: Option<PlannedChange>,
    /// Periods whose allowance was granted: once each (R4.5).
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub granted_periods: BTreeSet<Period>,
    /// What the last period that was granted included.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_allowance: Option<Credits>,
    /// Auto-recharge.
    pub recharge: Recharge,
    /// Tasks that runs have named.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub tasks: BTreeMap<TaskId, Task>,
    /// Free allowance used, by kind of work, in the period that began at the instant (R6.5).
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub allowances: BTreeMap<KindKey, (Timestamp, Credits)>,
    /// Provider's facts that wait for others (R8.6).
    #[serde(default, skip_serializing_if = "Waiting::is_empty")]
    pub waiting: Waiting,
    /// Why nothing starts, as last told (R9.1): the reason and since when.
    pub blocked: Option<(ReasonCode, Since)>,
    /// Since when the balance is low, as last told (R10.1).
    pub low: Option<Since>,
    /// Whether a refused start has been told about since the block began (R5.6).
    pub refusal_told: bool,
    /// What ever went in and out.
    pub totals: Totals,
}

/// An instant and the number of the event that marks it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Since {
    /// The instant.
    pub at: Timestamp,
    /// The event; 0: from the beginning.
    pub seq: u64,
}

/// A suspension by the operator (R2.5).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Suspension {
    /// Why.
    pub reason: String,
    /// Since when.
    pub since: Since,
}

/// Facts of the provider that came before what they are about (R8.6).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Waiting {
    /// Refunds of payments that are not known.
    pub refunds: Vec<Refund>,
    /// Disputes over payments that are not known.
    pub disputes: Vec<Dispute>,
    /// Ends of disputes that are not known.
    pub closings: Vec<Closing>,
    /// Failures of refunds that are not known, with the number of the event.
    pub failures: Vec<(RefundId, u64)>,
}

impl Waiting {
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub(crate) fn len(&self) -> usize {
        [self.refunds.len(), self.disputes.len(), self.closings.len(), self.failures.len()]
            .into_iter()
            .fold(0, usize::saturating_add)
    }
}

/// Lifetime sums, in credits (R13). As long as they fit, so does every other sum of the account.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Totals {
    /// Credits ever granted.
    pub granted: Credits,
    /// Usage ever recorded.
    pub usage: Credits,
    /// Of it, what grants paid.
    pub charged: Credits,
    /// Of it, what became debt.
    pub outstanding: Credits,
    /// Of it, what was absorbed.
    pub absorbed: Credits,
    /// Of it, what allowances covered.
    pub allowance: Credits,
    /// Debt ever opened by refunds and disputes.
    pub recovered_as_debt: Credits,
}

/// Closed or live, a part as it is written away and recalled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// A run.
    Run(Run),
    /// A grant.
    Grant(Grant),
    /// A debt.
    Debt(Debt),
    /// A payment.
    Payment(Payment),
    /// What was answered to an idempotency key.
    Answered(IdempotencyKey, Answered),
}

/// What changed since the account was last written (`Account::changes`).
#[derive(Clone, Copy, Debug)]
pub struct Changes<'a> {
    account: &'a Account,
}

impl<'a> Changes<'a> {
    /// Grants to write.
    pub fn grants(self) -> impl Iterator<Item = &'a Grant> {
        self.account.grants.iter().filter(|grant| grant.touched)
    }
    /// Runs to write, open and closed.
    pub fn runs(self) -> impl Iterator<Item = &'a Run> {
        self.account.touched_runs.iter().filter_map(|id| self.account.runs.get(id))
    }
    /// Debts to write.
    pub fn debts(self) -> impl Iterator<Item = &'a Debt> {
        self.account.debts.values().filter(|debt| debt.touched)
    }
    /// Payments to write, with their refunds and disputes; also those of which only the grant or a debt changed, because
    /// that may make them live or not.
    pub fn payments(self) -> impl Iterator<Item = &'a Payment> {
        let account = self.account;
        account.payments.values().filter(|payment| {
            let of_payment = |id: Option<&PaymentId>| id == Some(&payment.id);
            payment.touched
                || account.grants.iter().any(|grant| grant.touched && of_payment(grant.payment.as_ref()))
                || account.debts.values().any(|debt| debt.touched && of_payment(debt.origin.payment()))
        })
    }
    /// Answers to idempotency keys to write: all that are at hand have not been written.
    pub fn answers(self) -> impl Iterator<Item = (&'a IdempotencyKey, &'a Answered)> {
        self.account.keys.iter()
    }
    /// Refused starts to write: all that are at hand have not been written.
    pub fn refusals(self) -> impl Iterator<Item = &'a RefusedStart> {
        self.account.refusals.iter()
    }
}

impl Account {
    /// An account that nothing has happened to.
    pub fn new(organization: OrganizationId) -> Account {
        let hash = crate::chain::link(&[0; 32], organization.as_str().as_bytes());
        let salt = hash.iter().take(4).fold(0, |salt: u64, byte| (salt << 8) | u64::from(*byte));
        let opened = Since { at: Timestamp::MIN, seq: 0 };
        Account {
            core: Core {
                organization,
                version: 0,
                last: Timestamp::MIN,
                name: String::new(),
                test_clock: None,
                members: BTreeMap::new(),
                suspension: None,
                subscription: None,
                entitled: false,
                entitlement_ended: None,
                planned_change: None,
                granted_periods: BTreeSet::new(),
                last_allowance: None,
                recharge: Recharge::default(),
                tasks: BTreeMap::new(),
                allowances: BTreeMap::new(),
                waiting: Waiting::default(),
                blocked: Some((ReasonCode::SubscriptionRequired, opened)),
                low: Some(opened),
                refusal_told: false,
                totals: Totals::default(),
            },
            grants: Vec::new(),
            runs: BTreeMap::new(),
            debts: BTreeMap::new(),
            payments: BTreeMap::new(),
            keys: BTreeMap::new(),
            refusals: Vec::new(),
            lapses: BTreeSet::new(),
            touched_runs: Vec::new(),
            salt,
        }
    }

    /// An account as it was written: its core and its live parts. The counterpart of [`Account::core`] and
    /// [`Account::changes`].
    pub fn restore(core: Core, parts: impl IntoIterator<Item = Part>) -> Account {
        let mut account = Account::new(core.organization.clone());
        account.core = core;
        for part in parts {
            account.recall(part);
        }
        account
    }

    /// Takes a written part back in hand. A part that is at hand stays as it is: it can only be newer.
    pub fn recall(&mut self, part: Part) {
        // What is recalled is what was written: nothing of it is left to write.
        match part {
            Part::Run(mut run) => {
                run.touched = false;
                if !self.runs.contains_key(&run.id) {
                    if let (RunStatus::Running, Some(end)) = (run.status, run.lapses_at) {
                        self.lapses.insert((end, run.id.clone()));
                    }
                    self.runs.insert(run.id.clone(), run);
                }
            }
            Part::Grant(mut grant) => {
                grant.touched = false;
                if self.grant(&grant.id).is_none() {
                    self.insert_grant(grant);
                }
            }
            Part::Debt(mut debt) => {
                debt.touched = false;
                self.debts.entry(debt.id.clone()).or_insert(debt);
            }
            Part::Payment(mut payment) => {
                payment.touched = false;
                self.payments.entry(payment.id.clone()).or_insert(payment);
            }
            Part::Answered(key, answered) => {
                self.keys.entry(key).or_insert(answered);
            }
        }
    }

    /// Whether a part is at hand; if not, it may have been written away.
    pub fn has(&self, key: &PartKey) -> bool {
        match key {
            PartKey::Run(run) => self.runs.contains_key(run),
            PartKey::Payment(payment) => self.payments.contains_key(payment),
            PartKey::Refund(refund) => self.refund(refund).is_some(),
            PartKey::Dispute(dispute) => self.dispute(dispute).is_some(),
            PartKey::Grant(grant) => self.grant(grant).is_some(),
            PartKey::Debt(debt) => self.debts.contains_key(debt),
            PartKey::Idempotency(key) => self.keys.contains_key(key),
        }
    }

    /// What has to be written so that the rows stand for [`Account::version`].
    pub fn changes(&self) -> Changes<'_> {
        Changes { account: self }
    }

    /// All changes are written: forgets the marks, and sheds what is closed.
    pub fn written(&mut self) {
        for run in std::mem::take(&mut self.touched_runs) {
            let closed = self.runs.get_mut(&run).is_some_and(|run| {
                run.touched = false;
                run.is_closed()
            });
            if closed {
                self.runs.remove(&run);
            }
        }
        self.keys.clear();
        self.refusals.clear();
        self.grants.iter_mut().for_each(|grant| grant.touched = false);
        self.debts.values_mut().for_each(|debt| debt.touched = false);
        self.payments.values_mut().for_each(|payment| payment.touched = false);
        self.shed();
    }

    /// Lets go of closed parts that are written. A payment goes together with its grant and its debts or not at all.
    fn shed(&mut self) {
        let live: BTreeSet<PaymentId> = self
            .payments
            .values()
            .filter(|payment| self.is_live(payment))
            .map(|payment| payment.id.clone())
            .collect();
        self.payments.retain(|id, _| live.contains(id));
        self.grants.retain(|grant| {
            !grant.is_spent() || grant.payment.as_ref().is_some_and(|payment| live.contains(payment))
        });
        self.debts.retain(|_, debt| {
            debt.is_open() || debt.origin.payment().is_some_and(|payment| live.contains(payment))
        });
        // A lapsed or settled run that was recalled and not changed is closed too.
        self.runs.retain(|_, run| !run.is_closed());
    }

    /// Whether a payment has to be at hand: something of it can still move by itself. A live payment is loaded together
    /// with its grant and its debts.
    pub fn is_live(&self, payment: &Payment) -> bool {
        let of_payment = |id: Option<&PaymentId>| id == Some(&payment.id);
        payment.is_disputed()
            || self.grants.iter().any(|grant| !grant.is_spent() && of_payment(grant.payment.as_ref()))
            || self.debts.values().any(|debt| debt.is_open() && of_payment(debt.origin.payment()))
    }

    // What an account tells about itself.

    /// The part that is not lots, runs, debts and payments.
    pub fn core(&self) -> &Core {
        &self.core
    }

    /// Whose account it is.
    pub fn organization(&self) -> &OrganizationId {
        &self.core.organization
    }

    /// The number of the last event, 0 where the organization was never opened (R2.2).
    pub fn version(&self) -> u64 {
        self.core.version
    }

    /// Whether the organization was opened.
    pub fn exists(&self) -> bool {
        !self.core.name.is_empty()
    }

    /// The grants at hand, in consumption order: all that are unspent, and some that are not.
    pub fn grants(&self) -> &[Grant] {
        &self.grants
    }

    /// A grant at hand.
    pub fn grant(&self, id: &GrantId) -> Option<&Grant> {
        self.grants.iter().find(|grant| grant.id == *id)
    }

    /// A run at hand: all that are open, and some that are not.
    pub fn run(&self, id: &RunId) -> Option<&Run> {
        self.runs.get(id)
    }

    /// The runs at hand, by id.
    pub fn runs(&self) -> impl Iterator<Item = &Run> {
        self.runs.values()
    }

    /// The debts at hand: all that are open, and some that are not.
    pub fn debts(&self) -> impl Iterator<Item = &Debt> {
        self.debts.values()
    }

    /// A debt at hand.
    pub fn debt(&self, id: &DebtId) -> Option<&Debt> {
        self.debts.get(id)
    }

    /// The payments at hand.
    pub fn payments(&self) -> impl Iterator<Item = &Payment> {
        self.payments.values()
    }

    /// A payment at hand.
    pub fn payment(&self, id: &PaymentId) -> Option<&Payment> {
        self.payments.get(id)
    }

    /// A refund at hand, also one that waits for its payment.
    pub fn refund(&self, id: &RefundId) -> Option<&Refund> {
        self.payments
            .values()
            .flat_map(|payment| &payment.refunds)
            .chain(&self.core.waiting.refunds)
            .find(|refund| refund.id == *id)
    }

    /// A dispute at hand, also one that waits for its payment.
    pub fn dispute(&self, id: &DisputeId) -> Option<&Dispute> {
        self.payments
            .values()
            .flat_map(|payment| &payment.disputes)
            .chain(&self.core.waiting.disputes)
            .find(|dispute| dispute.id == *id)
    }

    /// Open debts in the order in which they are settled (R7.4).
    pub fn open_debts(&self) -> Vec<&Debt> {
        let mut open: Vec<&Debt> = self.debts.values().filter(|debt| debt.is_open()).collect();
        open.sort_by_key(|debt| (debt.kind, debt.seq));
        open
    }

    /// Open debt of one kind.
    pub fn debt_of(&self, kind: DebtKind) -> Credits {
        self.debts.values().filter(|debt| debt.kind == kind).map(|debt| debt.open).sum()
    }

    /// Credits held for open runs.
    pub fn held(&self) -> Credits {
        self.grants.iter().map(|grant| grant.held).sum()
    }

    /// Available credits: the free part of all usable grants, never offset by debt (R5.2).
    pub fn available(&self, now: Timestamp) -> Credits {
        self.grants
            .iter()
            .filter(|grant| grant.state(self.core.entitled, now) == GrantState::Usable)
            .map(|grant| grant.free)
            .sum()
    }

    /// All open debt.
    pub fn debt_total(&self) -> Credits {
        self.debts.values().map(|debt| debt.open).sum()
    }

    // Folding.

    /// Folds in the next event.
    ///
    /// # Panics
    /// Where the event cannot follow: another number than the next, or amounts that are not there. That is a broken
    /// invariant or a damaged store, never a refusal.
    pub fn apply(&mut self, recorded: &Recorded) {
        assert_eq!(
            recorded.seq,
            self.core.version.saturating_add(1),
            "events follow one another without gaps (R2.2)"
        );
        self.core.version = recorded.seq;
        if !recorded.event.is_about_people() {
            assert!(recorded.at >= self.core.last, "an account's time does not go back (R1.4)");
            self.core.last = recorded.at;
        }
        if let (Some(key), Some(asked)) = (&recorded.key, &recorded.asked) {
            self.keys.insert(key.clone(), Answered { asked: asked.clone(), seq: recorded.seq });
        }
        let since = Since { at: recorded.at, seq: recorded.seq };
        match &recorded.event {
            Event::OrganizationNamed { name } => self.core.name.clone_from(name),
            Event::MemberSet { member, name, email, role, billing_admin } => {
                let person = Member {
                    name: name.clone(),
                    email: email.clone(),
                    role: *role,
                    billing_admin: *billing_admin,
                };
                self.core.members.insert(member.clone(), person);
            }
            Event::MemberRemoved { member } => {
                self.core.members.remove(member);
            }
            Event::OwnershipTransferred { from, to } => {
                if let Some(old) = from.as_ref().and_then(|from| self.core.members.get_mut(from)) {
                    old.role = Role::Admin;
                }
                self.core.members.get_mut(to).expect("a new owner is a member (R12.1)").role = Role::Owner;
            }
            Event::OrganizationSuspended { reason } => {
                self.core.suspension = Some(Suspension { reason: reason.clone(), since });
            }
            Event::SuspensionLifted {} => self.core.suspension = None,
            Event::TestClockSet { to } => self.core.test_clock = Some(*to),
            Event::Unchanged {} => {}

            Event::SubscriptionReported { subscription } => {
                self.core.subscription = Some(subscription.clone())
            }
            Event::EntitlementBegan { .. } => self.core.entitled = true,
            Event::EntitlementEnded { .. } => {
                self.core.entitled = false;
                self.core.entitlement_ended = Some(since);
            }
            Event::ChangePlanned { change } => self.core.planned_change = Some(change.clone()),
            Event::ChangeWithdrawn {} | Event::ChangeCompleted {} => self.core.planned_change = None,

            Event::PaymentRecorded { payment, purpose, paid, currency, credits, period, recharge } => {
                let waiting = &mut self.core.waiting;
                let payment = Payment {
                    id: payment.clone(),
                    seq: recorded.seq,
                    asked: recorded.asked.clone(),
                    purpose: *purpose,
                    paid: *paid,
                    currency: currency.clone(),
                    credits: *credits,
                    grant: None,
                    period: *period,
                    recharge: recharge.clone(),
                    at: recorded.at,
                    refunds: waiting.refunds.extract_if(.., |refund| refund.payment == *payment).collect(),
                    disputes: waiting
                        .disputes
                        .extract_if(.., |dispute| dispute.payment == *payment)
                        .collect(),
                    recovered: Credits::ZERO,
                    from_expired: Credits::ZERO,
                    touched: true,
                };
                if let Some(recharge) = recharge {
                    self.recharge_bought(recharge, *credits, recorded.at);
                }
                if let Some(period) = period {
                    self.core.granted_periods.insert(*period);
                }
                self.payments.insert(payment.id.clone(), payment);
            }
            Event::Granted {
                grant,
                kind,
                source,
                amount,
                effective_at,
                expires_at,
                priority,
                payment,
                restores,
                reason: _,
            } => {
                self.core.totals.granted = self.core.totals.granted.plus(*amount);
                self.core.refusal_told = false;
                if *source == GrantSource::Subscription {
                    self.core.last_allowance = Some(*amount);
                }
                if let Some(payment) = payment {
                    self.payment_mut(payment).grant = Some(grant.clone());
                }
                if let Some(debt) = restores {
                    let debt = self.debt_mut(debt);
                    debt.restituted = debt.restituted.plus(*amount);
                    debt.restored = debt.restored.plus(*amount);
                }
                self.insert_grant(Grant {
                    id: grant.clone(),
                    seq: recorded.seq,
                    kind: *kind,
                    source: *source,
                    amount: *amount,
                    effective_at: *effective_at,
                    expires_at: *expires_at,
                    priority: *priority,
                    payment: payment.clone(),
                    asked: recorded.asked.clone(),
                    pending: recorded.at < *effective_at,
                    granted_at: recorded.at,
                    free: *amount,
                    held: Credits::ZERO,
                    used: Credits::ZERO,
                    settled: Credits::ZERO,
                    frozen: Credits::ZERO,
                    expired: Credits::ZERO,
                    revoked: Credits::ZERO,
                    touched: true,
                });
            }
            Event::GrantBecameEffective { grant } => self.grant_mut(grant).pending = false,
            Event::GrantExpired { grant, amount } => {
                let grant = self.grant_mut(grant);
                grant.pending = false;
                grant.free = taken(grant.free, *amount);
                grant.expired = grant.expired.plus(*amount);
                grant.expires_at = Some(grant.expires_at.map_or(recorded.at, |end| end.min(recorded.at)));
                self.sort_grants();
            }
            Event::GrantExtended { grant, expires_at } => {
                self.grant_mut(grant).expires_at = Some(*expires_at);
                self.sort_grants();
            }

            Event::RunStarted { run, kind, hold, from, lapses_at, task, member, metadata } => {
                for take in from {
                    let grant = self.grant_mut(&take.grant);
                    grant.free = taken(grant.free, take.amount);
                    grant.held = grant.held.plus(take.amount);
                }
                if let Some(task) = task {
                    self.core
                        .tasks
                        .entry(task.clone())
                        .or_insert_with(|| Task { since: recorded.at, ..Task::default() });
                }
                self.lapses.insert((*lapses_at, run.clone()));
                self.insert_run(Run {
                    status: RunStatus::Running,
                    hold: *hold,
                    held: from.clone(),
                    task: task.clone(),
                    member: member.clone(),
                    metadata: metadata.clone(),
                    lapses_at: Some(*lapses_at),
                    ..new_run(recorded, run, kind)
                });
            }
            Event::StartRefused { run, kind, hold, reasons, available, task, member } => {
                self.core.refusal_told = true;
                self.refusals.push(RefusedStart {
                    run: run.clone(),
                    seq: recorded.seq,
                    at: recorded.at,
                    kind: kind.clone(),
                    hold: *hold,
                    reasons: reasons.clone(),
                    available: *available,
                    task: task.clone(),
                    member: member.clone(),
                });
            }
            Event::UsageRecorded { run, usage, amount, charge } => {
                self.apply_charge(run, charge, recorded);
                let record = Usage { amount: *amount, seq: recorded.seq, at: recorded.at };
                let run = self.run_mut(run);
                run.used = run.used.plus(*amount);
                run.usages.insert(usage.clone(), record);
            }
            Event::RunSettled { run, used, outcome, charge, released, expired } => {
                self.apply_charge(run, charge, recorded);
                self.close_run(run, RunStatus::Settled, released, expired, recorded);
                let run = self.run_mut(run);
                run.used = *used;
                run.outcome = Some(*outcome);
                if let Some(task) = run.task.clone() {
                    self.count_outcome(&task, *outcome, recorded.at);
                }
            }
            Event::RunReleased { run, released, expired } => {
                self.close_run(run, RunStatus::Released, released, expired, recorded);
            }
            Event::RunLapsed { run, released, expired } => {
                self.close_run(run, RunStatus::Lapsed, released, expired, recorded);
            }
            Event::UsageCharged { run, kind, used, charge, member, metadata } => {
                self.insert_run(Run {
                    status: RunStatus::Settled,
                    unstarted: true,
                    used: *used,
                    member: member.clone(),
                    metadata: metadata.clone(),
                    closed_at: Some(recorded.at),
                    close_seq: Some(recorded.seq),
                    ..new_run(recorded, run, kind)
                });
                self.apply_charge(run, charge, recorded);
            }

            Event::DebtOpened { debt, kind, amount, origin } => {
                self.core.totals.recovered_as_debt = self.core.totals.recovered_as_debt.plus(*amount);
                self.open_debt(debt, *kind, *amount, origin.clone(), recorded);
            }
            Event::DebtSettled { debt, takes } => {
                for take in takes {
                    let grant = self.grant_mut(&take.grant);
                    grant.free = taken(grant.free, take.amount);
                    grant.settled = grant.settled.plus(take.amount);
                }
                let amount = crate::grant::total(takes);
                let debt = self.shrink_debt(
                    debt,
                    amount,
                    DebtChangeKind::Settled { takes: takes.clone() },
                    recorded,
                );
                debt.settled = debt.settled.plus(amount);
            }
            Event::DebtRepaid { debt, amount, payment } => {
                let debt = self.shrink_debt(
                    debt,
                    *amount,
                    DebtChangeKind::Repaid { payment: payment.clone() },
                    recorded,
                );
                debt.repaid = debt.repaid.plus(*amount);
            }
            Event::DebtOffset { debt, amount, why, written_off, reason: _ } => {
                let debt = self.shrink_debt(debt, *amount, DebtChangeKind::Offset { why: *why }, recorded);
                debt.offset = debt.offset.plus(*amount);
                if *why != OffsetReason::WriteOff {
                    debt.restored = debt.restored.plus(*amount).plus(*written_off);
                }
            }

            Event::RefundRecorded { refund, payment, amount } => {
                let failed = position(&mut self.core.waiting.failures, |(failed, _)| failed == refund);
                let refund = Refund {
                    id: refund.clone(),
                    payment: payment.clone(),
                    amount: *amount,
                    at: recorded.at,
                    seq: recorded.seq,
                    asked: recorded.asked.clone(),
                    failed_seq: failed.map(|(_, seq)| seq),
                };
                match self.payments.get_mut(payment) {
                    Some(payment) => {
                        payment.touched = true;
                        payment.refunds.push(refund);
                    }
                    None => self.core.waiting.refunds.push(refund),
                }
            }
            Event::RefundFailed { refund } => match self.refund_mut(refund) {
                Some(known) => known.failed_seq = Some(recorded.seq),
                None => self.core.waiting.failures.push((refund.clone(), recorded.seq)),
            },
            Event::DisputeOpened { dispute, payment, amount } => {
                let dispute = Dispute {
                    id: dispute.clone(),
                    payment: payment.clone(),
                    amount: *amount,
                    opened_at: recorded.at,
                    seq: recorded.seq,
                    asked: recorded.asked.clone(),
                    closed: position(&mut self.core.waiting.closings, |closing| closing.dispute == *dispute),
                };
                match self.payments.get_mut(payment) {
                    Some(payment) => {
                        payment.touched = true;
                        payment.disputes.push(dispute);
                    }
                    None => self.core.waiting.disputes.push(dispute),
                }
            }
            Event::DisputeClosed { dispute, outcome } => {
                let closing = Closing {
                    dispute: dispute.clone(),
                    outcome: *outcome,
                    at: recorded.at,
                    seq: recorded.seq,
                };
                match self.dispute_mut(dispute) {
                    Some(known) => known.closed = Some(closing),
                    None => self.core.waiting.closings.push(closing),
                }
            }
            Event::RecoveryAssessed { payment, recovered, from_expired } => {
                let payment = self.payment_mut(payment);
                payment.recovered = *recovered;
                payment.from_expired = *from_expired;
            }
            Event::CreditsRevoked { grant, from_free, from_frozen } => {
                let grant = self.grant_mut(grant);
                grant.free = taken(grant.free, *from_free);
                grant.frozen = taken(grant.frozen, *from_frozen);
                grant.revoked = grant.revoked.plus(*from_free).plus(*from_frozen);
            }
            Event::CreditsFrozen { grant, from_free, from_revoked } => {
                let grant = self.grant_mut(grant);
                grant.free = taken(grant.free, *from_free);
                grant.revoked = taken(grant.revoked, *from_revoked);
                grant.frozen = grant.frozen.plus(*from_free).plus(*from_revoked);
            }
            Event::CreditsRestored { grant, from_frozen, from_revoked } => {
                let grant = self.grant_mut(grant);
                grant.frozen = taken(grant.frozen, *from_frozen);
                grant.revoked = taken(grant.revoked, *from_revoked);
                grant.free = grant.free.plus(*from_frozen).plus(*from_revoked);
            }

            Event::PaymentMethodSet { present } => {
                self.core.recharge.payment_method = *present;
                if *present {
                    self.lift_recharge();
                }
            }
            Event::AutoRechargeSet { settings } => {
                if settings.enabled {
                    self.lift_recharge();
                }
                self.core.recharge.settings = Some(settings.clone());
            }
            Event::RechargeRequested { recharge, credits } => {
                self.core.recharge.in_flight =
                    Some(InFlight { id: recharge.clone(), credits: *credits, requested_at: recorded.at });
            }
            Event::RechargeDeclined { recharge, reason, retry_at } => {
                let state = &mut self.core.recharge;
                state.in_flight = None;
                state.declines = state.declines.saturating_add(1);
                state.retry_at = *retry_at;
                state.suspended_at = if retry_at.is_none() { Some(recorded.at) } else { None };
                state.last_decline = Some(Declined {
                    id: recharge.clone(),
                    reason: reason.clone(),
                    at: recorded.at,
                    seq: recorded.seq,
                });
            }

            Event::TaskPaused { task, run: _ } => {
                self.set_task(task, TaskStatus::PausedForCredits, Some(recorded.seq), recorded.at)
            }
            Event::TaskResumed { task } => {
                self.set_task(task, TaskStatus::Active, None, recorded.at);
                self.task_mut(task).failures = 0;
            }
            Event::TaskNeedsAttention { task, failures: _ } => {
                self.set_task(task, TaskStatus::NeedsAttention, Some(recorded.seq), recorded.at);
            }
            Event::TaskSet { task, failures_max } => self.task_mut(task).failures_max = Some(*failures_max),

            Event::BalanceBlocked { reason } => {
                self.core.blocked = Some((*reason, since));
                self.core.refusal_told = false;
            }
            Event::BalanceUnblocked {} => {
                self.core.blocked = None;
                self.core.refusal_told = false;
            }
            Event::BalanceLow { .. } => self.core.low = Some(since),
            Event::BalanceRecovered { .. } => self.core.low = None,
        }
    }

    /// Moves credits to pay for a run's usage, opens what is outstanding, and keeps the sums.
    fn apply_charge(&mut self, run: &RunId, charge: &Charge, recorded: &Recorded) {
        for take in &charge.from_hold {
            let grant = self.grant_mut(&take.grant);
            grant.held = taken(grant.held, take.amount);
            grant.used = grant.used.plus(take.amount);
        }
        for take in &charge.from_free {
            let grant = self.grant_mut(&take.grant);
            grant.free = taken(grant.free, take.amount);
            grant.used = grant.used.plus(take.amount);
        }
        let outstanding = charge.outstanding.as_ref().map_or(Credits::ZERO, |outstanding| outstanding.amount);
        let totals = &mut self.core.totals;
        totals.usage = totals.usage.plus(charge.usage());
        totals.charged = totals.charged.plus(charge.charged());
        totals.outstanding = totals.outstanding.plus(outstanding);
        totals.absorbed = totals.absorbed.plus(charge.absorbed);
        totals.allowance = totals.allowance.plus(charge.allowance);

        let paid_for = self.run_mut(run);
        for take in &charge.from_hold {
            let held = paid_for
                .held
                .iter_mut()
                .find(|held| held.grant == take.grant)
                .expect("a charge takes from its own hold");
            held.amount = taken(held.amount, take.amount);
        }
        paid_for.held.retain(|held| held.amount.is_positive());
        for take in charge.from_hold.iter().chain(&charge.from_free) {
            match paid_for.charged.iter_mut().find(|charged| charged.grant == take.grant) {
                Some(charged) => charged.amount = charged.amount.plus(take.amount),
                None => paid_for.charged.push(take.clone()),
            }
        }
        paid_for.outstanding = paid_for.outstanding.plus(outstanding);
        paid_for.overrun = paid_for.overrun.plus(crate::grant::total(&charge.from_free)).plus(outstanding);
        paid_for.absorbed = paid_for.absorbed.plus(charge.absorbed);
        paid_for.allowance = paid_for.allowance.plus(charge.allowance);
        let kind = paid_for.kind.clone();
        if let Some(outstanding) = &charge.outstanding {
            paid_for.debt = Some(outstanding.debt.clone());
        }
        if let Some(period) = charge.allowance_period {
            let used = self.core.allowances.entry(kind).or_insert((period, Credits::ZERO));
            let before = if used.0 == period { used.1 } else { Credits::ZERO };
            *used = (period, before.plus(charge.allowance));
        }
        if let Some(outstanding) = &charge.outstanding {
            let origin = DebtOrigin::Run { run: run.clone() };
            self.open_debt(
                &outstanding.debt,
                DebtKind::OutstandingUsage,
                outstanding.amount,
                origin,
                recorded,
            );
        }
    }

    /// Opens a debt, or adds to one that is still open.
    fn open_debt(
        &mut self,
        id: &DebtId,
        kind: DebtKind,
        amount: Credits,
        origin: DebtOrigin,
        recorded: &Recorded,
    ) {
        let debt = self.debts.entry(id.clone()).or_insert_with(|| Debt {
            id: id.clone(),
            seq: recorded.seq,
            kind,
            amount: Credits::ZERO,
            open: Credits::ZERO,
            settled: Credits::ZERO,
            repaid: Credits::ZERO,
            offset: Credits::ZERO,
            restored: Credits::ZERO,
            restituted: Credits::ZERO,
            origin,
            opened_at: recorded.at,
            closed_at: None,
            changes: Vec::new(),
            touched: true,
        });
        debt.touched = true;
        debt.amount = debt.amount.plus(amount);
        debt.open = debt.open.plus(amount);
    }

    fn shrink_debt(
        &mut self,
        id: &DebtId,
        amount: Credits,
        how: DebtChangeKind,
        recorded: &Recorded,
    ) -> &mut Debt {
        let debt = self.debt_mut(id);
        debt.open = taken(debt.open, amount);
        if !debt.is_open() {
            debt.closed_at = Some(recorded.at);
        }
        if debt.changes.len() >= Debt::CHANGES_KEPT {
            debt.changes.remove(0);
        }
        debt.changes.push(DebtChange { seq: recorded.seq, at: recorded.at, amount, how });
        debt
    }

    /// Gives back what is left of a hold; the part of grants that have expired since is lost (R3.7).
    fn close_run(
        &mut self,
        id: &RunId,
        status: RunStatus,
        released: &[Take],
        expired: &[Take],
        recorded: &Recorded,
    ) {
        for take in released {
            let grant = self.grant_mut(&take.grant);
            grant.held = taken(grant.held, take.amount);
            grant.free = grant.free.plus(take.amount);
        }
        for take in expired {
            let grant = self.grant_mut(&take.grant);
            grant.held = taken(grant.held, take.amount);
            grant.expired = grant.expired.plus(take.amount);
        }
        let run = self.run_mut(id);
        let given_back = crate::grant::total(released).plus(crate::grant::total(expired));
        assert_eq!(run.still_held(), given_back, "a closed run holds nothing (R13)");
        run.held.clear();
        run.status = status;
        run.closed_at = Some(recorded.at);
        run.close_seq = Some(recorded.seq);
        run.close_asked.clone_from(&recorded.asked);
        let lapse = run.lapses_at.map(|end| (end, run.id.clone()));
        if let Some(lapse) = lapse {
            self.lapses.remove(&lapse);
        }
    }

    fn count_outcome(&mut self, task: &TaskId, outcome: RunOutcome, at: Timestamp) {
        let task =
            self.core.tasks.entry(task.clone()).or_insert_with(|| Task { since: at, ..Task::default() });
        match outcome {
            RunOutcome::Failed => task.failures = task.failures.saturating_add(1),
            RunOutcome::Canceled => {}
            RunOutcome::Succeeded => {
                task.failures = 0;
                if task.status == TaskStatus::NeedsAttention {
                    task.status = TaskStatus::Active;
                    task.since = at;
                    task.seq = None;
                }
            }
        }
    }

    fn set_task(&mut self, task: &TaskId, status: TaskStatus, seq: Option<u64>, at: Timestamp) {
        let task = self.task_mut(task);
        task.status = status;
        task.since = at;
        task.seq = seq;
    }

    fn recharge_bought(&mut self, recharge: &RechargeId, credits: Credits, at: Timestamp) {
        let state = &mut self.core.recharge;
        state.bought = state.bought_in_month_of(at).plus(credits);
        state.month = at.month_start();
        state.declines = 0;
        state.retry_at = None;
        state.suspended_at = None;
        if state.in_flight.as_ref().is_some_and(|in_flight| in_flight.id == *recharge) {
            state.in_flight = None;
        }
    }

    fn lift_recharge(&mut self) {
        let state = &mut self.core.recharge;
        state.declines = 0;
        state.retry_at = None;
        state.suspended_at = None;
    }

    fn insert_grant(&mut self, grant: Grant) {
        let place = self.grants.partition_point(|other| other.consumption_order(&grant).is_lt());
        self.grants.insert(place, grant);
    }

    fn sort_grants(&mut self) {
        self.grants.sort_by(Grant::consumption_order);
    }

    fn insert_run(&mut self, run: Run) {
        self.touched_runs.push(run.id.clone());
        self.runs.insert(run.id.clone(), run);
    }

    // Parts that an event names: they are there, or the event cannot be true.

    fn grant_mut(&mut self, id: &GrantId) -> &mut Grant {
        let grant =
            self.grants.iter_mut().find(|grant| grant.id == *id).expect("the event's grant is at hand");
        grant.touched = true;
        grant
    }

    fn run_mut(&mut self, id: &RunId) -> &mut Run {
        let run = self.runs.get_mut(id).expect("the event's run is at hand");
        if !run.touched {
            run.touched = true;
            self.touched_runs.push(id.clone());
        }
        run
    }

    fn debt_mut(&mut self, id: &DebtId) -> &mut Debt {
        let debt = self.debts.get_mut(id).expect("the event's debt is at hand");
        debt.touched = true;
        debt
    }

    fn payment_mut(&mut self, id: &PaymentId) -> &mut Payment {
        let payment = self.payments.get_mut(id).expect("the event's payment is at hand");
        payment.touched = true;
        payment
    }

    fn task_mut(&mut self, id: &TaskId) -> &mut Task {
        self.core.tasks.entry(id.clone()).or_default()
    }

    fn refund_mut(&mut self, id: &RefundId) -> Option<&mut Refund> {
        let of = self.refund(id)?.payment.clone();
        let refunds = match self.payments.get_mut(&of) {
            Some(payment) => {
                payment.touched = true;
                &mut payment.refunds
            }
            None => &mut self.core.waiting.refunds,
        };
        refunds.iter_mut().find(|refund| refund.id == *id)
    }

    fn dispute_mut(&mut self, id: &DisputeId) -> Option<&mut Dispute> {
        let of = self.dispute(id)?.payment.clone();
        let disputes = match self.payments.get_mut(&of) {
            Some(payment) => {
                payment.touched = true;
                &mut payment.disputes
            }
            None => &mut self.core.waiting.disputes,
        };
        disputes.iter_mut().find(|dispute| dispute.id == *id)
    }

    /// The status of the subscription, `none` where there is none.
    pub fn subscription_status(&self) -> SubscriptionStatus {
        self.core.subscription.as_ref().map_or(SubscriptionStatus::None, |subscription| subscription.status)
    }
}

/// What is left of a part after taking from it.
fn taken(part: Credits, amount: Credits) -> Credits {
    assert!(amount <= part && amount >= Credits::ZERO, "a part never falls below zero (R3.3)");
    part.minus(amount)
}

/// Takes out the first that fits.
fn position<T>(list: &mut Vec<T>, fits: impl Fn(&T) -> bool) -> Option<T> {
    list.iter().position(fits).map(|place| list.remove(place))
}

fn new_run(recorded: &Recorded, run: &RunId, kind: &KindKey) -> Run {
    Run {
        id: run.clone(),
        kind: kind.clone(),
        status: RunStatus::Running,
        unstarted: false,
        hold: Credits::ZERO,
        held: Vec::new(),
        used: Credits::ZERO,
        charged: Vec::new(),
        outstanding: Credits::ZERO,
        debt: None,
        overrun: Credits::ZERO,
        absorbed: Credits::ZERO,
        allowance: Credits::ZERO,
        task: None,
        member: None,
        metadata: None,
        started_at: recorded.at,
        lapses_at: None,
        closed_at: None,
        outcome: None,
        usages: BTreeMap::new(),
        start_seq: recorded.seq,
        start_asked: recorded.asked.clone(),
        close_seq: None,
        close_asked: None,
        touched: true,
    }
}

impl Event {
    /// Whether the event says who people are and nothing of credits: such events do not move the account's time, so
    /// that a test clock can still be set to any instant.
    fn is_about_people(&self) -> bool {
        matches!(
            self,
            Event::OrganizationNamed { .. }
                | Event::MemberSet { .. }
                | Event::MemberRemoved { .. }
                | Event::OwnershipTransferred { .. }
        )
    }
}
