//! All tables come again from the events alone: where they are sound nothing differs, where they are damaged that is said and
//! repaired, and where an event is damaged nothing is made up.

use crate::{
    desk::Desk,
    opener::{Opener, PostgresOpener, SqliteOpener},
    replays::history,
    verifying::{BACK, COPY, checked, eventful},
    work::*,
};
use ledger::{Policy, decide::Answer};
use rusqlite::Connection;
use std::path::Path;
use store::{
    Batch, Fault, Store,
    memo::{Change, Memo},
    postgres::{self, Options},
    rebuild::{Rebuilt, Verdict},
    sqlite::{self, Sizes, Sqlite},
    tally::Tally,
};
use xtask::postgres::{Database, fresh_database, query};

fn proven(dir: &Path) -> Result<Rebuilt, Fault> {
    sqlite::prove(dir, dir, &Policy::default())
}

fn proven_in(stored: &PostgresOpener, scratch: &Database) -> Result<Rebuilt, Fault> {
    postgres::prove(stored.postgres(), Options::new(&scratch.url), &Policy::default())
}

/// The tables that differ, each with what it says of itself.
fn different(rebuilt: &Rebuilt) -> Vec<String> {
    let words = rebuilt.tables.iter().filter_map(|table| match &table.verdict {
        Verdict::Differs { rows, first } => Some(format!("{}: {rows} wrong: {first}", table.name)),
        Verdict::Equal | Verdict::Kept => None,
    });
    words.collect()
}

#[track_caller]
fn assert_equal(rebuilt: Result<Rebuilt, Fault>) {
    assert_eq!(different(&rebuilt.expect("the events are sound")), Vec::<String>::new());
}

/// What is answered to whom asks again for what was done long ago.
fn repeated(store: &dyn Store) -> Vec<Answer> {
    let (mut desk, acme) = (Desk::default(), organization("acme"));
    let asked =
        [start("r1", 100), settle("r1", 101), top_up("pay_1", 1_000, 100), refund("re_1", "pay_1", 500)];
    let again = asked.iter().map(|request| desk.execute(store, &acme, request, hour(2)));
    again.collect::<Result<_, _>>().expect("the store works")
}

#[test]
fn a_random_history_is_rebuilt_as_it_was_written_early_and_late() {
    let mut opener = SqliteOpener::sized(Sizes { segment_runs: 40 });
    history(&mut opener, 7, 1_200, |dice, desk, opener| {
        if dice.one_in(20) {
            desk.write_all(opener.store()).expect("the store works");
        }
    });
    let rebuilt = proven(opener.dir.path()).expect("the events are sound");
    assert_eq!(different(&rebuilt), Vec::<String>::new());
    assert_eq!(rebuilt.organizations, 3);
    for table in ["organization", "grants", "run", "debt", "payment", "payment_fact", "answer", "tally"] {
        let rows = rebuilt.tables.iter().find(|known| known.name == table).map(|known| known.rows);
        assert!(rows > Some(0), "{table}: {rows:?}");
    }

    let (mut opener, scratch) = (PostgresOpener::new(), fresh_database());
    history(&mut opener, 7, 1_200, |_, _, _| {});
    assert_equal(proven_in(&opener, &scratch));
}

#[test]
fn rows_that_lag_behind_their_events_are_rebuilt_as_far_as_they_go() {
    let opener = SqliteOpener::new();
    let (mut desk, acme) = (Desk::default(), organization("acme"));
    for (n, request) in [open(), promotional(10), start("r1", 4), settle("r1", 3)].into_iter().enumerate() {
        desk.execute(opener.store(), &acme, &request, hour(1)).expect("the store works");
        if n == 1 {
            desk.write_all(opener.store()).expect("the store works");
        }
        // Beside the store that is writing, at one instant of it.
        assert_equal(proven(opener.dir.path()));
    }
    assert!(std::fs::read_dir(opener.dir.path()).expect("it is there").all(|entry| {
        entry.expect("it is readable").file_name().to_string_lossy().starts_with("coulomb.")
    }));
}

