//! The Outstanding card, there while something is owed: each open debt in the order of settlement (R7.4) with what it goes back
//! to, how it has shrunk and what settles it next, what waiting for the next credits does, and paying exactly what is owed.

use super::{Card, books::Books, events::Named};
use crate::{
    copy::say,
    money::money,
    web::{
        figures::{owed, share, usable},
        visit::Visit,
    },
};
use ledger::{
    Credits,
    debt::{Debt, DebtKind, DebtOrigin},
    grant::GrantKind,
    status::{Action, Severity},
};
use maud::{Markup, html};

/// The card; nothing but its place where nothing is owed.
pub fn card(visit: &Visit, books: &Books, named: &Named) -> Markup {
    if books.debts.is_empty() {
        return html! { section #outstanding data-live hidden {} };
    }
    let blocks = visit.balance.reasons.iter().filter(|reason| reason.code.severity() == Severity::Blocking);
    let since = blocks.filter_map(|reason| reason.since).min();
    let aside = html! {
        @if let Some(since) = since {
            span.quiet.small {
                (say!(visit, "billing-paused-since"))
                " " (crate::web::figures::time(since, visit.copy.date_time(since)))
            }
        }
    };
    let body = html! {
        div { (strip(visit, books)) }
        p.quiet { (say!(visit, "billing-debts-order")) }
        ol.debts {
            @for debt in &books.debts { (item(visit, books, named, debt)) }
        }
        (waiting(visit))
        (resolve(visit, books))
    };
    let steps = &["resolve_shortfall", "wait_for_grant"];
    Card { place: "outstanding", title: say!(visit, "billing-outstanding"), steps, aside, body }.show()
}

/// The debts beside each other, with gaps between them.
fn strip(visit: &Visit, books: &Books) -> Markup {
    let whole = visit.balance.debt_total();
    let mut from = Credits::ZERO;
    let mut parts = Vec::new();
    for debt in &books.debts {
        parts.push((share(from, whole), share(debt.open, whole)));
        from = from.plus(debt.open);
    }
    html! {
        svg.bar.tall viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true" {
            @for (x, width) in &parts { rect.c-debt x=(x) width=(width) height="10" {} }
            @for (x, _) in parts.iter().skip(1) { rect.gap x=(x) width="0.6" height="10" {} }
        }
    }
}

fn item(visit: &Visit, books: &Books, named: &Named, debt: &Debt) -> Markup {
    let (title, what) = cause(visit, books, named, debt);
    let shrunk = debt.amount.minus_or_zero(debt.open);
    html! {
        li {
            div.debt-what { h3 { (title) } p.quiet.small { (what) } }
            dl.debt-sums {
                div { dt { (say!(visit, "billing-debt-amount")) } dd { (owed(debt.amount).exact()) } }
                div { dt { (say!(visit, "billing-debt-settled")) } dd { (usable(shrunk).exact()) } }
                div { dt { (say!(visit, "billing-debt-clears")) } dd.fig.owed { (owed(debt.open).exact()) } }
            }
            p.small.quiet {
                @if let Some(said) = shrank(visit, debt) { (said) " " }
                b.ink { (say!(visit, "billing-debt-next")) } " " (next(visit, books, debt))
            }
        }
    }
}

/// What a debt goes back to: a title and a sentence with its figures.
fn cause(visit: &Visit, books: &Books, named: &Named, debt: &Debt) -> (String, String) {
    let date = visit.copy.date_time(debt.opened_at);
    let amount = owed(debt.amount);
    match &debt.origin {
        DebtOrigin::Run { run } => {
            let work = named.work(&visit.copy, &books.policy, run, None);
            let known = named.runs.get(run);
            let used = owed(known.map_or(debt.amount, |run| run.used));
            let said = match known.and_then(|run| run.member.as_ref()) {
                Some(member) => {
                    let name = books.members.get(member).map_or(member.as_str(), |member| &member.name);
                    say!(visit, "billing-debt-run-of", date = date, name = name, used = used, amount = amount)
                }
                None => say!(visit, "billing-debt-run", date = date, used = used, amount = amount),
            };
            (work, said)
        }
        DebtOrigin::Refund { refund, payment } => {
            let known = books.payments.get(payment);
            let moved = known.and_then(|payment| payment.refunds.iter().find(|known| known.id == *refund));
            let title = match (known, moved) {
                (Some(payment), Some(refund)) => {
                    say!(visit, "billing-debt-refund-of", money = money(refund.amount, &payment.currency))
                }
                _ => say!(visit, "debt-refund"),
            };
            (title, taken_back(visit, known, "billing-debt-refund", &date, debt))
        }
        DebtOrigin::Dispute { dispute, payment } => {
            let known = books.payments.get(payment);
            let moved = known.and_then(|payment| payment.disputes.iter().find(|known| known.id == *dispute));
            let title = match (known, moved) {
                (Some(payment), Some(dispute)) => {
                    say!(visit, "billing-debt-dispute-of", money = money(dispute.amount, &payment.currency))
                }
                _ => say!(visit, "debt-dispute"),
            };
            let key = match moved.is_some_and(|dispute| dispute.closed.is_none()) {
                true => "billing-debt-dispute-open",
                false => "billing-debt-dispute",
            };
            (title, taken_back(visit, known, key, &date, debt))
        }
    }
}

