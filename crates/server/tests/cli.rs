//! The program as people and scripts meet it: what it prints, what it exits with, and what it leaves behind. Every test
//! runs the real binary; what a test waits for is a line or an answer, never a while.

use ledger::{chain, id::OrganizationId};
use serde_json::{Value, json, value::RawValue};
use std::{
    fs,
    io::{BufRead, BufReader, Lines, Read, Write},
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, ChildStdout, Command, Output, Stdio},
};
use tempfile::TempDir;
use xtask::postgres::{fresh_database, query};

/// The program, without whatever the person who runs the tests has configured.
fn coulomb<const N: usize>(arguments: [&str; N]) -> Command {
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

fn output(command: &mut Command) -> Output {
    command.stdin(Stdio::null()).output().expect("the program starts")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("text")
}

/// What it prints where it succeeds.
#[track_caller]
fn printed(command: &mut Command) -> String {
    let output = output(command);
    assert!(output.status.success(), "{command:?} failed: {}", text(&output.stderr));
    text(&output.stdout)
}

/// What it complains about where it fails: in sentences on standard error, with exit code 1 and nothing else.
#[track_caller]
fn complaint(command: &mut Command) -> String {
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

fn scratch() -> TempDir {
    tempfile::tempdir().expect("a temporary directory")
}

fn path(path: &Path) -> &str {
    path.to_str().expect("a path in UTF-8")
}

/// A running server, ended when it goes out of scope.
struct Server {
    child: Child,
    address: String,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Server {
    fn start(dir: &Path) -> Server {
        Server::start_on(["--data", path(dir)])
    }

    /// On this directory or database.
    fn start_on(data: [&str; 2]) -> Server {
        // Links in answers must not differ only because the port does.
        let url = ["--public-url", "https://credits.example.com"];
        let mut command = coulomb(["serve", "--sandbox", "--log", "warn", "--listen", "127.0.0.1:0"]);
        command.args(url).args(data);
        Server::from(command)
    }

    /// Starts it and waits for the line that says it is ready.
    fn from(mut command: Command) -> Server {
        let mut child =
            command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().expect("the program starts");
        let mut lines = BufReader::new(child.stdout.take().expect("it is piped")).lines();
        let ready = lines.next().expect("a line when it is ready").expect("text");
        let address = ready.strip_prefix("coulomb listening on http://").expect("the line with the address");
        Server { address: address.to_owned(), child, lines }
    }

    fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    fn call(&self, key: &str, method: &str, path: &str, body: &Value) -> (u16, Value) {
        let (head, body) = self.exchange(key, method, path, body);
        let status = head.get(9..12).and_then(|code| code.parse().ok()).expect("a status");
        (status, serde_json::from_str(&body).unwrap_or(Value::Null))
    }

    /// The answer's head and its body.
    fn exchange(&self, key: &str, method: &str, path: &str, body: &Value) -> (String, String) {
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
    fn done(&self, key: &str, method: &str, path: &str, body: Value) -> Value {
        let (status, answer) = self.call(key, method, path, &body);
        assert!((200..300).contains(&status), "{method} {path} was answered {status}: {answer}");
        answer
    }

    /// Asks it to stop as an operator would, and waits for its end.
    fn terminate(mut self) -> i32 {
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

fn new_key(dir: &Path, scope: &str) -> String {
    printed(&mut coulomb(["keys", "create", "--scope", scope, "--data", path(dir)])).trim().to_owned()
}

/// An organization with 1,000 credits, and a run that used 320 more than that.
fn load(server: &Server, key: &str) {
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

fn balance(server: &Server, key: &str) -> Value {
    let mut balance = server.done(key, "GET", "/v1/organizations/acme/balance", Value::Null);
    // It is the only figure that moves by itself.
    balance["as_of"] = Value::Null;
    balance
}

#[test]
fn help_is_what_people_read() {
    let commands = [
        "",
        "serve",
        "demo",
        "keys",
        "keys create",
        "keys list",
        "keys revoke",
        "migrate",
        "backup",
        "rebuild",
        "notices",
        "notices list",
        "notices replay",
        "verify",
        "explain",
        "export",
        "bench",
        "completions",
    ];
    let mut wrong = Vec::new();
    for name in commands {
        let help = printed(coulomb([]).args(name.split_whitespace()).arg("--help"));
        let file = if name.is_empty() { "coulomb".into() } else { name.replace(' ', "-") };
        let golden = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(format!("tests/cli/{file}.txt"));
        if std::env::var_os("GOLDEN").is_some_and(|golden| golden == "write") {
            fs::write(&golden, &help).expect("the golden file can be written");
        }
        if fs::read_to_string(&golden).ok().as_deref() != Some(help.as_str()) {
            wrong.push(format!("tests/cli/{file}.txt"));
        }
    }
    assert!(
        wrong.is_empty(),
        "`cargo xtask golden` writes these again, then read the diff: {}",
        wrong.join(", ")
    );
}

#[test]
fn every_shell_gets_its_completions() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        assert!(printed(&mut coulomb(["completions", shell])).contains("coulomb"), "{shell}");
    }
}

#[test]
fn a_configuration_that_cannot_be_used_is_explained() {
    let scratch = scratch();
    let file = scratch.path().join("coulomb.toml");
    let data = scratch.path().join("data");
    for (content, teaches) in [
        ("[server]\nlisen = \"127.0.0.1:1\"\n", ["coulomb.toml", "unknown field `lisen`", "`listen`"]),
        ("[policy]\nlow_balance = 0.5\n", ["coulomb.toml", "line 2", "decimal string"]),
        ("[provider]\nkind = \"cash\"\n", ["coulomb.toml", "cash", "expected one of `external`"]),
    ] {
        fs::write(&file, content).expect("the file is written");
        let said = complaint(&mut coulomb(["serve", "--config", path(&file), "--data", path(&data)]));
        for part in teaches {
            assert!(said.contains(part), "{part} is not in: {said}");
        }
    }
    assert!(!data.exists(), "nothing is created under a configuration that cannot be used");
    let missing = scratch.path().join("missing.toml");
    let said = complaint(&mut coulomb(["serve", "--config", path(&missing)]));
    assert!(said.contains("missing.toml cannot be read"), "{said}");
}

#[test]
fn a_taken_port_is_named_with_the_way_out() {
    let scratch = scratch();
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = taken.local_addr().expect("an address");
    let said =
        complaint(&mut coulomb(["serve", "--data", path(scratch.path()), "--listen", &address.to_string()]));
    assert!(
        said.contains(&format!("Port {} is taken", address.port()))
            && said.contains("--listen 127.0.0.1:PORT"),
        "{said}"
    );
}

#[test]
fn a_data_directory_has_one_server() {
    let scratch = scratch();
    let server = Server::start(scratch.path());
    let said = complaint(&mut coulomb(["serve", "--data", path(scratch.path()), "--listen", "127.0.0.1:0"]));
    assert!(said.contains(&format!("in use by process {}", server.child.id())), "{said}");
}

#[test]
fn a_file_that_is_no_database_is_left_alone() {
    let scratch = scratch();
    let file = scratch.path().join("coulomb.db");
    fs::write(&file, "These are not the credits you are looking for. ".repeat(100))
        .expect("the file is written");
    let before = fs::read(&file).expect("the file");
    let data = path(scratch.path());
    for mut command in [
        coulomb(["serve", "--listen", "127.0.0.1:0", "--data", data]),
        coulomb(["keys", "create", "--scope", "read", "--data", data]),
        coulomb(["verify", "--data", data]),
        coulomb(["export", "--format", "jsonl", "--data", data]),
    ] {
        let said = complaint(&mut command);
        assert!(said.contains("coulomb.db") && said.contains("restore it from a backup"), "{said}");
    }
    assert_eq!(fs::read(&file).expect("the file"), before);
}

#[test]
fn a_directory_without_a_database_is_said_to_be_none() {
    let scratch = scratch();
    let data = path(scratch.path());
    for mut command in [
        coulomb(["keys", "list", "--data", data]),
        coulomb(["verify", "--data", data]),
        coulomb(["explain", "acme", "--data", data]),
    ] {
        let said = complaint(&mut command);
        assert!(said.contains("is this the data directory?"), "{said}");
    }
    assert_eq!(fs::read_dir(scratch.path()).expect("the directory").count(), 0);
}

#[test]
fn keys_are_made_listed_and_revoked_beside_a_running_server() {
    let scratch = scratch();
    // The first may be made before there is anything.
    let first = new_key(scratch.path(), "read");
    let server = Server::start(scratch.path());
    let key = new_key(scratch.path(), "admin");
    assert!(key.starts_with("coulomb_admin_") && !key.contains(char::is_whitespace));
    assert_eq!(server.call(&first, "GET", "/v1/organizations", &Value::Null).0, 200);
    assert_eq!(server.call(&key, "GET", "/v1/organizations", &Value::Null).0, 200);

    let listed = printed(&mut coulomb(["keys", "list", "--data", path(scratch.path())]));
    let admin = listed.lines().find(|line| line.contains(" admin ")).expect("the key is listed");
    assert!(!listed.contains(&key) && !listed.contains(&first), "a key is shown once");
    let id = admin.split_whitespace().next().expect("its id");
    assert_eq!(printed(&mut coulomb(["keys", "revoke", id, "--data", path(scratch.path())])), "");
    // The server learns of it by itself; each answer is waited for, and the test runner knows when to give up.
    while server.call(&key, "GET", "/v1/organizations", &Value::Null).0 != 401 {}
    assert_eq!(server.call(&first, "GET", "/v1/organizations", &Value::Null).0, 200);

    let said = complaint(&mut coulomb(["keys", "revoke", id, "--data", path(scratch.path())]));
    assert!(said.contains("There is no key") && said.contains("keys list"), "{said}");
}

#[test]
fn sigterm_ends_the_server_with_0_and_loses_nothing() {
    let scratch = scratch();
    let server = Server::start(scratch.path());
    let key = new_key(scratch.path(), "admin");
    load(&server, &key);
    let before = balance(&server, &key);
    assert_eq!(server.terminate(), 0);

    printed(&mut coulomb(["verify", "--data", path(scratch.path())]));
    let server = Server::start(scratch.path());
    assert_eq!(balance(&server, &key), before);
}

#[test]
fn a_server_that_is_killed_loses_nothing_that_was_answered() {
    let scratch = scratch();
    let mut server = Server::start(scratch.path());
    let key = new_key(scratch.path(), "admin");
    load(&server, &key);
    let before = balance(&server, &key);
    server.child.kill().expect("it is killed");
    server.child.wait().expect("it ends");

    printed(&mut coulomb(["verify", "--data", path(scratch.path())]));
    let server = Server::start(scratch.path());
    assert_eq!(balance(&server, &key), before);
    printed(&mut coulomb(["verify", "--data", path(scratch.path())]));
}

#[test]
fn a_backup_is_a_data_directory_and_a_rebuild_proves_it() {
    let scratch = scratch();
    let data = scratch.path().join("data");
    let server = Server::start(&data);
    let key = new_key(&data, "admin");
    load(&server, &key);
    let before = balance(&server, &key);
    let copy = scratch.path().join("copy");
    let backup = || coulomb(["backup", "--data", path(&data), "--to", path(&copy)]);
    let told = printed(backup().arg("--verify"));
    let (first, rest) = told.split_once('\n').expect("several lines");
    assert_eq!(first, format!("Backed up 46 events, 1 MiB, to {}.", copy.display()));
    assert!(
        rest.contains(" 46 events\n") && rest.ends_with("All of them are as their events say.\n"),
        "{rest}"
    );
    let said = complaint(&mut backup());
    assert!(said.contains(&format!("{} is there already", copy.display())), "{said}");
    drop(server);

    let restored = Server::start(&copy);
    assert_eq!(balance(&restored, &key), before);
    let said = complaint(&mut coulomb(["rebuild", "--write", "--data", path(&copy)]));
    assert!(said.contains(&format!("in use by process {}", restored.child.id())), "{said}");
    assert_eq!(restored.terminate(), 0);
    let told = printed(&mut coulomb(["rebuild", "--data", path(&copy)]));
    // Its sums are by the hour, and an hour may have ended meanwhile.
    let always: String =
        told.lines().filter(|line| !line.contains(" tally ")).map(|line| format!("{line}\n")).collect();
    is_golden("rebuild-equal", &always);
}

/// Compares what was printed with a file in `tests/cli`.
#[track_caller]
fn is_golden(name: &str, printed: &str) {
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

#[test]
fn what_cannot_be_backed_up_or_rebuilt_is_explained() {
    let scratch = scratch();
    let missing = scratch.path().join("missing");
    let to = scratch.path().join("copy");
    for mut command in [
        coulomb(["backup", "--data", path(&missing), "--to", path(&to)]),
        coulomb(["rebuild", "--data", path(&missing)]),
        coulomb(["rebuild", "--write", "--data", path(&missing)]),
    ] {
        let said = complaint(&mut command);
        assert!(said.contains("is this the data directory?"), "{said}");
    }
    let database = fresh_database();
    let said =
        complaint(&mut coulomb(["backup", "--to", path(&to), "--database", &with_password(&database.url)]));
    assert!(said.contains("pg_basebackup") && !said.contains("sesame"), "{said}");
    let said = complaint(&mut coulomb(["rebuild", "--database", &database.url]));
    assert!(said.contains("give an empty database with --scratch"), "{said}");
    let said = complaint(&mut coulomb(["rebuild", "--database", &database.url, "--scratch", "credits"]));
    assert!(said.contains("--scratch"), "{said}");
    assert_eq!(fs::read_dir(scratch.path()).expect("the directory").count(), 0);
}

#[test]
fn an_altered_event_is_named() {
    let scratch = scratch();
    let server = Server::start(scratch.path());
    let key = new_key(scratch.path(), "admin");
    load(&server, &key);
    assert_eq!(server.terminate(), 0);
    let sound = printed(&mut coulomb(["verify", "--data", path(scratch.path())]));
    assert!(sound.contains(" 1 organization\n") && sound.contains(" 46 events\n"), "{sound}");

    let file = scratch.path().join("coulomb.db");
    let mut bytes = fs::read(&file).expect("the database");
    let event = b"\"type\":\"organization_named\",\"name\":\"Acme\"";
    let place = bytes
        .windows(event.len())
        .position(|window| window == event)
        .expect("the first event is stored as text");
    bytes[place + event.len() - 2] = b'a';
    fs::write(&file, bytes).expect("the database can be written");
    let output = output(&mut coulomb(["verify", "--data", path(scratch.path())]));
    let said = text(&output.stdout);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(
        said.contains("The first violation: ") && said.contains("acme") && said.contains("event 1 "),
        "{said}"
    );
}

#[test]
fn the_export_has_every_event_and_its_chain_holds() {
    let scratch = scratch();
    let server = Server::start(scratch.path());
    let key = new_key(scratch.path(), "admin");
    load(&server, &key);
    let version = balance(&server, &key)["version"].as_u64().expect("a version");

    #[derive(serde::Deserialize)]
    struct Line<'a> {
        organization: OrganizationId,
        seq: u64,
        hash: String,
        #[serde(borrow)]
        event: &'a RawValue,
    }
    let exported = printed(&mut coulomb(["export", "--format", "jsonl", "--data", path(scratch.path())]));
    let mut hash = chain::origin(&"acme".parse().expect("an id"));
    let mut seq = 0;
    for line in exported.lines() {
        let line: Line<'_> = serde_json::from_str(line).expect("a line of JSON");
        seq += 1;
        hash = chain::link(&hash, line.event.get().as_bytes());
        assert_eq!((line.organization.as_str(), line.seq, line.hash), ("acme", seq, chain::hex(&hash)));
    }
    assert_eq!(seq, version);

    let books = printed(&mut coulomb([
        "export",
        "--format",
        "hledger",
        "--organization",
        "acme",
        "--data",
        path(scratch.path()),
    ]));
    assert!(
        books.contains("account acme:free") && books.contains("acme:debt  0 credits = -320 credits"),
        "{books}"
    );
    let said = complaint(&mut coulomb([
        "export",
        "--format",
        "jsonl",
        "--organization",
        "nobody",
        "--data",
        path(scratch.path()),
    ]));
    assert!(said.contains("there is no organization nobody"), "{said}");
}

#[test]
fn a_blocked_organization_is_explained_in_words() {
    let scratch = scratch();
    let server = Server::start(scratch.path());
    let key = new_key(scratch.path(), "admin");
    load(&server, &key);
    let explained = printed(&mut coulomb(["explain", "acme", "--data", path(scratch.path())]));
    for part in [
        "acme (Acme): outstanding_usage",
        "owed: 320 credits",
        "Nothing starts while 320 credits are owed for work that used more than there was.",
        "Run long used 320 credits more than was available on ",
        "- Resolve the shortfall of 320 credits.",
    ] {
        assert!(explained.contains(part), "{part} is not in: {explained}");
    }
    let said = complaint(&mut coulomb(["explain", "nobody", "--data", path(scratch.path())]));
    assert!(said.contains("There is no organization nobody"), "{said}");
}

#[test]
fn every_command_works_on_a_database_that_servers_share() {
    let database = fresh_database();
    let url = database.url.as_str();
    let data = ["--database", url];
    for mut command in [
        coulomb(["keys", "list"]),
        coulomb(["verify"]),
        coulomb(["explain", "acme"]),
        coulomb(["export", "--format", "jsonl"]),
    ] {
        let said = complaint(command.args(data));
        assert!(
            said.contains("there are no tables of coulomb's") && said.contains("coulomb migrate"),
            "{said}"
        );
    }
    // The first key may be made before there is anything, here too.
    let key = printed(coulomb(["keys", "create", "--scope", "admin"]).args(data)).trim().to_owned();
    let first = Server::start_on(data);
    let second = Server::start_on(data);
    load(&first, &key);
    assert_eq!(balance(&second, &key), balance(&first, &key));

    let explained = printed(coulomb(["explain", "acme"]).args(data));
    assert!(explained.contains("Run long used 320 credits more than was available on "), "{explained}");
    let verified = printed(coulomb(["verify"]).env("COULOMB_DATABASE", url));
    assert!(verified.contains(" 1 organization\n") && verified.contains(" 46 events\n"), "{verified}");
    let exported = printed(coulomb(["export", "--format", "jsonl"]).args(data));
    assert_eq!(exported.lines().count(), 46);
    let listed = printed(coulomb(["keys", "list"]).args(data));
    let id = listed.lines().nth(1).and_then(|line| line.split_whitespace().next()).expect("a key");
    printed(coulomb(["keys", "revoke", id]).args(data));
    while second.call(&key, "GET", "/v1/organizations", &Value::Null).0 != 401 {}
    assert_eq!((first.terminate(), second.terminate()), (0, 0));
    printed(coulomb(["verify"]).args(data));
}

#[test]
fn a_database_is_shown_without_its_password() {
    let database = fresh_database();
    let url = with_password(&database.url);
    let shown = &database.url;
    let mut command = coulomb(["serve", "--listen", "127.0.0.1:0", "--database", &url]);
    command.stderr(Stdio::piped());
    let mut server = Server::from(command);
    let mut log = server.child.stderr.take().expect("it is piped");
    assert_eq!(server.terminate(), 0);
    let mut logged = String::new();
    log.read_to_string(&mut logged).expect("text");
    assert!(logged.contains(shown) && !logged.contains("sesame"), "{logged}");

    let said = complaint(&mut coulomb(["explain", "nobody", "--database", &url]));
    assert!(said.contains(&format!("There is no organization nobody in {shown}.")), "{said}");
    let nowhere = format!("{}_nowhere", with_password(shown));
    for database in [
        nowhere.as_str(),
        "coulomb:sesame@db",
        "postgres://coulomb:sesame@x@db/credits",
        "postgres://:sesame",
    ] {
        let said = complaint(coulomb(["verify"]).env("COULOMB_DATABASE", database));
        assert!(!said.contains("sesame"), "{said}");
    }
}

/// A password that a server for tests does not ask for.
fn with_password(url: &str) -> String {
    url.replacen('@', ":sesame@", 1)
}

#[test]
fn credits_are_in_one_place() {
    let scratch = scratch();
    let data = path(scratch.path());
    let elsewhere = "postgres://coulomb@127.0.0.1:1/nowhere";
    let said = complaint(&mut coulomb(["verify", "--data", data, "--database", elsewhere]));
    assert!(said.contains("--data and --database are two places for the same credits"), "{said}");
    let said = complaint(coulomb(["verify"]).env("COULOMB_DATA", data).env("COULOMB_DATABASE", elsewhere));
    assert!(said.contains("COULOMB_DATA and COULOMB_DATABASE are two places"), "{said}");

    // A flag overrides a variable, and a variable the file, for whichever of the two it is.
    let file = scratch.path().join("coulomb.toml");
    let content = format!("[data]\ndir = \"elsewhere\"\ndatabase = \"{elsewhere}\"\n");
    fs::write(&file, content).expect("the file is written");
    let data = scratch.path().join("data");
    let data = path(&data);
    printed(&mut coulomb(["keys", "create", "--scope", "read", "--data", data]));
    printed(coulomb(["verify", "--data", data]).env("COULOMB_DATABASE", elsewhere));
    printed(coulomb(["verify", "--config", path(&file)]).env("COULOMB_DATA", data));
    let database = fresh_database();
    printed(
        coulomb(["keys", "create", "--scope", "read", "--database", &database.url]).env("COULOMB_DATA", data),
    );
    printed(coulomb(["verify", "--config", path(&file)]).env("COULOMB_DATABASE", &database.url));
}

#[test]
fn a_data_directory_moves_into_a_database_with_its_chain() {
    let scratch = scratch();
    let dir = path(scratch.path());
    let mut server = Server::start(scratch.path());
    let key = new_key(scratch.path(), "admin");
    load(&server, &key);
    server.done(&key, "PUT", "/v1/organizations/other", json!({"name": "Other"}));
    let before = balance(&server, &key);
    // Without its end, which is the instant of asking.
    let usage = |server: &Server| {
        server.done(&key, "GET", "/v1/organizations/acme/usage", Value::Null)["data"].clone()
    };
    let used = usage(&server);

    let database = fresh_database();
    let url = database.url.as_str();
    let data = ["--database", url];
    let said = complaint(&mut coulomb(["migrate", "--from", dir, "--to", url]));
    assert!(said.contains(&format!("in use by process {}", server.child.id())), "{said}");
    // Killed, so that its tables may be behind its events.
    server.child.kill().expect("it is killed");
    server.child.wait().expect("it ends");

    let told = printed(&mut coulomb(["migrate", "--from", dir, "--to", url]));
    for part in [
        format!("The schema of {url} is up to date; one server holds all of it."),
        "Copied: 2 organizations, 47 events, 1 API key.".into(),
        format!("coulomb verify --database {url}"),
    ] {
        assert!(told.contains(&part), "{part} is not in: {told}");
    }
    let again = printed(&mut coulomb(["migrate", "--from", dir, "--to", &with_password(url)]));
    assert!(again.contains("Copied: 2 organizations, 0 events, 0 API keys."), "{again}");
    assert!(!again.contains("sesame"), "{again}");
    let verified = printed(coulomb(["verify"]).args(data));
    assert!(verified.contains(" 2 organizations\n") && verified.contains(" 47 events\n"), "{verified}");
    let exported = |data: [&str; 2]| printed(coulomb(["export", "--format", "jsonl"]).args(data));
    assert_eq!(exported(data), exported(["--data", dir]));

    let server = Server::start_on(data);
    assert_eq!(balance(&server, &key), before);
    assert_eq!(usage(&server), used);
    // Runs are not forgotten on the way: a repeat is one.
    let run = json!({"id": "r1", "kind": "chat_message", "hold": 10});
    let (head, _) = server.exchange(&key, "POST", "/v1/organizations/acme/runs", &run);
    assert!(head.starts_with("HTTP/1.1 201") && head.contains("idempotent-replayed: true"), "{head}");
    let settled = server.done(&key, "GET", "/v1/organizations/acme/runs/r1", Value::Null);
    assert_eq!(settled["used"], "5.5");
    assert_eq!(server.terminate(), 0);
    printed(coulomb(["verify"]).args(data));
}

#[test]
fn a_migration_that_cannot_be_is_explained() {
    let scratch = scratch();
    let missing = scratch.path().join("missing");
    let database = fresh_database();
    let url = database.url.as_str();
    let said = complaint(&mut coulomb(["migrate"]));
    assert!(said.contains("--database postgres://user@host/name, COULOMB_DATABASE"), "{said}");
    let said = complaint(&mut coulomb(["migrate", "--from", path(&missing), "--to", url]));
    assert!(said.contains("is this the data directory?") && !missing.exists(), "{said}");
    let said = complaint(&mut coulomb(["migrate", "--citus", "--database", url]));
    assert!(said.contains("CREATE EXTENSION citus"), "{said}");

    for _ in 0..2 {
        let told = printed(coulomb(["migrate"]).env("COULOMB_DATABASE", url));
        assert_eq!(told, format!("The schema of {url} is up to date; one server holds all of it.\n"));
    }
}

#[test]
fn a_database_that_is_spread_by_the_slot_answers_as_any_other() {
    let database = fresh_database();
    let data = ["--database", database.url.as_str()];
    for _ in 0..2 {
        let told = printed(coulomb(["migrate", "--sharded"]).args(data));
        assert!(told.contains("it is spread by the slot"), "{told}");
    }
    let key = printed(coulomb(["keys", "create", "--scope", "admin"]).args(data)).trim().to_owned();
    let server = Server::start_on(data);
    load(&server, &key);
    assert_eq!(balance(&server, &key)["debt"]["total"], "320");
    assert_eq!(server.terminate(), 0);
    printed(coulomb(["verify"]).args(data));
}

#[test]
fn every_answer_about_an_organization_has_its_slot() {
    let scratch = scratch();
    let server = Server::start(scratch.path());
    let key = new_key(scratch.path(), "admin");
    let slot = |key: &str, method: &str, path: &str| {
        let (head, _) = server.exchange(key, method, path, &Value::Null);
        let slot = head.lines().find_map(|line| line.strip_prefix("coulomb-slot: "));
        slot.map(|slot| slot.parse::<u8>().expect("a number"))
    };
    let acme = Some(store::slot::slot(&"acme".parse().expect("an id")));
    server.done(&key, "PUT", "/v1/organizations/acme", json!({"name": "Acme"}));
    for (method, path) in [
        ("GET", "/v1/organizations/acme"),
        ("GET", "/v1/organizations/acme/balance"),
        ("GET", "/v1/organizations/%61cme/runs?limit=1"),
        // Also where the answer is a refusal.
        ("GET", "/v1/organizations/acme/runs/none"),
        ("POST", "/v1/organizations/acme/runs"),
        ("PATCH", "/v1/organizations/acme"),
    ] {
        assert_eq!(slot(&key, method, path), acme, "{method} {path}");
    }
    assert_eq!(slot("no key", "GET", "/v1/organizations/acme/balance"), acme);
    for path in ["/v1/organizations", "/v1/organizations/a%20b/balance", "/v1/nothing/acme", "/healthz"] {
        assert_eq!(slot(&key, "GET", path), None, "{path}");
    }
}

#[test]
fn the_demonstration_shows_every_state_and_leaves_nothing_behind() {
    let scratch = scratch();
    let mut command = coulomb(["demo", "--listen", "127.0.0.1:0"]);
    command.env("TMPDIR", scratch.path());
    let mut server = Server::from(command);
    let mut shown = String::new();
    let mut key = None;
    while key.is_none() {
        let line = server.lines.next().expect("the calls to try").expect("text");
        key = line.split_once(" KEY=").map(|(_, key)| key.to_owned());
        shown += &(line + "\n");
    }
    let status = |organization: &str| {
        let row = shown.lines().find(|line| line.starts_with(&format!("{organization} ")));
        let row = row.unwrap_or_else(|| panic!("{organization} is not in the table: {shown}"));
        row.split_whitespace().nth(1).unwrap_or_default().to_owned()
    };
    for (organization, expected) in [
        ("ok", "ok"),
        ("busy", "balance_low"),
        ("low", "balance_low"),
        ("depleted", "credits_depleted"),
        ("insufficient", "balance_low"),
        ("in-debt", "outstanding_usage"),
        ("refund-debt", "refund_debt"),
        ("dispute-debt", "dispute_debt"),
        ("frozen", "ok"),
        ("locked", "credits_locked"),
        ("no-subscription", "subscription_required"),
        ("payment-failing", "payment_failing"),
        ("past-due", "payment_past_due"),
        ("ending", "ok"),
        ("expiring", "credits_expiring"),
        ("recharge-suspended", "balance_low"),
        ("task-paused", "ok"),
        ("task-failing", "ok"),
        ("suspended", "organization_suspended"),
    ] {
        assert_eq!(status(organization), expected, "{organization}");
    }
    // What a status does not show because something else comes first.
    let key = key.expect("it was found");
    for (organization, reason) in [
        ("frozen", "credits_frozen"),
        ("ending", "subscription_ending"),
        ("recharge-suspended", "auto_recharge_suspended"),
    ] {
        let path = format!("/v1/organizations/{organization}/balance");
        let balance = server.done(&key, "GET", &path, Value::Null);
        let reasons = balance["reasons"].as_array().expect("reasons").clone();
        assert!(reasons.iter().any(|known| known["code"] == reason), "{organization}: {reasons:?}");
    }
    let folder = fs::read_dir(scratch.path())
        .expect("the directory")
        .next()
        .expect("one folder")
        .expect("it is readable");
    printed(&mut coulomb(["verify", "--data", path(&folder.path())]));
    assert_eq!(server.terminate(), 0);
    assert_eq!(fs::read_dir(scratch.path()).expect("the directory").count(), 0);
}

/// The load tool with sizes that take a moment, and whatever of it is meant for the figures left out.
fn small_bench<const N: usize>(arguments: [&str; N]) -> Command {
    let sizes =
        ["--organizations", "3", "--connections", "2", "--batch-connections", "1", "--batch-sizes", "10"];
    let times = ["--rounds", "1", "--seconds", "0.2", "--warm-up", "0.05", "--paced-seconds", "0.5"];
    let growth = ["--growth", "3,5", "--growth-runs", "2,4", "--yes"];
    let mut bench = coulomb(["bench"]);
    bench.args(arguments).args(sizes).args(times).args(growth);
    bench
}

/// The questions of the load tool that one server can be asked, and those that need directories of their own.
const QUESTIONS: [&str; 7] = ["work", "batch", "reads", "latency", "paced", "start", "growth"];

/// What a question must print between itself and the next one: its lines under a head, its reference, its goal.
#[track_caller]
fn answers(shown: &str, question: &str, parts: &[&str]) {
    let begin = format!("\n{question}: ");
    let answer = shown.split_once(&begin).unwrap_or_else(|| panic!("{question} was not asked: {shown}")).1;
    let others = QUESTIONS.into_iter().filter(|other| *other != question);
    let end = others.filter_map(|other| answer.find(&format!("\n{other}: "))).min();
    let answer = answer.get(..end.unwrap_or(answer.len())).expect("a line's end");
    for part in parts.iter().chain(&["op/s"]) {
        assert!(answer.contains(part), "{part} is not in the answer to {question}: {shown}");
    }
}

#[test]
fn the_load_tool_counts_what_the_ledger_counts() {
    let scratch = scratch();
    let server = Server::start(scratch.path());
    let key = new_key(scratch.path(), "admin");
    let shown = printed(&mut small_bench(["work", "batch", "--url", &server.url(), "--key", &key]));
    // Operations that the ledger did not have would make it fail.
    answers(
        &shown,
        "work",
        &["bare echo     2 conn.", "hot           2 conn.", "spread        2 conn.", "of the echo", "Goal: "],
    );
    answers(&shown, "batch", &["batch of 10"]);
    printed(&mut coulomb(["verify", "--data", path(scratch.path())]));
}

#[test]
fn every_question_of_the_load_tool_is_answered_on_a_directory_and_nothing_is_left_there() {
    let scratch = scratch();
    let dir = path(scratch.path());
    let shown = printed(small_bench(["--dir", dir]).args(QUESTIONS));
    for part in ["Machine:", "Durable:  SQLite with journal_mode WAL and synchronous FULL", "Asked:"] {
        assert!(shown.contains(part), "{part} is not in: {shown}");
    }
    answers(&shown, "work", &["fdatasync", "bare echo", "hot", "spread", "Goal: "]);
    answers(&shown, "batch", &["fdatasync", "batch of 10"]);
    answers(&shown, "reads", &["bare echo", "of the echo", "Goal: "]);
    answers(&shown, "latency", &["fdatasync", "1 conn.", "Goal: "]);
    answers(&shown, "paced", &["calls per second", "window", "Goal: "]);
    answers(&shown, "start", &["after it was stopped", "after it was killed under load", "memory", "Goal: "]);
    answers(&shown, "growth", &["drawn alike", "80 % on 1 %", "4 closed runs", "memory", "Goal: "]);
    assert_eq!(fs::read_dir(scratch.path()).expect("the directory").count(), 0);
}

#[test]
fn what_the_load_tool_has_filled_can_be_kept() {
    let scratch = scratch();
    let bench = || printed(&mut small_bench(["start", "--keep", "--dir", path(scratch.path())]));
    assert!(bench().contains("5 organizations: filled in this process"));
    assert!(bench().contains("5 organizations: kept from an earlier bench"));
    let kept = scratch.path().join("coulomb-bench/organizations-5");
    printed(&mut coulomb(["verify", "--data", path(&kept)]));
}

#[test]
fn the_load_tool_measures_a_database_beside_the_design_by_hand() {
    let database = fresh_database();
    let questions = QUESTIONS.iter().take(5);
    let shown = printed(small_bench(["--database", &database.url]).args(questions));
    assert!(shown.contains("fsync"), "{shown}");
    answers(&shown, "work", &["one row inserted and committed", "by hand", "coulomb is ", "Goal: "]);
    answers(&shown, "batch", &["batch of 10"]);
    answers(&shown, "reads", &["of the echo"]);
    answers(&shown, "latency", &["by hand"]);
    answers(&shown, "paced", &["by hand", "window"]);
    // Operations that the ledger or the tables by hand did not have would make it fail.
    let schemas = "SELECT count(*) FROM pg_namespace WHERE nspname = 'coulomb_bench_usual'";
    assert_eq!(query(&database.url, schemas).expect("the schemas"), "0");
}

#[test]
fn the_load_tool_leaves_a_database_of_others_alone_unless_it_is_told() {
    let database = fresh_database();
    printed(&mut small_bench(["latency", "--database", &database.url]));
    let stranger = "INSERT INTO coulomb.organization (slot, org, version, hash, name, body, grants, tally)
                    VALUES (0, 'acme', 1, '', '', '', '[]', '[]')";
    query(&database.url, stranger).expect("an organization of somebody else");
    let said = complaint(&mut coulomb(["bench", "latency", "--database", &database.url]));
    assert!(said.contains("acme") && said.contains("--yes"), "{said}");
}
