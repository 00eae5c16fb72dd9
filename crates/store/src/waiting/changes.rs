//! What a transaction changes in the numbers of what waits.

use std::collections::HashMap;

use rendezhook_domain::sequence::{OrganizationNumber, ReceiverNumber, SubscriptionNumber};

/// To whom a subscription belongs. It never changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct For {
    pub(crate) organization: OrganizationNumber,
    pub(crate) receiver: ReceiverNumber,
}

/// How many more deliveries wait for each subscription, or fewer.
#[derive(Debug, Default)]
pub(crate) struct WaitingChanges(HashMap<SubscriptionNumber, (For, i64)>);

impl WaitingChanges {
    /// So many more, or fewer, wait for a subscription.
    pub(crate) fn add(&mut self, subscription: SubscriptionNumber, whose: For, by: i64) {
        self.0.entry(subscription).or_insert((whose, 0)).1 += by;
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (SubscriptionNumber, For, i64)> {
        self.0.iter().map(|(subscription, (whose, by))| (*subscription, *whose, *by))
    }
}
