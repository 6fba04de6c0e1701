//! What the burn-down shows, made from the account's past on one way back through it: corners of the line, sums of each
//! day, what happened, and when nothing could start. A long history is thinned to so many corners, never changed: every
//! refill, debt and expiry keeps the instants around it.

use super::past::{End, Past, Stand, Step, back};
use ledger::{
    Credits, Duration, Timestamp,
    debt::DebtKind,
    event::{Event, Recorded},
    grant::{GrantSource, total},
    id::OrganizationId,
    run::Charge,
    status::ReasonCode,
};
use std::{collections::BTreeMap, ops::ControlFlow};
use store::{Fault, Store};

/// Stretches of time that the line has one corner in at least.
const STRETCHES: i64 = 160;

/// Instants at which both sides are kept, and happenings that are told, at most; newest first.
const EDGES_MAX: usize = 200;
const HAPPENINGS_MAX: usize = 200;

/// How much of the time before the current period is shown, and how much of the past at most.
const BEFORE_PERIOD: Duration = Duration::days(31);
const BACK_MAX: Duration = Duration::days(92);

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

/// Something that moved credits or starts, for people with billing access.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Happening {
    /// When.
    pub at: Timestamp,
    /// What.
    pub what: What,
    /// How many credits it was about.
    pub credits: Credits,
}

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// Credits came.
    Granted(GrantSource),
    /// Credits expired.
    Expired,
    /// A refund or a lost dispute took them back.
    TakenBack,
    /// A dispute keeps them out of reach.
    Disputed,
    /// They came back.
    Restored,
    /// They are locked.
    Locked,
    /// They are not any more.
    Unlocked,
    /// Debt opened.
    Owed(DebtKind),
    /// Credits settled debt.
    Settled,
    /// Money repaid it, or it was adjusted away.
    Cleared,
    /// Nothing started from then on.
    Paused(ReasonCode),
    /// Work could start again.
    Resumed,
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
            // Nothing moved from here to the beginning of the stretch that was looked at last.
            self.corner(self.stretch_start(later).max(at), step.after);
            self.corner(at, step.after);
        }
        let jumps = step.after.had() > step.before.had() || step.after.debt != step.before.debt;
        if (jumps || !is_use(&step.recorded.event)) && self.edges < EDGES_MAX {
            self.edges += 1;
            self.corner(at, step.after);
            self.corner(at, step.before);
        }
        if let Some(corner) = self.corners.last_mut() {
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
        let first = match span >= Duration::days(1) {
            true => self.reached.day_start(),
            false => self.reached.before(Duration::from_micros(span.micros() / 8)).before(Duration::hours(1)),
        };
        first.max(self.from)
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
fn is_about_people(event: &Event) -> bool {
    matches!(
        event,
        Event::OrganizationNamed { .. }
            | Event::MemberSet { .. }
            | Event::MemberRemoved { .. }
            | Event::OwnershipTransferred { .. }
            | Event::TestClockSet { .. }
    )
}

fn charge(event: &Event) -> Option<&Charge> {
    match event {
        Event::UsageRecorded { charge, .. }
        | Event::RunSettled { charge, .. }
        | Event::UsageCharged { charge, .. } => Some(charge),
        _ => None,
    }
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

/// What an event was to people, where it was anything; `past` is the account before it.
fn happening(recorded: &Recorded, past: &Past) -> Option<Happening> {
    let (what, credits) = match &recorded.event {
        // One that is still to come is told when it does.
        Event::Granted { effective_at, .. } if *effective_at > recorded.at => return None,
        Event::Granted { source, amount, .. } => (What::Granted(*source), *amount),
        Event::GrantBecameEffective { grant } => {
            let (source, free) = past.lot(grant)?;
            (What::Granted(source), free)
        }
        Event::GrantExpired { amount, .. } => (What::Expired, *amount),
        Event::CreditsRevoked { from_free, .. } => (What::TakenBack, *from_free),
        Event::CreditsFrozen { from_free, .. } => (What::Disputed, *from_free),
        Event::CreditsRestored { from_frozen, from_revoked, .. } => {
            (What::Restored, from_frozen.plus(*from_revoked))
        }
        Event::EntitlementEnded { locked } => (What::Locked, *locked),
        Event::EntitlementBegan { unlocked } => (What::Unlocked, *unlocked),
        Event::DebtOpened { kind, amount, .. } => (What::Owed(*kind), *amount),
        Event::DebtSettled { takes, .. } => (What::Settled, total(takes)),
        Event::DebtRepaid { amount, .. } | Event::DebtOffset { amount, .. } => (What::Cleared, *amount),
        Event::BalanceBlocked { reason } => {
            return Some(Happening { at: recorded.at, what: What::Paused(*reason), credits: Credits::ZERO });
        }
        Event::BalanceUnblocked {} => {
            return Some(Happening { at: recorded.at, what: What::Resumed, credits: Credits::ZERO });
        }
        event => {
            let outstanding = charge(event)?.outstanding.as_ref()?;
            (What::Owed(DebtKind::OutstandingUsage), outstanding.amount)
        }
    };
    credits.is_positive().then_some(Happening { at: recorded.at, what, credits })
}
