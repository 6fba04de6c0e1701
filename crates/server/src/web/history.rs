//! History.

use super::{
    copy::say,
    frame::{Page, Tab},
    visit::Visit,
};
use crate::http::App;
use axum::{Router, response::Response, routing::get};
use maud::html;
use std::sync::Arc;

/// Its routes.
pub fn routes() -> Router<Arc<App>> {
    Router::new().route("/console/{org}/history", get(show))
}

async fn show(visit: Visit) -> Response {
    let title = say!(visit, "tab-history");
    visit.page(&Page { title: &title, tab: Tab::History, rail: &[], body: html! {} })
}
