//! Money as a host with its own provider reports it: payments, refunds, disputes, the payment method (R8). Every fact may
//! come late, twice or out of order.

use super::{
    App,
    conventions::{answered, changed, json},
    extract::{Caller, Ids, JsonBody, NoBody, Query, Repeat},
    grants::NumberPage,
    reading::paged,
    subscription::period,
    wire::{self, credits, known, maybe, timestamp},
};
use crate::{
    engine::{Object, Receipt},
    error::ApiError,
};
use api::{
    Page,
    account::Changed,
    money::{DisputeClosing, NewDispute, NewPayment, NewRefund, Payment, PaymentAnswer, PaymentMethod},
};
use axum::{extract::State, http::StatusCode, response::Response};
use ledger::{
    command::Command,
    id::{DisputeId, OrganizationId, RefundId},
};
use std::sync::Arc;

/// The command of a payment.
pub fn payment(new: &NewPayment<'_>) -> Result<Command, ApiError> {
    Ok(Command::RecordPayment {
        payment: known(&new.id),
        purpose: wire::to_purpose(new.purpose),
        paid: new.paid,
        currency: new.currency.to_ascii_uppercase(),
        credits: new.credits.map(credits),
        expires_at: new.expires_at.map(timestamp),
        period: period(new.period_start, new.period_end)?,
        recharge: maybe(new.recharge.as_ref()),
    })
}

/// The command of a refund.
pub fn refund(new: &NewRefund<'_>) -> Command {
    Command::RecordRefund { refund: known(&new.id), payment: known(&new.payment), amount: new.amount }
}

/// The command of a dispute.
pub fn dispute(new: &NewDispute<'_>) -> Command {
    Command::OpenDispute { dispute: known(&new.id), payment: known(&new.payment), amount: new.amount }
}

/// The command of a dispute's end.
pub fn close(dispute: DisputeId, outcome: api::money::DisputeOutcome) -> Command {
    Command::CloseDispute { dispute, outcome: wire::to_dispute_outcome(outcome) }
}

/// The payment that was meant, and the balance. Where the payment is not known the report waits for it: 202, also when it
/// comes again.
fn reported(app: &App, receipt: &Receipt, status: StatusCode) -> Response {
    let balance = &receipt.shown.balance;
    let (payment, grant) = match &receipt.shown.object {
        Object::Payment(payment, grant) => (Some(wire::payment(payment)), grant.as_ref()),
        _ => (None, None),
    };
    let waiting = receipt.waiting || payment.is_none();
    let answer = PaymentAnswer {
        payment,
        grant: grant.map(|grant| wire::grant(grant, balance.entitled, balance.as_of)),
        balance: wire::balance(balance, &app.settings.public_url),
    };
    answered(receipt, if waiting { StatusCode::ACCEPTED } else { status }, &answer)
}

/// List payments
///
/// Newest first, with their refunds and disputes.
#[utoipa::path(
    get, path = "/v1/organizations/{org}/payments", tag = "money", params(NumberPage),
    responses((status = 200, description = "A page of payments.", body = Page<Payment>))
)]
pub async fn list_payments(
    State(app): State<Arc<App>>,
    caller: Caller,
    Ids(organization): Ids<OrganizationId>,
    Query(query): Query<NumberPage>,
) -> Result<Response, ApiError> {
    let (before, limit) = query.slice()?;
    app.read(&caller, organization.clone(), |_, _| ()).await?;
    let page = app.page(organization, move |store, id| store.payments(id, before, limit)).await?;
    Ok(json(StatusCode::OK, &paged(&page, wire::payment)))
}

/// Report a payment
///
/// What it bought is granted; a repayment pays open debt first.
#[utoipa::path(
    post, path = "/v1/organizations/{org}/payments", tag = "external", request_body = NewPayment,
    responses((status = 201, description = "Recorded.", body = PaymentAnswer))
)]
pub async fn report_payment(
    State(app): State<Arc<App>>,
    caller: Caller,
    Ids(organization): Ids<OrganizationId>,
    body: JsonBody,
) -> Result<Response, ApiError> {
    let command = payment(&body.parse()?)?;
    let receipt = app.execute(&caller, organization, command, Repeat(None)).await?;
    Ok(reported(&app, &receipt, StatusCode::CREATED))
}

