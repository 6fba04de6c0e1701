//! What people are mailed: calm whole sentences with the figures, what is paused, what stays open, and what to do. Rendered
//! as text and as HTML from the same paragraphs, when it is sent.

use super::notice::{Money, Notice, Standing, What};
use crate::{
    links,
    words::{are, credits, date, ended, is_one},
};
use ledger::{Credits, Timestamp, grant::GrantKind, payment::DisputeOutcome, status::ReasonCode};
use maud::{DOCTYPE, html};

/// A letter, before it is addressed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Letter {
    /// What it is about, in a line.
    pub subject: String,
    paragraphs: Vec<String>,
    link: String,
    why: String,
}

/// What stays so whatever is paused (R9.6).
const OPEN: &str = "Results, history, usage, settings and billing stay open.";

impl Letter {
    /// What a notice says to people; none where they are not mailed about its kind.
    pub fn of(notice: &Notice, public_url: &str) -> Option<Letter> {
        let name = &plain(&notice.name);
        let (subject, paragraphs) = match &notice.what {
            What::BalanceLow { available, threshold } => low(name, *available, *threshold),
            What::BalanceBlocked { reason } => blocked(name, notice.at, *reason, &notice.standing),
            What::BalanceUnblocked {} => unblocked(name, notice.at, &notice.standing),
            What::AutoRechargeFailed { reason, retry_at, .. } => {
                recharge_failed(name, notice, reason, *retry_at)
            }
            What::AutoRechargeSuspended { reason, .. } => recharge_suspended(name, notice, reason),
            What::CreditsExpiring { kind, amount, expires_at, days, .. } => {
                expiring(name, *kind, *amount, *expires_at, *days)
            }
            What::DisputeOpened { payment, money, frozen, owed, .. } => {
                disputed(name, notice.at, &payment_of(payment.as_str(), money), *frozen, *owed)
            }
            What::DisputeClosed { outcome, payment, money, .. } => {
                let payment = payment.as_ref().zip(money.as_ref());
                let payment = payment.map(|(payment, money)| payment_of(payment.as_str(), money));
                dispute_closed(name, notice, payment.as_deref().unwrap_or("a payment"), *outcome)
            }
            _ => return None,
        };
        Some(Letter {
            subject,
            paragraphs,
            link: links::billing(public_url, &notice.organization),
            why: format!(
                "You receive this mail because you are the owner or a billing admin of {name}. You choose in your settings \
                 which notices you are mailed."
            ),
        })
    }

    /// For whoever reads plain text.
    pub fn text(&self) -> String {
        let Letter { paragraphs, link, why, .. } = self;
        format!("{}\n\nBilling: {link}\n\n-- \n{why}\n", paragraphs.join("\n\n"))
    }

    /// For whoever reads HTML.
    pub fn html(&self) -> String {
        let page = html! {
            (DOCTYPE)
            html lang="en" {
                head {
                    meta charset="utf-8";
                    meta name="viewport" content="width=device-width";
                    title { (self.subject) }
                }
                body style="margin:0 auto;max-width:36em;padding:1.5em;font:16px/1.5 system-ui,sans-serif" {
                    @for paragraph in &self.paragraphs {
                        p { (paragraph) }
                    }
                    p { a href=(self.link) { "Open billing" } }
                    hr style="border:0;border-top:1px solid #999";
                    p style="font-size:14px" { (self.why) }
                }
            }
        };
        page.into_string()
    }
}

/// Somebody else's words without line breaks and other control characters, as they may stand in a header.
pub fn plain(words: &str) -> String {
    words.chars().map(|char| if char.is_control() { ' ' } else { char }).collect()
}

fn low(name: &str, available: Credits, threshold: Credits) -> (String, Vec<String>) {
    let left = credits(available);
    (
        format!("{name} has {left} left"),
        vec![
            format!("{name} has {left} left. This mail is sent below {}.", credits(threshold)),
            format!(
                "Everything works as before. When no credits are left, new work does not start until some are added. {OPEN}"
            ),
            "To go on without a pause, add credits or turn on auto-recharge.".into(),
        ],
    )
}

