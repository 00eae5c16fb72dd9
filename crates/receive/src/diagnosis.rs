//! Finding out which part of a signed request is wrong, for a developer whose receiver refuses it.
//!
//! A verifier can only say "no signature fits". Here, the signature is computed again under the
//! mistakes that are made in practice; the one that fits is the answer.

mod body;
mod cause;
mod search;
#[cfg(test)]
mod tests;
mod token;

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use ring::digest;

use crate::capture::{CapturedRequest, HeaderSource};
use crate::signature::{
    ID_HEADER, SIGNATURE_HEADER, Secret, SecretError, Style, TIMESTAMP_HEADER, TOLERANCE_SECONDS,
    is_usable_id,
};

pub use body::{BodyChange, JsonForm};
pub use cause::{Cause, GrammarProblem};
pub use search::{SecretReading, SignedContent};
pub use token::Encoding;

/// A timestamp beyond this many seconds (the year 5138) is one in milliseconds.
const LATEST_SECONDS: i64 = 100_000_000_000;

/// Everything that was found wrong with a request. Its text has one numbered line a cause.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnosis {
    /// In the order they should be mended; empty if the request verifies.
    pub causes: Vec<Cause>,
}

impl Diagnosis {
    /// Whether nothing is wrong.
    #[must_use]
    pub fn is_verified(&self) -> bool {
        self.causes.is_empty()
    }
}

impl fmt::Display for Diagnosis {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.causes.as_slice() {
            [] => formatter.write_str(
                "the signature is right; if your receiver refuses this request, it reads the secret, \
                 the headers or the raw body in another way than they were captured",
            ),
            [cause] => cause.fmt(formatter),
            causes => {
                for (number, cause) in (1_usize..).zip(causes) {
                    let separator = if number == 1 { "" } else { "\n" };
                    write!(formatter, "{separator}{number}. {cause}")?;
                }
                Ok(())
            }
        }
    }
}

/// Says what is wrong with `request` if it was signed in `style` with `secret`. The clock is judged
/// only if `now` is given: a captured request is old as a rule.
///
/// Costs about a hundred HMACs over the body, so it is not for the path of a request.
#[must_use]
pub fn diagnose(
    request: &CapturedRequest,
    style: Style,
    secret: &Secret,
    now: Option<Timestamp>,
) -> Diagnosis {
    let missing = missing_headers(request, style);
    if !missing.is_empty() {
        return Diagnosis { causes: missing };
    }
    let mut causes = Vec::new();
    if style == Style::StandardWebhooks {
        causes.extend(id_causes(request));
        causes.extend(timestamp_cause(request, now));
    }
    causes.extend(secret_causes(style, secret));
    causes.extend(signature_causes(request, style, secret));
    Diagnosis { causes }
}

fn missing_headers(request: &CapturedRequest, style: Style) -> Vec<Cause> {
    let needed: &[&'static str] = match style {
        Style::StandardWebhooks => &[ID_HEADER, TIMESTAMP_HEADER, SIGNATURE_HEADER],
        Style::SimplyMeet => &[SIGNATURE_HEADER],
    };
    let missing = needed.iter().filter(|header| request.headers.header(header).is_none());
    missing.map(|header| Cause::MissingHeader { header, similar: similar_header(request, header) }).collect()
}

/// A header that is probably the missing one under the name of another sender (`svix-id`) or of a
/// gateway that turns hyphens into underscores (`HTTP_WEBHOOK_ID`).
fn similar_header(request: &CapturedRequest, missing: &str) -> Option<String> {
    let ending = missing.strip_prefix("webhook").unwrap_or(missing);
    let mut names = request.headers.iter().map(|(name, _)| name);
    names
        .find(|name| {
            let folded = name.to_ascii_lowercase().replace('_', "-");
            folded.ends_with(missing) || folded == format!("svix{ending}")
        })
        .map(str::to_owned)
}

fn id_causes(request: &CapturedRequest) -> Option<Cause> {
    let id = request.headers.header(ID_HEADER).unwrap_or_default();
    (!is_usable_id(id)).then_some(Cause::UnusableId)
}

fn timestamp_cause(request: &CapturedRequest, now: Option<Timestamp>) -> Option<Cause> {
    let value = request.headers.header(TIMESTAMP_HEADER).unwrap_or_default();
    let Ok(sent_at) = value.parse::<i64>() else {
        return Some(Cause::TimestampNotInteger { value: value.to_owned() });
    };
    if sent_at > LATEST_SECONDS {
        return Some(Cause::TimestampInMilliseconds);
    }
    let offset_seconds = sent_at.saturating_sub(now?.as_second());
    (offset_seconds.unsigned_abs() > TOLERANCE_SECONDS).then_some(Cause::Clock { offset_seconds })
}

fn secret_causes(style: Style, secret: &Secret) -> Option<Cause> {
    let unusable = match style {
        Style::StandardWebhooks => secret.decoded().err(),
        Style::SimplyMeet => secret.text().is_empty().then_some(SecretError::Empty),
    };
    unusable.map(Cause::UnusableSecret)
}

fn signature_causes(request: &CapturedRequest, style: Style, secret: &Secret) -> Vec<Cause> {
    let header = request.headers.header(SIGNATURE_HEADER).unwrap_or_default();
    let tokens = token::parse(style, header);
    if let Some(explanation) = search::explain(request, style, secret, &tokens) {
        return explanation.causes();
    }
    if let Some(cause) = token::unreadable(style, header, &tokens) {
        return vec![cause];
    }
    let mut causes = vec![mismatch(request)];
    causes.extend(body_length(request));
    causes
}

/// No known mistake explains the signature. Only a digest beside it (RFC 9530) can tell a changed
/// body from another secret.
fn mismatch(request: &CapturedRequest) -> Cause {
    let Some(declared) = request.headers.header("content-digest").and_then(sha256_digest) else {
        return Cause::WrongSecretOrBody;
    };
    if digest::digest(&digest::SHA256, &request.body).as_ref() == declared {
        Cause::WrongSecret
    } else {
        Cause::BodyDiffersFromDigest
    }
}

/// The member `sha-256=:BASE64:` of a `Content-Digest` header.
fn sha256_digest(header: &str) -> Option<Vec<u8>> {
    let mut members = header.split(',').map(str::trim);
    let encoded = members.find_map(|member| member.strip_prefix("sha-256=:")?.strip_suffix(':'))?;
    STANDARD.decode(encoded).ok()
}

fn body_length(request: &CapturedRequest) -> Option<Cause> {
    let declared: usize = request.headers.header("content-length")?.parse().ok()?;
    let found = request.body.len();
    (declared != found).then_some(Cause::BodyLength { declared, found })
}
