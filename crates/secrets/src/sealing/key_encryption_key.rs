//! The operator's key.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use chacha20poly1305::{KeyInit, XChaCha20Poly1305};
use ring::digest::{Context, SHA256};
use zeroize::Zeroizing;

use crate::randomness::{Randomness, RandomnessError};
use crate::secret::{PLACEHOLDER, Secret};

/// The operator's key of 32 bytes, which wraps data keys. It comes from a file, the environment or a key service, never from
/// the database.
#[derive(Clone)]
pub struct KeyEncryptionKey {
    bytes: Secret<[u8; Self::BYTES]>,
    pub(super) cipher: XChaCha20Poly1305,
    fingerprint: [u8; Self::FINGERPRINT_BYTES],
}

/// The text is no key-encryption key. It is not repeated here: it may be a mistyped one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this is not a key-encryption key; give 32 bytes as 64 hexadecimal digits or as base64")]
pub struct KeyEncryptionKeyError;

impl KeyEncryptionKey {
    /// How long a key is.
    pub const BYTES: usize = 32;
    /// How long a fingerprint is.
    pub const FINGERPRINT_BYTES: usize = 8;

    /// A key from its bytes.
    #[must_use]
    pub fn from_bytes(bytes: [u8; Self::BYTES]) -> Self {
        let cipher = XChaCha20Poly1305::new(&bytes.into());
        let mut context = Context::new(&SHA256);
        context.update(b"rendezhook key-encryption key fingerprint\0");
        context.update(&bytes);
        let hashed = context.finish();
        let mut fingerprint = [0; Self::FINGERPRINT_BYTES];
        fingerprint.iter_mut().zip(hashed.as_ref()).for_each(|(to, from)| *to = *from);
        Self { bytes: Secret::new(bytes), cipher, fingerprint }
    }

    /// Makes a new key.
    ///
    /// # Errors
    /// When there are no random bytes.
    pub fn generate(randomness: &mut dyn Randomness) -> Result<Self, RandomnessError> {
        let mut bytes = Zeroizing::new([0_u8; Self::BYTES]);
        randomness.fill(bytes.as_mut_slice())?;
        Ok(Self::from_bytes(*bytes))
    }

    /// Reads a key from a file or the environment: 64 hexadecimal digits, or base64 with or without padding. White space
    /// around it is ignored.
    ///
    /// # Errors
    /// When the text is neither or does not hold 32 bytes.
    pub fn parse(text: &str) -> Result<Self, KeyEncryptionKeyError> {
        let text = text.trim();
        let bytes = if text.len() == 2 * Self::BYTES {
            hexadecimal(text)
        } else {
            STANDARD.decode(text).or_else(|_| STANDARD_NO_PAD.decode(text)).ok().map(Zeroizing::new)
        };
        let bytes = bytes.ok_or(KeyEncryptionKeyError)?;
        let bytes: [u8; Self::BYTES] = bytes.as_slice().try_into().map_err(|_| KeyEncryptionKeyError)?;
        Ok(Self::from_bytes(bytes))
    }

    /// The key as base64, to be written to the operator's key file.
    #[must_use]
    pub fn reveal(&self) -> Secret<String> {
        Secret::new(STANDARD.encode(self.bytes.expose()))
    }

    /// Tells keys apart without giving anything away: the beginning of a hash of the key.
    #[must_use]
    pub const fn fingerprint(&self) -> [u8; Self::FINGERPRINT_BYTES] {
        self.fingerprint
    }
}

impl fmt::Debug for KeyEncryptionKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(PLACEHOLDER)
    }
}

fn hexadecimal(text: &str) -> Option<Zeroizing<Vec<u8>>> {
    let digits =
        text.chars().map(|character| character.to_digit(16).and_then(|digit| u8::try_from(digit).ok()));
    let digits: Zeroizing<Vec<u8>> = Zeroizing::new(digits.collect::<Option<_>>()?);
    let bytes = digits.chunks_exact(2).map(|pair| pair.iter().fold(0, |byte, digit| byte << 4 | digit));
    Some(Zeroizing::new(bytes.collect()))
}
