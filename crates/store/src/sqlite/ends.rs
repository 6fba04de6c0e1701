//! Where histories end: what an append is checked against, and which accounts have events that their rows do not stand
//! for yet. Kept in memory because this process alone appends; whatever is not here is wholly in the rows.

use super::account::{Row, Runs};
use crate::Head;
use foldhash::HashMap;
use ledger::id::OrganizationId;
use std::collections::VecDeque;

/// How many ends are kept beyond those that must be: it saves a look into the rows for busy accounts.
const ENDS_MAX: usize = 65_536;

/// Where one organization's history ends.
#[derive(Clone, Copy, Debug)]
pub(super) struct End {
    /// The organization's number in this database.
    pub(super) n: i64,
    /// The last event.
    pub(super) head: Head,
    /// The place of the first event that its rows do not stand for.
    pub(super) unwritten_from: Option<i64>,
    /// The event that its rows stand for.
    pub(super) written: u64,
    /// The runs that have rows.
    pub(super) runs: Runs,
}

impl End {
    /// Where it ends if all of it is in the rows.
    pub(super) fn of(row: Row) -> End {
        End { n: row.n, head: row.head, unwritten_from: None, written: row.head.seq, runs: row.runs }
    }
}

/// Ends that one commit moved.
pub(super) type Moved = HashMap<OrganizationId, End>;

/// All ends that are known.
#[derive(Debug, Default)]
pub(super) struct Ends {
    ends: HashMap<OrganizationId, End>,
    /// `unwritten_from` of all that have one, and of some that had: in order, because it is taken from the journal's end.
    unwritten: VecDeque<(i64, OrganizationId)>,
    /// The place of the last event of the journal.
    last: i64,
}

impl Ends {
    /// All rows are written; the journal ends here.
    pub(super) fn new(last: i64) -> Ends {
        Ends { last, ..Ends::default() }
    }

    pub(super) fn get(&self, organization: &OrganizationId) -> Option<End> {
        self.ends.get(organization).copied()
    }

    /// Notes an end that was read from rows that say it all.
    pub(super) fn learn(&mut self, organization: &OrganizationId, end: End) {
        if self.ends.len() < ENDS_MAX + self.unwritten.len() {
            self.ends.entry(organization.clone()).or_insert(end);
        }
    }

    /// The place of the last event of the journal.
    pub(super) fn last(&self) -> i64 {
        self.last
    }

    /// Up to where the journal will be in the rows once this is committed.
    pub(super) fn written_through(&self, moved: &Moved, last: i64) -> i64 {
        let still = |(pos, organization): &&(i64, OrganizationId)| {
            let end = moved.get(organization).or_else(|| self.ends.get(organization));
            end.is_some_and(|end| end.unwritten_from == Some(*pos))
        };
        let untouched = self.unwritten.iter().find(still).map(|(pos, _)| *pos);
        let begun = || moved.values().filter_map(|end| end.unwritten_from).min();
        untouched.or_else(begun).map_or(last, |first| first - 1)
    }

    /// This is committed.
    pub(super) fn apply(&mut self, moved: Moved, last: i64) {
        let mut begun = Vec::new();
        for (organization, end) in moved {
            if let Some(first) = end.unwritten_from.filter(|first| *first > self.last) {
                begun.push((first, organization.clone()));
            }
            self.ends.insert(organization, end);
        }
        begun.sort_unstable();
        self.unwritten.extend(begun);
        self.last = last;
        while let Some((pos, organization)) = self.unwritten.front() {
            if self.ends.get(organization).is_some_and(|end| end.unwritten_from == Some(*pos)) {
                break;
            }
            self.unwritten.pop_front();
        }
        if self.ends.len() > ENDS_MAX + self.unwritten.len() {
            self.ends.retain(|_, end| end.unwritten_from.is_some());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn end(unwritten_from: Option<i64>) -> End {
        let head = Head { seq: 1, hash: [0; 32], pos: 1 };
        End { n: 1, head, unwritten_from, written: 0, runs: Runs::default() }
    }

    fn moved(ends: &[(&str, Option<i64>)]) -> Moved {
        ends.iter().map(|(id, from)| (id.parse().expect("an id"), end(*from))).collect()
    }

    #[test]
    fn the_journal_is_written_up_to_the_first_event_that_no_row_stands_for() {
        let mut ends = Ends::new(10);
        for (change, last, expected) in [
            (moved(&[("a", Some(11)), ("b", Some(12))]), 12, 10),
            (moved(&[("a", Some(11))]), 13, 10),
            (moved(&[("a", None)]), 13, 11),
            (moved(&[("c", Some(14)), ("b", None)]), 14, 13),
            (moved(&[("c", None)]), 14, 14),
        ] {
            assert_eq!(ends.written_through(&change, last), expected);
            ends.apply(change, last);
            assert_eq!(ends.written_through(&Moved::default(), last), expected);
        }
    }

    #[test]
    fn ends_of_written_accounts_are_let_go_and_unwritten_ones_never() {
        let mut ends = Ends::new(0);
        ends.apply(moved(&[("unwritten", Some(1))]), 1);
        for n in 0..=ENDS_MAX {
            ends.apply(moved(&[(&format!("org_{n}"), None)]), 1);
        }
        assert!(ends.ends.len() < ENDS_MAX);
        assert!(ends.get(&"unwritten".parse().expect("an id")).is_some());
    }
}
