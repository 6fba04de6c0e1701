//! Runs and charges: the hot path.

use super::{
    App,
    conventions::{answered, json, misshown},
    extract::{Caller, Ids, JsonBody, NoBody, Query, Repeat, Slice, number_cursor},
    wire::{self, credits, hold_lifetime, known, maybe, wire_id},
};
use crate::{
    engine::{Object, Receipt},
    error::ApiError,
};
use api::{
    problem::StartProblem,
    run::{NewCharge, NewRun, NewUsage, Outcome, RefusedCount, Run, RunAnswer, RunRow, Runs, Settlement},
};
use axum::{extract::State, http::StatusCode, response::Response};
use ledger::{
    Duration, Timestamp,
    command::{Command, Request},
    id::{OrganizationId, RunId, TaskId},
    run::RunOutcome,
};
use serde::Deserialize;
use std::sync::Arc;
use store::{RunFilter, tally::TallyRow};
use utoipa::{IntoParams, ToSchema};

/// The command of a new run.
pub fn start(new: NewRun<'_>) -> Result<Command, ApiError> {
    Ok(Command::Start {
        run: known(&new.id),
        kind: known(&new.kind),
        hold: new.hold.map(credits),
        task: maybe(new.task.as_ref()),
        member: maybe(new.member.as_ref()),
        hold_lifetime: hold_lifetime(new.hold_lifetime)?,
        metadata: new.metadata,
    })
}

/// The command of new usage.
pub fn usage(run: RunId, id: &api::Id<'_>, amount: api::Amount) -> Command {
    Command::RecordUsage { run, usage: known(id), amount: credits(amount) }
}

/// The command of a settlement.
pub fn settle(run: RunId, used: api::Amount, outcome: Option<Outcome>) -> Command {
    let outcome = outcome.map_or(RunOutcome::default(), wire::to_outcome);
    Command::Settle { run, used: credits(used), outcome }
}

/// The command of a new charge.
pub fn charged(new: NewCharge<'_>) -> Command {
    Command::Charge {
        run: known(&new.id),
        kind: known(&new.kind),
        used: credits(new.used),
        member: maybe(new.member.as_ref()),
        metadata: new.metadata,
    }
}

/// The run that a receipt shows, and the balance.
pub fn run_answer<'a>(receipt: &'a Receipt, public_url: &str) -> Result<RunAnswer<'a>, ApiError> {
    let Object::Run(run) = &receipt.shown.object else { return Err(misshown()) };
    let balance = &receipt.shown.balance;
    Ok(RunAnswer { run: wire::run(run, balance.sees_billing), balance: wire::balance(balance, public_url) })
}

async fn ask(
    app: &App,
    caller: &Caller,
    organization: OrganizationId,
    command: Command,
    status: StatusCode,
) -> Result<Response, ApiError> {
    let receipt = app.execute(caller, organization, command, Repeat(None)).await?;
    Ok(answered(&receipt, status, &run_answer(&receipt, &app.settings.public_url)?))
}

/// Start a run
///
/// Holds credits for it, or refuses it with everything there is to say (402). The only door to billable work.
#[utoipa::path(
    post, path = "/v1/organizations/{org}/runs", tag = "runtime", request_body = NewRun,
    responses(
        (status = 201, description = "The run may start; the credits are held.", body = RunAnswer),
        (status = 402, description = "The start is refused; nothing is held.", body = StartProblem,
         content_type = "application/problem+json"),
    )
)]
pub async fn start_run(
    State(app): State<Arc<App>>,
    caller: Caller,
    Ids(organization): Ids<OrganizationId>,
    body: JsonBody,
) -> Result<Response, ApiError> {
    let new: NewRun<'_> = body.parse()?;
    caller.may_name(new.member.as_ref())?;
    let patience = new.wait_for_recharge_ms.map(|ms| std::time::Duration::from_millis(ms.into()));
    let command = start(new)?;
    if let Some(patience) = patience {
        let patience = patience.min(app.settings.recharge_wait_max);
        let request = Request::new(command.clone(), caller.actor(), None);
        app.cashier.wait_for_recharge(&organization, &request, patience).await?;
    }
    ask(&app, &caller, organization, command, StatusCode::CREATED).await
}

