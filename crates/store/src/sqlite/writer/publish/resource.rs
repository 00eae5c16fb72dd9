//! The row of a resource: its facts and its latest state.

use rendezhook_domain::facts::Facts;
use rendezhook_domain::resource::ResourceKind;
use rendezhook_domain::sequence::{OrganizationNumber, ResourceNumber};
use rusqlite::{CachedStatement, Connection, OptionalExtension, params};

use crate::publish::ResourceChange;
use crate::sqlite::actions::delete_body;
use crate::sqlite::fault::Fault;
use crate::sqlite::flags::{BODY_IS_OWN, facts_from, flags_of};
use crate::sqlite::values::{resource, stored, unsigned};
use crate::sqlite::writer::turn::Turn;

/// A resource as a request finds it, or leaves it.
pub(super) struct KnownResource {
    /// While checking: the facts that the next change is compared with.
    pub(super) facts: Option<Facts>,
    number: Option<ResourceNumber>,
    body: Option<u64>,
    /// No action shares the body.
    body_is_own: bool,
}

/// The statement that reads resources.
pub(super) struct Reading<'connection>(CachedStatement<'connection>);

impl<'connection> Reading<'connection> {
    pub(super) fn new(connection: &'connection Connection) -> Result<Self, Fault> {
        let statement = connection.prepare_cached(
            "SELECT number, version, occurred_at, flags, confirmed_time, created_at, body FROM resource
             WHERE organization = ?1 AND kind = ?2 AND id = ?3",
        )?;
        Ok(Self(statement))
    }

    /// Reads a resource; one that does not exist has neither facts nor number.
    pub(super) fn read(
        &mut self,
        organization: OrganizationNumber,
        kind: ResourceKind,
        id: &str,
    ) -> Result<KnownResource, Fault> {
        let found = self
            .0
            .query_row(params![organization.get(), kind.code(), id], |row| {
                let flags: u8 = row.get(3)?;
                let body: Option<i64> = row.get(6)?;
                Ok(KnownResource {
                    facts: Some(facts_from(row, 1)?),
                    number: Some(resource(row, 0)?),
                    body: body.map(|_| unsigned(row, 6)).transpose()?,
                    body_is_own: flags & BODY_IS_OWN != 0,
                })
            })
            .optional()?;
        Ok(found.unwrap_or(KnownResource { facts: None, number: None, body: None, body_is_own: false }))
    }
}

impl KnownResource {
    /// Writes the resource as a change leaves it. `body` is the number of the change's body, when it was written.
    pub(super) fn write(
        &mut self,
        turn: &mut Turn<'_>,
        organization: OrganizationNumber,
        change: &ResourceChange,
        body: Option<u64>,
    ) -> Result<ResourceNumber, Fault> {
        let replaces_state = change.stores_body || change.facts.removed;
        if replaces_state {
            self.drop_old_body(turn)?;
            self.body = if change.facts.removed { None } else { body };
            self.body_is_own = change.actions.is_empty();
        }
        let existing = self.number;
        let number = existing.unwrap_or_else(|| ResourceNumber::new(turn.memory.counters.resource.take(1)));
        self.number = Some(number);
        let own = if self.body_is_own { BODY_IS_OWN } else { 0 };
        let query = if existing.is_some() {
            "UPDATE resource SET number = ?4, version = ?5, occurred_at = ?6, flags = ?7, confirmed_time = ?8, body = ?9, created_at = ?10
             WHERE organization = ?1 AND kind = ?2 AND id = ?3"
        } else {
            "INSERT INTO resource
                 (organization, kind, id, number, version, occurred_at, flags, confirmed_time, body, created_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)"
        };
        turn.connection.prepare_cached(query)?.execute(params![
            organization.get(),
            change.kind.code(),
            change.resource_id.as_str(),
            stored(number.get()),
            stored(change.facts.version),
            change.facts.occurred_at.milliseconds(),
            flags_of(&change.facts) | own,
            change.facts.confirmed_time.map(|instant| instant.milliseconds()),
            self.body.map(stored),
            change.facts.created_at.map(|instant| instant.milliseconds()),
        ])?;
        Ok(number)
    }

    /// A body that an action shares is left to retention, unless retention has passed it by because it was this state.
    fn drop_old_body(&self, turn: &Turn<'_>) -> Result<(), Fault> {
        if let Some(old) = self.body
            && (self.body_is_own || old <= turn.memory.retention.body_floor)
        {
            delete_body(turn.connection, old)?;
        }
        Ok(())
    }
}
