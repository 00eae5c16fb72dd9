//! Endpoints: whether each may have another attempt now, and whose it is.
//!
//! An endpoint takes turns in its organization exactly while something is ready for it and nothing is in the way: its window has
//! a place, it asked for no time, its rate allows it, and its breaker is not open. What is in the way elsewhere, a full authority
//! or a full slow pool, shows when its turn comes; then it waits there.

use std::cmp::Reverse;
use std::time::Duration;

use rendezhook_domain::outcome::Verdict;
use rendezhook_domain::sequence::OrganizationNumber;
use rendezhook_domain::time::Timestamp;

use super::Scheduler;
use super::authority::Share;
use super::availability::Availability;
use super::breaker::{Breaker, CLOSED_AT_WINDOW, Sign};
use super::effect::BreakerState;
use super::entry::Entry;
use super::flow::{Flow, Organization, Rotation};
use super::input::{AuthorityNumber, EndpointNumber};
use super::list::{Linked, Links, List};
use super::pool::Flight;
use super::rate::Rate;
use super::slab::Slot;
use super::timer::Alarm;

/// The window of an endpoint that nothing is known of, or that nothing was sent to for a while because of a pause.
const INITIAL_WINDOW: u32 = 2;

/// A target URL and how much it can take.
#[derive(Debug)]
pub(super) struct Endpoint {
    pub(super) number: EndpointNumber,
    pub(super) organization: Slot<Organization>,
    pub(super) share: Slot<Share>,
    pub(super) in_flight: u32,
    /// Those of them that are in the slow pool.
    pub(super) slow: u32,
    window: u32,
    /// No attempts before that.
    hold_until: Option<Timestamp>,
    pub(super) breaker: Breaker,
    pub(super) rate: Rate,
    pub(super) availability: Availability,
    /// Its flows that have ready deliveries; a place that is free is the first one's.
    pub(super) turns: List<Flow, Rotation>,
    /// Counts its turns in its organization: a flow has one place in each.
    pub(super) round: u32,
    /// Tests that are ready. They start while the breaker is open, too.
    pub(super) tests: Vec<Slot<Entry>>,
    pub(super) standing: Standing,
    /// A place at its authority is kept for it.
    pub(super) keeps_place: bool,
    /// A place of it was taken out of turn, so the next one comes before the other endpoints.
    pub(super) owed: bool,
    /// Flows to it.
    pub(super) flows: u32,
    /// Alarms that are set for it.
    alarms: u32,
    rotation: Links<Endpoint>,
}

/// Where an endpoint stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Standing {
    /// Nothing of it can start now.
    #[default]
    Aside,
    /// It takes turns in its organization.
    Listed,
    /// It waits for a place at its authority.
    AtAuthority,
    /// It waits for room in the slow pool.
    AtSlowPool,
}

impl Default for Endpoint {
    fn default() -> Self {
        Self {
            number: EndpointNumber(0),
            organization: Slot::default(),
            share: Slot::default(),
            in_flight: 0,
            slow: 0,
            window: INITIAL_WINDOW,
            hold_until: None,
            breaker: Breaker::default(),
            rate: Rate::default(),
            availability: Availability::default(),
            turns: List::default(),
            round: 1,
            tests: Vec::new(),
            standing: Standing::default(),
            keeps_place: false,
            owed: false,
            flows: 0,
            alarms: 0,
            rotation: Links::default(),
        }
    }
}

impl Linked<Rotation> for Endpoint {
    fn links(&mut self) -> &mut Links<Self> {
        &mut self.rotation
    }
}

impl Endpoint {
    /// Whether nothing of its own is in the way of an attempt, the breaker aside.
    pub(super) fn has_place(&self, now: Timestamp) -> bool {
        self.in_flight < self.window
            && self.hold_until.is_none_or(|until| until <= now)
            && self.rate.ready_at(now) <= now
    }

    /// Whether something that is ready may start, as far as the endpoint itself is concerned.
    fn is_open(&self, now: Timestamp) -> bool {
        !self.turns.is_empty() && self.has_place(now) && (self.breaker.allows(now) || !self.tests.is_empty())
    }

