//! Hurl, the program that runs the files.

use std::path::{Path, PathBuf};

use crate::process::{self, ProcessError};

/// The release that is built where none is installed.
const RELEASE: &str = "8.0.1";

/// What the output of `hurl --version` begins with when it understands the files.
const UNDERSTANDS: &str = "hurl 8.";

/// What has to be there to build it, as Debian calls it.
const LIBRARIES: [&str; 3] = ["pkg-config", "libxml2-dev", "libssl-dev"];

/// The bindings that come with Hurl's XML library fit libxml2 before this version.
const BINDINGS_END: (u32, u32) = (2, 12);

/// Hurl cannot be had.
#[derive(Debug, thiserror::Error)]
pub(super) enum HurlError {
    /// What it is built with is missing.
    #[error("Hurl cannot be built without {}; install these or Hurl itself (https://hurl.dev)", LIBRARIES.join(", "))]
    Libraries,
    /// It cannot be built.
    #[error("Hurl {RELEASE} cannot be built; install it (https://hurl.dev)")]
    Build(#[from] ProcessError),
}

/// Gives the program: one that is installed, or else one that is built once below `folder`.
///
/// # Errors
/// When there is none and it cannot be built.
pub(super) fn prepare(folder: &Path) -> Result<PathBuf, HurlError> {
    let own = folder.join("bin").join(format!("hurl{}", std::env::consts::EXE_SUFFIX));
    for program in [PathBuf::from("hurl"), own.clone()] {
        if understands_files(&program) {
            return Ok(program);
        }
    }
    ensure_libraries()?;
    build(folder)?;
    Ok(own)
}

fn understands_files(program: &Path) -> bool {
    if !process::answers(program, &["--version"]) {
        return false;
    }
    let said = process::output(process::program(program).arg("--version")).unwrap_or_default();
    String::from_utf8_lossy(&said).starts_with(UNDERSTANDS)
}

/// Looks for the libraries. Only a machine that is there for tests gets them installed without being asked.
fn ensure_libraries() -> Result<(), HurlError> {
    if has_libraries() {
        return Ok(());
    }
    if std::env::var_os("CI").is_some() && process::answers("apt-get", &["--version"]) {
        process::run(process::program("apt-get").arg("update"))?;
        let mut install = process::program("apt-get");
        process::run(install.args(["install", "--yes", "--no-install-recommends"]).args(LIBRARIES))?;
    }
    if has_libraries() { Ok(()) } else { Err(HurlError::Libraries) }
}

fn has_libraries() -> bool {
    process::answers("pkg-config", &["--exists", "libxml-2.0", "openssl"])
}

/// Builds it without optimization, which takes a quarter of the time and runs the files as fast.
fn build(folder: &Path) -> Result<(), HurlError> {
    let mut command = process::program(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(["install", "hurl", "--version", RELEASE, "--locked", "--debug", "--no-track", "--root"]);
    command.arg(folder).arg("--target-dir").arg(folder.join("build"));
    command.env("CARGO_PROFILE_DEV_DEBUG", "false");
    if let Some(library) = libxml2_with_bindings() {
        command.env("LIBXML2", library);
    }
    process::run(&mut command)?;
    // A few hundred megabytes that nothing needs any more. What cannot be removed does no harm.
    let _left_over = std::fs::remove_dir_all(folder.join("build"));
    Ok(())
}

/// The libxml2 that is installed, if the bindings that come with Hurl's XML library fit it. Otherwise bindings are made anew, which
/// needs libclang.
fn libxml2_with_bindings() -> Option<PathBuf> {
    let ask = |question| {
        let answer = process::output(process::program("pkg-config").args([question, "libxml-2.0"])).ok()?;
        Some(String::from_utf8_lossy(&answer).trim().to_owned())
    };
    let version = ask("--modversion")?;
    let mut numbers = version.split('.').map_while(|number| number.parse::<u32>().ok());
    let fits = (numbers.next()?, numbers.next()?) < BINDINGS_END;
    let library = Path::new(&ask("--variable=libdir")?).join("libxml2.so");
    (fits && library.is_file()).then_some(library)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_release_that_is_built_understands_the_files() {
        assert!(format!("hurl {RELEASE} (").starts_with(UNDERSTANDS));
    }

    #[test]
    fn another_program_does_not_pass_for_hurl() {
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        assert!(!understands_files(Path::new(&cargo)));
        assert!(!understands_files(Path::new("a-program-that-nobody-has")));
    }
}
