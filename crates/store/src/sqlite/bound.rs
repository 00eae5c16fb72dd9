//! From instants to sequences. The time of acceptance grows with the sequence but for the small disorder in which requests
//! reach the writer, so it is searched by halving and needs no index.

use rendezhook_domain::sequence::Sequence;
use rendezhook_domain::time::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row};

use super::values::{sequence, stored, timestamp};

/// The last sequence of the actions accepted before an instant, their deliveries included. `highest` is the highest sequence
/// that was given.
pub(super) fn last_accepted_before(
    connection: &Connection,
    instant: Timestamp,
    highest: Sequence,
) -> rusqlite::Result<Sequence> {
    let read = |row: &Row<'_>| Ok((sequence(row, 0)?.get(), timestamp(row, 1)?));
    let newest = connection
        .prepare_cached("SELECT sequence, accepted_at FROM action ORDER BY sequence DESC LIMIT 1")?
        .query_row([], read)
        .optional()?;
    let newest = match newest {
        Some((newest, accepted_at)) if accepted_at >= instant => newest,
        Some(_) | None => return Ok(highest),
    };
    let mut next = connection.prepare_cached(
        "SELECT sequence, accepted_at FROM action WHERE sequence >= ?1 ORDER BY sequence LIMIT 1",
    )?;
    // Invariant: actions below `low` were accepted before the instant, `first_after` and those that follow were not, and there
    // is none from `high` up to it.
    let (mut low, mut high, mut first_after) = (0, newest, newest);
    while low < high {
        let middle = low + (high - low) / 2;
        match next.query_row([stored(middle)], read).optional()? {
            Some((found, accepted_at)) if accepted_at < instant => low = found + 1,
            Some((found, _)) => (high, first_after) = (middle, found),
            None => high = middle,
        }
    }
    Ok(Sequence::new(first_after.saturating_sub(1)))
}
