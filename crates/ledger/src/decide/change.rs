//! Changes of plan and cadence (R4.6, R4.7): whether they are possible, what they would mean, and that one is planned.

use super::{Decider, Done, check::invalid};
use crate::{
    Account, Credits,
    event::Event,
    grant::GrantKind,
    id::PlanKey,
    policy::Policy,
    refusal::Refusal,
    subscription::{Cadence, ChangePreview, PlannedChange, SubscriptionStatus},
    time::Timestamp,
};

impl Decider<'_> {
    pub(super) fn change_subscription(&mut self, plan: PlanKey, cadence: Cadence) -> Result<Done, Refusal> {
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

    /// What the planned change means now; none where no change is planned, or its plan is not in the catalogue any more.
    pub fn planned_preview(&self, policy: &Policy, now: Timestamp) -> Option<ChangePreview> {
        let change = self.core.planned_change.as_ref()?;
        self.preview_planned(policy, &change.plan, change.cadence, now).ok()
    }

    pub(super) fn preview_planned(
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
