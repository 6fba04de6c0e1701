//! The load itself: many connections on one thread, each with one request on its way at a time. The tool shares its cores
//! with the server that it measures, so a call costs one write, one read, and a share of one wait for whoever is ready;
//! what is asked and what answers must say is in `asks`.

use super::{
    asks::{Asks, What},
    lane::{Lane, Progress},
    processes::Spent,
    stop::Stop,
    waits::Waits,
    whom::{Numbers, Whom},
};
use crate::{Failure, client::Target};
use coulomb_server::clock::{self, stopwatch};
use mio::{Events, Poll, Token};
use std::{
    collections::{BTreeMap, VecDeque},
    io::ErrorKind,
    time::{Duration, Instant},
};

/// Connections that may be ready at once.
const EVENTS: usize = 1_024;

/// How long answers are waited for when the time is over.
const PATIENCE: Duration = Duration::from_secs(30);

/// How long the tool waits at most before it looks whether it was told to stop.
const GLANCE: Duration = Duration::from_millis(100);

/// What is waited for less long than this is slept for, because polling counts in whole milliseconds.
const SHORT: Duration = Duration::from_millis(2);

/// How long one sleep is at most, since answers that come meanwhile are noticed after it.
const NAP: Duration = Duration::from_micros(50);

/// How far calls may be behind their rate in the end.
const BEHIND: Duration = Duration::from_millis(100);

/// One line of load.
pub struct Drive<'a> {
    /// Who is asked.
    pub target: &'a Target,
    /// What is asked.
    pub what: What,
    /// Whom it is about.
    pub whom: Whom,
    /// The kind of work.
    pub work: &'a str,
    /// Whether answers are looked into, beyond their status.
    pub checked: bool,
    /// How many ask at once.
    pub connections: usize,
    /// Calls per second, due whether or not answers have come; none: each connection asks when it has its answer.
    pub rate: Option<f64>,
    /// How long it takes.
    pub span: Span,
    /// The server's process, where what it spends is to be told.
    pub process: Option<u32>,
    /// When to stop before the end.
    pub stop: &'a Stop,
}

/// How long a line takes.
#[derive(Clone, Copy)]
pub struct Span {
    /// Before it counts.
    pub warm_up: Duration,
    /// While it counts.
    pub measured: Duration,
    /// Operations after which it ends before its time.
    pub operations_max: Option<u64>,
    /// How long the windows are whose waits are told apart; none: they are not.
    pub window: Option<Duration>,
}

/// What became of a line.
#[derive(Default)]
pub struct Outcome {
    /// Operations that were answered while it counted.
    pub done: u64,
    /// Operations that were answered, those of the warm-up and of the end too.
    pub done_in_all: u64,
    /// How long it counted.
    pub measured: Duration,
    /// Of calls that were asked and answered while it counted. At a rate, from when they were due.
    pub waits: Waits,
    /// The same in windows, where they were asked for.
    pub windows: Vec<Waits>,
    /// What was not done, by what was said.
    pub failed: BTreeMap<String, u64>,
    /// What was used while it counted.
    pub spent: Spent,
    /// Bytes of the last answer's body.
    pub answer_bytes: usize,
    /// Commits that the server has made meanwhile, where it says so.
    pub commits: Option<u64>,
}

impl Outcome {
    /// Counts what was not done.
    pub fn fail(&mut self, what: String, count: u64) {
        *self.failed.entry(what).or_default() += count;
    }
}

impl Drive<'_> {
    /// Runs the line. Fails where the server cannot be reached at all, or where it was told to stop.
    pub fn run(&self) -> Result<Outcome, Failure> {
        let mut poll = Poll::new()?;
        let mut lanes = Vec::with_capacity(self.connections);
        for place in 0..self.connections {
            let asks = Asks::new(self.target, &self.whom, self.what, self.work, self.checked);
            let lane = Lane::connect(self.target, poll.registry(), Token(place), asks);
            let authority = self.target.authority();
            lanes.push(lane.map_err(|error| {
                format!("{authority} cannot be reached: {error}. Is the server running there?")
            })?);
        }
        let now = stopwatch();
        let tag = clock::now().micros().unsigned_abs();
        let mut race = Race {
            drive: self,
            lanes,
            numbers: Numbers::new(tag),
            idle: (0..self.connections).collect(),
            from: now + self.span.warm_up,
            until: now + self.span.warm_up + self.span.measured,
            next_due: now,
            started: None,
            over: false,
            outcome: Outcome::default(),
        };
        race.run(&mut poll)?;
        Ok(race.outcome)
    }
}

/// A line that is under way.
struct Race<'a> {
    drive: &'a Drive<'a>,
    lanes: Vec<Lane>,
    numbers: Numbers,
    /// Connections that have nothing on its way.
    idle: VecDeque<usize>,
    from: Instant,
    until: Instant,
    /// When the next call is due, at a rate.
    next_due: Instant,
    /// What had been used when it began to count.
    started: Option<Spent>,
    over: bool,
    outcome: Outcome,
}

