//! Resources that fit, and what is said of those that do not.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

const EVERYTHING: usize = usize::MAX;

fn told(kind: ResourceKind, resource: &Value) -> Vec<String> {
    misfits(kind, resource, EVERYTHING)
        .into_iter()
        .map(|misfit| format!("{}: {}", misfit.pointer, misfit.detail))
        .collect()
}

/// Every schema in a schema, itself too.
fn schemas(schema: &Value) -> Vec<&Value> {
    let members =
        schema.get("properties").and_then(Value::as_object).into_iter().flat_map(|map| map.values());
    let parts = members.chain(schema.get("items"));
    std::iter::once(schema).chain(parts.flat_map(schemas)).collect()
}

#[test]
fn the_schemas_use_no_keyword_that_is_not_checked() {
    let checked = ["type", "properties", "required", "items", "format"];
    let describing = ["$schema", "title", "description", "examples"];
    for kind in ResourceKind::ALL {
        let schema: Value = serde_json::from_str(kind.schema()).unwrap();
        assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
        serde_json::from_str::<Rule>(kind.schema()).unwrap();
        for part in schemas(&schema) {
            for keyword in part.as_object().unwrap().keys().map(String::as_str) {
                assert!(checked.contains(&keyword) || describing.contains(&keyword), "{kind}: {keyword}");
            }
        }
    }
}

#[test]
fn every_part_that_does_not_fit_is_named() {
    let event = json!({
        "title": 7,
        "dates": [
            { "date": "2027-01-11T08:00:00Z", "end_date": null, "all_day": "no" },
            { "date": "2027-01-11 08:00", "votes": { "yes": {} } },
            "2027-01-11T08:00:00Z",
            {},
        ],
        "confirmed": { "updated_at": "yesterday" },
        "cancelled": 1,
        "invitees": { "email": "jean@example.org" },
        "vyteme": true,
        "our own": { "title": 7 },
    });
    let date_time = "this must be a date and a time with an offset (RFC 3339), like 2026-01-15T09:30:00Z";
    let expected = [
        "/title: this must be a string, not a number",
        "/dates/0/all_day: this must be true or false, not a string",
        &format!("/dates/1/date: {date_time}"),
        "/dates/1/votes/yes: this must be an array, not an object",
        "/dates/2: this must be an object, not a string",
        "/dates/3/date: this member is missing",
        "/confirmed/flag: this member is missing",
        &format!("/confirmed/updated_at: {date_time}"),
        "/cancelled: this must be a string, true or false, an object or null, not a number",
        "/invitees: this must be an array, not an object",
    ];
    assert_eq!(told(ResourceKind::Event, &event), expected);
    assert_eq!(misfits(ResourceKind::Event, &event, 3).len(), 3);
}

#[test]
fn whole_numbers_are_integers_however_they_are_written() {
    for (id, fits) in [(json!(7), true), (json!(7.0), true), (json!("7"), true), (json!(7.5), false)] {
        let order = json!({ "event": { "id": id } });
        assert_eq!(told(ResourceKind::Order, &order).is_empty(), fits, "{order}");
    }
    let order = json!({ "event": { "id": 7.5 } });
    assert_eq!(
        told(ResourceKind::Order, &order),
        ["/event/id: this must be a string or a whole number, not a number"]
    );
}

#[test]
fn members_of_the_publishers_own_fit() {
    for kind in ResourceKind::PUBLISHED {
        assert_eq!(told(kind, &json!({})), Vec::<String>::new());
        assert_eq!(told(kind, &json!({ "ours": [null, 1, { "date": 1 }] })), Vec::<String>::new());
        assert_eq!(told(kind, &json!([])), [": this must be an object, not an array"]);
    }
}

fn any_type() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(json!(null)),
        Just(json!(true)),
        Just(json!(7.5)),
        Just(json!("2026-01-15T09:30:00Z")),
        Just(json!([])),
    ]
}

/// A value that a schema's types allow, with every member of the schema.
fn example(schema: &Value) -> Value {
    let types = match &schema["type"] {
        Value::Array(types) => types[0].as_str(),
        one => one.as_str(),
    };
    match types.unwrap() {
        "object" => {
            let members = schema["properties"].as_object().into_iter().flatten();
            Value::Object(members.map(|(name, schema)| (name.clone(), example(schema))).collect())
        }
        "array" if schema.get("items").is_some() => json!([example(&schema["items"])]),
        "array" => json!([]),
        "boolean" => json!(false),
        "number" => json!(1),
        _ => json!("2026-01-15T09:30:00Z"),
    }
}

/// Whether the types a schema names allow this value; all the values of [`any_type`] that are strings are instants.
fn allows(schema: &Value, value: &Value) -> bool {
    let name = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    match &schema["type"] {
        Value::Array(types) => types.iter().any(|wanted| wanted == name),
        one => one == name,
    }
}

/// Where each part of the example stands, with its schema.
fn places(schema: &Value, pointer: &str) -> Vec<(String, Value)> {
    let members = schema.get("properties").and_then(Value::as_object).into_iter().flatten();
    let mut found: Vec<_> =
        members.flat_map(|(name, schema)| places(schema, &format!("{pointer}/{name}"))).collect();
    if let Some(items) = schema.get("items") {
        found.extend(places(items, &format!("{pointer}/0")));
    }
    found.push((pointer.to_owned(), schema.clone()));
    found
}

proptest! {
    /// One value of another type anywhere is found exactly there, and a value of an allowed type nowhere.
    #[test]
    fn what_is_replaced_is_what_is_found(
        kind in prop::sample::select(&ResourceKind::PUBLISHED[..]),
        place in any::<prop::sample::Index>(),
        value in any_type(),
    ) {
        let schema: Value = serde_json::from_str(kind.schema()).unwrap();
        let mut resource = example(&schema);
        prop_assert_eq!(told(kind, &resource), Vec::<String>::new());
        let places = places(&schema, "");
        let (pointer, schema) = place.get(&places);
        *resource.pointer_mut(pointer).unwrap() = value.clone();
        let found: Vec<String> =
            misfits(kind, &resource, EVERYTHING).into_iter().map(|misfit| misfit.pointer).collect();
        let expected: &[&str] = if allows(schema, &value) { &[] } else { &[pointer] };
        prop_assert_eq!(found, expected);
    }
}
