//! The people of an organization (R12): roles, billing access, and who may do what.

use crate::{command::Command, id::MemberId};
use serde::{Deserialize, Serialize};

/// What a member is in the organization (R12.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Exactly one; has billing access.
    Owner,
    /// Manages members; has no billing access by being admin.
    Admin,
    /// Works.
    Member,
    /// Looks; starts nothing.
    Viewer,
}

/// One person of the organization.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    /// What others call this person.
    pub name: String,
    /// Where notices go, if anywhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// The role.
    pub role: Role,
    /// Made billing admin by the owner, in any role.
    pub billing_admin: bool,
}

impl Member {
    /// Whether this person sees and acts on billing (R12.1).
    pub fn has_billing_access(&self) -> bool {
        self.role == Role::Owner || self.billing_admin
    }
}

/// What it takes to carry something out (R12.2, R12.3). The host's own keys pass all of these; a person passes by role.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Permission {
    /// Anyone who may work: not a viewer.
    Work,
    /// The owner and billing admins.
    Billing,
    /// The owner and admins.
    ManageMembers,
    /// The owner alone.
    Owner,
    /// No member at all: the operator, by key.
    Operator,
}

impl Permission {
    /// Whether this member has it.
    pub fn is_held_by(self, member: &Member) -> bool {
        match self {
            Permission::Work => member.role != Role::Viewer,
            Permission::Billing => member.has_billing_access(),
            Permission::ManageMembers => matches!(member.role, Role::Owner | Role::Admin),
            Permission::Owner => member.role == Role::Owner,
            Permission::Operator => false,
        }
    }

    /// What a command takes (R12.2). Changes of billing admins and owners ask for more where they are decided.
    pub fn needed_for(command: &Command) -> Permission {
        match command {
            Command::Start { .. }
            | Command::RecordUsage { .. }
            | Command::Settle { .. }
            | Command::Release { .. }
            | Command::Charge { .. }
            | Command::ResumeTask { .. }
            | Command::SetTask { .. }
            | Command::RequestRecharge
            | Command::Observe => Permission::Work,
            Command::SetAutoRecharge { .. }
            | Command::SetPaymentMethod { .. }
            | Command::ChangeSubscription { .. }
            | Command::WithdrawChange
            | Command::WriteOff { .. } => Permission::Billing,
            Command::SetMember { .. } | Command::RemoveMember { .. } | Command::NameOrganization { .. } => {
                Permission::ManageMembers
            }
            Command::TransferOwnership { .. } => Permission::Owner,
            Command::Suspend { .. }
            | Command::LiftSuspension
            | Command::GrantPromotional { .. }
            | Command::ReportSubscription { .. }
            | Command::RecordPayment { .. }
            | Command::RecordRefund { .. }
            | Command::FailRefund { .. }
            | Command::OpenDispute { .. }
            | Command::CloseDispute { .. }
            | Command::DeclineRecharge { .. }
            | Command::SetTestClock { .. } => Permission::Operator,
        }
    }
}

/// A person who can be asked (R9.3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contact {
    /// The host's id.
    pub member: MemberId,
    /// The name to show.
    pub name: String,
    /// The role.
    pub role: Role,
}
