//! What a token endpoint answers (RFC 6749, section 5.1), read as generously as is safe.

use std::time::Duration;

use serde_json::{Map, Value};

use super::access::AccessToken;
use crate::report::Response;

#[cfg(test)]
mod tests;

/// How long a token lives whose answer does not say so. Should it be less, a 401 of the target brings a new one.
const DEFAULT_LIFETIME: Duration = Duration::from_secs(60 * 60);
/// No token is kept longer, whatever its answer says.
const LONGEST_LIFETIME: Duration = Duration::from_secs(24 * 60 * 60);
/// How long before its end a token is no longer used, so that it does not expire on the way; less for short lives.
const LONGEST_MARGIN: Duration = Duration::from_secs(30);

/// Why a 2xx answer of a token endpoint brings no token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AnswerFlaw {
    /// The body did not end within its limits.
    #[error("its body is too long or did not end in time")]
    Truncated,
    /// The body is not JSON, or not an object.
    #[error("its body is not a JSON object")]
    NotAnObject,
    /// Neither the object nor its `data` has an `access_token` that is a text.
    #[error("its body has no access_token")]
    NoToken,
    /// The token has no characters.
    #[error("its access_token is empty")]
    EmptyToken,
    /// The token has more than [`MAXIMUM_TOKEN_BYTES`](super::MAXIMUM_TOKEN_BYTES).
    #[error("its access_token is longer than 8 KiB")]
    LongToken,
    /// The token has spaces, control characters or characters beyond ASCII.
    #[error("its access_token has characters that do not fit into a header field")]
    UnsendableToken,
}

/// The token of a 2xx answer and how long it lives, counted from when it was asked for.
pub(crate) fn read(response: &Response) -> Result<(AccessToken, Duration), AnswerFlaw> {
    if response.body_truncated {
        return Err(AnswerFlaw::Truncated);
    }
    read_body(&response.body)
}

fn read_body(body: &[u8]) -> Result<(AccessToken, Duration), AnswerFlaw> {
    let Ok(Value::Object(mut answer)) = serde_json::from_slice(body) else {
        return Err(AnswerFlaw::NotAnObject);
    };
    if !answer.contains_key("access_token") {
        answer = match answer.remove("data") {
            Some(Value::Object(data)) => data,
            _ => return Err(AnswerFlaw::NoToken),
        };
    }
    let lifetime = lifetime(&answer);
    match answer.remove("access_token") {
        Some(Value::String(text)) => Ok((AccessToken::new(text)?, lifetime)),
        _ => Err(AnswerFlaw::NoToken),
    }
}

/// How long the token of an answer lives: `expires_in` in seconds, as a number or a text that is one. What cannot be
/// understood counts as absent, and what is negative as zero.
fn lifetime(answer: &Map<String, Value>) -> Duration {
    let seconds = match answer.get("expires_in") {
        Some(Value::Number(number)) => number.as_f64(),
        Some(Value::String(text)) => text.trim().parse().ok(),
        _ => None,
    };
    match seconds.filter(|seconds: &f64| seconds.is_finite()) {
        Some(seconds) => Duration::from_secs_f64(seconds.clamp(0.0, LONGEST_LIFETIME.as_secs_f64())),
        None => DEFAULT_LIFETIME,
    }
}

/// How long a token with this lifetime is used: up to 30 s less, and for short lives a tenth less.
pub(crate) fn usable_for(lifetime: Duration) -> Duration {
    lifetime - LONGEST_MARGIN.min(lifetime / 10)
}
