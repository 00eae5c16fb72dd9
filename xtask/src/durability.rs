//! Whether what is acknowledged is durable: the order of system calls of the real server under concurrent publishes.
//!
//! Killing a process proves nothing about `fsync`, since the page cache survives it. So a library between the server and the C
//! library writes down what came in, what was written to the log, when the log was made durable and when answers left
//! (`durability/trace.c`). Every publish carries a mark of its own, which is found in each of these.

mod publishing;
mod trace;

use std::error::Error;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use crate::process::{self, ProcessError};
use crate::server::{self, Server};
use crate::workspace;

/// Connections that publish at the same time.
const CONNECTIONS: u32 = 16;
/// Publishes over each of them.
const PUBLISHES: u32 = 100;

/// An acknowledgement was early, or the trace is not whole.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Broken(String);

/// Publishes over many connections and checks the trace.
///
/// # Errors
/// When a publish was acknowledged before the log with it was made durable, or the server or its trace cannot be had.
pub(crate) fn run() -> Result<(), Box<dyn Error>> {
    if !cfg!(target_os = "linux") {
        process::say("\nnote: durability is skipped: the trace is made for Linux");
        return Ok(());
    }
    let target = workspace::metadata()?.target_directory;
    let folder = target.join("durability");
    fs::create_dir_all(&folder)?;
    let library = compile(&folder)?;
    let binary = server::build(&target)?;
    let written = folder.join("trace.txt");
    if written.exists() {
        fs::remove_file(&written)?;
    }
    let environment = [("LD_PRELOAD", library.as_os_str()), ("DURABILITY_TRACE", written.as_os_str())];
    let server = Server::start_with(&binary, &folder, &environment)?;
    publishing::publish(server.address, CONNECTIONS, PUBLISHES)?;
    drop(server);
    let findings = trace::check(&fs::read_to_string(&written)?)?;
    if let Some(first) = findings.early.first() {
        let count = findings.early.len();
        return Err(
            Broken(format!("{count} publishes were acknowledged too early; the first: {first}")).into()
        );
    }
    let expected = usize::try_from(CONNECTIONS * PUBLISHES)?;
    if findings.acknowledged != expected {
        let found = findings.acknowledged;
        return Err(
            Broken(format!("the trace shows {found} of {expected} publishes and their answers")).into()
        );
    }
    process::say(format!(
        "{} acknowledgements over {CONNECTIONS} connections: before each, the log with its publish was made durable \
         (by {} syncs in all)",
        findings.acknowledged, findings.syncs
    ));
    Ok(())
}

/// Makes the library that is loaded into the server.
fn compile(folder: &Path) -> Result<PathBuf, ProcessError> {
    let library = folder.join("trace.so");
    let source = workspace::root().join("xtask/src/durability/trace.c");
    let compiler = std::env::var_os("CC").unwrap_or_else(|| "cc".into());
    let mut command = process::program(compiler);
    command
        .args(["-shared", "-fPIC", "-O1", "-Wall", "-o"])
        .arg(&library)
        .arg(source)
        .arg(OsStr::new("-ldl"));
    process::run(&mut command)?;
    Ok(library)
}
