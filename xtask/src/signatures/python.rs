//! The published library for Python.

use std::path::Path;
use std::process::Command;

use super::{Missing, install, script};
use crate::process;

/// The release that is asked.
const RELEASE: &str = "1.1.0";

/// Installs the library into a virtual environment below `folder`, unless it is there, and gives the command that verifies
/// the file it is told.
///
/// # Errors
/// When Python is missing or the library cannot be installed.
pub(super) fn prepare(folder: &Path) -> Result<Command, Missing> {
    let environment = folder.join("python");
    let programs = if cfg!(windows) { "Scripts" } else { "bin" };
    let python = environment.join(programs).join(format!("python{}", std::env::consts::EXE_SUFFIX));
    let requirement = format!("standardwebhooks=={RELEASE}");
    let is_there =
        format!("import importlib.metadata as m; assert m.version('standardwebhooks') == '{RELEASE}'");
    if !process::answers(&python, &["-c", &is_there]) {
        let name = ["python3", "python"].into_iter().find(|name| process::answers(name, &["--version"]));
        let name = name.ok_or_else(|| Missing("python3 is not installed".to_owned()))?;
        install(process::program(name).args(["-m", "venv"]).arg(&environment))?;
        install(process::program(&python).args(["-m", "pip", "install", "--quiet", &requirement]))?;
    }
    let mut command = process::program(python);
    command.arg(script("verify.py"));
    Ok(command)
}
