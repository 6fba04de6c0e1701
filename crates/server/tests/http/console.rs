//! Sessions and the console's pages: who gets in, for how long, and what other sites cannot do (TRUST T15). What each page
//! says and does is in a module for each page.

use crate::client::{Server, sellers, servers, start_on_every_store};
use coulomb_server::{
    http::{
        ConsoleSettings, HttpSettings,
        access::{ROUTES, Taken},
    },
    sessions::Lifetimes,
};
use ledger::Duration;
use serde_json::json;

/// The path of an address on the server under test, whatever it believes it is called.
fn path_of(url: &str) -> String {
    let (_, link) = url.split_once("/enter/").expect("a link");
    format!("/enter/{link}")
}

/// Follows a new link of a member, and gives the cookie.
fn enter(server: &Server, path: &str, member: &str) -> String {
    let made = server.post(&format!("{path}/sessions"), json!({ "member": member })).is(201);
    let entered = server.call("GET", &path_of(made.json["url"].as_str().unwrap())).send().is(303);
    entered.header("set-cookie").split(';').next().unwrap().to_owned()
}

/// What proves that a form was shown in the session of this page.
fn proof(page: &str) -> &str {
    page.split("name=\"proof\" value=\"").nth(1).unwrap().split('"').next().unwrap()
}

/// The path of a route, with an id for each that it takes.
fn at(template: &str, organization: &str) -> String {
    let parts = template.split('/').map(|part| match part {
        "{org}" => organization,
        part if part.starts_with('{') => "x",
        part => part,
    });
    parts.collect::<Vec<_>>().join("/")
}

#[test]
fn a_link_opens_the_console_once_and_the_cookie_is_for_this_console_alone() {
    for server in servers() {
        let path = server.organization("link", 100);
        server.put(&format!("{path}/members/ada"), json!({ "role": "owner", "name": "Ada" })).is(200);
        let made = server.post(&format!("{path}/sessions"), json!({ "member": "ada" })).is(201);
        let link = path_of(made.json["url"].as_str().unwrap());
        let entered = server.call("GET", &format!("{link}?to=usage")).send().is(303);
        assert_eq!(entered.header("location"), "/console/link/usage");
        let set = entered.header("set-cookie").to_owned();
        for part in ["; Path=/console/link;", "; HttpOnly", "; SameSite=Lax"] {
            assert!(set.contains(part), "{set}");
        }
        let cookie = set.split(';').next().unwrap().to_owned();
        let page = server.call("GET", "/console/link/usage").header("cookie", &cookie).send().page(200);
        assert!(page.text.contains("Ada"), "{}", page.text);
        // Somebody who finds the link later, in a history or a log, gets nowhere.
        let again = server.call("GET", &link).send().page(401);
        assert_eq!(again.header("set-cookie"), "", "{again:?}");
        // A link is no key, a cookie opens no other organization, and no API.
        let token = cookie.split_once('=').unwrap().1;
        server.organization("other", 1);
        server.call("GET", "/console/other/billing").header("cookie", &cookie).send().page(401);
        let api = server.call("GET", &format!("{path}/balance")).header("cookie", &cookie);
        api.without("authorization").send().is(401);
        server.call("GET", &format!("{path}/balance")).key(token).send().is(200);
        let link = link.rsplit('/').next().unwrap();
        server.call("GET", &format!("{path}/balance")).key(link).send().is(401);
    }
}

#[test]
fn every_page_asks_for_a_session_and_says_how_to_get_one() {
    for server in servers() {
        server.organization("closed", 100);
        let pages: Vec<_> = ROUTES.iter().filter(|route| route.keys == Taken::Visitor).collect();
        assert!(pages.len() > 5);
        for route in pages {
            let path = at(route.path, "closed");
            for cookie in ["", "coulomb_session=coulomb_session_made_up", "coulomb_session=%00"] {
                let call = server.call(route.method, &path).header("cookie", cookie);
                let call = if route.method == "POST" { call.form(&[]) } else { call };
                let answer = call.send();
                // The way into the console shows nothing: it leads to a page.
                let expected = if route.path == "/console/{org}" { 303 } else { 401 };
                assert_eq!(answer.status, expected, "{} {}: {}", route.method, route.path, answer.text);
                assert!(!answer.text.contains("closed company"), "{}", answer.text);
            }
        }
    }
}

