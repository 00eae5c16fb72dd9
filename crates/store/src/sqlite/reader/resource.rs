//! Stored resources.

use bytes::Bytes;
use rendezhook_domain::resource::{ResourceId, ResourceKind};
use rendezhook_domain::sequence::OrganizationNumber;
use rusqlite::{Connection, OptionalExtension, params};

use crate::read::StoredResource;
use crate::sqlite::fault::Fault;
use crate::sqlite::flags::facts_from;

/// The latest state of a resource; `None` when there never was one. A removed one has facts and no body.
pub(in crate::sqlite) fn resource(
    connection: &Connection,
    organization: OrganizationNumber,
    kind: ResourceKind,
    id: &ResourceId,
) -> Result<Option<StoredResource>, Fault> {
    let stored = connection
        .prepare_cached(
            "SELECT version, occurred_at, flags, confirmed_time, bytes
             FROM resource LEFT JOIN body ON body.number = resource.body
             WHERE organization = ?1 AND kind = ?2 AND id = ?3",
        )?
        .query_row(params![organization.get(), kind.code(), id.as_str()], |row| {
            let body = row.get_ref(4)?.as_blob_or_null()?.map(Bytes::copy_from_slice);
            Ok(StoredResource { facts: facts_from(row, 0)?, body })
        })
        .optional()?;
    Ok(stored)
}
