//! Backups under load (TRUST T19): whatever was answered before one was begun is in it, `coulomb verify` is clean on it, and
//! servers start on it and go on.

use super::{
    kills::{Told, one_run, prepare},
    peer::{Client, Data, Server, coulomb, key},
};
use std::{
    fs,
    path::Path,
    sync::{
        Condvar, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};
use tempfile::TempDir;
use xtask::postgres::{ARCHIVING, Cluster, dump, fresh_database, query};

const CLIENTS: usize = 4;

/// How long clients may go without an answer.
const PATIENCE: Duration = Duration::from_secs(60);

/// Clients that start and settle runs on a server until they are told to stop.
struct Traffic<'a> {
    server: &'a Server,
    key: &'a str,
    stopped: AtomicBool,
    told: Mutex<Told>,
    more: Condvar,
}

impl<'a> Traffic<'a> {
    fn on(server: &'a Server, key: &'a str) -> Traffic<'a> {
        let (stopped, told) = (AtomicBool::new(false), Mutex::new(Told::new()));
        Traffic { server, key, stopped, told, more: Condvar::new() }
    }

    /// Lets clients work while this is done.
    fn during<T>(&self, work: impl FnOnce() -> T) -> T {
        struct Stop<'a>(&'a AtomicBool);
        impl Drop for Stop<'_> {
            fn drop(&mut self) {
                self.0.store(true, Ordering::Relaxed);
            }
        }
        thread::scope(|scope| {
            for client in 0..CLIENTS {
                scope.spawn(move || self.one(client));
            }
            let _stop = Stop(&self.stopped);
            work()
        })
    }

    fn one(&self, client: usize) {
        let mut http = Client::new(&self.server.address, self.key);
        for number in 0.. {
            for (path, body) in one_run(client, 0, number) {
                if self.stopped.load(Ordering::Relaxed) {
                    return;
                }
                let answer = http.call("POST", &path, &[], Some(&body));
                assert!((200..300).contains(&answer.status), "{path}: {} {}", answer.status, answer.body);
                self.told.lock().unwrap().push((path, body, answer));
                self.more.notify_all();
            }
        }
    }

    /// Waits until so many more calls are answered, and says what was answered so far.
    #[track_caller]
    fn after(&self, more: usize) -> Told {
        let mut told = self.told.lock().unwrap();
        let enough = told.len() + more;
        while told.len() < enough {
            let (now, waited) = self.more.wait_timeout(told, PATIENCE).unwrap();
            told = now;
            assert!(!waited.timed_out(), "the server no longer answers");
        }
        told.clone()
    }
}

/// What is restored is proven, and a server on it gives every first answer again.
#[track_caller]
fn has_all(restored: impl Into<Data>, key: &str, told: &Told) -> Server {
    let restored = restored.into();
    let (status, report) = coulomb(&["verify"], &restored);
    assert!(status.success(), "{report}");
    let server = Server::start(&restored, &[]);
    let mut http = Client::new(&server.address, key);
    for (path, body, answer) in told {
        let again = http.call("POST", path, &[], Some(body));
        assert!(again.replayed, "{path} was answered and is not in the backup: {}", again.body);
        assert_eq!(again.body["run"], answer.body["run"], "{path}: the first answer again");
    }
    server
}

#[test]
fn a_backup_of_a_directory_under_load_has_everything_that_was_answered_before_it() {
    let (data, place) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let server = Server::start(data.path(), &[]);
    let key = key(data.path(), "admin");
    prepare(&server.address, &key);
    let traffic = Traffic::on(&server, &key);
    let mut backups = Vec::new();
    traffic.during(|| {
        for round in 0..4 {
            let told = traffic.after(60 * (round + 1));
            let to = place.path().join(format!("backup-{round}"));
            let (status, report) = coulomb(&["backup", "--to", to.to_str().unwrap()], data.path());
            assert!(status.success(), "{report}");
            backups.push((to, told));
        }
        traffic.after(30);
    });
    drop(server);
    for (backup, told) in &backups {
        drop(has_all(backup.as_path(), &key, told));
        // A server has been at work on it since.
        let (status, report) = coulomb(&["rebuild"], backup.as_path());
        assert!(status.success(), "{report}");
    }
}

#[test]
fn a_base_backup_under_load_has_everything_that_was_answered_before_it() {
    let cluster = Cluster::start(&[]).unwrap();
    let url = cluster.create_database("coulomb").unwrap();
    let server = Server::start(Data::at(&url), &[]);
    let key = key(Data::at(&url), "admin");
    prepare(&server.address, &key);
    let traffic = Traffic::on(&server, &key);
    let (told, backup) = traffic.during(|| {
        let told = traffic.after(150);
        let backup = cluster.base_backup().unwrap();
        traffic.after(30);
        (told, backup)
    });
    drop(server);
    let restored = backup.restore(&[]).unwrap();
    drop(has_all(Data::at(&restored.url("coulomb")), &key, &told));
}

