//! The Billing page as people meet it: figures, purchases with what they say beforehand, and everything that can be done there.

use crate::client::{SELLER, Server, sellers, servers};
use serde_json::{Value, json};

/// Everything that a form of the page does, with fields that would do it.
const FORMS: [(&str, &[(&str, &str)]); 8] = [
    ("billing/checkout", &[("pack", "small"), ("price", "1000")]),
    ("billing/portal", &[("step", "home")]),
    ("billing/change", &[("plan", "team"), ("cadence", "annual")]),
    ("billing/withdraw", &[]),
    ("billing/cancel", &[]),
    ("billing/resume", &[]),
    ("billing/recharge", &[("threshold", "5000"), ("amount", "5000"), ("monthly_limit", "5000")]),
    ("billing/admins", &[("do", "add"), ("member", "cem")]),
];

impl Server {
    /// An organization with people and the team plan.
    fn team(&self, id: &str) -> String {
        let path = self.buyer(id);
        self.people(&path);
        self.buy(&path, json!({ "plan": "team" }));
        path
    }

    /// The same, owing 3,200 credits to a run that used more than there was.
    fn owing(&self, id: &str) -> String {
        let path = self.team(id);
        let run = json!({ "id": "scan-1", "kind": "workflow_run", "hold": 10_000, "member": "cem" });
        self.post(&format!("{path}/runs"), run).is(201);
        self.post(&format!("{path}/runs/scan-1/settle"), json!({ "used": 13_200 })).is(200);
        path
    }

    /// Pays on the page that a form led to.
    #[track_caller]
    fn pays(&self, location: &str) {
        let page = location.strip_prefix(SELLER).expect("the sandbox's page");
        let paid = self.submit(page, &[("do", "pay"), ("card", "ok")]);
        assert_eq!(paid.status, 303, "{}", paid.text);
    }
}

/// "12,345" of "12345".
fn grouped(credits: &Value) -> String {
    let digits = credits.as_str().unwrap();
    let mut said = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            said.push(',');
        }
        said.push(digit);
    }
    said
}

#[test]
fn the_figures_of_the_page_are_those_of_the_api() {
    for server in sellers() {
        let path = server.team("figures");
        server.buy(&path, json!({ "pack": "small" }));
        server.post(&format!("{path}/grants"), json!({ "credits": 1_500 })).is(201);
        server
            .post(&format!("{path}/runs"), json!({ "id": "r1", "kind": "workflow_run", "hold": 1_234 }))
            .is(201);
        let balance = server.balance(&path);
        let page = server.visitor("figures", "ada").shown("billing");
        for figure in ["available", "included", "purchased", "promotional", "held"] {
            let shown = format!("<dd>{}</dd>", grouped(&balance[figure]));
            assert!(page.contains(&shown), "{figure}: {shown}");
        }
        for card in [
            "subscription",
            "credits",
            "outstanding",
            "buy",
            "recharge",
            "payment",
            "invoices",
            "activity",
            "admins",
        ] {
            assert!(page.contains(&format!("id=\"{card}\"")), "{card}");
        }
        for step in [
            "add_credits",
            "resume_subscription",
            "start_subscription",
            "update_payment_method",
            "wait_for_grant",
            "enable_auto_recharge",
        ] {
            assert!(page.contains(&format!("<span id=\"{step}\">")), "{step}");
        }
        assert!(!page.contains("style=\"") && !page.contains("<script>"));
    }
}

#[test]
fn the_split_that_a_pack_promises_is_what_then_happens() {
    for server in sellers() {
        let path = server.owing("splitter");
        let ada = server.visitor("splitter", "ada");
        let page = ada.shown("billing");
        assert!(page.contains("3,200 settle debt, 6,800 usable"), "{page}");
        assert!(page.contains("Cheapest that unblocks"));
        assert!(page.contains("id=\"resolve_shortfall\"") && page.contains("Started by Cem Kaya."));
        let review = ada.shown("billing/review?pack=small");
        assert!(review.contains("3,200 settle debt, 6,800 usable") && review.contains("$10.00"));
        assert!(review.contains("With it, work may start again."));
        let sent = ada.send("billing/checkout", &[("pack", "small"), ("price", "1000")]);
        assert_eq!(sent.status, 303, "{}", sent.text);
        assert_eq!(server.balance(&path)["debt"]["total"], "3200", "nothing is granted before it is paid");
        server.pays(sent.header("location"));
        let balance = server.balance(&path);
        assert_eq!((&balance["debt"]["total"], &balance["available"]), (&json!("0"), &json!("6800")));
        let back = ada.shown("billing?checkout=done");
        assert!(back.contains("Thank you.") && !back.contains("id=\"resolve_shortfall\""));
    }
}

