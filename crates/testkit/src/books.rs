//! What is written down of one organization.

use std::sync::{Arc, Mutex};

use crate::agenda::Agenda;
use crate::backfills::Backfills;
use crate::ledger::Ledger;
use crate::repetitions::Repetitions;

/// The books of one organization; a clone is the same books.
#[derive(Debug, Clone, Default)]
pub struct Books {
    /// What was published to be delivered at once.
    pub ledger: Arc<Mutex<Ledger>>,
    /// What is to be told at a time.
    pub agenda: Arc<Mutex<Agenda>>,
    /// What was asked for once more.
    pub repetitions: Arc<Mutex<Repetitions>>,
    /// What new subscriptions get of what another one got.
    pub backfills: Arc<Mutex<Backfills>>,
}
