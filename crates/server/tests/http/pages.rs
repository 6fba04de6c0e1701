//! What every page of the console says, as text: for each state of R9 the pages of an owner and of a member, kept beside this
//! file and read as a diff. How it looks is the browser's business (`tests/browser`).

use crate::client::{SELLER, Server, sellers, start_on_every_store};
use coulomb_server::{
    copy::Language,
    http::{ConsoleSettings, HttpSettings},
};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// The articles of help.
const ARTICLES: [&str; 7] = [
    "help/debt",
    "help/buying-credits",
    "help/running-out",
    "help/invoices",
    "help/auto-recharge",
    "help/cancelling",
    "help/how-credits-work",
];

/// A call under the organization's path, and what is sent.
type Call = (&'static str, &'static str, Value);

fn post(path: &'static str, body: Value) -> Call {
    ("POST", path, body)
}

fn put(path: &'static str, body: Value) -> Call {
    ("PUT", path, body)
}

fn renewal(id: &str, month: u32) -> Call {
    let (start, end) =
        (format!("2026-{month:02}-01T00:00:00Z"), format!("2026-{:02}-01T00:00:00Z", month + 1));
    let renewal = json!({ "id": id, "purpose": "renewal", "paid": 5_000, "currency": "USD", "credits": 10_000,
        "period_start": start, "period_end": end });
    post("/payments", renewal)
}

fn subscribed() -> Vec<Call> {
    let report = json!({ "status": "active", "plan": "team", "cadence": "monthly",
        "period_start": "2026-03-01T00:00:00Z", "period_end": "2026-04-01T00:00:00Z" });
    vec![put("/subscription", report), renewal("in_march", 3)]
}

fn topped_up(credits: u64) -> Call {
    let id = "py_top_up";
    let paid = credits / 10;
    post(
        "/payments",
        json!({ "id": id, "purpose": "top_up", "paid": paid, "currency": "USD", "credits": credits }),
    )
}

fn charge(id: &str, used: u64) -> Call {
    post("/charges", json!({ "id": id, "kind": "workflow_run", "used": used, "member": "cem" }))
}

/// Each state, and how an organization comes to it. All of it happens on 10 March 2026.
fn states() -> Vec<(&'static str, Vec<Call>)> {
    let debt = |then: Call| {
        let mut calls = subscribed();
        calls.extend([topped_up(2_000), charge("market-scan", 11_400), then]);
        calls
    };
    let with = |more: Vec<Call>| subscribed().into_iter().chain(more).collect::<Vec<_>>();
    let past_due = |status, since: &str| {
        put(
            "/subscription",
            json!({ "status": status, "plan": "team", "cadence": "monthly", "past_due_since": since,
            "period_start": "2026-03-01T00:00:00Z", "period_end": "2026-04-01T00:00:00Z" }),
        )
    };
    let ended = put("/subscription", json!({ "status": "canceled", "plan": "team", "cadence": "monthly" }));
    let ending = put(
        "/subscription",
        json!({ "status": "active", "plan": "team", "cadence": "monthly",
        "cancel_at": "2026-04-01T00:00:00Z", "period_start": "2026-03-01T00:00:00Z", "period_end": "2026-04-01T00:00:00Z" }),
    );
    vec![
        ("ok", with(vec![topped_up(5_000), charge("market-scan", 2_500)])),
        ("first-run", vec![]),
        ("balance-low", with(vec![charge("market-scan", 9_500)])),
        ("credits-depleted", with(vec![charge("market-scan", 10_000)])),
        ("outstanding-usage", with(vec![charge("market-scan", 10_320)])),
        (
            "refund-debt",
            debt(post("/refunds", json!({ "id": "re_1", "payment": "py_top_up", "amount": 200 }))),
        ),
        (
            "dispute-debt",
            debt(post("/disputes", json!({ "id": "dp_1", "payment": "py_top_up", "amount": 200 }))),
        ),
        (
            "credits-frozen",
            with(vec![
                topped_up(2_000),
                post("/disputes", json!({ "id": "dp_1", "payment": "py_top_up", "amount": 200 })),
            ]),
        ),
        ("credits-locked", with(vec![topped_up(20_000), charge("market-scan", 10_000), ended])),
        ("payment-failing", with(vec![past_due("past_due", "2026-03-09T00:00:00Z")])),
        (
            "payment-past-due",
            with(vec![charge("market-scan", 10_000), past_due("past_due", "2026-03-01T00:00:00Z")]),
        ),
        ("subscription-ending", with(vec![topped_up(5_000), ending])),
        ("suspended", with(vec![put("/suspension", json!({ "reason": "Payments are being looked into." }))])),
    ]
}

