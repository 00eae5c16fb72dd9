//! The breaker of an endpoint: it spares one that cannot be reached, and finds out by single probes when it can be again.
//!
//! It opens on five straight failures that say something about the endpoint as a whole, or when of at least ten attempts within
//! a minute 70 % failed like that. While it is open nothing starts but tests and, after 30 s, one probe: deliveries wait and use
//! up no attempts. Each probe that fails doubles the wait, up to ten minutes.
//!
//! One that gets through leaves the breaker half open: the window grows from one again. An endpoint that loses every second
//! attempt can take half of what waits, and would take next to nothing if each failure opened the breaker again. So two straight
//! ones do. An attempt that gets through closes it when the window is eight by then, or when ten attempts have ended: without two
//! straight failures at least half of them got through. Each time it opens the first wait is twice as long, until it was closed or
//! half open for a minute.

use std::time::Duration;

use rendezhook_domain::time::Timestamp;

use super::effect::BreakerState;

/// So many straight failures open it.
const STRAIGHT_FAILURES: u8 = 5;
/// Fewer attempts than that within a minute say nothing about their share of failures.
const TELLING_ATTEMPTS: u32 = 10;
/// The share of failures that opens it, in percent.
const FAILING_PERCENT: u32 = 70;
/// The wait before the first probe, before it is spread by ±20 %.
const FIRST_PROBE: Duration = Duration::from_secs(30);
/// The longest wait between two probes.
const LONGEST_WAIT: Duration = Duration::from_secs(600);
/// The window at which a half-open breaker counts as closed.
pub(super) const CLOSED_AT_WINDOW: u32 = 8;
/// So many attempts that ended while it was half open close it, however small the window is.
const CLOSED_AFTER: u8 = 10;
/// So many straight failures open a half-open one again.
const STRAIGHT_FAILURES_HALF_OPEN: u8 = 2;
/// Half open for so long, it has stood the test: should it open again, the wait is the first one.
const PROVEN_AFTER: Duration = Duration::from_secs(60);

/// What an attempt says about its endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sign {
    /// It answers.
    Alive,
    /// It cannot be reached, or is overloaded.
    Failing,
    /// Nothing: the attempt was never made.
    Silent,
}

/// Whether an attempt started while the breaker was open, and why.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Errand {
    /// As any other.
    #[default]
    Usual,
    /// To see whether the endpoint is back.
    Probe,
    /// A test, which asks no breaker.
    Test,
}

/// The breaker of one endpoint.
#[derive(Debug, Default)]
pub(super) struct Breaker {
    state: State,
    straight_failures: u8,
    /// How often it opened, or a probe failed, since it was closed or half open for long.
    setbacks: u8,
    recent: RecentAttempts,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum State {
    #[default]
    Closed,
    Open {
        since: Timestamp,
        next_probe_at: Timestamp,
        probing: bool,
    },
    HalfOpen {
        since: Timestamp,
        /// Attempts that have ended since.
        attempts: u8,
    },
}

impl Breaker {
    /// Whether attempts other than tests may start. While it is open that is a probe.
    pub(super) fn allows(&self, now: Timestamp) -> bool {
        match self.state {
            State::Closed | State::HalfOpen { .. } => true,
            State::Open { next_probe_at, probing, .. } => !probing && next_probe_at <= now,
        }
    }

    pub(super) fn is_open(&self) -> bool {
        matches!(self.state, State::Open { .. })
    }

    /// The earliest moment at which a probe can start; none unless it is open.
    pub(super) fn next_probe_at(&self) -> Option<Timestamp> {
        match self.state {
            State::Open { next_probe_at, .. } => Some(next_probe_at),
            State::Closed | State::HalfOpen { .. } => None,
        }
    }

    /// How it stands, for others to see.
    pub(super) fn shown(&self) -> BreakerState {
        match self.state {
            State::Closed => BreakerState::Closed,
            State::Open { since, next_probe_at, .. } => BreakerState::Open { since, next_probe_at },
            State::HalfOpen { since, .. } => BreakerState::HalfOpen { since },
        }
    }

    /// Notes that an attempt starts; answers what it is for.
    pub(super) fn start(&mut self, test: bool) -> Errand {
        match &mut self.state {
            State::Open { .. } if test => Errand::Test,
            State::Open { probing, .. } => {
                *probing = true;
                Errand::Probe
            }
            State::Closed | State::HalfOpen { .. } => Errand::Usual,
        }
    }