/// Record usage of a running run
///
/// Charges it now and answers with what is left of the hold. A run is never stopped by this.
#[utoipa::path(
    post, path = "/v1/organizations/{org}/runs/{run}/usage", tag = "runtime", request_body = NewUsage,
    responses((status = 200, description = "Recorded and charged.", body = RunAnswer))
)]
pub async fn record_usage(
    State(app): State<Arc<App>>,
    caller: Caller,
    Ids((organization, run)): Ids<(OrganizationId, RunId)>,
    body: JsonBody,
) -> Result<Response, ApiError> {
    let new: NewUsage<'_> = body.parse()?;
    ask(&app, &caller, organization, usage(run, &new.id, new.amount), StatusCode::OK).await
}

/// State a run's total and close it
///
/// Charges what was not recorded before, and releases what is left of the hold.
#[utoipa::path(
    post, path = "/v1/organizations/{org}/runs/{run}/settle", tag = "runtime", request_body = Settlement,
    responses((status = 200, description = "Charged and closed.", body = RunAnswer))
)]
pub async fn settle_run(
    State(app): State<Arc<App>>,
    caller: Caller,
    Ids((organization, run)): Ids<(OrganizationId, RunId)>,
    body: JsonBody,
) -> Result<Response, ApiError> {
    let total: Settlement = body.parse()?;
    ask(&app, &caller, organization, settle(run, total.used, total.outcome), StatusCode::OK).await
}

/// Close a run with what it has recorded
#[utoipa::path(
    post, path = "/v1/organizations/{org}/runs/{run}/release", tag = "runtime",
    responses((status = 200, description = "Closed; what was left of the hold is free again.", body = RunAnswer))
)]
pub async fn release_run(
    State(app): State<Arc<App>>,
    caller: Caller,
    Ids((organization, run)): Ids<(OrganizationId, RunId)>,
    _: NoBody,
) -> Result<Response, ApiError> {
    ask(&app, &caller, organization, Command::Release { run }, StatusCode::OK).await
}

/// Record work that needed no start
#[utoipa::path(
    post, path = "/v1/organizations/{org}/charges", tag = "runtime", request_body = NewCharge,
    responses((status = 201, description = "Charged.", body = RunAnswer))
)]
pub async fn charge(
    State(app): State<Arc<App>>,
    caller: Caller,
    Ids(organization): Ids<OrganizationId>,
    body: JsonBody,
) -> Result<Response, ApiError> {
    let new: NewCharge<'_> = body.parse()?;
    caller.may_name(new.member.as_ref())?;
    ask(&app, &caller, organization, charged(new), StatusCode::CREATED).await
}

/// Get one run
///
/// Open or closed, with what was recorded on the way.
#[utoipa::path(
    get, path = "/v1/organizations/{org}/runs/{run}", tag = "runtime",
    responses((status = 200, description = "The run.", body = Run))
)]
pub async fn get_run(
    State(app): State<Arc<App>>,
    caller: Caller,
    Ids((organization, id)): Ids<(OrganizationId, RunId)>,
) -> Result<Response, ApiError> {
    let wanted = id.clone();
    let at_hand = move |view: crate::engine::View<'_>, sees| (view.account.run(&wanted).cloned(), sees);
    let (run, sees) = app.read(&caller, organization.clone(), at_hand).await?;
    let run = match run {
        Some(run) => run,
        // What is not at hand is closed, and was written before it was let go of.
        None => {
            let wanted = id.clone();
            let written = app.stored(move |store| store.run(&organization, &wanted)).await?;
            written.ok_or_else(|| {
                let detail = format!("this organization has no run {id}");
                ApiError::new(StatusCode::NOT_FOUND, "not_found", detail)
            })?
        }
    };
    Ok(json(StatusCode::OK, &wire::run_whole(&run, sees.billing)))
}

/// Where a listed run is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Where {
    /// Admitted and not closed.
    Running,
    /// Closed with its total.
    Settled,
    /// Closed with what it had recorded.
    Released,
    /// Its hold's time is over.
    Lapsed,
    /// It did not start.
    Refused,
}

