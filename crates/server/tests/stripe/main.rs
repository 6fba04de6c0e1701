//! Stripe: its signatures, what its events mean, and what it is asked to do, against a peer of its shape, and for a second
//! opinion against one that others have made.

mod charging;
mod histories;
mod localstripe;
mod parameters;
#[allow(unused_imports, reason = "the stories of money from end to end need more of the peer")]
mod peer;
mod reversals;
mod selling;
mod signatures;
mod subscriptions;
mod translation;
mod world;
