//! The arguments of the query type: their types, and their values as they come in.

use async_graphql::Value;
use async_graphql::dynamic::{InputValue, ObjectAccessor, TypeRef};
use async_graphql::parser::types::Type;
use rendezhook_domain::time::Timestamp;

use super::DATE_TIME;

/// The type of the arguments with this name, wherever they stand: those of our own fields, of the fields about the schema and of
/// directives. `None` when no argument has the name.
pub(crate) fn argument_type(name: &str) -> Option<Type> {
    Type::new(type_text(name)?)
}

fn type_text(name: &str) -> Option<&'static str> {
    Some(match name {
        "id" => "ID!",
        "first" => TypeRef::INT,
        "after" | "status" => TypeRef::STRING,
        "event" => TypeRef::ID,
        "updatedAfter" | "updatedBefore" => DATE_TIME,
        "cancelled" | "confirmed" | "includeDeprecated" => TypeRef::BOOLEAN,
        "name" => "String!",
        "if" => "Boolean!",
        _ => return None,
    })
}

/// An argument of the query type.
pub(super) fn input(name: &str) -> InputValue {
    let text = type_text(name).unwrap_or_default();
    let type_ref = match text.strip_suffix('!') {
        Some(required) => TypeRef::named_nn(required),
        None => TypeRef::named(text),
    };
    InputValue::new(name, type_ref)
}

/// The value of an argument; `None` when it is absent. Its type was validated.
fn argument<'a>(arguments: &'a ObjectAccessor<'_>, name: &str) -> Option<&'a Value> {
    arguments.as_index_map().get(name)
}

pub(super) fn text(arguments: &ObjectAccessor<'_>, name: &str) -> Option<String> {
    match argument(arguments, name)? {
        Value::String(text) => Some(text.clone()),
        _ => None,
    }
}

pub(super) fn identifier(arguments: &ObjectAccessor<'_>, name: &str) -> Option<String> {
    match argument(arguments, name)? {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

pub(super) fn integer(arguments: &ObjectAccessor<'_>, name: &str) -> Option<u64> {
    match argument(arguments, name)? {
        Value::Number(number) => number.as_u64(),
        _ => None,
    }
}

pub(super) fn boolean(arguments: &ObjectAccessor<'_>, name: &str) -> Option<bool> {
    match argument(arguments, name)? {
        Value::Boolean(value) => Some(*value),
        _ => None,
    }
}

pub(super) fn instant(arguments: &ObjectAccessor<'_>, name: &str) -> Option<Timestamp> {
    text(arguments, name)?.parse().ok()
}
