//! What readers of deliveries, attempts and resources see. Every function is limited to one organization.

use std::collections::HashMap;

use bytes::Bytes;
use rendezhook_domain::action::ActionName;
use rendezhook_domain::delivery::{
    DeliveryOrigin, DeliveryState, ExpiryReason, FinalState, FoldedDeliveries,
};
use rendezhook_domain::facts::Facts;
use rendezhook_domain::id::DeliveryId;
use rendezhook_domain::resource::{ResourceId, ResourceKind};
use rendezhook_domain::sequence::{ReceiverNumber, Sequence, SubscriptionNumber};
use rendezhook_domain::stage::Stage;
use rendezhook_domain::time::Timestamp;

use crate::record::{AttemptRecord, AttemptResult, AttemptTiming};

/// Which deliveries a list shows. All that is set has to hold.
#[derive(Debug, Clone, Default)]
pub struct DeliveryFilter {
    /// In this state.
    pub state: Option<DeliveryState>,
    /// Of this subscription.
    pub subscription: Option<SubscriptionNumber>,
    /// Of this resource.
    pub resource: Option<(ResourceKind, ResourceId)>,
    /// Accepted at or after.
    pub from: Option<Timestamp>,
    /// Accepted before.
    pub until: Option<Timestamp>,
}

/// How many deliveries ended in which way.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct EndedCounts {
    /// How many, by their final state. A state in which there is none is left out.
    pub ended: HashMap<FinalState, u64>,
    /// Whether all that are still kept were counted; otherwise only the newest of each receiver were.
    pub complete: bool,
}

impl EndedCounts {
    /// How many ended deliveries are looked at for one answer, those of other subscriptions of the same receiver included.
    pub const LOOKED_AT: usize = 20_000;
}

/// Where a list goes on: after (older than) this sequence. Lists run from the newest to the oldest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DeliveryCursor(pub Sequence);

/// One page of a list.
#[derive(Debug, Clone)]
pub struct DeliveryPage {
    /// Newest first.
    pub deliveries: Vec<DeliveryView>,
    /// Where the next page starts; `None` on the last one.
    pub next: Option<DeliveryCursor>,
}

/// A delivery as a reader sees it.
#[derive(Debug, Clone, PartialEq)]
pub struct DeliveryView {
    /// Its public id.
    pub id: DeliveryId,
    /// The subscription it is for.
    pub subscription: SubscriptionNumber,
    /// Why it was made.
    pub origin: DeliveryOrigin,
    /// What happened.
    pub action: ActionName,
    /// The place of its action in commit order.
    pub action_sequence: Sequence,
    /// The kind of the resource.
    pub kind: ResourceKind,
    /// The publisher's id of the resource.
    pub resource_id: ResourceId,
    /// The version of the resource that the action made.
    pub version: u64,
    /// When the action was accepted.
    pub accepted_at: Timestamp,
    /// Its state.
    pub state: DeliveryState,
    /// Attempts made so far.
    pub attempts: u16,
    /// When the next attempt is due; only while waiting.
    pub due_at: Option<Timestamp>,
    /// When it ended; only when it has.
    pub ended_at: Option<Timestamp>,
    /// Why it expired, when it did.
    pub expired_because: Option<ExpiryReason>,
    /// The last attempt in short.
    pub last: Option<LastAttempt>,
    /// The lane had moved on past it.
    pub overtaken: bool,
    /// The delivery that it repeats, when it is a replay or a backfill.
    pub repeats: Option<DeliveryId>,
    /// What was folded into it before its first attempt.
    pub folded: Option<FoldedDeliveries>,
    /// The newer delivery into which it was folded, which may have been folded in turn.
    pub folded_into: Option<DeliveryId>,
    /// A replay has handed over its message since it ended.
    pub handed_over: bool,
}

/// The last attempt of a delivery in short.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LastAttempt {
    /// When it began.
    pub started_at: Timestamp,
    /// The request with which it ended.
    pub stage: Stage,
    /// What came of it.
    pub result: AttemptResult,
    /// Where the time went.
    pub timing: AttemptTiming,
}

