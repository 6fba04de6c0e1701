//! What the burn-down shows, made from the account's past on one way back through it: corners of the line, sums of each
//! day, what happened, and when nothing could start. A long history is thinned to so many corners, never changed: every
//! refill, debt and expiry keeps the instants around it.

use super::{
    happenings::{Happening, What, charge, happening},
    past::{End, Past, Stand, Step, back},
};
use ledger::{
    Credits, Duration, Timestamp,
    event::{Event, Recorded},
    id::OrganizationId,
    run::Charge,
    status::ReasonCode,
};
use std::{collections::BTreeMap, ops::ControlFlow};
use store::{Fault, Store, record};

/// Stretches of time that the line has one corner in at least.
const STRETCHES: i64 = 160;

/// Instants at which both sides are kept, and happenings that are told, at most; newest first.
const EDGES_MAX: usize = 200;
const HAPPENINGS_MAX: usize = 200;

/// How much of the time before the current period is shown, and how much of the past at most.
const BEFORE_PERIOD: Duration = Duration::days(31);
const BACK_MAX: Duration = Duration::days(92);

/// What is shown of an account that is not older.
pub const MINUTE: Duration = Duration::from_micros(60_000_000);

/// A corner of the line. Between two corners the line is straight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Corner {
    /// When.
    pub at: Timestamp,
    /// What was so then.
    pub stand: Stand,
    /// The most that was reserved and owed since the corner before.
    pub held_most: Credits,
    /// The same of debt.
    pub debt_most: Credits,
}

/// A day, in sums that add up: the day before + added − used − other = at the day's end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Day {
    /// Its first instant.
    pub day: Timestamp,
    /// Granted, or back again.
    pub added: Credits,
    /// Paid for work.
    pub used: Credits,
    /// Expired, locked, taken back, or settled debt.
    pub other: Credits,
    /// At its end.
    pub end: Stand,
    /// The most that was reserved.
    pub held_most: Credits,
}

/// A time in which nothing started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Halt {
    /// Since when; none: before what is shown.
    pub from: Option<Timestamp>,
    /// Until when; none: it goes on.
    pub to: Option<Timestamp>,
    /// Why it began, where that is known.
    pub reason: Option<ReasonCode>,
}

/// A stretch of the account's past.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Series {
    /// From when it is shown.
    pub from: Timestamp,
    /// The account's now.
    pub now: Timestamp,
    /// Oldest first: the first at `from`, the last at `now`.
    pub corners: Vec<Corner>,
    /// Oldest first, every day there is.
    pub days: Vec<Day>,
    /// What was there before the first day.
    pub before: Stand,
    /// Oldest first.
    pub happenings: Vec<Happening>,
    /// Oldest first.
    pub halts: Vec<Halt>,
    /// There is more in this time than one page reads; `from` is later for that.
    pub cut: bool,
}

/// From when a chart that is looked at now begins, in a period that began then.
pub fn begins(period: Timestamp, now: Timestamp) -> Timestamp {
    period.before(BEFORE_PERIOD).max(now.before(BACK_MAX)).day_start()
}

impl Series {
    /// The account's past since then; `blocked` is why nothing starts now.
    pub fn read(
        store: &dyn Store,
        organization: &OrganizationId,
        past: Past,
        blocked: Option<ReasonCode>,
        from: Timestamp,
        now: Timestamp,
    ) -> Result<Series, Fault> {
        // An account that is younger has no more than its own time to be drawn in.
        let first = store.events(organization, 0, 1)?;
        let opened = first.first().map(|event| record::decode(&event.bytes)).transpose()?;
        let opened = opened.map(|recorded| recorded.at).filter(|at| *at < now);
        let from = opened.map_or(from, |at| from.max(at.before(MINUTE)));
        let mut weaver = Weaver::new(past.stand(), blocked, from, now);
        let end = back(store, organization, past, |step| weaver.weave(step))?;
        Ok(weaver.finish(end))
    }
}

/// What is gathered on the way back; everything in it is newest first.
struct Weaver {
    from: Timestamp,
    now: Timestamp,
    /// The instant and the state right after the event that is looked at next.
    reached: Timestamp,
    stand: Stand,
    corners: Vec<Corner>,
    edges: usize,
    days: BTreeMap<Timestamp, Day>,
    happenings: Vec<Happening>,
    halts: Vec<Halt>,
}

impl Weaver {
    fn new(stand: Stand, blocked: Option<ReasonCode>, from: Timestamp, now: Timestamp) -> Weaver {
        let halts = blocked.map(|reason| Halt { from: None, to: None, reason: Some(reason) });
        let mut weaver = Weaver {
            from,
            now,
            reached: now,
            stand,
            corners: Vec::new(),
            edges: 0,
            days: BTreeMap::new(),
            happenings: Vec::new(),
            halts: halts.into_iter().collect(),
        };
        weaver.corner(now, stand);
        weaver
    }

