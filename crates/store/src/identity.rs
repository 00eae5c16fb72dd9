//! Making the ids of new catalogue rows.

use rendezhook_domain::id::{
    KeyId, OAuthClientId, OrganizationId, ReceiverId, ReplayId, SubscriptionId, TimerId,
};
use rendezhook_domain::time::Timestamp;
use rendezhook_secrets::{Randomness, RandomnessError};
use uuid::Uuid;

/// An id that can be made anew: a UUIDv7 (RFC 9562, section 5.7), which sorts by time and cannot be guessed.
pub trait NewId: Sized {
    /// A new id.
    ///
    /// # Errors
    /// When there are no random bytes.
    fn new_at(now: Timestamp, randomness: &mut dyn Randomness) -> Result<Self, RandomnessError>;
}

macro_rules! new_id {
    ($($id:ty),*) => {
        $(impl NewId for $id {
            fn new_at(now: Timestamp, randomness: &mut dyn Randomness) -> Result<Self, RandomnessError> {
                new_uuid(now, randomness).map(Self::from_uuid)
            }
        })*
    };
}

new_id!(OrganizationId, KeyId, OAuthClientId, SubscriptionId, ReceiverId, ReplayId, TimerId);

/// A new UUIDv7.
///
/// # Errors
/// When there are no random bytes.
pub fn new_uuid(now: Timestamp, randomness: &mut dyn Randomness) -> Result<Uuid, RandomnessError> {
    let mut random = [0_u8; 10];
    randomness.fill(&mut random)?;
    let milliseconds = u64::try_from(now.milliseconds()).unwrap_or(0);
    Ok(uuid::Builder::from_unix_timestamp_millis(milliseconds, &random).into_uuid())
}

/// A new UUIDv4 (RFC 9562, section 5.4), for ids that must not tell when they were made.
///
/// # Errors
/// When there are no random bytes.
pub fn new_random_uuid(randomness: &mut dyn Randomness) -> Result<Uuid, RandomnessError> {
    let mut random = [0_u8; 16];
    randomness.fill(&mut random)?;
    Ok(uuid::Builder::from_random_bytes(random).into_uuid())
}

#[cfg(test)]
mod tests {
    use rendezhook_secrets::SystemRandomness;

    use super::*;

    #[test]
    fn new_ids_sort_by_time_and_differ() {
        let at = |milliseconds| {
            OrganizationId::new_at(Timestamp::from_milliseconds(milliseconds), &mut SystemRandomness).unwrap()
        };
        assert!(at(1_000) < at(1_001));
        assert_ne!(at(1_000), at(1_000));
        assert_eq!(at(1_000).uuid().get_version_num(), 7);
    }
}
