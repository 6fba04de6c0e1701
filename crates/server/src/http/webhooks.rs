//! What payment providers send: kept before it is answered, worked off afterwards (`payments::inbox`). Without a key; the
//! signature over the raw body is what lets it in.

use super::{App, conventions::json, extract::RawBody};
use crate::{clock, error::ApiError};
use axum::{
    extract::State,
    http::{HeaderMap, StatusCode},
    response::Response,
};
use std::sync::Arc;

/// An event of Stripe, signed by it. It is answered as soon as it is kept; the same event again changes nothing. Not in the
/// document: nobody else has a reason to call it.
pub async fn stripe(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    RawBody(body): RawBody,
) -> Result<Response, ApiError> {
    let signature = headers.get("stripe-signature").and_then(|value| value.to_str().ok());
    app.cashier.receive(clock::now(), signature, &body).await?;
    Ok(json(StatusCode::OK, &serde_json::json!({ "received": true })))
}
