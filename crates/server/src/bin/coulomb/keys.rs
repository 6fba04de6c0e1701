//! `coulomb keys`: makes, lists and revokes API keys, also beside a running server.
#![allow(clippy::print_stdout, reason = "a key alone on standard output is what scripts take")]

use crate::{
    Failure,
    settings::{Settings, beside, open},
};
use clap::{Args, Subcommand, ValueEnum};
use coulomb_server::{auth, clock, config::Data};
use ledger::id::KeyId;
use std::{process::ExitCode, sync::Arc};
use store::{Fault, Scope, Store};

const CREATE: &str = "\
The key is printed once, alone on standard output, and stored only as a hash. A running server knows it at once.

Examples:
  coulomb keys create --scope admin --name billing --data /var/lib/coulomb
  coulomb keys create --scope admin --database postgres://coulomb@db/coulomb
  KEY=$(coulomb keys create --scope runtime)";

const REVOKE: &str = "\
Example:
  coulomb keys revoke key_3f6a --data /var/lib/coulomb";

/// Make, list and revoke API keys, also beside a running server
#[derive(Subcommand)]
pub enum Keys {
    /// Make a key and print it, alone
    #[command(after_help = CREATE)]
    Create(Create),
    /// List keys: id, scope, name, when they were made and revoked
    List(List),
    /// Stop a key from working
    #[command(after_help = REVOKE)]
    Revoke(Revoke),
}

/// What to make.
#[derive(Args)]
pub struct Create {
    /// What the key may do
    #[arg(long, value_enum)]
    scope: KeyScope,

    /// What people call it
    #[arg(long, default_value = "")]
    name: String,

    #[command(flatten)]
    settings: Settings,
}

/// Where to look.
#[derive(Args)]
pub struct List {
    #[command(flatten)]
    settings: Settings,
}

/// What to revoke.
#[derive(Args)]
pub struct Revoke {
    /// The id that `coulomb keys list` shows
    #[arg(value_name = "ID")]
    id: KeyId,

    #[command(flatten)]
    settings: Settings,
}

/// What a key may do.
#[derive(Clone, Copy, ValueEnum)]
pub enum KeyScope {
    /// Everything
    Admin,
    /// Starts and metering of any organization
    Runtime,
    /// Reading
    Read,
}

impl Keys {
    /// Does it.
    pub fn run(self) -> Result<ExitCode, Failure> {
        match self {
            Keys::Create(create) => {
                let store = open_or_create(&create.settings.load()?.data)?;
                let scope = match create.scope {
                    KeyScope::Admin => Scope::Admin,
                    KeyScope::Runtime => Scope::Runtime,
                    KeyScope::Read => Scope::Read,
                };
                println!("{}", new(store.as_ref(), &create.name, scope)?);
            }
            Keys::List(list) => {
                let store = beside(&list.settings.load()?.data)?;
                print!("{}", table(&store.keys()?));
            }
            Keys::Revoke(revoke) => {
                let store = beside(&revoke.settings.load()?.data)?;
                if !store.revoke_key(&revoke.id, clock::now())? {
                    let id = revoke.id;
                    return Err(
                        format!("There is no key {id} that works; `coulomb keys list` shows them.").into()
                    );
                }
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// Makes a key, stores its hash, and hands the key over for the only time.
pub fn new(store: &dyn Store, name: &str, scope: Scope) -> Result<String, Failure> {
    let made = auth::new_key(name, scope, clock::now())?;
    store.create_key(&made.stored)?;
    Ok(made.key)
}

/// The first key may be made before the first server ran: then the database is created for it.
fn open_or_create(data: &Data) -> Result<Arc<dyn Store>, Fault> {
    let is_new = std::fs::read_dir(&data.dir).map_or(true, |mut files| files.next().is_none());
    if data.database.is_some() || is_new { open(data) } else { beside(data) }
}

fn table(keys: &[store::ApiKey]) -> String {
    let width = keys.iter().map(|key| key.id.as_str().len()).max().unwrap_or(0).max(2);
    let mut lines = format!("{:width$}  {:8}{:22}{:22}{}\n", "ID", "SCOPE", "MADE", "REVOKED", "NAME");
    for key in keys {
        let scope = match key.scope {
            Scope::Admin => "admin",
            Scope::Runtime => "runtime",
            Scope::Read => "read",
        };
        let second = |at: ledger::Timestamp| {
            let micros = at.micros();
            ledger::Timestamp::from_micros(micros - micros.rem_euclid(1_000_000)).to_string()
        };
        let made = second(key.created_at);
        let revoked = key.revoked_at.map_or_else(|| "-".into(), second);
        lines += &format!("{:width$}  {scope:8}{made:22}{revoked:22}{}\n", key.id.as_str(), key.name);
    }
    lines
}
