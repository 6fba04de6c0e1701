//! The rules' types as they look on the wire, and the wire's as the rules take them. By hand, field by field: either side
//! can change alone, and what a reader may not see (R12.2) is left out here and nowhere else.

use crate::{error::ApiError, links};
use api::{
    Amount, Id, Instant,
    account::{self, TaskStatus},
    balance::{self as shown, Action, Cadence, ReasonCode, Role, Severity, Status, SubscriptionStatus},
    books::{self, DebtChange, DebtKind, GrantKind, GrantSource, GrantState, OffsetReason},
    money::{self, DisputeOutcome, Purpose},
    problem::{Locked, QuotaError, Recharging, StartRefused},
    run::{self as runs, Outcome, RunStatus},
};
use ledger::{
    Credits, Duration, Timestamp, debt, grant, id, payment,
    people::{self, Contact},
    recharge,
    refusal::StartRefusal,
    run, status, subscription, task,
};
use std::str::FromStr;

// Words and figures.

/// Credits, which no answer shows negative.
pub fn amount(credits: Credits) -> Amount {
    Amount::from_micros(credits.micros())
}

/// An amount as the rules count it; they check its bounds.
pub fn credits(amount: Amount) -> Credits {
    Credits::from_micros(amount.micros())
}

/// An instant.
pub fn instant(at: Timestamp) -> Instant {
    Instant::from_micros(at.micros())
}

/// An instant as the rules count it.
pub fn timestamp(at: Instant) -> Timestamp {
    Timestamp::from_micros(at.micros())
}

/// An id that a type of the ledger has checked.
macro_rules! wire_id {
    ($id:expr) => {
        ::api::Id::known($id.as_str())
    };
}
pub(super) use wire_id;

/// An id of the wire as one of the ledger's types. Both have one alphabet, which a test holds them to.
pub fn known<T: FromStr>(id: &Id<'_>) -> T {
    id.as_str().parse().ok().expect("the wire and the ledger agree on what an id is")
}

/// The same, where there may be none.
pub fn maybe<T: FromStr>(id: Option<&Id<'_>>) -> Option<T> {
    id.map(known)
}

/// Words of the ledger and words of the wire that mean the same, both ways.
macro_rules! same_words {
    ($($to_wire:ident / $to_rules:ident: $theirs:ty = $ours:ty { $($word:ident)* })*) => {$(
        /// As the wire calls it.
        pub fn $to_wire(word: $theirs) -> $ours {
            match word { $(<$theirs>::$word => <$ours>::$word,)* }
        }

        /// As the rules call it.
        #[allow(dead_code, reason = "some words are only ever answered, and the pair reads as one")]
        pub fn $to_rules(word: $ours) -> $theirs {
            match word { $(<$ours>::$word => <$theirs>::$word,)* }
        }
    )*};
}

same_words! {
    reason_code / to_reason_code: status::ReasonCode = ReasonCode {
        OrganizationSuspended DisputeDebt RefundDebt OutstandingUsage PaymentPastDue CreditsLocked SubscriptionRequired
        CreditsDepleted InsufficientCredits TaskPaused PaymentFailing BalanceLow CreditsExpiring AutoRechargeSuspended
        SubscriptionEnding CreditsFrozen
    }
    severity / to_severity: status::Severity = Severity { Blocking Warning Info }
    action / to_action: status::Action = Action {
        AddCredits ResumeSubscription StartSubscription UpdatePaymentMethod ResolveShortfall WaitForGrant EnableAutoRecharge
        AskBillingAdmin
    }
    role / to_role: people::Role = Role { Owner Admin Member Viewer }
    subscription_status / to_subscription_status: subscription::SubscriptionStatus = SubscriptionStatus {
        None Incomplete Trialing Active PastDue Unpaid Paused Canceled
    }
    cadence / to_cadence: subscription::Cadence = Cadence { Monthly Annual }
    run_status / to_run_status: run::RunStatus = RunStatus { Running Settled Released Lapsed }
    outcome / to_outcome: run::RunOutcome = Outcome { Succeeded Failed Canceled }
    grant_kind / to_grant_kind: grant::GrantKind = GrantKind { Included Purchased Promotional }
    grant_source / to_grant_source: grant::GrantSource = GrantSource { Subscription TopUp AutoRecharge Restitution Operator }
    grant_state / to_grant_state: grant::GrantState = GrantState { Pending Expired Locked Usable }
    debt_kind / to_debt_kind: debt::DebtKind = DebtKind { OutstandingUsage Refund Dispute }
    offset_reason / to_offset_reason: debt::OffsetReason = OffsetReason { WriteOff DisputeWon RefundFailed Reassigned }
    purpose / to_purpose: payment::PaymentPurpose = Purpose { TopUp Renewal Upgrade Recharge Repayment }
    dispute_outcome / to_dispute_outcome: payment::DisputeOutcome = DisputeOutcome { Won Lost }
    task_status / to_task_status: task::TaskStatus = TaskStatus { Active PausedForCredits NeedsAttention }
}

