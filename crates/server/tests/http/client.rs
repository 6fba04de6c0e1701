//! A server on each store for all tests of this program, and the HTTP that they speak with it: one connection for each request, written
//! and read by hand, so that a test can also send what no library would.

use coulomb_server::{
    auth,
    config::Pack,
    engine::{Engine, Limits},
    http::{App, HttpSettings},
    memos::Memos,
    outbox,
    payments::{
        cashier::{Cashier, Till},
        price::Price,
        provider::Provider,
        sandbox::Sandbox,
    },
    web,
};
use ledger::{Policy, Timestamp};
use serde_json::Value;
use std::{
    collections::BTreeMap,
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    sync::{Arc, LazyLock},
    time::Duration,
};
use store::{
    Scope, Store,
    postgres::{Options, Postgres},
    sqlite::Sqlite,
};
use xtask::postgres::fresh_database;

pub const NOW: Timestamp = Timestamp::from_micros(1_800_000_000_000_000);

/// A server and a key of each scope.
pub struct Server {
    pub address: SocketAddr,
    pub store: Arc<dyn Store>,
    pub admin: String,
    pub runtime: String,
    pub read: String,
}

/// Where a server keeps its accounts.
#[derive(Clone, Copy)]
enum Place {
    Directory,
    Database,
}

/// Those that most tests share, one on each store, each test with organizations of its own.
pub fn servers() -> &'static [Server; 2] {
    static SHARED: LazyLock<[Server; 2]> = LazyLock::new(|| {
        start_on_every_store(HttpSettings {
            sandbox: true,
            public_url: "https://credits.test".into(),
            ..HttpSettings::default()
        })
    });
    &SHARED
}

/// Those that sell through the sandbox, one on each store.
pub fn sellers() -> &'static [Server; 2] {
    static SHARED: LazyLock<[Server; 2]> = LazyLock::new(|| {
        let settings = HttpSettings { sandbox: true, public_url: SELLER.into(), ..HttpSettings::default() };
        [Place::Directory, Place::Database].map(|place| start(settings.clone(), place, true))
    });
    &SHARED
}

/// Where the pages of those that sell say they are.
pub const SELLER: &str = "https://credits.test";

/// Starts servers that live as long as the tests.
pub fn start_on_every_store(settings: HttpSettings) -> [Server; 2] {
    [Place::Directory, Place::Database].map(|place| start(settings.clone(), place, false))
}

/// What they sell, and to whom people go back.
fn till() -> Till {
    let price = Price {
        credits: ledger::Credits::whole(1_000).unwrap(),
        price: 100,
        currency: "USD".into(),
        minimum: 50,
    };
    let pack = Pack {
        key: "small".into(),
        label: "10,000 credits".into(),
        credits: ledger::Credits::whole(10_000).unwrap(),
        price: 1_000,
        currency: "USD".into(),
    };
    let return_urls = vec!["https://host.test".into(), SELLER.into()];
    Till { packs: vec![pack], price: Some(price), return_urls, ..Till::default() }
}

fn start(settings: HttpSettings, place: Place, sells: bool) -> Server {
    let (told, address) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        // Kept until the process ends: the threads that use it are never told to stop.
        let (mut directory, mut database) = (None, None);
        let store: Arc<dyn Store> = match place {
            Place::Directory => {
                let directory = directory.insert(tempfile::tempdir().unwrap());
                Arc::new(Sqlite::open(directory.path()).unwrap())
            }
            Place::Database => {
                let database = database.insert(fresh_database());
                Arc::new(Postgres::open(Options::new(&database.url)).unwrap())
            }
        };
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        runtime.block_on(async {
            let key = |scope| {
                let made = auth::new_key("test", scope, NOW).unwrap();
                store.create_key(&made.stored).unwrap();
                made.key
            };
            let (admin, runtime, read) = (key(Scope::Admin), key(Scope::Runtime), key(Scope::Read));
            let outboxes = if sells { vec![outbox::of_sales(till().price)] } else { Vec::new() };
            let outbox = outbox::all(outboxes);
            let engine = Engine::start_with(Arc::clone(&store), policy(), Limits::default(), outbox);
            let keys = auth::Keys::load(Arc::clone(&store)).unwrap();
            tokio::spawn(keys.clone().keep_fresh(Duration::from_millis(100)));
            let mut app = App::new(engine.clone(), keys, settings.clone());
            if sells {
                let memos = Memos::new(Arc::clone(&store));
                let sandbox = Sandbox::new(memos, Arc::new(policy()), settings.public_url);
                app.cashier = Cashier::new(Provider::Sandbox(sandbox), engine, till());
            }
            let router = web::router(app);
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
            let address = listener.local_addr().unwrap();
            told.send(Server { address, store, admin, runtime, read }).unwrap();
            axum::serve(listener, router).await.unwrap();
        });
    });
    address.recv().unwrap()
}

