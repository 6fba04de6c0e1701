//! The operator's view: who gets in and for how long, what they see, and that what they do is in the ledger in their name.

use crate::client::{Answer, NOW, Server, servers, start_on_every_store};
use coulomb_server::{
    auth,
    http::{
        HttpSettings,
        access::{ROUTES, Route},
    },
};
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use store::Scope;

/// Somebody who signed in with a key.
pub struct SignedIn<'a> {
    server: &'a Server,
    cookie: String,
}

impl<'a> SignedIn<'a> {
    pub fn new(server: &'a Server, key: &str) -> SignedIn<'a> {
        let entered = enter(server, key, "/operator").is(303);
        let cookie = entered.header("set-cookie").split(';').next().unwrap().to_owned();
        SignedIn { server, cookie }
    }

    pub fn see(&self, rest: &str) -> Answer {
        self.server.call("GET", &format!("/operator{rest}")).header("cookie", &self.cookie).send()
    }

    fn send(&self, rest: &str, fields: &[(&str, &str)]) -> Answer {
        let page = self.see("/help").page(200);
        let proven = [&[("proof", proof(&page.text))], fields].concat();
        self.send_as(rest, &proven, &[])
    }

    fn send_as(&self, rest: &str, fields: &[(&str, &str)], headers: &[(&str, &str)]) -> Answer {
        let call = self.server.call("POST", &format!("/operator{rest}")).header("cookie", &self.cookie);
        headers.iter().fold(call, |call, (name, value)| call.header(name, value)).form(fields).send()
    }

    /// Sends an order, confirms it as the page that is shown then would, and gives the fields of the confirmation.
    fn order(&self, rest: &str, fields: &[(&str, &str)]) -> (String, String) {
        let asked = self.send(rest, fields).page(200).text;
        let once = asked.split("name=\"once\" value=\"").nth(1).expect("a confirmation");
        let once = once.split('"').next().unwrap().to_owned();
        let confirmed = self.send(rest, &[fields, &[("once", &once)]].concat());
        assert_eq!(confirmed.status, 303, "{}", confirmed.text);
        (once, confirmed.header("location").to_owned())
    }
}

/// What proves that a form was shown to whoever signed in.
fn proof(page: &str) -> &str {
    page.split("name=\"proof\" value=\"").nth(1).expect("a form").split('"').next().unwrap()
}

fn enter(server: &Server, key: &str, to: &str) -> Answer {
    server.call("POST", "/operator/enter").without("authorization").form(&[("key", key), ("to", to)]).send()
}

/// Owes 50.
fn indebted(server: &Server, id: &str) -> String {
    let path = server.organization(id, 100);
    server.post(&format!("{path}/charges"), json!({ "id": "c1", "kind": "background", "used": 150 })).is(201);
    let debts = server.get(&format!("{path}/debts")).is(200);
    debts.json["data"][0]["id"].as_str().unwrap().to_owned()
}

fn last_event(server: &Server, id: &str) -> Value {
    let events = server.get(&format!("/v1/organizations/{id}/events?limit=500")).is(200);
    events.json["data"].as_array().unwrap().last().unwrap().clone()
}

fn operators() -> impl Iterator<Item = &'static Route> {
    ROUTES.iter().filter(|route| route.path.starts_with("/operator"))
}

fn at(route: &Route) -> String {
    let parts = route.path.split('/').map(|part| if part.starts_with('{') { "x" } else { part });
    parts.collect::<Vec<_>>().join("/")
}

#[test]
fn whoever_has_no_key_sees_nothing_but_where_to_sign_in() {
    for server in servers() {
        server.organization("op-closed", 100);
        assert!(operators().count() > 5);
        for route in operators() {
            for cookie in ["", "coulomb_operator=key_x~9999999999999999~x", "coulomb_operator=~~"] {
                let call = server.call(route.method, &at(route)).header("cookie", cookie);
                // A key in a header opens the API, not the pages.
                let call = if route.method == "POST" { call.form(&[]) } else { call };
                let answer = call.send().page(401);
                assert!(
                    answer.text.contains("name=\"key\"") && !answer.text.contains("op-closed"),
                    "{}",
                    answer.text
                );
                let policy = answer.header("content-security-policy");
                assert!(policy.ends_with("frame-ancestors 'none'"), "{policy}");
            }
        }
    }
}

