//! Licences and origins of all dependencies, for machines without `cargo-deny`. The rules are those of `deny.toml`.

mod expression;

use std::collections::BTreeSet;
use std::fs;

use serde::Deserialize;

use crate::process;
use crate::workspace::{self, Metadata, Package};
use expression::Expression;

/// A dependency may not be used, or the rules cannot be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LicenceError {
    /// `deny.toml` cannot be read.
    #[error("deny.toml cannot be read")]
    Read(#[from] std::io::Error),
    /// `deny.toml` is not as it should be.
    #[error("deny.toml cannot be understood")]
    Rules(#[from] toml::de::Error),
    /// Some dependencies are not permitted.
    #[error("these dependencies are not permitted by deny.toml; replace them, or allow their licence:\n  {}", .0.join("\n  "))]
    Refused(Vec<String>),
}

/// What is used of `deny.toml`.
#[derive(Debug, Deserialize)]
struct Rules {
    licenses: LicenceRules,
}

#[derive(Debug, Deserialize)]
struct LicenceRules {
    /// Licences by their SPDX names, some `WITH` an exception.
    allow: BTreeSet<String>,
}

/// Judges every package that may be built, for any platform.
///
/// # Errors
/// Names every package that is not permitted, and why.
pub(crate) fn check(metadata: &Metadata) -> Result<(), LicenceError> {
    let text = fs::read_to_string(workspace::root().join("deny.toml"))?;
    let rules: Rules = toml::from_str(&text)?;
    let foreign: Vec<&Package> =
        metadata.packages.iter().filter(|package| package.source.is_some()).collect();
    let refused: Vec<String> = foreign
        .iter()
        .filter_map(|package| {
            let reason = objection(package, &rules.licenses.allow)?;
            Some(format!("{} {}: {reason}", package.name, package.version))
        })
        .collect();
    if !refused.is_empty() {
        return Err(LicenceError::Refused(refused));
    }
    process::say(format!("licences: all {} dependencies are permitted", foreign.len()));
    Ok(())
}

/// What speaks against a package.
fn objection(package: &Package, allowed: &BTreeSet<String>) -> Option<String> {
    let is_from_registry = package.source.as_ref().is_some_and(|source| source.starts_with("registry+"));
    if !is_from_registry {
        return Some("it does not come from the package registry".to_owned());
    }
    let Some(licence) = &package.license else {
        return Some("it names no licence".to_owned());
    };
    match Expression::parse(licence) {
        Ok(expression) if expression.is_satisfied_by(allowed) => None,
        Ok(_) => Some(format!("its licence is {licence}")),
        Err(error) => Some(format!("its licence {licence:?} is no SPDX expression: {error}")),
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    fn package(source: &str, license: Option<&str>) -> Package {
        Package {
            name: "example".to_owned(),
            version: "1.0.0".to_owned(),
            source: Some(source.to_owned()),
            license: license.map(str::to_owned),
            manifest_path: PathBuf::new(),
            dependencies: Vec::new(),
        }
    }

    #[test]
    fn what_is_not_permitted_is_named_with_its_reason() {
        let allowed = BTreeSet::from(["MIT".to_owned()]);
        let reason = |source, license| objection(&package(source, license), &allowed);
        assert_eq!(reason("registry+index", Some("MIT OR GPL-3.0")), None);
        assert_eq!(reason("registry+index", Some("GPL-3.0")).unwrap(), "its licence is GPL-3.0");
        assert_eq!(reason("registry+index", None).unwrap(), "it names no licence");
        assert!(reason("registry+index", Some("MIT OR")).unwrap().contains("no SPDX expression"));
        assert!(reason("git+https://example.com", Some("MIT")).unwrap().contains("registry"));
    }

    #[test]
    fn the_rules_of_this_workspace_permit_its_own_licence() {
        let text = fs::read_to_string(workspace::root().join("deny.toml")).unwrap();
        let rules: Rules = toml::from_str(&text).unwrap();
        let own = Expression::parse(env!("CARGO_PKG_LICENSE")).unwrap();
        assert!(own.is_satisfied_by(&rules.licenses.allow));
        assert!(!Expression::parse("AGPL-3.0-only").unwrap().is_satisfied_by(&rules.licenses.allow));
    }
}
