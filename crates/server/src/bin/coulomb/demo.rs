//! `coulomb demo`: the server on a throw-away directory, with one organization in each state that R9 names, prepared over
//! its own HTTP API as a host would. What it sends is listed in [`stories`].
#![allow(
    clippy::print_stdout,
    reason = "the key, the table and the calls to try are what the command is for"
)]

use crate::{
    Failure,
    client::{Connection, Target},
    keys, runtime,
    serve::{Running, stop_asked},
};
use clap::Args;
use coulomb_server::{clock, config::Config, telemetry};
use ledger::{Duration, Timestamp};
use serde_json::{Value, json};
use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    pin::pin,
    process::ExitCode,
    sync::Arc,
};
use store::{Scope, sqlite::Sqlite};

const AFTER: &str = "\
It opens a database in a directory of its own, prepares an organization in each state, and prints an admin key, a table of
the organizations, and calls to try. Ctrl-C stops it and removes the directory. The sandbox is on: each organization can
be given a test clock.

Examples:
  coulomb demo
  coulomb demo --listen 127.0.0.1:0";

/// Try everything at once: a throw-away server with prepared organizations
#[derive(Args)]
#[command(after_help = AFTER)]
pub struct Demo {
    /// Address and port to listen on; port 0 takes a free one [default: 127.0.0.1:8988]
    #[arg(long, value_name = "ADDR:PORT")]
    listen: Option<SocketAddr>,
}

/// What differs from the defaults: something is on sale, and the terminal is kept for the table.
const CONFIG: &str = r#"
[log]
level = "warn"

[plans.team]
label = "Team"
tier = 1
monthly_allowance = 50000
monthly_price = 4900
annual_price = 49000
currency = "USD"

[plans.business]
label = "Business"
tier = 2
monthly_allowance = 200000
monthly_price = 14900
annual_price = 149000
currency = "USD"

[[packs]]
key = "small"
label = "10,000 credits"
credits = 10000
price = 1000
currency = "USD"

[[packs]]
key = "large"
label = "100,000 credits"
credits = 100000
price = 9000
currency = "USD"
"#;

impl Demo {
    /// Serves until it is told to stop.
    pub fn run(self) -> Result<ExitCode, Failure> {
        let mut config = Config::parse("of the demonstration", CONFIG)?;
        if let Some(listen) = self.listen {
            config.server.listen = listen;
        }
        telemetry::log(&config.log);
        let folder = Folder::create()?;
        runtime(config.server.http_threads.get())?.block_on(async {
            let store = Arc::new(Sqlite::open(&folder.0)?);
            let key = keys::new(store.as_ref(), "demo", Scope::Admin)?;
            let running = Running::start(&config, store, true).await?;
            let url = format!("http://{}", running.address());
            let mut stop = pin!(stop_asked()?);
            // Whoever presses Ctrl-C during the preparation means it too.
            tokio::select! {
                prepared = prepare(&url, &key) => {
                    introduce(&url, &key, &folder.0, &prepared?);
                    stop.await;
                }
                () = &mut stop => {}
            }
            running.stop().await?;
            Ok(ExitCode::SUCCESS)
        })
    }
}

/// A throw-away directory, removed when it goes out of scope.
struct Folder(PathBuf);

impl Folder {
    fn create() -> Result<Folder, Failure> {
        let name = format!("coulomb-demo-{}-{:x}", std::process::id(), clock::now().micros());
        let path = std::env::temp_dir().join(name);
        let cannot = |error| format!("The directory {} cannot be created: {error}", path.display());
        let mut builder = std::fs::DirBuilder::new();
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(&path).map_err(cannot)?;
        Ok(Folder(path))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_dir_all(&self.0) {
            eprintln!("coulomb: {} could not be removed: {error}", self.0.display());
        }
    }
}

/// An organization as it stands when everything is prepared.
struct Prepared {
    id: &'static str,
    status: String,
    available: String,
    owed: String,
    shows: &'static str,
}

