//! `coulomb notices` beside a server, on each store.

use crate::{
    golden::golden,
    kinds::JANUARY,
    place::{Place, organization},
};
use coulomb_server::notices::{dead, kind::Kind, webhooks::Waiting};
use std::process::Command;
use store::memo::Change;

/// What it prints, and what it complains about.
fn coulomb(place: &Place, arguments: &[&str]) -> (String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_coulomb"));
    for variable in ["COULOMB_CONFIG", "COULOMB_DATA", "COULOMB_DATABASE"] {
        command.env_remove(variable);
    }
    let output = command.arg("notices").args(arguments).args(&place.flags).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (text(output.stdout), text(output.stderr))
}

#[test]
fn notices_that_were_given_up_are_listed_and_sent_again() {
    for place in Place::on_every_store() {
        for (id, place_in_ledger, kind) in [
            ("acme", "host:00000000000000000002.000", Kind::CreditsGranted),
            ("acme", "host:00000000000000000003.000", Kind::BalanceUnblocked),
            ("birch", "audit:00000000000000000012.001", Kind::AutoRechargeSuspended),
        ] {
            let waiting = Waiting {
                webhook_id: format!("msg_{id}"),
                kind,
                payload: "{}".into(),
                created_at: JANUARY,
                attempts: 10,
                sending: false,
                error: Some("it answered 500".into()),
            };
            let given_up = vec![Change::Write(dead::memo(place_in_ledger, &waiting, JANUARY))];
            assert!(place.store.keep(&organization(id), &given_up).unwrap());
        }
        let (list, _) = coulomb(&place, &["list"]);
        golden("list.txt", &list);
        assert_eq!(coulomb(&place, &["list", "--organization", "birch"]).0.lines().count(), 2);

        let one = ["replay", "--organization", "acme", "host:00000000000000000002.000"];
        assert_eq!(coulomb(&place, &one).0, "1 sent again.\n");
        let (_, complaint) = coulomb(&place, &one);
        assert!(complaint.contains("acme has no notice host:00000000000000000002.000"), "{complaint}");
        assert_eq!(coulomb(&place, &["replay", "--all"]).0, "2 sent again.\n");
        assert_eq!(coulomb(&place, &["list"]).0.lines().count(), 1);
        let waits = place.store.memo(&organization("birch"), "webhook", "audit:00000000000000000012.001");
        assert!(waits.unwrap().is_some_and(|memo| memo.due.is_some()));
    }
}
