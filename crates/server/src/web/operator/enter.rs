//! Who gets in: a key is pasted once and exchanged for a session, which ends when somebody signs out, after half a day, or with
//! the key. The key itself is neither kept nor shown again.

use super::{ROOT, unframed};
use crate::{
    auth::{Holder, NoEntry},
    brand::wordmark,
    clock,
    copy::{Copy, say},
    error::ApiError,
    http::{
        App,
        extract::{Caller, Query},
        form::Form,
    },
    sessions::OPERATOR_LIFETIME,
    web::{
        frame::document,
        icons::icon,
        visit::{cookie, proven, route, see_other},
    },
};
use axum::{
    Extension,
    extract::{FromRequest, FromRequestParts, Request, State},
    http::{HeaderValue, StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
};
use maud::html;
use serde::Deserialize;
use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Instant,
};
use store::Scope;

/// The name of the cookie.
const COOKIE: &str = "coulomb_operator";

/// Keys that are not known may be tried so often in a window.
const ATTEMPTS_MAX: u32 = 10;

/// How long a window is.
const WINDOW: std::time::Duration = std::time::Duration::from_secs(60);

/// Somebody who signed in.
pub struct Operator {
    /// Everything there is to ask.
    pub app: Arc<App>,
    /// What pages say.
    pub copy: Copy,
    /// Whose key it was.
    pub holder: Holder,
    /// Who asks the engine.
    pub caller: Caller,
    /// The session, as the browser showed it.
    pub token: String,
    /// The key of what was just done, to be told.
    pub done: Option<String>,
}

impl Operator {
    /// Whether this key does more than read.
    pub fn may_act(&self) -> bool {
        self.holder.scope == Scope::Admin
    }
}

impl FromRequestParts<Arc<App>> for Operator {
    /// Whoever is not in, or not any more, is asked to sign in, and comes back to the page.
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Operator, Response> {
        #[derive(Deserialize)]
        struct Done {
            done: Option<String>,
        }

        let route = route(parts).map_err(IntoResponse::into_response)?;
        let token = cookie(&parts.headers, COOKIE).unwrap_or_default().to_owned();
        let session = app.sessions.operator(&token).await;
        let key = session.map_err(|fault| ApiError::from(fault).into_response())?;
        let Some(holder) = key.and_then(|key| app.keys.by_id(&key)) else {
            let to = if route.method == "GET" { parts.uri.path() } else { ROOT };
            return Err(sign_in(app, StatusCode::UNAUTHORIZED, to, None));
        };
        let done =
            Query::<Done>::from_request_parts(parts, app).await.ok().and_then(|Query(query)| query.done);
        let caller = Caller { key: Some(holder.id.clone()), member: None, route };
        Ok(Operator { app: Arc::clone(app), copy: app.copy.clone(), holder, caller, token, done })
    }
}

/// A form that somebody sent who signed in, from a page that was shown to them, with a key that does more than read.
pub struct Ordered {
    /// Who.
    pub operator: Operator,
    /// What it says.
    pub form: Form,
}

impl FromRequest<Arc<App>> for Ordered {
    type Rejection = Response;

    async fn from_request(request: Request, app: &Arc<App>) -> Result<Ordered, Response> {
        let (operator, form) = shown_to(request, app).await?;
        if operator.may_act() {
            return Ok(Ordered { operator, form });
        }
        let detail = say!(operator, "operator-read-only");
        Err(ApiError::new(StatusCode::FORBIDDEN, "insufficient_scope", detail).into_response())
    }
}

async fn shown_to(request: Request, app: &Arc<App>) -> Result<(Operator, Form), Response> {
    let (mut parts, body) = request.into_parts();
    let operator = Operator::from_request_parts(&mut parts, app).await?;
    let form = Form::from_request(Request::from_parts(parts, body), app).await;
    let form = form.map_err(IntoResponse::into_response)?;
    proven(&form, &operator.token).map_err(IntoResponse::into_response)?;
    Ok((operator, form))
}

/// How often keys that are not known were tried. A key that works gets in whatever others try.
#[derive(Default)]
pub struct Attempts(Mutex<Option<(Instant, u32)>>);

impl Attempts {
    /// Whether one more may be tried now.
    fn one_more(&self, now: Instant) -> bool {
        let mut window = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match window.as_mut().filter(|(since, _)| now.duration_since(*since) < WINDOW) {
            Some((_, tried)) if *tried >= ATTEMPTS_MAX => return false,
            Some((_, tried)) => *tried = tried.saturating_add(1),
            None => *window = Some((now, 1)),
        }
        true
    }
}

