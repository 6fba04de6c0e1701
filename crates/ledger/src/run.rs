//! A run is one piece of billable work (R5, R6), from its start to its close; a charge is a run that needed no start.

use crate::{
    Credits,
    event::Digest,
    grant::Take,
    id::{DebtId, KindKey, MemberId, RunId, TaskId, UsageId},
    time::Timestamp,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What a host wants to find again beside a run: any JSON object.
pub type Metadata = serde_json::Map<String, serde_json::Value>;

/// Where a run is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunStatus {
    /// Admitted and not closed.
    Running,
    /// Closed with its total (R6.2).
    Settled,
    /// Closed with what it had recorded (R6.3).
    Released,
    /// Its hold's time is over; it can still be settled (R5.4, R6.4).
    Lapsed,
}

/// How the work itself ended, as the host says (R11.2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunOutcome {
    /// It did what it should.
    #[default]
    Succeeded,
    /// It failed: counts towards `needs_attention`.
    Failed,
    /// Somebody stopped it: counts for nothing.
    Canceled,
}

/// Why and how much a run is charged, and what was left to owe (R6). All amounts in credits.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Charge {
    /// Taken from the run's own hold.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub from_hold: Vec<Take>,
    /// Taken from free credits of usable grants, in consumption order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub from_free: Vec<Take>,
    /// What nothing was left for: debt that names the run (R6.2).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outstanding: Option<Outstanding>,
    /// Beyond `max_overrun`, charged to nobody (R6.6).
    #[serde(default, skip_serializing_if = "Credits::is_zero_ref")]
    pub absorbed: Credits,
    /// Inside the kind's free allowance of the period that began at `allowance_period` (R6.5).
    #[serde(default, skip_serializing_if = "Credits::is_zero_ref")]
    pub allowance: Credits,
    /// The start of the period whose allowance was used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allowance_period: Option<Timestamp>,
}

/// Debt opened by a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outstanding {
    /// The debt.
    pub debt: DebtId,
    /// How much of it this charge opened.
    pub amount: Credits,
}

impl Charge {
    /// The usage this charge accounts for (R13).
    pub fn usage(&self) -> Credits {
        let outstanding = self.outstanding.as_ref().map_or(Credits::ZERO, |outstanding| outstanding.amount);
        self.charged().plus(outstanding).plus(self.absorbed).plus(self.allowance)
    }

    /// What grants paid.
    pub fn charged(&self) -> Credits {
        crate::grant::total(&self.from_hold).plus(crate::grant::total(&self.from_free))
    }
}

/// One recorded usage (R6.1).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    /// How much.
    pub amount: Credits,
    /// The number of the event that recorded it.
    pub seq: u64,
    /// When.
    pub at: Timestamp,
}

/// One piece of billable work.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Run {
    /// The host's id.
    pub id: RunId,
    /// The kind of work.
    pub kind: KindKey,
    /// Where it is.
    pub status: RunStatus,
    /// A charge: there was no start and no hold (R6.5).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unstarted: bool,
    /// What was held at its start.
    pub hold: Credits,
    /// What is still held, by grant.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub held: Vec<Take>,
    /// Usage so far: recorded, and stated at the close.
    pub used: Credits,
    /// What each grant paid.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub charged: Vec<Take>,
    /// What became debt.
    #[serde(default, skip_serializing_if = "Credits::is_zero_ref")]
    pub outstanding: Credits,
    /// The debt that names this run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub debt: Option<DebtId>,
    /// What was charged beyond the hold, outstanding included.
    #[serde(default, skip_serializing_if = "Credits::is_zero_ref")]
    pub overrun: Credits,
    /// What was absorbed (R6.6).
    #[serde(default, skip_serializing_if = "Credits::is_zero_ref")]
    pub absorbed: Credits,
    /// What the kind's allowance covered (R6.5).
    #[serde(default, skip_serializing_if = "Credits::is_zero_ref")]
    pub allowance: Credits,
    /// The task it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub task: Option<TaskId>,
    /// Who started it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub member: Option<MemberId>,
    /// What the host wants to find again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metadata: Option<Metadata>,
    /// When it started.
    pub started_at: Timestamp,
    /// When its hold ends (R5.4).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lapses_at: Option<Timestamp>,
    /// When it was closed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closed_at: Option<Timestamp>,
    /// How the work ended, as the host said at the close.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<RunOutcome>,
    /// What was recorded on the way, by the host's ids.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub usages: BTreeMap<UsageId, Usage>,
    /// The number of the event that started it, and what was asked then (R2.4).
    pub start_seq: u64,
    /// What was asked at the start.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start_asked: Option<Digest>,
    /// The number of the event that closed it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub close_seq: Option<u64>,
    /// What was asked at the close.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub close_asked: Option<Digest>,
    /// Changed since its row was written.
    #[serde(skip)]
    pub touched: bool,
}

impl Run {
    /// Whether nothing more is expected of it unless somebody asks: closed or lapsed.
    pub fn is_closed(&self) -> bool {
        self.status != RunStatus::Running
    }

    /// What is still held for it.
    pub fn still_held(&self) -> Credits {
        crate::grant::total(&self.held)
    }
}

/// A start that was refused and is told about (R5.6).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefusedStart {
    /// The host's id of the run that did not start.
    pub run: RunId,
    /// The number of its event.
    pub seq: u64,
    /// When.
    pub at: Timestamp,
    /// The kind of work.
    pub kind: KindKey,
    /// What it would have held.
    pub hold: Credits,
    /// Why, most important first.
    pub reasons: Vec<crate::status::ReasonCode>,
    /// What was available.
    pub available: Credits,
    /// The task it belonged to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub task: Option<TaskId>,
    /// Who tried.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub member: Option<MemberId>,
}