#[test]
fn a_long_history_is_rebuilt_in_pieces() {
    let opener = SqliteOpener::new();
    let mut desk = Desk::default();
    let runs = |desk: &mut Desk, store: &dyn Store, name: &str, count: usize| {
        let acme = organization(name);
        for request in [open(), promotional(10_000)] {
            desk.execute(store, &acme, &request, hour(1)).expect("the store works");
        }
        for n in 0..count {
            for request in [start(&format!("run_{n}"), 2), settle(&format!("run_{n}"), 1)] {
                desk.execute(store, &acme, &request, hour(1)).expect("the store works");
            }
        }
    };
    // Beyond a page, beyond what is written at once, and one that ends with a page.
    runs(&mut desk, opener.store(), "long", 1_400);
    runs(&mut desk, opener.store(), "page", 127);
    desk.write_all(opener.store()).expect("the store works");
    assert_equal(proven(opener.dir.path()));
}

/// A closed store of an eventful history, changed by these statements.
fn spoiled(statements: &str) -> SqliteOpener {
    let mut opener = SqliteOpener::new();
    eventful(opener.store());
    opener.close();
    let database = Connection::open(opener.dir.path().join("coulomb.db")).expect("it opens");
    database.execute_batch(statements).unwrap_or_else(|error| panic!("{statements}: {error}"));
    opener
}

#[test]
fn whatever_tables_say_wrongly_is_told_and_replaced_by_what_the_events_say() {
    let mut sound = SqliteOpener::new();
    eventful(sound.store());
    let expected = repeated(sound.store());
    sound.close();
    for (statements, what) in [
        ("DELETE FROM grants WHERE seq = (SELECT max(seq) FROM grants)", "grants: 1 wrong: organization acme, seq"),
        ("DELETE FROM grants", "is missing"),
        ("UPDATE grants SET body = json_set(body, '$.used', 1) WHERE unspent = 0", "body is"),
        ("UPDATE grants SET unspent = 0 WHERE unspent = 1", "unspent is 0, its events say 1"),
        ("UPDATE organization SET grants = json_remove(grants, '$[0]')", "organization acme: grants is"),
        ("UPDATE organization SET apart = 0", "organization acme: apart is 0, its events say 1"),
        ("UPDATE payment SET live = 1 - live", "payment: 3 wrong"),
        ("UPDATE debt SET payment = 'pay_2'", "payment is \"pay_2\", its events say \"pay_1\""),
        ("DELETE FROM payment WHERE id = 'pay_1'", "payment: 1 wrong"),
        ("DELETE FROM payment_fact WHERE id = 're_1'", "payment_fact: 1 wrong: organization acme, kind \"refund\", id \"re_1\" is missing"),
        ("DELETE FROM answer", "answer: 1 wrong: organization acme, key \"key_1\" is missing"),
        ("UPDATE refusal SET body = json_set(body, '$.kind', 'tool_run')", "refusal: 1 wrong"),
        ("INSERT INTO refusal VALUES (1, 77, '{}')", "is stored, and no event says so"),
        ("UPDATE tally SET credits = credits + 1", "tally: 1 wrong"),
        ("UPDATE tally SET refused = 0", "refused is 0, its events say 1"),
        ("DELETE FROM tally", "is missing"),
        ("UPDATE organization SET tally = '[]'", "tally: 1 wrong: organization acme, hour"),
        ("UPDATE organization SET body = json_set(body, '$.name', 'Bolt')", "organization acme: body is"),
        ("UPDATE organization SET name = 'Bolt'", "name is \"Bolt\", its events say \"Acme\""),
        ("UPDATE organization SET hash = zeroblob(32)", "hash is 0000"),
        ("UPDATE organization SET version = version - 1", "version is"),
        ("UPDATE organization SET version = version + 1", "version is"),
        ("UPDATE organization SET next_due = 9000000000000000", "next_due is"),
        ("DELETE FROM run_key", "run_key, run_segment, run_chunk: 3 wrong: run r1 is not found by its id"),
        ("DELETE FROM run", "run: 3 wrong: organization acme, seq"),
        ("UPDATE run SET id = 'r9' WHERE id = 'r1'", "id is \"r9\", its events say \"r1\""),
        ("DELETE FROM meta", "run_key, run_segment, run_chunk: 1 wrong: it cannot be read"),
        ("DROP TABLE refusal", "refusal: 1 wrong: it cannot be read"),
        ("INSERT INTO landmark VALUES (1, 4, 2)", "landmark: 1 wrong"),
        (
            "UPDATE organization SET version = 0, pos = 0, hash = NULL, body = NULL, grants = '[]', tally = '[]'; DELETE FROM grants; DELETE FROM run;
             DELETE FROM run_key; DELETE FROM debt; DELETE FROM payment; DELETE FROM payment_fact; DELETE FROM answer;
             DELETE FROM refusal; DELETE FROM tally",
            "version is 0",
        ),
    ] {
        let mut opener = spoiled(statements);
        let dir = opener.dir.path().to_owned();
        let found = different(&proven(&dir).expect("the events are sound"));
        assert!(found.iter().any(|found| found.contains(what)), "{statements}: {found:#?}");
        let replaced = sqlite::replace(&dir, &Policy::default()).expect("it is replaced");
        assert_eq!(different(&replaced.rebuilt), found, "{statements}");
        assert_eq!(replaced.before, Some(dir.join("coulomb.db.before-rebuild")));

        assert_equal(proven(&dir));
        opener.restart();
        assert_eq!(checked(opener.store()).violation, None, "{statements}");
        assert_eq!(repeated(opener.store()), expected, "{statements}");
    }
}

