//! Who may call what: every route with every kind of key and every kind of member. A route that this matrix does not know
//! fails it.

use crate::{
    client::{Server, servers},
    document::operations,
};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// What a member needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Needs {
    /// To be one.
    Membership,
    /// Not to be a viewer.
    Work,
    /// To be the owner or a billing admin.
    Billing,
    /// To be the owner or an admin.
    Manage,
    /// To be the owner.
    Owner,
    /// Nothing would do: the host's own key alone.
    Host,
    /// Members do not come into it.
    Nothing,
    /// Each command of a batch is judged by itself.
    EachItself,
}
use Needs::*;

/// Method, path with ids, scopes besides admin (`r`untime, re`a`d), what a member needs, a body.
fn matrix() -> Vec<(&'static str, &'static str, &'static str, Needs, Value)> {
    let none = Value::Null;
    let period = json!({ "status": "none" });
    let plan = json!({ "plan": "team", "cadence": "annual" });
    vec![
        ("POST", "/v1/organizations/{org}/runs", "r", Work, json!({ "id": "m1", "kind": "tool_run" })),
        ("GET", "/v1/organizations/{org}/runs", "ra", Membership, none.clone()),
        ("GET", "/v1/organizations/{org}/runs/{run}", "ra", Membership, none.clone()),
        ("POST", "/v1/organizations/{org}/runs/{run}/usage", "r", Work, json!({ "id": "u", "amount": 1 })),
        ("POST", "/v1/organizations/{org}/runs/{run}/settle", "r", Work, json!({ "used": 1 })),
        ("POST", "/v1/organizations/{org}/runs/{run}/release", "r", Work, none.clone()),
        (
            "POST",
            "/v1/organizations/{org}/charges",
            "r",
            Work,
            json!({ "id": "m2", "kind": "background", "used": 0 }),
        ),
        ("POST", "/v1/batch", "r", EachItself, json!({ "commands": [] })),
        ("GET", "/v1/organizations/{org}/balance", "ra", Membership, none.clone()),
        ("GET", "/v1/organizations/{org}/stream", "ra", Membership, none.clone()),
        ("GET", "/v1/organizations", "a", Host, none.clone()),
        ("PUT", "/v1/organizations/{org}", "", Manage, json!({ "name": "access" })),
        ("GET", "/v1/organizations/{org}", "a", Membership, none.clone()),
        ("PUT", "/v1/organizations/{org}/suspension", "", Host, json!({ "reason": "test" })),
        ("DELETE", "/v1/organizations/{org}/suspension", "", Host, none.clone()),
        ("GET", "/v1/organizations/{org}/members", "a", Membership, none.clone()),
        ("PUT", "/v1/organizations/{org}/members/{member}", "", Manage, json!({ "role": "member" })),
        ("DELETE", "/v1/organizations/{org}/members/{member}", "", Manage, none.clone()),
        ("GET", "/v1/organizations/{org}/members/{member}/notices", "a", Manage, none.clone()),
        ("PUT", "/v1/organizations/{org}/members/{member}/notices", "", Manage, json!({ "email": {} })),
        ("GET", "/v1/notices/dead", "", Host, none.clone()),
        ("POST", "/v1/organizations/{org}/notices/{notice}/replay", "", Host, none.clone()),
        ("POST", "/v1/organizations/{org}/transfer_ownership", "", Owner, json!({ "to": "owner" })),
        ("GET", "/v1/organizations/{org}/tasks", "a", Membership, none.clone()),
        ("PUT", "/v1/organizations/{org}/tasks/{task}", "", Work, json!({ "failures_max": 2 })),
        ("POST", "/v1/organizations/{org}/tasks/{task}/resume", "", Work, none.clone()),
        ("GET", "/v1/organizations/{org}/grants", "a", Billing, none.clone()),
        ("POST", "/v1/organizations/{org}/grants", "", Host, json!({ "credits": 1 })),
        ("GET", "/v1/organizations/{org}/debts", "a", Billing, none.clone()),
        ("POST", "/v1/organizations/{org}/debts/{debt}/write_off", "", Billing, json!({ "reason": "x" })),
        ("GET", "/v1/organizations/{org}/events", "a", Billing, none.clone()),
        ("GET", "/v1/organizations/{org}/entries", "a", Billing, none.clone()),
        ("POST", "/v1/organizations/{org}/sessions", "", Host, json!({ "member": "owner" })),
        ("GET", "/v1/organizations/{org}/explanation", "a", Membership, none.clone()),
        (
            "POST",
            "/v1/organizations/{org}/preview",
            "",
            Work,
            json!({ "command": { "op": "start", "id": "x", "kind": "tool_run" } }),
        ),
        ("GET", "/v1/organizations/{org}/usage", "a", Membership, none.clone()),
        ("GET", "/v1/organizations/{org}/export.csv", "a", Billing, none.clone()),
        ("GET", "/v1/catalog", "a", Nothing, none.clone()),
        ("PUT", "/v1/organizations/{org}/auto_recharge", "", Billing, json!({ "enabled": false })),
        ("GET", "/v1/organizations/{org}/payments", "a", Billing, none.clone()),
        ("POST", "/v1/organizations/{org}/subscription/preview_change", "", Billing, plan.clone()),
        ("POST", "/v1/organizations/{org}/subscription/change", "", Billing, plan),
        ("DELETE", "/v1/organizations/{org}/subscription/change", "", Billing, none.clone()),
        ("POST", "/v1/organizations/{org}/subscription/cancel", "", Billing, none.clone()),
        ("POST", "/v1/organizations/{org}/subscription/resume", "", Billing, none.clone()),
        (
            "POST",
            "/v1/organizations/{org}/checkout",
            "",
            Billing,
            json!({ "shortfall": true, "return_url": "https://credits.test/" }),
        ),
        (
            "POST",
            "/v1/organizations/{org}/portal",
            "",
            Billing,
            json!({ "return_url": "https://credits.test/" }),
        ),
        ("GET", "/v1/organizations/{org}/invoices", "a", Billing, none.clone()),
        ("PUT", "/v1/organizations/{org}/subscription", "", Host, period),
        (
            "POST",
            "/v1/organizations/{org}/payments",
            "",
            Host,
            json!({ "id": "p", "purpose": "top_up", "paid": 1, "currency": "USD", "credits": 1 }),
        ),
        (
            "POST",
            "/v1/organizations/{org}/refunds",
            "",
            Host,
            json!({ "id": "re", "payment": "px", "amount": 1 }),
        ),
        ("POST", "/v1/organizations/{org}/refunds/{refund}/fail", "", Host, none.clone()),
        (
            "POST",
            "/v1/organizations/{org}/disputes",
            "",
            Host,
            json!({ "id": "dp", "payment": "px", "amount": 1 }),
        ),
        ("POST", "/v1/organizations/{org}/disputes/{dispute}/close", "", Host, json!({ "outcome": "won" })),
        ("PUT", "/v1/organizations/{org}/payment_method", "", Billing, json!({ "present": false })),
        ("POST", "/v1/organizations/{org}/recharges/{recharge}/decline", "", Host, json!({ "reason": "x" })),
        ("POST", "/v1/sandbox/organizations/{org}/clock", "", Host, json!({ "by": "PT1S" })),
        ("PUT", "/v1/sandbox/organizations/{org}/card", "", Billing, json!({ "behaviour": "ok" })),
    ]
}

