//! A test of one subscription: a delivery of its own with a sample resource.

use bytes::Bytes;
use rendezhook_domain::action::{self, ActionName};
use rendezhook_domain::delivery::DeliveryOrigin;
use rendezhook_domain::id::DeliveryId;
use rendezhook_domain::matching::ActionPattern;
use rendezhook_domain::resource::{ResourceId, ResourceKind};
use rendezhook_domain::subscription::Subscription;
use rendezhook_domain::time::Timestamp;
use rendezhook_store::publish::{DetachedDelivery, Matched};

use crate::Intake;
use crate::error::PublishError;

/// The id of the resource that a test carries.
const SAMPLE_ID: &str = "test";

impl Intake {
    /// Commits a test delivery for one subscription and answers with its id.
    ///
    /// It carries the first action the subscription wants, with a sample of that kind of resource, touches no stored resource
    /// and is marked as a test in its headers.
    ///
    /// # Errors
    /// When the subscription is gone or the store failed.
    pub async fn test(
        &self,
        subscription: &Subscription,
        now: Timestamp,
    ) -> Result<DeliveryId, PublishError> {
        let name = sample_action(&subscription.filter.actions)?;
        let kind = name.kind().unwrap_or(ResourceKind::Event);
        let resource_id = ResourceId::new(SAMPLE_ID).map_err(|reason| invalid("/resource_id", &reason))?;
        let delivery = DetachedDelivery {
            organization: subscription.organization,
            origin: DeliveryOrigin::Test,
            matched: Matched { subscription: subscription.number, receiver: subscription.receiver },
            name,
            kind,
            resource_id,
            body: Bytes::from_static(sample_resource(kind).as_bytes()),
            version: 1,
            occurred_at: now,
            accepted_at: now,
            due_at: now,
        };
        let committed = self.store.publish_detached(vec![delivery]).await?;
        committed.into_iter().find_map(Result::ok).ok_or(PublishError::UnknownSubscription)
    }
}

/// An action the subscription wants.
fn sample_action(patterns: &[ActionPattern]) -> Result<ActionName, PublishError> {
    let text = match patterns.first() {
        Some(ActionPattern::Exactly(name)) => return Ok(name.clone()),
        Some(ActionPattern::Kind(ResourceKind::Order)) => action::ORDER_CREATED,
        Some(ActionPattern::Kind(ResourceKind::User)) => action::USER_JOINED,
        Some(ActionPattern::Kind(ResourceKind::Vyteme)) => action::VYTEME_UPDATED,
        Some(ActionPattern::Kind(ResourceKind::Subscription)) => action::SUBSCRIPTION_FAILING,
        Some(ActionPattern::Kind(ResourceKind::Delivery)) => action::DELIVERY_EXHAUSTED,
        Some(ActionPattern::Kind(ResourceKind::Event) | ActionPattern::Any) | None => action::EVENT_CONFIRMED,
    };
    text.parse().map_err(|reason| invalid("/action", &reason))
}

fn invalid(pointer: &'static str, reason: &dyn std::fmt::Display) -> PublishError {
    PublishError::InvalidItem { index: 0, pointer, reason: reason.to_string() }
}

/// A resource of each kind, in its canonical shape.
const fn sample_resource(kind: ResourceKind) -> &'static str {
    match kind {
        ResourceKind::Event => include_str!("../samples/event.json"),
        ResourceKind::Order => include_str!("../samples/order.json"),
        ResourceKind::User => include_str!("../samples/user.json"),
        ResourceKind::Vyteme => include_str!("../samples/vyteme.json"),
        ResourceKind::Subscription => include_str!("../samples/subscription.json"),
        ResourceKind::Delivery => include_str!("../samples/delivery.json"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_sample_is_one_json_object_without_a_line_feed() {
        for kind in ResourceKind::ALL {
            let sample = sample_resource(kind);
            assert!(serde_json::from_str::<serde_json::Value>(sample).unwrap().is_object());
            assert!(!sample.contains('\n'), "{kind}");
        }
    }

    #[test]
    fn a_test_carries_an_action_the_subscription_wants() {
        for pattern in [
            "*",
            "event.*",
            "order.*",
            "user.*",
            "vyteme.*",
            "subscription.*",
            "delivery.*",
            "event.voted",
            "order.refunded",
        ] {
            let pattern: ActionPattern = pattern.parse().unwrap();
            let name = sample_action(std::slice::from_ref(&pattern)).unwrap();
            assert!(pattern.covers(&name), "{pattern} {name}");
        }
    }
}
