//! Fairness: whose delivery starts next.
//!
//! It is deficit round robin in which every attempt costs one: organizations that could start something take turns, one attempt
//! each; in an organization its endpoints take turns, and in the turn of an endpoint each flow that has something ready for it,
//! one receiver's deliveries, has one place; in a flow the subscriptions take turns.
//!
//! A place at an endpoint is always that of the flow which comes first there, whichever turn brings it. Were turns and places
//! given apart, a flow could have its turn when the place is taken, and wait anew behind those that it came before.

use rendezhook_domain::time::Timestamp;

use super::Scheduler;
use super::claim::Turn;
use super::effect::Effect;
use super::endpoint::{Endpoint, Standing};
use super::entry::{Entry, Place, State};
use super::slab::Slot;

impl Scheduler {
    /// Starts attempts until the limits are reached or nothing is left that could start.
    pub(super) fn dispatch(&mut self, effects: &mut Vec<Effect>) {
        self.admit_all_from_slow_pool();
        while !self.stopped && self.pools.fast() < self.limits.in_flight {
            let Some(organization) = self.turns.first() else {
                if self.admit_from_slow_pool() {
                    continue;
                }
                break;
            };
            let Some(endpoint) = self.organizations[organization].turns.first() else { break };
            if !self.slow_pool_allows(endpoint) {
                self.wait_for_slow_pool(endpoint);
                continue;
            }
            if !self.authority_allows(endpoint) {
                self.wait_for_authority(endpoint);
                self.organizations[organization].owed = self.turns.first() != Some(organization);
                continue;
            }
            if !self.serve(endpoint, effects) {
                continue;
            }
            self.organizations[organization].owed = false;
            let turns = &mut self.organizations[organization].turns;
            if turns.first() == Some(endpoint) && self.round_is_over(endpoint) {
                self.endpoints[endpoint].round = self.endpoints[endpoint].round.wrapping_add(1);
                self.organizations[organization].turns.rotate(&mut self.endpoints);
            }
            if let Some(owed) =
                self.owed.take().filter(|owed| self.endpoints[*owed].standing == Standing::Listed)
            {
                let turns = &mut self.organizations[organization].turns;
                turns.remove(&mut self.endpoints, owed);
                turns.push_front(&mut self.endpoints, owed);
            }
            if self.turns.first() == Some(organization) {
                self.turns.rotate(&mut self.organizations);
            }
        }
    }

    /// Gives an endpoint its turn; answers whether an attempt was started. If none was, one delivery less is ready.
    fn serve(&mut self, endpoint: Slot<Endpoint>, effects: &mut Vec<Effect>) -> bool {
        let Some(slot) = self.next_at(endpoint) else {
            debug_assert!(false, "an endpoint with nothing ready takes turns");
            self.set_aside(endpoint);
            return false;
        };
        if self.has_expired(&self.entries[slot]) {
            // Its end is recorded as soon as enough of the other expired ones are.
            self.withdraw(slot);
            self.move_to(slot, State::Waiting);
            return false;
        }
        let chosen = match self.turn(slot) {
            Turn::Its => slot,
            Turn::Of(other) => other,
            Turn::None => {
                self.turn_away(slot);
                return false;
            }
        };
        let round = self.endpoints[endpoint].round;
        let subscription = self.entries[slot].subscription;
        let flow = self.subscriptions[subscription].flow;
        self.note_turn(flow, self.entries[chosen].is_repetition());
        self.start(chosen, effects);
        self.step_back(flow, round);
        if self.flows[flow].turns.first() == Some(subscription) {
            self.flows[flow].turns.rotate(&mut self.subscriptions);
        }
        self.charge(chosen, endpoint);
        true
    }

