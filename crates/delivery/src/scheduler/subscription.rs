//! Subscriptions: whose deliveries are attempted, and what happens to those in memory when that changes.

use std::collections::HashSet;
use std::time::Duration;

use rendezhook_domain::retry::RetryPolicy;
use rendezhook_domain::sequence::{Sequence, SubscriptionNumber};
use rendezhook_domain::subscription::DeliveryRate;
use rendezhook_domain::time::Timestamp;

use super::Scheduler;
use super::entry::{Entry, Queue, State};
use super::flow::{Flow, Organization, Rotation};
use super::input::SubscriptionView;
use super::list::{Linked, Links, List};
use super::receiver::Receiver;
use super::slab::Slot;

/// The role of the links of subscriptions whose deliveries are taken up again.
#[derive(Debug)]
pub(super) struct CatchingUp;

/// What the scheduler keeps of a subscription.
#[derive(Debug)]
pub(super) struct Subscription {
    pub(super) number: SubscriptionNumber,
    pub(super) organization: Slot<Organization>,
    pub(super) receiver: Slot<Receiver>,
    pub(super) flow: Slot<Flow>,
    pub(super) enabled: bool,
    pub(super) deleted: bool,
    pub(super) retry: RetryPolicy,
    pub(super) rate_limit: Option<DeliveryRate>,
    pub(super) folds_updates: bool,
    /// The highest sequence of its deliveries that were left in the store or dropped from memory.
    pub(super) missed: Sequence,
    /// How far what it missed is taken up again. Until all of it is, its new deliveries are left in the store too: they would
    /// overtake the older ones.
    pub(super) catch_up: Option<Box<CatchUp>>,
    /// Its last delivery that was answered 410, and when.
    pub(super) gone: Option<(Sequence, Timestamp)>,
    pub(super) waiting: List<Entry, Queue>,
    pub(super) ready: List<Entry, Queue>,
    /// Ready repetitions, which go behind the other ready ones.
    pub(super) again: List<Entry, Queue>,
    pub(super) busy: List<Entry, Queue>,
    rotation: Links<Subscription>,
    catching_up: Links<Subscription>,
}

/// How far a subscription's missed deliveries are taken up.
#[derive(Debug, Default)]
pub(super) struct CatchUp {
    /// Those up to here are.
    pub(super) after: Sequence,
    /// Deliveries that were in memory already, or came in another way: a page that was read in between may hold them still.
    pub(super) already: HashSet<Sequence>,
}

impl Default for Subscription {
    fn default() -> Self {
        Self {
            number: SubscriptionNumber::new(0),
            organization: Slot::default(),
            receiver: Slot::default(),
            flow: Slot::default(),
            enabled: false,
            deleted: false,
            retry: RetryPolicy::from_delays(&[]),
            rate_limit: None,
            folds_updates: false,
            missed: Sequence::ZERO,
            catch_up: None,
            gone: None,
            waiting: List::default(),
            ready: List::default(),
            again: List::default(),
            busy: List::default(),
            rotation: Links::default(),
            catching_up: Links::default(),
        }
    }
}

impl Linked<Rotation> for Subscription {
    fn links(&mut self) -> &mut Links<Self> {
        &mut self.rotation
    }
}

impl Linked<CatchingUp> for Subscription {
    fn links(&mut self) -> &mut Links<Self> {
        &mut self.catching_up
    }
}

impl Subscription {
    /// The queue of deliveries in this state.
    pub(super) fn queue(&mut self, state: State, repetition: bool) -> &mut List<Entry, Queue> {
        match state {
            State::Waiting => &mut self.waiting,
            State::Ready if repetition => &mut self.again,
            State::Ready => &mut self.ready,
            State::InFlight | State::Recording => &mut self.busy,
        }
    }

    /// How many of its deliveries are ready.
    pub(super) fn ready_count(&self) -> u32 {
        self.ready.len() + self.again.len()
    }

    /// Whether its new deliveries are taken as they come.
    pub(super) fn is_live(&self) -> bool {
        self.enabled && self.catch_up.is_none()
    }

    /// Notes that a delivery of it is in the store and not in memory.
    pub(super) fn miss(&mut self, sequence: Sequence) {
        self.missed = self.missed.max(sequence);
    }
}

