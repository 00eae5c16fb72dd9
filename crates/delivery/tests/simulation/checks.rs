//! The invariants, kept from outside of the scheduler: what it was told and what it wanted.

use std::collections::{BTreeMap, BTreeSet};

use rendezhook_delivery::scheduler::effect::{AttemptOrder, Effect, RecordOrder};
use rendezhook_delivery::scheduler::input::{
    AuthorityNumber, EndpointNumber, Input, PageRequest, SubscriptionView,
};
use rendezhook_delivery::scheduler::{Figures, SchedulerLimits};
use rendezhook_domain::delivery::{DeliveryOrigin, FinalState};
use rendezhook_domain::outcome::{Failure, Verdict};
use rendezhook_domain::sequence::{ReceiverNumber, Sequence, SubscriptionNumber};
use rendezhook_domain::time::Timestamp;
use rendezhook_store::pending::{DeliveryKey, PendingDelivery};

use self::availability::{Held, Outages};
use self::backlog::Excess;
use self::breakers::Turned;
use self::endpoints::Endpoints;
use self::missed::Missed;
use self::orders::Orders;
use self::overtaken::Passed;
use self::records::Owed;
use self::shares::Shares;
use crate::model::{Model, Row};

mod attempts;
mod availability;
mod backlog;
mod breakers;
mod endpoints;
mod folding;
mod missed;
mod orders;
mod overtaken;
mod progress;
mod records;
mod shares;
mod windows;

pub(crate) use self::endpoints::authority_of;

/// The longest time for which an endpoint is left alone after an attempt that could not be made.
const LONGEST_PAUSE: i64 = 1_200;

/// What the scheduler was told and what it wanted since it was made.
pub(crate) struct Checks {
    limits: SchedulerLimits,
    /// The limits leave room for everything, so whatever is due must be under way.
    roomy: bool,
    /// How many deliveries may wait for a receiver.
    receiver_backlog: Option<u64>,
    /// The process is to end.
    stopped: bool,
    told: BTreeMap<SubscriptionNumber, SubscriptionView>,
    /// Up to where it was told of each receiver's deliveries.
    announced: BTreeMap<ReceiverNumber, Sequence>,
    /// Subscriptions that were parked at a time: their deliveries left their lanes.
    disturbed: BTreeSet<SubscriptionNumber>,
    in_flight: BTreeMap<DeliveryKey, (AttemptOrder, EndpointNumber)>,
    /// An attempt has ended, and its record is owed in the same step.
    owed: BTreeMap<DeliveryKey, Owed>,
    recording: BTreeMap<DeliveryKey, RecordOrder>,
    /// What was told of subscriptions that are deleted now.
    departed: BTreeMap<SubscriptionNumber, SubscriptionView>,
    pages: BTreeMap<ReceiverNumber, PageRequest>,
    /// Pages of the oldest deliveries under way.
    oldest: BTreeMap<ReceiverNumber, PageRequest>,
    page_pause: Timestamp,
    holds: BTreeMap<EndpointNumber, Timestamp>,
    pauses: BTreeMap<EndpointNumber, Timestamp>,
    not_before: BTreeMap<DeliveryKey, (AttemptOrder, Timestamp)>,
    /// The last delivery of a subscription that was answered 410, and when, since it was enabled.
    gone: BTreeMap<SubscriptionNumber, (DeliveryKey, Timestamp)>,
    /// Tests that were handed over directly: no backlog keeps them from being taken. Others may be in the store still.
    taken_tests: BTreeSet<DeliveryKey>,
    excess: Excess,
    missed: Missed,
    passed: Passed,
    orders: Orders,
    shares: Shares,
    endpoints: Endpoints,
    outages: Outages,
    held: Held,
}

impl Checks {
    pub(crate) fn new(limits: SchedulerLimits, roomy: bool, receiver_backlog: Option<u64>) -> Self {
        Self {
            limits,
            roomy,
            receiver_backlog,
            oldest: BTreeMap::new(),
            stopped: false,
            told: BTreeMap::new(),
            announced: BTreeMap::new(),
            disturbed: BTreeSet::new(),
            in_flight: BTreeMap::new(),
            owed: BTreeMap::new(),
            recording: BTreeMap::new(),
            departed: BTreeMap::new(),
            pages: BTreeMap::new(),
            page_pause: Timestamp::EARLIEST,
            holds: BTreeMap::new(),
            pauses: BTreeMap::new(),
            not_before: BTreeMap::new(),
            gone: BTreeMap::new(),
            taken_tests: BTreeSet::new(),
            excess: Excess::default(),
            missed: Missed::default(),
            passed: Passed::default(),
            orders: Orders::default(),
            shares: Shares::default(),
            endpoints: Endpoints::default(),
            outages: Outages::default(),
            held: Held::default(),
        }
    }

