//! What came of a run.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use hdrhistogram::{CreationError, Histogram};

/// Latencies are kept in nanoseconds up to this one; longer ones count as this one.
const LONGEST_LATENCY: Duration = Duration::from_secs(3600);
/// Three digits keep a latency to a tenth of a percent.
const SIGNIFICANT_DIGITS: u8 = 3;

/// Why a request has no status.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum FailureKind {
    /// A new connection was refused or failed.
    Connect,
    /// The connection broke before the whole answer was there.
    Broken,
    /// The answer took too long.
    TimedOut,
    /// The answer is not HTTP/1.1.
    Malformed,
}

impl fmt::Display for FailureKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Connect => "connection refused",
            Self::Broken => "connection broken",
            Self::TimedOut => "timed out",
            Self::Malformed => "malformed answer",
        })
    }
}

/// The outcome of a run.
#[derive(Clone, Debug)]
pub struct LoadReport {
    /// From the first request to the last answer.
    pub elapsed: Duration,
    /// How often each status was answered.
    pub statuses: BTreeMap<u16, u64>,
    /// How often a request got no whole answer, by reason.
    pub failures: BTreeMap<FailureKind, u64>,
    /// Latencies of all answered requests in nanoseconds, to three digits, at most an hour.
    pub latencies: Histogram<u64>,
}

/// Points of the latency distribution.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LatencySummary {
    /// Half of the requests were answered within this time.
    pub p50: Duration,
    /// Nine of ten.
    pub p90: Duration,
    /// Ninety-nine of a hundred.
    pub p99: Duration,
    /// The slowest.
    pub max: Duration,
}

impl LoadReport {
    /// How many requests were answered, with whatever status.
    #[must_use]
    pub fn answered(&self) -> u64 {
        self.statuses.values().sum()
    }

    /// Answered requests per second.
    #[must_use]
    pub fn answered_per_second(&self) -> f64 {
        let seconds = self.elapsed.as_secs_f64();
        if seconds == 0.0 { 0.0 } else { self.answered() as f64 / seconds }
    }

    /// The latency that the given share of the answered requests, 0 to 1, did not exceed.
    #[must_use]
    pub fn latency_at(&self, share: f64) -> Duration {
        Duration::from_nanos(self.latencies.value_at_quantile(share))
    }

    /// The usual points of the latency distribution; all zero if nothing was answered.
    #[must_use]
    pub fn latency(&self) -> LatencySummary {
        LatencySummary {
            p50: self.latency_at(0.5),
            p90: self.latency_at(0.9),
            p99: self.latency_at(0.99),
            max: Duration::from_nanos(self.latencies.max()),
        }
    }
}

/// A report in the making.
#[derive(Clone, Debug)]
pub(super) struct Tally {
    statuses: BTreeMap<u16, u64>,
    failures: BTreeMap<FailureKind, u64>,
    latencies: Histogram<u64>,
}

impl Tally {
    pub(super) fn new() -> Result<Self, CreationError> {
        let latencies = Histogram::new_with_bounds(1, nanoseconds(LONGEST_LATENCY), SIGNIFICANT_DIGITS)?;
        Ok(Self { statuses: BTreeMap::new(), failures: BTreeMap::new(), latencies })
    }

    pub(super) fn record(&mut self, outcome: Result<u16, FailureKind>, latency: Duration) {
        match outcome {
            Ok(status) => {
                *self.statuses.entry(status).or_default() += 1;
                self.latencies.saturating_record(nanoseconds(latency));
            }
            Err(kind) => *self.failures.entry(kind).or_default() += 1,
        }
    }

    pub(super) fn into_report(self, elapsed: Duration) -> LoadReport {
        LoadReport { elapsed, statuses: self.statuses, failures: self.failures, latencies: self.latencies }
    }
}

fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_counts_and_orders_what_was_recorded() {
        let mut tally = Tally::new().unwrap();
        for milliseconds in 1..=100 {
            let status = if milliseconds <= 99 { 204 } else { 500 };
            tally.record(Ok(status), Duration::from_millis(milliseconds));
        }
        tally.record(Err(FailureKind::TimedOut), Duration::from_secs(30));
        let report = tally.into_report(Duration::from_secs(2));

        assert_eq!(report.statuses, BTreeMap::from([(204, 99), (500, 1)]));
        assert_eq!(report.failures, BTreeMap::from([(FailureKind::TimedOut, 1)]));
        assert!((report.answered_per_second() - 50.0).abs() < 1e-9);
        let latency = report.latency();
        for (found, expected) in [(latency.p50, 50), (latency.p90, 90), (latency.p99, 99), (latency.max, 100)]
        {
            let difference = found.abs_diff(Duration::from_millis(expected));
            assert!(difference <= found / 1000, "{found:?} instead of {expected} ms");
        }
    }

    #[test]
    fn an_empty_report_is_all_zero() {
        let report = Tally::new().unwrap().into_report(Duration::ZERO);
        assert_eq!(report.latency().max, Duration::ZERO);
        assert!(report.answered_per_second().abs() < f64::EPSILON);
    }
}
