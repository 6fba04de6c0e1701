//! Work: starts, metering, charges, and the tasks they belong to (R5, R6, R11).

use super::{
    Decider, Done, LIFETIME_MAX,
    check::{amount, conflict, invalid, not_found, same, within},
};
use crate::{
    Credits,
    event::{Actor, Digest, Event},
    id::{KindKey, MemberId, RunId, TaskId, UsageId},
    people::Permission,
    refusal::{Refusal, StartRefusal},
    run::{Metadata, RunOutcome, RunStatus},
    status::{ReasonCode, Wanted},
    task::TaskStatus,
    time::Duration,
};

impl Decider<'_> {
    #[allow(clippy::too_many_arguments, reason = "the fields of one command, which has no other home")]
    pub(super) fn start(
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
    pub(super) fn refuse_start(
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

    pub(super) fn record_usage(&mut self, id: RunId, usage: UsageId, used: Credits) -> Result<Done, Refusal> {
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

    pub(super) fn settle(
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

    pub(super) fn release(&mut self, asked: &Digest, id: RunId) -> Result<Done, Refusal> {
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

    pub(super) fn charge(
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

    pub(super) fn kind(&self, key: &KindKey) -> Result<&crate::policy::Kind, Refusal> {
        self.policy.kinds.get(key).ok_or_else(|| Refusal::UnknownKind {
            kind: key.to_string(),
            known: self.policy.kinds.keys().map(KindKey::as_str).collect::<Vec<_>>().join(", "),
        })
    }

    /// A viewer starts nothing, also where only the body names the person (R12.2).
    pub(super) fn permit_work(&self, member: Option<&MemberId>) -> Result<(), Refusal> {
        let known = member.and_then(|member| self.account.core.members.get(member));
        if known.is_some_and(|member| !Permission::Work.is_held_by(member)) {
            return Err(Refusal::Forbidden { needs: Permission::Work, ask: self.who_may(Permission::Work) });
        }
        Ok(())
    }

    pub(super) fn fits_metadata(&self, metadata: Option<&Metadata>) -> Result<(), Refusal> {
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
    pub(super) fn fits_lifetime(&self, more: Credits) -> Result<(), Refusal> {
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

    pub(super) fn resume_task(&mut self, id: TaskId) -> Result<Done, Refusal> {
        let Some(task) = self.account.core.tasks.get(&id) else { return Err(not_found("task", &id)) };
        let changes = task.status != TaskStatus::Active;
        self.emit_if(changes, Event::TaskResumed { task: id })
    }

    pub(super) fn set_task(&mut self, id: TaskId, failures_max: u32) -> Result<Done, Refusal> {
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
