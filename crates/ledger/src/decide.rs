//! Deciding (R2.3): first what is due, then the command, then what follows from it; all of it events, or nothing.
//!
//! Each event is folded in as it is decided, so that what follows sees it. A rule refuses before its first event and
//! cannot fail after it, so a refused command leaves nothing but what was due anyway and the trace of R5.6.

mod change;
mod check;
mod claims;
mod money;
mod people;
mod work;

use crate::{
    Account,
    command::{Command, Request},
    event::{Actor, Digest, EVENT_VERSION, Event, Recorded},
    grant::{GrantKind, GrantSource},
    id::{GrantId, IdempotencyKey, RechargeId},
    people::Permission,
    policy::Policy,
    recharge::RechargeSettings,
    refusal::Refusal,
    subscription::Subscription,
    time::Timestamp,
};
use check::same;
use money::NewPayment;

/// How far lifetime sums may grow: a quarter of what fits, so that no sum of a few of them overflows (R1.1).
const LIFETIME_MAX: i64 = i64::MAX >> 2;

/// What a command did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Done {
    /// It was carried out; perhaps nothing had to change.
    Applied,
    /// It is recorded and waits for another fact (R8.6).
    Waiting,
    /// It came before, with the same content (R2.4): the first answer is the account's after the decision that event
    /// `seq` belongs to.
    Replayed {
        /// The number of the event that answered it first.
        seq: u64,
    },
}

/// The answer to one command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// What happened, in order; folded in already. To be stored, all or none, before anyone is answered (R2.3).
    pub events: Vec<Recorded>,
    /// What the command did, or why it did nothing.
    pub result: Result<Done, Refusal>,
    /// The instant it was decided at (R1.4).
    pub at: Timestamp,
}

/// One decision in the making.
pub(crate) struct Decider<'a> {
    pub(crate) account: &'a mut Account,
    pub(crate) policy: &'a Policy,
    pub(crate) now: Timestamp,
    by: Actor,
    /// The identity of the command, until its first event carries it.
    identity: Option<(Option<IdempotencyKey>, Digest)>,
    events: Vec<Recorded>,
}

impl Account {
    /// Decides a command at an instant and folds in what follows (R2.3). A caller that cannot store the events must
    /// drop this account and load it again.
    ///
    /// An instant before the account's last is taken as the account's last (R1.4).
    pub fn execute(&mut self, policy: &Policy, request: &Request, now: Timestamp) -> Answer {
        let target = match &request.command {
            Command::SetTestClock { to } => *to,
            _ => now,
        };
        let now = target.max(self.core.last);
        let mut decider =
            Decider { account: self, policy, now, by: Actor::default(), identity: None, events: Vec::new() };
        decider.bring_up_to(now);
        decider.by.clone_from(&request.by);
        let result = decider.carry_out(request, target);
        let mut events = decider.events;
        let mut left = u32::try_from(events.len()).expect("a decision of fewer than four billion events");
        for recorded in &mut events {
            left = left.saturating_sub(1);
            recorded.left = left;
        }
        Answer { events, result, at: now }
    }

    /// Decides a command on a copy and says what would come of it, changing nothing (R9.5).
    pub fn preview(&self, policy: &Policy, request: &Request, now: Timestamp) -> (Answer, Account) {
        let mut copy = self.clone();
        (copy.execute(policy, request, now), copy)
    }

    /// When something happens next by itself; none where only a command can change anything (R1.4).
    pub fn next_due(&self, policy: &Policy) -> Option<Timestamp> {
        let lapse = self.lapses.first().map(|(end, _)| *end);
        let grants = self.grants.iter().flat_map(|grant| {
            let begins = Some(grant.effective_at).filter(|_| grant.pending && !grant.is_spent());
            let ends = grant.expires_at.filter(|_| grant.free.is_positive());
            [begins, ends]
        });
        let entitled = self.core.subscription.as_ref().filter(|_| self.core.entitled);
        let entitlement =
            entitled.and_then(|subscription| subscription.entitles_until(policy.past_due_grace));
        grants.chain([lapse, entitlement, self.recharge_due(policy)]).flatten().min()
    }