/// What a refund or dispute took back, and how much of it had been used.
fn taken_back(
    visit: &Visit,
    payment: Option<&ledger::payment::Payment>,
    key: &str,
    date: &str,
    debt: &Debt,
) -> String {
    let Some(payment) = payment else {
        return say!(visit, "billing-debt-taken-back", date = date, amount = owed(debt.amount));
    };
    let values = [
        ("date", date.into()),
        ("paid", money(payment.paid, &payment.currency).into()),
        ("payment", payment.id.as_str().into()),
        ("bought_on", visit.copy.date(payment.at).into()),
        ("credits", usable(payment.credits).into()),
        ("recovered", owed(payment.recovered).into()),
        ("amount", owed(debt.amount).into()),
    ];
    visit.copy.text(key, &values)
}

/// How it has shrunk since.
fn shrank(visit: &Visit, debt: &Debt) -> Option<String> {
    let parts = [
        (debt.settled, "billing-debt-was-settled"),
        (debt.repaid, "billing-debt-was-repaid"),
        (debt.offset, "billing-debt-was-offset"),
    ];
    let said: Vec<String> = parts
        .into_iter()
        .filter(|(part, _)| part.is_positive())
        .map(|(part, key)| visit.copy.text(key, &[("amount", usable(part).into())]))
        .collect();
    (!said.is_empty()).then(|| said.join(" "))
}

/// What settles it next, by the policy (R7.5).
fn next(visit: &Visit, books: &Books, debt: &Debt) -> String {
    let kinds = match debt.kind {
        DebtKind::OutstandingUsage => &books.policy.settlement.outstanding_usage,
        DebtKind::Refund => &books.policy.settlement.refund,
        DebtKind::Dispute => &books.policy.settlement.dispute,
    };
    match visit.balance.next_grant {
        Some(grant) if kinds.contains(&GrantKind::Included) => {
            let date = visit.copy.day(grant.at, visit.now());
            say!(visit, "billing-debt-next-any", date = date)
        }
        _ if kinds.contains(&GrantKind::Included) => say!(visit, "billing-debt-next-credits"),
        _ => say!(visit, "billing-debt-next-purchased"),
    }
}

/// What waiting for the next credits does, where it does anything (R9.3).
fn waiting(visit: &Visit) -> Markup {
    let step = visit.balance.next_steps.iter().find(|step| step.action == Action::WaitForGrant);
    let debt = visit.balance.debt_total();
    let said = step.and_then(|step| {
        let (amount, at, after) = (step.amount?, step.at?, step.debt_after?);
        let date = visit.copy.day(at, visit.now());
        let taken = debt.minus_or_zero(after);
        let left = usable(amount.minus_or_zero(taken));
        if taken.is_zero() {
            return Some(say!(
                visit,
                "billing-wait-in-vain",
                date = date,
                amount = usable(amount),
                open = owed(after)
            ));
        }
        Some(match after.is_positive() {
            true => say!(
                visit,
                "billing-wait-partly",
                date = date,
                amount = usable(amount),
                taken = owed(taken),
                left = left,
                open = owed(after)
            ),
            false => {
                say!(
                    visit,
                    "billing-wait",
                    date = date,
                    amount = usable(amount),
                    taken = owed(taken),
                    left = left
                )
            }
        })
    });
    html! { @if let Some(said) = said { div.card-foot { p { (said) } } } }
}

/// Paying exactly what is owed (R7.7), or who takes the money where it is not this server.
fn resolve(visit: &Visit, books: &Books) -> Markup {
    let debt = owed(visit.balance.debt_total());
    html! {
        div.card-foot {
            @match &books.shortfall {
                Some(shortfall) => {
                    p {
                        b.ink { (say!(visit, "billing-clears", amount = debt)) } " "
                        (say!(visit, "billing-clears-exactly", money = money(shortfall.cost, &shortfall.currency),
                            left = usable(shortfall.split.usable.plus(shortfall.split.locked))))
                    }
                    a.btn href=(visit.path("billing/review?shortfall=true")) { (say!(visit, "action-resolve_shortfall")) }
                }
                None if visit.app.cashier.provider().sells() => {
                    p { b.ink { (say!(visit, "billing-clears", amount = debt)) } " " (say!(visit, "billing-clears-pack")) }
                    a.btn href="#buy" { (say!(visit, "billing-see-packs")) }
                }
                None => {
                    p { b.ink { (say!(visit, "billing-clears", amount = debt)) } " " (say!(visit, "billing-sold-elsewhere")) }
                    (super::buy::to_product(visit))
                }
            }
        }
    }
}
