//! The server that tests get is one to rely on: it is real, it is gone when whoever started it is, and what it has
//! acknowledged survives what is done to it.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use xtask::postgres::{Cluster, fresh_database, query};

#[test]
fn a_cluster_answers_and_is_gone_when_it_is_dropped() {
    let cluster = Cluster::start(&[("max_connections", "17")]).expect("a cluster");
    let server = cluster.url("postgres");
    assert_eq!(query(&server, "SHOW max_connections").as_deref(), Ok("17"));
    assert_eq!(query(&server, "SELECT current_user, 6 * 7").as_deref(), Ok("coulomb|42"));
    let (process, folder) = traces_of(&server);
    assert!(is_running(&process) && folder.exists());

    drop(cluster);
    assert!(!is_running(&process), "the server is still there");
    assert!(!folder.exists(), "its folder is still there");
}

#[test]
fn a_cluster_is_gone_when_its_starter_was_killed() {
    let mut starter = Command::new(env!("CARGO_BIN_EXE_xtask"))
        .arg("postgres")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("xtask starts");
    let mut line = String::new();
    let output = starter.stdout.take().expect("standard output is piped");
    BufReader::new(output).read_line(&mut line).expect("a line with the URL");
    let (_, server) = line.trim().split_once('=').expect("a line that sets a variable");
    let (process, folder) = traces_of(server);

    // SIGKILL, of which nobody can take note.
    starter.kill().expect("the starter can be killed");
    starter.wait().expect("the starter has ended");
    assert_soon("the folder is gone", || !folder.exists());
    assert!(!is_running(&process), "the server is still there");
}

#[test]
fn a_killed_cluster_starts_again_with_what_was_committed() {
    let mut cluster = Cluster::durable(&[]).expect("a cluster");
    let url = cluster.create_database("accounts").expect("a database");
    assert_eq!(query(&url, "SHOW fsync").as_deref(), Ok("on"));
    query(&url, "CREATE TABLE grants AS SELECT 100 AS amount").expect("a table");
    let (_, folder) = traces_of(&url);

    cluster.kill().expect("it can be killed");
    query(&url, "SELECT 1").expect_err("a killed server answers nobody");

    cluster.start_again().expect("it starts again");
    assert_eq!(query(&url, "SELECT amount FROM grants").as_deref(), Ok("100"));

    cluster.stop_immediate().expect("it stops");
    cluster.start_again().expect("it starts again");
    assert_eq!(query(&url, "SELECT amount FROM grants").as_deref(), Ok("100"));

    cluster.kill().expect("it can be killed");
    drop(cluster);
    assert!(!folder.exists(), "the folder of a killed server is still there");
}

#[test]
fn a_promoted_standby_has_what_was_acknowledged() {
    let mut primary = Cluster::start(&[]).expect("a cluster");
    let standby = primary.standby(&[("cluster_name", "heir")]).expect("a standby");
    primary.set("synchronous_standby_names", "*").expect("a setting");
    let url = primary.create_database("accounts").expect("a database");
    query(&url, "CREATE TABLE grants AS SELECT 100 AS amount").expect("a table");
    primary.kill().expect("it can be killed");

    standby.promote().expect("it can be promoted");
    let url = standby.url("accounts");
    assert_eq!(query(&url, "SELECT amount FROM grants").as_deref(), Ok("100"));
    query(&url, "INSERT INTO grants VALUES (200)").expect("a promoted standby waits for nobody");
}

#[test]
fn every_fresh_database_is_another_one_and_goes_when_it_is_dropped() {
    let (one, other) = (fresh_database(), fresh_database());
    query(&one.url, "CREATE TABLE grants (amount bigint)").expect("a table");
    query(&other.url, "SELECT * FROM grants").expect_err("the other database has no such table");
    let described = "SELECT pg_encoding_to_char(encoding), datcollate FROM pg_database \
                     WHERE datname = current_database()";
    assert_eq!(query(&other.url, described).as_deref(), Ok("UTF8|C"));

    let gone = one.url.clone();
    drop(one);
    query(&gone, "SELECT 1").expect_err("a dropped database answers nobody");
}

/// The process of a server and its folder, as it tells them itself.
fn traces_of(server: &str) -> (String, PathBuf) {
    let note = query(server, "SELECT pg_read_file('postmaster.pid')").expect("the server's own note");
    let mut lines = note.lines();
    let process = lines.next().expect("a process").to_owned();
    let data = lines.next().expect("a folder");
    (process, Path::new(data).parent().expect("the cluster's folder").to_owned())
}

fn is_running(process: &str) -> bool {
    let asked =
        Command::new("sh").args(["-c", "kill -0 \"$1\"", "sh", process]).stderr(Stdio::null()).status();
    asked.expect("sh starts").success()
}

/// For what ends by itself and tells nobody.
#[track_caller]
fn assert_soon(what: &str, mut is_so: impl FnMut() -> bool) {
    for _ in 0..1000 {
        if is_so() {
            return;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    panic!("not so within ten seconds: {what}");
}
