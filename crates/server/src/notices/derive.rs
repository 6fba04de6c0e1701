//! From what happened to notices: pure, and called for every decision, so that nearly all of it is a look at the names of
//! the events. Who is told, and how, is the outbox's.

use super::notice::{Money, Notice, Standing, What};
use crate::engine::Happened;
use ledger::{
    Account, Credits, Policy, Timestamp,
    debt::DebtOrigin,
    event::{Event, Recorded},
    grant::{Take, total},
    id::{DebtId, DisputeId, PaymentId, RunId},
    run::Charge,
    status::{ReasonCode, Severity},
    task::TaskStatus,
};

/// The notices of a decision, in the order of its events.
pub fn notices(happened: &Happened<'_>) -> Vec<Notice> {
    let cleared_by = cleared_by(happened);
    let mut standing = None;
    let mut notices = Vec::new();
    for recorded in happened.events {
        let mut whats = of(recorded, happened);
        if let Some((seq, debt)) = &cleared_by
            && *seq == recorded.seq
        {
            whats.push(What::DebtCleared { debt: (*debt).clone() });
        }
        for (part, what) in whats.into_iter().enumerate() {
            let standing = standing.get_or_insert_with(|| of_decision(happened));
            notices.push(Notice {
                organization: happened.account.organization().clone(),
                name: happened.account.core().name.clone(),
                seq: recorded.seq,
                part: format!("{part:03}"),
                at: recorded.at,
                what,
                standing: standing.clone(),
            });
        }
    }
    notices
}

/// How an account stands at this instant.
pub fn standing(account: &Account, policy: &Policy, now: Timestamp) -> Standing {
    let status = account.reasons(policy, now).into_iter().map(|reason| reason.code);
    let is_status = |code: &ReasonCode| code.severity() != Severity::Info;
    let tasks = account.core().tasks.values();
    Standing {
        available: account.available(now),
        debt: account.debt_total(),
        status: status.into_iter().find(is_status),
        locked: account.locked(now),
        paused_tasks: tasks.filter(|task| task.status == TaskStatus::PausedForCredits).count(),
        next_grant: account.next_grant(policy, now).map(|next| (next.at, next.amount)),
    }
}

fn of_decision(happened: &Happened<'_>) -> Standing {
    let at = happened.events.last().map_or(Timestamp::MIN, |recorded| recorded.at);
    standing(happened.account, happened.policy, at.max(happened.account.core().last))
}

/// The event after which nothing was owed any more, and the debt that it paid.
fn cleared_by<'a>(happened: &Happened<'a>) -> Option<(u64, &'a DebtId)> {
    let shrank = |recorded: &'a Recorded| match &recorded.event {
        Event::DebtSettled { debt, .. } | Event::DebtRepaid { debt, .. } | Event::DebtOffset { debt, .. } => {
            Some((recorded.seq, debt))
        }
        _ => None,
    };
    let last = happened.events.iter().rev().find_map(shrank)?;
    happened.account.debt_total().is_zero().then_some(last)
}