/// People, and what each has.
const PEOPLE: [(&str, &str, bool, &[Needs]); 5] = [
    ("owner", "owner", false, &[Membership, Work, Billing, Manage, Owner]),
    ("admin", "admin", false, &[Membership, Work, Manage]),
    ("payer", "member", true, &[Membership, Work, Billing]),
    ("member", "member", false, &[Membership, Work]),
    ("viewer", "viewer", false, &[Membership]),
];

fn at(path: &str) -> String {
    let ids = [
        ("org", "access"),
        ("run", "r1"),
        ("member", "guest"),
        ("notice", "host:1.000"),
        ("task", "t1"),
        ("debt", "debt_1"),
        ("refund", "re9"),
        ("dispute", "dp9"),
        ("recharge", "recharge_1"),
    ];
    ids.iter().fold(path.to_owned(), |path, (name, id)| path.replace(&format!("{{{name}}}"), id))
}

fn ask(
    server: &Server,
    method: &str,
    path: &str,
    key: &str,
    member: Option<&str>,
    body: &Value,
) -> (u16, Value) {
    let mut call = server.call(method, &at(path)).key(key);
    if let Some(member) = member {
        call = call.member(member);
    }
    if !body.is_null() {
        call = call.json(body);
    }
    let answer = call.send();
    if answer.status >= 400 {
        answer.problem();
    }
    assert!(answer.status < 500, "{method} {path}: {}", answer.text);
    (answer.status, answer.json)
}

