//! Lists: a page of rows and where to go on.

use serde::Serialize;

/// A page of a list, newest first unless the list says otherwise.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Page<T> {
    /// The rows.
    pub data: Vec<T>,
    /// Hand it back as `cursor` for the next page; null: this is the last.
    pub next_cursor: Option<String>,
}