fn blocked(name: &str, at: Timestamp, reason: ReasonCode, standing: &Standing) -> (String, Vec<String>) {
    let debt = credits(standing.debt);
    let next = match standing.next_grant {
        Some((at, amount)) => format!(" The next {} expected on {}.", are(amount), date(at)),
        None => String::new(),
    };
    let to_do = match reason {
        ReasonCode::OrganizationSuspended => "Please ask whoever runs this service for you.".into(),
        ReasonCode::DisputeDebt | ReasonCode::RefundDebt => {
            format!("To go on, resolve the shortfall of {debt}.")
        }
        ReasonCode::OutstandingUsage => {
            format!(
                "To go on, add credits. The first {debt} settle what is owed, the rest can be used.{next}"
            )
        }
        ReasonCode::PaymentPastDue => "To go on, update the payment method of the subscription.".into(),
        ReasonCode::CreditsLocked => {
            "To go on, resume the subscription: the locked credits can be used again then.".into()
        }
        ReasonCode::SubscriptionRequired => "To go on, start a subscription.".into(),
        _ => format!("To go on, add credits or turn on auto-recharge.{next}"),
    };
    (
        format!("New work of {name} is paused"),
        vec![
            format!("New work of {name} has been paused since {}, because {}.", date(at), reason.meaning()),
            figures(standing),
            format!(
                "Work that is running goes on. Scheduled tasks that find no credits are paused until a person resumes them. {OPEN}"
            ),
            to_do,
        ],
    )
}

fn unblocked(name: &str, at: Timestamp, standing: &Standing) -> (String, Vec<String>) {
    let tasks = match standing.paused_tasks {
        0 => "No scheduled task is paused.".into(),
        1 => "1 scheduled task is still paused, until a person resumes it.".into(),
        many => format!("{many} scheduled tasks are still paused, until a person resumes them."),
    };
    (
        format!("{name} can start new work again"),
        vec![
            format!("New work of {name} can start again as of {}.", date(at)),
            figures(standing),
            format!("{tasks} Nothing else needs to be done."),
        ],
    )
}

fn recharge_failed(
    name: &str,
    notice: &Notice,
    reason: &str,
    retry_at: Option<Timestamp>,
) -> (String, Vec<String>) {
    let again =
        retry_at.map_or_else(String::new, |at| format!("It may be tried again from {} on. ", date(at)));
    (
        format!("An automatic purchase for {name} was declined"),
        vec![
            declined(name, notice, reason),
            format!("{again}{}", figures(&notice.standing)),
            format!("Work goes on as long as there are credits. {OPEN}"),
            "To be sure that it does, update the payment method, or add credits yourself.".into(),
        ],
    )
}

fn recharge_suspended(name: &str, notice: &Notice, reason: &str) -> (String, Vec<String>) {
    (
        format!("Auto-recharge of {name} is suspended"),
        vec![
            declined(name, notice, reason),
            format!(
                "It was declined too often in a row, so nothing more is bought automatically. {}",
                figures(&notice.standing)
            ),
            format!("Work goes on as long as there are credits. {OPEN}"),
            "A new payment method lifts the suspension, and so does turning auto-recharge on again.".into(),
        ],
    )
}

fn declined(name: &str, notice: &Notice, reason: &str) -> String {
    format!(
        "The automatic purchase of credits for {name} was declined on {}, with the words: {}",
        date(notice.at),
        ended(&plain(reason))
    )
}

fn expiring(
    name: &str,
    kind: GrantKind,
    amount: Credits,
    expires_at: Timestamp,
    days: i64,
) -> (String, Vec<String>) {
    let kind = match kind {
        GrantKind::Included => "included",
        GrantKind::Purchased => "purchased",
        GrantKind::Promotional => "promotional",
    };
    let number = amount_of(amount);
    let (noun, verb, they) =
        if is_one(amount) { ("credit", "expires", "It") } else { ("credits", "expire", "They") };
    let within = if days == 1 { "a day".to_owned() } else { format!("{days} days") };
    (
        format!("{number} {noun} of {name} {verb} within {within}"),
        vec![
            format!("{number} {kind} {noun} of {name} {verb} on {}.", date(expires_at)),
            format!("{they} can be used until then. Whatever has not been used by then is lost."),
            "Nothing needs to be done. Billing lists every grant with what is left of it and until when."
                .into(),
        ],
    )
}

