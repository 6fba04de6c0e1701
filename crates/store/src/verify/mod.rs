//! Proving a store (R13): every organization's events are folded from the first one, and everything that is stored of it
//! must be what comes of that.
//!
//! It needs nothing but a [`Store`], also one that a server is writing to: where an organization's rows moved on
//! meanwhile, it is looked at again. Memory holds one organization without its closed runs.

mod fold;

use crate::{Fault, Head, OrganizationRow, RunFilter, Store, replay::Stored, tally::TallyKey};
use fold::Fold;
use ledger::{Policy, Timestamp, account::Part, chain, id::OrganizationId, invariant, run::RunStatus};
use std::{
    collections::BTreeMap,
    fmt,
    panic::{AssertUnwindSafe, catch_unwind},
};

/// How many rows or events are asked for at once.
const PAGE: usize = 1_000;

/// How often an organization is looked at again whose rows moved on meanwhile.
const ATTEMPTS: usize = 5;

/// What was looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Organizations.
    pub organizations: u64,
    /// Events, each folded and its hash checked.
    pub events: u64,
    /// Stored grants, each compared with what its events say; so the others.
    pub grants: u64,
    /// Stored runs.
    pub runs: u64,
    /// Stored debts.
    pub debts: u64,
    /// Stored payments.
    pub payments: u64,
}

/// What verifying found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    /// What was looked at, up to the first violation.
    pub counts: Counts,
    /// The first thing that cannot be true; none: all is well.
    pub violation: Option<Violation>,
}

/// Something that cannot be true.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// Of which organization.
    pub organization: OrganizationId,
    /// The last event that was folded in when it was seen.
    pub seq: u64,
    /// What it is.
    pub what: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "organization {}, after event {}: {}", self.organization, self.seq, self.what)
    }
}

/// Why verifying an organization ended early.
enum Stop {
    /// The store cannot be read.
    Fault(Fault),
    /// A violation: after which event, and what.
    Violation(u64, String),
}

impl From<Fault> for Stop {
    fn from(fault: Fault) -> Stop {
        Stop::Fault(fault)
    }
}

/// Verifies everything, up to the first violation. The policy is the one that accounts were last decided under.
pub fn verify(store: &dyn Store, policy: &Policy) -> Result<Verified, Fault> {
    let mut counts = Counts::default();
    let mut after: Option<OrganizationId> = None;
    loop {
        let rows = store.organizations(after.as_ref(), PAGE)?;
        if rows.is_empty() {
            return Ok(Verified { counts, violation: None });
        }
        for row in rows {
            let organization = row.id.clone();
            match settled(store, policy, row, after.as_ref())? {
                Ok(of_organization) => counts.add(of_organization),
                Err(violation) => return Ok(Verified { counts, violation: Some(violation) }),
            }
            after = Some(organization);
        }
    }
}

impl Counts {
    fn add(&mut self, other: Counts) {
        self.organizations += 1;
        self.events += other.events;
        self.grants += other.grants;
        self.runs += other.runs;
        self.debts += other.debts;
        self.payments += other.payments;
    }
}

/// Verifies an organization at one instant; where the store cannot give one, again if its rows moved on while something
/// seemed wrong.
fn settled(
    store: &dyn Store,
    policy: &Policy,
    mut row: OrganizationRow,
    before: Option<&OrganizationId>,
) -> Result<Result<Counts, Violation>, Fault> {
    let snapshot = store.snapshot()?;
    let store = snapshot.as_deref().unwrap_or(store);
    let again = |row: &OrganizationRow| {
        let now = store.organizations(before, 1)?.pop();
        Ok::<_, Fault>(now.filter(|now| now.id == row.id && now.version != row.version))
    };
    if snapshot.is_some() {
        row = again(&row)?.unwrap_or(row);
    }
    let mut attempts = ATTEMPTS;
    loop {
        let (seq, what) = match organization(store, policy, &row) {
            Ok(counts) => return Ok(Ok(counts)),
            Err(Stop::Violation(seq, what)) => (seq, what),
            Err(Stop::Fault(Fault::Damaged(what))) => (0, what),
            Err(Stop::Fault(fault)) => return Err(fault),
        };
        attempts -= 1;
        match again(&row)? {
            Some(now) if attempts > 0 && snapshot.is_none() => row = now,
            _ => return Ok(Err(Violation { organization: row.id, seq, what })),
        }
    }
}

