//! The operator's view: every organization, why each is as it is, and what only the operator does (R2.5, R3.2, R7.2). For
//! whoever signs in with an admin key; with a key for reading, for looking alone.
//!
//! `enter` is who gets in, `organizations` the list, `organization` one of them, `orders` what is done to one, `events` its
//! ledger, `answers` what readers thought of help.

mod answers;
mod enter;
mod events;
mod orders;
mod organization;
mod organizations;

use super::{frame::document, icons::icon};
use crate::{
    auth,
    brand::wordmark,
    copy::say,
    http::{App, ConsoleSettings},
};
use axum::{
    Router,
    http::StatusCode,
    response::Response,
    routing::{get, post},
};
use enter::Operator;
use ledger::status::{Balance, ReasonCode, Severity};
use maud::{Markup, html};
use std::sync::Arc;

/// Where it begins, and as far as its cookie goes.
const ROOT: &str = "/operator";

/// Its routes.
pub fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/operator", get(organizations::show))
        .route("/operator/enter", post(enter::enter))
        .route("/operator/leave", post(enter::leave))
        .route("/operator/help", get(answers::show))
        .route("/operator/organizations/{org}", get(organization::show))
        .route("/operator/organizations/{org}/events", get(events::show))
        .route("/operator/organizations/{org}/debts/{debt}", get(orders::write_off))
        .route("/operator/organizations/{org}/{order}", post(orders::order))
        .layer(axum::Extension(Arc::new(enter::Attempts::default())))
}

/// The pages that the bar leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Tab {
    Organizations,
    Answers,
}

impl Operator {
    /// A page as an answer.
    fn page(&self, status: StatusCode, tab: Tab, title: &str, body: &Markup) -> Response {
        let current = |other| (tab == other).then_some("page");
        let content = html! {
            header.top {
                a.brand href=(ROOT) aria-label="Coulomb" { (wordmark()) }
                span.org { (say!(self, "operator-title")) }
                nav aria-label=(say!(self, "operator-title")) {
                    ul.tabs {
                        li { a href=(ROOT) aria-current=[current(Tab::Organizations)] { (say!(self, "operator-organizations")) } }
                        li { a href="/operator/help" aria-current=[current(Tab::Answers)] { (say!(self, "operator-answers")) } }
                    }
                }
                div.top-end {
                    span.small.quiet.key-id {
                        @if self.may_act() { (say!(self, "operator-key")) } @else { (say!(self, "operator-key-read")) }
                        " " span.mono { (self.holder.id) }
                    }
                    form method="post" action="/operator/leave" { (self.proof()) button.btn.bare type="submit" { (say!(self, "sign-out")) } }
                }
            }
            main.page #main { (body) }
            footer.foot { p { (say!(self, "all-times")) } }
        };
        framed(self, status, title, &content)
    }

    /// What every form carries, which no other site's page knows.
    fn proof(&self) -> Markup {
        html! { input type="hidden" name="proof" value=(auth::form_proof(&self.token)); }
    }

    /// What was just done.
    fn told(&self) -> Markup {
        let key = self.done.as_ref().filter(|key| key.starts_with("done-operator-"));
        let said = key.map(|key| self.copy.text(key, &[])).filter(|said| Some(said) != key);
        html! {
            @if let Some(said) = said { div.banner data-tone="ok" role="status" { (icon("check")) p { (said) } } }
        }
    }
}

/// A document that nobody shows in a frame, whoever may frame the console.
fn framed(at: &Operator, status: StatusCode, title: &str, content: &Markup) -> Response {
    let title = format!("{title} · {}", say!(at, "operator-title"));
    document(&at.copy, &unframed(), status, &title, None, content)
}

fn unframed() -> ConsoleSettings {
    ConsoleSettings::default()
}

/// A state in a tag: icon, word, colour.
fn state(operator: &Operator, balance: &Balance) -> Markup {
    let copy = &operator.copy;
    let Some(first) = balance.reasons.first() else {
        return html! { span.tag data-tone="ok" { (icon("check")) (say!(operator, "state-ready")) } };
    };
    let (tone, drawing) = match first.code.severity() {
        Severity::Blocking => ("stop", "pause"),
        Severity::Warning => ("warn", "warn"),
        Severity::Info => ("info", "info"),
    };
    html! { span.tag data-tone=(tone) { (icon(drawing)) (copy.text(state_key(first.code), &[])) } }
}

fn state_key(code: ReasonCode) -> &'static str {
    match code {
        ReasonCode::OrganizationSuspended => "operator-state-suspended",
        ReasonCode::DisputeDebt => "operator-state-dispute",
        ReasonCode::RefundDebt => "operator-state-refund",
        ReasonCode::OutstandingUsage => "operator-state-usage",
        ReasonCode::PaymentPastDue => "operator-state-past-due",
        ReasonCode::CreditsLocked => "operator-state-locked",
        ReasonCode::SubscriptionRequired => "operator-state-no-subscription",
        ReasonCode::CreditsDepleted => "operator-state-depleted",
        ReasonCode::InsufficientCredits => "operator-state-insufficient",
        ReasonCode::TaskPaused => "operator-state-task",
        ReasonCode::PaymentFailing => "operator-state-failing",
        ReasonCode::BalanceLow => "operator-state-low",
        ReasonCode::CreditsExpiring => "operator-state-expiring",
        ReasonCode::AutoRechargeSuspended => "operator-state-recharge",
        ReasonCode::SubscriptionEnding => "operator-state-ending",
        ReasonCode::CreditsFrozen => "operator-state-frozen",
    }
}
