//! Counting how the deliveries of replays ended.

use std::sync::Arc;

use rendezhook_domain::delivery::FinalState;
use rusqlite::{OptionalExtension, params};

use crate::pending::DeliveryKey;
use crate::sqlite::fault::Fault;
use crate::sqlite::values::{repetition, stored};
use crate::sqlite::writer::turn::Turn;

/// Counts a delivery that has just ended, if a replay made it. Nothing is asked while no replay has anything waiting.
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
        .prepare_cached("SELECT replay FROM done WHERE receiver = ?1 AND sequence = ?2")?
        .query_row(params![key.receiver.get(), stored(key.sequence.get())], |row| repetition(row, 0))
        .optional()?;
    if let Some(repetition) = found.flatten() {
        let delivered = state == FinalState::Delivered;
        Arc::make_mut(&mut turn.memory.replays).count_end(repetition.replay, delivered);
    }
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
