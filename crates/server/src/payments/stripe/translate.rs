//! From Stripe's events to facts. An event says which object changed; what is told of it follows from the object alone, or
//! from how things stand with Stripe now, so that events may come twice, late and in any order (R8.6).

use super::{
    ORGANIZATION, Stripe,
    objects::{Event, Id},
    reversals::told,
};
use crate::payments::{
    ProviderError,
    fact::{Fact, Told},
};
use ledger::id::OrganizationId;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// The types of events that may say something; to whoever reads a list of events, all others are noise.
pub const TYPES: &[&str] = &[
    "payment_intent.succeeded",
    "payment_intent.payment_failed",
    "payment_intent.canceled",
    "invoice.paid",
    "invoice.payment_succeeded",
    "refund.created",
    "refund.updated",
    "refund.failed",
    "charge.refund.updated",
    "charge.refunded",
    "charge.dispute.created",
    "charge.dispute.updated",
    "charge.dispute.closed",
    "charge.dispute.funds_withdrawn",
    "charge.dispute.funds_reinstated",
    "customer.subscription.created",
    "customer.subscription.updated",
    "customer.subscription.deleted",
    "customer.subscription.paused",
    "customer.subscription.resumed",
    "payment_method.attached",
    "payment_method.detached",
    "setup_intent.succeeded",
    "customer.updated",
];

/// Whether an event of this type is about a subscription.
pub fn is_of_subscription(kind: &str) -> bool {
    kind.starts_with("customer.subscription.")
}

/// Whether an event of this type is about payment methods.
pub fn is_of_methods(kind: &str) -> bool {
    matches!(
        kind,
        "payment_method.attached" | "payment_method.detached" | "setup_intent.succeeded" | "customer.updated"
    )
}

/// Whose the object of an event is, where it says: in its own metadata, in its subscription's, or in its lines'.
pub fn organization_in(object: &Value) -> Option<OrganizationId> {
    let snapshots = [
        "/metadata",
        "/parent/subscription_details/metadata",
        "/subscription_details/metadata",
        "/lines/data/0/metadata",
    ];
    let written = |place: &&str| object.pointer(place)?.get(ORGANIZATION)?.as_str()?.parse().ok();
    snapshots.iter().find_map(written)
}

/// The object of an event, as one of its kind.
fn read<T: DeserializeOwned>(kind: &str, object: &Value) -> Result<T, ProviderError> {
    serde_json::from_value(object.clone())
        .map_err(|error| ProviderError::Unexpected(format!("the object of an event {kind}: {error}")))
}

/// The customer of an object.
pub fn customer_of(object: &Value) -> Option<String> {
    let id: Id = serde_json::from_value(object.get("customer")?.clone()).ok()?;
    Some(id.0)
}

impl Stripe {
    /// What an event says, in the words of the rules. Empty: it is not about us, or moves nothing. `organization` is whose
    /// it is where the event says so, as [`super::Received::organization`].
    pub async fn translate(
        &self,
        organization: Option<&OrganizationId>,
        event: &Value,
    ) -> Result<Vec<Told>, ProviderError> {
        self.translate_object(organization, &read("of Stripe", event)?).await
    }

    /// What an event says that was read.
    pub(super) async fn translate_object(
        &self,
        organization: Option<&OrganizationId>,
        Event { kind, data, .. }: &Event,
    ) -> Result<Vec<Told>, ProviderError> {
        let object = &data.object;
        let written = organization_in(object);
        let organization = organization.or(written.as_ref());
        match kind.as_str() {
            "payment_intent.succeeded" | "payment_intent.payment_failed" | "payment_intent.canceled" => {
                let told = self.told_by_intent(organization, &read(kind, object)?)?;
                Ok(told.into_iter().collect())
            }
            "invoice.paid" | "invoice.payment_succeeded" => {
                let told = self.told_by_invoice(&read(kind, object)?).await?;
                Ok(told.into_iter().collect())
            }
            "refund.created" | "refund.updated" | "refund.failed" | "charge.refund.updated" => {
                self.told_by_refund(&read(kind, object)?).await
            }
            "charge.refunded" => {
                let Id(charge) = read(kind, object)?;
                self.told_by_refunds_of(&charge).await
            }
            dispute if dispute.starts_with("charge.dispute.") => {
                self.told_by_dispute(&read(kind, object)?).await
            }
            changed if is_of_subscription(changed) => {
                let Some(customer) = customer_of(object) else { return Ok(Vec::new()) };
                let fact = self.subscription_fact(&customer).await?;
                self.told_of_customer(organization, &customer, fact).await
            }
            changed if is_of_methods(changed) => {
                self.told_of_methods(organization, kind, object, &data.previous_attributes).await
            }
            _ => Ok(Vec::new()),
        }
    }

    /// What an event about payment methods says.
    async fn told_of_methods(
        &self,
        organization: Option<&OrganizationId>,
        kind: &str,
        object: &Value,
        before: &Value,
    ) -> Result<Vec<Told>, ProviderError> {
        let (customer, is_new) = match kind {
            "payment_method.attached" | "setup_intent.succeeded" => (customer_of(object), true),
            // It has no customer any more.
            "payment_method.detached" => (customer_of(before), false),
            _ => {
                let default = "/invoice_settings/default_payment_method";
                let changed = before.pointer(default).is_some();
                let has_one = object.pointer(default).is_some_and(|default| !default.is_null());
                let customer = object.get("id").and_then(Value::as_str).map(str::to_owned);
                (customer.filter(|_| changed), has_one)
            }
        };
        let Some(customer) = customer else { return Ok(Vec::new()) };
        let fact = self.payment_method_fact(&customer, is_new).await?;
        self.told_of_customer(organization, &customer, fact).await
    }

    async fn told_of_customer(
        &self,
        organization: Option<&OrganizationId>,
        customer: &str,
        fact: Option<Fact>,
    ) -> Result<Vec<Told>, ProviderError> {
        let Some(fact) = fact else { return Ok(Vec::new()) };
        let whose = match organization {
            Some(organization) => Some(organization.clone()),
            None => self.organization_of_customer(customer).await?,
        };
        Ok(whose.map(|organization| told(organization, vec![fact])).unwrap_or_default())
    }
}
