//! The Billing page (SURFACES): for people with billing access the cards in their order, for everyone else what R12.2 lets
//! them see and whom to ask. This file puts the page together and holds what the cards share; what they are shown from is
//! in `books`, and each card has a file with what can be done on it.

mod activity;
mod admins;
mod books;
mod buy;
mod change;
mod credits;
pub(super) mod events;
mod invoices;
mod others;
mod outstanding;
mod recharge;
mod subscription;

use super::{
    figures::owed,
    frame::{Page, Tab},
    icons::icon,
    visit::Visit,
};
use crate::{
    copy::say,
    error::ApiError,
    http::{App, extract::Query},
};
use axum::{
    Router,
    http::StatusCode,
    response::Response,
    routing::{get, post},
};
use books::Books;
use ledger::{Duration, Timestamp};
use maud::{Markup, html};
use serde::Deserialize;
use std::sync::Arc;

/// Its routes.
pub fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/console/{org}/billing", get(show))
        .route("/console/{org}/billing/activity", get(activity::all))
        .route("/console/{org}/billing/invoices", get(invoices::all))
        .route("/console/{org}/billing/review", get(buy::review))
        .route("/console/{org}/billing/checkout", post(buy::pay))
        .route("/console/{org}/billing/portal", post(invoices::portal))
        .route("/console/{org}/billing/change", get(change::review).post(change::make))
        .route("/console/{org}/billing/withdraw", post(change::withdraw))
        .route("/console/{org}/billing/cancel", get(change::review_cancel).post(change::cancel))
        .route("/console/{org}/billing/resume", post(change::resume))
        .route("/console/{org}/billing/recharge", post(recharge::save))
        .route("/console/{org}/billing/admins", post(admins::set))
}

/// How somebody came back from the payment page.
#[derive(Deserialize)]
struct Asked {
    checkout: Option<String>,
}

async fn show(Query(asked): Query<Asked>, visit: Visit) -> Result<Response, ApiError> {
    let came_back = match asked.checkout.as_deref() {
        Some("done") => Some(say!(visit, "billing-back-done")),
        Some("cancelled") => Some(say!(visit, "billing-back-cancelled")),
        _ => None,
    };
    page(visit, came_back.as_deref(), None).await
}

/// The page; `wrong` is what somebody typed into auto-recharge that cannot be saved.
async fn page(
    mut visit: Visit,
    came_back: Option<&str>,
    wrong: Option<&recharge::Wrong>,
) -> Result<Response, ApiError> {
    if !visit.sees_billing() {
        return others::page(&visit).await;
    }
    let books = Books::read(&mut visit).await?;
    let (told, invoices) = tokio::join!(activity::latest(&visit, &books), invoices::card(&visit));
    let told = told?;
    let body = html! {
        @if let Some(said) = came_back {
            div.banner data-tone="info" role="status" { (icon("info")) p { (said) } }
        }
        (subscription::card(&visit, &books))
        (credits::card(&visit, &books))
        (outstanding::card(&visit, &books, &told.named))
        (buy::card(&visit, &books))
        (recharge::card(&visit, &books, &told.last_recharge, wrong))
        (invoices::payment_method(&visit, &books))
        (invoices)
        (activity::card(&visit, &told))
        (admins::card(&visit, &books))
    };
    let title = say!(visit, "tab-billing");
    let mut response = visit.page(&Page { title: &title, tab: Tab::Billing, rail: &rail(&visit), body });
    if wrong.is_some() {
        *response.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
    }
    Ok(response)
}

/// What is on the page, at its side.
fn rail(visit: &Visit) -> Vec<(&'static str, Markup)> {
    let debt = visit.balance.debt_total();
    let plain = |text: String| html! { (text) };
    let mut rail = vec![
        ("subscription", plain(say!(visit, "billing-subscription"))),
        ("credits", plain(say!(visit, "billing-credits"))),
    ];
    if debt.is_positive() {
        let name = say!(visit, "billing-outstanding");
        rail.push(("outstanding", html! { (name) " " b.owed { (owed(debt)) } }));
    }
    rail.extend([
        ("buy", plain(say!(visit, "billing-buy"))),
        ("recharge", plain(say!(visit, "billing-recharge"))),
        ("payment", plain(say!(visit, "billing-payment"))),
        ("invoices", plain(say!(visit, "billing-invoices"))),
        ("activity", plain(say!(visit, "billing-activity"))),
        ("admins", plain(say!(visit, "billing-admins"))),
    ]);
    rail
}

/// One card: where links find it, what it is called, what stands beside its name, what is on it.
struct Card<'a> {
    place: &'a str,
    title: String,
    /// Steps that lead here (R9.3).
    steps: &'a [&'a str],
    aside: Markup,
    body: Markup,
}

impl Card<'_> {
    fn show(self) -> Markup {
        let heading = format!("{}-h", self.place);
        html! {
            section.card id=(self.place) data-live aria-labelledby=(heading) {
                div.card-head {
                    h2 id=(heading) {
                        @for step in self.steps { span id=(step) {} }
                        (self.title)
                    }
                    (self.aside)
                }
                (self.body)
            }
        }
    }
}

/// A state in a tag: icon, word, tone; no tone is neutral.
fn tag(tone: Option<&'static str>, name: &'static str, word: &str) -> Markup {
    html! { span.tag data-tone=[tone] { (icon(name)) (word) } }
}

/// A step of its own on the way to something: one card, and the way back.
fn step(visit: &Visit, title: &str, body: Markup) -> Response {
    let body = html! {
        (body)
        p.small { a href=(visit.path("billing")) { (say!(visit, "billing-back")) } }
    };
    visit.page(&Page { title, tab: Tab::Billing, rail: &[], body })
}

/// A button that sends a form with nothing but these fields.
fn button(visit: &Visit, action: &str, fields: &[(&str, &str)], class: &str, says: Markup) -> Markup {
    html! {
        form.row method="post" action=(visit.path(action)) {
            (visit.proof())
            @for (name, value) in fields { input type="hidden" name=(name) value=(value); }
            button.btn class=(class) type="submit" { (says) }
        }
    }
}

/// A button to a page of the payment provider.
fn portal_button(visit: &Visit, step: &str, class: &str, says: &str) -> Markup {
    button(visit, "billing/portal", &[("step", step)], class, html! { (says) " " (icon("out")) })
}

/// The last moment at which something is valid that ends at this instant (R1.3).
fn valid_through(visit: &Visit, end: Timestamp) -> Markup {
    let last = end.before(Duration::from_micros(1));
    super::figures::time(last, visit.copy.date_time(last))
}

#[cfg(test)]
mod tests {
    use crate::copy::{Copy, Language};

    #[test]
    fn every_sentence_that_the_page_names_is_there() {
        let copy = Copy::of(Language::English);
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/web/billing");
        let files = |folder| std::fs::read_dir(folder).expect("the folder of these files");
        let files = files(folder.clone()).chain(files(folder.join("events")));
        let paths = files.map(|file| file.expect("a file").path()).filter(|path| path.is_file());
        let mut known = 0;
        for path in paths {
            let text = std::fs::read_to_string(path).expect("it is text");
            let is_key = |word: &&str| {
                (word.starts_with("billing-") || word.starts_with("done-"))
                    && word.len() > 8
                    && !word.ends_with('-')
                    && word.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
            };
            for key in text.split('"').filter(is_key) {
                assert_ne!(copy.text(key, &[]), key, "there is no message {key}");
                known += 1;
            }
        }
        assert!(known > 100, "{known}");
    }
}
