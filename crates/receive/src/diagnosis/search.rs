//! Computing the signature under every combination of known mistakes.

use zeroize::Zeroizing;

use super::token::Token;
use super::{BodyChange, Cause, Encoding, GrammarProblem, body};
use crate::capture::{CapturedRequest, HeaderSource};
use crate::signature::{ID_HEADER, STANDARD_PREFIX, Secret, Style, TIMESTAMP_HEADER, key, matches, tag};

/// How the text of a secret was made a key, where that was not the way of the style.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SecretReading {
    /// The whole text was the key, though the base64 in it should have been decoded.
    WholeText,
    /// The text after `whsec_` was the key, though it should have been decoded, or the prefix kept.
    TextAfterPrefix,
    /// The text was decoded as base64, though it should have been the key itself.
    Decoded,
    /// White space around the given secret is not part of it.
    SurroundingSpace,
}

/// What was signed, where that was not what the style says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignedContent {
    /// The body alone.
    Body,
    /// `timestamp.body`, without the id.
    TimestampAndBody,
    /// `id.timestamp.body`, where the style signs the body alone.
    IdTimestampAndBody,
}

/// The mistakes under which one of the signatures fits; all `None` if it is right.
#[derive(Debug)]
pub(super) struct Explanation {
    style: Style,
    secret: Option<SecretReading>,
    content: Option<SignedContent>,
    body: Option<BodyChange>,
    prefix: Option<&'static str>,
    encoding: Encoding,
}

impl Explanation {
    fn mistakes(&self) -> usize {
        usize::from(self.secret.is_some())
            + usize::from(self.content.is_some())
            + usize::from(self.body.is_some())
            + usize::from(self.prefix.is_some())
            + usize::from(self.encoding != Encoding::Base64)
    }

    pub(super) fn causes(self) -> Vec<Cause> {
        let style = self.style;
        let encoding = (self.encoding != Encoding::Base64).then_some(self.encoding);
        [
            self.prefix.map(|found| Cause::SignatureGrammar(GrammarProblem::Prefix { style, found })),
            encoding.map(Cause::SignatureEncoding),
            self.secret.map(Cause::SecretReading),
            self.content.map(Cause::SignedContent),
            self.body.map(Cause::BodyChanged),
        ]
        .into_iter()
        .flatten()
        .collect()
    }
}

/// The explanation with the fewest mistakes, if there is any.
pub(super) fn explain(
    request: &CapturedRequest,
    style: Style,
    secret: &Secret,
    tokens: &[Token],
) -> Option<Explanation> {
    let bodies = body::candidates(&request.body);
    let mut explanations = Vec::new();
    for (secret_reading, key_bytes) in key_candidates(style, secret) {
        let key = key(&key_bytes);
        for (content, prefix) in content_candidates(style, request) {
            for (body_change, body) in &bodies {
                let expected = tag(&key, &[&prefix, body]);
                for token in tokens {
                    let Some((signature, encoding)) = &token.signature else { continue };
                    if matches(&expected, signature) {
                        explanations.push(Explanation {
                            style,
                            secret: secret_reading,
                            content,
                            body: *body_change,
                            prefix: token.wrong_prefix,
                            encoding: *encoding,
                        });
                    }
                }
            }
        }
    }
    explanations.into_iter().min_by_key(Explanation::mistakes)
}

fn key_candidates(style: Style, secret: &Secret) -> Vec<(Option<SecretReading>, Zeroizing<Vec<u8>>)> {
    let text = |text: &str| Zeroizing::new(text.as_bytes().to_vec());
    let trimmed = secret.trimmed();
    let mut keys = Vec::new();
    match style {
        Style::StandardWebhooks => {
            keys.extend(secret.decoded().ok().map(|key| (None, key)));
            let trimmed = trimmed.and_then(|secret| secret.decoded().ok());
            keys.extend(trimmed.map(|key| (Some(SecretReading::SurroundingSpace), key)));
            keys.push((Some(SecretReading::WholeText), text(secret.text())));
        }
        Style::SimplyMeet => {
            keys.push((None, text(secret.text())));
            keys.extend(trimmed.map(|secret| (Some(SecretReading::SurroundingSpace), text(secret.text()))));
            keys.extend(secret.decoded().ok().map(|key| (Some(SecretReading::Decoded), key)));
        }
    }
    if secret.text().starts_with(STANDARD_PREFIX) {
        keys.push((Some(SecretReading::TextAfterPrefix), text(secret.text_after_prefix())));
    }
    keys
}

/// What may have been signed before the body.
fn content_candidates(style: Style, request: &CapturedRequest) -> Vec<(Option<SignedContent>, Vec<u8>)> {
    let id = request.headers.header(ID_HEADER);
    let timestamp = request.headers.header(TIMESTAMP_HEADER);
    let mut contents = vec![(SignedContent::Body, Vec::new())];
    if let Some(timestamp) = timestamp {
        contents.push((SignedContent::TimestampAndBody, format!("{timestamp}.").into_bytes()));
    }
    if let (Some(id), Some(timestamp)) = (id, timestamp) {
        contents.push((SignedContent::IdTimestampAndBody, format!("{id}.{timestamp}.").into_bytes()));
    }
    let right = match style {
        Style::StandardWebhooks => SignedContent::IdTimestampAndBody,
        Style::SimplyMeet => SignedContent::Body,
    };
    contents.into_iter().map(|(content, prefix)| ((content != right).then_some(content), prefix)).collect()
}
