//! What has fired: a fact of its own, so that a timer fires once for an instant of a resource, whatever the clock says later.

use rendezhook_domain::sequence::TimerNumber;
use rendezhook_domain::time::Timestamp;
use rusqlite::params;

use super::FiringResource;
use crate::sqlite::fault::Fault;
use crate::sqlite::writer::turn::Turn;

/// Whether a timer has fired for an instant of a resource.
pub(super) fn has_fired(
    turn: &Turn<'_>,
    resource: FiringResource<'_>,
    timer: TimerNumber,
    due_at: Timestamp,
) -> Result<bool, Fault> {
    if !turn.memory.latest_fired.may_have_fired(due_at) {
        return Ok(false);
    }
    let mut statement = turn.connection.prepare_cached(
        "SELECT 1 FROM fired
         WHERE due_at = ?1 AND organization = ?2 AND kind = ?3 AND resource_id = ?4 AND timer = ?5",
    )?;
    let FiringResource { organization, kind, id } = resource;
    let parameters = params![due_at.milliseconds(), organization.get(), kind.code(), id, timer.get()];
    Ok(statement.exists(parameters)?)
}

/// Remembers that a timer has fired for an instant of a resource. It is forgotten with the metadata of that time.
pub(super) fn remember(
    turn: &mut Turn<'_>,
    resource: FiringResource<'_>,
    timer: TimerNumber,
    due_at: Timestamp,
) -> Result<(), Fault> {
    let FiringResource { organization, kind, id } = resource;
    turn.connection
        .prepare_cached(
            "INSERT OR IGNORE INTO fired (due_at, organization, kind, resource_id, timer) VALUES (?1, ?2, ?3, ?4, ?5)",
        )?
        .execute(params![due_at.milliseconds(), organization.get(), kind.code(), id, timer.get()])?;
    turn.memory.latest_fired.note(due_at);
    Ok(())
}
