//! The subscription: as a host with its own provider reports it, and changes of plan and cadence (R4).

use super::{
    App,
    conventions::{changed, json},
    extract::{Caller, Ids, JsonBody, NoBody, Repeat},
    wire::{self, amount, instant, known, maybe, timestamp, wire_id},
};
use crate::{
    error::ApiError,
    payments::{SubscriptionOrder, orders::Carried},
};
use api::{
    Instant,
    account::Changed,
    money::{ChangePreview, SubscriptionChange, SubscriptionReport},
};
use axum::{extract::State, http::StatusCode, response::Response};
use ledger::{
    command::Command,
    id::{OrganizationId, PlanKey},
    subscription::{Cadence, Period, Subscription},
};
use std::sync::Arc;

/// A period that is given by both its ends, or not at all.
pub fn period(start: Option<Instant>, end: Option<Instant>) -> Result<Option<Period>, ApiError> {
    match (start, end) {
        (Some(start), Some(end)) => Ok(Some(Period { start: timestamp(start), end: timestamp(end) })),
        (None, None) => Ok(None),
        (Some(_), None) => Err(ApiError::field("/period_end", "a period has an end beside its start")),
        (None, Some(_)) => Err(ApiError::field("/period_start", "a period has a start beside its end")),
    }
}

/// The command of a reported subscription.
pub fn report(report: &SubscriptionReport<'_>) -> Result<Command, ApiError> {
    let subscription = Subscription {
        status: wire::to_subscription_status(report.status),
        plan: maybe(report.plan.as_ref()),
        cadence: report.cadence.map_or(Cadence::default(), wire::to_cadence),
        period: period(report.period_start, report.period_end)?,
        cancel_at: report.cancel_at.map(timestamp),
        past_due_since: report.past_due_since.map(timestamp),
    };
    Ok(Command::ReportSubscription { subscription })
}

/// The command of a change.
pub fn change(change: &SubscriptionChange<'_>) -> Command {
    Command::ChangeSubscription { plan: known(&change.plan), cadence: wire::to_cadence(change.cadence) }
}

/// Report the subscription
///
/// As the provider has it now; late and repeated reports do no harm.
#[utoipa::path(
    put, path = "/v1/organizations/{org}/subscription", tag = "external", request_body = SubscriptionReport,
    responses((status = 200, description = "The subscription is as reported.", body = Changed))
)]
pub async fn put_subscription(
    State(app): State<Arc<App>>,
    caller: Caller,
    Ids(organization): Ids<OrganizationId>,
    repeat: Repeat,
    body: JsonBody,
) -> Result<Response, ApiError> {
    let command = report(&body.parse()?)?;
    Ok(changed(&app, &app.execute(&caller, organization, command, repeat).await?))
}

/// Preview a change of plan or cadence
///
/// What it would charge and grant, what is preserved, what debt will take, and when the subscription renews next.
#[utoipa::path(
    post, path = "/v1/organizations/{org}/subscription/preview_change", tag = "money", request_body = SubscriptionChange,
    responses((status = 200, description = "What the change would mean; nothing was changed.", body = ChangePreview))
)]
pub async fn preview_change(
    State(app): State<Arc<App>>,
    caller: Caller,
    Ids(organization): Ids<OrganizationId>,
    body: JsonBody,
) -> Result<Response, ApiError> {
    let wanted: SubscriptionChange<'_> = body.parse()?;
    let (plan, cadence): (PlanKey, _) = (known(&wanted.plan), wire::to_cadence(wanted.cadence));
    let preview = app
        .read(&caller, organization, move |view, _| {
            view.account.preview_change(view.policy, &plan, cadence, view.now)
        })
        .await??;
    let shown = ChangePreview {
        plan: wire_id!(preview.plan),
        cadence: wire::cadence(preview.cadence),
        effective_at: instant(preview.effective_at),
        charge: preview.charge,
        currency: &preview.currency,
        new_allowance: amount(preview.new_allowance),
        preserved: amount(preview.preserved),
        debt_takes: amount(preview.debt_takes),
        next_renewal: instant(preview.next_renewal),
    };
    Ok(json(StatusCode::OK, &shown))
}

