//! Accounts out of their rows: an organization's row with its live parts, the events after it folded in, and parts
//! recalled one by one.

use super::{Sqlite, bytes, ends::End, journal, run_ids, run_ids::RunIds, statements};
use crate::{
    Fault, Given, Head, Loaded, Need,
    column::{from_json, hash, number, read_tally},
    replay,
    tally::Tally,
};
use ledger::{
    Account,
    account::{Answered, Core, Part},
    command::PartKey,
    debt::Debt,
    grant::{Grant, Written},
    id::{DebtId, GrantId, IdempotencyKey, OrganizationId, PaymentId},
    payment::Payment,
};
use rusqlite::{Connection, OptionalExtension, Params, params, types::ValueRef};
use serde::de::DeserializeOwned;
use std::sync::RwLock;

/// An organization's row, without the account's core.
#[derive(Clone, Copy, Debug)]
pub(super) struct Row {
    /// Its number in this database.
    pub(super) n: i64,
    /// What its rows stand for.
    pub(super) head: Head,
    /// The runs that have rows.
    pub(super) runs: Runs,
}

/// The runs of an organization that have rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Runs {
    /// How many they are.
    pub(super) count: i64,
    /// The place of the last of them, 0 for none.
    pub(super) last: i64,
}

/// What an organization's row holds of its account.
pub(super) struct Own {
    core: Core,
    next_grants: Vec<Grant>,
    tally: Tally,
    /// Whether live parts have rows of their own.
    apart: bool,
}

/// The row of an organization, if it ever had an event.
pub(super) fn row(conn: &Connection, organization: &OrganizationId) -> Result<Option<Row>, Fault> {
    let mut select = conn.prepare_cached(statements::ORGANIZATION)?;
    let mut rows = select.query([organization.as_str()])?;
    rows.next()?.map(|row| said(row, organization)).transpose()
}

/// The same with what it holds of the account, if anything was written yet. One look, because a busy server with many
/// organizations loads thousands of them in a second.
fn whole(conn: &Connection, organization: &OrganizationId) -> Result<Option<(Row, Option<Own>)>, Fault> {
    let mut select = conn.prepare_cached(statements::ORGANIZATION)?;
    let mut rows = select.query([organization.as_str()])?;
    rows.next()?.map(|row| Ok((said(row, organization)?, own(row, organization)?))).transpose()
}

/// The same of the organization that has this number, and whose it is.
pub(super) fn whole_at(conn: &Connection, n: i64) -> Result<(OrganizationId, Row, Option<Own>), Fault> {
    let mut select = conn.prepare_cached(statements::ORGANIZATION_AT)?;
    let mut rows = select.query([n])?;
    let none = || Fault::Damaged(format!("there is no row of the organization with number {n}"));
    let row = rows.next()?.ok_or_else(none)?;
    let organization = crate::column::id(&row.get::<_, String>(6)?)?;
    let (said, own) = (said(row, &organization)?, own(row, &organization)?);
    Ok((organization, said, own))
}

fn said(row: &rusqlite::Row<'_>, organization: &OrganizationId) -> Result<Row, Fault> {
    let version = number(row.get(1)?)?;
    let hash = if version == 0 { ledger::chain::origin(organization) } else { hash(bytes(row, 3)?)? };
    let runs = Runs { count: row.get(4)?, last: row.get(5)? };
    Ok(Row { n: row.get(0)?, head: Head { seq: version, hash, pos: row.get(2)? }, runs })
}

fn own(row: &rusqlite::Row<'_>, organization: &OrganizationId) -> Result<Option<Own>, Fault> {
    let version: i64 = row.get(1)?;
    if version == 0 {
        return Ok(None);
    }
    if row.get_ref(8)? == ValueRef::Null {
        return Err(Fault::Damaged(format!("the row of organization {organization} has no body")));
    }
    let core = from_json("organization", bytes(row, 8)?)?;
    let next_grants = from_json("grant", bytes(row, 9)?)?;
    Ok(Some(Own { core, next_grants, tally: read_tally(bytes(row, 10)?)?, apart: row.get(7)? }))
}

