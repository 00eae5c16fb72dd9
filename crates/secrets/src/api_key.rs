//! Keys of organizations, and what is kept of them.

use std::fmt;

use ring::digest::{Context, SHA256, digest};
use subtle::ConstantTimeEq;

use crate::randomness::{Randomness, RandomnessError};
use crate::secret::{PLACEHOLDER, Secret};

const ALPHABET: &[u8; 36] = b"0123456789abcdefghijklmnopqrstuvwxyz";

/// Random bytes from here on are thrown away: 252 is the largest multiple of 36 below 256, so the remainder of a smaller byte
/// chooses each character equally often.
const UNBIASED_BELOW: u8 = 252;

/// An API key of an organization: 50 characters of `[0-9a-z]`, 258 bits of entropy.
///
/// That is the form of the Vyte API, whose clients and secret scanners rely on it; every surface takes the same keys.
#[derive(Clone)]
pub struct ApiKey(Secret<String>);

/// The text is no API key. It is not repeated here: it may be a mistyped one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this is not an API key; a key is 50 characters long and made of digits and lower-case letters")]
pub struct ApiKeyError;

impl ApiKey {
    /// How long a key is.
    pub const LENGTH: usize = 50;

    /// Makes a new key.
    ///
    /// # Errors
    /// When there are no random bytes.
    pub fn generate(randomness: &mut dyn Randomness) -> Result<Self, RandomnessError> {
        let mut key = String::with_capacity(Self::LENGTH);
        let mut bytes = zeroize::Zeroizing::new([0_u8; 64]);
        while key.len() < Self::LENGTH {
            randomness.fill(bytes.as_mut_slice())?;
            let characters = bytes
                .iter()
                .filter(|byte| **byte < UNBIASED_BELOW)
                .filter_map(|byte| ALPHABET.get(usize::from(byte % 36)))
                .map(|character| char::from(*character));
            key.extend(characters.take(Self::LENGTH - key.len()));
        }
        Ok(Self(Secret::new(key)))
    }

    /// Reads a key that was made by [`ApiKey::generate`].
    ///
    /// # Errors
    /// When the text does not have the form of a key.
    pub fn parse(text: &str) -> Result<Self, ApiKeyError> {
        let well_formed = text.len() == Self::LENGTH && text.bytes().all(|byte| ALPHABET.contains(&byte));
        if !well_formed {
            return Err(ApiKeyError);
        }
        Ok(Self(Secret::new(text.to_owned())))
    }

    /// The key as text, to be shown once to the one who asked for it.
    #[must_use]
    pub fn reveal(&self) -> &str {
        self.0.expose()
    }

    /// What is kept of it.
    #[must_use]
    pub fn hash(&self) -> KeyHash {
        KeyHash::of_presented(self.reveal())
    }
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(PLACEHOLDER)
    }
}

/// The SHA-256 of a key: enough to recognise the key and too little to find it.
///
/// A fast hash is right here because keys are random: there is no dictionary to try. Hashes are compared in constant time.
#[derive(Clone, Copy)]
pub struct KeyHash([u8; 32]);

impl KeyHash {
    /// How much of a presented text is hashed. Keys, also one that an operator chose, must not be longer.
    pub const MAXIMUM_PRESENTED_BYTES: usize = 256;

    /// The hash of whatever a client presented as its key.
    ///
    /// Any text is taken, so that a malformed or unknown key costs what a known one does. Of a text that is longer than every
    /// key only the beginning is hashed, with a mark that keeps it apart from the hash of every shorter text.
    #[must_use]
    pub fn of_presented(text: &str) -> Self {
        let hashed = match text.as_bytes().get(..=Self::MAXIMUM_PRESENTED_BYTES) {
            None => digest(&SHA256, text.as_bytes()),
            Some(beginning) => {
                let mut context = Context::new(&SHA256);
                context.update(b"too long to be a key\0");
                context.update(beginning);
                context.finish()
            }
        };
        let mut hash = [0; 32];
        hash.iter_mut().zip(hashed.as_ref()).for_each(|(to, from)| *to = *from);
        Self(hash)
    }

    /// A hash as it was stored.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The hash as it is stored.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Its first bytes: the key of a map of known hashes. Entries found by it must still be compared with `==`.
    #[must_use]
    pub const fn lookup(&self) -> [u8; 8] {
        let [a, b, c, d, e, f, g, h, ..] = self.0;
        [a, b, c, d, e, f, g, h]
    }
}

impl PartialEq for KeyHash {
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl Eq for KeyHash {}

impl fmt::Debug for KeyHash {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("[key hash]")
    }
}

#[cfg(test)]
mod tests;
