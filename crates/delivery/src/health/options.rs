//! When failing is told and when it ends in disabling.

use std::time::Duration;

const HOUR: u64 = 3_600;

/// When failing is told and when it ends in disabling. The defaults are days where the breaker's are seconds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HealthOptions {
    /// An episode begins when so many different deliveries have had [`Self::failing_attempts`] failed attempts within a day…
    pub failing_deliveries: usize,
    /// …of so many attempts each…
    pub failing_attempts: u16,
    /// …or when a failure comes so long after the first one without a success in between.
    pub failing_after: Duration,
    /// How long after its beginning an episode is told again; ascending.
    pub reminders: Vec<Duration>,
    /// A subscription's failing is not told twice within this time.
    pub notice_interval: Duration,
    /// A subscription is disabled when nothing has succeeded for so long since the first failure…
    pub disable_after: Duration,
    /// …with at least so many failed attempts at the target itself…
    pub disable_attempts: u32,
    /// …over at least so long.
    pub disable_spread: Duration,
}

impl Default for HealthOptions {
    fn default() -> Self {
        Self {
            failing_deliveries: 5,
            failing_attempts: 4,
            failing_after: Duration::from_secs(HOUR),
            reminders: vec![Duration::from_secs(24 * HOUR), Duration::from_secs(72 * HOUR)],
            notice_interval: Duration::from_secs(12 * HOUR),
            disable_after: Duration::from_secs(5 * 24 * HOUR),
            disable_attempts: 20,
            disable_spread: Duration::from_secs(24 * HOUR),
        }
    }
}
