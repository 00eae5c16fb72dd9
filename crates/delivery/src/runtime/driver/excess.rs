//! Telling the scheduler for which receivers more deliveries wait than may.

use std::time::Duration;

use rendezhook_domain::time::Timestamp;

use super::Driver;
use crate::scheduler::input::Input;

/// The time between two looks. A look at receivers costs next to nothing while fewer wait for all of them than may for one.
const BETWEEN_LOOKS: Duration = Duration::from_secs(1);

impl Driver {
    /// Looks for receivers for which too many wait.
    pub(super) fn look_for_excess(&mut self, now: Timestamp) {
        // A clock that was set back does not keep it from looking.
        let looked_just_now =
            self.excess_looked_for_at <= now && now.since(self.excess_looked_for_at) < BETWEEN_LOOKS;
        if looked_just_now || self.stopping {
            return;
        }
        self.excess_looked_for_at = now;
        let organizations = &self.directory.catalogue().organizations;
        let limits = organizations.values().filter_map(|entry| entry.organization.backlog.receiver);
        let lowest = limits.min().unwrap_or(self.receiver_backlog).min(self.receiver_backlog);
        for crowded in self.store.waiting().receivers_above(lowest) {
            let own = organizations
                .get(&crowded.organization)
                .and_then(|entry| entry.organization.backlog.receiver);
            let limit = own.unwrap_or(self.receiver_backlog);
            let by = crowded.waiting.saturating_sub(limit);
            if by > 0 {
                self.turn.inputs.push(Input::BacklogExceeded { receiver: crowded.receiver, by });
            }
        }
    }
}
