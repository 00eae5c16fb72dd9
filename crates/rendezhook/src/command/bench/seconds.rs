//! How long deliveries took, second by second: where single stalls of a machine do not decide.

use hdrhistogram::{CreationError, Histogram};

const SECOND: u64 = 1_000_000_000;
/// The most seconds that are kept; later ones do not count.
const LONGEST: usize = 3_600;

/// The slowest hundredth of each whole second in which something arrived.
#[derive(Debug)]
pub(super) struct Seconds {
    /// Of the present second, in nanoseconds.
    latencies: Histogram<u64>,
    /// When the present second is over, in nanoseconds since 1970.
    until: u64,
    p99s: Vec<u64>,
}

impl Seconds {
    /// Latencies count as this many nanoseconds at the most.
    pub(super) fn new(longest_latency: u64) -> Result<Self, CreationError> {
        let latencies = Histogram::new_with_bounds(1, longest_latency, 3)?;
        Ok(Self { latencies, until: 0, p99s: Vec::new() })
    }

    /// Forgets everything.
    pub(super) fn begin(&mut self) {
        self.latencies.reset();
        self.until = 0;
        self.p99s.clear();
    }

    /// Takes what arrived at this time. Seconds are counted from the first one.
    pub(super) fn take(&mut self, latency: u64, now: u64) {
        if self.until == 0 {
            self.until = now.saturating_add(SECOND);
        } else if now >= self.until {
            let over = now.saturating_sub(self.until) / SECOND + 1;
            self.until = self.until.saturating_add(over.saturating_mul(SECOND));
            if self.p99s.len() < LONGEST && !self.latencies.is_empty() {
                self.p99s.push(self.latencies.value_at_quantile(0.99));
            }
            self.latencies.reset();
        }
        self.latencies.saturating_record(latency);
    }

    /// Of each second that is over, the time in nanoseconds within which ninety-nine of a hundred arrived.
    pub(super) fn p99s(&self) -> &[u64] {
        &self.p99s
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_whole_second_counts_for_itself() {
        let mut seconds = Seconds::new(SECOND).unwrap();
        let begin = 7 * SECOND;
        // Two of a hundred are slow in the first second, none in the third; in the second nothing arrives.
        for number in 0..100 {
            seconds.take(if number < 2 { 9_000 } else { 1_000 }, begin + number);
        }
        for number in 0..100 {
            seconds.take(2_000, begin + 2 * SECOND + number);
        }
        seconds.take(5_000, begin + 3 * SECOND);
        let p99s = seconds.p99s();
        assert!(p99s.len() == 2 && p99s[0].abs_diff(9_000) < 10 && p99s[1].abs_diff(2_000) < 10, "{p99s:?}");
        seconds.begin();
        seconds.take(1, begin);
        assert!(seconds.p99s().is_empty(), "what is not over does not count");
    }
}
