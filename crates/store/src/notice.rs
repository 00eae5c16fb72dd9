//! The server's own notices: actions that nobody publishes, about the organization's subscriptions and deliveries.

use bytes::Bytes;
use rendezhook_domain::action::ActionName;
use rendezhook_domain::resource::ResourceId;

use crate::certificate::KeptCertificate;
use crate::health::KeptHealth;
use crate::publish::Matched;

/// A notice, decided and ready to commit. Those about one subscription stand in one lane; one about a delivery in a lane of
/// its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// Which one: of [`NOTICES`](rendezhook_domain::action::NOTICES).
    pub name: ActionName,
    /// The public id of the subscription or the delivery it is about.
    pub resource_id: ResourceId,
    /// What it says: a JSON object.
    pub body: Bytes,
    /// For whom it is, in the order of the catalogue. Those that were deleted in between get nothing.
    pub matched: Vec<Matched>,
}

/// What the end of an attempt means beyond its own delivery. Committed with the record of that attempt, so that neither is
/// there without the other.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Consequences {
    /// Notices it raises.
    pub notices: Vec<Notice>,
    /// A notice it raises if it is this record that disables the subscription, and not one before it.
    pub if_disabled: Option<Notice>,
    /// How the subscription does now, when that changed in more than numbers.
    pub health: Option<KeptHealth>,
    /// What is new of the certificate that the target showed, to be remembered in place of the one before.
    pub certificate: Option<KeptCertificate>,
}
