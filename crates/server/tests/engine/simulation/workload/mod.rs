//! What a seed asks for: steps that follow from the seed alone, never from an answer, so that the same seed is the same
//! workload on every store and after every change of the program. How steps are carried out is not known here.

mod commands;
mod life;

use crate::chance::Chance;
use ledger::{
    Credits, Duration, Policy, Timestamp,
    command::Command,
    id::{IdempotencyKey, MemberId},
    policy::Plan,
};
use life::Life;
use std::collections::VecDeque;
use store::faulty::Weather;

/// 2026-01-10T00:00:00Z.
pub const BEGINNING: Timestamp = Timestamp::from_micros(1_768_003_200_000_000);

/// Organizations of one workload.
pub const ORGANIZATIONS: usize = 4;

/// Servers that a workload is spread over; where there are fewer, they take turns.
pub const SERVERS: u64 = 3;

/// Something to do.
#[derive(Clone, Debug)]
pub enum Step {
    /// One command.
    Ask(Ask),
    /// Several commands at once; slow: the store stands still until all of them are asked.
    AtOnce { asks: Vec<Ask>, slow: bool },
    /// One command while this befalls the store of the server that is asked.
    InWeather(Weather, Ask),
    /// A server ends as it should, and another takes its place.
    Restart { server: u64 },
    /// A server ends at once, as when it is killed, and another takes its place.
    Die { server: u64 },
    /// As above, all of them.
    PowerCut,
    /// A server that nobody hears of any more takes an account into memory.
    Remember { organization: usize },
    /// It stores what it decides on the account as it remembers it.
    Late { organization: usize },
    /// Everything that is stored is compared with the books.
    Audit,
}

/// A command of one organization, asked of one server.
#[derive(Clone, Debug)]
pub struct Ask {
    pub organization: usize,
    pub server: u64,
    pub say: Say,
    pub key: Option<IdempotencyKey>,
    pub member: Option<MemberId>,
}

/// What is asked. Ids that the ledger makes are not known to a seed: those are found when the step is carried out.
#[derive(Clone, Debug)]
pub enum Say {
    Command(Command),
    /// The provider declines the newest automatic purchase.
    DeclineRecharge,
    /// The operator gives up this debt of those that were ever opened, or as much of it.
    WriteOff {
        debt: usize,
        amount: Option<Credits>,
    },
}

/// What everything is decided under: SPEC's, with plans to change between, an allowance, and amounts of auto-recharge that a
/// few runs use up. Every third seed absorbs what is beyond an overrun.
pub fn policy(seed: u64) -> Policy {
    let whole = |credits| Credits::whole(credits).unwrap();
    let mut policy = Policy::default();
    let plan = |label: &str, tier, allowance, price| Plan {
        label: label.into(),
        tier,
        monthly_allowance: whole(allowance),
        monthly_price: price,
        annual_price: price * 10,
        currency: "USD".into(),
    };
    policy.plans.insert("small".parse().unwrap(), plan("Small", 1, 300, 1_900));
    policy.plans.insert("large".parse().unwrap(), plan("Large", 2, 900, 4_900));
    policy.kinds.get_mut("background").unwrap().allowance = whole(15);
    policy.low_balance = whole(100);
    let recharge = &mut policy.recharge;
    (recharge.step, recharge.threshold, recharge.threshold_max) = (whole(50), whole(100), whole(500));
    (recharge.amount, recharge.amount_max, recharge.monthly_limit) = (whole(200), whole(1_000), whole(600));
    policy.max_overrun = seed.is_multiple_of(3).then(|| whole(25));
    policy
}

/// The workload of a seed: everything is opened, so many steps are made, and at the end all is looked at.
pub fn steps(seed: u64, count: usize) -> Vec<Step> {
    let mut maker = Maker {
        chance: Chance::of(seed),
        lives: (0..ORGANIZATIONS).map(Life::new).collect(),
        next: VecDeque::new(),
    };
    let mut steps = Vec::new();
    for organization in 0..ORGANIZATIONS {
        steps.extend(maker.lives[organization].open(&mut maker.chance).into_iter().map(Step::Ask));
    }
    while steps.len() < count {
        let step = maker.next.pop_front().unwrap_or_else(|| maker.step());
        steps.push(step);
    }
    steps.extend([Step::Audit, Step::PowerCut, Step::Audit]);
    steps
}

struct Maker {
    chance: Chance,
    lives: Vec<Life>,
    /// What follows from the last step.
    next: VecDeque<Step>,
}

impl Maker {
    fn step(&mut self) -> Step {
        let organization = self.chance.place(ORGANIZATIONS);
        match self.chance.below(100) {
            0..78 => Step::Ask(self.ask(organization)),
            78..84 => self.at_once(organization),
            84..92 => self.in_weather(organization),
            92 => Step::Restart { server: self.chance.below(SERVERS) },
            93 => Step::Die { server: self.chance.below(SERVERS) },
            94 => self.restart_into_weather(organization),
            95 => Step::PowerCut,
            96..98 => self.remember(organization),
            _ => Step::Audit,
        }
    }

    fn ask(&mut self, organization: usize) -> Ask {
        self.lives[organization].ask(&mut self.chance)
    }

    /// A storm: the same command again and again, starts that not all have room, or whatever comes.
    fn at_once(&mut self, organization: usize) -> Step {
        let count = 3 + self.chance.place(14);
        let slow = self.chance.once_in(3);
        let life = &mut self.lives[organization];
        let mut asks = match self.chance.below(3) {
            0 => vec![life.ask_about_work(&mut self.chance); count],
            1 => life.race(&mut self.chance, count),
            _ => (0..count).map(|_| life.ask_about_work(&mut self.chance)).collect(),
        };
        for ask in &mut asks {
            ask.server = self.chance.below(SERVERS);
        }
        Step::AtOnce { asks, slow }
    }

    /// Whoever gets no answer mostly asks again.
    fn in_weather(&mut self, organization: usize) -> Step {
        const BAD: [Weather; 4] =
            [Weather::CommitFails, Weather::CommitUnsaid, Weather::CommitUnsaid, Weather::Full];
        let weather = *self.chance.one_of(&BAD);
        let ask = self.ask(organization);
        self.ask_again(&ask);
        Step::InWeather(weather, ask)
    }

    /// A server that has nothing in memory cannot reach its store.
    fn restart_into_weather(&mut self, organization: usize) -> Step {
        let ask = self.ask(organization);
        self.next.push_back(Step::InWeather(Weather::Away, ask.clone()));
        self.ask_again(&ask);
        Step::Restart { server: ask.server }
    }

    /// Whoever remembers an account comes late, because others go on.
    fn remember(&mut self, organization: usize) -> Step {
        for _ in 0..=self.chance.below(3) {
            let ask = self.ask(organization);
            self.next.push_back(Step::Ask(ask));
        }
        self.next.push_back(Step::Late { organization });
        Step::Remember { organization }
    }

    fn ask_again(&mut self, ask: &Ask) {
        for _ in 0..self.chance.below(3) {
            let again = Ask { server: self.chance.below(SERVERS), ..ask.clone() };
            self.next.push_back(Step::Ask(again));
        }
    }
}

/// So much later, and an edge of an instant more or less.
fn around(instant: Timestamp, chance: &mut Chance) -> Timestamp {
    let edge = Duration::from_micros(chance.amount(3) - 1);
    instant.after(edge)
}
