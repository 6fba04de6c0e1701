//! Sessions of members, and of operators. A host that has a person before it asks for one and sends the browser to its link, which opens the
//! console once; or it gives the token to its own page, where the components show that person's balance with it. Either
//! reaches one organization and no further than the member may (R12). An operator signs in with a key, whose session ends with
//! the key.
//!
//! What is stored is a hash, beside the organization. Links and sessions end by the wall clock, whatever test clock the
//! organization has.

use crate::{auth, clock, engine::Changes, jobs::due, memos, memos::Memos};
use ledger::{
    Duration, Timestamp,
    id::{KeyId, MemberId, OrganizationId},
};
use serde::{Deserialize, Serialize};
use store::{
    Fault,
    memo::{Change, Memo},
};

/// The kind of the memo of a session.
pub const SESSION: &str = "session";

/// The kind of the memo of a link that nobody has followed yet.
pub const LINK: &str = "session_link";

/// The kind of the memo of an operator's session.
const OPERATOR: &str = "operator_session";

/// Memos belong to somebody. What belongs to whoever runs the server is under this id, which an organization may have too:
/// no other kind of memo is there, and none of this kind elsewhere.
const HOUSE: &str = "operator";

/// For how long an operator stays in.
pub const OPERATOR_LIFETIME: Duration = Duration::hours(12);

/// Organizations whose sessions are cleared away at once.
const AT_ONCE: usize = 4;

/// For how long sessions and their links work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lifetimes {
    /// A link, until somebody follows it.
    pub link: Duration,
    /// A session, where the host says nothing.
    pub session: Duration,
    /// A session at most.
    pub session_max: Duration,
}

impl Default for Lifetimes {
    fn default() -> Lifetimes {
        Lifetimes {
            link: Duration::from_micros(300_000_000),
            session: Duration::hours(12),
            session_max: Duration::days(30),
        }
    }
}

/// Whose session it is, and until when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    /// The member.
    pub member: MemberId,
    /// Where the person came from, to go back to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub return_url: Option<String>,
    /// When it ends.
    pub expires_at: Timestamp,
}

/// Whose key opened an operator's session, and until when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct OperatorSession {
    key: KeyId,
    expires_at: Timestamp,
}

/// A session that was just made.
pub struct NewSession {
    /// Opens the console, once: the last part of the link's path.
    pub link: String,
    /// Reaches the API.
    pub token: String,
    /// When the session ends.
    pub expires_at: Timestamp,
}

/// The sessions of all organizations. Cheap to clone.
#[derive(Clone)]
pub struct Sessions {
    memos: Memos,
    lifetimes: Lifetimes,
}

impl Sessions {
    /// Those of this store.
    pub fn new(memos: Memos, lifetimes: Lifetimes) -> Sessions {
        Sessions { memos, lifetimes }
    }

    /// How long they may last.
    pub fn lifetimes(&self) -> Lifetimes {
        self.lifetimes
    }

    /// Makes a session and a link to another one, for a member who exists.
    pub async fn create(
        &self,
        organization: &OrganizationId,
        member: MemberId,
        return_url: Option<String>,
        lifetime: Option<Duration>,
    ) -> Result<NewSession, Fault> {
        let now = clock::now();
        let lifetime = lifetime.unwrap_or(self.lifetimes.session).min(self.lifetimes.session_max);
        let session = Session { member, return_url, expires_at: now.after(lifetime) };
        let (token, link) = (secret()?, secret()?);
        let until = now.after(self.lifetimes.link);
        let stored =
            [(SESSION, &token, session.expires_at), (LINK, &link, until)].map(|(kind, secret, due)| {
                Change::Write(Memo::new(kind, auth::fingerprint(secret), Some(due), memos::body(&session)))
            });
        self.memos.keep(organization, stored.into()).await?;
        Ok(NewSession { link, token, expires_at: session.expires_at })
    }

    /// Follows a link: it is gone, and the session that it opened is there. None: there is no such link, or not any more.
    pub async fn follow(
        &self,
        organization: &OrganizationId,
        link: &str,
    ) -> Result<Option<(String, Session)>, Fault> {
        let Some(memo) = self.memos.one(organization, LINK, &auth::fingerprint(link)).await? else {
            return Ok(None);
        };
        if memo.due.is_none_or(|until| until <= clock::now()) {
            return Ok(None);
        }
        let session: Session = memos::read(&memo)?;
        let token = secret()?;
        let opened =
            Memo::new(SESSION, auth::fingerprint(&token), Some(session.expires_at), memo.body.clone());
        // Of two who follow it at once, one takes it away.
        let first = self.memos.keep(organization, vec![Change::Forget(memo), Change::Write(opened)]).await?;
        Ok(first.then_some((token, session)))
    }

