//! Notices: what the host and the people of an organization are told of what happened. An event gives rise to them in the
//! commit that stores it, as memos; loops tell them afterwards, at least once, however often the server stops.
//!
//! In reading order: `kind` and `notice` say what can be told, `derive` from which events, `expiring` what comes with time,
//! `settings` to whom. `webhooks` (with `signature`, `address`, `again` and `dead`) tells the host; `mail` (with
//! `transport`, `letter` and `preferences`) tells people.

pub mod address;
mod again;
pub mod dead;
pub mod derive;
mod expiring;
pub mod kind;
pub mod letter;
pub mod mail;
pub mod notice;
pub mod preferences;
pub mod settings;
pub mod signature;
mod transport;
pub mod webhooks;

use crate::{
    clock,
    engine::{Engine, EngineError, Happened},
    jobs::due,
    memos::Memos,
};
use expiring::Found;
use futures_util::future::{join_all, join3};
use ledger::{Timestamp, id::OrganizationId};
use mail::Mail;
use notice::Notice;
use settings::{MailSettings, WebhookSettings};
use std::{collections::BTreeSet, sync::Arc};
use store::memo::{Change, Memo};
use webhooks::{Step, Webhooks};

/// Notices sent to one endpoint in one go, before others get their turn.
const IN_ONE_GO: usize = 100;

/// Organizations that are mailed at the same time.
const MAIL_AT_ONCE: usize = 4;

/// Organizations whose expiring grants are looked at at the same time.
const EXPIRING_AT_ONCE: usize = 4;

/// Why notices cannot be told as they are configured: a sentence for whoever configured them.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Unusable(String);

/// Tells the host and people what happened. Cheap to clone.
#[derive(Clone)]
pub struct Notices {
    webhooks: Webhooks,
    mail: Option<Mail>,
    memos: Memos,
}

impl Notices {
    /// As the settings say. `public_url` is where people reach this server, for links in mail; no slash at the end.
    pub fn new(
        webhooks: WebhookSettings,
        mail: MailSettings,
        memos: Memos,
        public_url: &str,
    ) -> Result<Notices, Unusable> {
        let webhooks = Webhooks::new(webhooks, memos.clone()).map_err(Unusable)?;
        let mail = Mail::new(mail, memos.clone(), public_url).map_err(Unusable)?;
        Ok(Notices { webhooks, mail, memos })
    }

    /// Whether nobody is configured who could be told.
    fn is_silent(&self) -> bool {
        self.webhooks.settings().endpoints.is_empty() && self.mail.is_none()
    }

    /// What has to be told because of a decision, as memos of the same commit.
    pub fn outbox(&self, happened: &Happened<'_>) -> Vec<Memo> {
        if self.is_silent() {
            return Vec::new();
        }
        let notices = derive::notices(happened);
        let mut memos = expiring::memos_of(happened);
        if !notices.is_empty() {
            let now = clock::now();
            for notice in &notices {
                memos.extend(self.memos_of(notice, mail::is_mailed(notice, happened), now));
            }
        }
        memos
    }

    fn memos_of(&self, notice: &Notice, is_mailed: bool, now: Timestamp) -> Vec<Memo> {
        let mut memos = self.webhooks.memos_of(notice, now);
        memos.extend(self.mail.as_ref().filter(|_| is_mailed).map(|_| mail::memo(notice, now)));
        memos
    }

    /// What sends webhooks, a step at a time.
    pub fn webhooks(&self) -> &Webhooks {
        &self.webhooks
    }

    /// What sends mail, a notice at a time; none where no mail server is configured.
    pub fn mail(&self) -> Option<&Mail> {
        self.mail.as_ref()
    }

    /// Tells what waits, until it is dropped.
    pub async fn run(self, engine: Engine) {
        let (notices, engine) = (&self, &engine);
        let (changes, memos) = (engine.changes(), &self.memos);
        let at_once = self.webhooks.settings().at_once.get();
        let send = |organization, due| notices.send_webhooks(organization, due);
        let webhooks = due::run(changes.clone(), memos.clone(), webhooks::KIND, at_once, send);
        let mail = async {
            // What was to be mailed before the mail server was taken out of the configuration waits for its return.
            if let Some(mail) = &self.mail {
                let send = |organization, due| send_mail(mail, engine, organization, due);
                due::run(changes.clone(), memos.clone(), mail::KIND, MAIL_AT_ONCE, send).await;
            }
        };
        let look = async |organization: OrganizationId, due| {
            if let Err(error) = notices.tell_expiring(engine, &organization, due, None).await {
                tracing::warn!(%organization, %error, "expiring credits could not be looked at; it is tried again");
            }
        };
        let look = due::run(changes.clone(), memos.clone(), expiring::KIND, EXPIRING_AT_ONCE, look);
        join3(webhooks, mail, look).await;
    }

    /// Tells of the credits of an organization that expire soon at its own `now`: for whoever moves its test clock.
    pub async fn expiring_due(
        &self,
        engine: &Engine,
        organization: &OrganizationId,
        now: Timestamp,
    ) -> Result<(), EngineError> {
        let memos = self.memos.list(organization, expiring::KIND, None, expiring::GRANTS_MAX).await;
        let memos = memos.map_err(|fault| EngineError::Store(Arc::new(fault)))?;
        self.tell_expiring(engine, organization, memos, Some(now)).await
    }

    async fn tell_expiring(
        &self,
        engine: &Engine,
        organization: &OrganizationId,
        due: Vec<Memo>,
        now: Option<Timestamp>,
    ) -> Result<(), EngineError> {
        let mut is_told = false;
        for (memo, found) in expiring::look(engine, organization, due, now).await? {
            let mut changes = Vec::new();
            match found {
                Found::Over => changes.push(Change::Forget(memo)),
                Found::Later(later) => changes.push(Change::Write(later)),
                Found::Told(notice, later) => {
                    changes.push(later.map_or(Change::Forget(memo), Change::Write));
                    changes.extend(self.memos_of(&notice, true, clock::now()).into_iter().map(Change::Write));
                    is_told = true;
                }
            }
            // Where another server was faster it has told the same.
            let kept = self.memos.keep(organization, changes).await;
            kept.map_err(|fault| EngineError::Store(Arc::new(fault)))?;
        }
        if is_told {
            engine.changes().tell_memos();
        }
        Ok(())
    }

    /// Sends what waits for the endpoints that something is due for, each in its own order and none waiting for another.
    async fn send_webhooks(&self, organization: OrganizationId, due: Vec<Memo>) {
        let endpoints: BTreeSet<&str> = due.iter().map(|memo| webhooks::endpoint_of(&memo.id)).collect();
        let sent = endpoints.into_iter().map(async |endpoint| {
            for _ in 0..IN_ONE_GO {
                match self.webhooks.step(&organization, endpoint, clock::now()).await {
                    Ok(Step::Moved) => {}
                    Ok(Step::Idle | Step::Waits) => return,
                    Err(error) => {
                        tracing::warn!(%organization, endpoint, %error, "notices wait: the store has a fault");
                        return;
                    }
                }
            }
        });
        join_all(sent).await;
    }
}

async fn send_mail(mail: &Mail, engine: &Engine, organization: OrganizationId, due: Vec<Memo>) {
    for memo in due {
        if let Err(error) = mail.step(engine, &organization, memo, clock::now()).await {
            tracing::warn!(%organization, %error, "mail waits: the account could not be looked at");
        }
    }
}
