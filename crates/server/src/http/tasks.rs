//! Scheduled tasks (R11).

use super::{
    App,
    conventions::{answered, misshown},
    extract::{Caller, Ids, JsonBody, NoBody, Query, Repeat},
    organizations::IdPage,
    reading::by_id,
    wire,
};
use crate::{engine::Object, error::ApiError};
use api::{
    Page,
    account::{Task, TaskAnswer, TaskSettings},
};
use axum::{extract::State, http::StatusCode, response::Response};
use ledger::{
    command::Command,
    id::{OrganizationId, TaskId},
};
use std::sync::Arc;

/// List scheduled tasks
///
/// Those that runs have named, in the order of their ids.
#[utoipa::path(
    get, path = "/v1/organizations/{org}/tasks", tag = "account", params(IdPage),
    responses((status = 200, description = "A page of tasks.", body = Page<Task>))
)]
pub async fn list_tasks(
    State(app): State<Arc<App>>,
    caller: Caller,
    Ids(organization): Ids<OrganizationId>,
    Query(query): Query<IdPage>,
) -> Result<Response, ApiError> {
    let slice = query.slice()?;
    let cursor: Option<TaskId> = slice.id()?;
    let answer = app.read(&caller, organization, move |view, _| {
        let tasks = &view.account.core().tasks;
        by_id(tasks, cursor.as_ref(), &slice, |id, task| wire::task(id, task, view.policy))
    });
    answer.await
}

/// Say how many failures in a row make a task need attention
#[utoipa::path(
    put, path = "/v1/organizations/{org}/tasks/{task}", tag = "account", request_body = TaskSettings,
    responses((status = 200, description = "The task is as asked.", body = TaskAnswer))
)]
pub async fn put_task(
    State(app): State<Arc<App>>,
    caller: Caller,
    Ids((organization, task)): Ids<(OrganizationId, TaskId)>,
    repeat: Repeat,
    body: JsonBody,
) -> Result<Response, ApiError> {
    let settings: TaskSettings = body.parse()?;
    // What does not fit is out of bounds as well, and the rules say what they are.
    let failures_max = u32::try_from(settings.failures_max).unwrap_or(0);
    ask(&app, &caller, organization, Command::SetTask { task, failures_max }, repeat).await
}

/// Resume a paused task
#[utoipa::path(
    post, path = "/v1/organizations/{org}/tasks/{task}/resume", tag = "account",
    responses((status = 200, description = "Its runs may start.", body = TaskAnswer))
)]
pub async fn resume_task(
    State(app): State<Arc<App>>,
    caller: Caller,
    Ids((organization, task)): Ids<(OrganizationId, TaskId)>,
    repeat: Repeat,
    _: NoBody,
) -> Result<Response, ApiError> {
    ask(&app, &caller, organization, Command::ResumeTask { task }, repeat).await
}

async fn ask(
    app: &App,
    caller: &Caller,
    organization: OrganizationId,
    command: Command,
    repeat: Repeat,
) -> Result<Response, ApiError> {
    let receipt = app.execute(caller, organization, command, repeat).await?;
    let Object::Task(id, task) = &receipt.shown.object else { return Err(misshown()) };
    let task = wire::task(id, task, app.engine.policy());
    let balance = wire::balance(&receipt.shown.balance, &app.settings.public_url);
    Ok(answered(&receipt, StatusCode::OK, &TaskAnswer { task, balance }))
}
