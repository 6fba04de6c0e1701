//! The console: what people see of an organization's credits (SURFACES), rendered here, one file per page. Everything works
//! without a script except that pages follow the account by themselves.
//!
//! `visit` is who looks, `frame` what is around each page, `reasons` the state in words, `copy` the sentences, `figures` how
//! numbers and dates are shown.

pub mod assets;
mod billing;
mod enter;
mod figures;
mod frame;
mod help;
mod history;
pub mod icons;
mod operator;
mod problem;
mod reasons;
mod settings;
mod usage;
mod visit;

use crate::http::{self, App, extract::Ids, stream};
use axum::{
    Router, middleware,
    response::{IntoResponse, Response},
    routing::{get, post},
};
use ledger::id::OrganizationId;
use std::sync::Arc;
use visit::Visit;

/// Every route of the server: the API's, and the pages'.
pub fn router(app: App) -> Router {
    http::router(app, routes)
}

/// The pages.
fn routes(app: &Arc<App>) -> Router<Arc<App>> {
    Router::new()
        .merge(billing::routes())
        .merge(usage::routes())
        .merge(history::routes())
        .merge(settings::routes())
        .merge(help::routes())
        .merge(operator::routes())
        .route("/console/{org}", get(home))
        .route("/console/{org}/stream", get(follow))
        .route("/console/{org}/leave", post(enter::leave))
        .route("/enter/{org}/{link}", get(enter::enter))
        .route("/assets/{name}", get(assets::asset))
        .layer(middleware::from_fn_with_state(Arc::clone(app), problem::as_pages))
}

/// Billing is where one arrives.
async fn home(Ids(organization): Ids<OrganizationId>) -> Response {
    visit::see_other(&format!("/console/{organization}/billing"))
}

/// The balance as it changes, for the page that is open.
async fn follow(visit: Visit) -> Response {
    match stream::following(
        visit.app.clone(),
        visit.caller.clone(),
        visit.organization.clone(),
        Some(visit.token()),
    ) {
        Ok(response) => response,
        Err(error) => error.into_response(),
    }
}
