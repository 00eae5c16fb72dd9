//! Where deliveries stand in the history of their resource.

use std::collections::HashMap;

use rendezhook_domain::delivery::FinalState;
use rendezhook_domain::sequence::{ReceiverNumber, ResourceNumber, Sequence};
use rusqlite::{CachedStatement, Connection, OptionalExtension, params};

use crate::sqlite::fault::Fault;
use crate::sqlite::values::{resource, sequence, stored, unsigned};

/// How many earlier actions of a resource are looked at for the one that its receiver was handed last. A receiver that wants
/// few of many actions would otherwise cost a look at all of them.
const EARLIER_ACTIONS: usize = 50;

/// An action of a resource, and the highest sequence of its deliveries.
#[derive(Debug, Clone, Copy)]
struct Earlier {
    action: Sequence,
    version: u64,
    last_delivery: Sequence,
}

/// Finds what was handed over before, for many deliveries: those of one action look at the same earlier ones.
pub(super) struct Predecessors<'connection> {
    action_before: CachedStatement<'connection>,
    handed_over: CachedStatement<'connection>,
    resource_of: CachedStatement<'connection>,
    known: HashMap<(ResourceNumber, Sequence), Option<Earlier>>,
}

impl<'connection> Predecessors<'connection> {
    pub(super) fn new(connection: &'connection Connection) -> Result<Self, Fault> {
        Ok(Self {
            action_before: connection.prepare_cached(
                "SELECT sequence, version, last_delivery FROM action WHERE resource = ?1 AND sequence < ?2
                 ORDER BY sequence DESC LIMIT 1",
            )?,
            handed_over: connection.prepare_cached(
                "SELECT 1 FROM done
                 WHERE receiver = ?1 AND sequence > ?2 AND sequence <= ?3 AND action = ?2 AND state = ?4 LIMIT 1",
            )?,
            resource_of: connection.prepare_cached("SELECT resource FROM action WHERE sequence = ?1")?,
            known: HashMap::new(),
        })
    }

    /// The newest version of the resource, of those before this action, that the receiver has accepted.
    pub(super) fn previous(
        &mut self,
        receiver: ReceiverNumber,
        action: Sequence,
    ) -> Result<Option<u64>, Fault> {
        let found = self.resource_of.query_row([stored(action.get())], |row| resource(row, 0)).optional()?;
        let Some(resource) = found else { return Ok(None) };
        let mut below = action;
        for _ in 0..EARLIER_ACTIONS {
            let Some(earlier) = self.before(resource, below)? else { return Ok(None) };
            if self.was_handed_over(receiver, &earlier)? {
                return Ok(Some(earlier.version));
            }
            below = earlier.action;
        }
        Ok(None)
    }

    fn before(&mut self, resource: ResourceNumber, below: Sequence) -> Result<Option<Earlier>, Fault> {
        if let Some(known) = self.known.get(&(resource, below)) {
            return Ok(*known);
        }
        let earlier = self
            .action_before
            .query_row(params![stored(resource.get()), stored(below.get())], |row| {
                Ok(Earlier {
                    action: sequence(row, 0)?,
                    version: unsigned(row, 1)?,
                    last_delivery: sequence(row, 2)?,
                })
            })
            .optional()?;
        self.known.insert((resource, below), earlier);
        Ok(earlier)
    }

    fn was_handed_over(&mut self, receiver: ReceiverNumber, earlier: &Earlier) -> Result<bool, Fault> {
        Ok(self.handed_over.exists(params![
            receiver.get(),
            stored(earlier.action.get()),
            stored(earlier.last_delivery.get()),
            FinalState::Delivered.code(),
        ])?)
    }
}
