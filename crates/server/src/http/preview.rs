//! What if (R9.5): a command decided on a copy of the account, changing nothing.

use super::{
    App, auto_recharge,
    conventions::{RequestId, Shown, json, with_problem},
    extract::{Caller, Ids, JsonBody},
    grants, payments, runs, subscription,
    wire::{self, known},
};
use crate::{engine::EngineError, error::ApiError};
use api::preview::{Preview, PreviewAnswer, PreviewCommand, PreviewRefusal};
use axum::{Extension, extract::State, http::StatusCode, response::Response};
use ledger::{
    command::{Command, Request},
    id::OrganizationId,
    refusal::Refusal,
    status::Balance,
};
use std::sync::Arc;

/// Preview a command
///
/// Decides it on a copy of the account and answers with the balance that would result. A command that would be refused is
/// answered too, with the refusal as data.
#[utoipa::path(
    post, path = "/v1/organizations/{org}/preview", tag = "account", request_body = Preview,
    responses((status = 200, description = "What the command would do; nothing was changed.", body = PreviewAnswer))
)]
pub async fn preview(
    State(app): State<Arc<App>>,
    caller: Caller,
    Ids(organization): Ids<OrganizationId>,
    Extension(id): Extension<RequestId>,
    body: JsonBody,
) -> Result<Response, ApiError> {
    let asked: Preview<'_> = body.parse()?;
    let command = command(asked.command, &caller)?;
    let request = Request::new(command, caller.actor(), None);
    let url = &app.settings.public_url;
    let refusal = match app.engine.preview(organization.clone(), request).await {
        Ok(receipt) => {
            let balance = wire::balance(&receipt.shown.balance, url);
            return Ok(json(StatusCode::OK, &PreviewAnswer { allowed: true, balance, refusal: None }));
        }
        // Whoever may not ask for it may not ask what it would do, and what is not there has no balance.
        Err(EngineError::Refused(refusal)) if !is_about_the_caller(&refusal) => refusal,
        Err(error) => return Err(error.into()),
    };
    let balance: Balance = match &refusal {
        Refusal::Start(start) => start.balance.clone(),
        _ => {
            let actor = caller.actor();
            app.read(&caller, organization, move |view, _| {
                view.account.balance(view.policy, view.now, &actor)
            })
            .await?
        }
    };
    let refusal = ApiError::from(refusal);
    Ok(with_problem(url, id.as_str(), &refusal, |shown| {
        let refusal = match shown {
            Shown::Start(start) => PreviewRefusal::Start(start),
            Shown::Other(problem) => PreviewRefusal::Other(Box::new(problem)),
        };
        let balance = wire::balance(&balance, url);
        json(StatusCode::OK, &PreviewAnswer { allowed: false, balance, refusal: Some(refusal) })
    }))
}

fn is_about_the_caller(refusal: &Refusal) -> bool {
    matches!(refusal, Refusal::UnknownOrganization | Refusal::Forbidden { .. } | Refusal::NotAMember { .. })
}

fn command(command: PreviewCommand<'_>, caller: &Caller) -> Result<Command, ApiError> {
    Ok(match command {
        PreviewCommand::Start(new) => {
            caller.may_name(new.member.as_ref())?;
            runs::start(new)?
        }
        PreviewCommand::Usage { run, id, amount } => runs::usage(known(&run), &id, amount),
        PreviewCommand::Settle { run, used, outcome } => runs::settle(known(&run), used, outcome),
        PreviewCommand::Release { run } => Command::Release { run: known(&run) },
        PreviewCommand::Charge(new) => {
            caller.may_name(new.member.as_ref())?;
            runs::charged(new)
        }
        PreviewCommand::Grant(new) => grants::grant(new),
        PreviewCommand::Payment(new) => payments::payment(&new)?,
        PreviewCommand::Refund(new) => payments::refund(&new),
        PreviewCommand::FailRefund { refund } => Command::FailRefund { refund: known(&refund) },
        PreviewCommand::Dispute(new) => payments::dispute(&new),
        PreviewCommand::CloseDispute { dispute, outcome } => payments::close(known(&dispute), outcome),
        PreviewCommand::WriteOff { debt, amount, reason } => {
            Command::WriteOff { debt: known(&debt), amount: amount.map(wire::credits), reason }
        }
        PreviewCommand::Subscription(report) => subscription::report(&report)?,
        PreviewCommand::ChangeSubscription(wanted) => subscription::change(&wanted),
        PreviewCommand::AutoRecharge(settings) => auto_recharge::set(&settings),
        PreviewCommand::PaymentMethod(method) => Command::SetPaymentMethod { present: method.present },
    })
}
