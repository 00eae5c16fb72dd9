//! When endpoints were unavailable, and how long failing deliveries have held their lanes in the rest of the time.

use std::collections::BTreeMap;
use std::time::Duration;

use rendezhook_delivery::scheduler::input::EndpointNumber;
use rendezhook_domain::sequence::SubscriptionNumber;
use rendezhook_domain::time::Timestamp;
use rendezhook_store::pending::{DeliveryKey, PendingDelivery};

/// When endpoints were unavailable, in milliseconds.
#[derive(Default)]
pub(super) struct Outages(BTreeMap<EndpointNumber, Vec<Outage>>);

#[derive(Debug, Clone, Copy)]
struct Outage {
    from: i64,
    until: i64,
    /// It may have been shorter, or not have been at all: nobody is told how long the scheduler leaves an endpoint alone after
    /// an attempt that could not be made.
    uncertain: bool,
}

impl Outages {
    /// An endpoint asked for time.
    pub(super) fn hold(&mut self, endpoint: EndpointNumber, now: Timestamp, until: Timestamp) {
        self.add(endpoint, now, until.milliseconds(), false);
    }

    /// An endpoint may be left alone for a moment.
    pub(super) fn pause(&mut self, endpoint: EndpointNumber, now: Timestamp, until: Timestamp) {
        self.add(endpoint, now, until.milliseconds(), true);
    }

    /// A breaker has opened.
    pub(super) fn begin(&mut self, endpoint: EndpointNumber, now: Timestamp) {
        self.add(endpoint, now, i64::MAX, false);
    }

    /// A breaker is open no more.
    pub(super) fn end(&mut self, endpoint: EndpointNumber, now: Timestamp) {
        for outage in self.0.entry(endpoint).or_default() {
            if outage.until == i64::MAX {
                outage.until = now.milliseconds();
            }
        }
    }

    fn add(&mut self, endpoint: EndpointNumber, now: Timestamp, until: i64, uncertain: bool) {
        let outage = Outage { from: now.milliseconds(), until, uncertain };
        self.0.entry(endpoint).or_default().push(outage);
    }

    /// For how long an endpoint was available since then: the least and the most.
    fn available(&self, endpoint: EndpointNumber, since: i64, now: i64) -> (i64, i64) {
        let outages = self.0.get(&endpoint).map(Vec::as_slice).unwrap_or_default();
        // They are in the order in which they began.
        let (mut certain, mut possible) = (Union::from(since), Union::from(since));
        for outage in outages {
            let (from, until) = (outage.from.max(since), outage.until.min(now));
            possible.add(from, until);
            if !outage.uncertain {
                certain.add(from, until);
            }
        }
        (now - since - possible.length, now - since - certain.length)
    }
}

/// The length of a union of stretches that come in the order in which they begin.
struct Union {
    length: i64,
    end: i64,
}

impl Union {
    fn from(begin: i64) -> Self {
        Self { length: 0, end: begin }
    }

    fn add(&mut self, from: i64, until: i64) {
        let from = from.max(self.end);
        if until > from {
            self.length += until - from;
            self.end = until;
        }
    }
}

/// How long the failing deliveries in memory have held their lanes.
#[derive(Default)]
pub(super) struct Held(BTreeMap<DeliveryKey, Since>);

struct Since {
    subscription: SubscriptionNumber,
    /// The least: from when it is certainly in memory, and what was known of it then.
    certain: (i64, i64),
    /// The most: from when it may have been in memory.
    possible: (i64, i64),
}

impl Held {
    /// A delivery failed first.
    pub(super) fn failed(&mut self, key: DeliveryKey, subscription: SubscriptionNumber, now: Timestamp) {
        let since = (now.milliseconds(), 0);
        self.0.entry(key).or_insert(Since { subscription, certain: since, possible: since });
    }

    /// A delivery came with a page. Whether it was in memory already is uncertain when its subscription was parked once.
    pub(super) fn loaded(&mut self, delivery: &PendingDelivery, disturbed: bool, now: Timestamp) {
        if delivery.first_failed_at.is_none() {
            return;
        }
        let held = i64::try_from(delivery.lane_held.as_millis()).unwrap();
        let since = (now.milliseconds(), held);
        let subscription = delivery.subscription;
        let known =
            self.0.entry(delivery.key).or_insert(Since { subscription, certain: since, possible: since });
        if disturbed {
            known.certain = since;
        }
    }

    /// The deliveries of a subscription go to another endpoint from now on.
    pub(super) fn moved(
        &mut self,
        subscription: SubscriptionNumber,
        former: EndpointNumber,
        outages: &Outages,
        now: Timestamp,
    ) {
        let now = now.milliseconds();
        for since in self.0.values_mut().filter(|since| since.subscription == subscription) {
            let (from, held) = since.certain;
            since.certain = (now, held + outages.available(former, from, now).0);
            let (from, held) = since.possible;
            since.possible = (now, held + outages.available(former, from, now).1);
        }
    }

    /// How long a delivery has held its lane: the least and the most.
    pub(super) fn range(
        &self,
        key: &DeliveryKey,
        endpoint: EndpointNumber,
        outages: &Outages,
        now: Timestamp,
    ) -> Option<(Duration, Duration)> {
        let since = self.0.get(key)?;
        let now = now.milliseconds();
        let least = since.certain.1 + outages.available(endpoint, since.certain.0, now).0;
        let most = since.possible.1 + outages.available(endpoint, since.possible.0, now).1;
        let duration = |milliseconds: i64| Duration::from_millis(u64::try_from(milliseconds).unwrap());
        Some((duration(least), duration(most)))
    }
}
