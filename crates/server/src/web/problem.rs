//! What a page says when it cannot be shown: why, in the reader's words, and what to do. Unknown is never shown as zero.

use super::{frame::document, icons::icon, visit::refused};
use crate::{
    brand::wordmark,
    copy::{Copy, Value},
    error::ApiError,
    http::App,
};
use axum::{
    extract::{Request, State},
    http::{Method, StatusCode, Uri},
    middleware::Next,
    response::Response,
};
use maud::html;
use std::sync::Arc;

/// Around all pages: an error becomes a page.
pub async fn as_pages(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    // A script that follows the account reads no page.
    let is_stream = request.uri().path().ends_with("/stream");
    let posted = request.method() == Method::POST;
    let again = again(posted, request.uri());
    let mut response = next.run(request).await;
    if is_stream || response.status().is_success() {
        return response;
    }
    let Some(error) = response.extensions_mut().remove::<ApiError>() else { return response };
    if let Some(inside) = &error.told().inside {
        tracing::error!(code = error.told().code, error = inside, "a page could not be shown");
    }
    page(&app, &error, posted, &again)
}

/// Where to look again: the page as it was asked for, or the one that the form belongs to.
fn again(posted: bool, address: &Uri) -> String {
    if !posted {
        return address.path_and_query().map_or_else(|| address.path().into(), ToString::to_string);
    }
    let parts: Vec<&str> = address.path().split('/').collect();
    match parts.as_slice() {
        ["", "console", organization, "leave"] => format!("/console/{organization}/billing"),
        ["", "console", organization, page, ..] => format!("/console/{organization}/{page}"),
        ["", "operator", "organizations", organization, ..] => {
            format!("/operator/organizations/{organization}")
        }
        _ => "/operator".into(),
    }
}

fn page(app: &App, error: &ApiError, posted: bool, again: &str) -> Response {
    let copy: &Copy = &app.copy;
    let told = error.told();
    let say = |key: &str| copy.text(key, &[]);
    let (title, text) = match (told.status, told.code) {
        (_, "no_session") => (say("problem-session-title"), say("problem-session")),
        (StatusCode::NOT_FOUND, _) => (say("problem-not-found-title"), say("problem-not-found")),
        // It may have been done, and the answer lost: nobody is told to do it again.
        (status, _) if status.is_server_error() && posted => {
            (say("problem-unknown-title"), say("problem-unknown"))
        }
        (status, _) if status.is_server_error() => (say("problem-away-title"), say("problem-away")),
        _ => (
            say("problem-refused-title"),
            copy.text("problem-refused", &[("why", Value::from(refused(copy, error)))]),
        ),
    };
    let may_try_again =
        told.status.is_server_error() || told.status.is_client_error() && told.code != "no_session";
    let content = html! {
        header.top { span.brand role="img" aria-label="Coulomb" { (wordmark()) } }
        main.page #main {
            div.page-head { h1 { (title) } }
            section.banner data-tone=(if told.status.is_server_error() { "warn" } else { "info" }) {
                (icon("unknown"))
                p { (text) }
                @if may_try_again { a.btn.do href=(again) { (say(if posted { "look-again" } else { "try-again" })) } }
            }
        }
    };
    document(copy, &app.settings.console, told.status, &title, None, &content)
}
