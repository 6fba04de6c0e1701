//! Settings: who may change whom, what is said to those who may not, and what a form is refused for (R12).

use crate::{
    client::{Server, servers},
    signed_in::{SignedIn, peopled},
};
use serde_json::Value;

fn member(server: &Server, path: &str, id: &str) -> Value {
    let members = server.get(&format!("{path}/members?limit=500")).is(200);
    let all = members.json["data"].as_array().unwrap();
    all.iter().find(|member| member["id"] == id).cloned().unwrap_or(Value::Null)
}

/// What each may do: (owner, admin, payer, member, viewer).
#[test]
fn everybody_reads_settings_and_changes_what_their_role_may() {
    let add = |by: &str| {
        vec![
            ("id", format!("new-{by}")),
            ("name", "New".into()),
            ("email", String::new()),
            ("role", "viewer".into()),
        ]
    };
    for server in servers() {
        let path = peopled(server, "settings-roles");
        for by in ["owner", "admin", "payer", "member", "viewer"] {
            let person = SignedIn::new(server, "settings-roles", by);
            let page = person.see("settings").page(200);
            for name in ["owner Person", "admin Person", "payer Person", "member Person", "viewer Person"] {
                assert!(page.text.contains(name), "{by} sees everybody");
            }
            let manages = matches!(by, "owner" | "admin");
            assert_eq!(page.text.contains("Add member"), manages, "{by}");
            assert_eq!(page.text.contains("can add people, change them"), !manages, "{by} is told who can");
            assert_eq!(page.text.contains("Select a teammate"), by == "owner", "{by}");
            assert_eq!(page.text.contains("Only owner Person"), by != "owner", "{by} is told who owns");
            let seen = matches!(by, "owner" | "payer");
            assert_eq!(page.text.contains("role=\"switch\""), seen, "{by} chooses what is mailed");
            assert_eq!(
                person.see("settings/members/member").page(200).text.contains("Save changes"),
                manages
            );

            let try_to = |form: &str, fields: &[(&str, &str)], may: bool| {
                let answer = person.send(form, fields);
                assert_eq!(answer.status, if may { 303 } else { 422 }, "{by} {form}: {}", answer.text);
                if !may {
                    assert!(answer.text.contains("owner Person"), "{by} is told who may: {}", answer.text);
                }
            };
            let fields = add(by);
            let fields: Vec<(&str, &str)> =
                fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
            try_to("settings/members", &fields, manages);
            try_to("settings/members/member", &[("name", "member Person"), ("role", "member")], manages);
            try_to("settings/billing-admins", &[("do", "add"), ("member", "viewer")], by == "owner");
            assert_eq!(member(server, &path, "viewer")["billing_admin"], by == "owner");
            if by == "owner" {
                try_to("settings/billing-admins", &[("do", "remove"), ("member", "viewer")], true);
            } else {
                try_to("settings/owner", &[("to", "viewer")], false);
            }
            if manages {
                try_to(&format!("settings/members/new-{by}/remove"), &[], true);
            } else {
                try_to("settings/members/viewer/remove", &[], false);
            }
            assert_eq!(member(server, &path, &format!("new-{by}")), Value::Null);
        }
    }
}

#[test]
fn a_form_that_is_refused_says_why_and_keeps_what_was_typed() {
    for server in servers() {
        let path = peopled(server, "settings-wrong");
        let version = || server.get(&format!("{path}/balance")).is(200).json["version"].clone();
        let before = version();
        let owner = SignedIn::new(server, "settings-wrong", "owner");
        let add = |id: &str, name: &str, email: &str, role: &str| {
            owner
                .send("settings/members", &[("id", id), ("name", name), ("email", email), ("role", role)])
                .page(422)
                .text
        };
        let told = add("a b", "Typed Name", "", "member");
        assert!(told.contains("letters without accents") && told.contains("value=\"Typed Name\""), "{told}");
        assert!(add("member", "Anybody", "", "member").contains("is a member already: member Person"));
        assert!(add("new", "  ", "", "member").contains("1 to 200 characters"));
        assert!(add("new", "New", "no address", "member").contains("not an e-mail address"));
        assert!(add("new", "New", "", "owner").contains("Choose admin, member or viewer"));
        assert!(add("new", &"x".repeat(201), "", "member").contains("1 to 200 characters"));
        let gone = owner.send("settings/members/owner/remove", &[]).page(422).text;
        assert!(gone.contains("The owner cannot be removed"), "{gone}");
        let stranger = owner.send("settings/billing-admins", &[("member", "stranger")]).page(422).text;
        assert!(stranger.contains("Only members can be billing admins"), "{stranger}");
        let heir = owner.send("settings/owner", &[("to", "stranger")]).page(422).text;
        assert!(heir.contains("another member"), "{heir}");
        owner.send("settings/members/stranger/remove", &[]).page(404);
        owner.see("settings/members/stranger").page(404);
        let admin = SignedIn::new(server, "settings-wrong", "admin");
        let payer = admin.send("settings/members/payer/remove", &[]).page(422).text;
        assert!(payer.contains("owner Person"), "{payer}");
        assert_eq!(version(), before, "nothing was changed");
    }
}

