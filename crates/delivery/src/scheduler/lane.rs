//! Lanes: deliveries to one receiver that wait for each other. Which do, is the receiver's order (`order`): those of one
//! resource, all of them, or none.
//!
//! Most lanes hold a single delivery, so a lane is no thing of its own: a table finds its first delivery, and the deliveries
//! are linked to one another. Deliveries that were overtaken are in no lane; they only ask it for its turns (`claim`).

use hashbrown::HashTable;
use rendezhook_domain::sequence::Sequence;

use super::Scheduler;
use super::entry::{Entry, Lane, Place, State};
use super::list::Links;
use super::receiver::Receiver;
use super::slab::{Slab, Slot};
use super::subscription::Subscription;

/// What names a lane.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct LaneKey {
    pub(super) receiver: Slot<Receiver>,
    /// The number of the resource's lane, or one that no resource has.
    lane: u64,
}

/// Set in the lanes of single deliveries. Numbers of resources stay below: stores keep them as signed integers.
const OWN: u64 = 1 << 63;
/// The lane that holds a whole receiver. Sequences stay far below 2^63, so no delivery's own lane is this one.
const WHOLE_RECEIVER: u64 = u64::MAX;

impl LaneKey {
    fn of(entry: &Entry, subscriptions: &Slab<Subscription>) -> Self {
        Self {
            receiver: subscriptions[entry.subscription].receiver,
            lane: match entry.lane_kind() {
                Lane::Resource => entry.resource.get(),
                Lane::Own => OWN | entry.sequence().get(),
                Lane::Receiver => WHOLE_RECEIVER,
            },
        }
    }

    /// Mixes the key (the finalizer of SplitMix64). All of it is made of the store's numbers, which nobody outside chooses,
    /// so the hash need not be secret.
    fn hash(self) -> u64 {
        let salted = u64::from(self.receiver.number());
        let mut mixed = self.lane ^ salted.wrapping_mul(0x9E37_79B9_7F4A_7C15);
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }
}

/// Finds the first delivery of every lane.
#[derive(Debug, Default)]
pub(super) struct Lanes {
    firsts: HashTable<Slot<Entry>>,
}

impl Lanes {
    fn first(
        &self,
        key: LaneKey,
        entries: &Slab<Entry>,
        subscriptions: &Slab<Subscription>,
    ) -> Option<Slot<Entry>> {
        let same = |slot: &Slot<Entry>| LaneKey::of(&entries[*slot], subscriptions) == key;
        self.firsts.find(key.hash(), same).copied()
    }

    /// The memory it has taken.
    pub(super) fn bytes(&self) -> usize {
        self.firsts.allocation_size()
    }

    /// Puts a delivery at its place in its lane: the last one, nearly always. Answers with what was the first one before.
    fn insert(
        &mut self,
        key: LaneKey,
        slot: Slot<Entry>,
        entries: &mut Slab<Entry>,
        subscriptions: &Slab<Subscription>,
    ) -> Option<Slot<Entry>> {
        let Some(first) = self.first(key, entries, subscriptions) else {
            entries[slot].lane = Links { previous: Some(slot), next: None };
            let hash = |slot: &Slot<Entry>| LaneKey::of(&entries[*slot], subscriptions).hash();
            self.firsts.insert_unique(key.hash(), slot, hash);
            return None;
        };
        let last = entries[first].lane.previous.unwrap_or(first);
        let order = entries[slot].order();
        let Some(before) = last_below(order, first, last, entries) else {
            entries[slot].lane = Links { previous: Some(last), next: Some(first) };
            entries[first].lane.previous = Some(slot);
            self.replace_first(key, first, slot);
            return Some(first);
        };
        let next = entries[before].lane.next;
        entries[slot].lane = Links { previous: Some(before), next };
        entries[before].lane.next = Some(slot);
        entries[next.unwrap_or(first)].lane.previous = Some(slot);
        Some(first)
    }

    /// Takes a delivery out of its lane. Answers with what is the first one now.
    fn remove(
        &mut self,
        key: LaneKey,
        slot: Slot<Entry>,
        entries: &mut Slab<Entry>,
        subscriptions: &Slab<Subscription>,
    ) -> Option<Slot<Entry>> {
        let Links { previous, next } = entries[slot].lane;
        if previous == Some(slot) {
            if let Ok(alone) = self.firsts.find_entry(key.hash(), |candidate| *candidate == slot) {
                alone.remove();
            }
            return None;
        }
        let first = self.first(key, entries, subscriptions)?;
        entries[slot].lane = Links::default();
        if let Some(next) = next.filter(|_| slot == first) {
            entries[next].lane.previous = previous;
            self.replace_first(key, first, next);
            return Some(next);
        }
        if let Some(previous) = previous {
            entries[previous].lane.next = next;
        }
        entries[next.unwrap_or(first)].lane.previous = previous;
        Some(first)
    }

