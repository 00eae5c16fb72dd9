//! The facts of a resource in one number.

use rendezhook_domain::facts::Facts;
use rusqlite::Row;

use super::values::{optional_timestamp, timestamp, unsigned};

const EVER_CONFIRMED: u8 = 1;
const CANCELLED: u8 = 2;
const REMOVED: u8 = 4;
/// No action shares the body of the latest state; whoever replaces the state removes it.
pub(super) const BODY_IS_OWN: u8 = 8;

/// The yes-or-no facts as bits.
pub(super) fn flags_of(facts: &Facts) -> u8 {
    let flags =
        [(facts.ever_confirmed, EVER_CONFIRMED), (facts.cancelled, CANCELLED), (facts.removed, REMOVED)];
    flags.iter().filter(|(set, _)| *set).fold(0, |all, (_, flag)| all | flag)
}

/// Reads facts from five columns in a row: version, time of occurrence, flags, confirmed time, time of creation.
pub(super) fn facts_from(row: &Row<'_>, first_column: usize) -> rusqlite::Result<Facts> {
    let flags: u8 = row.get(first_column + 2)?;
    Ok(Facts {
        version: unsigned(row, first_column)?,
        occurred_at: timestamp(row, first_column + 1)?,
        ever_confirmed: flags & EVER_CONFIRMED != 0,
        cancelled: flags & CANCELLED != 0,
        removed: flags & REMOVED != 0,
        confirmed_time: optional_timestamp(row, first_column + 3)?,
        created_at: optional_timestamp(row, first_column + 4)?,
    })
}