impl Server {
    /// An organization in this state, with its people.
    fn in_state(&self, id: &str, calls: &[Call]) -> String {
        let path = format!("/v1/organizations/{id}");
        self.put(&path, json!({ "name": "Halden Research" })).is(200);
        let clock = format!("/v1/sandbox/organizations/{id}/clock");
        self.post(&clock, json!({ "to": "2026-03-10T09:30:00Z" })).is(200);
        for (member, name, role, billing_admin) in [
            ("ada", "Ada Marek", "owner", false),
            ("bob", "Bob Okafor", "member", true),
            ("cem", "Cem Aydin", "member", false),
            ("dee", "Dee Lind", "viewer", false),
        ] {
            let member_path = format!("{path}/members/{member}");
            self.put(&member_path, json!({ "name": name, "role": role, "billing_admin": billing_admin }))
                .is(200);
        }
        for (method, rest, body) in calls {
            let answer = self.call(method, &format!("{path}{rest}")).json(body).send();
            assert!((200..300).contains(&answer.status), "{id} {rest}: {}", answer.text);
        }
        path
    }

    /// The pages of a member, each as the text that it shows.
    fn shown_to(&self, path: &str, member: &str, pages: &[&str]) -> String {
        let made = self.post(&format!("{path}/sessions"), json!({ "member": member })).is(201);
        let link = made.json["url"].as_str().unwrap().strip_prefix(SELLER).unwrap().to_owned();
        let entered = self.call("GET", &link).send().is(303);
        let cookie = entered.header("set-cookie").split(';').next().unwrap().to_owned();
        let organization = path.rsplit('/').next().unwrap();
        let show = |page: &&str| {
            let shown =
                self.call("GET", &format!("/console/{organization}/{page}")).header("cookie", &cookie);
            format!("=== {page}, as {member} sees it\n\n{}\n", text(&shown.send().page(200).text))
        };
        pages.iter().map(show).collect()
    }
}

