//! Verifying finds nothing wrong with what was only ever written through the store, and names what is wrong otherwise.

use crate::{
    desk::Desk,
    opener::{Opener, SqliteOpener, on_every_store},
    replays::history,
    work::*,
};
use ledger::Policy;
use rusqlite::Connection;
use store::{
    Store,
    sqlite::Sqlite,
    verify::{Verified, verify},
};

fn checked(store: &dyn Store) -> Verified {
    verify(store, &Policy::default()).expect("the store can be read")
}

#[test]
fn a_random_history_verifies_with_rows_early_and_late() {
    on_every_store(|opener| {
        history(opener, 4, 1_200, |dice, desk, opener| {
            if dice.one_in(20) {
                desk.write_all(opener.store()).expect("the store works");
            }
            if dice.one_in(200) {
                assert_eq!(checked(opener.store()).violation, None);
                desk.held.clear();
                opener.crash();
                assert_eq!(checked(opener.store()).violation, None);
            }
        });
        let Verified { counts, violation } = checked(opener.store());
        assert_eq!(violation, None);
        assert_eq!(counts.organizations, 3);
        let least = counts.events.min(counts.grants).min(counts.runs).min(counts.debts).min(counts.payments);
        assert!(least > 5, "{counts:?}");
    });
}

#[test]
fn whoever_verifies_beside_a_server_sees_what_it_has_not_written_to_its_rows() {
    let opener = SqliteOpener::new();
    let (mut desk, acme) = (Desk::default(), organization("acme"));
    let beside = Sqlite::open_beside(opener.dir.path()).expect("it opens");
    for (n, request) in [open(), promotional(10), start("r1", 4), settle("r1", 3)].into_iter().enumerate() {
        desk.execute(opener.store(), &acme, &request, hour(1)).expect("the store works");
        if n == 1 {
            desk.write_all(opener.store()).expect("the store works");
        }
        let Verified { counts, violation } = checked(&beside);
        assert_eq!(violation, None);
        assert_eq!(counts.events, desk.held[&acme].account.version());
    }
    assert_eq!(beside.load(&acme).expect("it loads").account.available(hour(1)), credits(7));
}

/// A store in which each of these statements makes something untrue.
fn spoiled(statement: &str) -> SqliteOpener {
    let mut opener = SqliteOpener::new();
    let (mut desk, acme) = (Desk::default(), organization("acme"));
    let gift = ledger::command::Command::GrantPromotional {
        grant: None,
        amount: credits(1),
        effective_at: None,
        expires_at: None,
        priority: None,
        reason: None,
    };
    let keyed = ledger::command::Request::new(gift, Default::default(), Some(id("key_1")));
    for request in [
        open(),
        subscribe(hour(0), ledger::subscription::SubscriptionStatus::Active),
        start("too_early", 1),
        top_up("pay_1", 1_000, 100),
        keyed,
        start("r1", 100),
        settle("r1", 101),
        refund("re_1", "pay_1", 500),
        promotional(30),
        top_up("pay_2", 1_000, 500),
        start("r2", 5),
    ] {
        desk.execute(opener.store(), &acme, &request, hour(1)).expect("the store works");
    }
    desk.write_all(opener.store()).expect("the store works");
    opener.close();
    let database = Connection::open(opener.dir.path().join("coulomb.db")).expect("it opens");
    assert!(database.execute(statement, []).expect("it is SQL") > 0, "{statement}");
    drop(database);
    opener.restart();
    opener
}

#[test]
fn whatever_is_changed_behind_its_back_is_named() {
    for (statement, what) in [
        (
            "UPDATE event SET body = replace(body, '\"used\":101', '\"used\":100') WHERE seq > 0 AND body LIKE '%run_settled%'",
            "hash chain",
        ),
        (
            "UPDATE event SET body = replace(body, 'r1', 'r9') WHERE seq = (SELECT max(seq) FROM event WHERE body LIKE '%\"r1\"%')",
            "hash chain",
        ),
        ("DELETE FROM event WHERE seq = 5", "is missing"),
        ("UPDATE event SET prev = 2 WHERE seq = 7", "does not follow"),
        ("UPDATE event SET hash = zeroblob(32) WHERE seq = 3", "hash chain"),
        (
            "UPDATE grants SET body = json_set(body, '$.used', 1) WHERE seq = (SELECT max(seq) FROM grants)",
            "grant",
        ),
        ("DELETE FROM grants WHERE live = 0", "grant"),
        ("UPDATE grants SET live = 0 WHERE live = 1", "unspent grants"),
        ("UPDATE debt SET body = json_set(body, '$.kind', 'dispute')", "debt"),
        ("UPDATE payment SET body = json_set(body, '$.paid', 1) WHERE id = 'pay_1'", "payment pay_1"),
        ("DELETE FROM payment WHERE id = 'pay_1'", "payment"),
        ("UPDATE run SET body = json_set(body, '$.kind', 'tool_run') WHERE id = 'r1'", "run r1"),
        ("DELETE FROM run_key", "run r"),
        ("DELETE FROM run WHERE id = 'r2'", "run"),
        ("UPDATE run SET id = 'r9' WHERE id = 'r1'", "run r1"),
        ("DELETE FROM answer", "answer to key_1"),
        ("UPDATE refusal SET body = json_set(body, '$.kind', 'tool_run')", "refusal"),
        ("UPDATE tally SET credits = credits + 1", "usage"),
        ("UPDATE organization SET body = json_set(body, '$.name', 'Bolt')", "row of the organization"),
        ("UPDATE organization SET body = '{'", "cannot be read"),
        ("UPDATE organization SET hash = zeroblob(32)", "hash chain"),
        ("UPDATE organization SET version = version - 1", "event"),
    ] {
        let opener = spoiled(statement);
        let found = checked(opener.store()).violation.unwrap_or_else(|| panic!("{statement} goes unseen"));
        assert_eq!(found.organization, organization("acme"));
        assert!(found.to_string().contains(what), "{statement}: {found}");
    }
}
