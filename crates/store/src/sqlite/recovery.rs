//! Start-up: accounts with events that their rows do not stand for are loaded, and their rows written.
//!
//! An account's rows and its sums are written in one transaction together with the version they stand for, so a crash
//! in the middle of this leaves some accounts written and the others as they were; nothing is counted twice.

use super::{
    account, ends::End, journal, read_lock, rows::Writer, run_ids::RunIds, set_meta, statements, write_lock,
};
use crate::{Fault, Loaded, Rows};
use ledger::{Account, Timestamp};
use rusqlite::{Connection, TransactionBehavior};
use std::{collections::BTreeMap, sync::RwLock};

/// How many accounts are written in one transaction.
const ACCOUNTS_PER_COMMIT: usize = 512;

/// Writes the rows of every account that has events after `written_through`; returns the journal's last place.
pub(super) fn recover(conn: &mut Connection, ids: &RwLock<RunIds>) -> Result<i64, Fault> {
    let last = journal::last(conn)?;
    let through: i64 = super::meta(conn, "written_through")?;
    let ends: Vec<(i64, i64)> = ends_after(conn, through)?.into_iter().collect();
    for accounts in ends.chunks(ACCOUNTS_PER_COMMIT) {
        let transaction = conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let new = {
            let known = read_lock(ids);
            let mut writer = Writer::new(&transaction, &known)?;
            for (n, end) in accounts {
                catch_up(&transaction, ids, &mut writer, *n, *end)?;
            }
            let mut new = writer.new_ids();
            known.write(&transaction, &mut new)?;
            new
        };
        transaction.commit()?;
        write_lock(ids).apply(new);
    }
    if last > through {
        set_meta(conn, "written_through", last)?;
    }
    Ok(last)
}

/// The last place of every organization that has one after this.
fn ends_after(conn: &Connection, pos: i64) -> Result<BTreeMap<i64, i64>, Fault> {
    let mut select = conn.prepare(statements::PLACES_AFTER)?;
    let ends = select.query_map([pos], |row| Ok((row.get(1)?, row.get(0)?)))?;
    Ok(ends.collect::<Result<_, _>>()?)
}

/// Writes one account's rows, if they do not stand for the event at `end` yet.
fn catch_up(
    conn: &Connection,
    ids: &RwLock<RunIds>,
    writer: &mut Writer<'_>,
    n: i64,
    end: i64,
) -> Result<(), Fault> {
    let (organization, row, own) = account::whole_at(conn, n)?;
    if row.head.pos >= end {
        return Ok(());
    }
    let Loaded { account, head, tally, .. } =
        account::folded(conn, ids, &organization, (row, own), Some(end))?;
    let end = End { head, ..End::of(row) };
    let next_due = look_soon(&account);
    writer.write(&end, &Rows { account: &account, head, next_due, tally: &tally })?;
    Ok(())
}

/// When something happens next depends on the policy, which the store does not know: the account is due at once, and
/// whoever looks at it then writes when it really is.
fn look_soon(account: &Account) -> Option<Timestamp> {
    let core = account.core();
    core.test_clock.is_none().then_some(core.last)
}
