//! Reading how subscriptions did when that was kept last.

use rendezhook_domain::sequence::SubscriptionNumber;
use rusqlite::{Connection, params};

use crate::health::KeptHealth;
use crate::sqlite::fault::Fault;
use crate::sqlite::values::{stored_size, subscription};

/// Those above a number, in ascending order.
pub(in crate::sqlite) fn kept_health(
    connection: &Connection,
    after: Option<SubscriptionNumber>,
    limit: usize,
) -> Result<Vec<KeptHealth>, Fault> {
    let mut statement = connection.prepare_cached(
        "SELECT subscription, state FROM health WHERE subscription > ?1 ORDER BY subscription LIMIT ?2",
    )?;
    // Numbers are given from 1.
    let after = after.map_or(0, SubscriptionNumber::get);
    let kept = statement.query_map(params![after, stored_size(limit)], |row| {
        Ok(KeptHealth { subscription: subscription(row, 0)?, state: row.get(1)? })
    })?;
    Ok(kept.collect::<Result<_, _>>()?)
}
