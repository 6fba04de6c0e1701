//! The program as tests run it: whatever it prints, and a server of it that is asked over HTTP.

use serde_json::{Value, json};
use std::{
    fs,
    io::{BufRead, BufReader, Lines, Read, Write},
    net::TcpStream,
    path::{Path, PathBuf},
    process::{Child, ChildStdout, Command, Output, Stdio},
};
use tempfile::TempDir;

/// The program, without whatever the person who runs the tests has configured.
pub fn coulomb<const N: usize>(arguments: [&str; N]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_coulomb"));
    for variable in [
        "COULOMB_CONFIG",
        "COULOMB_DATA",
        "COULOMB_DATABASE",
        "COULOMB_LISTEN",
        "COULOMB_PUBLIC_URL",
        "COULOMB_LOG",
        "COULOMB_KEY",
    ] {
        command.env_remove(variable);
    }
    command.args(arguments);
    command
}

pub fn output(command: &mut Command) -> Output {
    command.stdin(Stdio::null()).output().expect("the program starts")
}

pub fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("text")
}

/// What it prints where it succeeds.
#[track_caller]
pub fn printed(command: &mut Command) -> String {
    let output = output(command);
    assert!(output.status.success(), "{command:?} failed: {}", text(&output.stderr));
    text(&output.stdout)
}

/// What it complains about where it fails: in sentences on standard error, with exit code 1 and nothing else.
#[track_caller]
pub fn complaint(command: &mut Command) -> String {
    let output = output(command);
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{command:?}: {said}");
    assert_eq!(text(&output.stdout), "", "{command:?}");
    assert!(
        said.starts_with("coulomb: ") && !said.contains("panicked") && !said.contains("Error {"),
        "{said}"
    );
    said
}

pub fn scratch() -> TempDir {
    tempfile::tempdir().expect("a temporary directory")
}

pub fn path(path: &Path) -> &str {
    path.to_str().expect("a path in UTF-8")
}

/// A running server, ended when it goes out of scope.
pub struct Server {
    pub child: Child,
    pub address: String,
    pub lines: Lines<BufReader<ChildStdout>>,
}

impl Server {
    pub fn start(dir: &Path) -> Server {
        Server::start_on(["--data", path(dir)])
    }

    /// On this directory or database.
    pub fn start_on(data: [&str; 2]) -> Server {
        // Links in answers must not differ only because the port does.
        let url = ["--public-url", "https://credits.example.com"];
        let mut command = coulomb(["serve", "--sandbox", "--log", "warn", "--listen", "127.0.0.1:0"]);
        command.args(url).args(data);
        Server::from(command)
    }

    /// Starts it and waits for the line that says it is ready.
    pub fn from(mut command: Command) -> Server {
        let mut child =
            command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().expect("the program starts");
        let mut lines = BufReader::new(child.stdout.take().expect("it is piped")).lines();
        let ready = lines.next().expect("a line when it is ready").expect("text");
        let address = ready.strip_prefix("coulomb listening on http://").expect("the line with the address");
        Server { address: address.to_owned(), child, lines }
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub fn call(&self, key: &str, method: &str, path: &str, body: &Value) -> (u16, Value) {
        let (head, body) = self.exchange(key, method, path, body);
        let status = head.get(9..12).and_then(|code| code.parse().ok()).expect("a status");
        (status, serde_json::from_str(&body).unwrap_or(Value::Null))
    }

    /// The answer's head and its body.
    pub fn exchange(&self, key: &str, method: &str, path: &str, body: &Value) -> (String, String) {
        let mut stream = TcpStream::connect(&self.address).expect("the server accepts");
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let request = format!(
            "{method} {path} HTTP/1.1\r\nhost: {}\r\nauthorization: Bearer {key}\r\nconnection: close\r\n\
             content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            self.address,
            body.len()
        );
        stream.write_all(request.as_bytes()).expect("the request is sent");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("an answer");
        let (head, body) = answer.split_once("\r\n\r\n").expect("a head and a body");
        (head.to_owned(), body.to_owned())
    }

    #[track_caller]
    pub fn done(&self, key: &str, method: &str, path: &str, body: Value) -> Value {
        let (status, answer) = self.call(key, method, path, &body);
        assert!((200..300).contains(&status), "{method} {path} was answered {status}: {answer}");
        answer
    }

    /// Asks it to stop as an operator would, and waits for its end.
    pub fn terminate(mut self) -> i32 {
        let asked = Command::new("sh").args(["-c", &format!("kill -TERM {}", self.child.id())]).status();
        assert!(asked.expect("a shell").success());
        self.child.wait().expect("it ends").code().expect("an exit code")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended long ago.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub fn new_key(dir: &Path, scope: &str) -> String {
    printed(&mut coulomb(["keys", "create", "--scope", scope, "--data", path(dir)])).trim().to_owned()
}

/// An organization with 1,000 credits, and a run that used 320 more than that.
pub fn load(server: &Server, key: &str) {
    server.done(key, "PUT", "/v1/organizations/acme", json!({"name": "Acme"}));
    server.done(key, "POST", "/v1/organizations/acme/grants", json!({"id": "trial", "amount": 1000}));
    for number in 0..20 {
        let run = format!("r{number}");
        server.done(
            key,
            "POST",
            "/v1/organizations/acme/runs",
            json!({"id": run, "kind": "chat_message", "hold": 10}),
        );
        server.done(
            key,
            "POST",
            &format!("/v1/organizations/acme/runs/{run}/settle"),
            json!({"used": "5.5"}),
        );
    }
    server.done(
        key,
        "POST",
        "/v1/organizations/acme/runs",
        json!({"id": "long", "kind": "workflow_run", "hold": 500}),
    );
    server.done(key, "POST", "/v1/organizations/acme/runs/long/settle", json!({"used": 1210}));
}

pub fn balance(server: &Server, key: &str) -> Value {
    let mut balance = server.done(key, "GET", "/v1/organizations/acme/balance", Value::Null);
    // It is the only figure that moves by itself.
    balance["as_of"] = Value::Null;
    balance
}

/// Compares what was printed with a file in `tests/cli`.
#[track_caller]
pub fn is_golden(name: &str, printed: &str) {
    let golden = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(format!("tests/cli/{name}.txt"));
    if std::env::var_os("GOLDEN").is_some_and(|golden| golden == "write") {
        fs::write(&golden, printed).expect("the golden file can be written");
    }
    let expected = fs::read_to_string(&golden).unwrap_or_default();
    assert_eq!(
        printed, expected,
        "`cargo xtask golden` writes tests/cli/{name}.txt again, then read the diff"
    );
}

/// A password that a server for tests does not ask for.
pub fn with_password(url: &str) -> String {
    url.replacen('@', ":sesame@", 1)
}
