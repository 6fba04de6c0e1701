//! What a connection asks: requests that are written once, in which only the digits of the organization and of the run
//! change from call to call, and what their answers must say. Nothing is allocated for a call.

use super::whom::{DIGITS, Numbers, RUN, Whom};
use crate::client::Target;
use memchr::memmem;

/// What a run holds and what it uses: credits as the API has them, micro-credits as tables have them.
pub const HOLD: (&str, i64) = ("0.01", 10_000);
/// See [`HOLD`].
pub const USED: (&str, i64) = ("0.009", 9_000);

/// Where the number and the run stand in a request that is being written.
const NUMBER_HERE: [u8; DIGITS] = [b'#'; DIGITS];
const RUN_HERE: [u8; RUN] = [b'@'; RUN];

/// What is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// A start and its settle in turns, each a call.
    Runs,
    /// Batches of so many commands, half of them starts and half settles.
    Batches(usize),
    /// The balance.
    Balances,
}

/// A request with its blanks.
struct Form {
    bytes: Vec<u8>,
    numbers: Vec<usize>,
    runs: Vec<usize>,
}

impl Form {
    fn new(target: &Target, method: &str, path: &str, body: &str) -> Form {
        let bytes = target.request(method, path, body.as_bytes());
        let numbers = memmem::find_iter(&bytes, &NUMBER_HERE).collect();
        let runs = memmem::find_iter(&bytes, &RUN_HERE).collect();
        Form { bytes, numbers, runs }
    }

    /// Writes into the blanks number `place` of both kinds. The form of an organization that is named has none for numbers.
    fn fill(&mut self, place: usize, subject: &Subject) {
        if let Some(at) = self.numbers.get(place) {
            self.bytes[*at..at + DIGITS].copy_from_slice(&subject.number);
        }
        if let Some(at) = self.runs.get(place) {
            self.bytes[*at..at + RUN].copy_from_slice(&subject.run);
        }
    }
}

/// What one operation is about.
#[derive(Clone)]
struct Subject {
    number: [u8; DIGITS],
    run: [u8; RUN],
}

/// What an answer came to.
#[derive(Debug, PartialEq, Eq)]
pub struct Judged {
    /// Operations that were done.
    pub done: u64,
    /// Operations that were not, and why.
    pub failed: Option<(String, u64)>,
}

/// What one connection asks, call after call.
pub struct Asks {
    whom: Whom,
    kind: Kind,
    /// Whether answers are looked into: those of the echo say nothing.
    checked: bool,
}

enum Kind {
    Runs { start: Form, settle: Form, subject: Subject, open: bool },
    Batches { first: Form, full: Form, last: Form, size: usize, open: Vec<Subject>, commands: usize },
    Balances { form: Form },
}

