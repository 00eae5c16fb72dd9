//! One action as its publisher names it.

use std::sync::Arc;

use bytes::Bytes;
use rendezhook_domain::action::ActionName;
use rendezhook_domain::resource::{ResourceId, ResourceKind};
use rendezhook_domain::time::Timestamp;

/// An action to be published as it is named, nothing derived.
#[derive(Debug, Clone)]
pub struct Item {
    /// What happened.
    pub action: ActionName,
    /// The kind of the resource; has to be the one the action's name begins with.
    pub kind: ResourceKind,
    /// The publisher's id of the resource.
    pub resource_id: ResourceId,
    /// The whole state of the resource: a JSON object in UTF-8, already checked to be one.
    pub resource: Bytes,
    /// The user it concerns.
    pub user: Option<Arc<str>>,
    /// When it happened; now when `None`.
    pub occurred_at: Option<Timestamp>,
    /// After which no attempt is made.
    pub expires_at: Option<Timestamp>,
    /// What the publisher rendered itself, by dialect: a JSON object.
    pub representations: Option<Bytes>,
    /// When it is to be delivered, if not at once. The stored state of its resource then stays as it is.
    pub later: Option<Later>,
}

/// An action that is accepted now and delivered later.
#[derive(Debug, Clone)]
pub struct Later {
    /// When, at most [`MAXIMUM_AHEAD`](crate::MAXIMUM_AHEAD) from now; at once when it is past.
    pub deliver_at: Timestamp,
    /// By which it can be replaced and cancelled until then: 1 to 255 characters.
    pub key: Arc<str>,
}
