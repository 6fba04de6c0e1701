//! Pages: newest first, each row once, whatever the size of a page.

use crate::{
    desk::Desk,
    opener::{Opener, on_every_store},
    work::*,
};
use ledger::{id::OrganizationId, run::RunStatus, subscription::SubscriptionStatus};
use store::{Page, RunFilter, Store, Tables};

const ALL: usize = 10_000;
const ROUNDS: usize = 90;

/// An organization with more than 512 events and some of everything, partly written before they end.
fn busy(opener: &dyn Opener) -> OrganizationId {
    let acme = organization("acme");
    let mut desk = Desk::default();
    let mut ask = |request| {
        desk.execute(opener.store(), &acme, &request, hour(1)).expect("the store works");
    };
    ask(open());
    ask(subscribe(hour(0), SubscriptionStatus::Active));
    for n in 0..ROUNDS {
        ask(top_up(&format!("pay_{n}"), 100, 10));
        ask(promotional(20));
        for m in 0..3 {
            let (run, task) = (format!("run_{n}_{m}"), format!("task_{m}"));
            ask(start_in(&run, 5, Some(&task)));
            if n + 1 != ROUNDS {
                ask(settle(&run, 5));
            }
        }
        ask(refund(&format!("re_{n}"), &format!("pay_{n}"), 50));
    }
    ask(start("too_much", 100_000));
    desk.write_all(opener.store()).expect("the store works");
    acme
}

/// Reads a list in pages of each size, and all of it at once.
fn paged<T: PartialEq + std::fmt::Debug>(
    number: impl Fn(&T) -> u64,
    page: impl Fn(Option<u64>, usize) -> Page<T>,
) -> Vec<T> {
    let whole = page(None, ALL);
    assert_eq!(whole.next, None);
    assert!(whole.rows.is_sorted_by(|newer, older| number(newer) > number(older)));
    for size in [1, 7, whole.rows.len().max(1)] {
        let (mut rows, mut before) = (Vec::new(), None);
        loop {
            let part = page(before, size);
            assert!(part.rows.len() <= size);
            rows.extend(part.rows);
            before = part.next;
            if before.is_none() {
                break;
            }
        }
        assert_eq!(rows, whole.rows, "in pages of {size}");
    }
    whole.rows
}

#[test]
fn every_list_gives_each_row_once_in_pages_of_any_size() {
    on_every_store(|opener| {
        let acme = busy(opener);
        let store: &dyn Store = opener.store();
        let grants = paged(
            |grant: &ledger::grant::Grant| grant.seq,
            |before, limit| store.grants(&acme, before, limit).expect("it reads"),
        );
        assert_eq!(grants.len(), 2 * ROUNDS);
        let payments = paged(
            |pay: &ledger::payment::Payment| pay.seq,
            |before, limit| store.payments(&acme, before, limit).expect("it reads"),
        );
        assert_eq!(payments.len(), ROUNDS);
        let debts = |open| {
            paged(
                |debt: &ledger::debt::Debt| debt.seq,
                |before, limit| store.debts(&acme, open, before, limit).expect("it reads"),
            )
        };
        let open = debts(true);
        assert!(open.iter().all(ledger::debt::Debt::is_open) && open.len() <= debts(false).len());
        let refusals = paged(
            |no: &ledger::run::RefusedStart| no.seq,
            |before, limit| store.refusals(&acme, before, limit).expect("it reads"),
        );
        assert_eq!(refusals.last().map(|refused| refused.run.as_str()), Some("too_much"));
        let runs = |status, task: Option<&str>| {
            let filter = RunFilter { status, task: task.map(id) };
            paged(
                |run: &ledger::run::Run| run.start_seq,
                |before, limit| store.runs(&acme, &filter, before, limit).expect("it reads"),
            )
        };
        assert_eq!(runs(None, None).len(), 3 * ROUNDS);
        assert_eq!(runs(Some(RunStatus::Running), None).len(), 3);
        assert_eq!(runs(Some(RunStatus::Settled), None).len(), 3 * ROUNDS - 3);
        assert_eq!(runs(Some(RunStatus::Lapsed), None).len(), 0);
        assert_eq!(runs(None, Some("task_1")).len(), ROUNDS);
        assert_eq!(runs(Some(RunStatus::Settled), Some("task_2")).len(), ROUNDS - 1);
        let nobody = organization("nobody");
        assert_eq!(store.runs(&nobody, &RunFilter::default(), None, 9).expect("it reads"), Page::default());
    });
}

