//! Notices that the wall clock was set.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rendezhook_domain::time::Timestamp;
use tokio::time::Instant;

use super::Clock;

/// By how much wall time may depart from monotonic time between two looks. More than this is no correction but another time.
const TOLERANCE: Duration = Duration::from_secs(60);
/// How long what cannot be taken back is held after the wall clock was set.
const HOLD: Duration = Duration::from_secs(600);
/// How old the instant is at most that looks are compared with: over a longer time ordinary corrections add up.
const RENEWAL: Duration = Duration::from_secs(60);

/// Notices that the wall clock was set, and says for how long it should not be relied upon.
///
/// Wall time decides what ends for good: a delivery that expires, a body that retention removes, a subscription that is
/// disabled after days of failure, a timer that fires. None of this can be taken back, so it is held for ten minutes after
/// wall time departed from monotonic time by more than a minute, in either direction: time for the machine to correct its
/// clock, or for a person to see it. Attempts go on meanwhile.
///
/// Every question is also a look at both clocks. The delivery side looks at least once a second.
pub struct ClockGuard {
    clock: Arc<dyn Clock>,
    state: Mutex<State>,
}

/// The wall clock was set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClockJump {
    /// By how many milliseconds it was set; negative when it was set back.
    pub by_milliseconds: i64,
    /// How long what cannot be taken back is still held.
    pub held_for: Duration,
}

#[derive(Debug)]
struct State {
    wall: Timestamp,
    monotonic: Instant,
    jump: Option<Jump>,
}

#[derive(Debug, Clone, Copy)]
struct Jump {
    by_milliseconds: i64,
    seen_at: Instant,
}

impl ClockGuard {
    /// A guard of this clock, which counts as right now.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        let state = State { wall: clock.now(), monotonic: Instant::now(), jump: None };
        Self { clock, state: Mutex::new(state) }
    }

    /// Whether what cannot be taken back has to wait because the wall clock was set lately.
    #[must_use]
    pub fn is_in_doubt(&self) -> bool {
        self.jump().is_some()
    }

    /// The jump for which things are held now, if there is one: the last, when there were several.
    #[must_use]
    pub fn jump(&self) -> Option<ClockJump> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let monotonic = Instant::now();
        state.look(self.clock.now(), monotonic);
        let jump = state.jump?;
        let held_for = HOLD.saturating_sub(monotonic.duration_since(jump.seen_at));
        Some(ClockJump { by_milliseconds: jump.by_milliseconds, held_for })
    }
}

impl State {
    fn look(&mut self, wall: Timestamp, monotonic: Instant) {
        let passed = monotonic.duration_since(self.monotonic);
        let expected = self.wall.after(passed);
        let departed = wall.since(expected).max(expected.since(wall));
        if departed > TOLERANCE {
            let by_milliseconds = wall.milliseconds().saturating_sub(expected.milliseconds());
            tracing::warn!(
                by_ms = by_milliseconds,
                hold_s = HOLD.as_secs(),
                "the machine's clock was set; deliveries go on, and what would end by time is held"
            );
            self.jump = Some(Jump { by_milliseconds, seen_at: monotonic });
        } else if self.jump.is_some_and(|jump| monotonic.duration_since(jump.seen_at) >= HOLD) {
            tracing::info!("the machine's clock is relied upon again");
            self.jump = None;
        }
        if departed > TOLERANCE || passed >= RENEWAL {
            (self.wall, self.monotonic) = (wall, monotonic);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicI64, Ordering};

    use super::*;

    /// Runs with tokio's clock, plus what a test sets.
    struct Settable {
        started: Instant,
        set_by: AtomicI64,
    }

    impl Clock for Settable {
        fn now(&self) -> Timestamp {
            let passed = i64::try_from(self.started.elapsed().as_millis()).unwrap();
            Timestamp::from_milliseconds(100_000_000 + passed + self.set_by.load(Ordering::SeqCst))
        }
    }

    fn guarded() -> (Arc<Settable>, ClockGuard) {
        let clock = Arc::new(Settable { started: Instant::now(), set_by: AtomicI64::new(0) });
        (Arc::clone(&clock), ClockGuard::new(clock))
    }

    async fn pass(seconds: u64) {
        tokio::time::advance(Duration::from_secs(seconds)).await;
    }

    #[tokio::test(start_paused = true)]
    async fn a_jump_either_way_holds_for_ten_minutes() {
        for by in [3_600_000, -3_600_000] {
            let (clock, guard) = guarded();
            pass(30).await;
            assert_eq!(guard.jump(), None);
            clock.set_by.store(by, Ordering::SeqCst);
            assert_eq!(guard.jump(), Some(ClockJump { by_milliseconds: by, held_for: HOLD }));
            pass(599).await;
            assert_eq!(guard.jump().unwrap().held_for, Duration::from_secs(1));
            pass(1).await;
            assert!(!guard.is_in_doubt());
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_second_jump_begins_the_hold_anew() {
        let (clock, guard) = guarded();
        clock.set_by.store(3_600_000, Ordering::SeqCst);
        assert!(guard.is_in_doubt());
        pass(300).await;
        clock.set_by.store(0, Ordering::SeqCst);
        assert_eq!(guard.jump(), Some(ClockJump { by_milliseconds: -3_600_000, held_for: HOLD }));
        pass(400).await;
        assert!(guard.is_in_doubt());
    }

    #[tokio::test(start_paused = true)]
    async fn a_clock_that_is_slewed_for_a_day_is_relied_upon() {
        let (clock, guard) = guarded();
        for minute in 1..=1_440 {
            pass(60).await;
            // Half a second a minute is far more than any correction by slewing.
            clock.set_by.store(minute * 500, Ordering::SeqCst);
            assert!(!guard.is_in_doubt(), "minute {minute}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_minute_is_tolerated_and_more_is_not() {
        let (clock, guard) = guarded();
        clock.set_by.store(60_000, Ordering::SeqCst);
        assert!(!guard.is_in_doubt());
        clock.set_by.store(60_001, Ordering::SeqCst);
        assert!(guard.is_in_doubt());
    }
}
