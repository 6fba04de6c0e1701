//! Money from end to end: a provider of Stripe's shape on one side, the ledger on the other, and everything that can go
//! wrong in between. What is judged is always the same: each payment is granted once, no card is charged twice, and what
//! was paid is there after whatever happened.

#[path = "../stripe/peer/mod.rs"]
mod peer;

mod life;
mod lost;
mod recharges;
mod served;
mod shop;
