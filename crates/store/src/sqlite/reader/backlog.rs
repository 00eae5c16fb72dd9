//! Counting what waits for a receiver.

use std::time::Duration;

use rendezhook_domain::delivery::DeliveryOrigin;
use rendezhook_domain::sequence::{ReceiverNumber, Sequence};
use rendezhook_domain::time::Timestamp;
use rusqlite::{Connection, OptionalExtension, params};

use crate::read::{Backlog, BacklogQuery};
use crate::sqlite::age::Older;
use crate::sqlite::fault::Fault;
use crate::sqlite::values::{
    coded, optional_timestamp, sequence, stored, stored_size, subscription, timestamp,
};

/// How many rows are counted at most.
const EFFORT: usize = 200_000;
/// How many rows are read in one look: a snapshot is not held for longer.
const ROWS_A_LOOK: usize = 5_000;
/// What expires soon.
const SOON: Duration = Duration::from_secs(3_600);

/// Counts what waits, with bounded effort.
pub(in crate::sqlite) fn backlog(connection: &Connection, query: BacklogQuery) -> Result<Backlog, Fault> {
    let older = query.skip_before.map(|instant| Older::than(connection, instant)).transpose()?;
    let mut counting = Counting { query, older, backlog: Backlog::default(), oldest: None };
    let mut after = Sequence::ZERO;
    for _ in 0..EFFORT / ROWS_A_LOOK {
        match counting.look(connection, query.receiver, after)? {
            Some(last) => after = last,
            None => {
                counting.backlog.complete = true;
                break;
            }
        }
    }
    let oldest_accepted_at = match counting.oldest {
        Some(action) => accepted_at(connection, action)?,
        None => None,
    };
    Ok(Backlog { oldest_accepted_at, ..counting.backlog })
}

struct Counting {
    query: BacklogQuery,
    /// What would be left out.
    older: Option<Older>,
    backlog: Backlog,
    /// The action of the oldest one.
    oldest: Option<Sequence>,
}

impl Counting {
    /// Counts the next rows; answers where to go on.
    fn look(
        &mut self,
        connection: &Connection,
        receiver: ReceiverNumber,
        after: Sequence,
    ) -> Result<Option<Sequence>, Fault> {
        let mut statement = connection.prepare_cached(
            "SELECT sequence, subscription, action, expires_at, origin FROM pending
             WHERE receiver = ?1 AND sequence > ?2 ORDER BY sequence LIMIT ?3",
        )?;
        let mut rows =
            statement.query(params![receiver.get(), stored(after.get()), stored_size(ROWS_A_LOOK)])?;
        let mut read = 0;
        let mut last = None;
        while let Some(row) = rows.next()? {
            read += 1;
            let own = sequence(row, 0)?;
            last = Some(own);
            let wanted = self.query.subscription;
            if wanted.is_none() || wanted == Some(subscription(row, 1)?) {
                let action = sequence(row, 2)?;
                self.oldest = Some(self.oldest.map_or(action, |oldest| oldest.min(action)));
                let origin = coded(row, 4, "the number of an origin", DeliveryOrigin::from_code)?;
                let is_skipped = self.older.is_some_and(|older| older.covers(own, action, origin));
                self.count(optional_timestamp(row, 3)?, is_skipped);
            }
        }
        Ok(last.filter(|_| read == ROWS_A_LOOK))
    }

    fn count(&mut self, expires_at: Option<Timestamp>, is_skipped: bool) {
        let before = self.backlog.to_be_sent();
        self.backlog.waiting += 1;
        if is_skipped {
            self.backlog.skipped += 1;
            return;
        }
        let turn = self.query.rate.map(|rate| {
            self.query.now.after(Duration::from_millis(before.saturating_mul(1_000) / u64::from(rate.max(1))))
        });
        let Some(expires_at) = expires_at else { return };
        if expires_at <= self.query.now {
            self.backlog.expired += 1;
            return;
        }
        self.backlog.expiring_within_an_hour += u64::from(expires_at <= self.query.now.after(SOON));
        self.backlog.expiring_before_their_turn += u64::from(turn.is_some_and(|turn| expires_at <= turn));
    }
}

fn accepted_at(connection: &Connection, action: Sequence) -> Result<Option<Timestamp>, Fault> {
    Ok(connection
        .prepare_cached("SELECT accepted_at FROM action WHERE sequence = ?1")?
        .query_row([stored(action.get())], |row| timestamp(row, 0))
        .optional()?)
}
