//! Sessions: what a host gives a person's browser, so that it sees the organization as that member.

use super::{
    App,
    conventions::json,
    extract::{Caller, Ids, JsonBody},
    wire::{instant, known},
};
use crate::{error::ApiError, links};
use api::account::{NewSession, Session};
use axum::{extract::State, http::StatusCode, response::Response};
use ledger::{
    Duration,
    id::{MemberId, OrganizationId},
    people::Permission,
    refusal::Refusal,
};
use std::sync::Arc;

/// Open the console for a member
///
/// A link that opens the console once, within minutes, as this member; and a token with which the host's own page may ask
/// for what the member may see. Neither goes further than the member's role.
#[utoipa::path(
    post, path = "/v1/organizations/{org}/sessions", tag = "account", request_body = NewSession,
    responses((status = 201, description = "The link and the token. Neither is shown again.", body = Session))
)]
pub async fn create_session(
    State(app): State<Arc<App>>,
    caller: Caller,
    Ids(organization): Ids<OrganizationId>,
    body: JsonBody,
) -> Result<Response, ApiError> {
    let new: NewSession<'_> = body.parse()?;
    let lifetime =
        new.lifetime.map(|given| lifetime(given, app.sessions.lifetimes().session_max)).transpose()?;
    if let Some(url) = &new.return_url {
        app.cashier.may_return_to(url)?;
    }
    let member: MemberId = known(&new.member);
    let asked = member.clone();
    let looked = app.read(&caller, organization.clone(), move |view, _| {
        (view.account.core().members.contains_key(&asked), view.account.billing_contacts())
    });
    let (is_member, ask) = looked.await?;
    // Nobody makes sessions for others in their own name, nor longer ones for themselves.
    if caller.member.is_some() {
        return Err(Refusal::Forbidden { needs: Permission::Operator, ask }.into());
    }
    if !is_member {
        return Err(ApiError::field("/member", "the organization has no such member"));
    }
    let made = app.sessions.create(&organization, member, new.return_url, lifetime).await?;
    let url = links::enter(&app.settings.public_url, &organization, &made.link);
    let shown = Session { url: &url, token: &made.token, expires_at: instant(made.expires_at) };
    Ok(json(StatusCode::CREATED, &shown))
}

fn lifetime(given: api::Interval, most: Duration) -> Result<Duration, ApiError> {
    let lifetime = Duration::from_micros(given.micros);
    if given.months > 0 || lifetime.micros() <= 0 || lifetime > most {
        let detail = "longer than nothing, and no longer than console.session_lifetime_max";
        return Err(ApiError::field("/lifetime", detail));
    }
    Ok(lifetime)
}
