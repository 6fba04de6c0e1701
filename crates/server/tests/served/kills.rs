//! `kill -9` at any moment under load (TRUST T19): everything that was answered is there, and `coulomb verify` is clean.

use super::peer::{Answer, Client, Server, coulomb, key};
use serde_json::{Value, json};
use std::{
    path::Path,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread,
};
use tempfile::TempDir;

/// How often a server is killed; `COULOMB_KILLS` asks for more.
pub fn kills(usual: usize) -> usize {
    std::env::var("COULOMB_KILLS").ok().and_then(|kills| kills.parse().ok()).unwrap_or(usual)
}

pub const ORGANIZATIONS: usize = 12;
const CLIENTS: usize = 6;

/// What was answered: the call, and its answer.
pub type Told = Vec<(String, Value, Answer)>;

/// The calls of one run: uneven amounts, some beyond the hold.
pub fn one_run(client: usize, round: usize, number: usize) -> [(String, Value); 3] {
    let organization = (client + number) % ORGANIZATIONS;
    let run = format!("r-{round}-{client}-{number}");
    let path = format!("/v1/organizations/org-{organization}/runs");
    let start = json!({"id": run, "kind": "tool_run", "hold": "12.5", "task": format!("t{client}")});
    let settle = json!({"used": format!("{}.25", 4 + number % 17)});
    [
        (path.clone(), start),
        (format!("{path}/{run}/usage"), json!({"id": "u1", "amount": "3.000001"})),
        (format!("{path}/{run}/settle"), settle),
    ]
}

/// Starts and settles runs until the connection breaks, and keeps what was answered.
fn work(
    address: &str,
    key: &str,
    client: usize,
    round: usize,
    stop: &AtomicBool,
    answered: &AtomicU64,
) -> Told {
    let mut http = Client::new(address, key);
    let mut told = Told::new();
    for number in 0.. {
        for (path, body) in one_run(client, round, number) {
            if stop.load(Ordering::Relaxed) {
                return told;
            }
            let Some(answer) = http.try_call("POST", &path, &[], Some(&body)) else { return told };
            answered.fetch_add(1, Ordering::Relaxed);
            if (200..300).contains(&answer.status) {
                told.push((path, body, answer));
            } else {
                assert!(
                    matches!(answer.status, 402 | 503 | 404),
                    "{path}: {} {}",
                    answer.status,
                    answer.body
                );
                break;
            }
        }
    }
    told
}

pub fn prepare(address: &str, key: &str) {
    let mut http = Client::new(address, key);
    for number in 0..ORGANIZATIONS {
        let path = format!("/v1/organizations/org-{number}");
        http.call("PUT", &path, &[], Some(&json!({"name": "Organization"})));
        // Enough for thousands of lives.
        let grant = json!({"id": "welcome", "credits": "1000000000"});
        assert_eq!(http.call("POST", &format!("{path}/grants"), &[], Some(&grant)).status, 201);
    }
}

/// One life of a server: it works until so many calls were answered, and is killed at that moment.
fn one_life(data: &Path, key: &str, round: usize) -> Told {
    let mut server = Server::start(data, &[]);
    let (stop, answered) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
    let told = Arc::new(Mutex::new(Told::new()));
    let workers: Vec<_> = (0..CLIENTS)
        .map(|client| {
            let (stop, answered, told) = (Arc::clone(&stop), Arc::clone(&answered), Arc::clone(&told));
            let (address, key) = (server.address.clone(), key.to_owned());
            thread::spawn(move || {
                let mine = work(&address, &key, client, round, &stop, &answered);
                told.lock().unwrap().extend(mine);
            })
        })
        .collect();
    // Some lives are short, some long enough for rows to be written in slices and while nobody waits.
    let enough = 3 + u64::try_from(round * round * 7 % 240).unwrap();
    while answered.load(Ordering::Relaxed) < enough {
        thread::yield_now();
    }
    server.kill();
    stop.store(true, Ordering::Relaxed);
    workers.into_iter().for_each(|worker| worker.join().unwrap());
    Arc::try_unwrap(told).unwrap().into_inner().unwrap()
}

#[test]
fn whatever_was_answered_is_there_after_any_kill() {
    let data = TempDir::new().unwrap();
    let mut server = Server::start(data.path(), &[]);
    let key = key(data.path(), "admin");
    prepare(&server.address, &key);
    server.kill();
    let mut checked = 0;
    for round in 0..kills(20) {
        let told = one_life(data.path(), &key, round);
        let (status, report) = coulomb(&["verify"], data.path());
        assert!(status.success(), "after kill {round}: {report}");

        let server = Server::start(data.path(), &[]);
        let mut http = Client::new(&server.address, &key);
        for (path, body, answer) in &told {
            let again = http.call("POST", path, &[], Some(body));
            assert!(
                again.replayed,
                "{path} was answered before kill {round} and is not there: {}",
                again.body
            );
            let run = |answer: &Answer| answer.body["run"].clone();
            assert_eq!(run(&again), run(answer), "{path}: the first answer again");
            checked += 1;
        }
        drop(http);
        drop(server);
    }
    assert!(checked > kills(20), "the lives were long enough to answer something: {checked}");
    let (status, report) = coulomb(&["verify"], data.path());
    assert!(status.success(), "{report}");
}

#[test]
fn a_server_that_is_asked_to_stop_answers_what_it_has_begun_and_leaves_nothing_to_replay() {
    let data = TempDir::new().unwrap();
    let mut server = Server::start(data.path(), &[]);
    let key = key(data.path(), "admin");
    prepare(&server.address, &key);
    let (stop, answered) = (AtomicBool::new(false), AtomicU64::new(0));
    let told = thread::scope(|scope| {
        let worker = scope.spawn(|| work(&server.address, &key, 0, 0, &stop, &answered));
        while answered.load(Ordering::Relaxed) < 50 {
            thread::yield_now();
        }
        server.signal("TERM");
        worker.join().unwrap()
    });
    assert!(server.wait().success(), "SIGTERM ends it cleanly");
    let (status, report) = coulomb(&["verify"], data.path());
    assert!(status.success(), "{report}");
    let server = Server::start(data.path(), &[]);
    let mut http = Client::new(&server.address, &key);
    for (path, body, _) in &told {
        assert!(http.call("POST", path, &[], Some(body)).replayed, "{path}");
    }
}
