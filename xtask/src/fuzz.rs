//! Mutated texts for what reads the texts of strangers: the fuzz crate, optimised.

use crate::process::{self, ProcessError};

/// What reads the texts.
const CHECKED: [&str; 4] =
    ["rendezhook-domain", "rendezhook-dialects", "rendezhook-sources", "rendezhook-fuzz"];

/// Judges inputs of one or all targets, each for so many seconds.
///
/// Arithmetic that overflows is checked in them as in a debug build.
///
/// # Errors
/// When something did not hold: the input is printed, made as small as it can be.
pub(crate) fn run(seconds: u64, target: Option<&str>) -> Result<(), ProcessError> {
    let seconds = seconds.to_string();
    let checks = CHECKED.map(|package| format!("profile.harness.package.{package}.overflow-checks=true"));
    let mut arguments = vec!["run", "--profile", "harness"];
    arguments.extend(checks.iter().flat_map(|check| ["--config", check]));
    arguments.extend(["--package", "rendezhook-fuzz", "--bin", "fuzz", "--", "--seconds", &seconds]);
    arguments.extend(target);
    process::run(&mut process::cargo(&arguments))
}