/// What one event is told as; most are not.
fn of(recorded: &Recorded, happened: &Happened<'_>) -> Vec<What> {
    let account = happened.account;
    match &recorded.event {
        Event::RunStarted { .. } => Vec::new(),
        Event::UsageRecorded { run, charge, .. } | Event::UsageCharged { run, charge, .. } => {
            owed(run, charge).into_iter().collect()
        }
        Event::RunSettled { run, charge, expired, .. } => {
            owed(run, charge).into_iter().chain(lost(expired)).collect()
        }
        Event::RunReleased { expired, .. } => lost(expired).collect(),
        Event::RunLapsed { run, released, expired } => {
            let lapsed = What::RunLapsed { run: run.clone(), released: total(released) };
            std::iter::once(lapsed).chain(lost(expired)).collect()
        }
        Event::StartRefused { run, kind, hold, reasons, available, task, member } => {
            vec![What::RunRefused {
                run: run.clone(),
                kind: kind.clone(),
                hold: *hold,
                reasons: reasons.clone(),
                available: *available,
                task: task.clone(),
                member: member.clone(),
            }]
        }
        Event::TaskPaused { task, run } => {
            vec![What::TaskPaused { task: task.clone(), run: run.clone() }]
        }
        Event::TaskNeedsAttention { task, failures } => {
            vec![What::TaskNeedsAttention { task: task.clone(), failures: *failures }]
        }
        Event::BalanceLow { available, threshold } => {
            vec![What::BalanceLow { available: *available, threshold: *threshold }]
        }
        Event::BalanceBlocked { reason } => vec![What::BalanceBlocked { reason: *reason }],
        Event::BalanceUnblocked {} => vec![What::BalanceUnblocked {}],
        Event::EntitlementEnded { locked } if locked.is_positive() => {
            vec![What::CreditsLocked { amount: *locked }]
        }
        Event::EntitlementBegan { unlocked } if unlocked.is_positive() => {
            vec![What::CreditsUnlocked { amount: *unlocked }]
        }
        Event::GrantExpired { grant, amount } if amount.is_positive() => {
            vec![What::CreditsExpired { grant: grant.clone(), amount: *amount }]
        }
        Event::DebtOpened { debt, kind, amount, origin } => {
            let (debt, origin) = (debt.clone(), origin.clone());
            vec![What::DebtOpened { debt, kind: *kind, amount: *amount, origin }]
        }
        Event::SubscriptionReported { subscription } if subscription.is_running() => {
            let ends = subscription.cancel_at.filter(|ends| *ends > recorded.at);
            let scheduled = ends.filter(|_| happened.before.ends != ends);
            let told = |ends_at| What::SubscriptionEnding { ends_at, plan: subscription.plan.clone() };
            scheduled.map(told).into_iter().collect()
        }
        Event::Granted { .. } | Event::PaymentRecorded { .. } => bought(&recorded.event, account),
        Event::RechargeDeclined { recharge, reason, retry_at } => {
            let (recharge, reason) = (recharge.clone(), reason.clone());
            let failed = What::AutoRechargeFailed {
                recharge: recharge.clone(),
                reason: reason.clone(),
                retry_at: *retry_at,
            };
            let suspended = What::AutoRechargeSuspended { recharge, reason };
            if retry_at.is_some() { vec![failed] } else { vec![failed, suspended] }
        }
        Event::DisputeOpened { dispute, payment, amount } if *amount > 0 => {
            vec![opened(dispute, payment, *amount, happened)]
        }
        Event::DisputeClosed { dispute, outcome } => {
            let known = account.dispute(dispute);
            // The end of an inquiry is told as little as its beginning (R8.3).
            if known.is_some_and(|known| known.amount == 0) {
                return Vec::new();
            }
            vec![What::DisputeClosed {
                dispute: dispute.clone(),
                outcome: *outcome,
                payment: known.map(|known| known.payment.clone()),
                money: known.map(|known| money(account, &known.payment, known.amount)),
            }]
        }
        _ => Vec::new(),
    }
}

/// Debt that a charge left (R6.2).
fn owed(run: &RunId, charge: &Charge) -> Option<What> {
    charge.outstanding.as_ref().map(|outstanding| What::DebtOpened {
        debt: outstanding.debt.clone(),
        kind: ledger::debt::DebtKind::OutstandingUsage,
        amount: outstanding.amount,
        origin: DebtOrigin::Run { run: run.clone() },
    })
}

/// What was released into grants that had expired meanwhile (R3.7).
fn lost(expired: &[Take]) -> impl Iterator<Item = What> {
    let lost = expired.iter().filter(|take| take.amount.is_positive());
    lost.map(|take| What::CreditsExpired { grant: take.grant.clone(), amount: take.amount })
}

fn bought(event: &Event, account: &Account) -> Vec<What> {
    match event {
        Event::Granted { grant, kind, source, amount, effective_at, expires_at, payment, .. } => {
            let paid = payment.as_ref().and_then(|payment| account.payment(payment));
            vec![What::CreditsGranted {
                grant: grant.clone(),
                kind: *kind,
                source: *source,
                amount: *amount,
                effective_at: *effective_at,
                expires_at: *expires_at,
                payment: payment.clone(),
                paid: paid.map(|paid| money(account, &paid.id, paid.paid)),
            }]
        }
        Event::PaymentRecorded { payment, paid, currency, credits, recharge: Some(recharge), .. } => {
            vec![What::AutoRechargeSucceeded {
                recharge: recharge.clone(),
                payment: payment.clone(),
                credits: *credits,
                paid: Money { amount: *paid, currency: Some(currency.clone()) },
            }]
        }
        _ => Vec::new(),
    }
}

/// A dispute with what it did to the credits in the same decision.
fn opened(dispute: &DisputeId, payment: &PaymentId, amount: i64, happened: &Happened<'_>) -> What {
    let (mut frozen, mut owed) = (Credits::ZERO, Credits::ZERO);
    for recorded in happened.events {
        match &recorded.event {
            Event::CreditsFrozen { from_free, from_revoked, .. } => {
                frozen = frozen.plus(*from_free).plus(*from_revoked);
            }
            Event::DebtOpened { amount, origin: DebtOrigin::Dispute { dispute: by, .. }, .. }
                if by == dispute =>
            {
                owed = owed.plus(*amount);
            }
            _ => {}
        }
    }
    let money = money(happened.account, payment, amount);
    What::DisputeOpened { dispute: dispute.clone(), payment: payment.clone(), money, frozen, owed }
}

fn money(account: &Account, payment: &PaymentId, amount: i64) -> Money {
    Money { amount, currency: account.payment(payment).map(|payment| payment.currency.clone()) }
}
