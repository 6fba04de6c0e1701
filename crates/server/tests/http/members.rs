//! What members may see and do when a host acts for them (R12), and that tenants do not meet (T14).

use crate::client::{Server, servers};
use serde_json::{Value, json};

/// An organization with people in each role, and debt of 50: 180 were used, and 100 given and 30 bought are gone.
fn indebted(server: &Server, id: &str) -> String {
    let path = server.organization(id, 100);
    for (member, role, billing_admin) in [
        ("owner", "owner", false),
        ("admin", "admin", false),
        ("payer", "viewer", true),
        ("member", "member", false),
    ] {
        let body =
            json!({ "role": role, "billing_admin": billing_admin, "email": format!("{member}@example.com") });
        server.put(&format!("{path}/members/{member}"), body).is(200);
    }
    let paid = json!({ "id": "p1", "purpose": "top_up", "paid": 100, "currency": "USD", "credits": 30 });
    server.post(&format!("{path}/payments"), paid).is(201);
    server.post(&format!("{path}/charges"), json!({ "id": "c1", "kind": "background", "used": 180 })).is(201);
    path
}

fn fields(value: &Value) -> Vec<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

const HIDDEN: [&str; 5] = ["auto_recharge", "debt", "frozen", "locked", "locked_expires_at"];

#[test]
fn figures_that_a_member_may_not_see_are_absent_never_zero() {
    for server in servers() {
        let path = indebted(server, "members-sees");
        for (member, billing) in [("owner", true), ("payer", true), ("admin", false), ("member", false)] {
            let get = |rest: &str| server.call("GET", &format!("{path}{rest}")).member(member).send().is(200);
            let balance = get("/balance").json;
            let seen = HIDDEN[..4].iter().filter(|field| fields(&balance).contains(field)).count();
            assert_eq!(seen, if billing { 4 } else { 0 }, "{member}: {balance}");
            let reason = &balance["reasons"][0];
            assert_eq!(reason["code"], "outstanding_usage");
            assert_eq!(reason["amount"].is_null(), !billing, "{member}: {reason}");
            let action = &balance["next_steps"][0]["action"];
            assert_eq!(action == "ask_billing_admin", !billing, "{member}: {balance}");
            let run = get("/runs/c1").json;
            assert_eq!(run["outstanding"].is_null(), !billing, "{member}: {run}");
            assert_eq!(run["charged"].is_null(), !billing, "{member}: {run}");
            assert_eq!(run["used"], "180");
            let explained = get("/explanation").text;
            assert_eq!(explained.contains("\"50\""), billing, "{member}: {explained}");
        }
    }
}

#[test]
fn a_refused_start_tells_a_member_whom_to_ask_and_not_what_is_owed() {
    for server in servers() {
        let path = indebted(server, "members-refused");
        let start = |member: &str| {
            let call = server.call("POST", &format!("{path}/runs")).key(&server.runtime).member(member);
            call.json(&json!({ "id": format!("r-{member}"), "kind": "tool_run", "hold": 10 })).send()
        };
        let told = start("member").is(402);
        assert_eq!(told.header("x-should-retry"), "false");
        for hidden in ["debt", "locked", "shortfall"] {
            assert!(told.json[hidden].is_null(), "{}", told.text);
        }
        let asked: Vec<&Value> =
            told.json["ask"].as_array().unwrap().iter().map(|contact| &contact["member"]).collect();
        assert_eq!(asked, ["owner", "payer"]);
        let told = start("owner").is(402).json;
        assert_eq!((&told["debt"]["outstanding_usage"], &told["shortfall"]), (&json!("50"), &json!("60")));
        assert_eq!(start("payer").is(403).json["code"], "forbidden");
        assert_eq!(start("stranger").is(403).json["code"], "not_a_member");
        // Nobody speaks for somebody else.
        let other = server.call("POST", &format!("{path}/runs")).member("member");
        let other = other.json(&json!({ "id": "r9", "kind": "tool_run", "member": "owner" })).send().is(422);
        assert_eq!(other.pointers(), ["/member"]);
    }
}

#[test]
fn whoever_may_not_read_is_told_whom_to_ask() {
    for server in servers() {
        let path = indebted(server, "members-reads");
        for rest in [
            "/grants",
            "/debts",
            "/payments",
            "/events",
            "/entries",
            "/export.csv",
            "/usage?from=2000-01-01T00:00:00Z",
        ] {
            let get = |member: &str| server.call("GET", &format!("{path}{rest}")).member(member).send();
            get("owner").is(200);
            let refused = get("admin").is(403);
            assert_eq!(
                (&refused.json["code"], &refused.json["ask"][0]["member"]),
                (&json!("forbidden"), &json!("owner")),
                "{rest}"
            );
            assert_eq!(get("stranger").is(403).json["code"], "not_a_member", "{rest}");
        }
        let get =
            |rest: &str, member: &str| server.call("GET", &format!("{path}{rest}")).member(member).send();
        assert_eq!(get("/usage", "member").is(200).json["totals"]["credits"], "180");
        assert!(get("/members", "admin").is(200).text.contains("@example.com"));
        assert!(!get("/members", "member").is(200).text.contains("@example.com"));
        get("/balance", "stranger").is(403);
        server.call("GET", "/v1/organizations").member("owner").send().is(403);
        server.call("GET", &format!("{path}/balance")).member("not an id").send().is(400);
    }
}

#[test]
fn another_tenants_object_answers_like_a_missing_one() {
    for server in servers() {
        let (ours, theirs) = (server.organization("tenant-a", 100), indebted(server, "tenant-b"));
        server.post(&format!("{theirs}/grants"), json!({ "credits": 500 })).is(201);
        server
            .post(&format!("{theirs}/runs"), json!({ "id": "secret", "kind": "tool_run", "task": "job" }))
            .is(201);
        let debt =
            server.get(&format!("{theirs}/debts")).is(200).json["data"][0]["id"].as_str().unwrap().to_owned();
        let version = || server.get(&format!("{theirs}/balance")).is(200).json["version"].clone();
        let before = version();
        let calls = [
            ("GET", "/runs/secret".to_owned(), Value::Null),
            ("POST", "/runs/secret/usage".into(), json!({ "id": "u", "amount": 1 })),
            ("POST", "/runs/secret/settle".into(), json!({ "used": 1 })),
            ("POST", "/runs/secret/release".into(), Value::Null),
            ("POST", "/tasks/job/resume".into(), Value::Null),
            ("DELETE", "/members/payer".into(), Value::Null),
            ("POST", format!("/debts/{debt}/write_off"), json!({ "reason": "x" })),
            ("POST", "/recharges/recharge_1/decline".into(), json!({ "reason": "x" })),
        ];
        for (method, rest, body) in calls {
            let missing = |rest: &str| {
                let call = server.call(method, &format!("{ours}{rest}"));
                let call = if body.is_null() { call } else { call.json(&body) };
                call.send().is(404).json["detail"].as_str().unwrap().to_owned()
            };
            let theirs = missing(&rest);
            let last = rest.split('/').nth(2).unwrap();
            assert_eq!(
                theirs.replace(last, "nothing"),
                missing(&rest.replace(last, "nothing")),
                "{method} {rest}"
            );
        }
        assert_eq!(version(), before);
        let nobody = server.get("/v1/organizations/nobody/balance").is(404);
        assert_eq!(nobody.json["code"], "not_found");
    }
}
