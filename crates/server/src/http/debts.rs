//! Debts: what is owed and for what, and giving one up.

use super::{
    App,
    conventions::{answered, json, misshown},
    extract::{Caller, Ids, JsonBody, Query, Repeat, Slice},
    reading::paged,
    wire::{self, credits},
};
use crate::{engine::Object, error::ApiError};
use api::{
    Page,
    books::{Debt, DebtAnswer, WriteOff},
};
use axum::{extract::State, http::StatusCode, response::Response};
use ledger::{
    command::Command,
    id::{DebtId, OrganizationId},
};
use serde::Deserialize;
use std::sync::Arc;
use utoipa::IntoParams;

/// Which debts to list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct DebtsQuery {
    /// Only those of which something is owed.
    open: Option<bool>,
    /// How many rows; 50 unless given.
    #[param(value_type = Option<i64>, minimum = 1, maximum = 500)]
    limit: Option<String>,
    /// `next_cursor` of the page before.
    #[param(pattern = "^n[0-9]{1,18}$")]
    cursor: Option<String>,
}

/// List debts
///
/// Newest first, with how each has shrunk.
#[utoipa::path(
    get, path = "/v1/organizations/{org}/debts", tag = "account", params(DebtsQuery),
    responses((status = 200, description = "A page of debts.", body = Page<Debt>))
)]
pub async fn list_debts(
    State(app): State<Arc<App>>,
    caller: Caller,
    Ids(organization): Ids<OrganizationId>,
    Query(query): Query<DebtsQuery>,
) -> Result<Response, ApiError> {
    let slice = Slice::new(query.limit.as_deref(), query.cursor)?;
    let (before, limit, open) = (slice.number()?, slice.limit, query.open.unwrap_or(false));
    app.read(&caller, organization.clone(), |_, _| ()).await?;
    let page = app.page(organization, move |store, id| store.debts(id, open, before, limit)).await?;
    Ok(json(StatusCode::OK, &paged(&page, wire::debt)))
}

/// Give up a debt, whole or in part
#[utoipa::path(
    post, path = "/v1/organizations/{org}/debts/{debt}/write_off", tag = "account", request_body = WriteOff,
    responses((status = 200, description = "So much of it is not owed any more.", body = DebtAnswer))
)]
pub async fn write_off(
    State(app): State<Arc<App>>,
    caller: Caller,
    Ids((organization, debt)): Ids<(OrganizationId, DebtId)>,
    repeat: Repeat,
    body: JsonBody,
) -> Result<Response, ApiError> {
    let wanted: WriteOff = body.parse()?;
    let command = Command::WriteOff { debt, amount: wanted.amount.map(credits), reason: wanted.reason };
    let receipt = app.execute(&caller, organization, command, repeat).await?;
    let Object::Debt(debt) = &receipt.shown.object else { return Err(misshown()) };
    let balance = wire::balance(&receipt.shown.balance, &app.settings.public_url);
    Ok(answered(&receipt, StatusCode::OK, &DebtAnswer { debt: wire::debt(debt), balance }))
}
