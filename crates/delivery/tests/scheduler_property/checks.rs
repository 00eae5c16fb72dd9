//! The invariants, kept from outside of the scheduler.

use std::collections::{BTreeMap, BTreeSet};

use rendezhook_delivery::scheduler::effect::{AttemptOrder, Effect, RecordOrder};
use rendezhook_delivery::scheduler::input::{EndpointNumber, Input, PageRequest, SubscriptionView};
use rendezhook_delivery::scheduler::{Figures, SchedulerLimits};
use rendezhook_domain::delivery::{DeliveryOrigin, FinalState};
use rendezhook_domain::outcome::{Failure, Verdict};
use rendezhook_domain::sequence::{ReceiverNumber, Sequence, SubscriptionNumber};
use rendezhook_domain::time::Timestamp;
use rendezhook_store::pending::DeliveryKey;
use rendezhook_store::record::Disposition;

use crate::model::{Model, Row};

/// The longest time for which an endpoint is left alone after an attempt that could not be made.
const LONGEST_PAUSE: i64 = 1_200;

/// What the scheduler was told and what it wanted since it was made.
pub(crate) struct Checks {
    limits: SchedulerLimits,
    /// The limits leave room for everything, so whatever is due must be under way.
    roomy: bool,
    told: BTreeMap<SubscriptionNumber, SubscriptionView>,
    /// Subscriptions that were parked at a time: their deliveries left their lanes.
    disturbed: BTreeSet<SubscriptionNumber>,
    in_flight: BTreeMap<DeliveryKey, (AttemptOrder, EndpointNumber)>,
    /// An attempt has ended, and its record is owed in the same step.
    owed: BTreeMap<DeliveryKey, Verdict>,
    recording: BTreeMap<DeliveryKey, RecordOrder>,
    pages: BTreeMap<ReceiverNumber, PageRequest>,
    page_pause: Timestamp,
    holds: BTreeMap<EndpointNumber, Timestamp>,
    pauses: BTreeMap<EndpointNumber, Timestamp>,
    /// Endpoints whose window is one.
    narrow: BTreeSet<EndpointNumber>,
    not_before: BTreeMap<DeliveryKey, (AttemptOrder, Timestamp)>,
}

impl Checks {
    pub(crate) fn new(limits: SchedulerLimits, roomy: bool) -> Self {
        Self {
            limits,
            roomy,
            told: BTreeMap::new(),
            disturbed: BTreeSet::new(),
            in_flight: BTreeMap::new(),
            owed: BTreeMap::new(),
            recording: BTreeMap::new(),
            pages: BTreeMap::new(),
            page_pause: Timestamp::EARLIEST,
            holds: BTreeMap::new(),
            pauses: BTreeMap::new(),
            narrow: BTreeSet::new(),
            not_before: BTreeMap::new(),
        }
    }

    pub(crate) fn forget(&mut self) {
        *self = Self::new(self.limits, self.roomy);
    }

    pub(crate) fn endpoint_of(&self, key: &DeliveryKey) -> EndpointNumber {
        self.in_flight[key].1
    }

    pub(crate) fn told(&mut self, input: &Input, now: Timestamp) {
        match input {
            Input::SubscriptionChanged(view) => {
                if !view.enabled {
                    self.disturbed.insert(view.subscription);
                    // What is taken up again later has forgotten that it was to wait a second.
                    let parked = |order: &AttemptOrder| {
                        order.subscription == view.subscription && order.origin != DeliveryOrigin::Test
                    };
                    self.not_before.retain(|_, (order, _)| !parked(order));
                }
                let former = self.told.insert(view.subscription, view.clone());
                self.forget_unused(former.map(|view| view.endpoint));
            }
            Input::SubscriptionDeleted(number) => {
                self.disturbed.insert(*number);
                let former = self.told.remove(number);
                self.forget_unused(former.map(|view| view.endpoint));
            }
            Input::AttemptEnded { key, verdict } => self.ended(*key, verdict, now),
            Input::Recorded(key) => {
                assert!(self.recording.remove(key).is_some(), "{key:?} is recorded unasked");
            }
            Input::PageLoaded { request, page } => {
                assert_eq!(self.pages.remove(&request.receiver), Some(*request));
                if page.is_none() {
                    self.page_pause = now.after(std::time::Duration::from_secs(1));
                }
            }
            Input::Committed { .. } | Input::Announced(_) | Input::Stop => {}
        }
    }

    fn ended(&mut self, key: DeliveryKey, verdict: &Verdict, now: Timestamp) {
        let (order, endpoint) = self.in_flight.remove(&key).expect("it was in flight");
        match verdict {
            Verdict::Failure(Failure { costs_nothing: true, .. }) => {
                let earliest = now.after(std::time::Duration::from_millis(800));
                self.not_before.insert(key, (order, earliest));
                let pause = Timestamp::from_milliseconds(now.milliseconds() + LONGEST_PAUSE);
                self.pauses.insert(endpoint, pause);
            }
            Verdict::Failure(failure) => {
                self.owed.insert(key, *verdict);
                if failure.counts_against_endpoint {
                    self.narrow.insert(endpoint);
                }
                if let Some(hold) = failure.hold_endpoint {
                    let until = now.after(hold);
                    let former = self.holds.entry(endpoint).or_insert(until);
                    *former = until.max(*former);
                }
            }
            Verdict::Success { .. } => {
                self.owed.insert(key, *verdict);
                self.narrow.remove(&endpoint);
            }
        }
        self.forget_unused(Some(endpoint));
    }

