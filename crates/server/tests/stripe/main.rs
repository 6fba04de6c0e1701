//! Stripe: its signatures, what its events mean, and what it is asked to do, against a peer of its shape.

mod charging;
mod histories;
mod parameters;
mod peer;
mod reversals;
mod selling;
mod signatures;
mod subscriptions;
mod translation;
mod world;
