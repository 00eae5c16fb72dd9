//! A stretch of the subscriptions an action is for: form 1, then subscription and receiver in four bytes each.

use rendezhook_domain::sequence::{ReceiverNumber, SubscriptionNumber};

use super::bytes_reader::BytesReader;
use crate::publish::Matched;

const FORM: u8 = 1;

/// Packs subscriptions with their receivers.
pub(in crate::sqlite) fn pack_matched(matched: &[Matched]) -> Vec<u8> {
    let mut packed = Vec::with_capacity(1 + 8 * matched.len());
    packed.push(FORM);
    for one in matched {
        packed.extend_from_slice(&one.subscription.get().to_le_bytes());
        packed.extend_from_slice(&one.receiver.get().to_le_bytes());
    }
    packed
}

/// Reads what [`pack_matched`] packed; `None` when it is damaged.
pub(in crate::sqlite) fn unpack_matched(packed: &[u8]) -> Option<Vec<Matched>> {
    let mut reader = BytesReader::new(packed, FORM)?;
    let mut matched = Vec::with_capacity(packed.len() / 8);
    while !reader.is_empty() {
        let subscription = SubscriptionNumber::new(reader.u32()?);
        let receiver = ReceiverNumber::new(reader.u32()?);
        matched.push(Matched { subscription, receiver });
    }
    Some(matched)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_packed_reads_back() {
        let pair = |subscription, receiver| Matched {
            subscription: SubscriptionNumber::new(subscription),
            receiver: ReceiverNumber::new(receiver),
        };
        for matched in [vec![], vec![pair(1, 2)], vec![pair(u32::MAX, 0), pair(7, 7)]] {
            assert_eq!(unpack_matched(&pack_matched(&matched)), Some(matched));
        }
        let packed = pack_matched(&[pair(1, 2)]);
        assert_eq!(unpack_matched(&packed[..5]), None);
        assert_eq!(unpack_matched(&[]), None);
    }
}
