//! Writing deliveries that did not fit into the turn of their action.

use std::sync::Arc;

use rendezhook_domain::sequence::Sequence;
use rusqlite::{OptionalExtension, params};

use super::JOB_ROWS_A_TURN;
use super::rows::{First, Insertions, hand_over, number_deliveries};
use super::turn::Turn;
use crate::publish::Matched;
use crate::sqlite::actions::read_action;
use crate::sqlite::codec::unpack_matched;
use crate::sqlite::fault::Fault;
use crate::sqlite::values::stored;

/// Writes the next deliveries, at most as many as a turn has room for beside its requests.
pub(super) fn step(turn: &mut Turn<'_>) -> Result<(), Fault> {
    let mut rows = 0;
    while let Some(action) = turn.memory.fanouts.first() {
        let Some((chunk, matched)) = next_chunk(turn, action)? else {
            Arc::make_mut(&mut turn.memory.fanouts).finish(action);
            continue;
        };
        // The rows of the action and of the chunk itself count too.
        let chunk_rows = matched.len() + 2;
        if rows > 0 && rows + chunk_rows > JOB_ROWS_A_TURN {
            break;
        }
        rows += chunk_rows;
        write_chunk(turn, action, chunk, matched)?;
    }
    Ok(())
}

/// The next subscriptions of an action. A damaged row must not stop the writer for good: it is given up, and said so.
fn next_chunk(turn: &Turn<'_>, action: Sequence) -> Result<Option<(i64, Vec<Matched>)>, Fault> {
    let mut statement = turn
        .connection
        .prepare_cached("SELECT chunk, matched FROM fanout WHERE action = ?1 ORDER BY chunk LIMIT 1")?;
    let chunk = statement
        .query_row([stored(action.get())], |row| {
            let matched = unpack_matched(row.get_ref(1)?.as_blob()?).unwrap_or_else(|| {
                tracing::error!(
                    action = action.get(),
                    "a list of subscriptions is damaged; their deliveries are lost"
                );
                Vec::new()
            });
            Ok((row.get(0)?, matched))
        })
        .optional()?;
    Ok(chunk)
}

fn write_chunk(
    turn: &mut Turn<'_>,
    sequence: Sequence,
    chunk: i64,
    mut matched: Vec<Matched>,
) -> Result<(), Fault> {
    turn.connection
        .prepare_cached("DELETE FROM fanout WHERE action = ?1 AND chunk = ?2")?
        .execute(params![stored(sequence.get()), chunk])?;
    // Subscriptions that were deleted since get nothing.
    matched.retain(|one| turn.memory.subscription(one.subscription).is_some());
    let Some(action) = read_action(turn.connection, sequence)? else {
        tracing::error!(action = sequence.get(), "an action is not there; its further deliveries are lost");
        return Ok(());
    };
    let deliveries = number_deliveries(turn, &matched, First::original(action.accepted_at));
    if let Some(last) = deliveries.last() {
        turn.connection
            .prepare_cached("UPDATE action SET last_delivery = ?2 WHERE sequence = ?1")?
            .execute(params![stored(sequence.get()), stored(last.sequence.get())])?;
    }
    Insertions::new(turn.connection)?.deliveries(&action, &deliveries)?;
    hand_over(turn, action, deliveries);
    Ok(())
}
