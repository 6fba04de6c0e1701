//! Status: what an account can do at an instant, why not, and what to do about it (R5.2, R9).
//!
//! Everything here is read off an account on which nothing is due any more; nothing here changes it.

use crate::{
    Account, Credits,
    debt::{DebtKind, DebtOrigin},
    event::Actor,
    grant::{GrantKind, GrantState},
    id::*,
    people::Contact,
    policy::Policy,
    recharge::InFlight,
    subscription::{Period, Subscription},
    task::TaskStatus,
    time::Timestamp,
};
use serde::{Deserialize, Serialize};

/// Why an account is not simply `ok`, most important first (R9.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReasonCode {
    /// The operator stopped all starts.
    OrganizationSuspended,
    /// Disputed credits were used.
    DisputeDebt,
    /// Refunded credits were used.
    RefundDebt,
    /// Admitted work used more than there was.
    OutstandingUsage,
    /// Nothing available, and not entitled because a payment failed.
    PaymentPastDue,
    /// Nothing available, purchased credits locked.
    CreditsLocked,
    /// Nothing available, not entitled, nothing locked.
    SubscriptionRequired,
    /// Nothing available.
    CreditsDepleted,
    /// Something available, but less than the hold.
    InsufficientCredits,
    /// A start of this task was refused for credits before.
    TaskPaused,
    /// Past due, in grace.
    PaymentFailing,
    /// Below the threshold.
    BalanceLow,
    /// Purchased or promotional credits expire soon.
    CreditsExpiring,
    /// Automatic purchases failed too often in a row.
    AutoRechargeSuspended,
    /// A cancellation is scheduled.
    SubscriptionEnding,
    /// A dispute keeps credits out of reach.
    CreditsFrozen,
}

/// How much a reason matters (R9.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// Nothing starts.
    Blocking,
    /// Something will stop soon.
    Warning,
    /// Good to know.
    Info,
}

impl ReasonCode {
    /// All of them, most important first.
    pub const ALL: [ReasonCode; 16] = [
        ReasonCode::OrganizationSuspended,
        ReasonCode::DisputeDebt,
        ReasonCode::RefundDebt,
        ReasonCode::OutstandingUsage,
        ReasonCode::PaymentPastDue,
        ReasonCode::CreditsLocked,
        ReasonCode::SubscriptionRequired,
        ReasonCode::CreditsDepleted,
        ReasonCode::InsufficientCredits,
        ReasonCode::TaskPaused,
        ReasonCode::PaymentFailing,
        ReasonCode::BalanceLow,
        ReasonCode::CreditsExpiring,
        ReasonCode::AutoRechargeSuspended,
        ReasonCode::SubscriptionEnding,
        ReasonCode::CreditsFrozen,
    ];

    /// How much it matters.
    pub fn severity(self) -> Severity {
        match self {
            code if code <= ReasonCode::TaskPaused => Severity::Blocking,
            code if code <= ReasonCode::AutoRechargeSuspended => Severity::Warning,
            _ => Severity::Info,
        }
    }

