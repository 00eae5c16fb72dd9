//! Tasks of the project that are not the product: `cargo xtask <task>`.
//!
//! They need nothing but Rust and a C compiler. Programs that make them better or faster (`cargo-nextest`, `cargo-deny`,
//! Python, Node, Hurl) are used where they are installed; where one is missing, a line says what is done instead.

mod conformance;
mod crash;
mod dependencies;
mod durability;
mod fuzz;
mod licences;
mod lint;
mod peers;
mod process;
mod server;
mod signatures;
mod simulate;
mod test;
mod workspace;

use std::error::Error;
use std::process::ExitCode;

use clap::Parser;

/// Tasks of the project that are not the product.
#[derive(Debug, clap::Parser)]
struct Line {
    #[command(subcommand)]
    task: Task,
}

#[derive(Debug, clap::Subcommand)]
enum Task {
    /// Check format, lints, documentation, licences and unused dependencies.
    Lint,
    /// Run every test there is: crashes, durability, signatures, conformance, peers, documentation examples, and last the tests of all crates.
    Test {
        /// Kill and restart the server this many times.
        #[arg(long, value_name = "N", default_value_t = test::CRASH_CYCLES)]
        crash_cycles: u32,
    },
    /// Verify signatures of ours with the published Standard Webhooks libraries for Rust, Python and Node.
    Signatures,
    /// Send the requests and examples of the documents whose APIs the server speaks, and check every answer field by field.
    Conformance,
    /// Deliver to a customer whose authorization server and GraphQL server others wrote, and check what arrives.
    Peers,
    /// Kill the server again and again under load, and check that nothing acknowledged is lost.
    Crash {
        /// Kill and restart the server this many times.
        #[arg(long, value_name = "N", default_value_t = test::CRASH_CYCLES)]
        cycles: u32,
        /// Further arguments for the harness, after `--`.
        #[arg(last = true)]
        further: Vec<String>,
    },
    /// Publish over many connections, and check by a trace of the server's system calls that nothing is acknowledged before the
    /// log with it was made durable.
    Durability,
    /// Judge mutated texts: target URLs, `Retry-After`, calendars, management bodies, documents with placeholders.
    Fuzz {
        /// Seconds of each target.
        #[arg(long, value_name = "N", default_value_t = 10)]
        seconds: u64,
        /// One target; all of them, one after the other, when missing.
        target: Option<String>,
    },
    /// Play random histories against the scheduler, and check after every step that its invariants hold.
    Simulate {
        /// How many histories.
        #[arg(long, value_name = "N", default_value_t = 10_000)]
        seeds: u64,
        /// The seed of the first one; the others follow it. Drawn when missing.
        #[arg(long, value_name = "SEED")]
        from: Option<u64>,
    },
    /// What every change has to pass: lint, then test.
    Ci,
}

fn main() -> ExitCode {
    match run(Line::parse().task) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tell(error.as_ref());
            ExitCode::FAILURE
        }
    }
}

fn run(task: Task) -> Result<(), Box<dyn Error>> {
    match task {
        Task::Lint => lint::run(),
        Task::Test { crash_cycles } => test::run(crash_cycles),
        Task::Signatures => signatures::run(),
        Task::Conformance => conformance::run(),
        Task::Peers => peers::run(),
        Task::Crash { cycles, further } => crash::run(cycles, &further),
        Task::Durability => durability::run(),
        Task::Fuzz { seconds, target } => Ok(fuzz::run(seconds, target.as_deref())?),
        Task::Simulate { seeds, from } => Ok(simulate::run(seeds, from)?),
        Task::Ci => lint::run().and_then(|()| test::run(test::CRASH_CYCLES)),
    }
}

#[expect(clippy::print_stderr, reason = "a task tells its user what went wrong")]
fn tell(error: &dyn Error) {
    eprintln!("error: {error}");
    let mut cause = error.source();
    while let Some(inner) = cause {
        eprintln!("  because: {inner}");
        cause = inner.source();
    }
}
