//! The thin client: one request and its answer, form-encoded there and JSON back, with what went wrong sorted by what it
//! means. Which requests are made is the business of the other files; nothing here knows what a payment is for.

use super::{
    Secret,
    objects::{Identified, List, PaymentIntent},
};
use crate::{payments::ProviderError, tls};
use reqwest::{Method, RequestBuilder, Response, StatusCode, redirect};
use serde::{Deserialize, de::DeserializeOwned};
use std::{error::Error, fmt::Display, time::Duration};

/// The version of Stripe's API that this client speaks, whatever the account's own is.
pub const VERSION: &str = "2026-10-28.endive";

/// The largest answer that is read, in bytes: a page of a hundred invoices has about one million.
const ANSWER_BYTES_MAX: usize = 16 << 20;

/// Objects on one page: the most that Stripe gives.
const PAGE: usize = 100;

/// Pages of one list that are read before it is given up, so that no mistake pages for ever.
const PAGES_MAX: usize = 1_000;

/// Calls Stripe. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Client {
    http: reqwest::Client,
    base_url: String,
    key: Secret,
}

/// What is sent, in order.
#[derive(Clone, Debug, Default)]
pub struct Form(Vec<(String, String)>);

impl Form {
    /// Nothing yet.
    pub fn new() -> Form {
        Form::default()
    }

    /// And this.
    #[must_use]
    pub fn with(mut self, name: impl Into<String>, value: impl Display) -> Form {
        self.0.push((name.into(), value.to_string()));
        self
    }
}

/// Why there is no answer to go on with.
#[derive(Debug)]
pub enum Failure {
    /// Stripe was not reached, is not well, is busy with the same request, or has had too many: whether it was done is
    /// not known.
    Unavailable(String),
    /// The card was not charged.
    Card(Box<Complaint>),
    /// Stripe says no.
    Refused(Box<Complaint>),
    /// Not what the documentation says.
    Garbled(String),
}

/// What Stripe complains about.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Complaint {
    #[serde(skip)]
    status: u16,
    #[serde(rename = "type")]
    pub kind: Option<String>,
    /// For programs.
    pub code: Option<String>,
    /// Of the bank, for programs.
    pub decline_code: Option<String>,
    /// For people.
    pub message: Option<String>,
    /// The payment that did not come about, of a card that was not charged.
    pub payment_intent: Option<PaymentIntent>,
}

impl Complaint {
    /// Whether what was asked for is not there.
    pub fn is_missing(&self) -> bool {
        self.status == 404 || self.code.as_deref() == Some("resource_missing")
    }

    /// Whether the secret key is not accepted.
    fn is_about_the_key(&self) -> bool {
        matches!(self.status, 401 | 403)
    }

    /// Whether the idempotency key was used for something else before.
    pub fn is_key_used_otherwise(&self) -> bool {
        self.kind.as_deref() == Some("idempotency_error")
    }
}

impl From<Failure> for ProviderError {
    fn from(failure: Failure) -> ProviderError {
        let said = |complaint: &Complaint| complaint.message.clone().unwrap_or_else(|| "no".into());
        match failure {
            Failure::Unavailable(why) => ProviderError::Unavailable(why),
            Failure::Garbled(why) => ProviderError::Unexpected(why),
            Failure::Card(complaint) => ProviderError::Refused(format!("the card: {}", said(&complaint))),
            // Its message names the key in part. Once the operator has put it right, asking again helps.
            Failure::Refused(complaint) if complaint.is_about_the_key() => ProviderError::Unavailable(
                "Stripe does not accept the secret key: look at its mode, its permissions and whether it expired"
                    .into(),
            ),
            Failure::Refused(complaint) => {
                ProviderError::Refused(format!("Stripe says: {}", said(&complaint)))
            }
        }
    }
}

