//! `coulomb demo`: the server on a throw-away directory, with one organization in each state that R9 names, prepared over
//! its own HTTP API as a host would, and paid for on the sandbox's pages as people would. Which, is listed in `stories`; the
//! product that they are customers of is in `workspace`.
#![allow(
    clippy::print_stdout,
    reason = "the key, the table and the calls to try are what the command is for"
)]

mod stories;
mod workspace;

use crate::{
    Failure,
    client::{Connection, Target},
    keys, runtime,
    serve::{Running, stop_asked},
};
use clap::Args;
use coulomb_server::{clock, config::Config, telemetry};
use serde_json::{Value, json};
use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    pin::pin,
    process::ExitCode,
    sync::Arc,
    time::Duration,
};
use store::{Scope, sqlite::Sqlite};
use stories::{Call, Step, stories};

const AFTER: &str = "\
It opens a database in a directory of its own, prepares an organization in each state, and prints where to look: a small AI
workspace to open in a browser, an admin key, a table of the organizations, and calls to try. Ctrl-C stops it and removes the
directory. The sandbox is on: each organization can be given a test clock. Whoever reaches its port can do everything in it,
so it is for this machine only.

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

[provider]
kind = "sandbox"

# Where Vite serves a page that is being worked on: the components may be tried out there.
[console]
embed_origins = ["http://localhost:5173"]

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
key = "starter"
label = "2,000 credits"
credits = 2000
price = 200
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
            let workspace = |url: &str| workspace::router(url, &key);
            let running = Running::start_beside(&config, store, true, workspace).await?;
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
    let target = Target::new(url, key)?;
    let mut host =
        Host { url: url.into(), forms: Connection::new(target.of_forms()), api: Connection::new(target) };
    let mut prepared = Vec::new();
    for story in stories() {
        for step in &story.steps {
            host.take(story.id, step).await?;
        }
        let balance = host.get(story.id, "/balance").await?;
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

/// How often, and how many times at most, an organization is asked whether an automatic purchase is over.
const LOOK_AGAIN: Duration = Duration::from_millis(10);
const LOOKS_MAX: usize = 1_000;

/// The host that the organizations are customers of, and the browsers of their people.
struct Host {
    url: String,
    api: Connection,
    forms: Connection,
}

impl Host {
    async fn take(&mut self, organization: &str, step: &Step) -> Result<(), Failure> {
        match step {
            Step::Call(call) => self.call(organization, call).await.map(drop),
            Step::Buy { wanted, automatic } => {
                let page = self.page(organization, "/checkout", wanted.clone()).await?;
                let ticked = if *automatic { "&automatic=yes" } else { "" };
                self.submit(&page, &format!("do=pay&card=ok{ticked}")).await
            }
            Step::AboutTopUp(what) => {
                let payments = self.get(organization, "/payments").await?;
                let payments = payments["data"].as_array().map(Vec::as_slice).unwrap_or_default();
                let top_up = payments.iter().find(|payment| payment["purpose"] == "top_up");
                let id = top_up.and_then(|payment| payment["id"].as_str()).ok_or("There is no top-up.")?;
                let fields = format!("do={what}&payment={id}");
                let page = self.page(organization, "/portal", json!({})).await?;
                self.submit(&page, &fields).await
            }
            Step::UntilBought => self.until_bought(organization).await,
        }
    }

    async fn call(&mut self, organization: &str, call: &Call) -> Result<Value, Failure> {
        let path = match call.path.strip_prefix("/sandbox") {
            Some(path) => format!("/v1/sandbox/organizations/{organization}{path}"),
            None => format!("/v1/organizations/{organization}{}", call.path),
        };
        let body = if call.body.is_null() { String::new() } else { call.body.to_string() };
        let answer = self.api.call(call.method, &path, body.as_bytes()).await?;
        let expected = if call.is_refused { answer.status == 402 } else { answer.is_success() };
        if expected {
            return Ok(serde_json::from_slice(answer.body)?);
        }
        let said = String::from_utf8_lossy(answer.body);
        Err(format!(
            "Preparing {organization}, {} {path} was answered {}: {said}",
            call.method, answer.status
        )
        .into())
    }

    async fn get(&mut self, organization: &str, path: &str) -> Result<Value, Failure> {
        let call = Call { method: "GET", path: path.into(), body: Value::Null, is_refused: false };
        self.call(organization, &call).await
    }

    /// The path of a page that the API has the address of.
    async fn page(&mut self, organization: &str, path: &str, mut body: Value) -> Result<String, Failure> {
        body["return_url"] = self.url.as_str().into();
        let call = Call { method: "POST", path: path.into(), body, is_refused: false };
        let answer = self.call(organization, &call).await?;
        let page = answer["url"].as_str().and_then(|url| url.strip_prefix(&self.url));
        Ok(page.ok_or("A page is not on this server.")?.to_owned())
    }

    /// Sends a form, which leads on to another page.
    async fn submit(&mut self, page: &str, fields: &str) -> Result<(), Failure> {
        let answer = self.forms.call("POST", page, fields.as_bytes()).await?;
        if answer.status == 303 {
            return Ok(());
        }
        // The page's address is a secret, and is not said.
        let said = String::from_utf8_lossy(answer.body);
        Err(format!("A form was answered {}: {said}", answer.status).into())
    }

    async fn until_bought(&mut self, organization: &str) -> Result<(), Failure> {
        for _ in 0..LOOKS_MAX {
            let balance = self.get(organization, "/balance").await?;
            if balance["auto_recharge"]["in_flight"].is_null() {
                return Ok(());
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
        Err(format!("An automatic purchase of {organization} is not over.").into())
    }
}

fn introduce(url: &str, key: &str, folder: &Path, organizations: &[Prepared]) {
    println!("coulomb listening on {url}\n");
    println!("Open {url}/workspace in a browser: a product that runs on these credits.\n");
    println!("Everything is in {}, which goes when this stops (Ctrl-C).", folder.display());
    println!(
        "The sandbox is on, so organizations can have test clocks. Each has an owner (ada), a billing admin (bob),"
    );
    println!("a member (cem) and a viewer (dee).\n");
    println!("{:20}{:26}{:>10}{:>9}  WHAT IT SHOWS", "ORGANIZATION", "STATUS", "AVAILABLE", "OWED");
    for Prepared { id, status, available, owed, shows } in organizations {
        println!("{id:20}{status:26}{available:>10}{owed:>9}  {shows}");
    }
    println!("\nThe operator's view is at {url}/operator: sign in with the key below.");
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

Cards here are pretended. To buy, or to try out refunds and disputes, open the address that one of these answers:

  curl -s -H \"Authorization: Bearer $KEY\" -H \"Content-Type: application/json\" \\
    $URL/v1/organizations/ok/checkout -d '{{\"pack\":\"small\",\"return_url\":\"'$URL'\"}}'
  curl -s -H \"Authorization: Bearer $KEY\" -H \"Content-Type: application/json\" \\
    $URL/v1/organizations/ok/portal -d '{{\"return_url\":\"'$URL'\"}}'
",
        folder.display()
    );
}
