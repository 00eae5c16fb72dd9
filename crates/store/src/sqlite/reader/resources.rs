//! Pages of an organization's resources, in the order of the primary key.

use bytes::Bytes;
use rendezhook_domain::facts::Facts;
use rendezhook_domain::resource::ResourceId;
use rendezhook_domain::sequence::OrganizationNumber;
use rusqlite::{CachedStatement, Connection, Row, params};

use crate::read::{ListedResource, ResourcePage, ResourceQuery};
use crate::sqlite::actions::resource_id;
use crate::sqlite::fault::Fault;
use crate::sqlite::flags::facts_from;
use crate::sqlite::values::stored_size;

/// Most rows of resources that are looked at for one page. A page that would need more ends early and says where to go on.
const ROWS_A_LOOK: usize = 5_000;
/// How many bytes of bodies end a page; the body that reaches it still belongs to the page.
const BYTES_A_PAGE: usize = 4 * 1024 * 1024;

/// Reads a page.
pub(in crate::sqlite) fn resources(
    connection: &Connection,
    organization: OrganizationNumber,
    query: &ResourceQuery,
) -> Result<ResourcePage, Fault> {
    let limit = query.limit.min(ResourceQuery::MAXIMUM_LIMIT);
    let mut facts_of_resources = connection.prepare_cached(
        "SELECT id, version, occurred_at, flags, confirmed_time, created_at, body FROM resource
         WHERE organization = ?1 AND kind = ?2 AND id > ?3 ORDER BY id LIMIT ?4",
    )?;
    // No id is empty, so every id lies above the empty text.
    let after = query.after.as_ref().map_or("", ResourceId::as_str);
    let parameters = params![organization.get(), query.kind.code(), after, stored_size(ROWS_A_LOOK)];
    // Bodies are read while the rows are still open: until they are closed both statements see the same snapshot.
    let mut rows = facts_of_resources.query(parameters)?;
    let mut body_by_number = connection.prepare_cached("SELECT bytes FROM body WHERE number = ?1")?;

    let mut page = ResourcePage::default();
    let mut rows_looked_at = 0;
    let mut bytes_read = 0;
    let mut last_looked_at = None;
    while let Some(row) = rows.next()? {
        rows_looked_at += 1;
        let id = resource_id(row, 0)?;
        let facts = facts_from(row, 1)?;
        if is_wanted(query, &facts) {
            if page.resources.len() >= limit || bytes_read >= BYTES_A_PAGE {
                page.next = last_looked_at;
                return Ok(page);
            }
            let body = body(&mut body_by_number, row, &id)?;
            bytes_read += body.len();
            page.resources.push(ListedResource { id: id.clone(), facts, body });
        }
        last_looked_at = Some(id);
    }
    if rows_looked_at == ROWS_A_LOOK {
        page.next = last_looked_at;
    }
    Ok(page)
}

fn is_wanted(query: &ResourceQuery, facts: &Facts) -> bool {
    !facts.removed
        && query.occurred_after.is_none_or(|after| facts.occurred_at >= after)
        && query.occurred_before.is_none_or(|before| facts.occurred_at < before)
}

/// The body whose number stands in the last column.
fn body(by_number: &mut CachedStatement<'_>, row: &Row<'_>, id: &ResourceId) -> Result<Bytes, Fault> {
    let number: Option<i64> = row.get(6)?;
    let number = number.ok_or_else(|| Fault::Damaged(format!("resource \"{id}\" has no latest state")))?;
    let bytes =
        by_number.query_row([number], |row| Ok(Bytes::copy_from_slice(row.get_ref(0)?.as_blob()?)))?;
    Ok(bytes)
}
