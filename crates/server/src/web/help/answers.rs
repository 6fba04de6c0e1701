//! What readers thought of an article: one answer for each member and article, which they may change. Kept beside the
//! organization, read together by the operator.

use super::articles::Article;
use crate::{
    http::App,
    memos::{self, Memos},
};
use ledger::{
    Timestamp,
    id::{MemberId, OrganizationId},
};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use store::{
    Fault,
    memo::{Change, Memo},
};

/// The kind of its memos.
const KIND: &str = "help_answer";

/// The most characters of a reader's own words; of more, the first are kept.
pub const WORDS_MAX: usize = 1_000;

/// How often a change is tried that somebody else was faster with.
const ATTEMPTS_MAX: usize = 5;

/// What one reader thinks of one article.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// Whether it helped.
    pub helpful: bool,
    /// In the reader's own words; often none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub words: String,
    /// When it was given.
    pub at: Timestamp,
}

impl Answer {
    /// As somebody gave it.
    pub fn new(helpful: bool, words: &str, at: Timestamp) -> Answer {
        Answer { helpful, words: words.trim().chars().take(WORDS_MAX).collect(), at }
    }
}

/// An answer with where it came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Given {
    /// From which organization.
    pub organization: OrganizationId,
    /// About which article, by its path.
    pub article: String,
    /// By whom.
    pub member: String,
    /// What it says.
    pub answer: Answer,
}

fn memos(app: &App) -> Memos {
    Memos::new(Arc::clone(app.engine.store()))
}

/// An article's path has no colon, so that whatever follows the first is the member.
fn id(article: &Article, member: &MemberId) -> String {
    format!("{}:{member}", article.path)
}

/// What this member answered.
pub async fn one(
    app: &App,
    organization: &OrganizationId,
    article: &Article,
    member: &MemberId,
) -> Result<Option<Answer>, Fault> {
    let memo = memos(app).one(organization, KIND, &id(article, member)).await?;
    memo.as_ref().map(memos::read).transpose()
}

/// Keeps an answer in the place of the one before.
pub async fn keep(
    app: &App,
    organization: &OrganizationId,
    article: &Article,
    member: &MemberId,
    answer: &Answer,
) -> Result<(), Fault> {
    let (memos, id) = (memos(app), id(article, member));
    for _ in 0..ATTEMPTS_MAX {
        let version = memos.one(organization, KIND, &id).await?.map_or(0, |known| known.version);
        let memo = Memo::new(KIND, id.as_str(), Some(newest_first(answer.at)), memos::body(answer));
        if memos.keep(organization, vec![Change::Write(Memo { version, ..memo })]).await? {
            return Ok(());
        }
    }
    Err(Fault::Unavailable("others were faster with this answer too often".into()))
}

/// Memos of all organizations are listed by when they are due, the soonest first. Nothing is to be done about these but to
/// read them, the newest first: so a later answer is due sooner.
fn newest_first(at: Timestamp) -> Timestamp {
    Timestamp::from_micros(Timestamp::MAX.micros().saturating_sub(at.micros()))
}

/// The newest answers of all organizations.
pub async fn all(app: &App, limit: usize) -> Result<Vec<Given>, Fault> {
    let newest = memos(app).due(KIND, Timestamp::MAX, limit).await?;
    let given = newest.into_iter().filter_map(|owned| {
        let (article, member) = owned.memo.id.split_once(':')?;
        let (article, member) = (article.to_owned(), member.to_owned());
        Some(memos::read(&owned.memo).map(|answer| Given {
            organization: owned.organization,
            article,
            member,
            answer,
        }))
    });
    given.collect()
}
