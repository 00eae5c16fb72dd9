//! Flows: the deliveries of one receiver to one endpoint; what fairness chooses between.

use rendezhook_domain::sequence::OrganizationNumber;

use super::Scheduler;
use super::endpoint::Endpoint;
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
    /// Its flows that have ready deliveries and take turns.
    pub(super) turns: List<Flow, Rotation>,
    pub(super) receivers: u32,
    rotation: Links<Organization>,
}

impl Organization {
    pub(super) fn new(number: OrganizationNumber) -> Self {
        Self { number, turns: List::default(), receivers: 0, rotation: Links::default() }
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

/// The subscriptions of one receiver that go to one endpoint.
#[derive(Debug, Default)]
pub(super) struct Flow {
    pub(super) organization: Slot<Organization>,
    pub(super) receiver: Slot<Receiver>,
    pub(super) endpoint: Slot<Endpoint>,
    /// Its subscriptions that have ready deliveries.
    pub(super) turns: List<Subscription, Rotation>,
    /// Its ready deliveries.
    pub(super) ready: usize,
    /// Its subscriptions.
    pub(super) subscriptions: u32,
    standing: Standing,
    rotation: Links<Flow>,
}

/// Where a flow waits. It is idle exactly when nothing of it is ready.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Standing {
    #[default]
    Idle,
    /// Among the flows of its organization that take turns.
    Listed,
    /// For its endpoint to open.
    AtEndpoint,
}

impl Linked<Rotation> for Flow {
    fn links(&mut self) -> &mut Links<Self> {
        &mut self.rotation
    }
}

impl Scheduler {
    pub(super) fn endpoint_of(&self, entry: &Entry) -> &Endpoint {
        &self.endpoints[self.flows[self.subscriptions[entry.subscription].flow].endpoint]
    }

    /// Moves a delivery to the end of the queue of another state.
    pub(super) fn move_to(&mut self, slot: Slot<Entry>, state: State) {
        self.leave_queue(slot);
        self.entries[slot].state = state;
        let subscription = self.entries[slot].subscription;
        self.subscriptions[subscription].queue(state).push_back(&mut self.entries, slot);
        if state == State::Ready {
            self.count_ready(subscription);
        }
    }

    /// Makes a waiting delivery ready before the others of its subscription.
    pub(super) fn ready_first(&mut self, slot: Slot<Entry>) {
        self.leave_queue(slot);
        self.entries[slot].state = State::Ready;
        let subscription = self.entries[slot].subscription;
        self.subscriptions[subscription].queue(State::Ready).push_front(&mut self.entries, slot);
        self.count_ready(subscription);
    }

    /// Takes a delivery out of the queue of its state.
    pub(super) fn leave_queue(&mut self, slot: Slot<Entry>) {
        let Entry { state, subscription, .. } = self.entries[slot];
        self.subscriptions[subscription].queue(state).remove(&mut self.entries, slot);
        if state == State::Ready {
            self.discount_ready(subscription);
        }
    }

    fn count_ready(&mut self, subscription: Slot<Subscription>) {
        let flow_slot = self.subscriptions[subscription].flow;
        let flow = &mut self.flows[flow_slot];
        flow.ready += 1;
        let receiver = &mut self.receivers[flow.receiver];
        receiver.ready += 1;
        if flow.standing == Standing::AtEndpoint {
            receiver.ready_but_closed += 1;
        }
        if self.subscriptions[subscription].ready.len() == 1 {
            flow.turns.push_back(&mut self.subscriptions, subscription);
        }
        if self.flows[flow_slot].standing == Standing::Idle {
            self.line_up(flow_slot);
        }
    }

    fn discount_ready(&mut self, subscription: Slot<Subscription>) {
        let flow_slot = self.subscriptions[subscription].flow;
        let flow = &mut self.flows[flow_slot];
        flow.ready -= 1;
        let receiver_slot = flow.receiver;
        let receiver = &mut self.receivers[receiver_slot];
        receiver.ready -= 1;
        if flow.standing == Standing::AtEndpoint {
            receiver.ready_but_closed -= 1;
        }
        if self.subscriptions[subscription].ready.is_empty() {
            flow.turns.remove(&mut self.subscriptions, subscription);
        }
        if flow.ready == 0 {
            let endpoint = flow.endpoint;
            self.unlist(flow_slot);
            self.admit_flows(endpoint);
        }
        self.settle(receiver_slot);
    }

