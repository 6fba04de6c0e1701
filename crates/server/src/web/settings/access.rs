//! Who sees billing, and whose the organization is (R12.1): only the owner makes billing admins, and only of members; a new
//! owner is a member too, named on one page and confirmed on the next.

use super::{People, Trouble, settings, told, with_trouble};
use crate::{
    copy::{rich, say},
    error::ApiError,
    http::extract::{Query, Repeat},
    web::{
        frame::{Page, Tab, initials, role},
        icons::icon,
        visit::{Posted, Visit},
    },
};
use axum::response::Response;
use ledger::{
    command::Command,
    id::MemberId,
    people::{Member, Permission, Role},
};
use maud::{Markup, html};
use serde::Deserialize;

/// The forms about billing admins.
const ADMINS: &str = "admins";

/// The form about the owner.
const OWNER: &str = "owner";

/// Members to choose from by name; where there are more, somebody is named by their id.
const CHOICES_MAX: usize = 200;

/// Who sees billing.
pub fn billing_admins_card(visit: &Visit, people: &People, trouble: Option<&Trouble>) -> Markup {
    let owns = people.may(visit, Permission::Owner);
    let able = people.all.iter().filter(|(_, member)| member.has_billing_access());
    let others: Vec<&(MemberId, Member)> =
        people.all.iter().filter(|(_, member)| !member.has_billing_access()).collect();
    html! {
        section.card #admins data-live aria-labelledby="admins-h" {
            div.card-head {
                h2 #admins-h { (say!(visit, "settings-admins")) }
                @if owns { span.tag { (icon("people")) (say!(visit, "settings-owner-controls")) } }
            }
            p.quiet { (say!(visit, "settings-admins-say")) }
            (told(trouble, ADMINS))
            ul.list {
                @for (id, member) in able {
                    li {
                        span.avatar aria-hidden="true" { (initials(&member.name)) } " "
                        div.grow {
                            b { (member.name) }
                            @if people.is_me(visit, id) { " " span.quiet.small { (say!(visit, "settings-you")) } }
                        }
                        " " span.quiet.small.cap {
                            @if member.role == Role::Owner { (role(&visit.copy, member.role)) }
                            @else { (say!(visit, "settings-admin-role", role = role(&visit.copy, member.role))) }
                        }
                        @if owns && member.billing_admin { (set_form(visit, id, member, false, &say!(visit, "settings-admin-remove"))) }
                    }
                }
            }
            @if owns && others.is_empty() {
                p.small.quiet { (say!(visit, "settings-admins-all")) }
            } @else if owns {
                form.row method="post" action=(visit.path("settings/billing-admins")) {
                    (visit.proof())
                    input type="hidden" name="do" value="add";
                    (choice(visit, "mate", "member", &say!(visit, "settings-select"), &others))
                    button.btn.end-align type="submit" { (icon("plus")) (say!(visit, "settings-admin-add")) }
                }
            } @else {
                div.card-foot { p { (say!(visit, "settings-who-owns", names = people.who(&visit.copy, Permission::Owner))) } }
            }
        }
    }
}

/// Choosing one of these members.
fn choice(visit: &Visit, id: &str, name: &str, label: &str, members: &[&(MemberId, Member)]) -> Markup {
    html! {
        div.field.grow {
            label for=(id) { (label) }
            @if members.len() > CHOICES_MAX {
                input id=(id) name=(name) required maxlength="128" autocomplete="off" placeholder=(say!(visit, "settings-id"));
            } @else {
                select id=(id) name=(name) required {
                    option value="" { (say!(visit, "settings-choose")) }
                    @for (member_id, member) in members {
                        option value=(member_id) { (say!(visit, "who", name = &member.name, role = role(&visit.copy, member.role))) }
                    }
                }
            }
        }
    }
}

/// Makes a member a billing admin, or no more.
fn set_form(visit: &Visit, id: &MemberId, member: &Member, add: bool, word: &str) -> Markup {
    let (what, button, label) = match add {
        true => ("add", word, "settings-admin-make-name"),
        false => ("remove", word, "settings-admin-remove-name"),
    };
    html! {
        form method="post" action=(visit.path("settings/billing-admins")) {
            (visit.proof())
            input type="hidden" name="do" value=(what);
            input type="hidden" name="member" value=(id);
            button.btn type="submit" aria-label=(visit.copy.text(label, &[("name", (&member.name).into())])) { (button) }
        }
    }
}

/// The same on a member's own page.
pub fn member_card(
    visit: &Visit,
    people: &People,
    id: &MemberId,
    member: &Member,
    trouble: Option<&Trouble>,
) -> Markup {
    let name = &member.name;
    let word = match member.billing_admin {
        true => say!(visit, "settings-admin-unmake"),
        false => say!(visit, "settings-admin-make"),
    };
    html! {
        section.card #access data-live aria-labelledby="access-h" {
            h2 #access-h { (say!(visit, "settings-billing-access")) }
            (told(trouble, ADMINS))
            p {
                @if member.role == Role::Owner { (say!(visit, "settings-has-owner", name = name)) }
                @else if member.billing_admin { (say!(visit, "settings-has-admin", name = name)) }
                @else { (say!(visit, "settings-has-none", name = name)) }
            }
            @if member.role != Role::Owner {
                div.card-foot {
                    @if people.may(visit, Permission::Owner) {
                        p { (say!(visit, "settings-admins-say")) }
                        (set_form(visit, id, member, !member.billing_admin, &word))
                    } @else {
                        p { (say!(visit, "settings-who-owns", names = people.who(&visit.copy, Permission::Owner))) }
                    }
                }
            }
        }
    }
}

