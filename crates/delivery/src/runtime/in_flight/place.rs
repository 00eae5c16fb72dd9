//! One place of the file.

use rendezhook_domain::sequence::{ReceiverNumber, Sequence};
use rendezhook_store::pending::DeliveryKey;

use super::{Suspect, Suspicion};

/// What a place says of its delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    /// There is none.
    Empty,
    /// An attempt is under way.
    InFlight,
    /// An attempt is under way and nothing else.
    Alone,
    /// An attempt is under way beside those of a few others that are suspected too, and nothing else.
    AmongFew,
    /// It is suspected and waits to be tried.
    Listed,
}

/// One place: 32 bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) key: DeliveryKey,
    pub(super) standing: Standing,
    pub(super) suspicion: Suspicion,
}

/// The first byte of a place that is not empty: the form of what follows.
const FORM: u8 = 1;

impl Place {
    pub(super) const BYTES: usize = 32;

    pub(super) const EMPTY: Self = Self {
        key: DeliveryKey { receiver: ReceiverNumber::new(0), sequence: Sequence::ZERO },
        standing: Standing::Empty,
        suspicion: Suspicion { crashes: 0, crashes_among_few: 0, crashes_alone: 0 },
    };

    pub(super) fn bytes(&self) -> [u8; Self::BYTES] {
        let mut bytes = [0; Self::BYTES];
        let standing = match self.standing {
            Standing::Empty => return bytes,
            Standing::InFlight => 1,
            Standing::Alone => 2,
            Standing::Listed => 3,
            Standing::AmongFew => 4,
        };
        let words = [
            u64::from_le_bytes([
                FORM,
                standing,
                self.suspicion.crashes,
                self.suspicion.crashes_alone,
                self.suspicion.crashes_among_few,
                0,
                0,
                0,
            ]),
            self.key.sequence.get(),
            u64::from(self.key.receiver.get()),
        ];
        let [head, sequence, receiver] = words;
        for (field, word) in bytes.chunks_exact_mut(8).zip([head, sequence, receiver, code_of(words)]) {
            field.copy_from_slice(&word.to_le_bytes());
        }
        bytes
    }

    /// What stands there; `None` when it is empty or torn.
    pub(super) fn read(bytes: [u8; Self::BYTES]) -> Option<Self> {
        let mut words =
            bytes.chunks_exact(8).filter_map(|field| field.try_into().ok()).map(u64::from_le_bytes);
        let (head, sequence, receiver) = (words.next()?, words.next()?, words.next()?);
        if words.next()? != code_of([head, sequence, receiver]) {
            return None;
        }
        let [FORM, standing, crashes, crashes_alone, crashes_among_few, ..] = head.to_le_bytes() else {
            return None;
        };
        let standing = match standing {
            1 => Standing::InFlight,
            2 => Standing::Alone,
            3 => Standing::Listed,
            4 => Standing::AmongFew,
            _ => return None,
        };
        let key = DeliveryKey {
            receiver: ReceiverNumber::new(u32::try_from(receiver).ok()?),
            sequence: Sequence::new(sequence),
        };
        Some(Self { key, standing, suspicion: Suspicion { crashes, crashes_among_few, crashes_alone } })
    }

    /// What is to be thought of its delivery after the process crashed.
    pub(super) fn after_crash(&self) -> Option<Suspect> {
        let mut suspicion = self.suspicion;
        let further = match self.standing {
            Standing::Empty => return None,
            Standing::Listed => return Some(Suspect { key: self.key, suspicion }),
            Standing::InFlight => None,
            Standing::AmongFew => Some(&mut suspicion.crashes_among_few),
            Standing::Alone => Some(&mut suspicion.crashes_alone),
        };
        if let Some(count) = further {
            *count = count.saturating_add(1);
        }
        suspicion.crashes = suspicion.crashes.saturating_add(1);
        Some(Suspect { key: self.key, suspicion })
    }
}

/// Tells a place that was written whole from one that was not: the finalizer of SplitMix64 over each word in turn.
fn code_of(words: [u64; 3]) -> u64 {
    words.into_iter().fold(0x9E37_79B9_7F4A_7C15, |code, word| {
        let mut mixed = code ^ word;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    })
}
