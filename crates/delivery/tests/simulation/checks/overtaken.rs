//! What a lane has moved on past says so, from when something is seen to pass it until it leaves memory.
//!
//! When a lane moves on is known from outside only to within the seconds after which the scheduler looks again. What passes a
//! delivery in that time shows that the lane has moved on, and so the delivery must not stand in its order afterwards.

use std::collections::{BTreeMap, BTreeSet};

use rendezhook_domain::sequence::{ReceiverNumber, SubscriptionNumber};
use rendezhook_domain::time::Timestamp;
use rendezhook_store::pending::DeliveryKey;

use super::Checks;
use crate::model::Row;

/// What was passed, and what left memory in the step so far: of that it is not known whether it was passed before or after.
#[derive(Debug, Default)]
pub(super) struct Passed {
    deliveries: BTreeMap<DeliveryKey, SubscriptionNumber>,
    parked: BTreeSet<SubscriptionNumber>,
    reordered: BTreeSet<ReceiverNumber>,
    /// What is certainly in memory of subscriptions that were parked once. What was under way when its subscription was parked
    /// may have stayed, and go on before the others, which it passed before, are back.
    back: BTreeMap<SubscriptionNumber, BTreeSet<DeliveryKey>>,
}

impl Passed {
    /// What waits of a subscription leaves memory.
    pub(super) fn park(&mut self, subscription: SubscriptionNumber) {
        self.deliveries.retain(|_, other| *other != subscription);
        self.parked.insert(subscription);
        self.back.insert(subscription, BTreeSet::new());
    }

    /// A delivery is certainly in memory: it was taken up again, or is attempted.
    pub(super) fn is_back(&mut self, subscription: SubscriptionNumber, key: DeliveryKey) {
        if let Some(back) = self.back.get_mut(&subscription) {
            back.insert(key);
        }
    }

    fn is_in_memory(&self, subscription: SubscriptionNumber, key: DeliveryKey) -> bool {
        self.back.get(&subscription).is_none_or(|back| back.contains(&key))
    }

    /// What waits for a receiver leaves memory.
    pub(super) fn reorder(&mut self, receiver: ReceiverNumber) {
        self.deliveries.retain(|key, _| key.receiver != receiver);
        self.reordered.insert(receiver);
    }

    pub(super) fn step_is_over(&mut self) {
        self.parked.clear();
        self.reordered.clear();
    }
}

impl Checks {
    /// Whether a lane may have moved on past a delivery that something passes now. If it is under way it says whether that is so,
    /// and otherwise it has to as soon as it is.
    pub(super) fn is_passed(&mut self, row: &Row, now: Timestamp) -> bool {
        let key = row.pending.key;
        let attempt = self.in_flight.get(&key).map(|(order, _)| order.overtaken);
        let says = attempt.or_else(|| self.recording.get(&key).map(|record| record.overtaken));
        if !says.unwrap_or_else(|| self.may_be_overtaken(row, now)) {
            return false;
        }
        let subscription = row.pending.subscription;
        let stays = !self.passed.parked.contains(&subscription)
            && !self.passed.reordered.contains(&key.receiver)
            && self.passed.is_in_memory(subscription, key);
        if stays {
            self.passed.deliveries.insert(key, subscription);
        }
        true
    }

    /// A delivery is attempted, or ends, and says whether its lane has moved on past it.
    pub(super) fn says_whether_it_was_passed(&self, key: DeliveryKey, overtaken: bool) {
        let passed = self.passed.deliveries.contains_key(&key);
        assert!(overtaken || !passed, "{key:?} was passed, and stands in its order");
    }
}
