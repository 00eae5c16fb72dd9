//! Signing secrets and signatures after the Standard Webhooks specification, symmetric version `v1`.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use ring::hmac;
use zeroize::Zeroizing;

use crate::randomness::{Randomness, RandomnessError};
use crate::secret::{PLACEHOLDER, Secret};

/// What the text form starts with.
const PREFIX: &str = "whsec_";

/// Reads base64 whether or not its padding was cut off, as some tools do.
const TOLERANT: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// A secret shared with one receiver, under which deliveries are signed: `whsec_` and base64.
#[derive(Clone)]
pub struct SigningSecret {
    bytes: Secret<Vec<u8>>,
    // The key schedule is computed once; a signature then costs only the hashing of what it covers.
    key: hmac::Key,
}

/// The text is no signing secret. It is not repeated here: it may be a mistyped one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SigningSecretError {
    /// The text does not start with `whsec_`.
    #[error("a signing secret starts with \"whsec_\"")]
    Prefix,
    /// What follows is not base64.
    #[error("what follows \"whsec_\" in a signing secret must be standard base64")]
    Base64,
    /// Too few or too many bytes for the specification.
    #[error("a signing secret holds {0} bytes; use 24 to 64 random bytes")]
    Length(usize),
}

impl SigningSecret {
    /// How many bytes a new secret has: without base64 padding, which some receivers lose.
    pub const GENERATED_BYTES: usize = 36;
    /// The fewest bytes the specification allows.
    pub const MINIMUM_BYTES: usize = 24;
    /// The most bytes the specification allows.
    pub const MAXIMUM_BYTES: usize = 64;

    /// Makes a new secret of 36 random bytes.
    ///
    /// # Errors
    /// When there are no random bytes.
    pub fn generate(randomness: &mut dyn Randomness) -> Result<Self, RandomnessError> {
        let mut bytes = Zeroizing::new([0_u8; Self::GENERATED_BYTES]);
        randomness.fill(bytes.as_mut_slice())?;
        Ok(Self::of(bytes.as_slice()))
    }

    /// Reads a secret from its text, with or without base64 padding.
    ///
    /// # Errors
    /// When the prefix is missing, the rest is not base64, or it holds fewer than 24 or more than 64 bytes.
    pub fn parse(text: &str) -> Result<Self, SigningSecretError> {
        let encoded = text.strip_prefix(PREFIX).ok_or(SigningSecretError::Prefix)?;
        let bytes = Zeroizing::new(TOLERANT.decode(encoded).map_err(|_| SigningSecretError::Base64)?);
        Self::from_bytes(&bytes)
    }

    /// A secret from its raw bytes.
    ///
    /// # Errors
    /// When there are fewer than 24 or more than 64.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, SigningSecretError> {
        if !(Self::MINIMUM_BYTES..=Self::MAXIMUM_BYTES).contains(&bytes.len()) {
            return Err(SigningSecretError::Length(bytes.len()));
        }
        Ok(Self::of(bytes))
    }

    fn of(bytes: &[u8]) -> Self {
        Self { bytes: Secret::new(bytes.to_vec()), key: hmac::Key::new(hmac::HMAC_SHA256, bytes) }
    }

    /// The raw bytes, to be sealed.
    #[must_use]
    pub fn expose_bytes(&self) -> &[u8] {
        self.bytes.expose()
    }

    /// The text form, to be shown to the one who set up the receiver.
    #[must_use]
    pub fn reveal(&self) -> Secret<String> {
        let mut text = String::with_capacity(PREFIX.len() + 88);
        text.push_str(PREFIX);
        STANDARD.encode_string(self.bytes.expose(), &mut text);
        Secret::new(text)
    }

    /// The signature token `v1,<base64>` over `id.timestamp.body`.
    ///
    /// `timestamp` is in whole seconds since 1970. Neither it nor `id` may contain a full stop, which our ids never do.
    #[must_use]
    pub fn sign(&self, id: &str, timestamp: i64, body: &[u8]) -> String {
        let mut token = String::with_capacity(Self::TOKEN_BYTES);
        self.append_signature(id, timestamp, body, &mut token);
        token
    }

    /// The HMAC-SHA256 over a text in hexadecimal digits, as answers to challenges hold it.
    #[must_use]
    pub fn authenticate_hex(&self, text: &[u8]) -> String {
        use std::fmt::Write;
        let tag = hmac::sign(&self.key, text);
        tag.as_ref().iter().fold(String::with_capacity(64), |mut digits, byte| {
            // Writing into a text does not fail.
            let _ = write!(digits, "{byte:02x}");
            digits
        })
    }

    /// Whether these hexadecimal digits are the HMAC-SHA256 over a text, compared in constant time.
    #[must_use]
    pub fn authenticates_hex(&self, text: &[u8], digits: &str) -> bool {
        let tag: Option<Vec<u8>> = digits
            .as_bytes()
            .chunks(2)
            .map(|pair| str::from_utf8(pair).ok().and_then(|pair| u8::from_str_radix(pair, 16).ok()))
            .collect();
        tag.is_some_and(|tag| hmac::verify(&self.key, text, &tag).is_ok())
    }

    /// How long a token is.
    pub const TOKEN_BYTES: usize = 47;

    /// As [`SigningSecret::sign`], at the end of a header value that may hold tokens of other secrets already.
    pub fn append_signature(&self, id: &str, timestamp: i64, body: &[u8], header: &mut String) {
        let mut context = hmac::Context::with_key(&self.key);
        context.update(id.as_bytes());
        context.update(b".");
        context.update(timestamp.to_string().as_bytes());
        context.update(b".");
        context.update(body);
        header.push_str("v1,");
        STANDARD.encode_string(context.sign(), header);
    }
}

impl fmt::Debug for SigningSecret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(PLACEHOLDER)
    }
}

#[cfg(test)]
mod tests;
