//! The rules of prepaid credits (`SPEC.md`, R1–R13), pure: a command is decided on an account at an instant, which
//! gives events; events fold into the account. No runtime, database, clock or randomness is in reach, so the same
//! commands give the same bytes everywhere (R1.5).
//!
//! In the order in which a newcomer should read it:
//!
//! - words: [`Credits`], [`time`], [`id`], and what there is: [`grant`], [`run`], [`debt`], [`payment`],
//!   [`subscription`], [`recharge`], [`task`], [`people`]
//! - what is asked and what happened: [`command`], [`event`], [`refusal`], and the [`policy`] it is decided under
//! - the state: [`account`], what events do to it: `fold`, and the chain over their bytes: [`chain`]
//! - the rules: [`decide`] (what is due, then the command, then what follows; the commands are in its modules
//!   `people`, `work`, `money`, `claims`, `change`), `consume` (holding, charging, settling
//!   debt), `recovery` (refunds and disputes)
//! - what can be said about an account: [`status`], [`explain`], [`posting`], and what must always be true of it:
//!   [`invariant`]
//!
//! ```
//! use coulomb_ledger::{Account, Policy, Timestamp, command::{Command, Request}, event::Actor};
//!
//! let mut account = Account::new("org_1".parse()?);
//! let open = Command::NameOrganization { name: "Acme".into() };
//! let answer = account.execute(&Policy::default(), &Request::new(open, Actor::default(), None), Timestamp::MIN);
//! assert!(answer.result.is_ok() && account.version() == 1);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
#![warn(
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::float_arithmetic,
    clippy::indexing_slicing,
    clippy::iter_over_hash_type,
    clippy::disallowed_types,
    clippy::unwrap_used
)]

pub mod credits;
pub mod id;
pub mod time;

pub mod debt;
pub mod grant;
pub mod payment;
pub mod people;
pub mod recharge;
pub mod run;
pub mod subscription;
pub mod task;

pub mod command;
pub mod event;
pub mod policy;
pub mod refusal;

pub mod account;
pub mod chain;
mod fold;
mod runs;

mod consume;
pub mod decide;
mod recovery;

pub mod explain;
pub mod invariant;
pub mod posting;
pub mod status;

#[cfg(feature = "scenario")]
pub mod scenario;

pub use account::Account;
pub use credits::Credits;
pub use policy::Policy;
pub use time::{Duration, Timestamp};
