//! Three servers on one PostgreSQL, and clients spread over all of them (TRUST T1, T2, T19, T23). Servers are killed, stand
//! still, lose the database and find another: what was answered is there on whichever server one asks, nobody answers from
//! a past that is over, and `coulomb verify` is clean.

use super::{
    kills::{Told, kills, one_run, prepare},
    peer::{Answer, Client, Data, Server, coulomb, key},
};
use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    fs,
    sync::{
        Barrier, Condvar, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread,
    time::Duration,
};
use tempfile::TempDir;
use xtask::postgres::{Cluster, fresh_database};

const SERVERS: usize = 3;
const CLIENTS: usize = 6;

/// How long clients may go without an answer.
const PATIENCE: Duration = Duration::from_secs(60);

/// Servers on one database, and a key for all of them.
pub struct Fleet {
    pub data: Data,
    pub key: String,
    servers: Vec<Server>,
}

impl Fleet {
    pub fn start(data: impl Into<Data>, flags: &[&str]) -> Fleet {
        let data = data.into();
        let servers = (0..SERVERS).map(|_| Server::start(&data, flags)).collect();
        let key = key(&data, "admin");
        Fleet { data, key, servers }
    }

    fn client(&self, server: usize) -> Client {
        Client::new(&self.servers[server % SERVERS].address, &self.key)
    }

    pub fn address(&self, server: usize) -> String {
        self.servers[server % SERVERS].address.clone()
    }

    #[track_caller]
    pub fn is_proven(&self) {
        let (status, report) = coulomb(&["verify"], &self.data);
        assert!(status.success(), "{report}");
    }

    /// Asks for everything again that was answered, by turns on each server.
    pub fn has_all(&self, told: &Told) {
        let ask_again = |server: usize| {
            let mut http = self.client(server);
            for (path, body, answer) in told.iter().skip(server).step_by(SERVERS) {
                let again = http.call("POST", path, &[], Some(body));
                assert!(again.replayed, "{path} was answered and is not there: {}", again.body);
                assert_eq!(again.body["run"], answer.body["run"], "{path}: the first answer again");
            }
        };
        thread::scope(|scope| {
            let ask_again = &ask_again;
            (0..SERVERS).for_each(|server| drop(scope.spawn(move || ask_again(server))));
        });
    }
}

/// What clients do all the time, whatever happens to the servers.
pub struct Load {
    addresses: Mutex<Vec<String>>,
    key: String,
    stopped: AtomicBool,
    answered: Mutex<u64>,
    more: Condvar,
}

impl Load {
    pub fn on(fleet: &Fleet) -> Load {
        let addresses = fleet.servers.iter().map(|server| server.address.clone()).collect();
        Load {
            addresses: Mutex::new(addresses),
            key: fleet.key.clone(),
            stopped: AtomicBool::new(false),
            answered: Mutex::new(0),
            more: Condvar::new(),
        }
    }

    fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::Relaxed)
    }

    fn count(&self) {
        *self.answered.lock().unwrap() += 1;
        self.more.notify_all();
    }

    /// Waits until so many more calls are answered.
    #[track_caller]
    pub fn wait_for(&self, more: u64) {
        let mut answered = self.answered.lock().unwrap();
        let enough = *answered + more;
        while *answered < enough {
            let (now, waited) = self.more.wait_timeout(answered, PATIENCE).unwrap();
            answered = now;
            assert!(!waited.timed_out(), "the servers no longer answer");
        }
    }

    /// Lets clients work while something is done to the servers, and gives what they were answered.
    pub fn during(&self, work: impl Fn(usize) -> Told + Sync, disturb: impl FnOnce()) -> Told {
        struct Stop<'a>(&'a AtomicBool);
        impl Drop for Stop<'_> {
            fn drop(&mut self) {
                self.0.store(true, Ordering::Relaxed);
            }
        }
        thread::scope(|scope| {
            let work = &work;
            let workers: Vec<_> = (0..CLIENTS).map(|client| scope.spawn(move || work(client))).collect();
            {
                let _stop = Stop(&self.stopped);
                disturb();
            }
            workers.into_iter().flat_map(|worker| worker.join().unwrap()).collect()
        })
    }

    /// Starts and settles runs, each call on the next server that answers for good, and keeps what was answered.
    pub fn work(&self, client: usize) -> Told {
        let mut told = Told::new();
        let mut connections: BTreeMap<String, Client> = BTreeMap::new();
        for number in 0.. {
            let mut turn = client + number;
            for (path, body) in one_run(client, 0, number) {
                let answer = loop {
                    if self.is_stopped() {
                        return told;
                    }
                    let address = self.addresses.lock().unwrap()[turn % SERVERS].clone();
                    let http = connections.entry(address).or_insert_with_key(|at| Client::new(at, &self.key));
                    match http.try_call("POST", &path, &[], Some(&body)) {
                        Some(answer) if answer.status != 503 => break answer,
                        // It says when to ask again, and another server may know more.
                        Some(away) => assert!(away.later, "{path}: {}", away.body),
                        None => {}
                    }
                    turn += 1;
                };
                assert!((200..300).contains(&answer.status), "{path}: {} {}", answer.status, answer.body);
                told.push((path, body, answer));
                self.count();
            }
        }
        told
    }
}

