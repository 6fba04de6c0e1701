//! What is remembered beside the ledger.

use crate::{
    desk::Desk,
    opener::{Opener, PostgresOpener, SqliteOpener, on_every_store},
    work::*,
};
use ledger::id::OrganizationId;
use store::{
    Append, Appended, Batch, Store,
    memo::{Change, Listed, Memo},
    postgres::import,
    sqlite::Sqlite,
};

fn memo(id: &str, due: Option<i64>, body: &str) -> Memo {
    Memo::new("notice", id, due.map(hour), format!("{{\"says\":\"{body}\"}}"))
}

fn listed(store: &dyn Store, organization: &OrganizationId, listed: Listed<'_>) -> Vec<String> {
    let memos = store.memos(organization, Listed { kind: "notice", ..listed }, 10).expect("it reads");
    memos.into_iter().map(|memo| memo.id).collect()
}

#[test]
fn a_memo_changes_only_from_the_version_that_was_read() {
    on_every_store(|opener| {
        let organization = id("acme");
        let store = opener.store();
        let first = memo("n1", Some(1), "first");
        assert!(store.keep(&organization, &[Change::Write(first.clone())]).expect("the store works"));
        assert!(!store.keep(&organization, &[Change::Write(first.clone())]).expect("the store works"));
        let read = store.memo(&organization, "notice", "n1").expect("it reads").expect("it is there");
        assert_eq!(read, Memo { version: 1, ..first.clone() });

        let second = Memo { body: "2".into(), due: None, ..read.clone() };
        assert!(store.keep(&organization, &[Change::Write(second)]).expect("the store works"));
        assert!(!store.keep(&organization, &[Change::Write(read.clone())]).expect("the store works"));
        assert!(!store.keep(&organization, &[Change::Forget(read)]).expect("the store works"));
        opener.restart();
        let store = opener.store();
        let read = store.memo(&organization, "notice", "n1").expect("it reads").expect("it is there");
        assert_eq!((read.version, read.due, read.body.as_str()), (2, None, "2"));
        assert!(store.keep(&organization, &[Change::Forget(read)]).expect("the store works"));
        assert_eq!(store.memo(&organization, "notice", "n1").expect("it reads"), None);
    });
}

#[test]
fn changes_hang_together() {
    on_every_store(|opener| {
        let (organization, store) = (id("acme"), opener.store());
        assert!(store.keep(&organization, &[Change::Write(memo("n1", None, "a"))]).expect("the store works"));
        let both = [Change::Write(memo("n2", None, "b")), Change::Write(memo("n1", None, "c"))];
        assert!(!store.keep(&organization, &both).expect("the store works"));
        assert_eq!(listed(store, &organization, Listed::default()), ["n1"]);
    });
}

#[test]
fn memos_are_listed_by_id_both_ways_and_never_those_of_others() {
    on_every_store(|opener| {
        let (ours, theirs, store) = (id("acme"), id("globex"), opener.store());
        for name in ["n2", "n1", "n3"] {
            store.keep(&ours, &[Change::Write(memo(name, None, "x"))]).expect("the store works");
        }
        store.keep(&theirs, &[Change::Write(memo("n4", None, "x"))]).expect("the store works");
        let other = Memo { kind: "inbox".into(), ..memo("n5", None, "x") };
        store.keep(&ours, &[Change::Write(other)]).expect("the store works");
        assert_eq!(listed(store, &ours, Listed::default()), ["n1", "n2", "n3"]);
        assert_eq!(listed(store, &ours, Listed { after: Some("n1"), ..Listed::default() }), ["n2", "n3"]);
        let backwards = Listed { backwards: true, ..Listed::default() };
        assert_eq!(listed(store, &ours, backwards.clone()), ["n3", "n2", "n1"]);
        assert_eq!(listed(store, &ours, Listed { after: Some("n3"), ..backwards }), ["n2", "n1"]);
        let (mut all, mut after) = (Vec::new(), None);
        while let Some(next) = store.all_memos(after.as_ref(), 1).expect("it reads").pop() {
            all.push(format!("{} {}", next.organization, next.memo.id));
            after = Some(next);
        }
        all.sort();
        assert_eq!(all, ["acme n1", "acme n2", "acme n3", "acme n5", "globex n4"]);
    });
}

#[test]
fn what_is_due_is_found_soonest_first() {
    on_every_store(|opener| {
        let store = opener.store();
        for (organization, name, due) in [
            ("acme", "n1", Some(3)),
            ("acme", "n2", None),
            ("globex", "n3", Some(1)),
            ("globex", "n4", Some(5)),
        ] {
            store.keep(&id(organization), &[Change::Write(memo(name, due, "x"))]).expect("the store works");
        }
        let due = |by, limit| -> Vec<String> {
            let found = store.due_memos("notice", hour(by), limit).expect("it reads");
            found.into_iter().map(|owned| owned.memo.id).collect()
        };
        assert_eq!(due(4, 10), ["n3", "n1"]);
        assert_eq!(due(4, 1), ["n3"]);
        assert_eq!(due(5, 10), ["n3", "n1", "n4"]);
        assert_eq!(store.due_memos("inbox", hour(9), 10).expect("it reads"), []);
    });
}

#[test]
fn what_an_event_asks_for_is_there_with_it_or_not_at_all() {
    on_every_store(|opener| {
        let (organization, mut desk) = (id("acme"), Desk::default());
        let wanted = [memo("n1", Some(1), "a"), memo("n1", Some(2), "b")];
        let answer = desk.decide(opener.store(), &organization, &open(), hour(1)).expect("it is decided");
        let held = &desk.held[&organization];
        let batch = Batch {
            appends: vec![Append { organization: &organization, head: held.head, events: &answer.events }],
            rows: vec![held.rows(&desk.policy)],
            memos: wanted.iter().map(|memo| (&organization, memo)).collect(),
            ..Batch::default()
        };
        let committed = opener.store().commit(&batch).expect("the store works");
        assert!(matches!(committed[..], [Appended::At(_)]), "{committed:?}");
        // The same again was decided on a version that is no more.
        let late = opener.store().commit(&batch).expect("the store works");
        assert_eq!(late, [Appended::Stale]);
        opener.crash();
        let read =
            opener.store().memo(&organization, "notice", "n1").expect("it reads").expect("it is there");
        assert_eq!((read.version, read.due), (2, Some(hour(2))));
    });
}

#[test]
fn a_memo_is_written_beside_the_server() {
    let opener = SqliteOpener::new();
    let beside = Sqlite::open_beside(opener.dir.path()).expect("it opens");
    assert!(beside.keep(&id("acme"), &[Change::Write(memo("n1", Some(1), "x"))]).expect("the store works"));
    assert_eq!(opener.store().due_memos("notice", hour(2), 10).expect("it reads").len(), 1);
}

#[test]
fn memos_move_with_their_store_also_of_organizations_that_are_not_open() {
    let (from, to) = (SqliteOpener::new(), PostgresOpener::new());
    for organization in ["acme", "globex"] {
        from.store()
            .keep(&id(organization), &[Change::Write(memo("n1", Some(1), "x"))])
            .expect("the store works");
    }
    for _ in 0..2 {
        import(from.store(), to.postgres(), &mut |_| {}).expect("it is copied");
    }
    assert_eq!(to.store().all_memos(None, 10).expect("it reads").len(), 2);
    assert_eq!(to.store().due_memos("notice", hour(1), 10).expect("it reads").len(), 2);
}
