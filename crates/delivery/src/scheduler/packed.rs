//! Numbers in fewer bytes than the machine likes, because there are millions of them.

use rendezhook_domain::sequence::Sequence;
use rendezhook_domain::time::Timestamp;

/// A whole number below 2^48 in six bytes, which need no alignment to eight.
///
/// It holds every [`Sequence`] (below 2^42) and every instant until the year 10889. Larger numbers become the largest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Packed48([u16; 3]);

/// The lowest sixteen bits.
fn low_bits(number: u64) -> u16 {
    u16::try_from(number & 0xFFFF).unwrap_or(u16::MAX)
}

impl Packed48 {
    const MAXIMUM: u64 = (1 << 48) - 1;

    fn new(number: u64) -> Self {
        let number = number.min(Self::MAXIMUM);
        Self([low_bits(number >> 32), low_bits(number >> 16), low_bits(number)])
    }

    fn get(self) -> u64 {
        let [high, middle, low] = self.0.map(u64::from);
        (high << 32) | (middle << 16) | low
    }
}

impl From<Sequence> for Packed48 {
    fn from(sequence: Sequence) -> Self {
        Self::new(sequence.get())
    }
}

impl From<Packed48> for Sequence {
    fn from(packed: Packed48) -> Self {
        Self::new(packed.get())
    }
}

/// An instant, or none, in six bytes. Instants before 1970 become the first of 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct PackedInstant(Packed48);

impl PackedInstant {
    pub(super) fn new(instant: Option<Timestamp>) -> Self {
        let milliseconds = instant.map_or(Packed48::MAXIMUM, |instant| {
            u64::try_from(instant.milliseconds()).unwrap_or(0).min(Packed48::MAXIMUM - 1)
        });
        Self(Packed48::new(milliseconds))
    }

    pub(super) fn get(self) -> Option<Timestamp> {
        let milliseconds = self.0.get();
        if milliseconds == Packed48::MAXIMUM {
            return None;
        }
        i64::try_from(milliseconds).ok().map(Timestamp::from_milliseconds)
    }
}

impl Default for PackedInstant {
    fn default() -> Self {
        Self::new(None)
    }
}

/// A whole number below 2^64 in eight bytes that need no alignment to eight.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Packed64([u8; 8]);

impl Packed64 {
    pub(super) fn new(number: u64) -> Self {
        Self(number.to_le_bytes())
    }

    pub(super) fn get(self) -> u64 {
        u64::from_le_bytes(self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_goes_in_comes_out() {
        for number in [0, 1, 0xFFFF, 0x1_0000, 0xFFFF_FFFF, 0x1_0000_0000, Sequence::MAXIMUM.get()] {
            assert_eq!(Sequence::from(Packed48::from(Sequence::new(number))), Sequence::new(number));
            assert_eq!(Packed64::new(number).get(), number);
        }
        assert_eq!(Packed64::new(u64::MAX).get(), u64::MAX);
        let instant = Timestamp::from_milliseconds(253_402_300_799_999);
        assert_eq!(PackedInstant::new(Some(instant)).get(), Some(instant));
        assert_eq!(PackedInstant::new(None).get(), None);
    }

    #[test]
    fn instants_out_of_range_stay_instants() {
        let last = PackedInstant::new(Some(Timestamp::from_milliseconds(i64::MAX))).get();
        assert!(last > Some(Timestamp::from_milliseconds(253_402_300_799_999)));
        let first = PackedInstant::new(Some(Timestamp::from_milliseconds(-5))).get();
        assert_eq!(first, Some(Timestamp::EARLIEST));
    }
}
