//! `cargo xtask test`: all there is to test, on a machine with nothing but Rust and a C compiler.

use std::error::Error;

use crate::process::{self, ProcessError};
use crate::{conformance, crash, durability, peers, signatures, simulate};

/// How often the server is killed when nothing else is said.
pub(crate) const CRASH_CYCLES: u32 = 20;

/// For how long fresh histories are played against the scheduler, in seconds.
const SIMULATED_SECONDS: u64 = 60;

/// Runs everything. The tests of the crates come last, so that the runner's summary is the end of the output.
///
/// Nothing has to be started before: the store is embedded and every receiver is a socket of the test itself.
///
/// # Errors
/// At the first part that fails.
pub(crate) fn run(crash_cycles: u32) -> Result<(), Box<dyn Error>> {
    crash::run(crash_cycles, &[])?;
    durability::run()?;
    signatures::run()?;
    conformance::run()?;
    peers::run()?;
    simulate::run_for(SIMULATED_SECONDS)?;
    process::run(&mut process::cargo(&["test", "--workspace", "--all-features", "--doc"]))?;
    Ok(tests_of_all_crates()?)
}

fn tests_of_all_crates() -> Result<(), ProcessError> {
    if process::answers("cargo", &["nextest", "--version"]) {
        let arguments = ["nextest", "run", "--workspace", "--all-features", "--no-fail-fast"];
        return process::run(&mut process::cargo(&arguments));
    }
    process::say(
        "\nnote: cargo-nextest is not installed; `cargo test` is used, which runs the same tests one crate after the other \
         and ends with a summary of each (`cargo install cargo-nextest --locked` brings one summary and time limits)",
    );
    let arguments = ["test", "--workspace", "--all-features", "--all-targets", "--no-fail-fast"];
    process::run(&mut process::cargo(&arguments))
}
