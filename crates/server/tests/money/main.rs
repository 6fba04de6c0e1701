//! Money from end to end: a provider of Stripe's shape on one side, the ledger on the other, and everything that can go
//! wrong in between. What is judged is always the same: each payment is granted once, no card is charged twice, and what
//! was paid is there after whatever happened.

#[allow(dead_code, reason = "the tests of the client itself need more of the peer than these")]
#[path = "../stripe/peer/mod.rs"]
mod peer;

#[path = "../stripe/localstripe/process.rs"]
mod localstripe;

mod life;
mod lost;
mod others;
mod recharges;
mod served;
mod shop;
