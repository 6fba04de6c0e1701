//! What was used, summed up.

use crate::{Amount, Id, Instant};
use serde::Serialize;

/// What was used, and how often.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct UsageSums {
    /// Credits.
    pub credits: Amount,
    /// Runs closed and charges made.
    pub runs: u64,
    /// Starts refused.
    pub refused: u64,
}

/// The sums of one kind, member, task or day, as was asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct UsageRow<'a> {
    /// The first instant of the UTC day, where sums are by day.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub day: Option<Instant>,
    /// The kind of work, where sums are by kind.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<Id<'a>>,
    /// Who, where sums are by member and it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub member: Option<Id<'a>>,
    /// The scheduled task, where sums are by task and there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub task: Option<Id<'a>>,
    /// Credits.
    pub credits: Amount,
    /// Runs closed and charges made.
    pub runs: u64,
    /// Starts refused.
    pub refused: u64,
}

/// Usage of some time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Usages<'a> {
    /// From when; the hour it falls in counts whole.
    pub from: Instant,
    /// Until when.
    pub to: Instant,
    /// The sums that were asked for: most credits first, by day the oldest first.
    pub data: Vec<UsageRow<'a>>,
    /// Everything together.
    pub totals: UsageSums,
}
