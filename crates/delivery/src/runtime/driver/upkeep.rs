//! Looking after the tracker of health: what it has to know, what is kept of it, and who asks.

use std::time::Duration;

use rendezhook_domain::sequence::SubscriptionNumber;
use rendezhook_domain::time::Timestamp;
use rendezhook_store::health::KeptHealth;

use super::Driver;
use crate::runtime::handle::HealthQuestion;
use crate::scheduler::input::Input;

/// The most subscriptions whose numbers are kept together, and the time between two such batches: with very many of them their
/// numbers are kept later, not all at once.
const KEPT_TOGETHER: usize = 200;
const BETWEEN_BATCHES: Duration = Duration::from_millis(250);

impl Driver {
    /// Takes up what was kept before the process started. Comes before the first turn.
    pub(in crate::runtime) fn restore_health(&mut self, kept: &[KeptHealth]) {
        for one in kept {
            self.health.restore(one);
        }
    }

    /// Health that is not kept yet, at most so many.
    pub(in crate::runtime) fn unkept_health(&mut self, at_most: usize) -> Vec<KeptHealth> {
        self.health.keep_due(Timestamp::from_milliseconds(i64::MAX), at_most)
    }

    /// Tells the tracker what the scheduler is about to be told, and hands over what is to be kept.
    pub(super) fn look_after_health(&mut self, now: Timestamp) {
        self.health.hold_disable(self.expiry_held);
        for input in &self.turn.inputs {
            match input {
                Input::SubscriptionChanged(view) => self.health.told(view.subscription, view.enabled, now),
                Input::SubscriptionDeleted(subscription) => self.health.forget(*subscription),
                _ => {}
            }
        }
        if self.store_work.may_keep_health() && now.since(self.health_kept_at) >= BETWEEN_BATCHES {
            let due = self.health.keep_due(now, KEPT_TOGETHER);
            if !due.is_empty() {
                self.health_kept_at = now;
                self.store_work.keep_health(due);
            }
        }
    }

    /// Answers how subscriptions do.
    pub(super) fn tell_health(&mut self, question: HealthQuestion) {
        let now = self.time.now();
        let report = |subscription: &SubscriptionNumber| self.health.report(*subscription, now);
        let reports = question.subscriptions.iter().map(report).collect();
        // A caller that has given up in between needs no answer.
        drop(question.answer.send(reports));
    }
}
