//! What the ledger's figures say, in whole English sentences with their plurals: why an account is as it is, and what
//! would clear it (R9.4). Nothing here decides; a sentence is made when it is read, and stored nowhere.

use ledger::{
    Credits, Timestamp,
    credits::MICROS_PER_CREDIT,
    debt::{DebtChangeKind, OffsetReason},
    explain::{Cause, CauseKind, Explained, Owed},
    status::{Action, NextStep, Reason, ReasonCode},
};

/// A reason in a paragraph: what it means, what caused it, and what has been settled since.
pub fn sentence(explained: &Explained) -> String {
    let mut sentences = vec![headline(explained)];
    sentences.extend(explained.causes.iter().filter_map(cause));
    sentences.join(" ")
}

/// What the reason means for the account.
fn headline(explained: &Explained) -> String {
    let Reason { code, amount, since, .. } = &explained.reason;
    let amount = amount.unwrap_or(Credits::ZERO);
    let first = explained.causes.first();
    let since_then = since.map_or_else(String::new, |since| format!(" since {}", date(since)));
    match code {
        ReasonCode::OrganizationSuspended => {
            format!("The operator has suspended this organization{since_then}, so nothing starts.")
        }
        ReasonCode::DisputeDebt => {
            format!(
                "Nothing starts while {} owed for disputed credits that had already been used.",
                are(amount)
            )
        }
        ReasonCode::RefundDebt => {
            format!(
                "Nothing starts while {} owed for refunded credits that had already been used.",
                are(amount)
            )
        }
        ReasonCode::OutstandingUsage => {
            format!("Nothing starts while {} owed for work that used more than there was.", are(amount))
        }
        ReasonCode::PaymentPastDue => {
            format!("No credits are available{since_then}, because a payment for the subscription failed.")
        }
        ReasonCode::CreditsLocked => {
            let verb = if is_one(amount) { "is" } else { "are" };
            format!(
                "{} {verb} locked{since_then}, because the subscription has ended; until it returns, {} only settle debt.",
                number(amount, "purchased credit"),
                if is_one(amount) { "it can" } else { "they can" }
            )
        }
        ReasonCode::SubscriptionRequired => {
            format!(
                "No credits are available{since_then}, and there is no subscription that would bring some."
            )
        }
        ReasonCode::CreditsDepleted => format!("No credits are left{since_then}."),
        ReasonCode::InsufficientCredits => {
            format!("Only {} available, fewer than this start holds.", are(amount))
        }
        ReasonCode::TaskPaused => format!(
            "This task is paused{since_then}: one of its starts was refused for credits, and it waits until a person resumes it."
        ),
        ReasonCode::PaymentFailing => match first.map(|cause| &cause.what) {
            Some(CauseKind::PaymentFailed { grace_ends: Some(ends) }) => {
                format!(
                    "A payment for the subscription has failed; everything still works until {}.",
                    date(*ends)
                )
            }
            _ => "A payment for the subscription has failed; for some days everything still works.".into(),
        },
        ReasonCode::BalanceLow => match first.map(|cause| &cause.what) {
            Some(CauseKind::FellBelow { threshold }) => {
                format!("{} left, below the threshold of {}.", are(amount), credits(*threshold))
            }
            _ => format!("{} left, which is low.", are(amount)),
        },
        ReasonCode::CreditsExpiring => {
            let first = since.map_or_else(|| "soon".into(), |at| format!("from {} on", date(at)));
            let verb = if is_one(amount) { "expires" } else { "expire" };
            format!("{} {verb} {first}.", credits(amount))
        }
        ReasonCode::AutoRechargeSuspended => format!(
            "Auto-recharge is suspended{since_then}; a new payment method, or turning it on again, lifts the suspension."
        ),
        ReasonCode::SubscriptionEnding => match since {
            Some(ends) => format!(
                "The subscription ends on {}; until then everything works, and then purchased credits are locked.",
                date(*ends)
            ),
            None => "The subscription ends soon; until then everything works.".into(),
        },
        ReasonCode::CreditsFrozen => {
            format!("{} out of reach while a dispute is open{since_then}.", are(amount))
        }
    }
}

/// What happened; nothing where the headline has said it.
fn cause(cause: &Cause) -> Option<String> {
    let at = date(cause.at);
    Some(match &cause.what {
        CauseKind::RunOverran { run, beyond, owed } => {
            format!("Run {run} used {} more than was available on {at}.{}", credits(*beyond), rest(owed))
        }
        CauseKind::RefundTookBack { refund, payment, recovered, used, owed } => format!(
            "Refund {refund} of payment {payment} took back {} on {at}, of which {} already been used.{}",
            credits(*recovered),
            had(*used),
            rest(owed)
        ),
        CauseKind::DisputeTookBack { dispute, payment, recovered, used, owed } => format!(
            "Dispute {dispute} over payment {payment} took back {} on {at}, of which {} already been used.{}",
            credits(*recovered),
            had(*used),
            rest(owed)
        ),
        CauseKind::Suspended { reason } => format!("The reason given: {}", ended(reason)),
        CauseKind::Expires { grant, amount } => format!("Of grant {grant}: {} on {at}.", credits(*amount)),
        CauseKind::RechargeDeclined { reason, declines } => {
            let row = match declines {
                0 | 1 => "The last purchase was declined".to_owned(),
                more => format!("{more} purchases in a row were declined, the last"),
            };
            format!("{row} on {at}, with the words: {}", ended(reason))
        }
        CauseKind::Frozen { dispute, payment } => {
            format!("Dispute {dispute} over payment {payment} was opened on {at}.")
        }
        CauseKind::EntitlementEnded
        | CauseKind::PaymentFailed { .. }
        | CauseKind::NeverSubscribed
        | CauseKind::RanOut
        | CauseKind::FellBelow { .. }
        | CauseKind::CancellationScheduled => return None,
    })
}

