//! `coulomb migrate`: a database's schema, its layout, and the way there from a data directory.
#![allow(clippy::print_stdout, reason = "what was done is what the command has to say")]

use crate::{Failure, settings::Settings, verify::counted};
use clap::Args;
use std::{path::PathBuf, process::ExitCode};
use store::{
    postgres::{self, Copied, Deployment, Engine, Postgres},
    sqlite::Sqlite,
};

const AFTER: &str = "\
Everything it does can be repeated, and goes on where it was interrupted. Servers bring the schema up to date themselves when
they start; do it here where they may not, or before the first one.

With --from it copies organizations, events and API keys of a data directory. No server may be running on the directory, and
none should yet be running on the database. Events are copied byte for byte, so the chain of hashes stays what it was.

With --citus or --sharded no server may be running on the database; afterwards each commit is for one slot.

Examples:
  coulomb migrate --database postgres://coulomb@db/coulomb
  coulomb migrate --from /var/lib/coulomb --to postgres://coulomb@db/coulomb
  coulomb migrate --database postgres://coulomb@db/coulomb --citus";

/// Bring a database's schema up to date, move a data directory into it, or spread it over machines
#[derive(Args)]
#[command(after_help = AFTER)]
pub struct Migrate {
    /// Configuration file (TOML), which may name the database
    #[arg(long, value_name = "FILE", env = "COULOMB_CONFIG", hide_env_values = true)]
    config: Option<PathBuf>,

    /// PostgreSQL database, as postgres://user@host/name [env: COULOMB_DATABASE]
    #[arg(long, value_name = "URL", visible_alias = "to")]
    database: Option<String>,

    /// Data directory to copy into the database
    #[arg(long, value_name = "DIR")]
    from: Option<PathBuf>,

    /// Distribute the tables over the workers of Citus
    #[arg(long, conflicts_with = "sharded")]
    citus: bool,

    /// The database is spread by the first column of its keys, as YugabyteDB and CockroachDB do by themselves
    #[arg(long)]
    sharded: bool,
}

impl Migrate {
    /// Does it: the schema, then the layout, then the copy.
    pub fn run(self) -> Result<ExitCode, Failure> {
        let data = Settings::of_database(self.config, self.database).load()?.data;
        let Some(database) = &data.database else {
            let text = "It is not said which database: give --database postgres://user@host/name, COULOMB_DATABASE, or \
                        data.database in the configuration file.";
            return Err(text.into());
        };
        let options = data.options(database);
        let source = self.from.map(|dir| {
            // A directory without a database is a mistake, and must not be made into one.
            drop(Sqlite::open_beside(&dir)?);
            Sqlite::open(&dir)
        });
        let source = source.transpose()?;
        let deployment = match (self.citus, self.sharded) {
            (true, _) => postgres::distribute(&options, Engine::Citus)?,
            (_, true) => postgres::distribute(&options, Engine::Keyed)?,
            (false, false) => postgres::migrate(&options)?,
        };
        let layout = match deployment {
            Deployment::Whole => "one server holds all of it",
            Deployment::Sharded => "it is spread by the slot",
        };
        println!("The schema of {database} is up to date; {layout}.");
        if let Some(source) = source {
            let target = Postgres::open(options)?;
            let copied = postgres::import(&source, &target, &mut |copied| eprintln!("{}", counts(copied)))?;
            println!("Copied: {}. What was there already was left as it is.", counts(copied));
            println!("To prove that every balance arrived: coulomb verify --database {database}");
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn counts(copied: Copied) -> String {
    let Copied { organizations, events, keys } = copied;
    format!(
        "{}, {}, {}",
        counted(organizations, "organization"),
        counted(events, "event"),
        counted(keys, "API key")
    )
}