#[test]
fn where_nothing_differs_nothing_is_replaced_and_beside_others_nothing_is_tried() {
    let mut opener = spoiled("");
    let dir = opener.dir.path().to_owned();
    let replaced = sqlite::replace(&dir, &Policy::default()).expect("the events are sound");
    assert_eq!((replaced.before, different(&replaced.rebuilt)), (None, Vec::new()));

    opener.restart();
    let refused = sqlite::replace(&dir, &Policy::default());
    assert!(matches!(&refused, Err(Fault::Locked(why)) if why.contains("in use by process")), "{refused:?}");
    opener.close();
    let reader = Sqlite::open_beside(&dir).expect("it opens");
    let refused = sqlite::replace(&dir, &Policy::default());
    assert!(matches!(&refused, Err(Fault::Locked(why)) if why.contains("another program")), "{refused:?}");
    drop(reader);

    std::fs::write(dir.join("coulomb.db.before-rebuild"), "").expect("it is written");
    let refused = sqlite::replace(&dir, &Policy::default());
    assert!(
        matches!(&refused, Err(Fault::Unavailable(why)) if why.contains("earlier rebuild")),
        "{refused:?}"
    );
}

#[test]
fn events_that_no_row_stood_for_yet_are_in_the_rows_of_the_new_database() {
    let mut opener = SqliteOpener::new();
    let (mut desk, acme) = (Desk::default(), organization("acme"));
    for request in [open(), promotional(10)] {
        desk.execute(opener.store(), &acme, &request, hour(1)).expect("the store works");
    }
    desk.write_all(opener.store()).expect("the store works");
    for request in [start("r1", 4), settle("r1", 3)] {
        desk.execute(opener.store(), &acme, &request, hour(1)).expect("the store works");
    }
    opener.close();
    let database = Connection::open(opener.dir.path().join("coulomb.db")).expect("it opens");
    database.execute("UPDATE organization SET grants = '[]'", []).expect("it is SQL");
    drop(database);
    let replaced = sqlite::replace(opener.dir.path(), &Policy::default()).expect("it is replaced");
    let found = different(&replaced.rebuilt);
    assert!(found.len() == 1 && found[0].contains("organization acme: grants is \"[]\""), "{found:#?}");
    opener.restart();
    assert_eq!(checked(opener.store()).counts.runs, 1);
    assert_eq!(opener.store().load(&acme).expect("it loads").account.available(hour(1)), credits(7));
}

