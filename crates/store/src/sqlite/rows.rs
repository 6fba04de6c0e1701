//! The rows of an account: everything that changed since they were last written, so that all of them stand for the same
//! event.

use super::{
    account::Runs,
    ends::End,
    run_ids::{NewIds, RunIds},
    statements,
};
use crate::{
    Fault,
    column::{int, status, to_json},
    tally::Tally,
};
use ledger::{Account, Timestamp, debt::Debt, grant::Grant, payment::Payment, run::Run};
use rusqlite::{CachedStatement, Connection, params};

/// Every so many runs of an organization there is a landmark.
const LANDMARK_EVERY: i64 = 256;

/// Writes rows of accounts in one transaction. The statements that nearly every account needs are at hand.
pub(super) struct Writer<'a> {
    conn: &'a Connection,
    ids: &'a RunIds,
    new: NewIds,
    new_run: CachedStatement<'a>,
    change_grant: CachedStatement<'a>,
    count: CachedStatement<'a>,
    organization: CachedStatement<'a>,
}

impl<'a> Writer<'a> {
    pub(super) fn new(conn: &'a Connection, ids: &'a RunIds) -> Result<Writer<'a>, Fault> {
        Ok(Writer {
            conn,
            ids,
            new: NewIds::default(),
            new_run: conn.prepare_cached(statements::NEW_RUN)?,
            change_grant: conn.prepare_cached(statements::CHANGE_GRANT)?,
            count: conn.prepare_cached(statements::COUNT)?,
            organization: conn.prepare_cached(statements::WRITE_ORGANIZATION)?,
        })
    }

    /// Writes what changed of an account; its history ends at `end`. Gives back the runs that have rows now.
    pub(super) fn write(
        &mut self,
        end: &End,
        account: &Account,
        next_due: Option<Timestamp>,
        tally: &Tally,
    ) -> Result<Runs, Fault> {
        let (conn, n) = (self.conn, end.n);
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
        for grant in changes.grants() {
            self.write_grant(n, grant)?;
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
        add(&mut self.count, n, tally)?;
        self.organization.execute(params![
            n,
            int(end.head.seq),
            end.head.pos,
            end.head.hash,
            next_due.map(Timestamp::micros),
            account.core().name,
            to_json(account.core()),
            runs.count,
            runs.last,
        ])?;
        Ok(runs)
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

    fn write_grant(&mut self, n: i64, grant: &Grant) -> Result<(), Fault> {
        let (seq, live, body) = (int(grant.seq), !grant.is_spent(), to_json(grant));
        if self.change_grant.execute(params![n, seq, live, body])? == 1 {
            return Ok(());
        }
        let payment = grant.payment.as_ref().map(|payment| payment.as_str());
        self.conn.prepare_cached(statements::WRITE_GRANT)?.execute(params![
            n,
            seq,
            grant.id.as_str(),
            payment,
            live,
            body
        ])?;
        Ok(())
    }
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

/// Adds to the sums.
pub(super) fn write_tally(conn: &Connection, n: i64, tally: &Tally) -> Result<(), Fault> {
    add(&mut conn.prepare_cached(statements::COUNT)?, n, tally)
}

/// An id is never empty, so an empty text can stand for none; SQL's NULL would not be one key.
fn add(count: &mut CachedStatement<'_>, n: i64, tally: &Tally) -> Result<(), Fault> {
    for (key, sums) in tally.rows() {
        let member = key.member.as_ref().map_or("", |member| member.as_str());
        let task = key.task.as_ref().map_or("", |task| task.as_str());
        count.execute(params![
            n,
            key.hour.micros(),
            key.kind.as_str(),
            member,
            task,
            sums.credits.micros(),
            int(sums.runs),
            int(sums.refused),
        ])?;
    }
    Ok(())
}
