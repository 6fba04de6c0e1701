//! Sentences of what happened around the credits: to people, the subscription, tasks, and the account's state.

use super::Teller;
use crate::{copy::say, web::figures::usable};
use ledger::{
    event::Event,
    subscription::{Subscription, SubscriptionStatus},
};

impl Teller<'_> {
    pub(super) fn of_people(&self, event: &Event, who: &str) -> Option<String> {
        Some(match event {
            Event::OrganizationNamed { name } => {
                say!(self, "billing-event-organization_named", who = who, name = name)
            }
            Event::MemberSet { name, role, billing_admin, .. } => {
                let role = crate::web::frame::role(self.copy, *role);
                match billing_admin {
                    true => {
                        say!(self, "billing-event-member_set-billing", who = who, name = name, role = role)
                    }
                    false => say!(self, "billing-event-member_set", who = who, name = name, role = role),
                }
            }
            Event::MemberRemoved { member } => {
                say!(self, "billing-event-member_removed", who = who, name = self.person(member))
            }
            Event::OwnershipTransferred { to, .. } => {
                say!(self, "billing-event-ownership_transferred", who = who, name = self.person(to))
            }
            Event::OrganizationSuspended { reason } => {
                let reason = crate::words::ended(reason);
                say!(self, "billing-event-organization_suspended", reason = reason)
            }
            Event::SuspensionLifted {} => say!(self, "billing-event-suspension_lifted"),
            Event::TestClockSet { to } => {
                say!(self, "billing-event-test_clock_set", date = self.copy.date_time(*to))
            }
            Event::Unchanged {} => say!(self, "billing-event-unchanged", who = who),
            _ => return None,
        })
    }

    pub(super) fn of_subscription(&self, event: &Event, who: &str) -> Option<String> {
        Some(match event {
            Event::SubscriptionReported { subscription } => self.reported(subscription),
            Event::EntitlementBegan { unlocked } if unlocked.is_positive() => {
                say!(self, "billing-event-entitlement_began-unlocked", amount = usable(*unlocked))
            }
            Event::EntitlementBegan { .. } => say!(self, "billing-event-entitlement_began"),
            Event::EntitlementEnded { locked } if locked.is_positive() => {
                say!(self, "billing-event-entitlement_ended-locked", amount = usable(*locked))
            }
            Event::EntitlementEnded { .. } => say!(self, "billing-event-entitlement_ended"),
            Event::ChangePlanned { change } => say!(
                self,
                "billing-event-change_planned",
                who = who,
                plan = self.plan(&change.plan),
                cadence = self.cadence(change.cadence),
                date = self.date(change.effective_at)
            ),
            Event::ChangeWithdrawn {} => say!(self, "billing-event-change_withdrawn"),
            Event::ChangeCompleted {} => say!(self, "billing-event-change_completed"),
            _ => return None,
        })
    }

    fn reported(&self, reported: &Subscription) -> String {
        use SubscriptionStatus as Status;
        let plan = reported.plan.as_ref().map(|plan| self.plan(plan)).unwrap_or_default();
        let cadence = self.cadence(reported.cadence);
        let until = reported.period.map(|period| self.date(period.end)).unwrap_or_default();
        match (reported.status, reported.cancel_at) {
            (Status::Active | Status::Trialing, Some(at)) => {
                say!(self, "billing-event-subscription_reported-ending", plan = plan, date = self.date(at))
            }
            (Status::Active, None) => {
                say!(
                    self,
                    "billing-event-subscription_reported",
                    plan = plan,
                    cadence = cadence,
                    date = until
                )
            }
            (Status::Trialing, None) => {
                say!(self, "billing-event-subscription_reported-trial", plan = plan, date = until)
            }
            (Status::PastDue, _) => {
                say!(self, "billing-event-subscription_reported-past_due", plan = plan)
            }
            (Status::Unpaid, _) => say!(self, "billing-event-subscription_reported-unpaid", plan = plan),
            (Status::Paused, _) => say!(self, "billing-event-subscription_reported-paused", plan = plan),
            (Status::Incomplete, _) => {
                say!(self, "billing-event-subscription_reported-incomplete", plan = plan)
            }
            (Status::Canceled, _) => {
                say!(self, "billing-event-subscription_reported-canceled", plan = plan)
            }
            (Status::None, _) => say!(self, "billing-event-subscription_reported-none"),
        }
    }

    pub(super) fn of_tasks_and_states(&self, event: &Event, who: &str) -> String {
        match event {
            Event::TaskPaused { task, .. } => {
                say!(self, "billing-event-task_paused", task = task.as_str())
            }
            Event::TaskResumed { task } => {
                say!(self, "billing-event-task_resumed", who = who, task = task.as_str())
            }
            Event::TaskNeedsAttention { task, failures } => {
                say!(self, "billing-event-task_needs_attention", task = task.as_str(), count = *failures)
            }
            Event::TaskSet { task, failures_max } => {
                say!(self, "billing-event-task_set", who = who, task = task.as_str(), count = *failures_max)
            }
            Event::BalanceBlocked { reason } => {
                say!(self, "billing-event-balance_blocked", why = self.why(*reason))
            }
            Event::BalanceUnblocked {} => say!(self, "billing-event-balance_unblocked"),
            Event::BalanceLow { available, threshold } => say!(
                self,
                "billing-event-balance_low",
                amount = usable(*available),
                threshold = usable(*threshold)
            ),
            Event::BalanceRecovered { available } => {
                say!(self, "billing-event-balance_recovered", amount = usable(*available))
            }
            // What has no sentence yet is at least named; a test goes over every event.
            other => other.name().replace('_', " "),
        }
    }
}
