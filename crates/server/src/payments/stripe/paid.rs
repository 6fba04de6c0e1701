//! Money that came in, as facts. A one-time payment is told by its PaymentIntent, never by the Checkout session it came
//! through, and a subscription's by its invoice: one payment has one id (R8.1), whatever told of it.

use super::{
    CADENCE, CREDITS, ORGANIZATION, PLAN, PURPOSE, RECHARGE, Stripe, UPGRADE_CREDITS, UPGRADE_PLAN,
    UPGRADE_UNTIL,
    client::Form,
    objects::{Charge, Id, Invoice, InvoicePayment, Line, List, Metadata, PaymentError, PaymentIntent},
    organization_of,
    prices::{Sold, sold_by_metadata},
};
use crate::payments::{
    ProviderError,
    fact::{Fact, Told},
};
use ledger::{
    Credits, Timestamp,
    credits::MICROS_PER_CREDIT,
    id::{OrganizationId, PaymentId, PlanKey, RechargeId},
    payment::PaymentPurpose,
    subscription::{Cadence, Period},
};
use std::str::FromStr;

/// How the reason of a decline begins that a person can cure by confirming the payment.
const REQUIRES_ACTION: &str = "requires_action: the bank wants the cardholder to confirm the payment";

/// A payment that the ledger knows, or will.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Payment {
    /// Whose.
    pub organization: OrganizationId,
    /// Its id in the ledger.
    pub id: PaymentId,
}

/// Reads what Stripe or we wrote on an object.
pub fn parse<T: FromStr>(what: &str, text: &str) -> Result<T, ProviderError> {
    text.parse().map_err(|_| ProviderError::Unexpected(format!("{what} cannot be {text:?}")))
}

fn purpose(word: &str) -> Result<PaymentPurpose, ProviderError> {
    match word {
        "top_up" => Ok(PaymentPurpose::TopUp),
        "repayment" => Ok(PaymentPurpose::Repayment),
        "recharge" => Ok(PaymentPurpose::Recharge),
        _ => Err(ProviderError::Unexpected(format!("{PURPOSE} cannot be {word:?}"))),
    }
}

/// What a payment without an invoice says: that it was paid, or that an automatic purchase was declined. None: it is not
/// ours, or not over.
pub fn fact_of_intent(intent: &PaymentIntent) -> Result<Option<Fact>, ProviderError> {
    let Some(word) = intent.metadata.get(PURPOSE) else { return Ok(None) };
    let purpose = purpose(word)?;
    let recharge = match intent.metadata.get(RECHARGE) {
        Some(id) if purpose == PaymentPurpose::Recharge => Some(parse::<RechargeId>(RECHARGE, id)?),
        _ => None,
    };
    if intent.status != "succeeded" {
        return Ok(recharge.filter(|_| is_declined(intent)).map(|recharge| decline(recharge, intent)));
    }
    let credits = intent.metadata.get(CREDITS).map(String::as_str).unwrap_or_default();
    Ok(Some(Fact::Payment {
        payment: parse("a payment's id", &intent.id)?,
        purpose,
        paid: intent.amount_received.unwrap_or(intent.amount),
        currency: intent.currency.to_uppercase(),
        credits: Some(parse::<Credits>(CREDITS, credits)?),
        period: None,
        recharge,
    }))
}

/// Whether nothing will come of a payment that was asked for without a person: one that waits for a person was tried in
/// vain, and nobody will confirm it.
fn is_declined(intent: &PaymentIntent) -> bool {
    match intent.status.as_str() {
        "canceled" => true,
        "requires_payment_method" => intent.last_payment_error.is_some(),
        _ => false,
    }
}

/// The decline of an automatic purchase, in the same words whoever tells of it.
fn decline(recharge: RechargeId, intent: &PaymentIntent) -> Fact {
    let reason = match &intent.last_payment_error {
        Some(error) => reason_of(error),
        None => REQUIRES_ACTION.into(),
    };
    Fact::RechargeDeclined { recharge, reason }
}

