//! A database that an older version has left: it opens with everything that was in it.

use crate::{
    desk::Desk,
    opener::{Opener, PostgresOpener, SqliteOpener},
    verifying::{checked, eventful},
    work::*,
};
use ledger::{Policy, run::RunStatus};
use rusqlite::Connection;
use store::{
    RunFilter, Store,
    postgres::{self, Options},
    sqlite,
    verify::verify,
};
use xtask::postgres::{fresh_database, query};

/// Back to payments that are loaded with their accounts.
const BEFORE_PAYMENTS_APART: &str = "
    UPDATE coulomb.payment p SET live = true FROM coulomb.organization o, json_array_elements(o.grants::json) g
    WHERE p.slot = o.slot AND p.org = o.org AND p.id = g ->> 'payment';
    CREATE FUNCTION coulomb.commit_4() RETURNS void LANGUAGE sql AS '';
    CREATE FUNCTION coulomb.commit_slot_4() RETURNS void LANGUAGE sql AS '';
    UPDATE coulomb.meta SET value = '4' WHERE key = 'schema'";

/// The same of SQLite.
const BEFORE_PAYMENTS_APART_IN_SQLITE: &str = "
    UPDATE payment SET live = 1 WHERE (org, id) IN (
      SELECT n, g.value ->> 'payment' FROM organization, json_each(grants) g);
    ALTER TABLE organization DROP COLUMN apart;
    PRAGMA user_version = 5";

/// Back to rows of their own for all grants and sums.
const BEFORE_ONE_ROW: &str = "
    INSERT INTO coulomb.grants (slot, org, seq, id, payment, unspent, body)
    SELECT slot, org, (g ->> 'seq')::bigint, g ->> 'id', g ->> 'payment', true, g::text
    FROM coulomb.organization, json_array_elements(grants::json) g;
    INSERT INTO coulomb.tally (slot, org, hour, kind, member, task, credits, runs, refused)
    SELECT slot, org, (t ->> 0)::bigint, t ->> 1, t ->> 2, t ->> 3, (t ->> 4)::bigint, (t ->> 5)::bigint, (t ->> 6)::bigint
    FROM coulomb.organization, json_array_elements(tally::json) t;
    ALTER TABLE coulomb.organization DROP COLUMN grants, DROP COLUMN tally;
    ALTER TABLE coulomb.grants RENAME COLUMN unspent TO live;
    CREATE FUNCTION coulomb.commit_3() RETURNS void LANGUAGE sql AS '';
    CREATE FUNCTION coulomb.commit_slot_3() RETURNS void LANGUAGE sql AS '';
    UPDATE coulomb.meta SET value = '3' WHERE key = 'schema'";

/// The same of SQLite.
const BEFORE_ONE_ROW_IN_SQLITE: &str = "
    INSERT INTO grants (org, seq, id, payment, unspent, body)
    SELECT n, g.value ->> 'seq', g.value ->> 'id', g.value ->> 'payment', 1, g.value FROM organization, json_each(grants) g;
    INSERT INTO tally (org, hour, kind, member, task, credits, runs, refused)
    SELECT n, t.value ->> 0, t.value ->> 1, t.value ->> 2, t.value ->> 3, t.value ->> 4, t.value ->> 5, t.value ->> 6
    FROM organization, json_each(tally) t;
    ALTER TABLE organization DROP COLUMN grants;
    ALTER TABLE organization DROP COLUMN tally;
    ALTER TABLE grants RENAME COLUMN unspent TO live;
    PRAGMA user_version = 4";

#[test]
fn what_was_loaded_before_is_found_when_it_is_named() {
    goes_forward(&[BEFORE_PAYMENTS_APART_IN_SQLITE], &[BEFORE_PAYMENTS_APART]);
}

#[test]
fn grants_that_are_next_come_into_the_organizations_row() {
    goes_forward(
        &[BEFORE_PAYMENTS_APART_IN_SQLITE, BEFORE_ONE_ROW_IN_SQLITE],
        &[BEFORE_PAYMENTS_APART, BEFORE_ONE_ROW],
    );
}

