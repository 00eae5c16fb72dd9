//! Remembering how subscriptions do.

use rusqlite::params;

use super::job::{Performed, Work};
use super::turn::Turn;
use crate::health::KeptHealth;
use crate::sqlite::fault::Fault;

/// How several subscriptions do.
pub(in crate::sqlite) struct HealthWork(pub(in crate::sqlite) Vec<KeptHealth>);

impl Work for HealthWork {
    type Answer = ();
    const DOING: &'static str = "remembering how subscriptions do";

    fn rows(&self) -> usize {
        self.0.len()
    }

    fn perform(&mut self, turn: &mut Turn<'_>) -> Result<Performed<()>, Fault> {
        for health in &self.0 {
            keep(turn, health)?;
        }
        Ok(Performed::AnswerOnceDurable(()))
    }
}

/// Remembers how a subscription does, unless it is gone.
pub(super) fn keep(turn: &Turn<'_>, health: &KeptHealth) -> Result<(), Fault> {
    if turn.memory.subscription(health.subscription).is_none() {
        return Ok(());
    }
    turn.connection
        .prepare_cached("INSERT OR REPLACE INTO health (subscription, state) VALUES (?1, ?2)")?
        .execute(params![health.subscription.get(), health.state.as_ref()])?;
    Ok(())
}