#[test]
fn exactly_what_is_owed_can_be_paid() {
    for server in sellers() {
        let path = server.owing("exact");
        let bob = server.visitor("exact", "bob");
        assert!(bob.shown("billing").contains("Paid exactly, that is $3.20 and leaves nothing to use."));
        assert!(bob.shown("billing/review?shortfall=true").contains("All 3,200 settle debt"));
        let sent = bob.send("billing/checkout", &[("shortfall", "true"), ("price", "320")]);
        server.pays(sent.header("location"));
        let balance = server.balance(&path);
        assert_eq!((&balance["debt"]["total"], &balance["available"]), (&json!("0"), &json!("0")));
    }
}

#[test]
fn nothing_is_bought_at_another_price_than_the_one_that_was_read() {
    for server in sellers() {
        let path = server.team("repriced");
        let ada = server.visitor("repriced", "ada");
        ada.done("billing/checkout", &[("pack", "small"), ("price", "900")], "done-price-changed");
        ada.done("billing/checkout", &[("pack", "small")], "done-price-changed");
        let shown = ada.shown("billing?done=done-price-changed");
        assert!(shown.contains("Nothing was charged"), "{shown}");
        assert_eq!(server.paid(&path).len(), 1);
        for nothing in ["billing/review?pack=none", "billing/review?plan=none", "billing/review"] {
            assert!(ada.page(nothing).status >= 400, "{nothing}");
        }
    }
}

#[test]
fn nothing_is_chosen_beforehand() {
    for server in sellers() {
        let path = server.buyer("unticked");
        server.people(&path);
        let page = server.checkout(&path, json!({ "plan": "team" }));
        server.submit(&page, &[("do", "pay"), ("card", "ok"), ("automatic", "yes")]);
        let ada = server.visitor("unticked", "ada");
        for page in ["billing", "billing/review?pack=small", "billing/change?plan=team&cadence=annual"] {
            assert!(!ada.shown(page).contains("checked"), "{page}");
        }
        let shown = ada.shown("billing");
        assert!(shown.contains("is charged $20.00 for 20,000 credits each time"), "{shown}");
        assert!(shown.contains("at most 5 times, $100.00, in a calendar month"));
    }
}

#[test]
fn whoever_may_not_is_refused_and_told_who_may() {
    for server in sellers() {
        let path = server.owing("refuser");
        let version = server.balance(&path)["version"].clone();
        for member in ["cem", "dee", "eve"] {
            let visitor = server.visitor("refuser", member);
            for (action, fields) in FORMS {
                let answer = visitor.send(action, fields);
                assert_eq!(answer.status, 403, "{member} {action}: {}", answer.text);
                assert!(answer.text.contains("Ada Moreau"), "{member} {action}");
            }
            for page in [
                "billing/activity",
                "billing/invoices",
                "billing/review?pack=small",
                "billing/change?plan=team&cadence=annual",
                "billing/cancel",
            ] {
                assert_eq!(visitor.page(page).status, 403, "{member} {page}");
            }
        }
        let bob =
            server.visitor("refuser", "bob").send("billing/admins", &[("do", "add"), ("member", "cem")]);
        assert_eq!(bob.status, 403, "a billing admin makes no others");
        assert_eq!(server.balance(&path)["version"], version);
    }
}

#[test]
fn a_form_that_no_page_of_ours_showed_does_nothing() {
    for server in sellers() {
        let path = server.team("forger");
        let version = server.balance(&path)["version"].clone();
        let ada = server.visitor("forger", "ada");
        for (action, fields) in FORMS {
            assert_eq!(ada.send_as_is(action, fields).status, 403, "{action}");
            let forged: Vec<_> = fields.iter().copied().chain([("proof", "0")]).collect();
            assert_eq!(ada.send_as_is(action, &forged).status, 403, "{action}");
        }
        assert_eq!(server.balance(&path)["version"], version);
    }
}

#[test]
fn those_without_billing_access_see_what_they_may_and_whom_to_ask() {
    for server in sellers() {
        server.owing("asker");
        for (member, may_write) in [("cem", true), ("eve", true), ("dee", false)] {
            let page = server.visitor("asker", member).shown("billing");
            for secret in ["3,200", "Outstanding", "id=\"invoices\"", "billing/checkout", "pay_", "13,200"] {
                assert!(!page.contains(secret), "{member} sees {secret}");
            }
            assert!(page.contains("What is paused") && page.contains("id=\"ask_billing_admin\""));
            assert!(page.contains("Ada Moreau") && page.contains("Bob Okafor"));
            assert_eq!(page.contains("<textarea"), may_write, "{member}");
            assert_eq!(page.contains("mailto:?subject="), may_write, "{member}");
        }
    }
}