    pub(crate) fn forget(&mut self) {
        *self = Self::new(self.limits, self.roomy, self.receiver_backlog);
    }

    pub(crate) fn endpoint_of(&self, key: &DeliveryKey) -> EndpointNumber {
        self.in_flight[key].1
    }

    /// The scheduler is told of this.
    pub(crate) fn told(&mut self, input: &Input, now: Timestamp) {
        self.takes_in(input, now);
        self.takes_anew_what_is_held_no_more();
        let used_by = |endpoint| {
            let told = self.told.values().map(|view| view.endpoint);
            told.chain(self.in_flight.values().map(|(_, other)| *other)).any(|other| other == endpoint)
        };
        self.endpoints.breakers.unused(used_by);
    }

    fn takes_in(&mut self, input: &Input, now: Timestamp) {
        match input {
            Input::SubscriptionChanged(view) => {
                self.order_changes(view);
                if !view.enabled {
                    self.disturbed.insert(view.subscription);
                    self.passed.park(view.subscription);
                    self.takes_up_no_more(view.subscription, view.receiver);
                    // What is taken up again later has forgotten that it was to wait a second.
                    let parked = |order: &AttemptOrder| {
                        order.subscription == view.subscription && order.origin != DeliveryOrigin::Test
                    };
                    self.not_before.retain(|_, (order, _)| !parked(order));
                }
                let former = self.told.insert(view.subscription, view.clone());
                if let Some(former) = former.as_ref().filter(|former| former.endpoint != view.endpoint) {
                    self.held.moved(view.subscription, former.endpoint, &self.outages, now);
                    self.limited(former.endpoint, now);
                }
                self.limited(view.endpoint, now);
                if view.enabled && former.as_ref().is_some_and(|former| !former.enabled) {
                    self.takes_up(view.subscription);
                }
                if view.enabled && former.as_ref().is_none_or(|former| !former.enabled) {
                    self.gone.remove(&view.subscription);
                    if self.beside(view.endpoint) == 0 {
                        self.endpoints.breakers.taken_up(view.endpoint);
                    }
                }
            }
            Input::SubscriptionDeleted(number) => {
                self.disturbed.insert(*number);
                self.passed.park(*number);
                if let Some(former) = self.told.remove(number) {
                    self.limited(former.endpoint, now);
                    self.takes_up_no_more(*number, former.receiver);
                    self.departed.insert(*number, former);
                }
            }
            Input::AttemptEnded { key, verdict } => self.ended(*key, verdict, now),
            Input::Recorded(key) => {
                assert!(self.recording.remove(key).is_some(), "{key:?} is recorded unasked");
                self.is_told_after(*key);
                self.turn_is_over(key);
            }
            Input::PageLoaded { request, page } => {
                assert_eq!(self.pages.remove(&request.receiver), Some(*request));
                self.takes_page(request, page.as_ref());
                match page {
                    Some(page) => self.loaded(&page.deliveries, request.subscription.is_some(), now),
                    None => self.page_pause = now.after(std::time::Duration::from_secs(1)),
                }
            }
            Input::Committed { deliveries, .. } => {
                self.come(deliveries);
                for delivery in deliveries {
                    self.announced(delivery.key.receiver, delivery.key.sequence);
                    self.is_handed_over(delivery.key);
                    if delivery.origin == DeliveryOrigin::Test {
                        self.taken_tests.insert(delivery.key);
                    }
                }
            }
            Input::Announced(news) => self.announced(news.receiver, news.sequence),
            Input::OldestLoaded { request, .. } => {
                assert_eq!(self.oldest.remove(&request.receiver), Some(*request));
                self.decides_over_oldest(request.receiver);
            }
            Input::BacklogExceeded { .. } => {}
            Input::Stop => self.stopped = true,
            // The clock of the simulation is never set.
            Input::ExpiryHeld(_) => {}
        }
    }

