//! What holds for every answer: a request id, the slot of the organization, a problem document where something went wrong, limits on size and time,
//! a line in the log, and the caller recognised before anything else is looked at.

use super::{App, access, extract, wire};
use crate::{
    clock,
    engine::Receipt,
    error::{self, ApiError},
    sessions,
};
use api::problem::{Problem, QuotaError, StartProblem};
use axum::{
    RequestExt, Router,
    extract::{MatchedPath, RawPathParams, Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use ledger::{
    command::{self, Command},
    id::OrganizationId,
};
use std::{
    any::Any,
    sync::{
        Arc, LazyLock,
        atomic::{AtomicU64, Ordering},
    },
};

/// Header names that have no constant of their own.
const IDEMPOTENT_REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");
const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const COULOMB_SLOT: HeaderName = HeaderName::from_static("coulomb-slot");
const PROBLEM_JSON: HeaderValue = HeaderValue::from_static("application/problem+json");
const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// How a request is called, in its answer and in the log.
#[derive(Clone, Debug)]
pub struct RequestId(pub HeaderValue);

impl RequestId {
    /// The caller's own, where it is an id; else one that is ours.
    fn of(headers: &HeaderMap) -> RequestId {
        let given = headers.get(X_REQUEST_ID).filter(|value| {
            let is_id = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b':' | b'-');
            (1..=128).contains(&value.len()) && value.as_bytes().iter().all(is_id)
        });
        RequestId(given.cloned().unwrap_or_else(made_id))
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        self.0.to_str().unwrap_or_default()
    }
}

/// Counts from a random place, and mixes what it counted, so that ids of two servers do not meet and do not look alike.
fn made_id() -> HeaderValue {
    static NEXT: LazyLock<AtomicU64> = LazyLock::new(|| {
        // Without randomness ids would repeat after a restart, which confuses a reader of logs and nobody else.
        AtomicU64::new(getrandom::u64().unwrap_or(0))
    });
    let mut mixed = NEXT.fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::Relaxed);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^= mixed >> 31;
    HeaderValue::try_from(format!("req_{mixed:016x}")).expect("hexadecimal fits a header")
}

/// Around every request.
pub async fn conventions(State(app): State<Arc<App>>, mut request: Request, next: Next) -> Response {
    let watch = clock::stopwatch();
    let id = RequestId::of(request.headers());
    let method = request.method().clone();
    let path = request.extensions().get::<MatchedPath>().cloned();
    let route = path.and_then(|path| access::find(method.as_str(), path.as_str()));
    let organization = organization(&mut request).await;
    let slot = organization.as_ref().map(|id| HeaderValue::from(u16::from(store::slot::slot(id))));
    request.extensions_mut().insert(id.clone());
    let mut key = None;
    let limit = app.settings.request_timeout;
    let answer = tokio::time::timeout(limit, answer(&app, request, next, route, organization, &mut key));
    let mut response = answer.await.unwrap_or_else(|_| out_of_time().into_response());

    if let Some(error) = response.extensions_mut().remove::<ApiError>() {
        response = document(&app.settings.public_url, &id, &error, response);
    }
    response.headers_mut().insert(X_REQUEST_ID, id.0.clone());
    if let Some(slot) = slot {
        response.headers_mut().insert(COULOMB_SLOT, slot);
    }
    let status = response.status();
    let elapsed = watch.elapsed();
    let template = route.map_or("none", |route| route.path);
    let key = key.as_ref().map_or("none", ledger::id::KeyId::as_str);
    // What goes as it should is told on request: a line for each of tens of thousands of calls a second would cost more
    // than the calls.
    macro_rules! told {
        ($level:ident) => {
            tracing::$level!(
                request_id = id.as_str(),
                method = %method,
                route = template,
                status = status.as_u16(),
                duration_us = u64::try_from(elapsed.as_micros()).unwrap_or(u64::MAX),
                key,
                "request"
            )
        };
    }
    if status.is_success() {
        told!(debug);
    } else {
        told!(info);
    }
    let class = match status.as_u16() {
        ..400 => "ok",
        402 => "402",
        400..500 => "4xx",
        500.. => "5xx",
    };
    metrics::histogram!("coulomb_http_request_seconds", "route" => template, "status" => class)
        .record(elapsed);
    response
}

/// The organization in the path, by whose slot a balancer can keep it on one server. None where the path names none, or
/// something that is no id.
async fn organization(request: &mut Request) -> Option<OrganizationId> {
    let params = request.extract_parts::<RawPathParams>().await.ok()?;
    let (_, id) = params.iter().find(|(name, _)| *name == "org")?;
    id.parse().ok()
}