/// What a round needs of one account; `known` is where its history ends, as was known before this instant. It is filled in
/// where it was not and all of the account is in the rows.
pub(super) fn give(
    store: &Sqlite,
    conn: &Connection,
    need: &Need<'_>,
    known: &mut Option<End>,
) -> Result<Given, Fault> {
    let (mut loaded, mut n) = (None, known.map(|end| end.n));
    if need.at_hand.is_none() {
        let pos = known.map(|end| end.head.pos);
        let (account, row) = load(store, conn, need.organization, pos)?;
        *known = known.or(row.filter(|_| !account.lags).map(End::of));
        n = row.map(|row| row.n);
        loaded = Some(account);
    } else if known.is_none() && !need.parts.is_empty() {
        *known = row(conn, need.organization)?.map(End::of);
        n = known.map(|end| end.n);
    }
    // Of an organization without a number nothing is stored.
    let Some(n) = n else { return Ok(Given { loaded, parts: Vec::new() }) };
    let is_new = |part: &PartKey| match part {
        PartKey::Run(run) if store.lock.is_some() => super::read_lock(&store.run_ids).is_new(n, run),
        _ => false,
    };
    let old: Vec<PartKey> = need.parts.iter().filter(|part| !is_new(part)).cloned().collect();
    let parts = if old.is_empty() { Vec::new() } else { recall(conn, &store.run_ids, n, &old)? };
    Ok(Given { loaded, parts })
}

/// An account as it is stored, and its organization's row; `known` is the place where its history ends, as was known
/// before this instant. A new one where there is none.
pub(super) fn load(
    store: &Sqlite,
    conn: &Connection,
    organization: &OrganizationId,
    known: Option<i64>,
) -> Result<(Loaded, Option<Row>), Fault> {
    match whole(conn, organization)? {
        Some((row, own)) => {
            let end = store.end(conn, row.n, known)?;
            Ok((folded(conn, &store.run_ids, organization, (row, own), end)?, Some(row)))
        }
        None => {
            let head = Head { seq: 0, hash: ledger::chain::origin(organization), pos: 0 };
            let account = Account::new(organization.clone());
            Ok((Loaded { account, head, tally: Tally::default(), lags: false }, None))
        }
    }
}

/// The account whose row this is, with the events folded in that come after it up to the one at `end`.
pub(super) fn folded(
    conn: &Connection,
    ids: &RwLock<RunIds>,
    organization: &OrganizationId,
    (row, own): (Row, Option<Own>),
    end: Option<i64>,
) -> Result<Loaded, Fault> {
    let (mut account, mut tally) = match own {
        Some(own) => written(conn, row.n, own)?,
        None => (Account::new(organization.clone()), Tally::default()),
    };
    let mut head = row.head;
    let (tail, _) = match end {
        Some(end) => journal::back(conn, row.n, end, row.head.seq, u64::MAX)?,
        None => Default::default(),
    };
    for event in &tail {
        let mut recall = |keys: &[PartKey]| recall(conn, ids, row.n, keys);
        replay::fold_stored(&mut account, &mut tally, &mut head, event.stored(), &mut recall)?;
    }
    Ok(Loaded { account, head, tally, lags: head.seq > row.head.seq })
}

/// The account as its rows say, and the sums that are in its organization's row.
fn written(conn: &Connection, n: i64, own: Own) -> Result<(Account, Tally), Fault> {
    let Own { core, next_grants, tally, apart } = own;
    let next = next_grants.into_iter().map(|grant| Part::Grant(grant, Written::WithCore));
    let mut parts: Vec<Part> = next.collect();
    if apart {
        live_apart(conn, n, &mut parts)?;
    }
    Ok((Account::restore(core, parts), tally))
}

/// The live parts that have rows of their own.
fn live_apart(conn: &Connection, n: i64, parts: &mut Vec<Part>) -> Result<(), Fault> {
    let mut payments = Vec::new();
    let mut select = conn.prepare_cached(statements::LIVE)?;
    let mut rows = select.query([n])?;
    while let Some(row) = rows.next()? {
        let body = bytes(row, 1)?;
        match row.get(0)? {
            1 => parts.push(Part::Run(from_json("run", body)?)),
            2 => parts.push(Part::Grant(from_json("grant", body)?, Written::Alone)),
            3 => parts.push(Part::Debt(from_json("debt", body)?)),
            _ => payments.push(from_json("payment", body)?),
        }
    }
    payments.into_iter().try_for_each(|payment| family(conn, n, payment, parts))
}

/// A payment with its debts, and its grant unless that is among the parts already.
fn family(conn: &Connection, n: i64, payment: Payment, parts: &mut Vec<Part>) -> Result<(), Fault> {
    let is_there =
        |id: &GrantId| parts.iter().any(|part| matches!(part, Part::Grant(grant, _) if grant.id == *id));
    if let Some(id) = payment.grant.as_ref().filter(|id| !is_there(id)) {
        parts.extend(grant(conn, n, id)?.map(|(grant, written)| Part::Grant(grant, written)));
    }
    // Only refunds and disputes give rise to debts of a payment, and most payments never see one.
    if payment.is_asked_back() {
        let of_payment = params![n, payment.id.as_str()];
        let debts: Vec<Debt> = all(conn, "debt", statements::DEBTS_OF_PAYMENT, of_payment)?;
        parts.extend(debts.into_iter().map(Part::Debt));
    }
    parts.push(Part::Payment(payment));
    Ok(())
}

