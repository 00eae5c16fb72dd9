//! Removing bodies. A delivery that still waits for its body ends as expired first.

use rendezhook_domain::delivery::{ExpiryReason, FinalState};
use rendezhook_domain::sequence::Sequence;
use rendezhook_domain::time::Timestamp;
use rusqlite::{OptionalExtension, params};

use super::{Budget, RECEIVERS_A_CALL, cutoff};
use crate::pending::DeliveryKey;
use crate::sqlite::actions::delete_body;
use crate::sqlite::ending::{Ender, Ending};
use crate::sqlite::fault::Fault;
use crate::sqlite::memory::ReceiverWalk;
use crate::sqlite::values::{receiver, sequence, stored, subscription, unsigned};
use crate::sqlite::writer::replay::note_end;
use crate::sqlite::writer::turn::Turn;

/// Ends what still waits of the actions accepted before an instant; `true` when there may be more of it.
///
/// A delivery has a higher sequence than its action, so whatever has a low enough sequence was accepted early enough.
pub(super) fn expire_waiting(
    turn: &mut Turn<'_>,
    before: Timestamp,
    now: Timestamp,
    budget: &mut Budget,
) -> Result<bool, Fault> {
    let mut walk = match turn.memory.retention.expiry {
        Some(walk) => walk,
        None => {
            let up_to = cutoff::up_to(turn.connection, turn.memory, before)?;
            if up_to <= turn.memory.retention.expired_up_to {
                return Ok(false);
            }
            ReceiverWalk::new(up_to)
        }
    };
    visit_receivers(turn, &mut walk, now, budget)?;
    let retention = &mut turn.memory.retention;
    let more = walk.next_receiver.is_some();
    if !more {
        retention.expired_up_to = walk.up_to;
    }
    retention.expiry = more.then_some(walk);
    Ok(more)
}

fn visit_receivers(
    turn: &mut Turn<'_>,
    walk: &mut ReceiverWalk,
    now: Timestamp,
    budget: &mut Budget,
) -> Result<(), Fault> {
    let mut ender = Ender::new(turn.connection)?;
    let ending = Ending::expired(ExpiryReason::Retention, now);
    let mut next = turn
        .connection
        .prepare_cached("SELECT receiver FROM pending WHERE receiver >= ?1 ORDER BY receiver LIMIT 1")?;
    let mut waiting = turn.connection.prepare_cached(
        "SELECT sequence, subscription FROM pending WHERE receiver = ?1 AND sequence <= ?2 ORDER BY sequence LIMIT ?3",
    )?;
    for _ in 0..RECEIVERS_A_CALL {
        let Some(from) = walk.next_receiver.filter(|_| !budget.is_spent()) else { break };
        let Some(found) = next.query_row([from.get()], |row| receiver(row, 0)).optional()? else {
            walk.next_receiver = None;
            break;
        };
        let organization = turn.organization_of(found)?;
        let ended = waiting
            .query_map(params![found.get(), stored(walk.up_to.get()), budget.limit()], |row| {
                Ok((sequence(row, 0)?, subscription(row, 1)?))
            })?
            .collect::<Result<Vec<_>, _>>()?;
        budget.spend(ended.len());
        for (sequence, subscription) in ended {
            let key = DeliveryKey { receiver: found, sequence };
            if ender.end(key, &ending)? {
                turn.note_ended(organization, found, subscription);
                note_end(turn, key, FinalState::Expired)?;
            }
        }
        // One whose deliveries used up the budget is visited again.
        if !budget.is_spent() {
            walk.pass(found);
        }
    }
    Ok(())
}

/// Removes the bodies of actions of which nothing waits any more, but for the latest states of resources.
pub(super) fn remove(turn: &mut Turn<'_>, budget: &mut Budget) -> Result<(), Fault> {
    let up_to = turn.memory.retention.expired_up_to;
    if budget.is_spent() || up_to <= turn.memory.retention.bodies_up_to {
        return Ok(());
    }
    let found = next_actions(turn, up_to, budget)?;
    budget.spend(found.actions.len());
    for action in &found.actions {
        if !action.is_latest_state {
            delete_body(turn.connection, action.body)?;
        }
        if action.has_representations {
            turn.connection
                .prepare_cached("UPDATE action SET representations = NULL WHERE sequence = ?1")?
                .execute([stored(action.sequence.get())])?;
        }
    }
    let retention = &mut turn.memory.retention;
    let last = found.actions.last();
    if found.all {
        retention.bodies_up_to = up_to;
    } else if let Some(last) = last {
        retention.bodies_up_to = last.sequence;
    }
    retention.body_floor = retention.body_floor.max(last.map_or(0, |last| last.body));
    retention.save(turn.connection)?;
    Ok(())
}

struct OldAction {
    sequence: Sequence,
    body: u64,
    is_latest_state: bool,
    has_representations: bool,
}

struct OldActions {
    actions: Vec<OldAction>,
    /// There is none beyond.
    all: bool,
}

/// The next actions of which no delivery lies beyond `up_to`.
fn next_actions(turn: &Turn<'_>, up_to: Sequence, budget: &Budget) -> Result<OldActions, Fault> {
    let mut statement = turn.connection.prepare_cached(
        "SELECT sequence, body, representations IS NOT NULL, last_delivery,
             body IS (SELECT latest.body FROM resource AS latest
                      WHERE latest.organization = action.organization AND latest.kind = action.kind
                          AND latest.id = action.resource_id)
         FROM action WHERE sequence > ?1 AND sequence <= ?2 ORDER BY sequence LIMIT ?3",
    )?;
    let from = stored(turn.memory.retention.bodies_up_to.get());
    let mut rows = statement.query(params![from, stored(up_to.get()), budget.limit()])?;
    let mut actions = Vec::new();
    while let Some(row) = rows.next()? {
        if sequence(row, 3)? > up_to {
            return Ok(OldActions { actions, all: false });
        }
        actions.push(OldAction {
            sequence: sequence(row, 0)?,
            body: unsigned(row, 1)?,
            has_representations: row.get(2)?,
            is_latest_state: row.get(4)?,
        });
    }
    let all = actions.len() < budget.0;
    Ok(OldActions { actions, all })
}

/// Removes bodies that were kept for further attempts. Keeping one again makes it young again, and nothing that waits is older
/// than `before`, so no delivery needs them.
pub(super) fn remove_frozen(turn: &Turn<'_>, before: Timestamp, budget: &mut Budget) -> Result<(), Fault> {
    let removed = turn
        .connection
        .prepare_cached(
            "DELETE FROM frozen_body WHERE rowid IN
                 (SELECT rowid FROM frozen_body WHERE stored_at < ?1 ORDER BY stored_at LIMIT ?2)",
        )?
        .execute(params![before.milliseconds(), budget.limit()])?;
    budget.spend(removed);
    Ok(())
}
