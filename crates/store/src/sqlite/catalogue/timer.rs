//! Reading timers.

use std::sync::Arc;

use rendezhook_domain::action::ActionName;
use rendezhook_domain::id::TimerId;
use rendezhook_domain::sequence::{OrganizationNumber, TimerNumber};
use rendezhook_domain::timer::{Anchor, Condition, LatePolicy, Lateness, Offset, Rule, Timer};
use rusqlite::{Connection, Row};
use uuid::Uuid;

use crate::sqlite::fault::{Fault, unreadable};
use crate::sqlite::values::{parsed, timestamp};

/// Every timer, in the order in which they were made.
pub(super) fn read_all(connection: &Connection) -> Result<Vec<Arc<Timer>>, Fault> {
    let mut statement = connection.prepare(
        "SELECT number, id, organization, name, action, anchor, \"offset\", condition, late, late_after_seconds,
             expires_after_seconds, created_at, updated_at
         FROM timer ORDER BY number",
    )?;
    let timers = statement.query_map([], |row| read(row).map(Arc::new))?;
    Ok(timers.collect::<Result<_, _>>()?)
}

fn read(row: &Row<'_>) -> rusqlite::Result<Timer> {
    let condition = Condition::from_name(row.get_ref(7)?.as_str()?);
    let policy = LatePolicy::from_name(row.get_ref(8)?.as_str()?);
    Ok(Timer {
        number: TimerNumber::new(row.get(0)?),
        id: TimerId::from_uuid(Uuid::from_bytes(row.get(1)?)),
        organization: OrganizationNumber::new(row.get(2)?),
        name: row.get(3)?,
        action: parsed::<ActionName>(row, 4, "the name of an action")?,
        rule: Rule {
            anchor: parsed::<Anchor>(row, 5, "an anchor of a timer")?,
            offset: parsed::<Offset>(row, 6, "an offset of a timer")?,
            condition: condition.ok_or_else(|| unreadable(7, "a condition of a timer"))?,
        },
        lateness: Lateness {
            policy: policy.ok_or_else(|| unreadable(8, "what becomes of a late firing"))?,
            late_after_seconds: row.get(9)?,
        },
        expires_after_seconds: row.get(10)?,
        created_at: timestamp(row, 11)?,
        updated_at: timestamp(row, 12)?,
    })
}
