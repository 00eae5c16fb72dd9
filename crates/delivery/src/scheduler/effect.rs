//! What the scheduler wants done.

use rendezhook_domain::delivery::{DeliveryOrigin, FinalState};
use rendezhook_domain::sequence::{OrganizationNumber, Sequence, SubscriptionNumber};
use rendezhook_domain::subscription::DisableReason;
use rendezhook_domain::time::Timestamp;
use rendezhook_store::pending::DeliveryKey;
use rendezhook_store::record::Disposition;

use super::input::{EndpointNumber, PageRequest};

/// Something to be done by the runtime.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// Make an attempt now. It ends with `Input::AttemptEnded`, whatever happens.
    StartAttempt(AttemptOrder),
    /// Make this turn of a delivery durable; answered by `Input::Recorded`, whatever happens.
    ///
    /// Turns become durable in the order in which they were wanted: a delivery that takes over from folded ones may be
    /// folded itself, and hands on what it took over.
    ///
    /// After an attempt the runtime adds the attempt's own facts to the record.
    Record(RecordOrder),
    /// Something that others may want to know of an endpoint has changed.
    EndpointChanged(EndpointNumber, BreakerState),
    /// Load a page; answered by `Input::PageLoaded`, whatever happens.
    LoadPage(PageRequest),
    /// Load the oldest deliveries of a receiver for which too many wait; answered by `Input::OldestLoaded`, whatever happens.
    LoadOldest(PageRequest),
}

/// How the breaker of an endpoint stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum BreakerState {
    /// Deliveries are attempted.
    #[default]
    Closed,
    /// The endpoint could not be reached: deliveries wait, and single probes find out when it can be again.
    Open {
        /// Since when.
        since: Timestamp,
        /// The next probe is made then, if something waits; earlier than now when it is under way, or nothing does.
        next_probe_at: Timestamp,
    },
    /// A probe got through; few attempts are made at a time, and one that fails opens the breaker again.
    HalfOpen {
        /// Since when.
        since: Timestamp,
    },
}

/// The order to make an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AttemptOrder {
    /// Which delivery.
    pub key: DeliveryKey,
    /// The organization it belongs to.
    pub organization: OrganizationNumber,
    /// The subscription it is for.
    pub subscription: SubscriptionNumber,
    /// The place of its action in commit order; of a repetition its own.
    pub action: Sequence,
    /// Why it was made.
    pub origin: DeliveryOrigin,
    /// Counts the attempts from 1.
    pub number: u16,
    /// The lane has moved on past it.
    pub overtaken: bool,
}

/// The order to record a turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RecordOrder {
    /// Which delivery.
    pub key: DeliveryKey,
    /// The organization it belongs to.
    pub organization: OrganizationNumber,
    /// The subscription it is for.
    pub subscription: SubscriptionNumber,
    /// When the turn ended.
    pub at: Timestamp,
    /// Whether an attempt was made in it.
    pub attempted: bool,
    /// How the delivery goes on.
    pub disposition: Disposition,
    /// The lane had moved on past it.
    pub overtaken: bool,
    /// The receiver asked that the subscription be disabled.
    pub disable: Option<DisableReason>,
    /// The newer delivery of the same receiver that takes its place, when it ends as folded.
    pub folded_into: Option<Sequence>,
    /// When it expires: because more wait for its receiver than may, not because its time ran out.
    pub over_backlog: bool,
}

impl RecordOrder {
    /// The final state, when the delivery ends with this turn.
    #[must_use]
    pub const fn final_state(&self) -> Option<FinalState> {
        match self.disposition {
            Disposition::Ended(state) => Some(state),
            Disposition::Retry { .. } => None,
        }
    }
}
