//! The one way bytes are sealed: nonce, then ciphertext with its tag, by XChaCha20-Poly1305.

use chacha20poly1305::aead::{Aead, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};

use super::SealError;
use crate::randomness::Randomness;
use crate::secret::Secret;

/// Nonces are random; at 24 bytes they never meet twice.
const NONCE_BYTES: usize = 24;

/// Appends nonce, ciphertext and tag to `envelope`.
pub(super) fn seal(
    cipher: &XChaCha20Poly1305,
    plaintext: &[u8],
    associated_data: &[u8],
    randomness: &mut dyn Randomness,
    envelope: &mut Vec<u8>,
) -> Result<(), SealError> {
    let mut nonce = [0_u8; NONCE_BYTES];
    randomness.fill(&mut nonce)?;
    let payload = Payload { msg: plaintext, aad: associated_data };
    let ciphertext = cipher.encrypt(&XNonce::from(nonce), payload).map_err(|_| SealError::TooLong)?;
    envelope.extend_from_slice(&nonce);
    envelope.extend_from_slice(&ciphertext);
    Ok(())
}

/// Opens what [`seal`] appended.
pub(super) fn open(
    cipher: &XChaCha20Poly1305,
    sealed: &[u8],
    associated_data: &[u8],
) -> Result<Secret<Vec<u8>>, SealError> {
    let (nonce, ciphertext) = sealed.split_first_chunk::<NONCE_BYTES>().ok_or(SealError::Malformed)?;
    let payload = Payload { msg: ciphertext, aad: associated_data };
    cipher.decrypt(&XNonce::from(*nonce), payload).map(Secret::new).map_err(|_| SealError::Broken)
}
