//! Cancelling what waits for a deleted subscription.

use std::sync::Arc;

use rendezhook_domain::delivery::FinalState;
use rendezhook_domain::sequence::Sequence;
use rusqlite::params;

use super::JOB_ROWS_A_TURN;
use super::replay::note_end;
use super::turn::Turn;
use crate::pending::DeliveryKey;
use crate::sqlite::ending::{Ender, Ending};
use crate::sqlite::fault::Fault;
use crate::sqlite::memory::Cleanup;
use crate::sqlite::values::{sequence, stored, stored_size, subscription};

/// How many waiting deliveries of the receiver are looked at in a turn; most may belong to other subscriptions.
const LOOKED_AT_A_TURN: usize = 5 * JOB_ROWS_A_TURN;

/// Cancels the next deliveries.
pub(super) fn step(turn: &mut Turn<'_>) -> Result<(), Fault> {
    let Some(cleanup) = turn.memory.cleanups.first() else { return Ok(()) };
    let found = look(turn, &cleanup)?;
    let organization = turn.organization_of(cleanup.receiver)?;
    let mut ender = Ender::new(turn.connection)?;
    let ending = Ending::without_attempt(FinalState::Cancelled, cleanup.deleted_at);
    for sequence in found.sequences {
        let key = DeliveryKey { receiver: cleanup.receiver, sequence };
        if ender.end(key, &ending)? {
            turn.note_ended(organization, cleanup.receiver, cleanup.subscription);
            note_end(turn, key, FinalState::Cancelled)?;
        }
    }
    let number = cleanup.subscription.get();
    match found.looked_up_to {
        Some(looked_up_to) => {
            turn.connection
                .prepare_cached("UPDATE cleanup SET looked_up_to = ?2 WHERE subscription = ?1")?
                .execute(params![number, stored(looked_up_to.get())])?;
            Arc::make_mut(&mut turn.memory.cleanups).advance(looked_up_to);
        }
        None => {
            turn.connection
                .prepare_cached("DELETE FROM cleanup WHERE subscription = ?1")?
                .execute([number])?;
            Arc::make_mut(&mut turn.memory.cleanups).finish();
        }
    }
    Ok(())
}

struct Found {
    sequences: Vec<Sequence>,
    /// `None` when there is nothing beyond.
    looked_up_to: Option<Sequence>,
}

fn look(turn: &Turn<'_>, cleanup: &Cleanup) -> Result<Found, Fault> {
    let mut statement = turn.connection.prepare_cached(
        "SELECT sequence, subscription FROM pending WHERE receiver = ?1 AND sequence > ?2 AND sequence <= ?3
         ORDER BY sequence LIMIT ?4",
    )?;
    let mut rows = statement.query(params![
        cleanup.receiver.get(),
        stored(cleanup.looked_up_to.get()),
        stored(cleanup.last.get()),
        stored_size(LOOKED_AT_A_TURN),
    ])?;
    let mut sequences = Vec::new();
    let mut looked_at = 0;
    let mut looked_up_to = None;
    while let Some(row) = rows.next()? {
        let sequence = sequence(row, 0)?;
        looked_at += 1;
        looked_up_to = Some(sequence);
        if subscription(row, 1)? == cleanup.subscription {
            sequences.push(sequence);
        }
        if sequences.len() >= JOB_ROWS_A_TURN {
            return Ok(Found { sequences, looked_up_to });
        }
    }
    let more = looked_at >= LOOKED_AT_A_TURN;
    Ok(Found { sequences, looked_up_to: looked_up_to.filter(|_| more) })
}