    /// Takes in how an attempt ended. `window` is the endpoint's by now, `unit` a random number from 0 to 1.
    ///
    /// Attempts that were under way already when the breaker opened say nothing new.
    pub(super) fn end(&mut self, sign: Sign, errand: Errand, window: u32, now: Timestamp, unit: f64) {
        match (self.state, sign) {
            (State::Open { since, .. }, _) if errand == Errand::Probe => match sign {
                Sign::Alive => self.half_open(now),
                Sign::Failing => self.open(since, now, unit),
                Sign::Silent => {
                    let next_probe_at = now.after(spread(Duration::from_secs(1), unit));
                    self.state = State::Open { since, next_probe_at, probing: false };
                }
            },
            (State::Open { .. }, Sign::Alive) if errand == Errand::Test => self.half_open(now),
            (State::Open { .. }, _) | (_, Sign::Silent) => {}
            (State::Closed, Sign::Alive) => {
                self.straight_failures = 0;
                self.recent.note(now, false);
            }
            (State::Closed, Sign::Failing) => {
                self.straight_failures = self.straight_failures.saturating_add(1);
                self.recent.note(now, true);
                if self.straight_failures >= STRAIGHT_FAILURES || self.recent.mostly_failed() {
                    self.open(now, now, unit);
                }
            }
            (State::HalfOpen { since, attempts }, Sign::Alive) => {
                let attempts = attempts.saturating_add(1);
                self.straight_failures = 0;
                self.state = State::HalfOpen { since, attempts };
                if window >= CLOSED_AT_WINDOW || attempts >= CLOSED_AFTER {
                    *self = Self::default();
                }
            }
            (State::HalfOpen { since, attempts }, Sign::Failing) => {
                self.straight_failures = self.straight_failures.saturating_add(1);
                self.state = State::HalfOpen { since, attempts: attempts.saturating_add(1) };
                if self.straight_failures >= STRAIGHT_FAILURES_HALF_OPEN {
                    if now.since(since) >= PROVEN_AFTER {
                        self.setbacks = 0;
                    }
                    self.open(now, now, unit);
                }
            }
        }
    }

    fn open(&mut self, since: Timestamp, now: Timestamp, unit: f64) {
        let factor = 1_u32.checked_shl(u32::from(self.setbacks)).unwrap_or(u32::MAX);
        let wait = FIRST_PROBE.saturating_mul(factor).min(LONGEST_WAIT);
        self.setbacks = self.setbacks.saturating_add(1);
        self.state = State::Open { since, next_probe_at: now.after(spread(wait, unit)), probing: false };
    }

    fn half_open(&mut self, now: Timestamp) {
        self.state = State::HalfOpen { since: now, attempts: 0 };
        self.straight_failures = 0;
        self.recent = RecentAttempts::default();
    }
}

/// Probes of many endpoints that failed together are not made together.
fn spread(wait: Duration, unit: f64) -> Duration {
    wait.mul_f64(0.8 + 0.4 * unit)
}

/// How many buckets make a minute.
const BUCKETS: usize = 6;
/// How long a bucket lasts, in milliseconds.
const BUCKET: i64 = 10_000;

/// Attempts of the last minute, in buckets of ten seconds: all of them and those that failed.
#[derive(Debug, Default)]
struct RecentAttempts {
    buckets: [(u16, u16); BUCKETS],
    /// Counts the buckets since 1970; the last one written to.
    current: i64,
}

impl RecentAttempts {
    fn note(&mut self, now: Timestamp, failed: bool) {
        let index = now.milliseconds().div_euclid(BUCKET);
        let passed = usize::try_from(index.saturating_sub(self.current)).unwrap_or(0).min(BUCKETS);
        // The newest bucket comes last.
        self.buckets.rotate_left(passed % BUCKETS);
        for bucket in self.buckets.iter_mut().rev().take(passed) {
            *bucket = (0, 0);
        }
        self.current = self.current.max(index);
        if let Some((attempts, failures)) = self.buckets.last_mut() {
            *attempts = attempts.saturating_add(1);
            *failures = failures.saturating_add(u16::from(failed));
        }
    }

    fn mostly_failed(&self) -> bool {
        let attempts: u32 = self.buckets.iter().map(|(attempts, _)| u32::from(*attempts)).sum();
        let failures: u32 = self.buckets.iter().map(|(_, failures)| u32::from(*failures)).sum();
        attempts >= TELLING_ATTEMPTS && failures * 100 >= attempts * FAILING_PERCENT
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_milliseconds(1_000_000_000 + seconds * 1_000)
    }

    fn end(breaker: &mut Breaker, sign: Sign, seconds: i64) {
        let errand = breaker.start(false);
        breaker.end(sign, errand, 1, at(seconds), 0.5);
    }

    #[test]
    fn five_straight_failures_open_it() {
        let mut breaker = Breaker::default();
        for sign in [Sign::Failing, Sign::Failing, Sign::Failing, Sign::Failing, Sign::Alive] {
            end(&mut breaker, sign, 0);
        }
        for second in 1..=5 {
            assert!(!breaker.is_open());
            end(&mut breaker, Sign::Failing, second * 100);
        }
        assert_eq!(breaker.shown(), BreakerState::Open { since: at(500), next_probe_at: at(530) });
    }

    #[test]
    fn seven_failures_of_ten_within_a_minute_open_it() {
        let signs = |alive: [usize; 3]| {
            (0..10).map(move |index| if alive.contains(&index) { Sign::Alive } else { Sign::Failing })
        };
        let played = |apart: i64, alive| {
            let mut breaker = Breaker::default();
            for (second, sign) in (0..).zip(signs(alive)) {
                end(&mut breaker, sign, second * apart);
            }
            breaker.is_open()
        };
        assert!(played(5, [2, 5, 8]));
        assert!(!played(7, [2, 5, 8]), "they take more than a minute");
        assert!(!played(5, [0, 4, 9]), "nine attempts say nothing, and the tenth is a success");
    }

