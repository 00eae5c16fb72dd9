//! Flows: the deliveries of one receiver to one endpoint; what fairness chooses between.

use rendezhook_domain::sequence::OrganizationNumber;

use super::Scheduler;
use super::endpoint::{Endpoint, Standing};
use super::entry::{Entry, State};
use super::list::{Linked, Links, List};
use super::receiver::Receiver;
use super::slab::Slot;
use super::subscription::Subscription;

/// The role of the links of things that take turns.
#[derive(Debug)]
pub(super) struct Rotation;

/// A tenant, as far as fairness is concerned.
#[derive(Debug)]
pub(super) struct Organization {
    pub(super) number: OrganizationNumber,
    /// Its endpoints that could start something.
    pub(super) turns: List<Endpoint, Rotation>,
    /// Its turn came and went, since the only endpoint it had for it waits for a place at its authority. The next one comes at once.
    pub(super) owed: bool,
    pub(super) receivers: u32,
    rotation: Links<Organization>,
}

impl Organization {
    pub(super) fn new(number: OrganizationNumber) -> Self {
        Self { number, turns: List::default(), owed: false, receivers: 0, rotation: Links::default() }
    }
}

impl Default for Organization {
    fn default() -> Self {
        Self::new(OrganizationNumber::new(0))
    }
}

impl Linked<Rotation> for Organization {
    fn links(&mut self) -> &mut Links<Self> {
        &mut self.rotation
    }
}

/// The subscriptions of one receiver that go to one endpoint. While something of it is ready it takes turns at the endpoint.
#[derive(Debug, Default)]
pub(super) struct Flow {
    pub(super) receiver: Slot<Receiver>,
    pub(super) endpoint: Slot<Endpoint>,
    /// Its subscriptions that have ready deliveries.
    pub(super) turns: List<Subscription, Rotation>,
    /// Its ready deliveries.
    pub(super) ready: usize,
    /// Those of them that are repetitions.
    pub(super) again: usize,
    /// Turns of others since a repetition had one, as far as it matters.
    pub(super) others_served: u8,
    /// The round of its endpoint in which it had a place last.
    pub(super) round: u32,
    /// Its subscriptions.
    pub(super) subscriptions: u32,
    rotation: Links<Flow>,
}

impl Linked<Rotation> for Flow {
    fn links(&mut self) -> &mut Links<Self> {
        &mut self.rotation
    }
}

impl Scheduler {
    pub(super) fn endpoint_slot_of(&self, entry: &Entry) -> Slot<Endpoint> {
        self.flows[self.subscriptions[entry.subscription].flow].endpoint
    }

    pub(super) fn endpoint_of(&self, entry: &Entry) -> &Endpoint {
        &self.endpoints[self.endpoint_slot_of(entry)]
    }

    /// Moves a delivery to the end of the queue of another state.
    pub(super) fn move_to(&mut self, slot: Slot<Entry>, state: State) {
        self.leave_queue(slot);
        self.entries[slot].state = state;
        let subscription = self.entries[slot].subscription;
        let repetition = self.entries[slot].is_repetition();
        self.subscriptions[subscription].queue(state, repetition).push_back(&mut self.entries, slot);
        if state == State::Ready {
            self.count_ready(slot);
        }
    }

    /// Makes a waiting delivery ready before the others of its subscription.
    pub(super) fn ready_first(&mut self, slot: Slot<Entry>) {
        self.leave_queue(slot);
        self.entries[slot].state = State::Ready;
        let subscription = self.entries[slot].subscription;
        let repetition = self.entries[slot].is_repetition();
        self.subscriptions[subscription].queue(State::Ready, repetition).push_front(&mut self.entries, slot);
        self.count_ready(slot);
    }

    /// Takes a delivery out of the queue of its state.
    pub(super) fn leave_queue(&mut self, slot: Slot<Entry>) {
        let Entry { state, subscription, .. } = self.entries[slot];
        let repetition = self.entries[slot].is_repetition();
        self.subscriptions[subscription].queue(state, repetition).remove(&mut self.entries, slot);
        if state == State::Ready {
            self.discount_ready(slot);
        }
    }

    fn count_ready(&mut self, slot: Slot<Entry>) {
        self.count_again(slot, 1);
        let subscription = self.entries[slot].subscription;
        let flow_slot = self.subscriptions[subscription].flow;
        let flow = &mut self.flows[flow_slot];
        flow.ready += 1;
        let first_of_flow = flow.ready == 1;
        let endpoint_slot = flow.endpoint;
        let endpoint = &mut self.endpoints[endpoint_slot];
        let receiver = &mut self.receivers[flow.receiver];
        receiver.ready += 1;
        if endpoint.standing != Standing::Listed {
            receiver.ready_but_closed += 1;
        }
        if self.subscriptions[subscription].ready_count() == 1 {
            flow.turns.push_back(&mut self.subscriptions, subscription);
        }
        let test = self.entries[slot].is_test();
        if test {
            endpoint.tests.push(slot);
        }
        if first_of_flow {
            endpoint.turns.push_back(&mut self.flows, flow_slot);
        }
        if first_of_flow || test {
            self.review(endpoint_slot);
        }
    }

