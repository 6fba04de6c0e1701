//! The balance.

use super::{
    App,
    conventions::json,
    extract::{Caller, Ids},
    wire,
};
use crate::error::ApiError;
use api::balance::Balance;
use axum::{extract::State, http::StatusCode, response::Response};
use ledger::id::OrganizationId;
use std::sync::Arc;

/// Get the balance
///
/// What can be spent, why not, and what to do about it. What the reader may not see is absent.
#[utoipa::path(
    get, path = "/v1/organizations/{org}/balance", tag = "runtime",
    responses((status = 200, description = "The balance as it is now.", body = Balance))
)]
pub async fn get_balance(
    State(app): State<Arc<App>>,
    caller: Caller,
    Ids(organization): Ids<OrganizationId>,
) -> Result<Response, ApiError> {
    let actor = caller.actor();
    let balance = app
        .read(&caller, organization, move |view, _| view.account.balance(view.policy, view.now, &actor))
        .await?;
    Ok(json(StatusCode::OK, &wire::balance(&balance, &app.settings.public_url)))
}
