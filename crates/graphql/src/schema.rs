//! The GraphQL schema.
//!
//! The JSON Schemas of the resources are its only source of fields: they are read into shapes, and every object shape becomes a
//! type.

mod arguments;
mod fields;
mod query;
mod shape;
mod types;

use async_graphql::dynamic::{Scalar, Schema, SchemaBuilder, SchemaError};
use rendezhook_domain::resource::ResourceKind;
use rendezhook_domain::time::Timestamp;

pub(crate) use self::arguments::argument_type;
pub(crate) use self::query::{QUERY_TYPE, list_field};
use self::shape::ObjectShape;

/// The scalar type of instants.
const DATE_TIME: &str = "DateTime";
/// The scalar type of values that have no type of their own.
const JSON: &str = "JSON";

/// The schema could not be made.
#[derive(Debug, thiserror::Error)]
pub enum SchemaFault {
    /// A JSON Schema cannot be told as GraphQL.
    #[error("the JSON Schema of {kind} cannot be told as GraphQL: {message}")]
    Shape {
        /// Whose schema it is.
        kind: ResourceKind,
        /// What is wrong with it.
        message: String,
    },
    /// The types do not make a schema.
    #[error("the GraphQL types do not make a schema")]
    Types(#[from] SchemaError),
}

/// The schema before it is finished.
pub(crate) fn builder() -> Result<SchemaBuilder, SchemaFault> {
    let mut builder = Schema::build(QUERY_TYPE, None, None)
        .register(date_time())
        .register(json())
        .register(query::page_info())
        .register(query::query());
    for kind in ResourceKind::PUBLISHED {
        let shape = ObjectShape::read(kind.type_name(), kind.schema())
            .map_err(|message| SchemaFault::Shape { kind, message })?;
        builder = builder.register(types::resource(&shape)).register(query::connection(kind));
        for nested in shape.nested() {
            builder = builder.register(types::object(nested));
        }
    }
    Ok(builder)
}

/// How a kind of resource is named as a type.
trait TypeName {
    fn type_name(self) -> &'static str;
}

impl TypeName for ResourceKind {
    fn type_name(self) -> &'static str {
        match self {
            Self::Event => "Event",
            Self::Order => "Order",
            Self::User => "User",
            Self::Vyteme => "Vyteme",
            Self::Subscription => "Subscription",
            Self::Delivery => "Delivery",
        }
    }
}

fn date_time() -> Scalar {
    Scalar::new(DATE_TIME)
        .description("An instant in the form of RFC 3339, such as 2026-01-15T09:30:00.000Z.")
        .specified_by_url("https://www.rfc-editor.org/rfc/rfc3339")
        .validator(|value| match value {
            async_graphql::Value::String(text) => text.parse::<Timestamp>().is_ok(),
            _ => false,
        })
}

fn json() -> Scalar {
    Scalar::new(JSON)
        .description("Any JSON value.")
        .specified_by_url("https://www.rfc-editor.org/rfc/rfc8259")
}

#[cfg(test)]
mod tests;
