//! What was accepted although it does not fit its schema, by organization.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use rendezhook_domain::resource::{ResourceId, ResourceKind};
use rendezhook_domain::sequence::OrganizationNumber;
use rendezhook_domain::time::Timestamp;

use crate::Intake;
use crate::schema::Misfit;

/// What of one organization was accepted although it does not fit, since the start of the process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SchemaWarnings {
    /// How many states of resources.
    pub count: u64,
    /// When the last one was accepted.
    pub last_at: Timestamp,
    /// The kind of the last one.
    pub last_kind: ResourceKind,
    /// The id of the last one.
    pub last_id: ResourceId,
    /// What of the last one does not fit; at most [`MAXIMUM_WARNINGS`](crate::MAXIMUM_WARNINGS) parts.
    pub last_misfits: Vec<Misfit>,
}

/// The warnings of every organization that had any: one entry for each, of bounded size.
#[derive(Debug, Default)]
pub(crate) struct Warned(Mutex<HashMap<OrganizationNumber, SchemaWarnings>>);

impl Warned {
    /// Counts an accepted state with what does not fit of it, if anything.
    pub(crate) fn note(
        &self,
        organization: OrganizationNumber,
        kind: ResourceKind,
        id: &ResourceId,
        misfits: &[Misfit],
        now: Timestamp,
    ) {
        if misfits.is_empty() {
            return;
        }
        let mut warned = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let before = warned.get(&organization).map_or(0, |warnings| warnings.count);
        let warnings = SchemaWarnings {
            count: before.saturating_add(1),
            last_at: now,
            last_kind: kind,
            last_id: id.clone(),
            last_misfits: misfits.to_vec(),
        };
        warned.insert(organization, warnings);
    }
}

impl Intake {
    /// What of an organization was accepted although it does not fit, since this intake was made; `None` when everything fitted.
    #[must_use]
    pub fn schema_warnings(&self, organization: OrganizationNumber) -> Option<SchemaWarnings> {
        self.warned.0.lock().unwrap_or_else(PoisonError::into_inner).get(&organization).cloned()
    }
}
