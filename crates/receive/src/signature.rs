//! Verifying that a request came from the holder of a secret, unchanged and just now.
//!
//! Two styles are known: Standard Webhooks 1.0.0 (version `v1`) and the signature of SimplyMeet.me.

mod mac;
mod secret;
#[cfg(test)]
mod tests;

use std::fmt;
use std::str::FromStr;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use ring::hmac;
use thiserror::Error;

use crate::capture::HeaderSource;

pub(crate) use mac::{key, matches, tag};
pub(crate) use secret::STANDARD_PREFIX;
pub use secret::{Secret, SecretError};

/// The header with the identifier of the message, the same on every attempt.
pub const ID_HEADER: &str = "webhook-id";
/// The header with the time of the attempt in whole Unix seconds.
pub const TIMESTAMP_HEADER: &str = "webhook-timestamp";
/// The header with the signature, or with several of them in Standard Webhooks.
pub const SIGNATURE_HEADER: &str = "webhook-signature";

/// How far the timestamp of a request may be from the receiver's clock, in seconds, in either direction.
/// The value all reference libraries of Standard Webhooks use.
pub const TOLERANCE_SECONDS: u64 = 300;

/// How a sender signs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// Standard Webhooks 1.0.0: space separated `v1,BASE64` tokens, HMAC-SHA256 over
    /// `id.timestamp.body`, key `whsec_` + base64. Tokens of other versions are ignored.
    StandardWebhooks,
    /// SimplyMeet.me: base64 of HMAC-SHA256 over the body, the secret's text as key. There is no
    /// timestamp in it, so a repeated request can not be recognised as old.
    SimplyMeet,
}

impl FromStr for Style {
    type Err = UnknownStyle;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "standard" => Ok(Self::StandardWebhooks),
            "simplymeet" => Ok(Self::SimplyMeet),
            other => Err(UnknownStyle(other.to_owned())),
        }
    }
}

impl fmt::Display for Style {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::StandardWebhooks => "standard",
            Self::SimplyMeet => "simplymeet",
        })
    }
}

/// The text names no [`Style`].
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("unknown signature style `{0}`: use `standard` or `simplymeet`")]
pub struct UnknownStyle(String);

/// Checks requests against one secret. Holds the key only; its `Debug` form shows the style alone.
#[derive(Clone)]
pub struct Verifier {
    style: Style,
    key: hmac::Key,
}

impl Verifier {
    /// Prepares the key.
    ///
    /// # Errors
    /// [`SecretError`] if the text can not be a secret of this style.
    pub fn new(style: Style, secret: &Secret) -> Result<Self, SecretError> {
        let key = match style {
            Style::StandardWebhooks => key(&secret.decoded()?),
            Style::SimplyMeet if secret.text().is_empty() => return Err(SecretError::Empty),
            Style::SimplyMeet => key(secret.text().as_bytes()),
        };
        Ok(Self { style, key })
    }

    /// Verifies a request received at `now`. The body must be the exact bytes of the request,
    /// before any JSON parser has touched them. Signatures are compared in constant time.
    ///
    /// # Errors
    /// The first [`VerifyError`] found; [`diagnose`](crate::diagnosis::diagnose) finds out more.
    pub fn verify(
        &self,
        headers: &impl HeaderSource,
        body: &[u8],
        now: Timestamp,
    ) -> Result<(), VerifyError> {
        match self.style {
            Style::StandardWebhooks => self.verify_standard(headers, body, now),
            Style::SimplyMeet => self.verify_simplymeet(headers, body),
        }
    }

    fn verify_standard(
        &self,
        headers: &impl HeaderSource,
        body: &[u8],
        now: Timestamp,
    ) -> Result<(), VerifyError> {
        let id = required(headers, ID_HEADER)?;
        let timestamp = required(headers, TIMESTAMP_HEADER)?;
        let signatures = required(headers, SIGNATURE_HEADER)?;
        if !is_usable_id(id) {
            return Err(VerifyError::UnusableId);
        }
        check_clock(timestamp, now)?;

        let expected = tag(&self.key, &[id.as_bytes(), b".", timestamp.as_bytes(), b".", body]);
        let mut supported = signatures.split(' ').filter_map(|token| token.strip_prefix("v1,")).peekable();
        if supported.peek().is_none() {
            return Err(VerifyError::NoSupportedSignature);
        }
        if supported.any(|encoded| decodes_to(&expected, encoded)) {
            return Ok(());
        }
        Err(VerifyError::Mismatch)
    }

    fn verify_simplymeet(&self, headers: &impl HeaderSource, body: &[u8]) -> Result<(), VerifyError> {
        let signature = required(headers, SIGNATURE_HEADER)?;
        if decodes_to(&tag(&self.key, &[body]), signature) {
            return Ok(());
        }
        Err(VerifyError::Mismatch)
    }
}

impl fmt::Debug for Verifier {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Verifier").field("style", &self.style).finish_non_exhaustive()
    }
}

/// Why a request was not accepted.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum VerifyError {
    /// A header the style needs is absent, or not readable as text.
    #[error("the request has no `{0}` header")]
    MissingHeader(&'static str),
    /// The id is empty or contains a full stop, with which other ids and bodies could have the same signature.
    #[error("`webhook-id` is empty or contains a full stop")]
    UnusableId,
    /// The timestamp is not a whole number of seconds.
    #[error("`webhook-timestamp` is not a whole number of Unix seconds")]
    TimestampNotInteger,
    /// The timestamp is before `now` by more than [`TOLERANCE_SECONDS`].
    #[error("the request is {0} s old: it is a repetition, or one of the clocks is wrong")]
    TooOld(u64),
    /// The timestamp is after `now` by more than [`TOLERANCE_SECONDS`].
    #[error("the request comes from {0} s in the future: one of the clocks is wrong")]
    TooNew(u64),
    /// No token of version `v1` is in the header.
    #[error("`webhook-signature` has no token that starts with `v1,`")]
    NoSupportedSignature,
    /// No signature fits: another secret, or a changed body.
    #[error("no signature fits: the secret is another one, or the body was changed")]
    Mismatch,
}

/// Whether signing `id.timestamp.body` is unambiguous with this id.
pub(crate) fn is_usable_id(id: &str) -> bool {
    !id.is_empty() && !id.contains('.')
}

fn required<'a>(headers: &'a impl HeaderSource, name: &'static str) -> Result<&'a str, VerifyError> {
    headers.header(name).ok_or(VerifyError::MissingHeader(name))
}

fn check_clock(timestamp: &str, now: Timestamp) -> Result<(), VerifyError> {
    let sent_at: i64 = timestamp.parse().map_err(|_invalid| VerifyError::TimestampNotInteger)?;
    let distance = sent_at.abs_diff(now.as_second());
    if distance <= TOLERANCE_SECONDS {
        return Ok(());
    }
    Err(if sent_at < now.as_second() { VerifyError::TooOld(distance) } else { VerifyError::TooNew(distance) })
}

fn decodes_to(expected: &hmac::Tag, encoded: &str) -> bool {
    STANDARD.decode(encoded).is_ok_and(|given| matches(expected, &given))
}
