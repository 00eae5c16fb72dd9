//! Where random bytes come from.

/// A source of random bytes that nobody can foresee.
///
/// Passed in wherever keys and nonces are made, so that tests can play the same bytes again.
pub trait Randomness {
    /// Fills the whole buffer.
    ///
    /// # Errors
    /// When the source has none to give; the buffer must then not be used.
    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), RandomnessError>;
}

/// The operating system gave no random bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the operating system gave no random bytes; no key can be made until it does")]
pub struct RandomnessError {
    #[source]
    source: getrandom::Error,
}

/// The random bytes of the operating system: the only place in this crate that asks for them.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemRandomness;

impl Randomness for SystemRandomness {
    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), RandomnessError> {
        getrandom::fill(bytes).map_err(|source| RandomnessError { source })
    }
}
