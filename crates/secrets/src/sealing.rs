//! Secrets at rest: an operator's key wraps data keys, data keys seal secrets, and both are bound to where they are stored.

mod data_key;
mod envelope;
mod key_encryption_key;
mod place;

pub use self::data_key::DataKey;
pub use self::key_encryption_key::{KeyEncryptionKey, KeyEncryptionKeyError};
pub use self::place::Place;

use crate::randomness::RandomnessError;

/// A secret cannot be sealed or opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// Sealing needs a nonce.
    #[error("a secret cannot be sealed")]
    Randomness(#[from] RandomnessError),
    /// The cipher refused to seal; only a text of hundreds of gigabytes is refused.
    #[error("the secret is too long to be sealed")]
    TooLong,
    /// The bytes do not have the form of a sealed value.
    #[error(
        "the stored bytes are not a sealed secret; the database may be damaged or come from a newer version"
    )]
    Malformed,
    /// The data key was wrapped by another key-encryption key.
    #[error(
        "the data key was wrapped by another key-encryption key; start with the key that was in use when the database was written"
    )]
    WrongKeyEncryptionKey,
    /// The value was sealed under another version of the data key.
    #[error("the secret was sealed under version {sealed} of the data key, but version {given} was given")]
    WrongKeyVersion {
        /// The version under which it was sealed.
        sealed: u32,
        /// The version of the key that should have opened it.
        given: u32,
    },
    /// The seal is broken: wrong key, changed bytes, or bytes that belong to another place.
    #[error(
        "the sealed secret does not open; it was changed, moved from another row, or sealed under another key"
    )]
    Broken,
}

#[cfg(test)]
mod tests;
