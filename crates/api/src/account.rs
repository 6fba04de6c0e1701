//! Organizations, their people, their tasks.

use crate::{
    Id, Instant, Interval,
    balance::{Balance, Cadence, Role, words},
};
use serde::{Deserialize, Serialize};

/// Opens an organization, or renames it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Naming {
    /// Its name.
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 200))]
    pub name: String,
}

/// Why nothing starts any more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Suspending {
    /// Why.
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 500))]
    pub reason: String,
}

/// A suspension by the operator.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Suspension<'a> {
    /// Why.
    pub reason: &'a str,
    /// Since when.
    pub since: Instant,
}

/// A change of plan or cadence that waits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PlannedChange<'a> {
    /// The plan to be.
    pub plan: Id<'a>,
    /// The cadence to be.
    pub cadence: Cadence,
    /// When it takes effect.
    pub effective_at: Instant,
}

/// An organization in a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct OrganizationRow<'a> {
    /// The host's id.
    pub id: Id<'a>,
    /// Its name.
    pub name: &'a str,
    /// The number of its account's last event that the list stands for.
    pub version: u64,
}

/// An organization.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Organization<'a> {
    /// The host's id.
    pub id: Id<'a>,
    /// Its name.
    pub name: &'a str,
    /// Why nothing starts, where the operator said so, or null.
    pub suspension: Option<Suspension<'a>>,
    /// A change of plan or cadence that waits, or null. Billing access only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub planned_change: Option<PlannedChange<'a>>,
    /// Its own clock, where the sandbox set one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub test_clock: Option<Instant>,
    /// How many members it has.
    pub members: u64,
    /// The number of its account's last event.
    pub version: u64,
    /// The instant this is true at.
    pub as_of: Instant,
}

/// An organization that was named, and its balance.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Named<'a> {
    /// The host's id.
    pub id: Id<'a>,
    /// Its name.
    pub name: &'a str,
    /// The balance right after it.
    pub balance: Balance<'a>,
}

/// The balance right after a change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Changed<'a> {
    /// The balance.
    pub balance: Balance<'a>,
}

/// Adds or changes a member.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct NewMember {
    /// What others call this person; none: the id.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 200))]
    pub name: Option<String>,
    /// Where notices go.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 320))]
    pub email: Option<String>,
    /// The role.
    pub role: Role,
    /// Billing admin or not; none leaves it as it is.
    #[serde(default)]
    pub billing_admin: Option<bool>,
}

/// A person of the organization.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Member<'a> {
    /// The host's id.
    pub id: Id<'a>,
    /// What others call this person.
    pub name: &'a str,
    /// Where notices go; absent where there is none, or the reader manages no members.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<&'a str>,
    /// The role.
    pub role: Role,
    /// Made billing admin by the owner.
    pub billing_admin: bool,
}

/// A member, and the balance right after the change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct MemberAnswer<'a> {
    /// The member.
    pub member: Member<'a>,
    /// The balance.
    pub balance: Balance<'a>,
}

/// Makes a member the owner, and the owner an admin.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Transfer<'a> {
    /// The new owner, who must be a member.
    #[serde(borrow)]
    pub to: Id<'a>,
}

words! {
    /// Where a scheduled task is.
    TaskStatus {
        /// Its runs may start.
        Active,
        /// A start was refused for credits; a person resumes it.
        PausedForCredits,
        /// It failed too often in a row; its runs may start.
        NeedsAttention,
    }
}

/// A scheduled task that a run has named.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Task<'a> {
    /// The host's id.
    pub id: Id<'a>,
    /// Where it is.
    pub status: TaskStatus,
    /// Failures in a row.
    pub failures: u32,
    /// How many make it need attention.
    pub failures_max: u32,
    /// Since when it is paused or needs attention.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<Instant>,
}

/// A task, and the balance right after the change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TaskAnswer<'a> {
    /// The task.
    pub task: Task<'a>,
    /// The balance.
    pub balance: Balance<'a>,
}

/// How many failures in a row make a task need attention.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TaskSettings {
    /// How many.
    #[serde(deserialize_with = "crate::amount::whole::deserialize")]
    #[cfg_attr(feature = "openapi", schema(minimum = 1, maximum = 20))]
    pub failures_max: i64,
}

/// Sets an organization's own test clock: exactly one of the two.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ClockSetting {
    /// To when.
    #[serde(default)]
    pub to: Option<Instant>,
    /// By how much further.
    #[serde(default)]
    pub by: Option<Interval>,
}

/// Where an organization's clock stands. Everything that was due before has happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Clock<'a> {
    /// Whose.
    pub organization: Id<'a>,
    /// Its now.
    pub now: Instant,
    /// The number of its account's last event.
    pub version: u64,
    /// The balance, once the organization is opened.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub balance: Option<Balance<'a>>,
}

words! {
    /// How a card of the sandbox behaves.
    CardBehaviour {
        /// It pays.
        Ok,
        /// It is declined.
        Declined,
        /// Its holder has to confirm each payment, so it cannot pay while nobody is there.
        RequiresAction,
        /// There is no card.
        None,
    }
}

/// Asks for a member's session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct NewSession<'a> {
    /// Whose.
    #[serde(borrow)]
    pub member: Id<'a>,
    /// Where the console leads back to: begins with an address that the server is configured to allow.
    #[serde(default)]
    pub return_url: Option<String>,
    /// How long the session lasts; none: as the server is configured.
    #[serde(default)]
    pub lifetime: Option<Interval>,
}

/// A member's session. Neither the link nor the token is shown again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Session<'a> {
    /// Opens the console, once, within minutes. `?to=` billing, usage, history, settings or help says where.
    pub url: &'a str,
    /// For the host's own page: reaches this organization as this member.
    pub token: &'a str,
    /// When the session ends.
    pub expires_at: Instant,
}

/// The card that the sandbox provider has on file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct CardSetting {
    /// How it behaves.
    pub behaviour: CardBehaviour,
}
