//! Removing what retention no longer keeps, a bounded amount a turn.
//!
//! Sequences grow with the time of acceptance, so an instant is first turned into the last sequence before it; what remains
//! is walking keys in order, without an index by time. Order of the steps: nothing goes before what refers to it.

mod bodies;
mod cutoff;
mod metadata;

use rendezhook_domain::time::Timestamp;
use rusqlite::params;

use super::job::{Performed, Work};
use super::turn::Turn;
use crate::sqlite::fault::Fault;
use crate::sqlite::values::stored_size;

/// How many rows a call removes at most, in all its steps together.
const ROWS_A_CALL: usize = 1_000;
/// How many receivers a walk visits in a call; most have nothing to remove.
const RECEIVERS_A_CALL: usize = 2_000;

/// Removes what is older.
pub(in crate::sqlite) struct RetainWork {
    pub(in crate::sqlite) bodies_before: Timestamp,
    pub(in crate::sqlite) metadata_before: Timestamp,
    pub(in crate::sqlite) now: Timestamp,
}

/// How many rows a call may still remove.
struct Budget(usize);

impl Budget {
    const fn is_spent(&self) -> bool {
        self.0 == 0
    }

    /// For the limit of a query.
    fn limit(&self) -> i64 {
        stored_size(self.0)
    }

    const fn spend(&mut self, rows: usize) {
        self.0 = self.0.saturating_sub(rows);
    }
}

impl Work for RetainWork {
    type Answer = bool;
    const DOING: &'static str = "removing what retention no longer keeps";

    fn rows(&self) -> usize {
        ROWS_A_CALL
    }

    fn perform(&mut self, turn: &mut Turn<'_>) -> Result<Performed<bool>, Fault> {
        let mut budget = Budget(ROWS_A_CALL);
        remove_idempotency_keys(turn, self.now, &mut budget)?;
        let more_to_expire = bodies::expire_waiting(turn, self.bodies_before, self.now, &mut budget)?;
        bodies::remove(turn, &mut budget)?;
        if !more_to_expire {
            bodies::remove_frozen(turn, self.bodies_before, &mut budget)?;
        }
        // Metadata never goes before the body it describes.
        let metadata_before = self.metadata_before.min(self.bodies_before);
        let more_metadata = metadata::remove(turn, metadata_before, &mut budget)?;
        remove_fired(turn, metadata_before, &mut budget)?;
        Ok(Performed::AnswerOnceDurable(more_to_expire || more_metadata || budget.is_spent()))
    }
}

fn remove_idempotency_keys(turn: &Turn<'_>, now: Timestamp, budget: &mut Budget) -> Result<(), Fault> {
    let removed = turn
        .connection
        .prepare_cached(
            "DELETE FROM idempotency WHERE (organization, key) IN
                 (SELECT organization, key FROM idempotency WHERE expires_at <= ?1 ORDER BY expires_at LIMIT ?2)",
        )?
        .execute(params![now.milliseconds(), budget.limit()])?;
    budget.spend(removed);
    Ok(())
}

/// Forgets what timers fired for instants before this one.
fn remove_fired(turn: &Turn<'_>, before: Timestamp, budget: &mut Budget) -> Result<(), Fault> {
    let removed = turn
        .connection
        .prepare_cached(
            "DELETE FROM fired WHERE (due_at, organization, kind, resource_id, timer) IN
                 (SELECT due_at, organization, kind, resource_id, timer FROM fired
                  WHERE due_at < ?1 ORDER BY due_at LIMIT ?2)",
        )?
        .execute(params![before.milliseconds(), budget.limit()])?;
    budget.spend(removed);
    Ok(())
}
