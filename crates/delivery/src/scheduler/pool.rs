//! The pools of attempts in flight. An attempt starts in the fast pool; when it is older than a second it moves to the slow one,
//! so that endpoints that hang do not take the places of those that answer.
//!
//! Attempts start in the order of time, so the one that moves next is always the first of a list. While the slow pool has no
//! room, endpoints that own slow attempts start nothing: what they have in the fast pool has its place in the slow one kept.

use std::time::Duration;

use rendezhook_domain::time::Timestamp;

use super::Scheduler;
use super::breaker::Errand;
use super::endpoint::{Endpoint, Standing};
use super::flow::Rotation;
use super::list::{Linked, Links, List};
use super::slab::{Slab, Slot};

/// An attempt older than this is slow.
const SLOW_AFTER: Duration = Duration::from_secs(1);

/// An attempt in flight.
#[derive(Debug)]
pub(super) struct Flight {
    pub(super) endpoint: Slot<Endpoint>,
    pub(super) errand: Errand,
    started_at: Timestamp,
    pace: Pace,
    by_age: Links<Flight>,
}

impl Default for Flight {
    fn default() -> Self {
        Self {
            endpoint: Slot::default(),
            errand: Errand::default(),
            started_at: Timestamp::EARLIEST,
            pace: Pace::default(),
            by_age: Links::default(),
        }
    }
}

/// Which pool an attempt is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Pace {
    #[default]
    Fast,
    /// In the fast pool, with a place kept in the slow one: its endpoint owned slow attempts when it started.
    FastSuspect,
    Slow,
}

/// The role of the links of attempts in the fast pool, the oldest first.
#[derive(Debug)]
pub(super) struct ByAge;

impl Linked<ByAge> for Flight {
    fn links(&mut self) -> &mut Links<Self> {
        &mut self.by_age
    }
}

/// What is in flight.
#[derive(Debug)]
pub(super) struct Pools {
    flights: Slab<Flight>,
    fast: List<Flight, ByAge>,
    slow: usize,
    suspects: usize,
    /// Endpoints that own slow attempts and wait until the slow pool has room.
    waiting: List<Endpoint, Rotation>,
}

impl Pools {
    pub(super) fn new() -> Self {
        Self { flights: Slab::new(), fast: List::default(), slow: 0, suspects: 0, waiting: List::default() }
    }

    /// Attempts in the fast pool.
    pub(super) fn fast(&self) -> usize {
        usize::try_from(self.fast.len()).unwrap_or(usize::MAX)
    }

    /// Attempts in the slow pool.
    pub(super) fn slow(&self) -> usize {
        self.slow
    }

    /// Attempts in both.
    pub(super) fn len(&self) -> usize {
        self.flights.len()
    }
}

impl Scheduler {
    /// Notes that an attempt to this endpoint starts.
    pub(super) fn take_off(&mut self, slot: Slot<Endpoint>, errand: Errand) -> Slot<Flight> {
        let suspect = self.endpoints[slot].slow > 0;
        let pace = if suspect { Pace::FastSuspect } else { Pace::Fast };
        let pools = &mut self.pools;
        pools.suspects += usize::from(suspect);
        let flight = Flight { endpoint: slot, errand, started_at: self.now, pace, ..Flight::default() };
        let flight = pools.flights.insert(flight);
        pools.fast.push_back(&mut pools.flights, flight);
        flight
    }

    /// Notes that an attempt has ended; answers with what it was.
    pub(super) fn land(&mut self, slot: Slot<Flight>) -> Flight {
        let pools = &mut self.pools;
        match pools.flights[slot].pace {
            Pace::Fast => pools.fast.remove(&mut pools.flights, slot),
            Pace::FastSuspect => {
                pools.fast.remove(&mut pools.flights, slot);
                pools.suspects -= 1;
            }
            Pace::Slow => pools.slow -= 1,
        }
        let flight = pools.flights.remove(slot);
        if flight.pace == Pace::Slow {
            self.endpoints[flight.endpoint].slow -= 1;
        }
        flight
    }

    /// Moves the attempts that have become slow to the slow pool, as far as it has room.
    pub(super) fn move_slow_attempts(&mut self) {
        while let Some(slot) = self.next_slow().filter(|slot| self.slow_at(*slot) <= self.now) {
            let pools = &mut self.pools;
            pools.fast.remove(&mut pools.flights, slot);
            pools.slow += 1;
            let flight = &mut pools.flights[slot];
            if flight.pace == Pace::FastSuspect {
                pools.suspects -= 1;
            }
            flight.pace = Pace::Slow;
            self.endpoints[flight.endpoint].slow += 1;
        }
    }

    /// When the next attempt becomes slow, where somebody waits for its place.
    pub(super) fn place_becomes_free_at(&self) -> Option<Timestamp> {
        if self.turns.is_empty() || self.pools.fast() < self.limits.in_flight {
            return None;
        }
        self.next_slow().map(|slot| self.slow_at(slot))
    }

    fn next_slow(&self) -> Option<Slot<Flight>> {
        self.pools.fast.first().filter(|_| self.pools.slow < self.limits.slow_in_flight)
    }

    fn slow_at(&self, slot: Slot<Flight>) -> Timestamp {
        self.pools.flights[slot].started_at.after(SLOW_AFTER)
    }

    /// Whether an endpoint may start an attempt as far as the slow pool is concerned.
    pub(super) fn slow_pool_allows(&self, slot: Slot<Endpoint>) -> bool {
        self.endpoints[slot].slow == 0 || self.slow_pool_has_room()
    }

    fn slow_pool_has_room(&self) -> bool {
        self.pools.slow + self.pools.suspects < self.limits.slow_in_flight
    }

    /// Lets an endpoint wait until the slow pool has room.
    pub(super) fn wait_for_slow_pool(&mut self, slot: Slot<Endpoint>) {
        self.set_aside(slot);
        self.endpoints[slot].standing = Standing::AtSlowPool;
        self.pools.waiting.push_back(&mut self.endpoints, slot);
    }

    pub(super) fn stop_waiting_for_slow_pool(&mut self, slot: Slot<Endpoint>) {
        self.pools.waiting.remove(&mut self.endpoints, slot);
    }

    /// Lets as many endpoints take turns again as there is room for in the slow pool.
    pub(super) fn admit_all_from_slow_pool(&mut self) {
        let room = self.limits.slow_in_flight.saturating_sub(self.pools.slow + self.pools.suspects);
        for _ in 0..room {
            if !self.admit_from_slow_pool() {
                break;
            }
        }
    }

    /// Lets the next endpoint take turns again that waited for room in the slow pool; answers whether there was one.
    pub(super) fn admit_from_slow_pool(&mut self) -> bool {
        let Some(slot) = self.pools.waiting.first().filter(|_| self.slow_pool_has_room()) else {
            return false;
        };
        self.set_aside(slot);
        self.review(slot);
        true
    }
}
