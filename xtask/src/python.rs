//! Where the Python tools are that `cargo xtask ci` installs, for the commands and the tests that start them.

use crate::shell::repository;
use std::path::PathBuf;

/// The environment they are in. Git ignores it.
pub const VENV: &str = ".tools/venv";

/// A program of that environment.
pub fn tool(name: &str) -> PathBuf {
    repository().join(VENV).join("bin").join(name)
}
