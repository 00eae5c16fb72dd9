//! Repetitions: replays and backfills. They have lanes of their own and go behind the others of their flow, one turn in four.

use rendezhook_domain::delivery::DeliveryOrigin;
use rendezhook_domain::sequence::Sequence;
use rendezhook_store::pending::PendingDelivery;

use super::Scheduler;
use super::entry::{Entry, State};
use super::flow::Flow;
use super::slab::Slot;
use super::subscription::Subscription;

/// So many turns of a flow go to other deliveries that are ready before a repetition has one.
const OTHERS_FIRST: u8 = 3;

/// Set in the numbers of lanes that hold repetitions of a resource. Numbers of resources stay below: stores keep them as signed
/// integers.
const REPEATED: u64 = 1 << 62;

/// The action of a delivery, by which it has its place in its lane. In their lane repetitions stand each for itself, in the order in
/// which they were made: pages bring them in that order.
pub(super) fn lane_action(delivery: &PendingDelivery) -> Sequence {
    if delivery.origin.is_repetition() { delivery.key.sequence } else { delivery.action }
}

/// The number of the lane of a delivery's resource: repetitions of a resource keep their order in a lane beside that of the
/// others. It is of no account where the receiver's order is another one.
pub(super) fn lane_number(delivery: &PendingDelivery) -> u64 {
    match delivery.origin {
        DeliveryOrigin::Replay | DeliveryOrigin::Backfill => REPEATED | delivery.resource.get(),
        DeliveryOrigin::Original | DeliveryOrigin::Test | DeliveryOrigin::RePush => delivery.resource.get(),
    }
}

impl Scheduler {
    /// The delivery of a flow that has the turn. Where others go first, a subscription with repetitions only steps back behind the
    /// other subscriptions of the flow.
    pub(super) fn next_of(&mut self, slot: Slot<Flow>) -> Option<Slot<Entry>> {
        let flow = &self.flows[slot];
        let others_ready = flow.ready > flow.again;
        let repetitions_turn = flow.again > 0 && flow.others_served >= OTHERS_FIRST;
        loop {
            let subscription = self.flows[slot].turns.first()?;
            let Subscription { ready, again, .. } = &self.subscriptions[subscription];
            match (ready.first(), again.first()) {
                (_, Some(again)) if repetitions_turn || !others_ready => return Some(again),
                (Some(fresh), _) => return Some(fresh),
                (None, Some(_)) => self.flows[slot].turns.rotate(&mut self.subscriptions),
                (None, None) => return None,
            }
        }
    }

    /// Notes that a flow had a turn with this delivery.
    pub(super) fn note_turn(&mut self, flow: Slot<Flow>, repetition: bool) {
        let flow = &mut self.flows[flow];
        flow.others_served =
            if repetition { 0 } else { flow.others_served.saturating_add(1).min(OTHERS_FIRST) };
    }

    /// Counts a repetition that is ready, or is so no more.
    pub(super) fn count_again(&mut self, slot: Slot<Entry>, change: isize) {
        let Entry { subscription, state, .. } = self.entries[slot];
        if state == State::Ready && self.entries[slot].is_repetition() {
            let flow = &mut self.flows[self.subscriptions[subscription].flow];
            flow.again = flow.again.saturating_add_signed(change);
            let receiver = &mut self.receivers[flow.receiver];
            receiver.again = receiver.again.saturating_add_signed(change);
        }
    }

    /// The ready deliveries of a subscription, repetitions last.
    pub(super) fn ready_entries(&mut self, slot: Slot<Subscription>) -> Vec<Slot<Entry>> {
        let mut ready = self.subscriptions[slot].ready.to_vec(&mut self.entries);
        ready.extend(self.subscriptions[slot].again.to_vec(&mut self.entries));
        ready
    }
}
