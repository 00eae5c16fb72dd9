//! What was answered under an idempotency key: form 1, time of acceptance, then sequence and number of deliveries of each
//! action in twelve bytes.

use rendezhook_domain::sequence::Sequence;
use rendezhook_domain::time::Timestamp;

use super::bytes_reader::BytesReader;
use crate::publish::{Receipt, ReceiptAction};

const FORM: u8 = 1;

/// Packs a receipt.
pub(in crate::sqlite) fn pack_receipt(receipt: &Receipt) -> Vec<u8> {
    let mut packed = Vec::with_capacity(9 + 12 * receipt.actions.len());
    packed.push(FORM);
    packed.extend_from_slice(&receipt.accepted_at.milliseconds().to_le_bytes());
    for action in &receipt.actions {
        packed.extend_from_slice(&action.sequence.get().to_le_bytes());
        packed.extend_from_slice(&action.deliveries.to_le_bytes());
    }
    packed
}

/// Reads what [`pack_receipt`] packed; `None` when it is damaged.
pub(in crate::sqlite) fn unpack_receipt(packed: &[u8]) -> Option<Receipt> {
    let mut reader = BytesReader::new(packed, FORM)?;
    let accepted_at = Timestamp::from_milliseconds(reader.i64()?);
    let mut actions = Vec::new();
    while !reader.is_empty() {
        let sequence = Sequence::new(reader.u64()?);
        actions.push(ReceiptAction { sequence, deliveries: reader.u32()? });
    }
    Some(Receipt { accepted_at, actions })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_packed_reads_back() {
        let action = |sequence, deliveries| ReceiptAction { sequence: Sequence::new(sequence), deliveries };
        let receipt = Receipt {
            accepted_at: Timestamp::from_milliseconds(1_768_469_400_123),
            actions: vec![action(7, 0), action(Sequence::MAXIMUM.get(), u32::MAX)],
        };
        let packed = pack_receipt(&receipt);
        assert_eq!(unpack_receipt(&packed), Some(receipt));
        assert_eq!(unpack_receipt(&packed[..packed.len() - 1]), None);
    }
}
