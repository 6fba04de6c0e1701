//! In and out: a session's link opens the console once, and signing out ends the session.

use super::visit::{COOKIE, Posted, see_other};
use crate::{
    error::ApiError,
    http::{
        App,
        extract::{Ids, Query},
    },
    web::visit::cookie,
};
use axum::{
    extract::State,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::Response,
};
use ledger::id::OrganizationId;
use serde::Deserialize;
use std::sync::Arc;

/// Pages that a link may open.
const PAGES: [&str; 5] = ["billing", "usage", "history", "settings", "help"];

/// Where a link leads.
#[derive(Deserialize)]
pub struct To {
    to: Option<String>,
}

/// Follows a link. A browser that has a session here already needs no link, so going back to a used one does no harm.
pub async fn enter(
    State(app): State<Arc<App>>,
    Ids((organization, link)): Ids<(OrganizationId, String)>,
    Query(To { to }): Query<To>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let page = PAGES.into_iter().find(|page| to.as_deref() == Some(page)).unwrap_or("billing");
    let mut response = see_other(&format!("/console/{organization}/{page}"));
    if let Some((token, session)) = app.sessions.follow(&organization, &link).await? {
        let seconds = session.expires_at.micros().saturating_sub(crate::clock::now().micros()) / 1_000_000;
        response.headers_mut().insert(header::SET_COOKIE, set(&app, &organization, &token, seconds)?);
        return Ok(response);
    }
    let known = match cookie(&headers, COOKIE) {
        Some(token) => app.sessions.find(&organization, token).await?.is_some(),
        None => false,
    };
    // The cookie is only sent to the console, so most browsers are told here that the link was used.
    if known {
        return Ok(response);
    }
    let detail = "This link was used already, or its time is over. Open the page from the product again.";
    Err(ApiError::new(StatusCode::UNAUTHORIZED, "no_session", detail))
}

/// Ends the session.
pub async fn leave(headers: HeaderMap, Posted { visit, .. }: Posted) -> Result<Response, ApiError> {
    if let Some(token) = cookie(&headers, COOKIE) {
        visit.app.sessions.end(&visit.organization, token).await?;
    }
    let to = visit.session.return_url.clone().unwrap_or_else(|| visit.path("billing"));
    let mut response = visit.lead(&to);
    response.headers_mut().insert(header::SET_COOKIE, set(&visit.app, &visit.organization, "", 0)?);
    Ok(response)
}

/// A cookie that no script reads and no other site's form sends along. Shown in a frame of another site, it has to be sent
/// there, and is kept apart for that site.
fn set(app: &App, organization: &OrganizationId, token: &str, seconds: i64) -> Result<HeaderValue, ApiError> {
    let settings = &app.settings;
    let secure = settings.public_url.starts_with("https://");
    let site = match (secure, settings.console.frame_ancestors.is_empty()) {
        (true, false) => "SameSite=None; Secure; Partitioned",
        (true, true) => "SameSite=Lax; Secure",
        (false, _) => "SameSite=Lax",
    };
    let cookie =
        format!("{COOKIE}={token}; Path=/console/{organization}; Max-Age={seconds}; HttpOnly; {site}");
    HeaderValue::try_from(cookie).map_err(|_| ApiError::fault("a cookie that fits no header"))
}
