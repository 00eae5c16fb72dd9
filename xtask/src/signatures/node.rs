//! The published library for Node.

use std::path::Path;
use std::process::Command;

use super::{Missing, install, script};
use crate::process;

/// The release that is asked.
const RELEASE: &str = "1.1.1";

/// Installs the library below `folder`, unless it is there, and gives the command that verifies the file it is told.
///
/// # Errors
/// When Node or npm is missing or the library cannot be installed.
pub(super) fn prepare(folder: &Path) -> Result<Command, Missing> {
    let packages = folder.join("node");
    let package = packages.join("node_modules/standardwebhooks");
    if !process::answers("node", &["--version"]) {
        return Err(Missing("node is not installed".to_owned()));
    }
    let manifest = std::fs::read_to_string(package.join("package.json")).unwrap_or_default();
    if !manifest.contains(&format!("\"version\": \"{RELEASE}\"")) {
        let npm = if cfg!(windows) { "npm.cmd" } else { "npm" };
        if !process::answers(npm, &["--version"]) {
            return Err(Missing("npm is not installed".to_owned()));
        }
        let requirement = format!("standardwebhooks@{RELEASE}");
        let mut command = process::program(npm);
        command.args(["install", "--no-audit", "--no-fund", "--loglevel=error", "--prefix"]).arg(&packages);
        install(command.arg(requirement))?;
    }
    let mut command = process::program("node");
    command.arg(script("verify.mjs")).arg(package);
    Ok(command)
}
