//! A whole store copied into a database: the way from one machine to many, and the way to all rows anew (`rebuild`). Events
//! are copied as they are, byte for byte, so the chain of hashes holds; rows are written from them. What was copied stays, so
//! an interrupted copy goes on.

use super::{
    Postgres,
    columns::{Entry, Event, Events},
    commit,
};
use crate::{
    Fault, Head, Loaded, OrganizationRow, Rows, Store, StoredEvent,
    memo::{Change, Memo, Owned},
    replay::{self, Stored},
    tally::{Sums, Tally, TallyKey, TallyRow},
    verify::guarded,
};
use ledger::{Account, Timestamp, command::PartKey, event::Recorded, id::OrganizationId};
use std::collections::BTreeMap;

/// How many organizations are asked for at once.
const PAGE: usize = 1_000;

/// After how many events they are committed, as soon as a decision is whole.
const EVENTS_PER_COMMIT: usize = 4_000;

/// What was copied so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Copied {
    /// Organizations, those that were there already included.
    pub organizations: u64,
    /// Events.
    pub events: u64,
    /// API keys.
    pub keys: u64,
}

/// An organization on its way.
struct Moving {
    organization: OrganizationId,
    /// Where its history ends in the database.
    stored: Head,
    /// The account with the events that wait.
    account: Account,
    head: Head,
    events: Vec<Event>,
    /// Sums that have not moved to their table; once the history is whole, also of refused starts that are no events.
    sums: Tally,
    /// Of them, what is in the organization's row already.
    in_row: Tally,
    /// When something happens next, once the history is whole.
    due: Option<Timestamp>,
}

/// Organizations after one, or the first.
type Following<'a> = dyn Fn(Option<&OrganizationId>) -> Result<Vec<OrganizationId>, Fault> + 'a;

/// What a copy takes beside the events themselves.
pub(super) struct Manner<'a> {
    /// The organizations after this one, in an order of its own; none: that was the last.
    pub(super) organizations: &'a Following<'a>,
    /// The sums of an organization as they are stored: most refused starts are no events (R5.6), and counted there only.
    pub(super) counted: &'a dyn Fn(&OrganizationId) -> Result<Vec<TallyRow>, Fault>,
    /// When something happens next to an account.
    pub(super) due: &'a dyn Fn(&Account) -> Option<Timestamp>,
}

/// Copies everything. No server may be running on `from`. The accounts' next due instants depend on the policy, which is
/// not known here: they are due at once, and whoever looks then sets it right.
pub fn import(from: &dyn Store, to: &Postgres, progress: &mut dyn FnMut(Copied)) -> Result<Copied, Fault> {
    let mut copied = Copied::default();
    let known = to.keys()?;
    for key in from.keys()? {
        match (known.iter().find(|known| known.id == key.id), key.revoked_at) {
            (None, _) => {
                to.create_key(&key)?;
                copied.keys += 1;
            }
            (Some(_), Some(at)) => drop(to.revoke_key(&key.id, at)?),
            (Some(_), None) => {}
        }
    }
    let ids = |rows: Vec<OrganizationRow>| rows.into_iter().map(|row| row.id).collect();
    let manner = Manner {
        organizations: &|after| from.organizations(after, PAGE).map(ids),
        counted: &|organization| from.usage(organization, Timestamp::MIN, Timestamp::MAX),
        due: &|account| account.core().test_clock.is_none().then_some(account.core().last),
    };
    copy_accounts(from, to, &manner, &mut copied, progress)?;
    copy_memos(from, to)?;
    Ok(copied)
}

/// Copies events, and writes the rows that they come to.
pub(super) fn copy_accounts(
    from: &dyn Store,
    to: &Postgres,
    manner: &Manner<'_>,
    copied: &mut Copied,
    progress: &mut dyn FnMut(Copied),
) -> Result<(), Fault> {
    let mut waiting = Vec::new();
    let mut after: Option<OrganizationId> = None;
    loop {
        let page = (manner.organizations)(after.as_ref())?;
        let Some(last) = page.last() else { return Ok(()) };
        after = Some(last.clone());
        for id in page {
            waiting.push(begin(from, to, id)?);
            copy(from, to, manner, &mut waiting, copied)?;
            copied.organizations += 1;
        }
        flush(to, &mut waiting)?;
        progress(*copied);
    }
}

/// After the accounts: an interrupted copy has accounts without memos, and never a card to charge for an account that is not
/// there. What is there already has been copied before.
fn copy_memos(from: &dyn Store, to: &Postgres) -> Result<(), Fault> {
    let mut after: Option<Owned> = None;
    loop {
        let page = from.all_memos(after.as_ref(), PAGE)?;
        for Owned { organization, memo } in &page {
            to.keep(organization, &[Change::Write(Memo { version: 0, ..memo.clone() })])?;
        }
        match page.into_iter().last() {
            Some(last) => after = Some(last),
            None => return Ok(()),
        }
    }
}

/// An organization as far as it is in the database already.
fn begin(from: &dyn Store, to: &Postgres, organization: OrganizationId) -> Result<Moving, Fault> {
    let Loaded { account, head, tally, .. } = to.load(&organization)?;
    let same = match head.seq {
        0 => true,
        seq => from.events(&organization, seq - 1, 1)?.first().is_some_and(|event| event.hash == head.hash),
    };
    if !same {
        return Err(Fault::Damaged(format!(
            "the database has another history of organization {organization}: copy into an empty database"
        )));
    }
    Ok(Moving::after(organization, account, head, tally))
}

