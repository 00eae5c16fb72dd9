//! Identifiers that people and programs outside see: a prefix, an underscore and 32 hexadecimal digits of a UUIDv7.
//!
//! Ids of catalogue rows (organization, subscription, …) are random in their lower half. Ids of actions and deliveries are
//! *computed* from the time of acceptance and the place of the row in the store: they cost no column and no index however
//! many rows there are, and a look-up by id is a look-up by key. Nobody gains by guessing one, since every reader is limited
//! to its own organization.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::sequence::{OrganizationNumber, ReceiverNumber, Sequence};
use crate::time::Timestamp;

/// The text is not an id of the kind asked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "\"{text}\" is not an id of this kind; such an id is \"{prefix}_\" followed by 32 hexadecimal digits"
)]
pub struct IdError {
    text: String,
    prefix: &'static str,
}

fn parse_prefixed(text: &str, prefix: &'static str) -> Result<Uuid, IdError> {
    let refused = || IdError { text: text.chars().take(80).collect(), prefix };
    let digits = text.strip_prefix(prefix).and_then(|rest| rest.strip_prefix('_')).ok_or_else(refused)?;
    let lower_hexadecimal = digits.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte));
    if digits.len() != 32 || !lower_hexadecimal {
        return Err(refused());
    }
    Uuid::parse_str(digits).map_err(|_| refused())
}

/// Gives an id type its prefixed text form, in both directions and in JSON.
macro_rules! prefixed_text {
    ($name:ident, $prefix:literal) => {
        impl $name {
            /// What its text starts with, before the underscore.
            pub const PREFIX: &'static str = $prefix;
        }

        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(formatter, concat!($prefix, "_{}"), self.uuid().simple())
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, formatter)
            }
        }

        impl Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}

