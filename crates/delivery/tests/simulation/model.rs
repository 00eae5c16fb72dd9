//! The store of the simulated world: what is durable.

use std::collections::{BTreeMap, BTreeSet};

use rendezhook_delivery::scheduler::effect::RecordOrder;
use rendezhook_delivery::scheduler::input::{PageRequest, SubscriptionView};
use rendezhook_domain::delivery::{DeliveryOrigin, FinalState};
use rendezhook_domain::delivery_order::DeliveryOrder;
use rendezhook_domain::sequence::{ReceiverNumber, ResourceNumber, Sequence, SubscriptionNumber};
use rendezhook_store::feed::Announcement;
use rendezhook_store::pending::{PendingDelivery, PendingPage};
use rendezhook_store::record::Disposition;

/// What names a lane.
pub(crate) type Lane = (ReceiverNumber, ResourceNumber, bool);

/// A delivery and its end, if it has one.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    pub(crate) pending: PendingDelivery,
    pub(crate) end: Option<FinalState>,
    /// The delivery that takes its place, when it was folded.
    pub(crate) folded_into: Option<Sequence>,
    /// How often an end was recorded.
    pub(crate) ends: u32,
    /// How many attempts were recorded, those included that ended after the delivery had.
    pub(crate) attempts: u32,
}

impl Row {
    pub(crate) fn is_test(&self) -> bool {
        self.pending.origin == DeliveryOrigin::Test
    }

    /// What names its lane: repetitions of a resource stand in one beside that of the others.
    pub(crate) fn lane(&self) -> Lane {
        (self.pending.key.receiver, self.pending.resource, self.pending.origin.is_repetition())
    }

    /// What gives it its place in its lane: repetitions stand each for itself.
    pub(crate) fn step(&self) -> Sequence {
        if self.pending.origin.is_repetition() { self.sequence() } else { self.pending.action }
    }

    pub(crate) fn sequence(&self) -> Sequence {
        self.pending.key.sequence
    }

    pub(crate) fn is_waiting(&self) -> bool {
        self.end.is_none()
    }
}

/// What is durable.
#[derive(Debug, Default)]
pub(crate) struct Model {
    pub(crate) rows: BTreeMap<Sequence, Row>,
    pub(crate) subscriptions: BTreeMap<SubscriptionNumber, SubscriptionView>,
    /// Those of the rows that have not ended.
    waiting: BTreeSet<Sequence>,
    /// Those of the rows that ended with their subscription.
    cancelled: Vec<Sequence>,
    sequence: u64,
    subscribed: u64,
}

impl Model {
    pub(crate) fn next_sequence(&mut self) -> Sequence {
        self.sequence += 1;
        Sequence::new(self.sequence)
    }

    /// A number that no subscription has or had.
    pub(crate) fn next_subscription(&mut self) -> u64 {
        self.subscribed += 1;
        self.subscribed
    }

    pub(crate) fn commit(&mut self, pending: PendingDelivery) {
        self.waiting.insert(pending.key.sequence);
        self.rows.insert(
            pending.key.sequence,
            Row { pending, end: None, folded_into: None, ends: 0, attempts: 0 },
        );
    }

    /// Records a turn, unless the delivery has ended in between.
    pub(crate) fn record(&mut self, order: &RecordOrder) {
        let Some(row) = self.rows.get_mut(&order.key.sequence) else {
            panic!("{order:?} is for no delivery")
        };
        row.attempts += u32::from(order.attempted);
        if row.end.is_some() {
            return;
        }
        match order.disposition {
            Disposition::Retry { due_at, lane_held } => {
                row.pending.lane_held = lane_held;
                row.pending.due_at = due_at;
                row.pending.first_failed_at.get_or_insert(order.at);
                row.pending.failed_attempts += 1;
            }
            Disposition::Ended(state) => {
                row.end = Some(state);
                row.ends += 1;
                row.folded_into = order.folded_into;
                self.waiting.remove(&order.key.sequence);
                let due_at = row.pending.due_at;
                if let Some(newer) = order.folded_into.and_then(|newer| self.rows.get_mut(&newer)) {
                    newer.pending.due_at = newer.pending.due_at.min(due_at);
                }
            }
        }
        if order.disable.is_some()
            && let Some(view) = self.subscriptions.get_mut(&order.subscription)
        {
            view.enabled = false;
        }
    }

    /// The order of a receiver that has a subscription.
    pub(crate) fn order_of(&self, receiver: ReceiverNumber) -> Option<DeliveryOrder> {
        self.subscriptions.values().find(|view| view.receiver == receiver).map(|view| view.order)
    }

    /// Ends what waits of a deleted subscription.
    pub(crate) fn cancel(&mut self, subscription: SubscriptionNumber) {
        let cancelled: Vec<_> = self
            .waiting()
            .filter(|row| row.pending.subscription == subscription)
            .map(Row::sequence)
            .collect();
        for sequence in cancelled {
            self.waiting.remove(&sequence);
            self.cancelled.push(sequence);
            if let Some(row) = self.rows.get_mut(&sequence) {
                row.end = Some(FinalState::Cancelled);
                row.ends += 1;
            }
        }
    }

    /// What has not ended, in ascending sequence.
    pub(crate) fn waiting(&self) -> impl Iterator<Item = &Row> {
        self.waiting.iter().map(|sequence| &self.rows[sequence])
    }

    /// What ended with its subscription.
    pub(crate) fn cancelled(&self) -> impl Iterator<Item = &Row> {
        self.cancelled.iter().map(|sequence| &self.rows[sequence])
    }

    /// How many have not ended for each receiver.
    pub(crate) fn waiting_by_receiver(&self) -> BTreeMap<ReceiverNumber, u64> {
        let mut waiting = BTreeMap::new();
        for row in self.waiting() {
            *waiting.entry(row.pending.key.receiver).or_default() += 1;
        }
        waiting
    }

    /// How many have not ended.
    pub(crate) fn count(&self) -> usize {
        self.waiting.len()
    }

    pub(crate) fn page(&self, request: PageRequest, limit: usize) -> PendingPage {
        let wanted =
            self.rows.range(request.after.plus(1)..=request.up_to).map(|(_, row)| row).filter(|row| {
                row.is_waiting()
                    && row.pending.key.receiver == request.receiver
                    && request.subscription.is_none_or(|only| only == row.pending.subscription)
            });
        let mut deliveries: Vec<_> = wanted.take(limit + 1).map(|row| row.pending).collect();
        let complete = deliveries.len() <= limit;
        deliveries.truncate(limit);
        PendingPage { deliveries, complete }
    }

    pub(crate) fn announcements(&self) -> Vec<Announcement> {
        let mut highest: BTreeMap<ReceiverNumber, Announcement> = BTreeMap::new();
        for row in self.waiting() {
            let key = row.pending.key;
            let Some(view) = self.subscriptions.get(&row.pending.subscription) else { continue };
            let announcement = Announcement {
                organization: view.organization,
                receiver: key.receiver,
                sequence: key.sequence,
            };
            highest.insert(key.receiver, announcement);
        }
        highest.into_values().collect()
    }
}
