//! An action as it was accepted: all that its deliveries are built from.

use std::sync::Arc;

use bytes::Bytes;

use crate::action::ActionName;
use crate::id::ActionId;
use crate::resource::{ResourceId, ResourceKind};
use crate::sequence::{OrganizationNumber, ResourceNumber, Sequence};
use crate::time::Timestamp;
use crate::timer::Fired;

/// An action that is committed.
///
/// Texts and bodies are shared, so that a fan-out to many subscriptions holds one copy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AcceptedAction {
    /// Its place in commit order.
    pub sequence: Sequence,
    /// The organization it belongs to.
    pub organization: OrganizationNumber,
    /// What happened.
    pub name: ActionName,
    /// The kind of the resource.
    pub kind: ResourceKind,
    /// The publisher's id of the resource.
    pub resource_id: ResourceId,
    /// The store's number of the resource; with a receiver it names the lane.
    pub resource_number: ResourceNumber,
    /// The version of the resource that this action made, from 1: the lane sequence a receiver sees.
    pub version: u64,
    /// The user it concerns, when the publisher named one.
    pub user: Option<Arc<str>>,
    /// When it happened, by the publisher's word; the time of acceptance when it gave none.
    pub occurred_at: Timestamp,
    /// When it was accepted.
    pub accepted_at: Timestamp,
    /// After which no attempt is made.
    pub expires_at: Option<Timestamp>,
    /// The whole state of the resource: a JSON object in UTF-8, as it was published.
    pub resource: Bytes,
    /// What the publisher rendered itself, by dialect: a JSON object in UTF-8.
    pub representations: Option<Bytes>,
    /// What changed against the state before: a JSON array of pointers (RFC 6901), for derived actions.
    pub changes: Option<Bytes>,
    /// What fired it, when it waited for its time; `None` for what happened as it was published.
    pub fired: Option<Fired>,
}

impl AcceptedAction {
    /// Its public id.
    #[must_use]
    pub const fn id(&self) -> ActionId {
        ActionId::new(self.accepted_at, self.sequence, self.organization)
    }
}