/// Adds or removes a billing admin.
pub async fn set_billing_admin(Posted { visit, form }: Posted) -> Result<Response, ApiError> {
    let people = People::of(&visit).await?;
    let adds = match form.get("do") {
        "add" => true,
        "remove" => false,
        _ => return Err(ApiError::field("/do", "say whether to add or to remove")),
    };
    let trouble = match people.find(form.get("member")) {
        None => Trouble::new(ADMINS, form, say!(visit, "settings-wrong-stranger")),
        Some((id, member)) => {
            let Member { name, email, role, .. } = member.clone();
            let (member, billing_admin) = (id.clone(), Some(adds));
            let command = Command::SetMember { member, name, email, role, billing_admin };
            let done = visit.app.execute(&visit.caller, visit.organization.clone(), command, Repeat(None));
            match (done.await, adds) {
                (Ok(_), true) => return Ok(visit.done("settings#admins", "done-settings-admin-added")),
                (Ok(_), false) => return Ok(visit.done("settings#admins", "done-settings-admin-removed")),
                (Err(error), _) => Trouble::of(&visit, ADMINS, form, error)?,
            }
        }
    };
    settings(&visit, 1, Some(&trouble)).await
}

/// Whose the organization is; the owner names another.
pub fn owner_card(visit: &Visit, people: &People, trouble: Option<&Trouble>) -> Markup {
    let others: Vec<&(MemberId, Member)> =
        people.all.iter().filter(|(_, member)| member.role != Role::Owner).collect();
    let owner = people.owner().map_or("", |owner| owner.name.as_str());
    html! {
        section.card #owner data-live aria-labelledby="owner-h" {
            h2 #owner-h { (say!(visit, "settings-owner")) }
            (told(trouble, OWNER))
            @if people.may(visit, Permission::Owner) {
                p.quiet { (say!(visit, "settings-owner-says")) }
                @if others.is_empty() {
                    p.small { (say!(visit, "settings-owner-alone")) }
                } @else {
                    form.row method="get" action=(visit.path("settings/owner")) {
                        (choice(visit, "heir", "to", &say!(visit, "settings-owner-select"), &others))
                        button.btn.end-align type="submit" { (say!(visit, "settings-owner-go-on")) }
                    }
                }
            } @else {
                p.quiet { (say!(visit, "settings-owner-is", name = owner)) }
                div.card-foot { p { (say!(visit, "settings-owner-only", name = owner)) } }
            }
        }
    }
}

/// Who is to be the owner.
#[derive(Deserialize)]
pub struct Heir {
    #[serde(default)]
    to: String,
}

/// What a transfer changes, before it does.
pub async fn confirm_owner(visit: Visit, Query(heir): Query<Heir>) -> Result<Response, ApiError> {
    let people = People::of(&visit).await?;
    let found = people.find(heir.to.trim()).filter(|(_, member)| member.role != Role::Owner);
    let title = say!(visit, "settings-owner-title");
    let body = html! {
        p.small { a href={ (visit.path("settings")) "#owner" } { (say!(visit, "settings-back")) } }
        section.card.slim #confirm aria-labelledby="confirm-h" {
            @match found {
                None => {
                    h2 #confirm-h { (say!(visit, "settings-owner-whom")) }
                    p { (say!(visit, "settings-wrong-heir")) }
                }
                Some(_) if !people.may(&visit, Permission::Owner) => {
                    h2 #confirm-h { (title) }
                    p { (say!(visit, "settings-owner-only", name = people.owner().map_or("", |owner| owner.name.as_str()))) }
                }
                Some((id, member)) => {
                    h2 #confirm-h { (say!(visit, "settings-owner-confirm", name = &member.name)) }
                    ul.points {
                        li { (rich!(visit, "settings-owner-gains", name = &member.name)) }
                        li { (rich!(visit, if visit.me.billing_admin { "settings-owner-stays" } else { "settings-owner-loses" })) }
                        li { (say!(visit, "settings-owner-back", name = &member.name)) }
                    }
                    form method="post" action=(visit.path("settings/owner")) {
                        (visit.proof())
                        input type="hidden" name="to" value=(id);
                        div.row {
                            button.btn.go type="submit" { (say!(visit, "settings-owner-do", name = &member.name)) }
                            a.btn.bare href={ (visit.path("settings")) "#owner" } { (say!(visit, "settings-cancel")) }
                        }
                    }
                }
            }
        }
    };
    Ok(visit.page(&Page { title: &title, tab: Tab::Settings, rail: &[], body }))
}

/// Makes a member the owner.
pub async fn transfer(Posted { visit, form }: Posted) -> Result<Response, ApiError> {
    let Ok(to) = form.get("to").trim().parse::<MemberId>() else {
        let trouble = Trouble::new(OWNER, form, say!(visit, "settings-wrong-heir"));
        return Ok(with_trouble(settings(&visit, 1, Some(&trouble)).await?, Some(&trouble)));
    };
    let command = Command::TransferOwnership { to };
    match visit.app.execute(&visit.caller, visit.organization.clone(), command, Repeat(None)).await {
        Ok(_) => Ok(visit.done("settings#owner", "done-settings-transferred")),
        Err(error) => {
            let trouble = Trouble::of(&visit, OWNER, form, error)?;
            settings(&visit, 1, Some(&trouble)).await
        }
    }
}
