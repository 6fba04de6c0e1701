//! The pages in a real browser, Debian's Chromium, driven by the scripts in `crates/server/tests/browser`: what people see
//! and press, and what only a browser notices.

use std::fs;
use std::process::Command;

use xtask::shell::{Scratch, output_of, repository, run};

use crate::blackbox::{Server, build, with_log};
use crate::tools::NODE_PACKAGES;

/// What people see, judged in a browser: the pages where they pay, the console, and what hosts embed.
pub fn pages() -> Result<(), String> {
    sandbox_pages()?;
    on_the_demonstration("console.mjs")?;
    on_the_demonstration("workspace.mjs")
}

/// Where the scripts are.
const SCRIPTS: &str = "crates/server/tests/browser";

/// What is on sale while they run.
const CATALOGUE: &str = r#"
[log]
level = "warn"

[plans.team]
label = "Team"
tier = 1
monthly_allowance = 50000
monthly_price = 4900
annual_price = 49000
currency = "USD"

[[packs]]
key = "small"
label = "10,000 credits"
credits = 10000
price = 1000
currency = "USD"
"#;

/// On the demonstration's organizations: every page of the console in every state for every role, and the workspace, where
/// somebody is refused, pays and goes on.
fn on_the_demonstration(script: &str) -> Result<(), String> {
    let coulomb = build()?;
    let scratch = Scratch::new("demonstration")?;
    let log = scratch.path().join("demo.log");
    let mut demo = Command::new(&coulomb);
    demo.args(["demo", "--listen", "127.0.0.1:0"]).env("TMPDIR", scratch.path());
    let server = Server::start(&demo, &log)?;
    let judged = server.says("KEY=").and_then(|key| drive(script, &server, &key));
    with_log(server, judged)
}

/// Somebody buys, is declined, confirms, cancels and gets money back on the sandbox's pages, at every width, light and dark.
fn sandbox_pages() -> Result<(), String> {
    let coulomb = build()?;
    let scratch = Scratch::new("browser")?;
    let (data, config) = (scratch.path().join("data"), scratch.path().join("coulomb.toml"));
    fs::write(&config, CATALOGUE).map_err(|error| format!("cannot write {}: {error}", config.display()))?;
    let mut serve = Command::new(&coulomb);
    serve.args(["serve", "--sandbox", "--provider", "sandbox", "--listen", "127.0.0.1:0", "--config"]);
    serve.arg(&config).arg("--data").arg(&data);
    let server = Server::start(&serve, &scratch.path().join("server.log"))?;

    let key = output_of(
        Command::new(&coulomb)
            .args(["keys", "create", "--scope", "admin", "--name", "ci", "--data"])
            .arg(&data),
    )?;
    let judged = drive("sandbox.mjs", &server, key.trim());
    with_log(server, judged)
}

/// Runs a script against a server.
fn drive(script: &str, server: &Server, key: &str) -> Result<(), String> {
    run(Command::new("node")
        .arg(repository().join(SCRIPTS).join(script))
        // In the environment, not on the command line: the command line is printed.
        .env("KEY", key)
        .env("URL", format!("http://{}", server.address()))
        .env("MODULES", repository().join(NODE_PACKAGES))
        .env("CHROMIUM", "/usr/bin/chromium"))
}
