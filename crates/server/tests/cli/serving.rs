//! Servers: what they need, how they end, and what is there after it.

use super::program::*;
use serde_json::Value;
use std::{fs, net::TcpListener};
use xtask::postgres::fresh_database;

#[test]
fn a_taken_port_is_named_with_the_way_out() {
    let scratch = scratch();
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = taken.local_addr().expect("an address");
    let said =
        complaint(&mut coulomb(["serve", "--data", path(scratch.path()), "--listen", &address.to_string()]));
    assert!(
        said.contains(&format!("Port {} is taken", address.port()))
            && said.contains("--listen 127.0.0.1:PORT"),
        "{said}"
    );
}

#[test]
fn a_data_directory_has_one_server() {
    let scratch = scratch();
    let server = Server::start(scratch.path());
    let said = complaint(&mut coulomb(["serve", "--data", path(scratch.path()), "--listen", "127.0.0.1:0"]));
    assert!(said.contains(&format!("in use by process {}", server.child.id())), "{said}");
}

#[test]
fn a_file_that_is_no_database_is_left_alone() {
    let scratch = scratch();
    let file = scratch.path().join("coulomb.db");
    fs::write(&file, "These are not the credits you are looking for. ".repeat(100))
        .expect("the file is written");
    let before = fs::read(&file).expect("the file");
    let data = path(scratch.path());
    for mut command in [
        coulomb(["serve", "--listen", "127.0.0.1:0", "--data", data]),
        coulomb(["keys", "create", "--scope", "read", "--data", data]),
        coulomb(["verify", "--data", data]),
        coulomb(["export", "--format", "jsonl", "--data", data]),
    ] {
        let said = complaint(&mut command);
        assert!(said.contains("coulomb.db") && said.contains("restore it from a backup"), "{said}");
    }
    assert_eq!(fs::read(&file).expect("the file"), before);
}

#[test]
fn a_directory_without_a_database_is_said_to_be_none() {
    let scratch = scratch();
    let data = path(scratch.path());
    for mut command in [
        coulomb(["keys", "list", "--data", data]),
        coulomb(["verify", "--data", data]),
        coulomb(["explain", "acme", "--data", data]),
    ] {
        let said = complaint(&mut command);
        assert!(said.contains("is this the data directory?"), "{said}");
    }
    assert_eq!(fs::read_dir(scratch.path()).expect("the directory").count(), 0);
}

#[test]
fn keys_are_made_listed_and_revoked_beside_a_running_server() {
    let scratch = scratch();
    // The first may be made before there is anything.
    let first = new_key(scratch.path(), "read");
    let server = Server::start(scratch.path());
    let key = new_key(scratch.path(), "admin");
    assert!(key.starts_with("coulomb_admin_") && !key.contains(char::is_whitespace));
    assert_eq!(server.call(&first, "GET", "/v1/organizations", &Value::Null).0, 200);
    assert_eq!(server.call(&key, "GET", "/v1/organizations", &Value::Null).0, 200);

    let listed = printed(&mut coulomb(["keys", "list", "--data", path(scratch.path())]));
    let admin = listed.lines().find(|line| line.contains(" admin ")).expect("the key is listed");
    assert!(!listed.contains(&key) && !listed.contains(&first), "a key is shown once");
    let id = admin.split_whitespace().next().expect("its id");
    assert_eq!(printed(&mut coulomb(["keys", "revoke", id, "--data", path(scratch.path())])), "");
    // The server learns of it by itself; each answer is waited for, and the test runner knows when to give up.
    while server.call(&key, "GET", "/v1/organizations", &Value::Null).0 != 401 {}
    assert_eq!(server.call(&first, "GET", "/v1/organizations", &Value::Null).0, 200);

    let said = complaint(&mut coulomb(["keys", "revoke", id, "--data", path(scratch.path())]));
    assert!(said.contains("There is no key") && said.contains("keys list"), "{said}");
}

#[test]
fn sigterm_ends_the_server_with_0_and_loses_nothing() {
    let scratch = scratch();
    let server = Server::start(scratch.path());
    let key = new_key(scratch.path(), "admin");
    load(&server, &key);
    let before = balance(&server, &key);
    assert_eq!(server.terminate(), 0);

    printed(&mut coulomb(["verify", "--data", path(scratch.path())]));
    let server = Server::start(scratch.path());
    assert_eq!(balance(&server, &key), before);
}

