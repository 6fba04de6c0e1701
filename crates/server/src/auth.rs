//! API keys: how they are made, and how a caller is recognised by one. What a key may reach is the routes' business
//! (`http::access`).
//!
//! A key is `coulomb_<scope>_<32 random bytes>_<checksum>`. The scope is for people who read it; the store decides what it
//! may do. The checksum tells a typo from a key that does not work. Keys are stored as SHA-256: they have 256 bits of
//! chance, so nothing slower is needed. Nothing here puts a key into a log or an error.

use crate::clock;
use ledger::{Timestamp, chain::Hash, id::KeyId};
use sha2::{Digest, Sha256};
use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock},
    time::{Duration, Instant},
};
use store::{ApiKey, Fault, Scope, Store};
use subtle::ConstantTimeEq;

/// What every key begins with, so that scanners for leaked secrets find them.
const PREFIX: &str = "coulomb_";

/// The characters of the random part and of the checksum: no vowels to form words with, no look-alikes.
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// How many characters the checksum has.
const CHECKSUM: usize = 6;

/// How often unknown keys may make us read the keys again.
const REFRESH_AT_MOST: Duration = Duration::from_secs(1);

/// A key that was just made.
#[derive(Clone, PartialEq, Eq)]
pub struct NewKey {
    /// The key itself: shown once, stored nowhere.
    pub key: String,
    /// What is stored of it.
    pub stored: ApiKey,
}

/// Makes a key. Fails only where the operating system has no randomness to give.
pub fn new_key(name: &str, scope: Scope, now: Timestamp) -> Result<NewKey, getrandom::Error> {
    let mut random = [0; 32];
    getrandom::fill(&mut random)?;
    let mut id = [0; 5];
    getrandom::fill(&mut id)?;
    let body = format!("{PREFIX}{}_{}", word(scope), base32(&random));
    let key = format!("{body}_{}", checksum(&body));
    let millis = now.micros().max(0) / 1_000;
    // Six bytes of milliseconds sort as their instants do until the year 10889.
    let id = format!("key_{}{}", base32(&millis.to_be_bytes()[2..]), base32(&id));
    let id: KeyId = id.parse().expect("the alphabet is one of ids");
    let stored = ApiKey { id, name: name.into(), scope, hash: hash(&key), created_at: now, revoked_at: None };
    Ok(NewKey { key, stored })
}

/// What a session's secret begins with.
pub const SESSION_PREFIX: &str = "coulomb_session_";

/// A secret for a member's session, formed like a key.
pub fn session_secret() -> Result<String, getrandom::Error> {
    let mut random = [0; 32];
    getrandom::fill(&mut random)?;
    let body = format!("{SESSION_PREFIX}{}", base32(&random));
    Ok(format!("{body}_{}", checksum(&body)))
}

/// What is stored of a secret: its hash, as text.
pub fn fingerprint(secret: &str) -> String {
    base32(&hash(secret))
}

/// What a page's forms prove with that they were shown in this session: nobody else can work it out.
pub fn form_proof(secret: &str) -> String {
    base32(&hash(&format!("form {secret}"))[..20])
}

/// A scope in one word, as keys, the command line and refusals call it.
pub fn word(scope: Scope) -> &'static str {
    match scope {
        Scope::Admin => "admin",
        Scope::Runtime => "runtime",
        Scope::Read => "read",
    }
}

fn base32(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 8 / 5 + 1);
    let (mut bits, mut count) = (0u32, 0u32);
    for byte in bytes {
        bits = (bits << 8) | u32::from(*byte);
        count += 8;
        while count >= 5 {
            count -= 5;
            text.push(char::from(ALPHABET[usize::try_from((bits >> count) & 31).unwrap_or(0)]));
        }
        bits &= (1 << count) - 1;
    }
    if count > 0 {
        text.push(char::from(ALPHABET[usize::try_from((bits << (5 - count)) & 31).unwrap_or(0)]));
    }
    text
}

fn hash(key: &str) -> Hash {
    Sha256::digest(key.as_bytes()).into()
}

fn checksum(body: &str) -> String {
    let mut sum = base32(&hash(body)[..4]);
    sum.truncate(CHECKSUM);
    sum
}

/// Whether a text is formed like a key, checksum and all.
fn is_well_formed(key: &str) -> bool {
    key.starts_with(PREFIX) && key.rsplit_once('_').is_some_and(|(body, sum)| checksum(body) == sum)
}

/// Who a key belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holder {
    /// What the ledger calls the key.
    pub id: KeyId,
    /// What it may do.
    pub scope: Scope,
}

