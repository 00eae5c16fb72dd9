//! What the API answers when it cannot do what was asked. It has two forms: `{"code","message"}`, and for arguments that are
//! not valid `{"message","errors"}`.

use serde::Serialize;
use serde_json::{Map, Value};

/// What there is to say of an id that names nothing.
pub const NOT_FOUND: &str = "Not found.";

/// One argument that is not valid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidArgument {
    /// The name of the field or query parameter.
    pub field: &'static str,
    /// What is wrong with it.
    pub sentence: String,
}

impl InvalidArgument {
    pub(super) fn new(field: &'static str, sentence: impl Into<String>) -> Self {
        Self { field, sentence: sentence.into() }
    }
}

/// Why the body of a request is refused.
#[derive(Debug, thiserror::Error)]
pub enum RequestError {
    /// It is not JSON; the source names line and column.
    #[error("The body is not valid JSON: {0}.")]
    InvalidJson(#[source] serde_json::Error),
    /// It is JSON but no object.
    #[error("The body must be a JSON object with the fields events, url and secret.")]
    NotAnObject,
    /// Some fields are not valid; every one of them is named.
    #[error("Invalid arguments")]
    InvalidArguments(Vec<InvalidArgument>),
}

/// `{"code":<status>,"message":"<sentence>"}`.
#[must_use]
pub fn error_body(status: u16, message: &str) -> Vec<u8> {
    #[derive(Serialize)]
    struct Body<'a> {
        code: u16,
        message: &'a str,
    }
    // A number and a text always fit into JSON.
    serde_json::to_vec(&Body { code: status, message }).unwrap_or_default()
}

/// `{"message":"Invalid arguments","errors":{"<field>":["<sentence>"]}}`, the body of a 422. Takes fields with their sentences.
#[must_use]
pub fn invalid_arguments_body<'a>(arguments: impl IntoIterator<Item = (&'a str, &'a str)>) -> Vec<u8> {
    let mut errors: Map<String, Value> = Map::new();
    for (field, sentence) in arguments {
        let sentences = errors.entry(field).or_insert_with(|| Value::Array(Vec::new()));
        if let Value::Array(sentences) = sentences {
            sentences.push(sentence.into());
        }
    }
    #[derive(Serialize)]
    struct Body {
        message: &'static str,
        errors: Map<String, Value>,
    }
    // Texts and lists of them always fit into JSON.
    serde_json::to_vec(&Body { message: "Invalid arguments", errors }).unwrap_or_default()
}
