//! A directory in the making: nobody takes it for what it is going to be before it has its name, and it gets its name when
//! it is on the disk.

use super::open;
use crate::Fault;
use std::{
    fs::{self, DirBuilder, File},
    io,
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
};

/// A directory that only its owner can read, beside where it belongs. Removed with all that is in it when it is dropped.
pub(super) struct Unfinished {
    dir: PathBuf,
}

impl Unfinished {
    /// Makes `NAME.unfinished` for what will be called `to`.
    pub(super) fn create(to: &Path) -> Result<Unfinished, Fault> {
        let mut name = to.file_name().unwrap_or_default().to_owned();
        name.push(".unfinished");
        let dir = to.with_file_name(name);
        DirBuilder::new().mode(0o700).create(&dir).map_err(|error| match error.kind() {
            io::ErrorKind::AlreadyExists => Fault::Unavailable(format!(
                "{} is there: somebody else is at it, or was interrupted; remove it then",
                dir.display()
            )),
            _ => at(&dir, &error),
        })?;
        Ok(Unfinished { dir })
    }

    /// Where it is meanwhile.
    pub(super) fn dir(&self) -> &Path {
        &self.dir
    }

    /// Gives it its name. A directory never takes the place of one that has something in it.
    pub(super) fn finish(self, to: &Path) -> Result<(), Fault> {
        sync(&self.dir)?;
        fs::rename(&self.dir, to).map_err(|error| at(to, &error))?;
        let parent = to.parent().filter(|parent| !parent.as_os_str().is_empty());
        sync(parent.unwrap_or(Path::new(".")))
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        // Where it has its name, nothing is left under this one.
        let _ = fs::remove_dir_all(&self.dir);
    }
}

/// Makes a database one durable file.
pub(super) fn settle(file: &Path) -> Result<(), Fault> {
    open::one_file(file)?;
    sync(file)
}

/// Makes a file durable, or the names in a directory.
pub(super) fn sync(path: &Path) -> Result<(), Fault> {
    File::open(path).and_then(|file| file.sync_all()).map_err(|error| at(path, &error))
}

/// What a file system said, naming what it said it of.
pub(super) fn at(path: &Path, error: &io::Error) -> Fault {
    Fault::Unavailable(format!("{}: {error}", path.display()))
}