#[test]
fn ownership_is_transferred_after_it_was_said_what_that_means() {
    for server in servers() {
        let path = peopled(server, "settings-heir");
        let owner = SignedIn::new(server, "settings-heir", "owner");
        let asked = owner.see("settings/owner?to=admin").page(200).text;
        assert!(
            asked.contains("Make admin Person the owner?") && asked.contains("no longer see billing"),
            "{asked}"
        );
        assert_eq!(member(server, &path, "owner")["role"], "owner", "asking changes nothing");
        let done = owner.send("settings/owner", &[("to", "admin")]);
        assert_eq!(
            (done.status, done.header("location")),
            (303, "/console/settings-heir/settings?done=done-settings-transferred#owner")
        );
        assert_eq!(member(server, &path, "owner")["role"], "admin");
        assert_eq!(member(server, &path, "admin")["role"], "owner");
        let page = owner.see("settings?done=done-settings-transferred").page(200).text;
        assert!(page.contains("Ownership is transferred.") && !page.contains("Select a teammate"), "{page}");
    }
}

#[test]
fn people_choose_for_themselves_what_they_are_mailed() {
    for server in servers() {
        let path = peopled(server, "settings-mail");
        let payer = SignedIn::new(server, "settings-mail", "payer");
        let chosen = [("balance.low", "on"), ("dispute.opened", "on")];
        assert_eq!(payer.send("settings/notices", &chosen).status, 303);
        let kept = server.get(&format!("{path}/members/payer/notices")).is(200).json;
        let email = kept["email"].as_object().unwrap();
        let told: Vec<&String> =
            email.iter().filter(|(_, told)| **told == true).map(|(kind, _)| kind).collect();
        assert_eq!(told, ["balance.low", "dispute.opened"]);
        let page = payer.see("settings").page(200).text;
        assert_eq!(page.matches(" checked").count(), 2, "{page}");
        assert!(page.contains("There is no e-mail address of yours here"), "{page}");
    }
}

#[test]
fn names_from_the_host_are_shown_and_not_run() {
    let hostile = "<script>alert(1)</script>\"'";
    for server in servers() {
        let path = peopled(server, "settings-hostile");
        for id in ["owner", "member"] {
            let role = if id == "owner" { "owner" } else { "member" };
            let body = serde_json::json!({ "name": hostile, "email": "\"><img src=x>@x", "role": role });
            server.put(&format!("{path}/members/{id}"), body).is(200);
        }
        let owner = SignedIn::new(server, "settings-hostile", "owner");
        for page in ["settings", "settings/members/member", "settings/owner?to=member", "help", "help/debt"] {
            let text = owner.see(page).page(200).text;
            assert!(!text.contains("<script>alert") && !text.contains("<img src=x>"), "{page}: {text}");
        }
    }
}

#[test]
fn a_form_that_was_not_shown_changes_nobody() {
    for server in servers() {
        let path = peopled(server, "settings-forged");
        let owner = SignedIn::new(server, "settings-forged", "owner");
        let shown = owner.see("settings").page(200);
        let proof = crate::signed_in::proof(&shown.text);
        let forms = [
            "settings/members/member/remove",
            "settings/members/member",
            "settings/members",
            "settings/billing-admins",
            "settings/owner",
            "settings/notices",
            "help/debt/answer",
        ];
        for form in forms {
            let fields =
                [("to", "member"), ("member", "member"), ("name", "x"), ("role", "viewer"), ("id", "x")];
            owner.send_as(form, &fields, &[]).page(403);
            let proven = [&[("proof", proof)][..], &fields].concat();
            owner.send_as(form, &proven, &[("sec-fetch-site", "cross-site")]).page(403);
            owner.send_as(form, &proven, &[("origin", "https://evil.test")]).page(403);
        }
        assert_eq!(member(server, &path, "member")["role"], "member");
        assert_eq!(member(server, &path, "x"), Value::Null);
    }
}