/// Recognises the caller, and hands over to the handler.
async fn answer(
    app: &App,
    mut request: Request,
    next: Next,
    route: Option<&'static access::Route>,
    organization: Option<OrganizationId>,
    key: &mut Option<ledger::id::KeyId>,
) -> Response {
    if let Some(route) = route {
        let caller = match caller(app, request.headers(), route, organization.as_ref(), key).await {
            Ok(caller) => caller,
            Err(error) => return error.into_response(),
        };
        // A page may be asked for with more than it knows: what others add to addresses is no mistake of the reader's.
        let checked = match route.path.starts_with("/v1") {
            true => check_query(request.uri().query(), route),
            false => Ok(()),
        };
        let repeat = match checked.and_then(|()| extract::Repeat::of(request.headers())) {
            Ok(repeat) => repeat,
            Err(error) => return error.into_response(),
        };
        request.extensions_mut().insert(repeat);
        if let Some(caller) = caller {
            if caller.key.is_none()
                && let Some(token) = bearer(request.headers())
            {
                let token = extract::SessionToken(token.to_owned());
                request.extensions_mut().insert(token);
            }
            request.extensions_mut().insert(caller);
        }
    }
    let most = app.settings.body_bytes_max;
    let announced =
        request.headers().get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
    if announced.is_some_and(|announced: u64| announced > u64::try_from(most).unwrap_or(u64::MAX)) {
        // Who waits to be told to go on is told before anything is sent.
        if !request.headers().contains_key(header::EXPECT) {
            extract::drain(request.into_body(), most.saturating_mul(8)).await;
        }
        return extract::too_large(most).into_response();
    }
    next.run(request).await
}

/// The key or token that a request brings.
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok())?;
    let (scheme, key) = value.split_once(' ')?;
    let key = key.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !key.is_empty()).then_some(key)
}

async fn caller(
    app: &App,
    headers: &HeaderMap,
    route: &'static access::Route,
    organization: Option<&OrganizationId>,
    key_id: &mut Option<ledger::id::KeyId>,
) -> Result<Option<extract::Caller>, ApiError> {
    if matches!(route.keys, access::Taken::Nobodys | access::Taken::Visitor) {
        return Ok(None);
    }
    let key = bearer(headers).ok_or(crate::auth::NoEntry::Missing)?;
    if sessions::is_token(key) {
        return session(app, organization, key, route).await.map(Some);
    }
    let holder = app.keys.holder(key).await?;
    *key_id = Some(holder.id.clone());
    if !route.keys.takes(holder.scope) {
        let detail = format!(
            "This key has the scope `{}`; this call needs a key with the scope {}.",
            crate::auth::word(holder.scope),
            route.keys.words()
        );
        return Err(ApiError::new(StatusCode::FORBIDDEN, "insufficient_scope", detail));
    }
    let member = extract::member(headers, route)?;
    Ok(Some(extract::Caller { key: Some(holder.id), member, route }))
}

/// A member's own session: it reaches one organization, meters nothing, and goes no further than the member may (R12.3).
async fn session(
    app: &App,
    organization: Option<&OrganizationId>,
    token: &str,
    route: &'static access::Route,
) -> Result<extract::Caller, ApiError> {
    if !route.takes_sessions() {
        let detail = "A member's session does not reach this: the host calls it with a key of its own.";
        return Err(ApiError::new(StatusCode::FORBIDDEN, "insufficient_scope", detail));
    }
    let unknown = || ApiError::from(crate::auth::NoEntry::Session);
    let found = app.sessions.find(organization.ok_or_else(unknown)?, token).await?;
    let session = found.ok_or_else(unknown)?;
    Ok(extract::Caller { key: None, member: Some(session.member), route })
}

/// A query parameter that the route does not know is a mistake that would go unseen.
fn check_query(query: Option<&str>, route: &access::Route) -> Result<(), ApiError> {
    let names = query.unwrap_or_default().split('&').filter(|pair| !pair.is_empty());
    for name in names.map(|pair| pair.split('=').next().unwrap_or_default()) {
        if !route.query.contains(&name) {
            let known = match route.query {
                [] => "it takes none".into(),
                known => format!("it takes {}", known.join(", ")),
            };
            return Err(ApiError::parameter("query", format!("this call knows no such parameter; {known}")));
        }
    }
    Ok(())
}

fn out_of_time() -> ApiError {
    let detail = "The answer took too long. What was asked may still be done: ask again with the same id, which does nothing twice.";
    ApiError::new(StatusCode::SERVICE_UNAVAILABLE, "timeout", detail)
}

/// What a handler that panicked answers.
pub fn panicked(panic: Box<dyn Any + Send>) -> Response {
    let what = panic.downcast_ref::<String>().map(String::as_str).or(panic.downcast_ref::<&str>().copied());
    ApiError::fault(format!("a handler panicked: {}", what.unwrap_or("without a message"))).into_response()
}

/// A path that is no route.
pub async fn not_found() -> ApiError {
    ApiError::new(StatusCode::NOT_FOUND, "not_found", "There is no such path; /v1/openapi.json lists them.")
}

/// A method that a route does not have.
pub async fn method_not_allowed() -> ApiError {
    let detail = "This path does not take this method; the header Allow says which it takes.";
    ApiError::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", detail)
}

