//! The same on a database that servers share, and the way there.

use super::program::*;
use serde_json::{Value, json};
use std::{io::Read, process::Stdio};
use xtask::postgres::fresh_database;

#[test]
fn every_command_works_on_a_database_that_servers_share() {
    let database = fresh_database();
    let url = database.url.as_str();
    let data = ["--database", url];
    for mut command in [
        coulomb(["keys", "list"]),
        coulomb(["verify"]),
        coulomb(["explain", "acme"]),
        coulomb(["export", "--format", "jsonl"]),
    ] {
        let said = complaint(command.args(data));
        assert!(
            said.contains("there are no tables of coulomb's") && said.contains("coulomb migrate"),
            "{said}"
        );
    }
    // The first key may be made before there is anything, here too.
    let key = printed(coulomb(["keys", "create", "--scope", "admin"]).args(data)).trim().to_owned();
    let first = Server::start_on(data);
    let second = Server::start_on(data);
    load(&first, &key);
    assert_eq!(balance(&second, &key), balance(&first, &key));

    let explained = printed(coulomb(["explain", "acme"]).args(data));
    assert!(explained.contains("Run long used 320 credits more than was available on "), "{explained}");
    let verified = printed(coulomb(["verify"]).env("COULOMB_DATABASE", url));
    assert!(verified.contains(" 1 organization\n") && verified.contains(" 46 events\n"), "{verified}");
    let exported = printed(coulomb(["export", "--format", "jsonl"]).args(data));
    assert_eq!(exported.lines().count(), 46);
    let listed = printed(coulomb(["keys", "list"]).args(data));
    let id = listed.lines().nth(1).and_then(|line| line.split_whitespace().next()).expect("a key");
    printed(coulomb(["keys", "revoke", id]).args(data));
    while second.call(&key, "GET", "/v1/organizations", &Value::Null).0 != 401 {}
    assert_eq!((first.terminate(), second.terminate()), (0, 0));
    printed(coulomb(["verify"]).args(data));
}

#[test]
fn a_database_is_shown_without_its_password() {
    let database = fresh_database();
    let url = with_password(&database.url);
    let shown = &database.url;
    let mut command = coulomb(["serve", "--listen", "127.0.0.1:0", "--database", &url]);
    command.stderr(Stdio::piped());
    let mut server = Server::from(command);
    let mut log = server.child.stderr.take().expect("it is piped");
    assert_eq!(server.terminate(), 0);
    let mut logged = String::new();
    log.read_to_string(&mut logged).expect("text");
    assert!(logged.contains(shown) && !logged.contains("sesame"), "{logged}");

    let said = complaint(&mut coulomb(["explain", "nobody", "--database", &url]));
    assert!(said.contains(&format!("There is no organization nobody in {shown}.")), "{said}");
    let nowhere = format!("{}_nowhere", with_password(shown));
    for database in [
        nowhere.as_str(),
        "coulomb:sesame@db",
        "postgres://coulomb:sesame@x@db/credits",
        "postgres://:sesame",
    ] {
        let said = complaint(coulomb(["verify"]).env("COULOMB_DATABASE", database));
        assert!(!said.contains("sesame"), "{said}");
    }
}

