//! Counting ended deliveries, a bounded number of them.

use rendezhook_domain::delivery::FinalState;
use rendezhook_domain::sequence::{ReceiverNumber, SubscriptionNumber};
use rusqlite::{Connection, params};

use crate::read::EndedCounts;
use crate::sqlite::fault::Fault;
use crate::sqlite::values::{coded, stored_size, subscription};

/// Counts what ended of these receivers, or of one subscription among them: the newest of each, when there are very many.
pub(in crate::sqlite) fn ended_counts(
    connection: &Connection,
    receivers: &[ReceiverNumber],
    only: Option<SubscriptionNumber>,
) -> Result<EndedCounts, Fault> {
    let mut counts = EndedCounts { complete: true, ..EndedCounts::default() };
    let mut left = EndedCounts::LOOKED_AT;
    let mut statement = connection.prepare_cached(
        "SELECT state, subscription FROM done WHERE receiver = ?1 ORDER BY sequence DESC LIMIT ?2",
    )?;
    for (receiver, still_to_come) in receivers.iter().zip((1..=receivers.len()).rev()) {
        if left == 0 {
            counts.complete = false;
            break;
        }
        // What is left is shared by those that are left.
        let share = (left / still_to_come).max(1);
        let mut rows = statement.query(params![receiver.get(), stored_size(share)])?;
        let mut looked_at = 0;
        while let Some(row) = rows.next()? {
            looked_at += 1;
            if only.is_none() || only == Some(subscription(row, 1)?) {
                let state = coded(row, 0, "the number of a state", FinalState::from_code)?;
                *counts.ended.entry(state).or_default() += 1;
            }
        }
        counts.complete &= looked_at < share;
        // A receiver of which nothing ended costs a look too.
        left = left.saturating_sub(looked_at.max(1));
    }
    Ok(counts)
}
