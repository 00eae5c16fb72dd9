//! Random histories of the scheduler, many of them: the simulation of the delivery crate.

use std::process::Command;

use crate::process::{self, ProcessError};

/// Plays `seeds` histories from seed `from` on, or from one that is drawn.
///
/// # Errors
/// When a history broke an invariant: its seed is printed with the command that plays it again.
pub(crate) fn run(seeds: u64, from: Option<u64>) -> Result<(), ProcessError> {
    let mut command = simulation();
    command.env("RENDEZHOOK_SIMULATE_SEEDS", seeds.to_string());
    if let Some(from) = from {
        command.env("RENDEZHOOK_SIMULATE_FROM", from.to_string());
    }
    process::run(&mut command)
}

/// Plays histories that nobody played before, for so many seconds.
///
/// # Errors
/// When a history broke an invariant, as above.
pub(crate) fn run_for(seconds: u64) -> Result<(), ProcessError> {
    process::run(simulation().env("RENDEZHOOK_SIMULATE_SECONDS", seconds.to_string()))
}

fn simulation() -> Command {
    // With the features that the tests of all crates have, so that nothing is built twice.
    let mut arguments =
        vec!["test", "--workspace", "--all-features", "--test", "simulation", "--", "--nocapture"];
    arguments.extend(["--exact", "invariants_hold_in_fresh_histories"]);
    process::cargo(&arguments)
}
