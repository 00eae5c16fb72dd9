//! Deliveries to a customer whose servers others wrote: an authorization server and a GraphQL server as they are published, and a
//! receiver that takes what comes with a valid token.
//!
//! The scripts and the list of packages are in `xtask/peers/`. The packages are installed below the build folder, once.

use std::error::Error;
use std::fs::{self, File};
use std::io;
use std::path::Path;

use crate::process::{self, ProcessError};
use crate::server::{self, Server};
use crate::workspace;

/// The exact packages.
const LOCK: &str = "package-lock.json";

/// Beside the installed packages: the list they were installed after.
const INSTALLED: &str = "installed.json";

/// The packages cannot be had.
#[derive(Debug, thiserror::Error)]
enum PeersError {
    /// There is nothing that runs them, or installs them.
    #[error("{0} is not installed")]
    Missing(&'static str),
    /// They cannot be installed.
    #[error("the packages cannot be installed")]
    Install(#[from] ProcessError),
    /// A file cannot be read or written.
    #[error("the packages cannot be laid out")]
    Files(#[from] io::Error),
}

/// Builds the server, starts it with a data directory of its own, and has it deliver.
///
/// Where Node is missing or the packages cannot be had a line says so, and nothing is run; where `CI` is set that is a failure.
///
/// # Errors
/// When something else arrives than should, or the server cannot be built or started.
pub(crate) fn run() -> Result<(), Box<dyn Error>> {
    let target = workspace::metadata()?.target_directory;
    let folder = target.join("peers");
    match prepare(&folder) {
        Ok(()) => {}
        Err(missing) if std::env::var_os("CI").is_some() => return Err(missing.into()),
        Err(missing) => {
            process::say(format!("peers: SKIPPED: {missing}"));
            return Ok(());
        }
    }
    let binary = server::build(&target)?;
    let server = Server::start(&binary, &folder)?;
    let mut command = process::program("node");
    command.arg(folder.join("run.mjs")).arg(format!("http://{}", server.address));
    command.env("RENDEZHOOK_ADMIN_KEY", server::ADMIN_KEY);
    // Where the packages say what they think of the machine. What the run itself has to say it prints.
    command.stderr(File::create(folder.join("node.log"))?);
    Ok(process::run(&mut command)?)
}

/// Lays the scripts beside their packages, where Node finds them, and installs the packages unless these very ones are there.
fn prepare(folder: &Path) -> Result<(), PeersError> {
    if !process::answers("node", &["--version"]) {
        return Err(PeersError::Missing("node"));
    }
    fs::create_dir_all(folder)?;
    for entry in fs::read_dir(workspace::root().join("xtask/peers"))? {
        let entry = entry?;
        fs::copy(entry.path(), folder.join(entry.file_name()))?;
    }
    let wanted = fs::read(folder.join(LOCK))?;
    let installed = folder.join(INSTALLED);
    if fs::read(&installed).is_ok_and(|installed| installed == wanted) {
        return Ok(());
    }
    let npm = if cfg!(windows) { "npm.cmd" } else { "npm" };
    if !process::answers(npm, &["--version"]) {
        return Err(PeersError::Missing("npm"));
    }
    let mut command = process::program(npm);
    command.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error", "--prefix"]);
    process::run(command.arg(folder))?;
    Ok(fs::write(installed, wanted)?)
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    #[test]
    fn the_packages_are_exact_and_come_from_wherever_npm_is_told() {
        let folder = workspace::root().join("xtask/peers");
        let json =
            |name: &str| -> Value { serde_json::from_slice(&fs::read(folder.join(name)).unwrap()).unwrap() };
        let lock = json(LOCK);
        let packages = lock["packages"].as_object().unwrap();
        assert_eq!(packages[""]["dependencies"], json("package.json")["dependencies"]);
        for (path, package) in packages.iter().filter(|(path, _)| !path.is_empty()) {
            assert!(package["integrity"].as_str().unwrap().starts_with("sha512-"), "{path}");
            assert!(["MIT", "ISC"].contains(&package["license"].as_str().unwrap()), "{path}");
            assert_eq!(package.get("resolved"), None, "{path} names a registry");
        }
    }
}
