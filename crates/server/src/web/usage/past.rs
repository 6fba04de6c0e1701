//! The account's past, read backwards: from the balance as it is, event by event, each undone by the postings that it is in
//! double entry. So what is shown of the past always ends at the balance, and only as much of a long history is read as is
//! shown. What is made of it is in `series` and `entries`.

use ledger::{
    Account, Credits, Timestamp,
    account::Part,
    command::PartKey,
    event::{Event, Recorded},
    grant::{Grant, GrantKind, GrantSource},
    id::{GrantId, OrganizationId},
    posting::postings,
};
use std::{collections::BTreeMap, ops::ControlFlow};
use store::{Fault, Store, record};

/// Events read at once.
const PAGE: u64 = 500;

/// Events that one page of the console undoes at most. What lies further back is in the exports.
pub const EVENTS_MAX: u64 = 20_000;

/// What an account had and owed at an instant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stand {
    /// Free credits of usable grants (R5.2).
    pub available: Credits,
    /// Earmarked for running work.
    pub held: Credits,
    /// Open debt.
    pub debt: Credits,
}

impl Stand {
    /// What is there, earmarked or not.
    pub fn had(self) -> Credits {
        self.available.plus(self.held)
    }
}

/// What has to be known of a grant to say whether its free credits were available.
#[derive(Clone, Debug)]
struct Lot {
    kind: GrantKind,
    source: GrantSource,
    effective_at: Timestamp,
    pending: bool,
    free: Credits,
}

/// An account on its way back.
#[derive(Clone, Debug)]
pub struct Past {
    version: u64,
    lots: BTreeMap<GrantId, Lot>,
    entitled: bool,
    stand: Stand,
}

impl Past {
    /// The account as it is; nothing may be due on it any more.
    pub fn of(account: &Account) -> Past {
        let mut past = Past {
            version: account.version(),
            lots: BTreeMap::new(),
            entitled: account.core().entitled,
            stand: Stand { available: Credits::ZERO, held: account.held(), debt: account.debt_total() },
        };
        for grant in account.grants() {
            past.know(grant);
            if let Some(lot) = past.lots.get_mut(&grant.id) {
                lot.free = grant.free;
            }
        }
        past.count();
        past
    }

    /// What it had and owed.
    pub fn stand(&self) -> Stand {
        self.stand
    }

    /// Where a grant came from, and how much of it was free.
    pub fn lot(&self, grant: &GrantId) -> Option<(GrantSource, Credits)> {
        self.lots.get(grant).map(|lot| (lot.source, lot.free))
    }

    /// Learns of a grant that is not at hand any more: all of it was spent.
    fn know(&mut self, grant: &Grant) {
        let Grant { kind, source, effective_at, pending, .. } = *grant;
        let lot = Lot { kind, source, effective_at, pending, free: Credits::ZERO };
        self.lots.entry(grant.id.clone()).or_insert(lot);
    }

    /// Grants that this event moves and that are not known.
    fn unknown(&self, recorded: &Recorded) -> Vec<GrantId> {
        let moved = postings(recorded).into_iter().filter_map(|posting| posting.grant);
        moved.filter(|grant| !self.lots.contains_key(grant)).collect()
    }

    fn counts(&self, lot: &Lot) -> bool {
        !lot.pending && (lot.kind != GrantKind::Purchased || self.entitled)
    }

    fn count(&mut self) {
        let usable = self.lots.values().filter(|lot| self.counts(lot));
        self.stand.available = usable.map(|lot| lot.free).sum();
    }

    /// Takes back what an event did.
    pub(super) fn undo(&mut self, recorded: &Recorded) {
        let mut recount = true;
        match &recorded.event {
            Event::EntitlementBegan { .. } => self.entitled = false,
            Event::EntitlementEnded { .. } => self.entitled = true,
            Event::GrantBecameEffective { grant } => {
                if let Some(lot) = self.lots.get_mut(grant) {
                    lot.pending = true;
                }
            }
            Event::GrantExpired { grant, .. } => {
                if let Some(lot) = self.lots.get_mut(grant) {
                    lot.pending = recorded.at < lot.effective_at;
                }
            }
            _ => recount = false,
        }
        for posting in postings(recorded) {
            match (posting.account.as_str(), &posting.grant) {
                ("free", Some(grant)) => {
                    let Some(lot) = self.lots.get(grant) else { continue };
                    let counts = self.counts(lot);
                    if let Some(lot) = self.lots.get_mut(grant) {
                        lot.free = lot.free.minus(posting.amount);
                    }
                    if counts {
                        self.stand.available = self.stand.available.minus(posting.amount);
                    }
                }
                ("held", _) => self.stand.held = self.stand.held.minus(posting.amount),
                // What is owed is negative in the books.
                ("debt", _) => self.stand.debt = self.stand.debt.plus(posting.amount),
                _ => {}
            }
        }
        if recount {
            self.count();
        }
        self.version = recorded.seq.saturating_sub(1);
    }
}

