//! What holds where more deliveries wait for a receiver than may.

use std::collections::BTreeMap;

use rendezhook_delivery::scheduler::effect::RecordOrder;
use rendezhook_domain::sequence::ReceiverNumber;
use rendezhook_store::pending::DeliveryKey;

use super::Checks;
use crate::model::{Model, Row};

/// What the scheduler knows of receivers for which too many wait.
#[derive(Debug, Default)]
pub(super) struct Excess {
    /// How many had ended with their subscription when it was told last that too many wait.
    cancelled_before: BTreeMap<ReceiverNumber, usize>,
    /// What was told to be durable in this step after the oldest were ended.
    pub(super) told_after: BTreeMap<ReceiverNumber, Vec<DeliveryKey>>,
}

impl Checks {
    /// A delivery ends because too many wait only while that is so, and never a test or one that is in flight.
    pub(super) fn is_one_too_many(&self, order: &RecordOrder, row: &Row, model: &Model) {
        let Some(bound) = self.receiver_backlog else { panic!("{order:?} where as many may wait as do") };
        assert!(!row.is_test(), "{order:?} ends a test");
        assert!(!self.in_flight.contains_key(&order.key), "{order:?} is in flight");
        if !row.is_waiting() {
            // It ended with its subscription after the page was read.
            return;
        }
        let receiver = order.key.receiver;
        let own = |record: &&RecordOrder| record.key.receiver == receiver;
        let is_waiting = |record: &RecordOrder| model.rows[&record.key.sequence].is_waiting();
        let recording = || self.recording.values().filter(own);
        let ending = recording().filter(|record| record.over_backlog && is_waiting(record)).count();
        // The scheduler does not know of these ends yet, or did not when it decided.
        let untold = recording().filter(|record| !is_waiting(record)).count();
        let ended = |key: &&DeliveryKey| !model.rows[&key.sequence].is_waiting();
        let told_after =
            self.excess.told_after.get(&receiver).map_or(0, |keys| keys.iter().filter(ended).count());
        // Nor does it know of those that ended with their subscription since it was told how many are too many.
        let Some(before) = self.excess.cancelled_before.get(&receiver) else {
            panic!("{order:?}, and nobody said that too many wait")
        };
        let cancelled = cancelled_of(receiver, model) - before;
        let waiting = waiting_for(receiver, model).count();
        let bound = usize::try_from(bound).unwrap();
        assert!(
            waiting + untold + told_after + cancelled > bound + ending,
            "{order:?}, and only {waiting} wait, of which {ending} end"
        );
    }

    /// The scheduler is told that too many wait for a receiver.
    pub(crate) fn too_many_wait(&mut self, receiver: ReceiverNumber, model: &Model) {
        self.excess.cancelled_before.insert(receiver, cancelled_of(receiver, model));
    }

    /// The oldest of a receiver are ended, knowing what was told so far.
    pub(super) fn decides_over_oldest(&mut self, receiver: ReceiverNumber) {
        self.excess.told_after.insert(receiver, Vec::new());
    }

    /// A record is durable.
    pub(super) fn is_told_after(&mut self, key: DeliveryKey) {
        if let Some(told_after) = self.excess.told_after.get_mut(&key.receiver) {
            told_after.push(key);
        }
    }

    /// Whether what waits for a receiver may lie in the store still, since its oldest are being ended.
    pub(super) fn ends_oldest(&self, receiver: ReceiverNumber) -> bool {
        self.recording.values().any(|record| record.over_backlog && record.key.receiver == receiver)
    }

    /// At the end no more wait for a receiver than may.
    pub(super) fn backlogs_are_bounded(&self, model: &Model) {
        let Some(bound) = self.receiver_backlog else { return };
        for (receiver, waiting) in model.waiting_by_receiver() {
            assert!(waiting <= bound, "{waiting} wait for {receiver:?}");
        }
    }
}

fn waiting_for(receiver: ReceiverNumber, model: &Model) -> impl Iterator<Item = &Row> {
    model.waiting().filter(move |row| row.pending.key.receiver == receiver)
}

fn cancelled_of(receiver: ReceiverNumber, model: &Model) -> usize {
    model.cancelled().filter(|row| row.pending.key.receiver == receiver).count()
}