/// Why a card was not charged, in plain words.
pub fn reason_of(error: &PaymentError) -> String {
    let code = error.decline_code.as_deref().or(error.code.as_deref()).unwrap_or_default();
    let plain = match code {
        "authentication_required" | "payment_intent_authentication_failure" => return REQUIRES_ACTION.into(),
        "insufficient_funds" => "there is not enough money on the card",
        "expired_card" => "the card has expired",
        "lost_card" | "stolen_card" | "pickup_card" | "restricted_card" => "the card is blocked",
        "incorrect_cvc" | "invalid_cvc" | "incorrect_number" | "invalid_number" => {
            "the card's details are wrong"
        }
        "card_velocity_exceeded" | "withdrawal_count_limit_exceeded" => "the card's limit is reached",
        "currency_not_supported" => "the card does not take this currency",
        "processing_error" | "try_again_later" | "issuer_not_available" => "the bank could not be reached",
        "card_declined" | "generic_decline" | "do_not_honor" | "fraudulent" | "" => "the bank declined",
        other => return format!("the bank declined: {}", other.replace('_', " ")),
    };
    plain.into()
}

/// What an invoice keeps of what we wrote on its subscription.
fn written_on(invoice: &Invoice) -> Metadata {
    let names = [PLAN, CADENCE, UPGRADE_PLAN, UPGRADE_UNTIL, UPGRADE_CREDITS];
    let written = names.into_iter().filter_map(|name| {
        invoice.subscription_metadata(name).map(|value| (name.to_owned(), value.to_owned()))
    });
    written.collect()
}

/// The upgrade that was last asked for here, as it is written on the subscription. It stays there, so it says to which plan
/// and in which period it was: a later one on Stripe's own pages is not taken for it.
pub struct Upgrade<'a> {
    /// To which plan.
    pub plan: &'a PlanKey,
    /// The end of the period it is inside.
    pub until: Timestamp,
    /// The credits it brings.
    pub credits: Credits,
}

impl Upgrade<'_> {
    /// Writes it down.
    pub fn form(&self) -> Form {
        Form::new()
            .with(format!("metadata[{UPGRADE_PLAN}]"), self.plan)
            .with(format!("metadata[{UPGRADE_UNTIL}]"), self.until)
            .with(format!("metadata[{UPGRADE_CREDITS}]"), self.credits)
    }

    fn read(written: &Metadata, sold: &Sold, until: Timestamp) -> Result<Option<Credits>, ProviderError> {
        let is = |name: &str, value: String| written.get(name) == Some(&value);
        match written.get(UPGRADE_CREDITS) {
            Some(credits) if is(UPGRADE_PLAN, sold.0.to_string()) && is(UPGRADE_UNTIL, until.to_string()) => {
                Ok(Some(parse(UPGRADE_CREDITS, credits)?))
            }
            _ => Ok(None),
        }
    }
}

/// The credits for what is left of a period, in proportion, rounded up to a whole credit (R4.7).
fn share_of_period(credits: Credits, left: Period, cadence: Cadence) -> Credits {
    let back = match cadence {
        Cadence::Monthly => "-P1M",
        Cadence::Annual => "-P1Y",
    };
    let start = left.end.plus_iso(back).unwrap_or(Timestamp::MIN);
    let whole = i128::from(left.end.since(start).micros().max(1));
    let part = i128::from(left.end.since(left.start).micros()).min(whole);
    // A credit has a million parts and a period fewer than 10^14 microseconds, so the product fits 128 bits.
    let micros = i128::from(credits.micros()).saturating_mul(part);
    let one = i128::from(MICROS_PER_CREDIT).saturating_mul(whole);
    let wholes = micros.saturating_add(one.saturating_sub(1)).checked_div(one).unwrap_or(0);
    i64::try_from(wholes).ok().and_then(Credits::whole).unwrap_or(credits)
}

