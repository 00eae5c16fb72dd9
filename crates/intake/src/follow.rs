//! What follows from a resource's state by its organization's settings: when its timers are due, when its actions expire.

use std::sync::Arc;

use rendezhook_domain::action::ActionName;
use rendezhook_domain::expiry::default_expiry;
use rendezhook_domain::facts::Facts;
use rendezhook_domain::json::Json;
use rendezhook_domain::resource::ResourceKind;
use rendezhook_domain::time::Timestamp;
use rendezhook_domain::timer::firings;
use rendezhook_store::catalogue::OrganizationEntry;
use rendezhook_store::firing::ResourceFirings;

/// The firings that go with a new state; `None` when the organization has no timers at all, so that it pays nothing for them.
pub(crate) fn firings_of(
    organization: &OrganizationEntry,
    kind: ResourceKind,
    facts: &Facts,
    resource: &impl Json,
    user: Option<&Arc<str>>,
) -> Option<ResourceFirings> {
    if organization.timers.is_empty() {
        return None;
    }
    let due = firings(organization.timers_of(kind), facts, resource);
    Some(ResourceFirings { due, user: user.map(Arc::clone) })
}

/// After which no attempt is made: what the publisher said, else what its organization wants.
pub(crate) fn expiry(
    organization: &OrganizationEntry,
    given: Option<Timestamp>,
    action: &ActionName,
    facts: &Facts,
    resource: &impl Json,
    accepted_at: Timestamp,
) -> Option<Timestamp> {
    given.or_else(|| {
        let hours = organization.organization.default_expiry_hours?;
        default_expiry(hours, action, facts, resource, accepted_at)
    })
}
