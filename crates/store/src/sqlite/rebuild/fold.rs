//! The rows of one organization after the other, from its first event on. However long a history is, at hand are a page of it
//! and the account's live parts: rows are written every so often, and the account lets go of what is closed.

use super::{
    super::{
        account::{self, Row, Runs},
        ends::End as Written,
        journal::{self as events, LANDMARK_EVERY},
        lists, read_lock, rows,
        rows::Writer,
        run_ids::RunIds,
        statements, write_lock,
    },
    journal::{self, End, Journal, Named},
};
use crate::{
    Fault, Head, Rows,
    column::int,
    replay,
    tally::{Sums, Tally, TallyKey, TallyRow},
    verify::guarded,
};
use ledger::{Account, Policy, Timestamp, chain, command::PartKey};
use rusqlite::{Connection, OptionalExtension, params};
use std::{collections::BTreeMap, sync::RwLock};

/// After how many events of an organization its rows are written.
const EVENTS_PER_WRITE: u64 = 1_024;

/// After how many events what was written is committed.
const EVENTS_PER_COMMIT: u64 = 50_000;

/// What rows are made from, and where they go.
pub(super) struct Fold<'a> {
    pub(super) source: &'a Connection,
    pub(super) target: &'a Connection,
    pub(super) ids: &'a RwLock<RunIds>,
    pub(super) policy: &'a Policy,
}

/// An account in the making.
struct Making<'a> {
    named: &'a Named,
    account: Account,
    head: Head,
    tally: Tally,
    /// What has rows so far.
    rows: Written,
}

impl Fold<'_> {
    /// Makes the rows of all organizations, so that they stand for the versions that the stored rows stand for.
    pub(super) fn organizations(&self, journal: &Journal) -> Result<(), Fault> {
        let named = journal::name(self.source, self.target, journal)?;
        let mut waiting = 0;
        // Where anything fails all is thrown away, so nothing has to be rolled back.
        self.target.execute_batch("BEGIN")?;
        for named in &named {
            let end = journal.ends.get(&named.n).expect("only organizations with a history are named");
            self.organization(named, *end, &mut waiting)?;
            self.keep_counts(named.n)?;
        }
        Ok(self.target.execute_batch("COMMIT")?)
    }

    fn organization(&self, named: &Named, end: End, waiting: &mut u64) -> Result<(), Fault> {
        let head = Head { seq: 0, hash: chain::origin(&named.id), pos: 0 };
        let account = Account::new(named.id.clone());
        let rows = Written::of(Row { n: named.n, head, runs: Runs::default() });
        let mut making = Making { named, account, head, tally: Tally::default(), rows };
        let to = named.version.clamp(end.through, end.seq);
        let (mut whole, mut written) = (true, 0);
        while making.head.seq < to || !whole {
            let page = self.page(&making, end)?;
            if page.is_empty() {
                let text = format!("the history of organization {} ends within a decision", named.id);
                return Err(Fault::Damaged(text));
            }
            for event in &page {
                whole = self.next(&mut making, event.stored())?;
                if whole && (making.head.seq >= to || making.head.seq - written >= EVENTS_PER_WRITE) {
                    *waiting += making.head.seq - written;
                    written = making.head.seq;
                    self.write(&mut making)?;
                }
                if whole && making.head.seq >= to {
                    break;
                }
            }
            if *waiting >= EVENTS_PER_COMMIT {
                *waiting = 0;
                self.target.execute_batch("COMMIT; BEGIN")?;
            }
        }
        Ok(())
    }

    /// The next events, up to a landmark, whose place is known.
    fn page(&self, making: &Making<'_>, end: End) -> Result<Vec<events::Placed>, Fault> {
        let (n, after) = (making.named.n, making.head.seq);
        let to = (after - after % LANDMARK_EVERY + LANDMARK_EVERY).min(end.seq);
        let landmark = self
            .target
            .prepare_cached(statements::LANDMARK)?
            .query_row(params![n, int(to)], |row| row.get(0))
            .optional()?;
        Ok(events::back(self.source, n, landmark.unwrap_or(end.pos), after, to)?.0)
    }

    /// Folds in an event; whether it completes its decision.
    fn next(&self, making: &mut Making<'_>, stored: replay::Stored<'_>) -> Result<bool, Fault> {
        let Making { named, account, head, tally, .. } = making;
        let mut recall = |keys: &[PartKey]| account::recall(self.target, self.ids, named.n, keys);
        let folded = guarded(|| replay::fold_stored(account, tally, head, stored, &mut recall));
        let damaged = |what| {
            let text = format!("event {} of organization {} cannot follow: {what}", stored.seq, named.id);
            Fault::Damaged(text)
        };
        Ok(folded.map_err(damaged)??.left == 0)
    }

    fn write(&self, making: &mut Making<'_>) -> Result<(), Fault> {
        let Making { account, head, tally, rows, .. } = making;
        let end = Written { head: *head, ..*rows };
        let next_due = match account.core().test_clock {
            Some(_) => None,
            None => account.next_due(self.policy),
        };
        let (runs, new) = {
            let ids = read_lock(self.ids);
            let mut writer = Writer::new(self.target, &ids)?;
            let runs = writer.write(&end, &Rows { account, head: *head, next_due, tally })?;
            let mut new = writer.new_ids();
            ids.write(self.target, &mut new)?;
            (runs, new)
        };
        // Runs that were let go of have to be found when they are named again; if this is not committed, all is thrown away.
        write_lock(self.ids).apply(new);
        *rows = Written { written: head.seq, runs, ..end };
        account.written();
        tally.written(account.core().last);
        Ok(())
    }

    /// Most refused starts are no events (R5.6): that they were counted is known from the stored sums only.
    fn keep_counts(&self, n: i64) -> Result<(), Fault> {
        let stored = match lists::usage(self.source, n, Timestamp::MIN, Timestamp::MAX) {
            Ok(stored) => stored,
            // Sums that cannot be read are not as their events say, and that is what comparing will find.
            Err(Fault::Damaged(_)) => return Ok(()),
            Err(fault) => return Err(fault),
        };
        let said = lists::usage(self.target, n, Timestamp::MIN, Timestamp::MAX)?;
        let said: BTreeMap<TallyKey, Sums> = said.into_iter().map(|row| (row.key, row.sums)).collect();
        let mut counted = Tally::default();
        for TallyRow { key, sums } in stored {
            let in_events = said.get(&key).map_or(0, |sums| sums.refused);
            if sums.refused > in_events {
                let refused = sums.refused - in_events;
                counted.include(TallyRow { key, sums: Sums { refused, ..Sums::default() } });
            }
        }
        rows::write_tally(self.target, n, &counted)
    }
}
