//! Which price is which plan. The operator may name prices that are there already; for every other plan and cadence of the
//! catalogue there is one with a lookup key that says what it is, made when it is first needed.

use super::{
    CADENCE, PLAN, Stripe,
    client::{Failure, Form},
    objects::{List, Metadata, Price},
};
use crate::payments::ProviderError;
use ledger::{Credits, id::PlanKey, policy::Plan, subscription::Cadence};
use std::{collections::HashMap, sync::PoisonError};

/// Prices of which it is remembered what they are.
const KNOWN_MAX: usize = 1_000;

/// A plan, paid at this cadence: what one price is of.
pub type Sold = (PlanKey, Cadence);

/// What looked-up prices are of; none: of nothing that we sell.
pub type Known = HashMap<String, Option<Sold>>;

/// What a cadence is called where it is written down with Stripe.
pub fn cadence_word(cadence: Cadence) -> &'static str {
    match cadence {
        Cadence::Monthly => "monthly",
        Cadence::Annual => "annual",
    }
}

/// What Stripe calls the length of its period.
pub fn interval(cadence: Cadence) -> &'static str {
    match cadence {
        Cadence::Monthly => "month",
        Cadence::Annual => "year",
    }
}

fn cadence(word: &str) -> Option<Cadence> {
    [Cadence::Monthly, Cadence::Annual].into_iter().find(|cadence| cadence_word(*cadence) == word)
}

/// What the metadata of a price, a subscription or an invoice says it is of.
pub fn sold_by_metadata(metadata: &Metadata) -> Option<Sold> {
    Some((metadata.get(PLAN)?.parse().ok()?, cadence(metadata.get(CADENCE)?)?))
}

/// Says what a price or subscription is of, in its metadata, which is called so.
pub fn with_sold(form: Form, metadata: &str, plan: &PlanKey, cadence: Cadence) -> Form {
    form.with(format!("{metadata}[{PLAN}]"), plan)
        .with(format!("{metadata}[{CADENCE}]"), cadence_word(cadence))
}

/// `coulomb:{plan}:{cadence}:{amount}:{currency}`: a plan whose price changes gets another key, and so another price.
fn lookup_key(plan: &PlanKey, cadence: Cadence, sold: &Plan) -> String {
    let currency = sold.currency.to_lowercase();
    format!("coulomb:{plan}:{}:{}:{currency}", cadence_word(cadence), sold.price(cadence))
}

/// The plan and cadence of such a key. Read from its end, as a plan's own key may have colons.
fn sold_by_lookup_key(key: &str) -> Option<Sold> {
    let mut parts = key.strip_prefix("coulomb:")?.rsplitn(4, ':');
    let (_currency, _amount) = (parts.next()?, parts.next()?);
    let cadence = cadence(parts.next()?)?;
    Some((parts.next()?.parse().ok()?, cadence))
}

impl Stripe {
    /// The id of the price of this plan and cadence, which is made where there is none.
    pub(super) async fn price_of(&self, plan: &PlanKey, cadence: Cadence) -> Result<String, ProviderError> {
        if let Some(price) = self.inner.prices.get(&(plan.clone(), cadence)) {
            return Ok(price.clone());
        }
        let key = lookup_key(plan, cadence, self.plan(plan)?);
        if let Some(price) = self.price_with(&key).await? {
            return Ok(price);
        }
        match self.make_price(plan, cadence, &key).await {
            Ok(price) => Ok(price.id),
            // Another server was faster: a lookup key is given once.
            Err(Failure::Refused(complaint)) => match self.price_with(&key).await? {
                Some(price) => Ok(price),
                None => Err(Failure::Refused(complaint).into()),
            },
            Err(failure) => Err(failure.into()),
        }
    }

    async fn price_with(&self, lookup_key: &str) -> Result<Option<String>, Failure> {
        let query = Form::new().with("lookup_keys[]", lookup_key).with("active", true).with("limit", 1);
        let found: List<Price> = self.client().get("/v1/prices", &query).await?;
        Ok(found.data.into_iter().next().map(|price| price.id))
    }

