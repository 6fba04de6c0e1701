//! The sandbox as people and hosts meet it: its pages over HTTP, what paying on them brings, and its own calls.

use crate::client::{Answer, SELLER, Server, sellers, servers};
use serde_json::{Value, json};

const BACK: &str = "https://host.test/billing?tab=credits";
const JANUARY: &str = "2026-01-31T10:00:00Z";

impl Server {
    /// An organization with a clock of its own, which stands in January.
    pub fn buyer(&self, id: &str) -> String {
        self.clock(id, json!({ "to": JANUARY }));
        self.organization(id, 0)
    }

    #[track_caller]
    pub fn clock(&self, id: &str, setting: Value) -> Value {
        self.post(&format!("/v1/sandbox/organizations/{id}/clock"), setting).is(200).json
    }

    #[track_caller]
    pub fn card(&self, id: &str, behaviour: &str) {
        let body = json!({ "behaviour": behaviour });
        self.put(&format!("/v1/sandbox/organizations/{id}/card"), body).is(200);
    }

    /// The path of a page of a fresh checkout.
    #[track_caller]
    pub fn checkout(&self, path: &str, wanted: Value) -> String {
        let mut wanted = wanted;
        wanted["return_url"] = BACK.into();
        page(&self.post(&format!("{path}/checkout"), wanted).is(201))
    }

    /// The path of the portal.
    #[track_caller]
    fn portal(&self, path: &str) -> String {
        page(&self.post(&format!("{path}/portal"), json!({ "return_url": BACK })).is(201))
    }

    /// A page as a browser asks for it.
    fn page(&self, page: &str) -> Answer {
        self.call("GET", page).without("authorization").send()
    }

    pub fn submit(&self, page: &str, fields: &[(&str, &str)]) -> Answer {
        self.call("POST", page).without("authorization").form(fields).send()
    }

    /// Sends a form, which leads back to its page.
    #[track_caller]
    fn done(&self, page: &str, fields: &[(&str, &str)]) -> String {
        let answer = self.submit(page, fields);
        assert_eq!((answer.status, answer.header("location")), (303, page), "{}", answer.text);
        self.page(page).text
    }

    /// Buys something with a card that works.
    #[track_caller]
    pub fn buy(&self, path: &str, wanted: Value) {
        let page = self.checkout(path, wanted);
        let paid = self.submit(&page, &[("do", "pay"), ("card", "ok")]);
        assert_eq!(paid.status, 303, "{}", paid.text);
    }

    pub fn balance(&self, path: &str) -> Value {
        self.get(&format!("{path}/balance")).is(200).json
    }

    /// Purpose and money of each payment, the first one first.
    pub fn paid(&self, path: &str) -> Vec<(String, i64)> {
        let payments = self.get(&format!("{path}/payments")).is(200).json;
        let paid = payments["data"].as_array().unwrap().iter().rev();
        paid.map(|one| (one["purpose"].as_str().unwrap().to_owned(), one["paid"].as_i64().unwrap())).collect()
    }
}

/// The path of the page whose address was answered.
fn page(answer: &Answer) -> String {
    let url = answer.json["url"].as_str().unwrap().strip_prefix(SELLER).unwrap();
    url.split('#').next().unwrap().to_owned()
}

/// Compares a page with the one that is kept. What nobody can guess is not in it.
#[track_caller]
fn is_kept(name: &str, text: &str) {
    let is_secret = |word: &str| word.len() == 64 && word.bytes().all(|byte| byte.is_ascii_hexdigit());
    let shown: String = text
        .split_inclusive(|c: char| !c.is_ascii_alphanumeric())
        .map(|word| match word.split_at_checked(64) {
            Some((secret, rest)) if is_secret(secret) => format!("SECRET{rest}"),
            _ => word.to_owned(),
        })
        .collect::<String>()
        .replace("><", ">\n<");
    let path = format!("{}/tests/http/golden/{name}.html", env!("CARGO_MANIFEST_DIR"));
    if std::env::var_os("GOLDEN").is_some_and(|golden| golden == "write") {
        std::fs::create_dir_all(std::path::Path::new(&path).parent().unwrap()).unwrap();
        std::fs::write(&path, format!("{shown}\n")).unwrap();
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        kept == format!("{shown}\n"),
        "{name}.html is not what the page shows; read the diff after `cargo xtask golden`"
    );
}