    fn limited(&mut self, endpoint: EndpointNumber, now: Timestamp) {
        let views = self.told.values().filter(|view| view.endpoint == endpoint);
        self.endpoints.limited(endpoint, views, now);
    }

    /// Deliveries of a receiver, or of one subscription, are taken into memory, unless they are there, or nobody may attempt
    /// them.
    fn loaded(&mut self, deliveries: &[PendingDelivery], of_one: bool, now: Timestamp) {
        for delivery in deliveries {
            self.is_handed_over(delivery.key);
            let subscription = delivery.subscription;
            if self.told.get(&subscription).is_some_and(|view| view.enabled) {
                let again = of_one
                    || self.disturbed.contains(&subscription)
                    || self.was_reordered(delivery.key.receiver);
                self.held.loaded(delivery, again, now);
                if of_one {
                    self.passed.is_back(subscription, delivery.key);
                }
            }
        }
    }

    /// Time has passed, and what happened until now was told.
    pub(crate) fn passed(&mut self, now: Timestamp) {
        self.endpoints.age(&self.limits, now);
    }

    fn announced(&mut self, receiver: ReceiverNumber, sequence: Sequence) {
        let highest = self.announced.entry(receiver).or_insert(sequence);
        *highest = sequence.max(*highest);
    }

    fn ended(&mut self, key: DeliveryKey, verdict: &Verdict, now: Timestamp) {
        let (order, endpoint) = self.in_flight.remove(&key).expect("it was in flight");
        self.endpoints.ended(key, endpoint, verdict, self.beside(endpoint));
        match verdict {
            Verdict::Failure(Failure { costs_nothing: true, .. }) => {
                let earliest = now.after(std::time::Duration::from_millis(800));
                if self.is_held(key.receiver) && order.origin != DeliveryOrigin::Test {
                    // It is taken anew, and has forgotten that it was to wait a second.
                } else {
                    self.not_before.insert(key, (order, earliest));
                }
                self.turn_is_over(&key);
                let pause = Timestamp::from_milliseconds(now.milliseconds() + LONGEST_PAUSE);
                self.pauses.insert(endpoint, pause);
                self.outages.pause(endpoint, now, pause);
            }
            Verdict::Failure(failure) => {
                self.owes(&order, verdict);
                if let Some(hold) = failure.hold_endpoint {
                    let until = now.after(hold);
                    self.outages.hold(endpoint, now, until);
                    let former = self.holds.entry(endpoint).or_insert(until);
                    *former = until.max(*former);
                }
            }
            Verdict::Success { .. } => self.owes(&order, verdict),
        }
    }

    /// How many attempts to an endpoint are in flight.
    fn beside(&self, endpoint: EndpointNumber) -> usize {
        self.in_flight.values().filter(|(_, other)| *other == endpoint).count()
    }

    /// What the scheduler wants after a step.
    pub(crate) fn answered(&mut self, effects: &[Effect], now: Timestamp) {
        let said = effects.iter().filter_map(|effect| match effect {
            Effect::EndpointChanged(endpoint, state) => Some((*endpoint, *state)),
            _ => None,
        });
        for (endpoint, turned) in self.endpoints.breakers.turned(said, self.limits.endpoint_window, now) {
            match turned {
                Turned::Opened => self.outages.begin(endpoint, now),
                Turned::Left => self.outages.end(endpoint, now),
                Turned::Stayed => {}
            }
        }
    }

    pub(crate) fn wanted(&mut self, effect: &Effect, model: &Model, now: Timestamp) {
        match effect {
            Effect::StartAttempt(order) => self.started(order, model, now),
            Effect::Record(order) => self.recording(order, model, now),
            // All of them are judged together, before anything else.
            Effect::EndpointChanged(..) => {}
            Effect::LoadPage(request) => {
                assert!(!self.stopped, "{request:?} although the process is to end");
                assert!(request.after < request.up_to, "{request:?} asks for nothing");
                let other = self.pages.insert(request.receiver, *request);
                assert_eq!(other, None, "two pages of a receiver under way");
            }
            Effect::LoadOldest(request) => {
                assert!(!self.stopped, "{request:?} although the process is to end");
                assert!(request.after < request.up_to, "{request:?} asks for nothing");
                let other = self.oldest.insert(request.receiver, *request);
                assert_eq!(other, None, "the oldest of a receiver are read twice at a time");
            }
        }
    }