    fn replace_first(&mut self, key: LaneKey, old: Slot<Entry>, new: Slot<Entry>) {
        if let Some(first) = self.firsts.find_mut(key.hash(), |candidate| *candidate == old) {
            *first = new;
        }
    }
}

/// The last delivery of a lane that comes before `order`, looked for from the end.
fn last_below(
    order: (Sequence, Sequence),
    first: Slot<Entry>,
    last: Slot<Entry>,
    entries: &Slab<Entry>,
) -> Option<Slot<Entry>> {
    let mut cursor = last;
    while entries[cursor].order() > order {
        if cursor == first {
            return None;
        }
        cursor = entries[cursor].lane.previous?;
    }
    Some(cursor)
}

impl Scheduler {
    pub(super) fn lane_key(&self, slot: Slot<Entry>) -> LaneKey {
        LaneKey::of(&self.entries[slot], &self.subscriptions)
    }

    /// Puts a delivery that was just taken into its lane.
    pub(super) fn enter_lane(&mut self, slot: Slot<Entry>) {
        let key = self.lane_key(slot);
        self.count_in_line(slot, 1);
        let former = self.lanes.insert(key, slot, &mut self.entries, &self.subscriptions);
        let action = self.entries[slot].action();
        match former {
            Some(former) if self.entries[former].action() == action => {
                self.entries[slot].place = self.entries[former].place;
            }
            // A delivery of a subscription that is enabled again can come before all the others.
            Some(former) if self.entries[former].action() > action => {
                self.close(former);
                self.open(slot);
            }
            Some(_) => {}
            None => self.open(slot),
        }
    }

    /// Takes a delivery out of its lane, and lets the next action come forward if it was the last of its own.
    pub(super) fn leave_lane(&mut self, slot: Slot<Entry>) {
        if !self.entries[slot].is_in_order() {
            return;
        }
        self.count_in_line(slot, -1);
        let key = self.lane_key(slot);
        if let Some(first) = self.lanes.remove(key, slot, &mut self.entries, &self.subscriptions) {
            self.open(first);
        }
    }

    /// Lets the lane move on past a delivery.
    pub(super) fn overtake(&mut self, slot: Slot<Entry>) {
        self.leave_lane(slot);
        self.entries[slot].place = Place::Overtaken;
        self.settle(self.subscriptions[self.entries[slot].subscription].receiver);
        if self.entries[slot].state == State::Ready {
            self.contend(slot);
        }
    }

    /// Counts those that stand in the order of a lane that holds a whole receiver.
    fn count_in_line(&mut self, slot: Slot<Entry>, change: isize) {
        let entry = &self.entries[slot];
        if entry.lane_kind() == Lane::Receiver {
            let receiver = &mut self.receivers[self.subscriptions[entry.subscription].receiver];
            receiver.in_line = receiver.in_line.saturating_add_signed(change);
        }
    }

    /// Brings the first action of a lane to its head: those of its deliveries that are due become ready.
    fn open(&mut self, first: Slot<Entry>) {
        if self.entries[first].place == Place::Head {
            return;
        }
        let action = self.entries[first].action;
        let mut cursor = Some(first);
        while let Some(slot) = cursor {
            if self.entries[slot].action != action {
                break;
            }
            cursor = self.entries[slot].lane.next;
            self.entries[slot].place = Place::Head;
            self.ready_if_due(slot);
        }
    }

    /// Puts the action that was at the head of a lane back behind one that came before it.
    fn close(&mut self, first: Slot<Entry>) {
        let action = self.entries[first].action;
        let mut cursor = Some(first);
        while let Some(slot) = cursor {
            let entry = &mut self.entries[slot];
            if entry.action != action {
                break;
            }
            cursor = entry.lane.next;
            entry.place = Place::Behind;
            self.withdraw(slot);
            if self.entries[slot].state == State::Ready {
                self.move_to(slot, State::Waiting);
            }
        }
    }
}
