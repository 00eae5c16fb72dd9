//! What subscriptions missed while they were parked, and how far they have taken it up again.

use std::collections::{BTreeMap, BTreeSet};

use rendezhook_delivery::scheduler::input::PageRequest;
use rendezhook_domain::sequence::{ReceiverNumber, Sequence, SubscriptionNumber};
use rendezhook_store::pending::{PendingDelivery, PendingPage};

use super::Checks;
use crate::model::Row;

/// What subscriptions missed.
#[derive(Debug, Default)]
pub(super) struct Missed {
    /// Subscriptions that take up what they missed, and up to where they have.
    taken_up: BTreeMap<SubscriptionNumber, Sequence>,
    /// The last delivery of each subscription that came in another way: until it has come so far, it may have missed that too.
    came: BTreeMap<SubscriptionNumber, Sequence>,
    /// Receivers whose page under way is of no use any more.
    stale: BTreeSet<ReceiverNumber>,
    /// Receivers whose order changed, until everything of them is taken anew.
    reordered: BTreeSet<ReceiverNumber>,
}

impl Checks {
    /// A subscription is enabled again.
    pub(super) fn takes_up(&mut self, subscription: SubscriptionNumber) {
        self.missed.taken_up.insert(subscription, Sequence::ZERO);
    }

    /// A subscription is parked.
    pub(super) fn takes_up_no_more(&mut self, subscription: SubscriptionNumber, receiver: ReceiverNumber) {
        self.missed.taken_up.remove(&subscription);
        if self.pages.get(&receiver).is_some_and(|page| page.subscription == Some(subscription)) {
            self.missed.stale.insert(receiver);
        }
    }

    /// Everything of a receiver will be taken anew.
    pub(super) fn takes_anew(&mut self, receiver: ReceiverNumber) {
        self.missed.reordered.insert(receiver);
        if self.pages.contains_key(&receiver) {
            self.missed.stale.insert(receiver);
        }
    }

    /// Something was told: what is under way of another order may have finished.
    pub(super) fn takes_anew_what_is_held_no_more(&mut self) {
        let reordered = std::mem::take(&mut self.missed.reordered);
        let (held, free): (BTreeSet<_>, BTreeSet<_>) =
            reordered.into_iter().partition(|receiver| self.is_held(*receiver));
        self.missed.reordered = held;
        let told = &self.told;
        self.missed.taken_up.retain(|subscription, _| {
            told.get(subscription).is_none_or(|view| !free.contains(&view.receiver))
        });
    }

    /// Deliveries come, and not since their subscription missed them.
    pub(super) fn come(&mut self, deliveries: &[PendingDelivery]) {
        for delivery in deliveries {
            let last = self.missed.came.entry(delivery.subscription).or_insert(Sequence::ZERO);
            *last = delivery.key.sequence.max(*last);
        }
    }

    /// A page was read.
    pub(super) fn takes_page(&mut self, request: &PageRequest, page: Option<&PendingPage>) {
        let stale = self.missed.stale.remove(&request.receiver);
        let Some(page) = page.filter(|_| !stale) else { return };
        let Some(subscription) = request.subscription else {
            self.come(&page.deliveries);
            return;
        };
        let Some(taken_up) = self.missed.taken_up.get_mut(&subscription) else { return };
        let last = page.deliveries.last().map_or(request.after, |delivery| delivery.key.sequence);
        *taken_up = last.max(*taken_up);
        if page.complete {
            *taken_up = request.up_to.max(*taken_up);
            if self.missed.came.get(&subscription).is_none_or(|came| *came <= request.up_to) {
                self.missed.taken_up.remove(&subscription);
            }
        }
    }

    /// Whether a delivery may lie in the store, since its subscription missed it and takes it up only once the folds of its
    /// receiver are durable.
    pub(super) fn is_missed_while_folding(&self, row: &Row) -> bool {
        let receiver = row.pending.key.receiver;
        let is_missed =
            self.missed.taken_up.get(&row.pending.subscription).is_some_and(|up_to| row.sequence() > *up_to);
        is_missed
            && self
                .recording
                .values()
                .any(|record| record.folded_into.is_some() && record.key.receiver == receiver)
    }
}
