//! Every credit grant with what became of it, for people with billing access; each row adds up to its amount (R3.3).

use crate::{
    copy::say,
    web::{
        figures::{time, usable},
        icons::icon,
        visit::Visit,
    },
};
use ledger::{
    Credits,
    grant::{Grant, GrantSource, GrantState},
};
use maud::{Markup, html};
use store::Page;

/// Grants on a page.
pub const ROWS: usize = 25;

/// The card.
pub fn card(visit: &Visit, page: &Page<Grant>) -> Markup {
    html! {
        section.card #grants data-live aria-labelledby="grants-h" {
            div.card-head {
                h2 id="grants-h" { (say!(visit, "usage-grants")) }
                a.btn.bare href=(visit.path("export.csv?what=grants")) { (icon("down")) (say!(visit, "usage-export")) }
            }
            @if page.rows.is_empty() {
                div { div.empty { h3 { (say!(visit, "usage-grants-empty")) } p.quiet.small { (say!(visit, "usage-grants-empty-teach")) } } }
            } @else {
                (table(visit, &page.rows))
                p.small.quiet { (say!(visit, "usage-grants-sum")) }
            }
            @if let Some(next) = page.next {
                div.card-foot { a href=(visit.path(&format!("usage?grants={next}#grants"))) { (say!(visit, "usage-older")) } }
            }
        }
    }
}

fn table(visit: &Visit, grants: &[Grant]) -> Markup {
    let names = ["grant", "amount", "used", "settled", "gone", "reserved", "left"];
    html! {
        div.scroll role="region" aria-label=(say!(visit, "usage-grants-label")) tabindex="0" {
            table {
                thead {
                    tr {
                        @for (place, name) in names.iter().enumerate() {
                            th.n[place > 0] scope="col" { (visit.copy.text(&format!("usage-grant-{name}"), &[])) }
                        }
                    }
                }
                tbody { @for grant in grants { (row(visit, grant)) } }
            }
        }
    }
}

fn row(visit: &Visit, grant: &Grant) -> Markup {
    let gone = grant.expired.plus(grant.revoked).plus(grant.frozen);
    // Exact, so that a row adds up on the spot.
    let cell = |credits: Credits| {
        html! { td.n { @if credits.is_zero() { span.quiet { "0" } } @else { (usable(credits).exact()) } } }
    };
    html! {
        tr {
            th scope="row" {
                (source(visit, grant.source)) " "
                span.quiet.nb { (time(grant.granted_at, visit.copy.date(grant.granted_at))) }
                @if let Some(note) = note(visit, grant) { " " span.quiet { (note) } }
            }
            td.n { (usable(grant.amount).exact()) }
            (cell(grant.used)) (cell(grant.settled)) (cell(gone)) (cell(grant.held)) (cell(grant.free))
        }
    }
}

/// Where credits came from, in a word or two.
pub fn source(visit: &Visit, source: GrantSource) -> String {
    match source {
        GrantSource::Subscription => say!(visit, "usage-from-subscription"),
        GrantSource::TopUp => say!(visit, "usage-from-top-up"),
        GrantSource::AutoRecharge => say!(visit, "usage-from-auto-recharge"),
        GrantSource::Restitution => say!(visit, "usage-from-restitution"),
        GrantSource::Operator => say!(visit, "usage-from-operator"),
    }
}

/// What is not ordinary about what is left.
fn note(visit: &Visit, grant: &Grant) -> Option<String> {
    let now = visit.now();
    let day = |at| visit.copy.day(at, now);
    match grant.state(visit.balance.entitled, now) {
        _ if grant.is_spent() => None,
        GrantState::Pending => Some(say!(visit, "usage-grant-pending", date = day(grant.effective_at))),
        GrantState::Locked => Some(say!(visit, "usage-grant-locked")),
        GrantState::Expired => None,
        GrantState::Usable => grant.expires_at.map(|at| say!(visit, "usage-grant-until", date = day(at))),
    }
}