#[test]
fn a_server_that_is_killed_loses_nothing_that_was_answered() {
    let scratch = scratch();
    let mut server = Server::start(scratch.path());
    let key = new_key(scratch.path(), "admin");
    load(&server, &key);
    let before = balance(&server, &key);
    server.child.kill().expect("it is killed");
    server.child.wait().expect("it ends");

    printed(&mut coulomb(["verify", "--data", path(scratch.path())]));
    let server = Server::start(scratch.path());
    assert_eq!(balance(&server, &key), before);
    printed(&mut coulomb(["verify", "--data", path(scratch.path())]));
}

#[test]
fn credits_are_in_one_place() {
    let scratch = scratch();
    let data = path(scratch.path());
    let elsewhere = "postgres://coulomb@127.0.0.1:1/nowhere";
    let said = complaint(&mut coulomb(["verify", "--data", data, "--database", elsewhere]));
    assert!(said.contains("--data and --database are two places for the same credits"), "{said}");
    let said = complaint(coulomb(["verify"]).env("COULOMB_DATA", data).env("COULOMB_DATABASE", elsewhere));
    assert!(said.contains("COULOMB_DATA and COULOMB_DATABASE are two places"), "{said}");

    // A flag overrides a variable, and a variable the file, for whichever of the two it is.
    let file = scratch.path().join("coulomb.toml");
    let content = format!("[data]\ndir = \"elsewhere\"\ndatabase = \"{elsewhere}\"\n");
    fs::write(&file, content).expect("the file is written");
    let data = scratch.path().join("data");
    let data = path(&data);
    printed(&mut coulomb(["keys", "create", "--scope", "read", "--data", data]));
    printed(coulomb(["verify", "--data", data]).env("COULOMB_DATABASE", elsewhere));
    printed(coulomb(["verify", "--config", path(&file)]).env("COULOMB_DATA", data));
    let database = fresh_database();
    printed(
        coulomb(["keys", "create", "--scope", "read", "--database", &database.url]).env("COULOMB_DATA", data),
    );
    printed(coulomb(["verify", "--config", path(&file)]).env("COULOMB_DATABASE", &database.url));
}

#[test]
fn the_demonstration_shows_every_state_and_leaves_nothing_behind() {
    let scratch = scratch();
    let mut command = coulomb(["demo", "--listen", "127.0.0.1:0"]);
    command.env("TMPDIR", scratch.path());
    let mut server = Server::from(command);
    let mut shown = String::new();
    let mut key = None;
    while key.is_none() {
        let line = server.lines.next().expect("the calls to try").expect("text");
        key = line.split_once(" KEY=").map(|(_, key)| key.to_owned());
        shown += &(line + "\n");
    }
    let status = |organization: &str| {
        let row = shown.lines().find(|line| line.starts_with(&format!("{organization} ")));
        let row = row.unwrap_or_else(|| panic!("{organization} is not in the table: {shown}"));
        row.split_whitespace().nth(1).unwrap_or_default().to_owned()
    };
    for (organization, expected) in [
        ("ok", "ok"),
        ("busy", "balance_low"),
        ("low", "balance_low"),
        ("depleted", "credits_depleted"),
        ("insufficient", "balance_low"),
        ("in-debt", "outstanding_usage"),
        ("refund-debt", "refund_debt"),
        ("dispute-debt", "dispute_debt"),
        ("frozen", "ok"),
        ("locked", "credits_locked"),
        ("no-subscription", "subscription_required"),
        ("payment-failing", "payment_failing"),
        ("past-due", "payment_past_due"),
        ("ending", "ok"),
        ("expiring", "credits_expiring"),
        ("recharge-suspended", "balance_low"),
        ("task-paused", "ok"),
        ("task-failing", "ok"),
        ("suspended", "organization_suspended"),
    ] {
        assert_eq!(status(organization), expected, "{organization}");
    }
    // What a status does not show because something else comes first.
    let key = key.expect("it was found");
    for (organization, reason) in [
        ("frozen", "credits_frozen"),
        ("ending", "subscription_ending"),
        ("recharge-suspended", "auto_recharge_suspended"),
    ] {
        let path = format!("/v1/organizations/{organization}/balance");
        let balance = server.done(&key, "GET", &path, Value::Null);
        let reasons = balance["reasons"].as_array().expect("reasons").clone();
        assert!(reasons.iter().any(|known| known["code"] == reason), "{organization}: {reasons:?}");
    }
    let folder = fs::read_dir(scratch.path())
        .expect("the directory")
        .next()
        .expect("one folder")
        .expect("it is readable");
    printed(&mut coulomb(["verify", "--data", path(&folder.path())]));
    assert_eq!(server.terminate(), 0);
    assert_eq!(fs::read_dir(scratch.path()).expect("the directory").count(), 0);
}
