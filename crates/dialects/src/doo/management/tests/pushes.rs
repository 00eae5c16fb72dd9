//! Requests to push anew.

use rendezhook_domain::resource::ResourceKind;
use rendezhook_domain::time::Timestamp;
use serde_json::json;

use super::*;
use crate::doo::HookType;

fn events(body: Value) -> Result<RePushRequest, RequestError> {
    RePushRequest::parse(body.to_string().as_bytes(), ResourceKind::Event)
}

#[test]
fn little_needs_to_be_said() {
    let request = events(json!({ "organization_id": 3, "webhook_type": null })).unwrap();
    let expected = RePushRequest {
        kind: ResourceKind::Event,
        organization: Some(3),
        event: None,
        updated_after: None,
        updated_before: None,
        hook_types: Vec::new(),
        group: None,
        per_minute: 50,
    };
    assert_eq!(request, expected);
    let of_event = events(json!({ "event_id": 4711 })).unwrap();
    assert_eq!((of_event.organization, of_event.event.as_deref()), (None, Some("4711")));
}

#[test]
fn everything_may_be_said() {
    let body = json!({
        "organization_id": "3",
        "event_id": "e1",
        "last_updated_after": "2026-01-15",
        "last_updated_before": "2026-07-15 09:30:00",
        "webhook_type": ["order_created", "on_order_cancelled", "order_created_92bd9a53281981160c955e339304b3e5"],
        "webhook_configuration_id": GROUP,
        "max_rate_per_min": 7
    });
    let request = RePushRequest::parse(body.to_string().as_bytes(), ResourceKind::Order).unwrap();
    let expected = RePushRequest {
        kind: ResourceKind::Order,
        organization: Some(3),
        event: Some(Arc::from("e1")),
        updated_after: Some("2026-01-14T23:00:00Z".parse().unwrap()),
        updated_before: Some("2026-07-15T07:30:00Z".parse().unwrap()),
        hook_types: vec![HookType::OrderCreated, HookType::OrderCancelled],
        group: Some(GROUP),
        per_minute: 7,
    };
    assert_eq!(request, expected);
}

#[test]
fn instants_without_a_zone_are_in_the_time_of_germany() {
    let read =
        |text: &str| events(json!({ "event_id": "e", "last_updated_after": text })).unwrap().updated_after;
    let cases = [
        ("2026-01-15T09:30:00Z", "2026-01-15T09:30:00Z"),
        ("2026-01-15T09:30:00.5+03:00", "2026-01-15T06:30:00.5Z"),
        ("2026-01-15 09:30:00", "2026-01-15T08:30:00Z"),
        ("2026-01-15T09:30:00", "2026-01-15T08:30:00Z"),
        ("2026-07-15 09:30", "2026-07-15T07:30:00Z"),
        ("2026-07-15", "2026-07-14T22:00:00Z"),
        // This hour was skipped.
        ("2026-03-29 02:30:00", "2026-03-29T01:30:00Z"),
    ];
    for (text, instant) in cases {
        assert_eq!(read(text), Some(instant.parse::<Timestamp>().unwrap()), "{text}");
    }
}

#[test]
fn a_rate_is_at_least_one_and_at_most_fifty() {
    let rate = |rate: Value| {
        events(json!({ "event_id": "e", "max_rate_per_min": rate })).map(|read| read.per_minute)
    };
    assert_eq!((rate(json!(1)).unwrap(), rate(json!(50)).unwrap(), rate(json!(100)).unwrap()), (1, 50, 50));
    assert_eq!(rate(json!(u64::MAX)).unwrap(), 50);
    for refused in [json!(0), json!(-1), json!(1.5), json!("10")] {
        let told = wrong(rate(refused).unwrap_err());
        assert_eq!(told, ["max_rate_per_min: must be a whole number, 1 or more"]);
    }
}

#[test]
fn says_what_is_wrong() {
    let told = wrong(events(json!({})).unwrap_err());
    assert_eq!(told, ["organization_id: is missing; give it or event_id"]);
    let cases = [
        ("organization_id", json!("x"), "organization_id: must be the number of an organization"),
        ("organization_id", json!([]), "organization_id: must be a string or a whole number"),
        ("event_id", json!(""), "event_id: the id of a resource is empty"),
        (
            "last_updated_after",
            json!("yesterday"),
            "last_updated_after: \"yesterday\" is no instant; write it like",
        ),
        ("last_updated_before", json!(7), "last_updated_before: must be a string"),
        (
            "webhook_type",
            json!(["order_created"]),
            "webhook_type[0]: \"order_created\" is none of: event_created, event_updated, event_removed",
        ),
        ("webhook_type", json!(["event_created", 7]), "webhook_type[1]: \"\" is none of: "),
        ("webhook_type", json!(vec![1; 51]), "webhook_type: has 51 types; it may have at most 50"),
        (
            "webhook_configuration_id",
            json!("12"),
            "webhook_configuration_id: must be the id of a group of hooks",
        ),
    ];
    for (field, value, part) in cases {
        let mut body = json!({ "organization_id": 3, "event_id": "e" });
        body[field] = value;
        let told = wrong(events(body).unwrap_err());
        assert!(told.len() == 1 && told[0].starts_with(part), "{told:?}, not {part}");
    }
    let backwards = json!({
        "event_id": "e", "last_updated_after": "2026-02-01", "last_updated_before": "2026-01-01"
    });
    assert_eq!(
        wrong(events(backwards).unwrap_err()),
        ["last_updated_after: must be earlier than last_updated_before"]
    );
    assert!(matches!(RePushRequest::parse(b"[]", ResourceKind::Event), Err(RequestError::NotAnObject)));
}