#[test]
fn every_route_is_in_the_matrix() {
    let known: BTreeSet<(String, String)> =
        matrix().into_iter().map(|(method, path, ..)| (method.to_owned(), path.to_owned())).collect();
    let there: BTreeSet<(String, String)> =
        operations().into_iter().map(|(method, path, _)| (method, path)).collect();
    assert_eq!(known, there, "left: routes of the matrix; right: routes there are");
    // What is in the table of access and not in the document needs no key.
    let open: Vec<&str> = coulomb_server::http::access::ROUTES
        .iter()
        .filter(|route| !there.contains(&(route.method.to_owned(), route.path.to_owned())))
        // Pages for people are in `console` and `operator`.
        .filter(|route| {
            !["/console", "/enter", "/assets", "/operator"].iter().any(|at| route.path.starts_with(at))
        })
        .map(|route| route.path)
        .collect();
    let pages = [
        "/sandbox/coulomb.css",
        "/sandbox/checkout/{org}/{token}",
        "/sandbox/checkout/{org}/{token}",
        "/sandbox/portal/{org}/{token}",
        "/sandbox/portal/{org}/{token}",
        "/sandbox/invoices/{org}/{token}/{invoice}",
    ];
    let others = ["/v1/openapi.json", "/healthz", "/readyz", "/metrics"];
    assert_eq!(open, [&["/v1/webhooks/stripe"][..], &pages, &others].concat());
}

#[test]
fn every_route_lets_in_the_keys_and_members_it_should_and_no_others() {
    for server in servers() {
        let path = server.organization("access", 100_000);
        for (member, role, billing_admin, _) in PEOPLE {
            server
                .put(
                    &format!("{path}/members/{member}"),
                    json!({ "role": role, "billing_admin": billing_admin }),
                )
                .is(200);
        }
        let session = |path: &str, member: &str| {
            let made = server.post(&format!("{path}/sessions"), json!({ "member": member })).is(201);
            made.json["token"].as_str().expect("a token").to_owned()
        };
        let sessions: Vec<String> = PEOPLE.iter().map(|(member, ..)| session(&path, member)).collect();
        let other = server.organization("access-elsewhere", 0);
        server.put(&format!("{other}/members/owner"), json!({ "role": "owner" })).is(200);
        let elsewhere = session(&other, "owner");
        let mut wrong = Vec::new();
        for (method, path, scopes, needs, body) in matrix() {
            let mut check = |who: String, (status, answer): (u16, Value), expected: Option<(u16, &str)>| {
                let refused = matches!(status, 401 | 403);
                let right = match expected {
                    None => !refused,
                    Some((code, why)) => status == code && answer["code"] == why,
                };
                if !right {
                    wrong.push(format!("{method} {path} by {who}: {status} {}", answer["code"]));
                }
            };
            let unauthorized = Some((401, "unauthorized"));
            check("nobody".into(), ask(server, method, path, "", None, &body), unauthorized);
            check(
                "a made-up key".into(),
                ask(server, method, path, "coulomb_admin_x_y", None, &body),
                unauthorized,
            );
            for (scope, key, mark) in [("runtime", &server.runtime, 'r'), ("read", &server.read, 'a')] {
                let expected = if scopes.contains(mark) { None } else { Some((403, "insufficient_scope")) };
                check(format!("a {scope} key"), ask(server, method, path, key, None, &body), expected);
            }
            check("an admin key".into(), ask(server, method, path, &server.admin, None, &body), None);
            // A member's own session goes as far as the member, within one organization; it meters nothing, gives no debt up and
            // reports nothing that only the provider knows.
            let meters =
                ["/runs", "/charges", "/batch"].iter().any(|part| path.contains(part)) && method == "POST";
            let hosts = ["/write_off", "/payment_method"].iter().any(|end| path.ends_with(end));
            let reachable = path.starts_with("/v1/organizations/{org}") && !meters && !hosts;
            for ((member, .., has), token) in PEOPLE.iter().zip(&sessions) {
                let expected = match reachable {
                    false => Some((403, "insufficient_scope")),
                    true if has.contains(&needs) => None,
                    true => Some((403, "forbidden")),
                };
                check(format!("{member}'s session"), ask(server, method, path, token, None, &body), expected);
            }
            let expected = if reachable { unauthorized } else { Some((403, "insufficient_scope")) };
            let answer = ask(server, method, path, &elsewhere, None, &body);
            check("a session of another organization".into(), answer, expected);
            for (member, .., has) in PEOPLE {
                let lets_in = has.contains(&needs) || matches!(needs, Nothing | EachItself);
                let expected = if lets_in { None } else { Some((403, "forbidden")) };
                check(member.into(), ask(server, method, path, &server.admin, Some(member), &body), expected);
            }
            let stranger = ask(server, method, path, &server.admin, Some("stranger"), &body);
            let expected = match needs {
                Nothing | EachItself => None,
                Host if !path.contains("{org}") => Some((403, "forbidden")),
                _ => Some((403, "not_a_member")),
            };
            check("a stranger".into(), stranger, expected);
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }
}
