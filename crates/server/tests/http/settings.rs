//! Settings: who may change whom, what is said to those who may not, and what a form is refused for (R12).

use crate::client::{Server, servers};
use serde_json::Value;

fn member(server: &Server, path: &str, id: &str) -> Value {
    let members = server.get(&format!("{path}/members?limit=500")).is(200);
    let all = members.json["data"].as_array().unwrap();
    all.iter().find(|member| member["id"] == id).cloned().unwrap_or(Value::Null)
}

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
        let path = server.organization("settings-roles", 100);
        server.people(&path);
        for by in ["ada", "eve", "bob", "cem", "dee"] {
            let person = server.visitor("settings-roles", by);
            let page = person.page("settings").page(200);
            for name in ["Ada Moreau", "Eve Lind", "Bob Okafor", "Cem Kaya", "Dee Larsen"] {
                assert!(page.text.contains(name), "{by} sees everybody");
            }
            let manages = matches!(by, "ada" | "eve");
            assert_eq!(page.text.contains("Add member"), manages, "{by}");
            assert_eq!(page.text.contains("can add people, change them"), !manages, "{by} is told who can");
            assert_eq!(page.text.contains("Select a teammate"), by == "ada", "{by}");
            assert_eq!(page.text.contains("Only Ada Moreau"), by != "ada", "{by} is told who owns");
            let seen = matches!(by, "ada" | "bob");
            assert_eq!(page.text.contains("role=\"switch\""), seen, "{by} chooses what is mailed");
            assert_eq!(person.page("settings/members/cem").page(200).text.contains("Save changes"), manages);

            let try_to = |form: &str, fields: &[(&str, &str)], may: bool| {
                let answer = person.send(form, fields);
                assert_eq!(answer.status, if may { 303 } else { 422 }, "{by} {form}: {}", answer.text);
                if !may {
                    assert!(answer.text.contains("Ada Moreau"), "{by} is told who may: {}", answer.text);
                }
            };
            let fields = add(by);
            let fields: Vec<(&str, &str)> =
                fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
            try_to("settings/members", &fields, manages);
            try_to("settings/members/cem", &[("name", "Cem Kaya"), ("role", "member")], manages);
            try_to("settings/billing-admins", &[("do", "add"), ("member", "dee")], by == "ada");
            assert_eq!(member(server, &path, "dee")["billing_admin"], by == "ada");
            if by == "ada" {
                try_to("settings/billing-admins", &[("do", "remove"), ("member", "dee")], true);
            } else {
                try_to("settings/owner", &[("to", "dee")], false);
            }
            if manages {
                try_to(&format!("settings/members/new-{by}/remove"), &[], true);
            } else {
                try_to("settings/members/dee/remove", &[], false);
            }
            assert_eq!(member(server, &path, &format!("new-{by}")), Value::Null);
        }
    }
}

#[test]
fn a_form_that_is_refused_says_why_and_keeps_what_was_typed() {
    for server in servers() {
        let path = server.organization("settings-wrong", 100);
        server.people(&path);
        let version = || server.get(&format!("{path}/balance")).is(200).json["version"].clone();
        let before = version();
        let owner = server.visitor("settings-wrong", "ada");
        let add = |id: &str, name: &str, email: &str, role: &str| {
            owner
                .send("settings/members", &[("id", id), ("name", name), ("email", email), ("role", role)])
                .page(422)
                .text
        };
        let told = add("a b", "Typed Name", "", "member");
        assert!(told.contains("letters without accents") && told.contains("value=\"Typed Name\""), "{told}");
        assert!(add("cem", "Anybody", "", "member").contains("is a member already: Cem Kaya"));
        assert!(add("new", "  ", "", "member").contains("1 to 200 characters"));
        assert!(add("new", "New", "no address", "member").contains("not an e-mail address"));
        assert!(add("new", "New", "", "owner").contains("Choose admin, member or viewer"));
        assert!(add("new", &"x".repeat(201), "", "member").contains("1 to 200 characters"));
        let gone = owner.send("settings/members/ada/remove", &[]).page(422).text;
        assert!(gone.contains("The owner cannot be removed"), "{gone}");
        let stranger =
            owner.send("settings/billing-admins", &[("do", "add"), ("member", "stranger")]).page(422).text;
        assert!(stranger.contains("Only members can be billing admins"), "{stranger}");
        let heir = owner.send("settings/owner", &[("to", "stranger")]).page(422).text;
        assert!(heir.contains("another member"), "{heir}");
        owner.send("settings/members/stranger/remove", &[]).page(404);
        owner.page("settings/members/stranger").page(404);
        let admin = server.visitor("settings-wrong", "eve");
        let payer = admin.send("settings/members/bob/remove", &[]).page(422).text;
        assert!(payer.contains("Ada Moreau"), "{payer}");
        assert_eq!(version(), before, "nothing was changed");
    }
}

#[test]
fn ownership_is_transferred_after_it_was_said_what_that_means() {
    for server in servers() {
        let path = server.organization("settings-heir", 100);
        server.people(&path);
        let owner = server.visitor("settings-heir", "ada");
        let asked = owner.page("settings/owner?to=eve").page(200).text;
        assert!(
            asked.contains("Make Eve Lind the owner?") && asked.contains("no longer see billing"),
            "{asked}"
        );
        assert_eq!(member(server, &path, "ada")["role"], "owner", "asking changes nothing");
        let done = owner.send("settings/owner", &[("to", "eve")]);
        assert_eq!(
            (done.status, done.header("location")),
            (303, "/console/settings-heir/settings?done=done-settings-transferred#owner")
        );
        assert_eq!(member(server, &path, "ada")["role"], "admin");
        assert_eq!(member(server, &path, "eve")["role"], "owner");
        let page = owner.page("settings?done=done-settings-transferred").page(200).text;
        assert!(page.contains("Ownership is transferred.") && !page.contains("Select a teammate"), "{page}");
    }
}

#[test]
fn people_choose_for_themselves_what_they_are_mailed() {
    for server in servers() {
        let path = server.organization("settings-mail", 100);
        server.people(&path);
        let payer = server.visitor("settings-mail", "bob");
        let chosen = [("balance.low", "on"), ("dispute.opened", "on")];
        assert_eq!(payer.send("settings/notices", &chosen).status, 303);
        let kept = server.get(&format!("{path}/members/bob/notices")).is(200).json;
        let email = kept["email"].as_object().unwrap();
        let told: Vec<&String> =
            email.iter().filter(|(_, told)| **told == true).map(|(kind, _)| kind).collect();
        assert_eq!(told, ["balance.low", "dispute.opened"]);
        let page = payer.page("settings").page(200).text;
        assert_eq!(page.matches(" checked").count(), 2, "{page}");
        assert!(page.contains("There is no e-mail address of yours here"), "{page}");
    }
}

#[test]
fn names_from_the_host_are_shown_and_not_run() {
    let hostile = "<script>alert(1)</script>\"'";
    for server in servers() {
        let path = server.organization("settings-hostile", 100);
        server.people(&path);
        for id in ["ada", "cem"] {
            let role = if id == "ada" { "owner" } else { "member" };
            let body = serde_json::json!({ "name": hostile, "email": "\"><img src=x>@x", "role": role });
            server.put(&format!("{path}/members/{id}"), body).is(200);
        }
        let owner = server.visitor("settings-hostile", "ada");
        for page in ["settings", "settings/members/cem", "settings/owner?to=cem", "help", "help/debt"] {
            let text = owner.page(page).page(200).text;
            assert!(!text.contains("<script>alert") && !text.contains("<img src=x>"), "{page}: {text}");
        }
    }
}
