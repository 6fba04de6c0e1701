//! Several servers on one PostgreSQL, and databases that are set up in ways that nobody asked for.

use crate::{desk::Desk, opener::PostgresOpener, work::*};
use ledger::{Policy, id::OrganizationId};
use std::collections::BTreeMap;
use store::{
    Append, Appended, Batch, Fault, Store,
    postgres::{Deployment, Options, Postgres},
    verify::verify,
};
use xtask::postgres::{fresh_database, query};

/// The sentence that a store is refused with.
fn refused(opened: Result<Postgres, Fault>) -> Fault {
    match opened {
        Ok(_) => panic!("it opens"),
        Err(fault) => fault,
    }
}

/// Grants one credit to each of some organizations in one commit, in the order named, until each of them has it; says how
/// often somebody else was faster.
fn grant_each(store: &dyn Store, organizations: &[OrganizationId]) -> usize {
    let (mut open, mut overtaken) = (organizations.to_vec(), 0);
    while !open.is_empty() {
        // Decided on what is stored at this instant, as a server does that finds its copy stale.
        let mut desk = Desk::default();
        let decided: Vec<_> = open
            .iter()
            .map(|id| desk.decide(store, id, &promotional(1), hour(1)).expect("the store works"))
            .collect();
        let appends = open.iter().zip(&decided).map(|(organization, answer)| Append {
            organization,
            head: desk.held[organization].head,
            events: &answer.events,
        });
        let appends = appends.collect();
        let rows = open.iter().map(|id| desk.held[id].rows(&desk.policy)).collect();
        let answers = store.commit(&Batch { appends, rows, ..Batch::default() }).expect("the store works");
        let mut answers = answers.into_iter();
        open.retain(|_| answers.next() == Some(Appended::Stale));
        overtaken += open.len();
    }
    overtaken
}

