//! Writing the server's own notices, as actions with deliveries.

use rendezhook_domain::accepted::AcceptedAction;
use rendezhook_domain::resource::ResourceKind;
use rendezhook_domain::sequence::{OrganizationNumber, ResourceNumber, Sequence};
use rendezhook_domain::time::Timestamp;
use rusqlite::{OptionalExtension, params};

use super::rows::{First, Insertions, write_for_later, write_with_deliveries};
use super::turn::Turn;
use super::{JOB_ROWS_A_TURN, ROWS_A_TURN};
use crate::notice::{Consequences, Notice};
use crate::publish::Matched;
use crate::sqlite::fault::Fault;
use crate::sqlite::values::{resource, stored, unsigned};

/// About how many rows consequences take.
pub(super) fn rows(consequences: &Consequences) -> usize {
    let of = |notice: &Notice| 3 + notice.matched.len().min(ROWS_A_TURN);
    2 + consequences.notices.iter().chain(&consequences.if_disabled).map(of).sum::<usize>()
}

/// Writes a notice for those that are still there.
pub(super) fn write(
    turn: &mut Turn<'_>,
    organization: OrganizationNumber,
    notice: &Notice,
    at: Timestamp,
) -> Result<(), Fault> {
    let matched: Vec<Matched> = notice
        .matched
        .iter()
        .filter(|one| turn.memory.subscription(one.subscription).is_some())
        .copied()
        .collect();
    let Some(kind) = notice.name.kind().filter(|_| !matched.is_empty()) else { return Ok(()) };
    let (resource_number, version) = match kind {
        ResourceKind::Subscription => count(turn, organization, notice, at)?,
        // A number that no resource has: a lane of its own.
        _ => (ResourceNumber::new(turn.memory.counters.resource.take(1)), 1),
    };
    let counters = &mut turn.memory.counters;
    let body = counters.body.take(1);
    let action = AcceptedAction {
        sequence: Sequence::new(counters.sequence.take(1)),
        organization,
        name: notice.name.clone(),
        kind,
        resource_id: notice.resource_id.clone(),
        resource_number,
        version,
        user: None,
        occurred_at: at,
        accepted_at: at,
        expires_at: None,
        resource: notice.body.clone(),
        representations: None,
        changes: None,
        fired: None,
    };
    let mut insertions = Insertions::new(turn.connection)?;
    insertions.body(body, &notice.body)?;
    // While deliveries of an earlier notice of the lane are still to be written, later ones have to come after them.
    if matched.len() > JOB_ROWS_A_TURN || turn.memory.fanouts.has(resource_number) {
        write_for_later(turn, &mut insertions, &action, body, &matched)?;
    } else {
        write_with_deliveries(turn, &mut insertions, action, body, &matched, First::original(at))?;
    }
    Ok(())
}

/// Counts one more notice about a subscription. Only its number and its version are kept, like those of a removed resource.
fn count(
    turn: &mut Turn<'_>,
    organization: OrganizationNumber,
    notice: &Notice,
    at: Timestamp,
) -> Result<(ResourceNumber, u64), Fault> {
    let kind = ResourceKind::Subscription.code();
    let known = turn
        .connection
        .prepare_cached(
            "SELECT number, version FROM resource WHERE organization = ?1 AND kind = ?2 AND id = ?3",
        )?
        .query_row(params![organization.get(), kind, notice.resource_id.as_str()], |row| {
            Ok((resource(row, 0)?, unsigned(row, 1)?))
        })
        .optional()?;
    let (number, version) = match known {
        Some((number, version)) => (number, version + 1),
        None => (ResourceNumber::new(turn.memory.counters.resource.take(1)), 1),
    };
    turn.connection
        .prepare_cached(
            "INSERT INTO resource (organization, kind, id, number, version, occurred_at, flags)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, 0)
             ON CONFLICT DO UPDATE SET version = excluded.version, occurred_at = excluded.occurred_at",
        )?
        .execute(params![
            organization.get(),
            kind,
            notice.resource_id.as_str(),
            stored(number.get()),
            stored(version),
            at.milliseconds(),
        ])?;
    Ok((number, version))
}
