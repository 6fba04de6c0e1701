//! Grants: what there is to spend, and the operator's gifts.

use super::{
    App,
    conventions::{answered, json, misshown},
    extract::{Caller, Ids, JsonBody, Query, Repeat, Slice},
    reading::paged,
    wire::{self, credits, maybe, timestamp},
};
use crate::{engine::Object, error::ApiError};
use api::{
    Page,
    books::{Grant, GrantAnswer, NewGrant},
};
use axum::{extract::State, http::StatusCode, response::Response};
use ledger::{command::Command, id::OrganizationId};
use serde::Deserialize;
use std::sync::Arc;
use utoipa::IntoParams;

/// A page of a list by number, newest first unless the list says otherwise.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct NumberPage {
    /// How many rows; 50 unless given.
    #[param(value_type = Option<i64>, minimum = 1, maximum = 500)]
    limit: Option<String>,
    /// `next_cursor` of the page before.
    #[param(pattern = "^n[0-9]{1,18}$")]
    cursor: Option<String>,
}

impl NumberPage {
    /// Checked: the number to go on from, and how many rows.
    pub fn slice(self) -> Result<(Option<u64>, usize), ApiError> {
        let slice = Slice::new(self.limit.as_deref(), self.cursor)?;
        Ok((slice.number()?, slice.limit))
    }
}

/// The command of a new grant.
pub fn grant(new: NewGrant<'_>) -> Command {
    Command::GrantPromotional {
        grant: maybe(new.id.as_ref()),
        amount: credits(new.credits),
        effective_at: new.effective_at.map(timestamp),
        expires_at: new.expires_at.map(timestamp),
        priority: new.priority,
        reason: new.reason,
    }
}

/// List grants
///
/// Newest first, spent ones too.
#[utoipa::path(
    get, path = "/v1/organizations/{org}/grants", tag = "account", params(NumberPage),
    responses((status = 200, description = "A page of grants.", body = Page<Grant>))
)]
pub async fn list_grants(
    State(app): State<Arc<App>>,
    caller: Caller,
    Ids(organization): Ids<OrganizationId>,
    Query(query): Query<NumberPage>,
) -> Result<Response, ApiError> {
    let (before, limit) = query.slice()?;
    let (entitled, now) =
        app.read(&caller, organization.clone(), |view, _| (view.account.core().entitled, view.now)).await?;
    let page = app.page(organization, move |store, id| store.grants(id, before, limit)).await?;
    Ok(json(StatusCode::OK, &paged(&page, |grant| wire::grant(grant, entitled, now))))
}

/// Give promotional credits
#[utoipa::path(
    post, path = "/v1/organizations/{org}/grants", tag = "account", request_body = NewGrant,
    responses((status = 201, description = "Granted.", body = GrantAnswer))
)]
pub async fn create_grant(
    State(app): State<Arc<App>>,
    caller: Caller,
    Ids(organization): Ids<OrganizationId>,
    repeat: Repeat,
    body: JsonBody,
) -> Result<Response, ApiError> {
    let receipt = app.execute(&caller, organization, grant(body.parse()?), repeat).await?;
    let Object::Grant(grant) = &receipt.shown.object else { return Err(misshown()) };
    let balance = &receipt.shown.balance;
    let grant = wire::grant(grant, balance.entitled, balance.as_of);
    let balance = wire::balance(balance, &app.settings.public_url);
    Ok(answered(&receipt, StatusCode::CREATED, &GrantAnswer { grant, balance }))
}
