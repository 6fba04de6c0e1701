//! A database that the version before has left: it opens with everything that was in it.

use crate::{
    desk::Desk,
    opener::{Opener, PostgresOpener},
    work::*,
};
use ledger::{Policy, run::RunStatus};
use store::{RunFilter, Store, verify::verify};
use xtask::postgres::query;

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
    let mut ask = |store: &dyn Store, request, at| {
        desk.execute(store, &acme, &request, at).expect("the store works");
    };
    for request in [open(), promotional(100), start("lapses", 5)] {
        ask(opener.store(), request, hour(1));
    }
    for request in [start("settled", 5), settle("settled", 2), start_in("open", 5, Some("task"))] {
        ask(opener.store(), request, hour(200));
    }
    query(&opener.database.url, BEFORE_OPEN_RUNS).expect("it is as it was");
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
    for run in ["lapses", "open"] {
        ask(opener.store(), settle(run, 1), hour(201));
    }
    assert_eq!(verify(opener.store(), &Policy::default()).expect("it reads").violation, None);
    let left = "SELECT (SELECT count(*) FROM coulomb.open_run), (SELECT count(*) FROM coulomb.closed_run),
                       to_regproc('coulomb.commit_2') IS NULL AND to_regproc('coulomb.commit_slot_2') IS NULL";
    assert_eq!(query(&opener.database.url, left).as_deref(), Ok("0|3|t"));
}