    /// What starts next at an endpoint. While its breaker is open: as a probe, when one may be made, what has been due the longest;
    /// otherwise a test. However many tests are asked for, they do not keep the others from finding out.
    fn next_at(&mut self, endpoint: Slot<Endpoint>) -> Option<Slot<Entry>> {
        let Endpoint { breaker, turns, .. } = &self.endpoints[endpoint];
        if breaker.is_open() {
            let probe = if breaker.allows(self.now) { self.longest_due(endpoint) } else { None };
            return probe.or_else(|| self.next_test(endpoint));
        }
        let flow = turns.first()?;
        self.next_of(flow)
    }

    /// The oldest test of the flow that comes first of those that have one.
    fn next_test(&mut self, endpoint: Slot<Endpoint>) -> Option<Slot<Entry>> {
        let flows = self.endpoints[endpoint].turns.to_vec(&mut self.flows);
        let tests = &self.endpoints[endpoint].tests;
        let flow_of = |test: &Slot<Entry>| self.subscriptions[self.entries[*test].subscription].flow;
        flows.into_iter().find_map(|flow| tests.iter().copied().find(|test| flow_of(test) == flow))
    }

    /// The oldest of those that come first in their subscriptions and are no tests, where they stand in the order in which they became due.
    fn longest_due(&mut self, endpoint: Slot<Endpoint>) -> Option<Slot<Entry>> {
        let flows = self.endpoints[endpoint].turns.to_vec(&mut self.flows);
        let mut oldest: Option<Slot<Entry>> = None;
        for flow in flows {
            for subscription in self.flows[flow].turns.to_vec(&mut self.subscriptions) {
                // Tests stand before the others.
                let ready = &self.subscriptions[subscription].ready;
                let ready = ready.first_where(&mut self.entries, |entry| !entry.is_test());
                oldest = [oldest, ready, self.subscriptions[subscription].again.first()]
                    .into_iter()
                    .flatten()
                    .min_by_key(|entry| self.entries[*entry].sequence());
            }
        }
        oldest
    }

    /// Where a delivery was started in the turn of another endpoint, since it comes first in its lane: its flow had a place at
    /// its own endpoint, and if that was somebody else's turn there, the next place comes at once.
    fn charge(&mut self, chosen: Slot<Entry>, turn_of: Slot<Endpoint>) {
        let flow = self.subscriptions[self.entries[chosen].subscription].flow;
        let endpoint = self.flows[flow].endpoint;
        if endpoint == turn_of {
            return;
        }
        let out_of_turn = self.endpoints[endpoint].turns.first() != Some(flow);
        self.step_back(flow, self.endpoints[endpoint].round);
        if !out_of_turn {
            return;
        }
        if self.endpoints[endpoint].standing == Standing::Listed {
            self.owed = Some(endpoint);
        } else {
            self.endpoints[endpoint].owed = true;
        }
    }

    /// Whether a delivery could start at its endpoint in the turn of another one.
    pub(super) fn may_start_out_of_turn(&self, entry: &Entry) -> bool {
        let slot = self.endpoint_slot_of(entry);
        let endpoint = &self.endpoints[slot];
        endpoint.has_place(self.now)
            && endpoint.breaker.allows(self.now)
            && self.authority_allows(slot)
            && self.slow_pool_allows(slot)
    }

    /// Makes a waiting delivery ready if it is due and its lane lets it.
    pub(super) fn ready_if_due(&mut self, slot: Slot<Entry>) {
        let entry = &self.entries[slot];
        let may = entry.state == State::Waiting && entry.place != Place::Behind && !entry.contends();
        if !may || self.due_at(entry).is_some_and(|due| due > self.now) || self.has_expired(entry) {
            return;
        }
        let (test, in_order) = (entry.is_test(), entry.is_in_order());
        if !in_order {
            self.contend(slot);
        }
        if test {
            self.ready_first(slot);
        } else {
            self.move_to(slot, State::Ready);
        }
    }

    /// When the next attempt is due; none when it has been due ever since.
    pub(super) fn due_at(&self, entry: &Entry) -> Option<Timestamp> {
        entry.history.and_then(|history| self.histories[history].due_at.get())
    }
}
