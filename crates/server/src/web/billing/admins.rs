//! The Billing admins card: who sees and acts on billing, and for the owner adding and removing them (R12.1).

use super::{Card, books::Books, tag};
use crate::{
    copy::say,
    error::ApiError,
    http::extract::Repeat,
    web::{
        frame::{initials, role},
        icons::icon,
        visit::{Posted, Visit},
    },
};
use axum::{http::StatusCode, response::Response};
use ledger::{
    command::Command,
    id::MemberId,
    people::{Member, Role},
};
use maud::{Markup, html};

/// The card.
pub fn card(visit: &Visit, books: &Books) -> Markup {
    let is_owner = visit.me.role == Role::Owner;
    let mut with_access: Vec<(&MemberId, &Member)> =
        books.members.iter().filter(|(_, member)| member.has_billing_access()).collect();
    with_access.sort_by_key(|(_, member)| member.role);
    let aside = html! { @if is_owner { (tag(None, "people", &say!(visit, "billing-owner-controls"))) } };
    let body = html! {
        p.quiet { (say!(visit, "billing-admins-what")) }
        ul.list { @for (id, member) in with_access { (person(visit, id, member, is_owner)) } }
        @if is_owner { (add(visit, books)) }
    };
    Card { place: "admins", title: say!(visit, "billing-admins"), steps: &[], aside, body }.show()
}

fn person(visit: &Visit, id: &MemberId, member: &Member, is_owner: bool) -> Markup {
    let is_me = visit.caller.member.as_ref() == Some(id);
    let what = role(&visit.copy, member.role);
    html! {
        li {
            span.avatar aria-hidden="true" { (initials(&member.name)) } " "
            div.grow { b { (member.name) } @if is_me { " " span.quiet.small { (say!(visit, "billing-you")) } } }
            span.quiet.small {
                @if member.role == Role::Owner { (say!(visit, "billing-is-owner")) }
                @else { (say!(visit, "billing-is-admin", role = what)) }
            }
            @if is_owner && member.role != Role::Owner {
                form.row method="post" action=(visit.path("billing/admins")) {
                    (visit.proof())
                    input type="hidden" name="member" value=(id);
                    button.btn type="submit" name="do" value="remove"
                        aria-label=(say!(visit, "billing-remove-named", name = &member.name)) { (say!(visit, "billing-remove")) }
                }
            }
        }
    }
}

/// Members to choose from; where there are more, Settings takes their id.
const CHOICES_MAX: usize = 200;

fn add(visit: &Visit, books: &Books) -> Markup {
    let mut others: Vec<(&MemberId, &Member)> =
        books.members.iter().filter(|(_, member)| !member.has_billing_access()).collect();
    others.sort_by(|(_, a), (_, b)| a.name.cmp(&b.name));
    html! {
        @if others.is_empty() {
            p.small.quiet { (say!(visit, "billing-nobody-to-add")) }
        } @else {
            form.row method="post" action=(visit.path("billing/admins")) {
                (visit.proof())
                input type="hidden" name="do" value="add";
                div.field.grow {
                    label for="mate" { (say!(visit, "billing-teammate")) }
                    select #mate name="member" required {
                        option value="" { (say!(visit, "billing-teammate-choose")) }
                        @for (id, member) in others.into_iter().take(CHOICES_MAX) {
                            option value=(id) {
                                (say!(visit, "who", name = &member.name, role = role(&visit.copy, member.role)))
                            }
                        }
                    }
                }
                button.btn.end-align type="submit" { (icon("plus")) (say!(visit, "billing-add")) }
            }
        }
    }
}

/// Makes a member billing admin, or takes that back; the rules say who may.
pub async fn set(Posted { visit, form }: Posted) -> Result<Response, ApiError> {
    let nobody = || ApiError::new(StatusCode::NOT_FOUND, "not_found", "There is no such member.");
    let member: MemberId = form.get("member").parse().map_err(|_| nobody())?;
    let adds = match form.get("do") {
        "add" => true,
        "remove" => false,
        _ => return Err(ApiError::field("/do", "say whether to add or to remove")),
    };
    let looked = visit.app.read(&visit.caller, visit.organization.clone(), {
        let member = member.clone();
        move |view, _| view.account.core().members.get(&member).cloned()
    });
    let Member { name, email, role, .. } = looked.await?.ok_or_else(nobody)?;
    let command = Command::SetMember { member, name, email, role, billing_admin: Some(adds) };
    visit.app.execute(&visit.caller, visit.organization.clone(), command, Repeat(None)).await?;
    Ok(visit.done("billing#admins", if adds { "done-admin-added" } else { "done-admin-removed" }))
}
