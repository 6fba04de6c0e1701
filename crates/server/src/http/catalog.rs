//! What is on sale, and the kinds of work there are.

use super::{
    App,
    conventions::json,
    extract::Caller,
    wire::{amount, wire_id},
};
use crate::error::ApiError;
use api::money::{Catalog, Kind, Pack, Plan};
use axum::{extract::State, http::StatusCode, response::Response};
use std::sync::Arc;

/// Get the catalogue
///
/// Plans, packs of credits, and the kinds of billable work.
#[utoipa::path(
    get, path = "/v1/catalog", tag = "money",
    responses((status = 200, description = "The catalogue.", body = Catalog))
)]
pub async fn get_catalog(State(app): State<Arc<App>>, _: Caller) -> Result<Response, ApiError> {
    let policy = app.engine.policy();
    let plans = policy.plans.iter().map(|(key, plan)| Plan {
        key: wire_id!(key),
        label: &plan.label,
        tier: plan.tier,
        monthly_allowance: amount(plan.monthly_allowance),
        monthly_price: plan.monthly_price,
        annual_price: plan.annual_price,
        currency: &plan.currency,
    });
    let packs = app.cashier.packs().iter().map(|pack| Pack {
        key: &pack.key,
        label: &pack.label,
        credits: amount(pack.credits),
        price: pack.price,
        currency: &pack.currency,
    });
    let kinds = policy.kinds.iter().map(|(key, kind)| Kind {
        key: wire_id!(key),
        label: &kind.label,
        category: &kind.category,
        unit: &kind.unit,
        default_hold: amount(kind.default_hold),
        allowance: amount(kind.allowance),
    });
    let catalog = Catalog { plans: plans.collect(), packs: packs.collect(), kinds: kinds.collect() };
    Ok(json(StatusCode::OK, &catalog))
}
