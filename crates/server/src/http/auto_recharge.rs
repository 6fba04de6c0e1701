//! Auto-recharge (R10): its settings, and the provider's report that a purchase failed.

use super::{
    App,
    conventions::changed,
    extract::{Caller, Ids, JsonBody, Repeat},
    wire::credits,
};
use crate::error::ApiError;
use api::{
    account::Changed,
    money::{Decline, RechargeSettings},
};
use axum::{extract::State, response::Response};
use ledger::{
    command::Command,
    id::{OrganizationId, RechargeId},
};
use std::sync::Arc;

/// The command of auto-recharge settings.
pub fn set(settings: &RechargeSettings) -> Command {
    Command::SetAutoRecharge {
        enabled: settings.enabled,
        threshold: settings.threshold.map(credits),
        amount: settings.amount.map(credits),
        monthly_limit: settings.monthly_limit.map(credits),
    }
}

/// Choose auto-recharge settings
///
/// Needs a saved payment method to be enabled. The settings are in the balance.
#[utoipa::path(
    put, path = "/v1/organizations/{org}/auto_recharge", tag = "money", request_body = RechargeSettings,
    responses((status = 200, description = "The settings are saved.", body = Changed))
)]
pub async fn put_auto_recharge(
    State(app): State<Arc<App>>,
    caller: Caller,
    Ids(organization): Ids<OrganizationId>,
    repeat: Repeat,
    body: JsonBody,
) -> Result<Response, ApiError> {
    let settings: RechargeSettings = body.parse()?;
    Ok(changed(&app, &app.execute(&caller, organization, set(&settings), repeat).await?))
}

/// Report that an automatic purchase failed
#[utoipa::path(
    post, path = "/v1/organizations/{org}/recharges/{recharge}/decline", tag = "external", request_body = Decline,
    responses((status = 200, description = "Recorded; auto-recharge waits before it tries again.", body = Changed))
)]
pub async fn decline_recharge(
    State(app): State<Arc<App>>,
    caller: Caller,
    Ids((organization, recharge)): Ids<(OrganizationId, RechargeId)>,
    repeat: Repeat,
    body: JsonBody,
) -> Result<Response, ApiError> {
    let decline: Decline = body.parse()?;
    let command = Command::DeclineRecharge { recharge, reason: decline.reason };
    Ok(changed(&app, &app.execute(&caller, organization, command, repeat).await?))
}