    /// The code that hosts branch on.
    pub fn as_str(self) -> &'static str {
        match self {
            ReasonCode::OrganizationSuspended => "organization_suspended",
            ReasonCode::DisputeDebt => "dispute_debt",
            ReasonCode::RefundDebt => "refund_debt",
            ReasonCode::OutstandingUsage => "outstanding_usage",
            ReasonCode::PaymentPastDue => "payment_past_due",
            ReasonCode::CreditsLocked => "credits_locked",
            ReasonCode::SubscriptionRequired => "subscription_required",
            ReasonCode::CreditsDepleted => "credits_depleted",
            ReasonCode::InsufficientCredits => "insufficient_credits",
            ReasonCode::TaskPaused => "task_paused",
            ReasonCode::PaymentFailing => "payment_failing",
            ReasonCode::BalanceLow => "balance_low",
            ReasonCode::CreditsExpiring => "credits_expiring",
            ReasonCode::AutoRechargeSuspended => "auto_recharge_suspended",
            ReasonCode::SubscriptionEnding => "subscription_ending",
            ReasonCode::CreditsFrozen => "credits_frozen",
        }
    }

    /// The code in a few words.
    pub fn meaning(self) -> &'static str {
        match self {
            ReasonCode::OrganizationSuspended => "the organization is suspended",
            ReasonCode::DisputeDebt => "disputed credits were already used",
            ReasonCode::RefundDebt => "refunded credits were already used",
            ReasonCode::OutstandingUsage => "earlier work used more credits than there were",
            ReasonCode::PaymentPastDue => "a subscription payment failed",
            ReasonCode::CreditsLocked => "purchased credits are locked since the subscription ended",
            ReasonCode::SubscriptionRequired => "there is no subscription",
            ReasonCode::CreditsDepleted => "no credits are left",
            ReasonCode::InsufficientCredits => "fewer credits are available than this start holds",
            ReasonCode::TaskPaused => "the task is paused until a person resumes it",
            ReasonCode::PaymentFailing => "a subscription payment has failed and is tried again",
            ReasonCode::BalanceLow => "the balance is low",
            ReasonCode::CreditsExpiring => "credits expire soon",
            ReasonCode::AutoRechargeSuspended => "auto-recharge is suspended after failed payments",
            ReasonCode::SubscriptionEnding => "the subscription ends soon",
            ReasonCode::CreditsFrozen => "credits are frozen while a dispute is open",
        }
    }
}

/// What a reason goes back to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A run that used more than there was.
    Run(RunId),
    /// A refund of a payment.
    Refund(RefundId, PaymentId),
    /// A dispute over a payment.
    Dispute(DisputeId, PaymentId),
    /// The subscription.
    Subscription,
    /// A grant.
    Grant(GrantId),
    /// A task.
    Task(TaskId),
    /// An automatic purchase.
    Recharge(RechargeId),
    /// The operator.
    Operator,
}

impl From<&DebtOrigin> for Origin {
    fn from(origin: &DebtOrigin) -> Origin {
        match origin {
            DebtOrigin::Run { run } => Origin::Run(run.clone()),
            DebtOrigin::Refund { refund, payment } => Origin::Refund(refund.clone(), payment.clone()),
            DebtOrigin::Dispute { dispute, payment } => Origin::Dispute(dispute.clone(), payment.clone()),
        }
    }
}

/// One reason with its facts (R9.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reason {
    /// Which.
    pub code: ReasonCode,
    /// The credits it is about, where it is about credits.
    pub amount: Option<Credits>,
    /// Since when; for what is to come, when.
    pub since: Option<Timestamp>,
    /// What it goes back to.
    pub origin: Option<Origin>,
}

/// What a person can do about a reason (R9.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Buy credits.
    AddCredits,
    /// Undo the cancellation, or subscribe again: locked credits come back.
    ResumeSubscription,
    /// Subscribe.
    StartSubscription,
    /// Give the provider a card that works.
    UpdatePaymentMethod,
    /// Pay exactly what is owed.
    ResolveShortfall,
    /// Let the next grant settle the debt.
    WaitForGrant,
    /// Turn auto-recharge on.
    EnableAutoRecharge,
    /// Ask the owner or a billing admin.
    AskBillingAdmin,
}

impl Action {
    /// The action's name.
    pub fn as_str(self) -> &'static str {
        match self {
            Action::AddCredits => "add_credits",
            Action::ResumeSubscription => "resume_subscription",
            Action::StartSubscription => "start_subscription",
            Action::UpdatePaymentMethod => "update_payment_method",
            Action::ResolveShortfall => "resolve_shortfall",
            Action::WaitForGrant => "wait_for_grant",
            Action::EnableAutoRecharge => "enable_auto_recharge",
            Action::AskBillingAdmin => "ask_billing_admin",
        }
    }
}

/// One thing to do, with its figures (R9.3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NextStep {
    /// What.
    pub action: Action,
    /// How many credits it is about.
    pub amount: Option<Credits>,
    /// When, for something to wait for.
    pub at: Option<Timestamp>,
    /// What will be left of the debt after it.
    pub debt_after: Option<Credits>,
}

