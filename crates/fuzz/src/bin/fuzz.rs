//! Judges mutated inputs of one or all targets for some time.

use std::error::Error;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use rendezhook_fuzz::corpus;
use rendezhook_fuzz::run::{Failure, Report, Until, run};
use rendezhook_fuzz::targets::{self, Target};

/// Judges mutated inputs of one or all targets for some time.
#[derive(Debug, Parser)]
struct Arguments {
    /// The target; all of them, one after the other, when missing.
    target: Option<String>,
    /// Seconds of each target.
    #[arg(long, default_value_t = 10)]
    seconds: u64,
    /// The seed of everything that is left to chance. Drawn when missing.
    #[arg(long)]
    seed: Option<u64>,
}

/// There is no such target.
#[derive(Debug, thiserror::Error)]
#[error("there is no target {name}; there are: {offered}")]
struct UnknownTarget {
    name: String,
    offered: String,
}

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let arguments = Arguments::parse();
    let chosen = match &arguments.target {
        None => targets::ALL.to_vec(),
        Some(name) => vec![targets::named(name).ok_or_else(|| UnknownTarget {
            name: name.clone(),
            offered: targets::ALL.map(|target| target.name).join(", "),
        })?],
    };
    let seed = arguments.seed.unwrap_or_else(rand::random);
    let mut failed = false;
    for target in chosen {
        let seeds = corpus::read(target.name)?;
        let report = run(&target, &seeds, seed, Until::Elapsed(Duration::from_secs(arguments.seconds)));
        failed |= report.failure.is_some();
        tell(&target, &report, seed);
    }
    Ok(if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

#[expect(clippy::print_stdout, reason = "what a run found is what it is for")]
fn tell(target: &Target, report: &Report, seed: u64) {
    let Report { inputs, outcomes, failure } = report;
    println!("{:<13} {inputs:>9} inputs, {outcomes:>5} different outcomes (seed {seed})", target.name);
    if let Some(Failure { input, reason }) = failure {
        println!("  FAILED: {reason}");
        println!("  input: \"{}\"", input.escape_ascii());
        println!("  keep it as a file below {}", corpus::folder(target.name).display());
    }
}
