//! Batches: up to a thousand runtime commands of any organizations in one request, each standing for itself.

use super::{
    App,
    conventions::{self, RequestId, Shown},
    extract::{Caller, JsonBody, explain},
    runs,
    wire::known,
};
use crate::{
    engine::{EngineError, Receipt},
    error::ApiError,
};
use api::{
    batch::{Batch, BatchAnswer, BatchCommand, BatchDocument, BatchDone},
    run::{NewCharge, NewRun},
};
use axum::{
    Extension,
    extract::State,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use ledger::{
    command::{Command, Request},
    event::Actor,
    id::OrganizationId,
};
use serde_json::value::RawValue;
use std::sync::Arc;

/// What is known of a command before the engine is asked.
enum Place {
    /// Asked: the next of the engine's answers is its, under this status where it is done.
    Asked(StatusCode),
    /// Not asked: it was malformed.
    Wrong(ApiError),
}

/// Carry out many runtime commands
///
/// Up to 1,000 starts, usages, settlements, releases and charges, of any organizations, carried out in order and answered in
/// order. Each stands for itself: one that is refused or malformed fails alone.
#[utoipa::path(
    post, path = "/v1/batch", tag = "runtime", request_body = BatchDocument,
    responses((status = 200, description = "One answer for each command, in order.", body = BatchAnswer))
)]
pub async fn batch(
    State(app): State<Arc<App>>,
    caller: Caller,
    Extension(id): Extension<RequestId>,
    body: JsonBody,
) -> Result<Response, ApiError> {
    let batch: Batch<'_> = body.parse()?;
    if batch.commands.len() > Batch::COMMANDS_MAX {
        let detail = format!("at most {} commands in one batch", Batch::COMMANDS_MAX);
        return Err(ApiError::field("/commands", detail));
    }
    let actor = caller.actor();
    let mut requests = Vec::with_capacity(batch.commands.len());
    let places: Vec<Place> = batch
        .commands
        .iter()
        .map(|command| match read(command, &caller, &actor) {
            Ok((organization, request, status)) => {
                requests.push((organization, request));
                Place::Asked(status)
            }
            Err(error) => Place::Wrong(error),
        })
        .collect();
    drop(batch);
    let answers = if requests.is_empty() { Vec::new() } else { app.engine.execute_all(requests).await? };
    Ok(write(&app.settings.public_url, id.as_str(), places, answers))
}

fn read(
    command: &RawValue,
    caller: &Caller,
    actor: &Actor,
) -> Result<(OrganizationId, Request, StatusCode), ApiError> {
    let bytes = command.get().as_bytes();
    let command: BatchCommand<'_> =
        serde_json::from_slice(bytes).map_err(|_| explain::<BatchCommand<'_>>(bytes))?;
    let (organization, command, status) = match command {
        BatchCommand::Start { organization, id, kind, hold, task, member, hold_lifetime, metadata } => {
            caller.may_name(member.as_ref())?;
            let wait_for_recharge_ms = None;
            let new = NewRun { id, kind, hold, task, member, hold_lifetime, metadata, wait_for_recharge_ms };
            (organization, runs::start(new)?, StatusCode::CREATED)
        }
        BatchCommand::Usage { organization, run, id, amount } => {
            (organization, runs::usage(known(&run), &id, amount), StatusCode::OK)
        }
        BatchCommand::Settle { organization, run, used, outcome } => {
            (organization, runs::settle(known(&run), used, outcome), StatusCode::OK)
        }
        BatchCommand::Release { organization, run } => {
            (organization, Command::Release { run: known(&run) }, StatusCode::OK)
        }
        BatchCommand::Charge { organization, id, kind, used, member, metadata } => {
            caller.may_name(member.as_ref())?;
            let new = NewCharge { id, kind, used, member, metadata };
            (organization, runs::charged(new), StatusCode::CREATED)
        }
    };
    Ok((known(&organization), Request::new(command, actor.clone(), None), status))
}

/// Writes all answers into one buffer.
fn write(
    public_url: &str,
    request_id: &str,
    places: Vec<Place>,
    answers: Vec<Result<Receipt, EngineError>>,
) -> Response {
    let mut bytes = Vec::with_capacity(64 + places.len() * 1_200);
    let mut answers = answers.into_iter();
    bytes.extend_from_slice(b"{\"results\":[");
    for (number, place) in places.into_iter().enumerate() {
        if number > 0 {
            bytes.push(b',');
        }
        let failed = match place {
            Place::Wrong(error) => Some(error),
            Place::Asked(status) => match answers.next() {
                Some(Ok(receipt)) => done(&mut bytes, &receipt, status, public_url).err(),
                Some(Err(error)) => Some(error.into()),
                None => Some(ApiError::fault("the engine answered fewer commands than it was asked")),
            },
        };
        if let Some(error) = failed {
            failure(&mut bytes, &error, request_id, public_url);
        }
    }
    bytes.extend_from_slice(b"]}");
    (StatusCode::OK, [(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))], bytes)
        .into_response()
}

fn done(
    bytes: &mut Vec<u8>,
    receipt: &Receipt,
    status: StatusCode,
    public_url: &str,
) -> Result<(), ApiError> {
    let answer = runs::run_answer(receipt, public_url)?;
    let done = BatchDone {
        status: status.as_u16(),
        replayed: receipt.replayed,
        run: answer.run,
        balance: answer.balance,
    };
    serde_json::to_writer(bytes, &done).map_err(|error| ApiError::fault(error.to_string()))
}

fn failure(bytes: &mut Vec<u8>, error: &ApiError, request_id: &str, public_url: &str) {
    if let Some(inside) = &error.told().inside {
        tracing::error!(request_id, code = error.told().code, error = inside, "fault");
    }
    let written = conventions::with_problem(public_url, request_id, error, |shown| match shown {
        Shown::Start(start) => serde_json::to_writer(bytes, &start),
        Shown::Other(problem) => serde_json::to_writer(bytes, &problem),
    });
    written.expect("a problem is plain data");
}
