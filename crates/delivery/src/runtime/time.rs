//! The time of the scheduler: wall time that never goes back.

use std::sync::Arc;

use rendezhook_domain::time::Timestamp;
use tokio::time::Instant;

use crate::clock::Clock;

/// Wall time, and after a wall clock was set back the time it would have shown, until it shows it again.
///
/// Due times stay comparable that way: a clock set back by an hour must not make every retry an hour late.
pub(super) struct SteadyTime {
    clock: Arc<dyn Clock>,
    last: Timestamp,
    last_read_at: Instant,
}

impl SteadyTime {
    pub(super) fn new(clock: Arc<dyn Clock>) -> Self {
        let last = clock.now();
        Self { clock, last, last_read_at: Instant::now() }
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
        self.last
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicI64, Ordering};
    use std::time::Duration;

    use super::*;

    struct Settable(AtomicI64);

    impl Clock for Settable {
        fn now(&self) -> Timestamp {
            Timestamp::from_milliseconds(self.0.load(Ordering::SeqCst))
        }
    }

    #[tokio::test(start_paused = true)]
    async fn follows_the_wall_clock_forward_and_the_monotonic_one_when_it_was_set_back() {
        let clock = Arc::new(Settable(AtomicI64::new(1_000_000)));
        let mut time = SteadyTime::new(Arc::clone(&clock) as Arc<dyn Clock>);
        clock.0.store(1_500_000, Ordering::SeqCst);
        assert_eq!(time.now().milliseconds(), 1_500_000);

        clock.0.store(400_000, Ordering::SeqCst);
        assert_eq!(time.now().milliseconds(), 1_500_000);
        tokio::time::advance(Duration::from_secs(7)).await;
        assert_eq!(time.now().milliseconds(), 1_507_000);

        clock.0.store(1_507_500, Ordering::SeqCst);
        assert_eq!(time.now().milliseconds(), 1_507_500);
    }
}
