//! Who looks at what: an organization, its people, and one of them at the page, each read from the API.

use super::{
    Workspace,
    api::{Trouble, id, of},
};
use axum::http::StatusCode;
use ledger::Timestamp;
use reqwest::Method;
use serde_json::Value;

/// A person of the organization.
#[derive(Clone, Debug)]
pub struct Person {
    /// The id.
    pub id: String,
    /// What others call them.
    pub name: String,
    /// Owner, admin, member or viewer.
    pub role: String,
    /// Whether they see and act on billing.
    pub billing: bool,
}

impl Person {
    fn of(member: &Value) -> Person {
        let text = |name: &str| member[name].as_str().unwrap_or_default().to_owned();
        let billing = member["billing_admin"] == true || member["role"] == "owner";
        Person { id: text("id"), name: text("name"), role: text("role"), billing }
    }

    /// Whether they may start work (R12.2).
    pub fn works(&self) -> bool {
        self.role != "viewer"
    }

    /// "owner", "billing admin".
    pub fn title(&self) -> &str {
        if self.billing && self.role != "owner" { "billing admin" } else { &self.role }
    }

    /// "AM" of "Ada Moreau".
    pub fn initials(&self) -> String {
        let firsts = self.name.split_whitespace().filter_map(|word| word.chars().next());
        firsts.take(2).flat_map(char::to_uppercase).collect()
    }
}

/// An organization with somebody at the page.
pub struct Scene {
    /// The organization's id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its own clock, where it has one.
    pub test_clock: Option<Timestamp>,
    /// The people.
    pub people: Vec<Person>,
    /// Who is at the page.
    pub me: Person,
    /// Every organization, with its name.
    pub organizations: Vec<(String, String)>,
    /// The balance as this person may see it.
    pub balance: Value,
}

/// How many organizations are there to choose from.
const LISTED: &str = "/organizations?limit=100";

impl Scene {
    /// Reads it; nobody named means the owner.
    pub async fn read(
        workspace: &Workspace,
        organization: &str,
        person: Option<&str>,
    ) -> Result<Scene, Trouble> {
        let api = &workspace.api;
        let organization = id(organization)?;
        let (whole, members, listed) = tokio::try_join!(
            api.get(organization, ""),
            api.get(organization, "/members?limit=100"),
            api.done(Method::GET, LISTED, None, None),
        )?;
        let people: Vec<Person> = rows(&members).iter().map(Person::of).collect();
        let named = people.iter().find(|known| Some(known.id.as_str()) == person);
        let me = named.or_else(|| people.iter().find(|known| known.role == "owner")).cloned();
        let nobody = || Trouble::new(StatusCode::NOT_FOUND, "This organization has no people yet.");
        let me = me.ok_or_else(nobody)?;
        let balance = api.done(Method::GET, &of(organization, "/balance"), Some(&me.id), None).await?;
        let name = |row: &Value| {
            let text = |field: &str| row[field].as_str().unwrap_or_default().to_owned();
            (text("id"), text("name"))
        };
        let mut organizations: Vec<_> = rows(&listed).iter().map(name).collect();
        organizations.sort();
        Ok(Scene {
            id: organization.to_owned(),
            name: name(&whole).1,
            test_clock: whole["test_clock"].as_str().and_then(|at| at.parse().ok()),
            people,
            me,
            organizations,
            balance,
        })
    }

    /// The organization's now.
    pub fn now(&self) -> Timestamp {
        instant(&self.balance["as_of"]).unwrap_or_else(coulomb_server::clock::now)
    }
}

/// The rows of a list.
pub fn rows(list: &Value) -> &[Value] {
    list["data"].as_array().map(Vec::as_slice).unwrap_or_default()
}

/// An instant of the API.
pub fn instant(value: &Value) -> Option<Timestamp> {
    value.as_str().and_then(|at| at.parse().ok())
}
