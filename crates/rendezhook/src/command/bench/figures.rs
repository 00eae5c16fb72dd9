//! What is measured, as it is written to the JSON file.

use serde::Serialize;

use super::arrivals::ArrivalSummary;
use super::comparisons::{GrowthFigures, IsolationFigures, RestartFigures, WaitingFigures};
use super::disk::DiskFigures;
use super::machine::Machine;
use super::process::Memory;
use super::protocol::GeneratorReport;
use super::rig::Usage;

/// A whole run.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    /// The version of this program.
    pub(super) version: &'static str,
    /// When it began.
    pub(super) started_at: String,
    /// On what.
    pub(super) machine: Machine,
    /// Seconds of each step.
    pub(super) seconds: u64,
    /// Whether counts were reduced.
    pub(super) quick: bool,
    /// The disk.
    pub(super) disk: Option<DiskFigures>,
    /// Every step, in the order in which they were made.
    pub(super) steps: Vec<StepFigures>,
    /// The step with a backlog.
    pub(super) backlog: Option<BacklogFigures>,
    /// The step with receivers that hang.
    pub(super) isolation: Option<IsolationFigures>,
    /// The step with fresh traffic beside deliveries that wait.
    pub(super) waiting: Option<WaitingFigures>,
    /// The restart with deliveries that wait.
    pub(super) restart: Option<RestartFigures>,
    /// The steps with ever more subscriptions and organizations.
    pub(super) growth: Option<GrowthFigures>,
    /// What was lost, came twice or was refused. Empty when the run is good.
    pub(super) problems: Vec<String>,
}

/// One step: load of one kind.
#[derive(Debug, Clone, Serialize)]
pub(super) struct StepFigures {
    /// `limit`, `single`, `batch`, `fanout` or `latency`.
    pub(super) group: &'static str,
    /// Connections, and so the most requests open at once.
    pub(super) connections: usize,
    /// Requests per second asked for; `None`: as fast as answers come.
    pub(super) rate_per_second: Option<u32>,
    /// Actions in one request.
    pub(super) actions_per_request: u64,
    /// Deliveries of one action.
    pub(super) deliveries_per_action: u64,
    /// Publishing.
    pub(super) publish: PublishFigures,
    /// Arriving.
    pub(super) arrival: ArrivalFigures,
    /// Processor time.
    pub(super) processor: ProcessorFigures,
    /// The server's memory.
    pub(super) memory: Option<MemoryFigures>,
    /// The same in parts of the limit with as many connections, or at the same rate.
    pub(super) of_limit: Option<LimitRatios>,
}

/// Publishing, as the generator saw it.
#[derive(Debug, Clone, Copy, Serialize)]
pub(super) struct PublishFigures {
    /// Requests that were accepted.
    pub(super) requests: u64,
    /// The same a second.
    pub(super) requests_per_second: f64,
    /// Actions in them a second.
    pub(super) actions_per_second: f64,
    /// From the write of a request to its whole answer: half of them.
    pub(super) p50_ms: f64,
    /// Ninety-nine of a hundred.
    pub(super) p99_ms: f64,
    /// The slowest.
    pub(super) max_ms: f64,
}

/// Arriving, as the sink saw it.
#[derive(Debug, Clone, Copy, Serialize)]
pub(super) struct ArrivalFigures {
    /// Deliveries that arrived, each counted once.
    pub(super) deliveries: u64,
    /// The same a second, from the first publish to the last arrival.
    pub(super) deliveries_per_second: f64,
    /// Requests that brought a delivery again.
    pub(super) duplicates: u64,
    /// Acknowledged and never arrived.
    pub(super) missing: u64,
    /// From the write of the publish to the arrival: half of them.
    pub(super) p50_ms: f64,
    /// Ninety-nine of a hundred.
    pub(super) p99_ms: f64,
    /// The slowest.
    pub(super) max_ms: f64,
}

/// User and system time, each process for itself.
#[derive(Debug, Clone, Copy, Serialize)]
pub(super) struct ProcessorFigures {
    /// The server's, for one delivery with its share of the publish, in microseconds.
    pub(super) server_us_per_delivery: Option<f64>,
    /// The generator's, for one request, in microseconds.
    pub(super) generator_us_per_request: f64,
    /// The sink's, for one arrival, in microseconds.
    pub(super) sink_us_per_arrival: f64,
}

/// The server's resident memory.
#[derive(Debug, Clone, Copy, Serialize)]
pub(super) struct MemoryFigures {
    /// The most during the step, in MiB.
    pub(super) peak_mib: f64,
    /// At its end, in MiB.
    pub(super) current_mib: f64,
}

