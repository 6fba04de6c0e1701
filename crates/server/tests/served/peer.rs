//! A `coulomb serve` process and the HTTP calls that tests make to it.

use serde_json::Value;
use std::{
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    path::Path,
    process::{Child, Command, ExitStatus, Stdio},
    time::Duration,
};
use xtask::postgres::Database;

pub const COULOMB: &str = env!("CARGO_BIN_EXE_coulomb");

/// How long an answer may take. Nothing waits longer than it has to.
const PATIENCE: Duration = Duration::from_secs(60);

/// Where servers keep their accounts, as it is said to the program.
#[derive(Clone, Debug)]
pub struct Data([String; 2]);

impl Data {
    /// A database by its URL.
    pub fn at(url: &str) -> Data {
        Data(["--database".into(), url.into()])
    }
}

impl From<&Path> for Data {
    fn from(directory: &Path) -> Data {
        Data(["--data".into(), directory.to_str().unwrap().into()])
    }
}

impl From<&Database> for Data {
    fn from(database: &Database) -> Data {
        Data::at(&database.url)
    }
}

impl From<&Data> for Data {
    fn from(data: &Data) -> Data {
        data.clone()
    }
}

/// A running server, killed when it is dropped.
pub struct Server {
    child: Child,
    pub address: String,
}

impl Server {
    /// Starts a server on this data and waits until it says that it is ready.
    pub fn start(data: impl Into<Data>, flags: &[&str]) -> Server {
        let mut command = Command::new(COULOMB);
        command.args(["serve", "--listen", "127.0.0.1:0"]).args(data.into().0).args(flags);
        let mut child =
            command.stdout(Stdio::piped()).stderr(Stdio::null()).stdin(Stdio::null()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let address = line.trim().rsplit("http://").next().unwrap_or_default().to_owned();
        assert!(address.starts_with("127.0.0.1:"), "the ready line names the address: {line:?}");
        Server { child, address }
    }

    /// Ends it as `kill -9` does, at whatever it is doing.
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Sends it a signal, by its name.
    pub fn signal(&self, name: &str) {
        let id = self.id().to_string();
        let sent = Command::new("kill").args([&format!("-{name}"), &id]).status().unwrap();
        assert!(sent.success());
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    pub fn wait(&mut self) -> ExitStatus {
        self.child.wait().unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Runs a subcommand and gives what it prints.
pub fn coulomb(arguments: &[&str], data: impl Into<Data>) -> (ExitStatus, String) {
    let output =
        Command::new(COULOMB).args(arguments).args(data.into().0).stdin(Stdio::null()).output().unwrap();
    let text =
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    (output.status, text)
}

/// A key of this scope for the server on this data.
pub fn key(data: impl Into<Data>, scope: &str) -> String {
    let (status, key) = coulomb(&["keys", "create", "--scope", scope], data);
    assert!(status.success(), "{key}");
    key.trim().to_owned()
}

/// One kept connection, asked with one key.
pub struct Client {
    address: String,
    key: String,
    stream: Option<BufReader<TcpStream>>,
}

/// An answer: its status, whether it repeats a first answer, whether it says when to ask again, and its body.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    pub status: u16,
    pub replayed: bool,
    pub later: bool,
    pub body: Value,
}

impl Client {
    pub fn new(address: &str, key: &str) -> Client {
        Client { address: address.to_owned(), key: key.to_owned(), stream: None }
    }

    /// Asks, and gives nothing where the connection breaks before the whole answer is there.
    pub fn try_call(
        &mut self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<&Value>,
    ) -> Option<Answer> {
        let answer = self.exchange(method, path, headers, body);
        if answer.is_none() {
            self.stream = None;
        }
        answer
    }

    pub fn call(
        &mut self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<&Value>,
    ) -> Answer {
        self.try_call(method, path, headers, body)
            .unwrap_or_else(|| panic!("{method} {path} was not answered"))
    }

    fn exchange(
        &mut self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<&Value>,
    ) -> Option<Answer> {
        if self.stream.is_none() {
            let stream = TcpStream::connect(&self.address).ok()?;
            stream.set_nodelay(true).ok()?;
            stream.set_read_timeout(Some(PATIENCE)).ok()?;
            self.stream = Some(BufReader::new(stream));
        }
        let stream = self.stream.as_mut()?;
        let body = body.map(Value::to_string).unwrap_or_default();
        let mut request = format!(
            "{method} {path} HTTP/1.1\r\nhost: {}\r\nauthorization: Bearer {}\r\n",
            self.address, self.key
        );
        for (name, value) in headers {
            request += &format!("{name}: {value}\r\n");
        }
        if !body.is_empty() {
            request += "content-type: application/json\r\n";
        }
        request += &format!("content-length: {}\r\n\r\n{body}", body.len());
        stream.get_mut().write_all(request.as_bytes()).ok()?;

        let mut line = String::new();
        stream.read_line(&mut line).ok()?;
        let status = line.split(' ').nth(1)?.parse().ok()?;
        let (mut size, mut replayed, mut later) = (0, false, false);
        loop {
            line.clear();
            if stream.read_line(&mut line).ok()? == 0 {
                return None;
            }
            let line = line.trim_end().to_ascii_lowercase();
            if line.is_empty() {
                break;
            }
            if let Some(value) = line.strip_prefix("content-length: ") {
                size = value.parse().ok()?;
            }
            replayed |= line == "idempotent-replayed: true";
            later |= line.starts_with("retry-after: ");
        }
        let mut bytes = vec![0; size];
        stream.read_exact(&mut bytes).ok()?;
        let body = if bytes.is_empty() { Value::Null } else { serde_json::from_slice(&bytes).ok()? };
        Some(Answer { status, replayed, later, body })
    }
}
