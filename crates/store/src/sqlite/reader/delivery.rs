//! One delivery by its id.

use bytes::Bytes;
use rendezhook_domain::id::DeliveryId;
use rendezhook_domain::sequence::OrganizationNumber;
use rusqlite::{Connection, OptionalExtension};

use super::row::{ActionSummary, DeliveryRow, action_summary, find};
use crate::pending::DeliveryKey;
use crate::read::DeliveryDetail;
use crate::sqlite::fault::Fault;
use crate::sqlite::values::stored;

/// A delivery with the resource it carries.
pub(in crate::sqlite) fn delivery(
    connection: &Connection,
    organization: OrganizationNumber,
    id: DeliveryId,
) -> Result<Option<DeliveryDetail>, Fault> {
    let Some((row, action)) = find_of(connection, organization, id)? else { return Ok(None) };
    let resource = connection
        .prepare_cached(
            "SELECT bytes FROM action JOIN body ON body.number = action.body WHERE sequence = ?1",
        )?
        .query_row([stored(row.action.get())], |row| Ok(Bytes::copy_from_slice(row.get_ref(0)?.as_blob()?)))
        .optional()?;
    Ok(Some(DeliveryDetail { view: row.view(&action), resource }))
}

/// A delivery of an organization by its id, of which every part has to be right.
pub(super) fn find_of(
    connection: &Connection,
    organization: OrganizationNumber,
    id: DeliveryId,
) -> Result<Option<(DeliveryRow, ActionSummary)>, Fault> {
    let key = DeliveryKey { receiver: id.receiver(), sequence: id.sequence() };
    let Some(row) = find(connection, key)? else { return Ok(None) };
    let action = action_summary(connection, row.action)?;
    let own =
        action.filter(|action| action.organization == organization && action.accepted_at == id.accepted_at());
    Ok(own.map(|action| (row, action)))
}
