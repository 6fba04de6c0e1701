//! Folding: what each event does to an account (R2.2). It cannot fail; what cannot be true stops it.

use crate::{
    Account, Credits,
    account::{Answered, Since, Suspension},
    debt::{Debt, DebtChange, DebtChangeKind, DebtKind, DebtOrigin, OffsetReason},
    event::{Event, Recorded},
    grant::{Grant, GrantSource, Take, Written},
    id::*,
    payment::{Closing, Dispute, Payment, Refund},
    people::{Member, Role},
    recharge::{Declined, InFlight},
    run::{Charge, RefusedStart, Run, RunOutcome, RunStatus, Usage},
    task::{Task, TaskStatus},
    time::Timestamp,
};
use std::collections::BTreeMap;

impl Account {
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
                self.payments.insert(payment.id.clone(), Box::new(payment));
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
                    written: Written::Nowhere,
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
        let debt = self.debts.entry(id.clone()).or_insert_with(|| {
            Box::new(Debt {
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
            })
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

    pub(crate) fn insert_grant(&mut self, grant: Grant) {
        let place = self.grants.partition_point(|other| other.consumption_order(&grant).is_lt());
        self.grants.insert(place, grant);
    }

    fn sort_grants(&mut self) {
        self.grants.sort_by(Grant::consumption_order);
    }

    fn insert_run(&mut self, run: Run) {
        self.touched_runs.push(run.id.clone());
        self.runs.insert(run);
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
