//! The bounds within which the scheduler works.

use std::time::Duration;

/// The bounds within which the scheduler works. Every field has a sensible value in [`SchedulerLimits::default`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SchedulerLimits {
    /// Attempts in flight over all endpoints that are not older than a second: the fast pool. 1,024 by default.
    pub in_flight: usize,
    /// Attempts in flight that are older: the slow pool. 4,096 by default.
    pub slow_in_flight: usize,
    /// Attempts in flight to one authority, over all endpoints and organizations. 256 by default.
    pub authority_in_flight: u32,
    /// Attempts in flight to one endpoint, once its window has opened fully. 256 by default.
    pub endpoint_window: u32,
    /// How long a delivery that failed still blocks its lane: time in which its endpoint was available. 10 minutes by default.
    pub lane_hold: Duration,
    /// A receiver with fewer startable deliveries in memory than this gets another page. 256 by default.
    pub page_low_water: usize,
    /// Committed deliveries are taken directly while their receiver has fewer startable ones than this; the others wait in
    /// the store. 4,096 by default.
    pub direct_high_water: usize,
    /// Deliveries of one receiver in memory. More than this stay in the store until some have ended; one page may exceed it.
    /// 65,536 by default.
    pub receiver_entries: usize,
    /// Deliveries in memory over all receivers. Beyond it a receiver still keeps `page_low_water` of its own, so that the
    /// backlog of one never takes the room of another. 1,000,000 by default.
    pub entries: usize,
    /// Records of deliveries that ended without an attempt, expired or folded, under way at the same time. 1,000 by default.
    pub expiring: usize,
}

impl Default for SchedulerLimits {
    fn default() -> Self {
        Self {
            in_flight: 1_024,
            slow_in_flight: 4_096,
            authority_in_flight: 256,
            endpoint_window: 256,
            lane_hold: Duration::from_secs(600),
            page_low_water: 256,
            direct_high_water: 4_096,
            receiver_entries: 65_536,
            entries: 1_000_000,
            expiring: 1_000,
        }
    }
}
