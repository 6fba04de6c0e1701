//! Notices: those that were given up, sending one again, and what a member wants to be mailed.

use super::{
    App,
    conventions::json,
    extract::{Caller, Ids, JsonBody, NoBody, Query, Slice, number_cursor},
    wire::{instant, wire_id},
};
use crate::{
    clock,
    error::ApiError,
    memos::Memos,
    notices::{
        dead::{self, Dead, NoticeId},
        kind::Kind,
        preferences::{self, Preferences},
    },
};
use api::{
    Page,
    notices::{DeadNotice, EmailChoices, NoticeChoices, Replayed},
};
use axum::{extract::State, http::StatusCode, response::Response};
use ledger::{
    id::{MemberId, OrganizationId},
    people::Permission,
    refusal::Refusal,
};
use serde::Deserialize;
use std::sync::Arc;
use utoipa::IntoParams;

/// Which notices that were given up to list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct DeadQuery {
    /// Only this organization's.
    #[param(value_type = Option<api::Id<'static>>)]
    organization: Option<OrganizationId>,
    /// How many rows; 50 unless given.
    #[param(value_type = Option<i64>, minimum = 1, maximum = 500)]
    limit: Option<String>,
    /// `next_cursor` of the page before.
    #[param(pattern = "^n[0-9]{1,18}$")]
    cursor: Option<String>,
}

fn shown(dead: &Dead) -> DeadNotice<'_> {
    DeadNotice {
        id: wire_id!(dead.id),
        organization: wire_id!(dead.organization),
        endpoint: &dead.endpoint,
        kind: dead.kind.as_str(),
        webhook_id: &dead.webhook_id,
        attempts: dead.attempts,
        error: &dead.error,
        created_at: instant(dead.created_at),
        died_at: instant(dead.died_at),
    }
}

impl App {
    fn memos(&self) -> Memos {
        Memos::new(Arc::clone(self.engine.store()))
    }
}

/// List notices that were given up
///
/// Of every organization, or of one; those given up first first. While some are sent again, pages move up.
#[utoipa::path(
    get, path = "/v1/notices/dead", tag = "account", params(DeadQuery),
    responses((status = 200, description = "A page of notices that were given up.", body = Page<DeadNotice>))
)]
pub async fn list_dead_notices(
    State(app): State<Arc<App>>,
    _: Caller,
    Query(query): Query<DeadQuery>,
) -> Result<Response, ApiError> {
    let slice = Slice::new(query.limit.as_deref(), query.cursor)?;
    let skipped = slice.number()?.and_then(|number| usize::try_from(number).ok()).unwrap_or(0);
    let all = dead::list(&app.memos(), query.organization.as_ref()).await?;
    let end = skipped.saturating_add(slice.limit);
    let next = (all.len() > end).then(|| u64::try_from(end).unwrap_or(u64::MAX));
    let data = all.iter().skip(skipped).take(slice.limit).map(shown).collect();
    Ok(json(StatusCode::OK, &Page { data, next_cursor: number_cursor(next) }))
}

/// Send a notice again that was given up
///
/// It goes out as if it had just happened, under the `webhook-id` that it always had.
#[utoipa::path(
    post, path = "/v1/organizations/{org}/notices/{notice}/replay", tag = "account",
    responses((status = 200, description = "It is sent again.", body = Replayed))
)]
pub async fn replay_notice(
    State(app): State<Arc<App>>,
    caller: Caller,
    Ids((organization, notice)): Ids<(OrganizationId, NoticeId)>,
    _: NoBody,
) -> Result<Response, ApiError> {
    let ask = app.read(&caller, organization.clone(), |view, _| view.account.billing_contacts()).await?;
    if caller.member.is_some() {
        return Err(Refusal::Forbidden { needs: Permission::Operator, ask }.into());
    }
    let replayed = dead::replay(&app.memos(), &organization, notice.as_str(), clock::now()).await?;
    let id = notice.as_str().to_owned();
    let dead = replayed.ok_or(Refusal::NotFound { what: "notice that was given up", id })?;
    app.engine.changes().tell_memos();
    Ok(json(StatusCode::OK, &Replayed { notice: shown(&dead) }))
}

/// Whether the caller may see and change what this member is told: the member, and whoever manages members.
async fn of_member(
    app: &App,
    caller: &Caller,
    organization: &OrganizationId,
    member: &MemberId,
) -> Result<(), ApiError> {
    let (by, of) = (caller.member.clone(), member.clone());
    let look = app.read(caller, organization.clone(), move |view, _| {
        let members = &view.account.core().members;
        if let Some(by) = by.filter(|by| *by != of)
            && !members.get(&by).is_some_and(|by| Permission::ManageMembers.is_held_by(by))
        {
            let ask = view.account.billing_contacts();
            return Err(Refusal::Forbidden { needs: Permission::ManageMembers, ask });
        }
        match members.contains_key(&of) {
            true => Ok(()),
            false => Err(Refusal::NotFound { what: "member", id: of.to_string() }),
        }
    });
    Ok(look.await??)
}

/// The choices that the wire names, each with its kind.
fn choices(email: &mut EmailChoices) -> [(Kind, &mut bool); 8] {
    [
        (Kind::BalanceLow, &mut email.balance_low),
        (Kind::BalanceBlocked, &mut email.balance_blocked),
        (Kind::BalanceUnblocked, &mut email.balance_unblocked),
        (Kind::AutoRechargeFailed, &mut email.auto_recharge_failed),
        (Kind::AutoRechargeSuspended, &mut email.auto_recharge_suspended),
        (Kind::CreditsExpiring, &mut email.credits_expiring),
        (Kind::DisputeOpened, &mut email.dispute_opened),
        (Kind::DisputeClosed, &mut email.dispute_closed),
    ]
}

/// Get what a member is told
///
/// Members see their own; the owner and admins see everybody's.
#[utoipa::path(
    get, path = "/v1/organizations/{org}/members/{member}/notices", tag = "account",
    responses((status = 200, description = "What the member chose.", body = NoticeChoices))
)]
pub async fn get_notice_choices(
    State(app): State<Arc<App>>,
    caller: Caller,
    Ids((organization, member)): Ids<(OrganizationId, MemberId)>,
) -> Result<Response, ApiError> {
    of_member(&app, &caller, &organization, &member).await?;
    let kept = preferences::read(&app.memos(), &organization, &member).await?;
    let mut email = EmailChoices::default();
    for (kind, choice) in choices(&mut email) {
        *choice = kept.mailed(kind);
    }
    Ok(json(StatusCode::OK, &NoticeChoices { email }))
}

/// Choose what a member is told
///
/// Members choose for themselves; the owner and admins may choose for everybody. What is left out is told.
#[utoipa::path(
    put, path = "/v1/organizations/{org}/members/{member}/notices", tag = "account", request_body = NoticeChoices,
    responses((status = 200, description = "The member is told this.", body = NoticeChoices))
)]
pub async fn put_notice_choices(
    State(app): State<Arc<App>>,
    caller: Caller,
    Ids((organization, member)): Ids<(OrganizationId, MemberId)>,
    body: JsonBody,
) -> Result<Response, ApiError> {
    let mut chosen: NoticeChoices = body.parse()?;
    of_member(&app, &caller, &organization, &member).await?;
    let email = choices(&mut chosen.email).into_iter().map(|(kind, choice)| (kind, *choice)).collect();
    preferences::write(&app.memos(), &organization, &member, &Preferences { email }).await?;
    Ok(json(StatusCode::OK, &chosen))
}
