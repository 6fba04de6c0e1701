//! Money that goes back, as facts: refunds and disputes. Each is told as it stands, with how it began, so that whoever hears
//! only of the end of one hears all of it (R8.6).

use super::{
    Stripe,
    client::Form,
    objects::{Dispute, Id, Refund},
    paid::{Payment, parse},
};
use crate::payments::{
    ProviderError,
    fact::{Fact, Told},
};
use ledger::{
    id::{DisputeId, PaymentId, RefundId},
    payment::DisputeOutcome,
};

/// What a refund of this payment says. One that waits for the customer to act has moved nothing yet.
pub fn facts_of_refund(refund: &Refund, payment: PaymentId) -> Result<Vec<Fact>, ProviderError> {
    let id: RefundId = parse("a refund's id", &refund.id)?;
    let made = Fact::Refund { refund: id.clone(), payment, amount: refund.amount };
    match refund.status.as_deref() {
        Some("pending" | "succeeded") | None => Ok(vec![made]),
        Some("failed" | "canceled") => Ok(vec![made, Fact::RefundFailed { refund: id }]),
        Some("requires_action") => Ok(Vec::new()),
        Some(other) => Err(ProviderError::Unexpected(format!("a refund that is {other:?}"))),
    }
}

/// What a dispute over this payment says. An inquiry, and one that was prevented, move no money and are no facts (R8.3).
pub fn facts_of_dispute(dispute: &Dispute, payment: PaymentId) -> Result<Vec<Fact>, ProviderError> {
    let outcome = match dispute.status.as_str() {
        "needs_response" | "under_review" => None,
        "won" => Some(DisputeOutcome::Won),
        "lost" => Some(DisputeOutcome::Lost),
        "prevented" | "charge_refunded" => return Ok(Vec::new()),
        inquiry if inquiry.starts_with("warning_") => return Ok(Vec::new()),
        other => return Err(ProviderError::Unexpected(format!("a dispute that is {other:?}"))),
    };
    let id: DisputeId = parse("a dispute's id", &dispute.id)?;
    let opened = Fact::DisputeOpened { dispute: id.clone(), payment, amount: dispute.amount };
    let closed = outcome.map(|outcome| Fact::DisputeClosed { dispute: id, outcome });
    Ok([opened].into_iter().chain(closed).collect())
}

impl Stripe {
    /// What a refund says, with whose it is. Empty: it is of no payment of ours.
    pub(super) async fn told_by_refund(&self, refund: &Refund) -> Result<Vec<Told>, ProviderError> {
        let payment = self.payment_behind(refund.payment_intent.as_ref(), refund.charge.as_ref()).await?;
        let Some(Payment { organization, id }) = payment else { return Ok(Vec::new()) };
        Ok(told(organization, facts_of_refund(refund, id)?))
    }

    /// What all refunds of a charge say: the charge itself only counts them.
    pub(super) async fn told_by_refunds_of(&self, charge: &str) -> Result<Vec<Told>, ProviderError> {
        let refunds: Vec<Refund> =
            self.client().list("/v1/refunds", &Form::new().with("charge", charge)).await?;
        let mut all = Vec::new();
        for refund in refunds {
            all.extend(self.told_by_refund(&refund).await?);
        }
        Ok(all)
    }

    /// What a dispute says, with whose it is. Empty: it moves nothing, or is over no payment of ours.
    pub(super) async fn told_by_dispute(&self, dispute: &Dispute) -> Result<Vec<Told>, ProviderError> {
        let payment = self.payment_behind(dispute.payment_intent.as_ref(), dispute.charge.as_ref()).await?;
        let Some(Payment { organization, id }) = payment else { return Ok(Vec::new()) };
        Ok(told(organization, facts_of_dispute(dispute, id)?))
    }

    async fn payment_behind(
        &self,
        intent: Option<&Id>,
        charge: Option<&Id>,
    ) -> Result<Option<Payment>, ProviderError> {
        match (intent, charge) {
            (Some(intent), _) => self.payment_by_intent(&intent.0).await,
            (None, Some(charge)) => self.payment_by_charge(&charge.0).await,
            (None, None) => Ok(None),
        }
    }
}

/// One organization's facts.
pub fn told(organization: ledger::id::OrganizationId, facts: Vec<Fact>) -> Vec<Told> {
    facts.into_iter().map(|fact| Told { organization: organization.clone(), fact }).collect()
}
