//! What has arrived at the sink: each action of a step once at each endpoint, or not.

use hdrhistogram::{CreationError, Histogram};
use serde::{Deserialize, Serialize};

use super::seconds::Seconds;
use super::stamp::Stamp;

/// Latencies are kept up to an hour; longer ones count as an hour.
pub(super) const LONGEST_LATENCY: u64 = 3_600_000_000_000;
/// The most actions of a step. A mark with a higher number counts as unreadable, so that a broken one costs no memory.
const MAXIMUM_ACTIONS: u64 = 1 << 26;

/// The arrivals of the present step.
#[derive(Debug)]
pub(super) struct Arrivals {
    summary: ArrivalSummary,
    latencies: Histogram<u64>,
    seconds: Seconds,
    /// For each endpoint a bit for each action.
    seen: Vec<Vec<u64>>,
}

/// The arrivals of a step in figures. Times are nanoseconds since 1970, latencies nanoseconds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct ArrivalSummary {
    /// The step.
    pub(super) step: u32,
    /// Deliveries that arrived, each counted once.
    pub(super) arrived: u64,
    /// Requests that brought a delivery again.
    pub(super) duplicates: u64,
    /// Requests with a mark of another step.
    pub(super) late: u64,
    /// Requests without a mark.
    pub(super) unreadable: u64,
    /// When the earliest publish among them was written.
    pub(super) first_sent_at: u64,
    /// When the first one arrived.
    pub(super) first_arrived_at: u64,
    /// When the last one arrived.
    pub(super) last_arrived_at: u64,
    /// Half of them arrived within this time of their publish.
    pub(super) p50: u64,
    /// Ninety-nine of a hundred.
    pub(super) p99: u64,
    /// The slowest.
    pub(super) max: u64,
}

impl Arrivals {
    pub(super) fn new() -> Result<Self, CreationError> {
        let latencies = Histogram::new_with_bounds(1, LONGEST_LATENCY, 3)?;
        let seconds = Seconds::new(LONGEST_LATENCY)?;
        Ok(Self { summary: ArrivalSummary::default(), latencies, seconds, seen: Vec::new() })
    }

    /// Forgets everything and counts this step from now on.
    pub(super) fn begin(&mut self, step: u32) {
        self.summary = ArrivalSummary { step, ..ArrivalSummary::default() };
        self.latencies.reset();
        self.seconds.begin();
        self.seen.clear();
    }

    /// Takes a request that arrived at an endpoint at this time.
    pub(super) fn take(&mut self, endpoint: usize, body: &[u8], now: u64) {
        let Some(stamp) = Stamp::find(body).filter(|stamp| stamp.number < MAXIMUM_ACTIONS) else {
            self.summary.unreadable += 1;
            return;
        };
        if stamp.step != self.summary.step {
            self.summary.late += 1;
            return;
        }
        if !self.is_new(endpoint, stamp.number) {
            self.summary.duplicates += 1;
            return;
        }
        let summary = &mut self.summary;
        if summary.arrived == 0 {
            summary.first_sent_at = stamp.sent_at;
            summary.first_arrived_at = now;
        }
        summary.arrived += 1;
        summary.first_sent_at = summary.first_sent_at.min(stamp.sent_at);
        summary.last_arrived_at = summary.last_arrived_at.max(now);
        let latency = now.saturating_sub(stamp.sent_at);
        self.latencies.saturating_record(latency);
        self.seconds.take(latency, now);
    }

    /// Notes the arrival; false if it was noted before.
    fn is_new(&mut self, endpoint: usize, number: u64) -> bool {
        if self.seen.len() <= endpoint {
            self.seen.resize_with(endpoint.saturating_add(1), Vec::new);
        }
        let word = usize::try_from(number / 64).unwrap_or(usize::MAX);
        let Some(words) = self.seen.get_mut(endpoint) else { return false };
        if words.len() <= word {
            words.resize(word.saturating_add(1), 0);
        }
        let Some(bits) = words.get_mut(word) else { return false };
        let bit = 1 << (number % 64);
        let is_new = *bits & bit == 0;
        *bits |= bit;
        is_new
    }

    /// The p99 of each second that is over, in nanoseconds.
    pub(super) fn p99_of_seconds(&self) -> &[u64] {
        self.seconds.p99s()
    }

    /// Every latency in nanoseconds, to three digits, and how often it was seen.
    pub(super) fn latencies(&self) -> Vec<(u64, u64)> {
        let values = self.latencies.iter_recorded();
        values.map(|value| (value.value_iterated_to(), value.count_at_value())).collect()
    }

    pub(super) fn summary(&self) -> ArrivalSummary {
        ArrivalSummary {
            p50: self.latencies.value_at_quantile(0.5),
            p99: self.latencies.value_at_quantile(0.99),
            max: self.latencies.max(),
            ..self.summary
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(step: u32, number: u64, sent_at: u64) -> Vec<u8> {
        let mut body = Vec::new();
        Stamp { step, number, sent_at }.write(&mut body);
        body
    }

    #[test]
    fn counts_each_action_once_at_each_endpoint() {
        let mut arrivals = Arrivals::new().unwrap();
        arrivals.begin(3);
        arrivals.take(0, &body(3, 70, 2_000), 3_000);
        arrivals.take(1, &body(3, 70, 1_000), 3_500);
        arrivals.take(0, &body(3, 70, 2_000), 9_000);
        arrivals.take(0, &body(2, 71, 2_000), 9_000);
        arrivals.take(0, b"{}", 9_000);
        arrivals.take(0, &body(3, u64::MAX, 2_000), 9_000);
        let summary = arrivals.summary();
        assert_eq!((summary.arrived, summary.duplicates, summary.late, summary.unreadable), (2, 1, 1, 2));
        assert_eq!(
            (summary.first_sent_at, summary.first_arrived_at, summary.last_arrived_at),
            (1_000, 3_000, 3_500)
        );
        assert!(summary.p50.abs_diff(1_000) <= 1 && summary.max.abs_diff(2_500) <= 3, "{summary:?}");
        let latencies = arrivals.latencies();
        assert!(matches!(latencies[..], [(1_000..=1_001, 1), (2_500..=2_503, 1)]), "{latencies:?}");
    }

    #[test]
    fn a_new_step_begins_at_nothing() {
        let mut arrivals = Arrivals::new().unwrap();
        arrivals.begin(1);
        arrivals.take(0, &body(1, 0, 0), 5);
        arrivals.begin(2);
        assert_eq!(arrivals.summary(), ArrivalSummary { step: 2, ..ArrivalSummary::default() });
        arrivals.take(0, &body(2, 0, 0), 5);
        assert_eq!(arrivals.summary().arrived, 1);
    }
}