    /// Nobody remembers the window of an endpoint that no subscription has.
    fn forget_unused(&mut self, endpoint: Option<EndpointNumber>) {
        let Some(endpoint) = endpoint else { return };
        let used = self.told.values().any(|view| view.endpoint == endpoint)
            || self.in_flight.values().any(|(_, other)| *other == endpoint);
        if !used {
            self.narrow.remove(&endpoint);
        }
    }

    pub(crate) fn wanted(&mut self, effect: &Effect, model: &Model, now: Timestamp) {
        match effect {
            Effect::StartAttempt(order) => self.started(order, model, now),
            Effect::Record(order) => self.recording(order, model, now),
            Effect::LoadPage(request) => {
                assert!(request.after < request.up_to, "{request:?} asks for nothing");
                let other = self.pages.insert(request.receiver, *request);
                assert_eq!(other, None, "two pages of a receiver under way");
            }
        }
    }

    fn started(&mut self, order: &AttemptOrder, model: &Model, now: Timestamp) {
        let key = order.key;
        let row = &model.rows[&key.sequence];
        let pending = &row.pending;
        assert_eq!((pending.key, pending.subscription), (key, order.subscription));
        assert!(!self.in_flight.contains_key(&key), "{order:?} is in flight already");
        assert!(!self.recording.contains_key(&key), "{order:?} is being recorded");
        let view = self.told.get(&order.subscription).expect("its subscription is known");
        let (endpoint, test) = (view.endpoint, row.is_test());
        assert!(view.enabled || test, "{order:?} is for a subscription that is parked");
        assert_eq!(order.origin == DeliveryOrigin::Test, test);
        assert_eq!(order.organization, view.organization);
        if model.subscriptions.contains_key(&order.subscription) {
            assert!(row.is_waiting(), "{order:?} is over: {:?}", row.end);
            assert_eq!(order.number, pending.failed_attempts + 1, "attempts are counted one by one");
            assert!(pending.due_at <= now, "{order:?} is not due");
        }
        assert!(
            self.not_before.get(&key).is_none_or(|(_, at)| *at <= now),
            "{order:?} does not wait after Busy"
        );
        assert!(pending.expires_at.is_none_or(|at| at > now), "{order:?} has expired");
        assert!(self.holds.get(&endpoint).is_none_or(|until| *until <= now), "{endpoint:?} asked for time");
        let beside = self.in_flight.values().filter(|(_, other)| *other == endpoint).count();
        assert!(beside < self.limits.endpoint_window as usize, "the window of {endpoint:?} is full");
        assert!(beside == 0 || !self.narrow.contains(&endpoint), "{endpoint:?} failed just now");
        assert!(self.in_flight.len() < self.limits.in_flight, "too many attempts in flight");
        if !test {
            assert_eq!(order.overtaken, self.is_overtaken(row, now), "{order:?}");
            self.has_its_turn(order, row, model, now);
        }
        self.in_flight.insert(key, (*order, endpoint));
    }

    fn is_overtaken(&self, row: &Row, now: Timestamp) -> bool {
        row.pending.first_failed_at.is_some_and(|first| now >= first.after(self.limits.lane_hold))
    }

    /// Lane order: no other action in flight, and everything before it durably ended, unless one of both was overtaken.
    fn has_its_turn(&self, order: &AttemptOrder, row: &Row, model: &Model, now: Timestamp) {
        let mut lane = model.waiting().filter(|other| same_lane(row, other));
        let other_action = |key: &DeliveryKey| {
            let other = &model.rows[&key.sequence];
            same_lane(row, other) && other.pending.action != order.action
        };
        let attempted = self.recording.values().filter(|record| record.attempted).map(|record| &record.key);
        let in_flight = self.in_flight.keys().chain(attempted).find(|key| other_action(key));
        assert_eq!(in_flight, None, "{order:?} starts beside another action of its lane");
        if order.overtaken {
            return;
        }
        let passed = lane.find(|other| {
            let sibling = other.pending.subscription == order.subscription;
            other.pending.action < order.action
                && !self.is_overtaken(other, now)
                && self.told.contains_key(&other.pending.subscription)
                && (sibling || !self.disturbed.contains(&other.pending.subscription))
        });
        assert!(passed.is_none(), "{order:?} overtakes {passed:?}");
    }

