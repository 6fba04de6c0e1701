//! What handlers take from a request, each refused with a problem that says what is wrong: the caller, ids of the path,
//! the body, the query, the idempotency key. Parsed once, here, into types that cannot be wrong.

use super::{
    App,
    access::{Member, Route},
};
use crate::error::ApiError;
use axum::{
    body::{Body, Bytes, HttpBody},
    extract::{FromRequest, FromRequestParts, Path, Request},
    http::{HeaderMap, Method, StatusCode, header, request::Parts},
};
use ledger::{
    event::Actor,
    id::{IdempotencyKey, KeyId, MemberId},
};
use serde::{Deserialize, de::DeserializeOwned};
use std::{pin::Pin, str::FromStr, sync::Arc};

/// Who calls, in whose name, and what.
#[derive(Clone, Debug)]
pub struct Caller {
    /// The host's key; none: it is the member's own session.
    pub key: Option<KeyId>,
    /// The member on whose behalf.
    pub member: Option<MemberId>,
    /// The route that was called.
    pub route: &'static Route,
}

/// The token of the session that a member asks in.
#[derive(Clone)]
pub struct SessionToken(pub String);

impl Caller {
    /// Who the ledger is told asked.
    pub fn actor(&self) -> Actor {
        Actor { key: self.key.clone(), member: self.member.clone() }
    }

    /// A member may act in their own name only.
    pub fn may_name(&self, member: Option<&api::Id<'_>>) -> Result<(), ApiError> {
        match (&self.member, member) {
            (Some(caller), Some(named)) if caller.as_str() != named.as_str() => {
                Err(ApiError::field("/member", "the Coulomb-Member header names somebody else"))
            }
            _ => Ok(()),
        }
    }
}

impl FromRequestParts<Arc<App>> for Caller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &Arc<App>) -> Result<Caller, ApiError> {
        // `conventions` has let this caller in; a route that it did not see is not served.
        parts.extensions.remove::<Caller>().ok_or_else(|| ApiError::fault("a route without a caller"))
    }
}

/// The member that a request is in the name of.
pub fn member(headers: &HeaderMap, route: &Route) -> Result<Option<MemberId>, ApiError> {
    let Some(value) = headers.get("coulomb-member") else { return Ok(None) };
    let member = parse::<MemberId>(value.to_str().unwrap_or_default())
        .ok_or_else(|| ApiError::parameter("Coulomb-Member", api::Id::MEANS))?;
    match route.member {
        Member::Regardless => Ok(None),
        Member::Nobody => Err(ApiError::new(
            StatusCode::FORBIDDEN,
            "forbidden",
            "This is the host's own business: it is not done in the name of a member.",
        )),
        Member::ByCommand | Member::Any | Member::Billing => Ok(Some(member)),
    }
}

fn parse<T: FromStr>(text: &str) -> Option<T> {
    text.parse().ok()
}

/// The key that a request may be repeated with.
#[derive(Clone, Debug, Default)]
pub struct Repeat(pub Option<IdempotencyKey>);

impl Repeat {
    /// As the headers say. Checked on every route, also where an id in the body counts instead: a key that would be
    /// ignored here and refused there is a trap.
    pub fn of(headers: &HeaderMap) -> Result<Repeat, ApiError> {
        let Some(value) = headers.get("idempotency-key") else { return Ok(Repeat(None)) };
        let key = parse(value.to_str().unwrap_or_default());
        key.map(|key| Repeat(Some(key))).ok_or_else(|| ApiError::parameter("Idempotency-Key", api::Id::MEANS))
    }
}

impl<S: Sync> FromRequestParts<S> for Repeat {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Repeat, ApiError> {
        Ok(parts.extensions.remove::<Repeat>().unwrap_or_default())
    }
}

/// The ids of the path, in its order.
pub struct Ids<T>(pub T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Ids<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Ids<T>, ApiError> {
        Path::<T>::from_request_parts(parts, state).await.map(|Path(ids)| Ids(ids)).map_err(|_| {
            if parts.method == Method::GET || parts.method == Method::HEAD {
                let detail = "There is nothing here: an id in this path is none (1 to 128 of the characters A-Z a-z 0-9 . _ : -).";
                ApiError::new(StatusCode::NOT_FOUND, "not_found", detail)
            } else {
                let detail = format!("An id in this path is none: {}.", api::Id::MEANS);
                ApiError::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid", detail)
            }
        })
    }
}

