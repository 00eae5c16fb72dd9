//! Where the runtime takes the time from, and whether it can be trusted at the moment.

use std::time::{SystemTime, UNIX_EPOCH};

use rendezhook_domain::time::Timestamp;

mod guard;

pub use self::guard::{ClockGuard, ClockJump};

/// A source of wall time.
///
/// Attempts are scheduled, recorded and signed by wall time, since they outlive the process; how long the runtime sleeps
/// is measured on the monotonic clock, never longer than a second, so that a clock set anew is noticed within that time.
pub trait Clock: Send + Sync + 'static {
    /// The present instant.
    fn now(&self) -> Timestamp;
}

/// The clock of the machine.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        // A machine whose clock stands before 1970 has lost its time; the earliest instant then serves as well as any.
        let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp::EARLIEST.after(since_1970)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_system_clock_runs_after_this_was_written() {
        let written: Timestamp = "2026-01-01T00:00:00.000Z".parse().unwrap();
        assert!(SystemClock.now() > written);
    }
}
