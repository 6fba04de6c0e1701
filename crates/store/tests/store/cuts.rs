//! Connections to PostgreSQL that end when they should not: what was asked is done once, or not at all, and whoever asked
//! is told which.

use crate::{desk::Desk, opener::PostgresOpener, wire::Wire, work::*};
use ledger::{Policy, command::Request, id::OrganizationId};
use std::{
    sync::{Arc, mpsc},
    time::Duration,
};
use store::{
    Append, Appended, Batch, Fault, Store,
    postgres::{Options, Postgres},
    verify::verify,
};
use xtask::postgres::query;

/// A store at the other end of a wire, and another server on the same database.
struct Apart {
    opener: Arc<PostgresOpener>,
    wire: Wire,
    store: Postgres,
}

fn apart() -> Apart {
    let opener = Arc::new(PostgresOpener::new());
    let wire = Wire::to(&opener.database.url);
    let options = Options { retry: Duration::from_secs(20), ..Options::new(&wire.url) };
    let store = Postgres::connect(options).expect("it connects");
    Apart { opener, wire, store }
}

/// Commits, for each, what is decided on as it is stored.
fn commit(store: &dyn Store, deeds: &[(&OrganizationId, Request)]) -> Result<Vec<Appended>, Fault> {
    let mut desk = Desk::default();
    let answers: Vec<_> = deeds
        .iter()
        .map(|(organization, request)| desk.decide(store, organization, request, hour(1)))
        .collect::<Result<_, _>>()?;
    let deeds = || deeds.iter().map(|(organization, _)| *organization);
    let append = |(organization, events)| Append { organization, head: desk.held[organization].head, events };
    let events = answers.iter().map(|answer| answer.events.as_slice());
    let appends = deeds().zip(events).map(append).collect();
    let rows = deeds().map(|organization| desk.held[organization].rows(&desk.policy)).collect();
    store.commit(&Batch { appends, rows, ..Batch::default() })
}

fn named(name: &str) -> Request {
    ask(ledger::command::Command::NameOrganization { name: name.into() })
}

/// How often an organization was given this name.
fn times_named(store: &dyn Store, organization: &OrganizationId, name: &str) -> usize {
    let events = store.events(organization, 0, 1_000).expect("it reads");
    let name = format!("\"{name}\"");
    events.iter().filter(|event| String::from_utf8_lossy(&event.bytes).contains(&name)).count()
}

fn assert_verified(store: &dyn Store) {
    assert_eq!(verify(store, &Policy::default()).expect("it reads").violation, None);
}

#[test]
fn the_next_call_works_after_connections_were_killed() {
    let opener = PostgresOpener::new();
    let (store, acme) = (opener.postgres(), organization("acme"));
    let kill = || {
        let kill = "SELECT count(pg_terminate_backend(pid, 10000)) FROM pg_stat_activity
                    WHERE datname = current_database() AND pid <> pg_backend_pid()";
        assert_ne!(query(&opener.database.url, kill).as_deref(), Ok("0"));
    };
    for request in [open(), promotional(10), start("r1", 4), settle("r1", 3)] {
        let answers = {
            // Also between what is decided on and the commit.
            let mut desk = Desk::default();
            kill();
            let answer = desk.decide(store, &acme, &request, hour(1)).expect("the store works");
            kill();
            let append = Append { organization: &acme, head: desk.held[&acme].head, events: &answer.events };
            let rows = vec![desk.held[&acme].rows(&desk.policy)];
            store.commit(&Batch { appends: vec![append], rows, ..Batch::default() }).expect("it commits")
        };
        assert!(matches!(answers[..], [Appended::At(_)]), "{answers:?}");
    }
    kill();
    assert_eq!(store.load(&acme).expect("it loads").account.available(hour(1)), credits(7));
    assert_verified(store);
}

#[test]
fn a_commit_whose_answer_is_lost_is_found_by_reading_and_done_once() {
    let Apart { wire, store, .. } = &apart();
    let (acme, bolt) = (organization("acme"), organization("bolt"));
    commit(store, &[(&bolt, open())]).expect("it commits");
    for round in ["first", "second"] {
        wire.cut_after(round, || ());
        let answers = commit(store, &[(&acme, named(round)), (&bolt, promotional(5))]).expect("it commits");
        let ends = [&acme, &bolt].map(|id| Appended::At(store.load(id).expect("it loads").head));
        assert_eq!(answers, ends);
        assert_eq!(times_named(store, &acme, round), 1);
    }
    assert_eq!(wire.cuts(), 2);
    assert_eq!(store.load(&bolt).expect("it loads").account.available(hour(1)), credits(10));
    assert_verified(store);
}

