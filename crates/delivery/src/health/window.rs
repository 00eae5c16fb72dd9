//! Successes and failures of a stretch of time that moves along.

use std::time::Duration;

use rendezhook_domain::time::Timestamp;
use serde::{Deserialize, Serialize};

/// How many parts a window has; the oldest is dropped as a whole.
const PARTS: usize = 8;

/// So many attempts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Counts {
    /// That delivered.
    pub successes: u32,
    /// That failed by the receiver's fault.
    pub failures: u32,
}

impl Counts {
    const fn add(&mut self, other: Self) {
        self.successes = self.successes.saturating_add(other.successes);
        self.failures = self.failures.saturating_add(other.failures);
    }

    /// The sum of several.
    pub(super) fn sum(all: impl Iterator<Item = Self>) -> Self {
        let mut total = Self::default();
        all.for_each(|counts| total.add(counts));
        total
    }
}

/// The counts of the last `LENGTH_S` seconds, in eight parts.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Window<const LENGTH_S: u64>(Parts);

#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
struct Parts {
    /// The number of the newest part: the time divided by its length.
    newest: i64,
    /// Each part at its number modulo their count.
    counts: [Counts; PARTS],
}

impl<const LENGTH_S: u64> Window<LENGTH_S> {
    fn part(at: Timestamp) -> i64 {
        let length = Duration::from_secs(LENGTH_S).as_millis() / PARTS as u128;
        at.milliseconds().div_euclid(i64::try_from(length).unwrap_or(i64::MAX).max(1))
    }

    /// Counts one attempt. A clock that goes back counts in the newest part.
    pub(super) fn count(&mut self, at: Timestamp, success: bool) {
        self.0.move_to(Self::part(at));
        let one =
            if success { Counts { successes: 1, failures: 0 } } else { Counts { successes: 0, failures: 1 } };
        if let Some(counts) = self.0.counts.get_mut(Parts::place(self.0.newest)) {
            counts.add(one);
        }
    }

    /// What the window holds at an instant.
    pub(super) fn total(&self, now: Timestamp) -> Counts {
        let newest = Self::part(now).max(self.0.newest);
        let passed = newest.saturating_sub(self.0.newest);
        let still = (0..8_i64).filter(|age| age + passed < 8);
        let places = still.map(|age| Parts::place(self.0.newest - age));
        Counts::sum(places.filter_map(|place| self.0.counts.get(place).copied()))
    }
}

impl Parts {
    fn place(part: i64) -> usize {
        usize::try_from(part.rem_euclid(8)).unwrap_or(0)
    }

    fn move_to(&mut self, part: i64) {
        if part - self.newest >= 8 {
            self.counts = [Counts::default(); PARTS];
            self.newest = part;
        }
        while self.newest < part {
            self.newest += 1;
            if let Some(counts) = self.counts.get_mut(Self::place(self.newest)) {
                *counts = Counts::default();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_milliseconds(seconds * 1_000)
    }

    #[test]
    fn counts_what_is_young_enough() {
        let mut window = Window::<80>::default();
        window.count(at(1_000), true);
        window.count(at(1_035), false);
        window.count(at(1_079), false);
        assert_eq!(window.total(at(1_079)), Counts { successes: 1, failures: 2 });
        assert_eq!(window.total(at(1_080)), Counts { successes: 0, failures: 2 });
        assert_eq!(window.total(at(1_110)), Counts { successes: 0, failures: 1 });
        assert_eq!(window.total(at(5_000)), Counts::default());
        // The clock went back by an hour.
        window.count(at(10), true);
        assert_eq!(window.total(at(11)), Counts { successes: 2, failures: 2 });
        window.count(at(9_000), true);
        assert_eq!(window.total(at(9_000)), Counts { successes: 1, failures: 0 });
    }
}
