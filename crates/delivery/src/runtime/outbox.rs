//! Records that wait for the next batch.

use rendezhook_store::record::Record;

/// The most records in one batch: half of what one turn of a store's writer may touch in rows.
const RECORDS_IN_A_BATCH: usize = 1_000;
/// The most bytes of bodies and heads in one batch, a single record excepted.
const BYTES_IN_A_BATCH: usize = 8 * 1024 * 1024;
/// Waiting records beyond which there is no room.
const MAXIMUM_RECORDS: usize = 4_096;
/// Bytes of waiting records beyond which there is no room.
const MAXIMUM_BYTES: usize = 32 * 1024 * 1024;

/// Records in the order in which they came.
#[derive(Default)]
pub(super) struct Outbox {
    records: Vec<Record>,
    /// Of bodies and heads in `records`.
    bytes: usize,
}

impl Outbox {
    pub(super) fn len(&self) -> usize {
        self.records.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    /// Whether more records may come.
    pub(super) fn has_room(&self) -> bool {
        self.records.len() < MAXIMUM_RECORDS && self.bytes < MAXIMUM_BYTES
    }

    pub(super) fn push(&mut self, record: Record) {
        self.bytes += bytes(&record);
        self.records.push(record);
    }

    /// Takes everything that has come since the last batch, within the bounds.
    pub(super) fn next_batch(&mut self) -> Vec<Record> {
        let mut batch_bytes = 0;
        let fitting = self.records.iter().take(RECORDS_IN_A_BATCH).take_while(|record| {
            batch_bytes += bytes(record);
            batch_bytes <= BYTES_IN_A_BATCH
        });
        let length = fitting.count().max(1).min(self.records.len());
        let rest = self.records.split_off(length);
        let batch = std::mem::replace(&mut self.records, rest);
        self.bytes -= batch.iter().map(bytes).sum::<usize>();
        batch
    }
}

/// What a record holds beside its fixed size.
fn bytes(record: &Record) -> usize {
    let exchange = record.attempt.as_ref().and_then(|attempt| attempt.exchange.as_ref());
    let exchange_bytes = exchange.map_or(0, |exchange| {
        exchange.request_head.len() + exchange.response_head.len() + exchange.response_body.len()
    });
    exchange_bytes + record.freeze.as_ref().map_or(0, bytes::Bytes::len)
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use std::time::Duration;

    use rendezhook_domain::sequence::{OrganizationNumber, ReceiverNumber, Sequence, SubscriptionNumber};
    use rendezhook_domain::time::Timestamp;
    use rendezhook_store::pending::DeliveryKey;
    use rendezhook_store::record::Disposition;

    use super::*;

    fn record(sequence: u64, body_bytes: usize) -> Record {
        Record {
            key: DeliveryKey { receiver: ReceiverNumber::new(1), sequence: Sequence::new(sequence) },
            organization: OrganizationNumber::new(1),
            subscription: SubscriptionNumber::new(1),
            at: Timestamp::EARLIEST,
            attempt: None,
            disposition: Disposition::Retry { due_at: Timestamp::EARLIEST, lane_held: Duration::ZERO },
            overtaken: false,
            freeze: Some(Bytes::from(vec![b' '; body_bytes])),
            disable: None,
            consequences: None,
            folded_into: None,
            over_backlog: false,
        }
    }

    fn outbox(records: u64, body_bytes: usize) -> Outbox {
        let mut outbox = Outbox::default();
        (1..=records).for_each(|sequence| outbox.push(record(sequence, body_bytes)));
        outbox
    }

    #[test]
    fn batches_keep_the_order_and_the_bound_of_records() {
        let mut outbox = outbox(2_500, 1);
        let mut lengths = Vec::new();
        let mut sequences = Vec::new();
        while !outbox.is_empty() {
            let batch = outbox.next_batch();
            lengths.push(batch.len());
            sequences.extend(batch.iter().map(|record| record.key.sequence.get()));
        }
        assert_eq!(lengths, [1_000, 1_000, 500]);
        assert!(sequences.iter().copied().eq(1..=2_500));
        assert_eq!(outbox.bytes, 0);
    }

    #[test]
    fn batches_keep_the_bound_of_bytes_and_a_large_record_goes_alone() {
        let mut outbox = outbox(3, BYTES_IN_A_BATCH / 2);
        outbox.push(record(4, BYTES_IN_A_BATCH + 1));
        let lengths: Vec<usize> = (0..3).map(|_| outbox.next_batch().len()).collect();
        assert_eq!(lengths, [2, 1, 1]);
        assert!(outbox.is_empty());
    }

    #[test]
    fn there_is_no_room_beyond_either_bound() {
        assert!(outbox(4_095, 0).has_room());
        assert!(!outbox(4_096, 0).has_room());
        assert!(outbox(1, MAXIMUM_BYTES - 1).has_room());
        assert!(!outbox(1, MAXIMUM_BYTES).has_room());
    }
}