fn start(run: &str, hold: i64) -> Value {
    json!({"id": run, "kind": "tool_run", "hold": hold.to_string()})
}

/// Opens an organization with so many credits.
fn fund(http: &mut Client, id: &str, credits: i64) -> String {
    let path = format!("/v1/organizations/{id}");
    assert_eq!(http.call("PUT", &path, &[], Some(&json!({"name": id}))).status, 200);
    let grant = json!({"id": "welcome", "credits": credits.to_string()});
    assert_eq!(http.call("POST", &format!("{path}/grants"), &[], Some(&grant)).status, 201);
    path
}

#[test]
fn with_room_for_a_few_exactly_those_start_whichever_server_they_ask() {
    let database = fresh_database();
    let fleet = Fleet::start(&database, &[]);
    for room in [1, 2, 3, 7, 13, 29, 50] {
        let path = fund(&mut fleet.client(0), &format!("room-for-{room}"), room * 10 + 9) + "/runs";
        let begin = Barrier::new(4 * SERVERS);
        let race = |client: usize| {
            let mut http = fleet.client(client);
            begin.wait();
            let mut admitted = 0;
            for number in 0..10 {
                let answer = http.call("POST", &path, &[], Some(&start(&format!("r-{client}-{number}"), 10)));
                assert!(matches!(answer.status, 201 | 402), "{} {}", answer.status, answer.body);
                admitted += i64::from(answer.status == 201);
            }
            admitted
        };
        let admitted: i64 = thread::scope(|scope| {
            let clients: Vec<_> = (0..4 * SERVERS).map(|client| scope.spawn(move || race(client))).collect();
            clients.into_iter().map(|client| client.join().unwrap()).sum()
        });
        assert_eq!(admitted, room);
    }
    fleet.is_proven();
}

#[test]
fn whatever_any_server_answered_is_there_on_all_of_them_after_any_kill() {
    let database = fresh_database();
    let mut fleet = Fleet::start(&database, &[]);
    prepare(&fleet.servers[0].address, &fleet.key);
    let load = Load::on(&fleet);
    let told = load.during(
        |client| load.work(client),
        || {
            for round in 0..kills(12) {
                // Some lives are short, some long.
                load.wait_for(3 + u64::try_from(round * round * 7 % 120).unwrap());
                let victim = round * 7 % SERVERS;
                fleet.servers[victim].kill();
                fleet.servers[victim] = Server::start(&fleet.data, &[]);
                load.addresses.lock().unwrap()[victim].clone_from(&fleet.servers[victim].address);
            }
            load.wait_for(30);
        },
    );
    assert!(told.len() > kills(12) * 3, "the lives were long enough to answer something: {}", told.len());
    fleet.has_all(&told);
    fleet.is_proven();
}

#[test]
fn without_the_database_nothing_is_guessed_and_with_it_all_goes_on() {
    let mut cluster = Cluster::start(&[]).unwrap();
    let folder = TempDir::new().unwrap();
    let config = folder.path().join("coulomb.toml");
    fs::write(&config, "[data]\nretry = \"PT1S\"\n").unwrap();
    let url = cluster.create_database("coulomb").unwrap();
    let fleet = Fleet::start(Data::at(&url), &["--config", config.to_str().unwrap()]);
    prepare(&fleet.servers[0].address, &fleet.key);
    let load = Load::on(&fleet);
    let mut attempts = 0;
    let told = load.during(
        |client| load.work(client),
        || {
            for _ in 0..3 {
                load.wait_for(60);
                cluster.kill().unwrap();
                thread::scope(|scope| {
                    for server in 0..SERVERS {
                        let run = start(&format!("attempt-{attempts}"), 1);
                        attempts += 1;
                        let fleet = &fleet;
                        let away = move |method, rest: &str, body: Option<&Value>| {
                            let path = format!("/v1/organizations/org-0{rest}");
                            let away = fleet.client(server).call(method, &path, &[], body);
                            assert_eq!((away.status, away.later), (503, true), "{path}: {}", away.body);
                        };
                        scope.spawn(move || away("POST", "/runs", Some(&run)));
                        scope.spawn(move || away("GET", "/balance", None));
                    }
                });
                cluster.start_again().unwrap();
                load.wait_for(60);
            }
        },
    );
    fleet.has_all(&told);
    for attempt in 0..attempts {
        let path = format!("/v1/organizations/org-0/runs/attempt-{attempt}");
        assert_eq!(fleet.client(attempt).call("GET", &path, &[], None).status, 404, "{path} was refused");
    }
    fleet.is_proven();
}

