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
    http::{Method, StatusCode},
    middleware::Next,
    response::Response,
};
use maud::html;
use std::sync::Arc;

/// Around all pages: an error becomes a page.
pub async fn as_pages(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    // A script that follows the account reads no page.
    let is_stream = request.uri().path().ends_with("/stream");
    let again = again(request.method(), request.uri().path());
    let mut response = next.run(request).await;
    if is_stream || response.status().is_success() {
        return response;
    }
    let Some(error) = response.extensions_mut().remove::<ApiError>() else { return response };
    if let Some(inside) = &error.told().inside {
        tracing::error!(code = error.told().code, error = inside, "a page could not be shown");
    }
    page(&app, &error, &again)
}

/// Where to try again: the page itself, or the one whose form was sent (`/console/{org}/{page}/…`).
fn again(method: &Method, path: &str) -> String {
    let parts = if method == Method::POST { 4 } else { usize::MAX };
    path.split('/').take(parts).collect::<Vec<_>>().join("/")
}

fn page(app: &App, error: &ApiError, again: &str) -> Response {
    let copy: &Copy = &app.copy;
    let told = error.told();
    let say = |key: &str| copy.text(key, &[]);
    let (title, text) = match (told.status, told.code) {
        (_, "no_session") => (say("problem-session-title"), say("problem-session")),
        (StatusCode::NOT_FOUND, _) => (say("problem-not-found-title"), say("problem-not-found")),
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
                @if may_try_again { a.btn.do href=(again) { (say("try-again")) } }
            }
        }
    };
    document(copy, &app.settings.console, told.status, &title, None, &content)
}