/// The status in one word (R9.2).
pub fn status(code: Option<status::ReasonCode>) -> Status {
    use status::ReasonCode as Code;
    match code {
        // Info never makes a status.
        None | Some(Code::SubscriptionEnding | Code::CreditsFrozen) => Status::Ok,
        Some(Code::OrganizationSuspended) => Status::OrganizationSuspended,
        Some(Code::DisputeDebt) => Status::DisputeDebt,
        Some(Code::RefundDebt) => Status::RefundDebt,
        Some(Code::OutstandingUsage) => Status::OutstandingUsage,
        Some(Code::PaymentPastDue) => Status::PaymentPastDue,
        Some(Code::CreditsLocked) => Status::CreditsLocked,
        Some(Code::SubscriptionRequired) => Status::SubscriptionRequired,
        Some(Code::CreditsDepleted) => Status::CreditsDepleted,
        Some(Code::InsufficientCredits) => Status::InsufficientCredits,
        Some(Code::TaskPaused) => Status::TaskPaused,
        Some(Code::PaymentFailing) => Status::PaymentFailing,
        Some(Code::BalanceLow) => Status::BalanceLow,
        Some(Code::CreditsExpiring) => Status::CreditsExpiring,
        Some(Code::AutoRechargeSuspended) => Status::AutoRechargeSuspended,
    }
}

/// How long to hold, which has no calendar in it.
pub fn hold_lifetime(interval: Option<api::Interval>) -> Result<Option<Duration>, ApiError> {
    match interval {
        Some(interval) if interval.months > 0 => {
            Err(ApiError::field("/hold_lifetime", "a hold lives for days and hours, not for calendar months"))
        }
        interval => Ok(interval.map(|interval| Duration::from_micros(interval.micros))),
    }
}

// The balance.

/// A person to ask.
pub fn contact(contact: &Contact) -> shown::Contact<'_> {
    shown::Contact { member: wire_id!(contact.member), name: &contact.name, role: role(contact.role) }
}

/// Whether a reason's figures and origin are billing's alone: amounts of debt, locked and frozen credits, and the payments
/// behind them (R12.2).
pub fn is_billing(code: status::ReasonCode) -> bool {
    use status::ReasonCode as Code;
    matches!(
        code,
        Code::DisputeDebt
            | Code::RefundDebt
            | Code::OutstandingUsage
            | Code::CreditsLocked
            | Code::CreditsFrozen
            | Code::CreditsExpiring
            | Code::AutoRechargeSuspended
    )
}

/// A reason, as this reader may see it.
pub fn reason(reason: &status::Reason, billing: bool) -> shown::Reason<'_> {
    let all = billing || !is_billing(reason.code);
    shown::Reason {
        code: reason_code(reason.code),
        severity: severity(reason.code.severity()),
        amount: reason.amount.filter(|_| all).map(amount),
        since: reason.since.map(instant),
        origin: reason.origin.as_ref().filter(|_| all).map(origin),
    }
}

fn origin(origin: &status::Origin) -> shown::Origin<'_> {
    match origin {
        status::Origin::Run(run) => shown::Origin::Run { run: wire_id!(run) },
        status::Origin::Refund(refund, payment) => {
            shown::Origin::Refund { refund: wire_id!(refund), payment: wire_id!(payment) }
        }
        status::Origin::Dispute(dispute, payment) => {
            shown::Origin::Dispute { dispute: wire_id!(dispute), payment: wire_id!(payment) }
        }
        status::Origin::Subscription => shown::Origin::Subscription,
        status::Origin::Grant(grant) => shown::Origin::Grant { grant: wire_id!(grant) },
        status::Origin::Task(task) => shown::Origin::Task { task: wire_id!(task) },
        status::Origin::Recharge(recharge) => shown::Origin::Recharge { recharge: wire_id!(recharge) },
        status::Origin::Operator => shown::Origin::Operator,
    }
}

