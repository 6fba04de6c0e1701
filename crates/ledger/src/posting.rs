//! Double entry: each event as postings that sum to zero, for books that others keep (TRUST T21).
//!
//! Credits come from `granted` (its balance is negative: what was given out) and lie in `free` or `held`; they end in
//! `consumed`, `expired`, `revoked` or `frozen`. Work that nobody paid for yet is `consumed` against `debt`, whose balance
//! is what is owed, negative. Credits that were used and taken back with the money are `recovered` against `debt`.

use crate::{
    Credits,
    debt::OffsetReason,
    event::{Event, Recorded},
    grant::Take,
    id::{DebtId, GrantId, RunId},
    run::Charge,
};

/// One side of an entry: so many credits into an account of the books, or out of it where negative.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Posting {
    /// The account of the books, such as `free` or `granted:purchased`.
    pub account: String,
    /// Credits into it; negative: out of it.
    pub amount: Credits,
    /// The grant whose credits they are.
    pub grant: Option<GrantId>,
    /// The debt it is about.
    pub debt: Option<DebtId>,
    /// The run that used them.
    pub run: Option<RunId>,
}

/// The accounts of the books, in the order in which credits pass through them.
pub const ACCOUNTS: [&str; 15] = [
    "granted:included",
    "granted:promotional",
    "granted:purchased",
    "repaid",
    "free",
    "held",
    "frozen",
    "consumed",
    "expired",
    "revoked",
    "debt",
    "recovered",
    "written_off",
    "absorbed",
    "allowance",
];

#[derive(Default)]
struct Entry {
    postings: Vec<Posting>,
}

impl Entry {
    fn add(&mut self, account: &str, amount: Credits) -> &mut Posting {
        self.postings.push(Posting { account: account.into(), amount, grant: None, debt: None, run: None });
        self.postings.last_mut().expect("one was pushed")
    }

    fn of_grant(&mut self, account: &str, amount: Credits, grant: &GrantId) {
        if !amount.is_zero() {
            self.add(account, amount).grant = Some(grant.clone());
        }
    }

    fn of_debt(&mut self, account: &str, amount: Credits, debt: &DebtId) {
        if !amount.is_zero() {
            self.add(account, amount).debt = Some(debt.clone());
        }
    }

    /// Credits of grants from one account to another.
    fn moved(&mut self, from: &str, to: &str, takes: &[Take]) {
        for take in takes {
            self.of_grant(from, take.amount.negated(), &take.grant);
            self.of_grant(to, take.amount, &take.grant);
        }
    }

    fn charge(&mut self, run: &RunId, charge: &Charge) {
        for (from, takes) in [("held", &charge.from_hold), ("free", &charge.from_free)] {
            for take in takes {
                self.of_grant(from, take.amount.negated(), &take.grant);
            }
        }
        if let Some(outstanding) = &charge.outstanding {
            self.of_debt("debt", outstanding.amount.negated(), &outstanding.debt);
        }
        for (account, amount) in [("absorbed", charge.absorbed), ("allowance", charge.allowance)] {
            if !amount.is_zero() {
                self.add(account, amount.negated());
            }
        }
        let usage = charge.usage();
        if !usage.is_zero() {
            self.add("consumed", usage).run = Some(run.clone());
        }
    }
}

/// The postings of an event; they sum to zero, and there are none where no credits move.
pub fn postings(recorded: &Recorded) -> Vec<Posting> {
    let mut entry = Entry::default();
    match &recorded.event {
        Event::Granted { grant, kind, amount, restores, .. } => {
            match restores {
                Some(debt) => entry.of_debt("recovered", amount.negated(), debt),
                None => {
                    let source = match kind {
                        crate::grant::GrantKind::Included => "granted:included",
                        crate::grant::GrantKind::Promotional => "granted:promotional",
                        crate::grant::GrantKind::Purchased => "granted:purchased",
                    };
                    entry.of_grant(source, amount.negated(), grant);
                }
            }
            entry.of_grant("free", *amount, grant);
        }
        Event::GrantExpired { grant, amount } => {
            entry.of_grant("free", amount.negated(), grant);
            entry.of_grant("expired", *amount, grant);
        }
        Event::RunStarted { from, .. } => entry.moved("free", "held", from),
        Event::UsageRecorded { run, charge, .. } | Event::UsageCharged { run, charge, .. } => {
            entry.charge(run, charge)
        }
        Event::RunSettled { run, charge, released, expired, .. } => {
            entry.charge(run, charge);
            entry.moved("held", "free", released);
            entry.moved("held", "expired", expired);
        }
        Event::RunReleased { released, expired, .. } | Event::RunLapsed { released, expired, .. } => {
            entry.moved("held", "free", released);
            entry.moved("held", "expired", expired);
        }
        Event::DebtOpened { debt, amount, .. } => {
            entry.of_debt("debt", amount.negated(), debt);
            entry.of_debt("recovered", *amount, debt);
        }
        Event::DebtSettled { debt, takes } => {
            for take in takes {
                entry.of_grant("free", take.amount.negated(), &take.grant);
            }
            entry.of_debt("debt", crate::grant::total(takes), debt);
        }
        Event::DebtRepaid { debt, amount, .. } => {
            entry.of_debt("repaid", amount.negated(), debt);
            entry.of_debt("debt", *amount, debt);
        }
        Event::DebtOffset { debt, amount, why, .. } => {
            let against = if *why == OffsetReason::WriteOff { "written_off" } else { "recovered" };
            entry.of_debt(against, amount.negated(), debt);
            entry.of_debt("debt", *amount, debt);
        }
        Event::CreditsRevoked { grant, from_free, from_frozen } => {
            entry.of_grant("free", from_free.negated(), grant);
            entry.of_grant("frozen", from_frozen.negated(), grant);
            entry.of_grant("revoked", from_free.plus(*from_frozen), grant);
        }
        Event::CreditsFrozen { grant, from_free, from_revoked } => {
            entry.of_grant("free", from_free.negated(), grant);
            entry.of_grant("revoked", from_revoked.negated(), grant);
            entry.of_grant("frozen", from_free.plus(*from_revoked), grant);
        }
        Event::CreditsRestored { grant, from_frozen, from_revoked } => {
            entry.of_grant("frozen", from_frozen.negated(), grant);
            entry.of_grant("revoked", from_revoked.negated(), grant);
            entry.of_grant("free", from_frozen.plus(*from_revoked), grant);
        }
        _ => {}
    }
    entry.postings
}