#[test]
fn events_are_read_oldest_first_from_any_number_on() {
    on_every_store(|opener| {
        let acme = busy(opener);
        let store = opener.store();
        let version = store.load(&acme).expect("it loads").head.seq;
        assert!(version > 512, "it has landmarks");
        for (after, limit) in [
            (0, 1),
            (0, 300),
            (255, 2),
            (256, 256),
            (500, ALL),
            (version - 1, 5),
            (version, 5),
            (version + 9, 5),
        ] {
            let events = store.events(&acme, after, limit).expect("it reads");
            let expected = (after + 1..=version).take(limit);
            assert!(events.iter().map(|event| event.seq).eq(expected), "{limit} after {after}");
        }
        assert_eq!(store.events(&organization("nobody"), 0, 5).expect("it reads"), []);
    });
}

#[test]
fn organizations_are_listed_by_id_written_or_not() {
    on_every_store(|opener| {
        let mut desk = Desk::default();
        for name in ["bolt", "acme", "cargo"] {
            desk.execute(opener.store(), &organization(name), &open(), hour(1)).expect("the store works");
        }
        desk.write(opener.store(), &[organization("acme")]).expect("the store works");
        let list = |after: Option<&str>, limit| {
            let rows =
                opener.store().organizations(after.map(organization).as_ref(), limit).expect("it reads");
            rows.into_iter().map(|row| (row.id.to_string(), row.name, row.version > 0)).collect::<Vec<_>>()
        };
        let acme = ("acme".to_owned(), "Acme".to_owned(), true);
        let late = |name: &str| match opener.store().tables() {
            Tables::Late => (name.to_owned(), String::new(), false),
            Tables::EachCommit => (name.to_owned(), "Acme".to_owned(), true),
        };
        assert_eq!(list(None, 9), [acme.clone(), late("bolt"), late("cargo")]);
        assert_eq!(list(None, 1), [acme]);
        assert_eq!(list(Some("acme"), 1), [late("bolt")]);
        assert_eq!(list(Some("cargo"), 9), []);
    });
}

#[test]
fn usage_adds_up_by_hour_and_never_twice() {
    on_every_store(|opener| {
        let acme = organization("acme");
        let mut desk = Desk::default();
        desk.execute(opener.store(), &acme, &open(), hour(1)).expect("the store works");
        desk.execute(opener.store(), &acme, &promotional(100), hour(1)).expect("the store works");
        for n in 0..6 {
            let run = format!("r{n}");
            desk.execute(opener.store(), &acme, &start(&run, 5), hour(1 + n / 3)).expect("the store works");
            desk.execute(opener.store(), &acme, &settle(&run, 2), hour(1 + n / 3)).expect("the store works");
            if n % 2 == 0 {
                desk.write_all(opener.store()).expect("the store works");
            }
        }
        opener.crash();
        opener.restart();
        let usage = |from, to| {
            let rows = opener.store().usage(&acme, hour(from), hour(to)).expect("it reads");
            rows.iter().map(|row| (row.key.hour, row.sums.credits, row.sums.runs)).collect::<Vec<_>>()
        };
        let (first, second) = ((hour(1), credits(6), 3), (hour(2), credits(6), 3));
        assert_eq!(usage(0, 9), [first, second]);
        assert_eq!(usage(1, 2), [first]);
        assert_eq!(usage(2, 2), []);
    });
}
