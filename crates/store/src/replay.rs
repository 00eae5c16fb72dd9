//! Replays: jobs that make deliveries anew, and what people see of them.

use std::sync::Arc;

use rendezhook_domain::id::{DeliveryId, ReplayId};
use rendezhook_domain::matching::ActionPattern;
use rendezhook_domain::replay::{ReplayRate, ReplayState, ReplayedStates};
use rendezhook_domain::sequence::{OrganizationNumber, ReceiverNumber, Sequence, SubscriptionNumber};
use rendezhook_domain::time::Timestamp;

use crate::pending::DeliveryKey;
use crate::publish::IdempotencyClaim;

/// A replay to be made.
#[derive(Debug, Clone)]
pub struct NewReplay {
    /// Its public id.
    pub id: ReplayId,
    /// Whose deliveries.
    pub organization: OrganizationNumber,
    /// The user of the key that asked for it; only keys of that user, and those of no user, see it.
    pub user: Option<Arc<str>>,
    /// Which deliveries.
    pub selection: Selection,
    /// Which subscription gets them, as messages of their own; those they were for when `None`, as the same messages.
    pub to: Option<SubscriptionNumber>,
    /// How many become due in a second.
    pub rate: ReplayRate,
    /// Refused when so many of the organization are running.
    pub running_limit: usize,
    /// The caller's `Idempotency-Key`.
    pub idempotency: Option<IdempotencyClaim>,
    /// Now.
    pub at: Timestamp,
}

/// Which deliveries a replay takes up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Selection {
    /// These, at most [`Self::MAXIMUM_LISTED`], in this order.
    Listed(Vec<DeliveryId>),
    /// All that fit, in the order in which they were committed, receiver after receiver.
    Walk(Walk),
}

impl Selection {
    /// How many deliveries can be named one by one.
    pub const MAXIMUM_LISTED: usize = 500;
}

/// A walk over deliveries. All that is set has to hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Walk {
    /// Of this subscription; of the whole organization when `None`.
    pub subscription: Option<SubscriptionNumber>,
    /// How they ended.
    pub states: ReplayedStates,
    /// Accepted at or after.
    pub since: Timestamp,
    /// Accepted before.
    pub until: Option<Timestamp>,
    /// Only these actions.
    pub action: Option<ActionPattern>,
}

/// A replay as people see it.
#[derive(Debug, Clone, PartialEq)]
pub struct Replay {
    /// Counts the replays of a store; lists are sorted by it.
    pub number: u32,
    /// Its public id.
    pub id: ReplayId,
    /// The user of the key that asked for it.
    pub user: Option<Arc<str>>,
    /// Which deliveries.
    pub selection: Selection,
    /// Which subscription gets them, when not those they were for.
    pub to: Option<SubscriptionNumber>,
    /// How many become due in a second.
    pub rate: ReplayRate,
    /// How far it is.
    pub state: ReplayState,
    /// What was done so far.
    pub counts: ReplayCounts,
    /// When it was made.
    pub created_at: Timestamp,
    /// When there was nothing left to be done for it.
    pub ended_at: Option<Timestamp>,
}

/// What a replay did so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ReplayCounts {
    /// Deliveries that were selected.
    pub selected: u64,
    /// Deliveries that were made of them.
    pub made: u64,
    /// Of the made ones, those that arrived.
    pub delivered: u64,
    /// Of the made ones, those that ended otherwise.
    pub failed: u64,
    /// Selected ones of which nothing was made.
    pub skipped: ReplaySkips,
}

impl ReplayCounts {
    /// Made ones that still wait.
    #[must_use]
    pub const fn waiting(&self) -> u64 {
        self.made.saturating_sub(self.delivered).saturating_sub(self.failed)
    }
}

/// Why nothing was made of selected deliveries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ReplaySkips {
    /// Retention has removed what they carried.
    pub body_gone: u64,
    /// Their subscription is deleted.
    pub subscription_gone: u64,
    /// The subscription that is to get them does not want such actions.
    pub not_wanted: u64,
    /// They wait still and arrive by themselves.
    pub still_waiting: u64,
}

