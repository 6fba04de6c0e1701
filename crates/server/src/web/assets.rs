//! What pages load beside themselves. The style is in each page, allowed by its hash: one round trip is enough to paint. The
//! script and the components are files whose addresses change with their content, so that browsers keep them.

use crate::{error::ApiError, http::App};
use axum::{
    extract::{Path, State},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use base64::{Engine, prelude::BASE64_STANDARD};
use sha2::{Digest, Sha256};
use std::sync::{Arc, LazyLock};

/// The style of all pages.
pub const STYLE: &str =
    concat!(include_str!("../../static/tokens.css"), include_str!("../../static/coulomb.css"));

/// What makes pages follow the account.
pub static SCRIPT: Asset = Asset {
    name: "console.js",
    kind: "text/javascript; charset=utf-8",
    text: include_str!("../../static/console.js"),
};

/// The components for hosts' own pages, at an address that hosts can write down.
pub static COMPONENTS: Asset = Asset {
    name: "coulomb.js",
    kind: "text/javascript; charset=utf-8",
    text: include_str!("../../components/coulomb.js"),
};

/// A file that is served.
pub struct Asset {
    name: &'static str,
    kind: &'static str,
    text: &'static str,
}

impl Asset {
    /// Its address, which changes with what is in it.
    pub fn path(&self) -> String {
        let hash = Sha256::digest(self.text.as_bytes());
        format!("/assets/{}?v={:02x}{:02x}{:02x}{:02x}", self.name, hash[0], hash[1], hash[2], hash[3])
    }
}

/// The source of styles that pages allow.
pub fn style_hash() -> &'static str {
    static HASH: LazyLock<String> =
        LazyLock::new(|| format!("sha256-{}", BASE64_STANDARD.encode(Sha256::digest(STYLE.as_bytes()))));
    &HASH
}

/// Serves one of them. An address with the version is kept for ever; one without is asked for again.
pub async fn asset(
    State(_): State<Arc<App>>,
    Path(name): Path<String>,
    query: axum::extract::RawQuery,
) -> Result<Response, ApiError> {
    let known = [&SCRIPT, &COMPONENTS].into_iter().find(|asset| asset.name == name);
    let asset =
        known.ok_or_else(|| ApiError::new(StatusCode::NOT_FOUND, "not_found", "There is no such file."))?;
    let keep = match query.0 {
        Some(_) => "public, max-age=31536000, immutable",
        None => "public, max-age=300",
    };
    let headers = [
        (header::CONTENT_TYPE, asset.kind),
        (header::CACHE_CONTROL, keep),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        // Modules of other origins are loaded only where they may be read.
        (header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
    ];
    Ok((StatusCode::OK, headers, asset.text).into_response())
}
