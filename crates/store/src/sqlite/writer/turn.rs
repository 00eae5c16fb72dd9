//! What a request can use while it is performed.

use std::sync::Arc;

use rendezhook_domain::organization::Organization;
use rendezhook_domain::sequence::{OrganizationNumber, ReceiverNumber, SubscriptionNumber};
use rendezhook_domain::time::Timestamp;
use rendezhook_domain::timer::Timer;
use rendezhook_secrets::KeyEncryptionKey;
use rusqlite::Connection;

use crate::feed::{CommittedAction, CommittedDelivery};
use crate::sqlite::fault::Fault;
use crate::sqlite::memory::Memory;
use crate::waiting::{For, WaitingChanges};

/// One transaction of the writer.
pub(in crate::sqlite) struct Turn<'a> {
    pub(in crate::sqlite) connection: &'a Connection,
    /// Put back as it was when the transaction fails.
    pub(in crate::sqlite) memory: &'a mut Memory,
    pub(in crate::sqlite) key: &'a KeyEncryptionKey,
    /// What goes to the feed once the transaction is on disk.
    pub(in crate::sqlite) committed: Vec<CommittedAction>,
    /// When the earliest of the firings is due that were written, which is told once the transaction is on disk.
    pub(in crate::sqlite) earliest_firing: Option<Timestamp>,
    /// How many more deliveries wait, or fewer, which is told once the transaction is on disk.
    pub(in crate::sqlite) waiting: WaitingChanges,
}

impl Turn<'_> {
    /// A firing was written that is due at this instant.
    pub(in crate::sqlite) fn note_firing(&mut self, due_at: Timestamp) {
        self.earliest_firing = Some(self.earliest_firing.map_or(due_at, |earliest| earliest.min(due_at)));
    }

    /// A delivery was written as waiting.
    pub(in crate::sqlite) fn note_waiting(
        &mut self,
        organization: OrganizationNumber,
        delivery: &CommittedDelivery,
    ) {
        let whose = For { organization, receiver: delivery.receiver };
        self.waiting.add(delivery.subscription, whose, 1);
    }

    /// A delivery does not wait any more.
    pub(in crate::sqlite) fn note_ended(
        &mut self,
        organization: OrganizationNumber,
        receiver: ReceiverNumber,
        subscription: SubscriptionNumber,
    ) {
        self.waiting.add(subscription, For { organization, receiver }, -1);
    }

    /// The organization of a receiver, which is there as long as the organization.
    pub(in crate::sqlite) fn organization_of(
        &self,
        receiver: ReceiverNumber,
    ) -> Result<OrganizationNumber, Fault> {
        let mut statement =
            self.connection.prepare_cached("SELECT organization FROM receiver WHERE number = ?1")?;
        let number: u32 = statement.query_row([receiver.get()], |row| row.get(0))?;
        Ok(OrganizationNumber::new(number))
    }

    /// The timers of an organization with what this turn has changed.
    pub(in crate::sqlite) fn timers(&self, number: OrganizationNumber) -> &[Arc<Timer>] {
        match &self.memory.draft {
            Some(draft) => draft.timers(number),
            None => self.memory.catalogue.organization(number).map_or(&[], |entry| entry.timers.as_slice()),
        }
    }

    /// An organization with what this turn has changed.
    pub(in crate::sqlite) fn organization(&self, number: OrganizationNumber) -> Option<&Organization> {
        match &self.memory.draft {
            Some(draft) => draft.organization(number),
            None => self.memory.catalogue.organization(number).map(|entry| &entry.organization),
        }
    }
}
