//! What an auditor asks: whether all is true, everything that happened, and why somebody is blocked.

use super::program::*;
use ledger::{chain, id::OrganizationId};
use serde_json::value::RawValue;
use std::fs;

#[test]
fn an_altered_event_is_named() {
    let scratch = scratch();
    let server = Server::start(scratch.path());
    let key = new_key(scratch.path(), "admin");
    load(&server, &key);
    assert_eq!(server.terminate(), 0);
    let sound = printed(&mut coulomb(["verify", "--data", path(scratch.path())]));
    assert!(sound.contains(" 1 organization\n") && sound.contains(" 46 events\n"), "{sound}");

    let file = scratch.path().join("coulomb.db");
    let mut bytes = fs::read(&file).expect("the database");
    let event = b"\"type\":\"organization_named\",\"name\":\"Acme\"";
    let place = bytes
        .windows(event.len())
        .position(|window| window == event)
        .expect("the first event is stored as text");
    bytes[place + event.len() - 2] = b'a';
    fs::write(&file, bytes).expect("the database can be written");
    let output = output(&mut coulomb(["verify", "--data", path(scratch.path())]));
    let said = text(&output.stdout);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(
        said.contains("The first violation: ") && said.contains("acme") && said.contains("event 1 "),
        "{said}"
    );
}

#[test]
fn the_export_has_every_event_and_its_chain_holds() {
    let scratch = scratch();
    let server = Server::start(scratch.path());
    let key = new_key(scratch.path(), "admin");
    load(&server, &key);
    let version = balance(&server, &key)["version"].as_u64().expect("a version");

    #[derive(serde::Deserialize)]
    struct Line<'a> {
        organization: OrganizationId,
        seq: u64,
        hash: String,
        #[serde(borrow)]
        event: &'a RawValue,
    }
    let exported = printed(&mut coulomb(["export", "--format", "jsonl", "--data", path(scratch.path())]));
    let mut hash = chain::origin(&"acme".parse().expect("an id"));
    let mut seq = 0;
    for line in exported.lines() {
        let line: Line<'_> = serde_json::from_str(line).expect("a line of JSON");
        seq += 1;
        hash = chain::link(&hash, line.event.get().as_bytes());
        assert_eq!((line.organization.as_str(), line.seq, line.hash), ("acme", seq, chain::hex(&hash)));
    }
    assert_eq!(seq, version);

    let books = printed(&mut coulomb([
        "export",
        "--format",
        "hledger",
        "--organization",
        "acme",
        "--data",
        path(scratch.path()),
    ]));
    assert!(
        books.contains("account acme:free") && books.contains("acme:debt  0 credits = -320 credits"),
        "{books}"
    );
    let said = complaint(&mut coulomb([
        "export",
        "--format",
        "jsonl",
        "--organization",
        "nobody",
        "--data",
        path(scratch.path()),
    ]));
    assert!(said.contains("there is no organization nobody"), "{said}");
}

#[test]
fn a_blocked_organization_is_explained_in_words() {
    let scratch = scratch();
    let server = Server::start(scratch.path());
    let key = new_key(scratch.path(), "admin");
    load(&server, &key);
    let explained = printed(&mut coulomb(["explain", "acme", "--data", path(scratch.path())]));
    for part in [
        "acme (Acme): outstanding_usage",
        "owed: 320 credits",
        "Nothing starts while 320 credits are owed for work that used more than there was.",
        "Run long used 320 credits more than was available on ",
        "- Resolve the shortfall of 320 credits.",
    ] {
        assert!(explained.contains(part), "{part} is not in: {explained}");
    }
    let said = complaint(&mut coulomb(["explain", "nobody", "--data", path(scratch.path())]));
    assert!(said.contains("There is no organization nobody"), "{said}");
}