impl Race<'_> {
    fn run(&mut self, poll: &mut Poll) -> Result<(), Failure> {
        let mut events = Events::with_capacity(EVENTS);
        loop {
            let now = stopwatch();
            self.mark(now);
            if self.drive.stop.was_asked() {
                return Err(Stop::SAID.into());
            }
            self.ask_idle(poll, now);
            if self.over && self.idle.len() == self.lanes.iter().filter(|lane| lane.is_alive()).count() {
                return Ok(());
            }
            if now > self.until + PATIENCE {
                self.give_up();
                return Ok(());
            }
            self.wait(poll, &mut events, now)?;
            for event in &events {
                self.ready(poll, event.token().0, event.is_read_closed());
            }
        }
    }

    /// Begins and ends what counts.
    fn mark(&mut self, now: Instant) {
        if self.started.is_none() && now >= self.from {
            self.started = Some(Spent::now(self.drive.process));
            self.from = now;
            self.until = now + self.drive.span.measured;
        }
        let enough = self.drive.span.operations_max.is_some_and(|max| self.outcome.done >= max);
        if let Some(started) = self.started
            && !self.over
            && (now >= self.until || enough)
        {
            self.over = true;
            self.until = now;
            self.outcome.measured = now - self.from;
            self.outcome.spent = Spent::now(self.drive.process).since(started);
            self.count_what_was_not_asked();
        }
    }

    /// At a rate, calls that were due and found no connection are no less late than those that were asked.
    fn count_what_was_not_asked(&mut self) {
        let Some(rate) = self.drive.rate else { return };
        let behind = self.until.saturating_duration_since(self.next_due);
        if behind > BEHIND {
            let calls = (behind.as_secs_f64() * rate) as u64;
            self.outcome.fail("due and not asked before the end, for want of a connection".into(), calls);
        }
    }

    /// Has idle connections ask what is due.
    fn ask_idle(&mut self, poll: &Poll, now: Instant) {
        for _ in 0..self.idle.len() {
            let Some(place) = self.idle.pop_front() else { return };
            if !self.is_due(place, now) {
                self.idle.push_back(place);
                if !self.over {
                    return;
                }
                continue;
            }
            let asked = match self.drive.rate {
                Some(rate) if !self.over => {
                    let due = self.next_due;
                    self.next_due += Duration::from_secs_f64(1.0 / rate);
                    due
                }
                _ => now,
            };
            self.ask(poll, place, asked);
        }
    }

    /// Whether a connection that is idle has something to ask: at the end only what settles what it has started.
    fn is_due(&self, place: usize, now: Instant) -> bool {
        if self.over {
            return self.lanes.get(place).is_some_and(Lane::has_open);
        }
        self.drive.rate.is_none() || now >= self.next_due
    }

    fn ask(&mut self, poll: &Poll, place: usize, asked: Instant) {
        let Some(lane) = self.lanes.get_mut(place) else { return };
        if let Err(error) = lane.ask(&mut self.numbers, self.over, asked) {
            self.lost(poll, place, &error);
        }
    }

    fn ready(&mut self, poll: &Poll, place: usize, drained: bool) {
        let Some(lane) = self.lanes.get_mut(place) else { return };
        match lane.go_on(drained) {
            Ok(Progress::Waiting) => {}
            Ok(Progress::Answered { asked, closes }) => {
                let now = stopwatch();
                self.answered(place, asked, now);
                if closes {
                    self.lost(poll, place, &ErrorKind::ConnectionReset.into());
                } else if self.drive.rate.is_none() && !self.over && now < self.until {
                    self.ask(poll, place, now);
                } else {
                    self.idle.push_back(place);
                }
            }
            Err(error) => self.lost(poll, place, &error),
        }
    }

    fn answered(&mut self, place: usize, asked: Instant, now: Instant) {
        let Some(lane) = self.lanes.get_mut(place) else { return };
        let (judged, bytes) = lane.judge();
        let outcome = &mut self.outcome;
        outcome.done_in_all += judged.done;
        outcome.answer_bytes = bytes;
        if let Some((what, count)) = judged.failed {
            outcome.fail(what, count);
        }
        if self.started.is_none() || now > self.until {
            return;
        }
        outcome.done += judged.done;
        if asked < self.from || judged.done == 0 {
            return;
        }
        let wait = now - asked;
        outcome.waits.count(wait);
        if let Some(window) = self.drive.span.window {
            let place = ((now - self.from).as_nanos() / window.as_nanos().max(1)) as usize;
            if outcome.windows.len() <= place {
                outcome.windows.resize_with(place + 1, Waits::default);
            }
            if let Some(waits) = outcome.windows.get_mut(place) {
                waits.count(wait);
            }
        }
    }

    /// Counts a connection that broke, and makes it anew where the server still answers.
    fn lost(&mut self, poll: &Poll, place: usize, error: &std::io::Error) {
        let Some(lane) = self.lanes.get_mut(place) else { return };
        if lane.is_asking() {
            self.outcome.fail(error.to_string(), 1);
        }
        match lane.reconnect(self.drive.target, poll.registry(), Token(place)) {
            // One that was idle when the server closed it waits for its turn already.
            Ok(()) if self.idle.contains(&place) => {}
            Ok(()) => self.idle.push_back(place),
            Err(error) => self.outcome.fail(format!("a connection was lost for good: {error}"), 1),
        }
    }

    fn give_up(&mut self) {
        let waiting = self.lanes.iter().filter(|lane| lane.is_asking()).count();
        let seconds = PATIENCE.as_secs();
        self.outcome.fail(format!("not answered {seconds} s after the end"), waiting as u64);
    }

    /// Waits until somebody is ready or something is due.
    fn wait(&self, poll: &mut Poll, events: &mut Events, now: Instant) -> Result<(), Failure> {
        let mark = if self.started.is_some() { self.until } else { self.from };
        let mut patience = if self.over { GLANCE } else { GLANCE.min(mark.saturating_duration_since(now)) };
        if self.drive.rate.is_some() && !self.over && !self.idle.is_empty() {
            let due = self.next_due.saturating_duration_since(now);
            if due < SHORT {
                std::thread::sleep(due.min(NAP));
                patience = Duration::ZERO;
            } else {
                // Polling may wait a millisecond longer than it is told.
                patience = patience.min(due - Duration::from_millis(1));
            }
        }
        match poll.poll(events, Some(patience)) {
            Err(error) if error.kind() != ErrorKind::Interrupted => Err(error.into()),
            _ => Ok(()),
        }
    }
}
