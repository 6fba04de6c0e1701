//! For how long the credits last: the pace of the last days against what is there and when it expires. It buys nothing and
//! waits for no refill: what would happen if nobody did anything. Pages say it, and the chart draws it.

use super::uncharged::Uncharged;
use crate::http::usage::period_start_of;
use ledger::{
    Account, Credits, Duration, Policy, Timestamp,
    grant::{GrantKind, GrantState},
    id::{KindKey, OrganizationId},
};
use std::collections::BTreeSet;
use store::{Fault, Store, record, tally::TallyRow};

/// Days whose usage makes the pace.
pub const DAYS: i64 = 7;

/// A day, and how far a forecast looks.
const DAY: Duration = Duration::days(1);
const LOOKS_AHEAD: Duration = Duration::days(366);

/// Credits that can be spent and when they are not there any more, in consumption order (R3.6).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Supply(Vec<(Credits, Timestamp)>);

/// How much is used in a day: on average, and the average give or take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// Of how many days it is the average.
    pub days: u32,
    /// Where the next days are quieter.
    pub low: Credits,
    /// On average.
    pub mid: Credits,
    /// Where they are busier.
    pub high: Credits,
}

/// What is left at one pace: the corners of a line, and when it is nothing, where that is within a year.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Course {
    /// Instants and what is left at them, oldest first; two at one instant where something expires.
    pub corners: Vec<(Timestamp, Credits)>,
    /// When nothing is left.
    pub empty_at: Option<Timestamp>,
}

/// A forecast.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Forecast {
    /// The pace it goes by.
    pub pace: Pace,
    /// At the low, the middle and the high pace.
    pub courses: [Course; 3],
}

impl Forecast {
    /// When credits run out at the middle pace.
    pub fn until(&self) -> Option<Timestamp> {
        self.courses[1].empty_at
    }

    /// The first and the last day on which they may run out.
    pub fn range(&self) -> Option<(Timestamp, Timestamp)> {
        self.courses[2].empty_at.zip(self.courses[0].empty_at)
    }
}

/// What a forecast needs of an account, to be asked for together with everything else that a page shows of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Basis {
    supply: Supply,
    /// Kinds whose usage costs nothing at present: their allowance still covers it (R6.5).
    free: BTreeSet<KindKey>,
    /// The last event, where some usage was paid by nobody: then it is taken off.
    uncharged: Option<u64>,
    now: Timestamp,
}

impl Basis {
    /// Of this account, as it is.
    pub fn of(account: &Account, policy: &Policy, now: Timestamp) -> Basis {
        let core = account.core();
        let period = period_start_of(account, now);
        let covered = policy.kinds.iter().filter(|(key, kind)| {
            // What an earlier period used does not count in this one.
            let used = core.allowances.get(*key).filter(|(of, _)| *of == period);
            let used = used.map_or(Credits::ZERO, |(_, used)| *used);
            kind.allowance.is_positive() && used < kind.allowance
        });
        let free = covered.map(|(key, _)| key.clone()).collect();
        let uncharged = Uncharged::is_any(account).then(|| account.version());
        Basis { supply: Supply::of(account, policy, now), free, uncharged, now }
    }

    /// The forecast, from what grants paid and what came to be owed: the store's sums of usage, less what nobody paid.
    /// None: there is nothing to go by, because nothing was charged or the account is not a day old.
    pub fn forecast(
        &self,
        store: &dyn Store,
        organization: &OrganizationId,
    ) -> Result<Option<Forecast>, Fault> {
        let from = self.now.before(Duration::days(DAYS)).hour_start();
        let first = store.events(organization, 0, 1)?;
        let opened = first.first().map(|event| record::decode(&event.bytes)).transpose()?;
        let opened = opened.map_or(self.now, |recorded| recorded.at);
        let rows = store.usage(organization, from, self.now.after(Duration::hours(1)))?;
        let uncharged = match self.uncharged {
            Some(last) => Uncharged::read(store, organization, last, from)?,
            None => Uncharged::default(),
        };
        Ok(self.at_pace_of(&rows, &uncharged, opened))
    }

