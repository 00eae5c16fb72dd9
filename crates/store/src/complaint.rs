//! Log lines about a fault that stays: while a disk is full, every request fails, and the log may lie on the same disk.

use std::time::{Duration, Instant};

use crate::error::StoreError;

/// The time between two lines about the same fault.
const INTERVAL: Duration = Duration::from_secs(10);

/// Writes about the same fault now and then only.
#[derive(Debug, Default)]
pub struct Complaint {
    written_at: Option<Instant>,
    unwritten: u64,
}

impl Complaint {
    /// Has a line written unless one was in the last ten seconds; it is given how often the fault came in between.
    pub fn write(&mut self, line: impl FnOnce(u64)) {
        if self.written_at.is_some_and(|at| at.elapsed() < INTERVAL) {
            self.unwritten += 1;
            return;
        }
        line(std::mem::take(&mut self.unwritten));
        self.written_at = Some(Instant::now());
    }

    /// The line about what the store could not do and is asked for again.
    pub fn warn(&mut self, error: &StoreError, what: &'static str) {
        self.write(|before| {
            tracing::warn!(
                error = error as &dyn std::error::Error,
                failures_before = before,
                "{what}; it is tried again"
            );
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_repeated_is_counted() {
        let mut complaint = Complaint::default();
        let mut lines = Vec::new();
        for _ in 0..5 {
            complaint.write(|before| lines.push(before));
        }
        assert_eq!(lines, [0]);
        complaint.written_at = None;
        complaint.write(|before| lines.push(before));
        assert_eq!(lines, [0, 4]);
    }
}
