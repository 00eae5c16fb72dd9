//! Taking deliveries into memory: directly as they are committed, or page by page from the store.
//!
//! Per receiver, `loaded` says up to where everything was taken, and `announced` up to where there is something. Deliveries
//! are handed over directly only when nothing lies between; otherwise pages are read strictly by sequence. Pages hold
//! deliveries that are not due yet as well, or a lane's second delivery would overtake its first.
//!
//! A subscription that is not enabled is passed over: its deliveries stay in the store and count as loaded. When it is
//! enabled again, pages of that subscription alone bring them. A subscription that the scheduler was not told of is treated
//! the same way: once it is told of it, its deliveries are taken up.

use std::cmp::Reverse;
use std::time::Duration;

use rendezhook_domain::delivery::DeliveryOrigin;
use rendezhook_domain::delivery_order::DeliveryOrder;
use rendezhook_domain::sequence::{OrganizationNumber, ReceiverNumber, Sequence};
use rendezhook_store::feed::Announcement;
use rendezhook_store::pending::{PendingDelivery, PendingPage};

use super::Scheduler;
use super::effect::Effect;
use super::entry::{Entry, Lane, Marks, Place, Queue, State};
use super::history::History;
use super::input::PageRequest;
use super::list::List;
use super::order::lane_of;
use super::packed::{Packed64, PackedInstant};
use super::receiver::Receiver;
use super::repetition::{lane_action, lane_number};
use super::slab::Slot;
use super::subscription::Subscription;
use super::timer::Alarm;

/// How long after a page could not be read it is asked for again.
const PAGE_PAUSE: Duration = Duration::from_secs(1);

/// How many tests of a receiver are taken before its backlog.
const TESTS_AHEAD: usize = 64;

/// How many subscriptions nobody told of are remembered one by one.
const UNKNOWN_REMEMBERED: usize = 65_536;

impl Scheduler {
    pub(super) fn take_committed(
        &mut self,
        organization: OrganizationNumber,
        deliveries: &[PendingDelivery],
    ) {
        for delivery in deliveries {
            let slot = self.receiver_slot(delivery.key.receiver, organization);
            let sequence = delivery.key.sequence;
            let receiver = &self.receivers[slot];
            if sequence <= receiver.loaded {
                continue;
            }
            let direct = self.is_taken_directly(slot);
            let receiver = &mut self.receivers[slot];
            receiver.announced = receiver.announced.max(sequence);
            if direct {
                receiver.loaded = sequence;
                self.take_or_pass(slot, delivery);
            } else {
                self.take_test_ahead(slot, delivery);
            }
            self.settle(slot);
        }
    }

    pub(super) fn note_announcement(&mut self, announcement: Announcement) {
        let slot = self.receiver_slot(announcement.receiver, announcement.organization);
        let receiver = &mut self.receivers[slot];
        receiver.announced = receiver.announced.max(announcement.sequence);
        self.settle(slot);
    }

    pub(super) fn take_page(&mut self, request: PageRequest, page: Option<PendingPage>) {
        let Some(slot) = self.receiver_slots.get(&request.receiver).copied() else { return };
        let receiver = &mut self.receivers[slot];
        if receiver.page != Some(request) {
            return;
        }
        receiver.page = None;
        let stale = std::mem::take(&mut receiver.page_is_stale);
        // A page that is neither full nor the last one would be asked for for ever.
        match page.filter(|page| page.complete || !page.deliveries.is_empty()) {
            Some(_) if stale => {}
            Some(page) if request.subscription.is_none() => self.take_receiver_page(slot, request, &page),
            Some(page) => self.take_subscription_page(request, &page),
            None => {
                self.receivers[slot].page_failed = true;
                self.alarms.push(Reverse((self.now.after(PAGE_PAUSE), Alarm::PageAgain(slot))));
            }
        }
        self.settle(slot);
    }

    pub(super) fn ask_again(&mut self, slot: Slot<Receiver>) {
        self.receivers[slot].page_failed = false;
        self.settle(slot);
    }

    /// Asks for the pages that the receivers looked at need, and forgets those receivers that nobody needs.
    pub(super) fn load_pages(&mut self, effects: &mut Vec<Effect>) {
        for slot in std::mem::take(&mut self.unsettled) {
            self.receivers[slot].unsettled = false;
            if let Some(request) = self.next_page(slot) {
                self.receivers[slot].page = Some(request);
                self.receivers[slot].last_was_catching_up = request.subscription.is_some();
                effects.push(Effect::LoadPage(request));
            }
            self.forget_receiver_if_unused(slot);
        }
    }

