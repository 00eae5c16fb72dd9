#![doc = include_str!("../README.md")]

mod client;
mod command;
mod settings;
mod start;

use std::error::Error;
use std::process::ExitCode;

use clap::Parser;
use mimalloc::MiMalloc;

/// A server allocates on one thread and frees on another all the time, which the system's allocator is slow at: a tenth of the
/// CPU of a delivery under load.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    let line = command::Line::parse();
    match line.command.run() {
        Ok(code) => code,
        Err(error) => {
            tell(error.as_ref());
            ExitCode::FAILURE
        }
    }
}

/// Prints an error and what caused it, the outermost first.
#[expect(clippy::print_stderr, reason = "a command tells its user what went wrong")]
fn tell(error: &dyn Error) {
    eprintln!("error: {error}");
    let mut cause = error.source();
    while let Some(inner) = cause {
        eprintln!("  because: {inner}");
        cause = inner.source();
    }
}
