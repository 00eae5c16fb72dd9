//! The schema, brought forward step by step.

use rusqlite::{Connection, TransactionBehavior};

use super::open::OpenError;

/// Every step, in order; the place in the list plus one is the schema version it leads to. A step that was released never
/// changes.
const STEPS: &[&str] = &[
    include_str!("../../migrations/0001_first.sql"),
    include_str!("../../migrations/0002_simplymeet.sql"),
    include_str!("../../migrations/0003_doo.sql"),
    include_str!("../../migrations/0004_schema_check.sql"),
    include_str!("../../migrations/0005_rate_limit.sql"),
    include_str!("../../migrations/0006_egress.sql"),
    include_str!("../../migrations/0007_timers.sql"),
    include_str!("../../migrations/0008_replay.sql"),
    include_str!("../../migrations/0009_health.sql"),
    include_str!("../../migrations/0010_order.sql"),
    include_str!("../../migrations/0011_fired.sql"),
    include_str!("../../migrations/0012_handed_over.sql"),
];

/// Brings the database to the newest schema. Each step is a transaction of its own.
pub(super) fn migrate(connection: &mut Connection) -> Result<(), OpenError> {
    let known = u32::try_from(STEPS.len()).unwrap_or(u32::MAX);
    let found: u32 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    if found > known {
        return Err(OpenError::NewerSchema { found, known });
    }
    for (version, step) in (1..=known).zip(STEPS).filter(|(version, _)| *version > found) {
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        transaction.execute_batch(step)?;
        transaction.pragma_update(None, "user_version", version)?;
        transaction.commit()?;
        tracing::info!(schema_version = version, "brought the database to a newer schema");
    }
    Ok(())
}
