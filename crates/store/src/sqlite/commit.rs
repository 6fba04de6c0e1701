//! One commit: events, then rows, in one transaction; what is known in memory changes only when it is durable.

use super::{
    Sqlite, account,
    account::{Row, Runs},
    ends::{End, Ends, Moved},
    journal::Appender,
    memos, meta, read_lock, rows,
    rows::Writer,
    run_ids::{NewIds, RunIds},
    set_meta, statements, write_lock,
};
use crate::column::int;
use crate::{Append, Appended, Batch, Fault, Head, Rows, slot::slot};
use foldhash::HashSet;
use ledger::{chain, id::OrganizationId};
use rusqlite::{Connection, ErrorCode, TransactionBehavior, params};

/// Everything that is in the transaction and not in memory yet.
struct Work<'a> {
    conn: &'a Connection,
    ends: &'a Ends,
    ids: &'a RunIds,
    moved: Moved,
    stale: HashSet<&'a OrganizationId>,
    journal: Appender<'a>,
    new: NewIds,
    rewritten: Option<(i64, u64)>,
}

/// What memory has to learn once it is durable.
struct Outcome {
    moved: Moved,
    /// An organization whose row stands for another version now, and which.
    rewritten: Option<(i64, u64)>,
    last: i64,
    new: NewIds,
}

pub(super) fn commit(store: &Sqlite, batch: &Batch<'_>) -> Result<Vec<Appended>, Fault> {
    store.must_own()?;
    let mut conn = store.writer();
    let transaction = conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let (answers, outcome) = {
        let (ends, ids) = (read_lock(&store.ends), read_lock(&store.run_ids));
        let mut work = Work::new(&transaction, &ends, &ids, batch.appends.len() + batch.rows.len())?;
        let answers =
            batch.appends.iter().map(|append| work.append(append)).collect::<Result<Vec<_>, _>>()?;
        work.write_all(&batch.rows)?;
        for (organization, memo) in &batch.memos {
            if !work.stale.contains(organization) {
                memos::write(&transaction, organization, memo)?;
            }
        }
        for (organization, counted) in &batch.counts {
            if let Some(end) = work.end(organization)? {
                rows::write_tally(&transaction, end.n, counted)?;
            }
        }
        (answers, work.finish(!batch.rows.is_empty())?)
    };
    if let Err(error) = transaction.commit() {
        came_through(&conn, error, &answers, outcome.rewritten)?;
    }
    write_lock(&store.run_ids).apply(outcome.new);
    write_lock(&store.ends).apply(outcome.moved, outcome.last);
    store.wrote();
    Ok(answers)
}

/// After a COMMIT that failed: nothing where its events are there after all, or its rows where there were no events.
fn came_through(
    conn: &Connection,
    error: rusqlite::Error,
    answers: &[Appended],
    rewritten: Option<(i64, u64)>,
) -> Result<(), Fault> {
    let unknown = |why: &dyn std::fmt::Display| Fault::Unknown(format!("{why}, while committing"));
    let last = answers.iter().rev().find_map(|answer| match answer {
        Appended::At(head) if head.pos > 0 => Some(head),
        _ => None,
    });
    if let Some(Head { pos, hash, .. }) = last {
        let there: i64 = conn
            .query_row(statements::IS_EVENT, params![pos, hash], |row| row.get(0))
            .map_err(|error| unknown(&error))?;
        if there == 1 {
            return Ok(());
        }
    } else if let Some((n, version)) = rewritten {
        let stored: i64 =
            conn.query_row(statements::VERSION, [n], |row| row.get(0)).map_err(|error| unknown(&error))?;
        if stored == int(version) {
            return Ok(());
        }
    }
    // The disk may hold what SQLite has given up, until the next commit overwrites it.
    if error.sqlite_error_code() == Some(ErrorCode::SystemIoFailure) {
        return Err(unknown(&error));
    }
    Err(error.into())
}

impl<'a> Work<'a> {
    fn new(
        conn: &'a Connection,
        ends: &'a Ends,
        ids: &'a RunIds,
        accounts: usize,
    ) -> Result<Work<'a>, Fault> {
        let journal = Appender::new(conn, ends.last())?;
        Ok(Work {
            conn,
            ends,
            ids,
            moved: Moved::with_capacity_and_hasher(accounts, Default::default()),
            stale: HashSet::default(),
            journal,
            new: NewIds::default(),
            rewritten: None,
        })
    }

    /// Where an organization's history ends; none where it has none.
    fn end(&self, organization: &OrganizationId) -> Result<Option<End>, Fault> {
        if let Some(end) = self.moved.get(organization).copied().or_else(|| self.ends.get(organization)) {
            return Ok(Some(end));
        }
        let row = account::row(self.conn, organization)?;
        Ok(row.map(End::of))
    }

    fn append(&mut self, append: &Append<'a>) -> Result<Appended, Fault> {
        let organization = append.organization;
        let known = self.end(organization)?;
        let start = Head { seq: 0, hash: chain::origin(organization), pos: 0 };
        let before = known.map_or(start, |end| end.head);
        if (before.seq, before.hash) != (append.head.seq, append.head.hash) {
            self.stale.insert(organization);
            return Ok(Appended::Stale);
        }
        if append.events.is_empty() {
            return Ok(Appended::At(before));
        }
        let known = match known {
            Some(end) => end,
            None => {
                End::of(Row { n: self.new_organization(organization)?, head: start, runs: Runs::default() })
            }
        };
        let unwritten_from = known.unwritten_from.or(Some(self.journal.last + 1));
        let mut head = before;
        for recorded in append.events {
            head = self.journal.append(known.n, &head, recorded)?;
        }
        self.moved.insert(organization.clone(), End { head, unwritten_from, ..known });
        Ok(Appended::At(head))
    }

    fn new_organization(&self, organization: &OrganizationId) -> Result<i64, Fault> {
        self.conn
            .prepare_cached(statements::NEW_ORGANIZATION)?
            .execute(params![organization.as_str(), slot(organization)])?;
        Ok(self.conn.last_insert_rowid())
    }

    fn write_all(&mut self, all: &[Rows<'a>]) -> Result<(), Fault> {
        if all.is_empty() {
            return Ok(());
        }
        let mut writer = Writer::new(self.conn, self.ids)?;
        for rows in all {
            let organization = rows.account.organization();
            if self.stale.contains(organization) {
                continue;
            }
            let Some(end) = self.end(organization)? else {
                assert_eq!(rows.account.version(), 0, "an account with events has a history");
                continue;
            };
            let written = end.head.seq;
            assert_eq!(
                rows.account.version(),
                written,
                "rows are written of the account at the end of its history"
            );
            let runs = writer.write(&end, rows)?;
            if written > end.written {
                self.rewritten = Some((end.n, written));
            }
            self.moved.insert(organization.clone(), End { unwritten_from: None, written, runs, ..end });
        }
        self.new = writer.new_ids();
        Ok(())
    }

    fn finish(mut self, rows: bool) -> Result<Outcome, Fault> {
        self.ids.write(self.conn, &mut self.new)?;
        if rows {
            let through = self.ends.written_through(&self.moved, self.journal.last);
            let before: i64 = meta(self.conn, "written_through")?;
            if through > before {
                set_meta(self.conn, "written_through", through)?;
            }
        }
        Ok(Outcome { rewritten: self.rewritten, moved: self.moved, last: self.journal.last, new: self.new })
    }
}
