//! Actions whose deliveries are still to be written.

use std::collections::{BTreeMap, HashMap};

use rendezhook_domain::sequence::{ResourceNumber, Sequence};
use rusqlite::Connection;

use crate::sqlite::values::{resource, sequence};

/// Actions whose deliveries are still to be written. They are written in the order of the actions, so a resource's later
/// actions, which join here while it has one, come after its earlier ones.
#[derive(Debug, Clone, Default)]
pub(in crate::sqlite) struct Fanouts {
    open: BTreeMap<Sequence, ResourceNumber>,
    by_resource: HashMap<ResourceNumber, usize>,
}

impl Fanouts {
    pub(in crate::sqlite) fn load(connection: &Connection) -> rusqlite::Result<Self> {
        let mut fanouts = Self::default();
        let mut statement = connection.prepare(
            "SELECT sequence, resource FROM action WHERE sequence IN (SELECT DISTINCT action FROM fanout)",
        )?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            fanouts.add(sequence(row, 0)?, resource(row, 1)?);
        }
        Ok(fanouts)
    }

    pub(in crate::sqlite) fn is_empty(&self) -> bool {
        self.open.is_empty()
    }

    /// Whether later actions of this resource have to queue.
    pub(in crate::sqlite) fn has(&self, resource: ResourceNumber) -> bool {
        self.by_resource.contains_key(&resource)
    }

    pub(in crate::sqlite) fn first(&self) -> Option<Sequence> {
        self.open.keys().next().copied()
    }

    pub(in crate::sqlite) fn add(&mut self, action: Sequence, resource: ResourceNumber) {
        if self.open.insert(action, resource).is_none() {
            *self.by_resource.entry(resource).or_default() += 1;
        }
    }

    pub(in crate::sqlite) fn finish(&mut self, action: Sequence) {
        let Some(resource) = self.open.remove(&action) else { return };
        if let Some(count) = self.by_resource.get_mut(&resource) {
            *count -= 1;
            if *count == 0 {
                self.by_resource.remove(&resource);
            }
        }
    }
}
