//! The people of an organization (R12).

use super::{
    App,
    conventions::{answered, changed, misshown},
    extract::{Caller, Ids, JsonBody, NoBody, Query, Repeat},
    organizations::IdPage,
    reading::by_id,
    wire::{self, known},
};
use crate::{engine::Object, error::ApiError};
use api::{
    Page,
    account::{Changed, Member, MemberAnswer, NewMember, Transfer},
};
use axum::{extract::State, http::StatusCode, response::Response};
use ledger::{
    command::Command,
    id::{MemberId, OrganizationId},
};
use std::sync::Arc;

/// List members
///
/// In the order of their ids.
#[utoipa::path(
    get, path = "/v1/organizations/{org}/members", tag = "account", params(IdPage),
    responses((status = 200, description = "A page of members.", body = Page<Member>))
)]
pub async fn list_members(
    State(app): State<Arc<App>>,
    caller: Caller,
    Ids(organization): Ids<OrganizationId>,
    Query(query): Query<IdPage>,
) -> Result<Response, ApiError> {
    let slice = query.slice()?;
    let cursor: Option<MemberId> = slice.id()?;
    let answer = app.read(&caller, organization, move |view, sees| {
        let members = &view.account.core().members;
        by_id(members, cursor.as_ref(), &slice, |id, member| wire::member(id, member, sees.contacts))
    });
    answer.await
}

/// Add or change a member
#[utoipa::path(
    put, path = "/v1/organizations/{org}/members/{member}", tag = "account", request_body = NewMember,
    responses((status = 200, description = "The member is as asked.", body = MemberAnswer))
)]
pub async fn put_member(
    State(app): State<Arc<App>>,
    caller: Caller,
    Ids((organization, member)): Ids<(OrganizationId, MemberId)>,
    repeat: Repeat,
    body: JsonBody,
) -> Result<Response, ApiError> {
    let new: NewMember = body.parse()?;
    let command = Command::SetMember {
        name: new.name.unwrap_or_else(|| member.to_string()),
        member,
        email: new.email,
        role: wire::to_role(new.role),
        billing_admin: new.billing_admin,
    };
    let receipt = app.execute(&caller, organization, command, repeat).await?;
    let Object::Member(id, member) = &receipt.shown.object else { return Err(misshown()) };
    let balance = wire::balance(&receipt.shown.balance, &app.settings.public_url);
    // Whoever may change a member may see how to reach this one.
    let member = wire::member(id, member, true);
    Ok(answered(&receipt, StatusCode::OK, &MemberAnswer { member, balance }))
}

/// Remove a member
#[utoipa::path(
    delete, path = "/v1/organizations/{org}/members/{member}", tag = "account",
    responses((status = 200, description = "The member is removed.", body = Changed))
)]
pub async fn remove_member(
    State(app): State<Arc<App>>,
    caller: Caller,
    Ids((organization, member)): Ids<(OrganizationId, MemberId)>,
    repeat: Repeat,
    _: NoBody,
) -> Result<Response, ApiError> {
    let command = Command::RemoveMember { member };
    Ok(changed(&app, &app.execute(&caller, organization, command, repeat).await?))
}

/// Make a member the owner
///
/// The old owner becomes an admin.
#[utoipa::path(
    post, path = "/v1/organizations/{org}/transfer_ownership", tag = "account", request_body = Transfer,
    responses((status = 200, description = "The organization has this owner.", body = Changed))
)]
pub async fn transfer_ownership(
    State(app): State<Arc<App>>,
    caller: Caller,
    Ids(organization): Ids<OrganizationId>,
    repeat: Repeat,
    body: JsonBody,
) -> Result<Response, ApiError> {
    let transfer: Transfer<'_> = body.parse()?;
    let command = Command::TransferOwnership { to: known(&transfer.to) };
    Ok(changed(&app, &app.execute(&caller, organization, command, repeat).await?))
}
