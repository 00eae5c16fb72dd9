//! Deliveries whose end is not recorded yet, as the scheduler and the attempts read them.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use rendezhook_domain::accepted::AcceptedAction;
use rendezhook_domain::delivery::{DeliveryOrigin, FoldedDeliveries};
use rendezhook_domain::id::DeliveryId;
use rendezhook_domain::sequence::{ReceiverNumber, ResourceNumber, Sequence, SubscriptionNumber};
use rendezhook_domain::time::Timestamp;

/// Where a delivery is kept: its key in the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DeliveryKey {
    /// The receiver it goes to.
    pub receiver: ReceiverNumber,
    /// Its place in commit order.
    pub sequence: Sequence,
}

/// The small state of a waiting delivery: all that scheduling needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PendingDelivery {
    /// Where it is kept.
    pub key: DeliveryKey,
    /// The subscription it is for.
    pub subscription: SubscriptionNumber,
    /// The place of its action in commit order.
    pub action: Sequence,
    /// The resource; with the receiver it names the lane.
    pub resource: ResourceNumber,
    /// Why it was made.
    pub origin: DeliveryOrigin,
    /// When its next attempt is due.
    pub due_at: Timestamp,
    /// Attempts that failed so far.
    pub failed_attempts: u16,
    /// When its first attempt failed.
    pub first_failed_at: Option<Timestamp>,
    /// How long it has held its lane since then: only time in which its endpoint was available, up to its last attempt.
    pub lane_held: Duration,
    /// After which no attempt is made.
    pub expires_at: Option<Timestamp>,
    /// Its action only says that the resource has a newer state.
    pub is_update: bool,
}

/// A stretch of a receiver's waiting deliveries in ascending sequence, due or not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PendingPage {
    /// The deliveries.
    pub deliveries: Vec<PendingDelivery>,
    /// Whether there was nothing more when the page was read.
    pub complete: bool,
}

/// What an attempt needs beside the small state.
#[derive(Debug, Clone)]
pub struct AttemptMaterial {
    /// Where the delivery is kept.
    pub key: DeliveryKey,
    /// Its action.
    pub action: Arc<AcceptedAction>,
    /// The body an earlier attempt sent; later ones send the same bytes.
    pub frozen_body: Option<Bytes>,
    /// The delivery that it repeats, when it is a replay or a backfill. The id of a replay's is its `webhook-id`.
    pub repeats: Option<DeliveryId>,
    /// Where it stands in the history of its resource.
    pub standing: Standing,
}

/// Where a delivery stands in the history of its resource.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Standing {
    /// The newest version of the resource, of those before this one, that the receiver has accepted. `None` when there is
    /// none, when none of the fifty versions before was one, and for deliveries that stand outside of the order.
    pub previous: Option<u64>,
    /// What was folded into it before its first attempt.
    pub folded: Option<FoldedDeliveries>,
}
