//! How fast the disk makes things durable: the limit of a publisher that waits for each answer.

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;
use std::time::{Duration, Instant};

use serde::Serialize;

/// How much is appended each time.
const BLOCK: [u8; 4096] = [0x5a; 4096];

/// Appending 4 KiB and waiting until they are on the disk, again and again.
#[derive(Debug, Clone, Copy, Serialize)]
pub(super) struct DiskFigures {
    /// How often a second.
    pub(super) syncs_per_second: f64,
    /// Half of them took at most so many milliseconds.
    pub(super) p50_ms: f64,
    /// Ninety-nine of a hundred.
    pub(super) p99_ms: f64,
}

/// Measures for this time, in a file that is removed again.
pub(super) fn measure(directory: &Path, time: Duration) -> io::Result<DiskFigures> {
    let path = directory.join("sync-probe");
    let figures = append(&mut File::create(&path)?, time);
    std::fs::remove_file(&path)?;
    figures
}

fn append(file: &mut File, time: Duration) -> io::Result<DiskFigures> {
    let mut latencies = Vec::new();
    let started = Instant::now();
    while started.elapsed() < time || latencies.is_empty() {
        let before = Instant::now();
        file.write_all(&BLOCK)?;
        file.sync_data()?;
        latencies.push(before.elapsed());
    }
    let elapsed = started.elapsed().as_secs_f64();
    latencies.sort_unstable();
    let at = |percent: usize| {
        let index = latencies.len().saturating_sub(1) * percent / 100;
        latencies.get(index).map_or(0.0, |latency| latency.as_secs_f64() * 1e3)
    };
    Ok(DiskFigures { syncs_per_second: latencies.len() as f64 / elapsed, p50_ms: at(50), p99_ms: at(99) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn measures_and_leaves_nothing_behind() {
        let directory = tempfile::tempdir().unwrap();
        let figures = measure(directory.path(), Duration::ZERO).unwrap();
        assert!(figures.syncs_per_second > 0.0 && figures.p50_ms <= figures.p99_ms, "{figures:?}");
        assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 0);
    }
}
