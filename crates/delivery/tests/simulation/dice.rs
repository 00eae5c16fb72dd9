//! Random choices from a seed.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use rendezhook_delivery::scheduler::Randomness;

/// Random choices from a seed.
pub(crate) struct Dice(ChaCha8Rng);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(ChaCha8Rng::seed_from_u64(seed))
    }

    /// A number from `low` to `high`, both included.
    pub(crate) fn between(&mut self, low: u64, high: u64) -> u64 {
        low + self.0.next_u64() % (high - low + 1)
    }

    /// The same for indices and counts.
    pub(crate) fn count(&mut self, low: usize, high: usize) -> usize {
        usize::try_from(self.between(low as u64, high as u64)).unwrap()
    }

    /// True in `percent` of a hundred cases.
    pub(crate) fn chance(&mut self, percent: u64) -> bool {
        self.between(1, 100) <= percent
    }

    /// Milliseconds up to `most`, mostly few.
    pub(crate) fn delay(&mut self, most: u64) -> i64 {
        let bound = match self.between(0, 3) {
            0 => 0,
            1 => most / 100,
            2 => most / 10,
            _ => most,
        };
        i64::try_from(self.between(0, bound)).unwrap()
    }

    /// One of them.
    pub(crate) fn pick<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.count(0, choices.len() - 1)]
    }
}

impl Randomness for Dice {
    fn unit(&mut self) -> f64 {
        f64::from(u32::try_from(self.0.next_u64() >> 32).unwrap()) / f64::from(u32::MAX) * 0.999_999
    }
}
