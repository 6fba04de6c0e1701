//! Deciding (R2.3): first what is due, then the command, then what follows from it; all of it events, or nothing.
//!
//! Each event is folded in as it is decided, so that what follows sees it. A rule refuses before its first event and
//! cannot fail after it, so a refused command leaves nothing but what was due anyway and the trace of R5.6.

use crate::{
    Account, Credits,
    command::{Command, Request},
    debt::OffsetReason,
    event::{Actor, Digest, EVENT_VERSION, Event, Recorded},
    grant::{GrantKind, GrantSource},
    id::*,
    payment::{DisputeOutcome, PaymentPurpose},
    people::{Contact, Permission, Role},
    policy::Policy,
    recharge::RechargeSettings,
    recovery::Attribution,
    refusal::{Refusal, StartRefusal},
    run::{Metadata, RunOutcome, RunStatus},
    status::{ReasonCode, Wanted},
    subscription::{Cadence, ChangePreview, Period, PlannedChange, Subscription, SubscriptionStatus},
    task::TaskStatus,
    time::{Duration, Timestamp},
};

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
            && !self.payments.values().any(crate::payment::Payment::is_disputed)
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

    // People (R12).

    /// Refuses where the member in whose name this is asked may not do it, and says who may (R12.3).
    fn permit(&self, needs: Permission) -> Result<(), Refusal> {
        let Some(id) = &self.by.member else { return Ok(()) };
        let Some(member) = self.account.core.members.get(id) else {
            return Err(Refusal::NotAMember { member: id.to_string() });
        };
        if needs.is_held_by(member) {
            Ok(())
        } else {
            Err(Refusal::Forbidden { needs, ask: self.who_may(needs) })
        }
    }

    fn who_may(&self, needs: Permission) -> Vec<Contact> {
        let able = self.account.core.members.iter().filter(|(_, member)| needs.is_held_by(member));
        // A person asks the owner or an admin, not one of a thousand colleagues.
        let able = able.filter(|(_, member)| member.has_billing_access() || member.role <= Role::Admin);
        able.map(|(id, member)| Contact { member: id.clone(), name: member.name.clone(), role: member.role })
            .take(20)
            .collect()
    }

    fn name_organization(&mut self, name: String) -> Result<Done, Refusal> {
        text("name", &name, 200)?;
        let changes = self.account.core.name != name;
        self.emit_if(changes, Event::OrganizationNamed { name })
    }

    fn set_member(
        &mut self,
        id: MemberId,
        name: String,
        email: Option<String>,
        role: Role,
        billing_admin: Option<bool>,
    ) -> Result<Done, Refusal> {
        text("name", &name, 200)?;
        if let Some(email) = &email {
            text("email", email, 320)?;
        }
        let members = &self.account.core.members;
        let known = members.get(&id);
        if known.is_none() {
            within(
                "members_max",
                members.len(),
                self.policy.limits.members_max,
                "remove members who have left",
            )?;
        }
        let was_billing_admin = known.is_some_and(|known| known.billing_admin);
        let billing_admin = billing_admin.unwrap_or(was_billing_admin);
        if billing_admin != was_billing_admin {
            self.permit(Permission::Owner)?;
        }
        let is_owner = known.is_some_and(|known| known.role == Role::Owner);
        let has_owner = members.values().any(|member| member.role == Role::Owner);
        if is_owner != (role == Role::Owner) && (is_owner || has_owner) {
            return Err(invalid(
                "role",
                "an organization has exactly one owner; use transfer_ownership to change who it is",
            ));
        }
        let changes = known.is_none_or(|known| {
            (&known.name, &known.email, known.role, known.billing_admin)
                != (&name, &email, role, billing_admin)
        });
        self.emit_if(changes, Event::MemberSet { member: id, name, email, role, billing_admin })
    }

    fn remove_member(&mut self, id: MemberId) -> Result<Done, Refusal> {
        let Some(member) = self.account.core.members.get(&id) else { return Err(not_found("member", &id)) };
        if member.role == Role::Owner {
            return Err(invalid("member", "the owner cannot be removed; use transfer_ownership first"));
        }
        if member.billing_admin {
            self.permit(Permission::Owner)?;
        }
        self.emit_if(true, Event::MemberRemoved { member: id })
    }

    fn transfer_ownership(&mut self, to: MemberId) -> Result<Done, Refusal> {
        let members = &self.account.core.members;
        if !members.contains_key(&to) {
            return Err(invalid("to", "a new owner must be a member of the organization first"));
        }
        let from = members.iter().find(|(_, member)| member.role == Role::Owner).map(|(id, _)| id.clone());
        let changes = from.as_ref() != Some(&to);
        self.emit_if(changes, Event::OwnershipTransferred { from, to })
    }

    fn suspend(&mut self, reason: String) -> Result<Done, Refusal> {
        text("reason", &reason, 500)?;
        let changes =
            self.account.core.suspension.as_ref().is_none_or(|suspension| suspension.reason != reason);
        self.emit_if(changes, Event::OrganizationSuspended { reason })
    }

    fn set_test_clock(&mut self, to: Timestamp, target: Timestamp) -> Result<Done, Refusal> {
        if target < self.now {
            return Err(invalid(
                "to",
                format!("the clock only moves forward: this account has come to {} already", self.now),
            ));
        }
        let changes = self.account.core.test_clock != Some(to);
        self.emit_if(changes, Event::TestClockSet { to })
    }

    // Work (R5, R6).

    #[allow(clippy::too_many_arguments, reason = "the fields of one command, which has no other home")]
    fn start(
        &mut self,
        asked: &Digest,
        run: RunId,
        kind: KindKey,
        hold: Option<Credits>,
        task: Option<TaskId>,
        member: Option<MemberId>,
        hold_lifetime: Option<Duration>,
        metadata: Option<Metadata>,
    ) -> Result<Done, Refusal> {
        if let Some(known) = self.account.runs.get(&run) {
            return same(
                known.start_asked.as_ref(),
                asked,
                known.start_seq,
                "a run or charge with this id was asked for",
            );
        }
        let known_kind = self.kind(&kind)?;
        let hold = hold.unwrap_or(known_kind.default_hold);
        amount("hold", hold)?;
        let lifetime = hold_lifetime.unwrap_or(self.policy.hold_lifetime);
        if lifetime.micros() <= 0 || lifetime > self.policy.hold_lifetime_max {
            return Err(invalid("hold_lifetime", "a hold lives longer than no time and at most 30 days"));
        }
        self.fits_metadata(metadata.as_ref())?;
        let member = member.or_else(|| self.by.member.clone());
        self.permit_work(member.as_ref())?;
        let limits = self.policy.limits;
        within(
            "open_runs_max",
            self.account.lapses.len(),
            limits.open_runs_max,
            "settle or release runs that have ended",
        )?;
        if let Some(task) = &task
            && !self.account.core.tasks.contains_key(task)
        {
            within(
                "tasks_max",
                self.account.core.tasks.len(),
                limits.tasks_max,
                "name tasks by what they are, not by run",
            )?;
        }
        let reasons = self.account.blocking(self.now, Some(Wanted { hold, task: task.as_ref() }));
        if !reasons.is_empty() {
            return Err(self.refuse_start(run, kind, hold, task, member, reasons));
        }
        let from = self.account.earmark(hold, self.now);
        assert_eq!(crate::grant::total(&from), hold, "an admitted start is held whole (R5.3)");
        let lapses_at = self.now.after(lifetime);
        self.emit_if(true, Event::RunStarted { run, kind, hold, from, lapses_at, task, member, metadata })
    }

    /// Leaves the trace of a refused start (R5.6), pauses its task (R11.1), and says everything there is to say.
    fn refuse_start(
        &mut self,
        run: RunId,
        kind: KindKey,
        hold: Credits,
        task: Option<TaskId>,
        member: Option<MemberId>,
        reasons: Vec<crate::status::Reason>,
    ) -> Refusal {
        self.identity = None;
        let codes: Vec<ReasonCode> = reasons.iter().map(|reason| reason.code).collect();
        let for_credits = codes
            .iter()
            .any(|code| !matches!(code, ReasonCode::OrganizationSuspended | ReasonCode::TaskPaused));
        let paused = |task: &TaskId| {
            self.account.core.tasks.get(task).is_some_and(|task| task.status == TaskStatus::PausedForCredits)
        };
        let pauses = task.clone().filter(|task| for_credits && !paused(task));
        let recorded = pauses.is_some() || !self.account.core.refusal_told;
        if recorded {
            let available = self.account.available(self.now);
            let viewer = member.clone();
            self.emit(Event::StartRefused {
                run: run.clone(),
                kind,
                hold,
                reasons: codes.clone(),
                available,
                task,
                member: viewer,
            });
        }
        if let Some(task) = pauses {
            self.emit(Event::TaskPaused { task, run });
        }
        self.recharge(
            codes
                .iter()
                .any(|code| matches!(code, ReasonCode::CreditsDepleted | ReasonCode::InsufficientCredits)),
        );
        let person = Actor {
            key: None,
            member: member.filter(|member| self.account.core.members.contains_key(member)),
        };
        let mut balance = self.account.balance(self.policy, self.now, &person);
        balance.ask = self.account.billing_contacts();
        Refusal::Start(Box::new(StartRefusal {
            required: hold,
            shortfall: self.account.shortfall(self.now, hold),
            next_steps: self.account.next_steps(
                self.policy,
                self.now,
                &reasons,
                balance.sees_billing,
                Some(hold),
            ),
            reasons,
            balance,
            recorded,
        }))
    }

    fn record_usage(&mut self, id: RunId, usage: UsageId, used: Credits) -> Result<Done, Refusal> {
        let Some(run) = self.account.runs.get(&id) else { return Err(not_found("run", &id)) };
        if let Some(known) = run.usages.get(&usage) {
            let conflict =
                || conflict(format!("usage {usage} of run {id} was recorded with {} credits", known.amount));
            return if known.amount == used {
                Ok(Done::Replayed { seq: known.seq })
            } else {
                Err(conflict())
            };
        }
        if matches!(run.status, RunStatus::Settled | RunStatus::Released) {
            return Err(Refusal::RunClosed { run: id.to_string() });
        }
        amount("amount", used)?;
        let most = self.policy.limits.usage_records_max;
        within(
            "usage_records_max",
            run.usages.len(),
            most,
            "record larger steps, or settle and go on with another run",
        )?;
        self.fits_lifetime(used)?;
        let charge = self.account.charge(self.policy, &run.kind, Some(run), used, self.now);
        self.emit_if(true, Event::UsageRecorded { run: id, usage, amount: used, charge })
    }

    fn settle(
        &mut self,
        asked: &Digest,
        id: RunId,
        used: Credits,
        outcome: RunOutcome,
    ) -> Result<Done, Refusal> {
        let Some(run) = self.account.runs.get(&id) else { return Err(not_found("run", &id)) };
        if run.status == RunStatus::Settled && !run.unstarted {
            return same(run.close_asked.as_ref(), asked, run.close_seq.unwrap_or(0), "this run was settled");
        }
        if run.status == RunStatus::Released || run.unstarted {
            return Err(conflict(format!("run {id} was closed in another way")));
        }
        amount("used", used)?;
        let Some(more) = used.checked_plus(run.used.negated()).filter(|more| *more >= Credits::ZERO) else {
            return Err(Refusal::BelowRecorded { recorded: run.used });
        };
        self.fits_lifetime(more)?;
        let charge = self.account.charge(self.policy, &run.kind, Some(run), more, self.now);
        let (released, expired) = self.account.give_back(run, &charge, self.now);
        let task = run.task.clone();
        let given_up = expired.clone();
        self.emit(Event::RunSettled { run: id, used, outcome, charge, released, expired });
        self.forgive_unused(&given_up);
        if let Some(id) = task
            && let Some(task) = self.account.core.tasks.get(&id)
        {
            let most = task.failures_max.unwrap_or(self.policy.task_failures);
            if task.status == TaskStatus::Active && task.failures >= most {
                let failures = task.failures;
                self.emit(Event::TaskNeedsAttention { task: id, failures });
            }
        }
        Ok(Done::Applied)
    }

    fn release(&mut self, asked: &Digest, id: RunId) -> Result<Done, Refusal> {
        let Some(run) = self.account.runs.get(&id) else { return Err(not_found("run", &id)) };
        match run.status {
            RunStatus::Released => {
                return same(
                    run.close_asked.as_ref(),
                    asked,
                    run.close_seq.unwrap_or(0),
                    "this run was released",
                );
            }
            RunStatus::Settled => return Err(conflict(format!("run {id} was settled"))),
            RunStatus::Running | RunStatus::Lapsed => {}
        }
        let (released, expired) = self.account.give_back(run, &crate::run::Charge::default(), self.now);
        let given_up = expired.clone();
        self.emit(Event::RunReleased { run: id, released, expired });
        self.forgive_unused(&given_up);
        Ok(Done::Applied)
    }

    fn charge(
        &mut self,
        asked: &Digest,
        id: RunId,
        kind: KindKey,
        used: Credits,
        member: Option<MemberId>,
        metadata: Option<Metadata>,
    ) -> Result<Done, Refusal> {
        if let Some(known) = self.account.runs.get(&id) {
            return same(
                known.start_asked.as_ref(),
                asked,
                known.start_seq,
                "a run or charge with this id was asked for",
            );
        }
        self.kind(&kind)?;
        amount("used", used)?;
        self.fits_metadata(metadata.as_ref())?;
        let member = member.or_else(|| self.by.member.clone());
        self.permit_work(member.as_ref())?;
        self.fits_lifetime(used)?;
        let charge = self.account.charge(self.policy, &kind, None, used, self.now);
        self.emit_if(true, Event::UsageCharged { run: id, kind, used, charge, member, metadata })
    }

    fn kind(&self, key: &KindKey) -> Result<&crate::policy::Kind, Refusal> {
        self.policy.kinds.get(key).ok_or_else(|| Refusal::UnknownKind {
            kind: key.to_string(),
            known: self.policy.kinds.keys().map(KindKey::as_str).collect::<Vec<_>>().join(", "),
        })
    }

    /// A viewer starts nothing, also where only the body names the person (R12.2).
    fn permit_work(&self, member: Option<&MemberId>) -> Result<(), Refusal> {
        let known = member.and_then(|member| self.account.core.members.get(member));
        if known.is_some_and(|member| !Permission::Work.is_held_by(member)) {
            return Err(Refusal::Forbidden { needs: Permission::Work, ask: self.who_may(Permission::Work) });
        }
        Ok(())
    }

    fn fits_metadata(&self, metadata: Option<&Metadata>) -> Result<(), Refusal> {
        let most = self.policy.limits.metadata_bytes_max;
        let bytes = metadata
            .map_or(0, |metadata| serde_json::to_vec(metadata).map_or(usize::MAX, |bytes| bytes.len()));
        if bytes > most {
            return Err(invalid(
                "metadata",
                format!("metadata is at most {most} bytes of JSON (metadata_bytes_max)"),
            ));
        }
        Ok(())
    }

    /// Whether lifetime sums still fit with this much more in them, so that no later sum can overflow (R1.1).
    fn fits_lifetime(&self, more: Credits) -> Result<(), Refusal> {
        let totals = &self.account.core.totals;
        let largest = totals.granted.max(totals.usage).max(totals.recovered_as_debt);
        if largest.checked_plus(more).is_some_and(|sum| sum.micros() <= LIFETIME_MAX) {
            return Ok(());
        }
        Err(Refusal::LimitReached {
            limit: "lifetime_credits",
            max: Credits::from_micros(LIFETIME_MAX).micros().unsigned_abs(),
            advice: "no more credits fit this organization's books; open another",
        })
    }

    // Money (R4, R7, R8, R10).

    #[allow(clippy::too_many_arguments, reason = "the fields of one command, which has no other home")]
    fn grant_promotional(
        &mut self,
        asked: &Digest,
        id: Option<GrantId>,
        credits: Credits,
        effective_at: Option<Timestamp>,
        expires_at: Option<Timestamp>,
        priority: Option<u32>,
        reason: Option<String>,
    ) -> Result<Done, Refusal> {
        if let Some(known) = id.as_ref().and_then(|id| self.account.grant(id)) {
            return same(known.asked.as_ref(), asked, known.seq, "a grant with this id was made");
        }
        positive("credits", credits)?;
        self.fits_lifetime(credits)?;
        if let Some(reason) = &reason {
            text("reason", reason, 500)?;
        }
        let effective_at = effective_at.unwrap_or(self.now);
        if expires_at.is_some_and(|end| end <= effective_at.max(self.now)) {
            return Err(invalid("expires_at", "credits expire after they can be spent, and not in the past"));
        }
        let grant = id.unwrap_or_else(|| GrantId::made(self.account.salt, self.now, self.next_seq()));
        let priority = priority.unwrap_or(self.policy.priorities.promotional);
        self.emit_if(
            true,
            Event::Granted {
                grant,
                kind: GrantKind::Promotional,
                source: GrantSource::Operator,
                amount: credits,
                effective_at,
                expires_at,
                priority,
                payment: None,
                restores: None,
                reason,
            },
        )
    }

    fn report_subscription(&mut self, mut reported: Subscription) -> Result<Done, Refusal> {
        if reported.period.is_some_and(|period| period.end <= period.start) {
            return Err(invalid("period_end", "a period ends after it starts"));
        }
        if reported.status == SubscriptionStatus::PastDue && reported.past_due_since.is_none() {
            let known = self
                .account
                .core
                .subscription
                .as_ref()
                .filter(|known| known.status == SubscriptionStatus::PastDue);
            reported.past_due_since = known.and_then(|known| known.past_due_since).or(Some(self.now));
        }
        if self.account.core.subscription.as_ref() == Some(&reported) {
            return Ok(Done::Applied);
        }
        let planned = self.account.core.planned_change.as_ref();
        let completes = planned.is_some_and(|change| {
            reported.plan.as_ref() == Some(&change.plan) && reported.cadence == change.cadence
        });
        let running = reported.is_running();
        let drops = planned.is_some() && !running && reported.status != SubscriptionStatus::PastDue;
        self.emit(Event::SubscriptionReported { subscription: reported });
        if completes && running {
            self.emit(Event::ChangeCompleted {});
        } else if drops {
            self.emit(Event::ChangeWithdrawn {});
        }
        self.follow_entitlement();
        Ok(Done::Applied)
    }

    fn change_subscription(&mut self, plan: PlanKey, cadence: Cadence) -> Result<Done, Refusal> {
        let planned = PlannedChange { plan: plan.clone(), cadence, effective_at: Timestamp::MIN };
        let same_plan =
            |change: &PlannedChange| change.plan == planned.plan && change.cadence == planned.cadence;
        if self.account.core.planned_change.as_ref().is_some_and(same_plan) {
            return Ok(Done::Applied);
        }
        let preview = self.account.preview_change(self.policy, &plan, cadence, self.now)?;
        let change = PlannedChange { effective_at: preview.effective_at, ..planned };
        self.emit_if(true, Event::ChangePlanned { change })
    }

    fn record_payment(&mut self, asked: &Digest, payment: NewPayment) -> Result<Done, Refusal> {
        if let Some(known) = self.account.payments.get(&payment.id) {
            return same(known.asked.as_ref(), asked, known.seq, "this payment was reported");
        }
        money("paid", payment.paid)?;
        currency(&payment.currency)?;
        let period = match (payment.purpose, payment.period) {
            (PaymentPurpose::Renewal, None) => {
                return Err(invalid("period_start", "a renewal names the period it pays for"));
            }
            (PaymentPurpose::Renewal | PaymentPurpose::Upgrade, Some(period))
                if period.end <= period.start =>
            {
                return Err(invalid("period_end", "a period ends after it starts"));
            }
            (PaymentPurpose::Renewal, Some(period)) => Some(period),
            _ => None,
        };
        let again = period.is_some_and(|period| self.account.core.granted_periods.contains(&period));
        let recharge = match payment.purpose {
            PaymentPurpose::Recharge => {
                let in_flight =
                    self.account.core.recharge.in_flight.as_ref().map(|in_flight| in_flight.id.clone());
                Some(payment.recharge.clone().or(in_flight).ok_or_else(|| {
                    invalid(
                        "recharge",
                        "no automatic purchase is in flight; name the one that was paid, or report a top_up",
                    )
                })?)
            }
            _ => None,
        };
        let credits = if again { Credits::ZERO } else { self.bought(&payment)? };
        amount("credits", credits)?;
        self.fits_lifetime(credits)?;
        let lifetime = || self.now.plus_months(self.policy.purchased_lifetime_months);
        let (kind, source, effective_at, expires_at) = match payment.purpose {
            PaymentPurpose::Renewal => {
                let period = period.expect("a renewal has its period");
                (
                    GrantKind::Included,
                    GrantSource::Subscription,
                    period.start,
                    payment.expires_at.unwrap_or(period.end),
                )
            }
            PaymentPurpose::Upgrade => {
                let current =
                    self.account.core.subscription.as_ref().and_then(|subscription| subscription.period);
                let end = payment.period.or(current).map(|period| period.end).ok_or_else(|| {
                    invalid(
                        "period_end",
                        "an upgrade is paid inside a period: name it, or report the subscription first",
                    )
                })?;
                (GrantKind::Included, GrantSource::Subscription, self.now, end)
            }
            PaymentPurpose::Recharge => (
                GrantKind::Purchased,
                GrantSource::AutoRecharge,
                self.now,
                payment.expires_at.unwrap_or_else(lifetime),
            ),
            PaymentPurpose::TopUp | PaymentPurpose::Repayment => (
                GrantKind::Purchased,
                GrantSource::TopUp,
                self.now,
                payment.expires_at.unwrap_or_else(lifetime),
            ),
        };
        if expires_at <= effective_at {
            return Err(invalid("expires_at", "credits expire after they can be spent"));
        }

        let id = payment.id;
        self.emit(Event::PaymentRecorded {
            payment: id.clone(),
            purpose: payment.purpose,
            paid: payment.paid,
            currency: payment.currency,
            credits,
            period,
            recharge,
        });
        let granted =
            if payment.purpose == PaymentPurpose::Repayment { self.repay(&id, credits) } else { credits };
        if granted.is_positive() {
            let grant = GrantId::made(self.account.salt, self.now, self.next_seq());
            self.emit(Event::Granted {
                grant: grant.clone(),
                kind,
                source,
                amount: granted,
                effective_at,
                expires_at: Some(expires_at),
                priority: self.policy.priorities.of(kind),
                payment: Some(id.clone()),
                restores: None,
                reason: None,
            });
            if kind == GrantKind::Included && self.ended_before_it_was_paid(effective_at) {
                self.expire(grant);
            }
        }
        if payment.purpose == PaymentPurpose::Upgrade && self.account.core.planned_change.is_some() {
            self.emit(Event::ChangeCompleted {});
        }
        // As if its refunds and disputes had come after it, one after the other (R8.6).
        self.settle_debts();
        self.recover_if_known(&id, Attribution::Anew, OffsetReason::Reassigned);
        Ok(Done::Applied)
    }

    /// What a payment bought, where the report leaves it to us.
    fn bought(&self, payment: &NewPayment) -> Result<Credits, Refusal> {
        if let Some(credits) = payment.credits {
            let may_be_nothing = matches!(payment.purpose, PaymentPurpose::Renewal | PaymentPurpose::Upgrade);
            return if may_be_nothing { Ok(credits) } else { positive("credits", credits).map(|()| credits) };
        }
        let needed = |detail| invalid("credits", detail);
        let subscription = self.account.core.subscription.as_ref();
        match payment.purpose {
            PaymentPurpose::Renewal => {
                let plan = subscription
                    .and_then(|subscription| Some((subscription.plan.as_ref()?, subscription.cadence)));
                let allowance =
                    plan.and_then(|(plan, cadence)| self.policy.plans.get(plan)?.allowance(cadence));
                allowance.ok_or_else(|| {
                    needed("say what the renewal includes: the subscription's plan is not in the catalogue")
                })
            }
            PaymentPurpose::Upgrade => {
                let change = self.account.core.planned_change.as_ref();
                let preview = change.map(|change| {
                    self.account.preview_planned(self.policy, &change.plan, change.cadence, self.now)
                });
                match preview {
                    Some(Ok(preview)) => Ok(preview.new_allowance),
                    _ => Err(needed("say what the upgrade includes: no change of plan is pending")),
                }
            }
            PaymentPurpose::Recharge => {
                let in_flight = self.account.core.recharge.in_flight.as_ref();
                let answered = in_flight
                    .filter(|in_flight| payment.recharge.as_ref().is_none_or(|id| *id == in_flight.id));
                answered
                    .map(|in_flight| in_flight.credits)
                    .ok_or_else(|| needed("say what was bought: this purchase is not in flight"))
            }
            PaymentPurpose::TopUp | PaymentPurpose::Repayment => {
                Err(needed("say how many credits were bought"))
            }
        }
    }

    /// Pays open debts in their order (R7.4, R7.7) and says what is left.
    fn repay(&mut self, payment: &PaymentId, credits: Credits) -> Credits {
        let open: Vec<(DebtId, Credits)> =
            self.account.open_debts().into_iter().map(|debt| (debt.id.clone(), debt.open)).collect();
        let mut left = credits;
        for (debt, open) in open {
            let repaid = open.min(left);
            if repaid.is_positive() {
                left = left.minus(repaid);
                self.emit(Event::DebtRepaid { debt, amount: repaid, payment: payment.clone() });
            }
        }
        left
    }

    /// Whether a period was paid late, after its subscription had ended for good: its credits ended then too (R4.3). A
    /// subscription that may still come back, or a later period, keeps them.
    fn ended_before_it_was_paid(&self, period_start: Timestamp) -> bool {
        let core = &self.account.core;
        let over = core.subscription.as_ref().is_some_and(|subscription| {
            subscription.status == SubscriptionStatus::Canceled
                || (subscription.is_running() && subscription.cancel_at.is_some())
        });
        !core.entitled && over && core.entitlement_ended.is_some_and(|ended| period_start < ended.at)
    }

    fn record_refund(
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

    fn fail_refund(&mut self, refund: RefundId) -> Result<Done, Refusal> {
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

    fn open_dispute(
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

    fn close_dispute(&mut self, dispute: DisputeId, outcome: DisputeOutcome) -> Result<Done, Refusal> {
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

    fn recover_if_known(&mut self, payment: &PaymentId, attribution: Attribution, why: OffsetReason) -> Done {
        if self.account.payments.contains_key(payment) {
            self.recover(payment, attribution, why);
            Done::Applied
        } else {
            Done::Waiting
        }
    }

    /// Held credits of a grant that has expired come back unused: nothing is owed for them (R8.2), whatever debt a refund
    /// or dispute opened while they were held.
    fn forgive_unused(&mut self, expired: &[crate::grant::Take]) {
        let payments = expired.iter().filter_map(|take| self.account.grant(&take.grant)?.payment.clone());
        for payment in payments.collect::<Vec<_>>() {
            self.recover_if_known(&payment, Attribution::Dispute, OffsetReason::Reassigned);
        }
    }

    fn may_wait(&self, known: bool) -> Result<(), Refusal> {
        if known {
            return Ok(());
        }
        let advice = "report the payments they are about first";
        within("waiting_max", self.account.core.waiting.len(), self.policy.limits.waiting_max, advice)
    }

    fn write_off(&mut self, id: DebtId, wanted: Option<Credits>, reason: String) -> Result<Done, Refusal> {
        let Some(debt) = self.account.debts.get(&id) else { return Err(not_found("debt", &id)) };
        text("reason", &reason, 500)?;
        if !debt.is_open() {
            return Err(conflict(format!("nothing of debt {id} is open")));
        }
        let amount = wanted.unwrap_or(debt.open);
        positive("amount", amount)?;
        if amount > debt.open {
            return Err(invalid("amount", format!("only {} credits of this debt are open", debt.open)));
        }
        let why = OffsetReason::WriteOff;
        self.emit_if(
            true,
            Event::DebtOffset { debt: id, amount, why, written_off: Credits::ZERO, reason: Some(reason) },
        )
    }

    fn set_payment_method(&mut self, present: bool) -> Result<Done, Refusal> {
        let state = &self.account.core.recharge;
        let changes = state.payment_method != present || (present && state.declines > 0);
        self.emit_if(changes, Event::PaymentMethodSet { present })
    }

    fn set_auto_recharge(
        &mut self,
        enabled: bool,
        threshold: Option<Credits>,
        purchase: Option<Credits>,
        monthly_limit: Option<Credits>,
    ) -> Result<Done, Refusal> {
        let state = &self.account.core.recharge;
        if enabled && !state.payment_method {
            return Err(Refusal::PaymentMethodRequired);
        }
        let (saved, policy) = (state.settings.as_ref(), &self.policy.recharge);
        let settings = RechargeSettings {
            enabled,
            threshold: threshold.or(saved.map(|saved| saved.threshold)).unwrap_or(policy.threshold),
            amount: purchase.or(saved.map(|saved| saved.amount)).unwrap_or(policy.amount),
            monthly_limit: monthly_limit
                .or(saved.map(|saved| saved.monthly_limit))
                .unwrap_or(policy.monthly_limit),
        };
        let stepped = |field, value: Credits, most: Credits| {
            let steps = value.micros().checked_rem(policy.step.micros()) == Some(0);
            let fits = steps && value >= policy.step && value <= most;
            let detail = || format!("{} to {most} credits in steps of {}", policy.step, policy.step);
            if fits { Ok(()) } else { Err(invalid(field, detail())) }
        };
        stepped("threshold", settings.threshold, policy.threshold_max)?;
        stepped("amount", settings.amount, policy.amount_max)?;
        amount("monthly_limit", settings.monthly_limit)?;
        if settings.monthly_limit < settings.amount {
            return Err(invalid("monthly_limit", "the monthly limit is at least one purchase"));
        }
        let changes = saved != Some(&settings) || (enabled && state.declines > 0);
        self.emit_if(changes, Event::AutoRechargeSet { settings })
    }

    fn decline_recharge(&mut self, recharge: RechargeId, reason: String) -> Result<Done, Refusal> {
        text("reason", &reason, 500)?;
        let state = &self.account.core.recharge;
        if let Some(known) = state.last_decline.as_ref().filter(|known| known.id == recharge) {
            return Ok(Done::Replayed { seq: known.seq });
        }
        if state.in_flight.as_ref().is_none_or(|in_flight| in_flight.id != recharge) {
            return Err(not_found("recharge in flight", &recharge));
        }
        let wait = usize::try_from(state.declines)
            .ok()
            .and_then(|declines| self.policy.recharge.waits.get(declines));
        let retry_at = wait.map(|wait| self.now.after(*wait));
        self.emit_if(true, Event::RechargeDeclined { recharge, reason, retry_at })
    }

    fn resume_task(&mut self, id: TaskId) -> Result<Done, Refusal> {
        let Some(task) = self.account.core.tasks.get(&id) else { return Err(not_found("task", &id)) };
        let changes = task.status != TaskStatus::Active;
        self.emit_if(changes, Event::TaskResumed { task: id })
    }

    fn set_task(&mut self, id: TaskId, failures_max: u32) -> Result<Done, Refusal> {
        let most = self.policy.task_failures_max;
        if failures_max == 0 || failures_max > most {
            return Err(invalid("failures_max", format!("1 to {most} failures in a row")));
        }
        let tasks = &self.account.core.tasks;
        if !tasks.contains_key(&id) {
            within(
                "tasks_max",
                tasks.len(),
                self.policy.limits.tasks_max,
                "name tasks by what they are, not by run",
            )?;
        }
        let changes = tasks.get(&id).is_none_or(|task| task.failures_max != Some(failures_max));
        self.emit_if(changes, Event::TaskSet { task: id, failures_max })
    }
}

impl Account {
    /// What a change of plan or cadence would mean (R4.6, R4.7), or why it is not possible now.
    pub fn preview_change(
        &self,
        policy: &Policy,
        plan: &PlanKey,
        cadence: Cadence,
        now: Timestamp,
    ) -> Result<ChangePreview, Refusal> {
        let refused = |detail| Err(Refusal::ChangeRefused { detail });
        let Some(subscription) = self.core.subscription.as_ref() else {
            return refused("there is no subscription to change; start one first");
        };
        if subscription.status == SubscriptionStatus::PastDue {
            return refused("the subscription is past due; pay the open invoice first");
        }
        if !subscription.is_running() {
            return refused("the subscription is not running; start or resume it first");
        }
        if subscription.cancel_at.is_some() {
            return refused("a cancellation is scheduled; resume the subscription first");
        }
        if self.core.planned_change.is_some() {
            return refused("another change is pending; withdraw it first");
        }
        if self
            .debts
            .values()
            .any(|debt| debt.is_open() && debt.kind != crate::debt::DebtKind::OutstandingUsage)
        {
            return refused("refund or dispute debt is open; resolve it first");
        }
        self.preview_planned(policy, plan, cadence, now)
    }

    fn preview_planned(
        &self,
        policy: &Policy,
        plan: &PlanKey,
        cadence: Cadence,
        now: Timestamp,
    ) -> Result<ChangePreview, Refusal> {
        let in_catalogue = |key: &PlanKey| {
            policy.plans.get(key).ok_or_else(|| invalid("plan", format!("the catalogue has no plan {key}")))
        };
        let subscription = self
            .core
            .subscription
            .as_ref()
            .ok_or(Refusal::ChangeRefused { detail: "there is no subscription" })?;
        let period = subscription
            .period
            .ok_or(Refusal::ChangeRefused { detail: "the subscription has no current period" })?;
        let new = in_catalogue(plan)?;
        let old = subscription
            .plan
            .as_ref()
            .ok_or_else(|| invalid("plan", "the subscription's plan is not known"))
            .and_then(in_catalogue)?;
        if subscription.plan.as_ref() == Some(plan) && subscription.cadence == cadence {
            return Err(invalid("plan", "the subscription has this plan and cadence already"));
        }
        let to_annual = subscription.cadence == Cadence::Monthly && cadence == Cadence::Annual;
        let to_monthly = subscription.cadence == Cadence::Annual && cadence == Cadence::Monthly;
        let upgrade = new.tier > old.tier && !to_monthly;
        let left = (period.end.since(now).micros(), period.end.since(period.start).micros());
        let allowance = |plan: &crate::policy::Plan| plan.allowance(cadence).unwrap_or(Credits::ZERO);
        let (effective_at, charge, new_allowance, next_renewal) = if to_annual {
            (now, new.price(cadence), allowance(new), now.plus_months(12))
        } else if upgrade {
            let difference = allowance(new).minus_or_zero(allowance(old));
            let price = Credits::from_micros(new.price(cadence))
                .minus_or_zero(Credits::from_micros(old.price(cadence)));
            let charge = price.share(left.0.min(left.1), left.1).micros();
            (
                now,
                charge,
                up_to_whole(difference.share(left.0.min(left.1), left.1), left.0, left.1, difference),
                period.end,
            )
        } else {
            let months = if cadence == Cadence::Annual { 12 } else { 1 };
            (period.end, new.price(cadence), allowance(new), period.end.plus_months(months))
        };
        let preserved =
            self.grants.iter().filter(|grant| grant.kind == GrantKind::Included && !grant.has_expired(now));
        let owed = self.debt_of(crate::debt::DebtKind::OutstandingUsage);
        Ok(ChangePreview {
            plan: plan.clone(),
            cadence,
            effective_at,
            charge,
            currency: new.currency.clone(),
            new_allowance,
            preserved: preserved.map(|grant| grant.free).sum(),
            debt_takes: owed.min(new_allowance),
            next_renewal,
        })
    }
}

/// Rounded up to a whole credit (R4.7): `share` is the floor of difference × part / whole.
fn up_to_whole(share: Credits, part: i64, whole: i64, difference: Credits) -> Credits {
    let per_credit = crate::credits::MICROS_PER_CREDIT;
    let exact = part >= whole
        || i128::from(difference.micros())
            .checked_mul(i128::from(part))
            .and_then(|product| product.checked_rem(i128::from(whole)))
            == Some(0);
    let micros = if exact { share.micros() } else { share.micros().saturating_add(1) };
    let rest = micros.checked_rem(per_credit).unwrap_or(0);
    if rest == 0 {
        Credits::from_micros(micros)
    } else {
        Credits::from_micros(micros.saturating_add(per_credit.saturating_sub(rest)))
    }
}

/// What the provider says of a payment.
struct NewPayment {
    id: PaymentId,
    purpose: PaymentPurpose,
    paid: i64,
    currency: String,
    credits: Option<Credits>,
    expires_at: Option<Timestamp>,
    period: Option<Period>,
    recharge: Option<RechargeId>,
}

/// A repeat with the same content is answered as it was, one with other content is refused (R2.4).
fn same(first: Option<&Digest>, asked: &Digest, seq: u64, what: &str) -> Result<Done, Refusal> {
    if first == Some(asked) {
        Ok(Done::Replayed { seq })
    } else {
        Err(conflict(format!("{what} before with other content; use another id for another thing")))
    }
}

fn conflict(detail: String) -> Refusal {
    Refusal::Conflict { detail }
}

fn not_found(what: &'static str, id: &impl ToString) -> Refusal {
    Refusal::NotFound { what, id: id.to_string() }
}

fn invalid(field: &'static str, detail: impl Into<String>) -> Refusal {
    Refusal::Invalid { field, detail: detail.into() }
}

fn amount(field: &'static str, value: Credits) -> Result<(), Refusal> {
    if (Credits::ZERO..=Credits::MAX_AMOUNT).contains(&value) {
        return Ok(());
    }
    Err(invalid(field, format!("an amount is 0 to {} credits", Credits::MAX_AMOUNT)))
}

fn positive(field: &'static str, value: Credits) -> Result<(), Refusal> {
    amount(field, value)?;
    if value.is_positive() { Ok(()) } else { Err(invalid(field, "must be more than 0")) }
}

fn money(field: &'static str, minor_units: i64) -> Result<(), Refusal> {
    const MOST: i64 = 1_000_000_000_000;
    if (0..=MOST).contains(&minor_units) {
        Ok(())
    } else {
        Err(invalid(field, format!("minor units from 0 to {MOST}")))
    }
}

fn currency(code: &str) -> Result<(), Refusal> {
    let fits = code.len() == 3 && code.bytes().all(|byte| byte.is_ascii_uppercase());
    if fits { Ok(()) } else { Err(invalid("currency", "three capital letters of ISO 4217, such as \"USD\"")) }
}

fn text(field: &'static str, value: &str, most: usize) -> Result<(), Refusal> {
    let fits =
        !value.trim().is_empty() && value.chars().count() <= most && !value.chars().any(char::is_control);
    if fits { Ok(()) } else { Err(invalid(field, format!("1 to {most} characters of text"))) }
}

fn within(limit: &'static str, have: usize, most: usize, advice: &'static str) -> Result<(), Refusal> {
    if have < most {
        return Ok(());
    }
    Err(Refusal::LimitReached { limit, max: u64::try_from(most).unwrap_or(u64::MAX), advice })
}
