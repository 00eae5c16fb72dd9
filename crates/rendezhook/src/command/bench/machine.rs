//! On what it was measured.

use std::fs;
use std::path::{Path, PathBuf};

use serde::Serialize;

/// The machine, as far as figures depend on it.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Machine {
    /// Processors this process may use.
    pub(super) cores: usize,
    /// What the processor calls itself.
    pub(super) processor: String,
    /// Memory in MiB.
    pub(super) memory_mib: u64,
    /// The release of Linux.
    pub(super) kernel: String,
    /// The version of the database.
    pub(super) sqlite: &'static str,
    /// Where the data lies.
    pub(super) data: PathBuf,
    /// The file system there.
    pub(super) file_system: String,
}

impl Machine {
    /// Looks at this machine; `data` is where the server will keep its data.
    pub(super) fn here(data: &Path) -> Self {
        let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
        let data = data.canonicalize().unwrap_or_else(|_missing| data.to_owned());
        let value = |text: &str, name: &str| {
            let line = text.lines().find_map(|line| line.strip_prefix(name)?.trim_start().strip_prefix(':'));
            line.unwrap_or_default().trim().to_owned()
        };
        let memory = value(&read("/proc/meminfo"), "MemTotal");
        let memory_kib: u64 = memory.trim_end_matches("kB").trim().parse().unwrap_or_default();
        Self {
            cores: std::thread::available_parallelism().map_or(1, usize::from),
            processor: value(&read("/proc/cpuinfo"), "model name"),
            memory_mib: memory_kib / 1024,
            kernel: read("/proc/sys/kernel/osrelease").trim().to_owned(),
            sqlite: rendezhook_store::sqlite::version(),
            file_system: file_system(&read("/proc/self/mountinfo"), &data).unwrap_or("unknown").to_owned(),
            data,
        }
    }

    /// Whether the data lies in memory, where making it durable costs nothing and means nothing.
    pub(super) fn is_in_memory(&self) -> bool {
        matches!(self.file_system.as_str(), "tmpfs" | "ramfs")
    }
}

/// The type of the file system on which a path lies, from the text of `/proc/self/mountinfo`.
fn file_system<'a>(mounts: &'a str, path: &Path) -> Option<&'a str> {
    let mount = |line: &'a str| {
        // The number of optional fields before the hyphen varies (`man 5 proc_pid_mountinfo`).
        let (place, kind) = line.split_once(" - ")?;
        Some((Path::new(place.split(' ').nth(4)?), kind.split(' ').next()?))
    };
    mounts
        .lines()
        .filter_map(mount)
        .filter(|(point, _)| path.starts_with(point))
        .max_by_key(|(point, _)| point.components().count())
        .map(|(_, kind)| kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOUNTS: &str = "\
22 1 254:1 / / rw,relatime shared:1 - ext4 /dev/vda1 rw
30 22 0:25 / /tmp rw,nosuid shared:10 master:2 - tmpfs tmpfs rw
31 22 254:2 / /tmp/disk rw - xfs /dev/vdb rw
";

    #[test]
    fn the_deepest_mount_counts() {
        assert_eq!(file_system(MOUNTS, Path::new("/home/target")), Some("ext4"));
        assert_eq!(file_system(MOUNTS, Path::new("/tmp/x")), Some("tmpfs"));
        assert_eq!(file_system(MOUNTS, Path::new("/tmp/disk/x")), Some("xfs"));
        assert_eq!(file_system(MOUNTS, Path::new("/tmpfile")), Some("ext4"));
        assert_eq!(file_system("", Path::new("/")), None);
    }
}