impl Stripe {
    /// What a payment without an invoice says, with whose it is.
    pub(super) fn told_by_intent(
        &self,
        told_of: Option<&OrganizationId>,
        intent: &PaymentIntent,
    ) -> Result<Option<Told>, ProviderError> {
        let Some(fact) = fact_of_intent(intent)? else { return Ok(None) };
        let organization = organization_of(&intent.metadata).or_else(|| told_of.cloned());
        Ok(organization.map(|organization| Told { organization, fact }))
    }

    /// What a paid invoice says. None: it is not about a subscription of ours.
    pub(super) async fn told_by_invoice(&self, invoice: &Invoice) -> Result<Option<Told>, ProviderError> {
        if invoice.status.as_deref() != Some("paid") || invoice.subscription().is_none() {
            return Ok(None);
        }
        let lines = self.lines_of(invoice).await?;
        let Some((purpose, line, credits)) = self.bought_by(invoice, &lines).await? else { return Ok(None) };
        let Some(organization) = self.organization_of_invoice(invoice).await? else { return Ok(None) };
        let fact = Fact::Payment {
            payment: parse("an invoice's id", &invoice.id)?,
            purpose,
            paid: invoice.amount_paid,
            currency: invoice.currency.to_uppercase(),
            credits: Some(credits),
            period: line.period(),
            recharge: None,
        };
        Ok(Some(Told { organization, fact }))
    }

    /// All its lines: with the invoice itself come the first few.
    async fn lines_of(&self, invoice: &Invoice) -> Result<Vec<Line>, ProviderError> {
        if !invoice.lines.has_more {
            return Ok(invoice.lines.data.clone());
        }
        Ok(self.client().list(&format!("/v1/invoices/{}/lines", invoice.id), &Form::new()).await?)
    }

    /// Whose an invoice is: written on its subscription, else on its customer.
    pub(super) async fn organization_of_invoice(
        &self,
        invoice: &Invoice,
    ) -> Result<Option<OrganizationId>, ProviderError> {
        if let Some(organization) = invoice.subscription_metadata(ORGANIZATION) {
            return Ok(Some(parse(ORGANIZATION, organization)?));
        }
        match &invoice.customer {
            Some(customer) => Ok(self.organization_of_customer(&customer.0).await?),
            None => Ok(None),
        }
    }

