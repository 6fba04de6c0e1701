//! Backups of a server for tests, taken and restored as operators do it: with PostgreSQL's own programs, while others go on
//! writing.

use super::{Cluster, add_settings, as_its_user, folder_with, make, new_folder, remove};
use crate::shell::quietly;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Keeps every finished piece of the log beside the server's data, and begins a new one each second in which there was one.
pub const ARCHIVING: &[(&str, &str)] = &[
    ("archive_mode", "on"),
    ("archive_command", "mkdir -p ../archive && test ! -f ../archive/%f && cp %p ../archive/%f"),
    ("archive_timeout", "1"),
];

/// The files of a server as `pg_basebackup` took them. They are removed when this goes out of scope without being used.
#[derive(Debug)]
pub struct BaseBackup {
    programs: PathBuf,
    folder: PathBuf,
}

impl Cluster {
    /// Takes a base backup while the server works.
    pub fn base_backup(&self) -> Result<BaseBackup, String> {
        self.copied(&[])
    }

    /// The same, with more to say to the program.
    pub(super) fn copied(&self, arguments: &[&str]) -> Result<BaseBackup, String> {
        let folder = new_folder()?;
        let mut copy = as_its_user(&self.programs.join("pg_basebackup"), &folder);
        copy.args(["--checkpoint=fast", "--wal-method=stream", "--no-sync"]).args(arguments);
        copy.arg("--dbname").arg(self.url("postgres")).arg("--pgdata").arg(folder.join("data"));
        make(&copy, &folder)?;
        Ok(BaseBackup { programs: self.programs.clone(), folder })
    }

    /// Where a server with the settings `ARCHIVING` keeps its log.
    pub fn archive(&self) -> PathBuf {
        self.folder.join("archive")
    }
}

impl BaseBackup {
    /// Starts a server on it, with these settings on top.
    pub fn restore(mut self, settings: &[(&str, &str)]) -> Result<Cluster, String> {
        // What was set while the server ran is in this file, and what comes last counts.
        add_settings(&self.folder.join("data/postgresql.auto.conf"), settings)?;
        let folder = std::mem::take(&mut self.folder);
        Cluster::serve_on_a_free_port(self.programs.clone(), folder)
    }

    /// Starts a server on it that first does everything again that the kept log has, up to the point of this name.
    pub fn restore_to(self, archive: &Path, point: &str) -> Result<Cluster, String> {
        let signal = self.folder.join("data/recovery.signal");
        let mut create = as_its_user(Path::new("touch"), &self.folder);
        quietly(create.arg(&signal))?;
        let fetch = format!("cp {}/%f %p", archive.display());
        let settings = [
            ("archive_mode", "off"),
            ("restore_command", fetch.as_str()),
            ("recovery_target_name", point),
            ("recovery_target_action", "promote"),
        ];
        self.restore(&settings)
    }
}

impl Drop for BaseBackup {
    fn drop(&mut self) {
        if !self.folder.as_os_str().is_empty() {
            remove(&self.folder);
        }
    }
}

/// Copies one schema of a database into another database, through a file in this folder.
pub fn dump(from: &str, schema: &str, to: &str, folder: &Path) -> Result<(), String> {
    let programs = folder_with("pg_dump")?;
    let file = folder.join("schema.dump");
    let mut dump = Command::new(programs.join("pg_dump"));
    dump.args(["--format=custom", "--schema", schema, "--file"]).arg(&file).arg(from);
    quietly(&mut dump)?;
    let mut restore = Command::new(programs.join("pg_restore"));
    quietly(restore.args(["--exit-on-error", "--dbname", to]).arg(&file))?;
    fs::remove_file(&file).map_err(|error| format!("cannot remove {}: {error}", file.display()))
}