/// One organization whose rows stand for `row.version`.
fn organization(store: &dyn Store, policy: &Policy, row: &OrganizationRow) -> Result<Counts, Stop> {
    let id = &row.id;
    let mut loaded = guarded(|| store.load(id)).map_err(|what| Stop::Violation(row.version, what))??;
    let end = loaded.head.seq;
    if end < row.version {
        let what = format!("its rows stand for event {}, its history ends at {end}", row.version);
        return Err(Stop::Violation(end, what));
    }
    let mut fold = Fold::new(store, id);
    walk(store, &mut fold, row.version, |fold| fold.shed())?;
    fold.shed()?;
    if row.version > 0 {
        rows(store, &mut fold)?;
    }
    // What no row stands for yet has nothing to be compared with, and is not much.
    walk(store, &mut fold, end, |_| Ok(()))?;

    let violation = |what: String| Stop::Violation(end, what);
    if fold.head.hash != loaded.head.hash {
        return Err(violation("the stored end of its hash chain is not that of its events".into()));
    }
    invariant::check(&fold.account).map_err(|broken| violation(broken.to_string()))?;
    invariant::check_settled(&fold.account, policy).map_err(|broken| violation(broken.to_string()))?;
    fold.account.written();
    loaded.account.written();
    if fold.account != loaded.account {
        return Err(violation(difference(&fold, &loaded.account)));
    }
    Ok(fold.counts)
}

/// Folds events in up to number `to`, page by page.
fn walk<'a>(
    store: &dyn Store,
    fold: &mut Fold<'a>,
    to: u64,
    after_page: impl Fn(&mut Fold<'a>) -> Result<(), Stop>,
) -> Result<(), Stop> {
    while fold.head.seq < to {
        let left = usize::try_from(to - fold.head.seq).unwrap_or(usize::MAX);
        let events = store.events(&fold.organization, fold.head.seq, PAGE.min(left))?;
        if events.is_empty() {
            let what = format!("event {} is missing", fold.head.seq + 1);
            return Err(Stop::Violation(fold.head.seq, what));
        }
        for event in &events {
            let stored = Stored { seq: event.seq, pos: 0, bytes: &event.bytes, hash: &event.hash };
            let seq = fold.head.seq;
            let folded = guarded(|| fold.next(stored))
                .map_err(|what| Stop::Violation(seq, format!("event {} cannot follow: {what}", event.seq)))?;
            folded.map_err(|fault| match fault {
                Fault::Damaged(what) => Stop::Violation(seq, what),
                other => Stop::Fault(other),
            })?;
        }
        if fold.whole {
            let violation = |broken: invariant::Violation| Stop::Violation(fold.head.seq, broken.to_string());
            invariant::check(&fold.account).map_err(violation)?;
            after_page(fold)?;
        }
    }
    Ok(())
}

/// Compares everything stored with what the events up to the rows' version came to.
fn rows(store: &dyn Store, fold: &mut Fold<'_>) -> Result<(), Stop> {
    let (id, kept) = (fold.organization.clone(), &fold.kept);
    let seq = fold.head.seq;
    fold.counts.grants = compare(seq, "grant", kept.grants.len(), |before| {
        let page = store.grants(&id, before, PAGE)?;
        let wrong = page.rows.iter().find(|grant| kept.grants.get(&grant.id) != Some(*grant));
        Ok((page.rows.len(), page.next, wrong.map(|grant| grant.id.to_string())))
    })?;
    fold.counts.debts = compare(seq, "debt", kept.debts.len(), |before| {
        let page = store.debts(&id, false, before, PAGE)?;
        let wrong = page.rows.iter().find(|debt| kept.debts.get(&debt.id) != Some(*debt));
        Ok((page.rows.len(), page.next, wrong.map(|debt| debt.id.to_string())))
    })?;
    fold.counts.payments = compare(seq, "payment", kept.payments.len(), |before| {
        let page = store.payments(&id, before, PAGE)?;
        let wrong = page.rows.iter().find(|payment| kept.payments.get(&payment.id) != Some(*payment));
        Ok((page.rows.len(), page.next, wrong.map(|payment| payment.id.to_string())))
    })?;
    let open: Vec<_> = fold.account.runs().chain(kept.lapsed.values()).cloned().collect();
    for run in &open {
        fold.compare_run(run)?;
    }
    // Closed runs were compared one by one as they were let go.
    let runs = fold.closed_runs + open.len();
    fold.counts.runs = 0;
    for status in [RunStatus::Running, RunStatus::Lapsed, RunStatus::Released, RunStatus::Settled] {
        let filter = RunFilter { status: Some(status), ..RunFilter::default() };
        fold.counts.runs += pages(seq, "run", |before| {
            let page = store.runs(&id, &filter, before, PAGE)?;
            let wrong = page.rows.iter().find(|run| run.status != status);
            Ok((page.rows.len(), page.next, wrong.map(|run| run.id.to_string())))
        })?;
    }
    all_are_there(seq, "run", runs, fold.counts.runs)?;
    named(store, fold)?;
    usage(store, fold)
}

