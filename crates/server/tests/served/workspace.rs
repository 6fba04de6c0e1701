//! The demonstration's workspace as a browser meets it: work is started until it is refused, somebody pays, and it starts
//! again. And the components that it is made with, which stay as light as they are said to be.

use super::peer::COULOMB;
use serde_json::{Value, json};
use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    process::{Child, ChildStdout, Command, Stdio},
    time::Duration,
};
use tempfile::TempDir;

/// How long an answer may take. Nothing waits longer than it has to.
const PATIENCE: Duration = Duration::from_secs(60);

/// A demonstration that runs, ended when it is dropped.
struct Demo {
    child: Child,
    address: String,
    key: String,
    _lines: BufReader<ChildStdout>,
    _folders: TempDir,
}

struct Answer {
    status: u16,
    head: String,
    body: String,
}

impl Answer {
    fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("{} is not JSON", self.body))
    }

    fn location(&self) -> &str {
        let line = self.head.lines().find_map(|line| line.strip_prefix("location: "));
        line.unwrap_or_else(|| panic!("it leads nowhere: {}", self.head))
    }
}

impl Demo {
    fn start() -> Demo {
        let folders = tempfile::tempdir().unwrap();
        let mut command = Command::new(COULOMB);
        command.args(["demo", "--listen", "127.0.0.1:0"]).env("TMPDIR", folders.path());
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap());
        let (mut address, mut key) = (String::new(), String::new());
        while key.is_empty() {
            let mut line = String::new();
            assert!(lines.read_line(&mut line).unwrap() > 0, "it stopped before it was ready");
            if let Some(url) = line.trim().strip_prefix("coulomb listening on http://") {
                address = url.to_owned();
            }
            if let Some((_, found)) = line.trim().split_once(" KEY=") {
                key = found.to_owned();
            }
        }
        Demo { child, address, key, _lines: lines, _folders: folders }
    }

    fn exchange(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let mut request =
            format!("{method} {path} HTTP/1.1\r\nconnection: close\r\ncontent-length: {}\r\n", body.len());
        if !headers.iter().any(|(name, _)| *name == "host") {
            request += &format!("host: {}\r\n", self.address);
        }
        for (name, value) in headers {
            request += &format!("{name}: {value}\r\n");
        }
        stream.write_all(format!("{request}\r\n{body}").as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        Answer { status: head[9..12].parse().unwrap(), head: head.into(), body: body.into() }
    }

    fn get(&self, path: &str) -> Answer {
        self.exchange("GET", path, &[], "")
    }

    /// Sends a form from a page of the workspace, as its script does.
    fn send(&self, path: &str, fields: &str) -> Answer {
        let origin = format!("http://{}", self.address);
        let headers = [
            ("origin", origin.as_str()),
            ("accept", "application/json"),
            ("content-type", "application/x-www-form-urlencoded"),
        ];
        self.exchange("POST", path, &headers, fields)
    }

    fn api(&self, method: &str, path: &str, body: &Value) -> Value {
        let bearer = format!("Bearer {}", self.key);
        let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let answer = self.exchange(method, &format!("/v1/organizations{path}"), &headers, &body);
        assert!(answer.status < 300, "{method} {path}: {} {}", answer.status, answer.body);
        answer.json()
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        // Asked to stop, it takes its directory along.
        let _ = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status();
        let _ = self.child.wait();
    }
}