/// "1,200.5", without its unit.
fn amount_of(amount: Credits) -> String {
    credits(amount).split(' ').next().unwrap_or_default().to_owned()
}

fn disputed(
    name: &str,
    at: Timestamp,
    payment: &str,
    frozen: Credits,
    owed: Credits,
) -> (String, Vec<String>) {
    let out_of_reach = if frozen.is_positive() {
        format!("While it is open, {} out of reach.", are(frozen))
    } else {
        "None of its credits were left.".into()
    };
    let debt = if owed.is_positive() {
        format!(
            "{} owed, because the credits had been used already. As long as something is owed, no new work starts.",
            are(owed)
        )
    } else {
        "Nothing is owed for it.".into()
    };
    (
        format!("A payment of {name} is disputed"),
        vec![
            format!("A dispute over {payment} of {name} was opened on {}.", date(at)),
            format!("{out_of_reach} {debt}"),
            format!("{OPEN} Auto-recharge waits while a dispute is open."),
            "If it is won, the credits come back, with whatever settled the debt. If it is lost, they are gone with the money. \
             To go on before that, resolve the shortfall, or withdraw the dispute with your bank."
                .into(),
        ],
    )
}

fn dispute_closed(
    name: &str,
    notice: &Notice,
    payment: &str,
    outcome: DisputeOutcome,
) -> (String, Vec<String>) {
    let (word, meaning) = match outcome {
        DisputeOutcome::Won => (
            "won",
            "The money stays, so the credits of that payment are back, with whatever had settled a debt because of it.",
        ),
        DisputeOutcome::Lost => (
            "lost",
            "The money is gone, and so are the credits of that payment that had not been used. What had been used stays owed until \
             it is settled.",
        ),
    };
    let standing = &notice.standing;
    let to_do = if standing.debt.is_positive() {
        format!("To go on, resolve the shortfall of {}. {OPEN}", credits(standing.debt))
    } else {
        "Nothing needs to be done.".into()
    };
    (
        format!("The dispute over a payment of {name} was {word}"),
        vec![
            format!("The dispute over {payment} of {name} was {word} on {}.", date(notice.at)),
            meaning.into(),
            figures(standing),
            to_do,
        ],
    )
}

/// How the account stands, in a sentence or two.
fn figures(standing: &Standing) -> String {
    let mut sentences = vec![format!("{} available.", are(standing.available))];
    if standing.debt.is_positive() {
        sentences.push(format!("{} owed.", are(standing.debt)));
    }
    if standing.locked.is_positive() {
        let until = "until there is a subscription again";
        sentences.push(format!("{} locked {until}.", are(standing.locked)));
    }
    sentences.join(" ")
}

fn payment_of(payment: &str, money: &Money) -> String {
    match &money.currency {
        Some(currency) => format!("payment {payment}, about {} {currency},", major(money.amount, currency)),
        None => format!("payment {payment}"),
    }
}

/// Minor units as people write them, by the exponents of ISO 4217.
fn major(amount: i64, currency: &str) -> String {
    let decimals: usize = match currency {
        "BIF" | "CLP" | "DJF" | "GNF" | "ISK" | "JPY" | "KMF" | "KRW" | "PYG" | "RWF" | "UGX" | "UYI"
        | "VND" | "VUV" | "XAF" | "XOF" | "XPF" => 0,
        "BHD" | "IQD" | "JOD" | "KWD" | "LYD" | "OMR" | "TND" => 3,
        _ => 2,
    };
    let digits = format!("{amount:0width$}", width = decimals.saturating_add(1));
    let (whole, fraction) = digits.split_at(digits.len().saturating_sub(decimals));
    if fraction.is_empty() { whole.to_owned() } else { format!("{whole}.{fraction}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_is_written_with_the_decimals_of_its_currency() {
        for (amount, currency, written) in
            [(4900, "USD", "49.00"), (5, "EUR", "0.05"), (500, "JPY", "500"), (1, "KWD", "0.001")]
        {
            assert_eq!(major(amount, currency), written);
        }
    }
}
