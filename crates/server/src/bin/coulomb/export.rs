//! `coulomb export`: the ledger for other programs, read beside the server.

use crate::{
    Failure,
    settings::{Settings, beside},
};
use clap::{Args, ValueEnum};
use coulomb_server::export;
use ledger::id::OrganizationId;
use std::{
    io::{BufWriter, Write},
    process::ExitCode,
};

const AFTER: &str = "\
Examples:
  coulomb export --format jsonl --data /var/lib/coulomb > ledger.jsonl
  coulomb export --format hledger --organization acme > acme.journal
  coulomb export --format jsonl --database postgres://coulomb@db/coulomb > ledger.jsonl
  coulomb export --format hledger | hledger -f - check --strict";

/// Write the ledger for other programs, to standard output
#[derive(Args)]
#[command(after_help = AFTER)]
pub struct Export {
    /// In which form
    #[arg(long, value_enum)]
    format: Format,

    /// Only this organization
    #[arg(long, value_name = "ORG")]
    organization: Option<OrganizationId>,

    #[command(flatten)]
    settings: Settings,
}

/// The forms there are.
#[derive(Clone, Copy, ValueEnum)]
enum Format {
    /// One event per line, with its organization, number, instant and hash
    Jsonl,
    /// Double-entry books that hledger reads and checks
    Hledger,
}

impl Export {
    /// Writes it.
    pub fn run(self) -> Result<ExitCode, Failure> {
        let store = beside(&self.settings.load()?.data)?;
        let mut out = BufWriter::new(std::io::stdout().lock());
        let only = self.organization.as_ref();
        match self.format {
            Format::Jsonl => export::jsonl(store.as_ref(), only, &mut out)?,
            Format::Hledger => export::hledger(store.as_ref(), only, &mut out)?,
        }
        out.flush()?;
        Ok(ExitCode::SUCCESS)
    }
}