/// One event on the way back, and what was so around it.
pub struct Step<'a> {
    /// What happened.
    pub recorded: &'a Recorded,
    /// What was so before it.
    pub before: Stand,
    /// What was so after it.
    pub after: Stand,
    /// The account before it.
    pub past: &'a Past,
}

/// Where reading ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// Where it was told to.
    Enough,
    /// At the first event there is.
    Beginning,
    /// At [`EVENTS_MAX`]: there is more.
    Limit,
}

/// Goes back from the account as it is, event by event, until it is told to stop.
pub fn back(
    store: &dyn Store,
    organization: &OrganizationId,
    mut past: Past,
    mut each: impl FnMut(&Step<'_>) -> ControlFlow<()>,
) -> Result<End, Fault> {
    let mut left = EVENTS_MAX;
    while past.version > 0 {
        if left == 0 {
            return Ok(End::Limit);
        }
        let first = past.version.saturating_sub(PAGE);
        let events = page(store, organization, first, past.version)?;
        learn(store, organization, &mut past, &events)?;
        for recorded in events.iter().rev() {
            if left == 0 {
                return Ok(End::Limit);
            }
            left -= 1;
            let after = past.stand;
            past.undo(recorded);
            let step = Step { recorded, before: past.stand, after, past: &past };
            if each(&step).is_break() {
                return Ok(End::Enough);
            }
        }
    }
    Ok(End::Beginning)
}

/// Events after one number, up to and with another.
pub(super) fn page(
    store: &dyn Store,
    organization: &OrganizationId,
    after: u64,
    last: u64,
) -> Result<Vec<Recorded>, Fault> {
    let count = usize::try_from(last.saturating_sub(after)).unwrap_or(usize::MAX);
    let stored = store.events(organization, after, count)?;
    if stored.last().map(|event| event.seq) != Some(last) {
        return Err(Fault::Damaged(format!("event {last} of organization {organization} is missing")));
    }
    stored.iter().map(|event| record::decode(&event.bytes)).collect()
}

/// Looks up the grants that these events move and that were let go of since.
fn learn(
    store: &dyn Store,
    organization: &OrganizationId,
    past: &mut Past,
    events: &[Recorded],
) -> Result<(), Fault> {
    let mut unknown: Vec<GrantId> = events.iter().flat_map(|recorded| past.unknown(recorded)).collect();
    unknown.sort_unstable();
    unknown.dedup();
    if unknown.is_empty() {
        return Ok(());
    }
    let keys: Vec<PartKey> = unknown.iter().cloned().map(PartKey::Grant).collect();
    for part in store.recall(organization, &keys)? {
        if let Part::Grant(grant, _) = part {
            past.know(&grant);
        }
    }
    match unknown.iter().find(|grant| !past.lots.contains_key(*grant)) {
        None => Ok(()),
        Some(lost) => Err(Fault::Damaged(format!("grant {lost} of organization {organization} is missing"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ledger::scenario::{LedgerWorld, Story};
    use std::path::Path;

    /// Undoes every event of every story and compares with an account to which only the events before were told.
    #[test]
    fn whatever_happened_undoing_it_leads_through_every_balance_there_was() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scenarios");
        let mut compared = 0_u32;
        for file in std::fs::read_dir(folder).expect("the scenarios") {
            let path = file.expect("a file").path();
            if path.extension().is_none_or(|kind| kind != "yaml") {
                continue;
            }
            let text = std::fs::read_to_string(&path).expect("a scenario");
            let story = Story::parse(&text);
            let mut world = LedgerWorld::new(&story, false);
            story.tell(&mut world);
            let events: Vec<Recorded> =
                world.history().iter().map(|bytes| record::decode(bytes).expect("an event")).collect();
            compared += compare(&world, &events, &path);
        }
        assert!(compared > 500, "only {compared} balances were compared");
    }

    fn compare(world: &LedgerWorld, events: &[Recorded], path: &Path) -> u32 {
        let whole = world.whole();
        let mut past = Past::of(whole);
        // Of the account only the past's end is used; the balances on the way are folded anew.
        let mut compared = 0;
        for (place, recorded) in events.iter().enumerate().rev() {
            let mut account = Account::new(whole.organization().clone());
            events[..=place].iter().for_each(|recorded| account.apply(recorded));
            // Inside a decision things may be due that its next event says.
            if recorded.left == 0 {
                let told = Stand {
                    available: account.available(recorded.at.max(account.core().last)),
                    held: account.held(),
                    debt: account.debt_total(),
                };
                assert_eq!(past.stand(), told, "{} after event {}", path.display(), recorded.seq);
                compared += 1;
            }
            past.undo(recorded);
        }
        assert_eq!(past.stand(), Stand::default(), "{} at the beginning", path.display());
        compared
    }
}
