//! A backup is taken beside whoever writes, is whole or not there, and takes nothing's place.

use crate::{
    desk::Desk,
    opener::{Opener, SqliteOpener},
    verifying::{checked, eventful},
    work::*,
};
use std::{
    fs,
    os::unix::fs::PermissionsExt,
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
    thread,
};
use store::{
    Fault, Store,
    sqlite::{Sqlite, backup},
};
use tempfile::TempDir;

#[test]
fn a_backup_has_everything_that_was_committed_before_it_and_is_a_data_directory() {
    let opener = SqliteOpener::new();
    eventful(opener.store());
    let place = TempDir::new().expect("a directory");
    let to = place.path().join("monday");
    let copied = backup(opener.dir.path(), &to).expect("it is copied");

    let names = |dir| -> Vec<_> {
        let entries = fs::read_dir(dir).expect("it is there");
        entries.map(|entry| entry.expect("it is readable").file_name()).collect()
    };
    assert_eq!((names(place.path()), names(&to)), (vec!["monday".into()], vec!["coulomb.db".into()]));
    for (path, mode) in [(to.clone(), 0o700), (to.join("coulomb.db"), 0o600)] {
        let found = fs::metadata(&path).expect("it is there");
        assert_eq!(found.permissions().mode() & 0o777, mode, "{}", path.display());
    }
    assert_eq!(copied.bytes, fs::metadata(to.join("coulomb.db")).expect("it is there").len());
    let acme = organization("acme");
    let restored = Sqlite::open(&to).expect("a server starts on it");
    let found = checked(&restored);
    assert_eq!((found.violation, found.counts.events), (None, copied.events));
    let load = |store: &dyn Store| store.load(&acme).expect("it loads").account;
    assert_eq!(load(&restored), load(opener.store()));
}

#[test]
fn while_somebody_writes_a_backup_is_of_one_instant() {
    let opener = SqliteOpener::new();
    let (stop, done) = (AtomicBool::new(false), AtomicU64::new(0));
    let place = TempDir::new().expect("a directory");
    thread::scope(|scope| {
        scope.spawn(|| {
            let (mut desk, acme) = (Desk::default(), organization("acme"));
            let requests = (0..).map(|n| if n == 0 { open() } else { promotional(1) });
            for (n, request) in requests.take_while(|_| !stop.load(Ordering::Relaxed)).enumerate() {
                desk.execute(opener.store(), &acme, &request, hour(1)).expect("the store works");
                if n % 7 == 0 {
                    desk.write_all(opener.store()).expect("the store works");
                }
                done.fetch_add(1, Ordering::SeqCst);
            }
        });
        for n in 0..6 {
            while done.load(Ordering::SeqCst) < 100 * n {
                thread::yield_now();
            }
            let before = done.load(Ordering::SeqCst);
            let to = place.path().join(format!("backup-{n}"));
            let copied = backup(opener.dir.path(), &to).expect("it is copied");
            assert!(copied.events >= before, "{} of {before}", copied.events);
            let found = checked(&Sqlite::open_beside(&to).expect("it opens"));
            assert_eq!((found.violation, found.counts.events), (None, copied.events));
        }
        stop.store(true, Ordering::Relaxed);
    });
}

#[test]
fn a_backup_takes_the_place_of_nothing_and_leaves_nothing_where_it_fails() {
    let opener = SqliteOpener::new();
    let place = TempDir::new().expect("a directory");
    let refused = |to: &str, what: &str| {
        let refused = backup(opener.dir.path(), &place.path().join(to));
        assert!(matches!(&refused, Err(Fault::Unavailable(why)) if why.contains(what)), "{refused:?}");
    };
    fs::write(place.path().join("file"), "precious").expect("it is written");
    fs::create_dir(place.path().join("directory")).expect("it is made");
    fs::create_dir(place.path().join("busy.unfinished")).expect("it is made");
    refused("file", "is there already");
    refused("directory", "is there already");
    refused("busy", "somebody else is at it");
    refused("missing/monday", "missing");
    assert_eq!(fs::read(place.path().join("file")).expect("it is there"), b"precious");

    fs::write(opener.dir.path().join("not-coulomb"), "").expect("it is written");
    let nowhere = backup(&place.path().join("directory"), &place.path().join("monday"));
    assert!(matches!(&nowhere, Err(Fault::Unavailable(why)) if why.contains("is this the data directory?")));
    let left = fs::read_dir(place.path()).expect("it is there").count();
    assert_eq!(left, 3);
}
