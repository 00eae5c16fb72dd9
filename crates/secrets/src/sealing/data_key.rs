//! The key of one organization.

use std::fmt;

use chacha20poly1305::{KeyInit, XChaCha20Poly1305};
use zeroize::Zeroizing;

use super::{KeyEncryptionKey, Place, SealError, envelope};
use crate::randomness::{Randomness, RandomnessError};
use crate::secret::{PLACEHOLDER, Secret};

const KEY_BYTES: usize = 32;

/// First byte of a wrapped data key: format, fingerprint of the wrapping key, version of the data key, then the seal.
const WRAPPED_FORMAT: u8 = 1;
/// First byte of a sealed secret: format, version of the data key, then the seal.
const SEALED_FORMAT: u8 = 1;

/// A key that seals the secrets of one organization. It is stored wrapped by the operator's key.
#[derive(Clone)]
pub struct DataKey {
    version: u32,
    bytes: Secret<[u8; KEY_BYTES]>,
    cipher: XChaCha20Poly1305,
}

impl DataKey {
    /// Makes a new key; `version` tells it from earlier ones of the same organization.
    ///
    /// # Errors
    /// When there are no random bytes.
    pub fn generate(version: u32, randomness: &mut dyn Randomness) -> Result<Self, RandomnessError> {
        let mut bytes = Zeroizing::new([0_u8; KEY_BYTES]);
        randomness.fill(bytes.as_mut_slice())?;
        Ok(Self::of(version, *bytes))
    }

    fn of(version: u32, bytes: [u8; KEY_BYTES]) -> Self {
        Self { version, cipher: XChaCha20Poly1305::new(&bytes.into()), bytes: Secret::new(bytes) }
    }

    /// Which of the organization's keys it is.
    #[must_use]
    pub const fn version(&self) -> u32 {
        self.version
    }

    /// The form in which it is stored. To change the operator's key, unwrap with the old one and wrap with the new one.
    ///
    /// # Errors
    /// When there are no random bytes.
    pub fn wrap(
        &self,
        wrapping_key: &KeyEncryptionKey,
        place: Place<'_>,
        randomness: &mut dyn Randomness,
    ) -> Result<Vec<u8>, SealError> {
        let mut wrapped = vec![WRAPPED_FORMAT];
        wrapped.extend_from_slice(&wrapping_key.fingerprint());
        wrapped.extend_from_slice(&self.version.to_be_bytes());
        let associated_data = place.associated_data(self.version);
        envelope::seal(
            &wrapping_key.cipher,
            self.bytes.expose(),
            &associated_data,
            randomness,
            &mut wrapped,
        )?;
        Ok(wrapped)
    }

    /// Reads a key from the form in which it is stored.
    ///
    /// # Errors
    /// When another key-encryption key wrapped it, or the bytes are damaged or belong to another place.
    pub fn unwrap(
        wrapped: &[u8],
        wrapping_key: &KeyEncryptionKey,
        place: Place<'_>,
    ) -> Result<Self, SealError> {
        let rest = without_format(wrapped, WRAPPED_FORMAT)?;
        let (fingerprint, rest) = rest.split_first_chunk().ok_or(SealError::Malformed)?;
        if *fingerprint != wrapping_key.fingerprint() {
            return Err(SealError::WrongKeyEncryptionKey);
        }
        let (version, sealed) = split_version(rest)?;
        let opened = envelope::open(&wrapping_key.cipher, sealed, &place.associated_data(version))?;
        let bytes: [u8; KEY_BYTES] =
            opened.expose().as_slice().try_into().map_err(|_| SealError::Malformed)?;
        Ok(Self::of(version, bytes))
    }

    /// Seals a secret for one place.
    ///
    /// # Errors
    /// When there are no random bytes.
    pub fn seal(
        &self,
        plaintext: &[u8],
        place: Place<'_>,
        randomness: &mut dyn Randomness,
    ) -> Result<Vec<u8>, SealError> {
        let mut sealed = vec![SEALED_FORMAT];
        sealed.extend_from_slice(&self.version.to_be_bytes());
        let associated_data = place.associated_data(self.version);
        envelope::seal(&self.cipher, plaintext, &associated_data, randomness, &mut sealed)?;
        Ok(sealed)
    }

    /// Opens what [`DataKey::seal`] sealed for the same place.
    ///
    /// # Errors
    /// When the bytes were sealed under another key or its other version, were changed, or belong to another place.
    pub fn open(&self, sealed: &[u8], place: Place<'_>) -> Result<Secret<Vec<u8>>, SealError> {
        let (version, sealed) = split_version(without_format(sealed, SEALED_FORMAT)?)?;
        if version != self.version {
            return Err(SealError::WrongKeyVersion { sealed: version, given: self.version });
        }
        envelope::open(&self.cipher, sealed, &place.associated_data(version))
    }
}

impl fmt::Debug for DataKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(PLACEHOLDER)
    }
}

fn without_format(bytes: &[u8], format: u8) -> Result<&[u8], SealError> {
    match bytes.split_first() {
        Some((first, rest)) if *first == format => Ok(rest),
        _ => Err(SealError::Malformed),
    }
}

fn split_version(bytes: &[u8]) -> Result<(u32, &[u8]), SealError> {
    let (version, rest) = bytes.split_first_chunk().ok_or(SealError::Malformed)?;
    Ok((u32::from_be_bytes(*version), rest))
}