/// SPEC's policy, with a catalogue of two plans.
fn policy() -> Policy {
    let plan = |label: &str, tier, credits, price: i64| ledger::policy::Plan {
        label: label.into(),
        tier,
        monthly_allowance: ledger::Credits::whole(credits).unwrap(),
        monthly_price: price,
        annual_price: price * 10,
        currency: "USD".into(),
    };
    let plans = [("starter", plan("Starter", 1, 1_000, 1_000)), ("team", plan("Team", 2, 10_000, 5_000))];
    Policy {
        plans: plans.into_iter().map(|(key, plan)| (key.parse().unwrap(), plan)).collect(),
        ..Policy::default()
    }
}

/// An answer.
#[derive(Clone, Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: BTreeMap<String, String>,
    pub text: String,
    pub json: Value,
}

impl Answer {
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }

    /// The same answer, which has this status.
    #[track_caller]
    pub fn is(self, status: u16) -> Answer {
        assert_eq!(self.status, status, "{}", self.text);
        if status >= 400 {
            self.problem();
        }
        self
    }

    /// The same answer, which is a page with this status.
    #[track_caller]
    pub fn page(self, status: u16) -> Answer {
        assert_eq!(self.status, status, "{}", self.text);
        assert_eq!(self.header("content-type"), "text/html; charset=utf-8", "{}", self.text);
        self
    }

    /// Whether it is a whole problem document.
    #[track_caller]
    pub fn problem(&self) {
        assert_eq!(self.header("content-type"), "application/problem+json", "{} {}", self.status, self.text);
        let problem = &self.json;
        for field in ["type", "title", "detail", "code", "request_id"] {
            assert!(
                problem[field].as_str().is_some_and(|text| !text.is_empty()),
                "no {field}: {}",
                self.text
            );
        }
        assert_eq!(problem["status"], self.status);
        assert_eq!(problem["type"], format!("urn:coulomb:problem:{}", problem["code"].as_str().unwrap()));
        assert_eq!(problem["request_id"], self.header("x-request-id"));
    }

    /// Where the errors point.
    pub fn pointers(&self) -> Vec<&str> {
        let errors = self.json["errors"].as_array().map_or(&[][..], Vec::as_slice);
        errors.iter().map(|error| error["pointer"].as_str().unwrap_or("none")).collect()
    }
}

/// A request in the making.
pub struct Call<'a> {
    server: &'a Server,
    method: String,
    path: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Server {
    /// A request with the admin's key.
    pub fn call(&self, method: &str, path: &str) -> Call<'_> {
        let authorization = ("authorization".to_owned(), format!("Bearer {}", self.admin));
        Call {
            server: self,
            method: method.to_owned(),
            path: path.to_owned(),
            headers: vec![authorization],
            body: Vec::new(),
        }
    }

    pub fn get(&self, path: &str) -> Answer {
        self.call("GET", path).send()
    }

    pub fn post(&self, path: &str, body: Value) -> Answer {
        self.call("POST", path).json(&body).send()
    }

    pub fn put(&self, path: &str, body: Value) -> Answer {
        self.call("PUT", path).json(&body).send()
    }

    /// An organization of this name with so many promotional credits.
    pub fn organization(&self, id: &str, credits: u64) -> String {
        let path = format!("/v1/organizations/{id}");
        self.put(&path, serde_json::json!({ "name": id })).is(200);
        if credits > 0 {
            self.post(&format!("{path}/grants"), serde_json::json!({ "credits": credits })).is(201);
        }
        path
    }
}

