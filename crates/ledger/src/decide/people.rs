//! People, suspension and the test clock (R12, R2.5).

use super::{
    Decider, Done,
    check::{invalid, not_found, text, within},
};
use crate::{
    event::Event,
    id::MemberId,
    people::{Contact, Permission, Role},
    refusal::Refusal,
    time::Timestamp,
};

impl Decider<'_> {
    /// Refuses where the member in whose name this is asked may not do it, and says who may (R12.3).
    pub(super) fn permit(&self, needs: Permission) -> Result<(), Refusal> {
        let Some(id) = &self.by.member else { return Ok(()) };
        let Some(member) = self.account.core.members.get(id) else {
            return Err(Refusal::NotAMember { member: id.to_string() });
        };
        if needs.is_held_by(member) {
            Ok(())
        } else {
            Err(Refusal::Forbidden { needs, ask: self.who_may(needs) })
        }
    }

    pub(super) fn who_may(&self, needs: Permission) -> Vec<Contact> {
        let able = self.account.core.members.iter().filter(|(_, member)| needs.is_held_by(member));
        // A person asks the owner or an admin, not one of a thousand colleagues.
        let able = able.filter(|(_, member)| member.has_billing_access() || member.role <= Role::Admin);
        able.map(|(id, member)| Contact { member: id.clone(), name: member.name.clone(), role: member.role })
            .take(20)
            .collect()
    }

    pub(super) fn name_organization(&mut self, name: String) -> Result<Done, Refusal> {
        text("name", &name, 200)?;
        let changes = self.account.core.name != name;
        self.emit_if(changes, Event::OrganizationNamed { name })
    }

    pub(super) fn set_member(
        &mut self,
        id: MemberId,
        name: String,
        email: Option<String>,
        role: Role,
        billing_admin: Option<bool>,
    ) -> Result<Done, Refusal> {
        text("name", &name, 200)?;
        if let Some(email) = &email {
            text("email", email, 320)?;
        }
        let members = &self.account.core.members;
        let known = members.get(&id);
        if known.is_none() {
            within(
                "members_max",
                members.len(),
                self.policy.limits.members_max,
                "remove members who have left",
            )?;
        }
        let was_billing_admin = known.is_some_and(|known| known.billing_admin);
        let billing_admin = billing_admin.unwrap_or(was_billing_admin);
        if billing_admin != was_billing_admin {
            self.permit(Permission::Owner)?;
        }
        let is_owner = known.is_some_and(|known| known.role == Role::Owner);
        let has_owner = members.values().any(|member| member.role == Role::Owner);
        if is_owner != (role == Role::Owner) && (is_owner || has_owner) {
            return Err(invalid(
                "role",
                "an organization has exactly one owner; use transfer_ownership to change who it is",
            ));
        }
        let changes = known.is_none_or(|known| {
            (&known.name, &known.email, known.role, known.billing_admin)
                != (&name, &email, role, billing_admin)
        });
        self.emit_if(changes, Event::MemberSet { member: id, name, email, role, billing_admin })
    }

    pub(super) fn remove_member(&mut self, id: MemberId) -> Result<Done, Refusal> {
        let Some(member) = self.account.core.members.get(&id) else { return Err(not_found("member", &id)) };
        if member.role == Role::Owner {
            return Err(invalid("member", "the owner cannot be removed; use transfer_ownership first"));
        }
        if member.billing_admin {
            self.permit(Permission::Owner)?;
        }
        self.emit_if(true, Event::MemberRemoved { member: id })
    }

    pub(super) fn transfer_ownership(&mut self, to: MemberId) -> Result<Done, Refusal> {
        let members = &self.account.core.members;
        if !members.contains_key(&to) {
            return Err(invalid("to", "a new owner must be a member of the organization first"));
        }
        let from = members.iter().find(|(_, member)| member.role == Role::Owner).map(|(id, _)| id.clone());
        let changes = from.as_ref() != Some(&to);
        self.emit_if(changes, Event::OwnershipTransferred { from, to })
    }

    pub(super) fn suspend(&mut self, reason: String) -> Result<Done, Refusal> {
        text("reason", &reason, 500)?;
        let changes =
            self.account.core.suspension.as_ref().is_none_or(|suspension| suspension.reason != reason);
        self.emit_if(changes, Event::OrganizationSuspended { reason })
    }

    pub(super) fn set_test_clock(&mut self, to: Timestamp, target: Timestamp) -> Result<Done, Refusal> {
        if target < self.now {
            return Err(invalid(
                "to",
                format!("the clock only moves forward: this account has come to {} already", self.now),
            ));
        }
        let changes = self.account.core.test_clock != Some(to);
        self.emit_if(changes, Event::TestClockSet { to })
    }
}
