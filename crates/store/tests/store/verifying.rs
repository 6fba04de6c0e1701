//! Verifying finds nothing wrong with what was only ever written through the store, and names what is wrong otherwise.

use crate::{
    desk::Desk,
    opener::{Opener, PostgresOpener, SqliteOpener, on_every_store},
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
use xtask::postgres::query;

pub fn checked(store: &dyn Store) -> Verified {
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

/// A history with something of everything, all of it in rows.
pub fn eventful(store: &dyn Store) {
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
        refund("re_2", "pay_2", 100),
        top_up("pay_3", 1_000, 20),
        start("r2", 5),
    ] {
        desk.execute(store, &acme, &request, hour(1)).expect("the store works");
    }
    // More grants than an organization's row has room for, and sums of more than one hour.
    for _ in 0..8 {
        desk.execute(store, &acme, &promotional(2), hour(1)).expect("the store works");
    }
    desk.write_all(store).expect("the store works");
    for request in [start("r3", 5), settle("r3", 4)] {
        desk.execute(store, &acme, &request, hour(2)).expect("the store works");
        desk.write_all(store).expect("the store works");
    }
}

/// A store in which each of these statements makes something untrue.
fn spoiled(statement: &str) -> SqliteOpener {
    let mut opener = SqliteOpener::new();
    eventful(opener.store());
    opener.close();
    let database = Connection::open(opener.dir.path().join("coulomb.db")).expect("it opens");
    assert!(database.execute(statement, []).expect("it is SQL") > 0, "{statement}");
    drop(database);
    opener.restart();
    opener
}

/// What verifying must say of a store that was changed so.
fn assert_named(store: &dyn Store, statement: &str, what: &str) {
    let found = checked(store).violation.unwrap_or_else(|| panic!("{statement} goes unseen"));
    assert_eq!(found.organization, organization("acme"));
    assert!(found.to_string().contains(what), "{statement}: {found}");
}

#[test]
fn whatever_is_changed_behind_the_back_of_sqlite_is_named() {
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
        ("DELETE FROM grants WHERE unspent = 0", "grant"),
        ("UPDATE grants SET unspent = 0 WHERE unspent = 1", "unspent grants"),
        ("UPDATE organization SET grants = json_set(grants, '$[0].used', 1)", "grant"),
        ("UPDATE organization SET grants = json_remove(grants, '$[0]')", "grants are stored"),
        ("UPDATE organization SET grants = '['", "cannot be read"),
        ("UPDATE organization SET apart = 0", "unspent grants"),
        ("UPDATE debt SET body = json_set(body, '$.kind', 'dispute')", "debt"),
        ("UPDATE payment SET live = 0 WHERE live = 1", "live payments"),
        ("UPDATE payment SET body = json_set(body, '$.paid', 1) WHERE id = 'pay_1'", "payment pay_1"),
        ("DELETE FROM payment WHERE id = 'pay_1'", "payment"),
        ("UPDATE run SET body = json_set(body, '$.kind', 'tool_run') WHERE id = 'r1'", "run r1"),
        ("DELETE FROM run_key", "run r"),
        ("DELETE FROM run WHERE id = 'r2'", "run"),
        ("UPDATE run SET id = 'r9' WHERE id = 'r1'", "run r1"),
        ("UPDATE run SET status = 'lapsed' WHERE id = 'r1'", "run r1"),
        ("UPDATE debt SET live = 1 - live", "debt"),
        ("DELETE FROM payment_fact", "pay_1 is not found"),
        ("DELETE FROM answer", "answer to key_1"),
        ("UPDATE refusal SET body = json_set(body, '$.kind', 'tool_run')", "refusal"),
        ("UPDATE tally SET credits = credits + 1", "usage"),
        ("UPDATE organization SET tally = json_set(tally, '$[0][4]', 1)", "usage"),
        ("UPDATE organization SET tally = '[]'", "usage"),
        ("UPDATE organization SET tally = '['", "cannot be read"),
        ("UPDATE organization SET body = json_set(body, '$.name', 'Bolt')", "row of the organization"),
        ("UPDATE organization SET body = '{'", "cannot be read"),
        ("UPDATE organization SET hash = zeroblob(32)", "hash chain"),
        ("UPDATE organization SET version = version - 1", "event"),
    ] {
        assert_named(spoiled(statement).store(), statement, what);
    }
}