/// Something to do, and where.
pub fn next_step(
    step: &status::NextStep,
    public_url: &str,
    organization: &id::OrganizationId,
) -> shown::NextStep {
    shown::NextStep {
        action: action(step.action),
        url: format!("{}#{}", links::billing(public_url, organization), step.action.as_str()),
        amount: step.amount.map(amount),
        at: step.at.map(instant),
        debt_after: step.debt_after.map(amount),
    }
}

fn debts(debt: [Credits; 3]) -> shown::Debts {
    let [outstanding_usage, refund, dispute] = debt.map(amount);
    shown::Debts { total: amount(debt.into_iter().sum()), outstanding_usage, refund, dispute }
}

/// A billing period.
pub fn period(period: &subscription::Period) -> shown::Period {
    shown::Period { start: instant(period.start), end: instant(period.end) }
}

fn subscription(known: &subscription::Subscription) -> shown::Subscription<'_> {
    shown::Subscription {
        status: subscription_status(known.status),
        plan: known.plan.as_ref().map(|plan| wire_id!(plan)),
        cadence: cadence(known.cadence),
        period: known.period.as_ref().map(period),
        cancel_at: known.cancel_at.map(instant),
        past_due_since: known.past_due_since.map(instant),
    }
}

fn upcoming(upcoming: status::Upcoming) -> shown::Upcoming {
    shown::Upcoming { at: instant(upcoming.at), amount: amount(upcoming.amount) }
}

fn in_flight(purchase: &recharge::InFlight) -> shown::InFlight<'_> {
    shown::InFlight {
        id: wire_id!(purchase.id),
        credits: amount(purchase.credits),
        requested_at: instant(purchase.requested_at),
    }
}

fn auto_recharge(view: &status::RechargeView) -> shown::AutoRecharge<'_> {
    shown::AutoRecharge {
        enabled: view.enabled,
        threshold: amount(view.threshold),
        amount: amount(view.amount),
        monthly_limit: amount(view.monthly_limit),
        bought_this_month: amount(view.bought_this_month),
        in_flight: view.in_flight.as_ref().map(in_flight),
        suspended: view.suspended,
        retry_at: view.retry_at.map(instant),
    }
}

/// A balance, as the person it was taken for may see it.
pub fn balance<'a>(balance: &'a status::Balance, public_url: &str) -> shown::Balance<'a> {
    let billing = balance.sees_billing;
    let step = |step| next_step(step, public_url, &balance.organization);
    shown::Balance {
        organization: wire_id!(balance.organization),
        available: amount(balance.available),
        included: amount(balance.included),
        included_granted: amount(balance.included_granted),
        purchased: amount(balance.purchased),
        promotional: amount(balance.promotional),
        held: amount(balance.held),
        locked: billing.then(|| amount(balance.locked)),
        locked_expires_at: balance.locked_expires_at.filter(|_| billing).map(instant),
        frozen: billing.then(|| amount(balance.frozen)),
        debt: billing.then(|| debts(balance.debt)),
        status: status(balance.status()),
        can_start: balance.can_start(),
        reasons: balance.reasons.iter().map(|told| reason(told, billing)).collect(),
        next_steps: balance.next_steps.iter().map(step).collect(),
        ask: balance.ask.iter().map(contact).collect(),
        subscription: balance.subscription.as_ref().map(subscription),
        entitled: balance.entitled,
        period: balance.period.as_ref().map(period),
        next_grant: balance.next_grant.map(upcoming),
        next_expiry: balance.next_expiry.map(upcoming),
        low_threshold: amount(balance.low_threshold),
        auto_recharge: billing.then(|| auto_recharge(&balance.auto_recharge)),
        version: balance.version,
        as_of: instant(balance.as_of),
    }
}

