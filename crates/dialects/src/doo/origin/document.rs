//! The JSON document that an origin is asked with.

use std::iter;

use serde_json::{Map, Value};

use rendezhook_domain::resource::ResourceKind;
use rendezhook_domain::subscription::Origin;

use super::placeholder::Placeholder;
use crate::delivery::Question;

/// The name of the member in which placeholders stand.
pub(super) const VARIABLES: &str = "variables";

/// How much of a client's text is repeated to it.
const REPEATED_CHARACTERS: usize = 80;

/// The longest document, in bytes.
pub const MAXIMUM_ORIGIN_BODY_BYTES: usize = 16_384;

/// How deep arrays and objects of a document may stand in each other, the document itself included.
pub const MAXIMUM_ORIGIN_BODY_DEPTH: usize = 32;

/// Why a text cannot be the document of an origin.
#[derive(Debug, thiserror::Error)]
pub enum DocumentError {
    /// More bytes than are taken.
    #[error("the document has {0} bytes; at most {MAXIMUM_ORIGIN_BODY_BYTES} are allowed")]
    TooLong(usize),
    /// The text is not JSON; the source names line and column.
    #[error("the text is not a JSON document: {0}; write a JSON object and escape it as one string")]
    NotJson(#[source] serde_json::Error),
    /// It is JSON but no object.
    #[error("the document must be a JSON object with query, variables and operationName")]
    NotAnObject,
    /// Arrays and objects in each other, too many of them.
    #[error("the document is nested more than {MAXIMUM_ORIGIN_BODY_DEPTH} levels deep")]
    TooDeep,
    /// `variables` is something else than an object.
    #[error("its {VARIABLES} must be a JSON object")]
    Variables,
    /// A placeholder where none is replaced.
    #[error("{placeholder} stands in {place}; placeholders may stand in strings below {VARIABLES} only")]
    Misplaced {
        /// The placeholder.
        placeholder: &'static str,
        /// Where it stands.
        place: String,
    },
    /// The order's id, for a hook that is told of events.
    #[error("{placeholder} stands in {place}, but an event has no order; use it with order types only")]
    NoOrder {
        /// The placeholder.
        placeholder: &'static str,
        /// Where it stands.
        place: String,
    },
    /// There is no query, so that GraphQL cannot be asked.
    #[error("the document has no query; give the text of a GraphQL query")]
    NoQuery,
    /// `operationName` is something else than a text.
    #[error("its operationName must be a string or null")]
    OperationName,
}

/// Checks the document of an origin that is asked about resources of this kind.
///
/// # Errors
/// When it is no JSON object within the limits, or a placeholder stands where none is replaced.
pub fn check(body: &str, kind: ResourceKind) -> Result<(), DocumentError> {
    if body.len() > MAXIMUM_ORIGIN_BODY_BYTES {
        return Err(DocumentError::TooLong(body.len()));
    }
    // The parser itself gives up at a depth of 128, so that what follows may call itself.
    let document: Value = serde_json::from_str(body).map_err(DocumentError::NotJson)?;
    if depth(&document) > MAXIMUM_ORIGIN_BODY_DEPTH {
        return Err(DocumentError::TooDeep);
    }
    let Value::Object(members) = document else {
        return Err(DocumentError::NotAnObject);
    };
    if !matches!(members.get(VARIABLES), None | Some(Value::Null | Value::Object(_))) {
        return Err(DocumentError::Variables);
    }
    for (name, value) in &members {
        refuse_in(name, || "the name of a member".to_owned())?;
        if name == VARIABLES {
            check_variables(value, VARIABLES, kind)?;
        } else {
            check_elsewhere(value, &beginning(name.chars()))?;
        }
    }
    Ok(())
}

/// The document as a question to GraphQL, its placeholders as they are.
///
/// # Errors
/// When it is no JSON object with a `query`.
pub fn question(origin: &Origin) -> Result<Question, DocumentError> {
    let document: Value = serde_json::from_str(&origin.body).map_err(DocumentError::NotJson)?;
    let Value::Object(document) = document else {
        return Err(DocumentError::NotAnObject);
    };
    question_of(&document)
}

/// The question in a parsed document.
pub(super) fn question_of(document: &Map<String, Value>) -> Result<Question, DocumentError> {
    let Some(Value::String(query)) = document.get("query") else {
        return Err(DocumentError::NoQuery);
    };
    let operation_name = match document.get("operationName") {
        None | Some(Value::Null) => None,
        Some(Value::String(name)) => Some(name.clone()),
        Some(Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_)) => {
            return Err(DocumentError::OperationName);
        }
    };
    let variables = match document.get(VARIABLES) {
        None | Some(Value::Null) => Map::new(),
        Some(Value::Object(variables)) => variables.clone(),
        Some(Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_)) => {
            return Err(DocumentError::Variables);
        }
    };
    Ok(Question { query: query.as_str().into(), operation_name, variables })
}

fn depth(value: &Value) -> usize {
    let inner = match value {
        Value::Array(items) => items.iter().map(depth).max(),
        Value::Object(members) => members.values().map(depth).max(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => return 0,
    };
    1 + inner.unwrap_or(0)
}

/// Below `variables` strings may hold placeholders that mean something there; names never.
fn check_variables(value: &Value, place: &str, kind: ResourceKind) -> Result<(), DocumentError> {
    match value {
        Value::String(text) if kind != ResourceKind::Order && Placeholder::Order.stands_in(text) => {
            let placeholder = Placeholder::Order.text();
            Err(DocumentError::NoOrder { placeholder, place: place.to_owned() })
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Ok(()),
        Value::Array(items) => items
            .iter()
            .enumerate()
            .try_for_each(|(index, item)| check_variables(item, &format!("{place}[{index}]"), kind)),
        Value::Object(members) => members.iter().try_for_each(|(name, member)| {
            refuse_in(name, || format!("the name of a member of {place}"))?;
            check_variables(member, &below(place, name), kind)
        }),
    }
}

/// Outside `variables` nothing is replaced.
fn check_elsewhere(value: &Value, place: &str) -> Result<(), DocumentError> {
    match value {
        Value::String(text) => refuse_in(text, || place.to_owned()),
        Value::Null | Value::Bool(_) | Value::Number(_) => Ok(()),
        Value::Array(items) => items
            .iter()
            .enumerate()
            .try_for_each(|(index, item)| check_elsewhere(item, &format!("{place}[{index}]"))),
        Value::Object(members) => members.iter().try_for_each(|(name, member)| {
            refuse_in(name, || format!("the name of a member of {place}"))?;
            check_elsewhere(member, &below(place, name))
        }),
    }
}

fn refuse_in(text: &str, place: impl Fn() -> String) -> Result<(), DocumentError> {
    match Placeholder::ALL.into_iter().find(|placeholder| placeholder.stands_in(text)) {
        Some(placeholder) => {
            Err(DocumentError::Misplaced { placeholder: placeholder.text(), place: place() })
        }
        None => Ok(()),
    }
}

/// The place of a member, cut off where it gets long, so that neither its text nor the work of writing it grows with the names.
fn below(place: &str, name: &str) -> String {
    beginning(place.chars().chain(iter::once('.')).chain(name.chars()))
}

fn beginning(text: impl Iterator<Item = char>) -> String {
    text.take(REPEATED_CHARACTERS).collect()
}