/// What has become of a debt: how it shrank, and what is left.
fn rest(owed: &Owed) -> String {
    if owed.open == owed.amount {
        return String::new();
    }
    let sum = |of: fn(&DebtChangeKind) -> bool| -> Credits {
        owed.since.iter().filter(|change| of(&change.how)).map(|change| change.amount).sum()
    };
    let ways = [
        (sum(|how| matches!(how, DebtChangeKind::Settled { .. })), "settled by credits"),
        (sum(|how| matches!(how, DebtChangeKind::Repaid { .. })), "repaid"),
        (sum(|how| matches!(how, DebtChangeKind::Offset { why: OffsetReason::WriteOff })), "written off"),
        (
            sum(|how| matches!(how, DebtChangeKind::Offset { why } if *why != OffsetReason::WriteOff)),
            "found not to be owed",
        ),
    ];
    let told: Vec<String> = ways
        .iter()
        .filter(|(amount, _)| amount.is_positive())
        .map(|(amount, how)| format!("{} {how}", plain(*amount)))
        .collect();
    format!(
        " Since then {} of it was cleared ({}); {} still owed.",
        plain(owed.amount.minus_or_zero(owed.open)),
        told.join(", "),
        are(owed.open)
    )
}

/// Something to do, in a sentence.
pub fn step(step: &NextStep) -> String {
    match (step.action, step.amount) {
        (Action::AddCredits, Some(amount)) => format!("Add at least {}.", credits(rounded_up(amount))),
        (Action::AddCredits, None) => "Add credits.".into(),
        (Action::ResumeSubscription, _) => "Resume the subscription.".into(),
        (Action::StartSubscription, _) => "Start a subscription.".into(),
        (Action::UpdatePaymentMethod, _) => "Update the payment method.".into(),
        (Action::ResolveShortfall, Some(amount)) => format!("Resolve the shortfall of {}.", credits(amount)),
        (Action::ResolveShortfall, None) => "Resolve the shortfall.".into(),
        (Action::WaitForGrant, amount) => {
            let when = step.at.map_or_else(String::new, |at| format!(" on {}", date(at)));
            let brings = amount.map_or_else(String::new, |amount| format!(" of {}", credits(amount)));
            match step.debt_after {
                Some(left) if left.is_positive() => {
                    format!(
                        "Wait for the next grant{brings}{when}; {} of debt will be left after it.",
                        credits(left)
                    )
                }
                _ => format!("Wait for the next grant{brings}{when}."),
            }
        }
        (Action::EnableAutoRecharge, _) => "Turn on auto-recharge.".into(),
        (Action::AskBillingAdmin, _) => "Ask the owner or a billing admin.".into(),
    }
}

/// To whole credits: what somebody has to buy is said so that it is enough (packs are whole, and a micro-credit beyond
/// a debt is what makes a start possible).
fn rounded_up(amount: Credits) -> Credits {
    let over = amount.micros().rem_euclid(MICROS_PER_CREDIT);
    let up = if over == 0 { 0 } else { MICROS_PER_CREDIT - over };
    amount.checked_plus(Credits::from_micros(up)).unwrap_or(amount)
}

/// "1 credit", "1,200.5 credits".
pub fn credits(amount: Credits) -> String {
    number(amount, "credit")
}

fn number(amount: Credits, what: &str) -> String {
    let plural = if is_one(amount) { "" } else { "s" };
    format!("{} {what}{plural}", plain(amount))
}

/// "1 credit is", "2 credits are".
pub fn are(amount: Credits) -> String {
    format!("{} {}", credits(amount), if is_one(amount) { "is" } else { "are" })
}

/// "1 had", "all 2 had": how much of something.
fn had(amount: Credits) -> String {
    format!("{} had", plain(amount))
}

/// Whether it is exactly 1, of which one speaks in the singular.
pub fn is_one(amount: Credits) -> bool {
    Credits::whole(1) == Some(amount)
}

