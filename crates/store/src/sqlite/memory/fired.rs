//! How late the latest firing was due that has fired.

use rendezhook_domain::time::Timestamp;
use rusqlite::Connection;

use crate::sqlite::values::optional_timestamp;

/// When the latest of the firings was due that have fired. What is due later has not, which spares looking, as long as no clock is
/// set back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::sqlite) struct LatestFired(Option<Timestamp>);

impl LatestFired {
    pub(in crate::sqlite) fn load(connection: &Connection) -> rusqlite::Result<Self> {
        connection.query_row("SELECT max(due_at) FROM fired", [], |row| optional_timestamp(row, 0)).map(Self)
    }

    /// Whether a firing that was due then may have fired.
    pub(in crate::sqlite) fn may_have_fired(&self, due_at: Timestamp) -> bool {
        self.0.is_some_and(|latest| due_at <= latest)
    }

    /// A firing that was due then has fired.
    pub(in crate::sqlite) fn note(&mut self, due_at: Timestamp) {
        self.0 = self.0.max(Some(due_at));
    }
}