    fn recording(&mut self, order: &RecordOrder, model: &Model, now: Timestamp) {
        let row = &model.rows[&order.key.sequence];
        assert_eq!(order.at, now);
        match (self.owed.remove(&order.key), order.attempted) {
            (Some(verdict), true) => fits(&verdict, order),
            (None, false) => {
                assert_eq!(order.disposition, Disposition::Ended(FinalState::Expired));
                assert!(row.pending.expires_at.is_some_and(|at| at <= now), "{order:?} is early");
                let expiring = self.recording.values().filter(|record| !record.attempted).count();
                assert!(expiring < self.limits.expiring, "too many expire at a time");
            }
            other => panic!("{order:?} does not fit {other:?}"),
        }
        assert!(!self.in_flight.contains_key(&order.key));
        assert!(self.recording.insert(order.key, *order).is_none(), "{order:?} is recorded twice");
    }

    pub(crate) fn after(&self, figures: Figures) {
        assert_eq!(figures.in_flight, self.in_flight.len());
        assert_eq!(figures.recording, self.recording.len());
        assert!(self.owed.is_empty(), "no record of {:?}", self.owed);
    }

    /// Whatever could start has started, once nothing is under way any more.
    pub(crate) fn nothing_is_stuck(&self, model: &Model, now: Timestamp) {
        let under_way = self.in_flight.len() + self.recording.len() + self.pages.len();
        if !self.roomy || under_way > 0 || self.page_pause > now {
            return;
        }
        let mut lanes: BTreeMap<_, Sequence> = BTreeMap::new();
        for row in model.waiting().filter(|row| self.is_told(row)) {
            self.does_not_expire_unnoticed(row, now);
            let overtaken = self.is_overtaken(row, now);
            let first = if row.is_test() || overtaken {
                row.pending.action
            } else {
                let lane = (row.pending.key.receiver, row.pending.resource);
                *lanes.entry(lane).or_insert(row.pending.action)
            };
            if first == row.pending.action {
                self.is_not_stuck(row, now);
            }
        }
    }

    /// Also behind the head of its lane. Only behind an endpoint that rests a delivery may be in the store still.
    fn does_not_expire_unnoticed(&self, row: &Row, now: Timestamp) {
        let endpoint = self.told[&row.pending.subscription].endpoint;
        let rests = |rests: &BTreeMap<_, Timestamp>| rests.get(&endpoint).is_some_and(|until| *until > now);
        let expired = row.pending.expires_at.is_some_and(|at| at <= now);
        assert!(!expired || rests(&self.holds) || rests(&self.pauses), "{row:?} expires unnoticed");
    }

    /// A delivery whose turn it is in its lane waits for a reason.
    fn is_not_stuck(&self, row: &Row, now: Timestamp) {
        let pending = &row.pending;
        let endpoint = self.told[&pending.subscription].endpoint;
        let rests = |rests: &BTreeMap<_, Timestamp>| rests.get(&endpoint).is_some_and(|until| *until > now);
        let paused = |at: Timestamp| at.milliseconds() + LONGEST_PAUSE - 800 > now.milliseconds();
        let waits = pending.due_at > now
            || self.not_before.get(&pending.key).is_some_and(|(_, at)| paused(*at))
            || rests(&self.holds)
            || rests(&self.pauses);
        assert!(waits, "{pending:?} is due and nobody cares");
    }

    fn is_told(&self, row: &Row) -> bool {
        self.told.get(&row.pending.subscription).is_some_and(|view| view.enabled || row.is_test())
    }

    /// Every delivery has exactly one end, except those of subscriptions that are paused.
    pub(crate) fn at_the_end(&self, model: &Model, healthy: bool) {
        for row in model.rows.values() {
            let paused = model.subscriptions.get(&row.pending.subscription).is_some_and(|view| !view.enabled);
            match row.end {
                None => assert!(paused && !row.is_test(), "{row:?} never ended"),
                Some(end) => assert!(!healthy || end == FinalState::Delivered, "{row:?}"),
            }
            assert!(row.ends <= 1, "{row:?} ended more than once");
        }
    }
}

fn same_lane(row: &Row, other: &Row) -> bool {
    let lane = |row: &Row| (row.pending.key.receiver, row.pending.resource);
    lane(row) == lane(other) && !row.is_test() && !other.is_test()
}

/// The record says what the verdict means.
fn fits(verdict: &Verdict, order: &RecordOrder) {
    let fits = match (verdict, order.disposition) {
        (Verdict::Success { .. }, Disposition::Ended(state)) => state == FinalState::Delivered,
        (Verdict::Failure(failure), Disposition::Ended(state)) => match state {
            FinalState::Refused => failure.refused,
            FinalState::Exhausted | FinalState::Expired => !failure.refused,
            FinalState::Delivered | FinalState::Cancelled => false,
        },
        (Verdict::Failure(failure), Disposition::Retry { due_at, .. }) => {
            !failure.refused && due_at > order.at
        }
        (Verdict::Success { .. }, Disposition::Retry { .. }) => false,
    };
    assert!(fits, "{order:?} does not follow from {verdict:?}");
}
