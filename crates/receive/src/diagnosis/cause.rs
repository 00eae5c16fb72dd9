//! The causes and their words: what is wrong, then what to do.

use std::fmt;

use super::{BodyChange, Encoding, JsonForm, SecretReading, SignedContent};
use crate::signature::{SecretError, Style, TOLERANCE_SECONDS};

/// One thing that is wrong with a signed request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cause {
    /// A header the style needs is absent.
    MissingHeader {
        /// Its name.
        header: &'static str,
        /// A header of the request that is probably meant to be it.
        similar: Option<String>,
    },
    /// The id is empty or contains a full stop.
    UnusableId,
    /// The timestamp is not a whole number.
    TimestampNotInteger {
        /// What is there instead.
        value: String,
    },
    /// The timestamp is in milliseconds.
    TimestampInMilliseconds,
    /// The timestamp is further from the given time than the tolerance.
    Clock {
        /// The timestamp minus the given time, in seconds: negative if the request is old.
        offset_seconds: i64,
    },
    /// The given secret can not be one of this style.
    UnusableSecret(SecretError),
    /// The signature header is not written as the style says.
    SignatureGrammar(GrammarProblem),
    /// The signature is right, in another encoding than standard base64.
    SignatureEncoding(Encoding),
    /// The signature is not 32 bytes in any known encoding.
    SignatureUnreadable,
    /// The signature is right, with the key made of the secret in another way.
    SecretReading(SecretReading),
    /// The signature is right, over something else.
    SignedContent(SignedContent),
    /// The signature is right, for the body before this change.
    BodyChanged(BodyChange),
    /// The body has another length than the request says.
    BodyLength {
        /// `Content-Length`, in bytes.
        declared: usize,
        /// The length of the captured body, in bytes.
        found: usize,
    },
    /// The body is the one that was sent, by its digest; so the secret is another one.
    WrongSecret,
    /// The body is not the one that was sent, by its digest.
    BodyDiffersFromDigest,
    /// Another secret or a changed body; nothing in the request tells which.
    WrongSecretOrBody,
}

/// In what way the signature header is not written as it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GrammarProblem {
    /// It is empty.
    Empty,
    /// It has signatures of other versions only, for example `v1a`.
    OnlyOtherVersions(Vec<String>),
    /// The signature has the wrong prefix, or none.
    Prefix {
        /// The style that says what the prefix should be.
        style: Style,
        /// The prefix, empty if there is none.
        found: &'static str,
    },
}

impl fmt::Display for Cause {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::MissingHeader { header, similar: None } => {
                write!(formatter, "the header `{header}` is missing: let proxies and gateways before your receiver pass it on")
            }
            Self::MissingHeader { header, similar: Some(similar) } => {
                write!(formatter, "the header `{header}` is missing, but there is `{similar}`: read or forward it under its own name")
            }
            Self::UnusableId => formatter.write_str(
                "`webhook-id` is empty or contains a full stop: the sender must use an id without one, as ids and bodies could be exchanged otherwise",
            ),
            Self::TimestampNotInteger { value } => {
                write!(formatter, "`webhook-timestamp` is {value:?}: the sender must send whole Unix seconds, for example 1768469400")
            }
            Self::TimestampInMilliseconds => formatter.write_str(
                "`webhook-timestamp` is in milliseconds: the sender must send whole Unix seconds",
            ),
            Self::Clock { offset_seconds } => clock(*offset_seconds, formatter),
            Self::UnusableSecret(error) => error.fmt(formatter),
            Self::SignatureGrammar(problem) => problem.fmt(formatter),
            Self::SignatureEncoding(encoding) => {
                let written = encoding_words(*encoding);
                write!(formatter, "the signature is right but written as {written}: it must be standard base64 with padding")
            }
            Self::SignatureUnreadable => formatter.write_str(
                "the signature is not the base64 of 32 bytes: it was cut off or altered on the way, or is not HMAC-SHA256",
            ),
            Self::SecretReading(reading) => formatter.write_str(secret_words(*reading)),
            Self::SignedContent(content) => formatter.write_str(content_words(*content)),
            Self::BodyChanged(change) => formatter.write_str(change_words(*change)),
            Self::BodyLength { declared, found } => write!(
                formatter,
                "the body has {found} bytes but `content-length` says {declared}: it was cut off, altered or saved incompletely; verify the bytes as they came in",
            ),
            Self::WrongSecret => formatter.write_str(
                "the secret is not the one that signed: the body is intact by its `content-digest`; copy the secret of this very subscription, and look whether it was rotated",
            ),
            Self::BodyDiffersFromDigest => formatter.write_str(
                "the body was changed after it was sent, by its `content-digest`: verify the raw bytes before any parser, middleware or proxy touches them",
            ),
            Self::WrongSecretOrBody => formatter.write_str(
                "no signature fits: the secret is another one or the body was changed, which can not be told apart here; first compare the secret with the one of this very subscription, then verify the raw bytes before any parser or proxy touches them",
            ),
        }
    }
}

