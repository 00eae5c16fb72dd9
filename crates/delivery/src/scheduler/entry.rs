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
    /// The resource; of a repetition the number of a lane beside it (`repetition`).
    pub(super) resource: Packed64,
    pub(super) subscription: Slot<Subscription>,
    pub(super) history: Option<Slot<History>>,
    /// In the lane; the first one's `previous` is the last one, the last one has no `next`.
    pub(super) lane: Links<Entry>,
    /// In the queue of its subscription that `state` names.
    pub(super) queue: Links<Entry>,
    pub(super) state: State,
    pub(super) place: Place,
    pub(super) origin: DeliveryOrigin,
    pub(super) marks: Marks,
}

/// What is true of a delivery, a bit each, and which lane it stands in. One byte, since there are millions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Marks(u8);

impl Marks {
    const CONTENDS: u8 = 1;
    const UPDATE: u8 = 2;
    const HAS_FOLDED: u8 = 4;
    const OWN_LANE: u8 = 8;
    const RECEIVER_LANE: u8 = 16;

    /// Of a delivery that was just taken.
    pub(super) const fn new(lane: Lane, is_update: bool) -> Self {
        let lane = match lane {
            Lane::Resource => 0,
            Lane::Own => Self::OWN_LANE,
            Lane::Receiver => Self::RECEIVER_LANE,
        };
        Self(if is_update { lane | Self::UPDATE } else { lane })
    }

    const fn has(self, mark: u8) -> bool {
        self.0 & mark != 0
    }

    fn set(&mut self, mark: u8, value: bool) {
        self.0 = if value { self.0 | mark } else { self.0 & !mark };
    }
}

/// Which lane a delivery stands in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lane {
    /// That of its resource.
    Resource,
    /// One of its own.
    Own,
    /// The only one of its receiver.
    Receiver,
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
    /// The lane has moved on past it; it is in the lane's order no more, and takes its turns when it is due.
    Overtaken,
    /// It never was in the lane's order, and takes its turns when it is due.
    Beside,
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

    /// Whether it stands in the order of its lane.
    pub(super) fn is_in_order(&self) -> bool {
        matches!(self.place, Place::Behind | Place::Head)
    }

    pub(super) fn lane_kind(&self) -> Lane {
        match self.marks {
            marks if marks.has(Marks::OWN_LANE) => Lane::Own,
            marks if marks.has(Marks::RECEIVER_LANE) => Lane::Receiver,
            _ => Lane::Resource,
        }
    }

    /// Whether its action only says that the resource has a newer state.
    pub(super) fn is_update(&self) -> bool {
        self.marks.has(Marks::UPDATE)
    }

    /// Whether another one was folded into it since it was taken.
    pub(super) fn has_folded(&self) -> bool {
        self.marks.has(Marks::HAS_FOLDED)
    }

    pub(super) fn set_has_folded(&mut self) {
        self.marks.set(Marks::HAS_FOLDED, true);
    }

    /// Whether it is in the lane's list of those that want the lane next.
    pub(super) fn contends(&self) -> bool {
        self.marks.has(Marks::CONTENDS)
    }

    pub(super) fn set_contends(&mut self, contends: bool) {
        self.marks.set(Marks::CONTENDS, contends);
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
