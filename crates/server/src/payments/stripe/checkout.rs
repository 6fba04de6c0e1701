//! Stripe's own pages: Checkout, where a person pays, and the billing portal. What a page was opened for is no fact; that
//! something was paid is told by the payment itself (R10.7).

use super::{
    CREDITS, ORGANIZATION, PURPOSE, Stripe, client::Form, key_for_once, objects::Made, prices::with_sold,
};
use crate::payments::{Bought, PortalStep, ProviderError, Purchase};
use ledger::{
    Credits,
    id::{OrganizationId, PlanKey},
    subscription::Cadence,
};
use url::Url;

impl Stripe {
    /// Opens a page on which a person pays for this, and says where it is. Afterwards the person is at the return URL, with
    /// `checkout=done` or `checkout=cancelled` added to its query.
    pub async fn checkout(
        &self,
        organization: &OrganizationId,
        purchase: &Purchase,
        return_url: &str,
    ) -> Result<String, ProviderError> {
        let customer = self.customer(organization).await?;
        let form = Form::new()
            .with("customer", &customer)
            .with("client_reference_id", organization)
            .with(format!("metadata[{ORGANIZATION}]"), organization)
            .with("success_url", returning(return_url, "done")?)
            .with("cancel_url", returning(return_url, "cancelled")?);
        let form = match &purchase.bought {
            Bought::Credits(credits) => one_time(form, organization, purchase, "top_up", *credits),
            Bought::Repayment(credits) => one_time(form, organization, purchase, "repayment", *credits),
            Bought::Plan { plan, cadence, .. } => {
                if self.live_subscription_of(&customer).await?.is_some() {
                    return Err(ProviderError::Refused(
                        "there is a subscription already: change it instead of buying a second one".into(),
                    ));
                }
                self.recurring(form, organization, plan, *cadence).await?
            }
        };
        self.page("/v1/checkout/sessions", form).await
    }

    async fn recurring(
        &self,
        form: Form,
        organization: &OrganizationId,
        plan: &PlanKey,
        cadence: Cadence,
    ) -> Result<Form, ProviderError> {
        let form = form
            .with("mode", "subscription")
            .with("line_items[0][price]", self.price_of(plan, cadence).await?)
            .with("line_items[0][quantity]", 1)
            .with(format!("subscription_data[metadata][{ORGANIZATION}]"), organization);
        Ok(with_sold(form, "subscription_data[metadata]", plan, cadence))
    }

    /// Opens the billing portal at this step, and says where it is. Afterwards the person is at the return URL.
    pub async fn portal(
        &self,
        organization: &OrganizationId,
        step: PortalStep,
        return_url: &str,
    ) -> Result<String, ProviderError> {
        let customer = self.customer(organization).await?;
        let form = Form::new().with("customer", &customer).with("return_url", return_url);
        let form = match step {
            PortalStep::Home => form,
            PortalStep::PaymentMethod => flow(form, "payment_method_update", return_url),
            PortalStep::Cancel => {
                self.subscription_flow(form, &customer, "subscription_cancel", return_url).await?
            }
            PortalStep::Update => {
                self.subscription_flow(form, &customer, "subscription_update", return_url).await?
            }
        };
        self.page("/v1/billing_portal/sessions", form).await
    }

    async fn subscription_flow(
        &self,
        form: Form,
        customer: &str,
        kind: &str,
        return_url: &str,
    ) -> Result<Form, ProviderError> {
        let none = || ProviderError::Refused("there is no subscription: start one first".into());
        let subscription = self.live_subscription_of(customer).await?.ok_or_else(none)?;
        let form = flow(form, kind, return_url);
        Ok(form.with(format!("flow_data[{kind}][subscription]"), subscription.id))
    }

    async fn page(&self, path: &str, form: Form) -> Result<String, ProviderError> {
        let made: Made = self.client().post(path, &form, &key_for_once()?).await?;
        made.url.ok_or_else(|| ProviderError::Unexpected(format!("the page {} has no address", made.id)))
    }
}

fn one_time(
    form: Form,
    organization: &OrganizationId,
    purchase: &Purchase,
    purpose: &str,
    credits: Credits,
) -> Form {
    form.with("mode", "payment")
        .with("line_items[0][price_data][currency]", purchase.currency.to_lowercase())
        .with("line_items[0][price_data][unit_amount]", purchase.price)
        .with("line_items[0][price_data][product_data][name]", &purchase.label)
        .with("line_items[0][quantity]", 1)
        // So that the card can be charged again, for auto-recharge.
        .with("payment_intent_data[setup_future_usage]", "off_session")
        .with("payment_intent_data[description]", &purchase.label)
        .with(format!("payment_intent_data[metadata][{ORGANIZATION}]"), organization)
        .with(format!("payment_intent_data[metadata][{PURPOSE}]"), purpose)
        .with(format!("payment_intent_data[metadata][{CREDITS}]"), credits)
}

/// One step of the portal, after which it is left.
fn flow(form: Form, kind: &str, return_url: &str) -> Form {
    form.with("flow_data[type]", kind)
        .with("flow_data[after_completion][type]", "redirect")
        .with("flow_data[after_completion][redirect][return_url]", return_url)
}

/// The return URL with what came of the checkout, whatever its query and fragment.
fn returning(return_url: &str, outcome: &str) -> Result<String, ProviderError> {
    let mut url = Url::parse(return_url)
        .map_err(|error| ProviderError::Refused(format!("return_url {return_url:?}: {error}")))?;
    url.query_pairs_mut().append_pair("checkout", outcome);
    Ok(url.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_came_of_the_checkout_is_added_to_the_query_and_to_nothing_else() {
        for (return_url, done) in [
            ("https://a.example", "https://a.example/?checkout=done"),
            ("https://a.example/b?c=d", "https://a.example/b?c=d&checkout=done"),
            ("https://a.example/b#top", "https://a.example/b?checkout=done#top"),
        ] {
            assert_eq!(returning(return_url, "done").expect("a URL"), done);
        }
        assert!(matches!(returning("b?c", "done"), Err(ProviderError::Refused(_))));
    }
}
