//! Deliveries that end because their time ran out before an attempt succeeded.

use rendezhook_domain::delivery::{ExpiryReason, FinalState};
use rendezhook_domain::time::Timestamp;
use rendezhook_store::record::Disposition;

use super::Scheduler;
use super::attempt::{Busy, Phase};
use super::effect::{Effect, RecordOrder};
use super::entry::{Entry, State};
use super::slab::Slot;

impl Scheduler {
    /// Sets the timer for when a delivery expires, if it does.
    pub(super) fn watch_expiry(&mut self, slot: Slot<Entry>) {
        if let Some(history) = self.entries[slot].history
            && self.histories[history].expires_at.get().is_some()
        {
            self.expiry.set(&mut self.histories, history);
        }
    }

    /// Whether no attempt of it may be made any more.
    pub(super) fn has_expired(&self, entry: &Entry) -> bool {
        self.expires_at(entry).is_some_and(|at| at <= self.now)
    }

    /// When it expires. Never, while expiry is held.
    pub(super) fn expires_at(&self, entry: &Entry) -> Option<Timestamp> {
        if self.expiry_held {
            return None;
        }
        entry.history.and_then(|history| self.histories[history].expires_at.get())
    }

    /// Ends what has expired, as many at a time as may be recorded at the same time. What is in flight is judged when its
    /// attempt ends.
    pub(super) fn expire_due(&mut self, effects: &mut Vec<Effect>) {
        while self.expiring < self.limits.expiring && !self.expiry_held {
            let Some((at, history)) = self.expiry.first(&self.histories) else { break };
            if at > self.now {
                break;
            }
            self.expiry.remove(&mut self.histories, history);
            let slot = self.histories[history].entry;
            if !self.entries[slot].state.is_busy() {
                self.expire(slot, ExpiryReason::Time, effects);
            }
        }
    }

    /// Ends a delivery that is not busy.
    pub(super) fn expire(&mut self, slot: Slot<Entry>, reason: ExpiryReason, effects: &mut Vec<Effect>) {
        self.withdraw(slot);
        self.disarm(slot);
        self.move_to(slot, State::Recording);
        self.expiring += 1;
        let disposition = Disposition::Ended(FinalState::Expired);
        let order = RecordOrder {
            over_backlog: reason == ExpiryReason::Backlog,
            ..self.record_order(slot, disposition, false, None)
        };
        let phase = Phase::Recording { disposition, attempted: false };
        self.busy.insert(order.key, Busy { entry: slot, phase });
        effects.push(Effect::Record(order));
    }
}
