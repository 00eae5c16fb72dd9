//! What an operator can set about delivering.

use std::path::PathBuf;
use std::time::Duration;

use rendezhook_domain::retry::RetryPolicy;

use crate::health::HealthOptions;
use crate::scheduler::SchedulerLimits;

/// What an operator can set about delivering. The defaults suit a machine with two cores and 512 MiB.
#[derive(Debug, Clone)]
pub struct DeliveryOptions {
    /// How many attempts run at once, how long a failing head holds its lane, and how endpoints are spared.
    pub limits: SchedulerLimits,
    /// How long an attempt may take, from the start of DNS to the end of the answer's head: 1 to 30 s.
    pub attempt_deadline: Duration,
    /// Of which attempts heads and the answer's body are kept.
    pub exchange_log: ExchangeLog,
    /// When failed deliveries are tried again, unless their subscription says otherwise.
    pub retry: RetryPolicy,
    /// How many bytes of published resources ride along in memory from their commit, or from a page of the store, to their
    /// first attempt; half of it for each. Beyond that they are read from the store one by one.
    pub carried_bytes: usize,
    /// How many actions ride along.
    pub carried_actions: usize,
    /// The file in which attempts under way are noted, so that a delivery that makes the process crash is found and set aside.
    /// Without one no delivery is.
    pub in_flight_file: Option<PathBuf>,
    /// When failing is told, and when it ends in disabling.
    pub health: HealthOptions,
    /// How many deliveries may wait for one receiver, unless its organization has a number of its own; beyond it the oldest expire.
    pub receiver_backlog: u64,
}

/// Of which attempts the exchange is kept. Tests are always kept: their caller wants to see it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ExchangeLog {
    /// Of failed attempts.
    #[default]
    Failures,
    /// Of all attempts. Costs a row an attempt.
    All,
}

impl Default for DeliveryOptions {
    fn default() -> Self {
        Self {
            limits: SchedulerLimits::default(),
            attempt_deadline: Duration::from_secs(15),
            exchange_log: ExchangeLog::default(),
            retry: RetryPolicy::standard(),
            carried_bytes: 16 * 1024 * 1024,
            carried_actions: 16_384,
            in_flight_file: None,
            health: HealthOptions::default(),
            receiver_backlog: 2_000_000,
        }
    }
}