/// The query, with what it may say checked.
pub struct Query<T>(pub T);

impl<T: DeserializeOwned, S: Sync> FromRequestParts<S> for Query<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Query<T>, ApiError> {
        let query = axum::extract::Query::<T>::try_from_uri(&parts.uri);
        query.map(|axum::extract::Query(query)| Query(query)).map_err(|rejection| {
            ApiError::new(StatusCode::BAD_REQUEST, "invalid_parameter", rejection.body_text())
        })
    }
}

/// Where a page of a list begins, and how long it is.
pub struct Slice {
    /// How many rows.
    pub limit: usize,
    /// The cursor, as it was handed out.
    pub cursor: Option<String>,
}

/// The longest page.
pub const LIMIT_MAX: usize = 500;

impl Slice {
    /// Checks what a query says of its page; 50 rows where it says nothing.
    pub fn new(limit: Option<&str>, cursor: Option<String>) -> Result<Slice, ApiError> {
        // JSON Schema's integers may be written `50.0`.
        let whole = |text: &str| text.strip_suffix(".0").unwrap_or(text).parse().ok();
        let limit = match limit {
            None => Some(50),
            Some(text) => whole(text).filter(|limit| (1..=LIMIT_MAX).contains(limit)),
        };
        let limit =
            limit.ok_or_else(|| ApiError::parameter("limit", format!("an integer from 1 to {LIMIT_MAX}")))?;
        Ok(Slice { limit, cursor })
    }

    /// The number that a list by numbers goes on from.
    pub fn number(&self) -> Result<Option<u64>, ApiError> {
        let Some(cursor) = &self.cursor else { return Ok(None) };
        let digits = cursor.strip_prefix('n').filter(|digits| (1..=18).contains(&digits.len()));
        let digits = digits.filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()));
        digits.and_then(|digits| digits.parse().ok()).map(Some).ok_or_else(bad_cursor)
    }

    /// The id of the provider's that a list of its own goes on from.
    pub fn invoice(&self) -> Result<Option<String>, ApiError> {
        self.id::<ledger::id::PaymentId>().map(|id| id.map(|id| id.to_string()))
    }

    /// The id that a list by ids goes on from.
    pub fn id<T: FromStr>(&self) -> Result<Option<T>, ApiError> {
        let Some(cursor) = &self.cursor else { return Ok(None) };
        cursor.strip_prefix("i.").and_then(parse).map(Some).ok_or_else(bad_cursor)
    }
}

fn bad_cursor() -> ApiError {
    ApiError::parameter("cursor", "take `next_cursor` of the page before, as it is, from the same list")
}

/// The cursor of a list by numbers.
pub fn number_cursor(next: Option<u64>) -> Option<String> {
    next.map(|number| format!("n{number}"))
}

/// The cursor of a list by ids.
pub fn id_cursor(last: &str) -> String {
    format!("i.{last}")
}

/// The body, read whole and not parsed yet, so that what is parsed can borrow from it.
pub struct JsonBody(Bytes);

impl FromRequest<Arc<App>> for JsonBody {
    type Rejection = ApiError;

    async fn from_request(request: Request, app: &Arc<App>) -> Result<JsonBody, ApiError> {
        if !is_json(request.headers()) {
            let detail = "This call takes JSON: send the header `Content-Type: application/json`.";
            return Err(ApiError::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", detail));
        }
        read(request.into_body(), app.settings.body_bytes_max).await.map(JsonBody)
    }
}

impl JsonBody {
    /// The body as what it should be.
    pub fn parse<'a, T: Deserialize<'a>>(&'a self) -> Result<T, ApiError> {
        serde_json::from_slice(&self.0).map_err(|_| explain::<T>(&self.0))
    }
}

/// The body as it came, whatever it is: for what is signed.
pub struct RawBody(pub Bytes);

impl FromRequest<Arc<App>> for RawBody {
    type Rejection = ApiError;

