//! What a process has used, as Linux tells it under `/proc`.

use std::io;
use std::time::Duration;

/// Times of processes are told in hundredths of a second (`USER_HZ`) on every architecture this is built for.
const TICK: Duration = Duration::from_millis(10);

/// The memory of a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Memory {
    /// The most that was resident since it was last forgotten, in KiB (`VmHWM`).
    pub(super) peak_kib: u64,
    /// What is resident now, in KiB (`VmRSS`).
    pub(super) current_kib: u64,
}

/// User and system time of all threads of a process until now.
pub(super) fn processor_time(process: u32) -> io::Result<Duration> {
    let text = std::fs::read_to_string(format!("/proc/{process}/stat"))?;
    parse_stat(&text).ok_or_else(|| unreadable(process, "stat"))
}

/// The memory of a process.
pub(super) fn memory(process: u32) -> io::Result<Memory> {
    let text = std::fs::read_to_string(format!("/proc/{process}/status"))?;
    parse_status(&text).ok_or_else(|| unreadable(process, "status"))
}

/// Makes the kernel forget the peak, so that the next one belongs to what follows (`man 5 proc_pid_clear_refs`).
pub(super) fn forget_peak(process: u32) -> io::Result<()> {
    std::fs::write(format!("/proc/{process}/clear_refs"), "5")
}

fn unreadable(process: u32, file: &str) -> io::Error {
    io::Error::new(
        io::ErrorKind::InvalidData,
        format!("/proc/{process}/{file} has another form than expected"),
    )
}

/// Fields 14 and 15 of `/proc/<pid>/stat`, counted behind the name, which may contain anything.
fn parse_stat(text: &str) -> Option<Duration> {
    let (_, fields) = text.rsplit_once(") ")?;
    let mut times = fields.split(' ').skip(11);
    let user: u32 = times.next()?.parse().ok()?;
    let system: u32 = times.next()?.parse().ok()?;
    TICK.checked_mul(user.checked_add(system)?)
}

fn parse_status(text: &str) -> Option<Memory> {
    let value = |name: &str| -> Option<u64> {
        let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
        line.trim().strip_suffix("kB")?.trim_end().parse().ok()
    };
    Some(Memory { peak_kib: value("VmHWM")?, current_kib: value("VmRSS")? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_times_behind_a_name_with_brackets() {
        let text = "4711 (a) b (c) R 1 4711 4711 0 -1 4194304 1 0 0 0 250 50 0 0 20 0 8 0 1 2 3";
        assert_eq!(parse_stat(text), Some(Duration::from_secs(3)));
        assert_eq!(parse_stat("4711 (a) R 1"), None);
    }

    #[test]
    fn reads_memory_by_name() {
        let text = "Name:\tx\nVmPeak:\t  900 kB\nVmHWM:\t  512 kB\nVmRSS:\t  128 kB\nThreads:\t1\n";
        assert_eq!(parse_status(text), Some(Memory { peak_kib: 512, current_kib: 128 }));
        assert_eq!(parse_status("VmHWM:\t1 kB\n"), None);
    }

    #[test]
    fn reads_this_very_process() {
        let process = std::process::id();
        assert!(memory(process).unwrap().current_kib > 0);
        processor_time(process).unwrap();
    }
}