    fn weave(&mut self, step: &Step<'_>) -> ControlFlow<()> {
        let recorded = step.recorded;
        if is_about_people(&recorded.event) {
            return ControlFlow::Continue(());
        }
        if recorded.at < self.from {
            return ControlFlow::Break(());
        }
        self.reached = recorded.at;
        self.note_halt(recorded);
        if let Some(happening) = happening(recorded, step.past)
            && self.happenings.len() < HAPPENINGS_MAX
        {
            self.happenings.push(happening);
        }
        if step.before != step.after {
            self.note_day(step);
            self.note_corners(step);
        }
        self.stand = step.before;
        ControlFlow::Continue(())
    }

    fn stretch(&self, at: Timestamp) -> i64 {
        let whole = self.now.since(self.from).micros().max(1);
        let part = i128::from(at.since(self.from).micros()) * i128::from(STRETCHES);
        i64::try_from(part / i128::from(whole)).unwrap_or(0)
    }

    fn stretch_start(&self, stretch: i64) -> Timestamp {
        let whole = i128::from(self.now.since(self.from).micros());
        let part = whole * i128::from(stretch) / i128::from(STRETCHES);
        self.from.after(Duration::from_micros(i64::try_from(part).unwrap_or(0)))
    }

    fn corner(&mut self, at: Timestamp, stand: Stand) {
        let fresh = Corner { at, stand, held_most: stand.held, debt_most: stand.debt };
        if self.corners.last().is_none_or(|last| (last.at, last.stand) != (at, stand)) {
            self.corners.push(fresh);
        }
    }

    fn note_corners(&mut self, step: &Step<'_>) {
        let at = step.recorded.at;
        let last = self.corners.last().map_or(self.now, |corner| corner.at);
        let (here, later) = (self.stretch(at), self.stretch(last));
        if here < later {
            // Nothing moved from the end of this stretch to the beginning of the one that was looked at last.
            let (end, begin) = (self.stretch_start(here.saturating_add(1)), self.stretch_start(later));
            self.corner(begin.max(at), step.after);
            self.corner(end.clamp(at, begin.max(at)), step.after);
            self.corner(at, step.after);
        }
        let jumps = step.after.had() > step.before.had() || step.after.debt != step.before.debt;
        if (jumps || !is_use(&step.recorded.event)) && self.edges < EDGES_MAX {
            self.edges += 1;
            self.corner(at, step.after);
            self.corner(at, step.before);
        } else if let Some(corner) = self.corners.last_mut() {
            corner.held_most = corner.held_most.max(step.before.held).max(step.after.held);
            corner.debt_most = corner.debt_most.max(step.before.debt).max(step.after.debt);
        }
    }

    fn note_day(&mut self, step: &Step<'_>) {
        let day = step.recorded.at.day_start();
        let sums = self.days.entry(day).or_insert(Day { day, end: step.after, ..Day::default() });
        let used = used(&step.recorded.event);
        let rest = step.after.had().minus(step.before.had()).plus(used);
        sums.used = sums.used.plus(used);
        match rest.is_positive() {
            true => sums.added = sums.added.plus(rest),
            false => sums.other = sums.other.minus(rest),
        }
        sums.held_most = sums.held_most.max(step.before.held).max(step.after.held);
    }

    fn note_halt(&mut self, recorded: &Recorded) {
        match recorded.event {
            Event::BalanceUnblocked {} => {
                self.halts.push(Halt { from: None, to: Some(recorded.at), reason: None });
            }
            Event::BalanceBlocked { reason } => match self.halts.last_mut() {
                Some(halt) if halt.from.is_none() => {
                    (halt.from, halt.reason) = (Some(recorded.at), Some(reason));
                }
                // The reason changed and it went on.
                Some(halt) if halt.to.is_none() || halt.to > Some(recorded.at) => {
                    (halt.from, halt.reason) = (Some(recorded.at), Some(reason));
                }
                _ => {}
            },
            _ => {}
        }
    }

    /// A little before the first event: there was nothing to show before it.
    fn beginning(&self) -> Timestamp {
        let span = self.now.since(self.reached);
        match span >= Duration::days(1) {
            true => self.reached.day_start(),
            false => self.reached.before(Duration::from_micros(span.micros() / 8)).before(MINUTE),
        }
    }