    /// The session that a token is of, while it lasts.
    pub async fn find(&self, organization: &OrganizationId, token: &str) -> Result<Option<Session>, Fault> {
        let Some(memo) = self.memos.one(organization, SESSION, &auth::fingerprint(token)).await? else {
            return Ok(None);
        };
        let session: Session = memos::read(&memo)?;
        Ok(Some(session).filter(|session| clock::now() < session.expires_at))
    }

    /// Ends a session.
    pub async fn end(&self, organization: &OrganizationId, token: &str) -> Result<(), Fault> {
        self.forget(organization, SESSION, token).await
    }

    async fn forget(&self, of: &OrganizationId, kind: &'static str, token: &str) -> Result<(), Fault> {
        if let Some(memo) = self.memos.one(of, kind, &auth::fingerprint(token)).await? {
            // Where somebody else was faster it is gone as well.
            self.memos.keep(of, vec![Change::Forget(memo)]).await?;
        }
        Ok(())
    }

    /// Opens a session for whoever holds this key.
    pub async fn open_for_operator(&self, key: KeyId) -> Result<String, Fault> {
        let (token, expires_at) = (secret()?, clock::now().after(OPERATOR_LIFETIME));
        let body = memos::body(&OperatorSession { key, expires_at });
        let memo = Memo::new(OPERATOR, auth::fingerprint(&token), Some(expires_at), body);
        self.memos.keep(&house(), vec![Change::Write(memo)]).await?;
        Ok(token)
    }

    /// By which key an operator is in, while the session lasts. Whether the key still works is for `auth` to say.
    pub async fn operator(&self, token: &str) -> Result<Option<KeyId>, Fault> {
        let Some(memo) = self.memos.one(&house(), OPERATOR, &auth::fingerprint(token)).await? else {
            return Ok(None);
        };
        let session: OperatorSession = memos::read(&memo)?;
        Ok((clock::now() < session.expires_at).then_some(session.key))
    }

    /// Ends an operator's session.
    pub async fn end_for_operator(&self, token: &str) -> Result<(), Fault> {
        self.forget(&house(), OPERATOR, token).await
    }

    /// Clears away what is over, until the server stops.
    pub async fn clear_away(self, changes: Changes) {
        let clear = |kind| {
            due::run(changes.clone(), self.memos.clone(), kind, AT_ONCE, |organization, over| {
                let memos = self.memos.clone();
                async move {
                    let forget = over.into_iter().map(Change::Forget).collect();
                    if let Err(error) = memos.keep(&organization, forget).await {
                        tracing::warn!(%organization, %error, "sessions that are over are not cleared away yet");
                    }
                }
            })
        };
        tokio::join!(clear(SESSION), clear(LINK), clear(OPERATOR));
    }
}

fn house() -> OrganizationId {
    HOUSE.parse().expect("it is an id")
}

/// Whether this is a session's token, and no API key.
pub fn is_token(text: &str) -> bool {
    text.starts_with(auth::SESSION_PREFIX)
}

fn secret() -> Result<String, Fault> {
    auth::session_secret()
        .map_err(|error| Fault::Unavailable(format!("the system has no randomness: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use store::{Store, sqlite::Sqlite};

    #[tokio::test]
    async fn a_link_is_followed_by_one_of_many_and_what_is_over_is_cleared_away() {
        let folder = tempfile::tempdir().expect("a folder");
        let store: Arc<dyn Store> = Arc::new(Sqlite::open(folder.path()).expect("a store"));
        let memos = Memos::new(store);
        let sessions = Sessions::new(memos.clone(), Lifetimes::default());
        let organization: OrganizationId = "org".parse().expect("an id");
        let ada: MemberId = "ada".parse().expect("an id");
        let made = sessions.create(&organization, ada.clone(), None, None).await.expect("a session");
        let all = (0..8).map(|_| sessions.follow(&organization, &made.link));
        let opened = futures_util::future::join_all(all).await;
        let opened: Vec<_> = opened.into_iter().filter_map(|followed| followed.expect("an answer")).collect();
        assert_eq!(opened.len(), 1, "one of eight");
        let (token, session) = &opened[0];
        assert_eq!(sessions.find(&organization, token).await.expect("an answer").as_ref(), Some(session));

        let over = Some(Duration::from_micros(1));
        let over = sessions.create(&organization, ada, None, over).await.expect("a session");
        assert_eq!(sessions.find(&organization, &over.token).await.expect("an answer"), None);
        let cleared = async {
            while memos
                .one(&organization, SESSION, &auth::fingerprint(&over.token))
                .await
                .expect("an answer")
                .is_some()
            {
                tokio::task::yield_now().await;
            }
        };
        tokio::select! {
            () = sessions.clone().clear_away(Changes::default()) => unreachable!("it goes on for ever"),
            () = cleared => {}
        }
        assert_eq!(
            sessions.find(&organization, token).await.expect("an answer").as_ref(),
            Some(session),
            "what lasts stays"
        );
    }
}