#[test]
fn a_key_is_exchanged_for_a_cookie_and_is_neither_kept_nor_shown() {
    for server in servers() {
        let entered = enter(server, &server.admin, "/operator/help").is(303);
        assert_eq!(entered.header("location"), "/operator/help");
        let set = entered.header("set-cookie");
        for part in ["coulomb_operator=", "; Path=/operator;", "; HttpOnly", "; SameSite=Strict"] {
            assert!(set.contains(part), "{set}");
        }
        // The servers of these tests are reached at an https address.
        assert!(set.ends_with("; Secure") && !set.contains(&server.admin), "{set}");
        for to in ["https://evil.test/", "//evil.test", "/operatorx", "/console/x/billing"] {
            assert_eq!(enter(server, &server.admin, to).is(303).header("location"), "/operator", "{to}");
        }
        for (key, says) in [
            ("nonsense", "not copied whole"),
            (server.runtime.as_str(), "only meters work"),
            ("", "not copied whole"),
        ] {
            let refused = enter(server, key, "/operator").page(401);
            assert!(refused.text.contains(says), "{}", refused.text);
            assert!(key.is_empty() || !refused.text.contains(key), "{}", refused.text);
            assert_eq!(refused.header("set-cookie"), "");
        }
        let operator = SignedIn::new(server, &server.admin);
        let page = operator.see("").page(200).text;
        assert!(!page.contains(&server.admin), "{page}");
        // The cookie is of no use elsewhere, neither as a key nor as a member's session.
        let token = operator.cookie.split_once('=').unwrap().1;
        server.call("GET", "/v1/organizations").key(token).send().is(403);
        let elsewhere = server.call("GET", "/console/operator/billing");
        elsewhere.header("cookie", &format!("coulomb_session={token}")).send().page(401);
        let left = operator.send("/leave", &[]).is(303);
        assert!(left.header("set-cookie").contains("Max-Age=0"), "{left:?}");
        // Nor is it of use to whoever copied it, once its owner has signed out.
        operator.see("").page(401);
    }
}

#[test]
fn keys_are_not_guessed_and_whoever_guesses_keeps_nobody_out() {
    for server in start_on_every_store(HttpSettings::default()) {
        let tried: Vec<u16> =
            (0..12).map(|_| enter(&server, "coulomb_admin_guess", "/operator").status).collect();
        assert_eq!(tried, [[401; 10].as_slice(), &[429, 429]].concat());
        enter(&server, &server.admin, "/operator").is(303);
    }
}

#[test]
fn a_revoked_key_lets_nobody_stay() {
    for server in servers() {
        let made = auth::new_key("leaving", Scope::Admin, NOW).unwrap();
        server.store.create_key(&made.stored).unwrap();
        let operator = SignedIn::new(server, &made.key);
        operator.see("").page(200);
        server.store.revoke_key(&made.stored.id, NOW).unwrap();
        // The server reads the keys again every tenth of a second.
        let until = Instant::now() + Duration::from_secs(10);
        while operator.see("").status == 200 {
            assert!(Instant::now() < until, "the cookie outlives its key");
        }
        let posted = operator.send_as("/organizations/x/suspend", &[("reason", "x")], &[]);
        posted.page(401);
    }
}

