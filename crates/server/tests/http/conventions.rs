//! What holds for every answer.

use crate::client::{NOW, servers, start_on_every_store};
use coulomb_server::{auth, http::HttpSettings};
use serde_json::json;
use std::time::Duration;
use store::Scope;

#[test]
fn a_path_that_is_none_and_a_method_that_is_none_are_problems() {
    for server in servers() {
        assert_eq!(server.get("/v1/nothing").is(404).json["code"], "not_found");
        assert_eq!(server.get("/").is(404).json["code"], "not_found");
        let wrong = server.call("PATCH", "/v1/organizations/acme").send().is(405);
        assert_eq!(wrong.json["code"], "method_not_allowed");
        let mut allowed: Vec<&str> = wrong.header("allow").split(',').map(str::trim).collect();
        allowed.sort_unstable();
        assert_eq!(allowed, ["GET", "HEAD", "PUT"]);
    }
}

#[test]
fn a_body_that_is_not_what_the_call_takes_is_told_apart() {
    for server in servers() {
        let path = server.organization("conventions-body", 0);
        let call = || server.call("PUT", &path);
        assert_eq!(call().bytes(b"{\"name\":").send().is(400).json["code"], "malformed_json");
        assert_eq!(call().bytes(b"{\"name\":NaN}").send().is(400).json["code"], "malformed_json");
        assert_eq!(call().bytes(b"{\"name\":\"a\"} {}").send().is(400).json["code"], "malformed_json");
        assert_eq!(call().bytes(b"\xff\xfe").send().is(400).json["code"], "malformed_json");
        assert_eq!(call().bytes(b"").send().is(400).json["code"], "malformed_json");
        let text = call().bytes(b"{\"name\":\"a\"}").header("content-type", "text/plain").send().is(415);
        assert_eq!(text.json["code"], "unsupported_media_type");
        assert_eq!(call().json(&json!({ "name": 7 })).send().is(422).pointers(), ["/name"]);
        assert_eq!(call().json(&json!({ "name": "a", "more": 1 })).send().is(422).pointers(), ["/more"]);
        assert_eq!(call().json(&json!({ "name": "" })).send().is(422).pointers(), ["/name"]);
        assert_eq!(call().json(&json!({})).send().is(422).json["code"], "invalid");
    }
}

#[test]
fn a_body_over_a_mebibyte_is_refused_however_it_is_sent() {
    for server in servers() {
        let path = server.organization("conventions-large", 0);
        let large = json!({ "name": "x".repeat(2 << 20) });
        assert_eq!(server.call("PUT", &path).json(&large).send().is(413).json["code"], "body_too_large");
        assert_eq!(
            server.call("PUT", &path).json(&large).send_chunked().is(413).json["code"],
            "body_too_large"
        );
        let release = format!("{path}/runs/r1/release");
        assert_eq!(server.call("POST", &release).json(&large).send().is(413).json["code"], "body_too_large");
        let fits = json!({ "name": "x" });
        server.call("PUT", &path).json(&fits).send_chunked().is(200);
    }
}

#[test]
fn keys_are_asked_for_and_told_apart() {
    for server in servers() {
        let call = || server.call("GET", "/v1/organizations");
        for (call, says) in [
            (call().without("authorization"), "needs an API key"),
            (call().header("authorization", "Basic abc"), "needs an API key"),
            (call().key("hunter2"), "checksum"),
            (call().key(&format!("{}x", server.admin)), "checksum"),
            (call().key(&auth::new_key("", Scope::Admin, NOW).unwrap().key), "not known"),
        ] {
            let answer = call.send().is(401);
            assert_eq!(
                (answer.json["code"].as_str(), answer.header("www-authenticate")),
                (Some("unauthorized"), "Bearer")
            );
            assert!(answer.json["detail"].as_str().unwrap().contains(says), "{}", answer.text);
        }
        let answer = server.call("GET", "/v1/catalog").key(&server.runtime).send().is(403);
        assert_eq!(answer.json["code"], "insufficient_scope");
        assert!(answer.json["detail"].as_str().unwrap().contains("`read`"));
    }
}

#[test]
fn a_key_made_beside_the_server_works_and_a_revoked_one_stops() {
    for server in servers() {
        let made = auth::new_key("late", Scope::Read, NOW).unwrap();
        server.store.create_key(&made.stored).unwrap();
        let status = || server.call("GET", "/v1/catalog").key(&made.key).send().status;
        assert!(becomes(|| status() == 200), "a new key is not taken");
        assert!(server.store.revoke_key(&made.stored.id, NOW).unwrap());
        assert!(becomes(|| status() == 401), "a revoked key is still taken");
    }
}

/// Whether it is so before long.
fn becomes(it: impl Fn() -> bool) -> bool {
    (0..100).any(|_| {
        it() || {
            // What is waited for is the server's own clock, which ticks every tenth of a second here.
            std::thread::sleep(Duration::from_millis(50));
            false
        }
    })
}