    /// What holds after every step.
    pub(crate) fn after(&mut self, figures: Figures, model: &Model, page_limit: usize, now: Timestamp) {
        assert_eq!(figures.in_flight, self.in_flight.len());
        assert_eq!(figures.recording, self.recording.len());
        assert_eq!(figures.slow, self.endpoints.slow());
        assert_eq!(figures.in_memory, figures.waiting + figures.in_flight + figures.recording);
        assert!(self.owed.is_empty(), "no record of {:?}", self.owed);
        self.excess.told_after.clear();
        self.passed.step_is_over();
        self.step_is_over();
        self.memory_is_bounded(figures, model, page_limit);
        self.nothing_is_stuck(model, now);
    }

    /// In memory is only what waits and what is being recorded, and no more of it than the limits say.
    fn memory_is_bounded(&self, figures: Figures, model: &Model, page_limit: usize) {
        let busy = self.in_flight.len() + self.recording.len();
        let left = model.count() + busy + self.cancelled_unknown_to_it(model).count();
        assert!(figures.in_memory <= left, "{figures:?}, and only {left} are left");
        if self.roomy {
            return;
        }
        let tests = model.waiting().filter(|row| row.is_test()).count();
        let receivers: BTreeSet<_> = self.told.values().map(|view| view.receiver).collect();
        let (limits, page) = (self.limits, page_limit);
        let of_all = limits.entries + receivers.len() * (limits.page_low_water + page);
        let of_each = receivers.len() * (limits.receiver_entries + page);
        let most = of_all.min(of_each) + tests + busy;
        assert!(figures.in_memory <= most, "{figures:?} are more than {most}");
    }

    /// Whether it was told of this delivery and is to attempt it.
    fn is_told(&self, row: &Row) -> bool {
        let key = row.pending.key;
        self.announced.get(&key.receiver).is_some_and(|announced| *announced >= key.sequence)
            && !self.is_held(key.receiver)
            && self.told.get(&row.pending.subscription).is_some_and(|view| view.enabled || row.is_test())
    }

    /// What was told of a subscription last.
    fn last_view(&self, subscription: SubscriptionNumber) -> Option<&SubscriptionView> {
        self.told.get(&subscription).or_else(|| self.departed.get(&subscription))
    }

    /// What ended with its subscription, of which the scheduler was not told yet: it holds its places until then.
    fn cancelled_unknown_to_it<'a>(&'a self, model: &'a Model) -> impl Iterator<Item = &'a Row> {
        model.cancelled().filter(|row| self.told.contains_key(&row.pending.subscription))
    }

    /// Whether an endpoint takes nothing now: it asked for time, has none of our connections left or gets no more at its rate,
    /// or, if it is not a test, its breaker is open.
    fn rests(&self, endpoint: EndpointNumber, test: bool, now: Timestamp) -> bool {
        let until = |rests: &BTreeMap<_, Timestamp>| rests.get(&endpoint).is_some_and(|until| *until > now);
        until(&self.holds)
            || until(&self.pauses)
            || !self.endpoints.rate_allows(endpoint, now)
            || (!test && self.endpoints.breakers.is_spared(endpoint, now))
    }

    /// How many attempts to an authority are in flight.
    fn beside_at(&self, authority: AuthorityNumber) -> usize {
        self.in_flight.values().filter(|(_, endpoint)| authority_of(*endpoint) == authority).count()
    }

    fn is_authority_full(&self, endpoint: EndpointNumber) -> bool {
        self.beside_at(authority_of(endpoint)) >= self.limits.authority_in_flight as usize
    }

    /// Every delivery has exactly one end, except those of subscriptions that are paused, and nothing is in memory.
    pub(crate) fn at_the_end(&self, model: &Model, healthy: bool, figures: Figures) {
        for row in model.rows.values() {
            let paused = model.subscriptions.get(&row.pending.subscription).is_some_and(|view| !view.enabled);
            match row.end {
                None => assert!(paused && !row.is_test(), "{row:?} never ended"),
                Some(FinalState::Folded) => self.lives_on(row, model),
                Some(end) => assert!(!healthy || end == FinalState::Delivered, "{row:?}"),
            }
            assert!(row.ends <= 1, "{row:?} ended more than once");
        }
        assert_eq!(figures.in_memory, 0, "{figures:?} with nothing left to do");
        self.backlogs_are_bounded(model);
    }
}
