//! Changes of timers. Whatever changes when timers fire has the resources of their kind walked over.

use std::sync::Arc;

use rendezhook_domain::sequence::{OrganizationNumber, TimerNumber};
use rendezhook_domain::time::Timestamp;
use rendezhook_domain::timer::Timer;
use rusqlite::params;

use super::{Applied, exists};
use crate::change::{ChangeRefusal, NewTimer, TimerUpdate};
use crate::sqlite::fault::Fault;
use crate::sqlite::writer::{Turn, begin_timer_walk};

pub(super) fn create(turn: &mut Turn<'_>, new: &NewTimer) -> Applied {
    if turn.organization(new.organization).is_none() {
        return Ok(Err(ChangeRefusal::Unknown));
    }
    let id = new.id.uuid().into_bytes();
    if exists(turn, "SELECT 1 FROM timer WHERE id = ?1", [id])? {
        return Ok(Err(ChangeRefusal::Taken));
    }
    if turn.timers(new.organization).len() >= Timer::MAXIMUM {
        return Ok(Err(ChangeRefusal::LimitReached(Timer::MAXIMUM)));
    }
    turn.connection
        .prepare_cached(
            "INSERT INTO timer (id, organization, name, action, anchor, \"offset\", condition, late, late_after_seconds,
                 expires_after_seconds, created_at, updated_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?11)",
        )?
        .execute(params![
            id,
            new.organization.get(),
            new.name.as_ref(),
            new.action.as_str(),
            new.rule.anchor.as_str(),
            new.rule.offset.to_string(),
            new.rule.condition.name(),
            new.lateness.policy.name(),
            new.lateness.late_after_seconds,
            new.expires_after_seconds,
            new.created_at.milliseconds(),
        ])?;
    let number = u32::try_from(turn.connection.last_insert_rowid())
        .map(TimerNumber::new)
        .map_err(|_| Fault::Damaged("there are no numbers left for timers".to_owned()))?;
    let timer = Timer {
        number,
        id: new.id,
        organization: new.organization,
        name: Arc::clone(&new.name),
        action: new.action.clone(),
        rule: new.rule.clone(),
        lateness: new.lateness,
        expires_after_seconds: new.expires_after_seconds,
        created_at: new.created_at,
        updated_at: new.created_at,
    };
    walk(turn, &timer, new.created_at)?;
    turn.memory.draft_mut().put_timer(timer);
    Ok(Ok(()))
}

pub(super) fn update(turn: &mut Turn<'_>, update: &TimerUpdate) -> Applied {
    let Some(before) = find(turn, update.organization, update.timer) else {
        return Ok(Err(ChangeRefusal::Unknown));
    };
    let mut timer = Timer::clone(&before);
    if let Some(name) = &update.name {
        timer.name = Arc::clone(name);
    }
    if let Some(action) = &update.action {
        timer.action = action.clone();
    }
    if let Some(rule) = &update.rule {
        timer.rule = rule.clone();
    }
    timer.lateness = update.lateness.unwrap_or(timer.lateness);
    timer.expires_after_seconds = update.expires_after_seconds.unwrap_or(timer.expires_after_seconds);
    timer.updated_at = update.at;
    turn.connection
        .prepare_cached(
            "UPDATE timer SET name = ?2, action = ?3, anchor = ?4, \"offset\" = ?5, condition = ?6, late = ?7,
                 late_after_seconds = ?8, expires_after_seconds = ?9, updated_at = ?10
             WHERE number = ?1",
        )?
        .execute(params![
            timer.number.get(),
            timer.name.as_ref(),
            timer.action.as_str(),
            timer.rule.anchor.as_str(),
            timer.rule.offset.to_string(),
            timer.rule.condition.name(),
            timer.lateness.policy.name(),
            timer.lateness.late_after_seconds,
            timer.expires_after_seconds,
            timer.updated_at.milliseconds(),
        ])?;
    if timer.rule != before.rule {
        walk(turn, &timer, update.at)?;
    }
    turn.memory.draft_mut().put_timer(timer);
    Ok(Ok(()))
}

pub(super) fn delete(
    turn: &mut Turn<'_>,
    organization: OrganizationNumber,
    number: TimerNumber,
    at: Timestamp,
) -> Applied {
    let Some(timer) = find(turn, organization, number) else {
        return Ok(Err(ChangeRefusal::Unknown));
    };
    turn.connection.prepare_cached("DELETE FROM timer WHERE number = ?1")?.execute([number.get()])?;
    walk(turn, &timer, at)?;
    turn.memory.draft_mut().remove_timer(organization, number);
    Ok(Ok(()))
}

fn find(turn: &Turn<'_>, organization: OrganizationNumber, number: TimerNumber) -> Option<Arc<Timer>> {
    turn.timers(organization).iter().find(|timer| timer.number == number).map(Arc::clone)
}

/// Has the firings of resources that are there made anew.
fn walk(turn: &mut Turn<'_>, timer: &Timer, since: Timestamp) -> Result<(), Fault> {
    match timer.kind() {
        Some(kind) => begin_timer_walk(turn, timer.organization, kind, since),
        None => Ok(()),
    }
}
