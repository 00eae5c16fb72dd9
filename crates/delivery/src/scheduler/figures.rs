//! How much the scheduler holds.

use super::Scheduler;

/// How much the scheduler holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Figures {
    /// Deliveries in memory.
    pub in_memory: usize,
    /// Attempts in flight.
    pub in_flight: usize,
    /// Those of them that are in the slow pool.
    pub slow: usize,
    /// Deliveries whose last turn is being made durable.
    pub recording: usize,
    /// Deliveries in memory that wait: for their time, their lane, or a free place.
    pub waiting: usize,
    /// The memory taken for deliveries in bytes, used or not: entries, histories, lanes and timers. What is kept of each
    /// subscription, receiver and endpoint, and of what is in flight, is not in it.
    pub bytes: usize,
}

impl Scheduler {
    /// How much it holds now.
    #[must_use]
    pub fn figures(&self) -> Figures {
        Figures {
            in_memory: self.entries.len(),
            in_flight: self.pools.len(),
            slow: self.pools.slow(),
            recording: self.busy.len() - self.pools.len(),
            waiting: self.entries.len() - self.busy.len(),
            bytes: self.entries.bytes()
                + self.histories.bytes()
                + self.lanes.bytes()
                + self.due.bytes()
                + self.expiry.bytes(),
        }
    }
}
