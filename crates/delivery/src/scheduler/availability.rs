//! How long endpoints were available: the time a failing delivery may hold its lane is counted in it.
//!
//! An endpoint is unavailable while its breaker is open and while it asked for time. Its own clock stands still then, so that
//! after an outage a lane is not overtaken at once. A delivery that fails first keeps what that clock shows; how long it has held
//! its lane is what the clock shows now, less that.
//!
//! How long that was is recorded with each failed attempt. What is loaded again, after a restart or a pause, goes on from there:
//! the time since its last attempt is not known to have been available, so it does not count. A delivery that was overtaken, and
//! not attempted since, may therefore hold its lane once more after a restart, for what was left of its time at its last attempt.

use std::time::Duration;

use rendezhook_domain::time::Timestamp;

use super::Scheduler;
use super::endpoint::Endpoint;
use super::entry::{Entry, Lane};
use super::packed::PackedInstant;
use super::slab::Slot;

/// The clock of an endpoint, which stands still while the endpoint is unavailable.
#[derive(Debug, Default)]
pub(super) struct Availability {
    /// How long it has stood still, up to `since`.
    lost: Duration,
    /// Since when it stands still.
    since: Option<Timestamp>,
}

impl Availability {
    /// Stops the clock, or lets it go on.
    pub(super) fn set(&mut self, available: bool, now: Timestamp) {
        match (self.since, available) {
            (None, false) => self.since = Some(now),
            (Some(since), true) => {
                self.lost += now.since(since);
                self.since = None;
            }
            _ => {}
        }
    }

    /// What the clock shows.
    fn shows(&self, now: Timestamp) -> Timestamp {
        self.since.unwrap_or(now).before(self.lost)
    }
}

/// How long after it is due a delivery may be overtaken at the latest, when its endpoint comes back just before.
const LOOK_AGAIN: Duration = Duration::from_secs(10);

impl Scheduler {
    fn clock_of(&self, entry: &Entry) -> Timestamp {
        self.endpoint_of(entry).availability.shows(self.now)
    }

    /// What the clock of a delivery's endpoint showed when the delivery began to hold its lane, that long ago.
    pub(super) fn held_since(&self, slot: Slot<Entry>, held: Duration) -> PackedInstant {
        PackedInstant::new(Some(self.clock_of(&self.entries[slot]).before(held)))
    }

    /// How long a delivery has held its lane since it failed first; none if it never has.
    pub(super) fn lane_held(&self, entry: &Entry) -> Option<Duration> {
        let since = self.histories[entry.history?].lane_held_since.get()?;
        Some(self.clock_of(entry).since(since))
    }

    /// When to look whether the lane moves on past a delivery that is still in its order: as soon as it can be time.
    pub(super) fn overtake_at(&self, entry: &Entry) -> Option<Timestamp> {
        if entry.lane_kind() == Lane::Own || !entry.is_in_order() {
            return None;
        }
        let left = self.limits.lane_hold.saturating_sub(self.lane_held(entry)?);
        if left.is_zero() {
            return Some(self.now);
        }
        let endpoint = self.endpoint_of(entry);
        let resumes_at = endpoint.available_at(self.now);
        // A probe that is under way, or waits for something to try it with, may take any time.
        let unforeseen = !endpoint.is_available() && resumes_at == self.now;
        Some(resumes_at.after(if unforeseen { left.max(LOOK_AGAIN) } else { left }))
    }

    /// Notes whether an endpoint is available now.
    pub(super) fn note_availability(&mut self, slot: Slot<Endpoint>) {
        let endpoint = &mut self.endpoints[slot];
        let available = endpoint.is_available();
        endpoint.availability.set(available, self.now);
    }

    /// Carries over how long deliveries have held their lanes to the clock of the endpoint they go to now.
    pub(super) fn carry_over(&mut self, held: &[(Slot<Entry>, Duration)]) {
        for (slot, held) in held {
            let since = self.held_since(*slot, *held);
            if let Some(history) = self.entries[*slot].history {
                self.histories[history].lane_held_since = since;
            }
            self.reconsider(*slot);
        }
    }

    /// Looks again at every failing delivery of an endpoint that is available earlier than could be foreseen.
    pub(super) fn rearm_all_of(&mut self, endpoint: Slot<Endpoint>) {
        let concerned: Vec<_> = self
            .histories
            .slots()
            .filter(|history| self.histories[*history].lane_held_since.get().is_some())
            .map(|history| self.histories[history].entry)
            .filter(|entry| {
                self.flows[self.subscriptions[self.entries[*entry].subscription].flow].endpoint == endpoint
            })
            .collect();
        for entry in concerned {
            self.reconsider(entry);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clock_stands_still_while_the_endpoint_is_unavailable() {
        let at = Timestamp::from_milliseconds;
        let mut availability = Availability::default();
        assert_eq!(availability.shows(at(1_000)), at(1_000));
        availability.set(false, at(2_000));
        availability.set(false, at(2_500));
        assert_eq!(availability.shows(at(9_000)), at(2_000));
        availability.set(true, at(9_000));
        assert_eq!(availability.shows(at(9_500)), at(2_500));
        availability.set(false, at(10_000));
        assert_eq!(availability.shows(at(20_000)), at(3_000));
    }
}
