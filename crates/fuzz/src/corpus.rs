//! The seeds of a target: files below `corpus/<target>/` of this crate.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// The folder with the seeds of this target.
#[must_use]
pub fn folder(target: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(target)
}

/// All seeds of this target, in the order of their names.
///
/// # Errors
/// When the folder or a file in it cannot be read.
pub fn read(target: &str) -> io::Result<Vec<Vec<u8>>> {
    let entries: io::Result<Vec<_>> = fs::read_dir(folder(target))?.collect();
    let mut paths: Vec<PathBuf> = entries?.into_iter().map(|entry| entry.path()).collect();
    paths.sort();
    paths.into_iter().map(fs::read).collect()
}