    /// When auto-recharge would buy if nothing else changes; none where it would not (R10.3–R10.5).
    fn recharge_due(&self, policy: &Policy) -> Option<Timestamp> {
        let settings = self.core.recharge.settings.as_ref()?;
        let lacking = self.available(self.core.last).minus(self.debt_total()) < settings.threshold;
        if !lacking || !self.may_recharge() {
            return None;
        }
        let last = self.core.last;
        let after_wait = self.core.recharge.retry_at.unwrap_or(last).max(last);
        let room = |at| self.has_room(settings, at);
        if room(after_wait) {
            return Some(after_wait);
        }
        // The limit counts a calendar month: the next one has room, if any has.
        let next_month = after_wait.month_start().plus_months(1);
        Some(next_month).filter(|at| room(*at) && policy.recharge.step.is_positive())
    }

    /// Everything auto-recharge needs but a reason to buy, the wait after a decline, and room in the month (R10.4).
    fn may_recharge(&self) -> bool {
        let state = &self.core.recharge;
        let running = self.core.subscription.as_ref().is_some_and(Subscription::is_running);
        state.settings.as_ref().is_some_and(|settings| settings.enabled)
            && state.payment_method
            && state.in_flight.is_none()
            && state.suspended_at.is_none()
            && self.core.suspension.is_none()
            && self.core.entitled
            && running
            && !self
                .debts
                .values()
                .any(|debt| debt.is_open() && debt.kind != crate::debt::DebtKind::OutstandingUsage)
            && !self.payments().any(crate::payment::Payment::is_disputed)
    }

    fn has_room(&self, settings: &RechargeSettings, at: Timestamp) -> bool {
        self.core.recharge.bought_in_month_of(at).plus(settings.amount) <= settings.monthly_limit
    }
}