impl Call<'_> {
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.retain(|(known, _)| known != name);
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    pub fn without(mut self, name: &str) -> Self {
        self.headers.retain(|(known, _)| known != name);
        self
    }

    pub fn key(self, key: &str) -> Self {
        self.header("authorization", &format!("Bearer {key}"))
    }

    pub fn member(self, member: &str) -> Self {
        self.header("coulomb-member", member)
    }

    pub fn json(self, body: &Value) -> Self {
        self.bytes(body.to_string().as_bytes())
    }

    pub fn bytes(self, body: &[u8]) -> Self {
        let mut call = self.header("content-type", "application/json");
        call.body = body.to_vec();
        call
    }

    /// As the form of a page sends it.
    pub fn form(self, fields: &[(&str, &str)]) -> Self {
        let mut form = url::form_urlencoded::Serializer::new(String::new());
        form.extend_pairs(fields);
        let mut call = self.header("content-type", "application/x-www-form-urlencoded");
        call.body = form.finish().into_bytes();
        call
    }

    /// Sends it, with its length said before.
    pub fn send(self) -> Answer {
        let length = self.body.len().to_string();
        let call = self.header("content-length", &length);
        let body = call.body.clone();
        call.exchange(&body)
    }

    /// Sends it in pieces whose sum nobody knows before.
    pub fn send_chunked(self) -> Answer {
        let mut body = Vec::new();
        for chunk in self.body.chunks(65_536) {
            body.extend_from_slice(format!("{:x}\r\n", chunk.len()).as_bytes());
            body.extend_from_slice(chunk);
            body.extend_from_slice(b"\r\n");
        }
        body.extend_from_slice(b"0\r\n\r\n");
        self.header("transfer-encoding", "chunked").exchange(&body)
    }

    fn exchange(self, body: &[u8]) -> Answer {
        let mut stream = TcpStream::connect(self.server.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        let mut head =
            format!("{} {} HTTP/1.1\r\nhost: test\r\nconnection: close\r\n", self.method, self.path);
        for (name, value) in &self.headers {
            head += &format!("{name}: {value}\r\n");
        }
        head += "\r\n";
        stream.write_all(head.as_bytes()).unwrap();
        // Who is refused early may find the connection closed while still sending.
        let _ = stream.write_all(body);
        let mut bytes = Vec::new();
        let mut piece = [0; 65_536];
        // A stream of events never ends: its first event is its answer.
        while !is_first_event(&bytes) {
            match stream.read(&mut piece).unwrap() {
                0 => break,
                read => bytes.extend_from_slice(&piece[..read]),
            }
        }
        answer(&bytes)
    }
}

fn is_first_event(bytes: &[u8]) -> bool {
    let has = |what: &[u8]| bytes.windows(what.len()).any(|part| part == what);
    bytes.len() < 65_536 && has(b"text/event-stream") && has(b"\n\n")
}

fn answer(bytes: &[u8]) -> Answer {
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n").expect("an answer has a head");
    let head = std::str::from_utf8(&bytes[..end]).unwrap();
    let mut lines = head.split("\r\n");
    let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
    let headers: BTreeMap<String, String> = lines
        .map(|line| line.split_once(':').unwrap())
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    let rest = &bytes[end + 4..];
    let body = if headers.get("transfer-encoding").is_some_and(|how| how == "chunked") {
        joined(rest)
    } else {
        rest.to_vec()
    };
    let text = String::from_utf8(body).unwrap();
    let json = serde_json::from_str(&text).unwrap_or(Value::Null);
    Answer { status, headers, text, json }
}

fn joined(mut rest: &[u8]) -> Vec<u8> {
    let mut whole = Vec::new();
    loop {
        if rest.is_empty() {
            return whole;
        }
        let end = rest.windows(2).position(|two| two == b"\r\n").expect("a chunk has a size");
        let size = usize::from_str_radix(std::str::from_utf8(&rest[..end]).unwrap(), 16).unwrap();
        if size == 0 {
            return whole;
        }
        whole.extend_from_slice(&rest[end + 2..end + 2 + size]);
        rest = &rest[end + 2 + size + 2..];
    }
}