#[test]
fn a_form_of_another_site_does_nothing() {
    for server in servers() {
        let path = server.organization("hostile", 100);
        server.put(&format!("{path}/members/ada"), json!({ "role": "owner" })).is(200);
        let cookie = enter(server, &path, "ada");
        let page = server.call("GET", "/console/hostile/billing").header("cookie", &cookie).send().is(200);
        let proof = proof(&page.text);
        let posts = ROUTES.iter().filter(|route| route.keys == Taken::Visitor && route.method == "POST");
        for route in posts {
            let path = at(route.path, "hostile");
            let post = |fields: &[(&str, &str)], headers: &[(&str, &str)]| {
                let mut call = server.call("POST", &path).header("cookie", &cookie);
                for (name, value) in headers {
                    call = call.header(name, value);
                }
                call.form(fields).send().status
            };
            let proven = [("proof", proof)];
            assert_eq!(post(&[], &[]), 403, "{} without a proof", route.path);
            assert_eq!(post(&[("proof", "0")], &[]), 403, "{} with a made-up proof", route.path);
            for hostile in [
                ("sec-fetch-site", "cross-site"),
                ("sec-fetch-site", "same-site"),
                ("origin", "https://evil.test"),
                ("origin", "null"),
            ] {
                assert_eq!(post(&proven, &[hostile]), 403, "{} from {hostile:?}", route.path);
            }
        }
        // The session is as it was.
        server.call("GET", "/console/hostile/billing").header("cookie", &cookie).send().is(200);
    }
}

#[test]
fn somebody_who_leaves_or_is_removed_sees_nothing_any_more() {
    for server in servers() {
        let path = server.organization("leaving", 100);
        for (member, role) in [("ada", "owner"), ("cem", "member")] {
            server.put(&format!("{path}/members/{member}"), json!({ "role": role })).is(200);
        }
        let see =
            |cookie: &str| server.call("GET", "/console/leaving/billing").header("cookie", cookie).send();
        let (ada, cem) = (enter(server, &path, "ada"), enter(server, &path, "cem"));
        server.call("DELETE", &format!("{path}/members/cem")).send().is(200);
        see(&cem).page(401);
        // Nor does the session come back with the member.
        server.put(&format!("{path}/members/cem"), json!({ "role": "member" })).is(200);
        see(&cem).page(401);
        let page = see(&ada).page(200);
        let proof = proof(&page.text);
        let left = server.call("POST", "/console/leaving/leave").header("cookie", &ada);
        let left = left.form(&[("proof", proof)]).send().is(303);
        assert_eq!(left.header("location"), "/console/leaving/billing");
        assert!(left.header("set-cookie").contains("Max-Age=0"), "{left:?}");
        see(&ada).page(401);
    }
}

#[test]
fn a_session_is_asked_for_in_plain_terms_and_refused_in_plain_words() {
    for server in sellers() {
        let path = server.organization("terms", 100);
        server.put(&format!("{path}/members/ada"), json!({ "role": "owner" })).is(200);
        let ask = |body| server.post(&format!("{path}/sessions"), body);
        ask(json!({ "member": "ada", "return_url": "https://host.test/app?x=1", "lifetime": "PT10M" }))
            .is(201);
        for (body, pointer) in [
            (json!({ "member": "nobody" }), "/member"),
            (json!({ "member": "ada", "return_url": "https://evil.test/" }), "/return_url"),
            (json!({ "member": "ada", "lifetime": "P31D" }), "/lifetime"),
            (json!({ "member": "ada", "lifetime": "P1M" }), "/lifetime"),
            (json!({ "member": "ada", "lifetime": "PT0S" }), "/lifetime"),
        ] {
            let refused = ask(body).is(422);
            assert_eq!(refused.json["errors"][0]["pointer"], pointer, "{}", refused.text);
        }
    }
}

