//! How many deliveries waited at the start: counting a million takes a while on a cold disk, and nothing else has to wait for
//! it.

use rusqlite::Connection;
use tokio::sync::watch;

/// The number of deliveries that waited at the start, once it is known.
#[derive(Debug, Clone)]
pub(super) struct PendingCount(watch::Receiver<Option<u64>>);

/// Counts them.
pub(super) struct Counter {
    connection: Connection,
    found: watch::Sender<Option<u64>>,
}

/// Fixes the view of the database in which they are counted.
pub(super) fn count_pending(connection: Connection) -> rusqlite::Result<(Counter, PendingCount)> {
    // A transaction sees what was committed before it read first.
    connection.execute_batch("BEGIN; SELECT 1 FROM pending LIMIT 1;")?;
    let (found, count) = watch::channel(None);
    Ok((Counter { connection, found }, PendingCount(count)))
}

impl Counter {
    /// Counts, and lets the view go.
    pub(super) fn run(self) {
        let counted =
            self.connection.query_row("SELECT count(*) FROM pending", [], |row| row.get::<_, i64>(0));
        let count = counted.unwrap_or_else(|error| {
            tracing::warn!(%error, "waiting deliveries could not be counted; their number lacks those from before the start");
            0
        });
        self.found.send_replace(Some(u64::try_from(count).unwrap_or(0)));
    }
}

impl PendingCount {
    /// The number, as soon as it is known.
    pub(super) async fn wait(&self) -> u64 {
        let mut count = self.0.clone();
        let known = count.wait_for(Option::is_some).await;
        // Without an answer the counting thread has panicked, which ends the process.
        known.ok().and_then(|count| *count).unwrap_or(0)
    }
}
