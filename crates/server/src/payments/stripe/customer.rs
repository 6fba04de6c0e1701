//! Whom Stripe knows an organization as, and which card of it can be charged. The customer is made once and remembered in
//! a memo; whose a customer is, its metadata says.

use super::{
    ORGANIZATION, Stripe,
    client::{Failure, Form},
    objects::{Customer, PaymentMethod},
    organization_of,
};
use crate::{
    memos,
    payments::{ProviderError, fact::Fact},
};
use ledger::id::OrganizationId;
use serde::{Deserialize, Serialize};
use store::memo::{Change, Memo};

/// The kind of the memos in which this provider remembers something.
const KIND: &str = "stripe";

/// The one about the customer.
const CUSTOMER: &str = "customer";

#[derive(Serialize, Deserialize)]
struct Remembered {
    customer: String,
}

impl Stripe {
    /// The organization's customer, where it has one.
    pub(super) async fn known_customer(
        &self,
        organization: &OrganizationId,
    ) -> Result<Option<String>, ProviderError> {
        let memo = self.inner.memos.one(organization, KIND, CUSTOMER).await?;
        Ok(memo.map(|memo| memos::read::<Remembered>(&memo)).transpose()?.map(|known| known.customer))
    }

    /// The organization's customer, made where there is none. Of two servers that make one at once Stripe makes one, by
    /// the key; where it forgot the key, the one that is remembered first is the customer.
    pub(super) async fn customer(&self, organization: &OrganizationId) -> Result<String, ProviderError> {
        if let Some(known) = self.known_customer(organization).await? {
            return Ok(known);
        }
        let form = Form::new().with(format!("metadata[{ORGANIZATION}]"), organization);
        let key = format!("coulomb-customer-{organization}");
        let made: Customer = self.client().post("/v1/customers", &form, &key).await?;
        let body = memos::body(&Remembered { customer: made.id.clone() });
        let memo = Memo::new(KIND, CUSTOMER, None, body);
        if self.inner.memos.keep(organization, vec![Change::Write(memo)]).await? {
            return Ok(made.id);
        }
        let faster = self.known_customer(organization).await?;
        faster.ok_or_else(|| ProviderError::Unavailable("another server is just at it; ask again".into()))
    }

    /// Whose a customer is, where it is one of ours.
    pub(super) async fn organization_of_customer(
        &self,
        customer: &str,
    ) -> Result<Option<OrganizationId>, Failure> {
        Ok(self.read_customer(customer).await?.and_then(|customer| organization_of(&customer.metadata)))
    }

    async fn read_customer(&self, customer: &str) -> Result<Option<Customer>, Failure> {
        let found = self.client().find(&format!("/v1/customers/{customer}"), &Form::new()).await?;
        Ok(found.filter(|customer: &Customer| !customer.deleted))
    }

    /// What can be charged without a person: the customer's default, else its newest card.
    pub(super) async fn payment_method_of(&self, customer: &str) -> Result<Option<String>, Failure> {
        let Some(known) = self.read_customer(customer).await? else { return Ok(None) };
        if let Some(default) = known.invoice_settings.default_payment_method {
            return Ok(Some(default.0));
        }
        let path = format!("/v1/customers/{customer}/payment_methods");
        let cards: Vec<PaymentMethod> = self.client().list(&path, &Form::new().with("type", "card")).await?;
        let newest = cards.into_iter().max_by(|a, b| (a.created, &a.id).cmp(&(b.created, &b.id)));
        Ok(newest.map(|card| card.id))
    }

    /// Whether there is a payment method of this organization that can be charged without a person. To be told to the
    /// ledger only where it does not know so: that there is one is told of a new one, and lifts waits (R10.5).
    pub async fn has_payment_method(&self, organization: &OrganizationId) -> Result<bool, ProviderError> {
        match self.known_customer(organization).await? {
            Some(customer) => Ok(self.payment_method_of(&customer).await?.is_some()),
            None => Ok(false),
        }
    }

    /// What to tell after this customer's payment methods changed. That there is one is told only of a new one: else the
    /// removal of an old card would lift the waits of auto-recharge (R10.5).
    pub(super) async fn payment_method_fact(
        &self,
        customer: &str,
        is_new: bool,
    ) -> Result<Option<Fact>, Failure> {
        let present = self.payment_method_of(customer).await?.is_some();
        Ok((is_new || !present).then_some(Fact::PaymentMethod { present }))
    }
}