impl Decider<'_> {
    pub(crate) fn next_seq(&self) -> u64 {
        self.account.core.version.saturating_add(1)
    }

    /// Records an event and folds it in.
    pub(crate) fn emit(&mut self, event: Event) {
        let (key, asked) = match self.identity.take() {
            Some((key, asked)) => (key, Some(asked)),
            None => (None, None),
        };
        let recorded = Recorded {
            v: EVENT_VERSION,
            seq: self.next_seq(),
            at: self.now,
            left: 0,
            by: self.by.clone(),
            key,
            asked,
            event,
        };
        self.account.apply(&recorded);
        self.events.push(recorded);
    }

    // What is due (R1.4): at its own instant, in order, whenever the account is looked at.

    fn bring_up_to(&mut self, now: Timestamp) {
        while let Some(due) = self.account.next_due(self.policy).filter(|due| *due <= now) {
            self.now = due.max(self.account.core.last);
            let before = self.account.core.version;
            self.happen();
            self.follow_up();
            assert!(self.account.core.version > before, "what is due happens");
        }
        self.now = now;
    }

    /// What happens by itself at this instant: grants begin, grants end, holds end, entitlement ends.
    fn happen(&mut self) {
        let now = self.now;
        let ids = |account: &Account, fits: &dyn Fn(&crate::grant::Grant) -> bool| -> Vec<GrantId> {
            account.grants.iter().filter(|grant| fits(grant)).map(|grant| grant.id.clone()).collect()
        };
        for grant in
            ids(self.account, &|grant| grant.pending && !grant.is_spent() && grant.effective_at <= now)
        {
            self.emit(Event::GrantBecameEffective { grant });
        }
        for grant in ids(self.account, &|grant| grant.free.is_positive() && grant.has_expired(now)) {
            self.expire(grant);
        }
        while let Some((_, run)) = self.account.lapses.first().filter(|(end, _)| *end <= now).cloned() {
            let known = self.account.runs.get(&run).expect("a hold belongs to a run");
            let (released, expired) = self.account.give_back(known, &crate::run::Charge::default(), now);
            let given_up = expired.clone();
            self.emit(Event::RunLapsed { run, released, expired });
            self.forgive_unused(&given_up);
        }
        self.follow_entitlement();
    }

    fn expire(&mut self, id: GrantId) {
        let amount = self.account.grant(&id).expect("the grant is at hand").free;
        self.emit(Event::GrantExpired { grant: id, amount });
    }

    /// Entitlement follows the subscription and the time (R4.2, R4.3).
    fn follow_entitlement(&mut self) {
        let now = self.now;
        let entitled = self
            .account
            .core
            .subscription
            .as_ref()
            .is_some_and(|subscription| subscription.entitles(self.policy, now));
        if entitled == self.account.core.entitled {
            return;
        }
        if entitled {
            self.emit(Event::EntitlementBegan { unlocked: self.account.locked(now) });
            return;
        }
        let purchased = self.account.grants.iter().filter(|grant| {
            grant.kind == GrantKind::Purchased && grant.state(true, now) == crate::grant::GrantState::Usable
        });
        let locked = purchased.map(|grant| grant.free).sum();
        self.emit(Event::EntitlementEnded { locked });
        let ending = self.account.grants.iter().filter(|grant| {
            grant.source == GrantSource::Subscription && !grant.is_spent() && !grant.has_expired(now)
        });
        for grant in ending.map(|grant| grant.id.clone()).collect::<Vec<_>>() {
            self.expire(grant);
        }
    }

    /// What follows any change, at the same instant: debts are settled, credits bought, and crossings told.
    fn follow_up(&mut self) {
        self.settle_debts();
        self.recharge(false);
        self.tell();
    }

    /// Requests the automatic purchase if one is wanted and allowed (R10.3, R10.4). A start that was refused for lack
    /// of credits wants one whatever the threshold says.
    fn recharge(&mut self, refused: bool) {
        if !self.account.may_recharge() {
            return;
        }
        let state = &self.account.core.recharge;
        let Some(settings) = state.settings.as_ref() else { return };
        let lacking = self.account.available(self.now).minus(self.account.debt_total()) < settings.threshold;
        let waiting = state.retry_at.is_some_and(|at| self.now < at);
        if (lacking || refused) && !waiting && self.account.has_room(settings, self.now) {
            let credits = settings.amount;
            let recharge = RechargeId::made(self.account.salt, self.now, self.next_seq());
            self.emit(Event::RechargeRequested { recharge, credits });
        }
    }

    /// Tells once when starts are blocked and when they are not any more, and when the balance falls below its threshold
    /// and recovers (R9.1, R10.1).
    fn tell(&mut self) {
        if !self.account.exists() {
            return;
        }
        let available = self.account.available(self.now);
        let free = available.is_positive()
            && self.account.core.suspension.is_none()
            && self.account.debts.is_empty();
        let blocked =
            if free { None } else { self.account.blocking(self.now, None).first().map(|reason| reason.code) };
        match (blocked, self.account.core.blocked.map(|(code, _)| code)) {
            (Some(reason), told) if told != Some(reason) => self.emit(Event::BalanceBlocked { reason }),
            (None, Some(_)) => self.emit(Event::BalanceUnblocked {}),
            _ => {}
        }
        let threshold = self.account.low_threshold(self.policy);
        match (available < threshold, self.account.core.low.is_some()) {
            (true, false) => self.emit(Event::BalanceLow { available, threshold }),
            (false, true) => self.emit(Event::BalanceRecovered { available }),
            _ => {}
        }
    }

    // The command.

    fn carry_out(&mut self, request: &Request, target: Timestamp) -> Result<Done, Refusal> {
        let opens =
            matches!(request.command, Command::NameOrganization { .. } | Command::SetTestClock { .. });
        if !self.account.exists() && !opens {
            return Err(Refusal::UnknownOrganization);
        }
        if let Some(answered) = request.key.as_ref().and_then(|key| self.account.keys.get(key)) {
            return same(
                Some(&answered.asked),
                &request.asked,
                answered.seq,
                "this Idempotency-Key was used",
            );
        }
        self.permit(Permission::needed_for(&request.command))?;
        if request.key.is_some() || request.command.has_identity() {
            self.identity = Some((request.key.clone(), request.asked.clone()));
        }
        let before = self.account.core.version;
        let done = self.dispatch(request, target)?;
        if self.account.core.version == before && request.key.is_some() && done == Done::Applied {
            self.emit(Event::Unchanged {});
        }
        self.identity = None;
        if self.account.core.version > before {
            self.follow_up();
            self.bring_up_to(self.now);
        }
        Ok(done)
    }

    fn dispatch(&mut self, request: &Request, target: Timestamp) -> Result<Done, Refusal> {
        let asked = &request.asked;
        match request.command.clone() {
            Command::Observe => Ok(Done::Applied),
            Command::NameOrganization { name } => self.name_organization(name),
            Command::SetMember { member, name, email, role, billing_admin } => {
                self.set_member(member, name, email, role, billing_admin)
            }
            Command::RemoveMember { member } => self.remove_member(member),
            Command::TransferOwnership { to } => self.transfer_ownership(to),
            Command::Suspend { reason } => self.suspend(reason),
            Command::LiftSuspension => {
                let suspended = self.account.core.suspension.is_some();
                self.emit_if(suspended, Event::SuspensionLifted {})
            }
            Command::SetTestClock { to } => self.set_test_clock(to, target),

            Command::Start { run, kind, hold, task, member, hold_lifetime, metadata } => {
                self.start(asked, run, kind, hold, task, member, hold_lifetime, metadata)
            }
            Command::RecordUsage { run, usage, amount } => self.record_usage(run, usage, amount),
            Command::Settle { run, used, outcome } => self.settle(asked, run, used, outcome),
            Command::Release { run } => self.release(asked, run),
            Command::Charge { run, kind, used, member, metadata } => {
                self.charge(asked, run, kind, used, member, metadata)
            }

            Command::GrantPromotional { grant, amount, effective_at, expires_at, priority, reason } => {
                self.grant_promotional(asked, grant, amount, effective_at, expires_at, priority, reason)
            }
            Command::ReportSubscription { subscription } => self.report_subscription(subscription),
            Command::ChangeSubscription { plan, cadence } => self.change_subscription(plan, cadence),
            Command::WithdrawChange => {
                let planned = self.account.core.planned_change.is_some();
                self.emit_if(planned, Event::ChangeWithdrawn {})
            }
            Command::RecordPayment {
                payment,
                purpose,
                paid,
                currency,
                credits,
                expires_at,
                period,
                recharge,
            } => self.record_payment(
                asked,
                NewPayment { id: payment, purpose, paid, currency, credits, expires_at, period, recharge },
            ),
            Command::RecordRefund { refund, payment, amount } => {
                self.record_refund(asked, refund, payment, amount)
            }
            Command::FailRefund { refund } => self.fail_refund(refund),
            Command::OpenDispute { dispute, payment, amount } => {
                self.open_dispute(asked, dispute, payment, amount)
            }
            Command::CloseDispute { dispute, outcome } => self.close_dispute(dispute, outcome),
            Command::WriteOff { debt, amount, reason } => self.write_off(debt, amount, reason),

            Command::SetPaymentMethod { present } => self.set_payment_method(present),
            Command::SetAutoRecharge { enabled, threshold, amount, monthly_limit } => {
                self.set_auto_recharge(enabled, threshold, amount, monthly_limit)
            }
            Command::RequestRecharge => {
                self.recharge(true);
                Ok(Done::Applied)
            }
            Command::DeclineRecharge { recharge, reason } => self.decline_recharge(recharge, reason),

            Command::ResumeTask { task } => self.resume_task(task),
            Command::SetTask { task, failures_max } => self.set_task(task, failures_max),
        }
    }

    fn emit_if(&mut self, changes: bool, event: Event) -> Result<Done, Refusal> {
        if changes {
            self.emit(event);
        }
        Ok(Done::Applied)
    }
}