    /// Whether the time in which deliveries hold their lanes goes on.
    pub(super) fn is_available(&self) -> bool {
        self.hold_until.is_none() && !self.breaker.is_open()
    }

    /// The earliest moment at which it can be available: it may be later, but never earlier unless a test succeeds.
    pub(super) fn available_at(&self, now: Timestamp) -> Timestamp {
        let known = [self.hold_until, self.breaker.next_probe_at(), Some(now)];
        known.into_iter().flatten().max().unwrap_or(now)
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

/// What the end of an attempt says about the endpoint as a whole.
fn sign(verdict: &Verdict) -> Sign {
    match verdict {
        Verdict::Failure(failure) if failure.costs_nothing => Sign::Silent,
        Verdict::Failure(failure) if failure.counts_against_endpoint => Sign::Failing,
        Verdict::Failure(_) | Verdict::Success { .. } => Sign::Alive,
    }
}

impl Scheduler {
    /// Takes in that an attempt has ended, and what its end says about its endpoint. `pause` is how long to try again after
    /// egress had no connection left, `unit` a random number from 0 to 1.
    pub(super) fn free_place(
        &mut self,
        flight: Slot<Flight>,
        verdict: &Verdict,
        pause: Option<Duration>,
        unit: f64,
    ) {
        let flight = self.land(flight);
        let slot = flight.endpoint;
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
        self.turn_breaker(slot, &flight, sign(verdict), unit);
        self.free_place_at_authority(slot);
        if self.slow_pool_allows(slot) && self.endpoints[slot].standing == Standing::AtSlowPool {
            self.set_aside(slot);
        }
        self.review(slot);
        self.forget_endpoint_if_unused(slot);
    }

    fn turn_breaker(&mut self, slot: Slot<Endpoint>, flight: &Flight, sign: Sign, unit: f64) {
        let endpoint = &mut self.endpoints[slot];
        let before = endpoint.breaker.shown();
        let foreseen = endpoint.breaker.next_probe_at();
        // Where the window never opens that far, its widest is enough.
        let grown =
            endpoint.window.saturating_add(CLOSED_AT_WINDOW.saturating_sub(self.limits.endpoint_window));
        endpoint.breaker.end(sign, flight.errand, grown, self.now, unit);
        if endpoint.breaker.shown() == before {
            return;
        }
        if matches!(endpoint.breaker.shown(), BreakerState::HalfOpen { .. }) {
            // Attempts that were under way when it opened, and got through, have let the window grow since.
            endpoint.window = endpoint.window.min(INITIAL_WINDOW);
        }
        if let Some(at) = endpoint.breaker.next_probe_at() {
            self.set_alarm(slot, at);
        }
        self.note_availability(slot);
        self.show_breaker(slot);
        if foreseen.is_some_and(|at| at > self.now) && !self.endpoints[slot].breaker.is_open() {
            self.rearm_all_of(slot);
        }
    }

    /// Has the state of an endpoint's breaker told with the other effects of this step.
    fn show_breaker(&mut self, slot: Slot<Endpoint>) {
        let endpoint = &self.endpoints[slot];
        self.changed.push((endpoint.number, endpoint.breaker.shown()));
    }

    fn hold(&mut self, slot: Slot<Endpoint>, until: Timestamp) {
        let endpoint = &mut self.endpoints[slot];
        if endpoint.hold_until.is_some_and(|former| former >= until) {
            return;
        }
        endpoint.hold_until = Some(until);
        self.note_availability(slot);
        self.set_alarm(slot, until);
    }

    fn set_alarm(&mut self, slot: Slot<Endpoint>, at: Timestamp) {
        self.endpoints[slot].alarms += 1;
        self.alarms.push(Reverse((at, Alarm::LookAtEndpoint(slot))));
    }

    /// Looks at an endpoint whose time may have come: a hold ends, unless it was prolonged in between, a probe is due, or its
    /// rate allows another attempt.
    pub(super) fn look_at_endpoint(&mut self, slot: Slot<Endpoint>) {
        let endpoint = &mut self.endpoints[slot];
        endpoint.alarms -= 1;
        if endpoint.hold_until.is_some_and(|until| until <= self.now) {
            endpoint.hold_until = None;
            self.note_availability(slot);
        }
        self.review(slot);
        self.forget_endpoint_if_unused(slot);
    }

    /// Puts an endpoint where it belongs after something about it has changed.
    pub(super) fn review(&mut self, slot: Slot<Endpoint>) {
        let endpoint = &mut self.endpoints[slot];
        if endpoint.is_open(self.now) {
            if endpoint.standing == Standing::Aside {
                self.list(slot);
            }
            return;
        }
        let alarm = if endpoint.turns.is_empty() { None } else { endpoint.rate.alarm(self.now) };
        if let Some(at) = alarm {
            self.set_alarm(slot, at);
        }
        self.set_aside(slot);
    }

    /// Lets an endpoint take turns in its organization.
    pub(super) fn list(&mut self, slot: Slot<Endpoint>) {
        let endpoint = &mut self.endpoints[slot];
        endpoint.standing = Standing::Listed;
        let organization = endpoint.organization;
        let turns = &mut self.organizations[organization].turns;
        if std::mem::take(&mut endpoint.owed) {
            turns.push_front(&mut self.endpoints, slot);
        } else {
            turns.push_back(&mut self.endpoints, slot);
        }
        if turns.len() == 1 {
            if self.organizations[organization].owed {
                self.turns.push_front(&mut self.organizations, organization);
            } else {
                self.turns.push_back(&mut self.organizations, organization);
            }
        }
        self.count_opened(slot);
    }

    /// Takes an endpoint from wherever it stands.
    pub(super) fn set_aside(&mut self, slot: Slot<Endpoint>) {
        let endpoint = &mut self.endpoints[slot];
        let organization = endpoint.organization;
        match std::mem::take(&mut endpoint.standing) {
            Standing::Aside => {}
            Standing::Listed => {
                endpoint.round = endpoint.round.wrapping_add(1);
                self.organizations[organization].turns.remove(&mut self.endpoints, slot);
                if self.organizations[organization].turns.is_empty() {
                    self.turns.remove(&mut self.organizations, organization);
                }
                self.count_closed(slot);
                self.give_up_kept_place(slot);
            }
            Standing::AtAuthority => self.stop_waiting_for_authority(slot),
            Standing::AtSlowPool => self.stop_waiting_for_slow_pool(slot),
        }
    }

    /// Lets an endpoint start slowly again after a pause in which nothing went to it.
    pub(super) fn start_slowly(&mut self, slot: Slot<Endpoint>) {
        let endpoint = &mut self.endpoints[slot];
        if endpoint.in_flight == 0 && endpoint.turns.is_empty() {
            endpoint.window = endpoint.window.min(INITIAL_WINDOW);
        }
    }

    pub(super) fn endpoint_slot(
        &mut self,
        number: EndpointNumber,
        authority: AuthorityNumber,
        organization: OrganizationNumber,
    ) -> Slot<Endpoint> {
        if let Some(slot) = self.endpoint_slots.get(&number) {
            return *slot;
        }
        let share = self.join_authority(authority, organization);
        let window = INITIAL_WINDOW.min(self.limits.endpoint_window.max(1));
        let slot = self.endpoints.insert(Endpoint { number, share, window, ..Endpoint::default() });
        self.endpoint_slots.insert(number, slot);
        slot
    }

    /// Forgets an endpoint that nothing goes to; what it asked for is kept until its time is over.
    pub(super) fn forget_endpoint_if_unused(&mut self, slot: Slot<Endpoint>) {
        let endpoint = &mut self.endpoints[slot];
        if endpoint.flows > 0 || endpoint.in_flight > 0 {
            return;
        }
        let former = std::mem::take(&mut endpoint.breaker);
        if former.shown() != BreakerState::Closed {
            self.note_availability(slot);
            self.show_breaker(slot);
        }
        if self.endpoints[slot].alarms > 0 {
            return;
        }
        let endpoint = self.endpoints.remove(slot);
        self.endpoint_slots.remove(&endpoint.number);
        self.leave_authority(endpoint.share);
    }
}