/// Report a refund
#[utoipa::path(
    post, path = "/v1/organizations/{org}/refunds", tag = "external", request_body = NewRefund,
    responses(
        (status = 201, description = "Recorded, and its credits recovered.", body = PaymentAnswer),
        (status = 202, description = "Recorded; it waits for its payment.", body = PaymentAnswer),
    )
)]
pub async fn report_refund(
    State(app): State<Arc<App>>,
    caller: Caller,
    Ids(organization): Ids<OrganizationId>,
    body: JsonBody,
) -> Result<Response, ApiError> {
    let command = refund(&body.parse()?);
    let receipt = app.execute(&caller, organization, command, Repeat(None)).await?;
    Ok(reported(&app, &receipt, StatusCode::CREATED))
}

/// Report that a refund failed
#[utoipa::path(
    post, path = "/v1/organizations/{org}/refunds/{refund}/fail", tag = "external",
    responses(
        (status = 200, description = "Recorded, and the refund reversed.", body = PaymentAnswer),
        (status = 202, description = "Recorded; it waits for its refund or payment.", body = PaymentAnswer),
    )
)]
pub async fn fail_refund(
    State(app): State<Arc<App>>,
    caller: Caller,
    Ids((organization, refund)): Ids<(OrganizationId, RefundId)>,
    _: NoBody,
) -> Result<Response, ApiError> {
    let receipt = app.execute(&caller, organization, Command::FailRefund { refund }, Repeat(None)).await?;
    Ok(reported(&app, &receipt, StatusCode::OK))
}

/// Report a dispute
///
/// Its unspent credits are frozen; an inquiry that moves no money (`amount` 0) changes nothing.
#[utoipa::path(
    post, path = "/v1/organizations/{org}/disputes", tag = "external", request_body = NewDispute,
    responses(
        (status = 201, description = "Recorded, and its credits recovered.", body = PaymentAnswer),
        (status = 202, description = "Recorded; it waits for its payment.", body = PaymentAnswer),
    )
)]
pub async fn report_dispute(
    State(app): State<Arc<App>>,
    caller: Caller,
    Ids(organization): Ids<OrganizationId>,
    body: JsonBody,
) -> Result<Response, ApiError> {
    let command = dispute(&body.parse()?);
    let receipt = app.execute(&caller, organization, command, Repeat(None)).await?;
    Ok(reported(&app, &receipt, StatusCode::CREATED))
}

/// Report the end of a dispute
#[utoipa::path(
    post, path = "/v1/organizations/{org}/disputes/{dispute}/close", tag = "external", request_body = DisputeClosing,
    responses(
        (status = 200, description = "Recorded, and what follows from it done.", body = PaymentAnswer),
        (status = 202, description = "Recorded; it waits for its dispute or payment.", body = PaymentAnswer),
    )
)]
pub async fn close_dispute(
    State(app): State<Arc<App>>,
    caller: Caller,
    Ids((organization, dispute)): Ids<(OrganizationId, DisputeId)>,
    body: JsonBody,
) -> Result<Response, ApiError> {
    let closing: DisputeClosing = body.parse()?;
    let command = close(dispute, closing.outcome);
    let receipt = app.execute(&caller, organization, command, Repeat(None)).await?;
    Ok(reported(&app, &receipt, StatusCode::OK))
}

/// Report whether there is a reusable payment method
#[utoipa::path(
    put, path = "/v1/organizations/{org}/payment_method", tag = "external", request_body = PaymentMethod,
    responses((status = 200, description = "Recorded.", body = Changed))
)]
pub async fn put_payment_method(
    State(app): State<Arc<App>>,
    caller: Caller,
    Ids(organization): Ids<OrganizationId>,
    repeat: Repeat,
    body: JsonBody,
) -> Result<Response, ApiError> {
    let method: PaymentMethod = body.parse()?;
    let command = Command::SetPaymentMethod { present: method.present };
    Ok(changed(&app, &app.execute(&caller, organization, command, repeat).await?))
}