    async fn make_price(&self, plan: &PlanKey, cadence: Cadence, key: &str) -> Result<Price, Failure> {
        let sold = self.plan(plan).map_err(|error| Failure::Garbled(error.to_string()))?;
        let form = Form::new()
            .with("currency", sold.currency.to_lowercase())
            .with("unit_amount", sold.price(cadence))
            .with("recurring[interval]", interval(cadence))
            .with("lookup_key", key)
            .with("product_data[name]", &sold.label);
        let form = with_sold(form, "metadata", plan, cadence);
        self.client().post("/v1/prices", &form, &format!("coulomb-price-{key}")).await
    }

    /// A plan of the catalogue.
    fn plan(&self, plan: &PlanKey) -> Result<&Plan, ProviderError> {
        let missing = || ProviderError::Unexpected(format!("the catalogue has no plan {plan}: put it back"));
        self.inner.plans.plans.get(plan).ok_or_else(missing)
    }

    /// Whether a change takes effect when it is paid rather than at the renewal date: a longer cadence, or a higher tier
    /// (R4.6, R4.7). None where the catalogue does not know both plans.
    pub(super) fn is_at_once(
        &self,
        (had, had_cadence): &Sold,
        plan: &PlanKey,
        cadence: Cadence,
    ) -> Option<bool> {
        let tier = |plan| self.inner.plans.plans.get(plan).map(|plan| plan.tier);
        let higher = tier(plan)? > tier(had)?;
        Some(cadence > *had_cadence || (cadence == *had_cadence && higher))
    }

    /// The included credits of one period of this plan.
    pub(super) fn allowance(&self, (plan, cadence): &Sold) -> Result<Credits, ProviderError> {
        let large = || ProviderError::Unexpected(format!("a period of the plan {plan} has too many credits"));
        self.plan(plan)?.allowance(*cadence).ok_or_else(large)
    }

    /// What a price is of, where it is one of ours.
    pub(super) fn sold_by(&self, price: &Price) -> Option<Sold> {
        self.sold_by_configuration(&price.id)
            .or_else(|| sold_by_lookup_key(price.lookup_key.as_deref()?))
            .or_else(|| sold_by_metadata(&price.metadata))
    }

    fn sold_by_configuration(&self, price: &str) -> Option<Sold> {
        let named = self.inner.prices.iter().find(|(_, id)| id.as_str() == price);
        named.map(|(sold, _)| sold.clone())
    }

    /// What the price with this id is of, where it is one of ours. Looked up once.
    pub(super) async fn sold_by_id(&self, price: &str) -> Result<Option<Sold>, ProviderError> {
        if let Some(sold) = self.sold_by_configuration(price) {
            return Ok(Some(sold));
        }
        let known = || self.inner.known_prices.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(sold) = known().get(price) {
            return Ok(sold.clone());
        }
        let found: Option<Price> = self.client().find(&format!("/v1/prices/{price}"), &Form::new()).await?;
        let sold = found.and_then(|price| self.sold_by(&price));
        let mut known = known();
        if known.len() >= KNOWN_MAX {
            known.clear();
        }
        known.insert(price.into(), sold.clone());
        Ok(sold)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lookup_key_says_which_plan_and_cadence_a_price_is_of() {
        let team = || "team".parse::<PlanKey>().expect("a key");
        for (key, sold) in [
            ("coulomb:team:monthly:4900:usd", Some((team(), Cadence::Monthly))),
            ("coulomb:team:annual:49000:eur", Some((team(), Cadence::Annual))),
            ("coulomb:eu:team:annual:1:eur", Some(("eu:team".parse().expect("a key"), Cadence::Annual))),
            ("coulomb:team:weekly:1:eur", None),
            ("coulomb:monthly:1:eur", None),
            ("team:monthly:1:eur", None),
        ] {
            assert_eq!(sold_by_lookup_key(key), sold, "{key}");
        }
    }
}
