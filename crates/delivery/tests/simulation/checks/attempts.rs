//! What holds when an attempt starts.

use std::collections::BTreeSet;
use std::time::Duration;

use rendezhook_delivery::scheduler::effect::AttemptOrder;
use rendezhook_domain::time::Timestamp;
use rendezhook_store::pending::DeliveryKey;

use super::Checks;
use super::shares::Served;
use crate::model::{Model, Row};

/// So long after its time a lane may move on past its head.
const NOTICED_AFTER: Duration = Duration::from_secs(10);

impl Checks {
    pub(super) fn started(&mut self, order: &AttemptOrder, model: &Model, now: Timestamp) {
        let key = order.key;
        let row = &model.rows[&key.sequence];
        let pending = &row.pending;
        assert_eq!((pending.key, pending.subscription), (key, order.subscription));
        assert!(!self.stopped, "{order:?} starts although the process is to end");
        assert!(!self.in_flight.contains_key(&key), "{order:?} is in flight already");
        assert!(!self.recording.contains_key(&key), "{order:?} is being recorded");
        let view = self.told.get(&order.subscription).expect("its subscription is known");
        let (endpoint, test) = (view.endpoint, row.is_test());
        assert!(view.enabled || test, "{order:?} is for a subscription that is parked");
        assert_eq!(order.origin, pending.origin);
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
        let beside: BTreeSet<_> =
            self.in_flight.iter().filter(|(_, (_, other))| *other == endpoint).map(|(key, _)| *key).collect();
        assert!(!self.is_authority_full(endpoint), "{order:?} has no place at {:?}", view.authority);
        self.endpoints.started(order, endpoint, &beside, &self.limits, now);
        let beside = beside.len();
        assert!(beside < self.limits.endpoint_window as usize, "the window of {endpoint:?} is full");
        if test {
            self.is_test(key);
        } else {
            self.keeps_its_promise(order, row, model);
            self.replaces_nothing_that_waits(order);
            let in_an_order = self.lane(row).is_some() && !self.stands_beside(row);
            let known = if order.overtaken {
                in_an_order && self.may_be_overtaken(row, now)
            } else {
                !in_an_order || !self.is_overtaken(row, now)
            };
            assert!(known, "{order:?} after {:?}", self.held(row, now));
            self.says_whether_it_was_passed(key, order.overtaken);
            self.passed.is_back(order.subscription, key);
            self.has_its_turn(order, row, model, now);
        }
        self.shares.started(Served { organization: order.organization, receiver: key.receiver, endpoint });
        self.in_flight.insert(key, (*order, endpoint));
    }

    /// How long a delivery has held its lane: the least and the most.
    pub(super) fn held(&self, row: &Row, now: Timestamp) -> Option<(Duration, Duration)> {
        let view = self.last_view(row.pending.subscription)?;
        self.held.range(&row.pending.key, view.endpoint, &self.outages, now)
    }

    /// Whether a lane has certainly moved on past a delivery.
    pub(super) fn is_overtaken(&self, row: &Row, now: Timestamp) -> bool {
        self.held(row, now).is_some_and(|(least, _)| least >= self.limits.lane_hold + NOTICED_AFTER)
    }

    /// Whether a lane may have moved on past a delivery.
    pub(super) fn may_be_overtaken(&self, row: &Row, now: Timestamp) -> bool {
        self.held(row, now).is_some_and(|(_, most)| most >= self.limits.lane_hold)
    }

    /// Lane order: no other action in flight, and everything before it durably ended, unless one of both was overtaken.
    fn has_its_turn(&mut self, order: &AttemptOrder, row: &Row, model: &Model, now: Timestamp) {
        let other_action = |key: &DeliveryKey| {
            let other = &model.rows[&key.sequence];
            self.same_lane(row, other) && other.step() != order.action
        };
        let attempted = self.recording.values().filter(|record| record.attempted).map(|record| &record.key);
        let in_flight = self.in_flight.keys().chain(attempted).find(|key| other_action(key));
        assert_eq!(in_flight, None, "{order:?} starts beside another action of its lane");
        if order.overtaken || self.stands_beside(row) {
            return;
        }
        let before = |other: &&Row| {
            let sibling = other.pending.subscription == order.subscription;
            other.step() < order.action
                && self.same_lane(row, other)
                && !self.stands_beside(other)
                && self.told.contains_key(&other.pending.subscription)
                && (sibling || !self.disturbed.contains(&other.pending.subscription))
        };
        let before: Vec<_> = model.waiting().filter(before).collect();
        for other in before {
            assert!(self.is_passed(other, now), "{order:?} overtakes {other:?}");
        }
        self.the_lowest_goes_first(order, row, model, now);
    }

    /// What was overtaken takes its turns before what comes after it, if it can start.
    fn the_lowest_goes_first(&self, order: &AttemptOrder, row: &Row, model: &Model, now: Timestamp) {
        let holds_lane = |key: &DeliveryKey| self.same_lane(row, &model.rows[&key.sequence]);
        let is_held = self.in_flight.keys().chain(self.recording.keys()).any(holds_lane);
        if is_held || !self.roomy {
            return;
        }
        let busy: BTreeSet<_> = self.in_flight.values().map(|(_, endpoint)| *endpoint).collect();
        let lower = model.waiting().find(|other| {
            let view = self.told.get(&other.pending.subscription);
            self.same_lane(row, other)
                && other.step() < order.action
                && self.is_overtaken(other, now)
                && self.is_due(other, now)
                && !self.disturbed.contains(&other.pending.subscription)
                && view.is_some_and(|view| {
                    view.enabled
                        && !busy.contains(&view.endpoint)
                        && !self.rests(view.endpoint, false, now)
                        && !self.is_authority_full(view.endpoint)
                })
        });
        assert!(lower.is_none(), "{order:?} starts before {lower:?}");
    }
}
