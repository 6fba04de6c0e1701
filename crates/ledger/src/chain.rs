//! The hash chain over the stored bytes of an account's events (R2.2): a missing, altered or reordered event shows.

use sha2::{Digest, Sha256};

/// The hash of an event's bytes and of all before it.
pub type Hash = [u8; 32];

/// Where the chain of an organization begins: its id, so that no account's history fits another's.
pub fn origin(organization: &crate::id::OrganizationId) -> Hash {
    link(&[0; 32], organization.as_str().as_bytes())
}

/// The hash after an event with these stored bytes.
pub fn link(previous: &Hash, bytes: &[u8]) -> Hash {
    let mut hash = Sha256::new();
    hash.update(previous);
    hash.update(bytes);
    hash.finalize().into()
}

/// Lowercase hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit =
        |value: u8| char::from(*DIGITS.get(usize::from(value)).expect("four bits name one of 16 digits"));
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}
