//! Settings: who is in the organization and what each may do with its credits (R12), what a person is mailed, and when credits
//! count as low. Everybody reads them, in every state; what somebody may not change says who can.
//!
//! `members` is the list and one member's page, `access` who sees billing and who owns, `notices` what is mailed.

mod access;
mod members;
mod notices;

use super::{
    frame::{Page, Tab},
    icons::icon,
    visit::{Visit, list, refused},
};
use crate::{
    copy::{Copy, say},
    error::ApiError,
    http::{App, extract::Query, form::Form},
};
use axum::{
    Router,
    http::StatusCode,
    response::Response,
    routing::{get, post},
};
use ledger::{
    id::MemberId,
    people::{Member, Permission, Role},
};
use maud::{Markup, html};
use serde::Deserialize;
use std::sync::Arc;

/// Its routes.
pub fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/console/{org}/settings", get(show))
        .route("/console/{org}/settings/members", post(members::add))
        .route("/console/{org}/settings/members/{member}", get(members::show).post(members::change))
        .route("/console/{org}/settings/members/{member}/remove", post(members::remove))
        .route("/console/{org}/settings/billing-admins", post(access::set_billing_admin))
        .route("/console/{org}/settings/owner", get(access::confirm_owner).post(access::transfer))
        .route("/console/{org}/settings/notices", post(notices::choose))
}

/// Which of the list of members.
#[derive(Deserialize)]
struct Shown {
    page: Option<usize>,
}

async fn show(visit: Visit, Query(shown): Query<Shown>) -> Result<Response, ApiError> {
    settings(&visit, shown.page.unwrap_or(1), None).await
}

/// The page; with what a form was refused for, where one was.
async fn settings(visit: &Visit, page: usize, trouble: Option<&Trouble>) -> Result<Response, ApiError> {
    let people = People::of(visit).await?;
    let title = say!(visit, "tab-settings");
    let section = |key: &str| html! { (visit.copy.text(key, &[])) };
    let mut rail = vec![("members", section("settings-members"))];
    if people.may(visit, Permission::ManageMembers) {
        rail.push(("add", section("settings-add")));
    }
    rail.push(("admins", section("settings-admins")));
    rail.push(("owner", section("settings-owner")));
    rail.push(("notices", section("settings-notices")));
    rail.push(("low", section("settings-low")));
    let body = html! {
        @if !people.may(visit, Permission::ManageMembers) { (told_apart(trouble, &[members::ADD])) }
        (members::card(visit, &people, page))
        @if people.may(visit, Permission::ManageMembers) { (members::add_card(visit, trouble)) }
        (access::billing_admins_card(visit, &people, trouble))
        (access::owner_card(visit, &people, trouble))
        (notices::card(visit, &people).await?)
        (notices::low_card(visit, &people))
    };
    let response = visit.page(&Page { title: &title, tab: Tab::Settings, rail: &rail, body });
    Ok(with_trouble(response, trouble))
}

/// A page that says why a form was refused is no success.
fn with_trouble(mut response: Response, trouble: Option<&Trouble>) -> Response {
    if trouble.is_some() {
        *response.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
    }
    response
}

/// Everybody in the organization, the owner first, then by role and name.
struct People {
    all: Vec<(MemberId, Member)>,
}

impl People {
    async fn of(visit: &Visit) -> Result<People, ApiError> {
        let read = visit.app.read(&visit.caller, visit.organization.clone(), |view, _| {
            let members = &view.account.core().members;
            members.iter().map(|(id, member)| (id.clone(), member.clone())).collect::<Vec<_>>()
        });
        let mut all = read.await?;
        all.sort_by_cached_key(|(_, member)| (member.role, member.name.to_lowercase()));
        Ok(People { all })
    }

    fn find(&self, id: &str) -> Option<&(MemberId, Member)> {
        self.all.iter().find(|(known, _)| known.as_str() == id)
    }

    /// Whether whoever looks holds this.
    fn may(&self, visit: &Visit, permission: Permission) -> bool {
        permission.is_held_by(&visit.me)
    }

    /// Who holds this, by name: at most so many as a sentence takes.
    fn who(&self, copy: &Copy, permission: Permission) -> String {
        const NAMES_MAX: usize = 5;
        let able = self.all.iter().filter(|(_, member)| permission.is_held_by(member));
        let names: Vec<&str> = able.map(|(_, member)| member.name.as_str()).take(NAMES_MAX).collect();
        list(copy, &names)
    }

    fn owner(&self) -> Option<&Member> {
        self.all.iter().map(|(_, member)| member).find(|member| member.role == Role::Owner)
    }

    fn is_me(&self, visit: &Visit, id: &MemberId) -> bool {
        visit.session.member == *id
    }
}

/// Why a form was refused, and what it said, so that nothing has to be typed again.
struct Trouble {
    /// Which form.
    at: &'static str,
    says: String,
    form: Form,
}

impl Trouble {
    /// In the reader's words; a fault of ours is no trouble of the form's.
    fn of(visit: &Visit, at: &'static str, form: Form, error: ApiError) -> Result<Trouble, ApiError> {
        if error.told().status.is_server_error() {
            return Err(error);
        }
        let pointer = error.told().errors.first().and_then(|wrong| wrong.pointer.as_deref());
        let says = match (error.told().code, pointer) {
            ("invalid", Some("/role")) => say!(visit, "settings-wrong-role"),
            ("invalid", Some("/member")) => say!(visit, "settings-wrong-owner"),
            ("invalid", Some("/to")) => say!(visit, "settings-wrong-heir"),
            ("invalid", Some("/name")) => say!(visit, "settings-wrong-name"),
            ("invalid", Some("/email")) => say!(visit, "settings-wrong-email"),
            ("limit_reached", _) => say!(visit, "settings-wrong-limit"),
            _ => refused(&visit.copy, &error),
        };
        Ok(Trouble { at, says, form })
    }

    fn new(at: &'static str, form: Form, says: String) -> Trouble {
        Trouble { at, says, form }
    }
}

/// What was wrong with this form, at its top.
fn told(trouble: Option<&Trouble>, at: &str) -> Markup {
    html! {
        @if let Some(trouble) = trouble.filter(|trouble| trouble.at == at) {
            div { p.inset.small role="alert" data-tone="stop" { span.row { (icon("warn")) span.grow { (trouble.says) } } } }
        }
    }
}

/// What was wrong with a form that this reader is not shown: it says who may send it.
fn told_apart(trouble: Option<&Trouble>, not_shown: &[&str]) -> Markup {
    html! { @for form in not_shown { (told(trouble, form)) } }
}

/// What a field of this form says: as it was sent, where it was refused; else this.
fn kept<'a>(trouble: Option<&'a Trouble>, at: &str, field: &str, otherwise: &'a str) -> &'a str {
    trouble.filter(|trouble| trouble.at == at).map_or(otherwise, |trouble| trouble.form.get(field))
}
