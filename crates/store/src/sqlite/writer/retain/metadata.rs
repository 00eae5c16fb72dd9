//! Removing ended deliveries, their attempts, and at last their actions.

use rendezhook_domain::sequence::{ReceiverNumber, Sequence};
use rendezhook_domain::time::Timestamp;
use rusqlite::{OptionalExtension, params};

use super::{Budget, RECEIVERS_A_CALL, cutoff};
use crate::sqlite::fault::Fault;
use crate::sqlite::memory::ReceiverWalk;
use crate::sqlite::values::{receiver, stored};
use crate::sqlite::writer::turn::Turn;

/// Removes ended deliveries of actions accepted before an instant, receiver by receiver, and then the actions; `true` when
/// there is more of it.
pub(super) fn remove(turn: &mut Turn<'_>, before: Timestamp, budget: &mut Budget) -> Result<bool, Fault> {
    let mut walk = match turn.memory.retention.removal {
        Some(walk) => walk,
        None => {
            // Bodies go first: what has none left has no delivery that waits.
            let up_to = cutoff::up_to(turn.connection, turn.memory, before)?;
            let up_to = up_to.min(turn.memory.retention.bodies_up_to);
            if !has_actions(turn, up_to)? {
                return Ok(false);
            }
            ReceiverWalk::new(up_to)
        }
    };
    visit_receivers(turn, &mut walk, budget)?;
    let finished = walk.next_receiver.is_none() && remove_actions(turn, walk.up_to, budget)?;
    turn.memory.retention.removal = (!finished).then_some(walk);
    Ok(!finished)
}

fn has_actions(turn: &Turn<'_>, up_to: Sequence) -> Result<bool, Fault> {
    let mut statement = turn
        .connection
        .prepare_cached("SELECT 1 FROM action WHERE sequence <= ?1 AND last_delivery <= ?1 LIMIT 1")?;
    Ok(statement.exists([stored(up_to.get())])?)
}

fn visit_receivers(turn: &Turn<'_>, walk: &mut ReceiverWalk, budget: &mut Budget) -> Result<(), Fault> {
    let mut next = turn
        .connection
        .prepare_cached("SELECT receiver FROM done WHERE receiver >= ?1 ORDER BY receiver LIMIT 1")?;
    for _ in 0..RECEIVERS_A_CALL {
        let Some(from) = walk.next_receiver.filter(|_| !budget.is_spent()) else { break };
        let Some(found) = next.query_row([from.get()], |row| receiver(row, 0)).optional()? else {
            walk.next_receiver = None;
            break;
        };
        remove_of_receiver(turn, found, walk.up_to, budget)?;
        // One whose deliveries used up the budget is visited again.
        if !budget.is_spent() {
            walk.pass(found);
        }
    }
    Ok(())
}

fn remove_of_receiver(
    turn: &Turn<'_>,
    receiver: ReceiverNumber,
    up_to: Sequence,
    budget: &mut Budget,
) -> Result<(), Fault> {
    // Attempts first: they are found by the receivers of ended deliveries.
    let queries = [
        "DELETE FROM attempt WHERE receiver = ?1 AND (sequence, number) IN
             (SELECT sequence, number FROM attempt WHERE receiver = ?1 AND sequence <= ?2
              ORDER BY sequence, number LIMIT ?3)",
        "DELETE FROM done WHERE receiver = ?1 AND sequence IN
             (SELECT sequence FROM done WHERE receiver = ?1 AND sequence <= ?2 ORDER BY sequence LIMIT ?3)",
    ];
    for query in queries {
        let parameters = params![receiver.get(), stored(up_to.get()), budget.limit()];
        let removed = turn.connection.prepare_cached(query)?.execute(parameters)?;
        budget.spend(removed);
    }
    Ok(())
}

/// Removes actions all of whose deliveries are removed; `true` when there are no more.
fn remove_actions(turn: &Turn<'_>, up_to: Sequence, budget: &mut Budget) -> Result<bool, Fault> {
    let removed = turn
        .connection
        .prepare_cached(
            "DELETE FROM action WHERE sequence IN
                 (SELECT sequence FROM action WHERE sequence <= ?1 AND last_delivery <= ?1
                  ORDER BY sequence LIMIT ?2)",
        )?
        .execute(params![stored(up_to.get()), budget.limit()])?;
    budget.spend(removed);
    Ok(!budget.is_spent())
}
