//! Every story of `scenarios/`, told to a running server over HTTP, as a host would tell it.

use super::peer::{Answer, Client, Data, Server, key};
use ledger::{
    Credits, Duration, Policy, Timestamp,
    command::Command,
    id::{IdempotencyKey, MemberId, OrganizationId, RunId},
    payment::PaymentPurpose,
    scenario::{Seen, Story, World},
    subscription::{Cadence, Period},
};
use serde_json::{Map, Value, json};
use std::{
    collections::BTreeMap,
    fmt::Write,
    fs,
    path::{Path, PathBuf},
};
use tempfile::TempDir;
use xtask::postgres::fresh_database;

struct HttpWorld {
    /// One of each server, asked in turn.
    clients: Vec<Client>,
    organization: OrganizationId,
}

impl HttpWorld {
    fn begin(servers: &[Server], key: &str, organization: &str, story: &Story) -> HttpWorld {
        let clients = servers.iter().map(|server| Client::new(&server.address, key)).collect();
        let mut world = HttpWorld { clients, organization: organization.parse().unwrap() };
        world.advance(story.at);
        let opening = Command::NameOrganization { name: "Organization".into() };
        for (number, command) in std::iter::once(opening).chain(story.cast()).enumerate() {
            let key = format!("cast-{number}").parse().unwrap();
            world.act(command, None, key).unwrap();
        }
        world
    }

    /// Asks the server whose turn it is.
    fn call(&mut self, method: &str, path: &str, headers: &[(&str, &str)], body: Option<&Value>) -> Answer {
        self.clients.rotate_left(1);
        self.clients[0].call(method, path, headers, body)
    }

    fn path(&self, rest: &str) -> String {
        format!("/v1/organizations/{}{rest}", self.organization)
    }

    fn get(&mut self, rest: &str) -> Value {
        let path = self.path(rest);
        let answer = self.call("GET", &path, &[], None);
        assert_eq!(answer.status, 200, "{path}: {}", answer.body);
        answer.body
    }
}

impl World for HttpWorld {
    fn advance(&mut self, to: Timestamp) {
        let path = format!("/v1/sandbox/organizations/{}/clock", self.organization);
        let answer = self.call("POST", &path, &[], Some(&json!({"to": to.to_string()})));
        assert!(answer.status < 300, "{path}: {}", answer.body);
    }

    fn act(
        &mut self,
        command: Command,
        member: Option<MemberId>,
        key: IdempotencyKey,
    ) -> Result<(), Vec<String>> {
        let (method, rest, body) = request(&command);
        let path = self.path(&rest);
        let mut headers = vec![("idempotency-key", key.as_str())];
        headers.extend(member.as_ref().map(|member| ("coulomb-member", member.as_str())));
        let answer = self.call(method, &path, &headers, body.as_ref());
        match answer.status {
            200..300 => Ok(()),
            402 => {
                let reasons = answer.body["reasons"].as_array().unwrap();
                Err(reasons.iter().map(|reason| reason["code"].as_str().unwrap().to_owned()).collect())
            }
            status => {
                assert!((400..500).contains(&status), "{method} {path}: {status} {}", answer.body);
                Err(vec![answer.body["code"].as_str().unwrap().to_owned()])
            }
        }
    }

    fn look(&mut self, runs: &[RunId]) -> Seen {
        let balance = self.get("/balance");
        let names = ["available", "included", "purchased", "promotional", "locked", "frozen", "held"];
        let mut seen = Seen {
            amounts: names.map(|name| (name.to_owned(), credits(&balance[name]))).into(),
            status: balance["status"].as_str().unwrap().to_owned(),
            reasons: balance["reasons"]
                .as_array()
                .unwrap()
                .iter()
                .map(|reason| text(&reason["code"]))
                .collect(),
            can_start: balance["can_start"].as_bool().unwrap(),
            ..Seen::default()
        };
        let in_flight = &balance["auto_recharge"]["in_flight"];
        if !in_flight.is_null() {
            seen.in_flight = Some((text(&in_flight["id"]).parse().unwrap(), credits(&in_flight["credits"])));
        }
        for kind in ["outstanding_usage", "refund", "dispute"] {
            let mut of_kind: Vec<_> =
                list(&self.get("/debts?limit=500")).into_iter().filter(|debt| debt["kind"] == kind).collect();
            of_kind.reverse();
            for debt in of_kind.iter().filter(|debt| credits(&debt["open"]).is_positive()) {
                seen.debts.push((
                    kind.to_owned(),
                    text(&debt["id"]).parse().unwrap(),
                    credits(&debt["open"]),
                ));
            }
            let open: Credits = seen.debts.iter().filter(|(of, ..)| of == kind).map(|(.., open)| *open).sum();
            assert_eq!(credits(&balance["debt"][kind]), open, "the balance and the list agree");
        }
        for id in runs {
            let path = self.path(&format!("/runs/{id}"));
            let answer = self.call("GET", &path, &[], None);
            if answer.status == 200 {
                seen.runs.insert(id.to_string(), text(&answer.body["status"]));
            } else {
                assert_eq!(answer.status, 404, "{}", answer.body);
            }
        }
        for task in list(&self.get("/tasks?limit=500")) {
            seen.tasks.insert(text(&task["id"]), text(&task["status"]));
        }
        for grant in list(&self.get("/grants?limit=500")) {
            let parts: BTreeMap<String, Credits> =
                ["free", "held", "used", "settled", "frozen", "expired", "revoked"]
                    .map(|part| (part.to_owned(), credits(&grant[part])))
                    .into();
            let payment = grant.get("payment").and_then(Value::as_str);
            seen.grants.extend(payment.map(|payment| (payment.to_owned(), parts.clone())));
            seen.grants.insert(text(&grant["id"]), parts);
        }
        seen
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("{value} is a text")).to_owned()
}

