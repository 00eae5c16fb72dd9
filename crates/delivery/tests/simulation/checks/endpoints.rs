//! What holds at endpoints: rates, authorities and pools; with their breakers and windows.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use rendezhook_delivery::scheduler::SchedulerLimits;
use rendezhook_delivery::scheduler::effect::AttemptOrder;
use rendezhook_delivery::scheduler::input::{AuthorityNumber, EndpointNumber, SubscriptionView};
use rendezhook_domain::delivery::DeliveryOrigin;
use rendezhook_domain::outcome::Verdict;
use rendezhook_domain::time::Timestamp;
use rendezhook_store::pending::DeliveryKey;

use super::breakers::Breakers;

/// An attempt older than this is slow, in milliseconds.
const SLOW_AFTER: i64 = 1_000;

/// A whole token.
const TOKEN: i64 = 60_000;

/// The host and port at which an endpoint of this world is; others are at the same.
pub(crate) fn authority_of(endpoint: EndpointNumber) -> AuthorityNumber {
    AuthorityNumber(endpoint.0 % 10)
}

/// Tokens in sixty-thousandths, which come by the millisecond: as many as the rate says a minute.
struct Bucket {
    rate: i64,
    level: i64,
    at: i64,
}

impl Bucket {
    fn level(&self, now: i64) -> i64 {
        (self.level + (now - self.at) * self.rate).min(room(self.rate))
    }

    fn change(&mut self, rate: i64, now: i64) {
        self.level = self.level(now).min(room(rate));
        (self.rate, self.at) = (rate, now);
    }
}

/// What a bucket holds: the tokens of a second, and at least one.
fn room(rate: i64) -> i64 {
    (rate * 1_000).max(TOKEN)
}

/// What is known of endpoints since the process began.
#[derive(Default)]
pub(super) struct Endpoints {
    pub(super) breakers: Breakers,
    buckets: BTreeMap<EndpointNumber, Bucket>,
    /// Attempts in the fast pool, the oldest first, and when they started.
    fast: VecDeque<(i64, DeliveryKey)>,
    slow: BTreeSet<DeliveryKey>,
    /// Those of the fast ones whose endpoint owned slow ones when they started.
    suspects: BTreeSet<DeliveryKey>,
}

impl Endpoints {
    /// A subscription was made, changed or deleted: these are all that go to this endpoint.
    pub(super) fn limited<'a>(
        &mut self,
        endpoint: EndpointNumber,
        views: impl Iterator<Item = &'a SubscriptionView>,
        now: Timestamp,
    ) {
        let smallest = views.filter_map(|view| view.rate_limit).min();
        let now = now.milliseconds();
        match smallest.map(|limit| i64::from(limit.per_minute())) {
            None => {
                self.buckets.remove(&endpoint);
            }
            Some(rate) => {
                let full = Bucket { rate, level: room(rate), at: now };
                self.buckets.entry(endpoint).or_insert(full).change(rate, now);
            }
        }
    }

    /// Time has passed: what is older than a second is slow, as far as there is room.
    pub(super) fn age(&mut self, limits: &SchedulerLimits, now: Timestamp) {
        while let Some((started, key)) = self.fast.front().copied()
            && started + SLOW_AFTER <= now.milliseconds()
            && self.slow.len() < limits.slow_in_flight
        {
            self.fast.pop_front();
            self.suspects.remove(&key);
            self.slow.insert(key);
        }
    }

    /// An attempt may start there, and does.
    pub(super) fn started(
        &mut self,
        order: &AttemptOrder,
        endpoint: EndpointNumber,
        beside: &BTreeSet<DeliveryKey>,
        limits: &SchedulerLimits,
        now: Timestamp,
    ) {
        let test = order.origin == DeliveryOrigin::Test;
        self.breakers.started(order.key, endpoint, test, beside.len(), limits.endpoint_window, now);
        if let Some(bucket) = self.buckets.get_mut(&endpoint) {
            bucket.change(bucket.rate, now.milliseconds());
            assert!(bucket.level >= TOKEN, "{order:?} exceeds the rate of {endpoint:?}");
            bucket.level -= TOKEN;
        }
        assert!(self.fast.len() < limits.in_flight, "{order:?} has no place in the fast pool");
        assert!(self.slow.len() <= limits.slow_in_flight, "the slow pool overflows");
        if beside.iter().any(|key| self.slow.contains(key)) {
            let taken = self.slow.len() + self.suspects.len();
            assert!(
                taken < limits.slow_in_flight,
                "{order:?} goes to an endpoint that hangs, and there is no room"
            );
            self.suspects.insert(order.key);
        }
        self.fast.push_back((now.milliseconds(), order.key));
    }

    /// An attempt has ended beside so many others.
    pub(super) fn ended(
        &mut self,
        key: DeliveryKey,
        endpoint: EndpointNumber,
        verdict: &Verdict,
        beside: usize,
    ) {
        self.fast.retain(|(_, other)| *other != key);
        self.slow.remove(&key);
        self.suspects.remove(&key);
        self.breakers.ended(key, endpoint, verdict, beside);
    }

    /// Whether its rate lets another attempt start.
    pub(super) fn rate_allows(&self, endpoint: EndpointNumber, now: Timestamp) -> bool {
        self.buckets.get(&endpoint).is_none_or(|bucket| bucket.level(now.milliseconds()) >= TOKEN)
    }

    pub(super) fn fast(&self) -> usize {
        self.fast.len()
    }

    pub(super) fn slow(&self) -> usize {
        self.slow.len()
    }
}
