//! What credits cost where no pack is bought: automatic purchases, and what clears a debt. Integers all the way; what does
//! not divide is rounded up for the seller by less than one minor unit.

use ledger::Credits;

/// The price of credits by themselves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Price {
    /// So many credits …
    pub credits: Credits,
    /// … cost so much, in minor units.
    pub price: i64,
    /// ISO 4217.
    pub currency: String,
    /// The least that the provider charges at once, in minor units.
    pub minimum: i64,
}

impl Default for Price {
    /// What the sandbox takes where the configuration says nothing.
    fn default() -> Price {
        let credits = Credits::from_micros(1_000_000_000);
        Price { credits, price: 100, currency: "USD".into(), minimum: 50 }
    }
}

impl Price {
    /// What these credits cost: rounded up to a minor unit, and at least the minimum. None where it does not fit.
    pub fn of(&self, credits: Credits) -> Option<i64> {
        let micros = i128::from(credits.micros());
        let whole = i128::from(self.credits.micros());
        let exact = micros.checked_mul(i128::from(self.price))?;
        let price = exact.checked_add(whole.checked_sub(1)?)?.checked_div(whole)?;
        i64::try_from(price).ok().map(|price| price.max(self.minimum))
    }

    /// What is bought where at least these credits are wanted: the price, and all the credits that it pays for.
    pub fn at_least(&self, credits: Credits) -> Option<(i64, Credits)> {
        let price = self.of(credits)?;
        let paid_for = i128::from(price)
            .checked_mul(i128::from(self.credits.micros()))?
            .checked_div(i128::from(self.price))?;
        Some((price, Credits::from_micros(i64::try_from(paid_for).ok()?).max(credits)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn price() -> Price {
        Price::default()
    }

    #[test]
    fn what_does_not_divide_is_rounded_up_and_the_rest_is_granted() {
        let micros = Credits::from_micros;
        for (wanted, cost, granted) in [
            (micros(1_000_000_000), 100, micros(1_000_000_000)),
            (micros(1_000_000_001), 101, micros(1_010_000_000)),
            (micros(1), 50, micros(500_000_000)),
            (micros(3_200_500_000), 321, micros(3_210_000_000)),
        ] {
            assert_eq!(price().at_least(wanted), Some((cost, granted)), "{wanted}");
        }
    }

    #[test]
    fn what_does_not_fit_has_no_price() {
        let dear = Price { credits: Credits::from_micros(1), price: i64::MAX, ..price() };
        assert_eq!(dear.of(Credits::whole(1_000_000).expect("it fits")), None);
    }
}
