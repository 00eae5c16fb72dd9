//! What holds at endpoints: breakers, rates, authorities and pools.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use rendezhook_delivery::scheduler::SchedulerLimits;
use rendezhook_delivery::scheduler::effect::{AttemptOrder, BreakerState};
use rendezhook_delivery::scheduler::input::{AuthorityNumber, EndpointNumber, SubscriptionView};
use rendezhook_domain::delivery::DeliveryOrigin;
use rendezhook_domain::outcome::{Failure, Verdict};
use rendezhook_domain::time::Timestamp;
use rendezhook_store::pending::DeliveryKey;

/// An attempt older than this is slow, in milliseconds.
const SLOW_AFTER: i64 = 1_000;

/// A whole token.
const TOKEN: i64 = 60_000;

/// How long a bucket of attempts lasts, in milliseconds, and how many make a minute.
const BUCKET: i64 = 10_000;
const BUCKETS: i64 = 6;

/// The host and port at which an endpoint of this world is; others are at the same.
pub(crate) fn authority_of(endpoint: EndpointNumber) -> AuthorityNumber {
    AuthorityNumber(endpoint.0 % 10)
}

/// What is known of a breaker.
#[derive(Default)]
struct Breaker {
    state: BreakerState,
    probe: Option<DeliveryKey>,
    /// Failures since the last attempt that was answered.
    straight: u32,
    /// Nobody went there for a moment, and what was known of it may be forgotten.
    uncertain: bool,
    /// When an attempt was answered last.
    alive_at: Option<Timestamp>,
    /// When it last changed.
    turned_at: Option<Timestamp>,
    /// When attempts ended while it was closed, and whether they failed.
    recent: VecDeque<(i64, bool)>,
}

impl Breaker {
    fn has_reason_to_open(&self, now: i64) -> bool {
        let oldest = (now.div_euclid(BUCKET) - (BUCKETS - 1)) * BUCKET;
        let recent = || self.recent.iter().filter(|(at, _)| *at >= oldest);
        let (attempts, failures) = (recent().count(), recent().filter(|(_, failed)| *failed).count());
        self.straight >= 5 || (attempts >= 10 && failures * 10 >= attempts * 7)
    }

    /// Whether anything but a test may start.
    fn lets_pass(&self, now: Timestamp) -> bool {
        match self.state {
            BreakerState::Open { next_probe_at, .. } => self.probe.is_none() && next_probe_at <= now,
            BreakerState::Closed | BreakerState::HalfOpen { .. } => true,
        }
    }
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
    breakers: BTreeMap<EndpointNumber, Breaker>,
    buckets: BTreeMap<EndpointNumber, Bucket>,
    /// Attempts in the fast pool, the oldest first, and when they started.
    fast: VecDeque<(i64, DeliveryKey)>,
    slow: BTreeSet<DeliveryKey>,
    /// Those of the fast ones whose endpoint owned slow ones when they started.
    suspects: BTreeSet<DeliveryKey>,
    /// Breakers that may open in this step.
    allowed: BTreeSet<EndpointNumber>,
    /// Those that have to.
    owed: BTreeSet<EndpointNumber>,
}

/// What a change of a breaker means for the time in which lanes are held.
pub(super) enum Turned {
    Opened,
    Left,
    Stayed,
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
        let breaker = self.breakers.entry(endpoint).or_default();
        if order.origin != DeliveryOrigin::Test {
            assert!(breaker.lets_pass(now), "{order:?} starts while the breaker is {:?}", breaker.state);
            if matches!(breaker.state, BreakerState::Open { .. }) {
                breaker.probe = Some(order.key);
            }
        }
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

    pub(super) fn ended(
        &mut self,
        key: DeliveryKey,
        endpoint: EndpointNumber,
        verdict: &Verdict,
        now: Timestamp,
    ) {
        self.fast.retain(|(_, other)| *other != key);
        self.slow.remove(&key);
        self.suspects.remove(&key);
        let breaker = self.breakers.entry(endpoint).or_default();
        if breaker.probe == Some(key) {
            breaker.probe = None;
        }
        let failed = match verdict {
            Verdict::Failure(Failure { costs_nothing: true, .. }) => return,
            Verdict::Failure(failure) => failure.counts_against_endpoint,
            Verdict::Success { .. } => false,
        };
        if matches!(breaker.state, BreakerState::Open { .. }) {
            return;
        }
        breaker.straight = if failed { breaker.straight + 1 } else { 0 };
        breaker.recent.push_back((now.milliseconds(), failed));
        let half_open = matches!(breaker.state, BreakerState::HalfOpen { .. });
        if failed && (half_open || breaker.has_reason_to_open(now.milliseconds())) {
            self.allowed.insert(endpoint);
            // Half open, it may have been closed just before by another attempt that ended at the same time.
            if !breaker.uncertain && (!half_open || breaker.alive_at != Some(now)) {
                self.owed.insert(endpoint);
            }
        }
        if !failed {
            breaker.alive_at = Some(now);
        }
    }

    /// The scheduler says that a breaker has changed.
    pub(super) fn turned(&mut self, endpoint: EndpointNumber, state: BreakerState, now: Timestamp) -> Turned {
        let breaker = self.breakers.entry(endpoint).or_default();
        let was_open = matches!(breaker.state, BreakerState::Open { .. });
        let turned = match state {
            BreakerState::Open { since, next_probe_at } => {
                assert!(next_probe_at > now, "a probe without a wait at {endpoint:?}");
                self.owed.remove(&endpoint);
                let had_reason = self.allowed.remove(&endpoint);
                // Of several attempts that end at once the first may close it and the second open it again.
                let had_reason = had_reason || breaker.uncertain || breaker.turned_at == Some(now);
                assert!(was_open || (had_reason && since == now), "{endpoint:?} opens without a reason");
                if was_open { Turned::Stayed } else { Turned::Opened }
            }
            BreakerState::HalfOpen { .. } => {
                assert!(was_open, "{endpoint:?} is half open and was not open");
                Turned::Left
            }
            BreakerState::Closed => Turned::Left,
        };
        let probe = breaker.probe;
        *breaker = Breaker { state, probe, turned_at: Some(now), ..Breaker::default() };
        turned
    }

    /// Nobody goes to an endpoint any more.
    pub(super) fn unused(&mut self, endpoint: EndpointNumber) {
        if let Some(breaker) = self.breakers.get_mut(&endpoint) {
            breaker.uncertain = true;
        }
    }

    /// What holds after every step: a breaker that has a reason to open is open, unless nobody goes there any more.
    pub(super) fn after(&mut self, used: impl Fn(EndpointNumber) -> bool) {
        self.allowed.clear();
        let owed = std::mem::take(&mut self.owed);
        let closed = owed.into_iter().find(|endpoint| used(*endpoint));
        assert_eq!(closed, None, "its breaker stays closed");
    }

    /// Whether an endpoint is left alone, except by tests.
    pub(super) fn is_spared(&self, endpoint: EndpointNumber, now: Timestamp) -> bool {
        self.breakers.get(&endpoint).is_some_and(|breaker| !breaker.lets_pass(now))
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
