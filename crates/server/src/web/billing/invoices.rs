//! The Payment method and Invoices cards, the page of all invoices, and the way to the provider's own pages. Invoices are the
//! provider's: one that does not answer in time takes nothing else of the page down.

use super::{Card, books::Books, portal_button, step};
use crate::{
    copy::say,
    error::ApiError,
    http::extract::{Query, Slice, id_cursor},
    money::money,
    payments::{Invoice, InvoiceStatus, Invoices, PortalStep, ProviderError},
    web::{
        figures::time,
        icons::icon,
        visit::{Posted, Visit},
    },
};
use axum::response::Response;
use maud::{Markup, html};
use serde::Deserialize;
use std::time::Duration;

/// Invoices on the card.
const FIRST: usize = 6;

/// Invoices on a page of them.
const PAGE: usize = 50;

/// The longest that the card waits for the provider: an open page shows a change within two seconds, with or without it.
const CARD_WAIT_MAX: Duration = Duration::from_secs(1);

/// The longest that the page of all invoices waits.
const PAGE_WAIT_MAX: Duration = Duration::from_secs(10);

/// The Payment method card.
pub fn payment_method(visit: &Visit, books: &Books) -> Markup {
    let sells = visit.app.cashier.provider().sells();
    let (title, note) = match books.recharge.payment_method {
        true => (say!(visit, "billing-method-saved"), say!(visit, "billing-method-saved-note")),
        false => (say!(visit, "billing-method-none"), say!(visit, "billing-method-none-note")),
    };
    let body = html! {
        div.row {
            svg width="40" height="28" viewBox="0 0 40 28" aria-hidden="true" {
                rect x=".5" y=".5" width="39" height="27" rx="4.5" fill="none" stroke="var(--edge)" {}
                path d="M.5 8.5h39" stroke="var(--edge)" stroke-width="4" {}
                path d="M6 20h9M26 20h8" stroke="var(--ink-2)" stroke-width="2" {}
            }
            div.grow { b { (title) } p.small.quiet { (note) } }
            @if sells { (portal_button(visit, "payment_method", "", &say!(visit, "action-update_payment_method"))) }
        }
        @if !sells {
            p.quiet { (say!(visit, "billing-method-elsewhere")) }
            (super::buy::to_product(visit))
        }
    };
    let steps = &["update_payment_method"];
    Card { place: "payment", title: say!(visit, "billing-payment"), steps, aside: html! {}, body }.show()
}

/// A page of them, or nothing where the provider does not answer as it should.
async fn load(visit: &Visit, after: Option<&str>, limit: usize, wait: Duration) -> Option<Invoices> {
    let asked = visit.app.cashier.invoices(&visit.organization, after, limit);
    match in_time(asked, wait).await {
        Ok(invoices) => Some(invoices),
        Err(error) => {
            tracing::warn!(organization = %visit.organization, error, "invoices cannot be shown");
            None
        }
    }
}

/// What came of it, or why nothing did, for the log.
async fn in_time(
    asked: impl Future<Output = Result<Invoices, ProviderError>>,
    wait: Duration,
) -> Result<Invoices, String> {
    match tokio::time::timeout(wait, asked).await {
        Ok(answered) => answered.map_err(|error| error.to_string()),
        Err(_) => Err("the payment provider does not answer in time".into()),
    }
}

/// The Invoices card.
pub async fn card(visit: &Visit) -> Markup {
    let sells = visit.app.cashier.provider().sells();
    let loaded = load(visit, None, FIRST, CARD_WAIT_MAX).await;
    let more = loaded.as_ref().is_some_and(|page| page.next.is_some());
    let aside = html! {
        @if more { a.small href=(visit.path("billing/invoices")) { (say!(visit, "billing-invoices-all")) } }
    };
    let body = html! {
        @match loaded {
            None => { (cannot_be_loaded(visit, "billing#invoices")) }
            Some(page) if !page.invoices.is_empty() => { div { (table(visit, &page.invoices, "invoices-h")) } }
            Some(_) if sells => { p.quiet { (say!(visit, "billing-invoices-none")) } }
            Some(_) => { p.quiet { (say!(visit, "billing-invoices-elsewhere")) } (super::buy::to_product(visit)) }
        }
    };
    Card { place: "invoices", title: say!(visit, "billing-invoices"), steps: &[], aside, body }.show()
}

fn cannot_be_loaded(visit: &Visit, again: &str) -> Markup {
    html! {
        div.row role="status" {
            (icon("unknown"))
            p.grow { (say!(visit, "billing-invoices-away")) }
            a.btn href=(visit.path(again)) { (say!(visit, "try-again")) }
        }
    }
}

