//! Reasons in the reader's words (R9.1, R9.4): what the badge shows, what the banner and the popover say, and the one button
//! that helps. People without billing access are told that the balance needs attention, and whom to ask (R12.2).

use super::{
    figures::{owed, usable},
    visit::{Visit, list},
};
use crate::{copy::say, money::money};
use ledger::{
    Credits,
    explain::{CauseKind, Explained},
    id::PaymentId,
    people::Role,
    status::{Action, NextStep, Reason, ReasonCode, Severity},
};

/// How a state looks: the icon, the tone, the word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Look {
    /// The icon's name.
    pub icon: &'static str,
    /// `ok`, `info`, `warn` or `stop`.
    pub tone: &'static str,
    /// In a word or two.
    pub word: String,
}

/// The first reason that this reader is told of (SURFACES, state and role): what stops work is told to everybody, low credits to
/// those who work, everything else to people with billing access.
pub fn told(visit: &Visit) -> Option<&Reason> {
    visit.balance.reasons.iter().find(|reason| {
        reason.code.severity() == Severity::Blocking
            || visit.sees_billing()
            || (reason.code == ReasonCode::BalanceLow && visit.me.role != Role::Viewer)
    })
}

/// What the badge shows: the first reason that the reader is told of.
pub fn look(visit: &Visit) -> Look {
    let Some(reason) = told(visit) else {
        return Look { icon: "check", tone: "ok", word: say!(visit, "state-ready") };
    };
    let (icon, tone, word) = match reason.code {
        ReasonCode::DisputeDebt | ReasonCode::RefundDebt | ReasonCode::OutstandingUsage
            if !visit.sees_billing() =>
        {
            ("pause", "stop", say!(visit, "state-paused"))
        }
        ReasonCode::DisputeDebt | ReasonCode::RefundDebt => ("refund", "stop", say!(visit, "state-paused")),
        ReasonCode::OutstandingUsage | ReasonCode::OrganizationSuspended | ReasonCode::TaskPaused => {
            ("pause", "stop", say!(visit, "state-paused"))
        }
        ReasonCode::PaymentPastDue => ("cardstop", "stop", say!(visit, "state-paused")),
        ReasonCode::CreditsLocked => ("lock", "stop", say!(visit, "state-paused")),
        ReasonCode::SubscriptionRequired | ReasonCode::CreditsDepleted | ReasonCode::InsufficientCredits => {
            ("none", "stop", say!(visit, "state-paused"))
        }
        ReasonCode::PaymentFailing | ReasonCode::AutoRechargeSuspended => {
            ("cardstop", "warn", say!(visit, "state-card-problem"))
        }
        ReasonCode::BalanceLow => ("low", "warn", say!(visit, "state-low")),
        ReasonCode::CreditsExpiring => ("clock", "warn", say!(visit, "state-expiring")),
        ReasonCode::SubscriptionEnding => {
            let date = reason.since.map(|at| visit.copy.day(at, visit.now())).unwrap_or_default();
            ("day", "info", say!(visit, "state-ends", date = date))
        }
        ReasonCode::CreditsFrozen => ("lock", "info", say!(visit, "state-frozen")),
    };
    Look { icon, tone, word }
}

/// What happened, in a title of a few words; none where there is nothing to say.
pub fn headline(visit: &Visit) -> Option<String> {
    let reason = told(visit)?;
    let member = reason.code.severity() == Severity::Blocking && !visit.sees_billing();
    Some(match member {
        true => say!(visit, "paused-title"),
        false => visit.copy.text(&format!("headline-{}", reason.code.as_str()), &[]),
    })
}

/// The first reason in a sentence or two, with its figures; none where there is nothing to say.
pub fn cause(visit: &Visit) -> Option<String> {
    let first = told(visit)?;
    if !visit.sees_billing() {
        return Some(for_others(visit, first.code));
    }
    let blocking = |explained: &&Explained| explained.reason.code.severity() == first.code.severity();
    let debts = |code| {
        matches!(code, ReasonCode::DisputeDebt | ReasonCode::RefundDebt | ReasonCode::OutstandingUsage)
    };
    // Debts are told together: they are settled together.
    let told = visit.explained.iter().filter(blocking).filter(|explained| {
        explained.reason.code == first.code || (debts(first.code) && debts(explained.reason.code))
    });
    let told: Vec<String> = told.map(|explained| sentence(visit, explained)).collect();
    Some(told.join(" "))
}

