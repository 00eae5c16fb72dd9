//! Leaving out what has waited for too long before deliveries go on.

use rendezhook_domain::sequence::{ReceiverNumber, Sequence, SubscriptionNumber};
use rendezhook_domain::time::Timestamp;

/// Which waiting deliveries are left out. Tests never are: their callers wait for them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Skip {
    /// Of this receiver.
    pub receiver: ReceiverNumber,
    /// Only of this subscription.
    pub subscription: Option<SubscriptionNumber>,
    /// Those whose action was accepted before this instant. A repetition counts from when it was made, since somebody asked for
    /// it then.
    pub accepted_before: Timestamp,
    /// Those up to here were looked at already.
    pub after: Sequence,
    /// When they end.
    pub at: Timestamp,
}

/// What one call of [`Store::skip_waiting`](crate::Store::skip_waiting) did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Skipped {
    /// How many ended.
    pub ended: u64,
    /// Up to where it looked, to go on from there; `None` when there is nothing beyond.
    pub looked_up_to: Option<Sequence>,
}
