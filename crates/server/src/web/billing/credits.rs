//! The Credits card: what is available as a sum that adds up on the spot, what is out of reach and why, every grant of which
//! something is left in the order of use (R3.6), and how credits work.

use super::{Card, books::Books, tag, valid_through};
use crate::{
    copy::{rich, say},
    web::{
        figures::{Amount, owed, share, time, usable},
        icons::icon,
        visit::Visit,
    },
};
use ledger::{
    Credits,
    grant::{Grant, GrantKind, GrantSource, GrantState},
    status::Balance,
    subscription::Cadence,
};
use maud::{Markup, html};

/// Grants that the card lists; an account with more has them on the Usage page.
const GRANTS_MAX: usize = 25;

/// The card.
pub fn card(visit: &Visit, books: &Books) -> Markup {
    let balance = &visit.balance;
    let debt = balance.debt_total();
    // Nothing was ever had, and nothing is on its way.
    let is_new = balance.subscription.is_none() && books.grants.is_empty() && debt.is_zero();
    let body = html! {
        (headline(visit))
        @if balance.available.is_positive() || balance.held.is_positive() {
            div { (bar(balance)) }
        }
        (sum(visit))
        (apart(visit, books))
        @if is_new { (first_run(visit)) }
        @if !books.grants.is_empty() { (grants(visit, books)) }
        @if !is_new { p.small { a href=(visit.path("usage#grants")) { (say!(visit, "billing-grants-earlier")) } } }
        (how_credits_work(visit))
    };
    // Waiting is a step of this card where nothing is owed; else it is told with the debt.
    let steps: &[&str] = if debt.is_positive() { &[] } else { &["wait_for_grant"] };
    Card { place: "credits", title: say!(visit, "billing-credits"), steps, aside: next_refill(visit), body }
        .show()
}

/// When credits come next by themselves.
pub fn next_refill(visit: &Visit) -> Markup {
    html! {
        span.quiet.small {
            @match visit.balance.next_grant {
                Some(next) => {
                    (say!(visit, "billing-next-refill", amount = usable(next.amount)))
                    " " (time(next.at, visit.copy.date_time(next.at)))
                }
                None if visit.balance.entitled => { (say!(visit, "billing-no-refill")) }
                None => { (say!(visit, "billing-no-refill-without-subscription")) }
            }
        }
    }
}

/// The large figures: what is available, and beside it what is owed or locked.
fn headline(visit: &Visit) -> Markup {
    let balance = &visit.balance;
    let debt = balance.debt_total();
    let available = usable(balance.available);
    let figure = html! {
        p { span.fig.xl { (available) } " " span.unit { (say!(visit, "billing-available", amount = available)) } }
    };
    if debt.is_positive() {
        let debt = owed(debt);
        return html! {
            div.two {
                (figure)
                p { span.fig.xl.owed { (debt) } " " span.unit { (say!(visit, "billing-owed", amount = debt)) } }
            }
        };
    }
    if balance.locked.is_positive() && !balance.available.is_positive() {
        let locked = usable(balance.locked);
        return html! {
            div.two {
                (figure)
                p { span.fig.xl { (locked) } " " span.unit { (say!(visit, "billing-locked", amount = locked)) } }
            }
        };
    }
    figure
}

/// The parts of what is available, and what is reserved beside it, as one strip.
pub fn bar(balance: &Balance) -> Markup {
    let whole = balance.available.plus(balance.held);
    let parts = [
        ("c-inc", balance.included),
        ("c-promo", balance.promotional),
        ("c-pur", balance.purchased),
        ("c-res", balance.held),
    ];
    strip("bar tall", &parts, whole)
}

/// A strip of these parts of a whole, one after the other.
pub fn strip(class: &str, parts: &[(&str, Credits)], whole: Credits) -> Markup {
    let mut from = Credits::ZERO;
    let mut placed = Vec::new();
    for (colour, part) in parts.iter().filter(|(_, part)| part.is_positive()) {
        placed.push((*colour, share(from, whole), share(*part, whole)));
        from = from.plus(*part);
    }
    html! {
        svg class=(class) viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true" {
            // Reserved credits are short strokes, whose height the style says.
            @for (colour, x, width) in placed {
                @if colour == "c-res" { rect class=(colour) x=(x) width=(width) {} }
                @else { rect class=(colour) x=(x) width=(width) height="10" {} }
            }
        }
    }
}

