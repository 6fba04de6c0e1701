//! `coulomb completions`: a script that completes commands and flags in a shell.

use crate::{Cli, Failure};
use clap::{Args, CommandFactory};
use clap_complete::Shell;
use std::{io::Write, process::ExitCode};

const AFTER: &str = "\
Examples:
  coulomb completions bash > ~/.local/share/bash-completion/completions/coulomb
  coulomb completions fish > ~/.config/fish/completions/coulomb.fish";

/// Print a script that completes commands and flags in a shell
#[derive(Args)]
#[command(after_help = AFTER)]
pub struct Completions {
    /// Which shell
    #[arg(value_enum)]
    shell: Shell,
}

impl Completions {
    /// Prints it.
    pub fn run(self) -> Result<ExitCode, Failure> {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut Cli::command(), "coulomb", &mut script);
        std::io::stdout().write_all(&script)?;
        Ok(ExitCode::SUCCESS)
    }
}
