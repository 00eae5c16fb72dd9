//! Running other programs, and saying what is run.

use std::ffi::OsStr;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::workspace;

/// A program failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ProcessError {
    /// It could not be started.
    #[error("`{program}` cannot be started; is it installed?")]
    Start {
        /// Which.
        program: String,
        /// Why.
        source: std::io::Error,
    },
    /// It ended with a failure.
    #[error("`{line}` failed ({status})")]
    Failed {
        /// What was run.
        line: String,
        /// How it ended.
        status: std::process::ExitStatus,
    },
}

/// Prints a line of the task itself.
#[expect(clippy::print_stdout, reason = "a task tells its user what it does")]
pub(crate) fn say(text: impl AsRef<str>) {
    println!("{}", text.as_ref());
}

/// Cargo, in the root of the workspace. A `Cargo.lock` that does not fit is an error where `CI` is set.
pub(crate) fn cargo(arguments: &[&str]) -> Command {
    // Cargo names itself to what it runs, so that the same toolchain is used.
    let mut command = program(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    // The arguments after `--` are not cargo's.
    let own = arguments.iter().position(|argument| *argument == "--").unwrap_or(arguments.len());
    let (own, others) = arguments.split_at(own);
    command.args(own);
    let takes_lock = !matches!(own.first(), Some(&("fmt" | "deny")));
    if takes_lock && std::env::var_os("CI").is_some() {
        command.arg("--locked");
    }
    command.args(others);
    command
}

/// A program, in the root of the workspace.
pub(crate) fn program(name: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(name);
    command.current_dir(workspace::root());
    command
}

/// Says what is run, runs it with its output on the screen, and waits for its end.
///
/// # Errors
/// When it cannot be started or fails.
pub(crate) fn run(command: &mut Command) -> Result<(), ProcessError> {
    let line = line_of(command);
    say(format!("\n$ {line}"));
    let status = command.status().map_err(|source| start_error(command, source))?;
    if status.success() { Ok(()) } else { Err(ProcessError::Failed { line, status }) }
}

/// Runs a program silently and gives what it printed to standard output.
///
/// # Errors
/// When it cannot be started or fails.
pub(crate) fn output(command: &mut Command) -> Result<Vec<u8>, ProcessError> {
    let output = command.stderr(Stdio::inherit()).output().map_err(|source| start_error(command, source))?;
    if output.status.success() {
        return Ok(output.stdout);
    }
    Err(ProcessError::Failed { line: line_of(command), status: output.status })
}

/// Whether a program is there and answers to these arguments with success.
pub(crate) fn answers(name: impl AsRef<OsStr>, arguments: &[&str]) -> bool {
    let mut command = program(name);
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

fn start_error(command: &Command, source: std::io::Error) -> ProcessError {
    ProcessError::Start { program: command.get_program().to_string_lossy().into_owned(), source }
}

/// The command as one would type it, with the program's name without its folder.
fn line_of(command: &Command) -> String {
    let name = Path::new(command.get_program()).file_name().unwrap_or(command.get_program());
    let words = std::iter::once(name).chain(command.get_args());
    words.map(OsStr::to_string_lossy).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_shows_the_program_by_its_name() {
        let mut command = Command::new("/opt/tools/cargo");
        command.args(["build", "--release"]);
        assert_eq!(line_of(&command), "cargo build --release");
    }

    #[test]
    fn a_program_that_is_not_there_does_not_answer() {
        assert!(!answers("a-program-that-nobody-has", &["--version"]));
        assert!(answers(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()), &["--version"]));
    }
}
