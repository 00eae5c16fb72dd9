//! How many deliveries waited at the start, and for whom: counting a million takes a while on a cold disk, and nothing else has
//! to wait for it.

use std::collections::HashMap;
use std::sync::Arc;

use rendezhook_domain::sequence::{OrganizationNumber, ReceiverNumber, SubscriptionNumber};
use rusqlite::Connection;

use super::fault::Fault;
use super::values::{receiver, subscription};
use crate::catalogue::Catalogue;
use crate::waiting::{For, WaitingChanges, WaitingCounts};

/// Counts them.
pub(super) struct Counter {
    connection: Connection,
    organizations: HashMap<ReceiverNumber, OrganizationNumber>,
    counts: Arc<WaitingCounts>,
}

/// Fixes the view of the database in which they are counted: from before the first commit of the writer, which adds to the
/// counts from there.
pub(super) fn count_pending(
    connection: Connection,
    catalogue: &Catalogue,
    counts: Arc<WaitingCounts>,
) -> rusqlite::Result<Counter> {
    // A transaction sees what was committed before it read first.
    connection.execute_batch("BEGIN; SELECT 1 FROM pending LIMIT 1;")?;
    let receivers = catalogue.organizations.values().flat_map(|entry| &entry.receivers);
    let organizations = receivers.map(|entry| (entry.number, entry.organization)).collect();
    Ok(Counter { connection, organizations, counts })
}

impl Counter {
    /// Counts, and lets the view go.
    pub(super) fn run(self) {
        let counted = self.count().unwrap_or_else(|error| {
            tracing::warn!(%error, "waiting deliveries could not be counted; their numbers lack those from before the start");
            WaitingChanges::default()
        });
        drop(self.connection);
        self.counts.complete(&counted);
    }

    fn count(&self) -> Result<WaitingChanges, Fault> {
        let mut counted = WaitingChanges::default();
        let mut run = (None, 0);
        // They come receiver by receiver, and are counted here: grouped there they would be sorted first.
        let mut statement = self.connection.prepare("SELECT receiver, subscription FROM pending")?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let of = Some((receiver(row, 0)?, subscription(row, 1)?));
            if of != run.0 {
                self.add(&mut counted, run);
                run = (of, 0);
            }
            run.1 += 1;
        }
        self.add(&mut counted, run);
        Ok(counted)
    }

    /// Adds a run of rows of one subscription.
    fn add(
        &self,
        counted: &mut WaitingChanges,
        (of, count): (Option<(ReceiverNumber, SubscriptionNumber)>, i64),
    ) {
        let Some((receiver, subscription)) = of else { return };
        // A row of no receiver is found, and said, by whoever looks for what is to be delivered.
        if let Some(organization) = self.organizations.get(&receiver) {
            counted.add(subscription, For { organization: *organization, receiver }, count);
        }
    }
}
