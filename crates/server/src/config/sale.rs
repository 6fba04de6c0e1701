//! What is on sale beside plans: packs of credits, and credits by themselves.

use super::values::{Amount, currency, price};
use crate::payments::price::Price;
use ledger::{Credits, id::PlanKey};
use serde::Deserialize;

/// A pack of credits on sale.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pack {
    /// What the API calls it.
    pub key: String,
    /// What people call it.
    pub label: String,
    /// How many credits it brings.
    pub credits: Credits,
    /// What it costs, in minor units.
    pub price: i64,
    /// The currency of the price.
    pub currency: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PackSettings {
    key: String,
    label: String,
    credits: Amount,
    price: i64,
    currency: String,
}

/// The packs, each of which somebody could buy.
pub(super) fn packs(packs: Vec<PackSettings>) -> Result<Vec<Pack>, String> {
    let mut keys = std::collections::BTreeSet::new();
    let mut checked_packs = Vec::with_capacity(packs.len());
    for pack in packs {
        let name = format!("packs {}", pack.key);
        if pack.key.parse::<PlanKey>().is_err() {
            return Err(format!(
                "packs.key is \"{}\"; a key is 1 to 128 of the characters A-Z a-z 0-9 . _ : -",
                pack.key
            ));
        }
        if !keys.insert(pack.key.clone()) {
            return Err(format!("two packs are called {}; each needs a key of its own", pack.key));
        }
        if pack.credits.0.is_zero() {
            return Err(format!("{name}: credits is 0; a pack brings some"));
        }
        price(&name, "price", pack.price)?;
        currency(&name, &pack.currency)?;
        let PackSettings { key, label, credits, price, currency } = pack;
        checked_packs.push(Pack { key, label, credits: credits.0, price, currency });
    }
    Ok(checked_packs)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PriceSettings {
    credits: Amount,
    price: i64,
    currency: String,
    #[serde(default)]
    minimum: i64,
}

impl PriceSettings {
    pub(super) fn checked(self) -> Result<Price, String> {
        if self.credits.0.is_zero() || self.price <= 0 {
            return Err("price: so many credits cost so much, and both are more than 0".into());
        }
        price("price", "minimum", self.minimum)?;
        currency("price", &self.currency)?;
        let PriceSettings { credits, price, currency, minimum } = self;
        Ok(Price { credits: credits.0, price, currency, minimum })
    }
}
