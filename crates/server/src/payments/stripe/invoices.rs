//! The organization's invoices, as Stripe has them: for people to look at, not for the ledger.

use super::{Stripe, client::Form, objects};
use crate::payments::{Invoice, InvoiceStatus, Invoices, ProviderError};
use ledger::{Timestamp, id::OrganizationId};

/// The most invoices on one page, which is Stripe's own limit.
const PAGE_MAX: usize = 100;

impl Stripe {
    /// A page of the organization's invoices, newest first, after the one that the last page ended with.
    pub async fn invoices(
        &self,
        organization: &OrganizationId,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Invoices, ProviderError> {
        let Some(customer) = self.known_customer(organization).await? else { return Ok(Invoices::default()) };
        let mut query = Form::new().with("customer", customer).with("limit", limit.clamp(1, PAGE_MAX));
        if let Some(after) = after {
            query = query.with("starting_after", after);
        }
        let page: objects::List<objects::Invoice> = self.client().get("/v1/invoices", &query).await?;
        let next = page.data.last().filter(|_| page.has_more).map(|last| last.id.clone());
        let invoices = page.data.into_iter().map(shown).collect::<Result<_, _>>()?;
        Ok(Invoices { invoices, next })
    }
}

fn shown(invoice: objects::Invoice) -> Result<Invoice, ProviderError> {
    let status = match invoice.status.as_deref() {
        Some("open") => InvoiceStatus::Open,
        Some("paid") => InvoiceStatus::Paid,
        Some("void") => InvoiceStatus::Void,
        Some("uncollectible") => InvoiceStatus::Uncollectible,
        Some("draft") | None => InvoiceStatus::Draft,
        Some(other) => return Err(ProviderError::Unexpected(format!("an invoice that is {other:?}"))),
    };
    let paid = status == InvoiceStatus::Paid && invoice.subscription().is_some();
    let lines = invoice.lines.data.iter();
    Ok(Invoice {
        payment: paid.then(|| invoice.id.parse().ok()).flatten(),
        number: invoice.number,
        status,
        created_at: invoice.created.map_or(Timestamp::MIN, objects::Seconds::instant),
        total: invoice.total,
        currency: invoice.currency.to_uppercase(),
        lines: lines.map(|line| (line.description.clone().unwrap_or_default(), line.amount)).collect(),
        url: invoice.hosted_invoice_url,
        pdf: invoice.invoice_pdf,
        id: invoice.id,
    })
}
