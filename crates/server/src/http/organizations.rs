//! Organizations: opening, naming, suspending.

use super::{
    App,
    conventions::{answered, changed, json},
    extract::{Caller, Ids, JsonBody, NoBody, Query, Repeat, Slice, id_cursor},
    wire::{self, instant, wire_id},
};
use crate::error::ApiError;
use api::{
    Page,
    account::{Changed, Named, Naming, Organization, OrganizationRow, PlannedChange, Suspending, Suspension},
};
use axum::{extract::State, http::StatusCode, response::Response};
use ledger::{command::Command, id::OrganizationId};
use serde::Deserialize;
use std::sync::Arc;
use utoipa::IntoParams;

/// A page of a list in the order of ids.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct IdPage {
    /// How many rows; 50 unless given.
    #[param(value_type = Option<i64>, minimum = 1, maximum = 500)]
    limit: Option<String>,
    /// `next_cursor` of the page before.
    #[param(pattern = r"^i\.[A-Za-z0-9._:-]{1,128}$")]
    cursor: Option<String>,
}

impl IdPage {
    /// Checked.
    pub fn slice(self) -> Result<Slice, ApiError> {
        Slice::new(self.limit.as_deref(), self.cursor)
    }
}

/// List organizations
///
/// In the order of their ids.
#[utoipa::path(
    get, path = "/v1/organizations", tag = "account", params(IdPage),
    responses((status = 200, description = "A page of organizations.", body = Page<OrganizationRow>))
)]
pub async fn list_organizations(
    State(app): State<Arc<App>>,
    _: Caller,
    Query(query): Query<IdPage>,
) -> Result<Response, ApiError> {
    let slice = query.slice()?;
    let after: Option<OrganizationId> = slice.id()?;
    let limit = slice.limit;
    let mut rows = app.stored(move |store| store.organizations(after.as_ref(), limit + 1)).await?;
    let more = rows.len() > limit;
    rows.truncate(limit);
    let next_cursor = rows.last().filter(|_| more).map(|last| id_cursor(last.id.as_str()));
    let data = rows
        .iter()
        .map(|row| OrganizationRow { id: wire_id!(row.id), name: &row.name, version: row.version })
        .collect();
    Ok(json(StatusCode::OK, &Page { data, next_cursor }))
}

/// Open an organization, or rename it
#[utoipa::path(
    put, path = "/v1/organizations/{org}", tag = "account", request_body = Naming,
    responses((status = 200, description = "It has this name now.", body = Named))
)]
pub async fn put_organization(
    State(app): State<Arc<App>>,
    caller: Caller,
    Ids(organization): Ids<OrganizationId>,
    repeat: Repeat,
    body: JsonBody,
) -> Result<Response, ApiError> {
    let naming: Naming = body.parse()?;
    let command = Command::NameOrganization { name: naming.name };
    let receipt = app.execute(&caller, organization.clone(), command, repeat).await?;
    // The list of organizations is read from tables alone, and has it from now on.
    app.engine.written(organization.clone()).await?;
    let balance = wire::balance(&receipt.shown.balance, &app.settings.public_url);
    Ok(answered(
        &receipt,
        StatusCode::OK,
        &Named { id: wire_id!(organization), name: &receipt.shown.name, balance },
    ))
}

/// Get an organization
#[utoipa::path(
    get, path = "/v1/organizations/{org}", tag = "account",
    responses((status = 200, description = "The organization.", body = Organization))
)]
pub async fn get_organization(
    State(app): State<Arc<App>>,
    caller: Caller,
    Ids(organization): Ids<OrganizationId>,
) -> Result<Response, ApiError> {
    let answer = app.read(&caller, organization, |view, sees| {
        let core = view.account.core();
        let planned = core.planned_change.as_ref().filter(|_| sees.billing);
        json(
            StatusCode::OK,
            &Organization {
                id: wire_id!(core.organization),
                name: &core.name,
                suspension: core.suspension.as_ref().map(|suspension| Suspension {
                    reason: &suspension.reason,
                    since: instant(suspension.since.at),
                }),
                planned_change: planned.map(|change| PlannedChange {
                    plan: wire_id!(change.plan),
                    cadence: wire::cadence(change.cadence),
                    effective_at: instant(change.effective_at),
                }),
                test_clock: core.test_clock.map(instant),
                members: u64::try_from(core.members.len()).unwrap_or(u64::MAX),
                version: core.version,
                as_of: instant(view.now),
            },
        )
    });
    answer.await
}

/// Suspend an organization
///
/// Nothing starts until the suspension is lifted; everything else goes on.
#[utoipa::path(
    put, path = "/v1/organizations/{org}/suspension", tag = "account", request_body = Suspending,
    responses((status = 200, description = "It is suspended.", body = Changed))
)]
pub async fn suspend(
    State(app): State<Arc<App>>,
    caller: Caller,
    Ids(organization): Ids<OrganizationId>,
    repeat: Repeat,
    body: JsonBody,
) -> Result<Response, ApiError> {
    let suspending: Suspending = body.parse()?;
    let command = Command::Suspend { reason: suspending.reason };
    Ok(changed(&app, &app.execute(&caller, organization, command, repeat).await?))
}

/// Lift the suspension of an organization
#[utoipa::path(
    delete, path = "/v1/organizations/{org}/suspension", tag = "account",
    responses((status = 200, description = "It is not suspended.", body = Changed))
)]
pub async fn lift_suspension(
    State(app): State<Arc<App>>,
    caller: Caller,
    Ids(organization): Ids<OrganizationId>,
    repeat: Repeat,
    _: NoBody,
) -> Result<Response, ApiError> {
    Ok(changed(&app, &app.execute(&caller, organization, Command::LiftSuspension, repeat).await?))
}
