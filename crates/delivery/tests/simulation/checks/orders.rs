//! Which deliveries of a receiver wait for each other, as the scheduler was told.

use std::collections::{BTreeMap, BTreeSet};

use rendezhook_delivery::scheduler::effect::AttemptOrder;
use rendezhook_delivery::scheduler::input::SubscriptionView;
use rendezhook_domain::delivery::DeliveryOrigin;
use rendezhook_domain::delivery_order::DeliveryOrder;
use rendezhook_domain::sequence::ReceiverNumber;
use rendezhook_store::pending::DeliveryKey;

use super::Checks;
use crate::model::{self, Model, Row};

/// What names a lane of several deliveries: a receiver, and the resource unless it is the only one.
pub(super) type Lane = (ReceiverNumber, Option<model::Lane>);

/// The orders of receivers.
#[derive(Debug, Default)]
pub(super) struct Orders {
    told: BTreeMap<ReceiverNumber, DeliveryOrder>,
    /// What was under way when a receiver's order changed, and is still.
    to_finish: BTreeSet<DeliveryKey>,
    /// What was handed over with the inputs of the step so far.
    handed_over: BTreeSet<DeliveryKey>,
    /// What of it came before its receiver's order changed, and under which order it came.
    handed_over_before: BTreeMap<DeliveryKey, DeliveryOrder>,
    /// Receivers whose order changed at a time: their deliveries were taken anew.
    reordered: BTreeSet<ReceiverNumber>,
    /// Tests that were started or ended: an order does not mean them.
    tests: BTreeSet<DeliveryKey>,
}

impl Checks {
    pub(super) fn order_changes(&mut self, view: &SubscriptionView) {
        let former = self.orders.told.insert(view.receiver, view.order).unwrap_or_default();
        if former == view.order {
            return;
        }
        let receiver = view.receiver;
        let under_way = self.in_flight.keys().chain(self.owed.keys()).chain(self.recording.keys()).copied();
        let old: Vec<_> = under_way.filter(|key| key.receiver == receiver).collect();
        self.orders.to_finish.extend(old);
        self.orders.to_finish.retain(|key| !self.orders.tests.contains(key));
        let before = self.orders.handed_over.iter().filter(|key| key.receiver == receiver);
        for key in before {
            self.orders.handed_over_before.entry(*key).or_insert(former);
        }
        self.orders.reordered.insert(receiver);
        self.passed.reorder(receiver);
        self.takes_anew(receiver);
        // What is taken anew has forgotten that it was to wait a second.
        self.not_before
            .retain(|key, (order, _)| key.receiver != receiver || order.origin == DeliveryOrigin::Test);
    }

    /// Whether what waits of a receiver was taken anew once.
    pub(super) fn was_reordered(&self, receiver: ReceiverNumber) -> bool {
        self.orders.reordered.contains(&receiver)
    }

    /// An attempt of a test, or its end.
    pub(super) fn is_test(&mut self, key: DeliveryKey) {
        self.orders.tests.insert(key);
    }

    pub(super) fn is_handed_over(&mut self, key: DeliveryKey) {
        self.orders.handed_over.insert(key);
    }

    /// A delivery was folded into a newer one as that was taken. If that was before the order changed, one hears of it only after
    /// the step.
    pub(super) fn folded(&mut self, key: DeliveryKey, newer: DeliveryKey) {
        if self.orders.handed_over_before.contains_key(&newer) {
            self.orders.to_finish.insert(key);
        }
    }

    /// A turn is over: the delivery is under way no more.
    pub(super) fn turn_is_over(&mut self, key: &DeliveryKey) {
        self.orders.to_finish.remove(key);
    }

    pub(super) fn step_is_over(&mut self) {
        self.orders.handed_over.clear();
        self.orders.handed_over_before.clear();
    }

    /// Whether something of another order is under way still.
    pub(super) fn is_held(&self, receiver: ReceiverNumber) -> bool {
        self.orders.to_finish.iter().any(|key| key.receiver == receiver)
    }

    pub(super) fn order_of(&self, row: &Row) -> DeliveryOrder {
        self.orders.told.get(&row.pending.key.receiver).copied().unwrap_or_default()
    }

    /// The order that was in force when a delivery was taken in this step.
    pub(super) fn order_as_it_came(&self, row: &Row) -> DeliveryOrder {
        let former = self.orders.handed_over_before.get(&row.pending.key).copied();
        former.unwrap_or_else(|| self.order_of(row))
    }

    /// The lane of a delivery; none when it waits for no other.
    pub(super) fn lane(&self, row: &Row) -> Option<Lane> {
        lane_in(self.order_of(row), row)
    }

    /// Whether a delivery takes its turns in its lane and is not in its order.
    pub(super) fn stands_beside(&self, row: &Row) -> bool {
        row.pending.origin != DeliveryOrigin::Original && self.order_of(row) == DeliveryOrder::Strict
    }

    pub(super) fn same_lane(&self, row: &Row, other: &Row) -> bool {
        same_lane_in(self.order_of(row), row, other)
    }

    /// The promise of each order, told without lanes.
    pub(super) fn keeps_its_promise(&self, order: &AttemptOrder, row: &Row, model: &Model) {
        assert!(!self.is_held(order.key.receiver), "{order:?} starts while another order is in force");
        let attempted = self.recording.values().filter(|record| record.attempted).map(|record| &record.key);
        let mut under_way = self.in_flight.keys().chain(attempted);
        match self.order_of(row) {
            DeliveryOrder::Strict => {
                let beside = under_way.find(|key| {
                    let other = &model.rows[&key.sequence];
                    key.receiver == order.key.receiver && !other.is_test() && other.step() != order.action
                });
                assert_eq!(beside, None, "{order:?} starts beside another action of its receiver");
            }
            DeliveryOrder::None => assert!(!order.overtaken, "{order:?} was never in an order"),
            DeliveryOrder::Resource => {}
        }
    }
}

/// The lane of a delivery in an order.
fn lane_in(order: DeliveryOrder, row: &Row) -> Option<Lane> {
    let receiver = row.pending.key.receiver;
    match order {
        _ if row.is_test() => None,
        DeliveryOrder::None => None,
        DeliveryOrder::Resource => Some((receiver, Some(row.lane()))),
        DeliveryOrder::Strict => Some((receiver, None)),
    }
}

/// Whether two deliveries of a receiver wait for each other in an order.
pub(super) fn same_lane_in(order: DeliveryOrder, row: &Row, other: &Row) -> bool {
    lane_in(order, row).is_some_and(|lane| lane_in(order, other) == Some(lane))
}
