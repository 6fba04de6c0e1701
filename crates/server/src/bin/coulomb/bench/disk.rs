//! The disk below a directory: what it is, and what one flush of it takes, which is the least that anything durable can.

use super::waits::Waits;
use crate::Failure;
use coulomb_server::clock::stopwatch;
use std::{
    fs::{self, File},
    io::Write,
    path::Path,
    time::Duration,
};

/// What is appended before each flush: a page of the database.
const PAGE: [u8; 4096] = [7; 4096];

/// File systems that are no disk: what they call durable is gone with the power.
const IN_MEMORY: [&str; 3] = ["tmpfs", "ramfs", "overlay-tmpfs"];

/// What holds a directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Disk {
    /// The device, or what stands for it.
    pub device: String,
    /// The file system.
    pub kind: String,
}

impl Disk {
    /// Of a directory that is there; none where the machine does not say.
    pub fn of(dir: &Path) -> Option<Disk> {
        let dir = dir.canonicalize().ok()?;
        Disk::find(&fs::read_to_string("/proc/self/mounts").ok()?, &dir)
    }

    /// The last of the longest mount points that hold it, as what is mounted later hides what was there.
    fn find(mounts: &str, dir: &Path) -> Option<Disk> {
        let holding = mounts.lines().filter_map(|line| {
            let mut fields = line.split(' ');
            let (device, point, kind) = (fields.next()?, fields.next()?, fields.next()?);
            let disk = Disk { device: device.into(), kind: kind.into() };
            dir.starts_with(point).then_some((Path::new(point).components().count(), disk))
        });
        holding.max_by_key(|(depth, _)| *depth).map(|(_, disk)| disk)
    }

    /// Whether nothing here survives the power.
    pub fn is_memory(&self) -> bool {
        IN_MEMORY.contains(&self.kind.as_str())
    }
}

/// Flushes for so long, each after appending one page, and counts how long each took.
pub fn flush(dir: &Path, time: Duration) -> Result<Waits, Failure> {
    let path = dir.join("coulomb-bench-flush");
    let mut waits = Waits::default();
    let measured = File::create(&path).and_then(|mut file| {
        let begun = stopwatch();
        while begun.elapsed() < time {
            let asked = stopwatch();
            file.write_all(&PAGE)?;
            file.sync_data()?;
            waits.count(asked.elapsed());
        }
        Ok(())
    });
    fs::remove_file(&path)?;
    measured?;
    Ok(waits)
}

/// Has everything that was written brought to the disk: it would slow the flushes of the next seconds.
pub fn settle_down(dir: &Path) -> Result<(), Failure> {
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        if entry.file_type()?.is_file() {
            File::open(entry.path())?.sync_all()?;
        }
    }
    Ok(())
}

/// Bytes of the files in a directory.
pub fn size(dir: &Path) -> std::io::Result<u64> {
    let sizes = fs::read_dir(dir)?.map(|entry| entry?.metadata().map(|file| file.len()));
    sizes.sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_is_on_what_was_mounted_last_and_deepest() {
        let mounts = "/dev/vda / ext4 rw 0 0\ntmpfs /tmp tmpfs rw 0 0\n/dev/vdb /tmp/data xfs rw 0 0\n/dev/vdc / btrfs rw 0 0\n";
        let kind = |dir: &str| Disk::find(mounts, Path::new(dir)).expect("a disk").kind;
        assert_eq!(kind("/var/lib"), "btrfs");
        assert_eq!(kind("/tmp/data/bench"), "xfs");
        assert_eq!(kind("/tmpfile"), "btrfs");
        let memory = Disk::find(mounts, Path::new("/tmp/bench")).expect("a disk");
        assert!(memory.is_memory());
    }

    #[test]
    fn a_flush_leaves_nothing_behind() {
        let dir = tempfile::tempdir().expect("a directory");
        let waits = flush(dir.path(), Duration::from_millis(5)).expect("flushes");
        assert!(waits.total() > 0 && waits.at(0.99) > 0.0);
        assert_eq!(size(dir.path()).expect("a size"), 0);
    }
}
