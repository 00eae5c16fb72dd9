//! Steps that are compared with themselves: the same load, alone and beside what might slow it.

use serde::Serialize;

use super::figures::MemoryFigures;

/// Healthy receivers alone, and beside others that take every request and never answer.
#[derive(Debug, Clone, Copy, Serialize)]
pub(super) struct IsolationFigures {
    /// Receivers, each with an address of its own.
    pub(super) receivers: u64,
    /// How many of them hang on the second server.
    pub(super) hanging: u64,
    /// Deliveries a second over all receivers, on either server.
    pub(super) deliveries_per_second: u64,
    /// How often it was measured, each time with fresh servers.
    pub(super) rounds: u64,
    /// How often each server had its turn in a round.
    pub(super) turns: u64,
    /// All of them, while all answer.
    pub(super) alone: SideFigures,
    /// Those that answer, while the others hang.
    pub(super) beside: SideFigures,
    /// Half of the arrivals: beside by alone.
    pub(super) p50_ratio: f64,
    /// Ninety-nine of a hundred: beside by alone.
    pub(super) p99_ratio: f64,
    /// Ninety-nine of a hundred in the usual second: beside by alone.
    pub(super) second_p99_ratio: f64,
    /// The server's memory beside the hanging ones: the most of any round.
    pub(super) peak_mib: f64,
}

/// One of the two servers, over all turns of all rounds.
#[derive(Debug, Clone, Copy, Serialize)]
pub(super) struct SideFigures {
    /// Deliveries that arrived.
    pub(super) deliveries: u64,
    /// From the write of the publish to the arrival: half of them.
    pub(super) p50_ms: f64,
    /// Ninety-nine of a hundred.
    pub(super) p99_ms: f64,
    /// Ninety-nine of a hundred that arrived in the same second. The median of all seconds.
    pub(super) second_p99_ms: f64,
    /// The slowest.
    pub(super) max_ms: f64,
}

/// Fresh traffic of an empty store, and beside very many deliveries that wait.
#[derive(Debug, Clone, Copy, Serialize)]
pub(super) struct WaitingFigures {
    /// How many wait.
    pub(super) waiting: u64,
    /// Processor time of the server for one delivery of the empty store, in microseconds: the median of several turns.
    pub(super) empty_us_per_delivery: f64,
    /// The same beside those that wait.
    pub(super) beside_us_per_delivery: f64,
    /// Beside by empty.
    pub(super) ratio: f64,
    /// The memory of the server in which they wait.
    pub(super) memory: MemoryFigures,
}

/// A server that is killed while very many deliveries wait, and started again.
#[derive(Debug, Clone, Copy, Serialize)]
pub(super) struct RestartFigures {
    /// How many wait.
    pub(super) waiting: u64,
    /// From the start of the process until it listens, in milliseconds.
    pub(super) listening_ms: f64,
    /// From the start of the process until the first waiting delivery arrives, in milliseconds.
    pub(super) first_attempt_ms: f64,
}

/// What a delivery costs as the server grows.
#[derive(Debug, Clone, Serialize)]
pub(super) struct GrowthFigures {
    /// One organization with ever more subscriptions, of which one wants what is published.
    pub(super) subscriptions: Vec<GrowthPoint>,
    /// Ever more organizations with a subscription each, which publish in turn.
    pub(super) organizations: Vec<GrowthPoint>,
}

/// The cost at one size.
#[derive(Debug, Clone, Copy, Serialize)]
pub(super) struct GrowthPoint {
    /// How many there are.
    pub(super) count: u64,
    /// How long it took to make them, in seconds.
    pub(super) making_seconds: f64,
    /// Processor time of the server for one delivery, in microseconds: the median of several turns.
    pub(super) server_us_per_delivery: f64,
    /// By that of the smallest.
    pub(super) ratio: f64,
    /// The server's memory.
    pub(super) memory: MemoryFigures,
}

/// How many times as much; 0 when there is nothing to compare with.
pub(super) fn ratio(value: f64, base: f64) -> f64 {
    if base > 0.0 { value / base } else { 0.0 }
}
