//! Killing the real server under load: the harness of the test kit against an optimised build.

use std::error::Error;

use crate::process;
use crate::workspace;

/// Builds the server and runs the harness on it. Its data is below the build folder, on a real disk.
///
/// # Errors
/// When something acknowledged was lost, delivered out of order or doubled without need, or a build failed.
pub(crate) fn run(cycles: u32, further: &[String]) -> Result<(), Box<dyn Error>> {
    // Together, so that what both need is built once.
    let build =
        ["build", "--profile", "harness", "--package", "rendezhook", "--package", "rendezhook-testkit"];
    process::run(&mut process::cargo(&build))?;
    let folder = workspace::metadata()?.target_directory;
    let built = |name: &str| folder.join("harness").join(format!("{name}{}", std::env::consts::EXE_SUFFIX));
    let mut harness = process::program(built("crash"));
    harness.arg("--binary").arg(built("rendezhook"));
    harness.arg("--directory").arg(&folder);
    harness.arg("--cycles").arg(cycles.to_string());
    Ok(process::run(harness.args(further))?)
}
