//! Publishers: which actions are committed, and for whom.

use std::time::Duration;

use rendezhook_delivery::scheduler::input::Input;
use rendezhook_domain::delivery::DeliveryOrigin;
use rendezhook_domain::sequence::{OrganizationNumber, ReceiverNumber, ResourceNumber};
use rendezhook_domain::time::Timestamp;
use rendezhook_store::feed::Announcement;
use rendezhook_store::pending::{DeliveryKey, PendingDelivery};

use super::World;
use crate::plan::Kind;

/// From here on resources are of deliveries that have nothing to do with the others.
const DETACHED_RESOURCES: u64 = 1_000_000;

impl World {
    pub(super) fn publish(&mut self) {
        if self.down {
            return;
        }
        let burst = if self.plan.kind == Kind::Days { 12 } else { 8 };
        for _ in 0..self.dice.pick(&[1, 1, 1, 2, burst]) {
            self.publish_one();
        }
        if self.dice.chance(15) {
            self.repeat_some();
        }
    }

    /// Makes a few ended deliveries of one subscription once more, as a replay does.
    fn repeat_some(&mut self) {
        let ended: Vec<_> =
            self.model.rows.values().filter(|row| !row.is_waiting() && !row.is_test()).collect();
        let Some(first) = ended.get(self.dice.count(0, ended.len().max(1) - 1)) else { return };
        let subscription = first.pending.subscription;
        let Some(organization) = self.model.subscriptions.get(&subscription).map(|view| view.organization)
        else {
            return;
        };
        let from = first.sequence();
        let count = self.dice.count(1, 4);
        let repeated: Vec<PendingDelivery> = self
            .model
            .rows
            .range(from..)
            .map(|(_, row)| row)
            .filter(|row| !row.is_waiting() && !row.is_test() && row.pending.subscription == subscription)
            .take(count)
            .map(|row| row.pending)
            .collect();
        let mut due_at = Timestamp::from_milliseconds(self.now);
        let mut deliveries = Vec::new();
        for of in repeated {
            let pending = PendingDelivery {
                key: DeliveryKey { sequence: self.model.next_sequence(), ..of.key },
                origin: DeliveryOrigin::Replay,
                due_at,
                failed_attempts: 0,
                first_failed_at: None,
                lane_held: Duration::ZERO,
                expires_at: None,
                ..of
            };
            due_at = due_at.after(Duration::from_millis(100));
            self.model.commit(pending);
            deliveries.push(pending);
        }
        self.hand_over(organization, deliveries);
    }

    /// Commits an action for some subscriptions of one organization.
    fn publish_one(&mut self) {
        let views: Vec<_> = self.model.subscriptions.values().cloned().collect();
        let Some(chosen) = views.get(self.dice.count(0, views.len().max(1) - 1)) else { return };
        let healthy = self.plan.kind == Kind::Healthy;
        let origin = match self.dice.between(0, 19) {
            0..=1 if !healthy => DeliveryOrigin::Test,
            2 => DeliveryOrigin::RePush,
            _ => DeliveryOrigin::Original,
        };
        let everybody = origin == DeliveryOrigin::Original && self.dice.chance(50);
        let matched = views.iter().filter(|view| {
            let same = view.subscription == chosen.subscription;
            same || (everybody && view.organization == chosen.organization)
        });
        let action = self.model.next_sequence();
        let accepted_at = Timestamp::from_milliseconds(self.now);
        let expires_at = (!healthy && self.dice.chance(20)).then(|| self.after(accepted_at));
        let postponed = self.dice.chance(if origin == DeliveryOrigin::RePush { 80 } else { 10 });
        let due_at = if postponed { self.after(accepted_at) } else { accepted_at };
        let resource = self.dice.between(1, self.resources);
        let is_update = self.dice.chance(60);
        let mut deliveries = Vec::new();
        for view in matched {
            let sequence = self.model.next_sequence();
            let resource = match origin {
                DeliveryOrigin::RePush => DETACHED_RESOURCES + sequence.get(),
                DeliveryOrigin::Original
                | DeliveryOrigin::Test
                | DeliveryOrigin::Replay
                | DeliveryOrigin::Backfill => resource,
            };
            let pending = PendingDelivery {
                key: DeliveryKey { receiver: view.receiver, sequence },
                subscription: view.subscription,
                action,
                resource: ResourceNumber::new(resource),
                origin,
                due_at,
                failed_attempts: 0,
                first_failed_at: None,
                lane_held: Duration::ZERO,
                expires_at,
                is_update,
            };
            self.model.commit(pending);
            deliveries.push(pending);
        }
        self.hand_over(chosen.organization, deliveries);
    }

    /// Some moment that is not too far, mostly a near one.
    fn after(&mut self, moment: Timestamp) -> Timestamp {
        let milliseconds = 1_000 + self.dice.delay(self.plan.longest_delay * 1_000);
        moment.after(Duration::from_millis(milliseconds.unsigned_abs()))
    }

    /// The feed brings the deliveries themselves, or where it has no room only how far they reach.
    fn hand_over(&mut self, organization: OrganizationNumber, deliveries: Vec<PendingDelivery>) {
        if !self.dice.chance(self.pace.overflowing) {
            self.tell(Input::Committed { organization, deliveries });
            return;
        }
        let mut told: Vec<ReceiverNumber> = Vec::new();
        for delivery in deliveries.iter().rev() {
            let DeliveryKey { receiver, sequence } = delivery.key;
            if !told.contains(&receiver) {
                told.push(receiver);
                self.tell(Input::Announced(Announcement { organization, receiver, sequence }));
            }
        }
    }
}