/// Carries out every story, and reads what came of it.
async fn prepare(url: &str, key: &str) -> Result<Vec<Prepared>, Failure> {
    let mut connection = Connection::new(Target::new(url, key)?);
    let now = clock::now();
    let mut prepared = Vec::new();
    for story in stories(now) {
        for step in &story.steps {
            take(&mut connection, story.id, step).await?;
        }
        let balance = balance(&mut connection, story.id).await?;
        let text = |value: &Value| value.as_str().unwrap_or("?").to_owned();
        prepared.push(Prepared {
            id: story.id,
            status: text(&balance["status"]),
            available: text(&balance["available"]),
            owed: text(&balance["debt"]["total"]),
            shows: story.shows,
        });
    }
    Ok(prepared)
}

async fn take(connection: &mut Connection, organization: &str, step: &Step) -> Result<(), Failure> {
    let step = match step {
        Step::Call(call) => call.clone(),
        Step::Decline => {
            let balance = balance(connection, organization).await?;
            let recharge = balance["auto_recharge"]["in_flight"]["id"].as_str().unwrap_or("none").to_owned();
            post(&format!("/recharges/{recharge}/decline"), json!({"reason": "The card was declined."}))
        }
    };
    let path = match step.path.strip_prefix("/sandbox") {
        Some(path) => format!("/v1/sandbox/organizations/{organization}{path}"),
        None => format!("/v1/organizations/{organization}{}", step.path),
    };
    let answer = connection.call(step.method, &path, step.body.to_string().as_bytes()).await?;
    let expected = if step.is_refused { answer.status == 402 } else { answer.is_success() };
    if expected {
        return Ok(());
    }
    let said = String::from_utf8_lossy(answer.body);
    Err(format!("Preparing {organization}, {} {path} was answered {}: {said}", step.method, answer.status)
        .into())
}

async fn balance(connection: &mut Connection, organization: &str) -> Result<Value, Failure> {
    let answer = connection.call("GET", &format!("/v1/organizations/{organization}/balance"), b"").await?;
    Ok(serde_json::from_slice(answer.body)?)
}

fn introduce(url: &str, key: &str, folder: &Path, organizations: &[Prepared]) {
    println!("coulomb listening on {url}\n");
    println!("Everything is in {}, which goes when this stops (Ctrl-C).", folder.display());
    println!(
        "The sandbox is on, so organizations can have test clocks. Each has an owner (ada), a billing admin (bob),"
    );
    println!("a member (cem) and a viewer (dee).\n");
    println!("{:20}{:26}{:>10}{:>9}  WHAT IT SHOWS", "ORGANIZATION", "STATUS", "AVAILABLE", "OWED");
    for Prepared { id, status, available, owed, shows } in organizations {
        println!("{id:20}{status:26}{available:>10}{owed:>9}  {shows}");
    }
    println!(
        "
To try, in another terminal:

  export URL={url} KEY={key}
  curl -s -H \"Authorization: Bearer $KEY\" $URL/v1/organizations/in-debt/balance
  curl -s -H \"Authorization: Bearer $KEY\" $URL/v1/organizations/in-debt/explanation
  curl -s -H \"Authorization: Bearer $KEY\" -H \"Content-Type: application/json\" \\
    $URL/v1/organizations/ok/runs -d '{{\"id\":\"my-first-run\",\"kind\":\"chat_message\",\"hold\":50}}'
  curl -s -H \"Authorization: Bearer $KEY\" -H \"Content-Type: application/json\" \\
    $URL/v1/organizations/ok/runs/my-first-run/settle -d '{{\"used\":\"37.5\"}}'
  coulomb explain refund-debt --data {}
",
        folder.display()
    );
}

/// An organization and how it came to be as it is.
struct Story {
    id: &'static str,
    shows: &'static str,
    steps: Vec<Step>,
}

enum Step {
    Call(Call),
    /// Declines the automatic purchase that is in flight.
    Decline,
}

/// One call, under the organization's path; `/sandbox` before the path means the sandbox's calls.
#[derive(Clone)]
struct Call {
    method: &'static str,
    path: String,
    body: Value,
    /// It is a start that must be refused.
    is_refused: bool,
}

fn call(method: &'static str, path: &str, body: Value) -> Call {
    Call { method, path: path.into(), body, is_refused: false }
}

fn put(path: &str, body: Value) -> Call {
    call("PUT", path, body)
}

