//! One call as one line of JSON: what `listen` writes and `verify` reads.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::CapturedRequest;

/// The JSON form of a received call. Fields may be added to it, none will change its meaning.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq, Eq)]
pub struct CallRecord {
    /// Counts the calls of one listener from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<u64>,
    /// When the request was complete, RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub received_at: Option<Timestamp>,
    /// The method.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// Path and query.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
    /// Pairs of name and value in the order they were received.
    pub headers: Vec<(String, String)>,
    /// The body, if it is UTF-8; the text is exact.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<String>,
    /// The body in base64, if it is not UTF-8.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body_base64: Option<String>,
    /// What came of verifying, if the listener had a secret.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verification: Option<VerificationRecord>,
    /// What the listener answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer: Option<AnswerRecord>,
}

/// What came of verifying a call.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq, Eq)]
pub struct VerificationRecord {
    /// Whether the signature, and in Standard Webhooks the timestamp, were right.
    pub verified: bool,
    /// If not, why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// What a call was answered.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq, Eq)]
pub struct AnswerRecord {
    /// The HTTP status.
    pub status: u16,
    /// How long the answer was held back, in milliseconds.
    pub delay_ms: u64,
    /// The `Retry-After` header, in seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after_seconds: Option<u32>,
}

/// Why a line is not a [`CallRecord`].
#[derive(Debug, Error)]
pub enum JsonLineError {
    /// Not JSON, or not of that shape.
    #[error("{0}")]
    Shape(#[from] serde_json::Error),
    /// `body_base64` is not base64.
    #[error("`body_base64` is not standard base64")]
    Body(#[from] base64::DecodeError),
}

impl CallRecord {
    /// Splits a body into the two fields it may be in.
    pub(crate) fn body_fields(body: &[u8]) -> (Option<String>, Option<String>) {
        match str::from_utf8(body) {
            Ok(text) => (Some(text.to_owned()), None),
            Err(_) => (None, Some(STANDARD.encode(body))),
        }
    }
}

pub(super) fn parse(line: &[u8]) -> Result<CapturedRequest, JsonLineError> {
    let record: CallRecord = serde_json::from_slice(line)?;
    let body = match (record.body, record.body_base64) {
        (Some(text), _) => Bytes::from(text),
        (None, Some(encoded)) => Bytes::from(STANDARD.decode(encoded)?),
        (None, None) => Bytes::new(),
    };
    Ok(CapturedRequest {
        method: record.method,
        target: record.target,
        headers: record.headers.into_iter().collect(),
        body,
    })
}