    fn next_page(&mut self, slot: Slot<Receiver>) -> Option<PageRequest> {
        let receiver = &self.receivers[slot];
        let low_water = self.limits.page_low_water;
        let runs_low = receiver.runs_low(low_water);
        // What is older than a line that is long enough comes before it.
        let fills_line = receiver.order == DeliveryOrder::Strict && !receiver.catching_up.is_empty();
        let may = receiver.has_more()
            && !receiver.is_held()
            && !receiver.is_ending_oldest()
            && receiver.page.is_none()
            && !receiver.page_failed
            && (runs_low || fills_line)
            && receiver.entries < self.limits.receiver_entries;
        if !may || self.stopped {
            return None;
        }
        if self.entries.len() >= self.limits.entries && receiver.entries >= low_water {
            if !receiver.crowded_out {
                self.receivers[slot].crowded_out = true;
                self.crowded_out.push_back(slot);
            }
            return None;
        }
        let behind = receiver.loaded < receiver.announced;
        let Receiver { number, loaded, announced, .. } = *receiver;
        let come_to = |slot: Slot<Subscription>| {
            self.subscriptions[slot].catch_up.as_ref().map_or(Sequence::ZERO, |catch_up| catch_up.after)
        };
        // While everything is taken anew a subscription may have come as far as its receiver already.
        let catching_up = receiver
            .catching_up
            .first()
            .filter(|_| !receiver.is_folding() && (!behind || !runs_low || !receiver.last_was_catching_up))
            .map(|slot| (slot, come_to(slot)))
            .filter(|(_, after)| *after < loaded);
        let Some((subscription, after)) = catching_up else {
            return behind.then_some(PageRequest {
                receiver: number,
                after: loaded,
                up_to: announced,
                subscription: None,
            });
        };
        self.receivers[slot].catching_up.rotate(&mut self.subscriptions);
        let subscription = Some(self.subscriptions[subscription].number);
        Some(PageRequest { receiver: number, after, up_to: loaded, subscription })
    }

    /// Whether what is committed for a receiver now would be taken as it comes rather than left to a page. It may be otherwise once
    /// what came before it is taken up.
    #[must_use]
    pub fn takes_directly(&self, number: ReceiverNumber) -> bool {
        self.receiver_slots.get(&number).is_none_or(|slot| self.is_taken_directly(*slot))
    }

    fn is_taken_directly(&self, slot: Slot<Receiver>) -> bool {
        let receiver = &self.receivers[slot];
        let nothing_between = receiver.loaded >= receiver.announced;
        nothing_between && !receiver.is_held() && self.has_room_for_direct(slot)
    }

    fn has_room_for_direct(&self, slot: Slot<Receiver>) -> bool {
        let receiver = &self.receivers[slot];
        receiver.runs_low(self.limits.direct_high_water)
            && receiver.entries < self.limits.receiver_entries
            && (self.entries.len() < self.limits.entries || receiver.entries < self.limits.page_low_water)
    }

    fn take_test_ahead(&mut self, slot: Slot<Receiver>, delivery: &PendingDelivery) {
        let known = self.subscription_slots.contains_key(&delivery.subscription);
        let ahead = &mut self.receivers[slot].taken_ahead;
        if delivery.origin == DeliveryOrigin::Test && known && ahead.len() < TESTS_AHEAD {
            ahead.insert(delivery.key.sequence);
            self.take_or_pass(slot, delivery);
        }
    }

    fn take_receiver_page(&mut self, slot: Slot<Receiver>, request: PageRequest, page: &PendingPage) {
        for delivery in &page.deliveries {
            let sequence = delivery.key.sequence;
            if sequence <= self.receivers[slot].loaded {
                continue;
            }
            self.receivers[slot].loaded = sequence;
            if !self.receivers[slot].taken_ahead.contains(&sequence) {
                self.take_or_pass(slot, delivery);
            }
        }
        let receiver = &mut self.receivers[slot];
        if page.complete {
            receiver.loaded = receiver.loaded.max(request.up_to);
        }
        receiver.taken_ahead = receiver.taken_ahead.split_off(&receiver.loaded.plus(1));
    }