impl Asks {
    /// Runs are of this kind of work, from the server's catalogue.
    pub fn new(target: &Target, whom: &Whom, what: What, work: &str, checked: bool) -> Asks {
        let blank = format!("bench-{}", String::from_utf8_lossy(&NUMBER_HERE));
        let organization = match whom {
            Whom::One(name) => name,
            Whom::Spread(_) | Whom::Skewed(_) => &blank,
        };
        let run = String::from_utf8_lossy(&RUN_HERE);
        let (hold, used) = (HOLD.0, USED.0);
        let runs = format!("/v1/organizations/{organization}/runs");
        let kind = match what {
            What::Runs => Kind::Runs {
                start: Form::new(
                    target,
                    "POST",
                    &runs,
                    &format!(r#"{{"id":"{run}","kind":"{work}","hold":"{hold}"}}"#),
                ),
                settle: Form::new(
                    target,
                    "POST",
                    &format!("{runs}/{run}/settle"),
                    &format!(r#"{{"used":"{used}"}}"#),
                ),
                subject: Subject { number: NUMBER_HERE, run: RUN_HERE },
                open: false,
            },
            What::Batches(size) => {
                let start = format!(
                    r#"{{"op":"start","organization":"{organization}","id":"{run}","kind":"{work}","hold":"{hold}"}}"#
                );
                let settle = format!(
                    r#"{{"op":"settle","organization":"{organization}","run":"{run}","used":"{used}"}}"#
                );
                let form = |settles: usize, starts: usize| {
                    let settles = std::iter::repeat_n(settle.as_str(), settles);
                    let commands: Vec<&str> =
                        settles.chain(std::iter::repeat_n(start.as_str(), starts)).collect();
                    let body = format!(r#"{{"commands":[{}]}}"#, commands.join(","));
                    Form::new(target, "POST", "/v1/batch", &body)
                };
                let half = size / 2;
                let (first, full, last) = (form(0, half), form(half, half), form(half, 0));
                Kind::Batches { first, full, last, size, open: Vec::with_capacity(half), commands: 0 }
            }
            What::Balances => {
                let path = format!("/v1/organizations/{organization}/balance");
                Kind::Balances { form: Form::new(target, "GET", &path, "") }
            }
        };
        Asks { whom: whom.clone(), kind, checked }
    }

    /// The next request. Whoever is closing starts nothing, only settles what is open.
    pub fn next(&mut self, numbers: &mut Numbers, closing: bool) -> &[u8] {
        let whom = &self.whom;
        let mut new = || Subject { number: numbers.organization(whom), run: numbers.run() };
        match &mut self.kind {
            Kind::Runs { start, settle, subject, open } => {
                let form = if *open {
                    settle
                } else {
                    *subject = new();
                    start
                };
                form.fill(0, subject);
                &form.bytes
            }
            Kind::Batches { first, full, last, size, open, commands } => {
                let (settled, started) = (open.len(), if closing { 0 } else { *size / 2 });
                let form = match (settled, started) {
                    (0, _) => first,
                    (_, 0) => last,
                    _ => full,
                };
                for (place, subject) in open.drain(..).enumerate() {
                    form.fill(place, &subject);
                }
                for place in settled..settled + started {
                    let subject = new();
                    form.fill(place, &subject);
                    open.push(subject);
                }
                *commands = settled + started;
                &form.bytes
            }
            Kind::Balances { form } => {
                let subject = Subject { number: numbers.organization(whom), run: RUN_HERE };
                form.fill(0, &subject);
                &form.bytes
            }
        }
    }

    /// Whether something was started that is not settled yet.
    pub fn is_open(&self) -> bool {
        match &self.kind {
            Kind::Runs { open, .. } => *open,
            Kind::Batches { open, .. } => !open.is_empty(),
            Kind::Balances { .. } => false,
        }
    }

    /// What the answer to the last request came to.
    pub fn judge(&mut self, status: u16, body: &[u8]) -> Judged {
        let checked = self.checked;
        let problem = if (200..300).contains(&status) { None } else { Some(format!("answered {status}")) };
        match &mut self.kind {
            Kind::Runs { subject, open, .. } => {
                let wanted = if *open { "settled" } else { "running" };
                let problem = problem.or_else(|| {
                    let right = !checked || shows(body, &subject.run, wanted);
                    (!right).then(|| format!("answered {status}, and not with that run as {wanted}"))
                });
                *open = !*open && problem.is_none();
                one(problem)
            }
            Kind::Batches { open, commands, .. } => match problem {
                Some(problem) => {
                    open.clear();
                    Judged { done: 0, failed: Some((format!("batch {problem}"), *commands as u64)) }
                }
                None => {
                    let done = count_done(body).min(*commands);
                    let lacking = (*commands - done) as u64;
                    let failed = (lacking > 0).then(|| ("not done in a batch".to_owned(), lacking));
                    Judged { done: done as u64, failed }
                }
            },
            Kind::Balances { .. } => one(problem.or_else(|| {
                let right = !checked || memmem::find(body, br#""can_start":true"#).is_some();
                (!right).then(|| format!("answered {status}, and not with a balance of credits"))
            })),
        }
    }

    /// Nothing came for the last request: whether it was done is not known.
    pub fn forget(&mut self) {
        match &mut self.kind {
            Kind::Runs { open, .. } => *open = false,
            Kind::Batches { open, .. } => open.clear(),
            Kind::Balances { .. } => {}
        }
    }
}

fn one(problem: Option<String>) -> Judged {
    match problem {
        None => Judged { done: 1, failed: None },
        Some(problem) => Judged { done: 0, failed: Some((problem, 1)) },
    }
}

/// Whether an answer begins with this run, in this state.
fn shows(body: &[u8], run: &[u8], state: &str) -> bool {
    let after = |mark: &[u8], what: &[u8]| {
        let at = memmem::find(body, mark).map(|at| at + mark.len());
        at.and_then(|at| body.get(at..)).is_some_and(|rest| rest.starts_with(what))
    };
    after(br#""id":""#, run) && after(br#""status":""#, state.as_bytes())
}

/// How many answers of a batch have a status of 2xx. Reading the JSON would cost more than the server's share, so this
/// looks for the bytes.
fn count_done(body: &[u8]) -> usize {
    memmem::find_iter(body, br#""status":2"#).count()
}

#[cfg(test)]
mod tests {
    use super::{super::whom::HOT, *};
    use std::{collections::BTreeSet, num::NonZeroUsize};

    fn target() -> Target {
        Target::new("http://127.0.0.1:8988", "key").expect("a target")
    }

    fn body(request: &[u8]) -> serde_json::Value {
        let text = std::str::from_utf8(request).expect("text");
        let (head, body) = text.split_once("\r\n\r\n").expect("a head and a body");
        assert!(head.contains(&format!("content-length: {}", body.len())), "{head}");
        serde_json::from_str(body).expect("JSON")
    }

    #[test]
    fn a_run_is_started_then_settled_and_the_next_one_is_another() {
        let whom = Whom::Spread(NonZeroUsize::new(30).expect("some"));
        let mut asks = Asks::new(&target(), &whom, What::Runs, "chat_message", true);
        let mut numbers = Numbers::new(7);
        let start = asks.next(&mut numbers, false).to_vec();
        let run = body(&start)["id"].as_str().expect("an id").to_owned();
        let running = format!(r#"{{"run":{{"id":"{run}","kind":"chat_message","status":"running"}}}}"#);
        assert_eq!(asks.judge(201, running.as_bytes()), Judged { done: 1, failed: None });
        assert!(asks.is_open());
        let settle = String::from_utf8(asks.next(&mut numbers, false).to_vec()).expect("text");
        let organization = String::from_utf8_lossy(&start[23..36]).into_owned();
        assert!(organization.starts_with("bench-00000"), "{organization}");
        assert!(settle.starts_with(&format!("POST /v1/organizations/{organization}/runs/{run}/settle ")));
        let settled = running.replace("running", "settled");
        assert_eq!(asks.judge(200, settled.as_bytes()).done, 1);
        assert!(!asks.is_open());
        assert_ne!(body(asks.next(&mut numbers, false))["id"], run);
    }

    #[test]
    fn an_answer_about_something_else_is_not_done() {
        let whom = Whom::One(HOT.into());
        let mut asks = Asks::new(&target(), &whom, What::Runs, "chat_message", true);
        let mut numbers = Numbers::new(7);
        for (status, answer) in [(402, ""), (201, ""), (201, r#"{"run":{"id":"other","status":"running"}}"#)]
        {
            asks.next(&mut numbers, false);
            let judged = asks.judge(status, answer.as_bytes());
            assert_eq!((judged.done, judged.failed.is_some(), asks.is_open()), (0, true, false), "{answer}");
        }
    }

    #[test]
    fn every_batch_after_the_first_is_full_and_the_last_settles_the_rest() {
        let whom = Whom::Spread(NonZeroUsize::new(3).expect("some"));
        let mut asks = Asks::new(&target(), &whom, What::Batches(10), "chat_message", true);
        let mut numbers = Numbers::new(7);
        let mut open = BTreeSet::new();
        for (closing, starts, settles) in [(false, 5, 0), (false, 5, 5), (false, 5, 5), (true, 0, 5)] {
            let batch = body(asks.next(&mut numbers, closing));
            let commands = batch["commands"].as_array().expect("commands");
            assert_eq!(commands.len(), starts + settles);
            for command in commands.iter().filter(|command| command["op"] == "settle") {
                let key = (command["organization"].to_string(), command["run"].to_string());
                assert!(open.remove(&key), "{command} was not started");
            }
            for command in commands.iter().filter(|command| command["op"] == "start") {
                open.insert((command["organization"].to_string(), command["id"].to_string()));
            }
            let answer = r#"{"status":201},"#.repeat(commands.len());
            assert_eq!(asks.judge(200, answer.as_bytes()).done, commands.len() as u64);
        }
        assert!(open.is_empty() && !asks.is_open());
    }

    #[test]
    fn what_was_done_in_a_batch_is_counted_and_nothing_else() {
        let body = br#"{"results":[{"status":201,"run":{"status":"running"}},{"status":402},{"status":200,"used":"2"}]}"#;
        assert_eq!(count_done(body), 2);
        assert_eq!(count_done(b""), 0);
    }

    #[test]
    fn both_designs_hold_and_use_the_same() {
        for (credits, micros) in [HOLD, USED] {
            assert_eq!(credits.parse::<ledger::Credits>().expect("credits").micros(), micros);
        }
    }
}
