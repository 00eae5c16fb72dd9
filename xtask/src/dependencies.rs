//! Dependencies that a package declares and does not use.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::process;
use crate::workspace::{Dependency, Metadata, Package};

/// How deep folders of sources are looked into.
const DEEPEST_FOLDER: usize = 16;

/// A declared dependency is not used, or the sources cannot be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DependencyError {
    /// Some are declared for nothing.
    #[error("declared and never used; remove from Cargo.toml:\n  {}", .0.join("\n  "))]
    Unused(Vec<String>),
    /// A file or folder cannot be read.
    #[error("{path} cannot be read")]
    Read {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// Looks for the name of every declared dependency in the sources of the package that declares it.
///
/// A name in a comment counts as a use: this finds what was left behind, and never complains about what is needed.
///
/// # Errors
/// Names every dependency that is not used.
pub(crate) fn check(metadata: &Metadata) -> Result<(), DependencyError> {
    let mut unused = Vec::new();
    for package in metadata.packages.iter().filter(|package| package.source.is_none()) {
        let sources = sources_of(package)?;
        let not_named = package.dependencies.iter().filter(|dependency| !is_named(dependency, &sources));
        unused.extend(not_named.map(|dependency| format!("{}: {}", package.name, dependency.name)));
    }
    if !unused.is_empty() {
        return Err(DependencyError::Unused(unused));
    }
    process::say("\ndependencies: every one that is declared is used");
    Ok(())
}

fn is_named(dependency: &Dependency, sources: &str) -> bool {
    let name = dependency.rename.as_ref().unwrap_or(&dependency.name).replace('-', "_");
    let is_part = |character: char| character.is_alphanumeric() || character == '_';
    sources.match_indices(&name).any(|(start, found)| {
        let (before, after) = sources.split_at(start);
        let after = after.strip_prefix(found).unwrap_or_default();
        !before.ends_with(is_part) && !after.starts_with(is_part)
    })
}

/// All Rust sources of a package, and its README, whose examples are compiled as tests.
fn sources_of(package: &Package) -> Result<String, DependencyError> {
    let folder = package.manifest_path.parent().unwrap_or(Path::new("."));
    let mut text = String::new();
    for name in ["build.rs", "README.md"] {
        append_if_there(&folder.join(name), &mut text)?;
    }
    for name in ["src", "tests", "benches", "examples"] {
        let folder = folder.join(name);
        if folder.is_dir() {
            append_folder(&folder, DEEPEST_FOLDER, &mut text)?;
        }
    }
    Ok(text)
}

fn append_folder(folder: &Path, depth: usize, text: &mut String) -> Result<(), DependencyError> {
    let failed = |source| DependencyError::Read { path: folder.to_owned(), source };
    for entry in fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if path.is_dir() && depth > 0 {
            append_folder(&path, depth - 1, text)?;
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            append_if_there(&path, text)?;
        }
    }
    Ok(())
}

fn append_if_there(path: &Path, text: &mut String) -> Result<(), DependencyError> {
    match fs::read_to_string(path) {
        Ok(source) => {
            text.push_str(&source);
            text.push('\n');
            Ok(())
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(source) => Err(DependencyError::Read { path: path.to_owned(), source }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dependency(name: &str, rename: Option<&str>) -> Dependency {
        Dependency { name: name.to_owned(), rename: rename.map(str::to_owned) }
    }

    #[test]
    fn a_dependency_is_used_when_its_whole_name_is_in_the_sources() {
        let sources = "use http_body::Frame;\nlet x = old_url::Url::parse();";
        assert!(is_named(&dependency("http-body", None), sources));
        assert!(!is_named(&dependency("http", None), sources), "the beginning of another name");
        assert!(!is_named(&dependency("url", None), sources), "the end of another name");
        assert!(is_named(&dependency("url", Some("old-url")), sources), "by the name it was given");
    }

    #[test]
    fn the_sources_of_this_package_name_what_they_use() {
        let package = Package {
            name: "xtask".to_owned(),
            version: String::new(),
            source: None,
            license: None,
            manifest_path: Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml"),
            dependencies: Vec::new(),
        };
        let sources = sources_of(&package).unwrap();
        assert!(is_named(&dependency("serde-json", None), &sources));
        assert!(!is_named(&dependency(&["left", "behind"].join("-"), None), &sources));
    }
}
