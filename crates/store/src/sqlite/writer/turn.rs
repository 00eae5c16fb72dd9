//! What a request can use while it is performed.

use rendezhook_domain::organization::Organization;
use rendezhook_domain::sequence::OrganizationNumber;
use rendezhook_secrets::KeyEncryptionKey;
use rusqlite::Connection;

use crate::feed::CommittedAction;
use crate::sqlite::memory::Memory;

/// One transaction of the writer.
pub(in crate::sqlite) struct Turn<'a> {
    pub(in crate::sqlite) connection: &'a Connection,
    /// Put back as it was when the transaction fails.
    pub(in crate::sqlite) memory: &'a mut Memory,
    pub(in crate::sqlite) key: &'a KeyEncryptionKey,
    /// What goes to the feed once the transaction is on disk.
    pub(in crate::sqlite) committed: Vec<CommittedAction>,
}

impl Turn<'_> {
    /// An organization with what this turn has changed.
    pub(in crate::sqlite) fn organization(&self, number: OrganizationNumber) -> Option<&Organization> {
        match &self.memory.draft {
            Some(draft) => draft.organization(number),
            None => self.memory.catalogue.organization(number).map(|entry| &entry.organization),
        }
    }
}
