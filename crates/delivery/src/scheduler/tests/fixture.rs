//! A scheduler, a clock that is moved by hand, and what the scheduler wanted.

use std::collections::HashMap;
use std::time::Duration;

use rendezhook_domain::cause::Cause;
use rendezhook_domain::delivery::DeliveryOrigin;
use rendezhook_domain::delivery_order::DeliveryOrder;
use rendezhook_domain::outcome::{Answer, Outcome, Verdict};
use rendezhook_domain::retry::RetryPolicy;
use rendezhook_domain::sequence::{
    OrganizationNumber, ReceiverNumber, ResourceNumber, Sequence, SubscriptionNumber,
};
use rendezhook_domain::time::Timestamp;
use rendezhook_store::feed::Announcement;
use rendezhook_store::pending::{DeliveryKey, PendingDelivery, PendingPage};

use crate::scheduler::effect::{AttemptOrder, BreakerState, Effect, RecordOrder};
use crate::scheduler::input::{AuthorityNumber, EndpointNumber, Input, PageRequest, SubscriptionView};
use crate::scheduler::{Randomness, Scheduler, SchedulerLimits};

/// The middle of every range: retries come without jitter.
pub(super) struct Middle;

impl Randomness for Middle {
    fn unit(&mut self) -> f64 {
        0.5
    }
}

pub(super) struct Fixture {
    pub(super) scheduler: Scheduler,
    pub(super) now: Timestamp,
    started: Vec<AttemptOrder>,
    records: Vec<RecordOrder>,
    pages: Vec<PageRequest>,
    oldest: Vec<PageRequest>,
    breakers: HashMap<EndpointNumber, BreakerState>,
}

/// The subscription with this number: of organization and receiver 1, each to an endpoint of its own.
pub(super) fn view(number: u32) -> SubscriptionView {
    SubscriptionView {
        subscription: SubscriptionNumber::new(number),
        organization: OrganizationNumber::new(1),
        receiver: ReceiverNumber::new(1),
        endpoint: EndpointNumber(number),
        authority: AuthorityNumber(number),
        rate_limit: None,
        enabled: true,
        retry: RetryPolicy::standard(),
        order: DeliveryOrder::Resource,
        folds_updates: false,
    }
}

/// A delivery of an action of its own, due since ever, to receiver 1.
pub(super) fn delivery(sequence: u64, subscription: u32, resource: u64) -> PendingDelivery {
    PendingDelivery {
        key: key(sequence),
        subscription: SubscriptionNumber::new(subscription),
        action: Sequence::new(sequence),
        resource: ResourceNumber::new(resource),
        origin: DeliveryOrigin::Original,
        due_at: Timestamp::EARLIEST,
        failed_attempts: 0,
        first_failed_at: None,
        lane_held: Duration::ZERO,
        expires_at: None,
        is_update: false,
    }
}

pub(super) fn test_delivery(sequence: u64, subscription: u32) -> PendingDelivery {
    PendingDelivery { origin: DeliveryOrigin::Test, ..delivery(sequence, subscription, 1) }
}

pub(super) fn key(sequence: u64) -> DeliveryKey {
    DeliveryKey { receiver: ReceiverNumber::new(1), sequence: Sequence::new(sequence) }
}

pub(super) fn answered(status: u16) -> Verdict {
    Outcome::Answered(Answer { status, retry_after: None, wish: None }).verdict()
}

pub(super) fn asking(status: u16, seconds: u64) -> Verdict {
    let retry_after = Some(Duration::from_secs(seconds));
    Outcome::Answered(Answer { status, retry_after, wish: None }).verdict()
}

pub(super) fn failed(cause: Cause) -> Verdict {
    Outcome::Failed(cause).verdict()
}

impl Fixture {
    /// A scheduler that knows subscriptions 1 to `subscriptions`.
    pub(super) fn new(subscriptions: u32) -> Self {
        Self::within(SchedulerLimits::default(), subscriptions)
    }

    pub(super) fn within(limits: SchedulerLimits, subscriptions: u32) -> Self {
        let mut fixture = Self {
            scheduler: Scheduler::new(limits),
            now: Timestamp::from_milliseconds(1_000_000_000),
            started: Vec::new(),
            records: Vec::new(),
            pages: Vec::new(),
            oldest: Vec::new(),
            breakers: HashMap::new(),
        };
        for number in 1..=subscriptions {
            fixture.step([Input::SubscriptionChanged(view(number))]);
        }
        fixture
    }

