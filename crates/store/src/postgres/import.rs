//! A whole store copied into a database: the way from one machine to many. Events are copied as they are, byte for byte, so
//! the chain of hashes holds; rows are written from them. What was copied stays, so an interrupted copy goes on.

use super::{
    Postgres,
    columns::{Entry, Event, Events},
    commit,
};
use crate::{
    Fault, Head, Loaded, OrganizationRow, Rows, Store,
    memo::{Change, Memo, Owned},
    replay::{self, Stored},
    tally::Tally,
};
use ledger::{Account, Timestamp, command::PartKey, id::OrganizationId};

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
    /// All its sums, once its history is whole.
    sums: Tally,
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
    let mut waiting = Vec::new();
    let mut after: Option<OrganizationId> = None;
    loop {
        let page = from.organizations(after.as_ref(), PAGE)?;
        let Some(last) = page.last() else { break };
        after = Some(last.id.clone());
        for OrganizationRow { id, .. } in page {
            waiting.push(begin(from, to, id)?);
            copy(from, to, &mut waiting, &mut copied)?;
            copied.organizations += 1;
        }
        flush(to, &mut waiting)?;
        progress(copied);
    }
    copy_memos(from, to)?;
    Ok(copied)
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
    let Loaded { account, head, .. } = to.load(&organization)?;
    let same = match head.seq {
        0 => true,
        seq => from.events(&organization, seq - 1, 1)?.first().is_some_and(|event| event.hash == head.hash),
    };
    if !same {
        return Err(Fault::Damaged(format!(
            "the database has another history of organization {organization}: copy into an empty database"
        )));
    }
    Ok(Moving { organization, stored: head, account, head, events: Vec::new(), sums: Tally::default() })
}

/// Takes the rest of the last organization's history, and commits whenever there is enough.
fn copy(
    from: &dyn Store,
    to: &Postgres,
    waiting: &mut Vec<Moving>,
    copied: &mut Copied,
) -> Result<(), Fault> {
    loop {
        let many = waiting.iter().map(|moving| moving.events.len()).sum::<usize>();
        let Some(moving) = waiting.last_mut() else { return Ok(()) };
        let page = from.events(&moving.organization, moving.head.seq, PAGE)?;
        let mut whole = true;
        for event in &page {
            let stored = Stored { seq: event.seq, pos: 0, bytes: &event.bytes, hash: &event.hash };
            let mut recall = |keys: &[PartKey]| to.recall(&moving.organization, keys);
            let mut not_needed = Tally::default();
            let recorded = replay::fold_stored(
                &mut moving.account,
                &mut not_needed,
                &mut moving.head,
                stored,
                &mut recall,
            )?;
            whole = recorded.left == 0;
            let body = String::from_utf8(event.bytes.clone()).map_err(|_| {
                Fault::Damaged(format!("event {} of {} is no text", event.seq, moving.organization))
            })?;
            moving.events.push(Event { seq: event.seq, at: recorded.at, hash: event.hash, body });
        }
        copied.events += page.len() as u64;
        if page.is_empty() {
            if !moving.events.is_empty() {
                moving.sums = sums_to_add(from, to, &moving.organization)?;
            }
            return if many >= EVENTS_PER_COMMIT { flush(to, waiting) } else { Ok(()) };
        }
        // The last commit of an organization brings its sums, so it has to leave something for that one.
        if many + page.len() >= EVENTS_PER_COMMIT && whole && page.len() == PAGE {
            let rest = from.events(&moving.organization, moving.head.seq, 1)?;
            if !rest.is_empty() {
                flush_and_keep_last(to, waiting)?;
            }
        }
    }
}

/// Also refused starts that are no events are in the sums, so they are copied and not counted again: what an earlier copy has
/// brought is left out.
fn sums_to_add(from: &dyn Store, to: &Postgres, organization: &OrganizationId) -> Result<Tally, Fault> {
    let there = to.usage(organization, Timestamp::MIN, Timestamp::MAX)?;
    let mut sums = Tally::default();
    for mut row in from.usage(organization, Timestamp::MIN, Timestamp::MAX)? {
        if let Some(there) = there.iter().find(|there| there.key == row.key) {
            row.sums.credits = row.sums.credits.minus(there.sums.credits);
            row.sums.runs = row.sums.runs.saturating_sub(there.sums.runs);
            row.sums.refused = row.sums.refused.saturating_sub(there.sums.refused);
        }
        sums.include(row);
    }
    Ok(sums)
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
    let last =
        waiting.last().map(|moving| (moving.organization.clone(), moving.account.clone(), moving.head));
    flush(to, waiting)?;
    if let Some((organization, mut account, head)) = last {
        account.written();
        let (events, sums) = (Vec::new(), Tally::default());
        waiting.push(Moving { organization, stored: head, account, head, events, sums });
    }
    Ok(())
}

impl Moving {
    fn entry(&self) -> Entry<'_> {
        let mut entry = Entry::new(&self.organization, self.stored);
        let events = self.events.iter().map(|event| Event { body: event.body.clone(), ..*event }).collect();
        entry.events = Some(Events { end: self.head, events });
        let core = self.account.core();
        entry.rows = Some(Rows {
            account: &self.account,
            head: self.stored,
            next_due: core.test_clock.is_none().then_some(core.last),
            tally: &self.sums,
        });
        entry.counted.add(&self.sums);
        entry
    }
}