fn post(path: &str, body: Value) -> Call {
    call("POST", path, body)
}

/// The stories, around the instant at which they are told.
fn stories(now: Timestamp) -> Vec<Story> {
    let told = Told { now };
    let active = || told.subscription("active", json!({}));
    vec![
        story(
            "ok",
            "Credits, and two runs at work.",
            vec![
                active(),
                told.renewal(50_000),
                start("chat-1", "chat_message", 40),
                settle("chat-1", 31),
                start("research-1", "workflow_run", 1_200),
                start("browser-1", "browser_session", 300),
            ],
        ),
        story(
            "low",
            "Fewer credits than the threshold.",
            vec![
                active(),
                told.renewal(12_000),
                start("import-1", "workflow_run", 8_000),
                settle("import-1", 8_000),
            ],
        ),
        story(
            "depleted",
            "Every credit is spent.",
            vec![
                active(),
                told.renewal(1_000),
                start("import-1", "workflow_run", 1_000),
                settle("import-1", 1_000),
            ],
        ),
        story(
            "insufficient",
            "Some credits; a start that needs more was refused.",
            vec![active(), told.renewal(120), refused(start("browser-1", "browser_session", 300))],
        ),
        story(
            "in-debt",
            "A run used 320 credits more than there were.",
            vec![
                active(),
                told.renewal(1_000),
                start("agent-1", "workflow_run", 400),
                settle("agent-1", 1_320),
                refused(start("chat-1", "chat_message", 10)),
            ],
        ),
        story(
            "refund-debt",
            "2,000 credits were refunded, 1,400 of them used.",
            vec![
                active(),
                told.top_up("pack-1", 2_000),
                start("agent-1", "workflow_run", 1_400),
                settle("agent-1", 1_400),
                post("/refunds", json!({"id": "refund-1", "payment": "pack-1", "amount": 2_000})).into(),
            ],
        ),
        story(
            "dispute-debt",
            "2,000 credits are disputed, 1,400 of them used.",
            vec![
                active(),
                told.top_up("pack-1", 2_000),
                start("agent-1", "workflow_run", 1_400),
                settle("agent-1", 1_400),
                post("/disputes", json!({"id": "dispute-1", "payment": "pack-1", "amount": 2_000})).into(),
            ],
        ),
        story(
            "frozen",
            "5,000 unused credits are disputed; others are there.",
            vec![
                active(),
                told.renewal(30_000),
                told.top_up("pack-1", 5_000),
                post("/disputes", json!({"id": "dispute-1", "payment": "pack-1", "amount": 5_000})).into(),
            ],
        ),
        story(
            "locked",
            "The subscription ended; 20,000 purchased credits are locked.",
            vec![active(), told.top_up("pack-1", 20_000), told.subscription("canceled", json!({}))],
        ),
        story("no-subscription", "Opened, and nothing else.", vec![]),
        story(
            "payment-failing",
            "The renewal was not paid two days ago; grace.",
            vec![
                active(),
                told.renewal(30_000),
                told.subscription("past_due", json!({"past_due_since": told.days(-2)})),
            ],
        ),
        story(
            "past-due",
            "It was not paid eight days ago; grace is over.",
            vec![
                active(),
                told.renewal(5_000),
                told.subscription("past_due", json!({"past_due_since": told.days(-8)})),
            ],
        ),
        story(
            "ending",
            "A cancellation is scheduled; until then everything works.",
            vec![
                told.subscription("active", json!({"cancel_at": told.days(10)})),
                told.renewal(30_000),
                told.top_up("pack-1", 10_000),
            ],
        ),
        story(
            "expiring",
            "15,000 promotional credits expire in three days.",
            vec![
                active(),
                told.renewal(20_000),
                post("/grants", json!({"amount": 15_000, "expires_at": told.days(3), "reason": "Welcome"}))
                    .into(),
            ],
        ),
        story(
            "recharge-suspended",
            "Auto-recharge was declined three times (test clock).",
            vec![
                post("/sandbox/clock", json!({"to": told.days(0)})).into(),
                active(),
                told.renewal(12_000),
                put("/payment_method", json!({"present": true})).into(),
                put("/auto_recharge", json!({"enabled": true, "threshold": 10_000, "amount": 20_000})).into(),
                start("import-1", "workflow_run", 1_000),
                settle("import-1", 1_000),
                start("import-2", "workflow_run", 2_000),
                settle("import-2", 2_000),
                Step::Decline,
                post("/sandbox/clock", json!({"by": "PT1H"})).into(),
                Step::Decline,
                post("/sandbox/clock", json!({"by": "PT6H"})).into(),
                Step::Decline,
            ],
        ),
        story(
            "task-paused",
            "A refused start paused a task; credits came since.",
            vec![
                active(),
                told.renewal(50),
                refused(task_start("report-1", "nightly-report")),
                told.top_up("pack-1", 40_000),
                refused(task_start("report-2", "nightly-report")),
            ],
        ),
        story("task-failing", "A task failed five times in a row.", {
            let failed = |number: u32| {
                let run = format!("report-{number}");
                let settled = json!({"used": 5, "outcome": "failed"});
                [task_start(&run, "nightly-report"), post(&format!("/runs/{run}/settle"), settled).into()]
            };
            [active(), told.renewal(30_000)].into_iter().chain((1..=5).flat_map(failed)).collect()
        }),
        story(
            "suspended",
            "The operator stopped all starts.",
            vec![
                active(),
                told.renewal(50_000),
                put("/suspension", json!({"reason": "Unusual traffic is being looked into."})).into(),
            ],
        ),
    ]
}

