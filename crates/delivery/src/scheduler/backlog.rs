//! Receivers for which more deliveries wait than may: their oldest expire.
//!
//! How many wait is known to the store alone, since of a paused subscription nothing is in memory; the runtime says by how many
//! there are too many, and says so again while there are. The oldest are read from the store, whose word it is which those are, and
//! compared with what is in memory:
//!
//! - What is busy is left alone. In flight it may be delivered yet.
//! - What waits in memory ends there, and holds its lane until that is durable, as when its time runs out.
//! - What is not in memory because its subscription is parked is taken into memory beside its lane, only to be ended. From then on it
//!   counts as busy, and a subscription that is enabled meanwhile takes up nothing until its end is durable.
//! - What is not in memory although its subscription is enabled has ended since, or comes into memory by itself.

use std::collections::{BTreeSet, HashMap};

use rendezhook_domain::delivery::{DeliveryOrigin, ExpiryReason};
use rendezhook_domain::sequence::{ReceiverNumber, Sequence, SubscriptionNumber};
use rendezhook_store::pending::{DeliveryKey, PendingDelivery, PendingPage};

use super::Scheduler;
use super::effect::Effect;
use super::entry::{Entry, Lane, Marks, Place, Queue, State};
use super::input::PageRequest;
use super::list::List;
use super::packed::Packed64;
use super::receiver::Receiver;
use super::repetition::{lane_action, lane_number};
use super::slab::Slot;

/// What is under way for a receiver for which too many wait.
#[derive(Debug, Default)]
pub(super) struct Excess {
    /// So many more are to end.
    left: u64,
    /// Those up to here were looked at.
    looked_up_to: Sequence,
    /// The page under way.
    page: Option<PageRequest>,
    /// Those whose end is being recorded.
    recording: BTreeSet<Sequence>,
}

impl Excess {
    /// Whether ends are being recorded.
    pub(super) fn is_recording(&self) -> bool {
        !self.recording.is_empty()
    }
}

impl Scheduler {
    /// Takes note that so many more deliveries wait for a receiver than may; what is being recorded still counts among them.
    pub(super) fn note_excess(&mut self, number: ReceiverNumber, by: u64) {
        let Some(slot) = self.receiver_slots.get(&number).copied() else { return };
        let excess = self.receivers[slot].excess.get_or_insert_default();
        let recording = u64::try_from(excess.recording.len()).unwrap_or(u64::MAX);
        excess.left = by.saturating_sub(recording);
        self.overfull.push(slot);
    }

    /// Asks for the oldest deliveries of the receivers looked at, or has done with them.
    pub(super) fn load_oldest(&mut self, effects: &mut Vec<Effect>) {
        for slot in std::mem::take(&mut self.overfull) {
            let receiver = &mut self.receivers[slot];
            let Some(excess) = &mut receiver.excess else { continue };
            if excess.page.is_some() || excess.is_recording() {
                continue;
            }
            // Only up to `loaded` it is certain what is in memory and what is not.
            let nothing_to_do =
                excess.left == 0 || excess.looked_up_to >= receiver.loaded || receiver.to_finish > 0;
            if nothing_to_do || self.stopped {
                receiver.excess = None;
                self.settle(slot);
                continue;
            }
            let request = PageRequest {
                receiver: receiver.number,
                after: excess.looked_up_to,
                up_to: receiver.loaded,
                subscription: None,
            };
            excess.page = Some(request);
            effects.push(Effect::LoadOldest(request));
            self.settle(slot);
        }
    }

    /// Ends the oldest deliveries of a receiver, as many of a page as are too many and may be recorded at the same time.
    pub(super) fn take_oldest(
        &mut self,
        request: PageRequest,
        page: Option<PendingPage>,
        effects: &mut Vec<Effect>,
    ) {
        let Some(slot) = self.receiver_slots.get(&request.receiver).copied() else { return };
        let receiver = &mut self.receivers[slot];
        let Some(mut excess) = receiver.excess.take_if(|excess| excess.page == Some(request)) else { return };
        excess.page = None;
        let deliveries = match page {
            Some(page) if !receiver.is_held() && !self.stopped => page.deliveries,
            Some(_) | None => Vec::new(),
        };
        let waiting = self.waiting_of(&deliveries);
        for delivery in &deliveries {
            let is_known = delivery.key.sequence <= self.receivers[slot].loaded;
            if excess.left == 0 || self.expiring >= self.limits.expiring || !is_known {
                break;
            }
            excess.looked_up_to = delivery.key.sequence;
            let found = waiting.get(&delivery.key.sequence).copied();
            if let Some(entry) = found.or_else(|| self.take_aside(delivery)) {
                self.expire(entry, ExpiryReason::Backlog, effects);
                excess.left -= 1;
                excess.recording.insert(delivery.key.sequence);
            }
        }
        // Where nothing could be ended it is looked for from the beginning once there are said to be too many again.
        if excess.is_recording() {
            self.receivers[slot].excess = Some(excess);
        }
        self.settle(slot);
    }

    /// Notes that the end of a delivery is durable, whatever it was: one that was delivered makes room too.
    pub(super) fn note_end(&mut self, slot: Slot<Receiver>, sequence: Sequence) {
        let Some(excess) = &mut self.receivers[slot].excess else { return };
        if !excess.recording.remove(&sequence) {
            excess.left = excess.left.saturating_sub(1);
        } else if excess.recording.is_empty() {
            self.overfull.push(slot);
        }
    }

    /// What waits in memory of the subscriptions of these deliveries, without tests.
    fn waiting_of(&mut self, deliveries: &[PendingDelivery]) -> HashMap<Sequence, Slot<Entry>> {
        let subscriptions: BTreeSet<SubscriptionNumber> =
            deliveries.iter().map(|delivery| delivery.subscription).collect();
        let mut waiting = HashMap::new();
        for number in subscriptions {
            let Some(slot) = self.subscription_slots.get(&number).copied() else { continue };
            let idle = self.idle_entries(slot).into_iter().filter(|entry| !self.entries[*entry].is_test());
            waiting.extend(idle.map(|entry| (self.entries[entry].sequence(), entry)));
        }
        waiting
    }

    /// Takes a delivery of a parked subscription into memory, to be ended; none when it is busy or not to be ended here.
    fn take_aside(&mut self, delivery: &PendingDelivery) -> Option<Slot<Entry>> {
        let DeliveryKey { sequence, .. } = delivery.key;
        let subscription = *self.subscription_slots.get(&delivery.subscription)?;
        let stays = self.subscriptions[subscription].enabled
            || delivery.origin == DeliveryOrigin::Test
            || self.busy.contains_key(&delivery.key);
        if stays {
            return None;
        }
        let slot = self.entries.insert(Entry {
            sequence: sequence.into(),
            action: lane_action(delivery).into(),
            resource: Packed64::new(lane_number(delivery)),
            subscription,
            place: Place::Beside,
            origin: delivery.origin,
            marks: Marks::new(Lane::Own, false),
            ..Entry::default()
        });
        let waiting: &mut List<Entry, Queue> = self.subscriptions[subscription].queue(State::Waiting, false);
        waiting.push_back(&mut self.entries, slot);
        let receiver = self.subscriptions[subscription].receiver;
        self.receivers[receiver].entries += 1;
        Some(slot)
    }
}
