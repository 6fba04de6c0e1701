//! Runs and charges: starting work, metering it, closing it.

use crate::{
    Amount, Id, Instant, Interval,
    balance::{Balance, ReasonCode, words},
};
use serde::{Deserialize, Serialize};

/// What a host wants to find again beside a run: any JSON object.
pub type Metadata = serde_json::Map<String, serde_json::Value>;

words! {
    /// Where a run is.
    RunStatus {
        /// Admitted and not closed.
        Running,
        /// Closed with its total.
        Settled,
        /// Closed with what it had recorded.
        Released,
        /// Its hold's time is over; it can still be settled.
        Lapsed,
    }
}

words! {
    /// How the work itself ended.
    Outcome {
        /// It did what it should.
        Succeeded,
        /// It failed: counts towards `needs_attention` of its task.
        Failed,
        /// Somebody stopped it: counts for nothing.
        Canceled,
    }
}

/// Asks to start a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct NewRun<'a> {
    /// The host's id of the run: the identity of the request.
    #[serde(borrow)]
    pub id: Id<'a>,
    /// The kind of work, from the catalogue.
    #[serde(borrow)]
    pub kind: Id<'a>,
    /// How many credits to hold; none: the kind's default.
    #[serde(default)]
    pub hold: Option<Amount>,
    /// The scheduled task it belongs to.
    #[serde(default, borrow)]
    pub task: Option<Id<'a>>,
    /// Who starts it.
    #[serde(default, borrow)]
    pub member: Option<Id<'a>>,
    /// How long to hold; none: 24 hours, unless configured otherwise.
    #[serde(default)]
    pub hold_lifetime: Option<Interval>,
    /// What the host wants to find again.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Object>))]
    pub metadata: Option<Metadata>,
    /// For how many milliseconds at most a start that lacks credits waits for the automatic purchase that would bring them;
    /// none: not at all. The server has a limit of its own, 10 seconds unless configured otherwise.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(maximum = 3_600_000))]
    pub wait_for_recharge_ms: Option<u32>,
}

/// Adds to what a run has used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct NewUsage<'a> {
    /// The host's id of this record, unique in the run: the identity of the request.
    #[serde(borrow)]
    pub id: Id<'a>,
    /// How many credits.
    pub amount: Amount,
}

/// States a run's total and closes it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Settlement {
    /// The total, what was recorded before included.
    pub used: Amount,
    /// How the work ended; none: it succeeded.
    #[serde(default)]
    pub outcome: Option<Outcome>,
}

/// Records work that needed no start.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct NewCharge<'a> {
    /// The host's id, shared with runs: the identity of the request.
    #[serde(borrow)]
    pub id: Id<'a>,
    /// The kind of work, from the catalogue.
    #[serde(borrow)]
    pub kind: Id<'a>,
    /// How many credits it used.
    pub used: Amount,
    /// For whom.
    #[serde(default, borrow)]
    pub member: Option<Id<'a>>,
    /// What the host wants to find again.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Object>))]
    pub metadata: Option<Metadata>,
}

/// So many credits of a grant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Take<'a> {
    /// Which.
    pub grant: Id<'a>,
    /// How many.
    pub amount: Amount,
}

/// One record of usage.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Usage<'a> {
    /// The host's id.
    pub id: Id<'a>,
    /// How many credits.
    pub amount: Amount,
    /// When.
    pub at: Instant,
}

/// A run, or a charge that needed no start. Amounts in credits.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Run<'a> {
    /// The host's id.
    pub id: Id<'a>,
    /// The kind of work.
    pub kind: Id<'a>,
    /// Where it is.
    pub status: RunStatus,
    /// What was held at its start.
    pub hold: Amount,
    /// What is still held for it.
    pub held: Amount,
    /// What it used so far.
    pub used: Amount,
    /// What each grant paid. Billing access only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub charged: Option<Vec<Take<'a>>>,
    /// What nothing was left for and became debt. Billing access only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outstanding: Option<Amount>,
    /// The debt that names this run. Billing access only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub debt: Option<Id<'a>>,
    /// What was charged beyond the hold, outstanding included. Billing access only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub overrun: Option<Amount>,
    /// What was charged to nobody, beyond the limit on overrun.
    pub absorbed: Amount,
    /// What the kind's free allowance covered.
    pub allowance: Amount,
    /// The scheduled task it belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub task: Option<Id<'a>>,
    /// Who started it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub member: Option<Id<'a>>,
    /// What the host wants to find again.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Object>))]
    pub metadata: Option<&'a Metadata>,
    /// When it started.
    pub started_at: Instant,
    /// When its hold ends.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lapses_at: Option<Instant>,
    /// When it was closed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub closed_at: Option<Instant>,
    /// How the work ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outcome: Option<Outcome>,
    /// What was recorded on the way; only where one run is asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub usages: Option<Vec<Usage<'a>>>,
}

/// A run, and the balance right after it.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RunAnswer<'a> {
    /// The run.
    pub run: Run<'a>,
    /// The balance right after it.
    pub balance: Balance<'a>,
}

words! {
    /// That a start was refused.
    Refused {
        /// It was.
        Refused,
    }
}

/// A start that was refused: the first of a block, or one that paused a task. Further ones are counted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RefusedStart<'a> {
    /// The host's id of the run that did not start.
    pub id: Id<'a>,
    /// The kind of work.
    pub kind: Id<'a>,
    /// Always `refused`.
    pub status: Refused,
    /// What it would have held.
    pub hold: Amount,
    /// What was available.
    pub available: Amount,
    /// Why, most important first.
    pub reasons: Vec<ReasonCode>,
    /// The scheduled task it belonged to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub task: Option<Id<'a>>,
    /// Who tried.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub member: Option<Id<'a>>,
    /// When.
    pub refused_at: Instant,
}

/// How many starts were refused in an hour.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RefusedCount<'a> {
    /// The first instant of the hour.
    pub hour: Instant,
    /// The kind of work.
    pub kind: Id<'a>,
    /// Who tried.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub member: Option<Id<'a>>,
    /// The scheduled task.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub task: Option<Id<'a>>,
    /// How many.
    pub refused: u64,
}

/// A run or a refused start.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum RunRow<'a> {
    /// A refused start.
    Refused(RefusedStart<'a>),
    /// A run.
    Run(Box<Run<'a>>),
}

/// A page of runs, newest first; for `status=refused` also how many starts were refused, by hour, in the last 30 days.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Runs<'a> {
    /// The rows.
    pub data: Vec<RunRow<'a>>,
    /// Hand it back as `cursor` for the next page; null: this is the last.
    pub next_cursor: Option<String>,
    /// Refused starts by hour, kind of work, member and task.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub counts: Option<Vec<RefusedCount<'a>>>,
}
