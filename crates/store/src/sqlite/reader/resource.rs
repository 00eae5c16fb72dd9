//! Stored resources.

use bytes::Bytes;
use rendezhook_domain::resource::{ResourceId, ResourceKind};
use rendezhook_domain::sequence::OrganizationNumber;
use rusqlite::{Connection, OptionalExtension, params};

use crate::read::StoredResource;
use crate::sqlite::fault::Fault;
use crate::sqlite::flags::facts_from;

/// The body is selected on its own: a join would be prepared anew for each resource.
pub(in crate::sqlite) const READ_RESOURCE: &str =
    "SELECT version, occurred_at, flags, confirmed_time, created_at,
         (SELECT bytes FROM body WHERE number = resource.body)
     FROM resource WHERE organization = ?1 AND kind = ?2 AND id = ?3";

/// The latest state of a resource; `None` when there never was one. A removed one has facts and no body.
pub(in crate::sqlite) fn resource(
    connection: &Connection,
    organization: OrganizationNumber,
    kind: ResourceKind,
    id: &ResourceId,
) -> Result<Option<StoredResource>, Fault> {
    let stored = connection
        .prepare_cached(READ_RESOURCE)?
        .query_row(params![organization.get(), kind.code(), id.as_str()], |row| {
            let body = row.get_ref(5)?.as_blob_or_null()?.map(Bytes::copy_from_slice);
            Ok(StoredResource { facts: facts_from(row, 0)?, body })
        })
        .optional()?;
    Ok(stored)
}
