//! Memos: what parts of the server remember of an organization beside its ledger. An event of a provider that waits, a
//! notice to deliver, a card to charge, a customer's id with the provider: small documents, each of a kind and with an id,
//! some of which are due at an instant.
//!
//! What has to be done because of an event is a memo in the same commit as the event ([`crate::Batch::memos`]), so neither
//! is there without the other. Afterwards a memo changes only from the version that was read, so that of two servers that
//! want to do the same work one does it.

use ledger::{Timestamp, id::OrganizationId};

/// The most bytes of a kind or an id.
pub const NAME_MAX: usize = 255;

/// One memo.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Memo {
    /// What it is of: whoever asks for the kind knows what to make of the body.
    pub kind: String,
    /// Which; unique among those of its kind and organization, which are listed in the order of their ids' bytes.
    pub id: String,
    /// How often it was written, from 1.
    pub version: u64,
    /// When somebody has to do something about it; none: when it is asked for.
    pub due: Option<Timestamp>,
    /// What is remembered: JSON.
    pub body: String,
}

impl Memo {
    /// One to write for the first time.
    pub fn new(
        kind: impl Into<String>,
        id: impl Into<String>,
        due: Option<Timestamp>,
        body: impl Into<String>,
    ) -> Memo {
        Memo { kind: kind.into(), id: id.into(), version: 0, due, body: body.into() }
    }
}

/// A change of one memo. It happens where `memo.version` is the version that is stored, 0 for one that is not there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// It is as it says now, one version on.
    Write(Memo),
    /// It is gone.
    Forget(Memo),
}

impl Change {
    /// The memo that changes.
    pub fn memo(&self) -> &Memo {
        match self {
            Change::Write(memo) | Change::Forget(memo) => memo,
        }
    }
}

/// Which memos of one organization to list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listed<'a> {
    /// Of which kind.
    pub kind: &'a str,
    /// Only those after this id, in the order of the list.
    pub after: Option<&'a str>,
    /// The last id first.
    pub backwards: bool,
}

/// A memo with whose it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owned {
    /// Whose.
    pub organization: OrganizationId,
    /// Which.
    pub memo: Memo,
}