/// Everything a refused start says, as the person who tried may see it.
pub fn start_refused<'a>(
    start: &'a StartRefusal,
    public_url: &str,
    error: QuotaError<'a>,
) -> StartRefused<'a> {
    let balance = &start.balance;
    let billing = balance.sees_billing;
    let locked =
        || Locked { amount: amount(balance.locked), expires_at: balance.locked_expires_at.map(instant) };
    StartRefused {
        reasons: start.reasons.iter().map(|told| reason(told, billing)).collect(),
        available: amount(balance.available),
        required: amount(start.required),
        // What is missing and what is owed are one figure here, so it goes with the debt.
        shortfall: billing.then(|| amount(start.shortfall)),
        debt: billing.then(|| debts(balance.debt)),
        locked: billing.then(locked),
        next_steps: start
            .next_steps
            .iter()
            .map(|step| next_step(step, public_url, &balance.organization))
            .collect(),
        ask: balance.ask.iter().map(contact).collect(),
        auto_recharge: balance.auto_recharge.in_flight.as_ref().map(|_| Recharging::InProgress),
        balance_version: balance.version,
        error,
    }
}

// Runs.

/// Credits of grants.
pub fn takes(takes: &[grant::Take]) -> Vec<runs::Take<'_>> {
    takes.iter().map(|take| runs::Take { grant: wire_id!(take.grant), amount: amount(take.amount) }).collect()
}

/// A run, without what was recorded on the way.
pub fn run(run: &run::Run, billing: bool) -> runs::Run<'_> {
    runs::Run {
        id: wire_id!(run.id),
        kind: wire_id!(run.kind),
        status: run_status(run.status),
        hold: amount(run.hold),
        held: amount(run.still_held()),
        used: amount(run.used),
        charged: billing.then(|| takes(&run.charged)),
        outstanding: billing.then(|| amount(run.outstanding)),
        debt: run.debt.as_ref().filter(|_| billing).map(|debt| wire_id!(debt)),
        overrun: billing.then(|| amount(run.overrun)),
        absorbed: amount(run.absorbed),
        allowance: amount(run.allowance),
        task: run.task.as_ref().map(|task| wire_id!(task)),
        member: run.member.as_ref().map(|member| wire_id!(member)),
        metadata: run.metadata.as_ref(),
        started_at: instant(run.started_at),
        lapses_at: run.lapses_at.map(instant),
        closed_at: run.closed_at.map(instant),
        outcome: run.outcome.map(outcome),
        usages: None,
    }
}

/// A run, with what was recorded on the way, oldest first.
pub fn run_whole(whole: &run::Run, billing: bool) -> runs::Run<'_> {
    let mut usages: Vec<_> = whole.usages.iter().collect();
    usages.sort_by_key(|(_, usage)| usage.seq);
    let usages = usages
        .into_iter()
        .map(|(id, usage)| runs::Usage {
            id: wire_id!(id),
            amount: amount(usage.amount),
            at: instant(usage.at),
        })
        .collect();
    runs::Run { usages: Some(usages), ..run(whole, billing) }
}

/// A refused start that is told about.
pub fn refused(refused: &run::RefusedStart) -> runs::RefusedStart<'_> {
    runs::RefusedStart {
        id: wire_id!(refused.run),
        kind: wire_id!(refused.kind),
        status: runs::Refused::Refused,
        hold: amount(refused.hold),
        available: amount(refused.available),
        reasons: refused.reasons.iter().map(|code| reason_code(*code)).collect(),
        task: refused.task.as_ref().map(|task| wire_id!(task)),
        member: refused.member.as_ref().map(|member| wire_id!(member)),
        refused_at: instant(refused.at),
    }
}

// The books.

/// A grant at an instant.
pub fn grant(grant: &grant::Grant, entitled: bool, now: Timestamp) -> books::Grant<'_> {
    books::Grant {
        id: wire_id!(grant.id),
        kind: grant_kind(grant.kind),
        source: grant_source(grant.source),
        state: grant_state(grant.state(entitled, now)),
        amount: amount(grant.amount),
        free: amount(grant.free),
        held: amount(grant.held),
        used: amount(grant.used),
        settled: amount(grant.settled),
        frozen: amount(grant.frozen),
        expired: amount(grant.expired),
        revoked: amount(grant.revoked),
        priority: grant.priority,
        payment: grant.payment.as_ref().map(|payment| wire_id!(payment)),
        granted_at: instant(grant.granted_at),
        effective_at: instant(grant.effective_at),
        expires_at: grant.expires_at.map(instant),
    }
}

