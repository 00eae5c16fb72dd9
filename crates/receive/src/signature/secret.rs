//! The receiver's copy of a signing secret.

use std::fmt;

use base64::Engine;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use thiserror::Error;
use zeroize::Zeroizing;

/// What a Standard Webhooks secret starts with when it is shown.
pub(crate) const STANDARD_PREFIX: &str = "whsec_";

/// Senders differ in whether they keep the padding of a secret, and its bytes are the same either way.
const LENIENT_PADDING: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// A signing secret as the sender shows it, for example `whsec_…` or, for SimplyMeet.me, any text.
///
/// It is wiped from memory when dropped, and its `Debug` form shows nothing of it.
#[derive(Clone)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Keeps the text exactly as given; how it becomes a key depends on the
    /// [`Style`](super::Style).
    pub fn new(text: impl Into<String>) -> Self {
        Self(Zeroizing::new(text.into()))
    }

    pub(crate) fn text(&self) -> &str {
        &self.0
    }

    /// The text without the `whsec_` prefix, if it has one.
    pub(crate) fn text_after_prefix(&self) -> &str {
        self.0.strip_prefix(STANDARD_PREFIX).unwrap_or(&self.0)
    }

    /// The key bytes by the rule of Standard Webhooks: the base64 text after `whsec_`, decoded.
    /// A missing prefix and missing padding are accepted.
    pub(crate) fn decoded(&self) -> Result<Zeroizing<Vec<u8>>, SecretError> {
        decode(self.text_after_prefix())
    }

    /// The same secret without white space around it, or `None` if it has none.
    pub(crate) fn trimmed(&self) -> Option<Self> {
        let trimmed = self.0.trim();
        (trimmed.len() != self.0.len()).then(|| Self::new(trimmed))
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Secret")
    }
}

/// Why a text can not be the secret of a [`Style`](super::Style).
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum SecretError {
    /// Nothing is left to make a key of; a signature under an empty key proves nothing.
    #[error("the signing secret is empty: copy it again from the sender")]
    Empty,
    /// The text after `whsec_` is not standard base64.
    #[error(
        "the signing secret is not `whsec_` followed by base64: copy it again from the sender, without quotes or white space"
    )]
    NotBase64,
}

fn decode(text: &str) -> Result<Zeroizing<Vec<u8>>, SecretError> {
    let key = LENIENT_PADDING.decode(text).map_err(|_invalid| SecretError::NotBase64)?;
    if key.is_empty() {
        return Err(SecretError::Empty);
    }
    Ok(Zeroizing::new(key))
}
