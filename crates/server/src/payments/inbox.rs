//! The inbox: what providers say, kept before it is answered and worked off afterwards, in order for each organization. A
//! message that comes twice is there once; one that cannot be worked off now is tried again, and those after it go on:
//! the ledger takes facts in any order (R8.6).

use super::fact::Fact;
use crate::memos;
use ledger::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use store::memo::Memo;

/// The kind of its memos.
pub const KIND: &str = "inbox";

/// What a provider said.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "message", rename_all = "snake_case")]
pub enum Message {
    /// Facts, in the words of the rules.
    Facts {
        /// In order.
        facts: Vec<Fact>,
    },
    /// An event as the provider sent it, to be translated.
    Event {
        /// The whole of it.
        event: Value,
    },
}

/// What waits in the inbox, or has been worked off.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Waiting {
    /// What was said.
    #[serde(flatten)]
    pub message: Message,
    /// When it came.
    pub received_at: Timestamp,
    /// How often it was tried in vain.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub failures: u32,
    /// Why it did not work, the last time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// Since when it is worked off, or given up where there is an error.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub done_at: Option<Timestamp>,
}

fn is_zero(count: &u32) -> bool {
    *count == 0
}

/// A message to keep, due at once. Messages of one organization are worked off in the order of their ids.
pub fn memo(id: impl Into<String>, now: Timestamp, message: Message) -> Memo {
    let waiting = Waiting { message, received_at: now, failures: 0, error: None, done_at: None };
    Memo::new(KIND, id, Some(now), memos::body(&waiting))
}
