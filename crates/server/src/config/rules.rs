//! What the rules are told: named settings, kinds of work, plans.

use super::values::{Amount, Length, Months, at_least_one, currency, price};
use ledger::{
    Policy,
    grant::GrantKind,
    id::{KindKey, PlanKey},
    policy::{Kind, Limits, Plan, Priorities, RechargePolicy, Settlement},
};
use serde::Deserialize;
use std::collections::BTreeMap;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PolicySettings {
    purchased_lifetime: Months,
    past_due_grace: Length,
    hold_lifetime: Length,
    hold_lifetime_max: Length,
    max_overrun: Option<Amount>,
    low_balance: Amount,
    expiring_notice: Length,
    task_failures: u32,
    task_failures_max: u32,
    settlement: SettlementSettings,
    priorities: PrioritySettings,
    recharge: RechargeSettings,
    limits: LimitSettings,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SettlementSettings {
    outstanding_usage: Vec<GrantKind>,
    refund: Vec<GrantKind>,
    dispute: Vec<GrantKind>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PrioritySettings {
    included: u32,
    promotional: u32,
    purchased: u32,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RechargeSettings {
    step: Amount,
    threshold_max: Amount,
    threshold: Amount,
    amount_max: Amount,
    amount: Amount,
    monthly_limit: Amount,
    waits: Vec<Length>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LimitSettings {
    members_max: usize,
    tasks_max: usize,
    open_runs_max: usize,
    usage_records_max: usize,
    waiting_max: usize,
    metadata_bytes_max: usize,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct KindSettings {
    label: String,
    category: String,
    unit: String,
    default_hold: Amount,
    #[serde(default)]
    allowance: Amount,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PlanSettings {
    label: String,
    tier: u32,
    monthly_allowance: Amount,
    monthly_price: i64,
    annual_price: i64,
    currency: String,
}

impl PolicySettings {
    pub(super) fn checked(
        self,
        kinds: BTreeMap<KindKey, KindSettings>,
        plans: BTreeMap<PlanKey, PlanSettings>,
    ) -> Result<Policy, String> {
        if self.hold_lifetime.0 > self.hold_lifetime_max.0 {
            return Err("policy.hold_lifetime is longer than policy.hold_lifetime_max".into());
        }
        if !(1..=self.task_failures_max).contains(&self.task_failures) {
            return Err(format!(
                "policy.task_failures is {}; it is 1 to policy.task_failures_max, which is {}",
                self.task_failures, self.task_failures_max
            ));
        }
        let LimitSettings {
            members_max,
            tasks_max,
            open_runs_max,
            usage_records_max,
            waiting_max,
            metadata_bytes_max,
        } = self.limits;
        for (name, value) in [
            ("policy.limits.members_max", members_max),
            ("policy.limits.open_runs_max", open_runs_max),
            ("policy.limits.usage_records_max", usage_records_max),
            ("policy.limits.waiting_max", waiting_max),
        ] {
            at_least_one(name, value)?;
        }
        if kinds.is_empty() {
            return Err("kinds is empty, so that no work could start; name at least one".into());
        }
        let kind = |settings: KindSettings| Kind {
            label: settings.label,
            category: settings.category,
            unit: settings.unit,
            default_hold: settings.default_hold.0,
            allowance: settings.allowance.0,
        };
        let plans = plans.into_iter().map(|(key, plan)| Ok((key.clone(), plan.checked(&key)?)));
        Ok(Policy {
            purchased_lifetime_months: self.purchased_lifetime.0,
            past_due_grace: self.past_due_grace.0,
            hold_lifetime: self.hold_lifetime.0,
            hold_lifetime_max: self.hold_lifetime_max.0,
            max_overrun: self.max_overrun.map(|amount| amount.0),
            settlement: Settlement {
                outstanding_usage: self.settlement.outstanding_usage,
                refund: self.settlement.refund,
                dispute: self.settlement.dispute,
            },
            low_balance: self.low_balance.0,
            expiring_notice: self.expiring_notice.0,
            priorities: Priorities {
                included: self.priorities.included,
                promotional: self.priorities.promotional,
                purchased: self.priorities.purchased,
            },
            kinds: kinds.into_iter().map(|(key, settings)| (key, kind(settings))).collect(),
            plans: plans.collect::<Result<_, String>>()?,
            recharge: self.recharge.checked()?,
            task_failures: self.task_failures,
            task_failures_max: self.task_failures_max,
            limits: Limits {
                members_max,
                tasks_max,
                open_runs_max,
                usage_records_max,
                waiting_max,
                metadata_bytes_max,
            },
        })
    }
}

impl PlanSettings {
    fn checked(self, key: &PlanKey) -> Result<Plan, String> {
        let name = format!("plans.{key}");
        price(&name, "monthly_price", self.monthly_price)?;
        price(&name, "annual_price", self.annual_price)?;
        currency(&name, &self.currency)?;
        let PlanSettings { label, tier, monthly_allowance, monthly_price, annual_price, currency } = self;
        Ok(Plan {
            label,
            tier,
            monthly_allowance: monthly_allowance.0,
            monthly_price,
            annual_price,
            currency,
        })
    }
}

impl RechargeSettings {
    fn checked(self) -> Result<RechargePolicy, String> {
        let step = self.step.0;
        if step.is_zero() {
            return Err("policy.recharge.step is 0; thresholds and amounts are multiples of it".into());
        }
        for (name, value) in [
            ("threshold_max", self.threshold_max.0),
            ("threshold", self.threshold.0),
            ("amount_max", self.amount_max.0),
            ("amount", self.amount.0),
        ] {
            if value.is_zero() || value.micros() % step.micros() != 0 {
                return Err(format!("policy.recharge.{name} is {value}; it is a multiple of step, {step}"));
            }
        }
        for (name, value, bound, limit) in [
            ("threshold", self.threshold.0, "threshold_max", self.threshold_max.0),
            ("amount", self.amount.0, "amount_max", self.amount_max.0),
            ("amount", self.amount.0, "monthly_limit", self.monthly_limit.0),
        ] {
            if value > limit {
                return Err(format!(
                    "policy.recharge.{name} is {value}, more than {bound}, which is {limit}"
                ));
            }
        }
        Ok(RechargePolicy {
            step,
            threshold_max: self.threshold_max.0,
            threshold: self.threshold.0,
            amount_max: self.amount_max.0,
            amount: self.amount.0,
            monthly_limit: self.monthly_limit.0,
            waits: self.waits.into_iter().map(|wait| wait.0).collect(),
        })
    }
}
