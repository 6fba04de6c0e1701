//! Starting programs: every one has no standard input and is judged by its exit status, and those a reader of the log
//! should know of are printed before they start. Those that run beside us are in `leash`.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The root of the repository. Commands run there, wherever `cargo xtask` was called.
pub fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask is a folder of the repository")
}

/// The cargo that runs us, so that all steps use one toolchain.
pub fn cargo() -> Command {
    Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}

/// Runs a program to its end, showing what it prints.
pub fn run(command: &mut Command) -> Result<(), String> {
    let line = command_line(command);
    eprintln!("$ {line}");
    let status =
        command.stdin(Stdio::null()).status().map_err(|error| format!("cannot start `{line}`: {error}"))?;
    if status.success() { Ok(()) } else { Err(format!("`{line}` failed: {status}")) }
}

/// Runs a program to its end and returns what it wrote to standard output; its standard error is shown.
pub fn output_of(command: &mut Command) -> Result<String, String> {
    let line = command_line(command);
    eprintln!("$ {line}");
    let output = command
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| format!("cannot start `{line}`: {error}"))?;
    if !output.status.success() {
        return Err(format!("`{line}` failed: {}", output.status));
    }
    String::from_utf8(output.stdout).map_err(|_| format!("`{line}` printed something that is not UTF-8"))
}

/// Whether a program is there and willing: it starts and succeeds. Shows nothing.
pub fn works(command: &mut Command) -> bool {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// Runs a program to its end without showing it, and returns what it wrote; what it complained about is in the error.
pub fn quietly(command: &mut Command) -> Result<String, String> {
    let line = command_line(command);
    let output =
        command.stdin(Stdio::null()).output().map_err(|error| format!("cannot start `{line}`: {error}"))?;
    if !output.status.success() {
        let complaint = String::from_utf8_lossy(&output.stderr);
        return Err(format!("`{line}` failed: {}\n{}", output.status, complaint.trim_end()));
    }
    String::from_utf8(output.stdout).map_err(|_| format!("`{line}` printed something that is not UTF-8"))
}

/// Whether we may do everything, and some programs therefore refuse to run.
pub fn is_root() -> bool {
    quietly(Command::new("id").arg("-u")).is_ok_and(|user| user.trim() == "0")
}

/// A folder that is empty at first and gone afterwards, also when a check fails.
#[derive(Debug)]
pub struct Scratch(PathBuf);

impl Scratch {
    /// The process id keeps two runs on one machine apart.
    pub fn new(name: &str) -> Result<Self, String> {
        let path = std::env::temp_dir().join(format!("coulomb-xtask-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&path)
            .map_err(|error| format!("cannot create {}: {error}", path.display()))?;
        Ok(Self(path))
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_dir_all(&self.0) {
            eprintln!("could not remove {}: {error}", self.0.display());
        }
    }
}

/// The program and its arguments as a person would type them, near enough to be pasted into a terminal.
pub fn command_line(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
}
