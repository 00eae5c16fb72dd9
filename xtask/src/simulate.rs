//! Random histories of the scheduler, many of them: the simulation of the delivery crate, built as for a release.

use std::process::Command;

use crate::process::{self, ProcessError};

/// Plays `seeds` histories from seed `from` on, or from one that is drawn.
///
/// What the crate asserts for itself, arithmetic that overflows included, is checked as in a debug build.
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
    let package = "profile.release.package.rendezhook-delivery";
    let (assertions, overflow) =
        (format!("{package}.debug-assertions=true"), format!("{package}.overflow-checks=true"));
    let mut arguments = vec!["test", "--release", "--config", &assertions, "--config", &overflow];
    arguments.extend(["--package", "rendezhook-delivery", "--test", "simulation", "--", "--nocapture"]);
    arguments.extend(["--exact", "invariants_hold_in_fresh_histories"]);
    process::cargo(&arguments)
}
