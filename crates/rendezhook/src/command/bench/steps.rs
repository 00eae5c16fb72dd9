//! The groups of steps, one after the other.

mod backlog;
mod fan_out;
mod growth;
mod isolation;
mod latency;
mod limit;
mod publish;
mod put;
mod tally;
mod turns;
mod waiting;

use std::path::Path;

use super::Group;
use super::comparisons::{GrowthFigures, IsolationFigures, RestartFigures, WaitingFigures};
use super::failure::BenchError;
use super::figures::{BacklogFigures, StepFigures};
use super::plan::Plan;
use super::rig::{Load, Rig, Target};
use super::server::{Organization, Server};

/// Connections where their number is not what is measured.
const USUAL_CONNECTIONS: usize = 16;
/// Publishes that are made before it counts.
const WARM_UP_REQUESTS: u64 = 500;
/// More requests than any step can make in its time.
const UNLIMITED_REQUESTS: u64 = 1 << 22;

/// What came of a group.
pub(super) enum Outcome {
    /// A row for each step.
    Steps(Vec<StepFigures>),
    /// The one with a backlog.
    Backlog(BacklogFigures),
    /// The one with receivers that hang.
    Isolation(IsolationFigures),
    /// The one with deliveries that wait, and the restart that follows.
    Waiting(WaitingFigures, RestartFigures),
    /// The one that grows.
    Growth(GrowthFigures),
}

/// Measures one group, with servers on data directories inside `place`.
pub(super) async fn run(
    group: Group,
    rig: &mut Rig,
    plan: &Plan,
    place: &Path,
) -> Result<Outcome, BenchError> {
    Ok(match group {
        Group::Limit => Outcome::Steps(limit::run(rig, plan).await?),
        Group::Single => Outcome::Steps(publish::run(rig, plan, place, "single", 1).await?),
        Group::Batch => Outcome::Steps(publish::run(rig, plan, place, "batch", publish::BATCH).await?),
        Group::Put => Outcome::Steps(put::run(rig, plan, place).await?),
        Group::Fanout => Outcome::Steps(fan_out::run(rig, plan, place).await?),
        Group::Latency => Outcome::Steps(latency::run(rig, plan, place).await?),
        Group::Backlog => Outcome::Backlog(backlog::run(rig, plan, place).await?),
        Group::Isolation => Outcome::Isolation(isolation::run(rig, plan, place).await?),
        Group::Waiting => {
            let (waiting, restart) = waiting::run(rig, plan, place).await?;
            Outcome::Waiting(waiting, restart)
        }
        Group::Growth => Outcome::Growth(growth::run(rig, plan, place).await?),
    })
}

/// A fresh server makes its first publishes, so that caches and connections are as they stay.
async fn warm_up(
    rig: &mut Rig,
    server: &Server,
    organization: &Organization,
    deliveries: u64,
) -> Result<(), BenchError> {
    let load = Load {
        group: "warm-up",
        target: Target::Server(server, organization),
        connections: USUAL_CONNECTIONS,
        rate_per_second: None,
        items: 1,
        deliveries,
        requests: WARM_UP_REQUESTS / deliveries.min(10),
        seconds: 10,
    };
    rig.step(&load).await?;
    Ok(())
}
