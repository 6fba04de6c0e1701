//! Sums of usage and refused starts by hour, kind of work, member and task: what usage pages and `GET usage` read, and
//! where refusals beyond the first are counted (R5.6). Usage follows from the events and is never lost; a count of
//! refusals that are no events is written with the next rows, so that a storm of retries costs next to nothing.
//!
//! The sums of an organization's last hour stand in its row, where every operation writes anyway; when the hour is over, or
//! they are many, they move to the table of sums and the row begins anew.

use ledger::{
    Account, Credits, Timestamp,
    event::{Event, Recorded},
    id::{KindKey, MemberId, RunId, TaskId},
};

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

/// How many sums an organization's row has room for.
const SUMS_IN_ROW: usize = 8;

/// The sums of one organization that have not moved to the table of sums, in the order of their keys.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    rows: Vec<TallyRow>,
}

impl Tally {
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// All of them.
    pub fn rows(&self) -> impl Iterator<Item = (&TallyKey, &Sums)> {
        self.rows.iter().map(|row| (&row.key, &row.sums))
    }

    /// All of them, one by one.
    pub fn into_rows(self) -> Vec<TallyRow> {
        self.rows
    }

    /// Whether they move to the table of sums when they are written next; the account's last decided instant is `last`.
    /// Nothing is added any more to the sums of an earlier hour.
    pub fn is_over(&self, last: Timestamp) -> bool {
        self.rows.len() > SUMS_IN_ROW || self.rows.first().is_some_and(|row| row.key.hour < last.hour_start())
    }

    /// They are written, and the account's last decided instant is `last`: what moved is not kept.
    pub fn written(&mut self, last: Timestamp) {
        if self.is_over(last) {
            self.rows = Vec::new();
        }
    }

    /// Those of the hours on [from, to).
    pub fn between(mut self, from: Timestamp, to: Timestamp) -> Tally {
        self.rows.retain(|row| (from..to).contains(&row.key.hour));
        self
    }

    /// Adds what another counted.
    pub fn add(&mut self, other: &Tally) {
        other.rows.iter().for_each(|row| self.include(row.clone()));
    }

    /// Adds sums that are stored somewhere.
    pub fn include(&mut self, TallyRow { key, sums: more }: TallyRow) {
        let sums = self.of(key.hour, &key.kind, key.member.as_ref(), key.task.as_ref());
        sums.credits = sums.credits.plus(more.credits);
        sums.runs = sums.runs.saturating_add(more.runs);
        sums.refused = sums.refused.saturating_add(more.refused);
    }

    /// The sums to add to.
    fn of(
        &mut self,
        hour: Timestamp,
        kind: &KindKey,
        member: Option<&MemberId>,
        task: Option<&TaskId>,
    ) -> &mut Sums {
        let of = |key: &TallyKey| {
            (key.hour, &key.kind, key.member.as_ref(), key.task.as_ref()).cmp(&(hour, kind, member, task))
        };
        let place = match self.rows.binary_search_by(|row| of(&row.key)) {
            Ok(place) => place,
            Err(place) => {
                if self.rows.is_empty() {
                    // Most organizations have one, and there are many organizations.
                    self.rows.reserve_exact(1);
                }
                let (kind, member, task) = (kind.clone(), member.cloned(), task.cloned());
                let key = TallyKey { hour, kind, member, task };
                self.rows.insert(place, TallyRow { key, sums: Sums::default() });
                place
            }
        };
        &mut self.rows[place].sums
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
                self.refused(recorded.at, kind, member.as_ref(), task.as_ref());
            }
            _ => {}
        }
    }

    /// Counts a refused start (R5.6). Those that are events are counted by [`Tally::absorb`].
    pub fn refused(
        &mut self,
        at: Timestamp,
        kind: &KindKey,
        member: Option<&MemberId>,
        task: Option<&TaskId>,
    ) {
        let sums = self.of(at.hour_start(), kind, member, task);
        sums.refused = sums.refused.saturating_add(1);
    }

    fn add_run(&mut self, account: &Account, run: &RunId, at: Timestamp, usage: Credits, runs: u64) {
        let run = account.run(run).expect("an event's run is at hand");
        let sums = self.of(at.hour_start(), &run.kind, run.member.as_ref(), run.task.as_ref());
        sums.credits = sums.credits.plus(usage);
        sums.runs = sums.runs.saturating_add(runs);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: i64 = 3_600_000_000;

    fn at(hours: i64) -> Timestamp {
        Timestamp::from_micros(hours * HOUR + 1)
    }

    fn kind(name: &str) -> KindKey {
        name.parse().expect("a kind")
    }

    #[test]
    fn sums_of_an_hour_stay_until_the_next_hour_or_until_they_are_many() {
        let mut tally = Tally::default();
        for n in 1..=SUMS_IN_ROW {
            tally.refused(at(7), &kind(&format!("kind_{n}")), None, None);
            tally.refused(at(7), &kind("kind_1"), None, None);
            tally.written(at(7));
            assert_eq!(tally.rows().count(), n);
        }
        let mut next = tally.clone();
        assert!(!tally.is_over(at(7)) && tally.is_over(at(8)));
        tally.written(at(8));
        assert!(tally.is_empty());

        next.refused(at(7), &kind("one_more"), None, None);
        assert!(next.is_over(at(7)));
    }

    #[test]
    fn whatever_the_order_in_which_they_are_counted_sums_are_in_the_order_of_their_keys() {
        let (mut one, mut other) = (Tally::default(), Tally::default());
        let (anna, task) = ("anna".parse().expect("an id"), "t".parse().expect("an id"));
        let starts = [
            (8, "b", None, None),
            (7, "b", Some(&anna), None),
            (7, "b", None, Some(&task)),
            (7, "a", None, None),
        ];
        for (hour, name, member, task) in starts {
            one.refused(at(hour), &kind(name), member, task);
        }
        for (hour, name, member, task) in starts.into_iter().rev() {
            other.refused(at(hour), &kind(name), member, task);
        }
        assert_eq!(one, other);
        let keys: Vec<&TallyKey> = one.rows().map(|(key, _)| key).collect();
        assert!(keys.is_sorted() && keys.len() == starts.len());
    }
}