impl ReplaySkips {
    /// All of them.
    #[must_use]
    pub const fn total(&self) -> u64 {
        self.body_gone + self.subscription_gone + self.not_wanted + self.still_waiting
    }
}

/// The answer to a replay that was to be made.
#[derive(Debug, Clone, PartialEq)]
pub struct CreatedReplay {
    /// The replay as it is now.
    pub replay: Replay,
    /// The first deliveries that it made already.
    pub made: Vec<DeliveryId>,
    /// The same request made it before.
    pub repeated: bool,
}

/// Why a replay was not made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ReplayRefusal {
    /// A delivery or a subscription that it names does not exist in that organization (any more).
    #[error("it does not exist")]
    Unknown,
    /// So many are running.
    #[error("{0} replays are running; wait until one has ended, or cancel one")]
    TooMany(usize),
    /// The idempotency key belongs to another request.
    #[error("the idempotency key was used for another request")]
    KeyReused,
}

/// What a replay would do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ReplayEstimate {
    /// What would be made and skipped.
    pub counts: ReplayCounts,
    /// Whether that is all. Otherwise counting was ended early, and there are more.
    pub complete: bool,
}

/// One page of an organization's replays, newest first.
#[derive(Debug, Clone)]
pub struct ReplayPage {
    /// The replays.
    pub replays: Vec<Replay>,
    /// The next page starts below this number; `None` on the last one.
    pub next: Option<u32>,
}

/// What is left to be done for replays after a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReplayWork {
    /// Nothing.
    None,
    /// Nothing at the moment: rates or what waits already leave no room.
    Later,
    /// More than a step takes.
    Now,
}

/// What a delivery repeats: kept with its row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Repetition {
    /// The replay that made it.
    pub(crate) replay: u32,
    /// Where the delivery is kept that it repeats. Of a replay, the one whose id is the `webhook-id`.
    pub(crate) of: DeliveryKey,
}

impl Repetition {
    /// The public id of the delivery that is repeated; `accepted_at` is their common action's.
    pub(crate) const fn of_id(&self, accepted_at: Timestamp) -> DeliveryId {
        DeliveryId::new(accepted_at, self.of.sequence, self.of.receiver)
    }

    const BYTES: usize = 16;

    /// As a row keeps it.
    pub(crate) fn pack(&self) -> [u8; Self::BYTES] {
        let mut packed = [0; Self::BYTES];
        let parts = self
            .of
            .sequence
            .get()
            .to_be_bytes()
            .into_iter()
            .chain(self.of.receiver.get().to_be_bytes())
            .chain(self.replay.to_be_bytes());
        packed.iter_mut().zip(parts).for_each(|(to, from)| *to = from);
        packed
    }

    /// What [`Self::pack`] made; `None` for anything else.
    pub(crate) fn unpack(packed: &[u8]) -> Option<Self> {
        let (sequence, rest) = packed.split_first_chunk::<8>()?;
        let (receiver, rest) = rest.split_first_chunk::<4>()?;
        let replay = <[u8; 4]>::try_from(rest).ok()?;
        Some(Self {
            replay: u32::from_be_bytes(replay),
            of: DeliveryKey {
                receiver: ReceiverNumber::new(u32::from_be_bytes(*receiver)),
                sequence: Sequence::new(u64::from_be_bytes(*sequence)),
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_packed_is_unpacked() {
        let of = DeliveryKey { receiver: ReceiverNumber::new(u32::MAX - 1), sequence: Sequence::MAXIMUM };
        let repetition = Repetition { replay: 77, of };
        assert_eq!(Repetition::unpack(&repetition.pack()), Some(repetition));
        assert_eq!(Repetition::unpack(&[0; 15]), None);
        assert_eq!(Repetition::unpack(&[0; 17]), None);
    }
}
