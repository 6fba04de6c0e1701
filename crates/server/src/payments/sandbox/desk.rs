//! Where the sandbox keeps things: every change of an organization's account is one write of memos, all or none, and with
//! it go the records it brought, what is to be told (the inbox), and when something happens next (the renewal). Whoever
//! was slower starts again from what is there now.

use super::{
    super::{
        ProviderError,
        inbox::{self, Message},
    },
    record::{Invoice, Payment},
    state::{Account, Brought, Refused},
};
use crate::{
    clock,
    memos::{self, Memos},
};
use ledger::{Timestamp, id::OrganizationId};
use serde::Serialize;
use store::memo::{Change, Memo};

/// The kind of an organization's account with the sandbox, and the one id there is of it.
pub(super) const ACCOUNT: (&str, &str) = ("sandbox", "account");
/// The kind of checkouts; the id is the token.
pub(super) const CHECKOUT: &str = "sandbox_checkout";
/// The kind of portal sessions; the id is the token.
pub(super) const PORTAL: &str = "sandbox_portal";
/// The kind of payments.
pub(super) const PAYMENT: &str = "sandbox_payment";
/// The kind of invoices.
pub(super) const INVOICE: &str = "sandbox_invoice";
/// The kind of answers to automatic purchases; the id is the purchase's.
pub(super) const RECHARGE: &str = "sandbox_recharge";
/// The kind and id of what says when something happens by itself, in the organization's own time.
pub const RENEWAL: (&str, &str) = ("renewal", "subscription");

/// How often a change starts again because another was faster.
const TRIES: usize = 20;

/// Records read in one go.
const PAGE: usize = 500;

impl From<Refused> for ProviderError {
    fn from(refused: Refused) -> ProviderError {
        ProviderError::Refused(refused.to_string())
    }
}

/// What is to be written of a change.
#[derive(Default)]
pub(super) struct Decided {
    /// What came of it.
    pub(super) brought: Brought,
    /// Other memos, from the versions that were read.
    pub(super) memos: Vec<Memo>,
}

impl From<Brought> for Decided {
    fn from(brought: Brought) -> Decided {
        Decided { brought, memos: Vec::new() }
    }
}

/// A memo that a decision looks at: its kind and id.
pub(super) type Beside<'a> = Option<(&'static str, &'a str)>;

/// Reads and writes what the sandbox keeps.
#[derive(Clone)]
pub(super) struct Desk {
    pub(super) memos: Memos,
}

