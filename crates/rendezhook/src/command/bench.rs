//! `rendezhook bench`: speed, cost and memory against the limit of this machine.
//!
//! Generator, server and sink are processes of their own, this same binary each, so that the cost of one is told apart from
//! the others'. All is on loopback.

mod arrivals;
mod body;
mod comparisons;
mod disk;
mod failure;
mod figures;
pub(super) mod generator;
mod machine;
mod part;
mod plan;
mod present;
mod process;
mod protocol;
mod rig;
mod seconds;
mod server;
pub(super) mod sink;
mod stamp;
mod steps;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::ValueEnum;
use tokio::signal::unix::{SignalKind, signal};

use self::failure::BenchError;
use self::figures::{Report, StepFigures};
use self::machine::Machine;
use self::plan::Plan;
use self::rig::Rig;
use self::steps::Outcome;
use super::terminal::{Terminal, Tone};
use super::{Ending, output};

/// How long the server may take to answer a publish.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);
/// How long the disk is measured.
const DISK_TIME: Duration = Duration::from_secs(1);

/// Measure speed, cost and memory against the limit of this machine.
///
/// docs/benchmark.md says what each figure means and how to compare fairly.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Write every figure to this file as JSON.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,

    /// Seconds of each step. [default: 5, with --quick 1]
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=600))]
    seconds: Option<u64>,

    /// Measure these groups alone; without `limit` there are no ratios.
    #[arg(long, value_name = "GROUP,…", value_delimiter = ',')]
    only: Vec<Group>,

    /// Measure little, to see that all works.
    #[arg(long)]
    quick: bool,

    /// Where the servers keep their data meanwhile. [default: target if there is one, else the system's directory for
    /// temporary files]
    #[arg(long, value_name = "DIRECTORY")]
    data: Option<PathBuf>,
}

/// What can be measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Group {
    /// The generator straight into the sink, and the disk.
    Limit,
    /// One action a request.
    Single,
    /// A hundred actions a request.
    Batch,
    /// A new state a request, from which actions are derived.
    Put,
    /// A hundred subscriptions.
    Fanout,
    /// Low rates.
    Latency,
    /// Very many waiting deliveries.
    Backlog,
    /// A thousand receivers, and what those that answer notice of a hundred that hang.
    Isolation,
    /// A million waiting deliveries: what others cost beside them, and how soon they go on after a restart.
    Waiting,
    /// Very many subscriptions, very many organizations.
    Growth,
}

/// Carries the command out.
pub(crate) fn run(arguments: Arguments) -> Ending {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let report = runtime.block_on(async {
        let mut terminate = signal(SignalKind::terminate())?;
        // Whichever ends first, leaving the block drops the handles of all processes, which ends these.
        let ending: Result<Report, Box<dyn std::error::Error>> = tokio::select! {
            report = measure(&arguments) => Ok(report?),
            _ = tokio::signal::ctrl_c() => Err(BenchError::Interrupted.into()),
            _ = terminate.recv() => Err(BenchError::Interrupted.into()),
        };
        ending
    })?;
    if let Some(path) = &arguments.json {
        std::fs::write(path, serde_json::to_vec_pretty(&report)?)?;
    }
    Ok(conclude(&report))
}

async fn measure(arguments: &Arguments) -> Result<Report, BenchError> {
    let terminal = Terminal::of_standard_output();
    let plan = Plan::new(arguments.quick, arguments.seconds);
    let place = arguments.data.clone().unwrap_or_else(usual_place);
    let mut report = Report {
        version: env!("CARGO_PKG_VERSION"),
        started_at: jiff::Timestamp::now().to_string(),
        machine: Machine::here(&place),
        seconds: plan.seconds,
        quick: arguments.quick,
        disk: None,
        steps: Vec::new(),
        backlog: None,
        isolation: None,
        waiting: None,
        restart: None,
        growth: None,
        problems: Vec::new(),
    };
    introduce(&report, terminal);
    let mut rig = Rig::start()?;
    for group in Group::value_variants() {
        if !arguments.only.is_empty() && !arguments.only.contains(group) {
            continue;
        }
        if *group == Group::Limit {
            let failed = |source| BenchError::Data { path: place.clone(), source };
            report.disk = Some(disk::measure(&place, DISK_TIME).map_err(failed)?);
        }
        let heading = present::heading(*group);
        terminal.status(heading);
        let outcome = steps::run(*group, &mut rig, &plan, &place).await?;
        terminal.clear_status();
        output::line(terminal.paint(Tone::Strong, heading));
        add(&mut report, outcome, terminal);
        output::line("");
    }
    report.problems.append(&mut rig.problems);
    rig.stop().await;
    Ok(report)
}

/// Prints what came of a group and keeps it.
fn add(report: &mut Report, outcome: Outcome, terminal: Terminal) {
    let lines = match outcome {
        Outcome::Steps(mut steps) => {
            if steps.iter().all(|step| step.memory.is_some()) {
                steps.iter_mut().for_each(|step: &mut StepFigures| step.compare(&report.steps));
            }
            let mut lines = present::steps(&steps, terminal);
            if let Some(disk) = report.disk.filter(|_| report.steps.is_empty()) {
                lines.push(present::disk(&disk));
            }
            let is_put = steps.iter().any(|step| step.group == "put");
            report.steps.append(&mut steps);
            lines.extend(present::put_beside_publish(&report.steps).filter(|_| is_put));
            lines
        }
        Outcome::Backlog(figures) => {
            report.backlog = Some(figures);
            present::backlog(&figures, terminal)
        }
        Outcome::Isolation(figures) => {
            report.isolation = Some(figures);
            present::comparisons::isolation(&figures, terminal)
        }
        Outcome::Waiting(waiting, restart) => {
            (report.waiting, report.restart) = (Some(waiting), Some(restart));
            present::comparisons::waiting(&waiting, &restart, terminal)
        }
        Outcome::Growth(figures) => {
            let lines = present::comparisons::growth(&figures, terminal);
            report.growth = Some(figures);
            lines
        }
    };
    lines.iter().for_each(output::line);
}

/// `target` lies on the disk of the project, which a directory for temporary files may not.
fn usual_place() -> PathBuf {
    let target = PathBuf::from("target");
    if target.is_dir() { target } else { std::env::temp_dir() }
}

fn introduce(report: &Report, terminal: Terminal) {
    output::line(terminal.paint(Tone::Strong, &format!("rendezhook bench {}", report.version)));
    output::line(present::machine(&report.machine));
    if report.machine.is_in_memory() {
        let warning = "This file system lies in memory: nothing is really made durable, so the figures are too good. Give a \
                       directory on a disk with --data.";
        output::line(terminal.paint(Tone::Bad, warning));
    }
    if cfg!(debug_assertions) {
        let warning = "This is a debug build; measure with a release build.";
        output::line(terminal.paint(Tone::Bad, warning));
    }
    output::line("");
}

/// Says whether the run is good: the last line, and the exit code.
fn conclude(report: &Report) -> ExitCode {
    let terminal = Terminal::of_standard_output();
    if report.problems.is_empty() {
        let verdict = "Every acknowledged delivery arrived, and none twice.";
        output::line(terminal.paint(Tone::Good, verdict));
        return ExitCode::SUCCESS;
    }
    output::line(terminal.paint(Tone::Bad, "The run failed:"));
    for problem in &report.problems {
        output::line(format!("  {problem}"));
    }
    ExitCode::FAILURE
}