#[test]
fn what_is_in_no_event_is_kept_as_it_is() {
    let mut opener = SqliteOpener::new();
    eventful(opener.store());
    keep_beside(opener.store());
    let before = beside(opener.store());
    opener.close();
    let dir = opener.dir.path().to_owned();
    Connection::open(dir.join("coulomb.db"))
        .expect("it opens")
        .execute("DELETE FROM debt", [])
        .expect("it is SQL");
    sqlite::replace(&dir, &Policy::default()).expect("it is replaced");
    opener.restart();
    assert_eq!(beside(opener.store()), before);

    let (opener, scratch) = (PostgresOpener::new(), fresh_database());
    eventful(opener.store());
    keep_beside(opener.store());
    let before = beside(opener.store());
    query(&opener.database.url, "DELETE FROM coulomb.debt; DELETE FROM coulomb.tally WHERE runs = 0")
        .expect("it is SQL");
    let replaced = postgres::replace(opener.postgres(), Options::new(&scratch.url), &Policy::default());
    assert!(!replaced.expect("it is replaced").is_equal());
    // Counts of refused starts that are no events went with the rows that were deleted.
    assert_eq!(beside(opener.store()).0, before.0);
}

/// A memo, and refused starts that are no events.
fn keep_beside(store: &dyn Store) {
    let acme = organization("acme");
    let memo = Memo::new("note", "n1", Some(hour(9)), "{}");
    assert!(store.keep(&acme, &[Change::Write(memo)]).expect("the store works"));
    let mut counted = Tally::default();
    for kind in ["workflow_run", "never_started"] {
        for _ in 0..3 {
            counted.refused(hour(1), &id(kind), None, None);
        }
    }
    store.commit(&Batch { counts: vec![(&acme, &counted)], ..Batch::default() }).expect("the store works");
}

/// Memos and counts as they are stored.
fn beside(store: &dyn Store) -> (Vec<Memo>, Vec<store::tally::TallyRow>) {
    let memos = store.all_memos(None, 10).expect("it reads").into_iter().map(|owned| owned.memo).collect();
    (memos, store.usage(&organization("acme"), hour(0), hour(9)).expect("it reads"))
}

#[test]
fn a_damaged_event_is_named_and_nothing_is_rebuilt_from_it() {
    for (statements, what) in [
        (
            "UPDATE event SET body = replace(body, '\"used\":101', '\"used\":100') WHERE body LIKE '%run_settled%'",
            "of organization acme is not what was recorded",
        ),
        (
            "UPDATE event SET hash = zeroblob(32) WHERE seq = 3",
            "event 3 of organization acme is not what was recorded",
        ),
        ("DELETE FROM event WHERE pos = 5", "the event at place 5 is missing"),
        (
            "DELETE FROM event WHERE pos = (SELECT max(pos) FROM event)",
            "was there once, and now the last one is",
        ),
        ("UPDATE event SET prev = 2 WHERE pos = 7", "the event at place 7 says that it is number 7"),
        ("UPDATE event SET seq = 40 WHERE pos = 7", "the event at place 7 says that it is number 40"),
        ("UPDATE event SET org = 9 WHERE pos = 7", "the event at place 7 says that it is number 7"),
        ("UPDATE organization SET id = 'bolt'", "event 1 of organization bolt is not what was recorded"),
        ("DELETE FROM organization", "the row of organization number 1 is gone"),
    ] {
        let opener = spoiled(statements);
        let dir = opener.dir.path();
        for found in [proven(dir), sqlite::replace(dir, &Policy::default()).map(|replaced| replaced.rebuilt)]
        {
            let found = found.expect_err(statements);
            assert!(matches!(&found, Fault::Damaged(found) if found.contains(what)), "{statements}: {found}");
        }
    }
}

