//! The wire types of the HTTP contract: what a request may say and what an answer says, nothing of how it is decided.
//!
//! The wire is not the domain: these types are converted by hand where the server meets its rules, so that either can
//! change alone. Requests refuse fields they do not know. Figures that a person may not see are absent, never zero.
//!
//! In the order in which a newcomer should read it: [`amount`], [`id`], [`instant`] and [`page`] are the words;
//! [`balance`], [`run`] and [`batch`] are the hot path; [`account`], [`money`], [`books`], [`usage`], [`notices`], [`explanation`] and [`preview`] the
//! rest; [`problem`] is how every error looks.

pub mod amount;
pub mod id;
pub mod instant;
pub mod page;

pub mod balance;
pub mod batch;
pub mod run;

pub mod account;
pub mod books;
pub mod explanation;
pub mod money;
pub mod notices;
pub mod preview;
pub mod problem;
pub mod usage;

pub use amount::{Amount, SignedAmount};
pub use id::Id;
pub use instant::{Instant, Interval};
pub use page::Page;
