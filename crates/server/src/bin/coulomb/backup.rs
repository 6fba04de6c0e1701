//! `coulomb backup`: a copy of a data directory, taken beside the running server.
#![allow(clippy::print_stdout, reason = "what was backed up is what the command has to say")]

use crate::{
    Failure,
    settings::Settings,
    verify::{self, counted},
};
use clap::Args;
use coulomb_server::config::Data;
use std::{path::PathBuf, process::ExitCode};
use store::sqlite;

const AFTER: &str = "\
The server may go on working. The copy is of one instant: everything that was answered before the command began is in it.
When the command ends it is on the disk, and only then it has its name; what is there already is never overwritten. It is a
data directory itself, so a server can be started on it, and only its owner can read it: it has customers' data in it, and
all keys as hashes.

A database of PostgreSQL's is backed up with PostgreSQL's own tools: docs/operations.md shows how.

Examples:
  coulomb backup --data /var/lib/coulomb --to /backup/coulomb-2026-01-31
  coulomb backup --data /var/lib/coulomb --to /backup/coulomb-2026-01-31 --verify
  coulomb serve --data /backup/coulomb-2026-01-31";

/// Copy a data directory while the server on it is running
#[derive(Args)]
#[command(after_help = AFTER)]
pub struct Backup {
    /// Directory to make, which is not there yet
    #[arg(long, value_name = "DIR")]
    to: PathBuf,

    /// Verify the copy afterwards, as `coulomb verify` does
    #[arg(long)]
    verify: bool,

    #[command(flatten)]
    settings: Settings,
}

impl Backup {
    /// Copies, and verifies what was copied.
    pub fn run(self) -> Result<ExitCode, Failure> {
        let mut config = self.settings.load()?;
        if let Some(database) = &config.data.database {
            let text = format!(
                "{database} is backed up with PostgreSQL's own tools (pg_basebackup, pg_dump): docs/operations.md shows how."
            );
            return Err(text.into());
        }
        let copied = sqlite::backup(&config.data.dir, &self.to)?;
        let (events, size) = (counted(copied.events, "event"), mebibytes(copied.bytes));
        println!("Backed up {events}, {size} MiB, to {}.", self.to.display());
        if !self.verify {
            return Ok(ExitCode::SUCCESS);
        }
        config.data = Data { dir: self.to, ..config.data };
        verify::verify(&config)
    }
}

/// Rounded up, so that something is never nothing.
fn mebibytes(bytes: u64) -> u64 {
    bytes.div_ceil(1 << 20)
}
