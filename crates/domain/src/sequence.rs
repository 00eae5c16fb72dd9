//! Numbers that order what was committed, and the small numbers under which the store keeps its nouns.

use serde::{Deserialize, Serialize};

/// The place of an action or a delivery in commit order.
///
/// One counter serves both: an action takes a number and its deliveries the numbers after it, so a later action always
/// has a higher one. At most 2^42 − 1 (4 × 10^12), which the public ids rely on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
pub struct Sequence(u64);

impl Sequence {
    /// Before every sequence there is.
    pub const ZERO: Self = Self(0);
    /// The highest sequence a public id can carry.
    pub const MAXIMUM: Self = Self((1 << 42) - 1);

    /// A sequence from its number.
    #[must_use]
    pub const fn new(number: u64) -> Self {
        Self(number)
    }

    /// The number itself.
    #[must_use]
    pub const fn get(self) -> u64 {
        self.0
    }

    /// The sequence `count` places later.
    #[must_use]
    pub const fn plus(self, count: u64) -> Self {
        Self(self.0.saturating_add(count))
    }
}

/// Makes a small number under which the store keeps one kind of row.
macro_rules! row_number {
    ($(#[$meta:meta])* $name:ident, $inner:ty) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub struct $name($inner);

        impl $name {
            /// Wraps the store's number.
            #[must_use]
            pub const fn new(number: $inner) -> Self {
                Self(number)
            }

            /// The store's number.
            #[must_use]
            pub const fn get(self) -> $inner {
                self.0
            }
        }
    };
}

row_number!(
    /// The store's number of an organization. Never shown; people see its `OrganizationId`.
    OrganizationNumber,
    u32
);
row_number!(
    /// The store's number of a subscription. Never shown; people see its `SubscriptionId`.
    SubscriptionNumber,
    u32
);
row_number!(
    /// The store's number of a receiver. Never shown; people see its `ReceiverId`.
    ReceiverNumber,
    u32
);
row_number!(
    /// The store's number of a timer. Never shown; people see its `TimerId`.
    TimerNumber,
    u32
);
row_number!(
    /// The store's number of a firing: one action that waits for its time. Never given twice.
    FiringNumber,
    u64
);
row_number!(
    /// The store's number of a resource: with the receiver it names a lane.
    ResourceNumber,
    u64
);