/// Parts that are written, with their families.
pub(super) fn recall(
    conn: &Connection,
    ids: &RwLock<RunIds>,
    n: i64,
    keys: &[PartKey],
) -> Result<Vec<Part>, Fault> {
    let mut parts = Vec::new();
    for key in keys {
        match key {
            PartKey::Run(run) => parts.extend(run_ids::find(conn, ids, n, run)?.map(Part::Run)),
            PartKey::Payment(id) => recall_payment(conn, n, id, &mut parts)?,
            PartKey::Refund(id) => recall_fact(conn, n, "refund", id.as_str(), &mut parts)?,
            PartKey::Dispute(id) => recall_fact(conn, n, "dispute", id.as_str(), &mut parts)?,
            PartKey::Grant(id) => {
                if let Some((grant, written)) = grant(conn, n, id)? {
                    match &grant.payment {
                        Some(payment) => recall_payment(conn, n, payment, &mut parts)?,
                        None => parts.push(Part::Grant(grant, written)),
                    }
                }
            }
            PartKey::Debt(id) => {
                if let Some(debt) = debt(conn, n, id)? {
                    match debt.origin.payment() {
                        Some(payment) => recall_payment(conn, n, payment, &mut parts)?,
                        None => parts.push(Part::Debt(debt)),
                    }
                }
            }
            PartKey::Idempotency(key) => {
                parts.extend(answered(conn, n, key)?.map(|answered| Part::Answered(key.clone(), answered)));
            }
        }
    }
    Ok(parts)
}

fn recall_payment(conn: &Connection, n: i64, id: &PaymentId, parts: &mut Vec<Part>) -> Result<(), Fault> {
    match one(conn, "payment", statements::PAYMENT, params![n, id.as_str()])? {
        Some(payment) => family(conn, n, payment, parts),
        None => Ok(()),
    }
}

fn recall_fact(conn: &Connection, n: i64, kind: &str, id: &str, parts: &mut Vec<Part>) -> Result<(), Fault> {
    let payment: Option<String> = conn
        .prepare_cached(statements::PAYMENT_OF_FACT)?
        .query_row(params![n, kind, id], |row| row.get(0))
        .optional()?;
    match payment {
        Some(payment) => recall_payment(conn, n, &crate::column::id(&payment)?, parts),
        None => Ok(()),
    }
}

fn grant(conn: &Connection, n: i64, id: &GrantId) -> Result<Option<(Grant, Written)>, Fault> {
    let mut select = conn.prepare_cached(statements::GRANT)?;
    let mut rows = select.query(params![n, id.as_str()])?;
    let Some(row) = rows.next()? else { return Ok(None) };
    let written = if row.get(1)? { Written::Alone } else { Written::WithCore };
    Ok(Some((from_json("grant", bytes(row, 0)?)?, written)))
}

fn debt(conn: &Connection, n: i64, id: &DebtId) -> Result<Option<Debt>, Fault> {
    one(conn, "debt", statements::DEBT, params![n, id.as_str()])
}

fn answered(conn: &Connection, n: i64, key: &IdempotencyKey) -> Result<Option<Answered>, Fault> {
    one(conn, "answer", statements::ANSWER, params![n, key.as_str()])
}

/// The body that a statement selects, if it selects one.
fn one<T: DeserializeOwned>(
    conn: &Connection,
    what: &str,
    select: &str,
    params: impl Params,
) -> Result<Option<T>, Fault> {
    let mut select = conn.prepare_cached(select)?;
    let mut rows = select.query(params)?;
    match rows.next()? {
        Some(row) => from_json(what, bytes(row, 0)?).map(Some),
        None => Ok(None),
    }
}

/// All bodies that a statement selects.
fn all<T: DeserializeOwned>(
    conn: &Connection,
    what: &str,
    select: &str,
    params: impl Params,
) -> Result<Vec<T>, Fault> {
    let mut select = conn.prepare_cached(select)?;
    let mut rows = select.query(params)?;
    let mut bodies = Vec::new();
    while let Some(row) = rows.next()? {
        bodies.push(from_json(what, bytes(row, 0)?)?);
    }
    Ok(bodies)
}