/// Two servers, some threads each, and commits that overlap in any order.
fn crowd(opener: &PostgresOpener, seed: u64, rounds: u64) {
    const THREADS: u64 = 3;
    let organizations: Vec<_> = (0..6).map(|n| organization(&format!("org_{n}"))).collect();
    let servers =
        [(); 2].map(|()| Postgres::connect(Options::new(&opener.database.url)).expect("it connects"));
    for id in &organizations {
        Desk::default().execute(&servers[0], id, &open(), hour(1)).expect("the store works");
    }
    let mut expected: BTreeMap<OrganizationId, i64> = BTreeMap::new();
    let mut tasks = Vec::new();
    let mut dice = Dice(seed);
    for server in &servers {
        for _ in 0..THREADS {
            let mut batches = Vec::new();
            for _ in 0..rounds {
                let mut some = organizations.clone();
                for place in (1..some.len()).rev() {
                    some.swap(place, dice.below(place as u64 + 1) as usize);
                }
                some.truncate(1 + dice.below(5) as usize);
                some.iter().for_each(|id| *expected.entry(id.clone()).or_default() += 1);
                batches.push(some);
            }
            tasks.push((server, batches));
        }
    }
    let overtaken: usize = std::thread::scope(|scope| {
        let threads: Vec<_> = tasks
            .into_iter()
            .map(|(server, batches)| {
                scope.spawn(move || batches.iter().map(|some| grant_each(server, some)).sum::<usize>())
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().expect("it ends well")).sum()
    });
    assert!(overtaken > 0, "seed {seed}: nobody met anybody, so nothing was shown");

    for (organization, sum) in expected {
        let loaded = opener.postgres().load(&organization).expect("it loads");
        assert_eq!(loaded.account.available(hour(1)), credits(sum), "seed {seed}, {organization}");
    }
    assert_eq!(verify(opener.postgres(), &Policy::default()).expect("it reads").violation, None);
    drop(servers);
    // A session hands its counts in when it ends.
    let end = "SELECT count(pg_terminate_backend(pid, 10000)) FROM pg_stat_activity
               WHERE datname = current_database() AND pid <> pg_backend_pid()";
    query(&opener.database.url, end).expect("the sessions end");
    let deadlocks = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()";
    assert_eq!(query(&opener.database.url, deadlocks).as_deref(), Ok("0"), "seed {seed}");
}

#[test]
fn of_two_servers_that_decide_on_the_same_version_one_wins_and_the_other_is_told() {
    let opener = PostgresOpener::new();
    let servers =
        [(); 2].map(|()| Postgres::connect(Options::new(&opener.database.url)).expect("it connects"));
    let acme = organization("acme");
    Desk::default().execute(&servers[0], &acme, &open(), hour(1)).expect("the store works");
    for round in 1..=20 {
        let mut desks = [(); 2].map(|()| Desk::default());
        let mut decide = |n: usize| desks[n].decide(&servers[n], &acme, &promotional(1), hour(1));
        let answers = [0, 1].map(|n| decide(n).expect("the store works"));
        let commit = |n: usize| {
            let held = &desks[n].held[&acme];
            let append = Append { organization: &acme, head: held.head, events: &answers[n].events };
            let rows = vec![held.rows(&desks[n].policy)];
            let batch = Batch { appends: vec![append], rows, ..Batch::default() };
            servers[n].commit(&batch).expect("the store works")[0] == Appended::Stale
        };
        let both = std::thread::scope(|scope| {
            let other = scope.spawn(|| commit(1));
            [commit(0), other.join().expect("it ends well")]
        });
        assert_eq!(both.iter().filter(|stale| **stale).count(), 1, "round {round}");
        let account = servers[0].load(&acme).expect("it loads").account;
        assert_eq!(account.available(hour(1)), credits(round));
    }
}

#[test]
fn many_servers_and_overlapping_commits_in_any_order_lose_nothing_and_never_wait_in_a_circle() {
    crowd(&PostgresOpener::new(), 5, 25);
}

#[test]
fn a_database_that_is_serializable_by_default_is_as_good() {
    let opener = PostgresOpener::new();
    set(&opener, "default_transaction_isolation = 'serializable'");
    crowd(&opener, 6, 10);
}

/// Sets something for every session on this database from now on.
fn set(opener: &PostgresOpener, setting: &str) {
    let name = opener.database.url.rsplit('/').next().expect("a name");
    query(&opener.database.url, &format!("ALTER DATABASE {name} SET {setting}")).expect("it can be set");
}

#[test]
fn what_is_answered_is_durable_also_where_the_database_would_not_wait_for_the_disk() {
    let opener = PostgresOpener::new();
    set(&opener, "synchronous_commit = off");
    let url = &opener.database.url;
    assert_eq!(query(url, "SHOW synchronous_commit").as_deref(), Ok("off"));
    let witness = "CREATE TABLE public.seen (setting text);
        CREATE FUNCTION public.see() RETURNS trigger LANGUAGE plpgsql AS
          'BEGIN INSERT INTO public.seen SELECT current_setting(''synchronous_commit''); RETURN NEW; END';
        CREATE TRIGGER see AFTER INSERT ON coulomb.event FOR EACH ROW EXECUTE FUNCTION public.see()";
    query(url, witness).expect("there is a witness");
    let store = Postgres::connect(Options::new(url)).expect("it connects");
    let acme = organization("acme");
    Desk::default().execute(&store, &acme, &open(), hour(1)).expect("the store works");
    assert_eq!(query(url, "SELECT DISTINCT setting FROM public.seen").as_deref(), Ok("on"));
}

#[test]
fn data_of_a_newer_version_is_not_touched_in_a_database_either() {
    let opener = PostgresOpener::new();
    let url = &opener.database.url;
    query(url, "UPDATE coulomb.meta SET value = '999' WHERE key = 'schema'").expect("it is SQL");
    for opened in [Postgres::open(Options::new(url)), Postgres::connect(Options::new(url))] {
        let fault = refused(opened);
        assert!(matches!(fault, Fault::TooNew(_)) && fault.to_string().contains("newer coulomb"), "{fault}");
    }
    let schema = "SELECT value FROM coulomb.meta WHERE key = 'schema'";
    assert_eq!(query(url, schema).as_deref(), Ok("999"));
}

#[test]
fn whoever_connects_to_a_database_without_tables_is_told_how_to_make_them() {
    let database = fresh_database();
    let fault = refused(Postgres::connect(Options::new(&database.url)));
    assert!(fault.to_string().contains("`coulomb migrate`"), "{fault}");
    assert_eq!(query(&database.url, "SELECT to_regnamespace('coulomb')").as_deref(), Ok(""));
}

#[test]
fn servers_that_start_at_once_on_an_empty_database_all_start() {
    let database = fresh_database();
    let open = || Postgres::open(Options::new(&database.url)).map(|store| store.deployment());
    let opened: Vec<_> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(open)).collect();
        threads.into_iter().map(|thread| thread.join().expect("it ends well")).collect()
    });
    for deployment in opened {
        assert_eq!(deployment.expect("it opens"), Deployment::Whole);
    }
    let schemas = "SELECT count(*) FROM coulomb.meta WHERE key = 'schema'";
    assert_eq!(query(&database.url, schemas).as_deref(), Ok("1"));
}
