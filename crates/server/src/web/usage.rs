//! Usage.

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
    Router::new().route("/console/{org}/usage", get(show))
}

async fn show(visit: Visit) -> Response {
    let title = say!(visit, "tab-usage");
    visit.page(&Page { title: &title, tab: Tab::Usage, rail: &[], body: html! {} })
}
