//! `coulomb rebuild`: all tables made again from the events, and compared with those that are there.
#![allow(clippy::print_stdout, reason = "what was found is what the command is for")]

use crate::{Failure, settings::Settings, verify::counted};
use clap::Args;
use coulomb_server::config::{Config, Database};
use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};
use store::{
    postgres::{self, Options, Postgres},
    rebuild::{Rebuilt, Verdict},
    sqlite::{self, Replaced},
};

const AFTER: &str = "\
Organizations, grants, runs, debts, payments, answers, refusals, usage and the list of run ids are made again from the events
alone, beside those that are there, and compared row by row. Nothing is changed. It exits with 0 where every table is what the
events say, and with 1 where one is not. A damaged event is named, and nothing can be rebuilt from it: restore a backup.

Take a backup and rebuild that, or stop the server first: beside a running one it works as well, but the server's log grows as
long as it takes. It needs as much room as the database has, in the data directory or in --scratch. In a database of PostgreSQL's
the tables are made again in an empty database that you give it with --scratch, and drop afterwards.

With --write, where something differs, the tables that were made again take the place of the damaged ones. No server may be
running. API keys, memos (what is to be done, and notices) and counts of refused starts are in no event: they are kept as they
are. Of a data directory the old database is kept beside the new one as coulomb.db.before-rebuild.

Examples:
  coulomb rebuild --data /backup/coulomb-2026-01-31
  coulomb rebuild --data /var/lib/coulomb --write
  coulomb rebuild --database postgres://coulomb@db/coulomb --scratch postgres://coulomb@db/scratch";

/// Make all tables again from the events, and compare them with those that are there
#[derive(Args)]
#[command(after_help = AFTER)]
pub struct Rebuild {
    /// Replace what differs by what the events say; no server may be running
    #[arg(long)]
    write: bool,

    /// Where to make the tables: a directory, or the URL of an empty database [default: the data directory]
    #[arg(long, value_name = "DIR|URL")]
    scratch: Option<String>,

    #[command(flatten)]
    settings: Settings,
}

impl Rebuild {
    /// Rebuilds, and prints what was found.
    pub fn run(self) -> Result<ExitCode, Failure> {
        let config = self.settings.load()?;
        match &config.data.database {
            Some(database) => self.of_database(&config, database),
            None => self.of_directory(&config),
        }
    }

    fn of_directory(&self, config: &Config) -> Result<ExitCode, Failure> {
        let dir = config.data.dir.as_path();
        if !self.write {
            let scratch = self.scratch.as_deref().map_or(dir, Path::new);
            return Ok(told(&sqlite::prove(dir, scratch, &config.policy)?, None));
        }
        if self.scratch.is_some() {
            let text = "With --write the tables are made in the data directory, where they are to be: leave --scratch out.";
            return Err(text.into());
        }
        let Replaced { rebuilt, before } = sqlite::replace(dir, &config.policy)?;
        let kept = before.map(|before: PathBuf| format!("The old database is {}.", before.display()));
        Ok(told(&rebuilt, kept.as_deref()))
    }

    fn of_database(&self, config: &Config, database: &Database) -> Result<ExitCode, Failure> {
        let Some(scratch) = &self.scratch else {
            let text = "It is not said where the tables are to be made: give an empty database with --scratch \
                        postgres://user@host/name, and drop it afterwards.";
            return Err(text.into());
        };
        let scratch: Database = scratch.parse().map_err(|why| format!("--scratch {why}."))?;
        let stored = Postgres::connect(config.data.options(database))?;
        let scratch: Options = config.data.options(&scratch);
        if !self.write {
            return Ok(told(&postgres::prove(&stored, scratch, &config.policy)?, None));
        }
        let rebuilt = postgres::replace(&stored, scratch, &config.policy)?;
        let replaced = (!rebuilt.is_equal()).then_some("What was there before is gone.");
        Ok(told(&rebuilt, replaced))
    }
}

/// Prints table by table what was found. `replaced`: what differed is as it should be now.
fn told(rebuilt: &Rebuilt, replaced: Option<&str>) -> ExitCode {
    let Rebuilt { organizations, events, tables } = rebuilt;
    println!("Folded {} of {}.", counted(*events, "event"), counted(*organizations, "organization"));
    for table in tables {
        let found = match &table.verdict {
            Verdict::Equal => "equal".into(),
            Verdict::Kept => "kept as it is".into(),
            Verdict::Differs { rows, first } => format!("{} wrong: {first}", counted(*rows, "row")),
        };
        println!("{:>12} {:32} {found}", table.rows, table.name);
    }
    match (rebuilt.is_equal(), replaced) {
        (true, _) => println!("All tables are what the events say."),
        (false, Some(before)) => println!("The tables were replaced by what the events say. {before}"),
        (false, None) => {
            println!("The tables are not what the events say; --write replaces them.");
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}
