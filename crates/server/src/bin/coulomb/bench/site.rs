//! What questions are asked of: the server under test with what is known of it, and how one line is put to it. Operations
//! that were answered are compared with what the server says it has committed.

use super::{
    Bench,
    asks::What,
    by_hand::ByHand,
    driver::{Drive, Outcome, Span},
    figures::{Figures, Rounds},
    served::Echo,
    stop::Stop,
    whom::{HOT, Whom},
};
use crate::{
    Failure,
    client::{Connection, Target},
};
use coulomb_server::config::Config;
use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
    path::PathBuf,
    time::Duration,
};

/// A server under test.
pub struct Site<'a> {
    /// What was asked for.
    pub bench: &'a Bench,
    /// How the server is configured.
    pub config: &'a Config,
    /// When to stop before the end.
    pub stop: &'a Stop,
    /// Where and with which key it is asked.
    pub target: Target,
    /// Its process, where it was started here.
    pub process: Option<u32>,
    /// Its data directory, where it was started here on one.
    pub dir: Option<PathBuf>,
    /// The design by hand beside it, on a database.
    pub by_hand: Option<&'a ByHand>,
    /// What single calls spread over many organizations came to at most, once that was measured.
    pub most: Cell<Option<f64>>,
    /// Operations of the design by hand so far.
    pub done_by_hand: Cell<u64>,
    /// What was not done since somebody last said so, by what was said.
    failed: RefCell<BTreeMap<String, u64>>,
    troubled: Cell<bool>,
}

/// One line of load, without whom it is put to.
#[derive(Clone)]
pub struct Line {
    /// Whom it is about.
    pub whom: Whom,
    /// What is asked.
    pub what: What,
    /// How many ask at once.
    pub connections: usize,
    /// Calls per second, where they do not simply follow each other.
    pub rate: Option<f64>,
    /// How long it takes.
    pub span: Span,
}

impl<'a> Site<'a> {
    /// A server that is asked at this target, of which nothing else is known yet.
    pub fn new(bench: &'a Bench, config: &'a Config, stop: &'a Stop, target: Target) -> Site<'a> {
        Site {
            bench,
            config,
            stop,
            target,
            process: None,
            dir: None,
            by_hand: None,
            most: Cell::default(),
            done_by_hand: Cell::default(),
            failed: RefCell::default(),
            troubled: Cell::default(),
        }
    }

    /// A line as the options say, at full load.
    pub fn line(&self, whom: Whom, what: What, connections: usize) -> Line {
        Line { whom, what, connections, rate: None, span: self.span() }
    }

    /// How long a line takes by the options.
    pub fn span(&self) -> Span {
        let measured = Duration::from_secs_f64(self.bench.seconds);
        let warm_up = Duration::from_secs_f64(self.bench.warm_up);
        Span { warm_up, measured, operations_max: None, window: None }
    }

    /// Every organization but the hot one.
    pub fn spread(&self) -> Whom {
        Whom::Spread(self.bench.organizations)
    }

    /// Puts a line to the server, and compares what was answered with what it has committed.
    pub fn ask(&self, line: &Line) -> Result<Outcome, Failure> {
        let writes = line.what != What::Balances;
        let before = if writes { Some(self.ledger(line)?) } else { None };
        let drive = Drive { process: self.process, ..self.drive(line, &self.target, true) };
        let mut outcome = drive.run()?;
        if let Some(before) = before {
            let after = self.ledger(line)?;
            before.compare(&after, &mut outcome);
        }
        self.note(&outcome);
        Ok(outcome)
    }

    /// Puts the same to the bare echo.
    pub fn ask_echo(&self, line: &Line, echo: &Echo) -> Result<Figures, Failure> {
        let drive = Drive { process: Some(echo.process()), ..self.drive(line, echo.target(), false) };
        let outcome = drive.run()?;
        self.note(&outcome);
        Ok(Figures::from(&outcome))
    }

    /// A line's figures, for one of its rounds.
    pub fn measure(&self, line: &Line, rounds: &mut Rounds) -> Result<(), Failure> {
        rounds.0.push(Figures::from(&self.ask(line)?));
        Ok(())
    }

    fn drive<'b>(&'b self, line: &Line, target: &'b Target, checked: bool) -> Drive<'b> {
        Drive {
            target,
            what: line.what,
            whom: line.whom.clone(),
            work: &self.bench.kind,
            checked,
            connections: line.connections,
            rate: line.rate,
            span: line.span,
            process: None,
            stop: self.stop,
        }
    }

    /// How long the body of an answer to this is: the echo answers as much.
    pub fn answer_bytes(&self, what: What) -> Result<usize, Failure> {
        let span = Span { warm_up: Duration::ZERO, operations_max: Some(1), ..self.span() };
        let line = Line { span, ..self.line(Whom::One(HOT.into()), what, 1) };
        Ok(self.ask(&line)?.answer_bytes)
    }

    /// Remembers what failed, to be said under the row.
    pub fn note(&self, outcome: &Outcome) {
        for (what, count) in &outcome.failed {
            *self.failed.borrow_mut().entry(what.clone()).or_default() += count;
        }
    }

    /// Prints a row, and under it what was not done.
    pub fn print(&self, row: &str) {
        println!("{row}");
        for (what, count) in std::mem::take(&mut *self.failed.borrow_mut()) {
            self.troubled.set(true);
            println!("  {count} × {what}");
        }
    }

    /// Whether anything was not done, or not as it must be.
    pub fn is_troubled(&self) -> bool {
        self.troubled.get()
    }

    fn ledger(&self, line: &Line) -> Result<Ledger, Failure> {
        tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
            let mut connection = Connection::new(self.target.clone());
            let version = match &line.whom {
                Whom::One(organization) => Some(version(&mut connection, organization).await?),
                Whom::Spread(_) | Whom::Skewed(_) => None,
            };
            let answer = connection.call("GET", "/metrics", b"").await?;
            let metrics = String::from_utf8_lossy(answer.body);
            Ok(Ledger {
                version,
                committed: figure(&metrics, "coulomb_commit_events_sum"),
                commits: figure(&metrics, "coulomb_commit_events_count"),
            })
        })
    }
}

