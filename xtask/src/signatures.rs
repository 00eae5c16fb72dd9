//! Signatures of ours, verified with the libraries that receivers use.
//!
//! The libraries for Python and Node are installed below the build folder, if Python and Node are there. What is missing
//! is named; it never passes for verified.

mod cases;
mod delivery;
mod node;
mod python;

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{SystemTime, UNIX_EPOCH};

use http::{HeaderMap, HeaderValue};
use standardwebhooks::Webhook;

use crate::process::{self, ProcessError};
use crate::workspace;
use cases::Case;

/// A library does not accept what we signed, or accepts what nobody signed.
#[derive(Debug, thiserror::Error)]
enum SignatureError {
    /// A case went wrong.
    #[error("{name}: the Rust library says: {said}")]
    Refused { name: String, said: String },
    /// An altered body passed.
    #[error("{name}: the Rust library accepts an altered body")]
    Accepted { name: String },
}

/// Why a library is not asked.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Missing(String);

/// Signs 300 deliveries and has each verified, and an altered one refused, by every library there is.
///
/// # Errors
/// When a library disagrees, or the cases cannot be written.
pub(crate) fn run() -> Result<(), Box<dyn Error>> {
    let folder = workspace::metadata()?.target_directory.join("standardwebhooks");
    fs::create_dir_all(&folder)?;
    let libraries = [("Python", python::prepare(&folder)), ("Node", node::prepare(&folder))];

    // The libraries judge the clock themselves, so the cases are made after everything slow is done.
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
    let cases = cases::make(i64::try_from(now)?)?;
    verify_with_rust(&cases)?;
    process::say(format!("\nsignatures: Rust verified {}", cases.len()));

    let file = write(&cases, &folder)?;
    for (name, prepared) in libraries {
        match prepared {
            Ok(mut command) => process::run(command.arg(&file))?,
            Err(Missing(reason)) => process::say(format!("signatures: {name} SKIPPED: {reason}")),
        }
    }
    Ok(())
}

fn verify_with_rust(cases: &[Case]) -> Result<(), Box<dyn Error>> {
    for case in cases {
        let mut headers = HeaderMap::new();
        headers.insert("webhook-id", HeaderValue::from_str(&case.id)?);
        headers.insert("webhook-timestamp", HeaderValue::from_str(&case.timestamp)?);
        headers.insert("webhook-signature", HeaderValue::from_str(&case.signature)?);
        for secret in &case.secrets {
            let webhook = Webhook::new(secret)?;
            webhook.verify(case.body.as_bytes(), &headers).map_err(|error| SignatureError::Refused {
                name: case.name.clone(),
                said: error.to_string(),
            })?;
            if webhook.verify(format!("{} ", case.body).as_bytes(), &headers).is_ok() {
                return Err(SignatureError::Accepted { name: case.name.clone() }.into());
            }
        }
    }
    Ok(())
}

/// Writes one JSON document a line, for the scripts beside this file.
fn write(cases: &[Case], folder: &Path) -> Result<PathBuf, Box<dyn Error>> {
    let lines: Result<Vec<String>, _> = cases.iter().map(serde_json::to_string).collect();
    let file = folder.join("cases.jsonl");
    fs::write(&file, lines?.join("\n"))?;
    Ok(file)
}

/// Where the scripts are.
fn script(name: &str) -> PathBuf {
    workspace::root().join("xtask/src/signatures").join(name)
}

/// Installs something; when that fails, the library is missing.
fn install(command: &mut Command) -> Result<(), Missing> {
    process::run(command).map_err(|error: ProcessError| Missing(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rust_library_judges_each_case_and_its_altered_body() {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
        let mut cases = cases::make(i64::try_from(now).unwrap()).unwrap();
        assert_eq!(cases.len(), 300);
        verify_with_rust(&cases).unwrap();
        cases[7].body.push('x');
        let error = verify_with_rust(&cases).unwrap_err().to_string();
        assert!(error.starts_with("case 7 (Standard, form 1): the Rust library says"), "{error}");
    }
}