#[test]
fn pages_run_nothing_but_their_own_script_and_are_framed_by_nobody() {
    for server in servers() {
        let path = server.organization("strict", 100);
        server
            .put(
                &format!("{path}/members/ada"),
                json!({ "role": "owner", "name": "<script>alert(1)</script>" }),
            )
            .is(200);
        let cookie = enter(server, &path, "ada");
        for page in ["billing", "usage", "history", "settings", "help"] {
            let page = server
                .call("GET", &format!("/console/strict/{page}"))
                .header("cookie", &cookie)
                .send()
                .is(200);
            let policy = page.header("content-security-policy");
            for part in
                ["default-src 'none'", "script-src 'self';", "frame-ancestors 'none'", "base-uri 'none'"]
            {
                assert!(policy.contains(part), "{policy}");
            }
            assert!(!policy.contains("unsafe"), "{policy}");
            assert!(
                !page.text.contains("<script>")
                    && !page.text.contains(" style=\"")
                    && !page.text.contains(" onclick")
            );
            assert_eq!(page.header("cache-control"), "no-store");
            assert!(page.text.len() < 100_000, "{} bytes", page.text.len());
        }
    }
}

#[test]
fn what_is_over_opens_nothing() {
    let lifetimes = Lifetimes { link: Duration::from_micros(1), ..Lifetimes::default() };
    let console = ConsoleSettings { lifetimes, ..ConsoleSettings::default() };
    for server in start_on_every_store(HttpSettings { console, ..HttpSettings::default() }) {
        let path = server.organization("over", 100);
        server.put(&format!("{path}/members/ada"), json!({ "role": "owner" })).is(200);
        let asked = json!({ "member": "ada", "lifetime": "PT0.000001S" });
        let made = server.post(&format!("{path}/sessions"), asked).is(201);
        let token = made.json["token"].as_str().unwrap();
        server.call("GET", &format!("{path}/balance")).key(token).send().is(401);
        let late = server.call("GET", &path_of(made.json["url"].as_str().unwrap())).send().page(401);
        assert_eq!(late.header("set-cookie"), "");
    }
}

#[test]
fn only_the_origins_that_were_named_may_ask_with_a_session_or_show_the_console() {
    let console = ConsoleSettings {
        embed_origins: vec!["https://app.test".into()],
        frame_ancestors: vec!["https://app.test".into()],
        ..ConsoleSettings::default()
    };
    let settings =
        HttpSettings { public_url: "https://credits.test".into(), console, ..HttpSettings::default() };
    for server in start_on_every_store(settings) {
        let path = server.organization("embed", 100);
        let ask = |origin: &str| {
            let call = server.call("OPTIONS", &format!("{path}/stream")).header("origin", origin);
            let call = call.header("access-control-request-headers", "authorization");
            call.header("access-control-request-method", "GET").without("authorization").send()
        };
        let named = ask("https://app.test");
        assert_eq!(named.header("access-control-allow-origin"), "https://app.test", "{named:?}");
        assert_eq!(named.header("access-control-allow-credentials"), "", "no cookie comes along");
        for other in ["https://evil.test", "https://app.test.evil.test", "null"] {
            assert_eq!(ask(other).header("access-control-allow-origin"), "", "{other}");
        }
        // In a frame the cookie has to be sent to us there, and is kept apart for that site.
        server.put(&format!("{path}/members/ada"), json!({ "role": "owner" })).is(200);
        let made = server.post(&format!("{path}/sessions"), json!({ "member": "ada" })).is(201);
        let entered = server.call("GET", &path_of(made.json["url"].as_str().unwrap())).send().is(303);
        assert!(entered.header("set-cookie").ends_with("SameSite=None; Secure; Partitioned"), "{entered:?}");
        let cookie = entered.header("set-cookie").split(';').next().unwrap();
        let page = server.call("GET", "/console/embed/billing").header("cookie", cookie).send().page(200);
        assert!(
            page.header("content-security-policy").ends_with("frame-ancestors https://app.test"),
            "{page:?}"
        );
    }
}

#[test]
fn a_page_that_follows_the_balance_hears_no_more_of_it_when_its_session_is_over() {
    for server in servers() {
        let path = server.organization("follows", 100);
        server.put(&format!("{path}/members/ada"), json!({ "role": "owner" })).is(200);
        let asked = json!({ "member": "ada", "lifetime": "PT2S" });
        let made = server.post(&format!("{path}/sessions"), asked).is(201);
        let followed =
            server.call("GET", &format!("{path}/stream")).key(made.json["token"].as_str().unwrap());
        // The connection ends by itself, or this would never come back.
        let followed = followed.send().is(200);
        assert!(followed.text.contains("event: balance"), "{}", followed.text);
    }
}