    fn discount_ready(&mut self, slot: Slot<Entry>) {
        self.count_again(slot, -1);
        let subscription = self.entries[slot].subscription;
        let flow_slot = self.subscriptions[subscription].flow;
        let flow = &mut self.flows[flow_slot];
        flow.ready -= 1;
        let last_of_flow = flow.ready == 0;
        let endpoint_slot = flow.endpoint;
        let endpoint = &mut self.endpoints[endpoint_slot];
        let receiver_slot = flow.receiver;
        let receiver = &mut self.receivers[receiver_slot];
        receiver.ready -= 1;
        if endpoint.standing != Standing::Listed {
            receiver.ready_but_closed -= 1;
        }
        if self.subscriptions[subscription].ready_count() == 0 {
            flow.turns.remove(&mut self.subscriptions, subscription);
        }
        let test = self.entries[slot].is_test();
        if test {
            endpoint.tests.retain(|other| *other != slot);
        }
        if last_of_flow {
            endpoint.turns.remove(&mut self.flows, flow_slot);
        }
        if last_of_flow || test {
            self.review(endpoint_slot);
        }
        self.settle(receiver_slot);
    }

    /// Lets a flow that had its turn go behind the others at its endpoint. It was in this round of the endpoint.
    pub(super) fn step_back(&mut self, slot: Slot<Flow>, round: u32) {
        let flow = &mut self.flows[slot];
        flow.round = round;
        if flow.ready > 0 {
            let turns = &mut self.endpoints[flow.endpoint].turns;
            turns.remove(&mut self.flows, slot);
            turns.push_back(&mut self.flows, slot);
        }
    }

    /// Whether every flow of an endpoint that has something ready had its turn in this round.
    pub(super) fn round_is_over(&self, endpoint: Slot<Endpoint>) -> bool {
        let endpoint = &self.endpoints[endpoint];
        endpoint.turns.first().is_none_or(|flow| self.flows[flow].round == endpoint.round)
    }

    /// Notes for the receivers that have something ready for an endpoint that it takes turns now.
    pub(super) fn count_opened(&mut self, endpoint: Slot<Endpoint>) {
        let mut cursor = self.endpoints[endpoint].turns.first();
        while let Some(slot) = cursor {
            let Flow { receiver, ready, rotation, .. } = self.flows[slot];
            self.receivers[receiver].ready_but_closed -= ready;
            cursor = rotation.next;
        }
    }

    /// Notes for the receivers that have something ready for an endpoint that it takes no turns any more.
    pub(super) fn count_closed(&mut self, endpoint: Slot<Endpoint>) {
        let mut cursor = self.endpoints[endpoint].turns.first();
        while let Some(slot) = cursor {
            let Flow { receiver, ready, rotation, .. } = self.flows[slot];
            self.receivers[receiver].ready_but_closed += ready;
            self.settle(receiver);
            cursor = rotation.next;
        }
    }

    /// Lets a subscription's deliveries go to this endpoint from now on.
    pub(super) fn join_flow(&mut self, subscription: Slot<Subscription>, endpoint: Slot<Endpoint>) {
        let Subscription { organization, receiver, rate_limit, .. } = self.subscriptions[subscription];
        let slot = match self.flow_slots.get(&(receiver, endpoint)) {
            Some(slot) => *slot,
            None => {
                let slot = self.flows.insert(Flow { receiver, endpoint, ..Flow::default() });
                self.flow_slots.insert((receiver, endpoint), slot);
                self.endpoints[endpoint].flows += 1;
                self.receivers[receiver].flows += 1;
                slot
            }
        };
        self.subscriptions[subscription].flow = slot;
        self.endpoints[endpoint].organization = organization;
        self.endpoints[endpoint].rate.add(rate_limit, self.now);
        // With another endpoint the receiver may have use for more deliveries.
        self.settle(receiver);
        self.flows[slot].subscriptions += 1;
        // What moves along comes in its order, as if it had become ready just now.
        let ready = self.ready_entries(subscription);
        self.subscriptions[subscription].ready = List::default();
        self.subscriptions[subscription].again = List::default();
        for entry in ready {
            let repetition = self.entries[entry].is_repetition();
            self.subscriptions[subscription]
                .queue(State::Ready, repetition)
                .push_back(&mut self.entries, entry);
            self.count_ready(entry);
        }
        self.review(endpoint);
    }

    /// Takes a subscription out of its flow with all it has ready; the last one takes the flow along.
    pub(super) fn leave_flow(&mut self, subscription: Slot<Subscription>) {
        let slot = self.subscriptions[subscription].flow;
        let Flow { receiver, endpoint, .. } = self.flows[slot];
        let ready = self.ready_entries(subscription);
        for entry in &ready {
            let repetition = self.entries[*entry].is_repetition();
            self.subscriptions[subscription]
                .queue(State::Ready, repetition)
                .remove(&mut self.entries, *entry);
            self.discount_ready(*entry);
        }
        for entry in ready {
            let repetition = self.entries[entry].is_repetition();
            self.subscriptions[subscription]
                .queue(State::Ready, repetition)
                .push_back(&mut self.entries, entry);
        }
        self.flows[slot].subscriptions -= 1;
        self.endpoints[endpoint].rate.remove(self.subscriptions[subscription].rate_limit, self.now);
        self.review(endpoint);
        if self.flows[slot].subscriptions == 0 {
            self.flows.remove(slot);
            self.flow_slots.remove(&(receiver, endpoint));
            self.endpoints[endpoint].flows -= 1;
            self.receivers[receiver].flows -= 1;
            self.forget_endpoint_if_unused(endpoint);
        }
    }
}