#[test]
fn a_pack_is_bought_once_however_often_pay_is_pressed_and_its_credits_are_there_on_the_way_back() {
    for server in sellers() {
        let path = server.buyer("buyer");
        let page = server.checkout(&path, json!({ "pack": "small" }));
        let shown = server.page(&page);
        assert_eq!(shown.status, 200);
        assert!(!shown.text.contains("checked"), "nothing is ticked beforehand");
        is_kept("checkout", &shown.text);
        for _ in 0..3 {
            let paid = server.submit(&page, &[("do", "pay"), ("card", "ok")]);
            let back = "https://host.test/billing?tab=credits&checkout=done";
            assert_eq!((paid.status, paid.header("location")), (303, back));
        }
        let balance = server.balance(&path);
        assert_eq!((&balance["locked"], &balance["available"]), (&json!("10000"), &json!("0")));
        assert_eq!(server.paid(&path), [("top_up".into(), 1_000)]);
        is_kept("checkout-paid", &server.page(&page).text);
    }
}

#[test]
fn a_card_that_is_declined_or_needs_action_charges_nothing_until_it_is_confirmed() {
    for server in sellers() {
        let path = server.buyer("confirmer");
        let page = server.checkout(&path, json!({ "pack": "small" }));
        let declined = server.done(&page, &[("do", "pay"), ("card", "declined")]);
        assert!(declined.contains("The card was declined. Nothing was charged."), "{declined}");
        let asked = server.done(&page, &[("do", "pay"), ("card", "requires_action")]);
        is_kept("checkout-confirm", &asked);
        assert!(server.done(&page, &[("do", "fail")]).contains("was not confirmed"));
        assert!(server.paid(&path).is_empty());
        server.done(&page, &[("do", "pay"), ("card", "requires_action")]);
        assert_eq!(server.submit(&page, &[("do", "confirm")]).status, 303);
        assert_eq!(server.paid(&path).len(), 1);
        for wrong in [&[("do", "pay")][..], &[("do", "pay"), ("card", "gold")], &[("do", "steal")], &[]] {
            server.submit(&page, wrong).is(422);
        }
    }
}

#[test]
fn a_page_runs_nothing_tells_other_sites_nothing_and_takes_no_forms_of_theirs() {
    for server in sellers() {
        let path = server.buyer("careful");
        let page = server.checkout(&path, json!({ "pack": "small" }));
        let shown = server.page(&page);
        let policy = shown.header("content-security-policy");
        assert!(policy.starts_with("default-src 'none'; style-src 'self';"), "{policy}");
        assert!(
            policy.contains("form-action 'self' https://host.test;")
                && policy.contains("frame-ancestors 'none'")
        );
        assert_eq!(shown.header("referrer-policy"), "same-origin");
        assert_eq!(shown.header("cache-control"), "no-store");
        assert!(!shown.text.contains("<script") && !shown.text.contains("style=\""));
        assert!(server.page("/sandbox/coulomb.css").header("content-type").starts_with("text/css"));
        for (header, value) in
            [("sec-fetch-site", "cross-site"), ("origin", "https://evil.test"), ("origin", "null")]
        {
            let form = server.call("POST", &page).form(&[("do", "pay"), ("card", "ok")]);
            form.without("authorization").header(header, value).send().is(403);
        }
        assert!(server.paid(&path).is_empty());
        let guessed = page.rsplit_once('/').unwrap().0;
        for wrong in [
            format!("{guessed}/{}", "0".repeat(64)),
            page.replace("careful", "buyer"),
            page.replace("checkout", "portal"),
        ] {
            assert_eq!(server.page(&wrong).status, 404, "{wrong}");
            assert_eq!(
                server.submit(&wrong, &[("do", "cancel")]).status,
                if wrong.contains("portal") { 404 } else { 422 }
            );
        }
    }
}

