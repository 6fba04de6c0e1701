//! The policy: every named setting that the rules call a policy, with the default that SPEC gives.
//!
//! A policy is an input of each decision, like `now`. Events state what was decided under it, so that a later change of
//! policy never changes what has happened.

use crate::{
    Credits,
    grant::GrantKind,
    id::{KindKey, PlanKey},
    subscription::Cadence,
    time::Duration,
};
use std::collections::BTreeMap;

/// What the rules are told by whoever runs them. [`Policy::default`] is SPEC's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// How long purchased credits live, in calendar months (R3.5).
    pub purchased_lifetime_months: u32,
    /// How long a past-due subscription stays entitled (R4.2).
    pub past_due_grace: Duration,
    /// How long a hold lives unless the run asks otherwise (R5.4).
    pub hold_lifetime: Duration,
    /// The longest hold a run may ask for (R5.4).
    pub hold_lifetime_max: Duration,
    /// What one run is charged at most beyond its hold; the rest is absorbed (R6.6). None: everything is charged.
    pub max_overrun: Option<Credits>,
    /// Which kinds of credits may settle which debt (R7.5).
    pub settlement: Settlement,
    /// Below which available credits a balance is low, where no auto-recharge threshold is saved (R10.1).
    pub low_balance: Credits,
    /// How long before their expiry credits are announced as expiring (R9.1).
    pub expiring_notice: Duration,
    /// The priorities of the kinds of grants (R3.6).
    pub priorities: Priorities,
    /// The kinds of billable work (R5.1).
    pub kinds: BTreeMap<KindKey, Kind>,
    /// The plans on sale, for changes of plan and cadence (R4.6, R4.7).
    pub plans: BTreeMap<PlanKey, Plan>,
    /// Auto-recharge (R10).
    pub recharge: RechargePolicy,
    /// After how many failures in a row a task needs attention, unless the task says otherwise (R11.2).
    pub task_failures: u32,
    /// The most that a task may ask for (R11.2).
    pub task_failures_max: u32,
    /// What one account may hold at most.
    pub limits: Limits,
}

/// Which kinds of grants may settle each kind of debt (R7.5).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settlement {
    /// Debt of admitted work that used more than there was.
    pub outstanding_usage: Vec<GrantKind>,
    /// Debt of refunds.
    pub refund: Vec<GrantKind>,
    /// Debt of disputes.
    pub dispute: Vec<GrantKind>,
}

/// Lowest is spent first (R3.6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Priorities {
    /// Included credits.
    pub included: u32,
    /// Promotional credits.
    pub promotional: u32,
    /// Purchased credits.
    pub purchased: u32,
}

impl Priorities {
    /// The priority of a kind of grant that does not say its own.
    pub fn of(self, kind: GrantKind) -> u32 {
        match kind {
            GrantKind::Included => self.included,
            GrantKind::Promotional => self.promotional,
            GrantKind::Purchased => self.purchased,
        }
    }
}

/// A kind of billable work (R5.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kind {
    /// What people call it.
    pub label: String,
    /// What it is grouped under.
    pub category: String,
    /// What one of it is counted in: "messages", "runs".
    pub unit: String,
    /// What a start holds that does not say (R5.1).
    pub default_hold: Credits,
    /// Credits of this kind of work that are free in each period (R6.5).
    pub allowance: Credits,
}

/// A plan on sale (R4.5–R4.7).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// What people call it.
    pub label: String,
    /// Which plan is more: a change to a higher tier is an upgrade (R4.7).
    pub tier: u32,
    /// Included credits of one month.
    pub monthly_allowance: Credits,
    /// What a month costs, in minor units.
    pub monthly_price: i64,
    /// What a year costs, in minor units.
    pub annual_price: i64,
    /// The currency of both prices.
    pub currency: String,
}