#[test]
fn every_answer_has_the_callers_request_id_or_one_of_ours() {
    for server in servers() {
        let given = server.call("GET", "/healthz").header("x-request-id", "abc:1.2-3").send();
        assert_eq!(given.header("x-request-id"), "abc:1.2-3");
        for wrong in ["has space", "\"quoted\"", &"x".repeat(129)] {
            let made = server.call("GET", "/healthz").header("x-request-id", wrong).send();
            assert!(made.header("x-request-id").starts_with("req_"), "{made:?}");
        }
        let ids: std::collections::BTreeSet<String> =
            (0..20).map(|_| server.get("/healthz").header("x-request-id").to_owned()).collect();
        assert_eq!(ids.len(), 20);
    }
}

#[test]
fn a_query_that_nobody_knows_is_a_mistake() {
    for server in servers() {
        let path = server.organization("conventions-query", 0);
        for query in [
            "limit=0",
            "limit=501",
            "limit=-1",
            "limit=many",
            "limit=1e9",
            "cursor=x",
            "cursor=n",
            "cursor=n1x",
            "page=2",
            "limit=1&limit=2",
        ] {
            let answer = server.get(&format!("{path}/events?{query}")).is(400);
            assert_eq!(answer.json["code"], "invalid_parameter", "{query}");
        }
        server.get(&format!("{path}/balance?verbose=1")).is(400);
        server.get(&format!("{path}/runs?status=done")).is(400);
        server.get(&format!("{path}/usage?by=month")).is(400);
        server.get(&format!("{path}/usage?from=yesterday")).is(400);
        server.get(&format!("{path}/events?limit=500")).is(200);
    }
}

#[test]
fn a_repeat_gets_the_first_answer_and_says_so() {
    for server in servers() {
        let path = server.organization("conventions-repeat", 1_000);
        let start =
            || server.post(&format!("{path}/runs"), json!({ "id": "r1", "kind": "tool_run", "hold": "10" }));
        let first = start().is(201);
        assert_eq!(first.header("idempotent-replayed"), "");
        server.post(&format!("{path}/runs/r1/settle"), json!({ "used": 3 })).is(200);
        let again = start().is(201);
        assert_eq!((again.header("idempotent-replayed"), &again.text), ("true", &first.text));
        let other = server
            .post(&format!("{path}/runs"), json!({ "id": "r1", "kind": "tool_run", "hold": 11 }))
            .is(422);
        assert_eq!(other.json["code"], "conflict");

        let grant = |credits: u64| {
            let call = server.call("POST", &format!("{path}/grants")).header("idempotency-key", "gift-1");
            call.json(&json!({ "credits": credits })).send()
        };
        let first = grant(7).is(201);
        assert_eq!(grant(7).is(201).text, first.text);
        assert_eq!(grant(8).is(422).json["code"], "conflict");
        let bad = server.call("POST", &format!("{path}/grants")).header("idempotency-key", "not an id");
        bad.json(&json!({ "credits": 1 })).send().is(400);
    }
}

#[test]
fn a_report_that_waits_is_202_also_when_it_comes_again() {
    for server in servers() {
        let path = server.organization("conventions-waiting", 0);
        let refund = || {
            server.post(&format!("{path}/refunds"), json!({ "id": "re_1", "payment": "p1", "amount": 500 }))
        };
        let first = refund().is(202);
        assert!(first.json["payment"].is_null());
        let paid =
            json!({ "id": "p1", "purpose": "top_up", "paid": 1000, "currency": "usd", "credits": 1000 });
        let payment = server.post(&format!("{path}/payments"), paid).is(201);
        assert_eq!(
            (&payment.json["payment"]["currency"], &payment.json["grant"]["revoked"]),
            (&json!("USD"), &json!("500"))
        );
        let again = refund().is(202);
        assert_eq!((again.header("idempotent-replayed"), &again.text), ("true", &first.text));
    }
}

#[test]
fn an_answer_that_takes_too_long_is_503_and_may_be_asked_for_again() {
    let settings = HttpSettings { request_timeout: Duration::ZERO, ..HttpSettings::default() };
    for server in start_on_every_store(settings) {
        let late = server.put("/v1/organizations/acme", json!({ "name": "Acme" })).is(503);
        assert_eq!((late.json["code"].as_str(), late.header("retry-after")), (Some("timeout"), "1"));
    }
}

#[test]
fn health_needs_no_key_and_the_sandbox_is_only_where_it_was_asked_for() {
    for server in start_on_every_store(HttpSettings::default()) {
        let call = |path| server.call("GET", path).without("authorization").send();
        assert_eq!(call("/healthz").is(200).json["status"], "alive");
        assert_eq!(call("/readyz").is(200).json["status"], "ready");
        assert!(call("/metrics").is(200).header("content-type").starts_with("text/plain"));
        let clock = "/v1/sandbox/organizations/acme/clock";
        server.post(clock, json!({ "to": "2027-01-01T00:00:00Z" })).is(404);
    }
}