#[test]
fn with_its_archived_log_a_base_backup_is_what_the_database_was_at_a_point_in_time() {
    let cluster = Cluster::start(ARCHIVING).unwrap();
    let url = cluster.create_database("coulomb").unwrap();
    let server = Server::start(Data::at(&url), &[]);
    let key = key(Data::at(&url), "admin");
    prepare(&server.address, &key);
    let traffic = Traffic::on(&server, &key);
    let (backup, told) = traffic.during(|| {
        traffic.after(30);
        let backup = cluster.base_backup().unwrap();
        let told = traffic.after(150);
        query(&url, "SELECT pg_create_restore_point('before_the_mistake')").unwrap();
        (backup, told)
    });
    let mistake = "UPDATE coulomb.organization SET name = 'Mistake'";
    query(&url, mistake).unwrap();
    drop(server);
    archive_all(&url);
    let restored = backup.restore_to(&cluster.archive(), "before_the_mistake").unwrap();
    let url = restored.url("coulomb");
    let names = "SELECT DISTINCT name FROM coulomb.organization";
    assert_eq!(query(&url, names).unwrap(), "Organization");
    drop(has_all(Data::at(&url), &key, &told));
}

/// Waits until the log up to now is kept.
fn archive_all(url: &str) {
    let last = query(url, "SELECT pg_walfile_name(pg_switch_wal())").unwrap();
    let kept = format!("SELECT count(*) FROM pg_stat_archiver WHERE last_archived_wal >= '{last}'");
    while query(url, &kept).unwrap() == "0" {
        thread::yield_now();
    }
}

#[test]
fn a_dump_under_load_has_everything_that_was_answered_before_it_and_nothing_else_of_the_database() {
    let (database, restored) = (fresh_database(), fresh_database());
    let folder = TempDir::new().unwrap();
    query(&database.url, "CREATE TABLE public.somebody_elses (n int)").unwrap();
    let server = Server::start(&database, &[]);
    let key = key(&database, "admin");
    prepare(&server.address, &key);
    let traffic = Traffic::on(&server, &key);
    let told = traffic.during(|| {
        let told = traffic.after(150);
        dump(&database.url, "coulomb", &restored.url, folder.path()).unwrap();
        traffic.after(30);
        told
    });
    drop(has_all(&restored, &key, &told));
    assert_eq!(query(&restored.url, "SELECT to_regclass('somebody_elses') IS NULL").unwrap(), "t");

    let scratch = fresh_database();
    let (status, report) = coulomb(&["rebuild", "--scratch", &scratch.url], &restored);
    assert!(status.success(), "{report}");
}

#[test]
fn a_damaged_directory_is_rebuilt_and_every_first_answer_is_given_again() {
    let data = TempDir::new().unwrap();
    let mut server = Server::start(data.path(), &[]);
    let key = key(data.path(), "admin");
    prepare(&server.address, &key);
    let traffic = Traffic::on(&server, &key);
    let told = traffic.during(|| traffic.after(240));
    // All rows are in the one file then.
    server.signal("TERM");
    assert!(server.wait().success());
    damage(data.path());
    let (status, report) = coulomb(&["rebuild"], data.path());
    assert_eq!(status.code(), Some(1), "{report}");
    assert!(report.contains("--write replaces them"), "{report}");
    let (status, report) = coulomb(&["rebuild", "--write"], data.path());
    assert!(status.success() && report.contains("coulomb.db.before-rebuild"), "{report}");
    let (status, report) = coulomb(&["rebuild"], data.path());
    assert!(status.success(), "{report}");
    drop(has_all(data.path(), &key, &told));
}

/// Overwrites bytes of rows, as a disk might that has lost what it was given. No event has words like these.
fn damage(data: &Path) {
    let file = data.join("coulomb.db");
    let mut bytes = fs::read(&file).unwrap();
    let words: [(&[u8], &[u8]); 2] =
        [(b"\"status\":\"settled\"", b"\"status\":\"running\""), (b"\"totals\":{", b"\"totals\":m")];
    for (word, other) in words {
        let places: Vec<usize> =
            (0..bytes.len() - word.len()).filter(|at| bytes[*at..].starts_with(word)).collect();
        assert!(!places.is_empty(), "{} is in no row", String::from_utf8_lossy(word));
        places.into_iter().for_each(|at| bytes[at..at + other.len()].copy_from_slice(other));
    }
    fs::write(&file, bytes).unwrap();
}
