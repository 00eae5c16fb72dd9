use bytes::Bytes;
use proptest::prelude::*;
use serde_json::{Value, json};

use rendezhook_domain::delivery::DeliveryOrigin;
use rendezhook_domain::resource::ResourceId;
use rendezhook_domain::subscription::{Content, Dialect, Origin, RequestMethod};
use rendezhook_domain::target::{TargetPolicy, TargetUrl};

use super::*;
use crate::delivery::build;
use crate::fixture::{NOW, Scene, text};

fn scene(action: &str, resource: &Value) -> Scene {
    let mut scene = Scene::new(Dialect::Doo, action);
    scene.action.resource_id = ResourceId::new("r1").unwrap();
    scene.action.resource = Bytes::from(resource.to_string());
    scene
}

fn body(action: &str, resource: &Value) -> Value {
    serde_json::from_slice(&scene(action, resource).request(NOW).body).unwrap()
}

/// When the actions of these tests happened.
const HAPPENED: &str = "2026-01-15T09:30:00+00:00";

#[test]
fn an_event_that_says_little_has_every_member_all_the_same() {
    let body = body("event.created", &json!({}));
    let expected = json!({
        "id": "r1",
        "event_id": "r1",
        "user_id": null,
        "external_user_id": null,
        "title": null,
        "description": null,
        "organizer_name": null,
        "venue_name": null,
        "venue_address": null,
        "start_date": null,
        "end_date": null,
        "created_date": null,
        "update_date": HAPPENED,
        "live_date": null,
        "cancelled_date": null,
        "is_deleted": false,
        "deletion_date": null,
        "status": "draft",
        "address": { "formatted_address": null, "timezone_id": null },
        "contact": { "name": null, "email": null, "phone": null, "organization": "Clinic \"North\"" },
        "participants_count": 0
    });
    assert_eq!(body.to_string(), expected.to_string());
}

#[test]
fn a_status_follows_from_what_happened() {
    let status = |action: &str, resource: Value| body(action, &resource)["status"].clone();
    let confirmed =
        |end: &str| json!({ "confirmed": { "flag": true }, "dates": [{ "date": end, "end_date": end }] });
    assert_eq!(status("event.edited", json!({ "confirmed": { "flag": false } })), "draft");
    assert_eq!(status("event.confirmed", confirmed("2026-01-15T09:30:01Z")), "live");
    assert_eq!(status("event.updated", confirmed("2026-01-15T09:30:00Z")), "done");
    assert_eq!(status("event.confirmed", json!({ "confirmed": true })), "live");
    assert_eq!(status("event.edited", json!({ "cancelled": true })), "cancelled");
    assert_eq!(status("event.cancelled", json!({})), "cancelled");
    assert_eq!(status("event.removed", json!({ "cancelled": true })), "deleted");
}

#[test]
fn a_cancellation_says_when() {
    let when = |action: &str, resource: Value| body(action, &resource)["cancelled_date"].clone();
    let said = "2026-01-14T16:05:00+00:00";
    assert_eq!(when("event.cancelled", json!({ "cancelled": "2026-01-14T16:05:00.000Z" })), said);
    assert_eq!(when("event.edited", json!({ "cancelled": { "date": "2026-01-14T16:05:00Z" } })), said);
    assert_eq!(when("event.cancelled", json!({ "cancelled": true })), HAPPENED);
    assert_eq!(when("event.cancelled", json!({})), HAPPENED);
    assert_eq!(when("event.confirmed", json!({ "cancelled": false })), Value::Null);
}

#[test]
fn a_date_is_told_when_it_is_decided_or_the_only_one() {
    let dates = json!([{ "_id": "a", "date": "2026-02-17T14:00:00Z" }, { "_id": "b", "date": "2026-02-18T08:00:00+01:00" }]);
    let start = |resource: Value| body("event.created", &resource)["start_date"].clone();
    assert_eq!(start(json!({ "dates": dates })), Value::Null);
    assert_eq!(start(json!({ "dates": [dates[0]] })), "2026-02-17T14:00:00+00:00");
    let second = json!({ "dates": dates, "confirmed": { "flag": true, "date_id": "b" } });
    assert_eq!(start(second), "2026-02-18T07:00:00+00:00");
    assert_eq!(start(json!({ "dates": dates, "confirmed": true })), "2026-02-17T14:00:00+00:00");
}

