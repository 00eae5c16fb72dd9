//! What holds of updates that were folded.

use rendezhook_delivery::scheduler::effect::{AttemptOrder, RecordOrder};
use rendezhook_domain::delivery::{DeliveryOrigin, FinalState};

use super::Checks;
use super::orders::same_lane_in;
use crate::model::{Model, Row};

impl Checks {
    /// An update folds only while it waits for its first attempt, into a newer one of the same resource and subscription that
    /// lives as long, and across nothing else that happened to the resource.
    pub(super) fn folds(&mut self, order: &RecordOrder, row: &Row, model: &Model) {
        let now = order.at;
        let newer = order.folded_into.and_then(|newer| model.rows.get(&newer));
        let Some(newer) = newer else { panic!("{order:?} folds into nothing") };
        let (older_pending, newer_pending) = (&row.pending, &newer.pending);
        assert!(older_pending.action < newer_pending.action, "{order:?} folds into an older one");
        assert_eq!(older_pending.subscription, newer_pending.subscription, "{order:?}");
        assert_eq!(older_pending.resource, newer_pending.resource, "{order:?}");
        for pending in [older_pending, newer_pending] {
            assert!(pending.is_update, "{order:?} is about {pending:?}");
            assert_eq!(pending.origin, DeliveryOrigin::Original);
        }
        assert_eq!(older_pending.failed_attempts, 0, "{order:?} was attempted before");
        assert!(!self.in_flight.contains_key(&newer_pending.key), "{order:?} folds into what is in flight");
        let lives_as_long = newer_pending
            .expires_at
            .is_none_or(|newer| older_pending.expires_at.is_some_and(|older| older <= newer));
        assert!(lives_as_long, "{order:?} folds into what may end sooner");
        let lanes = self.order_as_it_came(newer);
        let between = model.waiting().filter(|other| {
            let pending = &other.pending;
            pending.subscription == older_pending.subscription
                && same_lane_in(lanes, row, other)
                && pending.action > older_pending.action
                && pending.action < newer_pending.action
                && !pending.is_update
                && pending.origin == DeliveryOrigin::Original
        });
        for other in between {
            assert!(self.is_passed(other, now), "{order:?} folds across {other:?}");
        }
        self.folded(order.key, newer_pending.key);
    }

    /// What takes the place of another starts only once the end of that one is durable.
    pub(super) fn replaces_nothing_that_waits(&self, order: &AttemptOrder) {
        let folding = self.recording.values().find(|record| {
            record.folded_into == Some(order.key.sequence) && record.key.receiver == order.key.receiver
        });
        assert!(folding.is_none(), "{order:?} starts before {folding:?} is durable");
    }

    /// At the end, what took the place of a folded delivery has ended too, or waits for its subscription.
    pub(super) fn lives_on(&self, row: &Row, model: &Model) {
        let mut newest = row;
        while newest.end == Some(FinalState::Folded) {
            let newer = newest.folded_into.and_then(|newer| model.rows.get(&newer));
            let Some(newer) = newer else { panic!("{newest:?} was folded into nothing") };
            assert!(newer.pending.action > newest.pending.action);
            newest = newer;
        }
        let paused = model.subscriptions.get(&row.pending.subscription).is_some_and(|view| !view.enabled);
        assert!(newest.end.is_some() || paused, "{row:?} was folded into {newest:?}, which never ended");
    }
}