/// So many credits at an instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Upcoming {
    /// When.
    pub at: Timestamp,
    /// How many.
    pub amount: Credits,
}

/// Auto-recharge as people see it (R10). Amounts in credits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RechargeView {
    /// Whether it buys.
    pub enabled: bool,
    /// Below what.
    pub threshold: Credits,
    /// How much at once.
    pub amount: Credits,
    /// How much in a month at most.
    pub monthly_limit: Credits,
    /// What it bought in this UTC calendar month.
    pub bought_this_month: Credits,
    /// The purchase in flight.
    pub in_flight: Option<InFlight>,
    /// Suspended after declines.
    pub suspended: bool,
    /// When the next purchase may be tried, after a decline.
    pub retry_at: Option<Timestamp>,
}

/// An account at an instant, as everybody is shown it. Amounts in credits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Balance {
    /// Whose.
    pub organization: OrganizationId,
    /// Free credits of usable grants (R5.2).
    pub available: Credits,
    /// Of these, included ones.
    pub included: Credits,
    /// What the included grants of this period came to when they were granted (R3.5): the whole of a meter.
    pub included_granted: Credits,
    /// Of these, purchased ones.
    pub purchased: Credits,
    /// Of these, promotional ones.
    pub promotional: Credits,
    /// Earmarked for running runs.
    pub held: Credits,
    /// Free, in locked grants.
    pub locked: Credits,
    /// When the first of these expires.
    pub locked_expires_at: Option<Timestamp>,
    /// Out of reach while a dispute is open.
    pub frozen: Credits,
    /// Open debt: outstanding usage, refund, dispute.
    pub debt: [Credits; 3],
    /// Everything to say, most important first (R9.1).
    pub reasons: Vec<Reason>,
    /// What to do, for the person who asks (R9.3).
    pub next_steps: Vec<NextStep>,
    /// Whom to ask: the owner and the billing admins.
    pub ask: Vec<Contact>,
    /// As the provider reports it.
    pub subscription: Option<Subscription>,
    /// Whether purchased credits may start work (R4.2).
    pub entitled: bool,
    /// The current period.
    pub period: Option<Period>,
    /// The next grant that is known or expected.
    pub next_grant: Option<Upcoming>,
    /// The next credits to expire.
    pub next_expiry: Option<Upcoming>,
    /// Below what the balance is low.
    pub low_threshold: Credits,
    /// Auto-recharge.
    pub auto_recharge: RechargeView,
    /// Whether the person who asks sees billing (R12.2).
    pub sees_billing: bool,
    /// The number of the account's last event.
    pub version: u64,
    /// The instant this is true at.
    pub as_of: Timestamp,
}

impl Balance {
    /// All open debt.
    pub fn debt_total(&self) -> Credits {
        self.debt.into_iter().sum()
    }

    /// The status (R9.2): the first blocking reason, else the first warning, else none, which is `ok`.
    pub fn status(&self) -> Option<ReasonCode> {
        self.reasons.iter().map(|reason| reason.code).find(|code| code.severity() != Severity::Info)
    }

    /// Whether some start could be admitted.
    pub fn can_start(&self) -> bool {
        self.reasons.iter().all(|reason| reason.code.severity() != Severity::Blocking)
    }
}

/// What a start asks for, to be checked against.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wanted<'a> {
    pub hold: Credits,
    pub task: Option<&'a TaskId>,
}

