//! Making outcomes durable.

use std::sync::Arc;
use std::time::Duration;

use rendezhook_store::Store;
use rendezhook_store::complaint::Complaint;
use rendezhook_store::pending::DeliveryKey;
use rendezhook_store::record::{Disposition, Record};

use super::attempt::AttemptFacts;
use crate::scheduler::effect::RecordOrder;

/// The wait after the first failure; it doubles.
const SHORTEST_WAIT: Duration = Duration::from_millis(250);
/// The longest wait between two tries.
const LONGEST_WAIT: Duration = Duration::from_secs(5);

/// Writes batches of records, one at a time.
///
/// It is handed into the task that writes a batch and comes back with the answer: who holds it knows that none is under way.
pub(super) struct Recorder {
    store: Arc<dyn Store>,
    complaint: Complaint,
}

impl Recorder {
    pub(super) fn new(store: Arc<dyn Store>) -> Self {
        Self { store, complaint: Complaint::default() }
    }

    /// Makes a batch durable, however long that takes, and answers with its deliveries.
    ///
    /// A record is never dropped: without it a delivery that has ended would be made again after the next start.
    pub(super) async fn make_durable(mut self, batch: Vec<Record>) -> (Self, Vec<DeliveryKey>) {
        let mut wait = SHORTEST_WAIT;
        let mut failed = false;
        while let Err(error) = self.store.record(batch.clone()).await {
            failed = true;
            self.complaint.write(|before| {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    records = batch.len(),
                    failures_before = before,
                    "the outcomes of attempts cannot be recorded; their deliveries wait until the store can be written"
                );
            });
            tokio::time::sleep(wait).await;
            wait = (wait * 2).min(LONGEST_WAIT);
        }
        if failed {
            tracing::info!(records = batch.len(), "the outcomes of attempts are recorded again");
        }
        let keys = batch.iter().map(|record| record.key).collect();
        (self, keys)
    }
}

/// Joins the scheduler's decision with what is known of the attempt.
pub(super) fn joined(order: &RecordOrder, facts: Option<AttemptFacts>) -> Record {
    let (attempt, sent_body) = match facts {
        Some(facts) => (Some(facts.attempt), facts.sent_body),
        None => (None, None),
    };
    let freeze = match order.disposition {
        Disposition::Retry { .. } => sent_body,
        Disposition::Ended(_) => None,
    };
    Record {
        key: order.key,
        organization: order.organization,
        subscription: order.subscription,
        at: order.at,
        attempt,
        disposition: order.disposition,
        overtaken: order.overtaken,
        freeze,
        disable: order.disable,
        consequences: None,
        folded_into: order.folded_into,
        over_backlog: order.over_backlog,
    }
}