/// A text that nobody guesses.
pub(super) fn token() -> Result<String, ProviderError> {
    let mut bytes = [0_u8; 32];
    getrandom::fill(&mut bytes).map_err(|error| ProviderError::Unavailable(error.to_string()))?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

impl Desk {
    /// The account as it is, and its memo where it has one.
    async fn open(&self, organization: &OrganizationId) -> Result<(Account, Memo), ProviderError> {
        let (kind, id) = ACCOUNT;
        match self.memos.one(organization, kind, id).await? {
            Some(memo) => Ok((memos::read(&memo)?, memo)),
            None => Ok((Account::new(organization, token()?), Memo::new(kind, id, None, ""))),
        }
    }

    /// The account as it is.
    pub(super) async fn account(&self, organization: &OrganizationId) -> Result<Account, ProviderError> {
        Ok(self.open(organization).await?.0)
    }

    /// Changes the account: reads it and what is beside it, decides, and writes everything at once.
    pub(super) async fn change<T>(
        &self,
        organization: &OrganizationId,
        beside: Beside<'_>,
        decide: impl Fn(&mut Account, Option<&Memo>) -> Result<(T, Decided), ProviderError>,
    ) -> Result<T, ProviderError> {
        for _ in 0..TRIES {
            let (mut account, memo) = self.open(organization).await?;
            let read = match beside {
                Some((kind, id)) => self.memos.one(organization, kind, id).await?,
                None => None,
            };
            let before = account.clone();
            let (answer, decided) = decide(&mut account, read.as_ref())?;
            if account == before && decided.brought == Brought::default() && decided.memos.is_empty() {
                return Ok(answer);
            }
            let changes = self.written(organization, account, memo, decided).await?;
            if self.memos.keep(organization, changes).await? {
                return Ok(answer);
            }
        }
        Err(ProviderError::Unavailable("too many changes at once; try again".into()))
    }

    /// The memos of a change. Whatever else there is was read after the account, and changes only with it.
    async fn written(
        &self,
        organization: &OrganizationId,
        mut account: Account,
        memo: Memo,
        decided: Decided,
    ) -> Result<Vec<Change>, ProviderError> {
        let Decided { brought, memos: mut written } = decided;
        for payment in &brought.payments {
            written.push(self.over(organization, PAYMENT, payment.id.as_str(), payment).await?);
        }
        for invoice in &brought.invoices {
            written.push(self.over(organization, INVOICE, &invoice.id, invoice).await?);
        }
        if !brought.facts.is_empty() {
            account.told = account.told.saturating_add(1);
            // The inbox is worked off by the server's own time, not by the organization's.
            let message = Message::Facts { facts: brought.facts };
            written.push(inbox::memo(format!("sandbox.{:012}", account.told), clock::now(), message));
        }
        let mut changes: Vec<Change> = written.into_iter().map(Change::Write).collect();
        changes.extend(self.renewal(organization, account.next_due()).await?);
        changes.push(Change::Write(Memo { body: memos::body(&account), ..memo }));
        Ok(changes)
    }

    /// A record as a memo, over the one that is there.
    async fn over(
        &self,
        organization: &OrganizationId,
        kind: &'static str,
        id: &str,
        record: &impl Serialize,
    ) -> Result<Memo, ProviderError> {
        let known = self.memos.one(organization, kind, id).await?;
        let memo = known.unwrap_or_else(|| Memo::new(kind, id, None, ""));
        Ok(Memo { body: memos::body(record), ..memo })
    }

    /// The change of what says when something happens next.
    async fn renewal(
        &self,
        organization: &OrganizationId,
        due: Option<Timestamp>,
    ) -> Result<Option<Change>, ProviderError> {
        let (kind, id) = RENEWAL;
        let known = self.memos.one(organization, kind, id).await?;
        Ok(match (known, due) {
            (None, None) => None,
            (Some(known), None) => Some(Change::Forget(known)),
            (Some(known), due) if known.due == due => None,
            (Some(known), due) => Some(Change::Write(Memo { due, ..known })),
            (None, due) => Some(Change::Write(Memo::new(kind, id, due, "{}"))),
        })
    }

    /// One record.
    pub(super) async fn one<T: serde::de::DeserializeOwned>(
        &self,
        organization: &OrganizationId,
        kind: &'static str,
        id: &str,
    ) -> Result<Option<T>, ProviderError> {
        let memo = self.memos.one(organization, kind, id).await?;
        Ok(memo.as_ref().map(memos::read).transpose()?)
    }

    /// Invoices, the newest first.
    pub(super) async fn invoices(
        &self,
        organization: &OrganizationId,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<Invoice>, ProviderError> {
        let after = after.map(str::to_owned);
        let listed = self.memos.list_backwards(organization, INVOICE, after, limit).await?;
        Ok(listed.iter().map(memos::read).collect::<Result<_, _>>()?)
    }

    /// Payments, the newest first.
    pub(super) async fn latest_payments(
        &self,
        organization: &OrganizationId,
        limit: usize,
    ) -> Result<Vec<Payment>, ProviderError> {
        let listed = self.memos.list_backwards(organization, PAYMENT, None, limit).await?;
        Ok(listed.iter().map(memos::read).collect::<Result<_, _>>()?)
    }

    /// Every payment, the oldest first.
    pub(super) async fn payments(
        &self,
        organization: &OrganizationId,
    ) -> Result<Vec<Payment>, ProviderError> {
        let mut payments = Vec::new();
        let mut after = None;
        loop {
            let page = self.memos.list(organization, PAYMENT, after, PAGE).await?;
            for memo in &page {
                payments.push(memos::read(memo)?);
            }
            after = page.last().map(|memo| memo.id.clone());
            if page.len() < PAGE {
                return Ok(payments);
            }
        }
    }
}
