//! Notices over HTTP: what members choose to be mailed, and what was given up.

use crate::client::{NOW, servers};
use coulomb_server::notices::{dead, kind::Kind, webhooks::Waiting};
use serde_json::json;
use store::memo::Change;

#[test]
fn members_choose_for_themselves_and_managers_for_everybody() {
    for server in servers() {
        let path = server.organization("choosing", 0);
        for (member, role) in [("olga", "owner"), ("mia", "member"), ("max", "member")] {
            server.put(&format!("{path}/members/{member}"), json!({ "role": role })).is(200);
        }
        let of = |member: &str| format!("{path}/members/{member}/notices");
        let all = server.get(&of("mia")).is(200).json;
        assert_eq!(all["email"].as_object().unwrap().len(), Kind::MAILED.len());
        assert!(all["email"].as_object().unwrap().values().all(|mailed| mailed == true), "{all}");

        let less = json!({ "email": { "balance.low": false } });
        let own = server.call("PUT", &of("mia")).member("mia").json(&less).send().is(200);
        assert_eq!(own.json["email"]["balance.low"], false);
        assert_eq!(own.json["email"]["balance.blocked"], true);
        assert_eq!(server.call("GET", &of("mia")).member("olga").send().is(200).json, own.json);

        let other = server.call("PUT", &of("mia")).member("max").json(&less).send().is(403);
        assert_eq!(other.json["code"], "forbidden");
        server.get(&of("nobody")).is(404);
        server.put(&of("mia"), json!({ "email": { "balance.high": false } })).is(422);
    }
}

#[test]
fn what_was_given_up_is_listed_and_sent_again() {
    for server in servers() {
        let path = server.organization("unlucky", 0);
        let organization = "unlucky".parse().unwrap();
        let waiting = |kind| Waiting {
            webhook_id: "msg_unlucky_2_000".into(),
            kind,
            payload: "{}".into(),
            created_at: NOW,
            attempts: 10,
            sending: false,
            error: Some("it answered 500".into()),
        };
        let places = ["host:00000000000000000002.000", "host:00000000000000000003.000"];
        let kinds = [Kind::CreditsGranted, Kind::BalanceUnblocked];
        let memos = places.iter().zip(kinds).map(|(id, kind)| dead::memo(id, &waiting(kind), NOW));
        let given_up: Vec<Change> = memos.map(Change::Write).collect();
        assert!(server.store.keep(&organization, &given_up).unwrap());

        let dead = server.get("/v1/notices/dead?organization=unlucky").is(200).json;
        assert_eq!(
            dead["data"][0],
            json!({
                "id": places[0], "organization": "unlucky", "endpoint": "host", "type": "credits.granted",
                "webhook_id": "msg_unlucky_2_000", "attempts": 10, "error": "it answered 500",
                "created_at": "2027-01-15T08:00:00Z", "died_at": "2027-01-15T08:00:00Z",
            })
        );
        let first = server.get("/v1/notices/dead?organization=unlucky&limit=1").is(200).json;
        let cursor = first["next_cursor"].as_str().unwrap();
        let rest = server.get(&format!("/v1/notices/dead?organization=unlucky&cursor={cursor}")).is(200).json;
        assert_eq!((&rest["data"][0]["id"], &rest["next_cursor"]), (&json!(places[1]), &json!(null)));
        assert!(server.get("/v1/notices/dead").is(200).json["data"].as_array().unwrap().len() >= 2);

        let replay = format!("{path}/notices/{}/replay", places[0]);
        let replayed = server.call("POST", &replay).send().is(200);
        assert_eq!(replayed.json["notice"]["id"], places[0]);
        server.call("POST", &replay).send().is(404);
        let left = server.get("/v1/notices/dead?organization=unlucky").is(200).json;
        assert_eq!(left["data"].as_array().unwrap().len(), 1);
        assert!(server.store.memo(&organization, "webhook", places[0]).unwrap().is_some());
    }
}
