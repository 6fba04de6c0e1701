//! What a form of our pages sends: read whole, within the limit of any body, and only from a page of our own.

use super::{App, extract};
use crate::error::ApiError;
use axum::{
    extract::{FromRequest, Request},
    http::{HeaderMap, StatusCode, header},
};
use std::{collections::BTreeMap, sync::Arc};

/// The fields of a form; of one that comes twice, the last.
pub struct Form(BTreeMap<String, String>);

impl Form {
    /// What a field says; nothing where it is not there.
    pub fn get(&self, name: &str) -> &str {
        self.0.get(name).map_or("", String::as_str)
    }

    /// Whether a box is ticked.
    pub fn is_ticked(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }
}

impl FromRequest<Arc<App>> for Form {
    type Rejection = ApiError;

    async fn from_request(request: Request, app: &Arc<App>) -> Result<Form, ApiError> {
        let headers = request.headers();
        if !is_ours(headers) {
            let detail = "This form was sent from another site's page; open the page itself and try again.";
            return Err(ApiError::new(StatusCode::FORBIDDEN, "cross_site", detail));
        }
        let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let kind = kind.unwrap_or_default().split(';').next().unwrap_or_default().trim();
        if !kind.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
            let detail = "This page takes the form that it shows.";
            return Err(ApiError::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", detail));
        }
        let bytes = extract::read(request.into_body(), app.settings.body_bytes_max).await?;
        Ok(Form(url::form_urlencoded::parse(&bytes).into_owned().collect()))
    }
}

/// Whether a form comes from a page of this server. Browsers say so in `Sec-Fetch-Site`; older ones, and those that reach
/// the server without TLS, name the page's origin. What says neither is no browser, and nobody's session is at risk.
fn is_ours(headers: &HeaderMap) -> bool {
    let text = |name| headers.get(name).and_then(|value: &header::HeaderValue| value.to_str().ok());
    if let Some(site) = text(header::HeaderName::from_static("sec-fetch-site")) {
        return matches!(site, "same-origin" | "none");
    }
    let Some(origin) = text(header::ORIGIN) else { return !headers.contains_key(header::ORIGIN) };
    let host = origin.split_once("://").map(|(_, host)| host);
    host.is_some() && host == text(header::HOST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_from_another_site_is_not_ours() {
        let ours = |pairs: &[(&'static str, &'static str)]| {
            let pairs = pairs.iter().map(|(name, value)| {
                let name = header::HeaderName::from_static(name);
                (name, header::HeaderValue::from_static(value))
            });
            is_ours(&pairs.collect())
        };
        assert!(ours(&[("host", "credits.test")]));
        assert!(ours(&[("sec-fetch-site", "same-origin"), ("origin", "null")]));
        assert!(ours(&[("host", "credits.test:8988"), ("origin", "http://credits.test:8988")]));
        for site in ["cross-site", "same-site", "anything"] {
            assert!(!ours(&[("sec-fetch-site", site)]), "{site}");
        }
        for origin in ["null", "https://evil.test", "http://credits.test", "credits.test:8988"] {
            assert!(!ours(&[("host", "credits.test:8988"), ("origin", origin)]), "{origin}");
        }
    }
}
