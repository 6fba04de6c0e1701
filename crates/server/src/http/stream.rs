//! The balance as it changes: server-sent events, for pages that stay open. Also what another server commits arrives within
//! a second or two.

use super::{
    App,
    extract::{Caller, Ids, SessionToken},
    wire,
};
use crate::{engine::Watch, error::ApiError};
use api::balance::BalanceEvent;
use axum::{
    Extension,
    extract::State,
    response::{
        IntoResponse, Response, Sse,
        sse::{Event, KeepAlive},
    },
};
use futures_util::stream;
use ledger::id::OrganizationId;
use std::{convert::Infallible, sync::Arc, time::Duration};
use tokio::sync::OwnedSemaphorePermit;

/// How often a stream looks for what nobody told it of: another server's commits, and what time alone changes.
const PAUSE: Duration = Duration::from_secs(1);

/// How often something is sent where nothing happens, so that nobody in between takes the connection for dead.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// One page that follows a balance.
struct Following {
    app: Arc<App>,
    caller: Caller,
    organization: OrganizationId,
    watch: Watch,
    /// The session it is followed in, where it is a member's own.
    token: Option<String>,
    /// What was sent last, without the instant it was read at.
    sent: Option<serde_json::Value>,
    /// One of the streams that may be open.
    _place: OwnedSemaphorePermit,
}

/// Follow the balance
///
/// Server-sent events: `balance` with the balance as JSON, at once and again after each change. Its `id` is the version.
#[utoipa::path(
    get, path = "/v1/organizations/{org}/stream", tag = "runtime",
    responses((status = 200, description = "The balance, again and again.", body = BalanceEvent, content_type = "text/event-stream"))
)]
pub async fn follow(
    State(app): State<Arc<App>>,
    caller: Caller,
    Ids(organization): Ids<OrganizationId>,
    token: Option<Extension<SessionToken>>,
) -> Result<Response, ApiError> {
    // Who may not read it is told so before anything is streamed.
    app.read(&caller, organization.clone(), |_, _| ()).await?;
    let token = token.map(|Extension(SessionToken(token))| token);
    following(app, caller, organization, token)
}

/// The balance as this caller may see it, again after each change; in a session, until that is over.
pub fn following(
    app: Arc<App>,
    caller: Caller,
    organization: OrganizationId,
    token: Option<String>,
) -> Result<Response, ApiError> {
    let place = Arc::clone(&app.streams).try_acquire_owned().map_err(|_| {
        let detail = "Too many pages follow balances here (server.streams_max). Ask for the balance instead.";
        ApiError::new(axum::http::StatusCode::SERVICE_UNAVAILABLE, "too_many_streams", detail)
    })?;
    let watch = app.engine.changes().watch(&organization);
    let following = Following { app, caller, organization, watch, token, sent: None, _place: place };
    let events = stream::unfold(following, async |mut following| {
        let event = following.next().await?;
        Some((Ok::<_, Infallible>(event), following))
    });
    Ok(Sse::new(events).keep_alive(KeepAlive::new().interval(KEEP_ALIVE)).into_response())
}

impl Following {
    /// Whether the session has ended. Where the store cannot say, it goes on: so does the reading of the balance.
    async fn is_over(&self) -> bool {
        let Some(token) = &self.token else { return false };
        matches!(self.app.sessions.find(&self.organization, token).await, Ok(None))
    }

    /// The next balance that is another than the last; none: the server stops, or this reader may not read it any more.
    async fn next(&mut self) -> Option<Event> {
        let mut closing = self.app.closing.clone();
        loop {
            if self.is_over().await {
                return None;
            }
            let actor = self.caller.actor();
            let read = self.app.read(&self.caller, self.organization.clone(), move |view, _| {
                view.account.balance(view.policy, view.now, &actor)
            });
            match read.await {
                Ok(balance) => {
                    let shown = wire::balance(&balance, &self.app.settings.public_url);
                    let mut value = serde_json::to_value(&shown).ok()?;
                    let text = value.to_string();
                    value.as_object_mut()?.remove("as_of");
                    if self.sent.as_ref() != Some(&value) {
                        self.sent = Some(value);
                        return Some(
                            Event::default().event("balance").id(balance.version.to_string()).data(text),
                        );
                    }
                }
                // What is away for a moment comes back; a reader that may not read stays away.
                Err(error) if error.told().status.is_server_error() => {}
                Err(_) => return None,
            }
            tokio::select! {
                () = self.watch.changed() => {}
                () = tokio::time::sleep(PAUSE) => {}
                _ = closing.wait_for(|closing| *closing) => return None,
            }
        }
    }
}
