//! Mail: notices to the owner and the billing admins, about crossings only, and not twice about the same thing within the
//! cooldown. What is no longer so when its mail could go out is not mailed at all.
//!
//! A server that ends between sending a mail and remembering it sends that mail again, with the same Message-ID; none is
//! lost.

use super::{
    again,
    kind::Kind,
    letter::{Letter, plain},
    notice::{Notice, What},
    preferences,
    settings::MailSettings,
    transport::{Transport, Unsent},
};
use crate::{
    engine::{Engine, EngineError, Happened},
    memos::{self, Memos},
};
use ledger::{
    Account, Timestamp,
    id::{MemberId, OrganizationId},
};
use lettre::{
    Address, Message,
    message::{
        Mailbox, MultiPart,
        header::{Header, HeaderName, HeaderValue},
    },
};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::{sync::Arc, time::UNIX_EPOCH};
use store::{
    Fault,
    memo::{Change, Memo},
};

/// The kind of the memos of notices that are to be mailed.
pub const KIND: &str = "mail";

/// The kind of the memos that say when an organization was mailed about what.
const MAILED: &str = "mailed";

/// Notices of one organization that are looked through for one that says the opposite.
const WAITING_MAX: usize = 100;

/// A notice that is to be mailed, in its memo.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Waiting {
    notice: Notice,
    created_at: Timestamp,
    attempts: u32,
    /// Who needs no more mail about it.
    done: Vec<MemberId>,
    /// A server has begun to mail it, and has not said what came of it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    begun: bool,
}

/// When an organization was last mailed about something.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Mailed {
    /// When the last mail went out.
    at: Timestamp,
    /// What happened until then everybody has been told: one who is only mailed now what others were mailed long ago says
    /// nothing to those.
    through: Timestamp,
}

/// Somebody to mail to.
struct Recipient {
    member: MemberId,
    name: String,
    email: String,
}

/// Mails people. Cheap to clone.
#[derive(Clone)]
pub struct Mail {
    settings: Arc<MailSettings>,
    from: Mailbox,
    transport: Transport,
    memos: Memos,
    public_url: Arc<str>,
}

/// Whether a notice is mailed: it is a crossing, and nothing in the same decision says more (SURFACES: people are told once).
pub fn is_mailed(notice: &Notice, happened: &Happened<'_>) -> bool {
    let core = happened.account.core();
    match &notice.what {
        // Who is told that nothing starts needs not be told that little is left; a purchase on its way may settle it.
        What::BalanceLow { .. } => core.blocked.is_none() && core.recharge.in_flight.is_none(),
        // Another first reason is no crossing.
        What::BalanceBlocked { .. } => !happened.before.blocked && core.blocked.is_some(),
        What::BalanceUnblocked {} => core.blocked.is_none(),
        // The last decline suspends, and says so itself.
        What::AutoRechargeFailed { retry_at, .. } => retry_at.is_some(),
        what => Kind::MAILED.contains(&what.kind()),
    }
}

/// A memo of a notice that is to be mailed.
pub fn memo(notice: &Notice, now: Timestamp) -> Memo {
    let waiting =
        Waiting { notice: notice.clone(), created_at: now, attempts: 0, done: Vec::new(), begun: false };
    Memo::new(KIND, notice.place(), Some(now), memos::body(&waiting))
}

impl Mail {
    /// As the settings say; none where they name no mail server.
    pub fn new(settings: MailSettings, memos: Memos, public_url: &str) -> Result<Option<Mail>, String> {
        settings.check()?;
        let (Some(smtp), Some(from)) = (&settings.smtp, &settings.from) else { return Ok(None) };
        let transport = Transport::new(&settings, smtp)?;
        let from = from.0.clone();
        Ok(Some(Mail { settings: Arc::new(settings), from, transport, memos, public_url: public_url.into() }))
    }

    /// Mails one notice, where it is to be mailed at this instant.
    pub async fn step(
        &self,
        engine: &Engine,
        organization: &OrganizationId,
        memo: Memo,
        now: Timestamp,
    ) -> Result<(), EngineError> {
        let mut waiting: Waiting = memos::read(&memo).map_err(fault)?;
        let begun_before = std::mem::replace(&mut waiting.begun, true);
        let begun = Memo { body: memos::body(&waiting), ..memo };
        let claimed = self.memos.claim(organization, &begun, self.claimed_until(now)).await;
        let Some(mut claimed) = claimed.map_err(fault)? else { return Ok(()) };
        let what = waiting.notice.what.clone();
        let look =
            move |view: crate::engine::View<'_>| (is_still_so(&what, view.account), people(view.account));
        let (still, people) = engine.view(organization.clone(), look).await?;
        let mailed = self.last(organization, waiting.notice.kind()).await.map_err(fault)?;
        let told = self.told_since(organization, &waiting, &mailed).await.map_err(fault)?;
        if !still || told {
            self.forget(organization, claimed).await.map_err(fault)?;
            return Ok(());
        }
        let free = mailed.map(|(_, mailed)| mailed.at.after(again::length(self.settings.cooldown)));
        // Of who was mailed before others of the same notice failed, the mark is our own.
        if let Some(free) = free.filter(|free| *free > now && waiting.done.is_empty()) {
            waiting.begun = begun_before;
            let later = Memo { due: Some(free), body: memos::body(&waiting), ..claimed };
            self.memos.keep(organization, vec![Change::Write(later)]).await.map_err(fault)?;
            return Ok(());
        }
        let failed = self.mail(organization, &mut waiting, &mut claimed, people, now).await.map_err(fault)?;
        waiting.begun = begun_before;
        match failed {
            None => self.forget(organization, claimed).await.map_err(fault),
            Some(error) => self.failed(organization, waiting, claimed, error, now).await.map_err(fault),
        }
    }