    fn take_subscription_page(&mut self, request: PageRequest, page: &PendingPage) {
        let slot = request.subscription.and_then(|number| self.subscription_slots.get(&number)).copied();
        let Some(slot) = slot else { return };
        for delivery in &page.deliveries {
            let Some(catch_up) = &mut self.subscriptions[slot].catch_up else { return };
            let sequence = delivery.key.sequence;
            if sequence <= catch_up.after {
                continue;
            }
            catch_up.after = sequence;
            if !catch_up.already.contains(&sequence) {
                self.take(slot, delivery);
            }
        }
        let subscription = &mut self.subscriptions[slot];
        let Some(catch_up) = &mut subscription.catch_up else { return };
        if !page.complete {
            return;
        }
        catch_up.after = catch_up.after.max(request.up_to);
        if catch_up.after < subscription.missed {
            return;
        }
        subscription.catch_up = None;
        subscription.missed = Sequence::ZERO;
        let receiver = subscription.receiver;
        self.receivers[receiver].catching_up.remove(&mut self.subscriptions, slot);
    }

    /// Takes a delivery that is new to the scheduler, unless its subscription is parked. Tests are not parked.
    fn take_or_pass(&mut self, receiver: Slot<Receiver>, delivery: &PendingDelivery) {
        let sequence = delivery.key.sequence;
        let Some(slot) = self.subscription_slots.get(&delivery.subscription).copied() else {
            self.pass_unknown(receiver, delivery);
            return;
        };
        let subscription = &mut self.subscriptions[slot];
        debug_assert!(subscription.receiver == receiver, "a subscription's receiver never changes");
        if delivery.origin == DeliveryOrigin::Test {
            if let Some(catch_up) = &mut subscription.catch_up {
                catch_up.already.insert(sequence);
            }
            self.take(slot, delivery);
        } else if subscription.is_live() {
            self.take(slot, delivery);
        } else {
            subscription.miss(sequence);
        }
    }

    fn pass_unknown(&mut self, receiver: Slot<Receiver>, delivery: &PendingDelivery) {
        let sequence = delivery.key.sequence;
        self.receivers[receiver].passed_unknown = true;
        if self.unknown.len() < UNKNOWN_REMEMBERED || self.unknown.contains_key(&delivery.subscription) {
            let highest = self.unknown.entry(delivery.subscription).or_insert(sequence);
            *highest = sequence.max(*highest);
        } else {
            self.unknown_overflow = self.unknown_overflow.max(sequence);
        }
    }

    fn take(&mut self, subscription: Slot<Subscription>, delivery: &PendingDelivery) {
        let receiver = self.subscriptions[subscription].receiver;
        let (lane, place) = lane_of(delivery.origin, self.receivers[receiver].order);
        let is_update = delivery.is_update && delivery.origin == DeliveryOrigin::Original;
        let slot = self.entries.insert(Entry {
            sequence: delivery.key.sequence.into(),
            action: lane_action(delivery).into(),
            resource: Packed64::new(lane_number(delivery)),
            subscription,
            place,
            origin: delivery.origin,
            marks: Marks::new(lane, is_update),
            ..Entry::default()
        });
        List::<Entry, Queue>::push_back(
            self.subscriptions[subscription].queue(State::Waiting, false),
            &mut self.entries,
            slot,
        );
        self.receivers[receiver].entries += 1;
        self.take_history(slot, delivery);
        let held = delivery.first_failed_at.map(|_| delivery.lane_held);
        let overtaken = held.is_some_and(|held| lane != Lane::Own && held >= self.limits.lane_hold);
        if place == Place::Behind && overtaken {
            self.entries[slot].place = Place::Overtaken;
        } else if place == Place::Behind {
            self.enter_lane(slot);
            self.fold_update_before(slot);
        }
        self.arm(slot);
        self.ready_if_due(slot);
    }

    /// Keeps the rarer facts of a delivery, if it has any.
    fn take_history(&mut self, slot: Slot<Entry>, delivery: &PendingDelivery) {
        let plain = delivery.failed_attempts == 0
            && delivery.first_failed_at.is_none()
            && delivery.expires_at.is_none()
            && delivery.due_at <= self.now;
        if plain {
            return;
        }
        let history = self.histories.insert(History {
            entry: slot,
            lane_held_since: delivery
                .first_failed_at
                .map_or_else(PackedInstant::default, |_| self.held_since(slot, delivery.lane_held)),
            expires_at: PackedInstant::new(delivery.expires_at),
            due_at: PackedInstant::new(Some(delivery.due_at)),
            failed_attempts: delivery.failed_attempts,
            ..History::default()
        });
        self.entries[slot].history = Some(history);
        self.watch_expiry(slot);
    }
}
