//! The time of the scheduler: wall time that never goes back.

use std::sync::Arc;
use std::time::Duration;

use rendezhook_domain::time::Timestamp;
use tokio::time::Instant;

use crate::clock::{Clock, ClockGuard};

/// How far the scheduler's time may be ahead of the wall clock before nothing is ended by it.
const TOLERANCE: Duration = Duration::from_secs(60);

/// Wall time, and after a wall clock was set back the time it would have shown, until it shows it again.
///
/// Due times stay comparable that way: a clock set back by an hour must not make every retry an hour late.
pub(super) struct SteadyTime {
    clock: Arc<dyn Clock>,
    guard: Arc<ClockGuard>,
    last: Timestamp,
    last_read_at: Instant,
    /// By how much `last` is ahead of the wall clock.
    ahead: Duration,
}

impl SteadyTime {
    pub(super) fn new(clock: Arc<dyn Clock>, guard: Arc<ClockGuard>) -> Self {
        let last = clock.now();
        Self { clock, guard, last, last_read_at: Instant::now(), ahead: Duration::ZERO }
    }

    /// The present instant, never before one given earlier.
    pub(super) fn now(&mut self) -> Timestamp {
        let read_at = Instant::now();
        let wall = self.clock.now();
        let elapsed = self.last.after(read_at.duration_since(self.last_read_at));
        if wall >= self.last {
            // Wall time leads as long as it goes forward, however fast or slow.
            (self.last, self.last_read_at) = (wall, read_at);
        } else if elapsed > self.last {
            (self.last, self.last_read_at) = (elapsed, read_at);
        }
        self.ahead = self.last.since(wall);
        self.last
    }

    /// Whether nothing may be ended for good by the instant given last: the wall clock was set lately, or it was set back and
    /// has not caught up yet, which may mean that it was wrong before and is right now.
    pub(super) fn is_in_doubt(&self) -> bool {
        // The guard is asked in any case: each question is also its look at the clocks.
        self.guard.is_in_doubt() || self.ahead > TOLERANCE
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicI64, Ordering};

    use super::*;

    struct Settable(AtomicI64);

    impl Clock for Settable {
        fn now(&self) -> Timestamp {
            Timestamp::from_milliseconds(self.0.load(Ordering::SeqCst))
        }
    }

    fn time_at(milliseconds: i64) -> (Arc<Settable>, SteadyTime) {
        let clock = Arc::new(Settable(AtomicI64::new(milliseconds)));
        let shared = Arc::clone(&clock) as Arc<dyn Clock>;
        let guard = Arc::new(ClockGuard::new(Arc::clone(&shared)));
        (clock, SteadyTime::new(shared, guard))
    }

    #[tokio::test(start_paused = true)]
    async fn follows_the_wall_clock_forward_and_the_monotonic_one_when_it_was_set_back() {
        let (clock, mut time) = time_at(1_000_000);
        clock.0.store(1_500_000, Ordering::SeqCst);
        assert_eq!(time.now().milliseconds(), 1_500_000);

        clock.0.store(400_000, Ordering::SeqCst);
        assert_eq!(time.now().milliseconds(), 1_500_000);
        tokio::time::advance(Duration::from_secs(7)).await;
        assert_eq!(time.now().milliseconds(), 1_507_000);

        clock.0.store(1_507_500, Ordering::SeqCst);
        assert_eq!(time.now().milliseconds(), 1_507_500);
    }

    #[tokio::test(start_paused = true)]
    async fn a_clock_set_back_is_in_doubt_until_it_has_caught_up() {
        let (clock, mut time) = time_at(10_000_000);
        time.now();
        assert!(!time.is_in_doubt());
        clock.0.store(10_000_000 - 3_600_000, Ordering::SeqCst);
        for minute in 1..60 {
            time.now();
            assert!(time.is_in_doubt(), "minute {minute}");
            tokio::time::advance(Duration::from_secs(60)).await;
            clock.0.fetch_add(60_000, Ordering::SeqCst);
        }
        // What the wall clock shows now is less than a minute from where the monotonic one has come to.
        clock.0.fetch_add(3_600_000, Ordering::SeqCst);
        time.now();
        assert!(time.is_in_doubt(), "it was set once more");
        tokio::time::advance(Duration::from_secs(600)).await;
        clock.0.fetch_add(600_000, Ordering::SeqCst);
        time.now();
        assert!(!time.is_in_doubt());
    }
}
