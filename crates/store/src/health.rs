//! What the delivery side remembers of how subscriptions do.

use std::sync::Arc;

use rendezhook_domain::sequence::SubscriptionNumber;

/// How one subscription does, in the delivery side's own words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptHealth {
    /// Which subscription.
    pub subscription: SubscriptionNumber,
    /// A JSON text that only the delivery side reads. It is written and read whole, and goes with its subscription.
    pub state: Arc<str>,
}