    /// Mails whoever has not been mailed about it; what went wrong, where it may go right later.
    async fn mail(
        &self,
        organization: &OrganizationId,
        waiting: &mut Waiting,
        claimed: &mut Memo,
        people: Vec<Recipient>,
        now: Timestamp,
    ) -> Result<Option<String>, Fault> {
        let kind = waiting.notice.kind();
        let Some(letter) = Letter::of(&waiting.notice, &self.public_url) else { return Ok(None) };
        let through = if waiting.done.is_empty() { now } else { waiting.created_at };
        let mut failed = None;
        for recipient in people {
            let Recipient { member, .. } = &recipient;
            let wanted = preferences::read(&self.memos, organization, member).await?.mailed(kind);
            if waiting.done.contains(member) || !wanted {
                continue;
            }
            let sent = self.send(&letter, &waiting.notice, &recipient, now).await;
            let is_sent = sent.is_ok();
            match sent {
                Ok(()) => metrics::counter!("coulomb_mails_total", "outcome" => "sent").increment(1),
                Err(Unsent::Refused(error)) => {
                    metrics::counter!("coulomb_mails_total", "outcome" => "refused").increment(1);
                    tracing::warn!(%organization, %member, %kind, error, "a member's mail address is refused for good");
                }
                Err(Unsent::Failed(error)) => {
                    metrics::counter!("coulomb_mails_total", "outcome" => "failed").increment(1);
                    failed = Some(error);
                    continue;
                }
            }
            waiting.done.push(member.clone());
            let noted = Memo { body: memos::body(waiting), ..claimed.clone() };
            match self.memos.claim(organization, &noted, self.claimed_until(now)).await? {
                Some(kept) => *claimed = kept,
                // It took so long that another server has it now, which knows whom it was mailed to before.
                None => return Ok(None),
            }
            // Last: whoever finds the mark takes the notice for told, unless it says itself whom it was mailed to.
            if is_sent {
                self.mark(organization, kind, Mailed { at: now, through }).await?;
            }
        }
        Ok(failed)
    }

    async fn failed(
        &self,
        organization: &OrganizationId,
        mut waiting: Waiting,
        claimed: Memo,
        error: String,
        now: Timestamp,
    ) -> Result<(), Fault> {
        let kind = waiting.notice.kind();
        let end = waiting.created_at.after(again::length(self.settings.give_up));
        waiting.attempts = waiting.attempts.saturating_add(1);
        if now >= end {
            tracing::error!(%organization, %kind, error, attempts = waiting.attempts, "a mail was given up");
            return self.forget(organization, claimed).await;
        }
        tracing::warn!(%organization, %kind, error, attempts = waiting.attempts, "a mail was not sent; it is tried again");
        let due = Some(again::by_chance(waiting.attempts, now, end));
        let later = Memo { due, body: memos::body(&waiting), ..claimed };
        self.memos.keep(organization, vec![Change::Write(later)]).await.map(|_| ())
    }

    /// Until when a notice is claimed while it is mailed to one person after the other; each mail claims it anew.
    fn claimed_until(&self, now: Timestamp) -> Timestamp {
        again::claimed_until(now, self.settings.timeout)
    }

    async fn forget(&self, organization: &OrganizationId, memo: Memo) -> Result<(), Fault> {
        self.memos.keep(organization, vec![Change::Forget(memo)]).await.map(|_| ())
    }

    async fn send(
        &self,
        letter: &Letter,
        notice: &Notice,
        recipient: &Recipient,
        now: Timestamp,
    ) -> Result<(), Unsent> {
        let address: Address =
            recipient.email.parse().map_err(|_| Unsent::Refused("it is no mail address".into()))?;
        let to = Mailbox::new(Some(plain(&recipient.name)), address);
        let sent_at = UNIX_EPOCH
            .checked_add(std::time::Duration::from_micros(u64::try_from(now.micros()).unwrap_or(0)));
        let message = Message::builder()
            .from(self.from.clone())
            .to(to)
            .date(sent_at.unwrap_or(UNIX_EPOCH))
            .subject(letter.subject.clone())
            .message_id(Some(self.message_id(notice, &recipient.member)))
            .header(AutoSubmitted)
            .multipart(MultiPart::alternative_plain_html(letter.text(), letter.html()))
            .map_err(|_| Unsent::Refused("no mail can be addressed to it".into()))?;
        self.transport.send(message).await
    }

