//! Ids are types, all from this file, so that a payment is never looked up among runs.
//!
//! Hosts and providers name their own things (1–128 of `A-Za-z0-9._:-`). What Coulomb makes is prefixed and
//! time-ordered, and follows from the account's own history: no randomness in the rules (R1.5).

use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr, sync::Arc};

/// Why a text is not an id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an id is 1 to 128 of the characters A-Z a-z 0-9 . _ : -")]
pub struct NotAnId;

fn check(text: &str) -> Result<(), NotAnId> {
    let fits = (1..=128).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b':' | b'-'));
    if fits { Ok(()) } else { Err(NotAnId) }
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String")]
        pub struct $name(Arc<str>);

        impl $name {
            /// The id as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = NotAnId;

            fn from_str(text: &str) -> Result<Self, NotAnId> {
                check(text).map(|()| Self(text.into()))
            }
        }

        impl TryFrom<String> for $name {
            type Error = NotAnId;

            fn try_from(text: String) -> Result<Self, NotAnId> {
                text.parse()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(out, "{}({})", stringify!($name), self.0)
            }
        }

        impl std::borrow::Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }
    )*};
}

ids! {
    /// An organization: one account (R2.1). The host's own id.
    OrganizationId;
    /// A person in an organization (R12). The host's own id.
    MemberId;
    /// A run, or a charge that needed no start: both share one namespace per organization (R5, R6.5). The host's own id.
    RunId;
    /// One recorded usage of a run (R6.1), unique within the run. The host's own id.
    UsageId;
    /// A scheduled task (R11). The host's own id.
    TaskId;
    /// A kind of billable work, a key of the catalogue (R5.1).
    KindKey;
    /// A plan of the catalogue (R4.1).
    PlanKey;
    /// A grant (R3): made by Coulomb (`grant_…`), or the operator's own id of a promotional grant.
    GrantId;
    /// A payment (R8.1). The provider's own id.
    PaymentId;
    /// A refund (R8). The provider's own id.
    RefundId;
    /// A dispute (R8). The provider's own id.
    DisputeId;
    /// A debt (R7), made by Coulomb (`debt_…`).
    DebtId;
    /// One automatic purchase (R10.6), made by Coulomb (`recharge_…`); the provider's idempotency key.
    RechargeId;
    /// What a caller calls one attempt to change something, so that a repeat is recognised (R2.4).
    IdempotencyKey;
    /// Who held the key a command came with: an API key's id, or the name of a job.
    KeyId;
}

/// The 32 characters of made ids, in the order of their value, so that ids sort as their instants do.
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// A made id: `prefix_`, the instant in 10 characters, then 12 that follow from the account and the event's number.
///
/// Two accounts never share one in practice (30 bits of the account's salt), one account never does (the number).
fn made(prefix: &str, salt: u64, at: Timestamp, seq: u64) -> String {
    let millis = at.micros().max(0).unsigned_abs().div_euclid(1_000);
    let mut text = String::with_capacity(prefix.len().saturating_add(24));
    text.push_str(prefix);
    text.push('_');
    let mut push = |value: u64, characters: u32| {
        for place in (0..characters).rev() {
            let digit = value.checked_shr(place.saturating_mul(5)).unwrap_or(0) & 31;
            let digit = usize::try_from(digit).expect("five bits fit");
            text.push(char::from(*ALPHABET.get(digit).expect("five bits name one of 32 characters")));
        }
    };
    push(millis, 10);
    push(seq, 8);
    push(salt, 6);
    text
}

macro_rules! made_ids {
    ($($name:ident $prefix:literal;)*) => {$(
        impl $name {
            /// The id of what event number `seq` of the account with this salt makes at this instant (R1.5).
            pub fn made(salt: u64, at: Timestamp, seq: u64) -> $name {
                $name(made($prefix, salt, at, seq).into())
            }
        }
    )*};
}

made_ids! {
    GrantId "grant";
    DebtId "debt";
    RechargeId "recharge";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_take_what_hosts_and_providers_use_and_nothing_that_needs_escaping() {
        for right in ["a", "in_1Abc", "run:2026-01.5", &"x".repeat(128)] {
            assert!(right.parse::<RunId>().is_ok(), "{right}");
        }
        for wrong in ["", " ", "a b", "a/b", "é", "a\n", "%41", &"x".repeat(129)] {
            assert!(wrong.parse::<RunId>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn made_ids_sort_as_they_were_made() {
        let first = GrantId::made(7, Timestamp::from_micros(1_000_000), 9);
        let later = GrantId::made(7, Timestamp::from_micros(2_000_000), 1);
        let last = GrantId::made(7, Timestamp::from_micros(2_000_000), 2);
        assert!(first < later && later < last);
        assert!(first.as_str().parse::<GrantId>().is_ok());
    }
}