/// The sum line. Its terms are exact, so that they add up on the spot whatever was rounded above.
pub fn sum(visit: &Visit) -> Markup {
    let balance = &visit.balance;
    let exact = |credits: Credits| usable(credits).exact();
    let term = |colour: &str, name: String, credits| {
        html! {
            div { dt { svg.key aria-hidden="true" { rect class=(colour) {} } (name) } dd { (exact(credits)) } }
        }
    };
    html! {
        dl.sum {
            (term("c-inc", say!(visit, "billing-included-remaining"), balance.included))
            @if balance.promotional.is_positive() {
                (term("c-promo", say!(visit, "billing-promotional"), balance.promotional))
            }
            (term("c-pur", say!(visit, "billing-purchased-remaining"), balance.purchased))
            div.total { dt { (say!(visit, "billing-total")) } dd { (exact(balance.available)) } }
        }
    }
}

/// What is not inside the total: reserved, locked, disputed, owed.
fn apart(visit: &Visit, books: &Books) -> Markup {
    let balance = &visit.balance;
    let debt = balance.debt_total();
    let kinds =
        [say!(visit, "debt-outstanding-usage"), say!(visit, "debt-refund"), say!(visit, "debt-dispute")];
    let locked = match balance.locked_expires_at {
        Some(end) => say!(visit, "billing-locked-until", date = visit.copy.day(end, visit.now())),
        None => say!(visit, "locked"),
    };
    let line = |name: &str, amount: Amount| html! { div { dt { (name) } dd { (amount.exact()) } } };
    let is_quiet = [balance.held, balance.locked, balance.frozen, debt].iter().all(|part| part.is_zero());
    html! {
        @if is_quiet {
            p.small.quiet { (say!(visit, "billing-nothing-apart")) }
        } @else {
            div.two {
                dl.lines {
                    (line(&say!(visit, "reserved"), usable(balance.held)))
                    (line(&locked, usable(balance.locked)))
                    @if debt.is_positive() { (line(&say!(visit, "billing-frozen"), usable(balance.frozen))) }
                }
                dl.lines {
                    @if debt.is_positive() {
                        @for (name, open) in kinds.iter().zip(balance.debt).filter(|(_, open)| open.is_positive()) {
                            (line(name, owed(open)))
                        }
                        div.rule {
                            dt { b { (say!(visit, "billing-owed-in-total")) } }
                            dd.owed { b { (owed(debt).exact()) } }
                        }
                    } @else {
                        (line(&say!(visit, "billing-frozen"), usable(balance.frozen)))
                        (line(&say!(visit, "debt"), owed(debt)))
                    }
                }
            }
            @if balance.held.is_positive() {
                p.small.quiet {
                    svg.key aria-hidden="true" { rect.c-res {} }
                    (say!(visit, "billing-held", amount = usable(balance.held), count = books.running))
                }
            }
            @if balance.locked.is_positive() || balance.frozen.is_positive() {
                div.two.small.quiet {
                    @if balance.locked.is_positive() {
                        p { (rich!(visit, "billing-locked-means")) }
                    }
                    @if balance.frozen.is_positive() {
                        p { (rich!(visit, "billing-frozen-means")) }
                    }
                }
            }
        }
    }
}

fn grants(visit: &Visit, books: &Books) -> Markup {
    let more = books.grants.len().saturating_sub(GRANTS_MAX);
    let mut place = 0_u32;
    html! {
        div {
            h3 #grants-h { (say!(visit, "billing-grants")) }
            table.fold role="table" aria-labelledby="grants-h" {
                thead role="rowgroup" {
                    tr role="row" {
                        th role="columnheader" scope="col" { (say!(visit, "billing-grant-order")) }
                        th role="columnheader" scope="col" { (say!(visit, "billing-grant-source")) }
                        th.n role="columnheader" scope="col" { (say!(visit, "billing-grant-left")) }
                        th role="columnheader" scope="col" { (say!(visit, "billing-grant-valid")) }
                        th role="columnheader" scope="col" { (say!(visit, "billing-grant-state")) }
                    }
                }
                tbody role="rowgroup" {
                    @for grant in books.grants.iter().take(GRANTS_MAX) {
                        @let state = grant.state(visit.balance.entitled, visit.now());
                        @let order = (state == GrantState::Usable && grant.free.is_positive()).then(|| { place += 1; place });
                        (row(visit, books, grant, state, order))
                    }
                }
            }
            @if more > 0 { p.small.quiet { (say!(visit, "billing-grants-more", count = more)) } }
        }
    }
}

fn row(visit: &Visit, books: &Books, grant: &Grant, state: GrantState, order: Option<u32>) -> Markup {
    let colour = match grant.kind {
        GrantKind::Included => "c-inc",
        GrantKind::Promotional => "c-promo",
        GrantKind::Purchased => "c-pur",
    };
    let order = match order {
        Some(place) => say!(visit, "billing-grant-place", place = place),
        None => say!(visit, "billing-grant-waits"),
    };
    let left = usable(grant.free);
    html! {
        tr role="row" {
            td role="cell" data-l=(say!(visit, "billing-grant-order")) { (order) }
            th.full role="rowheader" scope="row" {
                (kind(visit, grant.kind)) br; span.quiet { (source(visit, books, grant)) }
                @if let Some(note) = note(visit, grant) { br; span.quiet { (note) } }
            }
            td.n role="cell" {
                b { (left) } " " span.quiet { (say!(visit, "billing-grant-of", amount = usable(grant.amount))) }
                (strip("bar mini", &[(colour, grant.free), ("c-res", grant.held)], grant.amount))
            }
            td role="cell" {
                @match grant.expires_at {
                    Some(end) => (valid_through(visit, end)),
                    None => (say!(visit, "billing-grant-for-ever")),
                }
            }
            td.end role="cell" { (state_tag(visit, grant, state)) }
        }
    }
}