    /// The same for the same notice and member, so that a mail that was sent twice is shown once.
    fn message_id(&self, notice: &Notice, member: &MemberId) -> String {
        let hash = Sha256::digest(format!("{} {member}", notice.id()));
        let name: String = hash.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
        format!("<{name}@{}>", self.from.email.domain())
    }

    /// When this organization was last mailed about something of which it matters; the version of the memo that says so.
    async fn last(&self, organization: &OrganizationId, kind: Kind) -> Result<Option<(u64, Mailed)>, Fault> {
        if !has_cooldown(kind) {
            return Ok(None);
        }
        let memo = self.memos.one(organization, MAILED, kind.as_str()).await?;
        memo.map(|memo| Ok((memo.version, memos::read(&memo)?))).transpose()
    }

    /// Whether people know already: they were mailed about the same since it happened. That work starts again is news only
    /// to whom was told that it does not.
    async fn told_since(
        &self,
        organization: &OrganizationId,
        waiting: &Waiting,
        mailed: &Option<(u64, Mailed)>,
    ) -> Result<bool, Fault> {
        let last = mailed.map(|(_, mailed)| mailed);
        if waiting.done.is_empty() && last.is_some_and(|last| last.through > waiting.created_at) {
            return Ok(true);
        }
        if waiting.notice.kind() != Kind::BalanceUnblocked || !waiting.done.is_empty() {
            return Ok(false);
        }
        if self.may_have_said_blocked(organization).await? {
            return Ok(false);
        }
        let blocked = self.last(organization, Kind::BalanceBlocked).await?.map(|(_, blocked)| blocked);
        Ok(blocked.is_none_or(|blocked| last.is_some_and(|last| last.at > blocked.at)))
    }

    /// Whether a server ended while it mailed that nothing starts: some may have read it, and nothing remembers whom.
    async fn may_have_said_blocked(&self, organization: &OrganizationId) -> Result<bool, Fault> {
        for memo in self.memos.list(organization, KIND, None, WAITING_MAX).await? {
            let waiting: Waiting = memos::read(&memo)?;
            if waiting.begun && waiting.notice.kind() == Kind::BalanceBlocked {
                return Ok(true);
            }
        }
        Ok(false)
    }

    async fn mark(&self, organization: &OrganizationId, kind: Kind, mailed: Mailed) -> Result<(), Fault> {
        if !has_cooldown(kind) {
            return Ok(());
        }
        let (version, through) = match self.last(organization, kind).await? {
            Some((version, last)) => (version, mailed.through.max(last.through)),
            None => (0, mailed.through),
        };
        let memo = Memo::new(MAILED, kind.as_str(), None, memos::body(&Mailed { through, ..mailed }));
        // Where somebody else was faster, they have marked the same.
        self.memos.keep(organization, vec![Change::Write(Memo { version, ..memo })]).await.map(|_| ())
    }
}

/// Whether mails of a kind could come again and again. The others are each about one thing that happens once.
fn has_cooldown(kind: Kind) -> bool {
    !matches!(kind, Kind::CreditsExpiring | Kind::DisputeOpened | Kind::DisputeClosed)
}

/// Whether what was to be mailed is so still.
fn is_still_so(what: &What, account: &Account) -> bool {
    let core = account.core();
    match what {
        What::BalanceLow { .. } => core.low.is_some() && core.blocked.is_none(),
        What::BalanceBlocked { .. } => core.blocked.is_some(),
        What::BalanceUnblocked {} => core.blocked.is_none(),
        What::AutoRechargeFailed { .. } => core.recharge.declines > 0 && core.recharge.suspended_at.is_none(),
        What::AutoRechargeSuspended { .. } => core.recharge.suspended_at.is_some(),
        What::CreditsExpiring { grant, .. } => {
            account.grant(grant).is_some_and(|grant| grant.free.is_positive())
        }
        What::DisputeOpened { dispute, .. } => {
            account.dispute(dispute).is_some_and(|known| known.closed.is_none())
        }
        _ => true,
    }
}

/// The owner and the billing admins who can be mailed.
fn people(account: &Account) -> Vec<Recipient> {
    let members = account.core().members.iter().filter(|(_, member)| member.has_billing_access());
    let recipient = |(id, member): (&MemberId, &ledger::people::Member)| {
        let email = member.email.clone()?;
        Some(Recipient { member: id.clone(), name: member.name.clone(), email })
    };
    members.filter_map(recipient).collect()
}

/// Says that no person wrote it, so that no machine answers (RFC 3834).
#[derive(Clone)]
struct AutoSubmitted;

impl Header for AutoSubmitted {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("Auto-Submitted")
    }

    fn parse(_: &str) -> Result<AutoSubmitted, Box<dyn std::error::Error + Send + Sync>> {
        Ok(AutoSubmitted)
    }

    fn display(&self) -> HeaderValue {
        HeaderValue::new(Self::name(), "auto-generated".into())
    }
}

fn fault(fault: Fault) -> EngineError {
    EngineError::Store(Arc::new(fault))
}