#[test]
fn a_subscription_is_changed_withdrawn_cancelled_and_resumed() {
    for server in sellers() {
        let path = server.team("changer");
        let ada = server.visitor("changer", "ada");
        let subscription = || server.balance(&path)["subscription"].clone();
        let down = [("plan", "starter"), ("cadence", "monthly"), ("charge", "1000"), ("now", "later")];
        assert!(ada.shown("billing/change?plan=starter&cadence=monthly").contains("Plan this change"));
        ada.done("billing/change", &down, "done-change-planned");
        assert!(ada.shown("billing").contains("Withdraw this change"));
        ada.done("billing/withdraw", &[], "done-withdrawn");
        assert!(!ada.shown("billing").contains("Withdraw this change"));

        let cancel = ada.shown("billing/cancel");
        assert!(cancel.contains("10,000 included credits expire on 28 Feb 2026."), "{cancel}");
        ada.done("billing/cancel", &[], "done-cancelled");
        assert!(subscription()["cancel_at"].is_string());
        let shown = ada.shown("billing");
        assert!(shown.contains("The subscription ends on 28 Feb 2026, 10:00 UTC."), "{shown}");
        assert_eq!(ada.page("billing/cancel").status, 404, "once is enough");
        ada.done("billing/resume", &[], "done-resumed");
        assert!(subscription()["cancel_at"].is_null());

        let review = ada.shown("billing/change?plan=team&cadence=annual");
        let body = json!({ "plan": "team", "cadence": "annual" });
        let preview = server.post(&format!("{path}/subscription/preview_change"), body).is(200).json;
        assert_eq!(preview["charge"], 50_000);
        assert!(review.contains("$500.00") && review.contains(&grouped(&preview["new_allowance"])));
        for unread in [
            [("charge", "49999"), ("now", "now")],
            [("charge", ""), ("now", "now")],
            [("charge", "50000"), ("now", "later")],
        ] {
            let asked = [&[("plan", "team"), ("cadence", "annual")][..], &unread].concat();
            ada.done("billing/change", &asked, "done-price-changed");
        }
        let annual = [("plan", "team"), ("cadence", "annual"), ("charge", "50000"), ("now", "now")];
        ada.done("billing/change", &annual, "done-changed");
        assert_eq!(subscription()["cadence"], "annual");
        assert_eq!(server.balance(&path)["included"], "130000");
    }
}

#[test]
fn a_subscription_that_ended_is_resumed_with_what_was_said_it_would_bring() {
    for server in sellers() {
        let path = server.team("returner");
        server.buy(&path, json!({ "pack": "small" }));
        server.post(&format!("{path}/subscription/cancel"), json!({})).is(200);
        server.clock("returner", json!({ "by": "P1M" }));
        let ada = server.visitor("returner", "ada");
        let shown = ada.shown("billing");
        assert!(shown.contains("If you resume today") && shown.contains("<dd>20,000</dd>"), "{shown}");
        assert!(shown.contains("Credits bought now would be locked as well."));
        let plan = [("plan", "team"), ("cadence", "monthly"), ("price", "5000")];
        server.pays(ada.send("billing/checkout", &plan).header("location"));
        assert_eq!(server.balance(&path)["available"], "20000");
    }
}