/// Opens the organization with its people, then what is told of it.
fn story(id: &'static str, shows: &'static str, told: Vec<Step>) -> Story {
    let person = |id: &str, name: &str, role: &str, billing_admin: bool| {
        let email = format!("{id}@example.com");
        let body = json!({"name": name, "email": email, "role": role, "billing_admin": billing_admin});
        Step::from(put(&format!("/members/{id}"), body))
    };
    let mut steps = vec![
        put("", json!({"name": format!("The {id} company")})).into(),
        person("ada", "Ada Moreau", "owner", false),
        person("bob", "Bob Okafor", "member", true),
        person("cem", "Cem Yıldız", "member", false),
        person("dee", "Dee Larsen", "viewer", false),
    ];
    steps.extend(told);
    Story { id, shows, steps }
}

/// Facts that depend on the instant at which the stories are told.
struct Told {
    now: Timestamp,
}

impl Told {
    fn days(&self, days: i64) -> String {
        let micros = self.now.micros() + Duration::days(days).micros();
        Timestamp::from_micros(micros).to_string()
    }

    fn subscription(&self, status: &str, more: Value) -> Step {
        let mut body = json!({
            "status": status, "plan": "team", "cadence": "monthly",
            "period_start": self.days(-10), "period_end": self.days(20),
        });
        if let (Value::Object(body), Value::Object(more)) = (&mut body, more) {
            body.extend(more);
        }
        put("/subscription", body).into()
    }

    fn renewal(&self, credits: i64) -> Step {
        let body = json!({
            "id": "invoice-1", "purpose": "renewal", "paid": 4_900, "currency": "USD", "credits": credits,
            "period_start": self.days(-10), "period_end": self.days(20),
        });
        post("/payments", body).into()
    }

    /// A cent for a credit.
    fn top_up(&self, payment: &str, credits: i64) -> Step {
        let body = json!({"id": payment, "purpose": "top_up", "paid": credits, "currency": "USD", "credits": credits});
        post("/payments", body).into()
    }
}

fn start(run: &str, kind: &str, hold: i64) -> Step {
    post("/runs", json!({"id": run, "kind": kind, "hold": hold, "member": "cem"})).into()
}

fn task_start(run: &str, task: &str) -> Step {
    post("/runs", json!({"id": run, "kind": "scheduled_run", "hold": 100, "task": task})).into()
}

fn settle(run: &str, used: i64) -> Step {
    post(&format!("/runs/{run}/settle"), json!({"used": used})).into()
}

fn refused(step: Step) -> Step {
    match step {
        Step::Call(call) => Step::Call(Call { is_refused: true, ..call }),
        Step::Decline => Step::Decline,
    }
}

impl From<Call> for Step {
    fn from(call: Call) -> Step {
        Step::Call(call)
    }
}