/// What everybody is answered on a connection that is one too many.
pub fn crowded(public_url: String) -> Router {
    Router::new().fallback(async move |request: Request| {
        let detail = "There are as many connections as this server may have (server.connections_max). Try again in a second.";
        let error = ApiError::new(StatusCode::SERVICE_UNAVAILABLE, "too_many_connections", detail);
        let id = RequestId::of(request.headers());
        let mut response = document(&public_url, &id, &error, error.clone().into_response());
        response.headers_mut().insert(X_REQUEST_ID, id.0);
        response
    })
}

/// Writes the document of an error under the status and headers that it has.
fn document(public_url: &str, id: &RequestId, error: &ApiError, mut response: Response) -> Response {
    let told = error.told();
    if let Some(inside) = &told.inside {
        tracing::error!(request_id = id.as_str(), code = told.code, error = inside, "fault");
    }
    *response.body_mut() = problem(public_url, id.as_str(), error).into();
    response.headers_mut().insert(header::CONTENT_TYPE, PROBLEM_JSON);
    response.headers_mut().remove(header::CONTENT_LENGTH);
    response
}

/// The document of an error, as bytes.
pub fn problem(public_url: &str, request_id: &str, error: &ApiError) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(1_024);
    let written = with_problem(public_url, request_id, error, |shown| match shown {
        Shown::Start(start) => serde_json::to_writer(&mut bytes, &start),
        Shown::Other(problem) => serde_json::to_writer(&mut bytes, &problem),
    });
    written.expect("a problem is plain data");
    bytes
}

/// A problem on the wire: a refused start says more.
pub enum Shown<'a> {
    /// A refused start.
    Start(Box<StartProblem<'a>>),
    /// Any other.
    Other(Problem<'a>),
}

/// Hands over an error as it is shown.
pub fn with_problem<T>(
    public_url: &str,
    request_id: &str,
    error: &ApiError,
    show: impl FnOnce(Shown<'_>) -> T,
) -> T {
    let told = error.told();
    let problem = Problem {
        kind: format!("urn:coulomb:problem:{}", told.code),
        title: error::title(told.status),
        status: told.status.as_u16(),
        detail: &told.detail,
        code: told.code,
        request_id,
        errors: told.errors.clone(),
        ask: told.ask.as_ref().map(|ask| ask.iter().map(wire::contact).collect()),
    };
    match &told.start {
        None => show(Shown::Other(problem)),
        Some(start) => {
            const QUOTA: &str = "insufficient_quota";
            let error = QuotaError { kind: QUOTA, code: QUOTA, message: &told.detail };
            show(Shown::Start(Box::new(StartProblem {
                problem,
                refused: wire::start_refused(start, public_url, error),
            })))
        }
    }
}

/// An answer in JSON.
pub fn json(status: StatusCode, body: &impl serde::Serialize) -> Response {
    let mut bytes = Vec::with_capacity(2_048);
    serde_json::to_writer(&mut bytes, body).expect("an answer is plain data");
    (status, [(header::CONTENT_TYPE, JSON)], bytes).into_response()
}

/// The answer to a command: the same again says so.
pub fn answered(receipt: &Receipt, status: StatusCode, body: &impl serde::Serialize) -> Response {
    let mut response = json(status, body);
    if receipt.replayed {
        response.headers_mut().insert(IDEMPOTENT_REPLAYED, HeaderValue::from_static("true"));
    }
    response
}

/// The answer to a command that is about nothing but the account: the balance.
pub fn changed(app: &App, receipt: &Receipt) -> Response {
    let balance = wire::balance(&receipt.shown.balance, &app.settings.public_url);
    answered(receipt, StatusCode::OK, &api::account::Changed { balance })
}

/// Where an answer shows another object than its command was about: never, unless the engine is mistaken.
pub fn misshown() -> ApiError {
    ApiError::fault("the engine showed another object than the command was about")
}

impl App {
    /// Asks the engine in the name of this caller.
    pub async fn execute(
        &self,
        caller: &extract::Caller,
        organization: OrganizationId,
        command: Command,
        repeat: extract::Repeat,
    ) -> Result<Receipt, ApiError> {
        let request = command::Request::new(command, caller.actor(), repeat.0);
        Ok(self.engine.execute(organization, request).await?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_handler_that_panics_is_a_fault_whose_reason_only_we_are_told() {
        for panic in [Box::new("secret") as Box<dyn Any + Send>, Box::new("secret".to_owned())] {
            let mut response = panicked(panic);
            let error = response.extensions_mut().remove::<ApiError>().expect("an error to be written");
            assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
            assert!(error.told().inside.as_ref().is_some_and(|inside| inside.contains("secret")));
            let document = String::from_utf8(problem("", "req_1", &error)).expect("JSON is text");
            assert!(
                !document.contains("secret") && document.contains("\"code\":\"internal_error\""),
                "{document}"
            );
        }
    }
}