/// A database of this version that is taken back, step by step, and opened again is as its events say.
fn goes_forward(back_in_sqlite: &[&str], back_in_postgres: &[&str]) {
    let mut opener = SqliteOpener::new();
    eventful(opener.store());
    opener.close();
    let dir = opener.dir.path().to_owned();
    let database = Connection::open(dir.join("coulomb.db")).expect("it opens");
    for step in back_in_sqlite {
        database.execute_batch(step).expect("it is as it was");
    }
    drop(database);
    opener.restart();
    assert_eq!(checked(opener.store()).violation, None);
    let rebuilt = sqlite::prove(&dir, &dir, &Policy::default()).expect("the events are sound");
    assert!(rebuilt.is_equal(), "{rebuilt:#?}");

    let mut opener = PostgresOpener::new();
    eventful(opener.store());
    for step in back_in_postgres {
        query(&opener.database.url, step).expect("it is as it was");
    }
    opener.restart();
    assert_eq!(checked(opener.store()).violation, None);
    let scratch = fresh_database();
    let rebuilt = postgres::prove(opener.postgres(), Options::new(&scratch.url), &Policy::default());
    let rebuilt = rebuilt.expect("the events are sound");
    assert!(rebuilt.is_equal(), "{rebuilt:#?}");
    let left = "SELECT count(*) FROM pg_proc WHERE pronamespace = 'coulomb'::regnamespace AND proname LIKE 'commit%'";
    assert_eq!(query(&opener.database.url, left).as_deref(), Ok("2"), "those of before are not there");
}

/// Back to one table of runs.
const BEFORE_OPEN_RUNS: &str = "
    ALTER TABLE coulomb.closed_run RENAME TO run;
    ALTER TABLE coulomb.run RENAME CONSTRAINT closed_run_pkey TO run_pkey;
    ALTER INDEX coulomb.closed_run_by_seq RENAME TO run_by_seq;
    ALTER INDEX coulomb.closed_run_unsettled RENAME TO run_unsettled;
    ALTER INDEX coulomb.closed_run_of_task RENAME TO run_of_task;
    INSERT INTO coulomb.run (slot, org, id, seq, status, task, body)
    SELECT slot, org, id, seq, 'running', task, body FROM coulomb.open_run;
    DROP TABLE coulomb.open_run;
    CREATE FUNCTION coulomb.commit_2() RETURNS void LANGUAGE sql AS '';
    CREATE FUNCTION coulomb.commit_slot_2() RETURNS void LANGUAGE sql AS '';
    UPDATE coulomb.meta SET value = '2' WHERE key = 'schema'";

#[test]
fn runs_of_a_database_with_one_table_of_them_are_where_they_belong() {
    let mut opener = PostgresOpener::new();
    let acme = organization("acme");
    let mut desk = Desk::default();
    let ask = |desk: &mut Desk, store: &dyn Store, request, at| {
        desk.execute(store, &acme, &request, at).expect("the store works");
    };
    for request in [open(), promotional(100), start("lapses", 5)] {
        ask(&mut desk, opener.store(), request, hour(1));
    }
    for request in [start("settled", 5), settle("settled", 2), start_in("open", 5, Some("task"))] {
        ask(&mut desk, opener.store(), request, hour(200));
    }
    for before in [BEFORE_PAYMENTS_APART, BEFORE_ONE_ROW, BEFORE_OPEN_RUNS] {
        query(&opener.database.url, before).expect("it is as it was");
    }
    opener.restart();

    let of = |status| {
        let filter = RunFilter { status: Some(status), ..RunFilter::default() };
        let page = opener.store().runs(&acme, &filter, None, 9).expect("it reads");
        page.rows.iter().map(|run| run.id.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(of(RunStatus::Running), ["open"]);
    assert_eq!(of(RunStatus::Lapsed), ["lapses"]);
    assert_eq!(of(RunStatus::Settled), ["settled"]);
    // A lapsed run is settled late, and one that was open ends.
    let mut desk = Desk::default();
    for run in ["lapses", "open"] {
        ask(&mut desk, opener.store(), settle(run, 1), hour(201));
    }
    assert_eq!(verify(opener.store(), &Policy::default()).expect("it reads").violation, None);
    let left = "SELECT (SELECT count(*) FROM coulomb.open_run), (SELECT count(*) FROM coulomb.closed_run),
                       to_regproc('coulomb.commit_2') IS NULL AND to_regproc('coulomb.commit_slot_2') IS NULL";
    assert_eq!(query(&opener.database.url, left).as_deref(), Ok("0|3|t"));
}