impl Account {
    /// Why nothing starts, or why this start does not, most important first (R9.1).
    pub(crate) fn blocking(&self, now: Timestamp, wanted: Option<Wanted<'_>>) -> Vec<Reason> {
        let mut reasons = Vec::new();
        if let Some(suspension) = &self.core.suspension {
            reasons.push(Reason {
                code: ReasonCode::OrganizationSuspended,
                amount: None,
                since: Some(suspension.since.at),
                origin: Some(Origin::Operator),
            });
        }
        if !self.debts.is_empty() {
            let kinds = [
                (DebtKind::Dispute, ReasonCode::DisputeDebt),
                (DebtKind::Refund, ReasonCode::RefundDebt),
                (DebtKind::OutstandingUsage, ReasonCode::OutstandingUsage),
            ];
            for (kind, code) in kinds {
                let open = self.debts.values().filter(|debt| debt.kind == kind && debt.is_open());
                if let Some(oldest) = open.min_by_key(|debt| debt.seq) {
                    reasons.push(Reason {
                        code,
                        amount: Some(self.debt_of(kind)),
                        since: Some(oldest.opened_at),
                        origin: Some(Origin::from(&oldest.origin)),
                    });
                }
            }
        }
        let available = self.available(now);
        if available.is_zero() {
            reasons.push(self.nothing_available(now));
        } else if let Some(wanted) = wanted
            && available < wanted.hold
        {
            reasons.push(Reason {
                code: ReasonCode::InsufficientCredits,
                amount: Some(available),
                since: None,
                origin: None,
            });
        }
        if let Some(id) = wanted.and_then(|wanted| wanted.task)
            && let Some(task) = self.core.tasks.get(id)
            && task.status == TaskStatus::PausedForCredits
        {
            let origin = Some(Origin::Task(id.clone()));
            reasons.push(Reason {
                code: ReasonCode::TaskPaused,
                amount: None,
                since: Some(task.since),
                origin,
            });
        }
        reasons
    }

    /// Why nothing is available: the first that fits (R9.1).
    fn nothing_available(&self, now: Timestamp) -> Reason {
        let entitled = self.core.entitled;
        let ended = self.core.entitlement_ended.map(|ended| ended.at);
        let emptied = self.core.blocked.map(|(_, since)| since.at);
        let locked = self.locked(now);
        let subscription = self.core.subscription.as_ref();
        let (code, amount, since, origin) =
            if !entitled && subscription.is_some_and(Subscription::payment_failed) {
                (ReasonCode::PaymentPastDue, None, ended, Some(Origin::Subscription))
            } else if locked.is_positive() {
                (ReasonCode::CreditsLocked, Some(locked), ended, Some(Origin::Subscription))
            } else if !entitled {
                (ReasonCode::SubscriptionRequired, None, ended.or(emptied), Some(Origin::Subscription))
            } else {
                (ReasonCode::CreditsDepleted, None, emptied.or(Some(now)), None)
            };
        Reason { code, amount, since: since.filter(|since| *since > Timestamp::MIN), origin }
    }

    /// Free credits of locked grants (R3.4).
    pub fn locked(&self, now: Timestamp) -> Credits {
        self.in_state(GrantState::Locked, now).map(|grant| grant.free).sum()
    }

    fn in_state(&self, state: GrantState, now: Timestamp) -> impl Iterator<Item = &crate::grant::Grant> {
        self.grants
            .iter()
            .filter(move |grant| grant.free.is_positive() && grant.state(self.core.entitled, now) == state)
    }

    /// Below what the balance is low (R10.1).
    pub fn low_threshold(&self, policy: &Policy) -> Credits {
        self.core.recharge.settings.as_ref().map_or(policy.low_balance, |settings| settings.threshold)
    }