fn table(visit: &Visit, invoices: &[Invoice], heading: &str) -> Markup {
    html! {
        table.fold role="table" aria-labelledby=(heading) {
            thead role="rowgroup" {
                tr role="row" {
                    th role="columnheader" scope="col" { (say!(visit, "billing-invoice-date")) }
                    th role="columnheader" scope="col" { (say!(visit, "billing-invoice-for")) }
                    th role="columnheader" scope="col" { (say!(visit, "billing-invoice-state")) }
                    th.n role="columnheader" scope="col" { (say!(visit, "billing-invoice-amount")) }
                    th role="columnheader" scope="col" { span.sr { (say!(visit, "billing-invoice-document")) } }
                }
            }
            tbody role="rowgroup" { @for invoice in invoices { (row(visit, invoice)) } }
        }
    }
}

fn row(visit: &Visit, invoice: &Invoice) -> Markup {
    let what: Vec<&str> = invoice.lines.iter().map(|(line, _)| line.as_str()).collect();
    let number = invoice.number.as_deref().unwrap_or(&invoice.id);
    let link = |url: &str, word: String, named: String| {
        html! { a href=(url) aria-label=(named) rel="noreferrer" { (word) } }
    };
    html! {
        tr role="row" {
            th role="rowheader" scope="row" { (time(invoice.created_at, visit.copy.date(invoice.created_at))) }
            td.full role="cell" { (what.join(", ")) " " span.quiet.nb.mono { (number) } }
            td role="cell" { (state(visit, invoice.status)) }
            td.n role="cell" { (money(invoice.total, &invoice.currency)) }
            td.end role="cell" {
                @if let Some(url) = &invoice.pdf {
                    (link(url, say!(visit, "billing-invoice-pdf"), say!(visit, "billing-invoice-pdf-of", number = number)))
                } @else if let Some(url) = &invoice.url {
                    (link(url, say!(visit, "billing-invoice-view"), say!(visit, "billing-invoice-view-of", number = number)))
                }
            }
        }
    }
}

fn state(visit: &Visit, status: InvoiceStatus) -> String {
    match status {
        InvoiceStatus::Draft => say!(visit, "billing-invoice-draft"),
        InvoiceStatus::Open => say!(visit, "billing-invoice-open"),
        InvoiceStatus::Paid => say!(visit, "billing-invoice-paid"),
        InvoiceStatus::Void => say!(visit, "billing-invoice-void"),
        InvoiceStatus::Uncollectible => say!(visit, "billing-invoice-uncollectible"),
    }
}

/// Where the page of invoices begins.
#[derive(Deserialize)]
pub struct After {
    cursor: Option<String>,
}

/// All invoices, page by page.
pub async fn all(Query(after): Query<After>, visit: Visit) -> Result<Response, ApiError> {
    let slice = Slice { limit: PAGE, cursor: after.cursor };
    let loaded = load(&visit, slice.invoice()?.as_deref(), PAGE, PAGE_WAIT_MAX).await;
    let next = loaded.as_ref().and_then(|page| page.next.as_deref()).map(id_cursor);
    let title = say!(visit, "billing-invoices");
    let body = html! {
        section.card aria-labelledby="all-h" {
            div.card-head { h2 #all-h { (say!(visit, "billing-invoices-newest")) } }
            @match loaded {
                None => { (cannot_be_loaded(&visit, "billing/invoices")) }
                Some(page) if page.invoices.is_empty() => { p.quiet { (say!(visit, "billing-invoices-none")) } }
                Some(page) => { div { (table(&visit, &page.invoices, "all-h")) } }
            }
            @if let Some(next) = next {
                div { a.btn href=(visit.path(&format!("billing/invoices?cursor={next}"))) { (say!(visit, "billing-older")) } }
            }
        }
    };
    Ok(step(&visit, &title, body))
}

/// To the provider's own pages.
pub async fn portal(Posted { visit, form }: Posted) -> Result<Response, ApiError> {
    let (place, back) = match form.get("step") {
        "payment_method" => (PortalStep::PaymentMethod, "billing#payment"),
        _ => (PortalStep::Home, "billing"),
    };
    let url = visit.app.cashier.portal(&visit.organization, place, &visit.address(back)).await?;
    Ok(visit.lead(&url))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_provider_that_is_away_or_silent_takes_nothing_down() {
        let silent = in_time(std::future::pending(), Duration::ZERO).await;
        assert!(silent.is_err_and(|why| why.contains("in time")));
        let away = async { Err(ProviderError::Unavailable("refused".into())) };
        assert!(in_time(away, PAGE_WAIT_MAX).await.is_err_and(|why| why.contains("refused")));
        assert!(in_time(async { Ok(Invoices::default()) }, PAGE_WAIT_MAX).await.is_ok());
    }
}
