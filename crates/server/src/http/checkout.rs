//! Where people pay: the provider's own pages, and the invoices that it has written. Credits arrive on the provider's
//! confirmation, never because a person came back (R10.7).

use super::{
    App,
    conventions::json,
    extract::{Caller, Ids, JsonBody, Query},
    organizations::IdPage,
    wire::{self, instant, known, wire_id},
};
use crate::{
    error::ApiError,
    payments::{self, cashier::Wanted},
};
use api::{
    Page,
    money::{Address, Invoice, InvoiceLine, InvoiceStatus, NewCheckout, NewPortal, PortalStep},
};
use axum::{extract::State, http::StatusCode, response::Response};
use ledger::{id::OrganizationId, subscription::Cadence};
use std::sync::Arc;

/// Sell something
///
/// A page of the payment provider where a person pays for a pack, a plan, or exactly what is owed.
#[utoipa::path(
    post, path = "/v1/organizations/{org}/checkout", tag = "money", request_body = NewCheckout,
    responses((status = 201, description = "Where to send the person.", body = Address))
)]
pub async fn create_checkout(
    State(app): State<Arc<App>>,
    caller: Caller,
    Ids(organization): Ids<OrganizationId>,
    body: JsonBody,
) -> Result<Response, ApiError> {
    let new: NewCheckout<'_> = body.parse()?;
    let wanted = wanted(&new)?;
    app.read(&caller, organization.clone(), |_, _| ()).await?;
    let url = app.cashier.checkout(&organization, &wanted, &new.return_url).await?;
    Ok(json(StatusCode::CREATED, &Address { url: &url }))
}

fn wanted(new: &NewCheckout<'_>) -> Result<Wanted, ApiError> {
    match (&new.pack, &new.plan, new.shortfall) {
        (Some(_), _, _) | (_, _, Some(true)) if new.cadence.is_some() => {
            Err(ApiError::field("/cadence", "only a plan has a cadence"))
        }
        (Some(pack), None, None | Some(false)) => Ok(Wanted::Pack(pack.clone())),
        (None, Some(plan), None | Some(false)) => {
            let cadence = new.cadence.map_or(Cadence::Monthly, wire::to_cadence);
            Ok(Wanted::Plan(known(plan), cadence))
        }
        (None, None, Some(true)) => Ok(Wanted::Shortfall),
        _ => Err(ApiError::field("", "say one of `pack`, `plan` and `shortfall: true`")),
    }
}

/// Open the billing portal
///
/// A page of the payment provider where a person sees invoices, changes payment methods, and cancels.
#[utoipa::path(
    post, path = "/v1/organizations/{org}/portal", tag = "money", request_body = NewPortal,
    responses((status = 201, description = "Where to send the person.", body = Address))
)]
pub async fn create_portal(
    State(app): State<Arc<App>>,
    caller: Caller,
    Ids(organization): Ids<OrganizationId>,
    body: JsonBody,
) -> Result<Response, ApiError> {
    let new: NewPortal = body.parse()?;
    let step = match new.step {
        None | Some(PortalStep::Home) => payments::PortalStep::Home,
        Some(PortalStep::PaymentMethod) => payments::PortalStep::PaymentMethod,
        Some(PortalStep::Cancel) => payments::PortalStep::Cancel,
        Some(PortalStep::Update) => payments::PortalStep::Update,
    };
    app.read(&caller, organization.clone(), |_, _| ()).await?;
    let url = app.cashier.portal(&organization, step, &new.return_url).await?;
    Ok(json(StatusCode::CREATED, &Address { url: &url }))
}

/// List invoices
///
/// As the payment provider has them, newest first.
#[utoipa::path(
    get, path = "/v1/organizations/{org}/invoices", tag = "money", params(IdPage),
    responses((status = 200, description = "A page of invoices.", body = Page<Invoice>))
)]
pub async fn list_invoices(
    State(app): State<Arc<App>>,
    caller: Caller,
    Ids(organization): Ids<OrganizationId>,
    Query(query): Query<IdPage>,
) -> Result<Response, ApiError> {
    let slice = query.slice()?;
    app.read(&caller, organization.clone(), |_, _| ()).await?;
    let after: Option<String> = slice.invoice()?;
    let page = app.cashier.invoices(&organization, after.as_deref(), slice.limit).await?;
    let data = page.invoices.iter().map(invoice).collect();
    let next_cursor = page.next.as_deref().map(super::extract::id_cursor);
    Ok(json(StatusCode::OK, &Page { data, next_cursor }))
}

fn invoice(invoice: &payments::Invoice) -> Invoice<'_> {
    Invoice {
        id: &invoice.id,
        number: invoice.number.as_deref(),
        status: match invoice.status {
            payments::InvoiceStatus::Draft => InvoiceStatus::Draft,
            payments::InvoiceStatus::Open => InvoiceStatus::Open,
            payments::InvoiceStatus::Paid => InvoiceStatus::Paid,
            payments::InvoiceStatus::Void => InvoiceStatus::Void,
            payments::InvoiceStatus::Uncollectible => InvoiceStatus::Uncollectible,
        },
        created_at: instant(invoice.created_at),
        total: invoice.total,
        currency: &invoice.currency,
        lines: invoice
            .lines
            .iter()
            .map(|(description, amount)| InvoiceLine { description, amount: *amount })
            .collect(),
        payment: invoice.payment.as_ref().map(|payment| wire_id!(payment)),
        url: invoice.url.as_deref(),
        pdf: invoice.pdf.as_deref(),
    }
}
