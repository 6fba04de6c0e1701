//! Charging a card without a person (R10.6). However often the same recharge is asked for, the card is charged once: the
//! idempotency key is its id, and where it was asked for before, Stripe is first asked what came of that, because it
//! forgets keys after a day.

use super::{
    CREDITS, ORGANIZATION, PURPOSE, RECHARGE, Stripe,
    client::{Complaint, Failure, Form},
    objects::{PaymentError, PaymentIntent},
    paid::{fact_of_intent, reason_of},
};
use crate::payments::{Charged, ProviderError, Recharge, fact::Fact};
use ledger::{Duration, id::OrganizationId};

/// How far the clock of this server may be behind Stripe's where an earlier attempt is looked for.
const CLOCKS_APART: Duration = Duration::hours(24);

impl Stripe {
    /// Charges the organization's card for an automatic purchase. Whatever is not an error is certain.
    pub async fn charge(
        &self,
        organization: &OrganizationId,
        recharge: &Recharge,
    ) -> Result<Charged, ProviderError> {
        let none = || {
            let reason = "there is no card that can be charged".into();
            Ok(Charged::Settled(Fact::RechargeDeclined { recharge: recharge.id.clone(), reason }))
        };
        let Some(customer) = self.known_customer(organization).await? else { return none() };
        if recharge.again
            && let Some(earlier) = self.earlier_attempt(&customer, recharge).await?
        {
            return self.outcome(earlier).await;
        }
        let Some(method) = self.payment_method_of(&customer).await? else { return none() };
        let form = form(organization, recharge, &customer, &method);
        match self.client().post("/v1/payment_intents", &form, recharge.id.as_str()).await {
            Ok(intent) => self.outcome(intent).await,
            Err(Failure::Card(complaint)) => self.declined(recharge, *complaint).await,
            // It was asked for before, with another card: only what came of that counts.
            Err(Failure::Refused(complaint)) if complaint.is_key_used_otherwise() => {
                match self.earlier_attempt(&customer, recharge).await? {
                    Some(earlier) => self.outcome(earlier).await,
                    None => Err(ProviderError::Unavailable("an earlier attempt is still under way".into())),
                }
            }
            Err(failure) => match ProviderError::from(failure) {
                // A certain no: nothing was charged, and asking again would not help.
                ProviderError::Refused(reason) => {
                    Ok(Charged::Settled(Fact::RechargeDeclined { recharge: recharge.id.clone(), reason }))
                }
                error => Err(error),
            },
        }
    }

    /// The payment that was begun for this recharge before, if one was.
    async fn earlier_attempt(
        &self,
        customer: &str,
        recharge: &Recharge,
    ) -> Result<Option<PaymentIntent>, Failure> {
        let since = recharge.requested_at.micros().saturating_sub(CLOCKS_APART.micros());
        let query = Form::new().with("customer", customer).with("created[gte]", since.div_euclid(1_000_000));
        let intents: Vec<PaymentIntent> = self.client().list("/v1/payment_intents", &query).await?;
        Ok(intents
            .into_iter()
            .find(|intent| intent.metadata.get(RECHARGE).map(String::as_str) == Some(recharge.id.as_str())))
    }

    /// What came of a payment that was begun.
    async fn outcome(&self, intent: PaymentIntent) -> Result<Charged, ProviderError> {
        if intent.status == "processing" {
            return Ok(Charged::Pending);
        }
        let intent = match fact_of_intent(&intent)? {
            Some(fact) => return Ok(Charged::Settled(fact)),
            // It waits for somebody, and nobody is there; whoever came later would pay for what was given up.
            None => self.give_up(intent).await?,
        };
        match fact_of_intent(&intent)? {
            Some(fact) => Ok(Charged::Settled(fact)),
            None => Ok(Charged::Pending),
        }
    }

    /// What a decline says. One that waits for the cardholder is given up for good.
    async fn declined(&self, recharge: &Recharge, complaint: Complaint) -> Result<Charged, ProviderError> {
        let Complaint { code, decline_code, message, payment_intent, .. } = complaint;
        let waits =
            [&code, &decline_code].iter().any(|code| code.as_deref() == Some("authentication_required"));
        if let Some(intent) = payment_intent.clone().filter(|_| waits) {
            let intent = self.give_up(intent).await?;
            if intent.status == "succeeded" {
                return self.outcome(intent).await;
            }
        }
        let said = payment_intent.and_then(|intent| intent.last_payment_error);
        let reason = reason_of(&said.unwrap_or(PaymentError { code, decline_code, message }));
        Ok(Charged::Settled(Fact::RechargeDeclined { recharge: recharge.id.clone(), reason }))
    }

    /// Cancels a payment. Where it cannot be cancelled any more, it is as it has become meanwhile.
    async fn give_up(&self, intent: PaymentIntent) -> Result<PaymentIntent, Failure> {
        let path = format!("/v1/payment_intents/{}", intent.id);
        let form = Form::new().with("cancellation_reason", "abandoned");
        let key = format!("coulomb-cancel-{}", intent.id);
        match self.client().post(&format!("{path}/cancel"), &form, &key).await {
            Err(Failure::Refused(_)) => self.client().get(&path, &Form::new()).await,
            cancelled => cancelled,
        }
    }
}

fn form(organization: &OrganizationId, recharge: &Recharge, customer: &str, method: &str) -> Form {
    Form::new()
        .with("amount", recharge.price)
        .with("currency", recharge.currency.to_lowercase())
        .with("customer", customer)
        .with("payment_method", method)
        .with("off_session", true)
        .with("confirm", true)
        // Whatever the account accepts, but nothing that leads a browser elsewhere: there is none.
        .with("automatic_payment_methods[enabled]", true)
        .with("automatic_payment_methods[allow_redirects]", "never")
        .with("description", format!("{} credits", recharge.credits))
        .with(format!("metadata[{ORGANIZATION}]"), organization)
        .with(format!("metadata[{PURPOSE}]"), "recharge")
        .with(format!("metadata[{CREDITS}]"), recharge.credits)
        .with(format!("metadata[{RECHARGE}]"), &recharge.id)
}