/// A debt.
pub fn debt(debt: &debt::Debt) -> books::Debt<'_> {
    let origin = match &debt.origin {
        debt::DebtOrigin::Run { run } => shown::Origin::Run { run: wire_id!(run) },
        debt::DebtOrigin::Refund { refund, payment } => {
            shown::Origin::Refund { refund: wire_id!(refund), payment: wire_id!(payment) }
        }
        debt::DebtOrigin::Dispute { dispute, payment } => {
            shown::Origin::Dispute { dispute: wire_id!(dispute), payment: wire_id!(payment) }
        }
    };
    books::Debt {
        id: wire_id!(debt.id),
        kind: debt_kind(debt.kind),
        amount: amount(debt.amount),
        open: amount(debt.open),
        settled: amount(debt.settled),
        repaid: amount(debt.repaid),
        offset: amount(debt.offset),
        origin,
        opened_at: instant(debt.opened_at),
        closed_at: debt.closed_at.map(instant),
        changes: debt.changes.iter().map(debt_change).collect(),
    }
}

/// How a debt shrank once.
pub fn debt_change(change: &debt::DebtChange) -> DebtChange<'_> {
    let (at, amount) = (instant(change.at), amount(change.amount));
    match &change.how {
        debt::DebtChangeKind::Settled { takes: by } => DebtChange::Settled { at, amount, takes: takes(by) },
        debt::DebtChangeKind::Repaid { payment } => {
            DebtChange::Repaid { at, amount, payment: wire_id!(payment) }
        }
        debt::DebtChangeKind::Offset { why } => DebtChange::Offset { at, amount, why: offset_reason(*why) },
    }
}

/// A payment, with what became of its money.
pub fn payment(payment: &payment::Payment) -> money::Payment<'_> {
    money::Payment {
        id: wire_id!(payment.id),
        purpose: purpose(payment.purpose),
        paid: payment.paid,
        currency: &payment.currency,
        credits: amount(payment.credits),
        grant: payment.grant.as_ref().map(|grant| wire_id!(grant)),
        period: payment.period.as_ref().map(period),
        recharge: payment.recharge.as_ref().map(|recharge| wire_id!(recharge)),
        at: instant(payment.at),
        refunds: payment.refunds.iter().map(refund).collect(),
        disputes: payment.disputes.iter().map(dispute).collect(),
        recovered: amount(payment.recovered),
    }
}

fn refund(refund: &payment::Refund) -> money::Refund<'_> {
    money::Refund {
        id: wire_id!(refund.id),
        amount: refund.amount,
        at: instant(refund.at),
        failed: refund.failed_seq.is_some(),
    }
}

fn dispute(dispute: &payment::Dispute) -> money::Dispute<'_> {
    money::Dispute {
        id: wire_id!(dispute.id),
        amount: dispute.amount,
        opened_at: instant(dispute.opened_at),
        outcome: dispute.closed.as_ref().map(|closed| dispute_outcome(closed.outcome)),
        closed_at: dispute.closed.as_ref().map(|closed| instant(closed.at)),
    }
}

// People and tasks.

/// A member, with the address only for whoever manages members.
pub fn member<'a>(id: &'a id::MemberId, member: &'a people::Member, contacts: bool) -> account::Member<'a> {
    account::Member {
        id: wire_id!(id),
        name: &member.name,
        email: member.email.as_deref().filter(|_| contacts),
        role: role(member.role),
        billing_admin: member.billing_admin,
    }
}

/// A task. One that is active says nothing of since when.
pub fn task<'a>(id: &'a id::TaskId, task: &'a task::Task, policy: &ledger::Policy) -> account::Task<'a> {
    account::Task {
        id: wire_id!(id),
        status: task_status(task.status),
        failures: task.failures,
        failures_max: task.failures_max.unwrap_or(policy.task_failures),
        since: Some(task.since).filter(|_| task.status != task::TaskStatus::Active).map(instant),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wire_and_the_ledger_agree_on_ids() {
        for byte in 0..=255u8 {
            let text = format!("a{}", char::from(byte));
            let json = serde_json::to_string(&text).expect("text");
            let on_the_wire = serde_json::from_str::<Id<'_>>(&json).is_ok();
            assert_eq!(on_the_wire, text.parse::<id::RunId>().is_ok(), "{text:?}");
        }
        for length in [0, 1, 128, 129] {
            let text = "x".repeat(length);
            let json = format!("\"{text}\"");
            assert_eq!(serde_json::from_str::<Id<'_>>(&json).is_ok(), text.parse::<id::RunId>().is_ok());
        }
    }
}