#[test]
fn a_database_that_servers_share_is_rebuilt_in_one_beside_it() {
    let opener = PostgresOpener::new();
    eventful(opener.store());
    let url = &opener.database.url;
    let changed = |statement: &str| query(url, statement).unwrap_or_else(|reason| panic!("{reason}"));
    changed(COPY);
    assert_equal(proven_in(&opener, &fresh_database()));
    for (statements, what) in [
        (
            "DELETE FROM grants WHERE seq = (SELECT max(seq) FROM grants)",
            "grants: 1 wrong: organization acme, seq",
        ),
        ("UPDATE grants SET unspent = NOT unspent", "unspent is"),
        ("UPDATE organization SET grants = '[]'", "organization: 1 wrong: organization acme: grants is"),
        ("UPDATE organization SET tally = '[]'", "tally: 1 wrong: organization acme, hour"),
        ("DELETE FROM closed_run", "closed_run: 2 wrong: organization acme, id \"r1\" is missing"),
        ("DELETE FROM open_run", "open_run: 1 wrong: organization acme, id \"r2\" is missing"),
        ("UPDATE payment SET live = NOT live", "payment: 3 wrong"),
        ("UPDATE payment SET granted = NULL", "granted is nothing, its events say"),
        ("DELETE FROM payment_fact WHERE id = 're_1'", "payment_fact: 1 wrong"),
        ("DELETE FROM answer", "answer: 1 wrong"),
        ("DELETE FROM tally", "tally: 1 wrong"),
        ("UPDATE organization SET name = 'Bolt'", "name is \"Bolt\", its events say \"Acme\""),
        ("UPDATE organization SET version = version + 1", "version is"),
        ("UPDATE organization SET next_due = NULL", "next_due is nothing"),
        (
            "TRUNCATE organization, grants, open_run, closed_run, debt, payment, payment_fact, answer, refusal, tally",
            "organization: 1 wrong: organization acme is missing",
        ),
    ] {
        changed(&format!("SET search_path = coulomb; {statements}"));
        let scratch = fresh_database();
        let replaced = postgres::replace(opener.postgres(), Options::new(&scratch.url), &Policy::default());
        let found = different(&replaced.expect("it is replaced"));
        assert!(found.iter().any(|found| found.contains(what)), "{statements}: {found:#?}");
        assert_eq!(checked(opener.store()).violation, None, "{statements}");
        assert!(repeated(opener.store()).iter().all(|answer| answer.events.is_empty()), "{statements}");
        changed(BACK);
    }
    // Proving says the same, and leaves it as it is.
    changed("DELETE FROM coulomb.grants");
    for _ in 0..2 {
        let found = different(&proven_in(&opener, &fresh_database()).expect("the events are sound"));
        assert!(found[0].starts_with("grants: 5 wrong"), "{found:#?}");
    }
    changed(BACK);
    for (statements, what) in [
        ("UPDATE event SET body = replace(body, 'Acme', 'Bolt')", "event 1 of organization acme is not what"),
        ("DELETE FROM event WHERE seq = 5", "event 6 of organization acme does not follow event 4"),
        ("DELETE FROM event WHERE seq = (SELECT max(seq) FROM event)", "it is missing"),
        ("UPDATE event SET slot = 0", "the events of organization acme are missing"),
        ("UPDATE event SET slot = 0; DELETE FROM organization", "their slot was changed"),
        (
            "UPDATE event SET at = 1 WHERE seq = 4",
            "the events are damaged: organization acme, seq 4: at is 1",
        ),
        ("DELETE FROM event", "the events of organization acme are missing"),
    ] {
        changed(&format!("SET search_path = coulomb; {statements}"));
        let found = proven_in(&opener, &fresh_database()).expect_err(statements);
        assert!(matches!(&found, Fault::Damaged(found) if found.contains(what)), "{statements}: {found}");
        changed(BACK);
    }
    let taken = proven_in(&opener, &opener.database).expect_err("it is not empty");
    assert!(taken.to_string().contains("not empty"), "{taken}");
}
