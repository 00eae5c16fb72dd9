//! The loop: mutate, judge, keep what is new.

use std::collections::HashSet;
use std::panic::{self, AssertUnwindSafe};
use std::time::{Duration, Instant};

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use crate::mutation::mutate;
use crate::targets::Target;

/// The most inputs that are mutated further. Later ones take the place of those found first, seeds excepted.
const LARGEST_POOL: usize = 4_096;

/// When a run ends.
#[derive(Debug, Clone, Copy)]
pub enum Until {
    /// After so many inputs.
    Inputs(u64),
    /// After this time.
    Elapsed(Duration),
}

/// What a run found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// Inputs that were judged.
    pub inputs: u64,
    /// Different outcomes.
    pub outcomes: usize,
    /// The input for which something did not hold, made smaller, and what.
    pub failure: Option<Failure>,
}

/// An input for which something does not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// The input.
    pub input: Vec<u8>,
    /// What does not hold, or what the panic said.
    pub reason: String,
}

/// Judges the seeds, then mutations of them and of what had a new outcome, until something fails or the run ends.
#[must_use]
pub fn run(target: &Target, seeds: &[Vec<u8>], seed: u64, until: Until) -> Report {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut pool = seeds.to_vec();
    let mut outcomes = HashSet::new();
    let began = Instant::now();
    let mut inputs = 0;
    let mut next_seed = seeds.iter();
    loop {
        let input = match next_seed.next() {
            Some(seed) => seed.clone(),
            None if is_over(until, inputs, began) => break,
            None => mutate(&pool, target.words, &mut random),
        };
        inputs += 1;
        match judge(target, &input) {
            Ok(outcome) => {
                if outcomes.insert(outcome) {
                    keep(&mut pool, seeds.len(), outcomes.len(), input);
                }
            }
            Err(reason) => {
                let failure = Some(smaller(target, Failure { input, reason }));
                return Report { inputs, outcomes: outcomes.len(), failure };
            }
        }
    }
    Report { inputs, outcomes: outcomes.len(), failure: None }
}

fn is_over(until: Until, inputs: u64, began: Instant) -> bool {
    match until {
        Until::Inputs(most) => inputs >= most,
        Until::Elapsed(time) => began.elapsed() >= time,
    }
}

fn keep(pool: &mut Vec<Vec<u8>>, seeds: usize, found: usize, input: Vec<u8>) {
    if pool.len() < LARGEST_POOL.max(seeds) {
        return pool.push(input);
    }
    let replaceable = pool.len() - seeds;
    if let Some(place) = found.checked_rem(replaceable).and_then(|place| pool.get_mut(seeds + place)) {
        *place = input;
    }
}

/// What came of an input, or what does not hold.
fn judge(target: &Target, input: &[u8]) -> Result<String, String> {
    match panic::catch_unwind(AssertUnwindSafe(|| (target.judge)(input))) {
        Ok(judgement) => judgement,
        Err(panic) => {
            let text = panic.downcast_ref::<String>().map(String::as_str);
            let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
            Err(format!("it panicked: {}", text.unwrap_or("without a text")))
        }
    }
}

/// The same failure with as little input as leaving out pieces leaves, ever smaller ones.
fn smaller(target: &Target, failure: Failure) -> Failure {
    let mut smallest = failure;
    let mut piece = smallest.input.len() / 2;
    while piece > 0 {
        let mut start = 0;
        while start < smallest.input.len() {
            let end = (start + piece).min(smallest.input.len());
            let mut shorter = smallest.input.clone();
            shorter.drain(start..end);
            match judge(target, &shorter) {
                Err(reason) => smallest = Failure { input: shorter, reason },
                Ok(_) => start = end,
            }
        }
        piece /= 2;
    }
    smallest
}

#[cfg(test)]
mod tests {
    use super::*;

    const NO_Z: Target = Target {
        name: "no-z",
        words: &["a", "b"],
        judge: |input| {
            assert!(!input.windows(2).any(|pair| pair == b"ab"), "an a before a b");
            if input.contains(&b'z') { Err("there is a z".to_owned()) } else { Ok(input.len().to_string()) }
        },
    };

    #[test]
    fn what_fails_is_found_and_made_as_small_as_can_be() {
        let report = run(&NO_Z, &[b"xxxxzxxxxxx".to_vec()], 1, Until::Inputs(10));
        let failure = report.failure.unwrap();
        assert_eq!((failure.input.as_slice(), failure.reason.as_str()), (&b"z"[..], "there is a z"));
        assert_eq!(report.inputs, 1, "seeds come first");
    }

    #[test]
    fn a_panic_is_a_failure_and_mutations_find_it() {
        let report = run(&NO_Z, &[b"--a--".to_vec()], 1, Until::Inputs(100_000));
        let failure = report.failure.unwrap();
        assert!(
            failure.input == b"ab" && failure.reason.contains("an a before a b") || failure.input == b"z",
            "{failure:?}"
        );
    }

    #[test]
    fn a_run_ends_and_counts_outcomes() {
        let fine = Target { name: "fine", words: &[], judge: |input| Ok((input.len() % 3).to_string()) };
        let report = run(&fine, &[vec![1, 2, 3]], 1, Until::Inputs(1_000));
        assert_eq!(report, Report { inputs: 1_000, outcomes: 3, failure: None });
    }
}
