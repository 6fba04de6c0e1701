//! What each member wants to be mailed: a memo per member who said so. Whoever said nothing is mailed everything that is
//! meant for people of their access.

use super::kind::Kind;
use crate::memos::{self, Memos};
use ledger::id::{MemberId, OrganizationId};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use store::{
    Fault,
    memo::{Change, Memo},
};

/// The kind of its memos.
pub const KIND: &str = "preferences";

/// How often a change is tried that somebody else was faster with.
const ATTEMPTS_MAX: usize = 5;

/// What a member chose.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Preferences {
    /// Whether to be mailed about each kind; what is not in it is mailed.
    #[serde(default)]
    pub email: BTreeMap<Kind, bool>,
}

impl Preferences {
    /// Whether to be mailed about this.
    pub fn mailed(&self, kind: Kind) -> bool {
        self.email.get(&kind).copied().unwrap_or(true)
    }
}

/// What a member chose.
pub async fn read(
    memos: &Memos,
    organization: &OrganizationId,
    member: &MemberId,
) -> Result<Preferences, Fault> {
    let memo = memos.one(organization, KIND, member.as_str()).await?;
    memo.as_ref().map_or_else(|| Ok(Preferences::default()), memos::read)
}

/// Chooses anew, whole.
pub async fn write(
    memos: &Memos,
    organization: &OrganizationId,
    member: &MemberId,
    preferences: &Preferences,
) -> Result<(), Fault> {
    for _ in 0..ATTEMPTS_MAX {
        let known = memos.one(organization, KIND, member.as_str()).await?;
        let version = known.map_or(0, |known| known.version);
        let memo = Memo { version, ..Memo::new(KIND, member.as_str(), None, memos::body(preferences)) };
        if memos.keep(organization, vec![Change::Write(memo)]).await? {
            return Ok(());
        }
    }
    Err(Fault::Unavailable("others were faster with these preferences too often".into()))
}
