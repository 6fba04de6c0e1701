//! A statement is planned once for each connection: what is true of a nearly empty table must not be believed for ever.

use crate::{
    desk::Desk,
    opener::{Opener, PostgresOpener},
    work::*,
};
use ledger::command::{PartKey, Request};
use store::{Append, Appended, Batch, Store};
use xtask::postgres::query;

/// How many runs start, and end.
const RUNS: usize = 1_000;

/// A connection tells what it looked at when it ends.
const END_ALL: &str = "SELECT count(pg_terminate_backend(pid, 60000)) FROM pg_stat_activity
    WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid()";
const LOOKED_AT: &str = "SELECT sum(coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0))::bigint
    FROM pg_stat_user_tables WHERE schemaname = 'coulomb'";

#[test]
fn statistics_of_nearly_empty_tables_lead_nobody_through_full_ones() {
    let named = |number| format!("run_{number}");
    let mut opener = PostgresOpener::new();
    let mut desk = Desk::default();
    commit(&mut desk, opener.store(), vec![open(), promotional(1_000), start("ended", 1), start("open", 1)]);
    commit(&mut desk, opener.store(), vec![settle("ended", 1)]);
    query(&opener.database.url, "ANALYZE").expect("it is analyzed");
    opener.restart();
    // Every statement is planned now.
    commit(&mut desk, opener.store(), vec![settle("open", 1), start("last", 1)]);
    recall(opener.store(), "ended");

    commit(&mut desk, opener.store(), (0..RUNS).map(|number| start(&named(number), 1)).collect());
    commit(&mut desk, opener.store(), vec![settle(&named(0), 1)]);
    commit(&mut desk, opener.store(), (1..RUNS).map(|number| settle(&named(number), 1)).collect());
    recall(opener.store(), &named(0));
    recall(opener.store(), &named(1));
    let looked_at = looked_at(&opener);
    assert!(looked_at < 2 * RUNS, "{looked_at} rows were looked at to end {RUNS} runs");
}

fn recall(store: &dyn Store, run: &str) {
    let found = store.recall(&organization("acme"), &[PartKey::Run(id(run))]).expect("it reads");
    assert_eq!(found.len(), 1);
}

/// How many rows of all tables were looked at so far.
fn looked_at(opener: &PostgresOpener) -> usize {
    query(&opener.database.url, END_ALL).expect("they end");
    query(&opener.database.url, LOOKED_AT).expect("it is known").parse().expect("a number")
}

/// Decides all of them, and makes what comes of it durable at once.
fn commit(desk: &mut Desk, store: &dyn Store, requests: Vec<Request>) {
    let (acme, policy) = (organization("acme"), desk.policy.clone());
    let held = desk.account(store, &acme).expect("it loads");
    let mut events = Vec::new();
    for request in &requests {
        for recorded in held.account.execute(&policy, request, hour(1)).events {
            held.tally.absorb(&recorded, &held.account);
            events.push(recorded);
        }
    }
    let append = Append { organization: &acme, head: held.head, events: &events };
    let batch = Batch { appends: vec![append], rows: vec![held.rows(&policy)], ..Batch::default() };
    let committed = store.commit(&batch).expect("it is stored");
    let [Appended::At(head)] = committed[..] else { panic!("nobody else appends: {committed:?}") };
    held.head = head;
    held.written();
}
