//! The members: who is in, and each one's own page, where the owner and admins change a name, a role, or remove somebody
//! (R12.1). Members are the host's: an id here is the one that the product knows the person by.

use super::{People, Trouble, kept, settings, told, told_apart, with_trouble};
use crate::{
    copy::{rich, say},
    error::ApiError,
    http::{
        extract::{Ids, Repeat},
        form::Form,
    },
    web::{
        frame::{Page, Tab, initials, role},
        icons::icon,
        visit::{Posted, Visit},
    },
};
use axum::{http::StatusCode, response::Response};
use ledger::{
    command::Command,
    id::{MemberId, OrganizationId},
    people::{Member, Permission, Role},
};
use maud::{Markup, html};

/// Members on one page of the list.
const MEMBERS_SHOWN: usize = 100;

/// The form that adds somebody.
pub const ADD: &str = "add";

/// The form that changes a member.
const CHANGE: &str = "details";

/// The form that removes one.
const REMOVE: &str = "remove";

/// Roles that are given; who owns is changed in a way of its own.
const GIVEN: [(Role, &str); 3] = [(Role::Admin, "admin"), (Role::Member, "member"), (Role::Viewer, "viewer")];

/// The list.
pub fn card(visit: &Visit, people: &People, page: usize) -> Markup {
    let manages = people.may(visit, Permission::ManageMembers);
    let pages = people.all.len().div_ceil(MEMBERS_SHOWN).max(1);
    let page = page.clamp(1, pages);
    let shown = people.all.iter().skip((page - 1) * MEMBERS_SHOWN).take(MEMBERS_SHOWN);
    let to = |page: usize| format!("{}?page={page}#members", visit.path("settings"));
    html! {
        section.card #members data-live aria-labelledby="members-h" {
            div.card-head {
                h2 #members-h { (say!(visit, "settings-members")) }
                span.quiet.small { (say!(visit, "settings-people", count = people.all.len())) }
            }
            div {
                table.fold role="table" aria-labelledby="members-h" {
                    thead role="rowgroup" { tr role="row" {
                        th role="columnheader" scope="col" { (say!(visit, "settings-person")) }
                        th role="columnheader" scope="col" { (say!(visit, "settings-role")) }
                        th role="columnheader" scope="col" { (say!(visit, "settings-billing-access")) }
                        @if manages { th role="columnheader" scope="col" { span.sr { (say!(visit, "settings-manage")) } } }
                    } }
                    tbody role="rowgroup" { @for (id, member) in shown { (row(visit, people, id, member)) } }
                }
            }
            @if pages > 1 {
                nav.row.small aria-label=(say!(visit, "settings-pages")) {
                    @if page > 1 { a href=(to(page - 1)) { (say!(visit, "settings-page-before")) } }
                    span.quiet { (say!(visit, "settings-page", page = page, pages = pages)) }
                    @if page < pages { a href=(to(page + 1)) { (say!(visit, "settings-page-after")) } }
                }
            }
            @if !manages {
                div.card-foot { p { (say!(visit, "settings-who-manages", names = people.who(&visit.copy, Permission::ManageMembers))) } }
            }
        }
    }
}

fn row(visit: &Visit, people: &People, id: &MemberId, member: &Member) -> Markup {
    let manages = people.may(visit, Permission::ManageMembers);
    let page = visit.path(&format!("settings/members/{id}"));
    html! {
        tr role="row" {
            th role="rowheader" scope="row" {
                span.person {
                    span.avatar aria-hidden="true" { (initials(&member.name)) } " "
                    span {
                        b { (member.name) }
                        @if people.is_me(visit, id) { " " span.quiet.small { (say!(visit, "settings-you")) } }
                        @if manages { " " br; span.quiet.small { (member.email.as_deref().unwrap_or(id.as_str())) } }
                    }
                }
            }
            td.cap role="cell" { (role(&visit.copy, member.role)) }
            td role="cell" data-l=(say!(visit, "settings-billing-access")) { (access(visit, member)) }
            @if manages {
                td.end role="cell" { a href=(page) aria-label=(say!(visit, "settings-manage-name", name = &member.name)) { (say!(visit, "settings-manage")) } }
            }
        }
    }
}

/// Whether a member sees billing, and by what (R12.1).
fn access(visit: &Visit, member: &Member) -> Markup {
    html! {
        @if member.role == Role::Owner { (say!(visit, "settings-access-owner")) }
        @else if member.billing_admin { span.tag data-tone="info" { (icon("bill")) (say!(visit, "settings-access-admin")) } }
        @else { span.quiet { (say!(visit, "settings-access-none")) } }
    }
}