/// Why a key is not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoEntry {
    /// There is no key in the request.
    #[error("This call needs an API key: send the header `Authorization: Bearer KEY`.")]
    Missing,
    /// It is no key at all.
    #[error("This is not a Coulomb API key, or it was not copied whole: its checksum does not fit.")]
    Malformed,
    /// It is a session's token, of another organization or of none.
    #[error("This session is over, or it is of another organization: ask the host for a new one.")]
    Session,
    /// It is formed like one, and is not or no longer known.
    #[error("This API key is not known, or it was revoked.")]
    Unknown,
}

/// The keys that work. Cheap to clone.
#[derive(Clone)]
pub struct Keys {
    inner: Arc<Inner>,
}

struct Inner {
    store: Arc<dyn Store>,
    holders: RwLock<Arc<HashMap<Hash, Holder>>>,
    /// When keys were last read because of an unknown one. Whoever holds this reads them.
    refreshed: tokio::sync::Mutex<Option<Instant>>,
}

impl Keys {
    /// Reads all keys. May block.
    pub fn load(store: Arc<dyn Store>) -> Result<Keys, Fault> {
        let inner = Inner { store, holders: RwLock::default(), refreshed: tokio::sync::Mutex::default() };
        let keys = Keys { inner: Arc::new(inner) };
        keys.refresh()?;
        Ok(keys)
    }

    /// Reads all keys again, so that what was created or revoked beside us counts. May block.
    pub fn refresh(&self) -> Result<(), Fault> {
        let working = self.inner.store.keys()?.into_iter().filter(|key| key.revoked_at.is_none());
        let holders = working.map(|key| (key.hash, Holder { id: key.id, scope: key.scope })).collect();
        *self.inner.holders.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(holders);
        Ok(())
    }

    /// Keeps the keys fresh for as long as it is polled: what was revoked stops working after `every` at the latest.
    pub async fn keep_fresh(self, every: Duration) {
        loop {
            tokio::time::sleep(every).await;
            self.refresh_aside().await;
        }
    }

    async fn refresh_aside(&self) {
        let keys = self.clone();
        let read = tokio::task::spawn_blocking(move || keys.refresh()).await;
        if let Ok(Err(fault)) = read {
            // The keys that were known go on working: who may ask does not change because the store is away.
            tracing::warn!(error = %fault, "the API keys could not be read again");
        }
    }

    /// Who holds this key. An unknown key that is formed like one may have been created a moment ago: then the keys are
    /// read again before it is refused.
    pub async fn holder(&self, key: &str) -> Result<Holder, NoEntry> {
        let hash = hash(key);
        if let Some(holder) = self.known(&hash) {
            return Ok(holder);
        }
        if !is_well_formed(key) {
            return Err(NoEntry::Malformed);
        }
        self.refresh_for_unknown().await;
        self.known(&hash).ok_or(NoEntry::Unknown)
    }

    /// Reads the keys as they are after this call began, at most once in a while whatever is sent: all who ask meanwhile
    /// wait for one reading.
    async fn refresh_for_unknown(&self) {
        let asked = clock::stopwatch();
        let mut refreshed = self.inner.refreshed.lock().await;
        match *refreshed {
            Some(last) if last >= asked => return,
            Some(last) => tokio::time::sleep(REFRESH_AT_MOST.saturating_sub(last.elapsed())).await,
            None => {}
        }
        *refreshed = Some(clock::stopwatch());
        self.refresh_aside().await;
    }

    /// Who holds this key, of the keys that are known already: costs no reading, whatever is sent.
    pub fn at_hand(&self, key: &str) -> Option<Holder> {
        self.known(&hash(key))
    }

    /// Who holds the key of this id, while it works. There are few keys: looking through them is looking one up.
    pub fn by_id(&self, id: &KeyId) -> Option<Holder> {
        let holders = Arc::clone(&self.inner.holders.read().unwrap_or_else(PoisonError::into_inner));
        holders.values().find(|holder| holder.id == *id).cloned()
    }

    fn known(&self, hash: &Hash) -> Option<Holder> {
        let holders = Arc::clone(&self.inner.holders.read().unwrap_or_else(PoisonError::into_inner));
        let (stored, holder) = holders.get_key_value(hash)?;
        // The map compares hashes of keys, not keys; comparing once more in constant time leaves nothing to argue about.
        bool::from(stored.ct_eq(hash)).then(|| holder.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_told_from_its_typos_and_stored_only_as_a_hash() {
        let made =
            new_key("ci", Scope::Runtime, Timestamp::from_micros(1_800_000_000_000_000)).expect("randomness");
        assert!(made.key.starts_with("coulomb_runtime_") && is_well_formed(&made.key));
        assert_eq!(made.stored.hash, hash(&made.key));
        assert!(!format!("{:?}", made.stored).contains(&made.key));
        for place in 0..made.key.len() {
            let mut typo = made.key.clone().into_bytes();
            typo[place] = if typo[place] == b'x' { b'y' } else { b'x' };
            assert!(
                !is_well_formed(&String::from_utf8(typo).expect("text")),
                "a typo at {place} goes unseen"
            );
        }
    }
}