    /// What was blocked and free again in one instant kept nobody from anything, and before the first credits nothing had
    /// begun that could be paused.
    fn forget_pauses_that_were_none(&mut self, end: End) {
        let is_none = |halt: &Halt| match (halt.from, halt.to) {
            (None, Some(_)) => end == End::Beginning,
            (from, to) => from.is_some() && from == to,
        };
        for halt in self.halts.iter().filter(|halt| is_none(halt)) {
            self.happenings.retain(|happening| match happening.what {
                What::Paused(_) => Some(happening.at) != halt.from,
                What::Resumed => Some(happening.at) != halt.to,
                _ => true,
            });
        }
        self.halts.retain(|halt| !is_none(halt));
        if let Some(first) = self.halts.last_mut().filter(|_| end == End::Beginning) {
            first.from = first.from.or(Some(self.reached));
        }
    }

    fn finish(mut self, end: End) -> Series {
        let cut = end == End::Limit;
        let from = match end {
            End::Enough => self.from,
            End::Beginning => self.beginning(),
            End::Limit => self.reached,
        };
        let last = self.corners.last().map_or(self.now, |corner| corner.at);
        self.corner(self.stretch_start(self.stretch(last)).max(from).min(last), self.stand);
        self.corner(from, self.stand);
        self.corners.reverse();
        self.happenings.reverse();
        self.halts.reverse();
        self.forget_pauses_that_were_none(end);
        let days = every_day(from, self.now, self.stand, &self.days);
        let Weaver { now, corners, stand: before, happenings, halts, .. } = self;
        Series { from, now, corners, days, before, happenings, halts, cut }
    }
}

/// Days on which nothing happened, too.
fn every_day(from: Timestamp, now: Timestamp, before: Stand, known: &BTreeMap<Timestamp, Day>) -> Vec<Day> {
    let (mut days, mut end, mut day) = (Vec::new(), before, from.day_start());
    while day <= now {
        let quiet = Day { day, end, held_most: end.held, ..Day::default() };
        let sums = known.get(&day).copied().unwrap_or(quiet);
        end = sums.end;
        days.push(sums);
        day = day.after(Duration::days(1));
    }
    days
}

/// Events about people do not move the account's time, so their own says nothing of where they are in it.
pub(super) fn is_about_people(event: &Event) -> bool {
    matches!(
        event,
        Event::OrganizationNamed { .. }
            | Event::MemberSet { .. }
            | Event::MemberRemoved { .. }
            | Event::OwnershipTransferred { .. }
            | Event::TestClockSet { .. }
    )
}

/// What grants paid for work.
fn used(event: &Event) -> Credits {
    charge(event).map_or(Credits::ZERO, Charge::charged)
}

/// What happens all the time: starts, usage, and the ends of runs.
fn is_use(event: &Event) -> bool {
    charge(event).is_some()
        || matches!(event, Event::RunStarted { .. } | Event::RunReleased { .. } | Event::RunLapsed { .. })
}

#[cfg(test)]
mod tests {
    use super::*;
    use ledger::scenario::{LedgerWorld, Story};
    use std::path::Path;

    /// Every story of the rules as the chart would show it at its end.
    #[test]
    fn the_line_ends_at_the_balance_and_every_day_adds_up() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scenarios");
        let mut drawn = 0;
        for file in std::fs::read_dir(folder).expect("the scenarios") {
            let path = file.expect("a file").path();
            if path.extension().is_some_and(|kind| kind == "yaml") {
                let story = Story::parse(&std::fs::read_to_string(&path).expect("a scenario"));
                let mut world = LedgerWorld::new(&story, false);
                story.tell(&mut world);
                check(&world, &path);
                drawn += 1;
            }
        }
        assert!(drawn > 40, "only {drawn} stories were drawn");
    }

    fn check(world: &LedgerWorld, path: &Path) {
        let (account, mut past) = (world.whole(), Past::of(world.whole()));
        let now = account.core().last;
        let mut weaver = Weaver::new(past.stand(), None, Timestamp::MIN, now);
        for bytes in world.history().iter().rev() {
            let recorded = record::decode(bytes).expect("an event");
            let after = past.stand();
            past.undo(&recorded);
            let step = Step { recorded: &recorded, before: past.stand(), after, past: &past };
            assert!(weaver.weave(&step).is_continue());
        }
        let series = weaver.finish(End::Beginning);
        let path = path.display();
        let last = series.corners.last().expect("a corner");
        assert_eq!((last.at, last.stand.available), (now, account.available(now)), "{path}");
        assert_eq!((last.stand.held, last.stand.debt), (account.held(), account.debt_total()), "{path}");
        assert_eq!(series.corners.first().map(|corner| corner.at), Some(series.from), "{path}");
        assert!(series.corners.is_sorted_by_key(|corner| corner.at), "{path}: {:?}", series.corners);
        let mut had = series.before.had();
        for day in &series.days {
            had = had.plus(day.added).minus(day.used).minus(day.other);
            assert_eq!(had, day.end.had(), "{path}: {day:?}");
        }
        assert_eq!(had, account.available(now).plus(account.held()), "{path}");
    }
}
