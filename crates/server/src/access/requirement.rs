//! Permissions as types, so that a handler's signature is its rule.

use rendezhook_domain::access::Permission;

/// The permission a handler needs.
pub(crate) trait Requirement: Send + 'static {
    /// Which one.
    const PERMISSION: Permission;
}

/// Read subscriptions, deliveries and resources.
pub(crate) struct Read;

/// Create, change and delete subscriptions, see their secrets, send tests.
pub(crate) struct ManageSubscriptions;

/// Publish actions and resources.
pub(crate) struct Publish;

/// Create and revoke keys, change the organization.
pub(crate) struct ManageOrganization;

impl Requirement for Read {
    const PERMISSION: Permission = Permission::Read;
}

impl Requirement for ManageSubscriptions {
    const PERMISSION: Permission = Permission::ManageSubscriptions;
}

impl Requirement for Publish {
    const PERMISSION: Permission = Permission::Publish;
}

impl Requirement for ManageOrganization {
    const PERMISSION: Permission = Permission::ManageOrganization;
}