#[test]
fn a_year_goes_by_in_one_call_and_every_month_is_paid_in_its_turn() {
    for server in sellers() {
        let path = server.buyer("yearly");
        server.buy(&path, json!({ "plan": "team" }));
        assert_eq!(server.balance(&path)["included"], "10000");
        let set = server.clock("yearly", json!({ "by": "P1Y" }));
        assert_eq!(
            (&set["now"], &set["balance"]["included"]),
            (&json!("2027-01-31T10:00:00Z"), &json!("10000"))
        );
        assert_eq!(server.paid(&path), vec![("renewal".to_owned(), 5_000); 13]);
        let period = &server.balance(&path)["subscription"]["period"]["end"];
        assert_eq!(period, "2027-02-28T10:00:00Z");
        let events = server.get(&format!("{path}/events?limit=500")).is(200).json;
        let at: Vec<&str> =
            events["data"].as_array().unwrap().iter().map(|event| event["at"].as_str().unwrap()).collect();
        assert!(at.is_sorted(), "{at:?}");
        for month in ["2026-02-28", "2026-03-31", "2026-12-31"] {
            assert!(at.contains(&format!("{month}T10:00:00Z").as_str()), "{month}: {at:?}");
        }
    }
}

#[test]
fn a_clock_that_is_moved_again_with_the_same_key_stays_and_one_that_cannot_move_moves_nothing() {
    for server in sellers() {
        let path = server.buyer("repeater");
        server.buy(&path, json!({ "plan": "team" }));
        let clock = "/v1/sandbox/organizations/repeater/clock";
        let to =
            |to: &str| server.call("POST", clock).header("idempotency-key", to).json(&json!({ "to": to }));
        let march = to("2026-03-01T00:00:00Z").send().is(200);
        to("2026-05-01T00:00:00Z").send().is(200);
        let again = to("2026-03-01T00:00:00Z").send().is(200);
        assert_eq!((again.header("idempotent-replayed"), &again.text), ("true", &march.text));
        assert_eq!(server.paid(&path).len(), 4);
        // This key is taken, so nothing on the way to June may happen.
        let other = json!({ "to": "2026-06-15T00:00:00Z" });
        server
            .call("POST", clock)
            .header("idempotency-key", "2026-05-01T00:00:00Z")
            .json(&other)
            .send()
            .is(422);
        server.post(clock, json!({ "by": "P50Y" })).is(422);
        assert_eq!(server.paid(&path).len(), 4);
    }
}

#[test]
fn a_renewal_that_fails_warns_then_ends_it_and_a_new_card_in_time_saves_it() {
    for server in sellers() {
        let path = server.buyer("failing");
        server.buy(&path, json!({ "plan": "team" }));
        server.buy(&path, json!({ "pack": "small" }));
        server.card("failing", "declined");
        let set = server.clock("failing", json!({ "by": "P1M" }));
        assert_eq!(set["balance"]["subscription"]["status"], "past_due", "{set}");
        let portal = server.portal(&path);
        let shown = server.page(&portal).text;
        assert!(shown.contains("Open invoice") && shown.contains("FAILING-0003"), "{shown}");
        assert!(server.done(&portal, &[("do", "pay_invoice")]).contains("The card was declined."));
        server.card("failing", "ok");
        assert_eq!(server.balance(&path)["subscription"]["status"], "active");
        server.card("failing", "requires_action");
        let set = server.clock("failing", json!({ "by": "P1M9D" }));
        assert_eq!(set["balance"]["subscription"]["status"], "canceled", "{set}");
        assert_eq!(set["balance"]["status"], "credits_locked");
    }
}

