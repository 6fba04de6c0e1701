//! A member in a browser: follows a link, keeps the cookie, and sends the forms of pages that were shown.

use crate::client::{Answer, Server};
use serde_json::json;

/// A member who is signed in to an organization's console.
pub struct SignedIn<'a> {
    server: &'a Server,
    organization: String,
    cookie: String,
}

impl<'a> SignedIn<'a> {
    /// Follows a new link.
    pub fn new(server: &'a Server, organization: &str, member: &str) -> SignedIn<'a> {
        let asked = json!({ "member": member });
        let made = server.post(&format!("/v1/organizations/{organization}/sessions"), asked).is(201);
        let (_, link) = made.json["url"].as_str().unwrap().split_once("/enter/").expect("a link");
        let entered = server.call("GET", &format!("/enter/{link}")).send().is(303);
        let cookie = entered.header("set-cookie").split(';').next().unwrap().to_owned();
        SignedIn { server, organization: organization.to_owned(), cookie }
    }

    pub fn see(&self, page: &str) -> Answer {
        let path = format!("/console/{}/{page}", self.organization);
        self.server.call("GET", &path).header("cookie", &self.cookie).send()
    }

    /// Sends a form as the page would: with the proof that it was shown.
    pub fn send(&self, page: &str, fields: &[(&str, &str)]) -> Answer {
        let shown = self.see("help").page(200);
        let proof = proof(&shown.text);
        self.send_as(page, &[&[("proof", proof)], fields].concat(), &[])
    }

    /// Sends whatever this is.
    pub fn send_as(&self, page: &str, fields: &[(&str, &str)], headers: &[(&str, &str)]) -> Answer {
        let path = format!("/console/{}/{page}", self.organization);
        let call = self.server.call("POST", &path).header("cookie", &self.cookie);
        headers.iter().fold(call, |call, (name, value)| call.header(name, value)).form(fields).send()
    }
}

/// What proves that a form was shown in the session of this page.
pub fn proof(page: &str) -> &str {
    page.split("name=\"proof\" value=\"").nth(1).expect("a form").split('"').next().unwrap()
}

/// An organization with people in each role: an owner, an admin, a billing admin, a member and a viewer, whose names begin
/// with their ids.
pub fn peopled(server: &Server, id: &str) -> String {
    let path = server.organization(id, 100);
    for (member, role, billing_admin) in [
        ("owner", "owner", false),
        ("admin", "admin", false),
        ("payer", "member", true),
        ("member", "member", false),
        ("viewer", "viewer", false),
    ] {
        let body =
            json!({ "name": format!("{member} Person"), "role": role, "billing_admin": billing_admin });
        server.put(&format!("{path}/members/{member}"), body).is(200);
    }
    path
}
