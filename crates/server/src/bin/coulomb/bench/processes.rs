//! What the machine says of processes: CPU time, bytes written, memory, what else was busy. Linux tells it in /proc;
//! elsewhere these figures are missing and everything else is measured all the same.

use std::{fs, time::Duration};

/// Linux counts CPU time for its readers in hundredths of a second, on every machine.
const TICK: Duration = Duration::from_millis(10);

/// What was spent so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Spent {
    /// CPU time of the server under test, where its process is known.
    pub server: Option<Duration>,
    /// CPU time of this process.
    pub tool: Option<Duration>,
    /// CPU time of everything on the machine.
    pub machine: Option<Duration>,
    /// Bytes that the server has sent to disks.
    pub written: Option<u64>,
}

impl Spent {
    /// As it is now, with the server's process where that is known.
    pub fn now(server: Option<u32>) -> Spent {
        Spent {
            server: server.and_then(|pid| of_process(&pid.to_string())),
            tool: of_process("self"),
            machine: of_machine(),
            written: server.and_then(written),
        }
    }

    /// What was used since an earlier look.
    pub fn since(self, earlier: Spent) -> Spent {
        let since = |now: Option<Duration>, then: Option<Duration>| Some(now?.saturating_sub(then?));
        Spent {
            server: since(self.server, earlier.server),
            tool: since(self.tool, earlier.tool),
            machine: since(self.machine, earlier.machine),
            written: self.written.zip(earlier.written).map(|(now, then)| now.saturating_sub(then)),
        }
    }

    /// CPU time of neither of the two.
    pub fn others(self) -> Option<Duration> {
        let ours = self.server.unwrap_or_default() + self.tool.unwrap_or_default();
        Some(self.machine?.saturating_sub(ours))
    }
}

fn of_process(process: &str) -> Option<Duration> {
    cpu_of_process(&fs::read_to_string(format!("/proc/{process}/stat")).ok()?)
}

/// Of `/proc/PID/stat`: user and system time are the 14th and the 15th field. The second is a name in parentheses, which
/// may have anything in it.
fn cpu_of_process(stat: &str) -> Option<Duration> {
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_ascii_whitespace().collect();
    let ticks = |place: usize| fields.get(place - 3)?.parse::<u32>().ok();
    Some(TICK * ticks(14)?.saturating_add(ticks(15)?))
}

fn of_machine() -> Option<Duration> {
    cpu_of_machine(&fs::read_to_string("/proc/stat").ok()?)
}

/// Of `/proc/stat`: everything on the first line but idling and waiting for disks. Guests are counted among users already.
fn cpu_of_machine(stat: &str) -> Option<Duration> {
    let line = stat.lines().next()?.strip_prefix("cpu ")?;
    let ticks: Vec<u64> = line.split_ascii_whitespace().map_while(|field| field.parse().ok()).collect();
    let [user, nice, system, _idle, _waiting, interrupts, soft_interrupts, stolen, ..] = ticks.as_slice()
    else {
        return None;
    };
    let busy = user + nice + system + interrupts + soft_interrupts + stolen;
    Some(Duration::from_millis(busy.saturating_mul(10)))
}

fn written(process: u32) -> Option<u64> {
    written_by(&fs::read_to_string(format!("/proc/{process}/io")).ok()?)
}

/// Of `/proc/PID/io`: what it caused to be written, whenever that happens.
fn written_by(io: &str) -> Option<u64> {
    io.lines().find_map(|line| line.strip_prefix("write_bytes:"))?.trim().parse().ok()
}

/// Memory of a process, in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Memory {
    /// All that is resident.
    pub resident: u64,
    /// Its own, which nothing but swapping could give back.
    pub anonymous: u64,
    /// Pages of files that it has mapped, the program itself among them: shared, and given back when others need it.
    pub files: u64,
    /// The most that was ever resident.
    pub peak: u64,
}

impl Memory {
    /// As it is now; nothing where the machine does not say.
    pub fn of(process: u32) -> Option<Memory> {
        Memory::parse(&fs::read_to_string(format!("/proc/{process}/status")).ok()?)
    }

    fn parse(status: &str) -> Option<Memory> {
        let of = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
            let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
            Some(kibibytes * 1024)
        };
        Some(Memory {
            resident: of("VmRSS")?,
            anonymous: of("RssAnon")?,
            files: of("RssFile")? + of("RssShmem")?,
            peak: of("VmHWM")?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cpu_time_is_found_behind_a_name_with_blanks_and_parentheses() {
        let stat = "42 (a) (b c) S 1 2 3 4 5 6 7 8 9 10 150 50 0 0 20";
        assert_eq!(cpu_of_process(stat), Some(Duration::from_secs(2)));
        assert_eq!(cpu_of_process("nonsense"), None);
    }

    #[test]
    fn a_machine_that_idles_is_not_busy() {
        let stat = "cpu  100 0 50 9999 777 0 25 25 0 0\ncpu0 1 2 3\n";
        assert_eq!(cpu_of_machine(stat), Some(Duration::from_secs(2)));
    }

    #[test]
    fn bytes_for_disks_are_not_those_for_other_processes() {
        let io = "rchar: 1\nwchar: 99\nsyscr: 2\nwrite_bytes: 4096\ncancelled_write_bytes: 7\n";
        assert_eq!(written_by(io), Some(4_096));
    }

    #[test]
    fn memory_of_its_own_is_told_apart_from_pages_of_files() {
        let status = "Name:\tcoulomb\nVmHWM:\t    4096 kB\nVmRSS:\t    3072 kB\nRssAnon:\t    2048 kB\nRssFile:\t     960 kB\nRssShmem:\t      64 kB\n";
        let memory = Memory { resident: 3 << 20, anonymous: 2 << 20, files: 1 << 20, peak: 4 << 20 };
        assert_eq!(Memory::parse(status), Some(memory));
        assert_eq!(Memory::parse("Name:\tcoulomb\n"), None);
    }

    #[test]
    fn others_are_whoever_is_left() {
        let spent = Spent {
            server: Some(Duration::from_secs(3)),
            tool: Some(Duration::from_secs(2)),
            machine: Some(Duration::from_secs(6)),
            written: None,
        };
        assert_eq!(spent.others(), Some(Duration::from_secs(1)));
        assert_eq!(Spent::default().others(), None);
    }
}
