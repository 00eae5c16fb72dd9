//! Firings whose time has come, and what was scheduled.

use std::sync::Arc;

use bytes::Bytes;
use rendezhook_domain::action::ActionName;
use rendezhook_domain::resource::ResourceKind;
use rendezhook_domain::sequence::{FiringNumber, OrganizationNumber, TimerNumber};
use rendezhook_domain::time::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, params};

use crate::firing::{
    DueCursor, DueFiring, DuePage, FiringContent, FiringKey, ScheduledContent, ScheduledView,
};
use crate::sqlite::actions::resource_id;
use crate::sqlite::fault::Fault;
use crate::sqlite::values::{coded, optional_timestamp, parsed, stored, stored_size, timestamp, unsigned};

/// After how many bytes of scheduled resources a page ends.
const BYTES_A_PAGE: usize = 4 * 1024 * 1024;
/// How many turns of organizations a page looks at; those of many have nothing due.
const TURNS_A_PAGE: usize = 2_000;

const COLUMNS: &str = "number, due_at, organization, kind, resource_id, timer, user";

/// A page of the firings that are due: all of them when they fit, else those of organizations that take turns.
pub(in crate::sqlite) fn due_firings(
    connection: &Connection,
    until: Timestamp,
    from: Option<DueCursor>,
    limit: usize,
) -> Result<DuePage, Fault> {
    let mut look =
        Look { connection, until, limit: limit.min(DuePage::MAXIMUM_LIMIT), firings: Vec::new(), bytes: 0 };
    let next = match from {
        None if look.all()? => None,
        None => {
            (look.firings, look.bytes) = (Vec::new(), 0);
            look.turns(DueCursor::default())?
        }
        Some(cursor) => look.turns(cursor)?,
    };
    let next_due = connection
        .prepare_cached("SELECT due_at FROM firing WHERE due_at > ?1 ORDER BY due_at LIMIT 1")?
        .query_row([until.milliseconds()], |row| timestamp(row, 0))
        .optional()?;
    Ok(DuePage { firings: look.firings, next, next_due })
}

/// A page that is being filled.
struct Look<'a> {
    connection: &'a Connection,
    until: Timestamp,
    limit: usize,
    firings: Vec<DueFiring>,
    bytes: usize,
}

impl Look<'_> {
    fn is_full(&self) -> bool {
        self.firings.len() >= self.limit || self.bytes >= BYTES_A_PAGE
    }

    /// Takes the earliest; answers whether these were all.
    fn all(&mut self) -> Result<bool, Fault> {
        let query =
            format!("SELECT {COLUMNS} FROM firing WHERE due_at <= ?1 ORDER BY due_at, number LIMIT ?2");
        let mut statement = self.connection.prepare_cached(&query)?;
        let mut rows = statement.query(params![self.until.milliseconds(), stored_size(self.limit)])?;
        while let Some(row) = rows.next()? {
            self.take(row)?;
            if self.is_full() {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Gives organizations their turns, one after the other and again from the first, until the page is full or none has anything
    /// left; then there is nothing to go on with.
    fn turns(&mut self, mut cursor: DueCursor) -> Result<Option<DueCursor>, Fault> {
        for _ in 0..TURNS_A_PAGE {
            if self.is_full() {
                break;
            }
            match self.next_organization(cursor.last_turn)? {
                Some(organization) => {
                    let after = cursor.taken.get(&organization).copied();
                    if let Some(last) = self.turn(organization, after)? {
                        cursor.found = true;
                        cursor.taken.insert(organization, last);
                    }
                    cursor.last_turn = Some(organization);
                }
                None if cursor.found => (cursor.last_turn, cursor.found) = (None, false),
                None => return Ok(None),
            }
        }
        Ok(Some(cursor))
    }

    /// The next organization for which anything waits, due or not: one look at an index.
    fn next_organization(
        &self,
        last: Option<OrganizationNumber>,
    ) -> Result<Option<OrganizationNumber>, Fault> {
        let number: Option<u32> = self
            .connection
            .prepare_cached("SELECT min(organization) FROM firing WHERE organization > ?1")?
            .query_row([last.map_or(-1, |last| i64::from(last.get()))], |row| row.get(0))?;
        Ok(number.map(OrganizationNumber::new))
    }

    /// Takes the earliest of an organization after a firing; answers with the last one it looked at.
    fn turn(
        &mut self,
        organization: OrganizationNumber,
        after: Option<FiringKey>,
    ) -> Result<Option<FiringKey>, Fault> {
        let (after_due, after_number) =
            after.map_or((i64::MIN, 0), |key| (key.due_at.milliseconds(), stored(key.number.get())));
        let query = format!(
            "SELECT {COLUMNS} FROM firing
             WHERE organization = ?1 AND (due_at, number) > (?2, ?3) AND due_at <= ?4 ORDER BY due_at, number LIMIT ?5"
        );
        let mut statement = self.connection.prepare_cached(&query)?;
        let parameters = params![
            organization.get(),
            after_due,
            after_number,
            self.until.milliseconds(),
            stored_size(DuePage::A_TURN),
        ];
        let mut rows = statement.query(parameters)?;
        let mut last = None;
        while !self.is_full()
            && let Some(row) = rows.next()?
        {
            last = Some(self.take(row)?);
        }
        Ok(last)
    }

    /// Takes a row; answers which firing it is of.
    fn take(&mut self, row: &Row<'_>) -> Result<FiringKey, Fault> {
        let firing = due_firing(self.connection, row)?;
        if let Some(FiringContent::Scheduled(content)) = firing.as_ref().map(|firing| &firing.content) {
            self.bytes += content.resource.len();
        }
        self.firings.extend(firing);
        firing_key(row)
    }
}

fn firing_key(row: &Row<'_>) -> Result<FiringKey, Fault> {
    Ok(FiringKey { due_at: timestamp(row, 1)?, number: FiringNumber::new(unsigned(row, 0)?) })
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
        key: firing_key(row)?,
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
