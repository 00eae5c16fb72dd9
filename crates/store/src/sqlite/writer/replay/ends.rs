//! Counting how the deliveries of replays ended, and noting what arrived by them.

use std::sync::Arc;

use rendezhook_domain::delivery::{DeliveryOrigin, FinalState};
use rusqlite::{OptionalExtension, params};

use crate::pending::DeliveryKey;
use crate::sqlite::fault::Fault;
use crate::sqlite::values::{coded, repetition, stored};
use crate::sqlite::writer::turn::Turn;

/// Counts a delivery that has just ended, if a replay made it, and notes with what it repeats that its message has arrived. Nothing
/// is asked while no replay has anything waiting.
pub(in crate::sqlite::writer) fn note_end(
    turn: &mut Turn<'_>,
    key: DeliveryKey,
    state: FinalState,
) -> Result<(), Fault> {
    if !turn.memory.replays.may_have_made(key.sequence) {
        return Ok(());
    }
    let found = turn
        .connection
        .prepare_cached("SELECT replay, origin FROM done WHERE receiver = ?1 AND sequence = ?2")?
        .query_row(params![key.receiver.get(), stored(key.sequence.get())], |row| {
            Ok((repetition(row, 0)?, coded(row, 1, "the number of an origin", DeliveryOrigin::from_code)?))
        })
        .optional()?;
    let Some((Some(repetition), origin)) = found else { return Ok(()) };
    let delivered = state == FinalState::Delivered;
    if delivered && origin == DeliveryOrigin::Replay {
        turn.connection
            .prepare_cached("UPDATE done SET handed_over = 1 WHERE receiver = ?1 AND sequence = ?2")?
            .execute(params![repetition.of.receiver.get(), stored(repetition.of.sequence.get())])?;
    }
    Arc::make_mut(&mut turn.memory.replays).count_end(repetition.replay, delivered);
    Ok(())
}

/// Writes what was counted in this turn: one row a replay.
pub(in crate::sqlite::writer) fn write_ends(turn: &mut Turn<'_>) -> Result<(), Fault> {
    if !turn.memory.replays.have_changed() {
        return Ok(());
    }
    let changed = Arc::make_mut(&mut turn.memory.replays).take_changed();
    let mut update =
        turn.connection.prepare_cached("UPDATE replay SET delivered = ?2, failed = ?3 WHERE number = ?1")?;
    for (number, counts) in changed {
        update.execute(params![number, stored(counts.delivered), stored(counts.failed)])?;
    }
    Ok(())
}
