//! Kills the real binary at random moments and checks that nothing acknowledged is lost.

use std::error::Error;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::Parser;
use rendezhook_testkit::crash::{self, CrashOptions, Progress};

/// Kills the real binary at random moments and checks that nothing acknowledged is lost.
#[derive(Debug, Parser)]
struct Arguments {
    /// The rendezhook binary to test.
    #[arg(long)]
    binary: PathBuf,
    /// How often it is killed.
    #[arg(long, default_value_t = 20)]
    cycles: u32,
    /// Publishers at work at the same time.
    #[arg(long, default_value_t = 8)]
    publishers: u64,
    /// A directory on a real disk.
    #[arg(long, default_value = "target")]
    directory: PathBuf,
    /// The seed of everything that is left to chance; drawn when missing.
    #[arg(long)]
    seed: Option<u64>,
    /// Seconds that what waits may take to arrive after the last kill.
    #[arg(long, default_value_t = 180)]
    settle: u64,
}

#[tokio::main]
#[expect(clippy::print_stdout, reason = "the report is the purpose of this program")]
async fn main() -> Result<ExitCode, Box<dyn Error>> {
    let arguments = Arguments::parse();
    let seed = arguments.seed.unwrap_or_else(rand::random);
    println!("crash run of {} cycles, seed {seed}", arguments.cycles);
    let options = CrashOptions {
        binary: arguments.binary,
        directory: arguments.directory,
        cycles: arguments.cycles,
        publishers: arguments.publishers,
        seed,
        settle: Duration::from_secs(arguments.settle),
    };
    let began = Instant::now();
    let report = crash::run(&options, |progress| {
        let Progress { cycle, counts, since, took } = progress;
        println!(
            "kill {cycle:>4}: {:>7} acknowledged, {:>7} delivered, {:>3} duplicates since the kill before, {:.1} s",
            counts.acknowledged,
            counts.delivered,
            since.duplicates,
            took.as_secs_f64()
        );
    })
    .await?;
    let per_cycle = began.elapsed().as_secs_f64() / f64::from(arguments.cycles.max(1));
    println!("time for a cycle          {per_cycle:.1} s, the settling at the end included");
    println!("{}\n{}\n{}\n{}", report.findings, report.agenda, report.repetitions, report.backfills);
    println!("every invariant holds     {}", if report.invariants_hold() { "yes" } else { "NO" });
    println!(
        "the server's own list     {} delivered of {} expected, {} cancelled of {} expected, {} in other states",
        report.listed_delivered,
        report.expected_deliveries,
        report.listed_cancelled,
        report.expected_cancelled,
        report.listed_otherwise
    );
    if let Some(kept) = &report.kept {
        println!("data and log are kept in  {}", kept.display());
    }
    Ok(if report.holds() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
