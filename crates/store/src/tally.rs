//! Sums of usage and refused starts by hour, kind of work, member and task: what usage pages and `GET usage` read, and
//! where refusals beyond the first are counted (R5.6). Usage follows from the events and is never lost; a count of
//! refusals that are no events is written with the next rows, so that a storm of retries costs next to nothing.

use ledger::{
    Account, Credits, Timestamp,
    event::{Event, Recorded},
    id::{KindKey, MemberId, RunId, TaskId},
};
use std::collections::BTreeMap;

/// What is summed apart.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TallyKey {
    /// The first instant of the hour.
    pub hour: Timestamp,
    /// The kind of work.
    pub kind: KindKey,
    /// Who, where known.
    pub member: Option<MemberId>,
    /// The task, where there is one.
    pub task: Option<TaskId>,
}

/// What is summed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sums {
    /// Usage in credits.
    pub credits: Credits,
    /// Runs closed and charges made.
    pub runs: u64,
    /// Starts refused.
    pub refused: u64,
}

/// One row of the sums.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TallyRow {
    /// What of.
    pub key: TallyKey,
    /// How much.
    pub sums: Sums,
}

/// Sums that are not written yet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    sums: BTreeMap<TallyKey, Sums>,
}

impl Tally {
    /// Whether there is nothing to write.
    pub fn is_empty(&self) -> bool {
        self.sums.is_empty()
    }

    /// What is to be added to the rows.
    pub fn rows(&self) -> impl Iterator<Item = (&TallyKey, &Sums)> {
        self.sums.iter()
    }

    /// Everything is written.
    pub fn clear(&mut self) {
        self.sums.clear();
    }

    /// Adds what another counted.
    pub fn add(&mut self, other: &Tally) {
        for (key, sums) in other.rows() {
            self.include(TallyRow { key: key.clone(), sums: *sums });
        }
    }

    /// Adds sums that are stored somewhere.
    pub fn include(&mut self, TallyRow { key, sums: more }: TallyRow) {
        let sums = self.sums.entry(key).or_default();
        sums.credits = sums.credits.plus(more.credits);
        sums.runs = sums.runs.saturating_add(more.runs);
        sums.refused = sums.refused.saturating_add(more.refused);
    }

    /// Counts an event that has just been folded into this account.
    pub fn absorb(&mut self, recorded: &Recorded, account: &Account) {
        match &recorded.event {
            Event::UsageRecorded { run, amount, .. } => self.add_run(account, run, recorded.at, *amount, 0),
            Event::RunSettled { run, charge, .. } => {
                self.add_run(account, run, recorded.at, charge.usage(), 1)
            }
            Event::UsageCharged { run, used, .. } => self.add_run(account, run, recorded.at, *used, 1),
            Event::RunReleased { run, .. } => self.add_run(account, run, recorded.at, Credits::ZERO, 1),
            Event::StartRefused { kind, member, task, .. } => {
                self.refused(recorded.at, kind.clone(), member.clone(), task.clone());
            }
            _ => {}
        }
    }

    /// Counts a refused start (R5.6). Those that are events are counted by [`Tally::absorb`].
    pub fn refused(&mut self, at: Timestamp, kind: KindKey, member: Option<MemberId>, task: Option<TaskId>) {
        let sums = self.sums.entry(TallyKey { hour: at.hour_start(), kind, member, task }).or_default();
        sums.refused = sums.refused.saturating_add(1);
    }

    fn add_run(&mut self, account: &Account, run: &RunId, at: Timestamp, usage: Credits, runs: u64) {
        let run = account.run(run).expect("an event's run is at hand");
        let key = TallyKey {
            hour: at.hour_start(),
            kind: run.kind.clone(),
            member: run.member.clone(),
            task: run.task.clone(),
        };
        let sums = self.sums.entry(key).or_default();
        sums.credits = sums.credits.plus(usage);
        sums.runs = sums.runs.saturating_add(runs);
    }
}