    /// What an invoice bought, and the line that says so. A line for a whole period is a renewal, with the allowance of its
    /// plan (R4.5); only lines for a part of one are an upgrade (R4.7), with the credits that were written on the
    /// subscription when it was asked for. Anything else is not ours.
    async fn bought_by<'a>(
        &self,
        invoice: &Invoice,
        lines: &'a [Line],
    ) -> Result<Option<(PaymentPurpose, &'a Line, Credits)>, ProviderError> {
        let mut unnamed = None;
        for line in lines.iter().filter(|line| line.is_renewal()) {
            if let Some(sold) = self.sold_by_line(line).await? {
                return Ok(Some((PaymentPurpose::Renewal, line, self.allowance(&sold)?)));
            }
            unnamed = unnamed.or(Some(line));
        }
        if let Some(line) = unnamed {
            // A price that says nothing, of a subscription that says all.
            let sold = sold_by_metadata(&written_on(invoice));
            let credits = sold.map(|sold| self.allowance(&sold)).transpose()?;
            return Ok(credits.map(|credits| (PaymentPurpose::Renewal, line, credits)));
        }
        let upgrade = self.upgrade_by(invoice, lines).await?;
        Ok(upgrade.map(|(line, credits)| (PaymentPurpose::Upgrade, line, credits)))
    }

    /// The upgrade that an invoice with lines for parts of a period is for: the dearest of them is for what the subscription
    /// became, the one that gives most back for what it was. Its credits were previewed and written down where it was asked
    /// for here; where a person upgraded on Stripe's own pages, they are worked out the same way (R4.7).
    async fn upgrade_by<'a>(
        &self,
        invoice: &Invoice,
        lines: &'a [Line],
    ) -> Result<Option<(&'a Line, Credits)>, ProviderError> {
        let parts = || lines.iter().filter(|line| line.is_proration());
        let (Some(to), Some(from)) =
            (parts().max_by_key(|line| line.amount), parts().min_by_key(|line| line.amount))
        else {
            return Ok(None);
        };
        let (Some(sold), Some(left)) = (self.sold_by_line(to).await?, to.period()) else { return Ok(None) };
        if let Some(credits) = Upgrade::read(&written_on(invoice), &sold, left.end)? {
            return Ok(Some((to, credits)));
        }
        let Some(had) = self.sold_by_line(from).await? else { return Ok(None) };
        let more = self.allowance(&sold)?.minus_or_zero(self.allowance(&had)?);
        Ok(Some((to, share_of_period(more, left, sold.1))))
    }

    async fn sold_by_line(&self, line: &Line) -> Result<Option<Sold>, ProviderError> {
        if let Some(sold) = line.price().and_then(|price| self.sold_by(price)) {
            return Ok(Some(sold));
        }
        match line.price_id() {
            Some(price) => self.sold_by_id(price).await,
            None => Ok(None),
        }
    }

    /// The payment that this PaymentIntent is, or the invoice it paid. None: it is not ours.
    pub(super) async fn payment_by_intent(&self, id: &str) -> Result<Option<Payment>, ProviderError> {
        let path = format!("/v1/payment_intents/{id}");
        let found: Option<PaymentIntent> = self.client().find(&path, &Form::new()).await?;
        let Some(intent) = found else { return Ok(None) };
        if intent.metadata.contains_key(PURPOSE) {
            let payment = parse("a payment's id", &intent.id)?;
            let organization = organization_of(&intent.metadata);
            return Ok(organization.map(|organization| Payment { organization, id: payment }));
        }
        let invoice = match intent.invoice {
            Some(invoice) => Some(invoice),
            None => self.invoice_paid_by(id).await?,
        };
        match invoice {
            Some(invoice) => self.payment_by_invoice(&invoice.0).await,
            None => Ok(None),
        }
    }

    /// The invoice that a PaymentIntent paid, as newer versions keep it.
    async fn invoice_paid_by(&self, intent: &str) -> Result<Option<Id>, ProviderError> {
        let query = Form::new()
            .with("payment[type]", "payment_intent")
            .with("payment[payment_intent]", intent)
            .with("limit", 1);
        let found: Option<List<InvoicePayment>> = self.client().find("/v1/invoice_payments", &query).await?;
        Ok(found.and_then(|found| found.data.into_iter().next()?.invoice))
    }

    async fn payment_by_invoice(&self, id: &str) -> Result<Option<Payment>, ProviderError> {
        let path = format!("/v1/invoices/{id}");
        let found: Option<Invoice> = self.client().find(&path, &Form::new()).await?;
        let told = match &found {
            Some(invoice) => self.told_by_invoice(invoice).await?,
            None => None,
        };
        Ok(told.and_then(|Told { organization, fact }| match fact {
            Fact::Payment { payment, .. } => Some(Payment { organization, id: payment }),
            _ => None,
        }))
    }

    /// The payment behind a charge, which older versions name alone.
    pub(super) async fn payment_by_charge(&self, id: &str) -> Result<Option<Payment>, ProviderError> {
        let path = format!("/v1/charges/{id}");
        let found: Option<Charge> = self.client().find(&path, &Form::new()).await?;
        match found {
            Some(Charge { payment_intent: Some(intent), .. }) => self.payment_by_intent(&intent.0).await,
            Some(Charge { invoice: Some(invoice), .. }) => self.payment_by_invoice(&invoice.0).await,
            _ => Ok(None),
        }
    }
}