/// Change plan or cadence
///
/// At once or at the renewal date, as the preview says. Planned first, and then made with the payment provider: one that
/// does not answer now is asked again until it does.
#[utoipa::path(
    post, path = "/v1/organizations/{org}/subscription/change", tag = "money", request_body = SubscriptionChange,
    responses((status = 200, description = "The change is asked for.", body = Changed))
)]
pub async fn change_subscription(
    State(app): State<Arc<App>>,
    caller: Caller,
    Ids(organization): Ids<OrganizationId>,
    repeat: Repeat,
    body: JsonBody,
) -> Result<Response, ApiError> {
    let command = change(&body.parse()?);
    planned(&app, &caller, organization, command, repeat).await
}

/// Withdraw a change that waits
#[utoipa::path(
    delete, path = "/v1/organizations/{org}/subscription/change", tag = "money",
    responses((status = 200, description = "No change waits.", body = Changed))
)]
pub async fn withdraw_change(
    State(app): State<Arc<App>>,
    caller: Caller,
    Ids(organization): Ids<OrganizationId>,
    repeat: Repeat,
    _: NoBody,
) -> Result<Response, ApiError> {
    planned(&app, &caller, organization, Command::WithdrawChange, repeat).await
}

/// Plans in the ledger, and asks the provider at once.
async fn planned(
    app: &App,
    caller: &Caller,
    organization: OrganizationId,
    command: Command,
    repeat: Repeat,
) -> Result<Response, ApiError> {
    let receipt = app.execute(caller, organization.clone(), command, repeat).await?;
    match app.cashier.carry_out_change(&organization).await? {
        Carried::Refused(reason) => {
            let detail = format!("The payment provider refuses this change, so it was withdrawn: {reason}");
            Err(ApiError::new(StatusCode::UNPROCESSABLE_ENTITY, "change_refused", detail))
        }
        Carried::Out | Carried::Waiting => Ok(changed(app, &receipt)),
    }
}

/// Cancel the subscription
///
/// At the end of its period; until then everything works (R4.4).
#[utoipa::path(
    post, path = "/v1/organizations/{org}/subscription/cancel", tag = "money",
    responses((status = 200, description = "It ends with its period.", body = Changed))
)]
pub async fn cancel_subscription(
    State(app): State<Arc<App>>,
    caller: Caller,
    Ids(organization): Ids<OrganizationId>,
    _: NoBody,
) -> Result<Response, ApiError> {
    ordered(&app, &caller, organization, SubscriptionOrder::Cancel).await
}

/// Resume the subscription
///
/// It does not end with its period after all.
#[utoipa::path(
    post, path = "/v1/organizations/{org}/subscription/resume", tag = "money",
    responses((status = 200, description = "It goes on.", body = Changed))
)]
pub async fn resume_subscription(
    State(app): State<Arc<App>>,
    caller: Caller,
    Ids(organization): Ids<OrganizationId>,
    _: NoBody,
) -> Result<Response, ApiError> {
    ordered(&app, &caller, organization, SubscriptionOrder::Resume).await
}

/// Asks the provider, and shows the balance as it is then.
async fn ordered(
    app: &App,
    caller: &Caller,
    organization: OrganizationId,
    order: SubscriptionOrder,
) -> Result<Response, ApiError> {
    app.read(caller, organization.clone(), |_, _| ()).await?;
    app.cashier.order(&organization, &order).await?;
    let actor = caller.actor();
    let balance =
        app.read(caller, organization, move |view, _| view.account.balance(view.policy, view.now, &actor));
    let balance = balance.await?;
    Ok(json(StatusCode::OK, &Changed { balance: wire::balance(&balance, &app.settings.public_url) }))
}