#[test]
fn a_commit_whose_answer_is_lost_is_found_also_when_another_server_went_on_from_it() {
    let Apart { opener, wire, store } = &apart();
    let (acme, bolt) = (organization("acme"), organization("bolt"));
    commit(store, &[(&acme, open()), (&bolt, open())]).expect("it commits");
    // Another server goes on from one of the two, or from both.
    for (name, others) in [("one", vec![bolt.clone()]), ("both", vec![acme.clone(), bolt.clone()])] {
        let other = Arc::clone(opener);
        wire.cut_after(name, move || {
            let deeds: Vec<_> = others.iter().map(|id| (id, promotional(1))).collect();
            let answers = commit(other.postgres(), &deeds).expect("it commits");
            assert!(answers.iter().all(|answer| matches!(answer, Appended::At(_))), "{answers:?}");
        });
        let answers = commit(store, &[(&acme, named(name)), (&bolt, promotional(5))]).expect("it commits");
        assert!(answers.iter().all(|answer| matches!(answer, Appended::At(_))), "{answers:?}");
        assert_eq!(times_named(store, &acme, name), 1);
    }
    assert_eq!(wire.cuts(), 2);
    assert_eq!(store.load(&acme).expect("it loads").account.available(hour(1)), credits(1));
    assert_eq!(store.load(&bolt).expect("it loads").account.available(hour(1)), credits(12));
    assert_verified(store);
}

#[test]
fn a_commit_that_did_not_arrive_is_done_once_by_trying_again() {
    let Apart { wire, store, .. } = &apart();
    let acme = organization("acme");
    for (n, round) in (1..).zip(["first", "second"]) {
        wire.cut_before(round);
        let answers = commit(store, &[(&acme, named(round))]).expect("it commits");
        assert_eq!(answers, [Appended::At(store.load(&acme).expect("it loads").head)]);
        assert_eq!(times_named(store, &acme, round), 1);
        assert_eq!(wire.cuts(), n);
    }
    assert_verified(store);
}

#[test]
fn a_commit_that_did_not_arrive_is_stale_when_another_server_was_faster_meanwhile() {
    let Apart { opener, wire, store } = &apart();
    let (acme, bolt) = (organization("acme"), organization("bolt"));
    let mut desk = Desk::default();
    let answers = [&acme, &bolt].map(|id| desk.decide(store, id, &named("late"), hour(1)).expect("it reads"));
    commit(opener.postgres(), &[(&acme, named("early"))]).expect("it commits");
    wire.cut_before("late");
    let appends = [&acme, &bolt].into_iter().zip(&answers).map(|(id, answer)| Append {
        organization: id,
        head: desk.held[id].head,
        events: &answer.events,
    });
    let rows = [&acme, &bolt].map(|id| desk.held[id].rows(&desk.policy)).to_vec();
    let answers =
        store.commit(&Batch { appends: appends.collect(), rows, ..Batch::default() }).expect("it commits");
    assert_eq!(wire.cuts(), 1);
    assert_eq!(answers, [Appended::Stale, Appended::At(store.load(&bolt).expect("it loads").head)]);
    assert_eq!([&acme, &bolt].map(|id| times_named(store, id, "late")), [0, 1]);
    assert_verified(store);
}

#[test]
fn a_database_that_is_away_is_said_to_be_so_in_time_and_works_again_when_it_is_back() {
    let opener = PostgresOpener::new();
    let wire = Wire::to(&opener.database.url);
    let (retry, call_timeout) = (Duration::from_millis(300), Duration::from_secs(2));
    let store = Postgres::connect(Options { retry, call_timeout, ..Options::new(&wire.url) });
    let store = Arc::new(store.expect("it connects"));
    let acme = organization("acme");
    commit(&*store, &[(&acme, open())]).expect("it commits");

    let mut desk = Desk::default();
    let answer = desk.decide(&*store, &acme, &promotional(5), hour(1)).expect("it reads");
    let append = Append { organization: &acme, head: desk.held[&acme].head, events: &answer.events };
    let batch =
        Batch { appends: vec![append], rows: vec![desk.held[&acme].rows(&desk.policy)], ..Batch::default() };
    wire.away();
    std::thread::scope(|scope| {
        let (told, faults) = mpsc::channel();
        scope.spawn(|| {
            told.send(store.load(&acme).map(drop)).expect("somebody listens");
            told.send(store.commit(&batch).map(drop)).expect("somebody listens");
            drop(told);
        });
        // Many times what it was allowed to take, for a machine that is busy; never for ever.
        let patience = Duration::from_secs(20);
        for what in ["load", "commit"] {
            let fault = faults.recv_timeout(patience).unwrap_or_else(|_| panic!("{what} still waits"));
            let fault = fault.expect_err("nobody gets through");
            assert!(matches!(fault, Fault::Unavailable(_) | Fault::Unknown(_)), "{what}: {fault:?}");
        }
    });
    wire.back();
    let answers = store.commit(&batch).expect("it commits");
    assert_eq!(answers, [Appended::At(store.load(&acme).expect("it loads").head)]);
    assert_eq!(store.load(&acme).expect("it loads").account.available(hour(1)), credits(5));
    assert_verified(&*store);
}
