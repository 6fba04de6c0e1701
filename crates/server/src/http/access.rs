//! Who may call what: every route with the keys it takes, what a member needs to read it (R12.2), and the query it knows.
//! One table, so that it can be read, tested whole, and published with the document. A route that is not in it does not
//! exist: the router refuses to be built.

use store::Scope;

/// Which keys a route takes. An admin key opens every one of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    /// No key at all: health, and the document.
    Nobodys,
    /// No key, but the cookie of a session, for which the page itself asks.
    Visitor,
    /// Admin keys only.
    Admin,
    /// Runtime keys too.
    Runtime,
    /// Keys for reading too.
    Read,
    /// Runtime keys and keys for reading too.
    RuntimeOrRead,
}

impl Taken {
    /// Whether a key of this scope will do.
    pub fn takes(self, scope: Scope) -> bool {
        match (self, scope) {
            (Taken::Nobodys | Taken::Visitor, _) | (_, Scope::Admin) => true,
            (Taken::Admin, _) => false,
            (Taken::Runtime, scope) => scope == Scope::Runtime,
            (Taken::Read, scope) => scope == Scope::Read,
            (Taken::RuntimeOrRead, _) => true,
        }
    }

    /// The scopes that will do, in words.
    pub fn words(self) -> &'static str {
        match self {
            Taken::Nobodys => "no key",
            Taken::Visitor => "a session",
            Taken::Admin => "`admin`",
            Taken::Runtime => "`admin` or `runtime`",
            Taken::Read => "`admin` or `read`",
            Taken::RuntimeOrRead => "`admin`, `runtime` or `read`",
        }
    }
}

/// What a member needs, where the call is in the name of one (`Coulomb-Member`). Commands are judged by the rules; this
/// says who may read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Member {
    /// The rules decide: it is a command.
    ByCommand,
    /// Every member of the organization; answers leave out what this one may not see.
    Any,
    /// The owner and billing admins.
    Billing,
    /// No member at all: it concerns every organization, or none.
    Nobody,
    /// There is no organization whose member one could be.
    Regardless,
}

/// One route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Route {
    /// The method.
    pub method: &'static str,
    /// The path's template.
    pub path: &'static str,
    /// Which keys it takes.
    pub keys: Taken,
    /// What a member needs.
    pub member: Member,
    /// The query parameters it knows.
    pub query: &'static [&'static str],
    /// Whether it is never called in a member's own session, whatever the member may have the host do.
    pub host_alone: bool,
}

impl Route {
    /// The same, for the host alone: giving debt up, and reporting what only the provider knows.
    const fn host_alone(self) -> Route {
        Route { host_alone: true, ..self }
    }

    /// Whether a member's own session may call it (`Authorization: Bearer coulomb_session_…`). What meters work is the
    /// host's: whoever could settle their own runs could settle them for nothing.
    pub fn takes_sessions(&self) -> bool {
        self.keys != Taken::Runtime
            && !self.host_alone
            && self.path.starts_with("/v1/organizations/{org}")
            && matches!(self.member, Member::Any | Member::Billing | Member::ByCommand)
    }
}

const fn route(method: &'static str, path: &'static str, keys: Taken, member: Member) -> Route {
    Route { method, path, keys, member, query: &[], host_alone: false }
}

