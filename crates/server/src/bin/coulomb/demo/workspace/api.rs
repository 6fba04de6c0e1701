//! How the workspace asks Coulomb: over HTTP, with its key, as any host does. What is answered stays JSON; only what the
//! pages show is taken out of it.

use super::pages;
use crate::Failure;
use axum::{
    Json,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use ledger::Credits;
use reqwest::{Client, Method, redirect};
use serde_json::Value;
use std::{sync::Arc, time::Duration};

/// How long an answer may take. Moving a clock over months takes a while.
const PATIENCE: Duration = Duration::from_secs(60);

/// The API, and who asks it.
pub struct Api {
    http: Client,
    url: String,
    key: String,
}

/// An answer.
#[derive(Debug)]
pub struct Said {
    /// Its status.
    pub status: StatusCode,
    /// What it says.
    pub body: Value,
}

impl Said {
    /// A text in it.
    pub fn text(&self, name: &str) -> &str {
        self.body[name].as_str().unwrap_or_default()
    }
}

impl IntoResponse for Said {
    fn into_response(self) -> Response {
        (self.status, Json(self.body)).into_response()
    }
}

/// Why something could not be shown or done, for the person who asked.
#[derive(Debug)]
pub struct Trouble {
    status: StatusCode,
    said: String,
}

impl Trouble {
    /// With this to say.
    pub fn new(status: StatusCode, said: impl Into<String>) -> Trouble {
        Trouble { status, said: said.into() }
    }

    /// Whether it is an answer rather than a fault.
    pub fn is_refusal(&self) -> bool {
        self.status.is_client_error()
    }

    /// What there is to say.
    pub fn said(&self) -> &str {
        &self.said
    }

    /// As a script reads it.
    pub fn into_json(self) -> Response {
        (self.status, Json(serde_json::json!({ "detail": self.said }))).into_response()
    }
}

impl From<reqwest::Error> for Trouble {
    fn from(error: reqwest::Error) -> Trouble {
        Trouble::new(StatusCode::BAD_GATEWAY, format!("Coulomb cannot be asked: {}", error.without_url()))
    }
}

impl IntoResponse for Trouble {
    fn into_response(self) -> Response {
        pages::trouble(self.status, &self.said)
    }
}

/// An id of the path or of a form, which becomes a part of a path again.
pub fn id(text: &str) -> Result<&str, Trouble> {
    let is_one = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b':' | b'-');
    // A path made of dots would be another path.
    if (1..=128).contains(&text.len()) && text.bytes().all(is_one) && !text.bytes().all(|byte| byte == b'.') {
        return Ok(text);
    }
    Err(Trouble::new(StatusCode::NOT_FOUND, "There is nothing here."))
}

/// Whole credits of an amount of the API, rounded down.
pub fn whole(amount: &Value) -> i64 {
    let text = amount.as_str().unwrap_or_default();
    text.split('.').next().and_then(|whole| whole.parse().ok()).unwrap_or(0)
}

/// The same, rounded up: what is owed.
pub fn owed(amount: &Value) -> i64 {
    let rest = amount.as_str().and_then(|text| text.split_once('.'));
    whole(amount).saturating_add(i64::from(rest.is_some()))
}

/// "1,200".
pub fn grouped(credits: i64) -> String {
    Credits::whole(credits).map_or_else(|| credits.to_string(), coulomb_server::words::plain)
}

impl Api {
    /// Asks the server at this address. Everything is on this machine, without TLS.
    pub fn new(url: &str, key: &str) -> Result<Api, Failure> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let tls = rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_root_certificates(rustls::RootCertStore::empty())
            .with_no_client_auth();
        let http = Client::builder()
            .tls_backend_preconfigured(tls)
            .redirect(redirect::Policy::none())
            .no_proxy()
            .timeout(PATIENCE)
            .build()?;
        Ok(Api { http, url: url.into(), key: key.into() })
    }

    /// Asks, in the name of a member where one is given, whatever the answer is.
    pub async fn ask(
        &self,
        method: Method,
        path: &str,
        member: Option<&str>,
        body: Option<&Value>,
    ) -> Result<Said, Trouble> {
        let mut request = self.http.request(method, format!("{}/v1{path}", self.url)).bearer_auth(&self.key);
        if let Some(member) = member {
            request = request.header("coulomb-member", member);
        }
        if let Some(body) = body {
            request = request.json(body);
        }
        let answer = request.send().await?;
        let status = answer.status();
        let text = answer.text().await?;
        let body = serde_json::from_str(&text).unwrap_or(Value::Null);
        Ok(Said { status, body })
    }

    /// Asks, and takes only a yes for an answer.
    pub async fn done(
        &self,
        method: Method,
        path: &str,
        member: Option<&str>,
        body: Option<&Value>,
    ) -> Result<Value, Trouble> {
        let said = self.ask(method, path, member, body).await?;
        if said.status.is_success() {
            return Ok(said.body);
        }
        let detail = said.text("detail");
        Err(Trouble::new(said.status, if detail.is_empty() { "Coulomb does not answer." } else { detail }))
    }

    /// Reads something of an organization.
    pub async fn get(&self, organization: &str, rest: &str) -> Result<Value, Trouble> {
        self.done(Method::GET, &of(organization, rest), None, None).await
    }

    /// Does something to an organization.
    pub async fn post(&self, organization: &str, rest: &str, body: &Value) -> Result<Value, Trouble> {
        let body = Some(body).filter(|body| !body.is_null());
        self.done(Method::POST, &of(organization, rest), None, body).await
    }

    /// Sends a form of one of the sandbox provider's pages, as the browser of somebody who is there.
    pub async fn submit(&self, page: &str, fields: &[(&str, &str)]) -> Result<(), Trouble> {
        if !page.starts_with(&self.url) {
            return Err(Trouble::new(StatusCode::BAD_GATEWAY, "The provider's page is not on this server."));
        }
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let request = self.http.post(page).body(body);
        let answer = request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded").send().await?;
        match answer.status() {
            StatusCode::SEE_OTHER => Ok(()),
            status => Err(Trouble::new(status, "The provider did not do this.")),
        }
    }
}

/// The path of something of an organization.
pub fn of(organization: &str, rest: &str) -> String {
    format!("/organizations/{organization}{rest}")
}
