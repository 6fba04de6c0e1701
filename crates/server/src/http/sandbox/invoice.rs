//! An invoice of the sandbox as a page to read and to print.

use super::{
    super::{App, extract::Ids},
    checkout::name,
    frame::{self, Frame, time},
    provider,
};
use crate::{
    error::ApiError,
    money::money,
    payments::sandbox::{Due, WrittenInvoice},
};
use axum::{extract::State, http::StatusCode, response::Response};
use ledger::id::OrganizationId;
use maud::{Markup, html};
use std::sync::Arc;

/// Shows it.
pub async fn show_invoice(
    State(app): State<Arc<App>>,
    Ids((organization, token, id)): Ids<(OrganizationId, String, String)>,
) -> Result<Response, ApiError> {
    let found = provider(&app)?.invoice_of(&organization, &token, &id).await?;
    let Some(invoice) = found else {
        return Ok(frame::gone("There is no such invoice.", "Open it again from the list of invoices."));
    };
    let name = name(&app, &organization).await?;
    let title = format!("Invoice {}", invoice.number);
    let frame = Frame { title: &title, organization: &name, class: "sheet", leads_to: None };
    Ok(frame.around(StatusCode::OK, &sheet(&invoice, &name)))
}

/// Where it stands, in a tag.
pub fn state(due: Due) -> Markup {
    let (tone, icon, word) = match due {
        Due::Open => ("stop", frame::MIND, "Open"),
        Due::Paid => ("ok", frame::CHECK, "Paid"),
        Due::Void => ("none", frame::CROSS, "Void"),
    };
    html! { span.tag data-tone=(tone) { (frame::icon(icon)) (word) } }
}

fn sheet(invoice: &WrittenInvoice, name: &str) -> Markup {
    let total = money(invoice.total, &invoice.currency);
    html! {
        div.page-head { h1 { "Invoice " span.mono { (invoice.number) } } (state(invoice.due)) }
        section.card aria-labelledby="for" {
            div.card-head { h2 #for { "For " (name) } span.small.quiet { "Made " (time(invoice.created_at)) } }
            dl.lines {
                div { dt { (invoice.line) } dd { (total) } }
                @if let Some(period) = invoice.period {
                    div { dt { "For the time from" } dd { (time(period.start)) } }
                    div { dt { "until" } dd { (time(period.end)) } }
                }
                div.rule { dt { b { "Total" } } dd { b { (total) } } }
                @if let Some((payment, at)) = &invoice.payment {
                    div { dt { "Paid" } dd { (time(*at)) } }
                    div { dt { "Payment" } dd { span.mono { (payment) } } }
                }
                @if invoice.due == Due::Open { div { dt { "To be paid" } dd { (total) } } }
            }
            @if invoice.due == Due::Void { p { "This invoice does not count any more. Nothing is to be paid." } }
        }
        p.small.quiet { "An invoice of Coulomb's sandbox: no money has moved, and none is owed." }
    }
}