#[test]
fn what_other_providers_leave_to_the_world_is_done_in_the_portal() {
    for server in sellers() {
        let path = server.buyer("trier");
        server.buy(&path, json!({ "plan": "starter" }));
        server.buy(&path, json!({ "pack": "small" }));
        let portal = server.portal(&path);
        is_kept("portal", &server.page(&portal).text);
        let payments = server.get(&format!("{path}/payments")).is(200).json;
        let pack = payments["data"][0]["id"].as_str().unwrap().to_owned();
        let refunded = server.done(&portal, &[("do", "refund"), ("payment", &pack), ("amount", "4.00")]);
        assert!(refunded.contains("The money was refunded."), "{refunded}");
        assert_eq!(server.balance(&path)["purchased"], "6000");
        server.done(&portal, &[("do", "dispute"), ("payment", &pack)]);
        assert_eq!(server.balance(&path)["frozen"], "6000");
        let shown = server.page(&portal).text;
        let named = |prefix: &str| {
            let (_, rest) = shown.split_once(&format!("value=\"{prefix}_")).unwrap();
            format!("{prefix}_{}", rest.split('"').next().unwrap())
        };
        server.done(&portal, &[("do", "win"), ("payment", &pack), ("id", &named("dp"))]);
        assert_eq!(server.balance(&path)["purchased"], "6000");
        server.done(&portal, &[("do", "fail_refund"), ("payment", &pack), ("id", &named("re"))]);
        assert_eq!(server.balance(&path)["purchased"], "10000");
        assert!(server.done(&portal, &[("do", "cancel")]).contains("Ends with its period"));
        assert!(server.balance(&path)["subscription"]["cancel_at"].is_string());
        assert!(server.done(&portal, &[("do", "resume")]).contains("Active"));
        server.submit(&portal, &[("do", "refund"), ("payment", &pack), ("amount", "four")]).is(422);
        is_kept("portal-after", &server.page(&portal).text);
    }
}

#[test]
fn an_invoice_is_a_page_to_print() {
    for server in sellers() {
        let path = server.buyer("printer");
        server.buy(&path, json!({ "plan": "team" }));
        let invoices = server.get(&format!("{path}/invoices")).is(200).json;
        let url = invoices["data"][0]["url"].as_str().unwrap().strip_prefix(SELLER).unwrap();
        let shown = server.page(url);
        assert_eq!(shown.status, 200);
        is_kept("invoice", &shown.text);
        let (rest, id) = url.rsplit_once('/').unwrap();
        let (rest, _) = rest.rsplit_once('/').unwrap();
        assert_eq!(server.page(&format!("{rest}/{}/{id}", "0".repeat(64))).status, 404);
    }
}

#[test]
fn a_card_that_was_kept_for_it_is_charged_when_credits_run_low() {
    for server in sellers() {
        let path = server.buyer("charged");
        let page = server.checkout(&path, json!({ "plan": "team" }));
        let fields = [("do", "pay"), ("card", "ok"), ("automatic", "yes")];
        assert_eq!(server.submit(&page, &fields).status, 303);
        server.put(&format!("{path}/auto_recharge"), json!({ "enabled": true })).is(200);
        server
            .post(&format!("{path}/charges"), json!({ "id": "c1", "kind": "background", "used": 1_000 }))
            .is(201);
        server.card("charged", "ok");
        server.clock("charged", json!({ "by": "P32D" }));
        let paid = server.paid(&path);
        assert!(paid.contains(&("recharge".into(), 2_000)), "{paid:?}");
    }
}

#[test]
fn there_is_no_sandbox_where_the_server_does_not_run_with_it() {
    for server in servers() {
        let path = server.organization("no-sandbox", 0);
        server.put("/v1/sandbox/organizations/no-sandbox/card", json!({ "behaviour": "ok" })).is(404);
        server.page("/sandbox/coulomb.css").is(404);
        server.page(&format!("/sandbox/checkout/no-sandbox/{}", "0".repeat(64))).is(404);
        server.submit(&format!("/sandbox/portal/no-sandbox/{}", "0".repeat(64)), &[("do", "cancel")]).is(404);
        server.post(&format!("{path}/checkout"), json!({ "pack": "small", "return_url": BACK })).is(422);
    }
}