/// The form that adds somebody; for those who may.
pub fn add_card(visit: &Visit, trouble: Option<&Trouble>) -> Markup {
    let value = |field| kept(trouble, ADD, field, "");
    html! {
        section.card #add data-live aria-labelledby="add-h" {
            h2 #add-h { (say!(visit, "settings-add")) }
            p.quiet { (say!(visit, "settings-add-says")) }
            (told(trouble, ADD))
            form method="post" action=(visit.path("settings/members")) {
                (visit.proof())
                div.two {
                    div.field {
                        label for="add-name" { (say!(visit, "settings-name")) }
                        input #add-name name="name" required maxlength="200" autocomplete="off" value=(value("name"));
                    }
                    div.field {
                        label for="add-email" { (say!(visit, "settings-email")) }
                        input #add-email name="email" type="email" maxlength="320" autocomplete="off" value=(value("email")) aria-describedby="add-email-says";
                        p.small.quiet #add-email-says { (say!(visit, "settings-email-says")) }
                    }
                    div.field {
                        label for="add-id" { (say!(visit, "settings-id")) }
                        input #add-id name="id" required maxlength="128" autocomplete="off" spellcheck="false" autocapitalize="none" value=(value("id")) aria-describedby="add-id-says";
                        p.small.quiet #add-id-says { (say!(visit, "settings-id-says")) }
                    }
                    (role_field(visit, "add-role", value("role"), Role::Member))
                }
                button.btn type="submit" { (icon("plus")) (say!(visit, "settings-add-do")) }
            }
        }
    }
}

fn role_field(visit: &Visit, id: &str, sent: &str, is: Role) -> Markup {
    let says = format!("{id}-says");
    html! {
        div.field {
            label for=(id) { (say!(visit, "settings-role")) }
            select id=(id) name="role" aria-describedby=(says) {
                @for (given, word) in GIVEN {
                    option value=(word) selected[if sent.is_empty() { given == is } else { sent == word }] { (role(&visit.copy, given)) }
                }
            }
            p.small.quiet id=(says) { (say!(visit, "settings-roles-say")) }
        }
    }
}

/// What the forms say of a person, checked as far as the rules cannot know.
fn said(visit: &Visit, form: &Form) -> Result<(String, Option<String>), String> {
    let (name, email) = (form.get("name").trim(), form.get("email").trim());
    if name.is_empty() {
        return Err(say!(visit, "settings-wrong-name"));
    }
    let is_address = |text: &str| {
        text.split_once('@').is_some_and(|(who, place)| !who.is_empty() && !place.is_empty())
            && !text.contains(char::is_whitespace)
    };
    if !email.is_empty() && !is_address(email) {
        return Err(say!(visit, "settings-wrong-email"));
    }
    Ok((name.to_owned(), (!email.is_empty()).then(|| email.to_owned())))
}

fn given(form: &Form) -> Option<Role> {
    GIVEN.into_iter().find(|(_, word)| *word == form.get("role")).map(|(role, _)| role)
}

/// Adds somebody.
pub async fn add(Posted { visit, form }: Posted) -> Result<Response, ApiError> {
    let people = People::of(&visit).await?;
    let command = (|| {
        let (name, email) = said(&visit, &form)?;
        let member: MemberId = form.get("id").trim().parse().map_err(|_| say!(visit, "settings-wrong-id"))?;
        if let Some((_, known)) = people.find(member.as_str()) {
            return Err(say!(visit, "settings-wrong-known", name = &known.name));
        }
        let role = given(&form).ok_or_else(|| say!(visit, "settings-wrong-role"))?;
        Ok(Command::SetMember { member, name, email, role, billing_admin: None })
    })();
    let trouble = match command {
        Err(says) => Trouble::new(ADD, form, says),
        Ok(command) => {
            let done = visit.app.execute(&visit.caller, visit.organization.clone(), command, Repeat(None));
            match done.await {
                Ok(_) => return Ok(visit.done("settings#members", "done-settings-added")),
                Err(error) => Trouble::of(&visit, ADD, form, error)?,
            }
        }
    };
    settings(&visit, 1, Some(&trouble)).await
}

type MemberPath = Ids<(OrganizationId, String)>;

/// One member's page.
pub async fn show(visit: Visit, Ids((_, id)): MemberPath) -> Result<Response, ApiError> {
    member_page(&visit, &id, None).await
}

/// One member's page, with what its form was refused for.
async fn member_page(visit: &Visit, id: &str, trouble: Option<&Trouble>) -> Result<Response, ApiError> {
    let people = People::of(visit).await?;
    let Some((id, member)) = people.find(id) else { return Err(no_member()) };
    let manages = people.may(visit, Permission::ManageMembers);
    let removable = manages && member.role != Role::Owner;
    let not_shown: &[&str] = match (manages, removable) {
        (false, _) => &[CHANGE, REMOVE],
        (true, false) => &[REMOVE],
        (true, true) => &[],
    };
    let body = html! {
        p.small { a href={ (visit.path("settings")) "#members" } { (say!(visit, "settings-back")) } }
        (told_apart(trouble, not_shown))
        (details_card(visit, &people, id, member, trouble))
        (super::access::member_card(visit, &people, id, member, trouble))
        @if removable { (remove_card(visit, &people, id, member, trouble)) }
    };
    let page = Page { title: &member.name, tab: Tab::Settings, rail: &[], body };
    Ok(with_trouble(visit.page(&page), trouble))
}