impl Scheduler {
    pub(super) fn change_subscription(&mut self, view: SubscriptionView) {
        let endpoint = self.endpoint_slot(view.endpoint, view.authority, view.organization);
        let Some(slot) = self.subscription_slots.get(&view.subscription).copied() else {
            let receiver = self.receiver_slot(view.receiver, view.organization);
            self.change_order(receiver, view.order);
            let slot = self.subscriptions.insert(Subscription {
                number: view.subscription,
                organization: self.receivers[receiver].organization,
                receiver,
                retry: view.retry,
                rate_limit: view.rate_limit,
                folds_updates: view.folds_updates,
                missed: self.unknown.remove(&view.subscription).unwrap_or(self.unknown_overflow),
                ..Subscription::default()
            });
            self.receivers[receiver].subscriptions += 1;
            self.subscription_slots.insert(view.subscription, slot);
            self.join_flow(slot, endpoint);
            if view.enabled {
                self.enable(slot);
            }
            return;
        };
        self.subscriptions[slot].retry = view.retry;
        self.subscriptions[slot].folds_updates = view.folds_updates;
        self.change_order(self.subscriptions[slot].receiver, view.order);
        let former = self.flows[self.subscriptions[slot].flow].endpoint;
        if former != endpoint {
            let held = self.held_by_subscription(slot);
            self.leave_flow(slot);
            self.subscriptions[slot].rate_limit = view.rate_limit;
            self.join_flow(slot, endpoint);
            self.carry_over(&held);
        } else if self.subscriptions[slot].rate_limit != view.rate_limit {
            let old = std::mem::replace(&mut self.subscriptions[slot].rate_limit, view.rate_limit);
            self.endpoints[endpoint].rate.add(view.rate_limit, self.now);
            self.endpoints[endpoint].rate.remove(old, self.now);
            self.review(endpoint);
        }
        match (self.subscriptions[slot].enabled, view.enabled) {
            (false, true) => self.enable(slot),
            (true, false) => self.park(slot),
            _ => {}
        }
    }

    pub(super) fn delete_subscription(&mut self, number: SubscriptionNumber) {
        self.unknown.remove(&number);
        let Some(slot) = self.subscription_slots.remove(&number) else { return };
        self.park(slot);
        self.subscriptions[slot].deleted = true;
        let endpoint = self.flows[self.subscriptions[slot].flow].endpoint;
        let rate_limit = self.subscriptions[slot].rate_limit.take();
        self.endpoints[endpoint].rate.remove(rate_limit, self.now);
        self.review(endpoint);
        for test in self.idle_entries(slot) {
            self.discard(test);
        }
        self.forget_subscription_if_unused(slot);
    }

    /// Takes up the deliveries of a subscription, those it missed first.
    fn enable(&mut self, slot: Slot<Subscription>) {
        self.subscriptions[slot].enabled = true;
        self.subscriptions[slot].gone = None;
        self.start_slowly(self.flows[self.subscriptions[slot].flow].endpoint);
        if self.subscriptions[slot].missed == Sequence::ZERO {
            return;
        }
        let mut in_memory = self.idle_entries(slot);
        in_memory.extend(self.subscriptions[slot].busy.to_vec(&mut self.entries));
        let already = in_memory.into_iter().map(|entry| self.entries[entry].sequence()).collect();
        self.subscriptions[slot].catch_up = Some(Box::new(CatchUp { after: Sequence::ZERO, already }));
        let receiver = self.subscriptions[slot].receiver;
        self.receivers[receiver].catching_up.push_back(&mut self.subscriptions, slot);
        self.settle(receiver);
    }

    /// Takes a subscription's deliveries out of their lanes and out of memory. Those that are busy finish first.
    fn park(&mut self, slot: Slot<Subscription>) {
        self.subscriptions[slot].enabled = false;
        let receiver = self.subscriptions[slot].receiver;
        self.drop_catch_up(slot);
        for entry in self.idle_entries(slot) {
            if !self.entries[entry].is_test() {
                let sequence = self.entries[entry].sequence();
                self.subscriptions[slot].miss(sequence);
                self.discard(entry);
            }
        }
        self.settle(receiver);
    }

    /// The failing deliveries of a subscription, and how long each has held its lane.
    fn held_by_subscription(&mut self, slot: Slot<Subscription>) -> Vec<(Slot<Entry>, Duration)> {
        let mut entries = self.idle_entries(slot);
        entries.extend(self.subscriptions[slot].busy.to_vec(&mut self.entries));
        let held = |entry| self.lane_held(&self.entries[entry]).map(|held| (entry, held));
        entries.into_iter().filter_map(held).collect()
    }

    /// Takes up no more of what a subscription missed.
    pub(super) fn drop_catch_up(&mut self, slot: Slot<Subscription>) {
        let receiver = self.subscriptions[slot].receiver;
        if self.subscriptions[slot].catch_up.take().is_none() {
            return;
        }
        self.receivers[receiver].catching_up.remove(&mut self.subscriptions, slot);
        // What a page under way holds may be out of date when the subscription is enabled again.
        let number = self.subscriptions[slot].number;
        let page = self.receivers[receiver].page;
        if page.is_some_and(|request| request.subscription == Some(number)) {
            self.receivers[receiver].page_is_stale = true;
        }
    }

    /// The deliveries of a subscription that wait or are ready.
    pub(super) fn idle_entries(&mut self, slot: Slot<Subscription>) -> Vec<Slot<Entry>> {
        let mut idle = self.subscriptions[slot].waiting.to_vec(&mut self.entries);
        idle.extend(self.subscriptions[slot].ready.to_vec(&mut self.entries));
        idle.extend(self.subscriptions[slot].again.to_vec(&mut self.entries));
        idle
    }

    /// Forgets a deleted subscription once nothing of it is in memory.
    pub(super) fn forget_subscription_if_unused(&mut self, slot: Slot<Subscription>) {
        if !self.subscriptions[slot].deleted || !self.subscriptions[slot].busy.is_empty() {
            return;
        }
        self.leave_flow(slot);
        let receiver = self.subscriptions.remove(slot).receiver;
        self.receivers[receiver].subscriptions -= 1;
        self.settle(receiver);
    }
}