#[test]
fn a_server_that_stood_still_answers_from_what_the_others_have_done_since() {
    let database = fresh_database();
    let fleet = Fleet::start(&database, &[]);
    let path = fund(&mut fleet.client(0), "org", 1_000);
    let ask = |server: usize, method: &str, rest: &str, body: Option<&Value>| {
        fleet.client(server).call(method, &format!("{path}{rest}"), &[], body)
    };
    // Asks the one that stands still, and wakes it while it is asked.
    let woken = |server: usize, calls: &[(&str, &str, Option<&Value>)]| -> Vec<Answer> {
        thread::scope(|scope| {
            let ask = &ask;
            let asked: Vec<_> = calls
                .iter()
                .map(|(method, rest, body)| scope.spawn(move || ask(server, method, rest, *body)))
                .collect();
            fleet.servers[server].signal("CONT");
            asked.into_iter().map(|asked| asked.join().unwrap()).collect()
        })
    };
    for round in 0..9 {
        let [still, other] = [0, 1].map(|ahead| (round + ahead) % SERVERS);
        assert_eq!(ask(still, "GET", "/balance", None).body["available"], "1000");
        fleet.servers[still].signal("STOP");
        let everything = start(&format!("all-{round}"), 1_000);
        assert_eq!(ask(other, "POST", "/runs", Some(&everything)).status, 201);
        let too_much = start(&format!("too-much-{round}"), 1);
        let answers = woken(still, &[("GET", "/balance", None), ("POST", "/runs", Some(&too_much))]);
        assert_eq!(answers[0].body["available"], "0", "{}", answers[0].body);
        assert_eq!(answers[1].status, 402, "{}", answers[1].body);

        fleet.servers[still].signal("STOP");
        assert_eq!(ask(other, "POST", &format!("/runs/all-{round}/release"), None).status, 200);
        let fits = start(&format!("fits-{round}"), 1_000);
        let answers = woken(still, &[("POST", "/runs", Some(&fits))]);
        assert_eq!(answers[0].status, 201, "{}", answers[0].body);
        assert_eq!(ask(other, "POST", &format!("/runs/fits-{round}/release"), None).status, 200);
    }
    fleet.is_proven();
}

#[test]
fn nobody_is_told_of_a_past_that_is_over_while_servers_stand_still_by_turns() {
    let database = fresh_database();
    // However long a server stands still on a busy machine, it does not run out of patience: that is another story.
    let scratch = tempfile::tempdir().unwrap();
    let patient = scratch.path().join("coulomb.toml");
    fs::write(&patient, "[data]\nretry = \"PT30S\"\ncall_timeout = \"PT30S\"\n").unwrap();
    let fleet = Fleet::start(&database, &["--config", patient.to_str().unwrap()]);
    let path = fund(&mut fleet.client(0), "org", 1_000_000);
    let load = Load::on(&fleet);
    // The newest version that anybody was told of.
    let told = AtomicU64::new(0);
    load.during(
        |client| {
            // Each keeps to its server, so that those of the others go on.
            let mut http = fleet.client(client);
            for number in 0.. {
                if load.is_stopped() {
                    break;
                }
                let floor = told.load(Ordering::SeqCst);
                let version = if number % 2 == 0 {
                    let run = start(&format!("r-{client}-{number}"), 1);
                    let started = http.call("POST", &format!("{path}/runs"), &[], Some(&run));
                    assert_eq!(started.status, 201, "{}", started.body);
                    started.body["balance"]["version"].as_u64().unwrap()
                } else {
                    let balance = http.call("GET", &format!("{path}/balance"), &[], None);
                    assert_eq!(balance.status, 200, "{}", balance.body);
                    balance.body["version"].as_u64().unwrap()
                };
                assert!(version >= floor, "version {version} is over: {floor} was told");
                told.fetch_max(version, Ordering::SeqCst);
                load.count();
            }
            Told::new()
        },
        || {
            for round in 0..15 {
                let server = &fleet.servers[round % SERVERS];
                load.wait_for(3 + u64::try_from(round).unwrap());
                server.signal("STOP");
                load.wait_for(12);
                server.signal("CONT");
            }
            load.wait_for(30);
        },
    );
    fleet.is_proven();
}

#[test]
fn when_a_standby_takes_over_nothing_that_was_answered_is_lost_and_no_server_is_started_again() {
    let mut primary = Cluster::start(&[]).unwrap();
    primary.create_database("coulomb").unwrap();
    let standby = primary.standby(&[]).unwrap();
    primary.set("synchronous_standby_names", "*").unwrap();
    let host =
        |cluster: &Cluster| cluster.url("").split('@').nth(1).unwrap().trim_end_matches('/').to_owned();
    let (one, other) = (host(&primary), host(&standby));
    let url = format!("postgres://coulomb@{one},{other}/coulomb?target_session_attrs=read-write");
    let fleet = Fleet::start(Data::at(&url), &[]);
    prepare(&fleet.servers[0].address, &fleet.key);
    let load = Load::on(&fleet);
    let told = load.during(
        |client| load.work(client),
        || {
            load.wait_for(200);
            primary.kill().unwrap();
            standby.promote().unwrap();
            load.wait_for(200);
        },
    );
    fleet.has_all(&told);
    fleet.is_proven();
    let (status, report) = coulomb(&["verify"], Data::at(&standby.url("coulomb")));
    assert!(status.success(), "{report}");
}
