//! Shapes as GraphQL types.

use std::sync::Arc;

use async_graphql::dynamic::{Field, FieldFuture, FieldValue, Object, TypeRef};

use super::fields::{field_value, parent_resource, whole_state};
use super::shape::{FieldShape, ObjectShape, Shape};
use super::{DATE_TIME, JSON};

/// The type of a kind of resource: its canonical fields, and what the store knows of it.
pub(super) fn resource(shape: &ObjectShape) -> Object {
    object(shape)
        .field(
            Field::new("id", TypeRef::named_nn(TypeRef::ID), |context| {
                FieldFuture::Value(
                    parent_resource(&context)
                        .map(|resource| FieldValue::value(resource.id.as_str().to_owned())),
                )
            })
            .description("The publisher's id of the resource."),
        )
        .field(
            Field::new("version", TypeRef::named_nn(TypeRef::INT), |context| {
                FieldFuture::Value(
                    parent_resource(&context).map(|resource| FieldValue::value(resource.facts.version)),
                )
            })
            .description("How many actions have happened to the resource."),
        )
        .field(
            Field::new("updated_at", TypeRef::named_nn(DATE_TIME), |context| {
                FieldFuture::Value(
                    parent_resource(&context)
                        .map(|resource| FieldValue::value(resource.facts.occurred_at.to_string())),
                )
            })
            .description("When the stored state came about, by the publisher's word."),
        )
        .field(
            Field::new("resource", TypeRef::named(JSON), |context| FieldFuture::Value(whole_state(&context)))
                .description(
                    "The whole state as it was published, with all members that have no field of their own.",
                ),
        )
}

/// The type of an object shape.
pub(super) fn object(shape: &ObjectShape) -> Object {
    let mut object = Object::new(&shape.type_name);
    if let Some(description) = &shape.description {
        object = object.description(description);
    }
    shape.fields.iter().fold(object, |object, shape| object.field(field(shape)))
}

fn field(shape: &FieldShape) -> Field {
    let type_ref = type_ref(&shape.shape);
    let description = shape.description.clone();
    let shape = Arc::new(shape.clone());
    let field = Field::new(shape.name.clone(), type_ref, move |context| {
        FieldFuture::Value(field_value(&context, &shape))
    });
    match description {
        Some(description) => field.description(description),
        None => field,
    }
}

fn type_ref(shape: &Shape) -> TypeRef {
    match shape {
        Shape::Text => TypeRef::named(TypeRef::STRING),
        Shape::Boolean => TypeRef::named(TypeRef::BOOLEAN),
        Shape::Identifier => TypeRef::named(TypeRef::ID),
        Shape::Json(_) => TypeRef::named(JSON),
        Shape::Object(object) => TypeRef::named(object.type_name.clone()),
        Shape::List(element) => {
            let element_type = type_ref(element);
            match **element {
                // Any JSON value: null is one.
                Shape::Json(_) => TypeRef::List(Box::new(element_type)),
                _ => TypeRef::List(Box::new(TypeRef::NonNull(Box::new(element_type)))),
            }
        }
    }
}
