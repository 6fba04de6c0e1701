//! `coulomb notices`: lists notices that no endpoint took, and sends them again, also beside a running server.
#![allow(clippy::print_stdout, reason = "the list is what the command is for")]

use crate::{
    Failure, runtime,
    settings::{Settings, beside},
};
use clap::{Args, Subcommand};
use coulomb_server::{
    clock,
    memos::Memos,
    notices::dead::{self, Dead, NoticeId},
};
use ledger::id::OrganizationId;
use std::process::ExitCode;

const LIST: &str = "\
Each line is a notice that was tried until webhooks.give_up was over, or whose endpoint said that it is gone.

Examples:
  coulomb notices list --data /var/lib/coulomb
  coulomb notices list --organization acme --database postgres://coulomb@db/coulomb";

const REPLAY: &str = "\
A running server sends them at once, under the webhook-id that they always had.

Examples:
  coulomb notices replay --all --data /var/lib/coulomb
  coulomb notices replay --all --organization acme
  coulomb notices replay --organization acme host:00000000000000000012.000";

/// List notices that no endpoint took, and send them again, also beside a running server
#[derive(Subcommand)]
pub enum Notices {
    /// List notices that were given up: organization, id, type, attempts, when, and why
    #[command(after_help = LIST)]
    List(List),
    /// Send notices again that were given up
    #[command(after_help = REPLAY)]
    Replay(Replay),
}

/// Which to list.
#[derive(Args)]
pub struct List {
    /// Only this organization's
    #[arg(long, value_name = "ORG")]
    organization: Option<OrganizationId>,

    #[command(flatten)]
    settings: Settings,
}

/// Which to send again.
#[derive(Args)]
pub struct Replay {
    /// The ids that `coulomb notices list` shows, of one organization
    #[arg(value_name = "ID", requires = "organization", conflicts_with = "all")]
    ids: Vec<String>,

    /// Only this organization's
    #[arg(long, value_name = "ORG")]
    organization: Option<OrganizationId>,

    /// All of them
    #[arg(long, required_unless_present = "ids")]
    all: bool,

    #[command(flatten)]
    settings: Settings,
}

impl Notices {
    /// Does it.
    pub fn run(self) -> Result<ExitCode, Failure> {
        match self {
            Notices::List(List { organization, settings }) => {
                let memos = Memos::new(beside(&settings.load()?.data)?);
                let dead = runtime(1)?.block_on(dead::list(&memos, organization.as_ref()))?;
                print!("{}", table(&dead));
            }
            Notices::Replay(replay) => {
                let memos = Memos::new(beside(&replay.settings.load()?.data)?);
                let sent = runtime(1)?.block_on(replay.run(&memos))?;
                println!("{sent} sent again.");
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

impl Replay {
    /// How many are sent again.
    async fn run(&self, memos: &Memos) -> Result<usize, Failure> {
        let mut sent = 0;
        if let (Some(organization), false) = (&self.organization, self.all) {
            for id in &self.ids {
                let id = NoticeId::try_from(id.clone())?;
                let replayed = dead::replay(memos, organization, id.as_str(), clock::now()).await?;
                if replayed.is_none() {
                    let id = id.as_str();
                    return Err(format!(
                        "{organization} has no notice {id} that was given up; `coulomb notices list` shows them."
                    )
                    .into());
                }
                sent += 1;
            }
            return Ok(sent);
        }
        // As many as are listed, until none is left.
        loop {
            let dead = dead::list(memos, self.organization.as_ref()).await?;
            let before = sent;
            for Dead { organization, id, .. } in &dead {
                sent += usize::from(dead::replay(memos, organization, id, clock::now()).await?.is_some());
            }
            if sent == before {
                return Ok(sent);
            }
        }
    }
}

fn table(dead: &[Dead]) -> String {
    let width = |of: fn(&Dead) -> usize, head: &str| dead.iter().map(of).max().unwrap_or(0).max(head.len());
    let organizations = width(|dead| dead.organization.as_str().len(), "ORGANIZATION");
    let ids = width(|dead| dead.id.len(), "ID");
    let kinds = width(|dead| dead.kind.as_str().len(), "TYPE");
    let mut lines = format!(
        "{:organizations$}  {:ids$}  {:kinds$}  {:8}  {:20}  {}\n",
        "ORGANIZATION", "ID", "TYPE", "ATTEMPTS", "GIVEN UP", "WHY"
    );
    for dead in dead {
        let micros = dead.died_at.micros();
        let second = ledger::Timestamp::from_micros(micros - micros.rem_euclid(1_000_000)).to_string();
        lines += &format!(
            "{:organizations$}  {:ids$}  {:kinds$}  {:8}  {second:20}  {}\n",
            dead.organization.as_str(),
            dead.id,
            dead.kind.as_str(),
            dead.attempts,
            dead.error
        );
    }
    lines
}
