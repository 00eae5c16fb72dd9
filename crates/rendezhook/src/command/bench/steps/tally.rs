//! What arrived in all turns of one server.

use hdrhistogram::{CreationError, Histogram};

use super::super::arrivals::LONGEST_LATENCY;
use super::super::comparisons::SideFigures;
use super::super::figures::milliseconds;
use super::turns::median;

/// Arrivals of several turns.
pub(super) struct Tally {
    /// Of all turns, in nanoseconds.
    latencies: Histogram<u64>,
    /// Of each second of each turn, in milliseconds.
    second_p99s: Vec<f64>,
}

impl Tally {
    pub(super) fn new() -> Result<Self, CreationError> {
        Ok(Self { latencies: Histogram::new_with_bounds(1, LONGEST_LATENCY, 3)?, second_p99s: Vec::new() })
    }

    /// Takes a turn: how often each latency was seen, in nanoseconds, and the p99 of its seconds in milliseconds.
    pub(super) fn take(&mut self, latencies: &[(u64, u64)], second_p99s: Vec<f64>) {
        for (latency, count) in latencies {
            self.latencies.saturating_record_n(*latency, *count);
        }
        self.second_p99s.extend(second_p99s);
    }

    pub(super) fn figures(self) -> SideFigures {
        SideFigures {
            deliveries: self.latencies.len(),
            p50_ms: milliseconds(self.latencies.value_at_quantile(0.5)),
            p99_ms: milliseconds(self.latencies.value_at_quantile(0.99)),
            second_p99_ms: median(self.second_p99s),
            max_ms: milliseconds(self.latencies.max()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_turns_count_as_one() {
        let mut tally = Tally::new().unwrap();
        // A turn in which all were slow, between others that were not.
        tally.take(&[(1_000_000, 900)], vec![1.0, 2.0]);
        tally.take(&[(9_000_000, 20)], vec![9.0]);
        tally.take(&[(1_000_000, 70), (2_000_000, 10)], vec![2.0, 2.5]);
        let figures = tally.figures();
        assert_eq!(figures.deliveries, 1_000);
        let near = |figure: f64, expected: f64| (figure - expected).abs() < 0.01;
        assert!(near(figures.p50_ms, 1.0) && near(figures.p99_ms, 9.0), "{figures:?}");
        assert!(near(figures.second_p99_ms, 2.0) && near(figures.max_ms, 9.0), "{figures:?}");
    }
}