#[test]
fn a_key_for_reading_looks_and_does_nothing() {
    for server in servers() {
        let debt = indebted(server, "op-read");
        let reader = SignedIn::new(server, &server.read);
        for page in ["", "/help", "/organizations/op-read", "/organizations/op-read/events"] {
            let text = reader.see(page).page(200).text;
            assert!(!text.contains("Give credits") && !text.contains(">Write off<"), "{page}: {text}");
            assert_eq!(text.matches("<form method=\"post\"").count(), 1, "only to sign out: {page}");
        }
        reader.see(&format!("/organizations/op-read/debts/{debt}")).page(200);
        let before = last_event(server, "op-read");
        for order in ["grant", "suspend", "lift", "write_off"] {
            let fields = [("amount", "5"), ("reason", "x"), ("debt", debt.as_str()), ("once", "o1")];
            let refused = reader.send(&format!("/organizations/op-read/{order}"), &fields).page(403);
            assert!(refused.text.contains("only reads"), "{}", refused.text);
        }
        assert_eq!(last_event(server, "op-read"), before);
    }
}

#[test]
fn a_write_off_is_confirmed_done_once_and_in_the_ledger_with_its_key() {
    for server in servers() {
        let debt = indebted(server, "op-off");
        let operator = SignedIn::new(server, &server.admin);
        let page = operator.see("/organizations/op-off").page(200).text;
        assert!(page.contains("used 50 credits more than was available"), "{page}");
        operator.see(&format!("/organizations/op-off/debts/{debt}")).page(200);
        operator.see("/organizations/op-off/debts/none").page(404);
        let fields = [("debt", debt.as_str()), ("amount", "20.5"), ("reason", "A <b>gesture</b>")];
        let asked = operator.send("/organizations/op-off/write_off", &fields).page(200).text;
        assert!(asked.contains("50 → 30") || asked.contains("50 → 29.5"), "{asked}");
        assert!(asked.contains("A &lt;b&gt;gesture&lt;/b&gt;"), "{asked}");
        let owed = || server.get("/v1/organizations/op-off/balance").is(200).json["debt"]["total"].clone();
        assert_eq!(owed(), "50", "asking changes nothing");
        let (once, to) = operator.order("/organizations/op-off/write_off", &fields);
        assert_eq!(to, "/operator/organizations/op-off?done=done-operator-write-off");
        // Sent twice, it is done once.
        let again = [&fields[..], &[("once", once.as_str())]].concat();
        operator.send("/organizations/op-off/write_off", &again).is(303);
        assert_eq!(owed(), "29.5");
        let keys = server.store.keys().unwrap();
        let events = server.get("/v1/organizations/op-off/events?limit=500").is(200).json;
        let offsets = events["data"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|event| event["data"].to_string().contains("gesture"));
        let offsets: Vec<&Value> = offsets.collect();
        assert_eq!(offsets.len(), 1, "{events}");
        let by = offsets[0]["by"].as_str().unwrap();
        assert!(keys.iter().any(|key| key.id.as_str() == by && key.scope == Scope::Admin), "{by}");
        let ledger = operator.see("/organizations/op-off/events").page(200).text;
        assert!(ledger.contains(by) && ledger.contains("A &lt;b&gt;gesture&lt;/b&gt;"), "{ledger}");
        // Wrong input is told at the form, and changes nothing.
        for (amount, reason, says) in
            [("x", "y", "in digits"), ("-1", "y", "in digits"), ("", " ", "Say why"), ("1000", "y", "")]
        {
            let fields = [("debt", debt.as_str()), ("amount", amount), ("reason", reason)];
            let refused = operator.send("/organizations/op-off/write_off", &fields).page(422);
            assert!(
                refused.text.contains(says) && refused.text.contains("role=\"alert\""),
                "{}",
                refused.text
            );
        }
        assert_eq!(owed(), "29.5");
    }
}

