//! The sandbox's own calls: an organization's test clock.

use super::{
    App,
    conventions::answered,
    extract::{Caller, Ids, JsonBody, Repeat},
    wire::{self, instant, timestamp, wire_id},
};
use crate::{clock, engine::EngineError, error::ApiError};
use api::{
    Interval,
    account::{Clock, ClockSetting},
};
use axum::{extract::State, http::StatusCode, response::Response};
use ledger::{Duration, Timestamp, command::Command, id::OrganizationId, refusal::Refusal};
use std::sync::Arc;

/// Set an organization's test clock
///
/// Frozen by the first call and moved forward by later ones, `to` an instant or `by` a length of time. Everything that falls
/// due in between has happened, in order, before the answer. Only where the server runs with `--sandbox`.
#[utoipa::path(
    post, path = "/v1/sandbox/organizations/{org}/clock", tag = "sandbox", request_body = ClockSetting,
    responses((status = 200, description = "Where the clock stands.", body = Clock))
)]
pub async fn set_clock(
    State(app): State<Arc<App>>,
    caller: Caller,
    Ids(organization): Ids<OrganizationId>,
    repeat: Repeat,
    body: JsonBody,
) -> Result<Response, ApiError> {
    if !app.settings.sandbox {
        let detail = "There are no test clocks here: this server does not run with --sandbox.";
        return Err(ApiError::new(StatusCode::NOT_FOUND, "not_found", detail));
    }
    let setting: ClockSetting = body.parse()?;
    let to = match (setting.to, setting.by) {
        (Some(to), None) => timestamp(to),
        (None, Some(by)) => later(now(&app, organization.clone()).await?, by),
        _ => return Err(ApiError::field("", "say either `to` or `by`")),
    };
    let receipt = app.execute(&caller, organization.clone(), Command::SetTestClock { to }, repeat).await?;
    let shown = &receipt.shown;
    let opened = !shown.name.is_empty();
    let clock = Clock {
        organization: wire_id!(organization),
        now: instant(shown.balance.as_of),
        version: shown.balance.version,
        balance: opened.then(|| wire::balance(&shown.balance, &app.settings.public_url)),
    };
    Ok(answered(&receipt, StatusCode::OK, &clock))
}

/// What the organization's clock says before it is moved. One that is not open yet goes by everyone's.
async fn now(app: &App, organization: OrganizationId) -> Result<Timestamp, ApiError> {
    match app.engine.view(organization, |view| view.now).await {
        Err(EngineError::Refused(Refusal::UnknownOrganization)) => Ok(clock::now()),
        now => Ok(now?),
    }
}

fn later(now: Timestamp, by: Interval) -> Timestamp {
    now.plus_months(by.months).after(Duration::from_micros(by.micros))
}