/// A delivery with what was to be sent.
#[derive(Debug, Clone)]
pub struct DeliveryDetail {
    /// The delivery.
    pub view: DeliveryView,
    /// The published resource; `None` once retention has removed it.
    pub resource: Option<Bytes>,
}

/// One page of a delivery's attempts, oldest first. Attempts without a kept exchange appear with their facts only.
#[derive(Debug, Clone)]
pub struct AttemptPage {
    /// The attempts.
    pub attempts: Vec<AttemptRecord>,
}

/// A stored resource.
#[derive(Debug, Clone)]
pub struct StoredResource {
    /// What is remembered beside the body.
    pub facts: Facts,
    /// The latest state: a JSON object. `None` when it was removed: then only its facts are known.
    pub body: Option<Bytes>,
}

/// Which resources of an organization are read. All that is set has to hold; removed ones are left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResourceQuery {
    /// Of this kind.
    pub kind: ResourceKind,
    /// With an id above this one.
    pub after: Option<ResourceId>,
    /// Last changed at or after, by the publisher's word ([`Facts::occurred_at`]).
    pub occurred_after: Option<Timestamp>,
    /// Last changed before.
    pub occurred_before: Option<Timestamp>,
    /// At most so many; more than [`Self::MAXIMUM_LIMIT`] counts as that.
    pub limit: usize,
}

impl ResourceQuery {
    /// Most resources that one page holds.
    pub const MAXIMUM_LIMIT: usize = 500;
}

/// One page of an organization's resources of a kind, in the order of the bytes of their ids.
///
/// A page may hold fewer resources than the limit, even none, and still not be the last one: what is read at once is bounded
/// in rows and in bytes of bodies. Pages that follow each other are no snapshot: what changes in between is seen as it
/// is when its page is read.
#[derive(Debug, Clone, Default)]
pub struct ResourcePage {
    /// The resources.
    pub resources: Vec<ListedResource>,
    /// The next page starts after this id; `None` on the last one.
    pub next: Option<ResourceId>,
}

/// A stored resource that was not removed.
#[derive(Debug, Clone)]
pub struct ListedResource {
    /// The publisher's id.
    pub id: ResourceId,
    /// What is remembered beside the body.
    pub facts: Facts,
    /// The latest state: a JSON object.
    pub body: Bytes,
}

/// Whose backlog is looked at.
#[derive(Debug, Clone, Copy)]
pub struct BacklogQuery {
    /// Of this receiver.
    pub receiver: ReceiverNumber,
    /// Only of this subscription.
    pub subscription: Option<SubscriptionNumber>,
    /// Now.
    pub now: Timestamp,
    /// At how many deliveries a second it would drain, to tell which expire before their turn.
    pub rate: Option<u32>,
    /// What was accepted before this instant would be left out, as [`Skip`](crate::skip::Skip) says.
    pub skip_before: Option<Timestamp>,
}

/// What waits for a receiver.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Backlog {
    /// Deliveries that wait.
    pub waiting: u64,
    /// Those of them that would be left out.
    pub skipped: u64,
    /// Those of the others whose time ran out already.
    pub expired: u64,
    /// Those whose time runs out within an hour.
    pub expiring_within_an_hour: u64,
    /// Those whose time runs out before their turn, when a rate was given.
    pub expiring_before_their_turn: u64,
    /// When the action of the oldest one was accepted.
    pub oldest_accepted_at: Option<Timestamp>,
    /// Whether all were counted. Otherwise counting ended early, and there are more.
    pub complete: bool,
}

impl Backlog {
    /// Those that would be sent.
    #[must_use]
    pub const fn to_be_sent(&self) -> u64 {
        self.waiting
            .saturating_sub(self.skipped)
            .saturating_sub(self.expired)
            .saturating_sub(self.expiring_before_their_turn)
    }
}

/// Numbers about the whole store, for readiness and the operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StoreFigures {
    /// Deliveries whose end is not recorded.
    pub pending_deliveries: u64,
    /// The highest sequence given so far.
    pub highest_sequence: Sequence,
}
