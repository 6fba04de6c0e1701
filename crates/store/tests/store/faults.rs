//! A store that fails: what was not committed is nowhere, and what was is there whatever was said about it.

use crate::{desk::Desk, work::*};
use store::{
    Fault, Store,
    faulty::{Failure, Faulty},
    postgres::{Options, Postgres},
    sqlite::Sqlite,
};

/// A store that fails on schedule, whichever it is.
trait Failing: Store {
    /// How often it was asked: for commits, and for reads.
    fn asked(&self) -> (u64, u64);
}

impl<S: Store> Failing for Faulty<S> {
    fn asked(&self) -> (u64, u64) {
        (self.commits(), self.reads())
    }
}

/// Runs a story on every store there is, failing so.
fn on_every_store_failing(failures: &[Failure], story: impl Fn(&dyn Failing)) {
    let dir = tempfile::TempDir::new().expect("a directory");
    story(&Faulty::new(Sqlite::open(dir.path()).expect("it opens"), failures));
    let database = xtask::postgres::fresh_database();
    story(&Faulty::new(Postgres::open(Options::new(&database.url)).expect("it opens"), failures));
}

#[test]
fn a_commit_that_failed_before_it_was_done_left_nothing() {
    on_every_store_failing(&[Failure::BeforeCommit(2)], |store| {
        let (mut desk, acme) = (Desk::default(), organization("acme"));
        desk.execute(store, &acme, &open(), hour(1)).expect("the first is not on the schedule");
        let version = desk.held[&acme].account.version();

        let failed = desk.execute(store, &acme, &promotional(10), hour(1));
        assert!(matches!(failed, Err(Fault::Unavailable(_))));
        assert_eq!(store.load(&acme).expect("it loads").account.version(), version);

        desk.execute(store, &acme, &promotional(10), hour(1)).expect("the third is not on the schedule");
        assert_eq!(store.load(&acme).expect("it loads").account.available(hour(1)), credits(10));
        assert_eq!(store.asked().0, 3);
    });
}

#[test]
fn a_commit_that_was_done_and_did_not_say_so_is_found_by_reading() {
    on_every_store_failing(&[Failure::AfterCommit(3)], |store| {
        let (mut desk, acme) = (Desk::default(), organization("acme"));
        desk.execute(store, &acme, &open(), hour(1)).expect("the first is not on the schedule");
        desk.execute(store, &acme, &promotional(10), hour(1)).expect("the second is not on the schedule");

        let unknown = desk.execute(store, &acme, &start("r1", 4), hour(1));
        assert!(matches!(unknown, Err(Fault::Unknown(_))));
        assert_eq!(store.load(&acme).expect("it loads").account.available(hour(1)), credits(6));

        let again =
            desk.execute(store, &acme, &start("r1", 4), hour(1)).expect("the fourth is not on the schedule");
        assert!(matches!(again.result, Ok(ledger::decide::Done::Replayed { .. })));
    });
}

#[test]
fn reads_fail_on_schedule_too() {
    on_every_store_failing(&[Failure::Read(2)], |store| {
        let answers: Vec<bool> = (0..3).map(|_| store.load(&organization("acme")).is_ok()).collect();
        assert_eq!(answers, [true, false, true]);
        assert_eq!(store.asked().1, 3);
    });
}

#[test]
fn rows_that_could_not_be_written_are_written_later_and_counted_once() {
    on_every_store_failing(&[Failure::BeforeCommit(5), Failure::AfterCommit(6)], |store| {
        let (mut desk, acme) = (Desk::default(), organization("acme"));
        for request in [open(), promotional(10), start("r1", 4), settle("r1", 3)] {
            desk.execute(store, &acme, &request, hour(1)).expect("these are not on the schedule");
        }
        assert!(desk.write_all(store).is_err());
        assert!(desk.write_all(store).is_err());
        // The rows may be written or not, so the account is taken from the store again.
        desk.held.clear();
        desk.account(store, &acme).expect("it loads");
        desk.write_all(store).expect("this is not on the schedule");
        let usage = store.usage(&acme, hour(0), hour(9)).expect("it reads");
        assert_eq!(usage.iter().map(|row| row.sums.runs).sum::<u64>(), 1);
    });
}
