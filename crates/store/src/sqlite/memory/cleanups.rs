//! Deleted subscriptions whose waiting deliveries are still to be cancelled.

use std::collections::VecDeque;

use rendezhook_domain::sequence::{ReceiverNumber, Sequence, SubscriptionNumber};
use rendezhook_domain::time::Timestamp;
use rusqlite::Connection;

use crate::sqlite::values::{receiver, sequence, subscription, timestamp};

/// One deleted subscription.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::sqlite) struct Cleanup {
    pub(in crate::sqlite) subscription: SubscriptionNumber,
    pub(in crate::sqlite) receiver: ReceiverNumber,
    /// The receiver's deliveries up to here are looked through.
    pub(in crate::sqlite) looked_up_to: Sequence,
    /// No delivery of the subscription lies beyond.
    pub(in crate::sqlite) last: Sequence,
    pub(in crate::sqlite) deleted_at: Timestamp,
}

/// All of them; the first one is worked on.
#[derive(Debug, Clone, Default)]
pub(in crate::sqlite) struct Cleanups(VecDeque<Cleanup>);

impl Cleanups {
    pub(in crate::sqlite) fn load(connection: &Connection) -> rusqlite::Result<Self> {
        let mut statement = connection.prepare(
            "SELECT subscription, receiver, looked_up_to, last, deleted_at FROM cleanup ORDER BY 1",
        )?;
        let cleanups = statement.query_map([], |row| {
            Ok(Cleanup {
                subscription: subscription(row, 0)?,
                receiver: receiver(row, 1)?,
                looked_up_to: sequence(row, 2)?,
                last: sequence(row, 3)?,
                deleted_at: timestamp(row, 4)?,
            })
        })?;
        cleanups.collect::<Result<_, _>>().map(Self)
    }

    pub(in crate::sqlite) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(in crate::sqlite) fn first(&self) -> Option<Cleanup> {
        self.0.front().copied()
    }

    pub(in crate::sqlite) fn add(&mut self, cleanup: Cleanup) {
        self.0.push_back(cleanup);
    }

    /// The first one has come so far.
    pub(in crate::sqlite) fn advance(&mut self, looked_up_to: Sequence) {
        if let Some(first) = self.0.front_mut() {
            first.looked_up_to = looked_up_to;
        }
    }

    /// The first one is done.
    pub(in crate::sqlite) fn finish(&mut self) {
        self.0.pop_front();
    }
}