const fn list(path: &'static str, keys: Taken, member: Member, query: &'static [&'static str]) -> Route {
    Route { method: "GET", path, keys, member, query, host_alone: false }
}

const fn page(path: &'static str, keys: Taken, member: Member, query: &'static [&'static str]) -> Route {
    Route { method: "GET", path, keys, member, query, host_alone: false }
}

/// The query of a page that takes none.
const NO_QUERY: &[&str] = &[];

/// The query of a page that says what was just done.
const DONE: &[&str] = &["done"];

/// The query of the usage page: which entries and which grants.
const USAGE: &[&str] = &["done", "month", "source", "member", "before", "grants"];

/// The query of a list that has no filter.
const PAGE: &[&str] = &["limit", "cursor"];

/// Every route.
pub const ROUTES: &[Route] = &[
    // Runtime.
    route("POST", "/v1/organizations/{org}/runs", Taken::Runtime, Member::ByCommand),
    route("POST", "/v1/organizations/{org}/runs/{run}/usage", Taken::Runtime, Member::ByCommand),
    route("POST", "/v1/organizations/{org}/runs/{run}/settle", Taken::Runtime, Member::ByCommand),
    route("POST", "/v1/organizations/{org}/runs/{run}/release", Taken::Runtime, Member::ByCommand),
    route("POST", "/v1/organizations/{org}/charges", Taken::Runtime, Member::ByCommand),
    route("POST", "/v1/batch", Taken::Runtime, Member::ByCommand),
    route("GET", "/v1/organizations/{org}/balance", Taken::RuntimeOrRead, Member::Any),
    route("GET", "/v1/organizations/{org}/stream", Taken::RuntimeOrRead, Member::Any),
    list(
        "/v1/organizations/{org}/runs",
        Taken::RuntimeOrRead,
        Member::Any,
        &["status", "task", "limit", "cursor"],
    ),
    route("GET", "/v1/organizations/{org}/runs/{run}", Taken::RuntimeOrRead, Member::Any),
    // Account.
    list("/v1/organizations", Taken::Read, Member::Nobody, PAGE),
    route("PUT", "/v1/organizations/{org}", Taken::Admin, Member::ByCommand),
    route("GET", "/v1/organizations/{org}", Taken::Read, Member::Any),
    route("PUT", "/v1/organizations/{org}/suspension", Taken::Admin, Member::ByCommand),
    route("DELETE", "/v1/organizations/{org}/suspension", Taken::Admin, Member::ByCommand),
    list("/v1/organizations/{org}/members", Taken::Read, Member::Any, PAGE),
    route("PUT", "/v1/organizations/{org}/members/{member}", Taken::Admin, Member::ByCommand),
    route("DELETE", "/v1/organizations/{org}/members/{member}", Taken::Admin, Member::ByCommand),
    // Members see and change their own; whoever manages members everybody's. The handler says so.
    route("GET", "/v1/organizations/{org}/members/{member}/notices", Taken::Read, Member::Any),
    route("PUT", "/v1/organizations/{org}/members/{member}/notices", Taken::Admin, Member::Any),
    list("/v1/notices/dead", Taken::Admin, Member::Nobody, &["organization", "limit", "cursor"]),
    // The host's alone, which the handler says.
    route("POST", "/v1/organizations/{org}/notices/{notice}/replay", Taken::Admin, Member::Any),
    route("POST", "/v1/organizations/{org}/transfer_ownership", Taken::Admin, Member::ByCommand),
    list("/v1/organizations/{org}/tasks", Taken::Read, Member::Any, PAGE),
    route("PUT", "/v1/organizations/{org}/tasks/{task}", Taken::Admin, Member::ByCommand),
    route("POST", "/v1/organizations/{org}/tasks/{task}/resume", Taken::Admin, Member::ByCommand),
    list("/v1/organizations/{org}/grants", Taken::Read, Member::Billing, PAGE),
    route("POST", "/v1/organizations/{org}/grants", Taken::Admin, Member::ByCommand),
    list("/v1/organizations/{org}/debts", Taken::Read, Member::Billing, &["open", "limit", "cursor"]),
    route("POST", "/v1/organizations/{org}/debts/{debt}/write_off", Taken::Admin, Member::ByCommand)
        .host_alone(),
    list("/v1/organizations/{org}/events", Taken::Read, Member::Billing, PAGE),
    list("/v1/organizations/{org}/entries", Taken::Read, Member::Billing, PAGE),
    // The host's alone, which the handler says.
    route("POST", "/v1/organizations/{org}/sessions", Taken::Admin, Member::Any),
    route("GET", "/v1/organizations/{org}/explanation", Taken::Read, Member::Any),
    route("POST", "/v1/organizations/{org}/preview", Taken::Admin, Member::ByCommand),
    list("/v1/organizations/{org}/usage", Taken::Read, Member::Any, &["from", "to", "by"]),
    list("/v1/organizations/{org}/export.csv", Taken::Read, Member::Billing, &["what"]),
    // Money.
    route("GET", "/v1/catalog", Taken::Read, Member::Regardless),
    route("PUT", "/v1/organizations/{org}/auto_recharge", Taken::Admin, Member::ByCommand),
    list("/v1/organizations/{org}/payments", Taken::Read, Member::Billing, PAGE),
    route("POST", "/v1/organizations/{org}/subscription/preview_change", Taken::Admin, Member::Billing),
    route("POST", "/v1/organizations/{org}/subscription/change", Taken::Admin, Member::ByCommand),
    route("DELETE", "/v1/organizations/{org}/subscription/change", Taken::Admin, Member::ByCommand),
    route("POST", "/v1/organizations/{org}/subscription/cancel", Taken::Admin, Member::Billing),
    route("POST", "/v1/organizations/{org}/subscription/resume", Taken::Admin, Member::Billing),
    route("POST", "/v1/organizations/{org}/checkout", Taken::Admin, Member::Billing),
    route("POST", "/v1/organizations/{org}/portal", Taken::Admin, Member::Billing),
    list("/v1/organizations/{org}/invoices", Taken::Read, Member::Billing, PAGE),
    // Signed by whoever sends it.
    route("POST", "/v1/webhooks/stripe", Taken::Nobodys, Member::Regardless),
    // What a host with its own provider reports.
    route("PUT", "/v1/organizations/{org}/subscription", Taken::Admin, Member::ByCommand),
    route("POST", "/v1/organizations/{org}/payments", Taken::Admin, Member::ByCommand),
    route("POST", "/v1/organizations/{org}/refunds", Taken::Admin, Member::ByCommand),
    route("POST", "/v1/organizations/{org}/refunds/{refund}/fail", Taken::Admin, Member::ByCommand),
    route("POST", "/v1/organizations/{org}/disputes", Taken::Admin, Member::ByCommand),
    route("POST", "/v1/organizations/{org}/disputes/{dispute}/close", Taken::Admin, Member::ByCommand),
    route("PUT", "/v1/organizations/{org}/payment_method", Taken::Admin, Member::ByCommand).host_alone(),
    route("POST", "/v1/organizations/{org}/recharges/{recharge}/decline", Taken::Admin, Member::ByCommand),
    // Sandbox.
    route("POST", "/v1/sandbox/organizations/{org}/clock", Taken::Admin, Member::ByCommand),
    route("PUT", "/v1/sandbox/organizations/{org}/card", Taken::Admin, Member::Billing),
    // The sandbox's pages, for whoever has the whole address.
    route("GET", "/sandbox/coulomb.css", Taken::Nobodys, Member::Regardless),
    route("GET", "/sandbox/checkout/{org}/{token}", Taken::Nobodys, Member::Regardless),
    route("POST", "/sandbox/checkout/{org}/{token}", Taken::Nobodys, Member::Regardless),
    route("GET", "/sandbox/portal/{org}/{token}", Taken::Nobodys, Member::Regardless),
    route("POST", "/sandbox/portal/{org}/{token}", Taken::Nobodys, Member::Regardless),
    route("GET", "/sandbox/invoices/{org}/{token}/{invoice}", Taken::Nobodys, Member::Regardless),
    // The console's pages, for whoever has a session; the operator's ask for one of their own.
    page("/enter/{org}/{link}", Taken::Nobodys, Member::Regardless, &["to"]),
    page("/assets/{name}", Taken::Nobodys, Member::Regardless, &["v"]),
    page("/console/{org}", Taken::Visitor, Member::Any, NO_QUERY),
    page("/console/{org}/stream", Taken::Visitor, Member::Any, NO_QUERY),
    route("POST", "/console/{org}/leave", Taken::Visitor, Member::Any),
    page("/console/{org}/billing", Taken::Visitor, Member::Any, &["done", "checkout"]),
    page("/console/{org}/billing/activity", Taken::Visitor, Member::Billing, &["before"]),
    page("/console/{org}/billing/invoices", Taken::Visitor, Member::Billing, &["cursor"]),
    page(
        "/console/{org}/billing/review",
        Taken::Visitor,
        Member::Billing,
        &["pack", "shortfall", "plan", "cadence"],
    ),
    page("/console/{org}/billing/change", Taken::Visitor, Member::Billing, &["plan", "cadence"]),
    page("/console/{org}/billing/cancel", Taken::Visitor, Member::Billing, NO_QUERY),
    route("POST", "/console/{org}/billing/checkout", Taken::Visitor, Member::Billing),
    route("POST", "/console/{org}/billing/portal", Taken::Visitor, Member::Billing),
    route("POST", "/console/{org}/billing/change", Taken::Visitor, Member::Billing),
    route("POST", "/console/{org}/billing/withdraw", Taken::Visitor, Member::Billing),
    route("POST", "/console/{org}/billing/cancel", Taken::Visitor, Member::Billing),
    route("POST", "/console/{org}/billing/resume", Taken::Visitor, Member::Billing),
    route("POST", "/console/{org}/billing/recharge", Taken::Visitor, Member::Billing),
    route("POST", "/console/{org}/billing/admins", Taken::Visitor, Member::Any),
    page("/console/{org}/usage", Taken::Visitor, Member::Any, USAGE),
    page("/console/{org}/export.csv", Taken::Visitor, Member::Billing, &["what"]),
    page("/console/{org}/history", Taken::Visitor, Member::Any, &["done", "status", "before"]),
    page("/console/{org}/history/{run}", Taken::Visitor, Member::Any, DONE),
    page("/console/{org}/settings", Taken::Visitor, Member::Any, &["done", "page"]),
    route("POST", "/console/{org}/settings/members", Taken::Visitor, Member::Any),
    page("/console/{org}/settings/members/{member}", Taken::Visitor, Member::Any, DONE),
    route("POST", "/console/{org}/settings/members/{member}", Taken::Visitor, Member::Any),
    route("POST", "/console/{org}/settings/members/{member}/remove", Taken::Visitor, Member::Any),
    route("POST", "/console/{org}/settings/billing-admins", Taken::Visitor, Member::Any),
    page("/console/{org}/settings/owner", Taken::Visitor, Member::Any, &["to"]),
    route("POST", "/console/{org}/settings/owner", Taken::Visitor, Member::Any),
    route("POST", "/console/{org}/settings/notices", Taken::Visitor, Member::Any),
    page("/console/{org}/help", Taken::Visitor, Member::Any, DONE),
    page("/console/{org}/help/{article}", Taken::Visitor, Member::Any, DONE),
    route("POST", "/console/{org}/help/{article}/answer", Taken::Visitor, Member::Any),
    // The operator's view, for whoever has signed in with a key.
    page("/operator", Taken::Nobodys, Member::Regardless, &["q", "state", "owes", "after"]),
    route("POST", "/operator/enter", Taken::Nobodys, Member::Regardless),
    route("POST", "/operator/leave", Taken::Nobodys, Member::Regardless),
    page("/operator/help", Taken::Nobodys, Member::Regardless, NO_QUERY),
    page("/operator/organizations/{org}", Taken::Nobodys, Member::Regardless, DONE),
    page("/operator/organizations/{org}/events", Taken::Nobodys, Member::Regardless, &["before"]),
    page("/operator/organizations/{org}/debts/{debt}", Taken::Nobodys, Member::Regardless, NO_QUERY),
    route("POST", "/operator/organizations/{org}/{order}", Taken::Nobodys, Member::Regardless),
    // Without a key.
    route("GET", "/v1/openapi.json", Taken::Nobodys, Member::Regardless),
    route("GET", "/healthz", Taken::Nobodys, Member::Regardless),
    route("GET", "/readyz", Taken::Nobodys, Member::Regardless),
    route("GET", "/metrics", Taken::Nobodys, Member::Regardless),
];

/// The route of a method and a path's template.
pub fn find(method: &str, path: &str) -> Option<&'static Route> {
    use std::{collections::HashMap, sync::LazyLock};
    static BY_NAME: LazyLock<HashMap<(&str, &str), &'static Route>> =
        LazyLock::new(|| ROUTES.iter().map(|route| ((route.method, route.path), route)).collect());
    // GET answers HEAD too, without the body.
    let method = if method == "HEAD" { "GET" } else { method };
    let routes: &HashMap<(&str, &str), &'static Route> = &BY_NAME;
    routes.get(&(method, path)).copied()
}
