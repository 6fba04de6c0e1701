//! What is around each of the sandbox's pages: the head, the bar, the foot, the style, and headers under which nothing runs
//! and nothing is told to other sites.

use super::super::App;
use crate::{
    brand::{MARK, wordmark},
    error::ApiError,
    payments::sandbox::Notice,
    words,
};
use axum::{
    extract::State,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use ledger::Timestamp;
use maud::{DOCTYPE, Markup, html};
use std::sync::Arc;

/// The style of all pages.
const STYLE: &str =
    concat!(include_str!("../../../static/tokens.css"), include_str!("../../../static/sandbox.css"));

/// Where it is served.
pub const STYLE_PATH: &str = "/sandbox/coulomb.css";

/// Serves the style.
pub async fn style(State(app): State<Arc<App>>) -> Result<Response, ApiError> {
    super::provider(&app)?;
    let headers = [(header::CONTENT_TYPE, "text/css; charset=utf-8"), (header::CACHE_CONTROL, "no-cache")];
    Ok((StatusCode::OK, headers, STYLE).into_response())
}

/// A page.
pub struct Frame<'a> {
    /// What it is called.
    pub title: &'a str,
    /// What the organization is called.
    pub organization: &'a str,
    /// The class of its main part.
    pub class: &'a str,
    /// Where its forms may lead to beside this server: an origin.
    pub leads_to: Option<&'a str>,
}

impl Frame<'_> {
    /// The page with this in it.
    pub fn around(&self, status: StatusCode, main: &Markup) -> Response {
        let page = html! {
            (DOCTYPE)
            html lang="en" {
                head {
                    meta charset="utf-8";
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    meta name="robots" content="noindex";
                    title { (self.title) " · " (self.organization) " · Coulomb sandbox" }
                    link rel="icon" href=(MARK);
                    link rel="stylesheet" href=(STYLE_PATH);
                }
                body {
                    a.skip href="#main" { "Skip to content" }
                    header.top {
                        span.brand role="img" aria-label="Coulomb" { (wordmark()) }
                        span.org { (self.organization) }
                        span.tag data-tone="warn" { "Sandbox: no money moves" }
                    }
                    main.page.(self.class) #main { (main) }
                    footer.foot { p { "Cards and invoices here are pretended. All times in UTC." } }
                }
            }
        };
        (status, self.headers(), page.into_string()).into_response()
    }

    fn headers(&self) -> [(header::HeaderName, HeaderValue); 6] {
        let leads_to = self.leads_to.unwrap_or_default();
        let policy = format!(
            "default-src 'none'; style-src 'self'; img-src data:; form-action 'self' {leads_to}; base-uri 'none'; \
             frame-ancestors 'none'"
        );
        // An origin is letters, digits and marks that fit a header; anything else leads nowhere.
        let policy = HeaderValue::try_from(policy).unwrap_or(HeaderValue::from_static("default-src 'none'"));
        [
            (header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8")),
            (header::CONTENT_SECURITY_POLICY, policy),
            (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
            // Within this server the origin is told, or browsers would call forms a stranger's; others are told nothing.
            (header::REFERRER_POLICY, HeaderValue::from_static("same-origin")),
            (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
            (header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
        ]
    }
}

/// What is shown where nothing is, or no longer.
pub fn gone(what: &str, hint: &str) -> Response {
    let frame = Frame { title: "Not here", organization: "Sandbox", class: "gone", leads_to: None };
    let main = html! {
        div.page-head { h1 { (what) } }
        p { (hint) }
    };
    frame.around(StatusCode::NOT_FOUND, &main)
}

/// What came of the last thing that was done.
pub fn banner(notice: Option<&Notice>) -> Markup {
    html! {
        @if let Some(Notice { text, good }) = notice {
            div.banner data-tone=(if *good { "ok" } else { "stop" }) role="status" {
                (icon(if *good { CHECK } else { CROSS }))
                p { (text) }
            }
        }
    }
}

/// An instant.
pub fn time(at: Timestamp) -> Markup {
    html! { time datetime=(at) { (words::date(at)) } }
}

/// A check mark.
pub const CHECK: &str = "M14.25 8a6.25 6.25 0 1 1-12.5 0 6.25 6.25 0 0 1 12.5 0ZM5.4 8.2l1.8 1.8 3.4-3.8";
/// A cross.
pub const CROSS: &str =
    "M14.25 8a6.25 6.25 0 1 1-12.5 0 6.25 6.25 0 0 1 12.5 0ZM5.8 5.8l4.4 4.4m0-4.4-4.4 4.4";
/// A mark that says that somebody should look.
pub const MIND: &str = "M14.25 8a6.25 6.25 0 1 1-12.5 0 6.25 6.25 0 0 1 12.5 0ZM8 4.75v4M8 11.2v.05";
/// An arrow back.
pub const BACK: &str = "M13 8H3m4-4L3 8l4 4";

/// One of the above; never without a word beside it.
pub fn icon(path: &str) -> Markup {
    html! { svg.i viewBox="0 0 16 16" aria-hidden="true" { path d=(path) {} } }
}