    pub(super) fn step(&mut self, inputs: impl IntoIterator<Item = Input>) {
        let mut effects = Vec::new();
        self.scheduler.step(inputs, self.now, &mut Middle, &mut effects);
        for effect in effects {
            match effect {
                Effect::StartAttempt(order) => self.started.push(order),
                Effect::Record(order) => self.records.push(order),
                Effect::EndpointChanged(endpoint, state) => {
                    self.breakers.insert(endpoint, state);
                }
                Effect::LoadPage(request) => self.pages.push(request),
                Effect::LoadOldest(request) => self.oldest.push(request),
            }
        }
    }

    /// Lets time pass, with a step whenever the scheduler asked for one.
    pub(super) fn pass(&mut self, duration: Duration) {
        let until = self.now.after(duration);
        while let Some(at) = self.scheduler.wake_at().filter(|at| *at <= until) {
            self.now = at;
            self.step([]);
        }
        self.now = until;
        self.step([]);
    }

    pub(super) fn commit(&mut self, deliveries: impl IntoIterator<Item = PendingDelivery>) {
        let organization = OrganizationNumber::new(1);
        self.step([Input::Committed { organization, deliveries: deliveries.into_iter().collect() }]);
    }

    pub(super) fn announce(&mut self, sequence: u64) {
        self.step([Input::Announced(Announcement {
            organization: OrganizationNumber::new(1),
            receiver: ReceiverNumber::new(1),
            sequence: Sequence::new(sequence),
        })]);
    }

    pub(super) fn answer_page(
        &mut self,
        request: PageRequest,
        deliveries: impl IntoIterator<Item = PendingDelivery>,
        complete: bool,
    ) {
        let page = PendingPage { deliveries: deliveries.into_iter().collect(), complete };
        self.step([Input::PageLoaded { request, page: Some(page) }]);
    }

    pub(super) fn change(&mut self, view: SubscriptionView) {
        self.step([Input::SubscriptionChanged(view)]);
    }

    /// The attempt of a delivery ends; what it means is not durable yet.
    pub(super) fn end(&mut self, sequence: u64, verdict: Verdict) {
        self.step([Input::AttemptEnded { key: key(sequence), verdict }]);
    }

    pub(super) fn recorded(&mut self, sequence: u64) {
        self.step([Input::Recorded(key(sequence))]);
    }

    /// The attempt of a delivery ends, and what it means is durable at once.
    pub(super) fn finish(&mut self, sequence: u64, verdict: Verdict) {
        self.end(sequence, verdict);
        self.recorded(sequence);
    }

    /// The sequences of the attempts that were started since this was asked last.
    pub(super) fn started(&mut self) -> Vec<u64> {
        self.started.drain(..).map(|order| order.key.sequence.get()).collect()
    }

    /// The attempts that were started since.
    pub(super) fn orders(&mut self) -> Vec<AttemptOrder> {
        std::mem::take(&mut self.started)
    }

    /// The only attempt that was started since.
    pub(super) fn order(&mut self) -> AttemptOrder {
        assert_eq!(self.started.len(), 1, "{:?}", self.started);
        self.started.remove(0)
    }

    /// The only record that was asked for since.
    pub(super) fn record(&mut self) -> RecordOrder {
        assert_eq!(self.records.len(), 1, "{:?}", self.records);
        self.records.remove(0)
    }

    pub(super) fn records(&mut self) -> Vec<RecordOrder> {
        std::mem::take(&mut self.records)
    }

    /// How the breaker of an endpoint stands.
    pub(super) fn breaker(&self, endpoint: u32) -> BreakerState {
        self.breakers.get(&EndpointNumber(endpoint)).copied().unwrap_or_default()
    }

    /// The only page that was asked for since.
    pub(super) fn page(&mut self) -> PageRequest {
        assert_eq!(self.pages.len(), 1, "{:?}", self.pages);
        self.pages.remove(0)
    }

    /// The only page of the oldest deliveries that was asked for since.
    pub(super) fn oldest(&mut self) -> PageRequest {
        assert_eq!(self.oldest.len(), 1, "{:?}", self.oldest);
        self.oldest.remove(0)
    }

    pub(super) fn no_oldest(&self) {
        assert_eq!(self.oldest, Vec::new());
    }

    pub(super) fn answer_oldest(&mut self, request: PageRequest, deliveries: Option<Vec<PendingDelivery>>) {
        let page = deliveries.map(|deliveries| PendingPage { deliveries, complete: true });
        self.step([Input::OldestLoaded { request, page }]);
    }

    pub(super) fn no_page(&self) {
        assert_eq!(self.pages, Vec::new());
    }
}

pub(super) fn seconds(number: u64) -> Duration {
    Duration::from_secs(number)
}
