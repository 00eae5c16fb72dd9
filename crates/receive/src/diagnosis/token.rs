//! Reading the signature header, also where its grammar or encoding is wrong.

use base64::Engine;
use base64::alphabet;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use super::{Cause, GrammarProblem};
use crate::signature::Style;

/// The length of an HMAC-SHA256 tag in bytes.
const TAG_LENGTH: usize = 32;

/// Prefixes in use among senders. The one a style wants is among them; none is a prefix of another.
const PREFIXES: [&str; 5] = ["v1,", "v1=", "v1:", "v0=", "sha256="];

const URL_SAFE_ANY_PADDING: GeneralPurpose = GeneralPurpose::new(
    &alphabet::URL_SAFE,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// How the bytes of a signature were written as text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// Standard base64 with padding: the right one.
    Base64,
    /// Standard base64 whose padding was cut off.
    UnpaddedBase64,
    /// base64 with `-` and `_`.
    UrlSafeBase64,
    /// Hexadecimal.
    Hex,
    /// Hexadecimal, and that in base64 again.
    HexInBase64,
}

/// One signature of the header, as far as it can be read.
#[derive(Debug)]
pub(super) struct Token {
    /// The prefix, if it is not the one the style wants.
    pub(super) wrong_prefix: Option<&'static str>,
    /// The 32 bytes and how they were written, or `None` if they are not readable in any encoding.
    pub(super) signature: Option<(Vec<u8>, Encoding)>,
}

/// The tokens that may be HMAC signatures; tokens of other versions are left out, as the
/// specification says.
pub(super) fn parse(style: Style, header: &str) -> Vec<Token> {
    let wanted = match style {
        Style::StandardWebhooks => "v1,",
        Style::SimplyMeet => "",
    };
    header
        .split_ascii_whitespace()
        .filter(|token| other_version(token).is_none())
        .map(|token| {
            let prefix = PREFIXES.into_iter().find(|prefix| token.starts_with(prefix)).unwrap_or_default();
            let encoded = token.strip_prefix(prefix).unwrap_or(token);
            Token { wrong_prefix: (prefix != wanted).then_some(prefix), signature: decode(encoded) }
        })
        .collect()
}

/// What is wrong with the header itself, if no signature in it can be compared with anything.
pub(super) fn unreadable(style: Style, header: &str, tokens: &[Token]) -> Option<Cause> {
    let usable = |token: &Token| token.wrong_prefix.is_none() && token.signature.is_some();
    if tokens.iter().any(usable) {
        return None;
    }
    if header.trim().is_empty() {
        return Some(Cause::SignatureGrammar(GrammarProblem::Empty));
    }
    if tokens.iter().any(|token| token.wrong_prefix.is_none()) {
        return Some(Cause::SignatureUnreadable);
    }
    if let Some(prefix) = tokens.iter().find_map(|token| token.wrong_prefix) {
        return Some(Cause::SignatureGrammar(GrammarProblem::Prefix { style, found: prefix }));
    }
    let versions = header.split_ascii_whitespace().filter_map(other_version).map(str::to_owned).collect();
    Some(Cause::SignatureGrammar(GrammarProblem::OnlyOtherVersions(versions)))
}

/// The version of a well-formed token that is not `v1`, for example `v1a`.
fn other_version(token: &str) -> Option<&str> {
    let (version, _) = token.split_once(',')?;
    (version != "v1").then_some(version)
}

/// No text of 32 bytes is readable in two of the encodings: they differ in length or alphabet, and
/// where both base64 alphabets fit, the bytes are the same.
fn decode(text: &str) -> Option<(Vec<u8>, Encoding)> {
    let readings = [
        (STANDARD.decode(text).ok(), Encoding::Base64),
        (STANDARD_NO_PAD.decode(text).ok(), Encoding::UnpaddedBase64),
        (URL_SAFE_ANY_PADDING.decode(text).ok(), Encoding::UrlSafeBase64),
        (decode_hex(text.as_bytes()), Encoding::Hex),
        (STANDARD.decode(text).ok().and_then(|inner| decode_hex(&inner)), Encoding::HexInBase64),
    ];
    readings.into_iter().find_map(|(bytes, encoding)| {
        bytes.filter(|bytes| bytes.len() == TAG_LENGTH).map(|bytes| (bytes, encoding))
    })
}

fn decode_hex(text: &[u8]) -> Option<Vec<u8>> {
    let (pairs, []) = text.as_chunks::<2>() else { return None };
    pairs
        .iter()
        .map(|[high, low]| {
            let high = char::from(*high).to_digit(16)?;
            let low = char::from(*low).to_digit(16)?;
            u8::try_from(high * 16 + low).ok()
        })
        .collect()
}
