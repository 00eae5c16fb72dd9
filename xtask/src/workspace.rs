//! What cargo knows of the workspace and of all it is built from.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::process::{self, ProcessError};

/// The root of the workspace.
pub(crate) fn root() -> &'static Path {
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    own.parent().unwrap_or(own)
}

/// The answer of `cargo metadata`, as far as it is used here.
#[derive(Debug, Deserialize)]
pub(crate) struct Metadata {
    /// Every package that may be built, for any platform.
    pub(crate) packages: Vec<Package>,
    /// Where cargo builds.
    pub(crate) target_directory: PathBuf,
}

/// A package.
#[derive(Debug, Deserialize)]
pub(crate) struct Package {
    /// Its name.
    pub(crate) name: String,
    /// Its version.
    pub(crate) version: String,
    /// Where it comes from; nothing for the packages of this workspace.
    pub(crate) source: Option<String>,
    /// Its licence: an SPDX expression.
    pub(crate) license: Option<String>,
    /// Its `Cargo.toml`.
    pub(crate) manifest_path: PathBuf,
    /// What it says it depends on.
    pub(crate) dependencies: Vec<Dependency>,
}

/// A dependency as a package declares it.
#[derive(Debug, Deserialize)]
pub(crate) struct Dependency {
    /// The package.
    pub(crate) name: String,
    /// The name it has in the sources, when it is another one.
    pub(crate) rename: Option<String>,
}

/// The metadata cannot be had.
#[derive(Debug, thiserror::Error)]
pub(crate) enum MetadataError {
    /// Cargo failed.
    #[error(transparent)]
    Process(#[from] ProcessError),
    /// Its answer has another shape than expected.
    #[error("the answer of `cargo metadata` cannot be understood")]
    Shape(#[from] serde_json::Error),
}

/// Asks cargo.
///
/// # Errors
/// When cargo fails or answers something unexpected.
pub(crate) fn metadata() -> Result<Metadata, MetadataError> {
    let answer =
        process::output(&mut process::cargo(&["metadata", "--format-version", "1", "--all-features"]))?;
    Ok(serde_json::from_slice(&answer)?)
}