    fn at_pace_of(&self, rows: &[TallyRow], uncharged: &Uncharged, opened: Timestamp) -> Option<Forecast> {
        let used = rows.iter().map(|row| (row.key.hour, &row.key.kind, row.sums.credits));
        let off = uncharged.sums().map(|(hour, kind, credits)| (hour, kind, Credits::ZERO.minus(credits)));
        let charged = used.chain(off).filter(|(_, kind, _)| !self.free.contains(*kind));
        let pace = Pace::of(charged.map(|(hour, _, credits)| (hour, credits)), opened, self.now)?;
        let course = |pace| self.supply.at(pace, self.now, self.now.after(LOOKS_AHEAD));
        Some(Forecast { pace, courses: [course(pace.low), course(pace.mid), course(pace.high)] })
    }
}

impl Pace {
    /// Of what was charged by hour since the account was opened, for seven days at most; days are counted back from now.
    /// None: it is not a day old, or nothing was charged.
    ///
    /// Low and high are half the mean deviation from the mean away: about what an average of seven days is uncertain by.
    fn of(
        used: impl Iterator<Item = (Timestamp, Credits)>,
        opened: Timestamp,
        now: Timestamp,
    ) -> Option<Pace> {
        let days = (now.since(opened).micros() / DAY.micros()).min(DAYS);
        let count = usize::try_from(days).ok().filter(|days| *days > 0)?;
        // Hours are not cut: the running one ends after now.
        let end = now.hour_start().after(Duration::hours(1));
        let mut sums = vec![0_i128; count];
        for (hour, credits) in used {
            let ago = usize::try_from(end.since(hour).micros().saturating_sub(1) / DAY.micros());
            if let Some(sum) = ago.ok().and_then(|ago| sums.get_mut(ago)) {
                *sum += i128::from(credits.micros());
            }
        }
        let days = i128::from(days);
        let mean = sums.iter().sum::<i128>() / days;
        let deviation = sums.iter().map(|sum| (sum - mean).abs()).sum::<i128>() / days / 2;
        let over = u32::try_from(count).unwrap_or(1);
        let credits = |micros: i128| Credits::from_micros(i64::try_from(micros.max(0)).unwrap_or(i64::MAX));
        let pace = Pace {
            days: over,
            low: credits(mean - deviation),
            mid: credits(mean),
            high: credits(mean + deviation),
        };
        Some(pace).filter(|pace| pace.mid.is_positive())
    }
}

impl Supply {
    /// What could be spent, and until when: where the subscription is to end, what locks or expires then is gone (R4.3).
    fn of(account: &Account, policy: &Policy, now: Timestamp) -> Supply {
        let core = account.core();
        let ends = core.subscription.as_ref().and_then(|it| it.entitles_until(policy.past_due_grace));
        let ends = ends.filter(|ends| *ends > now).unwrap_or(Timestamp::MAX);
        let usable = account.grants().iter().filter(|grant| {
            grant.state(core.entitled, now) == GrantState::Usable && grant.free.is_positive()
        });
        let until = |grant: &ledger::grant::Grant| {
            let own = grant.expires_at.unwrap_or(Timestamp::MAX);
            if grant.kind == GrantKind::Promotional { own } else { own.min(ends) }
        };
        Supply(usable.map(|grant| (grant.free, until(grant))).collect())
    }

    /// What is left at this pace a day, from now on.
    fn at(&self, pace: Credits, now: Timestamp, horizon: Timestamp) -> Course {
        let mut lots = self.0.clone();
        let mut at = now;
        let mut corners = vec![(now, left(&lots))];
        loop {
            lots.retain(|(credits, until)| credits.is_positive() && *until > at);
            let all = left(&lots);
            if corners.last() != Some(&(at, all)) {
                corners.push((at, all));
            }
            if all.is_zero() {
                return Course { corners, empty_at: Some(at) };
            }
            if at >= horizon {
                return Course { corners, empty_at: None };
            }
            let next = lots.iter().map(|(_, until)| *until).fold(horizon, Timestamp::min);
            let spent = Credits::from_micros(times(pace.micros(), next.since(at).micros(), DAY.micros()));
            if spent >= all {
                at = at.after(Duration::from_micros(times(all.micros(), DAY.micros(), pace.micros())));
                lots.clear();
            } else {
                spend(&mut lots, spent);
                at = next;
                corners.push((at, left(&lots)));
            }
        }
    }
}

fn left(lots: &[(Credits, Timestamp)]) -> Credits {
    lots.iter().map(|(credits, _)| *credits).sum()
}

