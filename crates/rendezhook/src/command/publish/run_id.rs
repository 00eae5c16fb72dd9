//! The name of one run of the command, and the idempotency keys of its requests.

use rendezhook_secrets::{Randomness, RandomnessError, SystemRandomness};
use ring::digest::{SHA256, digest};

/// The longest name.
const MAXIMUM_LENGTH: usize = 64;

/// A new name that no other run has.
///
/// # Errors
/// When there are no random bytes.
pub(super) fn new() -> Result<String, RandomnessError> {
    let mut random = [0_u8; 8];
    SystemRandomness.fill(&mut random)?;
    Ok(hexadecimal(&random))
}

/// Takes the name of an earlier run.
///
/// # Errors
/// When it cannot be a part of a header value.
pub(super) fn parse(text: &str) -> Result<String, String> {
    let fits =
        (1..=MAXIMUM_LENGTH).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if fits {
        return Ok(text.to_owned());
    }
    Err(format!("the name of a run has 1 to {MAXIMUM_LENGTH} letters and digits"))
}

/// The `Idempotency-Key` of the request at this position of a run: another content is another key, and the same content at
/// two places of a file too.
pub(super) fn idempotency_key(run: &str, position: usize, content: &[u8]) -> String {
    let hash = digest(&SHA256, content);
    format!("publish-{run}-{position}-{}", hexadecimal(hash.as_ref()))
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_differ_by_run_position_and_content_alone() {
        let key = idempotency_key("a", 0, b"{}");
        assert_eq!(key, idempotency_key("a", 0, b"{}"));
        for other in
            [idempotency_key("b", 0, b"{}"), idempotency_key("a", 1, b"{}"), idempotency_key("a", 0, b"[]")]
        {
            assert_ne!(key, other);
        }
    }

    #[test]
    fn a_key_fits_the_header_for_every_run_that_is_taken() {
        let longest = parse(&"x".repeat(MAXIMUM_LENGTH)).unwrap();
        let key = idempotency_key(&longest, usize::MAX, b"");
        assert!(key.len() <= 255 && key.bytes().all(|byte| byte.is_ascii_graphic()), "{key}");
        for refused in ["", "a b", "ü", &"x".repeat(MAXIMUM_LENGTH + 1)] {
            assert!(parse(refused).is_err(), "{refused}");
        }
    }

    #[test]
    fn a_new_run_has_a_name_that_can_be_given_again() {
        let name = new().unwrap();
        assert_eq!(parse(&name).as_ref(), Ok(&name));
        assert_ne!(name, new().unwrap());
    }
}
