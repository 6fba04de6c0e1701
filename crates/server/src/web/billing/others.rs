//! Billing for those without billing access (R12.2): what everyone may know of the credits, what is paused and what stays open,
//! and who can resolve it, with a message ready to send. Viewers start nothing and are given no message.

use super::{Card, credits};
use crate::{
    copy::say,
    error::ApiError,
    web::{
        figures::{time, usable},
        frame::{Page, Tab, initials, role},
        icons::icon,
        visit::Visit,
    },
};
use axum::response::Response;
use ledger::{
    Timestamp,
    people::{Contact, Role},
    status::Severity,
    task::TaskStatus,
};
use maud::{Markup, html};

/// The page.
pub async fn page(visit: &Visit) -> Result<Response, ApiError> {
    let looked = visit.app.read(&visit.caller, visit.organization.clone(), |view, _| {
        let tasks = view.account.core().tasks.values();
        (
            view.account.billing_contacts(),
            tasks.filter(|task| task.status == TaskStatus::PausedForCredits).count(),
        )
    });
    let (contacts, tasks) = looked.await?;
    let title = say!(visit, "tab-billing");
    let body = html! {
        (card(visit))
        div.two #people data-live {
            @if !visit.balance.can_start() { (paused(visit, tasks)) }
            (ask(visit, &contacts))
        }
    };
    Ok(visit.page(&Page { title: &title, tab: Tab::Billing, rail: &[], body }))
}

fn card(visit: &Visit) -> Markup {
    let balance = &visit.balance;
    let available = usable(balance.available);
    let body = html! {
        p { span.fig.xl { (available) } " " span.unit { (say!(visit, "billing-available", amount = available)) } }
        @if balance.available.is_positive() || balance.held.is_positive() { div { (credits::bar(balance)) } }
        (credits::sum(visit))
        @if balance.held.is_positive() {
            p.small.quiet {
                svg.key aria-hidden="true" { rect.c-res {} }
                (say!(visit, "billing-held-plain", amount = usable(balance.held)))
            }
        }
        (credits::how_credits_work(visit))
        div.card-foot { p { (say!(visit, "billing-others-see")) } a.btn.bare href=(visit.path("usage")) { (say!(visit, "billing-see-usage")) } }
    };
    let aside = credits::next_refill(visit);
    Card { place: "credits", title: say!(visit, "billing-credits"), steps: &[], aside, body }.show()
}

/// Since when nothing starts.
fn since(visit: &Visit) -> Option<Timestamp> {
    let blocking = visit.balance.reasons.iter().filter(|reason| reason.code.severity() == Severity::Blocking);
    blocking.filter_map(|reason| reason.since).min()
}

/// What is paused, and what is not.
fn paused(visit: &Visit, tasks: usize) -> Markup {
    let kinds = visit.app.engine.policy().kinds.values();
    html! {
        section.card #paused aria-labelledby="paused-h" {
            h2 #paused-h { (say!(visit, "billing-paused")) }
            @if let Some(since) = since(visit) {
                p.small.quiet { (say!(visit, "billing-since")) " " (time(since, visit.copy.date_time(since))) }
            }
            div {
                div.sides.inset {
                    div {
                        h3 { (icon("pause")) (say!(visit, "billing-paused-short")) }
                        ul { @for kind in kinds { li { (kind.label) } } }
                    }
                    div {
                        h3 { (icon("check")) (say!(visit, "billing-open-short")) }
                        ul {
                            li { (say!(visit, "billing-open-running")) }
                            li { a href=(visit.path("history")) { (say!(visit, "billing-open-history")) } }
                            li { a href=(visit.path("usage")) { (say!(visit, "tab-usage")) } }
                            li { a href=(visit.path("settings")) { (say!(visit, "tab-settings")) } }
                        }
                    }
                }
            }
            @if tasks > 0 { p.small.quiet { (say!(visit, "billing-tasks-paused", count = tasks)) } }
        }
    }
}

/// Whom to ask, and a message for them while something is paused.
fn ask(visit: &Visit, contacts: &[Contact]) -> Markup {
    let is_paused = !visit.balance.can_start();
    let message = (is_paused && visit.me.role != Role::Viewer && !contacts.is_empty())
        .then(|| message(visit, contacts));
    let title = match is_paused {
        true => say!(visit, "billing-who-resolves"),
        false => say!(visit, "billing-who-manages"),
    };
    html! {
        section.card #ask aria-labelledby="ask-h" {
            h2 #ask-h { span #ask_billing_admin {} (title) }
            @if contacts.is_empty() { p.quiet { (say!(visit, "billing-nobody-to-ask")) } }
            ul.list {
                @for contact in contacts {
                    li {
                        span.avatar aria-hidden="true" { (initials(&contact.name)) } " "
                        span.grow { b { (contact.name) } }
                        span.small.quiet {
                            @if contact.role == Role::Owner { (say!(visit, "billing-is-owner")) }
                            @else { (say!(visit, "billing-is-admin", role = role(&visit.copy, contact.role))) }
                        }
                    }
                }
            }
            @if let Some(message) = message { (ready_to_send(visit, &message)) }
            @else if is_paused && visit.me.role == Role::Viewer { p.small.quiet { (say!(visit, "billing-viewer")) } }
        }
    }
}

fn message(visit: &Visit, contacts: &[Contact]) -> String {
    let first = |name: &str| name.split_whitespace().next().unwrap_or_default().to_owned();
    let names: Vec<String> = contacts.iter().map(|contact| first(&contact.name)).collect();
    let names = match names.split_last() {
        Some((last, before)) if !before.is_empty() => {
            say!(visit, "list-and", before = before.join(", "), last = last)
        }
        Some((last, _)) => last.clone(),
        None => String::new(),
    };
    let (organization, me) = (&visit.name, first(&visit.me.name));
    match since(visit).map(|since| visit.copy.date_time(since)) {
        Some(date) => {
            say!(
                visit,
                "billing-message-since",
                names = names,
                organization = organization,
                date = date,
                me = me
            )
        }
        None => say!(visit, "billing-message", names = names, organization = organization, me = me),
    }
}

fn ready_to_send(visit: &Visit, message: &str) -> Markup {
    let subject = say!(visit, "billing-message-subject", organization = &visit.name);
    // Mail programs take spaces as %20 and not as a plus.
    let encoded = |text: &str| {
        url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>().replace('+', "%20")
    };
    let mail = format!("mailto:?subject={}&body={}", encoded(&subject), encoded(message));
    html! {
        div.field {
            label for="msg" { (say!(visit, "billing-message-label")) }
            textarea #msg rows="5" readonly { (message) }
        }
        div.row {
            button.btn.go type="button" data-copy="msg" hidden { (icon("copy")) (say!(visit, "billing-message-copy")) }
            a.btn href=(mail) { (say!(visit, "billing-message-mail")) }
            span.small.quiet role="status" data-said=(say!(visit, "billing-message-copied")) {}
        }
    }
}