impl fmt::Display for GrammarProblem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => formatter.write_str("`webhook-signature` is empty: the sender has no secret for this subscription, or a proxy removed it"),
            Self::OnlyOtherVersions(versions) => write!(
                formatter,
                "`webhook-signature` has only signatures of version {}: a secret verifies `v1,` ones; let the sender add them",
                versions.join(", "),
            ),
            Self::Prefix { style: Style::StandardWebhooks, found: "" } => {
                formatter.write_str("the signature in `webhook-signature` must be preceded by `v1,`")
            }
            Self::Prefix { style: Style::StandardWebhooks, found } => {
                write!(formatter, "the signature in `webhook-signature` must be preceded by `v1,`, not by `{found}`")
            }
            Self::Prefix { style: Style::SimplyMeet, found } => {
                write!(formatter, "the signature in `webhook-signature` must be bare base64, without `{found}`")
            }
        }
    }
}

fn clock(offset_seconds: i64, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
    let distance = offset_seconds.unsigned_abs();
    if offset_seconds < 0 {
        write!(
            formatter,
            "the request is {distance} s old and {TOLERANCE_SECONDS} s are tolerated: it is a repetition, or the sender's clock is slow, or the receiver's fast; set both by NTP",
        )
    } else {
        write!(
            formatter,
            "the request comes from {distance} s in the future and {TOLERANCE_SECONDS} s are tolerated: the sender's clock is fast or the receiver's slow; set both by NTP",
        )
    }
}

fn encoding_words(encoding: Encoding) -> &'static str {
    match encoding {
        Encoding::Base64 => "standard base64",
        Encoding::UnpaddedBase64 => "base64 without its padding",
        Encoding::UrlSafeBase64 => "URL-safe base64 (with `-` and `_`)",
        Encoding::Hex => "hexadecimal",
        Encoding::HexInBase64 => "base64 of the hexadecimal text instead of the bytes",
    }
}

fn secret_words(reading: SecretReading) -> &'static str {
    match reading {
        SecretReading::WholeText => {
            "the signature was made with the secret's text as key: the key must be the base64 after `whsec_`, decoded"
        }
        SecretReading::TextAfterPrefix => {
            "the signature was made with the text after `whsec_` as key, not decoded: decode it for Standard Webhooks, or keep the whole text for SimplyMeet.me"
        }
        SecretReading::Decoded => {
            "the signature was made with the secret decoded from base64: the key must be the secret's text as it is"
        }
        SecretReading::SurroundingSpace => {
            "the given secret has white space around it that is not part of it: remove it, often it is the line end of a file"
        }
    }
}

fn content_words(content: SignedContent) -> &'static str {
    match content {
        SignedContent::Body => "the signature is over the body alone: it must be over `id.timestamp.body`",
        SignedContent::TimestampAndBody => {
            "the signature is over `timestamp.body`: Standard Webhooks signs `id.timestamp.body`, SimplyMeet.me the body alone"
        }
        SignedContent::IdTimestampAndBody => {
            "the signature is over `id.timestamp.body`: this style signs the body alone"
        }
    }
}

fn change_words(change: BodyChange) -> &'static str {
    match change {
        BodyChange::TrailingNewlineAdded => {
            "a line end was added after the body: verify without it (an editor or `echo` adds it)"
        }
        BodyChange::TrailingNewlineRemoved => {
            "the line end after the body was removed: verify the raw bytes, not trimmed text"
        }
        BodyChange::LineEndsBecameCrlf => "LF in the body became CRLF: handle it as bytes, not as text",
        BodyChange::LineEndsBecameLf => "CRLF in the body became LF: handle it as bytes, not as text",
        BodyChange::ByteOrderMarkAdded => {
            "a byte order mark was added before the body: handle it as bytes, not as text"
        }
        BodyChange::ByteOrderMarkRemoved => {
            "the byte order mark before the body was removed: handle it as bytes, not as text"
        }
        BodyChange::Reserialised(form) => match form {
            JsonForm::Compact => {
                "the body was parsed and written anew (signed was compact JSON): verify the raw bytes before the JSON parser"
            }
            JsonForm::CompactAscii => {
                "the body was parsed and written anew (signed was compact JSON with `\\u` escapes): verify the raw bytes before the JSON parser"
            }
            JsonForm::Spaced => {
                "the body was parsed and written anew (signed was JSON with a space after commas and colons): verify the raw bytes before the JSON parser"
            }
            JsonForm::SpacedAscii => {
                "the body was parsed and written anew (signed was JSON with a space after commas and colons and with `\\u` escapes): verify the raw bytes before the JSON parser"
            }
            JsonForm::Indented => {
                "the body was parsed and written anew (signed was JSON indented by two spaces): verify the raw bytes before the JSON parser"
            }
            JsonForm::IndentedByFour => {
                "the body was parsed and written anew (signed was JSON indented by four spaces): verify the raw bytes before the JSON parser"
            }
        },
    }
}