/// Parts of the limit.
#[derive(Debug, Clone, Copy, Serialize)]
pub(super) struct LimitRatios {
    /// Deliveries a second, as a part of what the machine carries without a server between.
    pub(super) delivery_rate: f64,
    /// Half of the arrivals took so many times as long.
    pub(super) arrival_p50: f64,
}

/// Many deliveries that wait because their receiver is down, and what follows when it comes up.
#[derive(Debug, Clone, Copy, Serialize)]
pub(super) struct BacklogFigures {
    /// How many wait.
    pub(super) waiting: u64,
    /// How fast they were accepted while the receiver was down.
    pub(super) actions_per_second: f64,
    /// The server's memory before.
    pub(super) idle_mib: f64,
    /// With all of them waiting, and the most on the way there.
    pub(super) waiting_memory: MemoryFigures,
    /// What each waiting delivery adds to the resident memory, in bytes.
    pub(super) bytes_per_delivery: f64,
    /// From the receiver's coming up to its first delivery, in milliseconds.
    pub(super) recovery_ms: f64,
    /// How fast they arrived from then on.
    pub(super) deliveries_per_second: f64,
    /// The server's memory while they did.
    pub(super) drain_memory: MemoryFigures,
    /// Processor time of the server for one delivery, accepting it included, in microseconds.
    pub(super) server_us_per_delivery: f64,
}

impl PublishFigures {
    pub(super) fn new(report: &GeneratorReport, actions_per_request: u64) -> Self {
        let requests_per_second = per_second(report.accepted, report.elapsed);
        Self {
            requests: report.accepted,
            requests_per_second,
            actions_per_second: requests_per_second * actions_per_request as f64,
            p50_ms: milliseconds(report.p50),
            p99_ms: milliseconds(report.p99),
            max_ms: milliseconds(report.max),
        }
    }
}

impl ArrivalFigures {
    pub(super) fn new(arrivals: &ArrivalSummary, expected: u64) -> Self {
        let time = arrivals.last_arrived_at.saturating_sub(arrivals.first_sent_at);
        Self {
            deliveries: arrivals.arrived,
            deliveries_per_second: per_second(arrivals.arrived, time),
            duplicates: arrivals.duplicates,
            missing: expected.saturating_sub(arrivals.arrived),
            p50_ms: milliseconds(arrivals.p50),
            p99_ms: milliseconds(arrivals.p99),
            max_ms: milliseconds(arrivals.max),
        }
    }
}

impl ProcessorFigures {
    pub(super) fn new(used: &Usage, requests: u64, arrived: u64) -> Self {
        Self {
            server_us_per_delivery: used.server.map(|time| microseconds_each(time, arrived)),
            generator_us_per_request: microseconds_each(used.generator, requests),
            sink_us_per_arrival: microseconds_each(used.sink, arrived),
        }
    }
}

impl From<Memory> for MemoryFigures {
    fn from(memory: Memory) -> Self {
        Self { peak_mib: memory.peak_kib as f64 / 1024.0, current_mib: memory.current_kib as f64 / 1024.0 }
    }
}

impl StepFigures {
    /// Compares with the limit step that has as many connections or the same rate, if there is one.
    pub(super) fn compare(&mut self, limits: &[Self]) {
        let same = |limit: &&Self| {
            limit.rate_per_second == self.rate_per_second
                && (self.rate_per_second.is_some() || limit.connections == self.connections)
        };
        let Some(limit) = limits.iter().filter(|limit| limit.group == "limit").find(same) else { return };
        self.of_limit = Some(LimitRatios {
            delivery_rate: self.arrival.deliveries_per_second / limit.arrival.deliveries_per_second,
            arrival_p50: self.arrival.p50_ms / limit.arrival.p50_ms,
        });
    }
}

/// How many a second, in so many nanoseconds.
pub(super) fn per_second(count: u64, nanoseconds: u64) -> f64 {
    if nanoseconds == 0 { 0.0 } else { count as f64 * 1e9 / nanoseconds as f64 }
}

/// Nanoseconds as milliseconds.
pub(super) fn milliseconds(nanoseconds: u64) -> f64 {
    nanoseconds as f64 / 1e6
}

/// What one of so many costs, in microseconds.
pub(super) fn microseconds_each(time: std::time::Duration, count: u64) -> f64 {
    if count == 0 { 0.0 } else { time.as_secs_f64() * 1e6 / count as f64 }
}
