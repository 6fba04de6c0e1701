//! What the seed knows of one organization: how far its clock was moved, at which instants something happens by itself, and
//! what was said before and may be said again. What became of any of it is not known here.

use super::{
    Ask, BEGINNING, SERVERS, Say, around,
    commands::{Names, changed},
};
use crate::chance::Chance;
use ledger::{Duration, Timestamp, command::Command};

/// How much of what was said may be said again.
const SAID_MAX: usize = 60;

pub struct Life {
    organization: usize,
    pub now: Timestamp,
    /// Instants ahead at which something happens by itself.
    edges: Vec<Timestamp>,
    said: Vec<Ask>,
    keys: u64,
    pub names: Names,
}

impl Life {
    pub fn new(organization: usize) -> Life {
        let now = BEGINNING.after(Duration::hours(organization as i64 * 7));
        Life { organization, now, edges: Vec::new(), said: Vec::new(), keys: 0, names: Names::default() }
    }

    /// Opens the organization, on a clock of its own.
    pub fn open(&mut self, chance: &mut Chance) -> Vec<Ask> {
        let name = format!("Organization {}", self.organization);
        let mut commands = vec![Command::SetTestClock { to: self.now }, Command::NameOrganization { name }];
        commands.extend(self.names.people());
        commands.extend([self.subscription(chance), self.renewal(chance), self.grant(chance)]);
        let ask = |command| Ask { member: None, ..self.say(Say::Command(command), chance) };
        commands.into_iter().map(ask).collect()
    }

    /// Anything at all.
    pub fn ask(&mut self, chance: &mut Chance) -> Ask {
        match chance.below(100) {
            0..12 => self.wait(chance),
            12..22 => self.repeat(chance),
            _ => {
                let say = self.anything(chance);
                self.say(say, chance)
            }
        }
    }

    /// Anything but a step of the clock: what is asked at once is asked at one instant.
    pub fn ask_about_work(&mut self, chance: &mut Chance) -> Ask {
        match chance.below(6) {
            0 => self.repeat(chance),
            1 => {
                let say = self.anything(chance);
                self.say(say, chance)
            }
            _ => {
                let command = self.work(chance);
                self.say(Say::Command(command), chance)
            }
        }
    }

    /// Starts that hold the same, of which some have no room.
    pub fn race(&mut self, chance: &mut Chance, count: usize) -> Vec<Ask> {
        let room = chance.credits(120);
        let mut start = |_| {
            let mut command = self.start(chance);
            if let Command::Start { hold, task, .. } = &mut command {
                (*hold, *task) = (Some(room), None);
            }
            self.say(Say::Command(command), chance)
        };
        (0..count).map(&mut start).collect()
    }

    pub fn say(&mut self, say: Say, chance: &mut Chance) -> Ask {
        let keyed = match &say {
            Say::Command(Command::SetTestClock { .. }) | Say::DeclineRecharge => false,
            Say::Command(command) => !command.has_identity() && !chance.once_in(4),
            Say::WriteOff { .. } => true,
        };
        let key = keyed.then(|| {
            self.keys += 1;
            format!("key-{}", self.keys).parse().unwrap()
        });
        let of_the_clock = matches!(say, Say::Command(Command::SetTestClock { .. }));
        let member = (!of_the_clock && chance.once_in(12)).then(|| self.names.member(chance));
        let ask = Ask { organization: self.organization, server: chance.below(SERVERS), say, key, member };
        if matches!(ask.say, Say::Command(_)) && !of_the_clock {
            if self.said.len() == SAID_MAX {
                let place = chance.place(SAID_MAX);
                self.said.swap_remove(place);
            }
            self.said.push(ask.clone());
        }
        ask
    }

    /// What was said before, by whoever, and now and then something else with the same identity.
    fn repeat(&mut self, chance: &mut Chance) -> Ask {
        let mut ask = chance.one_of(&self.said).clone();
        ask.server = chance.below(SERVERS);
        ask.member = None;
        if let Say::Command(command) = &mut ask.say
            && chance.once_in(3)
        {
            changed(command);
        }
        ask
    }

    /// Time goes by: a moment, a while, or until just before, at, or just after something happens.
    fn wait(&mut self, chance: &mut Chance) -> Ask {
        let to = match chance.below(20) {
            0..5 => self.now.after(Duration::from_micros(chance.amount(90_000_000))),
            5..9 => self.now.after(chance.hours(30)),
            9..17 => self.edge(chance),
            17..19 => self.now.after(Duration::days(1 + chance.amount(12))),
            _ => self.now.plus_months(1 + u32::try_from(chance.below(13)).unwrap()),
        };
        self.now = to.max(self.now);
        self.say(Say::Command(Command::SetTestClock { to: self.now }), chance)
    }

    /// The next instant, or one of the next, at which something happens by itself.
    fn edge(&mut self, chance: &mut Chance) -> Timestamp {
        self.edges.retain(|edge| *edge >= self.now);
        self.edges.sort_unstable();
        let near = self.edges.len().min(4);
        match near {
            0 => self.now.after(Duration::hours(1)),
            _ => {
                let edge = self.edges[chance.place(near)];
                around(edge, chance)
            }
        }
    }

    /// Something will happen by itself at this instant.
    pub fn expect(&mut self, edge: Timestamp) {
        self.edges.push(edge);
    }
}