/// What a page shows, as text: headings, buttons in brackets, links in angle brackets, cells apart.
fn text(html: &str) -> String {
    let body = html.split_once("<body").map_or(html, |(_, body)| body);
    let mut shown = String::new();
    let mut rest = body.split_once('>').map_or("", |(_, rest)| rest);
    while let Some((before, after)) = rest.split_once('<') {
        shown.push_str(before);
        let Some((tag, after)) = after.split_once('>') else { break };
        let name = tag.split(' ').next().unwrap_or_default();
        rest = match name {
            // What only a script shows.
            name if tag.contains(" hidden") && !tag.starts_with("input") => {
                after.split_once(&format!("</{name}>")).map_or("", |(_, rest)| rest)
            }
            "svg" | "script" | "style" => {
                after.split_once(&format!("</{name}>")).map_or("", |(_, rest)| rest)
            }
            _ => after,
        };
        shown.push_str(match name {
            "h1" => "\n\n# ",
            "h2" => "\n\n## ",
            "h3" => "\n\n### ",
            "p" | "/h1" | "/h2" | "/h3" | "form" | "table" | "tr" | "dl" | "dt" | "summary" | "section"
            | "footer" => "\n",
            "li" => "\n- ",
            "dd" => ": ",
            "td" | "th" => " | ",
            "button" => " [",
            "/button" => "] ",
            "a" => " <",
            "/a" => "> ",
            "option" => " / ",
            "input" if tag.contains("radio") => "( ) ",
            "input" if tag.contains("checkbox") => "[ ] ",
            "textarea" => "\n“",
            "/textarea" => "”",
            _ => "",
        });
    }
    let plain = [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#39;", "'"), ("&amp;", "&")];
    let shown = plain.iter().fold(shown, |shown, (entity, character)| shown.replace(entity, character));
    let lines = shown.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "));
    let mut lines: Vec<String> = lines.filter(|line| !line.is_empty() && line != "-").collect();
    // Before an organization is there it has no clock of its own, so this alone happened today.
    if let Some(named) = lines.iter().position(|line| line.starts_with("The product named the organization"))
    {
        lines[named - 1] = "- today".into();
    }
    lines.join("\n")
}

/// Whether this is what is kept under the name.
#[track_caller]
fn is_kept(name: &str, shown: &str) {
    let path = format!("{}/tests/http/golden/pages/{name}.txt", env!("CARGO_MANIFEST_DIR"));
    if std::env::var_os("GOLDEN").is_some_and(|golden| golden == "write") {
        std::fs::create_dir_all(std::path::Path::new(&path).parent().unwrap()).unwrap();
        std::fs::write(&path, shown).unwrap();
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        kept == shown,
        "{name}.txt is not what the pages show; read the diff after `cargo xtask golden`\n{shown}"
    );
}

#[test]
fn every_state_is_told_to_everybody_in_words_that_are_kept() {
    let mut there = BTreeSet::new();
    for server in sellers() {
        for (state, calls) in states() {
            let path = server.in_state(&format!("says-{state}"), &calls);
            let all = ["billing", "usage", "history"];
            let shown = [
                server.shown_to(&path, "ada", if state == "ok" { &all } else { &all[..1] }),
                server.shown_to(&path, "cem", if state == "ok" { &all } else { &all[..1] }),
            ];
            is_kept(state, &shown.concat());
            there.insert(format!("{state}.txt"));
        }
        let (_, calls) = &states()[4];
        let path = server.in_state("says-others", calls);
        let others = [
            server.shown_to(&path, "dee", &["billing"]),
            server.shown_to(&path, "ada", &["settings", "help"]),
            server.shown_to(&path, "ada", &ARTICLES),
            server.shown_to(&path, "cem", &["settings", "settings/members/bob", ARTICLES[0]]),
        ];
        is_kept("others", &others.concat());
        there.insert("others.txt".into());
    }
    let folder = format!("{}/tests/http/golden/pages", env!("CARGO_MANIFEST_DIR"));
    let kept =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    assert_eq!(kept.collect::<BTreeSet<_>>(), there, "pages that no state shows any more");
}

#[test]
fn everything_that_pages_say_can_be_translated() {
    let console = ConsoleSettings { language: Language::Pseudo, ..ConsoleSettings::default() };
    let settings =
        HttpSettings { sandbox: true, public_url: SELLER.into(), console, ..HttpSettings::default() };
    let [server, _] = start_on_every_store(settings);
    // What people, hosts and the catalogue call things is theirs, and the same in every language.
    let theirs = [
        "Halden",
        "Research",
        "Marek",
        "Okafor",
        "Aydin",
        "Lind",
        "Starter",
        "Team",
        "Payments",
        "being",
        "looked",
        "into",
        "workflow",
        "market",
        "scan",
        "credits",
        "Background",
        "Browser",
        "Chat",
        "Scheduled",
        "Workflow",
        "message",
        "session",
        "tool",
        "work",
    ];
    let mut plain = BTreeSet::new();
    for (state, calls) in states() {
        let path = server.in_state(&format!("pseudo-{state}"), &calls);
        for member in ["ada", "cem"] {
            let mut pages = vec!["billing", "usage", "history", "settings", "settings/members/cem", "help"];
            pages.extend(ARTICLES);
            let shown = server.shown_to(&path, member, &pages);
            let lines = shown.lines().filter(|line| !line.starts_with("==="));
            let words =
                lines.flat_map(|line| line.split(|c: char| !c.is_alphanumeric() && c != '_' && c != '-'));
            plain.extend(words.filter(|word| is_plain(word) && !theirs.contains(word)).map(str::to_owned));
        }
    }
    assert_eq!(plain, BTreeSet::new(), "words that are in the code, not in the messages");
}

/// Whether it is a word of more than three letters without an accent. Every letter that has a vowel in it gets one.
fn is_plain(word: &str) -> bool {
    word.len() > 3
        && word.bytes().all(|byte| byte.is_ascii_alphabetic())
        && word.bytes().any(|byte| b"aeiou".contains(&byte))
}
