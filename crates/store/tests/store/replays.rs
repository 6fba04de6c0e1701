//! Rows may be written late, early or never: no answer and no balance depends on it.

use crate::{
    desk::Desk,
    opener::{Opener, on_every_store},
    work::*,
};
use ledger::{Account, id::OrganizationId};
use std::collections::BTreeMap;
use store::tally::Tally;

/// Accounts that never leave memory and let go of nothing.
#[derive(Default)]
struct Reference(BTreeMap<OrganizationId, (Account, Tally)>);

/// A random history; `trouble` happens between commands. In the end everything is written and the power fails.
pub fn history(
    opener: &mut dyn Opener,
    seed: u64,
    steps: u64,
    trouble: impl Fn(&mut Dice, &mut Desk, &mut dyn Opener),
) {
    let organizations = ["acme", "bolt", "cargo"].map(organization);
    let (mut dice, mut desk, mut reference) = (Dice(seed), Desk::default(), Reference::default());
    let mut now = hour(0);
    for organization in &organizations {
        for request in
            [open(), subscribe(now, ledger::subscription::SubscriptionStatus::Active), promotional(2_000)]
        {
            step(opener, &mut desk, &mut reference, organization, &request, now, seed);
        }
    }
    for _ in 0..steps {
        now = now
            .after(ledger::Duration::from_micros(i64::try_from(dice.below(7_200_000_000)).expect("small")));
        let organization = &organizations[dice.below(3) as usize];
        let request = anything(&mut dice, now);
        step(opener, &mut desk, &mut reference, organization, &request, now, seed);
        trouble(&mut dice, &mut desk, opener);
    }
    desk.write_all(opener.store()).expect("the store works");
    opener.crash();
    for (organization, (expected, tally)) in reference.0 {
        let mut expected = expected;
        expected.written();
        let loaded = opener.store().load(&organization).expect("it loads");
        assert_eq!(loaded.account, expected, "seed {seed}, {organization}");
        let usage = opener.store().usage(&organization, hour(0), hour(1_000_000)).expect("it reads");
        let usage: Vec<_> = usage.iter().map(|row| (&row.key, &row.sums)).collect();
        assert_eq!(usage, tally.rows().collect::<Vec<_>>(), "seed {seed}, {organization}");
    }
}

/// One command, asked of both.
fn step(
    opener: &mut dyn Opener,
    desk: &mut Desk,
    reference: &mut Reference,
    organization: &OrganizationId,
    request: &ledger::command::Request,
    now: ledger::Timestamp,
    seed: u64,
) {
    let answer = desk.execute(opener.store(), organization, request, now).expect("the store works");
    let fresh = || (Account::new(organization.clone()), Tally::default());
    let (account, tally) = reference.0.entry(organization.clone()).or_insert_with(fresh);
    let expected = account.execute(&desk.policy, request, now);
    for recorded in &expected.events {
        tally.absorb(recorded, account);
    }
    assert_eq!(answer, expected, "seed {seed}: {organization} was asked {request:?}");
}

fn anyone(dice: &mut Dice, desk: &Desk) -> Vec<OrganizationId> {
    desk.held.keys().filter(|_| dice.one_in(2)).cloned().collect()
}

#[test]
fn rows_written_at_any_time_give_the_same_answers_and_the_same_account() {
    on_every_store(|opener| {
        history(opener, 1, 1_500, |dice, desk, opener| {
            if dice.one_in(8) {
                let some = anyone(dice, desk);
                desk.write(opener.store(), &some).expect("the store works");
            }
        });
    });
}

#[test]
fn an_account_may_be_forgotten_at_any_time_written_or_not() {
    on_every_store(|opener| {
        history(opener, 2, 1_500, |dice, desk, opener| {
            let some = anyone(dice, desk);
            if dice.one_in(5) {
                desk.write(opener.store(), &some).expect("the store works");
            }
            if dice.one_in(3) {
                desk.held.retain(|organization, _| some.contains(organization));
            }
        });
    });
}

#[test]
fn a_crash_at_any_commit_loses_nothing_that_was_answered() {
    on_every_store(|opener| {
        history(opener, 3, 800, |dice, desk, opener| {
            if dice.one_in(6) {
                let some = anyone(dice, desk);
                desk.write(opener.store(), &some).expect("the store works");
            }
            if dice.one_in(10) {
                desk.held.clear();
                if dice.one_in(3) { opener.restart() } else { opener.crash() }
            }
        });
    });
}
