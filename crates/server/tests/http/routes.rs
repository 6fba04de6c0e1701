//! Every route once, in a story that uses it as a host would.

use crate::{
    client::{Answer, Server, servers},
    document::operations,
};
use serde_json::{Value, json};
use std::{cell::RefCell, collections::BTreeSet};

/// Calls routes by their template and remembers which.
struct Tour<'a> {
    server: &'a Server,
    seen: RefCell<BTreeSet<(String, String)>>,
}

impl Tour<'_> {
    /// `path` is the template with `{name=value}` for each id, and a query.
    #[track_caller]
    fn go(&self, method: &str, path: &str, body: Option<Value>, status: u16) -> Answer {
        let mut template = String::new();
        let mut asked = String::new();
        for part in path.split('/').skip(1) {
            let id = part.strip_prefix('{').and_then(|part| part.strip_suffix('}')?.split_once('='));
            let (name, value) =
                id.map_or((part.to_owned(), part), |(name, value)| (format!("{{{name}}}"), value));
            template += &format!("/{name}");
            asked += &format!("/{value}");
        }
        let template = template.split('?').next().unwrap().to_owned();
        self.seen.borrow_mut().insert((method.to_owned(), template));
        let call = self.server.call(method, &asked);
        body.map_or_else(|| self.server.call(method, &asked), |body| call.json(&body)).send().is(status)
    }
}

#[test]
fn every_route_does_what_it_says() {
    for server in servers() {
        tour(server);
    }
}

