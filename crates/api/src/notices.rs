//! Notices: those that could not be delivered, and what a member wants to be mailed.

use crate::{Id, Instant};
use serde::{Deserialize, Serialize};

/// A notice that was given up, because its endpoint did not take it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DeadNotice<'a> {
    /// Its id within the organization: to send it again.
    pub id: Id<'a>,
    /// Whose.
    pub organization: Id<'a>,
    /// The name of the endpoint.
    pub endpoint: &'a str,
    /// What it is about, such as `balance.blocked`.
    #[serde(rename = "type")]
    pub kind: &'a str,
    /// Its `webhook-id`, which stays when it is sent again.
    pub webhook_id: &'a str,
    /// How often it was sent in vain.
    pub attempts: u32,
    /// Why it was not delivered, the last time.
    pub error: &'a str,
    /// Since when it waited.
    pub created_at: Instant,
    /// When it was given up.
    pub died_at: Instant,
}

/// A notice that is sent again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Replayed<'a> {
    /// As it was when it was given up.
    pub notice: DeadNotice<'a>,
}

/// Whether a member is mailed about each kind of notice. Only members with billing access are mailed at all.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct EmailChoices {
    /// Available credits fell below the threshold.
    #[serde(rename = "balance.low", default = "yes")]
    pub balance_low: bool,
    /// Nothing starts any more.
    #[serde(rename = "balance.blocked", default = "yes")]
    pub balance_blocked: bool,
    /// Work may start again.
    #[serde(rename = "balance.unblocked", default = "yes")]
    pub balance_unblocked: bool,
    /// An automatic purchase was declined.
    #[serde(rename = "auto_recharge.failed", default = "yes")]
    pub auto_recharge_failed: bool,
    /// Too many were, in a row.
    #[serde(rename = "auto_recharge.suspended", default = "yes")]
    pub auto_recharge_suspended: bool,
    /// Credits expire soon.
    #[serde(rename = "credits.expiring", default = "yes")]
    pub credits_expiring: bool,
    /// A payment is disputed.
    #[serde(rename = "dispute.opened", default = "yes")]
    pub dispute_opened: bool,
    /// A dispute ended.
    #[serde(rename = "dispute.closed", default = "yes")]
    pub dispute_closed: bool,
}

fn yes() -> bool {
    true
}

/// What a member wants to be told. A kind that is left out is told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct NoticeChoices {
    /// By mail.
    pub email: EmailChoices,
}
