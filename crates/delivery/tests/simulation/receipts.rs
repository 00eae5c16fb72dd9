//! What receivers saw: kept by themselves, as they would keep it to recognise duplicates.

use std::collections::BTreeMap;

use rendezhook_domain::delivery::FinalState;
use rendezhook_domain::sequence::Sequence;
use rendezhook_store::pending::DeliveryKey;

use crate::model::Model;

/// What receivers saw of each delivery, over all lives of the process.
#[derive(Debug, Default)]
pub(crate) struct Receipts {
    seen: BTreeMap<Sequence, Seen>,
    /// Counts the lives of the process.
    life: u32,
    /// Deliveries that were accepted more than once.
    pub(crate) duplicates: u64,
}

/// What a receiver saw of a delivery.
#[derive(Debug, Default)]
struct Seen {
    requests: u32,
    /// The life of the process in which it was last accepted.
    accepted_in: Option<u32>,
    /// Attempts that were under way, or not recorded yet, when the process died.
    lost: u32,
}

impl Receipts {
    /// A receiver has a request in its hands. Accepting it is final: only a crash can bring it once more.
    pub(crate) fn arrived(&mut self, key: DeliveryKey, accepts: bool) {
        let life = self.life;
        let seen = self.seen.entry(key.sequence).or_default();
        seen.requests += 1;
        if let Some(before) = seen.accepted_in {
            assert!(before < life, "{key:?} was accepted and comes again without a crash");
            self.duplicates += 1;
        }
        if accepts {
            seen.accepted_in = Some(life);
        }
    }

    /// The process dies while these attempts have no record.
    pub(crate) fn died(&mut self, unrecorded: impl IntoIterator<Item = DeliveryKey>) {
        self.life += 1;
        for key in unrecorded {
            self.seen.entry(key.sequence).or_default().lost += 1;
        }
    }

    /// Every request is explained by a record or by a crash, and what counts as delivered was accepted.
    pub(crate) fn at_the_end(&self, model: &Model) {
        for (sequence, seen) in &self.seen {
            let row = model.rows.get(sequence).expect("nothing arrives that was not committed");
            let explained = row.attempts + seen.lost;
            assert!(seen.requests <= explained, "{row:?} arrived {} times", seen.requests);
        }
        for row in model.rows.values().filter(|row| row.end == Some(FinalState::Delivered)) {
            let accepted = self.seen.get(&row.sequence()).is_some_and(|seen| seen.accepted_in.is_some());
            assert!(accepted, "{row:?} counts as delivered, and nobody accepted it");
        }
    }
}
