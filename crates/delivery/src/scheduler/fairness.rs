//! Fairness: whose delivery starts next.
//!
//! Organizations that have something to start take turns, then the flows of the organization, then the subscriptions of the
//! flow, one attempt a turn. A flow whose endpoint takes nothing more steps aside until it does.

use rendezhook_domain::time::Timestamp;

use super::Scheduler;
use super::claim::Turn;
use super::effect::Effect;
use super::entry::{Entry, Place, State};
use super::flow::Flow;
use super::slab::Slot;

impl Scheduler {
    /// Starts attempts until the limits are reached or nothing is left that could start.
    pub(super) fn dispatch(&mut self, effects: &mut Vec<Effect>) {
        while !self.stopped && self.in_flight < self.limits.in_flight {
            let Some(organization) = self.turns.first() else { break };
            let Some(flow) = self.organizations[organization].turns.first() else { break };
            let endpoint = self.flows[flow].endpoint;
            if !self.endpoints[endpoint].is_open(self.now) {
                self.wait_for_endpoint(flow);
                continue;
            }
            if !self.serve(flow, effects) {
                continue;
            }
            if self.organizations[organization].turns.first() == Some(flow) {
                self.step_back(flow);
            }
            if self.turns.first() == Some(organization) {
                self.turns.rotate(&mut self.organizations);
            }
        }
    }

    /// Puts the flow that had its turn behind the others of its organization. Where others wait for its endpoint it goes behind
    /// them: it would be first at each place that becomes free there, for as long as no turn comes to it in between.
    fn step_back(&mut self, slot: Slot<Flow>) {
        let Flow { organization, endpoint, .. } = self.flows[slot];
        if self.endpoints[endpoint].waiting.is_empty() {
            self.organizations[organization].turns.rotate(&mut self.flows);
        } else {
            self.wait_for_endpoint(slot);
            self.admit_flows(endpoint);
        }
    }

    /// Gives a flow its turn; answers whether an attempt was started. If none was, one delivery less is ready.
    fn serve(&mut self, flow: Slot<Flow>, effects: &mut Vec<Effect>) -> bool {
        let Some(subscription) = self.flows[flow].turns.first() else { return false };
        let Some(slot) = self.subscriptions[subscription].ready.first() else { return false };
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
        self.start(chosen, effects);
        if self.flows[flow].turns.first() == Some(subscription) {
            self.flows[flow].turns.rotate(&mut self.subscriptions);
        }
        true
    }

    /// Makes a waiting delivery ready if it is due and its lane lets it.
    pub(super) fn ready_if_due(&mut self, slot: Slot<Entry>) {
        let entry = &self.entries[slot];
        let may = entry.state == State::Waiting && entry.place != Place::Behind && !entry.contends;
        if !may || self.due_at(entry).is_some_and(|due| due > self.now) || self.has_expired(entry) {
            return;
        }
        let (test, overtaken) = (entry.is_test(), entry.place == Place::Overtaken);
        if overtaken {
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
