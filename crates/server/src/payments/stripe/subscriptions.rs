//! How an organization's subscription stands, as a fact. Whatever an event says of it may be out of date when it is read,
//! and a customer may have had several: so Stripe is asked for all of them now, and the one that counts is told.

use super::{
    ORGANIZATION, Stripe,
    client::Form,
    objects::{Invoice, Seconds, Subscription},
    prices::{Sold, sold_by_metadata},
};
use crate::payments::{ProviderError, fact::Fact};
use ledger::{
    Timestamp,
    subscription::{self, SubscriptionStatus},
};

fn status(word: &str) -> Result<SubscriptionStatus, ProviderError> {
    Ok(match word {
        "incomplete" => SubscriptionStatus::Incomplete,
        "trialing" => SubscriptionStatus::Trialing,
        "active" => SubscriptionStatus::Active,
        "past_due" => SubscriptionStatus::PastDue,
        "unpaid" => SubscriptionStatus::Unpaid,
        "paused" => SubscriptionStatus::Paused,
        "canceled" | "incomplete_expired" => SubscriptionStatus::Canceled,
        other => return Err(ProviderError::Unexpected(format!("a subscription that is {other:?}"))),
    })
}

/// Which of several counts: one that runs before one that has stopped, that before one that never began, that before one
/// that is over; among equals the newest.
fn rank(subscription: &Subscription) -> (u8, Option<Seconds>, &str) {
    let stage = match subscription.status.as_str() {
        "active" | "trialing" => 4,
        "past_due" => 3,
        "unpaid" | "paused" => 2,
        "incomplete" => 1,
        _ => 0,
    };
    (stage, subscription.created, &subscription.id)
}

impl Stripe {
    /// The customer's subscription that counts, where it has one to a plan of ours.
    pub(super) async fn subscription_of(
        &self,
        customer: &str,
    ) -> Result<Option<Subscription>, ProviderError> {
        let query = Form::new().with("customer", customer).with("status", "all");
        let all: Vec<Subscription> = self.client().list("/v1/subscriptions", &query).await?;
        let ours = all.into_iter().filter(|subscription| {
            subscription.metadata.contains_key(ORGANIZATION) || self.sold_with(subscription).is_some()
        });
        Ok(ours.max_by(|a, b| rank(a).cmp(&rank(b))))
    }

    /// The customer's subscription that has begun and is not over.
    pub(super) async fn live_subscription_of(
        &self,
        customer: &str,
    ) -> Result<Option<Subscription>, ProviderError> {
        let counts = self.subscription_of(customer).await?;
        Ok(counts.filter(|counts| !counts.is_over() && counts.status != "incomplete"))
    }

    /// The plan and cadence of a subscription: its price's, for that is what is paid; else what we wrote on it.
    pub(super) fn sold_with(&self, subscription: &Subscription) -> Option<Sold> {
        let price = subscription.item().and_then(|item| item.price.as_ref());
        price.and_then(|price| self.sold_by(price)).or_else(|| sold_by_metadata(&subscription.metadata))
    }

    /// How the customer's subscription stands now. None: it never had one.
    pub(super) async fn subscription_fact(&self, customer: &str) -> Result<Option<Fact>, ProviderError> {
        let Some(found) = self.subscription_of(customer).await? else { return Ok(None) };
        let status = status(&found.status)?;
        let (plan, cadence) = self.sold_with(&found).unzip();
        let past_due_since = match status {
            SubscriptionStatus::PastDue => self.past_due_since(&found.id).await?,
            _ => None,
        };
        let subscription = subscription::Subscription {
            status,
            plan,
            cadence: cadence.unwrap_or_default(),
            period: found.period(),
            cancel_at: if found.is_over() { None } else { found.ends_at() },
            past_due_since,
        };
        Ok(Some(Fact::Subscription { subscription }))
    }

    /// Since when the oldest open invoice of a subscription is to be paid: the same however often it is asked.
    async fn past_due_since(&self, subscription: &str) -> Result<Option<Timestamp>, ProviderError> {
        let query = Form::new().with("subscription", subscription).with("status", "open");
        let open: Vec<Invoice> = self.client().list("/v1/invoices", &query).await?;
        Ok(open.iter().filter_map(Invoice::due_since).min())
    }
}