/// Which runs to list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct RunsQuery {
    /// Only those that are there; `refused` lists starts that were refused instead.
    #[param(inline)]
    status: Option<Where>,
    /// Only those of this scheduled task.
    #[param(value_type = Option<api::Id<'static>>)]
    task: Option<TaskId>,
    /// How many rows; 50 unless given.
    #[param(value_type = Option<i64>, minimum = 1, maximum = 500)]
    limit: Option<String>,
    /// `next_cursor` of the page before.
    #[param(pattern = "^n[0-9]{1,18}$")]
    cursor: Option<String>,
}

/// List runs
///
/// Newest first. With `status=refused` the starts that were refused, and on the first page how many by hour in the last 30 days.
#[utoipa::path(
    get, path = "/v1/organizations/{org}/runs", tag = "runtime", params(RunsQuery),
    responses((status = 200, description = "A page of runs, or of refused starts.", body = Runs))
)]
pub async fn list_runs(
    State(app): State<Arc<App>>,
    caller: Caller,
    Ids(organization): Ids<OrganizationId>,
    Query(query): Query<RunsQuery>,
) -> Result<Response, ApiError> {
    let slice = Slice::new(query.limit.as_deref(), query.cursor)?;
    let (before, limit) = (slice.number()?, slice.limit);
    let (now, start, sees) = app
        .read(&caller, organization.clone(), |view, sees| (view.now, super::usage::period_start(&view), sees))
        .await?;
    let status = match query.status {
        Some(Where::Refused) => {
            return refused(&app, organization, query.task, before, limit, now, start, sees.billing).await;
        }
        Some(Where::Running) => Some(ledger::run::RunStatus::Running),
        Some(Where::Settled) => Some(ledger::run::RunStatus::Settled),
        Some(Where::Released) => Some(ledger::run::RunStatus::Released),
        Some(Where::Lapsed) => Some(ledger::run::RunStatus::Lapsed),
        None => None,
    };
    let filter = RunFilter { status, task: query.task };
    let page = app.page(organization, move |store, id| store.runs(id, &filter, before, limit)).await?;
    let data = page.rows.iter().map(|run| RunRow::Run(Box::new(wire::run(run, sees.billing)))).collect();
    Ok(json(StatusCode::OK, &Runs { data, next_cursor: number_cursor(page.next), counts: None }))
}

#[allow(clippy::too_many_arguments, reason = "one list's filter, page and reader")]
async fn refused(
    app: &App,
    organization: OrganizationId,
    task: Option<TaskId>,
    before: Option<u64>,
    limit: usize,
    now: Timestamp,
    period_start: Timestamp,
    billing: bool,
) -> Result<Response, ApiError> {
    // What lies before the current period is historical usage (R12.2).
    let month_ago = Timestamp::from_micros(now.micros() - Duration::days(30).micros());
    let from = if billing { month_ago } else { month_ago.max(period_start) };
    let read = move |store: &dyn store::Store, id: &OrganizationId| {
        let page = store.refusals(id, before, limit)?;
        let counts = match before {
            None => Some(store.usage(id, from.hour_start(), now.after(Duration::hours(1)))?),
            Some(_) => None,
        };
        Ok((page, counts))
    };
    let (page, counts) = app.page(organization, read).await?;
    let of_task = |of: Option<&TaskId>| task.as_ref().is_none_or(|task| of == Some(task));
    let rows = page.rows.iter().filter(|row| of_task(row.task.as_ref()));
    let count = |row: &'_ TallyRow| row.sums.refused > 0 && of_task(row.key.task.as_ref());
    let counts =
        counts.as_ref().map(|rows| rows.iter().filter(|row| count(row)).map(refused_count).collect());
    let data = rows.map(|row| RunRow::Refused(wire::refused(row))).collect();
    Ok(json(StatusCode::OK, &Runs { data, next_cursor: number_cursor(page.next), counts }))
}

fn refused_count(row: &TallyRow) -> RefusedCount<'_> {
    RefusedCount {
        hour: wire::instant(row.key.hour),
        kind: wire_id!(row.key.kind),
        member: row.key.member.as_ref().map(|member| wire_id!(member)),
        task: row.key.task.as_ref().map(|task| wire_id!(task)),
        refused: row.sums.refused,
    }
}
