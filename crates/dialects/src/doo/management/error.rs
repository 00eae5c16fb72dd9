//! What the API answers when it cannot do what was asked: `{response_status, developer_message, user_message}`.

use std::fmt;

use serde::Serialize;

/// How many fields that are not valid one message names; the others are counted.
const NAMED_FIELDS: usize = 10;

/// One field that is not valid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidField {
    /// Where it stands: `hooks[1].endpoint`.
    pub place: String,
    /// What is wrong with it.
    pub sentence: String,
}

impl fmt::Display for InvalidField {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.place, self.sentence)
    }
}

/// Why a request is refused. Its text is the sentence that the client reads; the status is 400 in every case.
#[derive(Debug, thiserror::Error)]
pub enum RequestError {
    /// The body is not JSON; the source names line and column.
    #[error("the body is not valid JSON: {0}")]
    InvalidJson(#[source] serde_json::Error),
    /// The body is JSON but no object.
    #[error("the body must be a JSON object")]
    NotAnObject,
    /// Some fields or parameters are not valid; at least one.
    #[error("{}", named(.0))]
    Invalid(Vec<InvalidField>),
}

fn named(fields: &[InvalidField]) -> String {
    let mut texts: Vec<String> = fields.iter().take(NAMED_FIELDS).map(ToString::to_string).collect();
    let others = fields.len().saturating_sub(NAMED_FIELDS);
    if others > 0 {
        texts.push(format!("and {others} more fields are not valid"));
    }
    texts.join("; ")
}

/// `{"response_status","developer_message","user_message"}`, the one form of every error on this surface. `status` is the HTTP
/// status of the answer.
#[must_use]
pub fn error_body(status: u16, developer_message: &str, user_message: &str) -> Vec<u8> {
    #[derive(Serialize)]
    struct Body<'a> {
        response_status: u16,
        developer_message: &'a str,
        user_message: &'a str,
    }
    let body = Body { response_status: status, developer_message, user_message };
    // A number and texts always fit into JSON.
    serde_json::to_vec(&body).unwrap_or_default()
}
