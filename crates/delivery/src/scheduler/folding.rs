//! Folding: a waiting update makes way for a newer one of the same resource and subscription.
//!
//! The older one ends, and that is durable before the newer one starts, since it stands before it in their lane until then. An
//! update is never folded across an action of another name, and never into one that may end sooner than itself.

use rendezhook_domain::delivery::FinalState;
use rendezhook_domain::time::Timestamp;
use rendezhook_store::record::Disposition;

use super::Scheduler;
use super::attempt::{Busy, Phase};
use super::entry::{Entry, Lane, State};
use super::packed::PackedInstant;
use super::slab::Slot;

/// How many deliveries before a new one are looked at. Where many subscriptions or resources share a lane, what stands
/// further ahead is delivered by itself.
const LOOKED_AT: usize = 32;

impl Scheduler {
    /// Folds the update before a delivery that has just entered its lane into it, if there is one that may be folded.
    pub(super) fn fold_update_before(&mut self, newer: Slot<Entry>) {
        let entry = &self.entries[newer];
        let folds = self.subscriptions[entry.subscription].folds_updates;
        if !folds || !entry.is_update() || entry.lane_kind() == Lane::Own {
            return;
        }
        if self.expiring >= self.limits.expiring {
            return;
        }
        if let Some(older) = self.update_before(newer)
            && self.may_fold(older, newer)
        {
            self.fold(older, newer);
        }
    }

    /// The last update of the same resource for the same subscription, unless another action stands in between.
    fn update_before(&self, newer: Slot<Entry>) -> Option<Slot<Entry>> {
        let wanted = &self.entries[newer];
        let mut cursor = newer;
        for _ in 0..LOOKED_AT {
            let before = self.entries[cursor].lane.previous?;
            let entry = &self.entries[before];
            // The first one's `previous` is the last one.
            let cursor_is_first = entry.lane.next.is_none();
            if cursor_is_first || !entry.is_update() {
                return None;
            }
            if entry.subscription == wanted.subscription && entry.resource == wanted.resource {
                return Some(before);
            }
            cursor = before;
        }
        None
    }

    fn may_fold(&self, older: Slot<Entry>, newer: Slot<Entry>) -> bool {
        let (older, newer) = (&self.entries[older], &self.entries[newer]);
        let keeps_its_turn = match older.state {
            State::Waiting => false,
            // One that others were folded into stays where it stands, or a resource that changes all the time would go
            // back to the end of the queue each time.
            State::Ready => older.has_folded(),
            State::InFlight | State::Recording => true,
        };
        let lives_as_long = match (self.named_expiry(older), self.named_expiry(newer)) {
            (_, None) => true,
            (None, Some(_)) => false,
            (Some(older), Some(newer)) => older <= newer,
        };
        // One that was attempted may leave its lane, and start before what was folded into it has ended.
        let attempted = self.was_attempted(older) || self.was_attempted(newer);
        !keeps_its_turn && lives_as_long && !attempted && !self.has_expired(older)
    }

    fn fold(&mut self, older: Slot<Entry>, newer: Slot<Entry>) {
        let due_at = self.due_at(&self.entries[older]);
        self.withdraw(older);
        self.disarm(older);
        self.move_to(older, State::Recording);
        self.expiring += 1;
        let receiver = self.subscriptions[self.entries[older].subscription].receiver;
        self.receivers[receiver].folding += 1;
        let disposition = Disposition::Ended(FinalState::Folded);
        let mut order = self.record_order(older, disposition, false, None);
        order.folded_into = Some(self.entries[newer].sequence());
        let phase = Phase::Recording { disposition, attempted: false };
        self.busy.insert(order.key, Busy { entry: older, phase });
        self.folded.push(order);
        self.entries[newer].set_has_folded();
        self.bring_forward(newer, due_at);
    }

    /// Has a delivery due no later than the one whose place it takes; none is ever since.
    fn bring_forward(&mut self, slot: Slot<Entry>, due_at: Option<Timestamp>) {
        let Some(history) = self.entries[slot].history else { return };
        let own = self.histories[history].due_at.get();
        if own.is_some_and(|own| due_at.is_none_or(|due_at| due_at < own)) {
            self.histories[history].due_at = PackedInstant::new(due_at);
        }
    }

    /// When it is to expire, also while nothing expires.
    fn named_expiry(&self, entry: &Entry) -> Option<Timestamp> {
        entry.history.and_then(|history| self.histories[history].expires_at.get())
    }

    fn was_attempted(&self, entry: &Entry) -> bool {
        entry.history.is_some_and(|history| self.histories[history].failed_attempts > 0)
    }
}