/// What kind of credits.
fn kind(visit: &Visit, kind: GrantKind) -> String {
    match kind {
        GrantKind::Included => say!(visit, "billing-kind-included"),
        GrantKind::Promotional => say!(visit, "billing-kind-promotional"),
        GrantKind::Purchased => say!(visit, "billing-kind-purchased"),
    }
}

/// Where a grant came from, in a few words.
fn source(visit: &Visit, books: &Books, grant: &Grant) -> String {
    let date = visit.copy.date(grant.granted_at);
    let subscription = visit.balance.subscription.as_ref();
    match grant.source {
        GrantSource::Subscription => match subscription.and_then(|known| known.plan.as_ref()) {
            Some(plan) => say!(visit, "billing-source-plan", plan = books.plan_label(plan), date = date),
            None => say!(visit, "billing-source-subscription", date = date),
        },
        GrantSource::TopUp => {
            let payment = grant.payment.as_ref().and_then(|id| books.payments.get(id));
            match payment {
                Some(payment) => {
                    let money = crate::money::money(payment.paid, &payment.currency);
                    say!(visit, "billing-source-pack-for", money = money, date = date)
                }
                None => say!(visit, "billing-source-pack", date = date),
            }
        }
        GrantSource::AutoRecharge => say!(visit, "billing-source-recharge", date = date),
        GrantSource::Restitution => say!(visit, "billing-source-restitution", date = date),
        GrantSource::Operator => say!(visit, "billing-source-operator", date = date),
    }
}

/// What of a grant is neither left nor used.
fn note(visit: &Visit, grant: &Grant) -> Option<String> {
    let parts = [
        (grant.held, say!(visit, "billing-grant-held", amount = usable(grant.held))),
        (grant.frozen, say!(visit, "billing-grant-frozen", amount = usable(grant.frozen))),
        (grant.settled, say!(visit, "billing-grant-settled", amount = usable(grant.settled))),
    ];
    let said: Vec<String> =
        parts.into_iter().filter(|(part, _)| part.is_positive()).map(|(_, said)| said).collect();
    (!said.is_empty()).then(|| said.join(" · "))
}

fn state_tag(visit: &Visit, grant: &Grant, state: GrantState) -> Markup {
    if grant.frozen.is_positive() && grant.free.is_zero() {
        return tag(Some("info"), "lock", &say!(visit, "billing-state-disputed"));
    }
    match state {
        GrantState::Usable if grant.free.is_zero() => {
            tag(None, "held", &say!(visit, "billing-state-reserved"))
        }
        GrantState::Usable => tag(Some("ok"), "check", &say!(visit, "billing-state-usable")),
        GrantState::Locked => tag(Some("stop"), "lock", &say!(visit, "billing-state-locked")),
        GrantState::Expired => tag(None, "clock", &say!(visit, "billing-state-expired")),
        GrantState::Pending => {
            let date = visit.copy.day(grant.effective_at, visit.now());
            tag(None, "day", &say!(visit, "billing-state-from", date = date))
        }
    }
}

/// What a credit is, and what happens at zero: for those who have none yet.
fn first_run(visit: &Visit) -> Markup {
    html! {
        div {
            div.empty {
                (icon("run"))
                h3 { (say!(visit, "billing-first-title")) }
                p.quiet { (say!(visit, "billing-first-what")) }
                p.quiet { (say!(visit, "billing-first-zero")) }
                a.btn href="#subscription" { (say!(visit, "billing-first-next")) }
            }
        }
    }
}

/// What a credit is, in which order credits are used, what happens at zero.
pub fn how_credits_work(visit: &Visit) -> Markup {
    let policy = visit.app.engine.policy();
    let cadence = visit.balance.subscription.as_ref().map(|known| known.cadence);
    let months = policy.purchased_lifetime_months;
    html! {
        details {
            summary { (say!(visit, "billing-how")) }
            div.two.small.quiet {
                p { (say!(visit, "billing-how-what")) }
                @if cadence == Some(Cadence::Annual) { p { (say!(visit, "billing-how-order-annual", count = months)) } }
                @else { p { (say!(visit, "billing-how-order", count = months)) } }
            }
        }
    }
}
