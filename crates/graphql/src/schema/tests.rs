use std::collections::HashSet;

use super::shape::{FieldShape, JsonType, ObjectShape, Shape};
use super::*;

fn shape_of(kind: ResourceKind) -> ObjectShape {
    ObjectShape::read(kind.type_name(), kind.schema()).unwrap()
}

#[test]
fn every_property_of_a_json_schema_is_a_field() {
    let sdl = builder().unwrap().finish().unwrap().sdl();
    for kind in ResourceKind::PUBLISHED {
        let schema: serde_json::Value = serde_json::from_str(kind.schema()).unwrap();
        let (_, from_type) = sdl.split_once(&format!("\ntype {} {{", kind.type_name())).unwrap();
        let (fields, _) = from_type.split_once("\n}").unwrap();
        for property in schema["properties"].as_object().unwrap().keys() {
            assert!(fields.contains(&format!("\n\t{property}: ")), "{kind}: {property}\n{fields}");
        }
    }
    for line in [
        "\tevent(id: ID!): Event\n",
        "\tdates: [EventDate!]\n",
        "\tcancelled: JSON\n",
        "\tyes: [JSON]\n",
        "\tid: ID!\n",
        "\tvyteme: Boolean\n",
        "\temails: [JSON]\n",
        "\tattendees: [OrderOrderDetailsAttendee!]\n",
        "\torganization: UserAccountOrganization\n",
        "\tnodes: [Vyteme!]!\n",
    ] {
        assert!(sdl.contains(line), "{line}");
    }
}

#[test]
fn no_property_has_the_name_of_what_the_store_knows() {
    let mut type_names = HashSet::new();
    for kind in ResourceKind::PUBLISHED {
        let shape = shape_of(kind);
        for field in &shape.fields {
            assert!(!matches!(field.name.as_str(), "id" | "version" | "updated_at" | "resource"), "{kind}");
        }
        for object in std::iter::once(&shape).chain(shape.nested()) {
            assert!(type_names.insert(object.type_name.clone()), "two types are named {}", object.type_name);
        }
    }
}

#[test]
fn what_depends_on_the_publisher_is_json() {
    let text = r#"{ "type": "object", "properties": {
        "amount": { "type": ["number", "string", "null"] },
        "anything": {},
        "key": { "description": "A key.", "type": ["string", "integer"] },
        "some_items": { "type": "array", "items": { "type": "object", "properties": { "on": { "type": "boolean" } } } }
    } }"#;
    let shape = ObjectShape::read("Thing", text).unwrap();
    let shapes: Vec<_> = shape.fields.iter().map(|FieldShape { shape, .. }| shape).collect();
    assert_eq!(*shapes[0], Shape::Json(vec![JsonType::Number, JsonType::String]));
    assert_eq!(*shapes[1], Shape::Json(Vec::new()));
    assert_eq!((shapes[2], shape.fields[2].description.as_deref()), (&Shape::Identifier, Some("A key.")));
    let nested: Vec<_> = shape.nested().iter().map(|object| object.type_name.as_str()).collect();
    assert_eq!(nested, ["ThingSomeItem"]);
}

#[test]
fn a_schema_that_cannot_be_told_is_refused() {
    for (text, message) in [
        (r#"{ "type": "objekt" }"#, "\"objekt\" is not a type"),
        (r#"{ "type": "string" }"#, "it is no object with properties"),
        ("{", "EOF"),
    ] {
        let error = ObjectShape::read("Thing", text).unwrap_err();
        assert!(error.contains(message), "{error}");
    }
}
