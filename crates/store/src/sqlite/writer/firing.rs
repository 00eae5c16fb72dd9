//! Firings as rows: those of a resource, those of scheduled actions, and the end of one that fires.

mod fired;

use std::sync::Arc;

use rendezhook_domain::resource::ResourceKind;
use rendezhook_domain::sequence::{FiringNumber, OrganizationNumber, TimerNumber};
use rendezhook_domain::time::Timestamp;
use rusqlite::{OptionalExtension, params};

use self::fired::has_fired;
use super::turn::Turn;
use crate::firing::{FiringKey, NewScheduled, ResourceFirings};
use crate::sqlite::fault::Fault;
use crate::sqlite::values::{coded, stored, timestamp, unsigned};

/// A resource as its firings name it.
#[derive(Debug, Clone, Copy)]
pub(super) struct FiringResource<'a> {
    pub(super) organization: OrganizationNumber,
    pub(super) kind: ResourceKind,
    pub(super) id: &'a str,
}

/// A firing of a resource as it is there.
struct Existing {
    number: FiringNumber,
    timer: TimerNumber,
    due_at: Timestamp,
}

/// Puts firings in place of those a resource has. Those that are not after `since` are left out, unless they are there already;
/// those that have fired are left out in any case. Answers how many rows were written.
pub(super) fn replace(
    turn: &mut Turn<'_>,
    resource: FiringResource<'_>,
    firings: &ResourceFirings,
    since: Timestamp,
) -> Result<usize, Fault> {
    let existing = existing(turn, resource)?;
    let mut written = 0;
    for one in &existing {
        let due = firings.due.iter().find(|(timer, _)| *timer == one.timer).map(|(_, due_at)| *due_at);
        match due {
            Some(due_at) if due_at == one.due_at => continue,
            Some(due_at) if due_at > since && !has_fired(turn, resource, one.timer, due_at)? => {
                move_to(turn, one.number, due_at, firings.user.as_ref())?;
            }
            Some(_) | None => delete(turn, one.number)?,
        }
        written += 1;
    }
    for (timer, due_at) in &firings.due {
        let is_there = existing.iter().any(|one| one.timer == *timer);
        if is_there || *due_at <= since || has_fired(turn, resource, *timer, *due_at)? {
            continue;
        }
        insert(turn, resource, Some(*timer), *due_at, firings.user.as_ref())?;
        written += 1;
    }
    Ok(written)
}

