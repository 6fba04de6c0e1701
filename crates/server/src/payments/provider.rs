//! The provider that is configured, whichever it is: what everyone may ask of one, and nothing about how it does it.

use super::{
    Charged, Invoices, PortalStep, ProviderError, Purchase, Recharge, SubscriptionOrder,
    fact::{Fact, Told},
    inbox,
    sandbox::Sandbox,
    stripe::{Received, Stripe},
};
use crate::{
    config::{Config, ProviderKind},
    memos::Memos,
};
use ledger::{Timestamp, id::OrganizationId};
use serde_json::Value;
use std::sync::Arc;
use store::{Store, memo::Memo};

/// What a host with a provider of its own is told that asks Coulomb to sell.
const EXTERNAL: &str = "This server takes no payments itself: the host's own provider does, and the host reports them. Configure \
     provider.kind to let Coulomb sell.";

/// Why an event is not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotTaken {
    /// This server has nothing to do with that provider.
    Nowhere,
    /// It is not what it says it is: why, for whoever set it up.
    NotGenuine(String),
}

/// Who takes the money. Cheap to clone.
#[derive(Clone)]
pub enum Provider {
    /// The host's own: Coulomb is only told.
    External,
    /// Coulomb's own, for trying things out.
    Sandbox(Sandbox),
    /// Stripe.
    Stripe(Stripe),
}

impl Provider {
    /// The one that is configured.
    pub fn open(
        config: &Config,
        store: &Arc<dyn Store>,
        public_url: &str,
    ) -> Result<Provider, ProviderError> {
        let (memos, policy) = (Memos::new(Arc::clone(store)), Arc::new(config.policy.clone()));
        Ok(match (config.provider.kind, &config.stripe) {
            (ProviderKind::External, _) => Provider::External,
            (ProviderKind::Sandbox, _) => Provider::Sandbox(Sandbox::new(memos, policy, public_url.into())),
            (ProviderKind::Stripe, Some(settings)) => {
                Provider::Stripe(Stripe::new(settings.clone(), policy, memos)?)
            }
            (ProviderKind::Stripe, None) => {
                return Err(ProviderError::Refused("stripe is not set up in the configuration".into()));
            }
        })
    }

    /// Whether it sells, and has something to do because of what happens.
    pub fn sells(&self) -> bool {
        !matches!(self, Provider::External)
    }

    /// The sandbox, where it is that.
    pub fn sandbox(&self) -> Option<&Sandbox> {
        match self {
            Provider::Sandbox(sandbox) => Some(sandbox),
            Provider::External | Provider::Stripe(_) => None,
        }
    }

    /// What the ledger calls it.
    pub fn name(&self) -> &'static str {
        match self {
            Provider::External => "external",
            Provider::Sandbox(_) => "sandbox",
            Provider::Stripe(_) => "stripe",
        }
    }

    /// Where a person pays for this.
    pub async fn checkout(
        &self,
        organization: &OrganizationId,
        now: Timestamp,
        purchase: &Purchase,
        return_url: &str,
    ) -> Result<String, ProviderError> {
        match self {
            Provider::External => Err(ProviderError::Unsupported(EXTERNAL)),
            Provider::Sandbox(sandbox) => sandbox.checkout(organization, now, purchase, return_url).await,
            Provider::Stripe(stripe) => stripe.checkout(organization, purchase, return_url).await,
        }
    }

    /// Where a person sees invoices, changes payment methods, and cancels.
    pub async fn portal(
        &self,
        organization: &OrganizationId,
        now: Timestamp,
        step: PortalStep,
        return_url: &str,
    ) -> Result<String, ProviderError> {
        match self {
            Provider::External => Err(ProviderError::Unsupported(EXTERNAL)),
            Provider::Sandbox(sandbox) => sandbox.portal(organization, now, step, return_url).await,
            Provider::Stripe(stripe) => stripe.portal(organization, step, return_url).await,
        }
    }

    /// Charges without a person. However often it is asked with the same recharge, a card is charged once.
    pub async fn charge(
        &self,
        organization: &OrganizationId,
        now: Timestamp,
        recharge: &Recharge,
    ) -> Result<Charged, ProviderError> {
        match self {
            Provider::External => Err(ProviderError::Unsupported(EXTERNAL)),
            Provider::Sandbox(sandbox) => sandbox.charge(organization, now, recharge).await,
            Provider::Stripe(stripe) => stripe.charge(organization, recharge).await,
        }
    }

    /// Changes the subscription. What came of it is told as a fact.
    pub async fn order(
        &self,
        organization: &OrganizationId,
        now: Timestamp,
        order: &SubscriptionOrder,
    ) -> Result<(), ProviderError> {
        match self {
            Provider::External => Err(ProviderError::Unsupported(EXTERNAL)),
            Provider::Sandbox(sandbox) => sandbox.order(organization, now, order).await,
            Provider::Stripe(stripe) => stripe.order(organization, order).await,
        }
    }

    /// Invoices, newest first.
    pub async fn invoices(
        &self,
        organization: &OrganizationId,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Invoices, ProviderError> {
        match self {
            // They are where the payments are.
            Provider::External => Ok(Invoices::default()),
            Provider::Sandbox(sandbox) => sandbox.invoices(organization, after, limit).await,
            Provider::Stripe(stripe) => stripe.invoices(organization, after, limit).await,
        }
    }

    /// Whether what was sent is genuine, and what is to be kept of it.
    pub fn receive(
        &self,
        now: Timestamp,
        signature: Option<&str>,
        body: &[u8],
    ) -> Result<(OrganizationId, Memo), NotTaken> {
        let Provider::Stripe(stripe) = self else { return Err(NotTaken::Nowhere) };
        let received = stripe.receive(now, signature, body);
        let Received { id, created, organization, event, .. } =
            received.map_err(|why| NotTaken::NotGenuine(why.to_string()))?;
        // In the order in which things happened; the same event always has the same name.
        let id = format!("{:020}.{id}", created.micros());
        let nobodys = || inbox::NOBODYS.parse().expect("it is an id");
        let organization = organization.unwrap_or_else(nobodys);
        Ok((organization, inbox::memo(id, now, inbox::Message::Event { event })))
    }

    /// What an event of the provider says, in the words of the rules; nothing where it is not about us or moves nothing.
    pub async fn translate(
        &self,
        organization: Option<&OrganizationId>,
        event: &Value,
    ) -> Result<Vec<Told>, ProviderError> {
        match self {
            Provider::External => Err(ProviderError::Unsupported(EXTERNAL)),
            Provider::Sandbox(_) => {
                Err(ProviderError::Unexpected("the sandbox tells facts, and this is something else".into()))
            }
            Provider::Stripe(stripe) => stripe.translate(organization, event).await,
        }
    }

    /// Everything that it knows of an organization now.
    pub async fn facts_of(&self, organization: &OrganizationId) -> Result<Vec<Fact>, ProviderError> {
        match self {
            Provider::External => Err(ProviderError::Unsupported(EXTERNAL)),
            Provider::Sandbox(sandbox) => sandbox.facts_of(organization).await,
            Provider::Stripe(stripe) => stripe.facts_of(organization).await,
        }
    }

    /// How the subscription stands now; none where there never was one.
    pub async fn standing(&self, organization: &OrganizationId) -> Result<Option<Fact>, ProviderError> {
        match self {
            Provider::Stripe(stripe) => stripe.standing(organization).await,
            Provider::External | Provider::Sandbox(_) => {
                let facts = self.facts_of(organization).await?;
                Ok(facts.into_iter().find(|fact| matches!(fact, Fact::Subscription { .. })))
            }
        }
    }
}