impl Plan {
    /// What one period of this cadence includes (R3.5): a year has twelve monthly allowances. Checked when the plan is configured.
    pub fn allowance(&self, cadence: Cadence) -> Option<Credits> {
        match cadence {
            Cadence::Monthly => Some(self.monthly_allowance),
            Cadence::Annual => self.monthly_allowance.micros().checked_mul(12).map(Credits::from_micros),
        }
    }

    /// What one period of this cadence costs, in minor units.
    pub fn price(&self, cadence: Cadence) -> i64 {
        match cadence {
            Cadence::Monthly => self.monthly_price,
            Cadence::Annual => self.annual_price,
        }
    }
}

/// What auto-recharge settings may be, and how declines are met (R10.2, R10.5).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RechargePolicy {
    /// Thresholds, amounts and nothing else come in multiples of this.
    pub step: Credits,
    /// The highest threshold; the lowest is one step.
    pub threshold_max: Credits,
    /// The threshold where none is given.
    pub threshold: Credits,
    /// The largest amount; the smallest is one step.
    pub amount_max: Credits,
    /// The amount where none is given.
    pub amount: Credits,
    /// The monthly limit where none is given.
    pub monthly_limit: Credits,
    /// How long to wait after the first, second, … decline in a row. One more decline than waits suspends.
    pub waits: Vec<Duration>,
}

/// Named limits of one account; beyond them a command is refused with `limit_reached`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Members of one organization.
    pub members_max: usize,
    /// Tasks that are known.
    pub tasks_max: usize,
    /// Runs that are open at once.
    pub open_runs_max: usize,
    /// Usage records of one run.
    pub usage_records_max: usize,
    /// Refunds and disputes that wait for their payment or opening.
    pub waiting_max: usize,
    /// Bytes of a run's metadata.
    pub metadata_bytes_max: usize,
}

const fn credits(whole: i64) -> Credits {
    match Credits::whole(whole) {
        Some(amount) => amount,
        None => panic!("a default that does not fit"),
    }
}

impl Default for Policy {
    fn default() -> Policy {
        use GrantKind::{Included, Promotional, Purchased};
        let kind = |key: &str, label: &str, category: &str, unit: &str, hold: i64| {
            let kind = Kind {
                label: label.into(),
                category: category.into(),
                unit: unit.into(),
                default_hold: credits(hold),
                allowance: Credits::ZERO,
            };
            (key.parse().expect("a key of the catalogue"), kind)
        };
        Policy {
            purchased_lifetime_months: 12,
            past_due_grace: Duration::days(7),
            hold_lifetime: Duration::hours(24),
            hold_lifetime_max: Duration::days(30),
            max_overrun: None,
            settlement: Settlement {
                outstanding_usage: vec![Included, Promotional, Purchased],
                refund: vec![Purchased],
                dispute: vec![Purchased],
            },
            low_balance: credits(10_000),
            expiring_notice: Duration::days(7),
            priorities: Priorities { included: 10, promotional: 20, purchased: 30 },
            kinds: BTreeMap::from([
                kind("chat_message", "Chat message", "chat", "messages", 10),
                kind("tool_run", "AI tool run", "tools", "runs", 50),
                kind("workflow_run", "Workflow run", "workflows", "runs", 200),
                kind("browser_session", "Browser session", "browser", "sessions", 300),
                kind("scheduled_run", "Scheduled run", "scheduled", "runs", 100),
                kind("background", "Background work", "background", "jobs", 0),
            ]),
            plans: BTreeMap::new(),
            recharge: RechargePolicy {
                step: credits(5_000),
                threshold_max: credits(50_000),
                threshold: credits(10_000),
                amount_max: credits(500_000),
                amount: credits(20_000),
                monthly_limit: credits(100_000),
                waits: vec![Duration::hours(1), Duration::hours(6)],
            },
            task_failures: 5,
            task_failures_max: 20,
            limits: Limits {
                members_max: 10_000,
                tasks_max: 10_000,
                open_runs_max: 1_000_000,
                usage_records_max: 10_000,
                waiting_max: 1_000,
                metadata_bytes_max: 4_096,
            },
        }
    }
}
