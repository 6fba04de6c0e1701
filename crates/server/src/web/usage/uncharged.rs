//! Usage that nobody pays: what allowances covered (R6.5), and what was absorbed (R6.6). The store's sums of usage contain it;
//! whoever asks at what pace credits go takes it off. Sums of usage themselves are in the store.

use super::{happenings::charge, past::page, series::is_about_people};
use ledger::{
    Account, Credits, Timestamp,
    account::Part,
    command::PartKey,
    event::{Event, Recorded},
    id::{KindKey, OrganizationId, RunId},
};
use std::collections::{BTreeMap, BTreeSet};
use store::{Fault, Store};

/// Events read at once, and looked through at most: pages with a low balance ask each time. Usage further back counts as
/// if all of it had been paid, so that a forecast promises too little rather than too much.
const PAGE: u64 = 500;
const EVENTS_MAX: u64 = 5_000;

/// How much of it there was, by hour and kind of work.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Uncharged(BTreeMap<(Timestamp, KindKey), Credits>);

impl Uncharged {
    /// Whether the account ever had any. Mostly it had not, and then nothing has to be read.
    pub fn is_any(account: &Account) -> bool {
        let totals = account.core().totals;
        totals.allowance.is_positive() || totals.absorbed.is_positive()
    }

    /// What there was since then, up to and with the event of this number.
    pub fn read(
        store: &dyn Store,
        organization: &OrganizationId,
        mut last: u64,
        from: Timestamp,
    ) -> Result<Uncharged, Fault> {
        let (mut found, oldest) = (Vec::new(), last.saturating_sub(EVENTS_MAX));
        let mut goes_on = true;
        while goes_on && last > oldest {
            let first = last.saturating_sub(PAGE).max(oldest);
            let events = page(store, organization, first, last)?;
            // Events about people are at instants of their own.
            goes_on = events.iter().all(|recorded| is_about_people(&recorded.event) || recorded.at >= from);
            found.extend(events.iter().filter(|recorded| recorded.at >= from).filter_map(uncharged));
            last = first;
        }
        let kinds = kinds(store, organization, &found)?;
        let mut sums = BTreeMap::new();
        for (run, at, credits) in found {
            if let Some(kind) = kinds.get(&run) {
                let sum = sums.entry((at.hour_start(), kind.clone())).or_insert(Credits::ZERO);
                *sum = sum.plus(credits);
            }
        }
        Ok(Uncharged(sums))
    }

    /// The hours, the kinds of work, and how much it was.
    pub fn sums(&self) -> impl Iterator<Item = (Timestamp, &KindKey, Credits)> {
        self.0.iter().map(|((hour, kind), credits)| (*hour, kind, *credits))
    }
}

/// Of what kinds of work these runs are: those that are closed all at once, those that are not one by one.
fn kinds(
    store: &dyn Store,
    organization: &OrganizationId,
    found: &[(RunId, Timestamp, Credits)],
) -> Result<BTreeMap<RunId, KindKey>, Fault> {
    let runs: BTreeSet<&RunId> = found.iter().map(|(run, ..)| run).collect();
    let keys: Vec<PartKey> = runs.iter().map(|run| PartKey::Run((*run).clone())).collect();
    let closed = store.recall(organization, &keys)?.into_iter().filter_map(|part| match part {
        Part::Run(run) => Some((run.id, run.kind)),
        _ => None,
    });
    let mut kinds: BTreeMap<RunId, KindKey> = closed.collect();
    for id in runs {
        if !kinds.contains_key(id)
            && let Some(run) = store.run(organization, id)?
        {
            kinds.insert(run.id, run.kind);
        }
    }
    Ok(kinds)
}

fn uncharged(recorded: &Recorded) -> Option<(RunId, Timestamp, Credits)> {
    let (Event::UsageRecorded { run, .. } | Event::RunSettled { run, .. } | Event::UsageCharged { run, .. }) =
        &recorded.event
    else {
        return None;
    };
    let charge = charge(&recorded.event)?;
    let credits = charge.allowance.plus(charge.absorbed);
    credits.is_positive().then(|| (run.clone(), recorded.at, credits))
}
