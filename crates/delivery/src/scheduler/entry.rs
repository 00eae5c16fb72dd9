//! A waiting delivery in memory.

use rendezhook_domain::delivery::DeliveryOrigin;
use rendezhook_domain::sequence::Sequence;

use super::history::History;
use super::list::{Linked, Links};
use super::packed::{Packed48, Packed64};
use super::slab::Slot;
use super::subscription::Subscription;

/// A waiting delivery in memory: 48 bytes, since there may be millions.
///
/// What only failed, expiring or postponed deliveries need lies in their [`History`].
#[derive(Debug, Default)]
pub(super) struct Entry {
    pub(super) sequence: Packed48,
    /// Of a repetition its own sequence (`repetition`).
    pub(super) action: Packed48,
    /// The number of its lane: the resource's; of a test its own sequence; of a repetition neither (`repetition`).
    pub(super) resource: Packed64,
    pub(super) subscription: Slot<Subscription>,
    pub(super) history: Option<Slot<History>>,
    /// In the lane; the first one's `previous` is the last one.
    pub(super) lane: Links<Entry>,
    /// In the queue of its subscription that `state` names.
    pub(super) queue: Links<Entry>,
    pub(super) state: State,
    pub(super) place: Place,
    pub(super) origin: DeliveryOrigin,
    /// It is in the lane's list of those that want the lane next.
    pub(super) contends: bool,
}

/// How far a delivery is; each state is a queue of its subscription.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum State {
    /// It is not due, or its lane is not free for it.
    #[default]
    Waiting,
    /// It starts as soon as limits and fairness allow.
    Ready,
    /// An attempt is under way.
    InFlight,
    /// Its last turn is being made durable.
    Recording,
}

impl State {
    /// Whether the runtime owes an answer about it, so that it cannot leave now.
    pub(super) fn is_busy(self) -> bool {
        matches!(self, Self::InFlight | Self::Recording)
    }
}

/// Where a delivery stands in its lane.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Place {
    /// Behind another action.
    #[default]
    Behind,
    /// Its action is the first of the lane.
    Head,
    /// The lane has moved on past it; it is in the lane's order no more.
    Overtaken,
}

/// The role of the links that make the queues of a subscription.
#[derive(Debug)]
pub(super) struct Queue;

impl Linked<Queue> for Entry {
    fn links(&mut self) -> &mut Links<Self> {
        &mut self.queue
    }
}

impl Entry {
    pub(super) fn sequence(&self) -> Sequence {
        self.sequence.into()
    }

    pub(super) fn action(&self) -> Sequence {
        self.action.into()
    }

    pub(super) fn is_test(&self) -> bool {
        self.origin == DeliveryOrigin::Test
    }

    pub(super) fn is_repetition(&self) -> bool {
        self.origin.is_repetition()
    }

    /// Its place in the lane: deliveries of one action stand together.
    pub(super) fn order(&self) -> (Sequence, Sequence) {
        (self.action(), self.sequence())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_takes_forty_eight_bytes() {
        assert_eq!(size_of::<Entry>(), 48);
        assert_eq!(size_of::<Option<Entry>>(), 48);
    }
}
