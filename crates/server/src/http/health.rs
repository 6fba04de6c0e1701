//! Health, for whoever runs the server: without a key, at the root.

use super::{App, conventions::json};
use crate::error::ApiError;
use axum::{
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use std::sync::Arc;

/// The process answers.
pub async fn alive() -> Response {
    json(StatusCode::OK, &serde_json::json!({ "status": "alive" }))
}

/// The store answers, and is in the form that this version writes: it does not open otherwise.
pub async fn ready(State(app): State<Arc<App>>) -> Result<Response, ApiError> {
    app.stored(|store| store.organizations(None, 1)).await?;
    Ok(json(StatusCode::OK, &serde_json::json!({ "status": "ready" })))
}

/// Figures for Prometheus.
pub async fn metrics(State(app): State<Arc<App>>) -> Response {
    let figures = app.metrics.as_ref().map_or_else(String::new, |handle| handle.render());
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], figures).into_response()
}