    async fn from_request(request: Request, app: &Arc<App>) -> Result<RawBody, ApiError> {
        read(request.into_body(), app.settings.body_bytes_max).await.map(RawBody)
    }
}

/// Nothing, or an empty object: calls that say everything in their path.
pub struct NoBody;

impl FromRequest<Arc<App>> for NoBody {
    type Rejection = ApiError;

    async fn from_request(request: Request, app: &Arc<App>) -> Result<NoBody, ApiError> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Nothing {}

        let body = read(request.into_body(), app.settings.body_bytes_max).await?;
        if body.is_empty() {
            return Ok(NoBody);
        }
        JsonBody(body).parse::<Nothing>().map(|Nothing {}| NoBody)
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    let Some(value) = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()) else {
        return false;
    };
    let essence = value.split(';').next().unwrap_or_default().trim();
    let json = |essence: &str| {
        essence == "application/json" || (essence.starts_with("application/") && essence.ends_with("+json"))
    };
    json(essence) || json(&essence.to_ascii_lowercase())
}

/// Parses again, slowly, to say where it went wrong.
pub fn explain<'a, T: Deserialize<'a>>(body: &'a [u8]) -> ApiError {
    let mut from = serde_json::Deserializer::from_slice(body);
    match serde_path_to_error::deserialize::<_, T>(&mut from) {
        // What follows a whole value is not JSON.
        Ok(_) => malformed("something follows the JSON value"),
        Err(error) if error.inner().is_data() => {
            ApiError::field(pointer(error.path()), error.into_inner().to_string())
        }
        Err(error) => malformed(&error.into_inner().to_string()),
    }
}

fn malformed(why: &str) -> ApiError {
    ApiError::new(StatusCode::BAD_REQUEST, "malformed_json", format!("The body is not JSON: {why}"))
}

fn pointer(path: &serde_path_to_error::Path) -> String {
    use serde_path_to_error::Segment;
    let mut pointer = String::new();
    for segment in path {
        let name = match segment {
            Segment::Seq { index } => index.to_string(),
            Segment::Map { key } => key.replace('~', "~0").replace('/', "~1"),
            Segment::Enum { .. } | Segment::Unknown => continue,
        };
        pointer.push('/');
        pointer += &name;
    }
    pointer
}

/// How much more than it may send a caller may send before we hang up on it, so that it can read why it was refused.
const DRAINED: usize = 8;

/// Reads a body that may be so long.
pub async fn read(mut body: Body, most: usize) -> Result<Bytes, ApiError> {
    let mut whole = Bytes::new();
    let mut more: Vec<u8> = Vec::new();
    loop {
        let frame = std::future::poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await;
        let data = match frame {
            None => break,
            Some(Ok(frame)) => frame.into_data().unwrap_or_default(),
            Some(Err(_)) => {
                let detail = "The body did not arrive whole.";
                return Err(ApiError::new(StatusCode::BAD_REQUEST, "malformed_body", detail));
            }
        };
        let length = whole.len().max(more.len()).saturating_add(data.len());
        if length > most {
            drain(body, most.saturating_mul(DRAINED)).await;
            return Err(too_large(most));
        }
        // Nearly every body comes in one piece, and is not copied then.
        if whole.is_empty() && more.is_empty() {
            whole = data;
        } else {
            if more.is_empty() {
                more.extend_from_slice(&whole);
            }
            more.extend_from_slice(&data);
        }
    }
    Ok(if more.is_empty() { whole } else { more.into() })
}

/// What a caller is told who sends too much.
pub fn too_large(most: usize) -> ApiError {
    let detail = format!("The body is larger than {most} bytes; send less at once.");
    ApiError::new(StatusCode::PAYLOAD_TOO_LARGE, "body_too_large", detail)
}

/// Reads on for a while and forgets what it reads.
pub async fn drain(mut body: Body, most: usize) {
    let mut left = most;
    while let Some(Ok(frame)) = std::future::poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await {
        left = left.saturating_sub(frame.data_ref().map_or(0, Bytes::len));
        if left == 0 {
            return;
        }
    }
}
