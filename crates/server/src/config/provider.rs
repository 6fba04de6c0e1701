//! Who takes the money, and how patiently it is talked to.

use super::values::{Length, wait};
use crate::payments::stripe::{Secret, Settings};
use ledger::{id::PlanKey, subscription::Cadence};
use serde::Deserialize;
use std::collections::BTreeMap;

/// Who takes the money.
#[derive(Clone, Debug)]
pub struct Provider {
    /// Which.
    pub kind: ProviderKind,
    /// For how long what a provider said, or a purchase that it has not answered, is tried again.
    pub give_up: ledger::Duration,
    /// How often the provider is compared with the ledger.
    pub reconcile_every: std::time::Duration,
    /// How far back.
    pub reconcile_window: ledger::Duration,
    /// The longest that a start waits for an automatic purchase.
    pub recharge_wait_max: std::time::Duration,
}

/// The payment providers there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProviderKind {
    /// The host reports the facts of its own provider.
    External,
    /// Coulomb's own, for trying things out: no money moves.
    Sandbox,
    /// Stripe.
    Stripe,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ProviderSettings {
    kind: ProviderKind,
    give_up: Length,
    #[serde(deserialize_with = "wait")]
    reconcile_every: std::time::Duration,
    reconcile_window: Length,
    #[serde(deserialize_with = "wait")]
    recharge_wait_max: std::time::Duration,
}

impl ProviderSettings {
    pub(super) fn checked(self) -> Provider {
        let ProviderSettings { kind, give_up, reconcile_every, reconcile_window, recharge_wait_max } = self;
        Provider {
            kind,
            give_up: give_up.0,
            reconcile_every,
            reconcile_window: reconcile_window.0,
            recharge_wait_max,
        }
    }
}

/// How Stripe is reached, as it is written. It has secrets in it, and is never shown.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct StripeSettings {
    #[serde(default)]
    secret_key: String,
    #[serde(default)]
    webhook_secrets: Vec<String>,
    base_url: String,
    #[serde(deserialize_with = "wait")]
    call_timeout: std::time::Duration,
    tolerance: Length,
    /// By plan.
    #[serde(default)]
    prices: BTreeMap<PlanKey, PriceIds>,
}

impl std::fmt::Debug for StripeSettings {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("StripeSettings").field("base_url", &self.base_url).finish_non_exhaustive()
    }
}

/// Prices that the operator has made at Stripe.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct PriceIds {
    monthly: Option<String>,
    annual: Option<String>,
}

impl StripeSettings {
    pub(super) fn replace_secrets(&mut self, key: Option<&str>, webhook: Option<Vec<String>>) {
        if let Some(key) = key {
            self.secret_key = key.into();
        }
        if let Some(secrets) = webhook {
            self.webhook_secrets = secrets;
        }
    }

    /// None where no key is given.
    pub(super) fn checked(&self) -> Result<Option<Settings>, String> {
        let StripeSettings { secret_key, webhook_secrets, base_url, call_timeout, tolerance, prices } =
            self.clone();
        if secret_key.is_empty() {
            return Ok(None);
        }
        if !["sk_", "rk_"].iter().any(|prefix| secret_key.starts_with(prefix)) {
            return Err(
                "stripe.secret_key is no secret or restricted key of Stripe's: those begin with sk_ or rk_"
                    .into(),
            );
        }
        if webhook_secrets.is_empty() || webhook_secrets.iter().any(String::is_empty) {
            return Err(
                "stripe.webhook_secrets is empty: name the signing secret of the webhook endpoint (whsec_…)"
                    .into(),
            );
        }
        let mut known = BTreeMap::new();
        for (plan, PriceIds { monthly, annual }) in prices {
            let ids = [(Cadence::Monthly, monthly), (Cadence::Annual, annual)];
            known.extend(ids.into_iter().filter_map(|(cadence, id)| Some(((plan.clone(), cadence), id?))));
        }
        Ok(Some(Settings {
            secret_key: Secret::new(secret_key),
            webhook_secrets: webhook_secrets.into_iter().map(Secret::new).collect(),
            base_url: base_url.trim_end_matches('/').into(),
            timeout: call_timeout,
            tolerance: tolerance.0,
            prices: known,
        }))
    }
}
