//! The ledger for other programs: every event with its hash, or double-entry books that an accounting program checks
//! (TRUST T21). Both are written as they are read, so a ledger of any length needs little memory.

use ledger::{
    Account, Credits, Timestamp,
    chain::hex,
    event::Recorded,
    grant::Grant,
    id::OrganizationId,
    posting::{ACCOUNTS, Posting, postings},
};
use serde::Serialize;
use serde_json::value::RawValue;
use std::io::Write;
use store::{Fault, Store, StoredEvent, record};

/// Rows read at once.
const PAGE: usize = 1_000;

/// Why an export stopped.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The store could not be read.
    #[error("{0}")]
    Store(#[from] Fault),
    /// The output could not be written.
    #[error("the export cannot be written: {0}")]
    Output(#[from] std::io::Error),
    /// There is no such organization.
    #[error("there is no organization {0}")]
    Unknown(OrganizationId),
}

/// One event as one line of JSON.
#[derive(Serialize)]
struct Line<'a> {
    organization: &'a OrganizationId,
    seq: u64,
    at: String,
    /// The chain's hash after this event: SHA-256 over the one before it and the bytes of `event`.
    hash: String,
    /// As it is stored, byte for byte, so that the chain can be checked.
    event: &'a RawValue,
}

/// Every event, oldest first, one organization after the other, as JSON lines.
pub fn jsonl(
    store: &dyn Store,
    only: Option<&OrganizationId>,
    out: &mut dyn Write,
) -> Result<(), ExportError> {
    for_each_organization(store, only, |organization| {
        for_each_event(store, organization, u64::MAX, |stored, recorded| {
            let event: &RawValue = serde_json::from_slice(&stored.bytes).map_err(|error| {
                Fault::Damaged(format!("event {} of {organization}: {error}", stored.seq))
            })?;
            let (seq, at, hash) = (stored.seq, recorded.at.to_string(), hex(&stored.hash));
            let line = Line { organization, seq, at, hash, event };
            serde_json::to_writer(&mut *out, &line).map_err(std::io::Error::from)?;
            out.write_all(b"\n")?;
            Ok(())
        })
    })
}

/// Every event that moved credits as a transaction of a journal that hledger reads, with every account and the
/// commodity declared. Each organization ends with what the ledger says it has, as balance assertions.
pub fn hledger(
    store: &dyn Store,
    only: Option<&OrganizationId>,
    out: &mut dyn Write,
) -> Result<(), ExportError> {
    out.write_all(HEADER.as_bytes())?;
    for_each_organization(store, only, |organization| {
        // The account and the events end at the same number, though a server may be writing on.
        let account = store.load(organization)?.account;
        let books = organization.as_str().replace(':', "/");
        writeln!(out, "\n; {organization}, up to event {}", account.version())?;
        for name in ACCOUNTS {
            writeln!(out, "account {books}:{name}")?;
        }
        for_each_event(store, organization, account.version(), |_, recorded| {
            let postings = postings(recorded);
            if !postings.is_empty() {
                transaction(out, &books, recorded, &postings)?;
            }
            Ok(())
        })?;
        assertions(out, &books, &account)?;
        Ok(())
    })
}

const HEADER: &str = "\
; Coulomb's ledger as double-entry books, for `hledger check --strict`. Credits come out of granted, lie in free and held,
; and end in consumed, expired, revoked or frozen; debt is negative: what is owed. Accounts begin with the organization's
; id (with / for :), and every organization ends with assertions of what its account holds.
commodity 1000.000000 credits
";

fn transaction(
    out: &mut dyn Write,
    books: &str,
    recorded: &Recorded,
    postings: &[Posting],
) -> Result<(), std::io::Error> {
    let (at, name) = (recorded.at, recorded.event.name());
    writeln!(out, "\n{} {name}  ; seq:{}, at:{at}", day(at), recorded.seq)?;
    for posting in postings {
        write!(out, "    {books}:{}  {} credits", posting.account, posting.amount)?;
        let tags = [
            posting.grant.as_ref().map(|id| format!("grant:{id}")),
            posting.debt.as_ref().map(|id| format!("debt:{id}")),
            posting.run.as_ref().map(|id| format!("run:{id}")),
        ];
        let tags: Vec<String> = tags.into_iter().flatten().collect();
        if !tags.is_empty() {
            write!(out, "  ; {}", tags.join(", "))?;
        }
        out.write_all(b"\n")?;
    }
    Ok(())
}

/// What the account itself says it has, which nobody added up from these postings.
fn assertions(out: &mut dyn Write, books: &str, account: &Account) -> Result<(), std::io::Error> {
    let of_grants = |part: fn(&Grant) -> Credits| -> Credits { account.grants().iter().map(part).sum() };
    writeln!(out, "\n{} balances", day(account.core().last))?;
    for (name, amount) in [
        ("free", of_grants(|grant| grant.free)),
        ("held", of_grants(|grant| grant.held)),
        ("frozen", of_grants(|grant| grant.frozen)),
        ("consumed", account.core().totals.usage),
        ("debt", account.debt_total().negated()),
    ] {
        writeln!(out, "    {books}:{name}  0 credits = {amount} credits")?;
    }
    Ok(())
}

/// The UTC day, as hledger dates a transaction.
fn day(at: Timestamp) -> String {
    at.to_string().chars().take_while(|character| *character != 'T').collect()
}

fn for_each_organization(
    store: &dyn Store,
    only: Option<&OrganizationId>,
    mut each: impl FnMut(&OrganizationId) -> Result<(), ExportError>,
) -> Result<(), ExportError> {
    if let Some(organization) = only {
        let exists = !store.events(organization, 0, 1)?.is_empty();
        return if exists { each(organization) } else { Err(ExportError::Unknown(organization.clone())) };
    }
    let mut after: Option<OrganizationId> = None;
    loop {
        let page = store.organizations(after.as_ref(), PAGE)?;
        let Some(last) = page.last() else { return Ok(()) };
        after = Some(last.id.clone());
        for row in &page {
            each(&row.id)?;
        }
    }
}

fn for_each_event(
    store: &dyn Store,
    organization: &OrganizationId,
    up_to: u64,
    mut each: impl FnMut(&StoredEvent, &Recorded) -> Result<(), ExportError>,
) -> Result<(), ExportError> {
    let mut after = 0;
    loop {
        let page = store.events(organization, after, PAGE)?;
        let Some(last) = page.last() else { return Ok(()) };
        after = last.seq;
        for stored in &page {
            if stored.seq > up_to {
                return Ok(());
            }
            each(stored, &record::decode(&stored.bytes)?)?;
        }
    }
}
