//! Carries out the steps of a workload: servers on one place, what befalls their stores, their ends and crashes, and the
//! clients who ask. Whether what came of it is right is for the auditor.

use super::{
    auditor::{Answer, Answers, Asked, Books, Verdict, Wrong, is_newest},
    report::Report,
    workload::{self, Ask, ORGANIZATIONS, Say, Step},
};
use crate::{organization, place::Place};
use coulomb_server::engine::{Engine, Limits};
use futures_util::future::join_all;
use ledger::{
    Policy,
    command::{Command, Request},
    event::Actor,
    id::OrganizationId,
};
use std::{ops::RangeInclusive, sync::Arc};
use store::{
    Append, Appended, Batch, Loaded, Rows, Store,
    faulty::{Faulty, Weather},
    verify::verify,
};
use tokio::runtime::Runtime;

/// Small, so that accounts come and go, and rows are written in slices.
fn limits() -> Limits {
    Limits { accounts_max: 3, table_events: 40, table_accounts: 3, table_slices: 4, ..Limits::default() }
}

/// A running server, and what befalls its store.
struct Server {
    /// The store itself, in any weather.
    store: Arc<dyn Store>,
    faulty: Arc<Faulty<dyn Store>>,
    engine: Engine,
}

impl Server {
    fn start(place: &Place, policy: &Policy) -> Server {
        let store = place.store();
        let faulty = Arc::new(Faulty::over(Arc::clone(&store)));
        let engine = Engine::start(Arc::clone(&faulty) as Arc<dyn Store>, policy.clone(), limits());
        Server { store, faulty, engine }
    }
}

/// One organization as the auditor knows it.
struct Client {
    id: OrganizationId,
    books: Books,
    answers: Answers,
    /// As a server remembers it that nobody hears of any more.
    remembered: Option<Loaded>,
}

pub struct World {
    place: Place,
    policy: Policy,
    runtime: Runtime,
    servers: Vec<Server>,
    clients: Vec<Client>,
    pub report: Report,
}

impl World {
    /// So many servers on this place, on which nothing has happened yet.
    pub fn new(place: Place, servers: usize, seed: u64) -> World {
        let policy = workload::policy(seed);
        let servers = (0..servers).map(|_| Server::start(&place, &policy)).collect();
        let client = |number| {
            let id = organization(&format!("org-{number}"));
            Client { books: Books::of(id.clone()), id, answers: Answers::default(), remembered: None }
        };
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let clients = (0..ORGANIZATIONS).map(client).collect();
        World { place, policy, runtime, servers, clients, report: Report::default() }
    }

    /// The hash of everything that happened to each organization.
    pub fn histories(&self) -> Vec<[u8; 32]> {
        self.clients.iter().map(|client| client.books.hash).collect()
    }

    pub fn take(&mut self, step: &Step) -> Verdict {
        self.report.begin(step);
        match step {
            Step::Ask(ask) => self.ask(std::slice::from_ref(ask), Weather::Fair),
            Step::AtOnce { asks, slow } => self.ask(asks, if *slow { Weather::Slow } else { Weather::Fair }),
            Step::InWeather(weather, ask) => self.ask(std::slice::from_ref(ask), *weather),
            Step::Restart { server } => self.restart(*server),
            Step::Die { server } => {
                let place = self.place_of(*server);
                self.crash(place..=place);
                Ok(())
            }
            Step::PowerCut => {
                self.crash(0..=self.servers.len() - 1);
                Ok(())
            }
            Step::Remember { organization } => self.remember(*organization),
            Step::Late { organization } => self.come_late(*organization),
            Step::Audit => self.audit(),
        }
    }

    fn place_of(&self, server: u64) -> usize {
        usize::try_from(server).unwrap() % self.servers.len()
    }

    /// Asks all of them at once, while this befalls the stores of those that are asked, and hears what they say.
    fn ask(&mut self, asks: &[Ask], weather: Weather) -> Verdict {
        let places: Vec<usize> = asks.iter().map(|ask| self.place_of(ask.server)).collect();
        let asked: Vec<Asked> = asks.iter().map(|ask| self.words(ask)).collect();
        let set = |weather| places.iter().for_each(|place| self.servers[*place].faulty.set_weather(weather));
        set(weather);
        let calls = asks.iter().zip(&asked).zip(&places).map(|((ask, asked), place)| {
            let id = self.clients[ask.organization].id.clone();
            self.servers[*place].engine.execute(id, asked.request())
        });
        let answers: Vec<Answer> = self.runtime.block_on(async {
            // Calls are polled in order, so all of them wait when the store, if it was slow, goes on.
            let (answers, ()) = tokio::join!(join_all(calls), async {
                if weather == Weather::Slow {
                    set(Weather::Fair);
                }
            });
            answers
        });
        set(Weather::Fair);
        let heard: Vec<(Asked, Answer)> = asked.into_iter().zip(answers).collect();
        self.report.hear(asks, &heard, weather);
        let client = &mut self.clients[asks[0].organization];
        client.books.read(&*self.servers[0].store)?;
        client.answers.hear(&heard, &client.books)
    }

