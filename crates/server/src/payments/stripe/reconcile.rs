//! Everything that Stripe knows, as facts, to compare with the ledger: of one organization, or of all of them since an
//! instant. That there is a payment method is not among them, for telling of it again would lift waits (R10.5).

use super::{
    Stripe,
    client::Form,
    objects::{Dispute, Event, Invoice, PaymentIntent, Refund},
    paid::Payment,
    reversals::{facts_of_dispute, facts_of_refund},
    translate::{TYPES, customer_of, is_of_methods, is_of_subscription},
};
use crate::{
    memos,
    payments::{
        ProviderError,
        fact::{Fact, Told},
    },
};
use ledger::{Timestamp, id::OrganizationId};
use std::collections::{BTreeMap, HashSet};

/// Event types that one list may name.
const TYPES_MAX: usize = 20;

impl Stripe {
    /// What Stripe knows of the organization now: its payments with their refunds and disputes, and its subscription.
    pub async fn facts_of(&self, organization: &OrganizationId) -> Result<Vec<Fact>, ProviderError> {
        let Some(customer) = self.known_customer(organization).await? else { return Ok(Vec::new()) };
        let of_customer = Form::new().with("customer", &customer);
        let mut facts: Vec<Fact> = self.subscription_fact(&customer).await?.into_iter().collect();
        let invoices: Vec<Invoice> =
            self.client().list("/v1/invoices", &of_customer.clone().with("status", "paid")).await?;
        for invoice in &invoices {
            let told = for_a_person(&invoice.id, self.told_by_invoice(invoice).await)?;
            facts.extend(told.map(|told| told.fact));
        }
        let intents: Vec<PaymentIntent> = self.client().list("/v1/payment_intents", &of_customer).await?;
        for intent in &intents {
            let told = for_a_person(&intent.id, self.told_by_intent(Some(organization), intent))?;
            facts.extend(told.map(|told| told.fact));
            if intent.status == "succeeded" {
                facts.extend(for_a_person(&intent.id, self.reversals_of(intent).await)?);
            }
        }
        Ok(facts)
    }

    /// How the organization's subscription stands now, by itself: a few calls, where everything takes two for each payment.
    pub async fn standing(&self, organization: &OrganizationId) -> Result<Option<Fact>, ProviderError> {
        match self.known_customer(organization).await? {
            Some(customer) => self.subscription_fact(&customer).await,
            None => Ok(None),
        }
    }

    /// The refunds of a payment and the disputes over it.
    async fn reversals_of(&self, intent: &PaymentIntent) -> Result<Vec<Fact>, ProviderError> {
        let Some(Payment { id, .. }) = self.payment_by_intent(&intent.id).await? else {
            return Ok(Vec::new());
        };
        let of_intent = Form::new().with("payment_intent", &intent.id);
        let mut facts = Vec::new();
        for refund in self.client().list::<Refund>("/v1/refunds", &of_intent).await? {
            facts.extend(facts_of_refund(&refund, id.clone())?);
        }
        for dispute in self.client().list::<Dispute>("/v1/disputes", &of_intent).await? {
            facts.extend(facts_of_dispute(&dispute, id.clone())?);
        }
        Ok(facts)
    }

    /// What happened since an instant, to whomever. Read twice over: from the objects that were made since, and from
    /// Stripe's events, which it keeps for 30 days and which also tell of older objects that changed. What is not understood
    /// is left out and logged: it must not keep everything else from being compared.
    pub async fn told_since(&self, since: Timestamp) -> Result<Vec<Told>, ProviderError> {
        let made = Form::new().with("created[gte]", since.micros().div_euclid(1_000_000));
        let mut all = Vec::new();
        for intent in self.client().list::<PaymentIntent>("/v1/payment_intents", &made).await? {
            all.extend(for_a_person(&intent.id, self.told_by_intent(None, &intent))?);
        }
        let paid = made.clone().with("status", "paid");
        for invoice in self.client().list::<Invoice>("/v1/invoices", &paid).await? {
            all.extend(for_a_person(&invoice.id, self.told_by_invoice(&invoice).await)?);
        }
        for refund in self.client().list::<Refund>("/v1/refunds", &made).await? {
            all.extend(for_a_person(&refund.id, self.told_by_refund(&refund).await)?);
        }
        for dispute in self.client().list::<Dispute>("/v1/disputes", &made).await? {
            all.extend(for_a_person(&dispute.id, self.told_by_dispute(&dispute).await)?);
        }
        all.extend(self.told_by_events(&made).await?);
        Ok(once_each(all))
    }

    async fn told_by_events(&self, made: &Form) -> Result<Vec<Told>, ProviderError> {
        let mut all = Vec::new();
        // By customer, the last event of each: all of them would say how the subscription stands now.
        let mut subscriptions: BTreeMap<String, Event> = BTreeMap::new();
        for types in TYPES.chunks(TYPES_MAX) {
            let query = types.iter().fold(made.clone(), |query, kind| query.with("types[]", kind));
            // Newest first is how Stripe lists them; they are told as they happened.
            for event in self.client().list::<Event>("/v1/events", &query).await?.into_iter().rev() {
                if is_of_methods(&event.kind) {
                    continue;
                }
                if is_of_subscription(&event.kind) {
                    subscriptions.extend(customer_of(&event.data.object).map(|customer| (customer, event)));
                } else {
                    let told = self.translate_object(None, &event).await;
                    all.extend(for_a_person(&event.id, told)?);
                }
            }
        }
        for event in subscriptions.values() {
            all.extend(for_a_person(&event.id, self.translate_object(None, event).await)?);
        }
        Ok(all)
    }
}

/// Leaves out what is not understood, and says so once, here.
fn for_a_person<T: Default>(id: &str, told: Result<T, ProviderError>) -> Result<T, ProviderError> {
    match told {
        Err(ProviderError::Unexpected(why)) => {
            tracing::warn!(
                object = id,
                why,
                "what Stripe says of this is not understood; somebody has to look"
            );
            Ok(T::default())
        }
        told => told,
    }
}

/// The same without repeats, in the order of the first telling.
fn once_each(mut all: Vec<Told>) -> Vec<Told> {
    let mut known = HashSet::new();
    all.retain(|told| known.insert((told.organization.clone(), memos::body(&told.fact))));
    all
}