    /// Warnings and what is good to know, most important first (R9.1).
    fn notices(&self, policy: &Policy, now: Timestamp) -> Vec<Reason> {
        let mut reasons = Vec::new();
        let subscription = self.core.subscription.as_ref();
        if self.core.entitled && subscription.is_some_and(Subscription::payment_failed) {
            let since = subscription.and_then(|subscription| subscription.past_due_since);
            reasons.push(Reason {
                code: ReasonCode::PaymentFailing,
                amount: None,
                since,
                origin: Some(Origin::Subscription),
            });
        }
        let available = self.available(now);
        if available.is_positive() && available < self.low_threshold(policy) {
            let since = self.core.low.map(|low| low.at).filter(|since| *since > Timestamp::MIN);
            reasons.push(Reason {
                code: ReasonCode::BalanceLow,
                amount: Some(available),
                since,
                origin: None,
            });
        }
        let soon = now.after(policy.expiring_notice);
        let expiring = self.grants.iter().filter(|grant| {
            let live =
                matches!(grant.state(self.core.entitled, now), GrantState::Usable | GrantState::Locked);
            grant.kind != GrantKind::Included
                && grant.free.is_positive()
                && live
                && grant.expires_at.is_some_and(|end| end <= soon)
        });
        let (amount, first) = expiring.fold(
            (Credits::ZERO, None),
            |(sum, first): (Credits, Option<&crate::grant::Grant>), grant| {
                let sooner = first.filter(|first| first.expires_at <= grant.expires_at).unwrap_or(grant);
                (sum.plus(grant.free), Some(sooner))
            },
        );
        if let Some(first) = first {
            reasons.push(Reason {
                code: ReasonCode::CreditsExpiring,
                amount: Some(amount),
                since: first.expires_at,
                origin: Some(Origin::Grant(first.id.clone())),
            });
        }
        if let Some(since) = self.core.recharge.suspended_at {
            let origin =
                self.core.recharge.last_decline.as_ref().map(|decline| Origin::Recharge(decline.id.clone()));
            reasons.push(Reason {
                code: ReasonCode::AutoRechargeSuspended,
                amount: None,
                since: Some(since),
                origin,
            });
        }
        if let Some(ends) = subscription
            .filter(|subscription| subscription.is_running())
            .and_then(|subscription| subscription.cancel_at)
            && now < ends
        {
            let origin = Some(Origin::Subscription);
            reasons.push(Reason {
                code: ReasonCode::SubscriptionEnding,
                amount: None,
                since: Some(ends),
                origin,
            });
        }
        let frozen: Credits = self.grants.iter().map(|grant| grant.frozen).sum();
        if frozen.is_positive() {
            // An inquiry freezes nothing (R8.3), and its payment need not be at hand.
            let dispute = self
                .payments
                .values()
                .flat_map(|payment| &payment.disputes)
                .find(|dispute| dispute.closed.is_none() && dispute.amount > 0);
            reasons.push(Reason {
                code: ReasonCode::CreditsFrozen,
                amount: Some(frozen),
                since: dispute.map(|dispute| dispute.opened_at),
                origin: dispute.map(|dispute| Origin::Dispute(dispute.id.clone(), dispute.payment.clone())),
            });
        }
        reasons
    }

    /// Everything to say about the account, most important first (R9.1).
    pub fn reasons(&self, policy: &Policy, now: Timestamp) -> Vec<Reason> {
        let mut reasons = self.blocking(now, None);
        reasons.extend(self.notices(policy, now));
        reasons
    }

    /// Whether this actor sees billing (R12.2): the host's own key does, a member by access.
    pub fn sees_billing(&self, by: &Actor) -> bool {
        match &by.member {
            None => true,
            Some(member) => {
                self.core.members.get(member).is_some_and(crate::people::Member::has_billing_access)
            }
        }
    }

    /// The owner and the billing admins (R9.3).
    pub fn billing_contacts(&self) -> Vec<Contact> {
        let mut contacts: Vec<Contact> = self
            .core
            .members
            .iter()
            .filter(|(_, member)| member.has_billing_access())
            .map(|(id, member)| Contact { member: id.clone(), name: member.name.clone(), role: member.role })
            .collect();
        contacts.sort_by_key(|contact| contact.role);
        contacts
    }