fn credits(value: &Value) -> Credits {
    text(value).parse().unwrap_or_else(|why| panic!("{value}: {why}"))
}

fn list(page: &Value) -> Vec<Value> {
    assert!(page["next_cursor"].is_null(), "a story fits one page");
    page["data"].as_array().unwrap().clone()
}

/// The call that a command is on the wire: method, path below the organization, body.
fn request(command: &Command) -> (&'static str, String, Option<Value>) {
    let period = |body: &mut Map<String, Value>, period: Option<Period>| {
        if let Some(period) = period {
            body.insert("period_start".into(), json!(period.start.to_string()));
            body.insert("period_end".into(), json!(period.end.to_string()));
        }
    };
    let (method, path, body) = match command {
        Command::NameOrganization { name } => ("PUT", String::new(), json!({"name": name})),
        Command::SetMember { member, name, role, billing_admin, .. } => (
            "PUT",
            format!("/members/{member}"),
            json!({"name": name, "role": role, "billing_admin": billing_admin}),
        ),
        Command::Start { run, kind, hold, task, member, hold_lifetime, .. } => {
            let lifetime = hold_lifetime.map(|lifetime| format!("PT{}S", lifetime.micros() / 1_000_000));
            let hold = hold.map(|hold| hold.to_string());
            (
                "POST",
                "/runs".into(),
                json!({"id": run, "kind": kind, "hold": hold, "task": task, "member": member, "hold_lifetime": lifetime}),
            )
        }
        Command::RecordUsage { run, usage, amount } => {
            ("POST", format!("/runs/{run}/usage"), json!({"id": usage, "amount": amount.to_string()}))
        }
        Command::Settle { run, used, outcome } => {
            ("POST", format!("/runs/{run}/settle"), json!({"used": used.to_string(), "outcome": outcome}))
        }
        Command::Release { run } => return ("POST", format!("/runs/{run}/release"), None),
        Command::Charge { run, kind, used, member, .. } => (
            "POST",
            "/charges".into(),
            json!({"id": run, "kind": kind, "used": used.to_string(), "member": member}),
        ),
        Command::GrantPromotional { grant, amount, effective_at, expires_at, priority, .. } => {
            let at = |instant: &Option<Timestamp>| instant.map(|instant| instant.to_string());
            let (from, to) = (at(effective_at), at(expires_at));
            (
                "POST",
                "/grants".into(),
                json!({"id": grant, "credits": amount.to_string(), "effective_at": from, "expires_at": to, "priority": priority}),
            )
        }
        Command::ReportSubscription { subscription } => {
            let mut body = Map::new();
            body.insert("status".into(), json!(subscription.status));
            body.insert("cadence".into(), json!(subscription.cadence));
            body.insert("plan".into(), json!(subscription.plan));
            period(&mut body, subscription.period);
            body.insert("cancel_at".into(), json!(subscription.cancel_at.map(|at| at.to_string())));
            body.insert("past_due_since".into(), json!(subscription.past_due_since.map(|at| at.to_string())));
            assert!(matches!(subscription.cadence, Cadence::Monthly | Cadence::Annual));
            ("PUT", "/subscription".into(), Value::Object(body))
        }
        Command::RecordPayment {
            payment,
            purpose,
            paid,
            currency,
            credits,
            expires_at,
            period: paid_for,
            recharge,
        } => {
            let mut body = Map::new();
            let purpose = match purpose {
                PaymentPurpose::TopUp => "top_up",
                PaymentPurpose::Renewal => "renewal",
                PaymentPurpose::Upgrade => "upgrade",
                PaymentPurpose::Recharge => "recharge",
                PaymentPurpose::Repayment => "repayment",
            };
            body.insert("id".into(), json!(payment));
            body.insert("purpose".into(), json!(purpose));
            body.insert("paid".into(), json!(paid));
            body.insert("currency".into(), json!(currency));
            body.insert("credits".into(), json!(credits.map(|credits| credits.to_string())));
            body.insert("expires_at".into(), json!(expires_at.map(|at| at.to_string())));
            body.insert("recharge".into(), json!(recharge));
            period(&mut body, *paid_for);
            ("POST", "/payments".into(), Value::Object(body))
        }
        Command::RecordRefund { refund, payment, amount } => {
            ("POST", "/refunds".into(), json!({"id": refund, "payment": payment, "amount": amount}))
        }
        Command::FailRefund { refund } => return ("POST", format!("/refunds/{refund}/fail"), None),
        Command::OpenDispute { dispute, payment, amount } => {
            ("POST", "/disputes".into(), json!({"id": dispute, "payment": payment, "amount": amount}))
        }
        Command::CloseDispute { dispute, outcome } => {
            ("POST", format!("/disputes/{dispute}/close"), json!({"outcome": outcome}))
        }
        Command::WriteOff { debt, amount, reason } => {
            let amount = amount.map(|amount| amount.to_string());
            ("POST", format!("/debts/{debt}/write_off"), json!({"amount": amount, "reason": reason}))
        }
        Command::SetPaymentMethod { present } => {
            ("PUT", "/payment_method".into(), json!({"present": present}))
        }
        Command::SetAutoRecharge { enabled, threshold, amount, monthly_limit } => {
            let credits = |amount: &Option<Credits>| amount.map(|amount| amount.to_string());
            let (threshold, amount, limit) = (credits(threshold), credits(amount), credits(monthly_limit));
            (
                "PUT",
                "/auto_recharge".into(),
                json!({"enabled": enabled, "threshold": threshold, "amount": amount, "monthly_limit": limit}),
            )
        }
        Command::DeclineRecharge { recharge, reason } => {
            ("POST", format!("/recharges/{recharge}/decline"), json!({"reason": reason}))
        }
        Command::ResumeTask { task } => return ("POST", format!("/tasks/{task}/resume"), None),
        Command::SetTask { task, failures_max } => {
            ("PUT", format!("/tasks/{task}"), json!({"failures_max": failures_max}))
        }
        Command::Suspend { reason } => ("PUT", "/suspension".into(), json!({"reason": reason})),
        Command::LiftSuspension => return ("DELETE", "/suspension".into(), None),
        other => panic!("no story asks {other:?} of a server"),
    };
    // What a story leaves out is left out on the wire.
    let fields = body.as_object().unwrap().iter().filter(|(_, value)| !value.is_null());
    let body: Map<String, Value> = fields.map(|(name, value)| (name.clone(), value.clone())).collect();
    (method, path, Some(Value::Object(body)))
}

