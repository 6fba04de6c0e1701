//! The account: the fold of its events (R2.2); what each event does to it is in `fold`.
//!
//! Only live parts need to be at hand: open runs, unspent grants, open debts. What is closed may be *shed* once it is
//! written away, and is *recalled* when a command names it ([`crate::command::Request::parts`]). Nothing that is decided
//! depends on whether a closed part is at hand, unless the command names it.

use crate::{
    Credits,
    command::PartKey,
    debt::{Debt, DebtKind},
    event::Digest,
    grant::{Grant, GrantState, Written},
    id::*,
    payment::{Closing, Dispute, Payment, Refund},
    people::Member,
    recharge::Recharge,
    run::{RefusedStart, Run, RunStatus},
    runs::Runs,
    status::ReasonCode,
    subscription::{Period, PlannedChange, Subscription, SubscriptionStatus},
    task::Task,
    time::Timestamp,
};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// How many grants come with the core: most organizations have fewer, and none has to be written as a whole that has
/// bought a thousand times and spent nothing.
const NEXT_GRANTS: usize = 8;

/// One organization's credits and all that decides about them (R2.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    pub(crate) core: Core,
    /// In consumption order (R3.6).
    pub(crate) grants: Vec<Grant>,
    pub(crate) runs: Runs,
    // In boxes: a map makes room for eleven at once, and most accounts have one or two.
    pub(crate) debts: BTreeMap<DebtId, Box<Debt>>,
    pub(crate) payments: BTreeMap<PaymentId, Box<Payment>>,
    pub(crate) keys: BTreeMap<IdempotencyKey, Answered>,
    pub(crate) refusals: Vec<RefusedStart>,
    /// When holds of running runs end, soonest first. Follows from `runs`.
    pub(crate) lapses: BTreeSet<(Timestamp, RunId)>,
    /// Runs changed since their rows were written, as they changed.
    pub(crate) touched_runs: Vec<RunId>,
    /// Payments that came back in hand since rows were written: whether they were written as live is not known.
    pub(crate) recalled_payments: Vec<PaymentId>,
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
    #[serde(default, skip_serializing_if = "Recharge::is_untouched")]
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
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub blocked: Option<(ReasonCode, Since)>,
    /// Since when the balance is low, as last told (R10.1).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub low: Option<Since>,
    /// Whether a refused start has been told about since the block began (R5.6).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
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
    #[serde(default, skip_serializing_if = "Credits::is_zero_ref")]
    pub granted: Credits,
    /// Usage ever recorded.
    #[serde(default, skip_serializing_if = "Credits::is_zero_ref")]
    pub usage: Credits,
    /// Of it, what grants paid.
    #[serde(default, skip_serializing_if = "Credits::is_zero_ref")]
    pub charged: Credits,
    /// Of it, what became debt.
    #[serde(default, skip_serializing_if = "Credits::is_zero_ref")]
    pub outstanding: Credits,
    /// Of it, what was absorbed.
    #[serde(default, skip_serializing_if = "Credits::is_zero_ref")]
    pub absorbed: Credits,
    /// Of it, what allowances covered.
    #[serde(default, skip_serializing_if = "Credits::is_zero_ref")]
    pub allowance: Credits,
    /// Debt ever opened by refunds and disputes.
    #[serde(default, skip_serializing_if = "Credits::is_zero_ref")]
    pub recovered_as_debt: Credits,
}

