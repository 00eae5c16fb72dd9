//! Why there is no access token.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use rendezhook_domain::cause::Cause;
use rendezhook_secrets::{Secret, SharedSecret};
use url::form_urlencoded;

use super::answer::AnswerFlaw;
use crate::report::{Response, Timing};

#[cfg(test)]
mod tests;

/// Why there is no access token. All who waited for the same fetch, or asked within a second of its end, share one.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{problem}")]
pub struct TokenFailure {
    /// What went wrong.
    pub problem: Arc<TokenProblem>,
    /// Where the time of the fetch went. For a caller whose time was over first, the time it waited.
    pub timing: Timing,
}

/// What went wrong with a fetch.
///
/// Answers are for the log of the organization whose token endpoint it is. They hold nothing secret that could be
/// recognised: header fields with the client's secret are left out, and so is a body (which then counts as truncated)
/// with the secret or, in a 2xx answer, with the word "token" anywhere. `Debug` shows of an answer its status only.
#[derive(thiserror::Error)]
pub enum TokenProblem {
    /// The token endpoint refused: the status is not 2xx. A redirect is a refusal too; nothing follows it.
    #[error(
        "the token endpoint answered {}; check its address and the client's id, secret and scope",
        .0.status.as_u16()
    )]
    Answered(Response),
    /// The token endpoint gave no answer that could be judged.
    #[error("the token endpoint gave no answer: {0}")]
    Failed(Cause),
    /// The status is 2xx, but there is no usable token in the answer.
    #[error("the token endpoint answered {}, but {flaw}", .response.status.as_u16())]
    Unusable {
        /// The answer.
        response: Response,
        /// What is wrong with it.
        flaw: AnswerFlaw,
    },
}

impl TokenFailure {
    pub(crate) fn failed(cause: Cause, timing: Timing) -> Self {
        Self { problem: Arc::new(TokenProblem::Failed(cause)), timing }
    }

    pub(crate) fn answered(mut response: Response, secret: &SharedSecret, timing: Timing) -> Self {
        withhold_echoes(&mut response, secret);
        Self { problem: Arc::new(TokenProblem::Answered(response)), timing }
    }

    pub(crate) fn unusable(
        mut response: Response,
        flaw: AnswerFlaw,
        secret: &SharedSecret,
        timing: Timing,
    ) -> Self {
        withhold_echoes(&mut response, secret);
        // What could not be used may still be a token: cut off, under another name, or not in JSON.
        if contains(&response.body.to_ascii_lowercase(), b"token") {
            withhold_body(&mut response);
        }
        Self { problem: Arc::new(TokenProblem::Unusable { response, flaw }), timing }
    }
}

impl fmt::Debug for TokenProblem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Answered(response) => formatter.debug_tuple("Answered").field(&response.status).finish(),
            Self::Failed(cause) => formatter.debug_tuple("Failed").field(cause).finish(),
            Self::Unusable { response, flaw } => formatter
                .debug_struct("Unusable")
                .field("status", &response.status)
                .field("flaw", flaw)
                .finish_non_exhaustive(),
        }
    }
}

/// Takes out what repeats the client's secret, as it is or as it was sent.
fn withhold_echoes(response: &mut Response, secret: &SharedSecret) {
    let sent = Secret::new(form_urlencoded::byte_serialize(secret.expose().as_bytes()).collect::<String>());
    let echoes = |bytes: &[u8]| {
        contains(bytes, secret.expose().as_bytes()) || contains(bytes, sent.expose().as_bytes())
    };
    response.headers = response
        .headers
        .iter()
        .filter(|(_, value)| !echoes(value.as_bytes()))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    if echoes(&response.body) {
        withhold_body(response);
    }
}

fn withhold_body(response: &mut Response) {
    response.body = Bytes::new();
    response.body_truncated = true;
}

/// Whether `part`, which is not empty, occurs in `whole`.
fn contains(whole: &[u8], part: &[u8]) -> bool {
    !part.is_empty() && whole.windows(part.len()).any(|window| window == part)
}
