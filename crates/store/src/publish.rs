//! Committing what was published.

use std::sync::Arc;

use bytes::Bytes;
use rendezhook_domain::action::ActionName;
use rendezhook_domain::delivery::DeliveryOrigin;
use rendezhook_domain::facts::Facts;
use rendezhook_domain::resource::{ResourceId, ResourceKind};
use rendezhook_domain::sequence::{OrganizationNumber, ReceiverNumber, Sequence, SubscriptionNumber};
use rendezhook_domain::time::Timestamp;
use rendezhook_domain::timer::Fired;

use crate::catalogue::CatalogueVersion;
use crate::firing::{FiringKey, NewScheduled, ResourceFirings};

/// One request of a publisher, decided and ready to commit: all of it or nothing.
#[derive(Debug, Clone)]
pub struct Publish {
    /// Whose actions these are.
    pub organization: OrganizationNumber,
    /// The catalogue from which the subscriptions were matched.
    pub catalogue: CatalogueVersion,
    /// The time of acceptance.
    pub accepted_at: Timestamp,
    /// The publisher's `Idempotency-Key`.
    pub idempotency: Option<IdempotencyClaim>,
    /// Whether only a repetition of a committed request is answered, and anything new refused.
    pub repetition_only: bool,
    /// What happened, in order; a resource may appear more than once.
    pub changes: Vec<ResourceChange>,
    /// Actions that are delivered later, in order; each key at most once.
    pub scheduled: Vec<NewScheduled>,
    /// The firing that this request is of. It has to be there still, with the same time, and is gone once this is committed: so it
    /// fires once, and loses against whoever moved it.
    pub firing: Option<FiringKey>,
}

/// A publisher's promise that a repeated request is the same one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdempotencyClaim {
    /// The key: 1 to 255 visible ASCII characters.
    pub key: Arc<str>,
    /// SHA-256 over method, path and body of the request.
    pub fingerprint: [u8; 32],
    /// Until when a repetition is answered from memory.
    pub expires_at: Timestamp,
}

/// What happened to one resource.
#[derive(Debug, Clone)]
pub struct ResourceChange {
    /// The kind of the resource.
    pub kind: ResourceKind,
    /// The publisher's id of the resource.
    pub resource_id: ResourceId,
    /// The version this was decided from; `None` when there is no such resource.
    pub expected: Option<u64>,
    /// The facts after the change.
    pub facts: Facts,
    /// Whether `body` becomes the stored state (it does not when what happened is older than that state).
    pub stores_body: bool,
    /// The state of the resource that the actions carry: a JSON object.
    pub body: Bytes,
    /// The actions, in order. May be empty when only the state changed.
    pub actions: Vec<NewAction>,
    /// The firings that go with the resource's state from now on; `None` leaves those it has.
    pub firings: Option<ResourceFirings>,
}

/// One action to be committed.
#[derive(Debug, Clone)]
pub struct NewAction {
    /// What happened.
    pub name: ActionName,
    /// The version of the resource that this action makes.
    pub version: u64,
    /// The user it concerns.
    pub user: Option<Arc<str>>,
    /// When it happened.
    pub occurred_at: Timestamp,
    /// After which no attempt is made.
    pub expires_at: Option<Timestamp>,
    /// What the publisher rendered itself, by dialect.
    pub representations: Option<Bytes>,
    /// What changed: a JSON array of pointers.
    pub changes: Option<Bytes>,
    /// For whom it is, in the order of the catalogue.
    pub matched: Vec<Matched>,
    /// What fired it, when it waited for its time.
    pub fired: Option<Fired>,
}

/// One subscription an action is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Matched {
    /// The subscription.
    pub subscription: SubscriptionNumber,
    /// Its receiver.
    pub receiver: ReceiverNumber,
}

/// A delivery of its own for one subscription: it touches no resource and stands in no other delivery's lane.
#[derive(Debug, Clone)]
pub struct DetachedDelivery {
    /// Whose it is.
    pub organization: OrganizationNumber,
    /// Why it is made.
    pub origin: DeliveryOrigin,
    /// For whom.
    pub matched: Matched,
    /// What its action is called.
    pub name: ActionName,
    /// The kind of the resource it carries.
    pub kind: ResourceKind,
    /// The id of the resource it carries.
    pub resource_id: ResourceId,
    /// The resource it carries.
    pub body: Bytes,
    /// The version of the resource that it carries.
    pub version: u64,
    /// When that version came about.
    pub occurred_at: Timestamp,
    /// The time of acceptance.
    pub accepted_at: Timestamp,
    /// When its first attempt is due.
    pub due_at: Timestamp,
}

impl DetachedDelivery {
    /// How many of them the store takes at once: what a turn of its writer has room for.
    pub const MAXIMUM_TOGETHER: usize = 500;
}

/// The store's answer to a [`Publish`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PublishOutcome {
    /// Durable.
    Committed(Receipt),
    /// The same request was committed before under this idempotency key.
    Replayed(Receipt),
    /// Another request was committed before under this idempotency key.
    KeyReused,
    /// Some resources have other facts than the request was decided from. Nothing is committed; decide anew.
    Stale(Vec<StaleResource>),
    /// The organization's part of the catalogue is newer than the one the request was decided from. Nothing is committed; match
    /// anew.
    CatalogueChanged,
    /// The firing that the request is of is not there any more, or has another time. Nothing is committed.
    NotDue,
    /// As many actions of the organization wait for their time as may. Nothing is committed.
    TooManyScheduled,
    /// Only a repetition was to be answered, and nothing was committed under this key before.
    NotRepeated,
}

/// The facts of a resource as they are, where the request expected others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StaleResource {
    /// Its place in [`Publish::changes`].
    pub change: usize,
    /// The facts as they are; `None` when there is no such resource.
    pub facts: Option<Facts>,
}

/// What was committed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// The time of acceptance, which is part of the ids.
    pub accepted_at: Timestamp,
    /// Each action, in the order of the request.
    pub actions: Vec<ReceiptAction>,
}

/// One committed action.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReceiptAction {
    /// Its place in commit order.
    pub sequence: Sequence,
    /// How many deliveries it makes.
    pub deliveries: u32,
}
