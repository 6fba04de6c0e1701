//! The rows of an account: everything that changed since they were last written, so that all of them stand for the same
//! event.

use super::{
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
use rusqlite::{Connection, params};

/// Writes what changed of an account; its history ends at `end`.
pub(super) fn write(
    conn: &Connection,
    ids: &RunIds,
    new: &mut NewIds,
    end: &End,
    account: &Account,
    next_due: Option<Timestamp>,
    tally: &Tally,
) -> Result<(), Fault> {
    let n = end.n;
    let changes = account.changes();
    for run in changes.runs() {
        write_run(conn, ids, new, n, run)?;
    }
    for grant in changes.grants() {
        write_grant(conn, n, grant)?;
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
    write_tally(conn, n, tally)?;
    conn.prepare_cached(statements::WRITE_ORGANIZATION)?.execute(params![
        n,
        int(end.head.seq),
        end.head.pos,
        end.head.hash,
        next_due.map(Timestamp::micros),
        account.core().name,
        to_json(account.core()),
    ])?;
    Ok(())
}

fn write_run(conn: &Connection, ids: &RunIds, new: &mut NewIds, n: i64, run: &Run) -> Result<(), Fault> {
    let (seq, status, body) = (int(run.start_seq), status(run.status), to_json(run));
    let inserted = conn.prepare_cached(statements::NEW_RUN)?.execute(params![
        n,
        seq,
        run.id.as_str(),
        status,
        run.task.as_ref().map(|task| task.as_str()),
        body
    ])?;
    if inserted == 1 {
        return ids.add(conn, new, n, &run.id, run.start_seq);
    }
    conn.prepare_cached(statements::CHANGE_RUN)?.execute(params![n, seq, status, body])?;
    Ok(())
}

fn write_grant(conn: &Connection, n: i64, grant: &Grant) -> Result<(), Fault> {
    let (seq, live, body) = (int(grant.seq), !grant.is_spent(), to_json(grant));
    let updated = conn.prepare_cached(statements::CHANGE_GRANT)?.execute(params![n, seq, live, body])?;
    if updated == 1 {
        return Ok(());
    }
    let payment = grant.payment.as_ref().map(|payment| payment.as_str());
    conn.prepare_cached(statements::WRITE_GRANT)?.execute(params![
        n,
        seq,
        grant.id.as_str(),
        payment,
        live,
        body
    ])?;
    Ok(())
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

/// Adds to the sums. An id is never empty, so an empty text can stand for none; SQL's NULL would not be one key.
pub(super) fn write_tally(conn: &Connection, n: i64, tally: &Tally) -> Result<(), Fault> {
    for (key, sums) in tally.rows() {
        let member = key.member.as_ref().map_or("", |member| member.as_str());
        let task = key.task.as_ref().map_or("", |task| task.as_str());
        conn.prepare_cached(statements::COUNT)?.execute(params![
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
