//! Who takes the money, and how patiently it is talked to.

use super::values::{Length, wait};
use serde::Deserialize;

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
