//! Actions and bodies as rows.

use std::sync::Arc;

use bytes::Bytes;
use rendezhook_domain::accepted::AcceptedAction;
use rendezhook_domain::action::ActionName;
use rendezhook_domain::resource::{ResourceId, ResourceKind};
use rendezhook_domain::sequence::{OrganizationNumber, Sequence};
use rendezhook_domain::timer::Fired;
use rusqlite::{Connection, OptionalExtension, Row};

use super::fault::unreadable;
use super::values::{coded, optional_timestamp, parsed, resource, sequence, stored, timestamp, unsigned};

/// Removes a body.
pub(super) fn delete_body(connection: &Connection, number: u64) -> rusqlite::Result<()> {
    connection.prepare_cached("DELETE FROM body WHERE number = ?1")?.execute([stored(number)])?;
    Ok(())
}

/// The body is selected on its own: SQLite prepares a join anew for each value of its parameters, which takes longer than the
/// reading itself.
const READ_ACTION: &str = "SELECT sequence, organization, resource, kind, resource_id, name, version, user, occurred_at,
         accepted_at, expires_at, representations, changes, (SELECT bytes FROM body WHERE number = action.body), timer,
         late_by_seconds
     FROM action WHERE sequence = ?1";

/// An action with its body; `None` when either was removed by retention.
pub(super) fn read_action(
    connection: &Connection,
    wanted: Sequence,
) -> rusqlite::Result<Option<AcceptedAction>> {
    let found = connection
        .prepare_cached(READ_ACTION)?
        .query_row([stored(wanted.get())], accepted_action)
        .optional()?;
    Ok(found.flatten())
}

fn accepted_action(row: &Row<'_>) -> rusqlite::Result<Option<AcceptedAction>> {
    let Some(body) = row.get_ref(13)?.as_blob_or_null()? else {
        return Ok(None);
    };
    let user: Option<Arc<str>> = row.get(7)?;
    Ok(Some(AcceptedAction {
        sequence: sequence(row, 0)?,
        organization: OrganizationNumber::new(row.get(1)?),
        resource_number: resource(row, 2)?,
        kind: coded(row, 3, "the number of a kind of resource", ResourceKind::from_code)?,
        resource_id: resource_id(row, 4)?,
        name: parsed::<ActionName>(row, 5, "the name of an action")?,
        version: unsigned(row, 6)?,
        user,
        occurred_at: timestamp(row, 8)?,
        accepted_at: timestamp(row, 9)?,
        expires_at: optional_timestamp(row, 10)?,
        representations: optional_bytes(row, 11)?,
        changes: optional_bytes(row, 12)?,
        resource: Bytes::copy_from_slice(body),
        fired: fired(row)?,
    }))
}

fn fired(row: &Row<'_>) -> rusqlite::Result<Option<Fired>> {
    let timer: Option<Arc<str>> = row.get(14)?;
    let Some(timer) = timer else { return Ok(None) };
    Ok(Some(Fired { timer, late_by_seconds: row.get(15)? }))
}

fn optional_bytes(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<Bytes>> {
    Ok(row.get_ref(column)?.as_blob_or_null()?.map(Bytes::copy_from_slice))
}

/// The id of a resource.
pub(super) fn resource_id(row: &Row<'_>, column: usize) -> rusqlite::Result<ResourceId> {
    ResourceId::new(row.get_ref(column)?.as_str()?).map_err(|_| unreadable(column, "the id of a resource"))
}

#[cfg(test)]
mod tests {
    use rusqlite::StatementStatus;

    use super::*;
    use crate::sqlite::migration::migrate;
    use crate::sqlite::reader::READ_RESOURCE;

    #[test]
    fn what_is_read_at_every_step_is_not_prepared_anew() {
        let mut connection = Connection::open_in_memory().unwrap();
        migrate(&mut connection).unwrap();
        for statement in [READ_ACTION, READ_RESOURCE] {
            let mut statement = connection.prepare(statement).unwrap();
            for value in 0..5 {
                for parameter in 1..=statement.parameter_count() {
                    statement.raw_bind_parameter(parameter, value).unwrap();
                }
                assert!(statement.raw_query().next().unwrap().is_none());
            }
            assert_eq!(statement.get_status(StatementStatus::RePrepare), 0);
        }
    }
}
