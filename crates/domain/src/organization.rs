//! The tenant.

use std::sync::Arc;

use crate::id::OrganizationId;
use crate::sequence::OrganizationNumber;
use crate::subscription::VyteBody;
use crate::time::Timestamp;

/// An organization: it owns keys, subscriptions, resources and deliveries, and sees nothing of any other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Organization {
    /// Its number in the store.
    pub number: OrganizationNumber,
    /// Its public id.
    pub id: OrganizationId,
    /// What people call it, 1 to 255 characters.
    pub name: Arc<str>,
    /// Its id on the Vyte surface: 24 lower-case hexadecimal digits.
    pub vyte_id: Arc<str>,
    /// How deliveries of its Vyte hooks are wrapped, unless a hook says otherwise.
    pub vyte_body: VyteBody,
    /// Whether lists of doo hooks hide `client_secret`, which the document shows in clear.
    pub masks_doo_secrets: bool,
    /// Whether people may join through its join link.
    pub join_link: bool,
    /// When it was made.
    pub created_at: Timestamp,
}