#[test]
fn credits_are_given_and_work_is_suspended_and_let_go_on() {
    for server in servers() {
        server.organization("op-acts", 100);
        let operator = SignedIn::new(server, &server.admin);
        let balance = || server.get("/v1/organizations/op-acts/balance").is(200).json;
        let gift = [("amount", "40"), ("expires", "2099-01-01"), ("reason", "Welcome")];
        let (once, _) = operator.order("/organizations/op-acts/grant", &gift);
        operator
            .send("/organizations/op-acts/grant", &[&gift[..], &[("once", once.as_str())]].concat())
            .is(303);
        assert_eq!(balance()["available"], "140");
        let other = [("amount", "41"), ("reason", "Welcome"), ("once", once.as_str())];
        operator.send("/organizations/op-acts/grant", &other).page(422);
        assert_eq!(balance()["available"], "140");
        for (expires, amount) in [("2001-01-01", "1"), ("2099-02-31", "1"), ("", "0"), ("", "1e9")] {
            let fields = [("amount", amount), ("expires", expires), ("reason", "x")];
            operator.send("/organizations/op-acts/grant", &fields).page(422);
        }
        operator.order("/organizations/op-acts/suspend", &[("reason", "Unpaid <i>bill</i>")]);
        assert_eq!(balance()["status"], "organization_suspended");
        let page = operator.see("/organizations/op-acts?done=done-operator-suspend").page(200).text;
        assert!(
            page.contains("Unpaid &lt;i&gt;bill&lt;/i&gt;")
                && page.contains("The organization is suspended."),
            "{page}"
        );
        operator.order("/organizations/op-acts/lift", &[]);
        assert_eq!(balance()["can_start"], true);
        operator.send("/organizations/op-acts/nothing", &[]).page(404);
        operator.send("/organizations/op-nobody/suspend", &[("reason", "x")]).page(404);
        operator.see("/organizations/op-nobody").page(404);
    }
}

#[test]
fn forms_of_other_sites_do_nothing() {
    for server in servers() {
        server.organization("op-forged", 100);
        let operator = SignedIn::new(server, &server.admin);
        let page = operator.see("/help").page(200);
        let fields = [("reason", "x"), ("once", "o1"), ("amount", "1")];
        let proven = [&[("proof", proof(&page.text))][..], &fields].concat();
        for order in ["suspend", "grant", "lift"] {
            let rest = format!("/organizations/op-forged/{order}");
            operator.send_as(&rest, &fields, &[]).page(403);
            for hostile in [("sec-fetch-site", "cross-site"), ("origin", "https://evil.test")] {
                operator.send_as(&rest, &proven, &[hostile]).page(403);
            }
        }
        let enter = server.call("POST", "/operator/enter").header("origin", "https://evil.test");
        enter.form(&[("key", &server.admin)]).send().page(403);
        assert_eq!(server.get("/v1/organizations/op-forged/balance").is(200).json["can_start"], true);
    }
}

#[test]
fn organizations_are_found_by_id_name_state_and_debt() {
    for server in start_on_every_store(HttpSettings::default()) {
        for number in 0..120 {
            server.organization(&format!("many-{number:03}"), 20_000);
        }
        indebted(&server, "zz-owes");
        server.put("/v1/organizations/many-077", json!({ "name": "Halden <script>x</script>" })).is(200);
        let operator = SignedIn::new(&server, &server.admin);
        let found = |query: &str| {
            let page = operator.see(query).page(200).text;
            let rows = page.matches("href=\"/operator/organizations/").count();
            let more = page
                .split("href=\"/operator?")
                .nth(1)
                .map(|rest| rest.split('"').next().unwrap().replace("&amp;", "&"));
            (rows, more, page)
        };
        let (mut rows, mut more, page) = found("");
        assert!(!page.contains("<script>x"), "{page}");
        let mut seen = rows;
        while let Some(rest) = more {
            (rows, more, _) = found(&format!("?{rest}"));
            seen += rows;
        }
        assert_eq!(seen, 121, "each once");
        assert_eq!(found("?q=halden").0, 1);
        assert_eq!(found("?q=many-119").0, 1);
        assert_eq!(found("?q=MANY-00").0, 10);
        assert_eq!(found("?owes=yes").0, 1);
        assert_eq!(found("?state=outstanding_usage").0, 1);
        assert_eq!(found("?state=paused&q=many").0, 0);
        assert_eq!(found("?state=nothing").0, 0);
    }
}
