//! The engine on each real store: the stories with a restart between any two steps, races, repeats, several engines that
//! share a database, and the simulation, in which anything may happen.

mod chance;
mod place;
mod races;
mod several;
mod simulation;
mod stories;

use coulomb_server::engine::{Engine, Object, Receipt, Shown};
use ledger::{
    Credits, Timestamp,
    command::{Command, Request},
    event::Actor,
    id::OrganizationId,
};

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

/// What an answer shows; whether a row was written since is nobody's business.
fn seen(receipt: &Receipt) -> Shown {
    let mut shown = receipt.shown.clone();
    match &mut shown.object {
        Object::Run(run) => run.touched = false,
        Object::Payment(payment, grant) => {
            payment.touched = false;
            grant.iter_mut().for_each(|grant| **grant = grant.unmarked());
        }
        Object::Grant(grant) => **grant = grant.unmarked(),
        Object::Debt(debt) => debt.touched = false,
        Object::Account | Object::Task(..) | Object::Member(..) => {}
    }
    *shown
}

async fn fund(engine: &Engine, id: &str, amount: i64) {
    for command in [Command::NameOrganization { name: id.to_uppercase() }, promotional(amount)] {
        engine.execute(organization(id), ask(command)).await.unwrap();
    }
}

/// 2026-01-10T00:00:00Z.
const JANUARY: Timestamp = Timestamp::from_micros(1_768_003_200_000_000);
