//! What has to be done because of what happens, by everyone who does something: asked for in the commit of the events
//! themselves, so that neither is there without the other.

use crate::{
    engine::{Happened, Outbox},
    payments::{orders, price::Price, recharge},
};
use std::sync::Arc;

/// What a provider that sells has to do: automatic purchases where credits have a price, and changes of subscriptions.
pub fn of_sales(price: Option<Price>) -> Outbox {
    Arc::new(move |happened: &Happened<'_>| {
        let recharge = price.as_ref().and_then(|price| recharge::outbox(price, happened));
        recharge.into_iter().chain(orders::outbox(happened)).collect()
    })
}

/// All of these.
pub fn all(outboxes: Vec<Outbox>) -> Outbox {
    Arc::new(move |happened: &Happened<'_>| outboxes.iter().flat_map(|outbox| outbox(happened)).collect())
}