#[test]
fn auto_recharge_is_saved_or_says_at_the_form_what_is_wrong() {
    for server in sellers() {
        let path = server.buyer("recharger");
        server.people(&path);
        let page = server.checkout(&path, json!({ "plan": "team" }));
        server.submit(&page, &[("do", "pay"), ("card", "ok"), ("automatic", "yes")]);
        let ada = server.visitor("recharger", "ada");
        let with = |amount, limit| {
            [("enabled", "on"), ("threshold", "5000"), ("amount", amount), ("monthly_limit", limit)]
        };
        for (fields, said) in [
            (with("10000", "5000"), "The monthly limit is at least one purchase."),
            (with("7000", "50000"), "5,000 to 500,000 credits, in steps of 5,000."),
            (with("much", "50000"), "5,000 to 500,000 credits, in steps of 5,000."),
            (with("-5000", "50000"), "5,000 to 500,000 credits, in steps of 5,000."),
        ] {
            let answer = ada.send("billing/recharge", &fields);
            assert_eq!(answer.status, 422, "{}", answer.text);
            assert!(answer.text.contains(said) && answer.text.contains("aria-invalid=\"true\""), "{said}");
            assert_eq!(server.balance(&path)["auto_recharge"]["enabled"], false);
        }
        // The switch said what 20,000 would cost, so 10,000 are said once more, and nothing is saved by that.
        let other = ada.send("billing/recharge", &with("10000", "50000"));
        assert_eq!(other.status, 200, "{}", other.text);
        assert!(other.text.contains("is charged $10.00 for 10,000 credits each time"), "{}", other.text);
        assert!(other.text.contains("at most 5 times, $50.00, in a calendar month"));
        assert!(!other.text.contains("Your balance is below that now"));
        assert_eq!(server.balance(&path)["auto_recharge"]["enabled"], false);
        let low =
            [("enabled", "on"), ("threshold", "15000"), ("amount", "20000"), ("monthly_limit", "100000")];
        let low = ada.send("billing/recharge", &low);
        assert!(
            low.text.contains("so the first 20,000 credits are bought as soon as you save"),
            "{}",
            low.text
        );
        assert_eq!(server.paid(&path).len(), 1);
        let mut confirmed = with("10000", "50000").to_vec();
        confirmed.push(("confirmed", "yes"));
        ada.done("billing/recharge", &confirmed, "done-recharge-on");
        let saved = server.balance(&path)["auto_recharge"].clone();
        assert_eq!((&saved["enabled"], &saved["amount"]), (&json!(true), &json!("10000")));
        assert!(ada.shown("billing").contains("As soon as the balance drops below 5,000"));
        ada.done("billing/recharge", &with("10000", "50000")[1..], "done-recharge-off");
        assert_eq!(server.balance(&path)["auto_recharge"]["enabled"], false);
    }
}

#[test]
fn the_owner_makes_billing_admins_and_takes_it_back() {
    for server in sellers() {
        let path = server.team("owner");
        let ada = server.visitor("owner", "ada");
        let cem = |path: &str| {
            let members = server.get(&format!("{path}/members")).is(200).json;
            let found =
                members["data"].as_array().unwrap().iter().find(|member| member["id"] == "cem").cloned();
            found.unwrap()
        };
        ada.done("billing/admins", &[("do", "add"), ("member", "cem")], "done-admin-added");
        let made = cem(&path);
        assert_eq!((&made["billing_admin"], &made["name"]), (&json!(true), &json!("Cem Kaya")));
        assert!(server.visitor("owner", "cem").shown("billing").contains("id=\"invoices\""));
        ada.done("billing/admins", &[("do", "remove"), ("member", "cem")], "done-admin-removed");
        assert_eq!(cem(&path)["billing_admin"], false);
        assert_eq!(ada.send("billing/admins", &[("do", "add"), ("member", "nobody")]).status, 404);
    }
}

#[test]
fn the_activity_tells_every_event_once() {
    for server in sellers() {
        let path = server.owing("teller");
        for number in 0..30 {
            let run = json!({ "id": format!("c{number}"), "kind": "background", "used": 1 });
            server.post(&format!("{path}/charges"), run).is(201);
        }
        let version = server.balance(&path)["version"].as_u64().unwrap();
        let ada = server.visitor("teller", "ada");
        let (mut told, mut next) = (0, Some("billing/activity".to_owned()));
        while let Some(page) = next {
            let shown = ada.shown(&page);
            let (_, log) = shown.split_once("<ol class=\"log").unwrap();
            let log = log.split("</ol>").next().unwrap();
            told += u64::try_from(log.matches("<li>").count()).unwrap();
            let before =
                shown.split_once("activity?before=").map(|(_, rest)| rest.split('"').next().unwrap());
            next = before.map(|before| format!("billing/activity?before={before}"));
        }
        assert_eq!(told, version);
        assert!(ada.shown("billing").contains("Background work “c29” used 1, 1 more than you had."));
    }
}

#[test]
fn where_the_product_sells_nothing_leads_to_a_page_that_is_not_there() {
    for server in servers() {
        let path = server.organization("outside", 500);
        server.people(&path);
        let page = server.visitor("outside", "ada").shown("billing");
        for absent in ["billing/portal", "billing/review", "billing/checkout", "billing/cancel"] {
            assert!(!page.contains(absent), "{absent}");
        }
        assert!(page.contains("Credits and payments are handled in the product, not on this page."));
        assert!(page.contains("<dd>500</dd>"));
    }
}
