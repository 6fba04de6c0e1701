//! What a person wants to be mailed, and when credits count as low. Mail about credits goes to people with billing access
//! alone; everybody else sees the state on every page.

use super::People;
use crate::{
    copy::say,
    error::ApiError,
    memos::Memos,
    notices::{
        kind::Kind,
        preferences::{self, Preferences},
    },
    web::{
        figures::usable,
        frame::line,
        icons::icon,
        visit::{Posted, Visit, list_all},
    },
};
use axum::response::Response;
use ledger::people::Permission;
use maud::{Markup, html};
use std::sync::Arc;

/// Each kind that is mailed, with what it is called and what it is about.
const CHOICES: [(Kind, &str, &str); 8] = [
    (Kind::BalanceLow, "settings-notice-low", "settings-notice-low-says"),
    (Kind::BalanceBlocked, "settings-notice-blocked", "settings-notice-blocked-says"),
    (Kind::BalanceUnblocked, "settings-notice-unblocked", "settings-notice-unblocked-says"),
    (Kind::CreditsExpiring, "settings-notice-expiring", "settings-notice-expiring-says"),
    (Kind::AutoRechargeFailed, "settings-notice-recharge", "settings-notice-recharge-says"),
    (Kind::AutoRechargeSuspended, "settings-notice-stopped", "settings-notice-stopped-says"),
    (Kind::DisputeOpened, "settings-notice-dispute", "settings-notice-dispute-says"),
    (Kind::DisputeClosed, "settings-notice-closed", "settings-notice-closed-says"),
];

fn memos(visit: &Visit) -> Memos {
    Memos::new(Arc::clone(visit.app.engine.store()))
}

/// The reader's own choices.
pub async fn card(visit: &Visit, people: &People) -> Result<Markup, ApiError> {
    if !visit.sees_billing() {
        return Ok(html! {
            section.card #notices data-live aria-labelledby="notices-h" {
                h2 #notices-h { (say!(visit, "settings-notices")) }
                p.quiet { (say!(visit, "settings-notices-others", names = billing_people(visit, people))) }
            }
        });
    }
    let kept = preferences::read(&memos(visit), &visit.organization, &visit.session.member).await?;
    Ok(html! {
        section.card #notices data-live aria-labelledby="notices-h" {
            div.card-head {
                h2 #notices-h { (say!(visit, "settings-notices")) }
                @if let Some(email) = &visit.me.email { span.quiet.small { (say!(visit, "settings-notices-to", email = email)) } }
            }
            @if visit.me.email.is_none() {
                div {
                    p.inset.small data-tone="warn" {
                        span.row { (icon("info")) span.grow { (say!(visit, "settings-notices-nowhere", names = people.who(&visit.copy, Permission::ManageMembers))) } }
                    }
                }
            }
            form method="post" action=(visit.path("settings/notices")) {
                (visit.proof())
                fieldset.choices {
                    legend.sr { (say!(visit, "settings-notices-legend")) }
                    @for (kind, name, says) in CHOICES {
                        @let id = kind.as_str().replace('.', "-");
                        div.switch {
                            input type="checkbox" role="switch" id=(id) name=(kind.as_str()) checked[kept.mailed(kind)] aria-describedby={ (id) "-says" };
                            div {
                                label for=(id) { b { (visit.copy.text(name, &[])) } }
                                p.small.quiet id={ (id) "-says" } { (visit.copy.text(says, &[])) }
                            }
                        }
                    }
                }
                button.btn type="submit" { (say!(visit, "settings-save")) }
            }
        }
    })
}

/// Chooses anew; for oneself alone.
pub async fn choose(Posted { visit, form }: Posted) -> Result<Response, ApiError> {
    let email = CHOICES.iter().map(|(kind, ..)| (*kind, form.is_ticked(kind.as_str()))).collect();
    let chosen = Preferences { email };
    preferences::write(&memos(&visit), &visit.organization, &visit.session.member, &chosen).await?;
    Ok(visit.done("settings#notices", "done-settings-notices"))
}

/// Those who can be mailed, if they have an address.
fn billing_people(visit: &Visit, people: &People) -> String {
    let able = people.all.iter().filter(|(_, member)| Permission::Billing.is_held_by(member));
    let names: Vec<&str> = able.map(|(_, member)| member.name.as_str()).collect();
    list_all(&visit.copy, &names)
}

/// When credits count as low, which everybody may know (R10.1, R12.2).
pub fn low_card(visit: &Visit, people: &People) -> Markup {
    let balance = &visit.balance;
    let threshold = usable(balance.low_threshold);
    let is_low = balance.available < balance.low_threshold;
    let upcoming = |next: Option<ledger::status::Upcoming>| match next {
        Some(next) => {
            let date = visit.copy.day(next.at, visit.now());
            say!(visit, "amount-on", amount = usable(next.amount), date = date)
        }
        None => say!(visit, "none"),
    };
    html! {
        section.card #low data-live aria-labelledby="low-h" {
            div.card-head {
                h2 #low-h { (say!(visit, "settings-low")) }
                @if is_low { span.tag data-tone="warn" { (icon("low")) (say!(visit, "state-low")) } }
                @else { span.tag data-tone="ok" { (icon("check")) (say!(visit, "settings-low-not")) } }
            }
            p { (say!(visit, "settings-low-says", amount = threshold)) " " (say!(visit, "settings-low-told", names = billing_people(visit, people))) }
            dl.lines {
                (line(&say!(visit, "usable"), &usable(balance.available).to_string()))
                (line(&say!(visit, "settings-low-below"), &threshold.to_string()))
                (line(&say!(visit, "next-refill"), &upcoming(balance.next_grant)))
                (line(&say!(visit, "next-expiry"), &upcoming(balance.next_expiry)))
            }
            @if visit.sees_billing() {
                div.card-foot { p { (say!(visit, "settings-low-change")) } a.btn href={ (visit.path("billing")) "#recharge" } { (say!(visit, "settings-low-recharge")) } }
            }
        }
    }
}
