//! Events to bytes and back. The bytes are written once, hashed as they are, and never serialized again.

use crate::Fault;
use ledger::{
    chain::{Hash, link},
    event::{EVENT_VERSION, Recorded},
};

/// An event's stored bytes and the chain's hash after it.
pub fn encode(recorded: &Recorded, previous: &Hash) -> (Vec<u8>, Hash) {
    let bytes = crate::column::json(recorded);
    let hash = link(previous, &bytes);
    (bytes, hash)
}

/// An event from its stored bytes.
pub fn decode(bytes: &[u8]) -> Result<Recorded, Fault> {
    let recorded: Recorded = serde_json::from_slice(bytes)
        .map_err(|error| Fault::Damaged(format!("an event cannot be read: {error}")))?;
    if recorded.v > EVENT_VERSION {
        let newest = format!(
            "an event of version {} was written by a newer coulomb; this one knows {EVENT_VERSION}",
            recorded.v
        );
        return Err(Fault::TooNew(newest));
    }
    Ok(recorded)
}
