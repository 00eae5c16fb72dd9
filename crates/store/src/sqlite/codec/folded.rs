//! What was folded into a delivery: form 1, how many, then time of acceptance and sequence of each one listed, in eight bytes
//! each. They all belong to one receiver, which the row names.

use rendezhook_domain::delivery::FoldedDeliveries;
use rendezhook_domain::id::DeliveryId;
use rendezhook_domain::sequence::{ReceiverNumber, Sequence};
use rendezhook_domain::time::Timestamp;

use super::bytes_reader::BytesReader;

const FORM: u8 = 1;

/// Packs what was folded into a delivery.
pub(in crate::sqlite) fn pack_folded(folded: &FoldedDeliveries) -> Vec<u8> {
    let mut packed = Vec::with_capacity(5 + 16 * folded.listed.len());
    packed.push(FORM);
    packed.extend_from_slice(&folded.count.to_le_bytes());
    for id in &folded.listed {
        packed.extend_from_slice(&id.accepted_at().milliseconds().to_le_bytes());
        packed.extend_from_slice(&id.sequence().get().to_le_bytes());
    }
    packed
}

/// Reads what [`pack_folded`] packed; `None` when it is damaged.
pub(in crate::sqlite) fn unpack_folded(packed: &[u8], receiver: ReceiverNumber) -> Option<FoldedDeliveries> {
    let mut reader = BytesReader::new(packed, FORM)?;
    let mut folded = FoldedDeliveries { count: reader.u32()?, listed: Vec::with_capacity(packed.len() / 16) };
    while !reader.is_empty() {
        let accepted_at = Timestamp::from_milliseconds(reader.i64()?);
        folded.listed.push(DeliveryId::new(accepted_at, Sequence::new(reader.u64()?), receiver));
    }
    Some(folded)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_packed_reads_back() {
        let receiver = ReceiverNumber::new(7);
        let mut folded = FoldedDeliveries::default();
        for sequence in 1..300_u64 {
            let at = Timestamp::from_milliseconds(1_768_469_400_123);
            folded.add(DeliveryId::new(at, Sequence::new(sequence), receiver), None);
            let packed = pack_folded(&folded);
            assert_eq!(unpack_folded(&packed, receiver), Some(folded.clone()));
            assert_eq!(unpack_folded(&packed[..packed.len() - 1], receiver), None);
        }
        assert_eq!((folded.count, folded.listed.len()), (299, FoldedDeliveries::LISTED));
    }
}
