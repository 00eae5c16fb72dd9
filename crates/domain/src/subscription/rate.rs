//! How fast a subscription's receiver may be sent to.

use std::num::{NonZeroU16, NonZeroU32};

use serde::{Deserialize, Serialize};

/// The most deliveries a second to the endpoint of a subscription: 1 to 10,000.
///
/// An endpoint that several subscriptions share keeps the smallest of their limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "u32", into = "u32")]
pub struct RateLimit(NonZeroU16);

/// The number cannot be a rate limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a rate limit of {0} deliveries a second is out of range; use 1 to 10000")]
pub struct RateLimitError(u32);

impl RateLimit {
    /// The highest one.
    pub const MAXIMUM: u32 = 10_000;

    /// So many deliveries a second.
    ///
    /// # Errors
    /// When it is not between 1 and 10,000.
    pub fn new(per_second: u32) -> Result<Self, RateLimitError> {
        u16::try_from(per_second)
            .ok()
            .filter(|_| per_second <= Self::MAXIMUM)
            .and_then(NonZeroU16::new)
            .map(Self)
            .ok_or(RateLimitError(per_second))
    }

    /// Deliveries a second.
    #[must_use]
    pub fn per_second(self) -> u32 {
        u32::from(self.0.get())
    }
}

impl TryFrom<u32> for RateLimit {
    type Error = RateLimitError;

    fn try_from(per_second: u32) -> Result<Self, Self::Error> {
        Self::new(per_second)
    }
}

impl From<RateLimit> for u32 {
    fn from(limit: RateLimit) -> Self {
        limit.per_second()
    }
}

/// How many deliveries an endpoint is sent a minute at most: what a subscription's owner sets, what its receiver allows
/// (`WebHook-Allowed-Rate` of the CloudEvents handshake), or the rate at which a backlog is drained.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DeliveryRate(NonZeroU32);

impl DeliveryRate {
    /// So many a minute; none when that is no delivery at all.
    #[must_use]
    pub fn each_minute(deliveries: u32) -> Option<Self> {
        NonZeroU32::new(deliveries).map(Self)
    }

    /// Deliveries a minute.
    #[must_use]
    pub const fn per_minute(self) -> u32 {
        self.0.get()
    }
}

impl From<RateLimit> for DeliveryRate {
    fn from(limit: RateLimit) -> Self {
        Self(NonZeroU32::from(limit.0).saturating_mul(MINUTE))
    }
}

/// Seconds in a minute.
const MINUTE: NonZeroU32 = NonZeroU32::MIN.saturating_add(59);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_lies_between_one_and_ten_thousand() {
        for allowed in [1, 7, 10_000] {
            assert_eq!(RateLimit::new(allowed).map(RateLimit::per_second), Ok(allowed));
        }
        for refused in [0, 10_001, 65_536, u32::MAX] {
            assert_eq!(RateLimit::new(refused), Err(RateLimitError(refused)));
        }
    }
}
