//! How many operations per second does one committer make durable, rules and tables included, and what does the slowest
//! commit cost? 10,000 organizations, random ones, half starts and half settlements, rows in slices after every 20,000
//! events.
//!
//! `cargo run --release -p coulomb-store --example commit_rate [seconds] [organizations] [events]`
#![expect(clippy::print_stdout, reason = "printing the answer is what it is for")]
#![expect(clippy::disallowed_methods, reason = "measuring time is what it is for; nothing is decided by it")]

extern crate coulomb_store as store;

use ledger::{
    Account, Credits, Policy, Timestamp,
    command::{Command, Request},
    event::{Actor, Recorded},
    id::{OrganizationId, RunId},
    run::RunOutcome,
};
use std::{
    collections::{BTreeMap, HashSet},
    time::{Duration, Instant},
};
use store::{Append, Appended, Batch, Head, Rows, Store, sqlite::Sqlite, tally::Tally};

struct Held {
    account: Account,
    head: Head,
    tally: Tally,
}

/// What an engine keeps, no more than this needs.
struct Committer<'a> {
    store: &'a Sqlite,
    policy: Policy,
    ids: Vec<OrganizationId>,
    held: Vec<Held>,
    open: Vec<(usize, RunId)>,
    changed: HashSet<usize>,
    changed_events: usize,
    /// Events after which a set of changed accounts is closed.
    set_events: usize,
    writing: Vec<usize>,
    slice: usize,
    random: u64,
    made: u64,
}

fn main() {
    let argument = |place, default| {
        std::env::args().nth(place).map_or(default, |text| text.parse::<usize>().expect("a whole number"))
    };
    let (seconds, organizations, set_events) = (argument(1, 5), argument(2, 10_000), argument(3, 20_000));
    for batch in [100, 1_000, 100, 1_000] {
        let dir = tempfile::TempDir::new().expect("a directory");
        let store = Sqlite::open(dir.path()).expect("a new store");
        let mut committer = Committer::new(&store, organizations, set_events);
        committer.run(batch, Duration::from_secs(seconds as u64));
        drop(store);
        let start = Instant::now();
        Sqlite::open(dir.path()).expect("it opens again");
        println!("           open again {:.1} ms", start.elapsed().as_secs_f64() * 1e3);
    }
}

impl<'a> Committer<'a> {
    fn new(store: &'a Sqlite, count: usize, set_events: usize) -> Committer<'a> {
        let ids: Vec<OrganizationId> =
            (0..count).map(|n| format!("org_{n:07}").parse().expect("an id")).collect();
        let held = ids.iter().map(|id| store.load(id).expect("it loads"));
        let held =
            held.map(|loaded| Held { account: loaded.account, head: loaded.head, tally: loaded.tally });
        let held = held.collect();
        let mut committer = Committer {
            store,
            policy: Policy::default(),
            ids,
            held,
            open: Vec::new(),
            changed: HashSet::new(),
            changed_events: 0,
            set_events,
            writing: Vec::new(),
            slice: 0,
            random: 7,
            made: 0,
        };
        let all: Vec<usize> = (0..count).collect();
        for some in all.chunks(1_000) {
            let commands = some.iter().flat_map(|n| {
                let grant = Command::GrantPromotional {
                    grant: None,
                    amount: Credits::from_micros(1_000_000_000_000_000),
                    effective_at: None,
                    expires_at: None,
                    priority: None,
                    reason: None,
                };
                let open = Command::NameOrganization { name: "Acme".into() };
                [(*n, open), (*n, grant.clone()), (*n, grant)]
            });
            committer.commit(commands.collect());
        }
        committer
    }

    fn run(&mut self, batch: usize, duration: Duration) {
        let (begin, mut took, mut operations) = (Instant::now(), Vec::new(), 0);
        while begin.elapsed() < duration {
            let commands = (0..batch).map(|_| self.next()).collect();
            took.push(self.commit(commands));
            operations += batch;
        }
        let rate = operations as f64 / begin.elapsed().as_secs_f64();
        took.sort();
        let at = |share: f64| took[((took.len() - 1) as f64 * share) as usize].as_secs_f64() * 1e3;
        let (p50, p99, most) = (at(0.5), at(0.99), at(1.0));
        println!(
            "batch {batch:5}: {rate:8.0} operations/s; commits p50 {p50:.2} ms, p99 {p99:.2} ms, slowest {most:.1} ms"
        );
    }

    /// A start, or the settlement of one that is open; runs stay open for some thousand operations.
    fn next(&mut self) -> (usize, Command) {
        self.random =
            self.random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let random = (self.random >> 33) as usize;
        if self.open.len() > 2_000 && random.is_multiple_of(2) {
            let (n, run) = self.open.swap_remove((random / 2) % self.open.len());
            return (
                n,
                Command::Settle { run, used: Credits::from_micros(700_000), outcome: RunOutcome::Succeeded },
            );
        }
        let n = (random / 2) % self.ids.len();
        self.made += 1;
        let scattered = self.made.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let run: RunId = format!("{scattered:016x}-{:08x}", self.made).parse().expect("an id");
        self.open.push((n, run.clone()));
        let start = Command::Start {
            run,
            kind: "workflow_run".parse().expect("a kind"),
            hold: Some(Credits::from_micros(1_000_000)),
            task: None,
            member: None,
            hold_lifetime: None,
            metadata: None,
        };
        (n, start)
    }

    /// Decides a batch, commits it with a slice of rows, and says how long that took.
    fn commit(&mut self, commands: Vec<(usize, Command)>) -> Duration {
        let start = Instant::now();
        let mut events: BTreeMap<usize, Vec<Recorded>> = BTreeMap::new();
        for (n, command) in commands {
            let held = &mut self.held[n];
            let request = Request::new(command, Actor::default(), None);
            let answer =
                held.account.execute(&self.policy, &request, Timestamp::from_micros(1_767_225_600_000_000));
            assert!(answer.result.is_ok(), "{:?}", answer.result);
            for recorded in &answer.events {
                held.tally.absorb(recorded, &held.account);
            }
            events.entry(n).or_default().extend(answer.events);
        }
        let slice = self.writing.split_off(self.writing.len().saturating_sub(self.slice));
        let batch = Batch {
            appends: events
                .iter()
                .map(|(n, events)| Append { organization: &self.ids[*n], head: self.held[*n].head, events })
                .collect(),
            rows: slice.iter().map(|n| rows(&self.held[*n], &self.policy)).collect(),
            ..Batch::default()
        };
        let answers = self.store.commit(&batch).expect("the store works");
        for ((n, events), answer) in events.iter().zip(&answers) {
            let Appended::At(head) = answer else { panic!("nobody else appends") };
            self.held[*n].head = *head;
            self.changed.insert(*n);
            self.changed_events += events.len();
        }
        for n in slice {
            let held = &mut self.held[n];
            held.account.written();
            held.tally.written(held.account.core().last);
            self.changed.remove(&n);
        }
        if self.writing.is_empty() && self.changed_events >= self.set_events {
            self.writing = self.changed.iter().copied().collect();
            self.writing.sort_by_key(|n| std::cmp::Reverse(*n));
            // As fast as the next set grows.
            let events: usize = events.values().map(Vec::len).sum();
            self.slice = (self.writing.len() * events).div_ceil(self.set_events);
            self.changed_events = 0;
        }
        start.elapsed()
    }
}

fn rows<'a>(held: &'a Held, policy: &Policy) -> Rows<'a> {
    Rows {
        account: &held.account,
        head: held.head,
        next_due: held.account.next_due(policy),
        tally: &held.tally,
    }
}
