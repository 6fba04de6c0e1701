//! The rows of an account: everything that changed since they were last written, so that all of them stand for the same
//! event.

use super::{
    account::Runs,
    ends::End,
    run_ids::{NewIds, RunIds},
    statements,
};
use crate::{
    Fault, Rows,
    column::{int, status, tally_json, tally_words, to_json},
    tally::Tally,
};
use ledger::{debt::Debt, grant::Grant, payment::Payment, run::Run};
use rusqlite::{CachedStatement, Connection, params};

/// Every so many runs of an organization there is a landmark.
const LANDMARK_EVERY: i64 = 256;

/// Writes rows of accounts in one transaction. The statements that nearly every account needs are at hand.
pub(super) struct Writer<'a> {
    conn: &'a Connection,
    ids: &'a RunIds,
    new: NewIds,
    new_run: CachedStatement<'a>,
    organization: CachedStatement<'a>,
}

impl<'a> Writer<'a> {
    pub(super) fn new(conn: &'a Connection, ids: &'a RunIds) -> Result<Writer<'a>, Fault> {
        Ok(Writer {
            conn,
            ids,
            new: NewIds::default(),
            new_run: conn.prepare_cached(statements::NEW_RUN)?,
            organization: conn.prepare_cached(statements::WRITE_ORGANIZATION)?,
        })
    }

    /// Writes what changed of an account; its history ends at `end`. Gives back the runs that have rows now.
    pub(super) fn write(&mut self, end: &End, rows: &Rows<'_>) -> Result<Runs, Fault> {
        let (conn, n, account) = (self.conn, end.n, rows.account);
        let changes = account.changes();
        let mut runs = end.runs;
        for run in changes.runs() {
            // All rows of an account are written together: what began after the event that they stood for has none.
            if run.start_seq > end.written {
                runs = self.insert_run(n, runs, run)?;
            } else {
                change_run(conn, n, run)?;
            }
        }
        for grant in changes.grants_alone() {
            write_grant(conn, n, grant)?;
        }
        for grant in changes.grants_no_longer_alone() {
            conn.prepare_cached(statements::DELETE_GRANT)?.execute(params![n, int(grant.seq)])?;
        }
        for debt in changes.debts() {
            write_debt(conn, n, debt)?;
        }
        for payment in changes.payments() {
            write_payment(conn, n, payment, account.is_live(payment))?;
        }
        for (key, answered) in changes.answers() {
            conn.prepare_cached(statements::WRITE_ANSWER)?.execute(params![
                n,
                key.as_str(),
                to_json(answered)
            ])?;
        }
        for refused in changes.refusals() {
            conn.prepare_cached(statements::WRITE_REFUSAL)?.execute(params![
                n,
                int(refused.seq),
                to_json(refused)
            ])?;
        }
        self.write_organization(end, rows, runs)?;
        Ok(runs)
    }

    /// The row that nearly every operation changes, with the grants that are next and the sums of the hour (decision 26).
    fn write_organization(&mut self, end: &End, rows: &Rows<'_>, runs: Runs) -> Result<(), Fault> {
        let account = rows.account;
        if rows.tally_is_over() {
            write_tally(self.conn, end.n, rows.tally)?;
        }
        let grants: Vec<&Grant> = account.next_grants().collect();
        let row = params![
            end.n,
            int(end.head.seq),
            end.head.pos,
            end.head.hash,
            rows.next_due.map(ledger::Timestamp::micros),
            account.core().name,
            to_json(account.core()),
            to_json(&grants),
            tally_json(rows),
            runs.count,
            runs.last,
            account.has_live_parts_apart(),
        ];
        if self.organization.execute(row)? == 0 {
            self.conn.prepare_cached(statements::WRITE_DUE_ORGANIZATION)?.execute(row)?;
        }
        Ok(())
    }

    /// The ids of the runs that were inserted.
    pub(super) fn new_ids(self) -> NewIds {
        self.new
    }

    /// The first row of a run, after all others of its organization.
    fn insert_run(&mut self, n: i64, runs: Runs, run: &Run) -> Result<Runs, Fault> {
        let (seq, count) = (int(run.start_seq), runs.count + 1);
        self.new_run.execute(params![
            n,
            seq,
            runs.last,
            run.id.as_str(),
            status(run.status),
            run.task.as_ref().map(|task| task.as_str()),
            to_json(run)
        ])?;
        let place = self.conn.last_insert_rowid();
        if count % LANDMARK_EVERY == 0 {
            self.conn.prepare_cached(statements::MARK_RUN)?.execute(params![n, seq, place])?;
        }
        self.ids.add(&mut self.new, n, &run.id, place);
        Ok(Runs { count, last: place })
    }
}

fn write_grant(conn: &Connection, n: i64, grant: &Grant) -> Result<(), Fault> {
    let payment = grant.payment.as_ref().map(|payment| payment.as_str());
    conn.prepare_cached(statements::WRITE_GRANT)?.execute(params![
        n,
        int(grant.seq),
        grant.id.as_str(),
        payment,
        !grant.is_spent(),
        to_json(grant)
    ])?;
    Ok(())
}

fn change_run(conn: &Connection, n: i64, run: &Run) -> Result<(), Fault> {
    let changed = conn.prepare_cached(statements::CHANGE_RUN)?.execute(params![
        n,
        int(run.start_seq),
        status(run.status),
        to_json(run)
    ])?;
    match changed {
        1 => Ok(()),
        _ => Err(Fault::Damaged(format!("run {} has no row that could change", run.id))),
    }
}

fn write_debt(conn: &Connection, n: i64, debt: &Debt) -> Result<(), Fault> {
    let payment = debt.origin.payment().map(|payment| payment.as_str());
    conn.prepare_cached(statements::WRITE_DEBT)?.execute(params![
        n,
        int(debt.seq),
        debt.id.as_str(),
        payment,
        debt.is_open(),
        to_json(debt)
    ])?;
    Ok(())
}

fn write_payment(conn: &Connection, n: i64, payment: &Payment, live: bool) -> Result<(), Fault> {
    conn.prepare_cached(statements::WRITE_PAYMENT)?.execute(params![
        n,
        int(payment.seq),
        payment.id.as_str(),
        live,
        to_json(payment)
    ])?;
    let refunds = payment.refunds.iter().map(|refund| ("refund", refund.id.as_str()));
    let disputes = payment.disputes.iter().map(|dispute| ("dispute", dispute.id.as_str()));
    for (kind, id) in refunds.chain(disputes) {
        conn.prepare_cached(statements::WRITE_FACT)?.execute(params![n, kind, id, payment.id.as_str()])?;
    }
    Ok(())
}

/// Adds to the table of sums.
pub(super) fn write_tally(conn: &Connection, n: i64, tally: &Tally) -> Result<(), Fault> {
    let mut count = conn.prepare_cached(statements::COUNT)?;
    for (key, sums) in tally.rows() {
        let [kind, member, task] = tally_words(key);
        count.execute(params![
            n,
            key.hour.micros(),
            kind,
            member,
            task,
            sums.credits.micros(),
            int(sums.runs),
            int(sums.refused),
        ])?;
    }
    Ok(())
}