/// Closed or live, a part as it is written away and recalled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// A run.
    Run(Run),
    /// A grant, and where it was written.
    Grant(Grant, Written),
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
    /// Grants that changed.
    pub fn grants(self) -> impl Iterator<Item = &'a Grant> {
        self.account.grants.iter().filter(|grant| grant.touched)
    }
    /// Grants whose own rows are to be written. Those that come with the core ([`Account::next_grants`]) have none.
    pub fn grants_alone(self) -> impl Iterator<Item = &'a Grant> {
        let alone =
            self.account.places().filter(|(_, place)| *place == Written::Alone).map(|(grant, _)| grant);
        alone.filter(|grant| grant.touched || grant.written != Written::Alone)
    }
    /// Grants whose own rows are to be deleted: they come with the core again.
    pub fn grants_no_longer_alone(self) -> impl Iterator<Item = &'a Grant> {
        self.account.next_grants().filter(|grant| grant.written == Written::Alone)
    }
    /// Runs to write, open and closed.
    pub fn runs(self) -> impl Iterator<Item = &'a Run> {
        self.account.touched_runs.iter().filter_map(|id| self.account.run(id))
    }
    /// How many runs there are to write.
    pub fn runs_count(self) -> usize {
        self.account.touched_runs.len()
    }
    /// Debts to write.
    pub fn debts(self) -> impl Iterator<Item = &'a Debt> {
        self.account.debts().filter(|debt| debt.touched)
    }
    /// Payments to write, with their refunds and disputes; also those that only their grant or a debt has made live or not.
    pub fn payments(self) -> impl Iterator<Item = &'a Payment> {
        let account = self.account;
        // What stayed at hand since it was written was live then.
        account.payments().filter(|payment| {
            payment.touched || !account.is_live(payment) || account.recalled_payments.contains(&payment.id)
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
            runs: Runs::default(),
            debts: BTreeMap::new(),
            payments: BTreeMap::new(),
            keys: BTreeMap::new(),
            refusals: Vec::new(),
            lapses: BTreeSet::new(),
            touched_runs: Vec::new(),
            recalled_payments: Vec::new(),
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
        // All of them are live, and written so.
        account.recalled_payments.clear();
        account
    }

    /// Takes a written part back in hand. A part that is at hand stays as it is: it can only be newer.
    pub fn recall(&mut self, part: Part) {
        // What is recalled is what was written: nothing of it is left to write.
        match part {
            Part::Run(mut run) => {
                run.touched = false;
                if !self.runs.contains(&run.id) {
                    if let (RunStatus::Running, Some(end)) = (run.status, run.lapses_at) {
                        self.lapses.insert((end, run.id.clone()));
                    }
                    self.runs.insert(run);
                }
            }
            Part::Grant(mut grant, written) => {
                (grant.touched, grant.written) = (false, written);
                if self.grant(&grant.id).is_none() {
                    self.insert_grant(grant);
                }
            }
            Part::Debt(mut debt) => {
                debt.touched = false;
                self.debts.entry(debt.id.clone()).or_insert_with(|| Box::new(debt));
            }
            Part::Payment(mut payment) => {
                payment.touched = false;
                if !self.payments.contains_key(&payment.id) {
                    self.recalled_payments.push(payment.id.clone());
                    self.payments.insert(payment.id.clone(), Box::new(payment));
                }
            }
            Part::Answered(key, answered) => {
                self.keys.entry(key).or_insert(answered);
            }
        }
    }

    /// Whether a part is at hand; if not, it may have been written away.
    pub fn has(&self, key: &PartKey) -> bool {
        match key {
            PartKey::Run(run) => self.runs.contains(run),
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
        self.recalled_payments.clear();
        self.keys.clear();
        self.refusals.clear();
        let mut next = 0;
        for grant in &mut self.grants {
            (grant.touched, grant.written) = (false, place(grant, &mut next));
        }
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
        self.runs.retain(|run| !run.is_closed());
        // What was emptied one by one keeps its room.
        if self.runs.is_empty() {
            (self.runs, self.lapses) = (Runs::default(), BTreeSet::new());
        }
    }

    /// Whether a payment has to be at hand: something of it can still move by itself. A live payment is loaded together
    /// with its grant and its debts. As long as none of its money is asked back, only who names it moves it (decision 27).
    pub fn is_live(&self, payment: &Payment) -> bool {
        if !payment.is_asked_back() {
            return false;
        }
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

    /// The unspent grants that are spent next, in consumption order (R3.6): what nearly every operation changes. Stores write
    /// them together with the core, and all others in rows of their own.
    pub fn next_grants(&self) -> impl Iterator<Item = &Grant> {
        self.places().filter(|(_, place)| *place == Written::WithCore).map(|(grant, _)| grant)
    }

    /// Whether it has live parts beside its core and the grants that come with it: open runs, other unspent grants, open debts,
    /// live payments.
    pub fn has_live_parts_apart(&self) -> bool {
        let is_apart = |(grant, place): (&Grant, Written)| place == Written::Alone && !grant.is_spent();
        self.runs.is_any_open()
            || self.places().any(is_apart)
            || self.debts().any(Debt::is_open)
            || self.payments().any(|payment| self.is_live(payment))
    }

    /// The grants at hand, and where each belongs when it is written.
    fn places(&self) -> impl Iterator<Item = (&Grant, Written)> {
        let mut next = 0;
        self.grants.iter().map(move |grant| (grant, place(grant, &mut next)))
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
        self.runs.iter()
    }

    /// The debts at hand: all that are open, and some that are not.
    pub fn debts(&self) -> impl Iterator<Item = &Debt> {
        self.debts.values().map(|debt| &**debt)
    }

    /// A debt at hand.
    pub fn debt(&self, id: &DebtId) -> Option<&Debt> {
        self.debts.get(id).map(|debt| &**debt)
    }

    /// The payments at hand.
    pub fn payments(&self) -> impl Iterator<Item = &Payment> {
        self.payments.values().map(|payment| &**payment)
    }

    /// A payment at hand.
    pub fn payment(&self, id: &PaymentId) -> Option<&Payment> {
        self.payments.get(id).map(|payment| &**payment)
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
        let mut open: Vec<&Debt> = self.debts().filter(|debt| debt.is_open()).collect();
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

    /// The status of the subscription, `none` where there is none.
    pub fn subscription_status(&self) -> SubscriptionStatus {
        self.core.subscription.as_ref().map_or(SubscriptionStatus::None, |subscription| subscription.status)
    }
}

/// Where a grant belongs when it is written, after so many before it that come with the core.
fn place(grant: &Grant, next: &mut usize) -> Written {
    if grant.is_spent() || *next == NEXT_GRANTS {
        return Written::Alone;
    }
    *next = next.saturating_add(1);
    Written::WithCore
}
