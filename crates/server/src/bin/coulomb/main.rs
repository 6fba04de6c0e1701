//! The one binary. One file per subcommand; here is only what they are called and how an error reaches the person at
//! the terminal: as plain sentences on standard error, with exit code 1.

mod backup;
mod bench;
mod client;
mod completions;
mod demo;
mod explain;
mod export;
mod keys;
mod migrate;
mod notices;
mod rebuild;
mod reconcile;
mod serve;
mod settings;
mod staff;
mod verify;

use clap::{Parser, Subcommand};
use std::process::ExitCode;

/// Commands are made on one thread and let go of on another.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const AFTER: &str = "\
Examples:
  coulomb demo                                  Try everything on a throw-away directory
  coulomb serve --data /var/lib/coulomb         Run the server
  coulomb serve --database postgres://coulomb@db/coulomb
                                                Run one of several servers that share a database
  coulomb keys create --scope admin --data /var/lib/coulomb
  coulomb explain acme --data /var/lib/coulomb  Why can this organization not start anything?

Each command answers --help with examples of its own.";

/// Prepaid credits for AI products: decides whether work may start, meters it, and explains itself
#[derive(Parser)]
#[command(name = "coulomb", version, after_help = AFTER, arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Serve(serve::Serve),
    Demo(demo::Demo),
    #[command(subcommand)]
    Keys(keys::Keys),
    Migrate(migrate::Migrate),
    #[command(subcommand)]
    Notices(notices::Notices),
    Verify(verify::Verify),
    Backup(backup::Backup),
    Rebuild(rebuild::Rebuild),
    Reconcile(reconcile::Reconcile),
    Explain(explain::Explain),
    Export(export::Export),
    Bench(Box<bench::Bench>),
    Completions(completions::Completions),
}

/// Why a command could not do what it was asked, for the person who asked.
type Failure = Box<dyn std::error::Error + Send + Sync>;

fn main() -> ExitCode {
    small_pages();
    let done = match Cli::parse().command {
        Command::Serve(serve) => serve.run(),
        Command::Demo(demo) => demo.run(),
        Command::Keys(keys) => keys.run(),
        Command::Migrate(migrate) => migrate.run(),
        Command::Notices(notices) => notices.run(),
        Command::Verify(verify) => verify.run(),
        Command::Backup(backup) => backup.run(),
        Command::Rebuild(rebuild) => rebuild.run(),
        Command::Reconcile(reconcile) => reconcile.run(),
        Command::Explain(explain) => explain.run(),
        Command::Export(export) => export.run(),
        Command::Bench(bench) => bench.run(),
        Command::Completions(completions) => completions.run(),
    };
    match done {
        Ok(code) => code,
        // Whoever read our output has closed it, as `head` does: that is no failure to report.
        Err(failure) if is_broken_pipe(failure.as_ref()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("coulomb: {failure}");
            ExitCode::FAILURE
        }
    }
}

fn is_broken_pipe(failure: &(dyn std::error::Error + 'static)) -> bool {
    let io = failure.downcast_ref::<std::io::Error>();
    io.is_some_and(|error| error.kind() == std::io::ErrorKind::BrokenPipe)
}

/// Memory is taken by the small page. One of two megabytes is cleared when it is touched first, and the thread that commits would
/// stand still for milliseconds. Where the system does not know of that, nothing is lost.
fn small_pages() {
    #[cfg(target_os = "linux")]
    let _ = rustix::thread::disable_transparent_huge_pages(true);
}

/// A runtime for a command that talks to others, with this many threads.
fn runtime(threads: usize) -> std::io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread().worker_threads(threads).enable_all().build()
}