/// How far the ledger is.
struct Ledger {
    /// The number of the last event of the one organization that is asked about.
    version: Option<u64>,
    /// Events that the server has committed since it started, where it says so.
    committed: Option<u64>,
    /// And in how many commits.
    commits: Option<u64>,
}

impl Ledger {
    /// Every start and every settle that was answered is one event, and there are no others.
    fn compare(&self, after: &Ledger, outcome: &mut Outcome) {
        let grew = |before: Option<u64>, after: Option<u64>| Some(after?.saturating_sub(before?));
        outcome.commits = grew(self.commits, after.commits);
        let pairs = [
            ("the ledger grew by", grew(self.version, after.version)),
            ("the server committed", grew(self.committed, after.committed)),
        ];
        for (how, events) in pairs {
            let answered = outcome.done_in_all;
            if let Some(events) = events.filter(|events| *events != answered) {
                outcome.fail(format!("{how} {events} events, but {answered} operations were answered"), 1);
            }
        }
    }
}

/// The number of the last event of an organization.
async fn version(connection: &mut Connection, organization: &str) -> Result<u64, Failure> {
    let path = format!("/v1/organizations/{organization}/balance");
    let answer = connection.call("GET", &path, b"").await?;
    let balance: serde_json::Value = serde_json::from_slice(answer.body)?;
    balance["version"]
        .as_u64()
        .ok_or_else(|| format!("GET {path} was answered without a version: {balance}").into())
}

/// Of what the server tells Prometheus: a figure without labels, in whole numbers.
fn figure(metrics: &str, name: &str) -> Option<u64> {
    let line = metrics.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '))?;
    let figure: f64 = line.parse().ok()?;
    Some(figure as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_events_of_all_commits_are_found_among_the_figures() {
        let metrics = "# TYPE coulomb_commit_events histogram\ncoulomb_commit_events_bucket{le=\"+Inf\"} 3\ncoulomb_commit_events_sum 1234\ncoulomb_commit_events_count 3\n";
        assert_eq!(figure(metrics, "coulomb_commit_events_sum"), Some(1_234));
        assert_eq!(figure(metrics, "coulomb_commit_events_count"), Some(3));
        assert_eq!(figure("", "coulomb_commit_events_sum"), None);
    }

    #[test]
    fn a_ledger_that_grew_by_less_than_was_answered_is_trouble() {
        let ledger =
            |version, committed| Ledger { version: Some(version), committed: Some(committed), commits: None };
        let failed = |after: Ledger| {
            let mut outcome = Outcome { done_in_all: 10, ..Outcome::default() };
            ledger(5, 100).compare(&after, &mut outcome);
            outcome.failed.len()
        };
        assert_eq!(failed(ledger(15, 110)), 0);
        assert_eq!(failed(ledger(14, 110)), 1);
        assert_eq!(failed(ledger(14, 109)), 2);
    }
}
