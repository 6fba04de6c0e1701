//! The sandbox's own calls: an organization's test clock and its card. Its pages, where a person pays, are beside this
//! file: `frame` is what is around each of them; what they send is read in `form`, for all pages.

mod checkout;
mod frame;
mod invoice;
mod portal;

pub use checkout::{pay, show_checkout};
pub use frame::style;
pub use invoice::show_invoice;
pub use portal::{act, show_portal};

use super::{
    App,
    conventions::{answered, json},
    extract::{Caller, Ids, JsonBody, Repeat},
    wire::{self, instant, timestamp, wire_id},
};
use crate::{
    clock,
    engine::{EngineError, Receipt},
    error::ApiError,
    payments::sandbox::{Card, Sandbox},
};
use api::{
    Interval,
    account::{CardBehaviour, CardSetting, Clock, ClockSetting},
};
use axum::{extract::State, http::StatusCode, response::Response};
use ledger::{
    Duration, Timestamp,
    command::{Command, Request},
    id::OrganizationId,
    refusal::Refusal,
};
use std::sync::Arc;

/// Months after the next renewal that one call may move a clock forward: it stops at each.
const MONTHS_MAX: u32 = 120;

/// Set an organization's test clock
///
/// Frozen by the first call and moved forward by later ones, `to` an instant or `by` a length of time. Everything that falls
/// due in between has happened, in order, before the answer: renewals of the sandbox provider too. Only where the server
/// runs with `--sandbox`.
#[utoipa::path(
    post, path = "/v1/sandbox/organizations/{org}/clock", tag = "sandbox", request_body = ClockSetting,
    responses((status = 200, description = "Where the clock stands.", body = Clock))
)]
pub async fn set_clock(
    State(app): State<Arc<App>>,
    caller: Caller,
    Ids(organization): Ids<OrganizationId>,
    repeat: Repeat,
    body: JsonBody,
) -> Result<Response, ApiError> {
    if !app.settings.sandbox {
        let detail = "There are no test clocks here: this server does not run with --sandbox.";
        return Err(ApiError::new(StatusCode::NOT_FOUND, "not_found", detail));
    }
    let setting: ClockSetting = body.parse()?;
    let to = match (setting.to, setting.by) {
        (Some(to), None) => timestamp(to),
        (None, Some(by)) => later(now(&app, &organization).await?, by),
        _ => return Err(ApiError::field("", "say either `to` or `by`")),
    };
    // Whatever would be refused in the end is refused before anything has moved.
    let request = Request::new(Command::SetTestClock { to }, caller.actor(), repeat.0.clone());
    app.engine.preview(organization.clone(), request).await?;
    stop_on_the_way(&app, &caller, &organization, to).await?;
    let mut receipt = set(&app, &caller, &organization, to, repeat).await?;
    if app.cashier.provider().sells() && !receipt.replayed {
        app.cashier.advance(&organization, to).await?;
        app.cashier.settle_down(&organization).await?;
        // The clock stands there already: this shows what has come of it.
        receipt = set(&app, &caller, &organization, to, Repeat(None)).await?;
    }
    let shown = &receipt.shown;
    let opened = !shown.name.is_empty();
    if let Some(notices) = app.notices.as_ref().filter(|_| opened) {
        notices.expiring_due(&app.engine, &organization, to).await?;
    }
    let clock = Clock {
        organization: wire_id!(organization),
        now: instant(shown.balance.as_of),
        version: shown.balance.version,
        balance: opened.then(|| wire::balance(&shown.balance, &app.settings.public_url)),
    };
    Ok(answered(&receipt, StatusCode::OK, &clock))
}

async fn set(
    app: &App,
    caller: &Caller,
    organization: &OrganizationId,
    to: Timestamp,
    repeat: Repeat,
) -> Result<Receipt, ApiError> {
    app.execute(caller, organization.clone(), Command::SetTestClock { to }, repeat).await
}

/// Moves the clock to each instant before `to` at which the provider does something, and lets it happen then, so that
/// everything comes in its order: credits expire before the renewal, and the renewal before the work that follows.
async fn stop_on_the_way(
    app: &App,
    caller: &Caller,
    organization: &OrganizationId,
    to: Timestamp,
) -> Result<(), ApiError> {
    let Some(sandbox) = app.cashier.provider().sandbox() else { return Ok(()) };
    let first = sandbox.next_due(organization).await?;
    if first.is_some_and(|first| first.plus_months(MONTHS_MAX) < to) {
        let detail = format!("too much falls due on the way: at most {MONTHS_MAX} months in one call");
        return Err(ApiError::field("", detail));
    }
    loop {
        let due = sandbox.next_due(organization).await?;
        let Some(due) = due.filter(|due| *due < to) else { return Ok(()) };
        let stop = due.max(now(app, organization).await?);
        set(app, caller, organization, stop, Repeat(None)).await?;
        app.cashier.advance(organization, stop).await?;
    }
}

/// Choose how an organization's card behaves
///
/// The card that the sandbox provider has on file: `ok`, `declined`, `requires_action`, or `none`. It may be charged for
/// automatic purchases. A card that works pays at once what a renewal could not.
#[utoipa::path(
    put, path = "/v1/sandbox/organizations/{org}/card", tag = "sandbox", request_body = CardSetting,
    responses((status = 200, description = "The card that is on file now.", body = CardSetting))
)]
pub async fn put_card(
    State(app): State<Arc<App>>,
    caller: Caller,
    Ids(organization): Ids<OrganizationId>,
    body: JsonBody,
) -> Result<Response, ApiError> {
    app.read(&caller, organization.clone(), |_, _| ()).await?;
    let sandbox = provider(&app)?;
    let wanted: CardSetting = body.parse()?;
    let card = match wanted.behaviour {
        CardBehaviour::Ok => Card::Ok,
        CardBehaviour::Declined => Card::Declined,
        CardBehaviour::RequiresAction => Card::RequiresAction,
        CardBehaviour::None => Card::None,
    };
    let now = now(&app, &organization).await?;
    sandbox.set_card(&organization, now, card).await?;
    app.cashier.settle_down(&organization).await?;
    Ok(json(StatusCode::OK, &wanted))
}

/// The provider, where the server runs with it and with `--sandbox`.
fn provider(app: &App) -> Result<&Sandbox, ApiError> {
    app.cashier.provider().sandbox().filter(|_| app.settings.sandbox).ok_or_else(|| {
        let detail =
            "There is no sandbox here: this server does not run with --sandbox and the provider sandbox.";
        ApiError::new(StatusCode::NOT_FOUND, "not_found", detail)
    })
}

/// What the organization's clock says. One that is not open yet goes by everyone's.
async fn now(app: &App, organization: &OrganizationId) -> Result<Timestamp, ApiError> {
    match app.engine.view(organization.clone(), |view| view.now).await {
        Err(EngineError::Refused(Refusal::UnknownOrganization)) => Ok(clock::now()),
        now => Ok(now?),
    }
}

fn later(now: Timestamp, by: Interval) -> Timestamp {
    now.plus_months(by.months).after(Duration::from_micros(by.micros))
}
