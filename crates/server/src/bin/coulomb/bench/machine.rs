//! The machine in one line, without which figures say nothing.

use super::disk::Disk;
use std::{fs, num::NonZeroUsize, path::Path};

/// Cores, memory, kernel, and the disk below a directory.
pub fn line(dir: Option<&Path>) -> String {
    let cores = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
    let mut parts = vec![match processor() {
        Some(model) => format!("{cores} cores of {model}"),
        None => format!("{cores} cores"),
    }];
    parts.extend(memory().map(|gib| format!("{gib:.0} GiB")));
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease");
    parts.push(match kernel {
        Ok(release) => format!("Linux {}", release.trim()),
        Err(_) => std::env::consts::OS.to_owned(),
    });
    if let Some(dir) = dir {
        let disk = Disk::of(dir).map(|disk| format!("{} on {}", disk.kind, disk.device));
        parts.push(format!("data on {}", disk.as_deref().unwrap_or("a disk that is not told")));
    }
    let build = if cfg!(debug_assertions) { ", NOT BUILT AS IT SHIPS" } else { "" };
    format!("Machine:  {}\ncoulomb:  version {}{build}", parts.join(", "), env!("CARGO_PKG_VERSION"))
}

fn processor() -> Option<String> {
    let info = fs::read_to_string("/proc/cpuinfo").ok()?;
    let model = info.lines().find_map(|line| line.strip_prefix("model name")?.split_once(':'))?;
    Some(model.1.trim().to_owned())
}

/// In GiB.
fn memory() -> Option<f64> {
    let info = fs::read_to_string("/proc/meminfo").ok()?;
    let line = info.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    let kibibytes: f64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes / 1024.0 / 1024.0)
}