fn existing(turn: &Turn<'_>, resource: FiringResource<'_>) -> Result<Vec<Existing>, Fault> {
    let mut statement = turn.connection.prepare_cached(
        "SELECT number, timer, due_at FROM firing
         WHERE organization = ?1 AND kind = ?2 AND resource_id = ?3 AND timer IS NOT NULL",
    )?;
    let rows = statement.query_map(
        params![resource.organization.get(), resource.kind.code(), resource.id],
        |row| {
            Ok(Existing {
                number: FiringNumber::new(unsigned(row, 0)?),
                timer: TimerNumber::new(row.get(1)?),
                due_at: timestamp(row, 2)?,
            })
        },
    )?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn insert(
    turn: &mut Turn<'_>,
    resource: FiringResource<'_>,
    timer: Option<TimerNumber>,
    due_at: Timestamp,
    user: Option<&Arc<str>>,
) -> Result<FiringNumber, Fault> {
    let number = FiringNumber::new(turn.memory.counters.firing.take(1));
    turn.connection
        .prepare_cached(
            "INSERT INTO firing (number, due_at, organization, kind, resource_id, timer, user)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        )?
        .execute(params![
            stored(number.get()),
            due_at.milliseconds(),
            resource.organization.get(),
            resource.kind.code(),
            resource.id,
            timer.map(TimerNumber::get),
            user.map(AsRef::as_ref),
        ])?;
    turn.note_firing(due_at);
    Ok(number)
}

fn move_to(
    turn: &mut Turn<'_>,
    number: FiringNumber,
    due_at: Timestamp,
    user: Option<&Arc<str>>,
) -> Result<(), Fault> {
    turn.connection
        .prepare_cached("UPDATE firing SET due_at = ?2, user = coalesce(?3, user) WHERE number = ?1")?
        .execute(params![stored(number.get()), due_at.milliseconds(), user.map(AsRef::as_ref)])?;
    turn.note_firing(due_at);
    Ok(())
}

fn delete(turn: &Turn<'_>, number: FiringNumber) -> Result<(), Fault> {
    turn.connection
        .prepare_cached("DELETE FROM firing WHERE number = ?1")?
        .execute([stored(number.get())])?;
    Ok(())
}

/// Whether a firing still waits for the instant at which it was read to be due.
pub(super) fn waits(
    turn: &Turn<'_>,
    organization: OrganizationNumber,
    key: FiringKey,
) -> Result<bool, Fault> {
    Ok(turn
        .connection
        .prepare_cached("SELECT 1 FROM firing WHERE number = ?1 AND organization = ?2 AND due_at = ?3")?
        .exists(params![stored(key.number.get()), organization.get(), key.due_at.milliseconds()])?)
}

/// Ends a firing that waits. Whether it `fires` or is left out: what fired is not made anew, neither by a walk that is under way
/// nor by a state that comes in after the clock was set back.
pub(super) fn end(turn: &mut Turn<'_>, key: FiringKey, fires: bool) -> Result<(), Fault> {
    let found = turn
        .connection
        .prepare_cached("SELECT organization, kind, resource_id, timer FROM firing WHERE number = ?1")?
        .query_row([stored(key.number.get())], |row| {
            let kind = coded(row, 1, "the number of a kind of resource", ResourceKind::from_code)?;
            let id: String = row.get(2)?;
            Ok((OrganizationNumber::new(row.get(0)?), kind, id, row.get::<_, Option<u32>>(3)?))
        })
        .optional()?;
    let Some((organization, kind, id, timer)) = found else { return Ok(()) };
    let Some(timer) = timer else { return delete_scheduled(turn, organization, key.number) };
    if fires {
        let resource = FiringResource { organization, kind, id: &id };
        fired::remember(turn, resource, TimerNumber::new(timer), key.due_at)?;
    }
    delete(turn, key.number)
}

/// Writes an action that is delivered later, in place of the one with the same key.
pub(super) fn schedule(
    turn: &mut Turn<'_>,
    organization: OrganizationNumber,
    new: &NewScheduled,
) -> Result<(), Fault> {
    cancel(turn, organization, &new.content.key)?;
    let resource = FiringResource { organization, kind: new.kind, id: new.resource_id.as_str() };
    let number = insert(turn, resource, None, new.due_at, new.user.as_ref())?;
    let content = &new.content;
    turn.connection
        .prepare_cached(
            "INSERT INTO scheduled (firing, organization, key, action, occurred_at, expires_at, resource, representations)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        )?
        .execute(params![
            stored(number.get()),
            organization.get(),
            content.key.as_ref(),
            content.action.as_str(),
            content.occurred_at.map(Timestamp::milliseconds),
            content.expires_at.map(Timestamp::milliseconds),
            content.resource.as_ref(),
            content.representations.as_deref(),
        ])?;
    Arc::make_mut(&mut turn.memory.scheduled).add(organization);
    Ok(())
}

/// Takes back a scheduled action; answers whether there was one.
pub(super) fn cancel(
    turn: &mut Turn<'_>,
    organization: OrganizationNumber,
    key: &str,
) -> Result<bool, Fault> {
    let number = turn
        .connection
        .prepare_cached("SELECT firing FROM scheduled WHERE organization = ?1 AND key = ?2")?
        .query_row(params![organization.get(), key], |row| unsigned(row, 0))
        .optional()?;
    let Some(number) = number else { return Ok(false) };
    delete_scheduled(turn, organization, FiringNumber::new(number))?;
    Ok(true)
}

fn delete_scheduled(
    turn: &mut Turn<'_>,
    organization: OrganizationNumber,
    number: FiringNumber,
) -> Result<(), Fault> {
    delete(turn, number)?;
    turn.connection
        .prepare_cached("DELETE FROM scheduled WHERE firing = ?1")?
        .execute([stored(number.get())])?;
    Arc::make_mut(&mut turn.memory.scheduled).remove(organization);
    Ok(())
}
