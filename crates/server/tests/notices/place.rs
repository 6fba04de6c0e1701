//! Where a server of a test keeps its accounts, and what it is asked.

use coulomb_server::{
    clock,
    engine::{Engine, Limits, Outbox},
    memos::Memos,
    notices::{
        Notices,
        settings::{MailSettings, WebhookSettings},
    },
};
use ledger::{
    Credits, Duration, Policy, Timestamp,
    command::{Command, Request},
    event::Actor,
    id::OrganizationId,
    payment::PaymentPurpose,
};
use std::sync::Arc;
use store::{
    Store,
    postgres::{Options, Postgres},
    sqlite::Sqlite,
};
use tempfile::TempDir;
use xtask::postgres::{Database, fresh_database};

/// A store of its own for one test, which goes with the test.
pub struct Place {
    pub store: Arc<dyn Store>,
    /// Where it is, for the command line.
    pub flags: [String; 2],
    _kept: (Option<TempDir>, Option<Database>),
}

impl Place {
    pub fn directory() -> Place {
        let directory = TempDir::new().unwrap();
        let store = Arc::new(Sqlite::open(directory.path()).unwrap());
        let flags = ["--data".into(), directory.path().display().to_string()];
        Place { store, flags, _kept: (Some(directory), None) }
    }

    pub fn database() -> Place {
        let database = fresh_database();
        let options = Options::new(&database.url);
        // Opening waits on a runtime of its own, which a thread of the test's runtime may not.
        let open = std::thread::spawn(move || Arc::new(Postgres::open(options).unwrap()));
        let flags = ["--database".into(), database.url.clone()];
        Place { store: open.join().unwrap(), flags, _kept: (None, Some(database)) }
    }

    /// One on each store there is.
    pub fn on_every_store() -> [Place; 2] {
        [Place::directory(), Place::database()]
    }

    pub fn memos(&self) -> Memos {
        Memos::new(Arc::clone(&self.store))
    }

    pub fn notices(&self, webhooks: WebhookSettings, mail: MailSettings) -> Notices {
        Notices::new(webhooks, mail, self.memos(), "https://credits.test").unwrap()
    }

    /// An engine whose events give rise to these notices.
    pub fn engine(&self, notices: &Notices) -> Engine {
        let notices = notices.clone();
        let outbox: Outbox = Arc::new(move |happened| notices.outbox(happened));
        Engine::start_with(Arc::clone(&self.store), Policy::default(), Limits::default(), outbox)
    }
}

pub fn organization(id: &str) -> OrganizationId {
    id.parse().unwrap()
}

pub fn credits(whole: i64) -> Credits {
    Credits::whole(whole).unwrap()
}

pub fn seconds(seconds: i64) -> Duration {
    Duration::seconds(seconds).unwrap()
}

/// Now, which is after whatever was done before.
pub fn now() -> Timestamp {
    clock::now()
}

pub fn request(command: Command) -> Request {
    Request::new(command, Actor::default(), None)
}

pub async fn ask(engine: &Engine, id: &str, command: Command) {
    engine.execute(organization(id), request(command)).await.unwrap();
}

pub fn name(name: &str) -> Command {
    Command::NameOrganization { name: name.into() }
}

pub fn promotional(grant: &str, amount: i64, expires_at: Option<Timestamp>) -> Command {
    Command::GrantPromotional {
        grant: Some(grant.parse().unwrap()),
        amount: credits(amount),
        effective_at: None,
        expires_at,
        priority: None,
        reason: None,
    }
}

pub fn charge(run: &str, used: i64) -> Command {
    Command::Charge {
        run: run.parse().unwrap(),
        kind: "tool_run".parse().unwrap(),
        used: credits(used),
        member: None,
        metadata: None,
    }
}

pub fn payment(payment: &str, purpose: PaymentPurpose, amount: i64) -> Command {
    Command::RecordPayment {
        payment: payment.parse().unwrap(),
        purpose,
        paid: amount,
        currency: "USD".into(),
        credits: Some(credits(amount)),
        expires_at: None,
        period: None,
        recharge: None,
    }
}

/// An organization with some credits: one notice says that they were granted, and another that work may start.
pub async fn fund(engine: &Engine, id: &str, amount: i64) {
    ask(engine, id, name(&id.to_uppercase())).await;
    ask(engine, id, promotional("welcome", amount, None)).await;
}
