//! What is published to be delivered later: accepted now, fired when its time comes.

use std::collections::HashSet;
use std::time::Duration;

use rendezhook_domain::time::Timestamp;
use rendezhook_store::firing::{NewScheduled, ScheduledContent};

use crate::error::PublishError;
use crate::item::{Item, Later};

/// How far ahead an action may be published.
pub const MAXIMUM_AHEAD: Duration = Duration::from_secs(400 * 86_400);

/// Checks the times and keys of what is delivered later.
pub(crate) fn check(items: &[Item], now: Timestamp) -> Result<(), PublishError> {
    let mut keys = HashSet::new();
    for (index, item) in items.iter().enumerate() {
        let Some(later) = &item.later else { continue };
        let refused =
            |pointer, reason: &str| PublishError::InvalidItem { index, pointer, reason: reason.to_owned() };
        if later.deliver_at > now.after(MAXIMUM_AHEAD) {
            return Err(refused("/deliver_at", "this is more than 400 days ahead; choose an earlier time"));
        }
        if item.expires_at.is_some_and(|expires_at| expires_at <= later.deliver_at) {
            return Err(refused(
                "/expires_at",
                "this is not after deliver_at, so it would never be delivered",
            ));
        }
        if !keys.insert(&later.key) {
            return Err(refused("/key", "another action of this request has this key; give each its own"));
        }
    }
    Ok(())
}

/// The items that are delivered at once, in order.
pub(crate) fn immediate(items: &[Item]) -> impl Iterator<Item = &Item> {
    items.iter().filter(|item| item.later.is_none())
}

/// The items that are delivered later, as they are committed.
pub(crate) fn scheduled(items: &[Item]) -> Vec<NewScheduled> {
    items.iter().filter_map(|item| item.later.as_ref().map(|later| new_scheduled(item, later))).collect()
}

fn new_scheduled(item: &Item, later: &Later) -> NewScheduled {
    NewScheduled {
        due_at: later.deliver_at,
        kind: item.kind,
        resource_id: item.resource_id.clone(),
        user: item.user.clone(),
        content: ScheduledContent {
            key: later.key.clone(),
            action: item.action.clone(),
            occurred_at: item.occurred_at,
            expires_at: item.expires_at,
            resource: item.resource.clone(),
            representations: item.representations.clone(),
        },
    }
}
