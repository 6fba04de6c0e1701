//! Whether a message is from Stripe: the header `t=…,v1=…` signs the raw body with a secret that only the two of us know
//! (TRUST T8). Pure: the time is an argument, and nothing of the body is believed before its signature was checked.

use super::Secret;
use hmac::{Hmac, KeyInit, Mac};
use ledger::{Duration, Timestamp};
use sha2::Sha256;

/// Why a message is not taken for Stripe's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotGenuine {
    /// No header.
    #[error("the Stripe-Signature header is missing: only Stripe calls this address")]
    Missing,
    /// A header that is no signature.
    #[error("the Stripe-Signature header is not of the form t=…,v1=…")]
    Malformed,
    /// Signed by somebody else, or not as it arrived.
    #[error(
        "the signature does not match: give the endpoint's signing secret to this server, and change nothing of the body on the way"
    )]
    Wrong,
    /// An old message, perhaps sent again by a stranger.
    #[error("the signature is too old: Stripe signs each delivery anew; look at this server's clock")]
    TooOld,
    /// A message from the future.
    #[error("the signature is of the future: look at this server's clock")]
    TooNew,
    /// Test money sent to a server that takes real money.
    #[error(
        "this is an event of test mode, and this server takes real money: give the endpoint to another server"
    )]
    OfTestMode,
    /// Real money sent to a server that plays.
    #[error("this is an event of live mode, and this server has a key of test mode")]
    OfLiveMode,
    /// Signed, and no event.
    #[error("the body is not a Stripe event")]
    NotAnEvent,
}

/// Whether one of these secrets signed this body, not longer ago or later than tolerated. Which of several secrets and
/// signatures fits is not told: while a secret is rotated, Stripe signs with both.
pub fn check(
    secrets: &[Secret],
    tolerance: Duration,
    now: Timestamp,
    header: Option<&str>,
    body: &[u8],
) -> Result<(), NotGenuine> {
    let Signed { at, signatures } = read(header.ok_or(NotGenuine::Missing)?)?;
    let genuine = secrets.iter().any(|secret| {
        signatures.iter().any(|signature| {
            let mac = Hmac::<Sha256>::new_from_slice(secret.expose().as_bytes());
            // A key of any length will do; one that does not signs nothing.
            let Ok(mac) = mac else { return false };
            let mac = mac.chain_update(at.to_string()).chain_update(b".").chain_update(body);
            // Compares in constant time.
            mac.verify_slice(signature).is_ok()
        })
    });
    if !genuine {
        return Err(NotGenuine::Wrong);
    }
    let signed_at = at.checked_mul(1_000_000).map(Timestamp::from_micros).ok_or(NotGenuine::TooNew)?;
    if now.since(signed_at) > tolerance {
        return Err(NotGenuine::TooOld);
    }
    if signed_at.since(now) > tolerance {
        return Err(NotGenuine::TooNew);
    }
    Ok(())
}

/// What the header says.
struct Signed {
    /// When, in seconds.
    at: i64,
    /// By which scheme is said before each; only `v1` is known, and others may come with it.
    signatures: Vec<[u8; 32]>,
}

fn read(header: &str) -> Result<Signed, NotGenuine> {
    let mut at = None;
    let mut signatures = Vec::new();
    for part in header.split(',') {
        match part.trim().split_once('=') {
            Some(("t", seconds)) if at.is_none() => at = Some(seconds_of(seconds)?),
            Some(("t", _)) => return Err(NotGenuine::Malformed),
            Some(("v1", signature)) => signatures.extend(hex(signature)),
            _ => {}
        }
    }
    match at {
        Some(at) if !signatures.is_empty() => Ok(Signed { at, signatures }),
        _ => Err(NotGenuine::Malformed),
    }
}

/// Seconds exactly as they were signed: "007" and "+7" would be signed otherwise than they are read.
fn seconds_of(text: &str) -> Result<i64, NotGenuine> {
    text.parse().ok().filter(|at: &i64| *at >= 0 && at.to_string() == text).ok_or(NotGenuine::Malformed)
}

fn hex(text: &str) -> Option<[u8; 32]> {
    // Small letters only, as Stripe writes them: a signature has one spelling.
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    };
    let mut bytes = [0; 32];
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    if pairs.len() != bytes.len() || !rest.is_empty() {
        return None;
    }
    for (byte, [high, low]) in bytes.iter_mut().zip(pairs) {
        *byte = (digit(*high)? << 4) | digit(*low)?;
    }
    Some(bytes)
}