/// One reason, for people with billing access.
pub fn sentence(visit: &Visit, explained: &Explained) -> String {
    let copy = &visit.copy;
    let reason = &explained.reason;
    let amount = owed(reason.amount.unwrap_or(Credits::ZERO));
    let key = format!("cause-{}", reason.code.as_str());
    let several = explained.causes.len();
    match (reason.code, explained.causes.first().map(|cause| &cause.what)) {
        (ReasonCode::RefundDebt | ReasonCode::DisputeDebt, Some(_)) if several > 1 => {
            copy.text(&format!("{key}-several"), &[("amount", amount.into()), ("count", several.into())])
        }
        (ReasonCode::OutstandingUsage, Some(_)) => {
            // What happened stays what it was while it is being settled.
            let beyond = explained.causes.iter().map(|cause| match &cause.what {
                CauseKind::RunOverran { beyond, .. } => *beyond,
                _ => Credits::ZERO,
            });
            let used = owed(beyond.sum());
            match used == amount {
                true => copy.text(&key, &[("amount", amount.into())]),
                false => copy.text(
                    "cause-outstanding_usage-part",
                    &[("used", used.into()), ("amount", amount.into())],
                ),
            }
        }
        (
            ReasonCode::RefundDebt | ReasonCode::DisputeDebt,
            Some(
                CauseKind::RefundTookBack { payment, used, .. }
                | CauseKind::DisputeTookBack { payment, used, .. },
            ),
        ) => {
            let at = explained.causes.first().map_or_else(String::new, |cause| copy.date(cause.at));
            copy.text(
                &key,
                &[
                    ("amount", amount.into()),
                    ("used", owed(*used).into()),
                    ("paid", paid(visit, payment).into()),
                    ("date", at.into()),
                ],
            )
        }
        (ReasonCode::CreditsLocked, _) => {
            let locked = usable(visit.balance.locked);
            match visit.balance.locked_expires_at {
                Some(until) => copy
                    .text(&key, &[("amount", locked.into()), ("date", copy.day(until, visit.now()).into())]),
                None => copy.text("cause-credits_locked-for-ever", &[("amount", locked.into())]),
            }
        }
        (ReasonCode::OrganizationSuspended, Some(CauseKind::Suspended { reason })) => {
            copy.text(&key, &[("reason", crate::words::ended(reason).into())])
        }
        (ReasonCode::CreditsDepleted | ReasonCode::SubscriptionRequired, _) => depleted(visit, &key),
        (ReasonCode::PaymentFailing, Some(CauseKind::PaymentFailed { grace_ends: Some(ends) })) => {
            copy.text(&key, &[("date", copy.day(*ends, visit.now()).into())])
        }
        (ReasonCode::BalanceLow, _) => {
            copy.text(&key, &[("amount", usable(visit.balance.low_threshold).into())])
        }
        (ReasonCode::SubscriptionEnding | ReasonCode::CreditsExpiring, _) => {
            let date = reason.since.map(|at| copy.day(at, visit.now())).unwrap_or_default();
            copy.text(&key, &[("amount", amount.into()), ("date", date.into())])
        }
        _ => copy.text(&key, &[("amount", amount.into())]),
    }
}

/// "$40.00".
fn paid(visit: &Visit, payment: &PaymentId) -> String {
    visit.paid.get(payment).map_or_else(String::new, |(paid, currency)| money(*paid, currency))
}

fn depleted(visit: &Visit, key: &str) -> String {
    let copy = &visit.copy;
    match visit.balance.next_grant {
        Some(next) => {
            let date = copy.day(next.at, visit.now());
            let said = copy.text(key, &[]);
            let next = say!(visit, "next-grant", amount = usable(next.amount), date = date);
            format!("{said} {next}")
        }
        None => copy.text(key, &[]),
    }
}

fn for_others(visit: &Visit, code: ReasonCode) -> String {
    let copy = &visit.copy;
    if code.severity() != Severity::Blocking {
        return say!(visit, "others-balance_low");
    }
    let said = match code {
        ReasonCode::CreditsDepleted => depleted(visit, "others-credits_depleted"),
        ReasonCode::OrganizationSuspended => say!(visit, "others-organization_suspended"),
        _ => say!(visit, "others-attention"),
    };
    let names: Vec<&str> = visit.balance.ask.iter().map(|contact| contact.name.as_str()).collect();
    match names.is_empty() {
        true => said,
        false => format!("{said} {}", say!(visit, "others-ask", names = list(copy, &names))),
    }
}

/// The step that helps most, where this member may take one: what its button says, and where it leads.
pub fn way_out(visit: &Visit) -> Option<(String, String)> {
    let step = visit.balance.next_steps.iter().find(|step| step.action != Action::WaitForGrant)?;
    (visit.sees_billing() && step.action != Action::AskBillingAdmin)
        .then(|| (label(visit, step), visit.path(&format!("billing#{}", step.action.as_str()))))
}

/// What a step's button says.
pub fn label(visit: &Visit, step: &NextStep) -> String {
    visit.copy.text(&format!("action-{}", step.action.as_str()), &[])
}
