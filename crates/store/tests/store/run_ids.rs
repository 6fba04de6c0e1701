//! A run id is never forgotten (R2.4), however many came after it.

use crate::{
    desk::Desk,
    opener::{Opener, SqliteOpener},
    work::*,
};
use ledger::{command::PartKey, decide::Done};
use store::Store;
use store::sqlite::{Sizes, Sqlite};

const RUNS: usize = 200;

/// A store with many full segments: 200 runs of two organizations, all closed and written.
fn many_segments() -> (SqliteOpener, Desk) {
    let opener = SqliteOpener::sized(Sizes { segment_runs: 12 });
    let mut desk = Desk::default();
    for name in ["acme", "bolt"] {
        desk.execute(opener.store(), &organization(name), &open(), hour(1)).expect("the store works");
        desk.execute(opener.store(), &organization(name), &promotional(1_000), hour(1))
            .expect("the store works");
    }
    for n in 0..RUNS {
        let acme = organization(if n % 2 == 0 { "acme" } else { "bolt" });
        for request in [start(&format!("run_{n}"), 1), settle(&format!("run_{n}"), 1)] {
            desk.execute(opener.store(), &acme, &request, hour(1)).expect("the store works");
        }
        if n % 5 == 4 {
            desk.write_all(opener.store()).expect("the store works");
        }
    }
    (opener, desk)
}

/// Every run is found where it belongs and nowhere else.
fn all_are_known(store: &dyn Store) {
    for n in 0..RUNS {
        let (owner, other) = if n % 2 == 0 { ("acme", "bolt") } else { ("bolt", "acme") };
        let run = id(format!("run_{n}"));
        let found = store.run(&organization(owner), &run).expect("it reads");
        assert_eq!(found.map(|found| found.id), Some(run.clone()));
        assert_eq!(store.recall(&organization(other), &[PartKey::Run(run)]).expect("it reads"), []);
    }
    for n in RUNS..5 * RUNS {
        assert_eq!(store.run(&organization("acme"), &id(format!("run_{n}"))).expect("it reads"), None);
    }
}

#[test]
fn a_closed_run_is_known_over_many_segments_restarts_and_crashes() {
    let (mut opener, _) = many_segments();
    all_are_known(opener.store());
    opener.restart();
    all_are_known(opener.store());
    opener.crash();
    all_are_known(opener.store());
}

#[test]
fn whoever_reads_beside_a_server_knows_every_run_also_those_that_came_after_it_opened() {
    let (opener, mut desk) = many_segments();
    let beside = Sqlite::open_beside(opener.dir.path()).expect("it opens");
    all_are_known(&beside);
    let acme = organization("acme");
    for n in 0..100 {
        desk.execute(opener.store(), &acme, &start(&format!("later_{n}"), 1), hour(1))
            .expect("the store works");
        desk.write_all(opener.store()).expect("the store works");
    }
    for n in 0..100 {
        let found = beside.run(&acme, &id(format!("later_{n}"))).expect("it reads");
        assert!(found.is_some(), "later_{n}");
    }
}

#[test]
fn an_old_settlement_asked_again_is_answered_as_it_was() {
    let (mut opener, _) = many_segments();
    opener.restart();
    let mut desk = Desk::default();
    let again = desk.execute(opener.store(), &organization("acme"), &settle("run_0", 1), hour(9));
    assert!(matches!(again.expect("the store works").result, Ok(Done::Replayed { .. })));
    let reused = desk.execute(opener.store(), &organization("acme"), &start("run_2", 7), hour(9));
    assert!(reused.expect("the store works").result.is_err());
}