#[test]
fn in_the_workspace_work_starts_is_refused_is_paid_for_and_starts_again() {
    let demo = Demo::start();
    let start =
        |person: &str| demo.send("/workspace/low/start", &format!("as={person}&work=chat&text=Hello"));

    let first = start("cem");
    assert_eq!(first.status, 201, "{}", first.body);
    assert_eq!(first.json()["run"]["member"], "cem");
    assert!(demo.get("/workspace/low?as=cem").body.contains("Hello"));

    // A run overruns what there is.
    let overrun = demo.send("/workspace/low/try", "as=ada&do=overrun");
    assert_eq!((overrun.status, overrun.location()), (303, "/workspace/low/try?as=ada"));
    assert!(demo.get(overrun.location()).body.contains("320 more than there were"));
    let refused = start("ada");
    assert_eq!((refused.status, &refused.json()["code"]), (402, &json!("outstanding_usage")));
    assert!(refused.json()["debt"]["outstanding_usage"].is_string());

    // Who has no billing access is told whom to ask, and no amounts; who looks on starts nothing.
    let to_member = start("cem").json();
    assert!(to_member["debt"].is_null() && to_member["shortfall"].is_null(), "{to_member}");
    assert_eq!(to_member["ask"][0]["name"], "Ada Moreau");
    assert_eq!(start("dee").status, 403);

    // Without a script the page itself says so.
    let origin = format!("http://{}", demo.address);
    let plain =
        demo.exchange("POST", "/workspace/low/start", &[("origin", &origin)], "as=ada&work=chat&text=Hello");
    assert_eq!((plain.status, plain.location()), (303, "/workspace/low?as=ada"));
    assert!(demo.get(plain.location()).body.contains("role=\"status\""));

    // Everything can be read meanwhile.
    for page in ["", "/tools", "/tasks", "/history", "/try"] {
        assert_eq!(demo.get(&format!("/workspace/low{page}?as=cem")).status, 200, "{page}");
    }
    assert!(demo.get("/workspace/low/history?as=ada").body.contains("Refused"));

    // Somebody pays on the provider's page.
    let wanted = json!({"pack": "small", "return_url": format!("http://{}/workspace/low", demo.address)});
    let page = demo.api("POST", "/low/checkout", &wanted);
    let path = page["url"].as_str().unwrap().split_once(&demo.address).unwrap().1.to_owned();
    assert_eq!(demo.send(&path, "do=pay&card=ok").status, 303);
    assert_eq!(start("ada").status, 201);
}

#[test]
fn time_passes_in_the_workspace_and_its_tasks_run_are_refused_and_are_resumed() {
    let demo = Demo::start();
    assert_eq!(demo.send("/workspace/ok/try", "as=ada&do=day").status, 303);
    let said = demo.get("/workspace/ok/try?as=ada").body;
    assert!(said.contains("On the way 5 scheduled runs were done and 1 failed."), "{said}");

    // With nothing left the first run is refused, which pauses its task until somebody resumes it.
    let refused = demo.send("/workspace/depleted/tasks/price-watch", "as=ada&do=run");
    assert!(demo.get(refused.location()).body.contains("Paused for credits"));
    demo.send("/workspace/depleted/try", "as=ada&do=gift");
    assert!(demo.get("/workspace/depleted/tasks?as=ada").body.contains("Paused for credits"));
    let resumed = demo.send("/workspace/depleted/tasks/price-watch", "as=cem&do=resume");
    assert!(!demo.get(resumed.location()).body.contains("Paused for credits"));
}

#[test]
fn the_workspace_opens_billing_as_the_person_who_leads_back_to_it_and_takes_no_other_sites_forms() {
    let demo = Demo::start();
    let opened = demo.get("/workspace/in-debt/open?to=billing&as=bob&from=tools");
    assert_eq!(opened.status, 303);
    let link = opened.location().strip_prefix(&format!("http://{}", demo.address)).unwrap().to_owned();
    assert!(link.starts_with("/enter/in-debt/") && link.ends_with("?to=billing"), "{link}");
    assert_eq!(demo.get(&link).location(), "/console/in-debt/billing");

    let form = "as=ada&do=cancel";
    for origin in [None, Some("http://evil.example"), Some("null")] {
        let headers: Vec<(&str, &str)> = origin.map(|origin| ("origin", origin)).into_iter().collect();
        assert_eq!(demo.exchange("POST", "/workspace/ok/try", &headers, form).status, 403, "{origin:?}");
    }
    // A name of somebody else's that leads to this machine.
    assert_eq!(demo.exchange("GET", "/workspace/ok", &[("host", "evil.example")], "").status, 421);
    assert_eq!(demo.get("/workspace/..%2f..%2fv1/tools").status, 404);
    let policy = demo.get("/workspace/ok").head;
    assert!(policy.contains("content-security-policy: default-src 'none'") && !policy.contains("unsafe"));
}

#[test]
fn the_components_weigh_at_most_15_kilobytes() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/components/coulomb.js");
    let file = fs::File::open(path).unwrap();
    let gzip = Command::new("gzip").args(["-9", "-c"]).stdin(Stdio::from(file)).output().unwrap();
    assert!(gzip.status.success());
    assert!(gzip.stdout.len() <= 15 * 1024, "{} bytes", gzip.stdout.len());
}