/// What is found by another name than its own.
fn named(store: &dyn Store, fold: &Fold<'_>) -> Result<(), Stop> {
    let (id, kept) = (&fold.organization, &fold.kept);
    let open = kept.debts.values().filter(|debt| debt.is_open()).count();
    compare(fold.head.seq, "open debt", open, |before| {
        let page = store.debts(id, true, before, PAGE)?;
        let wrong = page.rows.iter().find(|debt| !debt.is_open());
        Ok((page.rows.len(), page.next, wrong.map(|debt| debt.id.to_string())))
    })?;
    for (key, payment) in kept.facts() {
        let found = store.recall(id, std::slice::from_ref(&key))?;
        if !found.iter().any(|part| matches!(part, Part::Payment(found) if found.id == *payment)) {
            let what = format!("payment {payment} is not found by {key:?}");
            return Err(Stop::Violation(fold.head.seq, what));
        }
    }
    Ok(())
}

/// Goes through all pages of a table and none must be wrong or missing; how many there are.
fn compare(
    seq: u64,
    what: &str,
    expected: usize,
    page: impl FnMut(Option<u64>) -> Result<(usize, Option<u64>, Option<String>), Fault>,
) -> Result<u64, Stop> {
    let count = pages(seq, what, page)?;
    all_are_there(seq, what, expected, count)?;
    Ok(count)
}

/// Goes through all pages: how many rows there are, and which one is wrong.
fn pages(
    seq: u64,
    what: &str,
    mut page: impl FnMut(Option<u64>) -> Result<(usize, Option<u64>, Option<String>), Fault>,
) -> Result<u64, Stop> {
    let (mut count, mut before) = (0, None);
    loop {
        let (rows, next, wrong) = page(before)?;
        if let Some(id) = wrong {
            return Err(Stop::Violation(seq, format!("the stored {what} {id} is not what its events say")));
        }
        count += rows as u64;
        before = next;
        if before.is_none() {
            return Ok(count);
        }
    }
}

fn all_are_there(seq: u64, what: &str, expected: usize, count: u64) -> Result<(), Stop> {
    if count == expected as u64 {
        return Ok(());
    }
    Err(Stop::Violation(seq, format!("{count} {what}s are stored, its events say {expected}")))
}

/// Usage must be that of the events; refused starts may be more, because most are no events (R5.6).
fn usage(store: &dyn Store, fold: &Fold<'_>) -> Result<(), Stop> {
    let always = (Timestamp::from_micros(i64::MIN), Timestamp::from_micros(i64::MAX));
    let stored = store.usage(&fold.organization, always.0, always.1)?;
    let stored: BTreeMap<&TallyKey, _> = stored.iter().map(|row| (&row.key, row.sums)).collect();
    let said: BTreeMap<&TallyKey, _> = fold.tally.rows().map(|(key, sums)| (key, *sums)).collect();
    let keys = stored.keys().chain(said.keys());
    for key in keys {
        let of = |sums: &BTreeMap<&TallyKey, crate::tally::Sums>| sums.get(*key).copied().unwrap_or_default();
        let (stored, said) = (of(&stored), of(&said));
        if (stored.credits, stored.runs) != (said.credits, said.runs) || stored.refused < said.refused {
            let what = format!(
                "the stored usage of {} in the hour of {} is {stored:?}, not {said:?}",
                key.kind, key.hour
            );
            return Err(Stop::Violation(fold.head.seq, what));
        }
    }
    Ok(())
}

/// In which part two accounts differ.
fn difference(fold: &Fold<'_>, loaded: &ledger::Account) -> String {
    let said = &fold.account;
    let what = if said.core() != loaded.core() {
        "row"
    } else if said.grants() != loaded.grants() {
        "unspent grants"
    } else if !said.runs().eq(loaded.runs()) {
        "running runs"
    } else if !said.debts().eq(loaded.debts()) {
        "open debts"
    } else {
        "live payments"
    };
    format!(
        "the stored {what} of the organization and the events after them do not come to what all its events say"
    )
}

/// What the rules cannot fold stops them: that is a finding here, not an end.
pub(crate) fn guarded<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(work)).map_err(|panic| {
        let text = panic.downcast_ref::<String>().map(String::as_str);
        text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("the rules stopped").to_owned()
    })
}

/// Where every history begins.
fn beginning(organization: &OrganizationId) -> Head {
    Head { seq: 0, hash: chain::origin(organization), pos: 0 }
}
