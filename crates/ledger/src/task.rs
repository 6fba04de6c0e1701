//! Scheduled tasks (R11): what pauses them, and what makes them need attention.

use crate::time::Timestamp;
use serde::{Deserialize, Serialize};

/// Where a task is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TaskStatus {
    /// Its runs may start.
    #[default]
    Active,
    /// A start was refused for credits; a person resumes it (R11.1).
    PausedForCredits,
    /// It failed too often in a row; its runs may start (R11.2).
    NeedsAttention,
}

/// What is known of a task that a run named.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Task {
    /// Where it is.
    pub status: TaskStatus,
    /// Failures in a row.
    pub failures: u32,
    /// How many it takes to need attention, where the task says (R11.2); else the policy's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failures_max: Option<u32>,
    /// Since when it is where it is.
    pub since: Timestamp,
    /// The number of the event that paused it or said that it needs attention.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seq: Option<u64>,
}
