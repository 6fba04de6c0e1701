//! The engine on a real store: the stories with a restart between any two steps, races, repeats, and a store that fails.

mod races;
mod stories;

use coulomb_server::engine::{Engine, Limits};
use ledger::{
    Credits, Policy, Timestamp,
    command::{Command, Request},
    event::Actor,
    id::OrganizationId,
};
use std::{path::Path, sync::Arc};
use store::sqlite::Sqlite;

fn open(directory: &Path, policy: Policy) -> Engine {
    Engine::start(Arc::new(Sqlite::open(directory).unwrap()), policy, Limits::default())
}

fn organization(id: &str) -> OrganizationId {
    id.parse().unwrap()
}

fn ask(command: Command) -> Request {
    Request::new(command, Actor::default(), None)
}

fn credits(whole: i64) -> Credits {
    Credits::whole(whole).unwrap()
}

fn promotional(amount: i64) -> Command {
    Command::GrantPromotional {
        grant: Some("welcome".parse().unwrap()),
        amount: credits(amount),
        effective_at: None,
        expires_at: None,
        priority: None,
        reason: None,
    }
}

fn start(run: &str, hold: i64) -> Command {
    Command::Start {
        run: run.parse().unwrap(),
        kind: "tool_run".parse().unwrap(),
        hold: Some(credits(hold)),
        task: None,
        member: None,
        hold_lifetime: None,
        metadata: None,
    }
}

fn settle(run: &str, used: i64) -> Command {
    Command::Settle { run: run.parse().unwrap(), used: credits(used), outcome: Default::default() }
}

async fn fund(engine: &Engine, id: &str, amount: i64) {
    for command in [Command::NameOrganization { name: id.to_uppercase() }, promotional(amount)] {
        engine.execute(organization(id), ask(command)).await.unwrap();
    }
}

/// 2026-01-10T00:00:00Z.
const JANUARY: Timestamp = Timestamp::from_micros(1_768_003_200_000_000);
