//! Killing the real server under load: the harness of the test kit against a release build.

use std::error::Error;
use std::path::Path;

use crate::process::{self, ProcessError};
use crate::workspace;

/// Builds the server as it is released and runs the harness on it. Its data is below the build folder, on a real disk.
///
/// # Errors
/// When something acknowledged was lost, delivered out of order or doubled without need, or a build failed.
pub(crate) fn run(cycles: u32, further: &[String]) -> Result<(), Box<dyn Error>> {
    process::run(&mut process::cargo(&["build", "--release", "--package", "rendezhook"]))?;
    let folder = workspace::metadata()?.target_directory;
    let server = folder.join("release").join(format!("rendezhook{}", std::env::consts::EXE_SUFFIX));
    Ok(harness(&server, &folder, cycles, further)?)
}

fn harness(server: &Path, folder: &Path, cycles: u32, further: &[String]) -> Result<(), ProcessError> {
    let (server, folder, cycles) = (server.to_string_lossy(), folder.to_string_lossy(), cycles.to_string());
    let mut arguments = vec!["run", "--release", "--package", "rendezhook-testkit", "--bin", "crash", "--"];
    arguments.extend(["--binary", &server, "--directory", &folder, "--cycles", &cycles]);
    arguments.extend(further.iter().map(String::as_str));
    process::run(&mut process::cargo(&arguments))
}
