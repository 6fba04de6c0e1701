//! A member in a browser: a session followed from its link, pages asked for with its cookie, forms sent with what the page that
//! shows them knows.

use crate::client::{Answer, Server};
use serde_json::json;

/// Somebody who has followed their link.
pub struct Visitor<'a> {
    server: &'a Server,
    organization: String,
    cookie: String,
}

impl Server {
    /// A member of the organization, who is one already, in a browser of their own.
    #[track_caller]
    pub fn visitor(&self, organization: &str, member: &str) -> Visitor<'_> {
        let path = format!("/v1/organizations/{organization}/sessions");
        let opened = self.post(&path, json!({ "member": member })).is(201).json;
        let (_, link) = opened["url"].as_str().unwrap().split_once("/enter/").unwrap();
        let entered = self.call("GET", &format!("/enter/{link}")).without("authorization").send();
        assert_eq!(entered.status, 303, "{}", entered.text);
        let cookie = entered.header("set-cookie").split(';').next().unwrap().to_owned();
        Visitor { server: self, organization: organization.to_owned(), cookie }
    }

    /// An organization's people: ada owns it, bob is billing admin, cem a member, dee a viewer, eve an admin.
    pub fn people(&self, path: &str) {
        for (id, name, role, billing_admin) in [
            ("ada", "Ada Moreau", "owner", false),
            ("bob", "Bob Okafor", "member", true),
            ("cem", "Cem Kaya", "member", false),
            ("dee", "Dee Larsen", "viewer", false),
            ("eve", "Eve Lind", "admin", false),
        ] {
            let body = json!({ "name": name, "role": role, "billing_admin": billing_admin });
            self.put(&format!("{path}/members/{id}"), body).is(200);
        }
    }
}

impl Visitor<'_> {
    /// A page of the organization's console.
    pub fn page(&self, page: &str) -> Answer {
        let path = format!("/console/{}/{page}", self.organization);
        self.server.call("GET", &path).without("authorization").header("cookie", &self.cookie).send()
    }

    /// What is on a page that is shown; its style says "checked" and much else.
    #[track_caller]
    pub fn shown(&self, page: &str) -> String {
        let answer = self.page(page);
        assert_eq!(answer.status, 200, "{page}: {}", answer.text);
        answer.text.split_once("<body").unwrap().1.to_owned()
    }

    /// Sends a form as one of the pages would.
    pub fn send(&self, action: &str, fields: &[(&str, &str)]) -> Answer {
        let page = self.shown("billing");
        let (_, rest) = page.split_once("name=\"proof\" value=\"").expect("a page has a form");
        let proof = rest.split('"').next().unwrap();
        let with_proof: Vec<(&str, &str)> = fields.iter().copied().chain([("proof", proof)]).collect();
        self.send_as_is(action, &with_proof)
    }

    /// Sends a form with nothing but these fields.
    pub fn send_as_is(&self, action: &str, fields: &[(&str, &str)]) -> Answer {
        let path = format!("/console/{}/{action}", self.organization);
        let call = self.server.call("POST", &path).without("authorization");
        call.header("cookie", &self.cookie).form(fields).send()
    }

    /// Sends a form, which is done and leads back to a page that says so.
    #[track_caller]
    pub fn done(&self, action: &str, fields: &[(&str, &str)], done: &str) {
        let answer = self.send(action, fields);
        assert_eq!(answer.status, 303, "{action}: {}", answer.text);
        let location = answer.header("location").to_owned();
        assert!(location.contains(&format!("?done={done}#")), "{location}");
    }
}