fn no_member() -> ApiError {
    ApiError::new(StatusCode::NOT_FOUND, "not_found", "This organization has no such member.")
}

fn details_card(
    visit: &Visit,
    people: &People,
    id: &MemberId,
    member: &Member,
    trouble: Option<&Trouble>,
) -> Markup {
    let manages = people.may(visit, Permission::ManageMembers);
    let value = |field, otherwise| kept(trouble, CHANGE, field, otherwise);
    html! {
        section.card #details data-live aria-labelledby="details-h" {
            div.card-head {
                h2 #details-h { (say!(visit, "settings-details")) }
                span.quiet.small.mono { (id) }
            }
            @if manages {
                (told(trouble, CHANGE))
                form method="post" action=(visit.path(&format!("settings/members/{id}"))) {
                    (visit.proof())
                    div.two {
                        div.field {
                            label for="name" { (say!(visit, "settings-name")) }
                            input #name name="name" required maxlength="200" autocomplete="off" value=(value("name", &member.name));
                        }
                        div.field {
                            label for="email" { (say!(visit, "settings-email")) }
                            input #email name="email" type="email" maxlength="320" autocomplete="off" value=(value("email", member.email.as_deref().unwrap_or_default()));
                        }
                        @if member.role == Role::Owner {
                            div.field {
                                span.small { b { (say!(visit, "settings-role")) } }
                                p.cap { (role(&visit.copy, member.role)) }
                                p.small.quiet { (say!(visit, "settings-owner-role")) }
                            }
                        } @else { (role_field(visit, "role", value("role", ""), member.role)) }
                    }
                    button.btn type="submit" { (say!(visit, "settings-save")) }
                }
            } @else {
                dl.lines {
                    div { dt { (say!(visit, "settings-role")) } dd.cap { (role(&visit.copy, member.role)) } }
                    div { dt { (say!(visit, "settings-billing-access")) } dd { (access(visit, member)) } }
                }
                div.card-foot { p { (say!(visit, "settings-who-manages", names = people.who(&visit.copy, Permission::ManageMembers))) } }
            }
        }
    }
}

fn remove_card(
    visit: &Visit,
    people: &People,
    id: &MemberId,
    member: &Member,
    trouble: Option<&Trouble>,
) -> Markup {
    let only_owner = member.billing_admin && !people.may(visit, Permission::Owner);
    html! {
        section.card #remove data-live aria-labelledby="remove-h" {
            h2 #remove-h { (say!(visit, "settings-remove-title", name = &member.name)) }
            p.quiet { (rich!(visit, "settings-remove-says")) }
            (told(trouble, REMOVE))
            @if only_owner {
                p.small { (say!(visit, "settings-remove-only-owner", names = people.who(&visit.copy, Permission::Owner))) }
            } @else {
                details {
                    summary { (say!(visit, "settings-remove")) }
                    form method="post" action=(visit.path(&format!("settings/members/{id}/remove"))) {
                        (visit.proof())
                        p.small { (say!(visit, "settings-remove-sure", name = &member.name)) }
                        button.btn type="submit" { (say!(visit, "settings-remove-do", name = &member.name)) }
                    }
                }
            }
        }
    }
}

/// Changes a member.
pub async fn change(Ids((_, id)): MemberPath, Posted { visit, form }: Posted) -> Result<Response, ApiError> {
    let people = People::of(&visit).await?;
    let Some((member, known)) = people.find(&id) else { return Err(no_member()) };
    let role = match known.role {
        Role::Owner => Some(Role::Owner),
        _ => given(&form),
    };
    let said = said(&visit, &form)
        .and_then(|said| role.map(|role| (said, role)).ok_or_else(|| say!(visit, "settings-wrong-role")));
    let trouble = match said {
        Err(says) => Trouble::new(CHANGE, form, says),
        Ok(((name, email), role)) => {
            let member = member.clone();
            let command = Command::SetMember { member, name, email, role, billing_admin: None };
            let done = visit.app.execute(&visit.caller, visit.organization.clone(), command, Repeat(None));
            match done.await {
                Ok(_) => return Ok(visit.done("settings#members", "done-settings-changed")),
                Err(error) => Trouble::of(&visit, CHANGE, form, error)?,
            }
        }
    };
    member_page(&visit, &id, Some(&trouble)).await
}

/// Removes a member.
pub async fn remove(Ids((_, id)): MemberPath, Posted { visit, form }: Posted) -> Result<Response, ApiError> {
    let member: MemberId = id.parse().map_err(|_| no_member())?;
    let command = Command::RemoveMember { member };
    match visit.app.execute(&visit.caller, visit.organization.clone(), command, Repeat(None)).await {
        Ok(_) => Ok(visit.done("settings#members", "done-settings-removed")),
        Err(error) if error.told().status == StatusCode::NOT_FOUND => Err(error),
        Err(error) => {
            let trouble = Trouble::of(&visit, REMOVE, form, error)?;
            member_page(&visit, &id, Some(&trouble)).await
        }
    }
}