/// Signs in.
pub async fn enter(
    State(app): State<Arc<App>>,
    Extension(attempts): Extension<Arc<Attempts>>,
    form: Form,
) -> Result<Response, ApiError> {
    let to = Some(form.get("to")).filter(|to| is_ours(to)).unwrap_or(ROOT);
    let key = form.get("key").trim();
    let holder = match app.keys.at_hand(key) {
        Some(holder) => Ok(holder),
        None if !attempts.one_more(clock::stopwatch()) => {
            let why = app.copy.text("operator-wrong-often", &[]);
            return Ok(sign_in(&app, StatusCode::TOO_MANY_REQUESTS, to, Some(&why)));
        }
        None => app.keys.holder(key).await,
    };
    let why = match holder {
        Ok(Holder { scope: Scope::Runtime, .. }) => "operator-wrong-runtime",
        Ok(holder) => {
            let token = app.sessions.open_for_operator(holder.id).await?;
            let mut response = see_other(to);
            let cookie = set(&app, &token, OPERATOR_LIFETIME.micros() / 1_000_000)?;
            response.headers_mut().insert(header::SET_COOKIE, cookie);
            return Ok(response);
        }
        Err(NoEntry::Malformed) => "operator-wrong-malformed",
        Err(_) => "operator-wrong-unknown",
    };
    Ok(sign_in(&app, StatusCode::UNAUTHORIZED, to, Some(&app.copy.text(why, &[]))))
}

/// Whether somebody may be sent on to there: a page of this view.
fn is_ours(to: &str) -> bool {
    let rest = to.strip_prefix(ROOT);
    let plain = |rest: &str| rest.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    rest.is_some_and(|rest| (rest.is_empty() || rest.starts_with('/')) && plain(rest))
}

/// Signs out.
pub async fn leave(State(app): State<Arc<App>>, request: Request) -> Result<Response, Response> {
    let (operator, _) = shown_to(request, &app).await?;
    let ended = app.sessions.end_for_operator(&operator.token).await;
    ended.map_err(|fault| ApiError::from(fault).into_response())?;
    let mut response = see_other(ROOT);
    let cookie = set(&app, "", 0).map_err(IntoResponse::into_response)?;
    response.headers_mut().insert(header::SET_COOKIE, cookie);
    Ok(response)
}

/// A cookie that no script reads and that comes along from no other site.
fn set(app: &App, token: &str, seconds: i64) -> Result<HeaderValue, ApiError> {
    let secure = if app.settings.public_url.starts_with("https://") { "; Secure" } else { "" };
    let cookie =
        format!("{COOKIE}={token}; Path={ROOT}; Max-Age={seconds}; HttpOnly; SameSite=Strict{secure}");
    HeaderValue::try_from(cookie).map_err(|_| ApiError::fault("a cookie that fits no header"))
}

/// The page that asks for a key.
fn sign_in(app: &App, status: StatusCode, to: &str, why: Option<&str>) -> Response {
    let copy = &app.copy;
    let say = |key: &str| copy.text(key, &[]);
    let content = html! {
        header.top { a.brand href=(ROOT) aria-label="Coulomb" { (wordmark()) } span.org { (say("operator-title")) } }
        main.page.narrow #main {
            div.page-head { h1 { (say("operator-enter")) } }
            section.card aria-label=(say("operator-enter")) {
                form method="post" action="/operator/enter" {
                    input type="hidden" name="to" value=(to);
                    @if let Some(why) = why {
                        p.inset.small role="alert" data-tone="stop" { span.row { (icon("warn")) span.grow { (why) } } }
                    }
                    div.field {
                        label for="key" { (say("operator-enter-key")) }
                        input #key name="key" type="password" required autocomplete="current-password" spellcheck="false" aria-describedby="key-says";
                        p.small.quiet #key-says { (say("operator-enter-says")) }
                    }
                    button.btn.go type="submit" { (say("operator-enter-do")) }
                }
            }
        }
    };
    document(copy, &unframed(), status, &say("operator-enter"), None, &content)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_sent_on_to_another_site() {
        for ours in ["/operator", "/operator/help", "/operator/organizations/a"] {
            assert!(is_ours(ours), "{ours}");
        }
        for other in ["", "//evil.test", "/operatorx", "https://evil.test", "/operator/\r\nx", "/operator\\x"]
        {
            assert!(!is_ours(other), "{other}");
        }
    }

    #[test]
    fn keys_that_are_not_known_are_tried_a_few_times_a_minute() {
        let (attempts, now) = (Attempts::default(), clock::stopwatch());
        assert!((0..ATTEMPTS_MAX).all(|_| attempts.one_more(now)));
        assert!(!attempts.one_more(now));
        assert!(attempts.one_more(now + WINDOW));
    }
}
