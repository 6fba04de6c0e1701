//! Help.

use super::{
    copy::say,
    frame::{Page, Tab},
    visit::Visit,
};
use crate::http::App;
use axum::{Router, response::Response, routing::get};
use maud::html;
use std::sync::Arc;

/// One article.
pub struct Article {
    /// The last part of its path, and of the keys of what it says.
    pub path: &'static str,
}

/// All of them, in the order they are listed in.
pub const ARTICLES: &[Article] = &[];

/// Its routes.
pub fn routes() -> Router<Arc<App>> {
    Router::new().route("/console/{org}/help", get(show))
}

async fn show(visit: Visit) -> Response {
    let title = say!(visit, "tab-help");
    visit.page(&Page { title: &title, tab: Tab::Help, rail: &[], body: html! {} })
}