    /// The next grant that is known, or that the running subscription will bring.
    pub fn next_grant(&self, policy: &Policy, now: Timestamp) -> Option<Upcoming> {
        let pending = self
            .in_state(GrantState::Pending, now)
            .map(|grant| Upcoming { at: grant.effective_at, amount: grant.free });
        if let Some(soonest) = pending.min_by_key(|upcoming| upcoming.at) {
            return Some(soonest);
        }
        let subscription =
            self.core.subscription.as_ref().filter(|subscription| subscription.is_running())?;
        let at = subscription.period?.end;
        if at <= now || subscription.cancel_at.is_some_and(|ends| ends <= at) {
            return None;
        }
        let planned = self.core.planned_change.as_ref().map(|change| (&change.plan, change.cadence));
        let (plan, cadence) =
            planned.or(subscription.plan.as_ref().map(|plan| (plan, subscription.cadence))).unzip();
        let of_plan =
            plan.zip(cadence).and_then(|(plan, cadence)| policy.plans.get(plan)?.allowance(cadence));
        of_plan.or(self.core.last_allowance).map(|amount| Upcoming { at, amount })
    }

    /// The account as it is shown to this actor at this instant. Nothing may be due on it any more.
    pub fn balance(&self, policy: &Policy, now: Timestamp, by: &Actor) -> Balance {
        let mut balance = Balance {
            organization: self.core.organization.clone(),
            available: Credits::ZERO,
            included: Credits::ZERO,
            included_granted: Credits::ZERO,
            purchased: Credits::ZERO,
            promotional: Credits::ZERO,
            held: Credits::ZERO,
            locked: Credits::ZERO,
            locked_expires_at: None,
            frozen: Credits::ZERO,
            debt: DebtKind::ALL.map(|kind| self.debt_of(kind)),
            reasons: self.reasons(policy, now),
            next_steps: Vec::new(),
            ask: Vec::new(),
            subscription: self.core.subscription.clone(),
            entitled: self.core.entitled,
            period: self.core.subscription.as_ref().and_then(|subscription| subscription.period),
            next_grant: self.next_grant(policy, now),
            next_expiry: None,
            low_threshold: self.low_threshold(policy),
            auto_recharge: self.recharge_view(policy, now),
            sees_billing: self.sees_billing(by),
            version: self.core.version,
            as_of: now,
        };
        // A grant that is spent counts no more, whether it is still at hand or not: an answer must not depend on what is in
        // memory. What the last renewal brought is known all the same.
        let renewed =
            self.core.last_allowance.filter(|_| balance.period.is_some_and(|period| now < period.end));
        for grant in &self.grants {
            balance.held = balance.held.plus(grant.held);
            balance.frozen = balance.frozen.plus(grant.frozen);
            let state = grant.state(self.core.entitled, now);
            if grant.kind == GrantKind::Included && state == GrantState::Usable && !grant.is_spent() {
                balance.included_granted = balance.included_granted.plus(grant.amount);
            }
            match state {
                GrantState::Usable if grant.free.is_positive() => {
                    balance.available = balance.available.plus(grant.free);
                    let of_kind = match grant.kind {
                        GrantKind::Included => &mut balance.included,
                        GrantKind::Purchased => &mut balance.purchased,
                        GrantKind::Promotional => &mut balance.promotional,
                    };
                    *of_kind = of_kind.plus(grant.free);
                    if let Some(at) = grant.expires_at {
                        balance.next_expiry = match balance.next_expiry {
                            Some(next) if next.at < at => Some(next),
                            Some(next) if next.at == at => {
                                Some(Upcoming { at, amount: next.amount.plus(grant.free) })
                            }
                            _ => Some(Upcoming { at, amount: grant.free }),
                        };
                    }
                }
                GrantState::Locked if grant.free.is_positive() => {
                    balance.locked = balance.locked.plus(grant.free);
                    balance.locked_expires_at =
                        [balance.locked_expires_at, grant.expires_at].into_iter().flatten().min();
                }
                _ => {}
            }
        }
        balance.included_granted = balance.included_granted.max(renewed.unwrap_or(Credits::ZERO));
        if !balance.reasons.is_empty() {
            balance.next_steps = self.next_steps(policy, now, &balance.reasons, balance.sees_billing, None);
            balance.ask = self.billing_contacts();
        }
        balance
    }