/// Takes credits in consumption order.
fn spend(lots: &mut [(Credits, Timestamp)], mut amount: Credits) {
    for (credits, _) in lots {
        let taken = amount.min(*credits);
        *credits = credits.minus(taken);
        amount = amount.minus(taken);
    }
}

/// floor(one × other ÷ by), at most what fits; everything where there is nothing to divide by.
fn times(one: i64, other: i64, by: i64) -> i64 {
    let product = i128::from(one) * i128::from(other);
    let quotient = product.checked_div(i128::from(by)).unwrap_or(i128::from(i64::MAX));
    i64::try_from(quotient).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::{Engine, Limits, View};
    use ledger::{
        command::{Command, Request},
        event::Actor,
        id::{IdempotencyKey, MemberId, RunId},
        scenario::{LedgerWorld, Seen, Story, World},
    };
    use std::sync::Arc;
    use store::sqlite::Sqlite;
    use tokio::runtime::Runtime;

    fn at(text: &str) -> Timestamp {
        text.parse().expect("an instant")
    }

    fn credits(whole: i64) -> Credits {
        Credits::whole(whole).expect("it fits")
    }

    const NOW: &str = "2026-02-05T14:30:00Z";

    #[test]
    fn credits_last_as_long_as_the_pace_says() {
        let supply = Supply(vec![(credits(10_000), Timestamp::MAX)]);
        let course = supply.at(credits(1_000), at(NOW), at("2027-02-05T00:00:00Z"));
        assert_eq!(course.empty_at, Some(at("2026-02-15T14:30:00Z")));
        assert_eq!(course.corners.last().map(|(_, left)| *left), Some(Credits::ZERO));
    }

    #[test]
    fn what_expires_before_it_is_spent_does_not_help() {
        // Two days at 1,000 spend the included ones, of which 3,000 are lost; the others last two days.
        let supply =
            Supply(vec![(credits(5_000), at("2026-02-07T14:30:00Z")), (credits(2_000), Timestamp::MAX)]);
        let course = supply.at(credits(1_000), at(NOW), at("2027-02-05T00:00:00Z"));
        let corners = [
            (NOW, 7_000),
            ("2026-02-07T14:30:00Z", 5_000),
            ("2026-02-07T14:30:00Z", 2_000),
            ("2026-02-09T14:30:00Z", 0),
        ];
        assert_eq!(course.corners, corners.map(|(instant, left)| (at(instant), credits(left))));
    }

    #[test]
    fn at_no_pace_credits_last_until_they_expire() {
        let supply = Supply(vec![(credits(1), at("2026-03-01T00:00:00Z"))]);
        assert_eq!(
            supply.at(Credits::ZERO, at(NOW), at("2027-01-01T00:00:00Z")).empty_at,
            Some(at("2026-03-01T00:00:00Z"))
        );
        let supply = Supply(vec![(credits(1), Timestamp::MAX)]);
        assert_eq!(supply.at(Credits::ZERO, at(NOW), at("2027-01-01T00:00:00Z")).empty_at, None);
    }

    #[test]
    fn the_pace_is_the_average_of_the_last_days_and_of_no_more_than_there_were() {
        let hours = || (0..48).map(|hour| (at(NOW).before(Duration::hours(hour)).hour_start(), credits(10)));
        let week = Pace::of(hours(), at("2026-01-01T00:00:00Z"), at(NOW)).expect("something was used");
        assert_eq!(week.mid.micros(), 480_000_000 / 7);
        assert!(week.low < week.mid && week.mid < week.high);
        let two = Pace::of(hours(), at("2026-02-03T10:00:00Z"), at(NOW)).expect("something was used");
        assert_eq!((two.low, two.mid, two.high), (credits(240), credits(240), credits(240)));
        assert_eq!(Pace::of(hours(), at("2026-02-05T00:00:00Z"), at(NOW)), None, "not a day old");
        assert_eq!(Pace::of(std::iter::empty(), at("2026-01-01T00:00:00Z"), at(NOW)), None, "nothing used");
    }

    /// An allowance that was used up in January; in February nothing was used.
    const RENEWED: &str = "
scenario: A renewal gives a new allowance
rules: [R6.5]
at: 2026-01-10T00:00:00Z
policy: {kinds: {background: {allowance: 100}}}
steps:
  - subscription: {status: active, cadence: monthly, period: [2026-01-01T00:00:00Z, 2026-02-01T00:00:00Z]}
  - renewal_paid: {payment: in1, paid: 4900, included: 1000, period: [2026-01-01T00:00:00Z, 2026-02-01T00:00:00Z]}
  - charge: {id: c1, kind: background, used: 400}
  - advance: {to: 2026-02-01T00:00:00Z}
  - subscription: {status: active, cadence: monthly, period: [2026-02-01T00:00:00Z, 2026-03-01T00:00:00Z]}
";

    #[test]
    fn an_allowance_that_was_used_up_last_month_is_whole_again() {
        let story = Story::parse(RENEWED);
        let mut world = LedgerWorld::new(&story, false);
        story.tell(&mut world);
        let background: KindKey = "background".parse().expect("a kind");
        let free = |now| Basis::of(world.whole(), &story.policy, at(now)).free.contains(&background);
        assert!(free("2026-02-01T00:00:00Z"), "the new period has its own");
        assert!(!free("2026-01-31T00:00:00Z"), "the old one's is used up");
    }

    /// Of 1,480 used 120 were inside allowances and 320 absorbed; 1,000 were paid and 40 are owed.
    const COVERED: &str = "
scenario: What nobody pays is at nobody's pace
rules: [R6.5, R6.6]
at: 2026-01-09T00:00:00Z
policy: {max_overrun: 50, kinds: {background: {allowance: 100}, tool_run: {allowance: 20}}}
steps:
  - subscription: {status: active, cadence: monthly, period: [2026-01-01T00:00:00Z, 2026-02-01T00:00:00Z]}
  - renewal_paid: {payment: in1, paid: 4900, included: 1000, period: [2026-01-01T00:00:00Z, 2026-02-01T00:00:00Z]}
  - advance: {to: 2026-01-10T06:00:00Z}
  - start: {run: r0, kind: background, hold: 0}
  - use: {run: r0, id: u1, amount: 100}
  - charge: {id: c1, kind: background, used: 300}
  - start: {run: r1, kind: tool_run, hold: 100}
  - settle: {run: r1, used: 480}
  - start: {run: r2, kind: tool_run, hold: 540}
  - settle: {run: r2, used: 600}
";

    /// A server that stories are told to.
    struct Told {
        runtime: Runtime,
        engine: Engine,
        organization: OrganizationId,
    }

    impl Told {
        fn execute(&self, command: Command) {
            let request = Request::new(command, Actor::default(), None);
            self.runtime
                .block_on(self.engine.execute(self.organization.clone(), request))
                .expect("it is done");
        }
    }

    impl World for Told {
        fn advance(&mut self, to: Timestamp) {
            self.execute(Command::SetTestClock { to });
        }

        fn act(
            &mut self,
            command: Command,
            _: Option<MemberId>,
            _: IdempotencyKey,
        ) -> Result<(), Vec<String>> {
            self.execute(command);
            Ok(())
        }

        fn look(&mut self, _: &[RunId]) -> Seen {
            Seen::default()
        }
    }

    #[test]
    fn the_pace_is_what_was_paid_or_is_owed_and_nothing_that_was_free() {
        let folder = tempfile::tempdir().expect("a folder");
        let store: Arc<dyn Store> = Arc::new(Sqlite::open(folder.path()).expect("a store"));
        let story = Story::parse(COVERED);
        let engine = Engine::start(Arc::clone(&store), story.policy.clone(), Limits::default());
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        let mut told = Told { runtime, engine, organization: "org".parse().expect("an id") };
        told.advance(story.at);
        told.execute(Command::NameOrganization { name: "Organization".into() });
        story.tell(&mut told);

        let Told { runtime, engine, organization } = told;
        let look = |view: View<'_>| Basis::of(view.account, view.policy, view.now);
        let basis = runtime.block_on(engine.view(organization.clone(), look)).expect("the account");
        runtime.block_on(engine.written(organization.clone())).expect("it is written");
        let rows = store.usage(&organization, Timestamp::MIN, Timestamp::MAX).expect("the sums");
        assert_eq!(rows.iter().map(|row| row.sums.credits).sum::<Credits>(), credits(1_480));
        let forecast = basis.forecast(&*store, &organization).expect("an answer");
        let pace = forecast.expect("something was charged").pace;
        assert_eq!((pace.days, pace.mid), (1, credits(1_040)));
    }
}