#[test]
fn a_data_directory_moves_into_a_database_with_its_chain() {
    let scratch = scratch();
    let dir = path(scratch.path());
    let mut server = Server::start(scratch.path());
    let key = new_key(scratch.path(), "admin");
    load(&server, &key);
    server.done(&key, "PUT", "/v1/organizations/other", json!({"name": "Other"}));
    let before = balance(&server, &key);
    // Without its end, which is the instant of asking.
    let usage = |server: &Server| {
        server.done(&key, "GET", "/v1/organizations/acme/usage", Value::Null)["data"].clone()
    };
    let used = usage(&server);

    let database = fresh_database();
    let url = database.url.as_str();
    let data = ["--database", url];
    let said = complaint(&mut coulomb(["migrate", "--from", dir, "--to", url]));
    assert!(said.contains(&format!("in use by process {}", server.child.id())), "{said}");
    // Killed, so that its tables may be behind its events.
    server.child.kill().expect("it is killed");
    server.child.wait().expect("it ends");

    let told = printed(&mut coulomb(["migrate", "--from", dir, "--to", url]));
    for part in [
        format!("The schema of {url} is up to date; one server holds all of it."),
        "Copied: 2 organizations, 47 events, 1 API key.".into(),
        format!("coulomb verify --database {url}"),
    ] {
        assert!(told.contains(&part), "{part} is not in: {told}");
    }
    let again = printed(&mut coulomb(["migrate", "--from", dir, "--to", &with_password(url)]));
    assert!(again.contains("Copied: 2 organizations, 0 events, 0 API keys."), "{again}");
    assert!(!again.contains("sesame"), "{again}");
    let verified = printed(coulomb(["verify"]).args(data));
    assert!(verified.contains(" 2 organizations\n") && verified.contains(" 47 events\n"), "{verified}");
    let exported = |data: [&str; 2]| printed(coulomb(["export", "--format", "jsonl"]).args(data));
    assert_eq!(exported(data), exported(["--data", dir]));

    let server = Server::start_on(data);
    assert_eq!(balance(&server, &key), before);
    assert_eq!(usage(&server), used);
    // Runs are not forgotten on the way: a repeat is one.
    let run = json!({"id": "r1", "kind": "chat_message", "hold": 10});
    let (head, _) = server.exchange(&key, "POST", "/v1/organizations/acme/runs", &run);
    assert!(head.starts_with("HTTP/1.1 201") && head.contains("idempotent-replayed: true"), "{head}");
    let settled = server.done(&key, "GET", "/v1/organizations/acme/runs/r1", Value::Null);
    assert_eq!(settled["used"], "5.5");
    assert_eq!(server.terminate(), 0);
    printed(coulomb(["verify"]).args(data));
}

#[test]
fn a_migration_that_cannot_be_is_explained() {
    let scratch = scratch();
    let missing = scratch.path().join("missing");
    let database = fresh_database();
    let url = database.url.as_str();
    let said = complaint(&mut coulomb(["migrate"]));
    assert!(said.contains("--database postgres://user@host/name, COULOMB_DATABASE"), "{said}");
    let said = complaint(&mut coulomb(["migrate", "--from", path(&missing), "--to", url]));
    assert!(said.contains("is this the data directory?") && !missing.exists(), "{said}");
    let said = complaint(&mut coulomb(["migrate", "--citus", "--database", url]));
    assert!(said.contains("CREATE EXTENSION citus"), "{said}");

    for _ in 0..2 {
        let told = printed(coulomb(["migrate"]).env("COULOMB_DATABASE", url));
        assert_eq!(told, format!("The schema of {url} is up to date; one server holds all of it.\n"));
    }
}

#[test]
fn a_database_that_is_spread_by_the_slot_answers_as_any_other() {
    let database = fresh_database();
    let data = ["--database", database.url.as_str()];
    for _ in 0..2 {
        let told = printed(coulomb(["migrate", "--sharded"]).args(data));
        assert!(told.contains("it is spread by the slot"), "{told}");
    }
    let key = printed(coulomb(["keys", "create", "--scope", "admin"]).args(data)).trim().to_owned();
    let server = Server::start_on(data);
    load(&server, &key);
    assert_eq!(balance(&server, &key)["debt"]["total"], "320");
    assert_eq!(server.terminate(), 0);
    printed(coulomb(["verify"]).args(data));
}

#[test]
fn every_answer_about_an_organization_has_its_slot() {
    let scratch = scratch();
    let server = Server::start(scratch.path());
    let key = new_key(scratch.path(), "admin");
    let slot = |key: &str, method: &str, path: &str| {
        let (head, _) = server.exchange(key, method, path, &Value::Null);
        let slot = head.lines().find_map(|line| line.strip_prefix("coulomb-slot: "));
        slot.map(|slot| slot.parse::<u8>().expect("a number"))
    };
    let acme = Some(store::slot::slot(&"acme".parse().expect("an id")));
    server.done(&key, "PUT", "/v1/organizations/acme", json!({"name": "Acme"}));
    for (method, path) in [
        ("GET", "/v1/organizations/acme"),
        ("GET", "/v1/organizations/acme/balance"),
        ("GET", "/v1/organizations/%61cme/runs?limit=1"),
        // Also where the answer is a refusal.
        ("GET", "/v1/organizations/acme/runs/none"),
        ("POST", "/v1/organizations/acme/runs"),
        ("PATCH", "/v1/organizations/acme"),
    ] {
        assert_eq!(slot(&key, method, path), acme, "{method} {path}");
    }
    assert_eq!(slot("no key", "GET", "/v1/organizations/acme/balance"), acme);
    for path in ["/v1/organizations", "/v1/organizations/a%20b/balance", "/v1/nothing/acme", "/healthz"] {
        assert_eq!(slot(&key, "GET", path), None, "{path}");
    }
}