    /// Lets a flow that has something ready take turns, but not before those that wait for the same endpoint: one that has
    /// something new each time would take every place that becomes free.
    fn line_up(&mut self, slot: Slot<Flow>) {
        let endpoint = self.flows[slot].endpoint;
        if self.endpoints[endpoint].waiting.is_empty() {
            self.list(slot);
        } else {
            self.wait_for_endpoint(slot);
            self.admit_flows(endpoint);
        }
    }

    /// Lets a flow take turns in its organization.
    pub(super) fn list(&mut self, slot: Slot<Flow>) {
        let Flow { organization, endpoint, .. } = self.flows[slot];
        self.flows[slot].standing = Standing::Listed;
        self.endpoints[endpoint].listed += 1;
        self.organizations[organization].turns.push_back(&mut self.flows, slot);
        if self.organizations[organization].turns.len() == 1 {
            self.turns.push_back(&mut self.organizations, organization);
        }
    }

    /// Takes a flow from wherever it waits.
    pub(super) fn unlist(&mut self, slot: Slot<Flow>) {
        let Flow { organization, endpoint, receiver, ready, standing, .. } = self.flows[slot];
        self.flows[slot].standing = Standing::Idle;
        match standing {
            Standing::Idle => {}
            Standing::Listed => {
                self.endpoints[endpoint].listed -= 1;
                self.organizations[organization].turns.remove(&mut self.flows, slot);
                if self.organizations[organization].turns.is_empty() {
                    self.turns.remove(&mut self.organizations, organization);
                }
            }
            Standing::AtEndpoint => {
                self.endpoints[endpoint].waiting.remove(&mut self.flows, slot);
                self.receivers[receiver].ready_but_closed -= ready;
            }
        }
    }

    /// Lets a flow wait until its endpoint opens.
    pub(super) fn wait_for_endpoint(&mut self, slot: Slot<Flow>) {
        self.unlist(slot);
        let Flow { endpoint, receiver, ready, .. } = self.flows[slot];
        self.flows[slot].standing = Standing::AtEndpoint;
        self.endpoints[endpoint].waiting.push_back(&mut self.flows, slot);
        self.receivers[receiver].ready_but_closed += ready;
        self.settle(receiver);
    }

    /// Lets a subscription's deliveries go to this endpoint from now on.
    pub(super) fn join_flow(&mut self, subscription: Slot<Subscription>, endpoint: Slot<Endpoint>) {
        let Subscription { organization, receiver, .. } = self.subscriptions[subscription];
        let slot = match self.flow_slots.get(&(receiver, endpoint)) {
            Some(slot) => *slot,
            None => {
                let slot = self.flows.insert(Flow { organization, receiver, endpoint, ..Flow::default() });
                self.flow_slots.insert((receiver, endpoint), slot);
                self.endpoints[endpoint].flows += 1;
                self.receivers[receiver].flows += 1;
                slot
            }
        };
        self.subscriptions[subscription].flow = slot;
        // With another endpoint the receiver may have use for more deliveries.
        self.settle(receiver);
        let moved = usize::try_from(self.subscriptions[subscription].ready.len()).unwrap_or(usize::MAX);
        let flow = &mut self.flows[slot];
        flow.subscriptions += 1;
        if moved == 0 {
            return;
        }
        flow.ready += moved;
        flow.turns.push_back(&mut self.subscriptions, subscription);
        self.receivers[receiver].ready += moved;
        match flow.standing {
            Standing::Idle => self.line_up(slot),
            Standing::Listed => {}
            Standing::AtEndpoint => self.receivers[receiver].ready_but_closed += moved,
        }
    }

    /// Takes a subscription out of its flow with all it has ready; the last one takes the flow along.
    pub(super) fn leave_flow(&mut self, subscription: Slot<Subscription>) {
        let slot = self.subscriptions[subscription].flow;
        let moved = usize::try_from(self.subscriptions[subscription].ready.len()).unwrap_or(usize::MAX);
        let flow = &mut self.flows[slot];
        let (receiver, endpoint) = (flow.receiver, flow.endpoint);
        flow.subscriptions -= 1;
        if moved > 0 {
            flow.turns.remove(&mut self.subscriptions, subscription);
            flow.ready -= moved;
            self.receivers[receiver].ready -= moved;
            if flow.standing == Standing::AtEndpoint {
                self.receivers[receiver].ready_but_closed -= moved;
            }
        }
        if self.flows[slot].ready == 0 {
            self.unlist(slot);
            self.admit_flows(endpoint);
        }
        if self.flows[slot].subscriptions == 0 {
            self.flows.remove(slot);
            self.flow_slots.remove(&(receiver, endpoint));
            self.endpoints[endpoint].flows -= 1;
            self.receivers[receiver].flows -= 1;
            self.forget_endpoint_if_unused(endpoint);
        }
    }
}
