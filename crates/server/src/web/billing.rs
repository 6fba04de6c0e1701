//! Billing.

use super::{
    copy::{rich, say},
    frame::{Page, Tab},
    visit::Visit,
};
use crate::http::App;
use axum::{Router, response::Response, routing::get};
use maud::html;
use std::sync::Arc;

/// Its routes.
pub fn routes() -> Router<Arc<App>> {
    Router::new().route("/console/{org}/billing", get(show))
}

async fn show(visit: Visit) -> Response {
    let title = say!(visit, "tab-billing");
    let body = html! { p { (rich!(visit, "badge-owed", short = "1")) } };
    visit.page(&Page { title: &title, tab: Tab::Billing, rail: &[], body })
}
