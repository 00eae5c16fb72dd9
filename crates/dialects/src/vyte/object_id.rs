//! Ids in the form of the Vyte API.

use std::fmt::Write;

use rendezhook_domain::time::Timestamp;
use rendezhook_secrets::{Randomness, RandomnessError};

/// Makes the id of a hook or an organization as the Vyte API shows them: 24 lower-case hexadecimal digits, of which the first
/// eight are the seconds since 1970 and the rest random.
///
/// `random` must come from a source that does not repeat itself; the id is no secret.
#[must_use]
pub fn object_id(created_at: Timestamp, random: [u8; 8]) -> String {
    // As in the ids that the form comes from, seconds beyond 32 bits (the year 2106) begin again at nought.
    let seconds = created_at.seconds().rem_euclid(1 << 32);
    let mut id = String::with_capacity(24);
    // Writing to a String cannot fail.
    let _ = write!(id, "{seconds:08x}{:016x}", u64::from_be_bytes(random));
    id
}

/// Makes a new id with random bytes from here.
///
/// # Errors
/// When there are no random bytes.
pub fn new_object_id(now: Timestamp, randomness: &mut dyn Randomness) -> Result<String, RandomnessError> {
    let mut random = [0_u8; 8];
    randomness.fill(&mut random)?;
    Ok(object_id(now, random))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn has_the_form_of_the_documents() {
        let created_at: Timestamp = "2021-05-27T08:03:53.775Z".parse().unwrap();
        assert_eq!(
            object_id(created_at, [0x54, 0xe6, 0x60, 0x5a, 0xae, 0x0d, 0xad, 0x5a]),
            "60af526954e6605aae0dad5a"
        );
        assert_eq!(object_id(Timestamp::from_milliseconds(0), [0; 8]), "0".repeat(24));
        assert_eq!(object_id(Timestamp::from_milliseconds(i64::MAX), [0xff; 8]).len(), 24);
    }
}