#[test]
fn whatever_is_changed_behind_the_back_of_postgresql_is_named() {
    let opener = PostgresOpener::new();
    eventful(opener.store());
    let url = &opener.database.url;
    let changed = |statement: &str| query(url, statement).unwrap_or_else(|reason| panic!("{reason}"));
    changed(COPY);
    assert_eq!(checked(opener.store()).violation, None);
    for (statement, what) in [
        (
            "UPDATE event SET body = replace(body, '\"used\":101', '\"used\":100') WHERE body LIKE '%run_settled%'",
            "hash chain",
        ),
        (
            "UPDATE event SET body = replace(body, 'r1', 'r9')
             WHERE seq = (SELECT max(seq) FROM event WHERE body LIKE '%\"r1\"%')",
            "hash chain",
        ),
        ("UPDATE event SET body = body || ' ' WHERE seq = 1", "hash chain"),
        ("DELETE FROM event WHERE seq = 5", "does not follow event 4"),
        ("DELETE FROM event WHERE seq = 1", "does not follow event 0"),
        ("DELETE FROM event WHERE seq = (SELECT max(seq) FROM event)", "is missing"),
        ("UPDATE event SET seq = 1000 WHERE seq = 7", "does not follow event 6"),
        (
            "UPDATE event SET body = other.body, hash = other.hash
             FROM event other WHERE event.seq + other.seq = 7 AND event.seq IN (3, 4)",
            "hash chain",
        ),
        ("UPDATE event SET hash = decode(repeat('00', 32), 'hex') WHERE seq = 3", "hash chain"),
        ("UPDATE event SET hash = '' WHERE seq = 3", "0 bytes"),
        ("UPDATE event SET org = 'bolt', slot = 0 WHERE seq = 9", "does not follow event 8"),
        (
            "UPDATE grants SET body = jsonb_set(body::jsonb, '{used}', '1')
             WHERE seq = (SELECT max(seq) FROM grants)",
            "grant",
        ),
        ("UPDATE grants SET body = replace(body, '\"amount\"', '\"mount\"')", "cannot be read"),
        ("DELETE FROM grants WHERE NOT unspent", "grants are stored"),
        ("UPDATE grants SET unspent = false WHERE unspent", "unspent grants"),
        ("UPDATE organization SET grants = jsonb_set(grants::jsonb, '{0,used}', '1')", "grant"),
        ("UPDATE organization SET grants = grants::jsonb - 0", "grants are stored"),
        ("UPDATE organization SET grants = '['", "cannot be read"),
        ("UPDATE debt SET body = jsonb_set(body::jsonb, '{kind}', '\"dispute\"')", "debt"),
        ("DELETE FROM debt", "debt"),
        (
            "UPDATE payment SET body = jsonb_set(body::jsonb, '{paid}', '1') WHERE id = 'pay_1'",
            "payment pay_1",
        ),
        ("DELETE FROM payment WHERE id = 'pay_1'", "payment"),
        ("UPDATE payment SET live = false WHERE live", "live payments"),
        (
            "UPDATE closed_run SET body = jsonb_set(body::jsonb, '{kind}', '\"tool_run\"') WHERE id = 'r1'",
            "run r1",
        ),
        (
            "UPDATE open_run SET body = jsonb_set(body::jsonb, '{kind}', '\"tool_run\"') WHERE id = 'r2'",
            "run",
        ),
        ("DELETE FROM closed_run WHERE id = 'r1'", "run r1"),
        ("DELETE FROM open_run WHERE id = 'r2'", "run"),
        ("UPDATE closed_run SET id = 'r9' WHERE id = 'r1'", "run r1"),
        ("UPDATE closed_run SET status = 'lapsed' WHERE id = 'r1'", "run r1"),
        (
            "INSERT INTO open_run (slot, org, id, seq, body)
             SELECT slot, org, id, seq, body FROM closed_run WHERE id = 'r1'",
            "run",
        ),
        (
            "INSERT INTO closed_run (slot, org, id, seq, status, body)
             SELECT slot, org, id, seq, 'settled', body FROM open_run WHERE id = 'r2'",
            "run r2",
        ),
        ("UPDATE debt SET live = NOT live", "debt"),
        ("DELETE FROM payment_fact", "pay_1 is not found"),
        ("DELETE FROM answer", "answer to key_1"),
        ("UPDATE answer SET body = replace(body, '\"seq\":', '\"seq\":9')", "answer to key_1"),
        ("UPDATE refusal SET body = jsonb_set(body::jsonb, '{kind}', '\"tool_run\"')", "refusal"),
        ("DELETE FROM refusal", "refusal"),
        ("UPDATE tally SET credits = credits + 1", "usage"),
        ("UPDATE tally SET refused = 0 WHERE refused > 0", "usage"),
        ("DELETE FROM tally", "usage"),
        ("UPDATE organization SET tally = jsonb_set(tally::jsonb, '{0,4}', '1')", "usage"),
        ("UPDATE organization SET tally = '[]'", "usage"),
        ("UPDATE organization SET tally = '['", "cannot be read"),
        (
            "UPDATE organization SET body = jsonb_set(body::jsonb, '{name}', '\"Bolt\"')",
            "row of the organization",
        ),
        ("UPDATE organization SET body = '{'", "cannot be read"),
        ("UPDATE organization SET hash = decode(repeat('00', 32), 'hex')", "hash chain"),
        ("UPDATE organization SET version = version - 1", "event"),
        ("UPDATE organization SET version = version + 1", "is missing"),
    ] {
        let count = format!(
            "SET search_path = coulomb; WITH changed AS ({statement} RETURNING 1) SELECT count(*) FROM changed"
        );
        let count = changed(&count);
        assert!(count != "0", "{statement}");
        assert_named(opener.store(), statement, what);
        changed(BACK);
    }
    assert_eq!(checked(opener.store()).violation, None);
}

/// Keeps every table of organizations as it is.
pub const COPY: &str = "DO $$ DECLARE t text; BEGIN
    FOR t IN SELECT table_name FROM information_schema.columns WHERE table_schema = 'coulomb' AND column_name = 'slot' LOOP
      EXECUTE format('CREATE TABLE public.%I AS TABLE coulomb.%I', t, t);
    END LOOP; END $$";

/// Makes every table of organizations what it was.
pub const BACK: &str = "DO $$ DECLARE t text; BEGIN
    FOR t IN SELECT table_name FROM information_schema.columns WHERE table_schema = 'coulomb' AND column_name = 'slot' LOOP
      EXECUTE format('DELETE FROM coulomb.%I', t);
      EXECUTE format('INSERT INTO coulomb.%I TABLE public.%I', t, t);
    END LOOP; END $$";
