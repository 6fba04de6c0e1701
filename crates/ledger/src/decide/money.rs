//! Money: grants, the subscription, payments, write-offs and auto-recharge (R3, R4, R7, R10).

use super::{
    Decider, Done,
    check::{amount, conflict, currency, invalid, money, not_found, positive, same, text},
};
use crate::{
    Credits,
    debt::OffsetReason,
    event::{Digest, Event},
    grant::{GrantKind, GrantSource},
    id::{DebtId, GrantId, PaymentId, RechargeId},
    payment::PaymentPurpose,
    recharge::RechargeSettings,
    recovery::Attribution,
    refusal::Refusal,
    subscription::{Period, Subscription, SubscriptionStatus},
    time::Timestamp,
};

impl Decider<'_> {
    #[allow(clippy::too_many_arguments, reason = "the fields of one command, which has no other home")]
    pub(super) fn grant_promotional(
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

    pub(super) fn report_subscription(&mut self, mut reported: Subscription) -> Result<Done, Refusal> {
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

    pub(super) fn record_payment(&mut self, asked: &Digest, payment: NewPayment) -> Result<Done, Refusal> {
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
    pub(super) fn bought(&self, payment: &NewPayment) -> Result<Credits, Refusal> {
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
    pub(super) fn repay(&mut self, payment: &PaymentId, credits: Credits) -> Credits {
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
    pub(super) fn ended_before_it_was_paid(&self, period_start: Timestamp) -> bool {
        let core = &self.account.core;
        let over = core.subscription.as_ref().is_some_and(|subscription| {
            subscription.status == SubscriptionStatus::Canceled
                || (subscription.is_running() && subscription.cancel_at.is_some())
        });
        !core.entitled && over && core.entitlement_ended.is_some_and(|ended| period_start < ended.at)
    }

    pub(super) fn write_off(
        &mut self,
        id: DebtId,
        wanted: Option<Credits>,
        reason: String,
    ) -> Result<Done, Refusal> {
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

    pub(super) fn set_payment_method(&mut self, present: bool) -> Result<Done, Refusal> {
        let state = &self.account.core.recharge;
        let changes = state.payment_method != present || (present && state.declines > 0);
        self.emit_if(changes, Event::PaymentMethodSet { present })
    }

    pub(super) fn set_auto_recharge(
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

    pub(super) fn decline_recharge(&mut self, recharge: RechargeId, reason: String) -> Result<Done, Refusal> {
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
}

/// What the provider says of a payment.
pub(super) struct NewPayment {
    pub(super) id: PaymentId,
    pub(super) purpose: PaymentPurpose,
    pub(super) paid: i64,
    pub(super) currency: String,
    pub(super) credits: Option<Credits>,
    pub(super) expires_at: Option<Timestamp>,
    pub(super) period: Option<Period>,
    pub(super) recharge: Option<RechargeId>,
}