#[test]
fn what_the_publisher_calls_as_doo_does_stays_as_it_is() {
    let published = json!({
        "id": 4711,
        "event_id": "another",
        "status": "live",
        "start_date": "2026-02-18 08:00:00",
        "venue_name": "Halle 3",
        "title": null,
        "contact": { "name": "Reception" },
        "ticket_categories": [{ "id": "1", "price": 100.50 }],
        "custom": { "nested": [1, null] }
    });
    let body = body("event.created", &published);
    for member in ["id", "status", "start_date", "venue_name", "contact", "ticket_categories", "custom"] {
        assert_eq!(body[member], published[member], "{member}");
    }
    assert_eq!((&body["event_id"], &body["title"]), (&json!("r1"), &Value::Null));
}

#[test]
fn a_removal_is_told_whatever_the_last_state_was() {
    let live = json!({ "status": "live", "is_deleted": false, "deletion_date": null });
    let event = body("event.removed", &live);
    assert_eq!(
        (&event["status"], &event["is_deleted"], &event["deletion_date"]),
        (&json!("deleted"), &json!(true), &json!(HAPPENED))
    );
    let order = body("order.removed", &json!({ "order_details": { "status": "active" } }));
    assert_eq!(
        (&order["order_details"]["status"], &order["order_details"]["removed_date"]),
        (&json!("removed"), &json!(HAPPENED))
    );
}

#[test]
fn an_order_in_doos_form_passes_through_with_both_ids() {
    let order: Value = serde_json::from_str(include_str!("../../golden/resources/order.json")).unwrap();
    let body = body("order.created", &order);
    let mut expected = order.clone();
    expected["event_id"] = json!("4711");
    expected["order_id"] = json!("r1");
    assert_eq!(body, expected);
}

#[test]
fn an_order_that_says_little_is_completed() {
    let cases = [
        (
            "order.created",
            json!({}),
            json!({ "event_id": null, "order_id": "r1", "event": { "id": null },
                "order_details": { "id": "r1", "status": "active" } }),
        ),
        (
            "order.updated",
            json!({ "event_id": 7, "event": null, "order_details": null, "order_id": "x" }),
            json!({ "event_id": "7", "order_id": "r1", "event": { "id": "7" },
                "order_details": { "id": "r1", "status": "active" } }),
        ),
        (
            "order.cancelled",
            json!({ "event": { "id": "e" }, "order_details": { "id": "o" } }),
            json!({ "event_id": "e", "order_id": "r1", "event": { "id": "e" }, "order_details":
                { "id": "o", "status": "organizer_cancelled", "cancellation_date": HAPPENED } }),
        ),
        (
            "order.created",
            json!({ "event": "e", "order_details": [1] }),
            json!({ "event_id": null, "order_id": "r1", "event": "e", "order_details": [1] }),
        ),
    ];
    for (action, resource, expected) in cases {
        assert_eq!(body(action, &resource), expected, "{action} {resource}");
    }
}

#[test]
fn details_beside_the_details_are_found() {
    let flat =
        json!({ "email": "a@example.com", "status": "denied", "invoice_id": 12, "payment": { "amount": 1 } });
    let body = body("order.updated", &flat);
    for member in ["email", "status", "invoice_id", "payment"] {
        assert_eq!(body["order_details"][member], flat[member], "{member}");
        assert_eq!(body[member], flat[member], "{member}");
    }
}

