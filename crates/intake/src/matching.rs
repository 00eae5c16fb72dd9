//! For whom an action is.

use rendezhook_domain::circumstances::Circumstances;
use rendezhook_domain::matching::Happening;
use rendezhook_store::catalogue::OrganizationEntry;
use rendezhook_store::publish::Matched;

/// The subscriptions that get an action, in the order in which they were made.
pub(crate) fn matched(
    organization: &OrganizationEntry,
    happening: Happening<'_>,
    circumstances: Circumstances,
) -> Vec<Matched> {
    organization
        .matching(happening)
        .map(|entry| &entry.subscription)
        .filter(|subscription| subscription.dialect().carries(happening.action, circumstances))
        .map(|subscription| Matched { subscription: subscription.number, receiver: subscription.receiver })
        .collect()
}