fn tour(server: &Server) {
    let tour = Tour { server, seen: RefCell::default() };
    let go = |method: &str, path: &str, body: Value, status: u16| {
        let body = if body.is_null() { None } else { Some(body) };
        tour.go(method, path, body, status).json
    };
    let none = Value::Null;
    let org = "/v1/organizations/{org=tour}";
    let at = |rest: &str| format!("{org}{rest}");

    // A clock of its own, before it is opened.
    let clock = "/v1/sandbox/organizations/{org=tour}/clock";
    let set = go("POST", clock, json!({ "to": "2027-01-01T00:00:00Z" }), 200);
    assert_eq!((&set["organization"], &set["now"]), (&json!("tour"), &json!("2027-01-01T00:00:00Z")));
    assert!(set["balance"].is_null());

    // People.
    assert_eq!(go("PUT", org, json!({ "name": "Tour" }), 200)["name"], "Tour");
    let card = "/v1/sandbox/organizations/{org=tour}/card";
    assert_eq!(go("PUT", card, json!({ "behaviour": "ok" }), 404)["code"], "not_found");
    assert_eq!(go("GET", org, none.clone(), 200)["test_clock"], "2027-01-01T00:00:00Z");
    let owner =
        go("PUT", &at("/members/{member=ada}"), json!({ "role": "owner", "email": "ada@example.com" }), 200);
    assert_eq!(
        (&owner["member"]["name"], &owner["member"]["email"]),
        (&json!("ada"), &json!("ada@example.com"))
    );
    go(
        "PUT",
        &at("/members/{member=bob}"),
        json!({ "name": "Bob", "role": "member", "billing_admin": true }),
        200,
    );
    go("PUT", &at("/members/{member=eve}"), json!({ "role": "viewer" }), 200);
    go("DELETE", &at("/members/{member=eve}"), none.clone(), 200);
    go("POST", &at("/transfer_ownership"), json!({ "to": "bob" }), 200);
    let members = go("GET", &at("/members"), none.clone(), 200);
    let roles: Vec<&Value> =
        members["data"].as_array().unwrap().iter().map(|member| &member["role"]).collect();
    assert_eq!(roles, ["admin", "owner"]);
    assert!(
        go("GET", "/v1/organizations?limit=500", none.clone(), 200)["data"]
            .as_array()
            .unwrap()
            .iter()
            .any(|row| row["id"] == "tour")
    );
    assert_eq!(go("GET", "/v1/catalog", none.clone(), 200)["kinds"].as_array().unwrap().len(), 6);

    // Money in.
    let period = json!({ "status": "active", "plan": "starter", "cadence": "monthly",
    "period_start": "2027-01-01T00:00:00Z", "period_end": "2027-02-01T00:00:00Z" });
    let reported = go("PUT", &at("/subscription"), period, 200);
    assert_eq!(reported["balance"]["subscription"]["status"], "active");
    let renewal = json!({ "id": "in_1", "purpose": "renewal", "paid": 1000, "currency": "USD",
    "period_start": "2027-01-01T00:00:00Z", "period_end": "2027-02-01T00:00:00Z" });
    assert_eq!(go("POST", &at("/payments"), renewal, 201)["balance"]["included"], "1000");
    let top_up =
        json!({ "id": "py_1", "purpose": "top_up", "paid": 500, "currency": "USD", "credits": "500.5" });
    let paid = go("POST", &at("/payments"), top_up, 201);
    assert_eq!((&paid["grant"]["payment"], &paid["balance"]["purchased"]), (&json!("py_1"), &json!("500.5")));
    let gift =
        json!({ "amount": 100, "grant": "gift", "reason": "welcome", "kind": "promotional", "priority": 5 });
    assert_eq!(go("POST", &at("/grants"), gift, 201)["grant"]["id"], "gift");
    let grants = go("GET", &at("/grants?limit=2"), none.clone(), 200);
    assert_eq!(grants["data"][0]["id"], "gift");
    let cursor = grants["next_cursor"].as_str().unwrap();
    let rest = go("GET", &at(&format!("/grants?limit=2&cursor={cursor}")), none.clone(), 200);
    assert_eq!((rest["data"].as_array().unwrap().len(), &rest["next_cursor"]), (1, &none));

    // Work.
    let run = json!({ "id": "r1", "kind": "tool_run", "hold": 50, "member": "ada", "task": "nightly",
    "hold_lifetime": "PT1H", "metadata": { "ticket": 7 } });
    let started = go("POST", &at("/runs"), run, 201);
    assert_eq!(
        (&started["run"]["held"], &started["run"]["lapses_at"]),
        (&json!("50"), &json!("2027-01-01T01:00:00Z"))
    );
    let used = go("POST", &at("/runs/{run=r1}/usage"), json!({ "id": "u1", "amount": "20.25" }), 200);
    assert_eq!((&used["run"]["used"], &used["run"]["held"]), (&json!("20.25"), &json!("29.75")));
    let settled = go("POST", &at("/runs/{run=r1}/settle"), json!({ "used": 60.0, "outcome": "failed" }), 200);
    assert_eq!((&settled["run"]["status"], &settled["run"]["overrun"]), (&json!("settled"), &json!("10")));
    assert_eq!(settled["run"]["charged"], json!([{ "grant": "gift", "amount": "60" }]));
    go("POST", &at("/runs"), json!({ "id": "r2", "kind": "chat_message" }), 201);
    assert_eq!(go("POST", &at("/runs/{run=r2}/release"), none.clone(), 200)["run"]["status"], "released");
    let charged = go("POST", &at("/charges"), json!({ "id": "c1", "kind": "background", "used": 5 }), 201);
    assert_eq!(charged["run"]["used"], "5");
    let run = go("GET", &at("/runs/{run=r1}"), none.clone(), 200);
    assert_eq!((&run["usages"][0]["id"], &run["metadata"]["ticket"]), (&json!("u1"), &json!(7)));
    let runs = go("GET", &at("/runs?status=settled"), none.clone(), 200);
    assert_eq!(runs["data"].as_array().unwrap().len(), 2);
    let nightly = go("GET", &at("/runs?task=nightly"), none.clone(), 200);
    assert_eq!(nightly["data"].as_array().unwrap().len(), 1);

    // A refused start pauses its task, and says everything.
    let refused = json!({ "id": "r3", "kind": "tool_run", "hold": 1000000, "task": "nightly" });
    let refused = go("POST", &at("/runs"), refused, 402);
    assert_eq!((&refused["code"], &refused["required"]), (&json!("insufficient_credits"), &json!("1000000")));
    assert_eq!(refused["error"]["code"], "insufficient_quota");
    assert_eq!(refused["ask"][0]["member"], "bob");
    let step = &refused["next_steps"][0];
    assert_eq!((&step["action"], &step["amount"]), (&json!("add_credits"), &refused["shortfall"]));
    assert_eq!(step["url"], "https://credits.test/console/tour/billing#add_credits");
    let refusals = go("GET", &at("/runs?status=refused"), none.clone(), 200);
    assert_eq!((&refusals["data"][0]["id"], &refusals["counts"][0]["refused"]), (&json!("r3"), &json!(1)));
    assert_eq!(go("GET", &at("/tasks"), none.clone(), 200)["data"][0]["status"], "paused_for_credits");
    assert_eq!(
        go("POST", &at("/tasks/{task=nightly}/resume"), none.clone(), 200)["task"]["status"],
        "active"
    );
    let task = go("PUT", &at("/tasks/{task=nightly}"), json!({ "failures_max": 3 }), 200);
    assert_eq!(task["task"]["failures_max"], 3);

    // Several at once; one that is wrong fails alone.
    let commands = json!({ "commands": [
    { "op": "start", "organization": "tour", "id": "b1", "kind": "chat_message" },
    { "op": "usage", "organization": "tour", "run": "b1", "id": "u1", "amount": 1 },
    { "op": "settle", "organization": "tour", "run": "b1", "used": 2 },
    { "op": "charge", "organization": "nobody", "id": "b2", "kind": "background", "used": 1 },
    { "op": "start", "organization": "tour", "id": "b3", "kind": "tool_run", "hold": "1000000" },
    { "op": "settle", "organization": "tour", "run": "b1", "used": "-2" },
    { "op": "release", "organization": "tour", "run": "b1", "used": 2 },
    "nonsense",
] });
    let batch = go("POST", "/v1/batch", commands, 200);
    let statuses: Vec<&Value> =
        batch["results"].as_array().unwrap().iter().map(|item| &item["status"]).collect();
    assert_eq!(statuses, [201, 200, 200, 404, 402, 422, 422, 422]);
    assert_eq!(batch["results"][2]["run"]["used"], "2");
    assert_eq!(batch["results"][4]["code"], "insufficient_credits");
    assert_eq!(batch["results"][5]["errors"][0]["pointer"], "/used");

    // Debt, refunds, disputes.
    go("POST", &at("/charges"), json!({ "id": "big", "kind": "background", "used": 2000 }), 201);
    let owed = go("GET", &at("/debts?open=true"), none.clone(), 200);
    let debt = owed["data"][0]["id"].as_str().unwrap();
    assert_eq!(owed["data"][0]["origin"], json!({ "type": "run", "run": "big" }));
    let written = json!({ "amount": "1.5", "reason": "our mistake" });
    let written = go("POST", &at(&format!("/debts/{{debt={debt}}}/write_off")), written, 200);
    assert_eq!(written["debt"]["offset"], "1.5");
    let session = go("POST", &at("/sessions"), json!({ "member": "bob", "lifetime": "PT1H" }), 201);
    assert!(session["url"].as_str().unwrap().starts_with("https://credits.test/enter/tour/coulomb_session_"));
    let explained = go("GET", &at("/explanation"), none.clone(), 200);
    assert_eq!(explained["reasons"][0]["causes"][0]["what"]["run"], "big");
    assert!(explained["reasons"][0]["text"].as_str().unwrap().len() > 20);
    go("POST", &at("/refunds"), json!({ "id": "re_1", "payment": "py_1", "amount": 100 }), 201);
    go("POST", &at("/refunds/{refund=re_1}/fail"), none.clone(), 200);
    go("POST", &at("/disputes"), json!({ "id": "dp_1", "payment": "py_1", "amount": 500 }), 201);
    let closed = go("POST", &at("/disputes/{dispute=dp_1}/close"), json!({ "outcome": "won" }), 200);
    assert_eq!(closed["payment"]["disputes"][0]["outcome"], "won");
    assert_eq!(closed["payment"]["refunds"][0]["failed"], true);
    let payments = go("GET", &at("/payments"), none.clone(), 200);
    assert_eq!(payments["data"].as_array().unwrap().len(), 2);
    let repaid =
        json!({ "id": "py_2", "purpose": "repayment", "paid": 5000, "currency": "USD", "credits": 5000 });
    let repaid = go("POST", &at("/payments"), repaid, 201);
    assert_eq!(repaid["balance"]["debt"]["total"], "0");

    // Auto-recharge.
    let settings = json!({ "enabled": true, "threshold": 10000, "amount": 20000 });
    let early = go("PUT", &at("/auto_recharge"), settings.clone(), 422);
    assert_eq!(early["code"], "payment_method_required");
    go("PUT", &at("/payment_method"), json!({ "present": true }), 200);
    let buying = go("PUT", &at("/auto_recharge"), settings, 200);
    let recharge = buying["balance"]["auto_recharge"]["in_flight"]["id"].as_str().unwrap();
    let declined = json!({ "reason": "card_declined" });
    let declined = go("POST", &at(&format!("/recharges/{{recharge={recharge}}}/decline")), declined, 200);
    assert_eq!(declined["balance"]["auto_recharge"]["retry_at"], "2027-01-01T01:00:00Z");

    // Plans.
    let wanted = json!({ "plan": "team", "cadence": "monthly" });
    let preview = go("POST", &at("/subscription/preview_change"), wanted.clone(), 200);
    assert_eq!((&preview["charge"], &preview["new_allowance"]), (&json!(4000), &json!("9000")));
    go("POST", &at("/subscription/change"), wanted, 200);
    assert_eq!(go("GET", org, none.clone(), 200)["planned_change"]["plan"], "team");
    go("DELETE", &at("/subscription/change"), none.clone(), 200);
    assert!(go("GET", org, none.clone(), 200)["planned_change"].is_null());

    // A host with a provider of its own sells there.
    let back = json!({ "shortfall": true, "return_url": "https://credits.test/" });
    assert_eq!(go("POST", &at("/checkout"), back, 422)["code"], "invalid");
    let back = json!({ "return_url": "https://credits.test/" });
    assert_eq!(go("POST", &at("/portal"), back, 422)["code"], "invalid");
    for order in ["cancel", "resume"] {
        let refused = go("POST", &at(&format!("/subscription/{order}")), none.clone(), 422);
        assert_eq!(refused["code"], "provider_unsupported");
    }
    assert_eq!(go("GET", &at("/invoices"), none.clone(), 200)["data"], json!([]));

    // What is told, and what could not be.
    let chosen = json!({ "email": { "balance.low": false } });
    go("PUT", &at("/members/{member=ada}/notices"), chosen, 200);
    let choices = go("GET", &at("/members/{member=ada}/notices"), none.clone(), 200);
    assert_eq!(choices["email"]["balance.low"], false);
    assert!(go("GET", "/v1/notices/dead", none.clone(), 200)["data"].is_array());
    go("POST", &at("/notices/{notice=host:1}/replay"), none.clone(), 404);

    // What if, and what was.
    let followed = tour.go("GET", &at("/stream"), None, 200);
    assert!(followed.text.starts_with("event: balance\n"), "{}", followed.text);
    let version = go("GET", &at("/balance"), none.clone(), 200)["version"].clone();
    let preview = json!({ "command": { "op": "start", "id": "x", "kind": "tool_run", "hold": 7000000 } });
    let preview = go("POST", &at("/preview"), preview, 200);
    assert_eq!((&preview["allowed"], &preview["refusal"]["status"]), (&json!(false), &json!(402)));
    let preview = json!({ "command": { "op": "charge", "id": "x", "kind": "background", "used": 5 } });
    assert_eq!(go("POST", &at("/preview"), preview, 200)["allowed"], true);
    assert_eq!(go("GET", &at("/balance"), none.clone(), 200)["version"], version);
    let usage = go("GET", &at("/usage?by=day,kind"), none.clone(), 200);
    assert_eq!(usage["totals"]["credits"], "2067");
    assert_eq!(usage["data"][0]["day"], "2027-01-01T00:00:00Z");
    let events = go("GET", &at("/events?limit=500"), none.clone(), 200);
    let seqs: Vec<u64> =
        events["data"].as_array().unwrap().iter().map(|event| event["seq"].as_u64().unwrap()).collect();
    assert!(seqs.iter().copied().eq(1..=version.as_u64().unwrap()));
    let entries = go("GET", &at("/entries?limit=500"), none.clone(), 200);
    assert!(!entries["data"].as_array().unwrap().is_empty());
    for what in ["usage", "grants", "events"] {
        let export = tour.go("GET", &at(&format!("/export.csv?what={what}")), None, 200);
        assert!(export.header("content-type").starts_with("text/csv"), "{export:?}");
        assert!(export.text.lines().count() > 1, "{what}: {}", export.text);
    }
    go("PUT", &at("/suspension"), json!({ "reason": "unpaid" }), 200);
    assert_eq!(go("GET", org, none.clone(), 200)["suspension"]["reason"], "unpaid");
    go("DELETE", &at("/suspension"), none.clone(), 200);

    // A month later everything that was due has happened.
    let set = go("POST", clock, json!({ "by": "P1M" }), 200);
    assert_eq!((&set["now"], &set["balance"]["included"]), (&json!("2027-02-01T00:00:00Z"), &json!("0")));
    go("POST", clock, json!({ "to": "2027-01-01T00:00:00Z" }), 422);
    go("POST", clock, json!({}), 422);

    let all: BTreeSet<(String, String)> =
        operations().into_iter().map(|(method, path, _)| (method, path)).collect();
    assert_eq!(*tour.seen.borrow(), all, "left: routes of this tour; right: routes there are");
}

#[test]
fn a_cell_that_looks_like_a_formula_is_inert() {
    for server in servers() {
        let path = server.organization("inert", 1_000);
        server
            .post(
                &format!("{path}/charges"),
                json!({ "id": "c1", "kind": "background", "used": 1, "member": "-cmd" }),
            )
            .is(201);
        let export = server.get(&format!("{path}/export.csv?what=usage")).is(200);
        assert!(export.text.contains(",'-cmd,"), "{}", export.text);
    }
}

#[test]
fn a_batch_has_a_largest_size_and_may_be_empty() {
    for server in servers() {
        server.post("/v1/batch", json!({ "commands": vec![1; 1_001] })).is(422);
        assert_eq!(
            server.post("/v1/batch", json!({ "commands": [] })).is(200).json,
            json!({ "results": [] })
        );
        let full = server.post("/v1/batch", json!({ "commands": vec![1; 1_000] })).is(200);
        assert_eq!(full.json["results"].as_array().unwrap().len(), 1_000);
    }
}
