//! Changing a subscription (R4.6, R4.7). What takes effect now does so when it is paid, and not at all otherwise; what
//! waits for the renewal date is a schedule of Stripe's, which can be withdrawn. Each order looks first how things stand,
//! so that it may be given again.

use super::{
    Stripe,
    client::{Failure, Form},
    key_for_once,
    objects::{Id, Item, Made, Subscription},
    paid::Upgrade,
    prices::{interval, with_sold},
};
use crate::{
    clock,
    payments::{ProviderError, SubscriptionOrder},
};
use ledger::{
    Duration, Timestamp,
    id::OrganizationId,
    subscription::{ChangePreview, Period},
};
use sha2::{Digest, Sha256};

/// How far ahead a change still counts as one of now.
const NOW: Duration = Duration::from_micros(60_000_000);

/// What a change is charged and how it is billed, beside what is changed.
struct Billing<'a> {
    item: &'a Item,
    price: String,
    period: Period,
}

impl Stripe {
    /// Carries out an order for the organization's subscription.
    pub async fn order(
        &self,
        organization: &OrganizationId,
        order: &SubscriptionOrder,
    ) -> Result<(), ProviderError> {
        let none = || ProviderError::Refused("there is no subscription: start one first".into());
        let customer = self.known_customer(organization).await?.ok_or_else(none)?;
        let subscription = self.live_subscription_of(&customer).await?.ok_or_else(none)?;
        match order {
            SubscriptionOrder::Change(change) => self.change(&subscription, change, clock::now()).await,
            SubscriptionOrder::Withdraw => self.withdraw(&subscription).await,
            SubscriptionOrder::Cancel => {
                // A schedule would forbid it, and would go on after the end.
                self.withdraw(&subscription).await?;
                self.end_with_period(&subscription, true).await
            }
            SubscriptionOrder::Resume => self.end_with_period(&subscription, false).await,
        }
    }

    async fn change(
        &self,
        subscription: &Subscription,
        change: &ChangePreview,
        now: Timestamp,
    ) -> Result<(), ProviderError> {
        let price = self.price_of(&change.plan, change.cadence).await?;
        let unclear =
            || ProviderError::Unexpected(format!("the subscription {} has no period", subscription.id));
        let (item, period) = subscription.item().zip(subscription.period()).ok_or_else(unclear)?;
        if item.price.as_ref().is_some_and(|known| known.id == price) {
            return Ok(());
        }
        let billing = Billing { item, price, period };
        // By the plans themselves where they are known: the instant comes from a period that Stripe may have ended meanwhile,
        // and a downgrade must not take effect inside the next one.
        let had = self.sold_with(subscription);
        let known = had.and_then(|had| self.is_at_once(&had, &change.plan, change.cadence));
        if known.unwrap_or(change.effective_at <= now.after(NOW)) {
            self.change_now(subscription, change, billing).await
        } else {
            self.change_later(subscription, change, billing).await
        }
    }

    /// Changes the subscription if its invoice is paid. Another cadence begins a period of its own, in full; another plan
    /// costs the difference for the time left.
    async fn change_now(
        &self,
        subscription: &Subscription,
        change: &ChangePreview,
        Billing { item, price, period }: Billing<'_>,
    ) -> Result<(), ProviderError> {
        let path = format!("/v1/subscriptions/{}", subscription.id);
        let known = item.price.as_ref().and_then(|price| price.recurring.as_ref());
        let same_cadence = known.is_some_and(|recurring| recurring.interval == interval(change.cadence));
        if same_cadence {
            // In a request of its own: one that may stay pending takes no metadata. The invoice keeps what is written now.
            let upgrade = Upgrade { plan: &change.plan, until: period.end, credits: change.new_allowance };
            self.client().post::<Made>(&path, &upgrade.form(), &key_for_once()?).await?;
        }
        let form = Form::new()
            .with("items[0][id]", &item.id)
            .with("items[0][price]", &price)
            .with("payment_behavior", "pending_if_incomplete")
            .with("proration_behavior", if same_cadence { "always_invoice" } else { "none" });
        let form = if same_cadence { form } else { form.with("billing_cycle_anchor[type]", "now") };
        let key = key_for_change(subscription, item, &price);
        let changed: Subscription = self.client().post(&path, &form, &key).await?;
        if changed.pending_update.is_none() || self.was_paid_after_all(&changed, &price).await? {
            return Ok(());
        }
        Err(ProviderError::Refused(
            "the card was not charged, so nothing has changed: update the payment method and try again, or make the change in the billing portal, where a bank can be answered"
                .into(),
        ))
    }

