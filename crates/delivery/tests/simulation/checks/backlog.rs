//! What holds where more deliveries wait for a receiver than may.

use rendezhook_delivery::scheduler::effect::RecordOrder;
use rendezhook_domain::sequence::ReceiverNumber;

use super::Checks;
use crate::model::{Model, Row};

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
        // The scheduler does not know of these ends yet.
        let untold = recording().filter(|record| !is_waiting(record)).count();
        let told_beside = self.just_recorded.iter().filter(|key| key.receiver == receiver);
        let told_beside = told_beside.filter(|key| !model.rows[&key.sequence].is_waiting()).count();
        let waiting = waiting_for(receiver, model).count();
        let bound = usize::try_from(bound).unwrap();
        // Nor of those that ended with their subscription.
        let cancelled = model.cancelled().any(|row| row.pending.key.receiver == receiver);
        assert!(
            cancelled || waiting + untold + told_beside > bound + ending,
            "{order:?}, and only {waiting} wait, of which {ending} end"
        );
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
