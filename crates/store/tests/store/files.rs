//! What only SQLite has: a directory, a lock, a schema, and files that can be damaged.

use crate::{
    desk::Desk,
    opener::{Opener, SqliteOpener},
    work::*,
};
use rusqlite::Connection;
use std::path::Path;
use store::{Fault, sqlite::Sqlite};

fn sentence(opened: Result<Sqlite, Fault>) -> String {
    match opened {
        Ok(_) => panic!("it opens"),
        Err(fault) => fault.to_string(),
    }
}

fn database(dir: &Path) -> Connection {
    Connection::open(dir.join("coulomb.db")).expect("it opens")
}

#[test]
fn a_second_server_on_the_same_directory_is_refused_and_told_who_has_it() {
    let opener = SqliteOpener::new();
    let refused = Sqlite::open(opener.dir.path());
    assert!(matches!(refused, Err(Fault::Locked(_))));
    let sentence = sentence(refused);
    assert!(sentence.contains(&format!("process {}", std::process::id())), "{sentence}");
    assert!(sentence.contains(&opener.dir.path().display().to_string()), "{sentence}");
}

#[test]
fn the_directory_is_free_again_when_the_server_is_gone() {
    let mut opener = SqliteOpener::new();
    opener.close();
    Sqlite::open(opener.dir.path()).expect("it opens");
}

#[test]
fn data_of_a_newer_version_is_not_touched() {
    let mut opener = SqliteOpener::new();
    opener.close();
    database(opener.dir.path()).execute_batch("PRAGMA user_version = 999").expect("it is SQL");
    for opened in [Sqlite::open(opener.dir.path()), Sqlite::open_beside(opener.dir.path())] {
        assert!(matches!(opened, Err(Fault::TooNew(_))));
        assert!(sentence(opened).contains("newer coulomb"));
    }
}

#[test]
fn a_file_that_is_no_database_of_ours_is_damage_and_says_so() {
    let dir = tempfile::TempDir::new().expect("a directory");
    std::fs::write(dir.path().join("coulomb.db"), "this is a letter to my aunt ".repeat(500))
        .expect("it is written");
    let opened = Sqlite::open(dir.path());
    assert!(matches!(opened, Err(Fault::Damaged(_))));
    assert!(sentence(opened).contains("coulomb.db is not a database"));

    let dir = tempfile::TempDir::new().expect("a directory");
    database(dir.path()).execute_batch("CREATE TABLE recipe (name TEXT)").expect("it is SQL");
    assert!(sentence(Sqlite::open(dir.path())).contains("another program's database"));
}

#[test]
fn nothing_is_created_by_whoever_only_reads() {
    let dir = tempfile::TempDir::new().expect("a directory");
    assert!(sentence(Sqlite::open_beside(dir.path())).contains("there is no database"));
    assert_eq!(std::fs::read_dir(dir.path()).expect("it is there").count(), 0);
}

#[test]
fn accounts_are_not_changed_beside_a_server() {
    let opener = SqliteOpener::new();
    let beside = Sqlite::open_beside(opener.dir.path()).expect("it opens");
    let refused = Desk::default().execute(&beside, &organization("acme"), &open(), hour(1));
    assert!(matches!(refused, Err(Fault::Locked(_))));
}

#[test]
fn an_event_that_was_altered_is_seen_when_it_is_read() {
    let mut opener = SqliteOpener::new();
    let (mut desk, acme) = (Desk::default(), organization("acme"));
    for request in [open(), promotional(10), promotional(20)] {
        desk.execute(opener.store(), &acme, &request, hour(1)).expect("the store works");
    }
    desk.write_all(opener.store()).expect("the store works");
    opener.close();
    let altered = "UPDATE event SET body = replace(body, '10', '11') WHERE body LIKE '%granted%'";
    assert!(database(opener.dir.path()).execute(altered, []).expect("it is SQL") > 0);
    opener.restart();
    let read = opener.store().events(&acme, 0, 10);
    assert!(matches!(&read, Err(Fault::Damaged(what)) if what.contains("hash chain")), "{read:?}");
}

#[test]
fn a_server_does_not_start_on_events_that_were_altered_before_their_rows_were_written() {
    let mut opener = SqliteOpener::new();
    let (mut desk, acme) = (Desk::default(), organization("acme"));
    desk.execute(opener.store(), &acme, &open(), hour(1)).expect("the store works");
    opener.close();
    database(opener.dir.path())
        .execute("UPDATE event SET body = replace(body, 'Acme', 'Bolt')", [])
        .expect("it is SQL");
    let opened = Sqlite::open(opener.dir.path());
    assert!(matches!(opened, Err(Fault::Damaged(_))));
    assert!(sentence(opened).contains("event 1 of organization acme"));
}

#[test]
fn the_schema_is_what_its_golden_file_says() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("schema/sqlite.sql");
    let schema = Sqlite::schema().expect("the migrations apply");
    if std::env::var("GOLDEN").as_deref() == Ok("write") {
        std::fs::write(&path, &schema).expect("the golden file is written");
    }
    let golden = std::fs::read_to_string(&path).expect("the golden file is there");
    assert_eq!(schema, golden, "if this is meant: cargo xtask golden, then read the diff");
}
