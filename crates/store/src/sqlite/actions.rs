//! Actions and bodies as rows.

use std::sync::Arc;

use bytes::Bytes;
use rendezhook_domain::accepted::AcceptedAction;
use rendezhook_domain::action::ActionName;
use rendezhook_domain::resource::{ResourceId, ResourceKind};
use rendezhook_domain::sequence::{OrganizationNumber, Sequence};
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::fault::unreadable;
use super::values::{coded, optional_timestamp, parsed, resource, sequence, stored, timestamp, unsigned};

/// Writes an action whose last delivery so far has this sequence.
pub(super) fn insert_action(
    connection: &Connection,
    action: &AcceptedAction,
    body: u64,
    last_delivery: Sequence,
) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO action (sequence, organization, resource, kind, resource_id, name, version, user, occurred_at,
                 accepted_at, expires_at, body, last_delivery, representations, changes)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)",
        )?
        .execute(params![
            stored(action.sequence.get()),
            action.organization.get(),
            stored(action.resource_number.get()),
            action.kind.code(),
            action.resource_id.as_str(),
            action.name.as_str(),
            stored(action.version),
            action.user.as_deref(),
            action.occurred_at.milliseconds(),
            action.accepted_at.milliseconds(),
            action.expires_at.map(|instant| instant.milliseconds()),
            stored(body),
            stored(last_delivery.get()),
            action.representations.as_deref(),
            action.changes.as_deref(),
        ])?;
    Ok(())
}

/// Writes a body.
pub(super) fn insert_body(connection: &Connection, number: u64, bytes: &[u8]) -> rusqlite::Result<()> {
    connection
        .prepare_cached("INSERT INTO body (number, bytes) VALUES (?1, ?2)")?
        .execute(params![stored(number), bytes])?;
    Ok(())
}

/// Removes a body.
pub(super) fn delete_body(connection: &Connection, number: u64) -> rusqlite::Result<()> {
    connection.prepare_cached("DELETE FROM body WHERE number = ?1")?.execute([stored(number)])?;
    Ok(())
}

/// An action with its body; `None` when either was removed by retention.
pub(super) fn read_action(
    connection: &Connection,
    wanted: Sequence,
) -> rusqlite::Result<Option<AcceptedAction>> {
    connection
        .prepare_cached(
            "SELECT sequence, organization, resource, kind, resource_id, name, version, user, occurred_at, accepted_at,
                 expires_at, representations, changes, bytes
             FROM action JOIN body ON body.number = action.body WHERE sequence = ?1",
        )?
        .query_row([stored(wanted.get())], accepted_action)
        .optional()
}

fn accepted_action(row: &Row<'_>) -> rusqlite::Result<AcceptedAction> {
    let user: Option<Arc<str>> = row.get(7)?;
    Ok(AcceptedAction {
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
        resource: Bytes::copy_from_slice(row.get_ref(13)?.as_blob()?),
    })
}

fn optional_bytes(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<Bytes>> {
    Ok(row.get_ref(column)?.as_blob_or_null()?.map(Bytes::copy_from_slice))
}

/// The id of a resource.
pub(super) fn resource_id(row: &Row<'_>, column: usize) -> rusqlite::Result<ResourceId> {
    ResourceId::new(row.get_ref(column)?.as_str()?).map_err(|_| unreadable(column, "the id of a resource"))
}
