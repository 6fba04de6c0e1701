//! What is always true of an account (R13). Tests, `coulomb verify` and the property suite share these functions.

use crate::{Account, Credits, Policy, grant::Take, id::GrantId};
use std::{collections::BTreeMap, fmt};

/// The first thing that is not as it must be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation(String);

impl fmt::Display for Violation {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

impl std::error::Error for Violation {}

fn must(holds: bool, otherwise: impl FnOnce() -> String) -> Result<(), Violation> {
    if holds { Ok(()) } else { Err(Violation(otherwise())) }
}

/// What is true of whatever parts of an account are at hand (R13).
pub fn check(account: &Account) -> Result<(), Violation> {
    let mut held: BTreeMap<&GrantId, Credits> = BTreeMap::new();
    for run in account.runs() {
        must(run.held.is_empty() || !run.is_closed(), || {
            format!("run {} is closed and holds credits", run.id)
        })?;
        for Take { grant, amount } in &run.held {
            let sum = held.entry(grant).or_default();
            *sum = sum.plus(*amount);
        }
        let paid =
            crate::grant::total(&run.charged).plus(run.outstanding).plus(run.absorbed).plus(run.allowance);
        must(paid == run.used, || format!("run {} used {} and {paid} is accounted for", run.id, run.used))?;
    }
    for grant in account.grants() {
        let parts =
            [grant.free, grant.held, grant.used, grant.settled, grant.frozen, grant.expired, grant.revoked];
        must(parts.iter().all(|part| *part >= Credits::ZERO), || {
            format!("a part of grant {} is negative", grant.id)
        })?;
        must(grant.parts() == grant.amount, || {
            format!("the parts of grant {} add up to {}, not {}", grant.id, grant.parts(), grant.amount)
        })?;
        let by_runs = held.remove(&grant.id).unwrap_or_default();
        must(by_runs == grant.held, || {
            format!("grant {} holds {} and runs hold {by_runs} of it", grant.id, grant.held)
        })?;
        must(grant.free.is_zero() || !grant.has_expired(account.core().last), || {
            format!("grant {} has expired and {} of it is free", grant.id, grant.free)
        })?;
    }
    must(held.is_empty(), || "a run holds credits of a grant that is not there".into())?;
    for debt in account.debts() {
        let parts = debt.open.plus(debt.settled).plus(debt.repaid).plus(debt.offset);
        must(debt.amount == parts && debt.open >= Credits::ZERO, || {
            format!("debt {} is {} and its parts add up to {parts}", debt.id, debt.amount)
        })?;
    }
    for payment in account.payments() {
        let due = payment.recoverable().total;
        must(payment.recovered == due, || {
            format!("payment {} has given back {} credits and {due} are due", payment.id, payment.recovered)
        })?;
    }
    let totals = &account.core().totals;
    let accounted = totals.charged.plus(totals.outstanding).plus(totals.absorbed).plus(totals.allowance);
    must(totals.usage == accounted, || format!("{} was used and {accounted} is accounted for", totals.usage))
}

/// No open debt coexists with a free credit that may settle it, at the account's last instant (R7.3).
pub fn check_settled(account: &Account, policy: &Policy) -> Result<(), Violation> {
    for debt in account.open_debts() {
        for grant in account.grants() {
            let idle =
                grant.free.is_positive() && account.may_settle(policy, grant, debt, account.core().last);
            must(!idle, || {
                format!("{} of grant {} are free while debt {} is open", grant.free, grant.id, debt.id)
            })?;
        }
    }
    Ok(())
}

/// What is true of an account of which nothing was ever shed: sums over everything that ever was (R13).
pub fn check_whole(account: &Account) -> Result<(), Violation> {
    check(account)?;
    let totals = &account.core().totals;
    let granted: Credits = account.grants().iter().map(|grant| grant.amount).sum();
    must(granted == totals.granted, || {
        format!("{} was granted and grants add up to {granted}", totals.granted)
    })?;
    let used: Credits = account.runs().map(|run| run.used).sum();
    must(used == totals.usage, || format!("{} was used and runs add up to {used}", totals.usage))?;
    let charged: Credits = account.grants().iter().map(|grant| grant.used).sum();
    must(charged == totals.charged, || format!("{} was charged and grants paid {charged}", totals.charged))?;
    let by_grants: Credits = account.grants().iter().map(|grant| grant.settled).sum();
    let of_debts: Credits = account.debts().map(|debt| debt.settled).sum();
    must(by_grants == of_debts, || {
        format!("grants settled {by_grants} of debt and debts were settled by {of_debts}")
    })?;
    let owed: Credits = account.debts().map(|debt| debt.amount).sum();
    let opened = totals.outstanding.plus(totals.recovered_as_debt);
    must(owed == opened, || format!("{opened} of debt was opened and debts add up to {owed}"))
}