#[test]
fn what_the_publisher_rendered_is_the_body() {
    let mut scene = scene("event.created", &json!({ "title": "a" }));
    scene.action.representations = Some(Bytes::from_static(br#"{"vyte":{},"doo":{ "own" : 1 }}"#));
    assert_eq!(text(&scene.request(NOW).body), r#"{ "own" : 1 }"#);
    scene.action.representations = Some(Bytes::from_static(br#"{"doo":null}"#));
    let body: Value = serde_json::from_slice(&scene.request(NOW).body).unwrap();
    assert_eq!(body["title"], "a");
}

#[test]
fn the_method_is_the_hooks_and_two_of_them_carry_no_body() {
    for method in RequestMethod::ALL {
        let mut scene = scene("event.created", &json!({}));
        scene.subscription.method = method;
        let request = scene.request(NOW);
        assert_eq!(request.method.as_str(), method.name());
        assert_eq!(request.body.is_empty(), !method.carries_body());
        assert_eq!(request.headers.contains_key("content-type"), method.carries_body());
        assert!(request.headers.contains_key("webhook-signature"));
    }
}

#[test]
fn an_origins_answer_is_the_body_and_is_signed() {
    let mut scene = scene("event.created", &json!({}));
    let endpoint = TargetUrl::parse("https://gql.doo.net", &TargetPolicy::stored()).unwrap();
    let origin = Origin { method: RequestMethod::Post, endpoint, body: "{}".into() };
    scene.subscription.content = Content::Origin(origin);
    let keys: Vec<_> = scene.keys.iter().collect();
    let refused = build(&scene.fetched, &scene.context(&keys), NOW);
    assert!(matches!(refused, Err(BuildError::NotFetched)));
    scene.fetched.body = Some(Bytes::from_static(br#"{"data":{"event":null}}"#));
    let request = scene.request(NOW);
    assert_eq!(text(&request.body), r#"{"data":{"event":null}}"#);
    let id = request.headers["webhook-id"].to_str().unwrap();
    assert_eq!(request.headers["webhook-signature"], scene.keys[0].sign(id, NOW.seconds(), &request.body));
}

#[test]
fn only_the_three_fields_come_in_addition_and_a_mark_on_a_test() {
    let mut scene = scene("event.created", &json!({}));
    scene.overtaken = true;
    let mut names: Vec<String> = scene.request(NOW).headers.keys().map(ToString::to_string).collect();
    names.sort();
    assert_eq!(names, ["content-type", "webhook-id", "webhook-signature", "webhook-timestamp"]);
    scene.origin = DeliveryOrigin::Test;
    assert_eq!(scene.request(NOW).headers["webhook-trigger"], "test");
}

#[test]
fn a_resource_that_is_no_object_is_refused() {
    let mut scene = scene("event.created", &json!({}));
    for damaged in [&b"{"[..], b"[]", b"null"] {
        scene.action.resource = Bytes::from_static(damaged);
        let keys: Vec<_> = scene.keys.iter().collect();
        let refused = build(&scene.fetched, &scene.context(&keys), NOW);
        assert!(matches!(refused, Err(BuildError::Resource(_))));
    }
}

/// Names that mean something, with values that may not fit them.
fn any_resource() -> impl Strategy<Value = Value> {
    let names = [
        "title",
        "dates",
        "date",
        "places",
        "confirmed",
        "cancelled",
        "invitees",
        "created_by",
        "flag",
        "user",
        "event",
        "id",
        "order_details",
        "status",
        "updatedAt",
        "event_id",
        "payment",
        "address",
        "custom",
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        "\\PC{0,8}".prop_map(Value::from),
        Just(json!("2026-02-18T07:00:00Z")),
    ];
    let member = leaf.prop_recursive(3, 20, 4, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            prop::collection::hash_map(prop::sample::select(names.to_vec()), inner, 0..5).prop_map(
                |members| members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
            ),
        ]
    });
    prop::collection::hash_map(prop::sample::select(names.to_vec()), member, 0..8)
        .prop_map(|members| members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
}

proptest! {
    #[test]
    fn nothing_of_a_resource_is_lost_and_the_ids_are_there(resource in any_resource()) {
        for action in ["event.updated", "order.updated"] {
            let body = body(action, &resource);
            prop_assert_eq!(body["event_id"].is_string(), action == "event.updated" || body["event_id"] != Value::Null);
            prop_assert_eq!(body.get("order_id").is_some(), action == "order.updated");
            for (name, value) in resource.as_object().unwrap() {
                let completed = ["event_id", "event", "order_details"].contains(&name.as_str());
                if !completed && !value.is_null() {
                    prop_assert_eq!(&body[name], value);
                }
            }
        }
    }
}
