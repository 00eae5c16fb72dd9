//! Playing many seeds, and saying what became of them.

use std::fmt;
use std::panic::AssertUnwindSafe;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::plan::Kind;
use crate::world::{Played, World};

/// A run ends early once so many seeds have failed.
const FAILURES: usize = 10;

/// What became of many seeds.
#[derive(Debug, Default)]
pub(crate) struct Summary {
    seeds: u64,
    simulated: Duration,
    deliveries: u64,
    attempts: u64,
    crashes: u64,
    duplicates: u64,
    took: Duration,
    broken: Vec<u64>,
}

impl Summary {
    fn add(&mut self, played: &Played) {
        self.seeds += 1;
        self.simulated += played.simulated;
        self.deliveries += played.deliveries;
        self.attempts += played.attempts;
        self.crashes += played.crashes;
        self.duplicates += played.duplicates;
    }

    /// Fails with every seed that broke an invariant and how to play it again.
    pub(crate) fn expect_nothing_broken(&self) {
        let again: Vec<_> = self
            .broken
            .iter()
            .map(|seed| format!("\n  cargo xtask simulate --from {seed} --seeds 1"))
            .collect();
        assert!(
            self.broken.is_empty(),
            "invariants are broken; these play it again (add each to FOUND in tests/simulation/main.rs when it is mended):{}",
            again.concat()
        );
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.took.as_secs_f64();
        write!(
            formatter,
            "{} seeds, {:.1} simulated days, {} deliveries, {} attempts, {} crashes, {} duplicates after them, \
             {} with a broken invariant; {seconds:.1} s, {:.0} seeds/s",
            self.seeds,
            self.simulated.as_secs_f64() / 86_400.0,
            self.deliveries,
            self.attempts,
            self.crashes,
            self.duplicates,
            self.broken.len(),
            (self.seeds as f64 / seconds.max(0.001)),
        )
    }
}

/// Plays one seed. A broken invariant is a panic.
pub(crate) fn play_one(seed: u64) -> Played {
    World::new(seed, Kind::of(seed)).play()
}

/// Plays `count` seeds from the first one on, on so many threads.
pub(crate) fn play(first: u64, count: u64, threads: usize) -> Summary {
    play_while(first, threads, |index, _| index < count)
}

/// Plays seeds from the first one on for so long, on so many threads.
pub(crate) fn play_for(first: u64, duration: Duration, threads: usize) -> Summary {
    play_while(first, threads, |_, passed| passed < duration)
}

/// Plays seeds while `more` says so of how many were begun and how long it took.
fn play_while(first: u64, threads: usize, more: impl Fn(u64, Duration) -> bool + Sync) -> Summary {
    let began = Instant::now();
    let next = AtomicU64::new(0);
    let summary = Mutex::new(Summary::default());
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    if !more(index, began.elapsed()) || summary.lock().unwrap().broken.len() >= FAILURES {
                        break;
                    }
                    let seed = first.wrapping_add(index);
                    let played = std::panic::catch_unwind(AssertUnwindSafe(|| play_one(seed)));
                    let mut summary = summary.lock().unwrap();
                    match played {
                        Ok(played) => summary.add(&played),
                        Err(_) => summary.broken.push(seed),
                    }
                }
            });
        }
    });
    let mut summary = summary.into_inner().unwrap();
    summary.took = began.elapsed();
    summary
}