    /// Withdraws a change whose invoice was not paid at once, so that nobody pays later for what was given up. Where that is
    /// not possible any more, because it was paid in this very moment, it has taken effect.
    async fn was_paid_after_all(&self, subscription: &Subscription, price: &str) -> Result<bool, Failure> {
        match self.withdraw_pending(subscription).await {
            Err(Failure::Refused(_)) => {}
            withdrawn => return withdrawn.map(|()| false),
        }
        let path = format!("/v1/subscriptions/{}", subscription.id);
        let now: Subscription = self.client().get(&path, &Form::new()).await?;
        Ok(now.item().and_then(|item| item.price.as_ref()).is_some_and(|known| known.id == price))
    }

    async fn withdraw_pending(&self, subscription: &Subscription) -> Result<(), Failure> {
        if let (Some(_), Some(Id(invoice))) = (&subscription.pending_update, &subscription.latest_invoice) {
            let path = format!("/v1/invoices/{invoice}/void");
            let key = format!("coulomb-void-{invoice}");
            self.client().post::<Made>(&path, &Form::new(), &key).await?;
        }
        Ok(())
    }

    /// Plans the change for the end of the period.
    async fn change_later(
        &self,
        subscription: &Subscription,
        change: &ChangePreview,
        Billing { item, price, period }: Billing<'_>,
    ) -> Result<(), ProviderError> {
        let schedule = match &subscription.schedule {
            Some(Id(id)) => id.clone(),
            None => {
                let from = Form::new().with("from_subscription", &subscription.id);
                // A subscription has one schedule at most, so no second one is made however often it is asked for.
                let path = "/v1/subscription_schedules";
                let made: Made = self.client().post(path, &from, &key_for_once()?).await?;
                made.id
            }
        };
        let seconds = |instant: Timestamp| instant.micros().div_euclid(1_000_000);
        let now_paid = item.price.as_ref().map(|price| price.id.as_str()).unwrap_or_default();
        let form = Form::new()
            .with("end_behavior", "release")
            .with("proration_behavior", "none")
            .with("phases[0][start_date]", seconds(period.start))
            .with("phases[0][end_date]", seconds(period.end))
            .with("phases[0][items][0][price]", now_paid)
            .with("phases[0][items][0][quantity]", 1)
            .with("phases[1][start_date]", seconds(period.end))
            .with("phases[1][duration][interval]", interval(change.cadence))
            .with("phases[1][duration][interval_count]", 1)
            .with("phases[1][items][0][price]", &price)
            .with("phases[1][items][0][quantity]", 1)
            .with("phases[1][proration_behavior]", "none");
        let form = with_sold(form, "phases[1][metadata]", &change.plan, change.cadence);
        let path = format!("/v1/subscription_schedules/{schedule}");
        self.client().post::<Made>(&path, &form, &key_for_once()?).await?;
        Ok(())
    }

    /// Withdraws what is planned, or waits for its payment.
    async fn withdraw(&self, subscription: &Subscription) -> Result<(), ProviderError> {
        if let Some(Id(schedule)) = &subscription.schedule {
            let path = format!("/v1/subscription_schedules/{schedule}/release");
            self.client().post::<Made>(&path, &Form::new(), &key_for_once()?).await?;
        }
        Ok(self.withdraw_pending(subscription).await?)
    }

    async fn end_with_period(&self, subscription: &Subscription, ends: bool) -> Result<(), ProviderError> {
        if subscription.ends_at().is_some() == ends {
            return Ok(());
        }
        let by_date = !ends && !subscription.cancel_at_period_end;
        let form = match by_date {
            true => Form::new().with("cancel_at", ""),
            false => Form::new().with("cancel_at_period_end", ends),
        };
        let path = format!("/v1/subscriptions/{}", subscription.id);
        self.client().post::<Made>(&path, &form, &key_for_once()?).await?;
        Ok(())
    }
}

/// The same for the same change of the same subscription as it stands, so that it is charged once even where it is asked
/// again while the first request is still under way; another once something was invoiced, so that what was declined can be
/// asked for anew. A digest, as keys are short.
fn key_for_change(subscription: &Subscription, item: &Item, price: &str) -> String {
    let invoice = subscription.latest_invoice.as_ref().map(|id| id.0.as_str()).unwrap_or_default();
    let had = item.price.as_ref().map(|price| price.id.as_str()).unwrap_or_default();
    let state = [subscription.id.as_str(), item.id.as_str(), had, invoice, price].join("\n");
    let digest: String = Sha256::digest(state).iter().map(|byte| format!("{byte:02x}")).collect();
    format!("coulomb-change-{digest}")
}