    #[test]
    fn probes_come_at_doubling_distances_up_to_ten_minutes() {
        let mut breaker = Breaker::default();
        for _ in 0..5 {
            end(&mut breaker, Sign::Failing, 0);
        }
        let mut now = 0;
        for wait in [30, 60, 120, 240, 480, 600, 600] {
            assert!(!breaker.allows(at(now + wait - 1)));
            assert!(breaker.allows(at(now + wait)));
            now += wait;
            assert_eq!(breaker.start(false), Errand::Probe);
            assert!(!breaker.allows(at(now + 10_000)), "one probe at a time");
            breaker.end(Sign::Failing, Errand::Probe, 1, at(now), 0.5);
        }
    }

    /// One that is half open at second 0, after so many waits for a probe.
    fn half_open(waits: u32) -> Breaker {
        let mut breaker = Breaker::default();
        for _ in 0..5 {
            end(&mut breaker, Sign::Failing, -10_000);
        }
        for _ in 1..waits {
            breaker.end(Sign::Failing, Errand::Probe, 1, at(-5_000), 0.5);
        }
        breaker.end(Sign::Alive, Errand::Probe, 2, at(0), 0.5);
        assert_eq!(breaker.shown(), BreakerState::HalfOpen { since: at(0) });
        breaker
    }

    #[test]
    fn what_gets_through_leaves_it_half_open_until_the_window_has_grown() {
        let mut breaker = Breaker::default();
        for _ in 0..5 {
            end(&mut breaker, Sign::Failing, 0);
        }
        breaker.end(Sign::Alive, Errand::Usual, 1, at(1), 0.5);
        assert!(breaker.is_open(), "an answer to an earlier attempt says nothing new");
        assert_eq!(breaker.start(true), Errand::Test);
        breaker.end(Sign::Alive, Errand::Test, 1, at(2), 0.5);
        assert_eq!(breaker.shown(), BreakerState::HalfOpen { since: at(2) });
        breaker.end(Sign::Alive, Errand::Usual, 7, at(64), 0.5);
        assert_ne!(breaker.shown(), BreakerState::Closed);
        breaker.end(Sign::Alive, Errand::Usual, 8, at(65), 0.5);
        assert_eq!(breaker.shown(), BreakerState::Closed);
    }

    #[test]
    fn half_open_two_straight_failures_open_it_for_twice_as_long() {
        let mut breaker = half_open(1);
        for sign in [Sign::Failing, Sign::Silent, Sign::Alive, Sign::Failing, Sign::Silent] {
            end(&mut breaker, sign, 1);
            assert_eq!(breaker.shown(), BreakerState::HalfOpen { since: at(0) }, "after {sign:?}");
        }
        end(&mut breaker, Sign::Failing, 2);
        assert_eq!(breaker.shown(), BreakerState::Open { since: at(2), next_probe_at: at(62) });
        breaker.end(Sign::Alive, Errand::Probe, 2, at(62), 0.5);
        end(&mut breaker, Sign::Failing, 63);
        end(&mut breaker, Sign::Failing, 63);
        assert_eq!(
            breaker.next_probe_at(),
            Some(at(63 + 120)),
            "a failure of before is forgotten, a setback is not"
        );
    }

    #[test]
    fn half_open_it_is_closed_by_what_gets_through_once_ten_attempts_have_ended() {
        let closes_after = |signs: [Sign; 2]| {
            let mut breaker = half_open(1);
            let ended = signs.into_iter().cycle().position(|sign| {
                end(&mut breaker, sign, 1);
                breaker.shown() == BreakerState::Closed
            });
            ended.map(|before| before + 1)
        };
        assert_eq!(closes_after([Sign::Alive, Sign::Alive]), Some(10), "its window stays at one");
        assert_eq!(closes_after([Sign::Failing, Sign::Alive]), Some(10));
        assert_eq!(closes_after([Sign::Alive, Sign::Failing]), Some(11), "a failure closes nothing");
        assert_eq!(closes_after([Sign::Silent, Sign::Alive]), Some(20), "what was never made does not count");
    }

    #[test]
    fn one_that_was_half_open_for_a_minute_waits_as_if_for_the_first_time() {
        for (seconds, wait) in [(59, 240), (60, 30)] {
            let mut breaker = half_open(3);
            end(&mut breaker, Sign::Failing, 1);
            end(&mut breaker, Sign::Alive, 2);
            end(&mut breaker, Sign::Failing, seconds);
            end(&mut breaker, Sign::Failing, seconds);
            assert_eq!(breaker.next_probe_at(), Some(at(seconds + wait)));
            breaker.end(Sign::Failing, Errand::Probe, 1, at(1_000), 0.5);
            assert_eq!(breaker.next_probe_at(), Some(at(1_000 + (2 * wait).min(600))));
        }
    }
}