/// Makes an id type of a catalogue row.
macro_rules! catalogue_id {
    ($(#[$meta:meta])* $name:ident, $prefix:literal) => {
        $(#[$meta])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Uuid);

        impl $name {
            /// An id from a UUID that the caller made (version 7).
            #[must_use]
            pub const fn from_uuid(uuid: Uuid) -> Self {
                Self(uuid)
            }

            /// The UUID behind the text.
            #[must_use]
            pub const fn uuid(&self) -> Uuid {
                self.0
            }
        }

        impl FromStr for $name {
            type Err = IdError;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                parse_prefixed(text, $prefix).map(Self)
            }
        }

        prefixed_text!($name, $prefix);
    };
}

catalogue_id!(
    /// An organization: the tenant.
    OrganizationId,
    "org"
);
catalogue_id!(
    /// An API key (the key's name tag, not its secret).
    KeyId,
    "key"
);
catalogue_id!(
    /// A subscription.
    SubscriptionId,
    "sub"
);
catalogue_id!(
    /// An OAuth client of an organization: who asks for tokens of the doo API.
    OAuthClientId,
    "client"
);
catalogue_id!(
    /// A timer: which action fires when, for every resource of a kind.
    TimerId,
    "tmr"
);
catalogue_id!(
    /// A receiver.
    ReceiverId,
    "rcv"
);
catalogue_id!(
    /// A replay: a job that makes deliveries anew.
    ReplayId,
    "rpl"
);

/// Bits of the sequence in a computed id.
const SEQUENCE_BITS: u32 = 42;
/// Bits of the number of the row's owner in a computed id.
const OWNER_BITS: u32 = 32;

/// Lays out a UUIDv7: 48 bits of time, version, 12 bits, variant, 62 bits; the 74 free bits hold sequence and owner.
fn compose(accepted_at: Timestamp, sequence: Sequence, owner: u32) -> Uuid {
    let milliseconds = u128::from(accepted_at.milliseconds().unsigned_abs() & ((1 << 48) - 1));
    let sequence = u128::from(sequence.get() & Sequence::MAXIMUM.get());
    let free = (sequence << OWNER_BITS) | u128::from(owner);
    let upper = free >> 62;
    let lower = free & ((1 << 62) - 1);
    Uuid::from_u128((milliseconds << 80) | (0x7 << 76) | (upper << 64) | (0b10 << 62) | lower)
}

/// Reads back what [`compose`] laid out: sequence and owner.
fn decompose(uuid: Uuid) -> (Timestamp, Sequence, u32) {
    let bits = uuid.as_u128();
    let upper = (bits >> 64) & 0xfff;
    let lower = bits & ((1 << 62) - 1);
    let free = (upper << 62) | lower;
    let mask_owner = (1_u128 << OWNER_BITS) - 1;
    let mask_sequence = (1_u128 << SEQUENCE_BITS) - 1;
    let owner = u32::try_from(free & mask_owner).unwrap_or(u32::MAX);
    let sequence = u64::try_from((free >> OWNER_BITS) & mask_sequence).unwrap_or(0);
    let milliseconds = i64::try_from(bits >> 80).unwrap_or(i64::MAX);
    (Timestamp::from_milliseconds(milliseconds), Sequence::new(sequence), owner)
}

/// Makes an id type that is computed from a row's place.
macro_rules! computed_id {
    ($(#[$meta:meta])* $name:ident, $prefix:literal, $owner:ident, $owner_type:ty, $owner_doc:literal) => {
        $(#[$meta])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name {
            accepted_at: Timestamp,
            sequence: Sequence,
            $owner: $owner_type,
        }

        impl $name {
            /// The id of the row at this place.
            #[must_use]
            pub const fn new(accepted_at: Timestamp, sequence: Sequence, $owner: $owner_type) -> Self {
                Self { accepted_at, sequence, $owner }
            }

            /// When the action was accepted.
            #[must_use]
            pub const fn accepted_at(&self) -> Timestamp {
                self.accepted_at
            }

            /// Its place in commit order.
            #[must_use]
            pub const fn sequence(&self) -> Sequence {
                self.sequence
            }

            #[doc = $owner_doc]
            #[must_use]
            pub const fn $owner(&self) -> $owner_type {
                self.$owner
            }

            /// The UUID behind the text.
            #[must_use]
            pub fn uuid(&self) -> Uuid {
                compose(self.accepted_at, self.sequence, self.$owner.get())
            }
        }

        impl FromStr for $name {
            type Err = IdError;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                let uuid = parse_prefixed(text, $prefix)?;
                let (accepted_at, sequence, owner) = decompose(uuid);
                let id = Self { accepted_at, sequence, $owner: <$owner_type>::new(owner) };
                if id.uuid() != uuid {
                    return Err(IdError { text: text.to_owned(), prefix: $prefix });
                }
                Ok(id)
            }
        }

        prefixed_text!($name, $prefix);
    };
}

computed_id!(
    /// An action: what happened to a resource, once.
    ActionId,
    "act",
    organization,
    OrganizationNumber,
    "The organization it belongs to."
);
computed_id!(
    /// A delivery: one action for one subscription. It is also the `webhook-id` of every attempt.
    DeliveryId,
    "dlv",
    receiver,
    ReceiverNumber,
    "The receiver it goes to."
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_computed_id_gives_back_what_it_was_made_of() {
        for (sequence, receiver) in [(1, 0), (77, 5), (Sequence::MAXIMUM.get(), u32::MAX), (1 << 40, 1 << 31)]
        {
            let id = DeliveryId::new(
                Timestamp::from_milliseconds(1_768_469_400_123),
                Sequence::new(sequence),
                ReceiverNumber::new(receiver),
            );
            assert_eq!(id.to_string().parse::<DeliveryId>().unwrap(), id);
            assert_eq!(id.uuid().get_version_num(), 7);
            assert_eq!(id.uuid().get_variant(), uuid::Variant::RFC4122);
        }
    }

    #[test]
    fn ids_sort_by_time_then_sequence() {
        let make = |milliseconds, sequence| {
            DeliveryId::new(
                Timestamp::from_milliseconds(milliseconds),
                Sequence::new(sequence),
                ReceiverNumber::new(9),
            )
            .to_string()
        };
        assert!(make(1_000, 9) < make(1_001, 1));
        assert!(make(1_000, 9) < make(1_000, 10));
    }

    #[test]
    fn refuses_other_prefixes_lengths_and_letters() {
        for text in [
            "",
            "dlv_",
            "act_0192f0e000007000800000000000000a",
            "dlv_0192F0E000007000800000000000000A",
            "dlv_x",
        ] {
            assert!(text.parse::<DeliveryId>().is_err(), "{text}");
        }
        assert!("org_0192f0e0-0000-7000-8000-00000000000a".parse::<OrganizationId>().is_err());
    }
}
