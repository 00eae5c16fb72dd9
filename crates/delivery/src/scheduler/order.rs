//! Which deliveries of a receiver wait for each other, and what happens when that changes.
//!
//! Two orders must never be in force at once: a lane of the new one would not know what a lane of the old one has in flight. So a
//! receiver whose order changes is held: what waits leaves memory, what is under way finishes, and then everything is taken
//! anew from the store, in commit order.

use rendezhook_domain::delivery::DeliveryOrigin;
use rendezhook_domain::delivery_order::DeliveryOrder;
use rendezhook_domain::sequence::Sequence;

use super::Scheduler;
use super::entry::{Entry, Lane, Place};
use super::receiver::Receiver;
use super::slab::Slot;
use super::subscription::Subscription;

/// The lane of a delivery, and where it stands there at first: `Beside` when it keeps out of the lane's order.
///
/// A test waits for nobody. A push of stored states or a replay is due bit by bit over hours, and must not keep what is new from a
/// receiver that takes one at a time; it only takes its turns there.
pub(super) const fn lane_of(origin: DeliveryOrigin, order: DeliveryOrder) -> (Lane, Place) {
    match (origin, order) {
        (DeliveryOrigin::Test, _) | (_, DeliveryOrder::None) => (Lane::Own, Place::Behind),
        (_, DeliveryOrder::Resource) => (Lane::Resource, Place::Behind),
        (DeliveryOrigin::Original, DeliveryOrder::Strict) => (Lane::Receiver, Place::Behind),
        (
            DeliveryOrigin::RePush | DeliveryOrigin::Replay | DeliveryOrigin::Backfill,
            DeliveryOrder::Strict,
        ) => (Lane::Receiver, Place::Beside),
    }
}

impl Scheduler {
    /// Puts a receiver's deliveries into this order.
    pub(super) fn change_order(&mut self, slot: Slot<Receiver>, order: DeliveryOrder) {
        if self.receivers[slot].order == order {
            return;
        }
        self.receivers[slot].order = order;
        self.receivers[slot].to_finish = self.busy_in_order(slot);
        for subscription in self.subscriptions_of(slot) {
            for entry in self.idle_entries(subscription) {
                if !self.entries[entry].is_test() {
                    self.discard(entry);
                }
            }
        }
        if self.receivers[slot].page.is_some() {
            self.receivers[slot].page_is_stale = true;
        }
        if !self.receivers[slot].is_held() {
            self.take_anew(slot);
        }
    }

    /// Notes that a delivery was under way and is not any more, its lane left.
    pub(super) fn finish(&mut self, receiver: Slot<Receiver>, test: bool) {
        if test || !self.receivers[receiver].is_held() {
            return;
        }
        self.receivers[receiver].to_finish -= 1;
        if !self.receivers[receiver].is_held() {
            self.take_anew(receiver);
        }
    }

    /// Has everything of a receiver taken from the store again, of which nothing but tests is in memory.
    fn take_anew(&mut self, slot: Slot<Receiver>) {
        let mut tests = Vec::new();
        for subscription in self.subscriptions_of(slot) {
            self.drop_catch_up(subscription);
            if self.subscriptions[subscription].enabled {
                self.subscriptions[subscription].missed = Sequence::ZERO;
            }
            let busy = self.subscriptions[subscription].busy.to_vec(&mut self.entries);
            tests.extend(self.idle_entries(subscription));
            tests.extend(busy);
        }
        let receiver = &mut self.receivers[slot];
        receiver.loaded = Sequence::ZERO;
        receiver.taken_ahead.extend(tests.into_iter().map(|test| self.entries[test].sequence()));
        self.settle(slot);
    }

    /// How many deliveries of a receiver are under way, tests left out.
    fn busy_in_order(&self, receiver: Slot<Receiver>) -> usize {
        let counts =
            |entry: &Entry| !entry.is_test() && self.subscriptions[entry.subscription].receiver == receiver;
        self.busy.values().filter(|busy| counts(&self.entries[busy.entry])).count()
    }

    /// The subscriptions of a receiver that are not deleted. It looks at all there are: orders change by hand.
    fn subscriptions_of(&self, receiver: Slot<Receiver>) -> Vec<Slot<Subscription>> {
        let all = self.subscription_slots.values().copied();
        let mut own: Vec<_> = all.filter(|slot| self.subscriptions[*slot].receiver == receiver).collect();
        own.sort_unstable();
        own
    }
}