impl Client {
    /// A client for this address, where one request takes at most so long.
    pub fn new(base_url: &str, key: Secret, timeout: Duration) -> Result<Client, ProviderError> {
        let wrong = |error: &dyn Error| {
            ProviderError::Unexpected(format!("the client cannot be set up: {}", chain(error)))
        };
        // Redirects are not followed: the key goes to this address and nowhere else.
        let http = reqwest::Client::builder()
            .tls_backend_preconfigured(tls::client().map_err(|error| wrong(&error))?)
            .redirect(redirect::Policy::none())
            .timeout(timeout)
            .build()
            .map_err(|error| wrong(&error))?;
        Ok(Client { http, base_url: base_url.trim_end_matches('/').into(), key })
    }

    /// Reads one object.
    pub async fn get<T: DeserializeOwned>(&self, path: &str, query: &Form) -> Result<T, Failure> {
        self.send(self.request(Method::GET, path).query(&query.0), path).await
    }

    /// Reads one object that may not be there.
    pub async fn find<T: DeserializeOwned>(&self, path: &str, query: &Form) -> Result<Option<T>, Failure> {
        match self.get(path, query).await {
            Err(Failure::Refused(complaint)) if complaint.is_missing() => Ok(None),
            found => found.map(Some),
        }
    }

    /// Reads a list to its end, newest first as Stripe gives it.
    pub async fn list<T: DeserializeOwned + Identified>(
        &self,
        path: &str,
        query: &Form,
    ) -> Result<Vec<T>, Failure> {
        let mut all: Vec<T> = Vec::new();
        for _ in 0..PAGES_MAX {
            let mut page = query.clone().with("limit", PAGE);
            if let Some(last) = all.last() {
                page = page.with("starting_after", last.id());
            }
            let List { data, has_more } = self.get::<List<T>>(path, &page).await?;
            let more = has_more && !data.is_empty();
            all.extend(data);
            if !more {
                return Ok(all);
            }
        }
        Err(Failure::Garbled(format!("the list {path} has no end")))
    }

    /// Asks for something to be done, once for each key.
    pub async fn post<T: DeserializeOwned>(&self, path: &str, form: &Form, key: &str) -> Result<T, Failure> {
        let request = self.request(Method::POST, path).header("idempotency-key", key).form(&form.0);
        self.send(request, path).await
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http
            .request(method, format!("{}{path}", self.base_url))
            .bearer_auth(self.key.expose())
            .header("stripe-version", VERSION)
    }

    async fn send<T: DeserializeOwned>(&self, request: RequestBuilder, path: &str) -> Result<T, Failure> {
        let answer =
            request.send().await.map_err(|error| Failure::Unavailable(chain(&error.without_url())))?;
        let status = answer.status();
        let body = read(answer).await?;
        if status.is_success() {
            return serde_json::from_slice(&body)
                .map_err(|error| Failure::Garbled(format!("the answer of {path}: {error}")));
        }
        Err(failure(status, &body))
    }
}

/// A body to its end, within reason.
async fn read(mut answer: Response) -> Result<Vec<u8>, Failure> {
    let mut body = Vec::new();
    let lost = |error: reqwest::Error| Failure::Unavailable(chain(&error.without_url()));
    while let Some(chunk) = answer.chunk().await.map_err(lost)? {
        if body.len().saturating_add(chunk.len()) > ANSWER_BYTES_MAX {
            return Err(Failure::Garbled(format!("an answer of more than {ANSWER_BYTES_MAX} bytes")));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

#[derive(Deserialize)]
struct Complained {
    error: Complaint,
}

/// What an answer that is none means. 409 is the same request still running, 429 too many of them; a 5xx tells nothing
/// about what was done.
fn failure(status: StatusCode, body: &[u8]) -> Failure {
    let complained: Option<Complained> = serde_json::from_slice(body).ok();
    let complaint = complained.map(|complained| complained.error).unwrap_or_default();
    let complaint = Complaint { status: status.as_u16(), ..complaint };
    match status.as_u16() {
        408 | 409 | 429 | 500.. => Failure::Unavailable(format!("it answers {status}")),
        402 if complaint.kind.as_deref() == Some("card_error") => Failure::Card(Box::new(complaint)),
        400.. => Failure::Refused(Box::new(complaint)),
        _ => Failure::Garbled(format!("it answers {status}")),
    }
}

/// An error with its causes: the outermost alone only says that a request failed.
fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}