/// Takes the rest of the last organization's history, and commits whenever there is enough.
fn copy(
    from: &dyn Store,
    to: &Postgres,
    manner: &Manner<'_>,
    waiting: &mut Vec<Moving>,
    copied: &mut Copied,
) -> Result<(), Fault> {
    loop {
        let many = waiting.iter().map(|moving| moving.events.len()).sum::<usize>();
        let Some(moving) = waiting.last_mut() else { return Ok(()) };
        let page = from.events(&moving.organization, moving.head.seq, PAGE)?;
        let mut whole = true;
        for event in &page {
            let recorded = moving.fold(to, event)?;
            whole = recorded.left == 0;
            let body = String::from_utf8(event.bytes.clone()).map_err(|_| {
                Fault::Damaged(format!("event {} of {} is no text", event.seq, moving.organization))
            })?;
            moving.events.push(Event { seq: event.seq, at: recorded.at, hash: event.hash, body });
        }
        copied.events += page.len() as u64;
        if page.is_empty() {
            if !moving.events.is_empty() {
                moving.sums.add(&counted_beside(to, moving, (manner.counted)(&moving.organization)?)?);
                moving.due = (manner.due)(&moving.account);
            }
            return if many >= EVENTS_PER_COMMIT { flush(to, waiting) } else { Ok(()) };
        }
        // The last commit of an organization brings more than the others, so it has to leave something for that one.
        if many + page.len() >= EVENTS_PER_COMMIT && whole && page.len() == PAGE {
            let rest = from.events(&moving.organization, moving.head.seq, 1)?;
            if !rest.is_empty() {
                flush_and_keep_last(to, waiting)?;
            }
        }
    }
}

/// How many starts were refused beyond what is in the sums and what waits to be added to them.
fn counted_beside(to: &Postgres, moving: &Moving, stored: Vec<TallyRow>) -> Result<Tally, Fault> {
    let mut known: BTreeMap<TallyKey, u64> = BTreeMap::new();
    let copied = to.usage(&moving.organization, Timestamp::MIN, Timestamp::MAX)?;
    let copied = copied.iter().map(|row| (&row.key, &row.sums));
    for (key, sums) in copied.chain(moving.sums.rows()) {
        *known.entry(key.clone()).or_default() += sums.refused;
    }
    // It is in both.
    for (key, sums) in moving.in_row.rows() {
        known.entry(key.clone()).and_modify(|known| *known -= sums.refused);
    }
    let mut beside = Tally::default();
    for TallyRow { key, sums } in stored {
        let refused = sums.refused.saturating_sub(known.get(&key).copied().unwrap_or(0));
        if refused > 0 {
            beside.include(TallyRow { key, sums: Sums { refused, ..Sums::default() } });
        }
    }
    Ok(beside)
}

/// Commits what waits.
fn flush(to: &Postgres, waiting: &mut Vec<Moving>) -> Result<(), Fault> {
    let entries = waiting.iter().filter(|moving| !moving.events.is_empty());
    let mut entries: Vec<Entry<'_>> = entries.map(Moving::entry).collect();
    entries.sort_by_key(|entry| (entry.slot, entry.organization));
    let stale = to.wait(commit::store_all(to, entries))?;
    if let Some(organization) = stale.into_iter().next() {
        return Err(Fault::Locked(format!(
            "somebody else is writing organization {organization} into this database: stop the servers on it"
        )));
    }
    waiting.clear();
    Ok(())
}

/// Commits what waits, and goes on with the last organization.
fn flush_and_keep_last(to: &Postgres, waiting: &mut Vec<Moving>) -> Result<(), Fault> {
    let last = waiting.last().map(|moving| {
        (moving.organization.clone(), moving.account.clone(), moving.head, moving.sums.clone())
    });
    flush(to, waiting)?;
    if let Some((organization, mut account, head, mut sums)) = last {
        account.written();
        sums.written(account.core().last);
        waiting.push(Moving::after(organization, account, head, sums));
    }
    Ok(())
}

impl Moving {
    /// What comes after this version of the account, all of which is in the database.
    fn after(organization: OrganizationId, account: Account, head: Head, in_row: Tally) -> Moving {
        let (events, sums) = (Vec::new(), in_row.clone());
        Moving { organization, stored: head, account, head, events, sums, in_row, due: None }
    }

    fn fold(&mut self, to: &Postgres, event: &StoredEvent) -> Result<Recorded, Fault> {
        let Moving { organization, account, sums, head, .. } = self;
        let stored = Stored { seq: event.seq, pos: 0, bytes: &event.bytes, hash: &event.hash };
        let mut recall = |keys: &[PartKey]| to.recall(organization, keys);
        let folded = guarded(|| replay::fold_stored(account, sums, head, stored, &mut recall));
        folded.map_err(|what| {
            let text = format!("event {} of organization {organization} cannot follow: {what}", event.seq);
            Fault::Damaged(text)
        })?
    }

    fn entry(&self) -> Entry<'_> {
        let mut entry = Entry::new(&self.organization, self.stored);
        let events = self.events.iter().map(|event| Event { body: event.body.clone(), ..*event }).collect();
        entry.events = Some(Events { end: self.head, events });
        let (account, head, tally) = (&self.account, self.stored, &self.sums);
        entry.write(Rows { account, head, next_due: self.due, tally });
        entry
    }
}