    fn recharge_view(&self, policy: &Policy, now: Timestamp) -> RechargeView {
        let state = &self.core.recharge;
        let settings = state.settings.as_ref();
        RechargeView {
            enabled: settings.is_some_and(|settings| settings.enabled),
            threshold: settings.map_or(policy.recharge.threshold, |settings| settings.threshold),
            amount: settings.map_or(policy.recharge.amount, |settings| settings.amount),
            monthly_limit: settings.map_or(policy.recharge.monthly_limit, |settings| settings.monthly_limit),
            bought_this_month: state.bought_in_month_of(now),
            in_flight: state.in_flight.clone(),
            suspended: state.suspended_at.is_some(),
            retry_at: state.retry_at.filter(|at| *at > now),
        }
    }

    /// The credits a purchase must bring so that work that holds `hold` can start: debt takes first (R7.3).
    pub(crate) fn shortfall(&self, now: Timestamp, hold: Credits) -> Credits {
        // Even a start that holds nothing needs something available (R5.3).
        let needed = hold.max(Credits::from_micros(1));
        self.debt_total().plus(needed.minus_or_zero(self.available(now)))
    }

    /// What can be done about these reasons (R9.3), by someone who has billing access or not.
    pub(crate) fn next_steps(
        &self,
        policy: &Policy,
        now: Timestamp,
        reasons: &[Reason],
        billing: bool,
        hold: Option<Credits>,
    ) -> Vec<NextStep> {
        let plain = |action| NextStep { action, amount: None, at: None, debt_after: None };
        if !billing {
            let askable = reasons.iter().any(|reason| reason.code <= ReasonCode::InsufficientCredits);
            return if askable { vec![plain(Action::AskBillingAdmin)] } else { Vec::new() };
        }
        let debt = self.debt_total();
        let wait = self.next_grant(policy, now).map(|next| {
            // The next grant is included or promotional: it settles outstanding usage, not what was taken back (R7.5).
            let taken = self.debt_of(DebtKind::OutstandingUsage).min(next.amount);
            NextStep {
                action: Action::WaitForGrant,
                amount: Some(next.amount),
                at: Some(next.at),
                debt_after: Some(debt.minus(taken)),
            }
        });
        let missing = hold.map_or(debt, |hold| self.shortfall(now, hold));
        let add = NextStep {
            amount: Some(missing).filter(|missing| missing.micros() > 1),
            ..plain(Action::AddCredits)
        };
        let recharge_off = !self.core.recharge.settings.as_ref().is_some_and(|settings| settings.enabled);
        let enable = || recharge_off.then(|| plain(Action::EnableAutoRecharge));
        let mut steps: Vec<NextStep> = Vec::new();
        for reason in reasons {
            let offered: Vec<NextStep> = match reason.code {
                ReasonCode::DisputeDebt | ReasonCode::RefundDebt => {
                    vec![NextStep { amount: Some(debt), ..plain(Action::ResolveShortfall) }]
                }
                ReasonCode::OutstandingUsage if self.core.entitled => {
                    std::iter::once(add.clone()).chain(wait.clone()).collect()
                }
                ReasonCode::OutstandingUsage => {
                    vec![NextStep { amount: Some(debt), ..plain(Action::ResolveShortfall) }]
                }
                ReasonCode::PaymentPastDue
                | ReasonCode::PaymentFailing
                | ReasonCode::AutoRechargeSuspended => {
                    vec![plain(Action::UpdatePaymentMethod)]
                }
                ReasonCode::CreditsLocked | ReasonCode::SubscriptionEnding => {
                    vec![plain(Action::ResumeSubscription)]
                }
                ReasonCode::SubscriptionRequired => vec![plain(Action::StartSubscription)],
                ReasonCode::CreditsDepleted | ReasonCode::InsufficientCredits => {
                    std::iter::once(add.clone()).chain(enable()).chain(wait.clone()).collect()
                }
                ReasonCode::BalanceLow => {
                    std::iter::once(plain(Action::AddCredits)).chain(enable()).collect()
                }
                _ => Vec::new(),
            };
            for step in offered {
                if steps.iter().all(|known| known.action != step.action) {
                    steps.push(step);
                }
            }
        }
        steps
    }
}