/// The configuration that makes a server decide under a story's policy.
fn configuration(policy: &Policy) -> String {
    let mut file = String::from("[policy]\n");
    if let Some(most) = policy.max_overrun {
        writeln!(file, "max_overrun = \"{most}\"").unwrap();
    }
    let seconds = |duration: Duration| format!("PT{}S", duration.micros() / 1_000_000);
    writeln!(file, "past_due_grace = \"{}\"", seconds(policy.past_due_grace)).unwrap();
    writeln!(file, "hold_lifetime = \"{}\"", seconds(policy.hold_lifetime)).unwrap();
    writeln!(file, "purchased_lifetime = \"P{}M\"", policy.purchased_lifetime_months).unwrap();
    writeln!(file, "low_balance = \"{}\"", policy.low_balance).unwrap();
    for (key, kind) in &policy.kinds {
        writeln!(
            file,
            "[kinds.{key}]\nallowance = \"{}\"\ndefault_hold = \"{}\"",
            kind.allowance, kind.default_hold
        )
        .unwrap();
    }
    file
}

/// Every story, and an organization for it.
fn stories() -> Vec<(String, Story)> {
    let folder = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../scenarios"));
    let mut files: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "yaml"));
    files.sort();
    assert!(files.len() > 12, "the stories are there");
    let story = |file: &PathBuf| Story::parse(&fs::read_to_string(file).unwrap());
    files.iter().map(|file| (file.file_stem().unwrap().to_str().unwrap().to_owned(), story(file))).collect()
}

/// Tells every story to so many servers, which share `data`; those that have a policy of their own, to servers that have
/// it, on data of their own where `own` gives some.
fn tell_every_story(count: usize, data: &Data, own: impl Fn(&Path) -> Data) {
    let start = |data: &Data, flags: &[&str]| -> Vec<Server> {
        (0..count).map(|_| Server::start(data, flags)).collect()
    };
    let shared = start(data, &["--sandbox"]);
    let admin = key(data, "admin");
    for (organization, story) in stories() {
        if story.has_policy {
            let folder = TempDir::new().unwrap();
            let config = folder.path().join("coulomb.toml");
            fs::write(&config, configuration(&story.policy)).unwrap();
            let data = own(folder.path());
            let servers = start(&data, &["--sandbox", "--config", config.to_str().unwrap()]);
            let admin = key(&data, "admin");
            story.tell(&mut HttpWorld::begin(&servers, &admin, &organization, &story));
        } else {
            story.tell(&mut HttpWorld::begin(&shared, &admin, &organization, &story));
        }
    }
}

#[test]
fn every_story_ends_as_it_is_told_over_http() {
    let data = TempDir::new().unwrap();
    tell_every_story(1, &data.path().into(), |folder| (&*folder.join("data")).into());
}

#[test]
fn every_story_ends_as_it_is_told_to_two_servers_in_turn() {
    let database = fresh_database();
    tell_every_story(2, &(&database).into(), |_| (&database).into());
}
