//! When the next attempt of a failed delivery is due.

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

const SECOND: u64 = 1;
const MINUTE: u64 = 60;
const HOUR: u64 = 3_600;

/// The longest wait that a receiver can ask for with `Retry-After`.
pub const MAXIMUM_RETRY_AFTER: Duration = Duration::from_secs(24 * HOUR);

/// The shortest wait after an answer that says the receiver is overloaded.
pub const MINIMUM_OVERLOAD_DELAY: Duration = Duration::from_secs(MINUTE);

/// The waits before each attempt of a delivery, the first one included.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RetryPolicy {
    delays: Arc<[Duration]>,
}

/// The list cannot be a retry schedule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RetryPolicyError {
    /// No step, or too many.
    #[error("a retry schedule has {0} steps; give it 1 to 20")]
    Steps(usize),
    /// A step out of range.
    #[error("a step of a retry schedule is {0} seconds; use 1 second to 48 hours (172800)")]
    Step(u64),
    /// All steps together take too long.
    #[error("a retry schedule takes {0} seconds in all; at most 7 days (604800) are allowed")]
    Total(u64),
}

impl RetryPolicy {
    /// The schedule of the Standard Webhooks specification with two early tries added, since a booking is about to happen and
    /// most outages are deploys: 12 attempts over 75 h 42 min.
    #[must_use]
    pub fn standard() -> Self {
        let seconds = [
            0,
            5 * SECOND,
            30 * SECOND,
            2 * MINUTE,
            10 * MINUTE,
            30 * MINUTE,
            2 * HOUR,
            5 * HOUR,
            10 * HOUR,
            14 * HOUR,
            20 * HOUR,
            24 * HOUR,
        ];
        Self { delays: seconds.map(Duration::from_secs).into() }
    }

    /// A schedule whose first attempt is made at once and whose later ones wait as listed, in seconds.
    ///
    /// # Errors
    /// When there are none or more than 20 steps, a step is not between 1 second and 48 hours, or all take over 7 days.
    pub fn from_seconds(retries: &[u64]) -> Result<Self, RetryPolicyError> {
        if retries.is_empty() || retries.len() > 20 {
            return Err(RetryPolicyError::Steps(retries.len()));
        }
        if let Some(step) = retries.iter().find(|step| **step < SECOND || **step > 48 * HOUR) {
            return Err(RetryPolicyError::Step(*step));
        }
        let total: u64 = retries.iter().sum();
        if total > 7 * 24 * HOUR {
            return Err(RetryPolicyError::Total(total));
        }
        let delays = std::iter::once(0).chain(retries.iter().copied()).map(Duration::from_secs).collect();
        Ok(Self { delays })
    }

    /// A schedule of any steps, for trials in which hours have to pass in milliseconds.
    #[must_use]
    pub fn from_delays(delays: &[Duration]) -> Self {
        Self { delays: delays.into() }
    }

    /// The waits after the first attempt, in seconds: what [`RetryPolicy::from_seconds`] takes.
    #[must_use]
    pub fn seconds(&self) -> Vec<u64> {
        self.delays.iter().skip(1).map(Duration::as_secs).collect()
    }

    /// How many attempts there are at most.
    #[must_use]
    pub fn attempts(&self) -> u16 {
        u16::try_from(self.delays.len()).unwrap_or(u16::MAX)
    }

    /// The wait before the attempt that follows `failed` failed ones, without jitter; `None` when the schedule is used up.
    #[must_use]
    pub fn delay_after(&self, failed: u16) -> Option<Duration> {
        self.delays.get(usize::from(failed)).copied()
    }

    /// The wait before the next attempt.
    ///
    /// The scheduled delay is spread by ±20 % (`unit` is a random number from 0 to 1), is at least 60 s after an overload, and
    /// at least what the receiver asked for.
    #[must_use]
    pub fn next_delay(
        &self,
        failed: u16,
        unit: f64,
        overloaded: bool,
        retry_after: Option<Duration>,
    ) -> Option<Duration> {
        let scheduled = self.delay_after(failed)?;
        let spread = scheduled.mul_f64(0.8 + 0.4 * unit.clamp(0.0, 1.0));
        let floor = if overloaded { MINIMUM_OVERLOAD_DELAY } else { Duration::ZERO };
        let asked = retry_after.unwrap_or(Duration::ZERO).min(MAXIMUM_RETRY_AFTER);
        Some(spread.max(floor).max(asked))
    }
}

impl Serialize for RetryPolicy {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.seconds().serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for RetryPolicy {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let seconds = Vec::<u64>::deserialize(deserializer)?;
        Self::from_seconds(&seconds).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_standard_schedule_takes_seventy_five_hours_and_three_quarters() {
        let policy = RetryPolicy::standard();
        let total: u64 = policy.seconds().iter().sum();
        assert_eq!(policy.attempts(), 12);
        assert_eq!(total, 75 * HOUR + 42 * MINUTE + 35);
        assert_eq!(policy.delay_after(0), Some(Duration::ZERO));
        assert_eq!(policy.delay_after(12), None);
    }

    #[test]
    fn jitter_stays_within_a_fifth() {
        let policy = RetryPolicy::standard();
        let delay = |unit| policy.next_delay(1, unit, false, None).unwrap().as_secs_f64();
        assert!((delay(0.0) - 4.0).abs() < 1e-9);
        assert!((delay(1.0) - 6.0).abs() < 1e-9);
    }

    #[test]
    fn overload_and_retry_after_only_lengthen() {
        let policy = RetryPolicy::standard();
        let delay = |overloaded, after: Option<u64>| {
            policy.next_delay(1, 0.5, overloaded, after.map(Duration::from_secs)).unwrap().as_secs()
        };
        assert_eq!(delay(true, None), 60);
        assert_eq!(delay(false, Some(90)), 90);
        assert_eq!(delay(false, Some(0)), 5);
        assert_eq!(delay(false, Some(10 * 24 * HOUR)), 24 * HOUR);
    }

    #[test]
    fn refuses_schedules_out_of_bounds() {
        assert_eq!(RetryPolicy::from_seconds(&[]), Err(RetryPolicyError::Steps(0)));
        assert_eq!(RetryPolicy::from_seconds(&[0]), Err(RetryPolicyError::Step(0)));
        assert_eq!(RetryPolicy::from_seconds(&[172_800; 4]), Err(RetryPolicyError::Total(691_200)));
        assert_eq!(RetryPolicy::from_seconds(&[1, 2]).unwrap().seconds(), vec![1, 2]);
    }
}