/// The number with its thousands apart: "1,200.5".
pub fn plain(amount: Credits) -> String {
    let text = amount.to_string();
    let (whole, fraction) =
        text.split_once('.').map_or((text.as_str(), None), |(whole, rest)| (whole, Some(rest)));
    let mut grouped = String::with_capacity(text.len() + text.len() / 3);
    let digits = whole.trim_start_matches('-').len();
    for (place, digit) in whole.chars().enumerate() {
        let left = whole.len() - place;
        if digit != '-' && left % 3 == 0 && left < digits {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    if let Some(fraction) = fraction {
        grouped.push('.');
        grouped.push_str(fraction);
    }
    grouped
}

/// "1 May 2026 at 09:30 UTC".
pub fn date(at: Timestamp) -> String {
    let clamped = at.clamp(Timestamp::MIN, Timestamp::MAX).micros();
    let instant = jiff::Timestamp::from_microsecond(clamped).unwrap_or_default();
    instant.strftime("%-d %B %Y at %H:%M UTC").to_string()
}

/// Somebody else's words, ending as a sentence does.
pub fn ended(words: &str) -> String {
    let words = words.trim();
    if words.ends_with(['.', '!', '?']) { words.to_owned() } else { format!("{words}.") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ledger::{debt::DebtChange, status::Origin};

    fn whole(amount: i64) -> Credits {
        Credits::whole(amount).expect("it fits")
    }

    fn at(text: &str) -> Timestamp {
        text.parse().expect("an instant")
    }

    fn explained(code: ReasonCode, amount: i64, causes: Vec<CauseKind>) -> Explained {
        let since = at("2026-01-10T09:30:00Z");
        Explained {
            reason: Reason {
                code,
                amount: Some(whole(amount)),
                since: Some(since),
                origin: Some(Origin::Operator),
            },
            causes: causes.into_iter().map(|what| Cause { seq: 7, at: since, what }).collect(),
            clears: Vec::new(),
        }
    }

    fn owed(amount: i64, open: i64, since: Vec<DebtChange>) -> Owed {
        Owed { debt: "debt_1".parse().expect("an id"), amount: whole(amount), open: whole(open), since }
    }

    #[test]
    fn amounts_are_grouped_and_have_their_plural() {
        for (micros, said) in [
            (1_000_000, "1 credit"),
            (0, "0 credits"),
            (500_000, "0.5 credits"),
            (999_000_000, "999 credits"),
            (1_000_000_000, "1,000 credits"),
            (1_234_567_500_000, "1,234,567.5 credits"),
            (-1_200_000_000, "-1,200 credits"),
            (-120_000_000, "-120 credits"),
        ] {
            assert_eq!(credits(Credits::from_micros(micros)), said);
        }
    }

    #[test]
    fn an_overrun_names_its_run_and_what_has_been_settled_since() {
        let settled = DebtChange {
            seq: 9,
            at: at("2026-01-11T00:00:00Z"),
            amount: whole(120),
            how: DebtChangeKind::Offset { why: OffsetReason::WriteOff },
        };
        let overran = CauseKind::RunOverran {
            run: "r1".parse().expect("an id"),
            beyond: whole(1320),
            owed: owed(1320, 1200, vec![settled]),
        };
        assert_eq!(
            sentence(&explained(ReasonCode::OutstandingUsage, 1200, vec![overran])),
            "Nothing starts while 1,200 credits are owed for work that used more than there was. \
             Run r1 used 1,320 credits more than was available on 10 January 2026 at 09:30 UTC. \
             Since then 120 of it was cleared (120 written off); 1,200 credits are still owed."
        );
    }

    #[test]
    fn a_refund_says_how_much_of_it_had_been_used() {
        let refund = CauseKind::RefundTookBack {
            refund: "re_1".parse().expect("an id"),
            payment: "pi_1".parse().expect("an id"),
            recovered: whole(2000),
            used: whole(1400),
            owed: owed(1400, 1400, Vec::new()),
        };
        assert_eq!(
            sentence(&explained(ReasonCode::RefundDebt, 1400, vec![refund])),
            "Nothing starts while 1,400 credits are owed for refunded credits that had already been used. \
             Refund re_1 of payment pi_1 took back 2,000 credits on 10 January 2026 at 09:30 UTC, \
             of which 1,400 had already been used."
        );
    }

    #[test]
    fn every_reason_is_said_in_whole_sentences() {
        for code in ReasonCode::ALL {
            for amount in [1, 2] {
                let said = sentence(&explained(code, amount, Vec::new()));
                assert!(
                    said.ends_with('.')
                        && said.starts_with(|c: char| c.is_ascii_uppercase() || c.is_ascii_digit()),
                    "{said}"
                );
                assert!(!said.contains("1 credits") && !said.contains("2 credit "), "{said}");
            }
        }
    }

    #[test]
    fn a_step_says_what_will_be_left_after_it() {
        let amount = Some(Credits::from_micros(320_000_001));
        let add = NextStep { action: Action::AddCredits, amount, at: None, debt_after: None };
        assert_eq!(step(&add), "Add at least 321 credits.");
        let wait = NextStep {
            action: Action::WaitForGrant,
            amount: Some(whole(1000)),
            at: Some(at("2026-02-01T00:00:00Z")),
            debt_after: Some(whole(1)),
        };
        assert_eq!(
            step(&wait),
            "Wait for the next grant of 1,000 credits on 1 February 2026 at 00:00 UTC; 1 credit of debt will be left after it."
        );
    }
}
