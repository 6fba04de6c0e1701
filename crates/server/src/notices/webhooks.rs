//! Webhooks: notices to the endpoints of the host, at least once, and for each endpoint in the order of the organization's
//! ledger. Only the first that is not delivered is sent; while it waits to be tried again, those behind it wait too. One that
//! is given up is kept apart (`dead`), and those behind it go on.
//!
//! A notice is claimed before it is sent, so that of two servers one sends it. A server that ends between sending and
//! forgetting leaves it claimed, and it is sent once more: receivers know it by its `webhook-id`.

use super::{
    address::{Private, PublicOnly},
    again, dead,
    kind::Kind,
    notice::Notice,
    settings::{Endpoint, WebhookSettings},
    signature,
};
use crate::{
    memos::{self, Memos},
    tls,
};
use ledger::{Timestamp, id::OrganizationId};
use reqwest::{Client, StatusCode, header, redirect};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use store::{
    Fault,
    memo::{Change, Memo},
};

/// The kind of its memos.
pub const KIND: &str = "webhook";

/// How much of an answer is read, so that its connection can be used again; it says nothing that matters.
const ANSWER_BYTES_MAX: usize = 64 * 1024;

/// A notice is given up after its time only where it was tried this often: a server that was away for days gives each a
/// second chance.
const ATTEMPTS_MIN: u32 = 2;

/// Notices that are moved behind one that waits, in one go.
const PAGE: usize = 500;

/// A notice that waits for an endpoint, in its memo.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Waiting {
    /// The same for every endpoint and however often it is sent.
    pub webhook_id: String,
    /// What it is about.
    pub kind: Kind,
    /// What is sent, to the byte.
    pub payload: String,
    /// Since when it waits.
    pub created_at: Timestamp,
    /// How often it was sent in vain.
    #[serde(default)]
    pub attempts: u32,
    /// A server has claimed it to send it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub sending: bool,
    /// Why, the last time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// What came of one step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Nothing waits.
    Idle,
    /// One was delivered, or given up; the next may go.
    Moved,
    /// The first one is not to be sent now.
    Waits,
}

/// What came of sending one notice.
enum Sent {
    Delivered,
    /// The endpoint is no more (410).
    Gone,
    Failed(String),
}

/// Sends notices to endpoints. Cheap to clone.
#[derive(Clone)]
pub struct Webhooks {
    settings: Arc<WebhookSettings>,
    client: Client,
    memos: Memos,
}

impl Webhooks {
    /// As the settings say.
    pub fn new(settings: WebhookSettings, memos: Memos) -> Result<Webhooks, String> {
        settings.check()?;
        let mut client = Client::builder()
            .user_agent(concat!("Coulomb/", env!("CARGO_PKG_VERSION")))
            .timeout(settings.timeout)
            .redirect(redirect::Policy::none())
            // A proxy would resolve names in our stead.
            .no_proxy()
            .tls_backend_preconfigured(
                tls::client().map_err(|error| format!("TLS cannot be set up: {error}"))?,
            );
        if !settings.allow_private_networks {
            client = client.dns_resolver(PublicOnly);
        }
        let client = client.build().map_err(|error| format!("webhooks cannot be sent: {error}"))?;
        Ok(Webhooks { settings: Arc::new(settings), client, memos })
    }

    /// As it was set up.
    pub fn settings(&self) -> &WebhookSettings {
        &self.settings
    }

    /// A memo for each endpoint that wants to hear of this.
    pub fn memos_of(&self, notice: &Notice, now: Timestamp) -> Vec<Memo> {
        let kind = notice.kind();
        let wanting = self.settings.endpoints.iter().filter(|endpoint| endpoint.wants(kind));
        let memo = |endpoint: &Endpoint| {
            let waiting = Waiting {
                webhook_id: notice.id(),
                kind,
                payload: notice.payload(),
                created_at: now,
                attempts: 0,
                sending: false,
                error: None,
            };
            Memo::new(KIND, id(&endpoint.name, &notice.place()), Some(now), memos::body(&waiting))
        };
        wanting.map(memo).collect()
    }

    /// Sends the first notice of an organization to an endpoint, where it is due at this instant.
    pub async fn step(
        &self,
        organization: &OrganizationId,
        endpoint: &str,
        now: Timestamp,
    ) -> Result<Step, Fault> {
        let Some(head) = self.after(organization, endpoint, None, 1).await?.pop() else {
            return Ok(Step::Idle);
        };
        let mut waiting: Waiting = memos::read(&head)?;
        if let Some(due) = head.due.filter(|due| *due > now) {
            // Behind one that is being sent nothing is moved: it may be delivered in a moment, and the next goes at once.
            if !waiting.sending {
                self.move_behind(organization, endpoint, &head, due).await?;
            }
            return Ok(Step::Waits);
        }
        waiting.sending = true;
        let sending = Memo { body: memos::body(&waiting), ..head };
        let until = again::claimed_until(now, self.settings.timeout);
        let Some(claimed) = self.memos.claim(organization, &sending, until).await? else {
            return Ok(Step::Waits);
        };
        let sent = match self.settings.endpoints.iter().find(|known| known.name == endpoint) {
            Some(endpoint) => self.send(endpoint, &waiting, now).await,
            None => Sent::Failed("no endpoint of this name is configured any more".into()),
        };
        let outcome = match &sent {
            Sent::Delivered => "delivered",
            Sent::Gone | Sent::Failed(_) => "failed",
        };
        metrics::counter!("coulomb_webhooks_total", "outcome" => outcome).increment(1);
        match sent {
            Sent::Delivered => {
                self.memos.keep(organization, vec![Change::Forget(claimed)]).await?;
                Ok(Step::Moved)
            }
            Sent::Gone => self.bury(organization, claimed, waiting, "it answered 410 Gone".into(), now).await,
            Sent::Failed(error) => self.failed(organization, endpoint, claimed, waiting, error, now).await,
        }
    }