    /// What is asked, with the ids that only the books know.
    fn words(&self, ask: &Ask) -> Asked {
        let books = &self.clients[ask.organization].books;
        let command = match &ask.say {
            Say::Command(command) => command.clone(),
            Say::DeclineRecharge => {
                let recharge = books.recharge.as_deref().unwrap_or("recharge-none").parse().unwrap();
                Command::DeclineRecharge { recharge, reason: "card_declined".into() }
            }
            Say::WriteOff { debt, amount } => {
                let debt = books.opened.get(*debt).map_or("debt-none", String::as_str).parse().unwrap();
                Command::WriteOff { debt, amount: *amount, reason: "goodwill".into() }
            }
        };
        Asked { command, by: Actor { key: None, member: ask.member.clone() }, key: ask.key.clone() }
    }

    fn restart(&mut self, server: u64) -> Verdict {
        let place = self.place_of(server);
        let ended = self.servers.remove(place);
        let closed = self.runtime.block_on(ended.engine.shut_down());
        drop(ended);
        self.servers.insert(place, Server::start(&self.place, &self.policy));
        closed.map_err(|error| Wrong { check: "a_server_ends_as_it_should", what: error.to_string() })
    }

    /// What these servers had in memory is gone, and what is stored is as it is at this moment. Others take their places.
    fn crash(&mut self, doomed: RangeInclusive<usize>) {
        let dead: Vec<Server> = self.servers.drain(doomed).collect();
        dead.iter().for_each(|server| server.faulty.set_weather(Weather::Away));
        let old = self.place.leave_behind();
        let count = dead.len();
        self.bury(dead);
        drop(old);
        self.servers.extend((0..count).map(|_| Server::start(&self.place, &self.policy)));
    }

    /// Ends the threads of servers that are dead; nothing that they still want to write can reach the store.
    fn bury(&self, dead: Vec<Server>) {
        for server in dead {
            let _ = self.runtime.block_on(server.engine.shut_down());
        }
    }

    fn remember(&mut self, organization: usize) -> Verdict {
        let client = &mut self.clients[organization];
        let loaded = self.servers[0].store.load(&client.id);
        client.remembered = Some(
            loaded.map_err(|fault| Wrong { check: "what_is_stored_can_be_read", what: fault.to_string() })?,
        );
        Ok(())
    }

    /// An append names the version that it was decided on, and is refused when that is over (T2).
    fn come_late(&mut self, organization: usize) -> Verdict {
        let client = &mut self.clients[organization];
        let Some(loaded) = client.remembered.take().filter(|it| it.head.seq < client.books.version) else {
            return Ok(());
        };
        self.report.late += 1;
        let mut account = loaded.account;
        let now = account.core().last;
        let command = Command::NameOrganization { name: "Too late".into() };
        let events =
            account.execute(&self.policy, &Request::new(command, Actor::default(), None), now).events;
        let (head, tally) = (loaded.head, &loaded.tally);
        let append = Append { organization: &client.id, head, events: &events };
        let rows = Rows { account: &account, head, next_due: None, tally };
        let batch = Batch { appends: vec![append], rows: vec![rows], ..Batch::default() };
        let committed = self.servers[0].store.commit(&batch);
        let refused = matches!(committed.as_deref(), Ok([Appended::Stale]));
        if !refused {
            let what = format!("on version {} of {}: {committed:?}", head.seq, client.books.version);
            return Err(Wrong { check: "a_late_append_is_refused", what });
        }
        client.books.read(&*self.servers[0].store)
    }

    /// Compares everything that is stored and told with the books.
    fn audit(&mut self) -> Verdict {
        let failed =
            |error: &dyn std::fmt::Display| Wrong { check: "an_audit_is_possible", what: error.to_string() };
        let store = Arc::clone(&self.servers[0].store);
        for client in &mut self.clients {
            let written = self.runtime.block_on(self.servers[0].engine.written(client.id.clone()));
            written.map_err(|error| failed(&error))?;
            // What was read once is there still, as it was.
            let mut again = Books::of(client.id.clone());
            again.read(&*store)?;
            client.books.read(&*store)?;
            if again.hash != client.books.hash {
                return Err(Wrong {
                    check: "events_form_one_chain",
                    what: "what was read has changed since".into(),
                });
            }
            client.books.compare(&*store)?;
            client.answers.still_there(&client.books)?;
            for server in &self.servers {
                let view = server.engine.view(client.id.clone(), |view| {
                    view.account.balance(view.policy, view.now, &Actor::default())
                });
                let balance = self.runtime.block_on(view).map_err(|error| failed(&error))?;
                is_newest(&balance, &client.books, "a look at the account")?;
            }
        }
        let verified = verify(&*store, &self.policy).map_err(|fault| failed(&fault))?;
        match verified.violation {
            None => Ok(()),
            Some(violation) => Err(Wrong { check: "verify_is_clean", what: violation.to_string() }),
        }
    }

    /// Ends all servers and says what was done.
    pub fn close(mut self) -> Report {
        let servers: Vec<Server> = self.servers.drain(..).collect();
        self.bury(servers);
        self.report.events = self.clients.iter().map(|client| client.books.version).sum();
        self.report
    }
}
