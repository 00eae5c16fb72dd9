//! Endpoints: how many attempts each may have in flight.

use std::time::Duration;

use rendezhook_domain::outcome::Verdict;
use rendezhook_domain::time::Timestamp;

use super::Scheduler;
use super::flow::{Flow, Rotation};
use super::input::EndpointNumber;
use super::list::List;
use super::slab::Slot;
use super::timer::Alarm;
use std::cmp::Reverse;

/// The window of an endpoint that nothing is known of.
const INITIAL_WINDOW: u32 = 2;

/// A target URL and how much it can take.
#[derive(Debug)]
pub(super) struct Endpoint {
    pub(super) number: EndpointNumber,
    pub(super) in_flight: u32,
    window: u32,
    /// No attempts before that.
    hold_until: Option<Timestamp>,
    /// Flows that have ready deliveries and wait for a free place in the window, or for the end of the hold.
    pub(super) waiting: List<Flow, Rotation>,
    /// Flows to it that take turns in their organization.
    pub(super) listed: u32,
    /// Flows to it.
    pub(super) flows: u32,
}

impl Default for Endpoint {
    fn default() -> Self {
        Self {
            number: EndpointNumber(0),
            in_flight: 0,
            window: INITIAL_WINDOW,
            hold_until: None,
            waiting: List::default(),
            listed: 0,
            flows: 0,
        }
    }
}

impl Endpoint {
    /// Whether an attempt may start now.
    pub(super) fn is_open(&self, now: Timestamp) -> bool {
        self.free_places(now) > 0
    }

    pub(super) fn is_unused(&self) -> bool {
        self.flows == 0 && self.in_flight == 0 && self.hold_until.is_none()
    }

    fn free_places(&self, now: Timestamp) -> u32 {
        match self.hold_until {
            Some(until) if until > now => 0,
            _ => self.window.saturating_sub(self.in_flight),
        }
    }

    /// Adapts the window to how an attempt ended; its place is free already.
    ///
    /// Each success adds one place, so that a window that is used doubles with every round trip. A failure that says something
    /// about the endpoint closes it to one. When egress had no connection left, the window becomes what it did get.
    fn adapt(&mut self, verdict: &Verdict, maximum: u32) {
        self.window = match verdict {
            Verdict::Success { .. } => self.window.saturating_add(1).min(maximum.max(1)),
            Verdict::Failure(failure) if failure.costs_nothing => self.in_flight.clamp(1, self.window),
            Verdict::Failure(failure) if failure.counts_against_endpoint => 1,
            Verdict::Failure(_) => self.window,
        };
    }
}

impl Scheduler {
    /// Gives an attempt's place back, with what its end says about the endpoint. `pause` is how long to try again after egress
    /// had no connection left.
    pub(super) fn free_place(&mut self, slot: Slot<Endpoint>, verdict: &Verdict, pause: Option<Duration>) {
        let endpoint = &mut self.endpoints[slot];
        endpoint.in_flight = endpoint.in_flight.saturating_sub(1);
        endpoint.adapt(verdict, self.limits.endpoint_window);
        let asked = match verdict {
            Verdict::Failure(failure) => failure.hold_endpoint,
            Verdict::Success { .. } => None,
        };
        // Were nothing under way, each ready delivery would be tried in vain at once.
        let pause = if endpoint.in_flight == 0 { pause } else { None };
        if let Some(hold) = asked.max(pause) {
            self.hold(slot, self.now.after(hold));
        }
        self.admit_flows(slot);
        self.forget_endpoint_if_unused(slot);
    }

    fn hold(&mut self, slot: Slot<Endpoint>, until: Timestamp) {
        let endpoint = &mut self.endpoints[slot];
        if endpoint.hold_until.is_some_and(|former| former >= until) {
            return;
        }
        endpoint.hold_until = Some(until);
        self.alarms.push(Reverse((until, Alarm::HoldEnds(slot))));
    }

    /// Ends a hold, unless it was prolonged in between.
    pub(super) fn end_hold(&mut self, slot: Slot<Endpoint>) {
        let endpoint = &mut self.endpoints[slot];
        if endpoint.hold_until.is_some_and(|until| until > self.now) {
            return;
        }
        endpoint.hold_until = None;
        self.admit_flows(slot);
        self.forget_endpoint_if_unused(slot);
    }

    /// Lets as many waiting flows take turns as the endpoint has free places.
    pub(super) fn admit_flows(&mut self, slot: Slot<Endpoint>) {
        while self.endpoints[slot].listed < self.endpoints[slot].free_places(self.now) {
            let Some(flow) = self.endpoints[slot].waiting.first() else { break };
            self.unlist(flow);
            self.list(flow);
        }
    }

    pub(super) fn endpoint_slot(&mut self, number: EndpointNumber) -> Slot<Endpoint> {
        let endpoints = &mut self.endpoints;
        let window = INITIAL_WINDOW.min(self.limits.endpoint_window.max(1));
        *self
            .endpoint_slots
            .entry(number)
            .or_insert_with(|| endpoints.insert(Endpoint { number, window, ..Endpoint::default() }))
    }

    pub(super) fn forget_endpoint_if_unused(&mut self, slot: Slot<Endpoint>) {
        if self.endpoints[slot].is_unused() {
            let endpoint = self.endpoints.remove(slot);
            self.endpoint_slots.remove(&endpoint.number);
        }
    }
}
