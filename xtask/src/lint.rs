//! `cargo xtask lint`: everything that can be judged without running the product.

use std::error::Error;

use crate::process;
use crate::{dependencies, licences, workspace};

/// Checks all of it.
///
/// # Errors
/// At the first check that does not pass.
pub(crate) fn run() -> Result<(), Box<dyn Error>> {
    process::run(&mut process::cargo(&["fmt", "--all", "--check"]))?;
    let metadata = workspace::metadata()?;
    dependencies::check(&metadata)?;
    if process::answers("cargo", &["deny", "--version"]) {
        let checks = ["deny", "check", "licenses", "advisories", "bans", "sources"];
        process::run(&mut process::cargo(&checks))?;
    } else {
        licences::check(&metadata)?;
        process::say(
            "note: cargo-deny is not installed, so known vulnerabilities of dependencies are NOT checked here, only their \
             licences and origins (`cargo install cargo-deny --locked`, then `cargo xtask lint` checks all of it)",
        );
    }
    let everything = ["clippy", "--workspace", "--all-targets", "--all-features", "--", "-D", "warnings"];
    process::run(&mut process::cargo(&everything))?;
    let documentation = ["doc", "--workspace", "--all-features", "--no-deps", "--document-private-items"];
    process::run(process::cargo(&documentation).env("RUSTDOCFLAGS", "-D warnings"))?;
    process::say("\nlint: everything passes");
    Ok(())
}
