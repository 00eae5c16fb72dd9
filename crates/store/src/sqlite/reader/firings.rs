//! Firings whose time has come, and what was scheduled.

use std::sync::Arc;

use bytes::Bytes;
use rendezhook_domain::action::ActionName;
use rendezhook_domain::resource::ResourceKind;
use rendezhook_domain::sequence::{FiringNumber, OrganizationNumber, TimerNumber};
use rendezhook_domain::time::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, params};

use crate::firing::{DueFiring, DuePage, FiringContent, FiringKey, ScheduledContent, ScheduledView};
use crate::sqlite::actions::resource_id;
use crate::sqlite::fault::Fault;
use crate::sqlite::values::{coded, optional_timestamp, parsed, stored, stored_size, timestamp, unsigned};

/// After how many bytes of scheduled resources a page ends.
const BYTES_A_PAGE: usize = 4 * 1024 * 1024;

/// A page of the firings that are due.
pub(in crate::sqlite) fn due_firings(
    connection: &Connection,
    until: Timestamp,
    after: Option<FiringKey>,
    limit: usize,
) -> Result<DuePage, Fault> {
    let limit = limit.min(DuePage::MAXIMUM_LIMIT);
    let (after_due, after_number) =
        after.map_or((i64::MIN, 0), |key| (key.due_at.milliseconds(), stored(key.number.get())));
    let mut statement = connection.prepare_cached(
        "SELECT number, due_at, organization, kind, resource_id, timer, user FROM firing
         WHERE fired = 0 AND (due_at, number) > (?1, ?2) AND due_at <= ?3 ORDER BY due_at, number LIMIT ?4",
    )?;
    let parameters = params![after_due, after_number, until.milliseconds(), stored_size(limit)];
    let mut rows = statement.query(parameters)?;
    let mut page = DuePage { complete: true, ..DuePage::default() };
    let mut bytes = 0;
    while let Some(row) = rows.next()? {
        if bytes >= BYTES_A_PAGE {
            page.complete = false;
            break;
        }
        let firing = due_firing(connection, row)?;
        if let Some(FiringContent::Scheduled(content)) = firing.as_ref().map(|firing| &firing.content) {
            bytes += content.resource.len();
        }
        page.firings.extend(firing);
    }
    page.complete = page.complete && page.firings.len() < limit;
    page.next_due = connection
        .prepare_cached("SELECT due_at FROM firing WHERE fired = 0 AND due_at > ?1 ORDER BY due_at LIMIT 1")?
        .query_row([until.milliseconds()], |row| timestamp(row, 0))
        .optional()?;
    Ok(page)
}

/// `None` when the content of a scheduled action is not there, as after a fault of the disk.
fn due_firing(connection: &Connection, row: &Row<'_>) -> Result<Option<DueFiring>, Fault> {
    let number = unsigned(row, 0)?;
    let timer: Option<u32> = row.get(5)?;
    let content = match timer {
        Some(timer) => Some(FiringContent::Timer(TimerNumber::new(timer))),
        None => {
            scheduled_content(connection, number)?.map(|content| FiringContent::Scheduled(Box::new(content)))
        }
    };
    let Some(content) = content else { return Ok(None) };
    Ok(Some(DueFiring {
        key: FiringKey { due_at: timestamp(row, 1)?, number: FiringNumber::new(number) },
        organization: OrganizationNumber::new(row.get(2)?),
        kind: coded(row, 3, "the number of a kind of resource", ResourceKind::from_code)?,
        resource_id: resource_id(row, 4)?,
        user: row.get(6)?,
        content,
    }))
}

fn scheduled_content(connection: &Connection, number: u64) -> Result<Option<ScheduledContent>, Fault> {
    let content = connection
        .prepare_cached(
            "SELECT key, action, occurred_at, expires_at, resource, representations FROM scheduled WHERE firing = ?1",
        )?
        .query_row([stored(number)], |row| {
            Ok(ScheduledContent {
                key: row.get(0)?,
                action: parsed::<ActionName>(row, 1, "the name of an action")?,
                occurred_at: optional_timestamp(row, 2)?,
                expires_at: optional_timestamp(row, 3)?,
                resource: Bytes::copy_from_slice(row.get_ref(4)?.as_blob()?),
                representations: row.get_ref(5)?.as_blob_or_null()?.map(Bytes::copy_from_slice),
            })
        })
        .optional()?;
    Ok(content)
}

/// A page of what an organization has scheduled, in the order of the keys.
pub(in crate::sqlite) fn scheduled(
    connection: &Connection,
    organization: OrganizationNumber,
    after: Option<&Arc<str>>,
    limit: usize,
) -> Result<Vec<ScheduledView>, Fault> {
    let mut statement = connection.prepare_cached(
        "SELECT key, action, kind, resource_id, due_at, expires_at FROM scheduled
         JOIN firing ON firing.number = scheduled.firing
         WHERE scheduled.organization = ?1 AND key > ?2 ORDER BY key LIMIT ?3",
    )?;
    // No key is empty, so every key lies above the empty text.
    let after = after.map_or("", AsRef::as_ref);
    let parameters = params![organization.get(), after, stored_size(limit.min(DuePage::MAXIMUM_LIMIT))];
    let views = statement.query_map(parameters, |row| {
        Ok(ScheduledView {
            key: row.get(0)?,
            action: parsed::<ActionName>(row, 1, "the name of an action")?,
            kind: coded(row, 2, "the number of a kind of resource", ResourceKind::from_code)?,
            resource_id: resource_id(row, 3)?,
            due_at: timestamp(row, 4)?,
            expires_at: optional_timestamp(row, 5)?,
        })
    })?;
    Ok(views.collect::<Result<_, _>>()?)
}