    async fn failed(
        &self,
        organization: &OrganizationId,
        endpoint: &str,
        claimed: Memo,
        mut waiting: Waiting,
        error: String,
        now: Timestamp,
    ) -> Result<Step, Fault> {
        let end = waiting.created_at.after(again::length(self.settings.give_up));
        if now >= end && waiting.attempts.saturating_add(1) >= ATTEMPTS_MIN {
            return self.bury(organization, claimed, waiting, error, now).await;
        }
        waiting.attempts = waiting.attempts.saturating_add(1);
        waiting.sending = false;
        tracing::debug!(%organization, endpoint, notice = waiting.webhook_id, error, "a notice was not delivered");
        waiting.error = Some(error);
        let due = again::by_chance(waiting.attempts, now, end);
        let head = Memo { due: Some(due), body: memos::body(&waiting), ..claimed };
        self.memos.keep(organization, vec![Change::Write(head.clone())]).await?;
        self.move_behind(organization, endpoint, &head, due).await?;
        Ok(Step::Waits)
    }

    /// Gives a notice up: it is kept apart, and those behind it go on.
    async fn bury(
        &self,
        organization: &OrganizationId,
        claimed: Memo,
        mut waiting: Waiting,
        error: String,
        now: Timestamp,
    ) -> Result<Step, Fault> {
        waiting.attempts = waiting.attempts.saturating_add(1);
        waiting.sending = false;
        tracing::warn!(
            %organization,
            notice = waiting.webhook_id,
            id = claimed.id,
            error,
            attempts = waiting.attempts,
            "a notice was given up; `coulomb notices replay` sends it again"
        );
        waiting.error = Some(error);
        metrics::counter!("coulomb_webhooks_given_up_total").increment(1);
        let dead = dead::memo(&claimed.id, &waiting, now);
        // One of this id that died before was replayed since and is gone.
        self.memos.keep(organization, vec![Change::Forget(claimed), Change::Write(dead)]).await?;
        Ok(Step::Moved)
    }

    /// The notices that wait for an endpoint, in order, after this one.
    async fn after(
        &self,
        organization: &OrganizationId,
        endpoint: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<Memo>, Fault> {
        let first = id(endpoint, "");
        let after = after.map_or_else(|| first.clone(), str::to_owned);
        let mut memos = self.memos.list(organization, KIND, Some(after), limit).await?;
        memos.retain(|memo| memo.id.starts_with(&first));
        Ok(memos)
    }

    /// Lets those behind the first wait as long as it does, so that nobody looks at them in vain.
    async fn move_behind(
        &self,
        organization: &OrganizationId,
        endpoint: &str,
        head: &Memo,
        due: Timestamp,
    ) -> Result<(), Fault> {
        let mut last = head.id.clone();
        loop {
            let page = self.after(organization, endpoint, Some(&last), PAGE).await?;
            let Some(end) = page.last() else { return Ok(()) };
            last.clone_from(&end.id);
            let full = page.len() == PAGE;
            let early = page.into_iter().filter(|memo| memo.due.is_none_or(|own| own < due));
            let moved: Vec<Change> =
                early.map(|memo| Change::Write(Memo { due: Some(due), ..memo })).collect();
            if !moved.is_empty() {
                // Where somebody else was faster they are looked at once more, and nothing is lost.
                self.memos.keep(organization, moved).await?;
            }
            if !full {
                return Ok(());
            }
        }
    }

    async fn send(&self, endpoint: &Endpoint, waiting: &Waiting, now: Timestamp) -> Sent {
        let url = endpoint.url.url();
        if !self.settings.allows(url.host()) {
            return Sent::Failed("its address is one of a private network".into());
        }
        let seconds = now.micros().div_euclid(1_000_000);
        let (id, body) = (&waiting.webhook_id, &waiting.payload);
        let request = self
            .client
            .post(url.clone())
            .header(header::CONTENT_TYPE, "application/json")
            .header("webhook-id", id)
            .header("webhook-timestamp", seconds)
            .header("webhook-signature", signature::signatures(&endpoint.secrets, id, seconds, body))
            .body(body.clone());
        match request.send().await {
            Ok(mut answer) => {
                let status = answer.status();
                let mut read = 0_usize;
                while read < ANSWER_BYTES_MAX
                    && let Ok(Some(chunk)) = answer.chunk().await
                {
                    read = read.saturating_add(chunk.len());
                }
                match status {
                    StatusCode::GONE => Sent::Gone,
                    status if status.is_success() => Sent::Delivered,
                    status => Sent::Failed(format!("it answered {}", status.as_u16())),
                }
            }
            Err(error) => Sent::Failed(why(&error)),
        }
    }
}

/// The id of the memo of a notice with this place that waits for this endpoint. Listed, they are in the ledger's order.
fn id(endpoint: &str, place: &str) -> String {
    format!("{endpoint}:{place}")
}

/// The endpoint that a memo waits for.
pub fn endpoint_of(id: &str) -> &str {
    id.split(':').next().unwrap_or_default()
}

/// What went wrong, without anything that was sent, and without the URL.
fn why(error: &reqwest::Error) -> String {
    let mut source = std::error::Error::source(error);
    while let Some(inner) = source {
        if inner.is::<Private>() {
            return Private.to_string();
        }
        source = inner.source();
    }
    if error.is_timeout() {
        "it did not answer in time".into()
    } else if error.is_connect() {
        "it cannot be reached".into()
    } else {
        "the connection broke before it had answered".into()
    }
}
