//! What was committed, in commit order, on its way to the delivery side.
//!
//! The feed is a short cut, not the record: it is bounded, and when it is full only the *highest sequence per receiver* is
//! remembered. Whoever reads it then takes the rows from the store, page by page. So a commit never waits for deliveries.

use std::sync::Arc;

use rendezhook_domain::accepted::AcceptedAction;
use rendezhook_domain::delivery::DeliveryOrigin;
use rendezhook_domain::sequence::{OrganizationNumber, ReceiverNumber, Sequence, SubscriptionNumber};
use rendezhook_domain::time::Timestamp;

mod queue;

pub use self::queue::{FeedLimits, FeedReceiver, FeedSender, feed};

/// News from the store.
#[derive(Debug)]
pub enum FeedEvent {
    /// Deliveries that were committed, with all that is needed to attempt them.
    Committed(Vec<CommittedAction>),
    /// Deliveries were committed that the feed had no room for; they are to be read from the store.
    Announced(Vec<Announcement>),
    /// The catalogue changed; the store has the new one.
    CatalogueChanged,
}

/// An action and those of its deliveries that were committed with it.
#[derive(Debug, Clone)]
pub struct CommittedAction {
    /// The action.
    pub action: Arc<AcceptedAction>,
    /// Its deliveries, in ascending sequence.
    pub deliveries: Vec<CommittedDelivery>,
}

/// A delivery that was committed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CommittedDelivery {
    /// Its place in commit order.
    pub sequence: Sequence,
    /// The receiver it goes to.
    pub receiver: ReceiverNumber,
    /// The subscription it is for.
    pub subscription: SubscriptionNumber,
    /// Why it was made.
    pub origin: DeliveryOrigin,
    /// When its first attempt is due.
    pub due_at: Timestamp,
}

/// A receiver has deliveries up to this sequence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Announcement {
    /// The organization of the receiver.
    pub organization: OrganizationNumber,
    /// The receiver.
    pub receiver: ReceiverNumber,
    /// The highest sequence committed for it.
    pub sequence: Sequence,
}
